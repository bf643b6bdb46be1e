import { expect, test } from 'vitest';
import { IPV4 } from '../base/family.ts';
import { AttrStore } from '../rib/attrs/store.ts';
import { SourceRegistry } from '../rib/source-registry.ts';
import { RoutingTable } from '../rib/table.ts';
import { AdjRibOut } from './adj-rib-out.ts';

const SET = Uint8Array.of(0x40, 1, 1, 0);

function setUp(networks: number): { out: AdjRibOut; table: RoutingTable; attrs: number } {
  const store = new AttrStore();
  const table = new RoutingTable({
    name: 'master4',
    family: IPV4,
    store,
    sources: new SourceRegistry(),
    seconds: () => 0,
    changed: () => undefined,
  });
  for (let net = 1; net <= networks; net++) table.addNet(Uint32Array.of(net << 8), 0, 24);
  const out = new AdjRibOut(table, false);
  out.fit();
  return { out, table, attrs: store.intern(SET, 0, SET.length) };
}

test('a withdrawn slot is forgotten when everybody has passed the segment of its withdrawal', () => {
  const { out, table, attrs } = setUp(3);
  for (const slot of [1, 2, 3]) out.announce(slot, attrs, 1, 1);
  out.withdraw(1, 1);
  out.withdraw(2, 2);
  out.withdraw(3, 2);
  out.announce(3, attrs, 1, 3);
  expect(out.forgetWithdrawn(2, 100)).toBe(false);
  expect(out.tombstones).toBe(1);
  expect([1, 2, 3].map((net) => table.nets.isUsed(net))).toEqual([false, true, true]);
  out.forgetWithdrawn(3, 100);
  expect([1, 2, 3].map((net) => table.nets.isUsed(net))).toEqual([false, false, true]);
  expect(out.tombstones).toBe(0);
});

test('a pass in slices forgets as much as one in a piece', () => {
  const { out, table, attrs } = setUp(10);
  for (let slot = 1; slot <= 10; slot++) {
    out.announce(slot, attrs, 1, 1);
    out.withdraw(slot, slot % 2 ? 1 : 5);
  }
  expect(out.forgetWithdrawn(5, 4)).toBe(true);
  expect(out.forgetWithdrawn(5, 4)).toBe(true);
  expect(out.forgetWithdrawn(5, 4)).toBe(false);
  expect(table.nets.size).toBe(5);
  expect(out.forgetWithdrawn(6, 100)).toBe(false);
  expect(table.nets.size).toBe(0);
});

test('slots that come and go while nothing can be forgotten do not fill the memory', () => {
  const { out, attrs } = setUp(2);
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 2_000_000; round++) {
    out.announce(1, attrs, 1, 7);
    out.withdraw(1, 7);
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
  out.forgetWithdrawn(8, Number.MAX_SAFE_INTEGER);
  expect(out.tombstones).toBe(0);
});

test('a fork keeps what it has by itself, withdrawn slots included', () => {
  const { out, table, attrs } = setUp(3);
  for (const slot of [1, 2, 3]) out.announce(slot, attrs, 1, 1);
  out.withdraw(1, 2);
  const fork = out.fork();
  expect([fork.routes, fork.tombstones, fork.equals(out), out.equals(fork)]).toEqual([2, 1, true, true]);
  out.withdraw(2, 3);
  expect([fork.equals(out), out.equals(fork)]).toEqual([false, false]);
  out.clear();
  expect([1, 2, 3].map((net) => table.nets.isUsed(net))).toEqual([true, true, true]);
  fork.forgetWithdrawn(3, 100);
  expect([1, 2, 3].map((net) => table.nets.isUsed(net))).toEqual([false, true, true]);
  fork.clear();
  table.store.sweep();
  expect([table.nets.size, table.store.size]).toEqual([0, 0]);
});

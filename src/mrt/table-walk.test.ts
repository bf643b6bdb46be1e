import { beforeEach, describe, expect, test } from 'vitest';
import { FAMILIES } from '../base/family.ts';
import { parsePrefix } from '../base/prefix.ts';
import { seededRandom } from '../base/random.ts';
import { ATTR, FLAG, LOCAL_ATTR } from '../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../rib/attrs/edit.ts';
import { AttrStore } from '../rib/attrs/store.ts';
import type { Policy } from '../rib/policy.ts';
import { SOURCE_KIND, SourceRegistry } from '../rib/source-registry.ts';
import { RoutingTable } from '../rib/table.ts';
import { RecordWriter } from './record-writer.ts';
import { TableWalk, type TableWalkOptions } from './table-walk.ts';
import { readPeers, readRecords, readRib, type ReadRecord } from './test-support.ts';

let store: AttrStore;
let sources: SourceRegistry;
let seconds: number;
/** Milliseconds that pass with each look at the time. */
let tickMs: number;
let now: number;

function newTable(family: 0 | 1): RoutingTable {
  const options = { store, sources, seconds: () => seconds, changed: () => undefined };
  return new RoutingTable({ name: `master${family ? 6 : 4}`, family: FAMILIES[family], ...options });
}

beforeEach(() => {
  store = new AttrStore();
  sources = new SourceRegistry();
  seconds = 0;
  now = 0;
  tickMs = 0;
});

function peer(protocol: string, kind: 'bgp' | 'static' = 'bgp'): number {
  const local = kind === 'static';
  return sources.add({
    info: { protocol, kind, internal: true },
    kind: local ? SOURCE_KIND.local : SOURCE_KIND.client,
    routerId: 1,
    clusterId: 0,
  });
}

/** ORIGIN, NEXT_HOP or its IPv6 sister, a MED, and a local attribute that no file may have. */
function attrs(med = 0, hop = Uint8Array.of(192, 0, 2, 1)): number {
  const editor = new AttrEditor(store).edit(0).set(ATTR.origin, FLAG.transitive, Uint8Array.of(0));
  if (hop.length === 4) editor.set(ATTR.nextHop, FLAG.transitive, hop);
  else editor.set(ATTR.mpReach, FLAG.optional, hop);
  editor.set(ATTR.med, FLAG.optional, u32Bytes(med));
  editor.set(ATTR.largeCommunities, FLAG.optional | FLAG.transitive, new Uint8Array(12));
  return editor.set(LOCAL_ATTR.preference, 0, u32Bytes(7)).commit();
}

function announce(table: RoutingTable, prefix: string, source: number, set: number, pathId = 0): void {
  const { words, length } = parsePrefix(prefix)!;
  const net = table.addNet(Uint32Array.from(words), 0, length);
  table.touch();
  const row = table.findPath(net, source, pathId);
  if (row === 0) table.addPath(net, source, pathId, set, set);
  else table.replaceAttrs(row, set, set);
}

function withdraw(table: RoutingTable, prefix: string, source: number): void {
  const { words, length } = parsePrefix(prefix)!;
  table.removePath(table.findPath(table.nets.find(Uint32Array.from(words), 0, length), source, 0));
}

function flush(table: RoutingTable): void {
  while (table.flush(1000));
}

function newWalk(table: RoutingTable, options: Partial<TableWalkOptions> = {}): TableWalk {
  return new TableWalk({
    table,
    viewName: 'a view',
    routerId: 0x0a000001,
    peers: [
      { name: 'p1', routerId: 0x0a000002, as: 4_200_000_000, address: { version: 4, words: [0x7f000001] } },
      { name: 'range', routerId: 0, as: 5, address: undefined },
      { name: 'p2', routerId: 3, as: 6, address: { version: 6, words: [0x20010db8, 0, 0, 1] } },
    ],
    alwaysAddPath: false,
    seconds: () => 1000,
    changedSeconds: (changedAt) => 500 + changedAt,
    now: () => (now += tickMs),
    ...options,
  });
}

function dump(table: RoutingTable, options: Partial<TableWalkOptions> = {}): ReadRecord[] {
  const out = new RecordWriter(16);
  const walk = newWalk(table, options);
  walk.begin(out);
  while (walk.step(out));
  walk.close();
  return readRecords(out.written);
}

/** `2 10.0.0.0/8 1:7`: subtype, prefix, and of each path peer and identifier. */
function lines(records: readonly ReadRecord[]): string[] {
  return records
    .filter(({ subtype }) => subtype !== 1)
    .map((record) => {
      const { prefix, entries } = readRib(record);
      const texts = entries.map(
        ({ peer: index, pathId }) => `${index}${pathId === undefined ? '' : `:${pathId}`}`,
      );
      return `${record.subtype} ${prefix} ${texts.join(' ')}`;
    });
}

describe('a table dump', () => {
  test('begins with the peers: first the one of local routes, ranges without an address', () => {
    const [index] = dump(newTable(0));
    expect(index).toMatchObject({ type: 13, subtype: 1, seconds: 1000 });
    expect(readPeers(index!)).toEqual({
      view: 'a view',
      peers: ['0.0.0.0 0 ::', '10.0.0.2 4200000000 127.0.0.1', '0.0.0.0 5 ::', '0.0.0.3 6 2001:db8::1'],
    });
  });

  test('has paths with identifiers in a record of their own, the best first, or all in one', () => {
    const table = newTable(0);
    const [a, b, local] = [peer('p1'), peer('p2'), peer('s', 'static')];
    announce(table, '10.0.0.0/8', a, attrs(9));
    announce(table, '10.0.0.0/8', local, attrs(1));
    announce(table, '10.0.0.0/8', b, attrs(), 7);
    announce(table, '10.0.0.0/8', b, attrs(), 8);
    announce(table, '10.9.0.0/17', b, attrs(), 8);
    announce(table, '0.0.0.0/0', a, attrs());
    flush(table);
    // The last that came is the first of the chain, and not the best.
    expect(table.paths.pathId[table.best[1]!]).toBe(7);
    expect(lines(dump(table))).toEqual([
      '2 10.0.0.0/8 0 1',
      '8 10.0.0.0/8 3:7 3:8',
      '8 10.9.0.0/17 3:8',
      '2 0.0.0.0/0 1',
    ]);
    const all = lines(dump(table, { alwaysAddPath: true }));
    expect(all.map((line) => line.split(' ').length)).toEqual([6, 3, 3]);
    expect(all.every((line) => line.startsWith('8 '))).toBe(true);
    expect(
      dump(table)
        .slice(1)
        .map((record) => readRib(record).sequence),
    ).toEqual([0, 1, 2, 3]);
  });

  test('leaves out what an import policy rejected', () => {
    const table = newTable(0);
    const source = peer('p1');
    const net = table.addNet(Uint32Array.of(0x0a000000), 0, 8);
    table.addPath(net, source, 0, attrs(), 0);
    flush(table);
    expect(lines(dump(table))).toEqual([]);
  });

  test.each([
    ['IPv4', 0, 'p1', 'origin nextHop med largeCommunities'],
    ['a local IPv4 route', 0, 's', 'origin med largeCommunities'],
    ['IPv6', 1, 'p1', 'origin med largeCommunities mpReach'],
    ['a local IPv6 route', 1, 's', 'origin med largeCommunities'],
    ['IPv4 with an IPv6 next hop', 2, 'p1', 'origin med largeCommunities'],
  ] as const)('attributes of %s', (_what, kind, name, expected) => {
    const table = newTable(kind === 1 ? 1 : 0);
    const hop = kind === 0 ? undefined : Uint8Array.of(0x20, 1, ...new Uint8Array(14));
    announce(
      table,
      kind === 1 ? '2001:db8::/33' : '10.0.0.0/8',
      peer(name, name === 's' ? 'static' : 'bgp'),
      attrs(5, hop),
    );
    flush(table);
    const [, record] = dump(table);
    const { attributes, originated } = readRib(record!).entries[0]!;
    expect(originated).toBe(500);
    const names: string[] = [];
    for (let at = 0; at < attributes.length; at += 3 + attributes[at + 2]!) {
      const code = attributes[at + 1]!;
      names.push(Object.entries(ATTR).find(([, value]) => value === code)![0]);
      // RFC 6396 section 4.3.4: length of the next hop, and nothing else.
      if (code === ATTR.mpReach) expect(attributes.subarray(at, at + 6).toString('hex')).toBe('800e11102001');
    }
    expect(names.join(' ')).toBe(expected);
  });

  test('more paths than a record can count go into two', () => {
    const table = newTable(0);
    const source = peer('p1');
    const set = attrs();
    for (let pathId = 1; pathId <= 65_537; pathId++) {
      const net = table.addNet(Uint32Array.of(0x0a000000), 0, 8);
      table.addPath(net, source, pathId, set, set);
    }
    flush(table);
    const records = dump(table).slice(1).map(readRib);
    expect(records.map(({ entries }) => entries.length)).toEqual([65_535, 2]);
    expect(new Set(records.flatMap(({ entries }) => entries.map(({ pathId }) => pathId))).size).toBe(65_537);
  });

  test('a source whose number another one had is not taken for that one', () => {
    const table = newTable(0);
    const [first, local] = [peer('p1'), peer('s', 'static')];
    announce(table, '10.0.0.0/8', first, attrs());
    for (let i = 0; i < 200; i++) announce(table, `11.${i}.0.0/16`, local, attrs());
    flush(table);
    tickMs = 100;
    const out = new RecordWriter(16);
    const walk = newWalk(table);
    walk.begin(out);
    expect(walk.step(out)).toBe(true);
    expect(lines(readRecords(out.written))[0]).toBe('2 10.0.0.0/8 1');
    withdraw(table, '10.0.0.0/8', first);
    flush(table);
    sources.remove(first);
    expect(peer('p2')).toBe(first);
    announce(table, '11.199.0.0/16', first, attrs());
    flush(table);
    while (walk.step(out));
    walk.close();
    const last = lines(readRecords(out.written)).at(-1)!;
    expect(last.split(' ').sort()).toEqual(['0', '11.199.0.0/16', '2', '3']);
  });
});

describe('filters', () => {
  const raise: Policy = {
    name: 'raise',
    readsNetwork: true,
    readsSource: false,
    evaluate: (set, { netWords, netAt, netLength }) =>
      netLength > 24
        ? 0
        : new AttrEditor(store)
            .edit(set)
            .set(ATTR.med, FLAG.optional, u32Bytes(netWords[netAt]! >>> 8))
            .commit(),
  };

  test('leave out and change, and what they make is given back', () => {
    const table = newTable(0);
    const source = peer('p1');
    for (let i = 0; i < 20_000; i++) announce(table, `10.${i >> 8}.${i & 255}.0/24`, source, attrs());
    announce(table, '11.0.0.0/25', source, attrs());
    flush(table);
    store.sweep();
    const before = store.size;
    const out = new RecordWriter(16);
    const walk = newWalk(table, { policy: raise });
    walk.begin(out);
    let most = 0;
    let routes = 0;
    for (let more = true; more;) {
      out.clear();
      more = walk.step(out);
      most = Math.max(most, store.size);
      for (const record of readRecords(out.written)) {
        const { prefix, entries } = readRib(record);
        expect(prefix).not.toBe('11.0.0.0/25');
        const { attributes } = entries[0]!;
        const med = attributes.readUInt32BE(attributes.indexOf(Buffer.of(FLAG.optional, ATTR.med, 4)) + 3);
        expect(med).toBe((10 << 16) + routes++);
      }
    }
    walk.close();
    expect(routes).toBe(20_000);
    // Not those of the whole table at once.
    expect(most).toBeLessThan(12_000);
    store.sweep();
    expect(store.size).toBe(before);
  });
});

describe('slices', () => {
  function filled(count: number): [RoutingTable, number] {
    const table = newTable(0);
    const source = peer('p1');
    const set = attrs();
    for (let i = 0; i < count; i++) announce(table, `10.${i >> 8}.${i & 255}.0/24`, source, set);
    flush(table);
    return [table, source];
  }

  test('end with the time and with the bytes', () => {
    const [table] = filled(10_000);
    const out = new RecordWriter(16);
    const walk = newWalk(table);
    let slices = 0;
    let bytes = 0;
    for (let more = true; more; slices++) {
      out.clear();
      more = walk.step(out);
      bytes += out.length;
      expect(out.length).toBeLessThan(140_000);
    }
    expect(slices).toBe(Math.ceil(bytes / 131_072));
    walk.close();
    tickMs = 1;
    const timed = newWalk(table);
    out.clear();
    expect(timed.step(out)).toBe(true);
    expect(readRecords(out.written).length).toBeLessThan(300);
    timed.close();
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'each route once or gone, whatever happens meanwhile: seed %d',
    (seed) => {
      const random = seededRandom(seed);
      const [table, source] = filled(3000);
      const stayed = new Set(Array.from({ length: 3000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`));
      const known = new Set(stayed);
      const all = [...stayed, ...Array.from({ length: 1000 }, (_, i) => `11.${i >> 8}.${i & 255}.0/24`)];
      tickMs = 1;
      const walk = newWalk(table);
      const seen = new Map<string, number>();
      const out = new RecordWriter(16);
      for (let more = true; more;) {
        out.clear();
        more = walk.step(out);
        for (const record of readRecords(out.written)) {
          const { prefix } = readRib(record);
          seen.set(prefix, (seen.get(prefix) ?? 0) + 1);
        }
        for (let i = 0; i < 200; i++) {
          const prefix = all[random.below(all.length)]!;
          const isThere = known.has(prefix);
          if (!isThere || random.below(3) === 0) announce(table, prefix, source, attrs(random.below(5)));
          else withdraw(table, prefix, source);
          if (isThere && table.firstPath[table.nets.find(parsePrefix(prefix)!.words, 0, 24)] === 0) {
            known.delete(prefix);
            stayed.delete(prefix);
          } else known.add(prefix);
          if (random.below(20) === 0) flush(table);
        }
      }
      walk.close();
      expect([...seen.values()].every((times) => times === 1)).toBe(true);
      expect([...stayed].filter((prefix) => !seen.has(prefix))).toEqual([]);
      expect(stayed.size).toBeGreaterThan(100);
      expect(seen.size).toBeGreaterThan(stayed.size);
    },
  );
});

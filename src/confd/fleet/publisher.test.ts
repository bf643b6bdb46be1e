/** What is written when, on simulated time, into a store that is a map. */
import { beforeEach, expect, test } from 'vitest';
import { SimClock } from '../../speaker/sim/clock.ts';
import type { KeyLease, LeaseStore } from '../store.ts';
import { memberKey, sessionKey, summaryKey } from './keys.ts';
import { FleetPublisher, MAX_OPERATIONS } from './publisher.ts';
import type { FleetReport, Registration, SessionTrouble } from './report.ts';
import { MAX_TROUBLES } from './report.ts';

const WHO: Registration = { name: 'rr1', id: 'a', host: 'h', version: '1', startedMs: 0, ttlS: 30 };

/** Keys with the lease that they go with, and what has been asked. */
class FakeStore implements LeaseStore {
  readonly name = 'the store';
  readonly keys = new Map<string, { readonly value: string; readonly lease: number }>();
  readonly calls: string[] = [];
  readonly leases = new Set<number>();
  isAway = false;
  /** Requests wait for this. */
  gate: Promise<void> = Promise.resolve();
  #last = 0;

  async #ask(what: string): Promise<void> {
    this.calls.push(what);
    await this.gate;
    if (this.isAway) throw new Error('nobody answers');
  }

  end(lease: number): void {
    this.leases.delete(lease);
    for (const [key, one] of this.keys) if (one.lease === lease) this.keys.delete(key);
  }

  async grant(): Promise<KeyLease> {
    await this.#ask('grant');
    const id = ++this.#last;
    this.leases.add(id);
    const isOurs = (key: string): boolean => this.leases.has(id) && this.keys.get(key)?.lease === id;
    return {
      claim: async (key, value, isOwn) => {
        await this.#ask('claim');
        const there = this.keys.get(key)?.value;
        if (there !== undefined && !isOwn(there)) return there;
        this.keys.set(key, { value, lease: id });
        return undefined;
      },
      renew: async (key) => {
        await this.#ask('renew');
        return isOurs(key);
      },
      write: async (key, puts, removals) => {
        await this.#ask(`write ${puts.size}+${removals.length}`);
        if (!isOurs(key)) return false;
        for (const [one, value] of puts) this.keys.set(one, { value, lease: id });
        for (const one of removals) this.keys.delete(one);
        return true;
      },
      revoke: async () => {
        await this.#ask('revoke');
        this.end(id);
      },
    };
  }

  close(): void {
    this.calls.push('close');
  }
}

const trouble = (n: number, lastError = 'down'): SessionTrouble => ({
  name: `s${n}`,
  neighbor: '10.0.0.1',
  as: 65000,
  sinceMs: 0,
  lastError,
});

function report(routes: number, troubles: readonly SessionTrouble[] = []): FleetReport {
  const sessions = { configured: troubles.length, up: 0, disabled: 0, dynamic: 0, troubles };
  const configuration = { state: 'current', seen: '1', revision: '1' } as const;
  return { as: [65000], addresses: [], clusterIds: [], sessions, networks: routes, routes, configuration };
}

let clock: SimClock;
let store: FakeStore;
let log: string[];
let publisher: FleetPublisher;

function member(more: Partial<Registration> = {}): FleetPublisher {
  return new FleetPublisher({
    store,
    clock,
    who: { ...WHO, ...more },
    log: (level, text) => void log.push(`${level}: ${text}`),
  });
}

beforeEach(() => {
  clock = new SimClock();
  store = new FakeStore();
  log = [];
  publisher = member();
});

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    clock.runFor(Math.min(50, left));
    for (let i = 0; i < 30; i++) await Promise.resolve();
  }
}

const routes = (): unknown =>
  (JSON.parse(store.keys.get(summaryKey('rr1'))!.value) as { routes: unknown }).routes;

test('nothing is asked before there is anything to tell', async () => {
  await pass(60_000);
  expect(store.calls).toEqual([]);
});

test('the member comes first, then its state, then renewals alone', async () => {
  publisher.report(report(7, [trouble(1)]));
  await pass(50);
  expect([...store.keys.keys()]).toEqual([memberKey('rr1')]);
  await pass(1000);
  expect([...store.keys.keys()].sort()).toEqual(
    [memberKey('rr1'), summaryKey('rr1'), sessionKey('rr1', 's1')].sort(),
  );
  await pass(60_000);
  expect(store.calls).toEqual(['grant', 'claim', 'write 2+0', ...Array<string>(6).fill('renew')]);
  expect(log).toEqual(['info: Registered in the fleet of the store as rr1']);
});

test('changes are written once a second at most, the latest only, and what is as it was is not', async () => {
  publisher.report(report(0));
  await pass(5000);
  store.calls.length = 0;
  for (let i = 1; i <= 500; i++) {
    publisher.report(report(i));
    await pass(10);
  }
  await pass(2000);
  expect(store.calls.filter((call) => call.startsWith('write')).length).toBeLessThanOrEqual(28);
  expect(new Set(store.calls.filter((call) => call.startsWith('write')))).toEqual(new Set(['write 1+0']));
  expect(routes()).toBe(500);
  store.calls.length = 0;
  publisher.report(report(500));
  await pass(2000);
  expect(store.calls.filter((call) => call.startsWith('write'))).toEqual([]);
});

test('a thousand sessions that flap are so many keys, in transactions of a bounded size', async () => {
  const all = (error: string): SessionTrouble[] => Array.from({ length: 1000 }, (_, n) => trouble(n, error));
  publisher.report(report(0, all('one')));
  await pass(3000);
  expect(store.keys.size).toBe(MAX_TROUBLES + 2);
  store.calls.length = 0;
  for (let i = 0; i < 100; i++) {
    publisher.report(report(0, i % 2 ? all(`${i}`) : all(`${i}`).toReversed()));
    await pass(100);
  }
  await pass(5000);
  const sizes = store.calls.flatMap((call) => {
    const [, puts, removals] = /^write (\d+)\+(\d+)$/.exec(call) ?? [];
    return puts === undefined ? [] : [Number(puts) + Number(removals)];
  });
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_OPERATIONS);
  expect(sizes.length).toBeLessThanOrEqual(16);
  expect(store.keys.size).toBe(MAX_TROUBLES + 2);
  publisher.report(report(0));
  await pass(3000);
  expect([...store.keys.keys()].sort()).toEqual([memberKey('rr1'), summaryKey('rr1')].sort());
});

test('a store that is away is asked one thing at a time, ever less often, and then told the latest', async () => {
  store.isAway = true;
  for (let i = 0; i < 600; i++) {
    publisher.report(report(i));
    await pass(100);
  }
  expect(store.calls.length).toBeLessThanOrEqual(8);
  expect(log).toEqual(['warning: The fleet cannot be told of this reflector: nobody answers']);
  store.isAway = false;
  await pass(17_000);
  expect(routes()).toBe(599);
  expect(log.at(-1)).toBe('info: the store takes the state of this reflector again');
});

test('while a request has no answer there is no other', async () => {
  publisher.report(report(0));
  await pass(2000);
  store.calls.length = 0;
  let open: () => void = () => undefined;
  store.gate = new Promise((settle) => (open = settle));
  for (let i = 1; i < 100; i++) {
    publisher.report(report(i));
    await pass(1000);
  }
  expect(store.calls).toEqual(['write 1+0']);
  open();
  await pass(2000);
  expect(routes()).toBe(99);
});

test.each([
  [
    'the lease has ended',
    () => {
      store.end(1);
    },
  ],
  [
    'somebody has removed the keys',
    () => {
      store.keys.clear();
    },
  ],
])('%s: all is written again', async (_, lose) => {
  publisher.report(report(3, [trouble(1)]));
  await pass(3000);
  const before = new Map(Array.from(store.keys, ([key, { value }]) => [key, value]));
  lose();
  expect(store.keys.size).toBe(0);
  await pass(12_000);
  expect(new Map(Array.from(store.keys, ([key, { value }]) => [key, value]))).toEqual(before);
  expect(store.leases.size).toBe(1);
});

test('a lease that has ended is noticed by a write too', async () => {
  publisher.report(report(3));
  await pass(3000);
  store.end(1);
  publisher.report(report(4));
  await pass(3000);
  expect(routes()).toBe(4);
});

test('the end gives the lease up, and nothing is written afterwards', async () => {
  publisher.report(report(3));
  await pass(3000);
  publisher.report(report(4));
  await publisher.stop();
  expect(store.keys.size).toBe(0);
  store.calls.length = 0;
  publisher.report(report(5));
  await pass(60_000);
  expect(store.calls).toEqual([]);
});

test('the end waits for what is under way, and takes that away too', async () => {
  let open: () => void = () => undefined;
  store.gate = new Promise((settle) => (open = settle));
  publisher.report(report(3));
  await pass(50);
  const stopped = publisher.stop();
  open();
  await stopped;
  expect(store.keys.size).toBe(0);
  expect(store.leases.size).toBe(0);
});

test('two with one name: the second warns and leaves the first alone, and takes its place when it is gone', async () => {
  publisher.report(report(1));
  await pass(3000);
  const second = member({ id: 'b', host: 'other' });
  second.report(report(2));
  await pass(25_000);
  expect(log.filter((line) => line.startsWith('warning'))).toEqual([]);
  await pass(60_000);
  expect(log.filter((line) => line.startsWith('warning'))).toEqual([
    'warning: Another reflector is in the fleet as rr1 (on host h, since 1970-01-01T00:00:00.000Z), so this one is not shown: ' +
      'give one of them another NODENAME',
  ]);
  expect(routes()).toBe(1);
  expect(store.leases.size).toBe(1);
  await publisher.stop();
  await pass(12_000);
  expect(routes()).toBe(2);
});

test('the same process takes its key over from an earlier lease of its own', async () => {
  publisher.report(report(1));
  await pass(3000);
  const again = member();
  again.report(report(2));
  await pass(3000);
  expect(routes()).toBe(2);
});

test('what is left of a process that was killed is waited for without a warning', async () => {
  store.keys.set(memberKey('rr1'), { value: '{"id":"old","ttl":30}', lease: 99 });
  publisher.report(report(5));
  await pass(25_000);
  store.keys.delete(memberKey('rr1'));
  await pass(12_000);
  expect(routes()).toBe(5);
  expect(log.map((line) => line.split(':')[0])).toEqual(['info', 'info']);
});

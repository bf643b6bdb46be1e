import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import { SimClock } from '../speaker/sim/clock.ts';
import type { StoreEvent } from './store.ts';
import { applyChanges } from './watch.ts';

const entry = (value: string): { value: string; revision: bigint } => ({ value, revision: 1n });

function setUp(): {
  events: Subject<StoreEvent>;
  clock: SimClock;
  applied: string[];
  lost: string[];
  finish: () => Promise<void>;
} {
  const events = new Subject<StoreEvent>();
  const clock = new SimClock();
  const applied: string[] = [];
  const lost: string[] = [];
  let done: (() => void) | undefined;
  applyChanges(
    events,
    clock,
    async ({ entries, revision }, changed) => {
      const all = [...entries].map(([key, { value }]) => `${key}=${value}`).join(' ');
      applied.push(`${revision}: ${all} (${[...changed].sort().join(' ')})`);
      await new Promise<void>((settle) => (done = settle));
    },
    (reason) => lost.push(reason),
  );
  const finish = async (): Promise<void> => {
    done?.();
    // The next application begins in a microtask after the one that ended.
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return { events, clock, applied, lost, finish };
}

const change = (revision: bigint, key: string, value: string | undefined): StoreEvent => ({
  kind: 'changes',
  revision,
  changes: new Map([[key, value === undefined ? undefined : entry(value)]]),
});

test('a burst is applied once, within 100 ms of its first change', () => {
  const { events, clock, applied } = setUp();
  events.next({ kind: 'snapshot', revision: 1n, entries: new Map([['/a', entry('1')]]) });
  clock.runFor(10);
  events.next(change(2n, '/b', '2'));
  events.next(change(3n, '/a', undefined));
  expect(applied).toEqual([]);
  clock.runFor(89);
  expect(applied).toEqual(['3: /b=2 (/a /b)']);
});

test('one application is in flight at a time, and what came meanwhile is the next one', async () => {
  const { events, clock, applied, finish } = setUp();
  events.next({ kind: 'snapshot', revision: 1n, entries: new Map() });
  clock.runFor(100);
  events.next(change(2n, '/a', '1'));
  clock.runFor(1000);
  events.next(change(3n, '/b', '2'));
  clock.runFor(1000);
  expect(applied).toEqual(['1:  ()']);
  await finish();
  expect(applied).toEqual(['1:  ()', '3: /a=1 /b=2 (/a /b)']);
});

test('a second snapshot brings what differs, and nothing where all is the same', async () => {
  const { events, clock, applied, lost, finish } = setUp();
  events.next({
    kind: 'snapshot',
    revision: 1n,
    entries: new Map([
      ['/a', entry('1')],
      ['/b', entry('1')],
    ]),
  });
  clock.runFor(100);
  await finish();
  events.next({ kind: 'lost', reason: 'away' });
  events.next({
    kind: 'snapshot',
    revision: 5n,
    entries: new Map([
      ['/a', entry('1')],
      ['/b', entry('1')],
    ]),
  });
  clock.runFor(100);
  expect(applied).toHaveLength(1);
  events.next({ kind: 'snapshot', revision: 9n, entries: new Map([['/a', entry('2')]]) });
  clock.runFor(100);
  expect(applied.at(-1)).toBe('9: /a=2 (/a /b)');
  expect(lost).toEqual(['away']);
});

test('a change that changes nothing is none', async () => {
  const { events, clock, applied, finish } = setUp();
  events.next({ kind: 'snapshot', revision: 1n, entries: new Map([['/a', entry('1')]]) });
  clock.runFor(100);
  await finish();
  events.next(change(2n, '/a', '1'));
  clock.runFor(1000);
  expect(applied).toHaveLength(1);
});

/** Keys and values of a fleet, what is read from them, and the table that is made of it. */
import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Entry, Snapshot, Store, StoreEvent } from '../store.ts';
import { withoutStates } from './hidden.ts';
import { memberKey, parseFleetKey, sessionKey, STATES, summaryKey, wrongName } from './keys.ts';
import { fleetMembers, isCurrent } from './members.ts';
import type { FleetReport, Registration } from './report.ts';
import { entriesOf, MAX_TROUBLES, withoutValues } from './report.ts';
import { fleetTable } from './table.ts';

const who = (name: string): Registration => ({
  name,
  id: 'x',
  host: 'h',
  version: '0.1.0',
  startedMs: Date.UTC(2026, 0, 1),
  ttlS: 30,
});
const NOW = Date.UTC(2026, 0, 13, 3);

function report(more: Partial<FleetReport> = {}): FleetReport {
  return {
    routerId: '10.0.0.1',
    as: [64512],
    addresses: ['10.0.0.1', '2001:db8::1'],
    clusterIds: ['10.0.0.1'],
    sessions: { configured: 2, up: 2, disabled: 0, dynamic: 0, troubles: [] },
    networks: 5,
    routes: 6,
    configuration: { state: 'current', seen: '40', revision: '40' },
    ...more,
  };
}

const REFUSED: Partial<FleetReport> = {
  sessions: {
    configured: 2,
    up: 1,
    disabled: 0,
    dynamic: 3,
    troubles: [
      {
        name: 'n1',
        neighbor: '10.0.0.9',
        as: 64512,
        sinceMs: Date.UTC(2026, 0, 2),
        lastError: 'Socket: refused',
      },
    ],
  },
  configuration: {
    state: 'refused',
    seen: '44',
    revision: '40',
    refused: {
      revision: '44',
      reason: 'bird.conf:9:14 no',
      keys: ['/a'],
      keyCount: 3,
      sinceMs: Date.UTC(2026, 0, 3),
    },
  },
};

function snapshotOf(...all: readonly Map<string, string>[]): Snapshot {
  const entries = new Map<string, Entry>();
  for (const map of all) for (const [key, value] of map) entries.set(key, { value, revision: 1n });
  return { revision: 1n, entries };
}

test.each(['rr1', 'a/b', '10.0.0.1', 'ü %', '..', 'x'.repeat(253)])(
  'the name %j comes back from its keys',
  (name) => {
    expect(wrongName(name)).toBeUndefined();
    expect(parseFleetKey(memberKey(name))).toEqual({ kind: 'member', name });
    expect(parseFleetKey(summaryKey(name))).toEqual({ kind: 'summary', name });
    expect(parseFleetKey(sessionKey(name, name))).toEqual({ kind: 'session', name, session: name });
  },
);

test.each(['', '\ud800', 'x'.repeat(254)])('the name %j is wrong', (name) => {
  expect(wrongName(name)).toMatch(/^the name of a member/);
});

test.each([
  '/catbird_fleet',
  `${STATES}/a`,
  `${STATES}/a/summary/b`,
  '/catbird_fleet/member/%E0%A4%A',
  '/other',
])("the key %s is nobody's", (key) => {
  expect(parseFleetKey(key)).toBeUndefined();
});

test('whatever there is, keys and values are bounded', () => {
  const long = `\u0000${'é\n'.repeat(5000)}`;
  const many = Array.from({ length: 500 }, (_, i) => `${i}`);
  const entries = entriesOf(
    who('rr1'),
    report({
      as: many.map(Number),
      addresses: many,
      clusterIds: many,
      sessions: {
        ...{ configured: 500, up: 0, disabled: 0, dynamic: 0 },
        troubles: many.map((name) => ({ name, neighbor: '::', as: 1, sinceMs: 0, lastError: long })),
      },
      configuration: {
        ...{ state: 'refused', seen: '1', held: long, lost: { reason: long, sinceMs: 0 } },
        refused: { revision: '1', reason: long, keys: many.map(() => long), keyCount: 500, sinceMs: 0 },
      },
    }),
  );
  expect(entries.size).toBe(MAX_TROUBLES + 2);
  for (const value of entries.values()) expect(Buffer.byteLength(value)).toBeLessThan(10_000);
});

test.each([
  ['<getv "/app/id">: error calling getv: key does not exist: /app/id', 'key does not exist: /app/id', ''],
  [
    'error calling atoi: strconv.Atoi: parsing "hunter2": invalid syntax',
    'strconv.Atoi: parsing ***',
    'hunter2',
  ],
  ['error calling parse: near `hunter2', 'near ***', 'hunter2'],
  ["range can't iterate over hunter2", "range can't iterate over ***", 'hunter2'],
])('%s has no value of a key in it', (reason, kept, secret) => {
  expect(withoutValues(reason)).toContain(kept);
  if (secret !== '') expect(withoutValues(reason)).not.toContain(secret);
});

describe('the table', () => {
  const members = fleetMembers(
    snapshotOf(entriesOf(who('rr2'), report(REFUSED)), entriesOf(who('rr1'), report())),
  );

  test('is by name, with what is wrong below it', () => {
    expect(members.map(isCurrent)).toEqual([true, false]);
    expect(fleetTable(members, 100, NOW)).toEqual([
      'NAME  ADDRESS   CLUSTER ID  VERSION  SINCE   UP     REVISION  CONFIG',
      'rr1   10.0.0.1  10.0.0.1    0.1.0    12d03h  2/2    40        current',
      '  2001:db8::1',
      'rr2   10.0.0.1  10.0.0.1    0.1.0    12d03h  1/2+3  40        refused',
      '  2001:db8::1',
      '',
      'rr2:',
      '  refused since 2026-01-03T00:00:00.000Z: revision 44, after /a and 2 more keys',
      '    bird.conf:9:14 no',
      '  has revision 40 in force, and has read 44',
      '  n1 (10.0.0.9) is not up since 2026-01-02T00:00:00.000Z: Socket: refused',
    ]);
  });

  test('folds what is longer than a line', () => {
    const lines = fleetTable(members, 60, NOW);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines.slice(-2)).toEqual([
      '  n1 (10.0.0.9) is not up since 2026-01-02T00:00:00.000Z:',
      '      Socket: refused',
    ]);
  });

  test.each([
    [['rr1', '10.0.0.1'], 80, 'NAME  ADDRESS'],
    [['reflector-1.example', '192.168.100.101'], 80, 'NAME                 CLUSTER ID'],
    [[`ip-10-0-0-1.${'x'.repeat(40)}`, '192.168.100.101'], 80, 'NAME'],
  ] as const)('of %j fits %i columns', ([name, clusterId], width, first) => {
    const [one] = fleetMembers(
      snapshotOf(entriesOf(who(name), report({ clusterIds: [clusterId], addresses: [clusterId] }))),
    );
    const lines = fleetTable([one!], width, NOW);
    expect(lines[0]!.startsWith(first)).toBe(true);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(lines.join('\n').split(clusterId).length).toBe(3);
  });

  test('of keys that somebody else has written is still one', () => {
    const wrong = snapshotOf(
      new Map([
        [memberKey('a'), 'no JSON'],
        [memberKey('b'), '{"version":{},"addresses":["\\u001b[2J"],"started":"never"}'],
        [summaryKey('b'), '{"sessions":[],"configuration":{"state":"\\u001b[31mred"}}'],
        [summaryKey('gone'), '{}'],
        [sessionKey('b', 'x'), '17'],
      ]),
    );
    const found = fleetMembers(wrong);
    expect(found.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(found.some(isCurrent)).toBe(false);
    const text = fleetTable(found, 80, NOW).join('\n');
    expect(text).toContain('what it has written of itself cannot be read');
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });
});

describe('states are kept from templates', () => {
  const entry: Entry = { value: '1', revision: 1n };
  const events = new Subject<StoreEvent>();
  const all = {
    revision: 1n,
    entries: new Map([
      [summaryKey('a'), entry],
      [memberKey('a'), entry],
    ]),
  };
  const base: Store = {
    name: 'base',
    read: () => Promise.resolve(all),
    watch: () => events,
    close: () => undefined,
  };

  test('that read all', async () => {
    const store = withoutStates(base);
    expect([...(await store.read(['/'])).entries.keys()]).toEqual([memberKey('a')]);
    const seen: StoreEvent[] = [];
    const subscription = store.watch(['/']).subscribe((event) => seen.push(event));
    events.next({ kind: 'snapshot', ...all });
    events.next({ kind: 'changes', revision: 2n, changes: new Map([[summaryKey('a'), undefined]]) });
    const both = new Map([
      [summaryKey('a'), entry],
      ['/b', entry],
    ]);
    events.next({ kind: 'changes', revision: 3n, changes: both });
    events.next({ kind: 'lost', reason: 'x' });
    subscription.unsubscribe();
    expect(seen).toEqual([
      { kind: 'snapshot', revision: 1n, entries: new Map([[memberKey('a'), entry]]) },
      { kind: 'changes', revision: 3n, changes: new Map([['/b', entry]]) },
      { kind: 'lost', reason: 'x' },
    ]);
  });

  test('others have the store as it is', () => {
    expect(withoutStates(base).watch(['/catbird', '/calico'])).toBe(events);
  });
});

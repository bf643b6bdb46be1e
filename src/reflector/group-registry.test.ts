/** What neighbours are sent when their export policy changes while their session is up. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ATTR, FLAG } from '../rib/attrs/codes.ts';
import { u32Bytes } from '../rib/attrs/edit.ts';
import { ACCEPT, REJECT, type Policy } from '../rib/policy.ts';
import { familyConfig, SimWorld } from '../speaker/sim/speakers.ts';
import type { SessionConfig } from '../speaker/config.ts';
import type { ChannelPolicy } from './peer-policy.ts';
import { openChannel, type SimRouter, type SimRouterOptions } from './sim/router.ts';
import { attrs, CLIENT, heard, joinReflector, listeningRouter, type Join } from './sim/star.ts';

const UP_MS = 30_000;
const SOON_MS = 2000;

/** Rejects what `when` holds for, by the third octet of the prefix. */
function without(when: (octet: number) => boolean): Policy {
  return {
    name: 'without',
    readsNetwork: true,
    readsSource: false,
    evaluate: (set, { netWords, netAt }) => (when((netWords[netAt]! >>> 8) & 255) ? 0 : set),
  };
}

const ODD_OUT = without((octet) => octet % 2 === 1);

let sim: SimWorld;
let rr: SimRouter;

async function reflector(limits: SimRouterOptions['limits'] = {}): Promise<void> {
  sim = new SimWorld(11);
  rr = await listeningRouter(sim, { address: '10.0.0.100', routerId: '1.1.1.100', limits });
}

async function join(name: string, number: number, options: Join = {}): Promise<SimRouter> {
  return await joinReflector(sim, rr, name, number, options);
}

function announce(from: SimRouter, count: number, med = 0): void {
  for (let i = 0; i < count; i++) {
    const set = attrs(from, (editor) => editor.set(ATTR.med, FLAG.optional, u32Bytes(med)));
    from.setRoute(`172.16.${i}.0/24`, set);
  }
}

function exporting(exportPolicy: Policy, options: Partial<ChannelPolicy> = {}): Join {
  return { policy: { ...CLIENT, channels: [openChannel(0, { exportPolicy, ...options })] } };
}

/** Gives neighbours another channel policy. */
function change(names: readonly string[], options: Partial<ChannelPolicy>, soft = false): void {
  for (const name of names) {
    const peer = rr.reflector.peers.get(name)!;
    peer.reconfigure({ ...peer.policy, channels: [openChannel(0, options)] }, soft);
  }
}

/** Routes that a router has been sent since the last time, announced and withdrawn. */
function sent(to: SimRouter): () => [announced: number, withdrawn: number] {
  const { counters } = to.reflector.peers.get('rr')!.channels[0]!.adjRibIn;
  let before = [0, 0];
  const since = (): [number, number] => {
    const now = [counters.updatesReceived, counters.withdrawsReceived] as const;
    const delta: [number, number] = [now[0] - before[0]!, now[1] - before[1]!];
    before = [...now];
    return delta;
  };
  since();
  return since;
}

function groups(): number {
  return rr.reflector.groups.size;
}

describe('another export policy', () => {
  beforeEach(async () => {
    await reflector();
  });

  test('of one neighbour: it alone is sent the difference, and the session stays', async () => {
    const a = await join('a', 1);
    const [b, c] = [await join('b', 2), await join('c', 3)];
    announce(a, 10);
    sim.clock.runFor(UP_MS);
    expect(groups()).toBe(1);
    const [toB, toC] = [sent(b), sent(c)];
    change(['b'], { exportPolicy: ODD_OUT });
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toHaveLength(5);
    expect([toB(), toC()]).toEqual([
      [0, 5],
      [0, 0],
    ]);
    expect(groups()).toBe(2);
    change(['b'], { exportPolicy: without((octet) => octet > 4) });
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toEqual([0, 1, 2, 3, 4].map((i) => `172.16.${i}.0/24 via 10.0.0.1`));
    expect([toB(), toC()]).toEqual([
      [2, 2],
      [0, 0],
    ]);
    change(['b'], {});
    sim.clock.runFor(SOON_MS);
    expect([toB(), toC()]).toEqual([
      [5, 0],
      [0, 0],
    ]);
    expect(groups()).toBe(1);
    announce(a, 10, 1);
    sim.clock.runFor(SOON_MS);
    expect([toB(), toC()]).toEqual([
      [10, 0],
      [10, 0],
    ]);
    expect(b.speaker.session('rr')!.counters.established).toBe(1);
  });

  test('of all of a group: the group stays, its members are sent the difference', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    announce(a, 10);
    sim.clock.runFor(UP_MS);
    const [group] = rr.reflector.groups.values();
    const toB = sent(b);
    change(['a', 'b'], { exportPolicy: ODD_OUT });
    sim.clock.runFor(SOON_MS);
    expect(toB()).toEqual([0, 5]);
    expect([...rr.reflector.groups.values()]).toEqual([group]);
    const c = await join('c', 3, exporting(ODD_OUT));
    sim.clock.runFor(UP_MS);
    expect(heard(c, 'rr')).toHaveLength(5);
    expect(groups()).toBe(1);
  });

  test('that means the same to everything sends nothing', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    announce(a, 10);
    sim.clock.runFor(UP_MS);
    const toB = sent(b);
    change(['b'], { exportPolicy: without(() => false) });
    sim.clock.runFor(SOON_MS);
    expect(toB()).toEqual([0, 0]);
    expect(groups()).toBe(2);
  });

  test('never sends a neighbour its own route, and takes back one that becomes its own', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    announce(a, 4);
    sim.clock.runFor(UP_MS);
    change(['b'], { exportPolicy: ODD_OUT });
    const better = attrs(b, (editor) => editor.set(ATTR.localPref, FLAG.transitive, u32Bytes(500)));
    b.setRoute('172.16.0.0/24', better);
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toEqual(['172.16.2.0/24 via 10.0.0.1']);
    const toB = sent(b);
    change(['b'], {});
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toEqual(
      ['172.16.1.0/24', '172.16.2.0/24', '172.16.3.0/24'].map((p) => `${p} via 10.0.0.1`),
    );
    expect(toB()).toEqual([2, 0]);
    b.setRoute('172.16.0.0/24', undefined);
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toHaveLength(4);
  });

  test('with another next hop announces everything once more and withdraws nothing', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    announce(a, 3);
    sim.clock.runFor(UP_MS);
    const toB = sent(b);
    change(['b'], { nextHopSelf: 'all' });
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toEqual([0, 1, 2].map((i) => `172.16.${i}.0/24 via 10.0.0.100`));
    expect(toB()).toEqual([3, 0]);
  });

  test('softly counts for routes that change; a reload does the rest', async () => {
    const a = await join('a', 1);
    const [b, c] = [await join('b', 2), await join('c', 3)];
    announce(a, 4);
    sim.clock.runFor(UP_MS);
    const toB = sent(b);
    change(['b', 'c'], { exportPolicy: ODD_OUT }, true);
    sim.clock.runFor(SOON_MS);
    expect(toB()).toEqual([0, 0]);
    a.setRoute('172.16.0.0/24', attrs(a));
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(SOON_MS);
    expect(toB()).toEqual([1, 1]);
    // Who comes now is sent what the policy says.
    const d = await join('d', 4, exporting(ODD_OUT));
    sim.clock.runFor(UP_MS);
    expect(heard(d, 'rr')).toHaveLength(2);
    rr.reflector.peers.get('b')!.reload('out');
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toHaveLength(2);
    expect(heard(c, 'rr')).toHaveLength(3);
    expect(groups()).toBe(3);
    expect(b.speaker.session('rr')!.counters.established).toBe(1);
  });

  test('of a neighbour that is sent all paths', async () => {
    const both: Partial<SessionConfig> = {
      families: [familyConfig(0, { addPathReceive: true, addPathSend: true })],
    };
    const [a, b, c] = [
      await join('a', 1, { session: both }),
      await join('b', 2, { session: both }),
      await join('c', 3, { session: both }),
    ];
    announce(a, 4);
    announce(b, 4);
    sim.clock.runFor(UP_MS);
    expect(heard(c, 'rr')).toHaveLength(8);
    const [toC, toB] = [sent(c), sent(b)];
    change(['c'], { exportPolicy: ODD_OUT });
    sim.clock.runFor(SOON_MS);
    expect(heard(c, 'rr')).toHaveLength(4);
    expect([toC(), toB()]).toEqual([
      [0, 4],
      [0, 0],
    ]);
    a.setRoute('172.16.0.0/24', undefined);
    a.setRoute('172.16.1.0/24', undefined);
    sim.clock.runFor(SOON_MS);
    change(['c'], {});
    sim.clock.runFor(SOON_MS);
    expect(heard(c, 'rr')).toHaveLength(6);
    expect(toC()).toEqual([3, 1]);
    expect(groups()).toBe(1);
    announce(a, 0);
    for (let i = 0; i < 4; i++) {
      a.setRoute(`172.16.${i}.0/24`, undefined);
      b.setRoute(`172.16.${i}.0/24`, undefined);
    }
    sim.clock.runFor(UP_MS);
    expect([rr.reflector.store.size, rr.reflector.table('master4').paths.size]).toEqual([0, 0]);
  });
});

describe('while a neighbour does not read', () => {
  // Without keepalives nobody's hold timer runs.
  const session: Partial<SessionConfig> = { holdTimeS: 0 };
  let a: SimRouter;
  let b: SimRouter;
  let slow: SimRouter;
  let stall: (stalled: boolean) => void;

  beforeEach(async () => {
    await reflector({ windowBytes: 16 * 1024, segmentBytes: 4096 });
    a = await join('a', 1, { session });
    b = await join('b', 2, { session });
    slow = await join('slow', 3, { session });
    stall = (stalled) => {
      sim.network.link(slow.host, rr.host).set({ stalled });
    };
  });

  /** Changes all routes so often that what waits for a neighbour is no longer in the log. */
  function churn(rounds: number): void {
    for (let round = 1; round <= rounds; round++) {
      for (let i = 0; i < 250; i++) {
        const set = attrs(a, (editor) => editor.set(ATTR.med, FLAG.optional, u32Bytes(round * 1000 + i)));
        a.setRoute(`172.16.${i}.0/24`, set);
      }
      sim.clock.runFor(1000);
    }
  }

  test.each([0, 1, 2, 3, 5, 10, 40])(
    'after %i rounds of changes it gets what its new policy says',
    (rounds) => {
      sim.clock.runFor(UP_MS);
      announce(a, 250);
      sim.clock.runFor(SOON_MS);
      stall(true);
      churn(rounds);
      change(['slow'], { exportPolicy: ODD_OUT });
      churn(1);
      for (let i = 0; i < 100; i++) a.setRoute(`172.16.${i}.0/24`, undefined);
      churn(0);
      change(['slow'], { exportPolicy: without((octet) => octet % 3 === 0) });
      sim.clock.runFor(SOON_MS);
      stall(false);
      sim.clock.runFor(UP_MS);
      const expected = heard(b, 'rr').filter((line) => Number(line.split('.')[2]) % 3 !== 0);
      expect(expected).toHaveLength(100);
      expect(heard(slow, 'rr')).toEqual(expected);
      change(['slow'], {});
      sim.clock.runFor(UP_MS);
      expect(heard(slow, 'rr')).toEqual(heard(b, 'rr'));
      expect(groups()).toBe(1);
    },
  );

  test.each([1, 2, 3, 4, 6, 8])('in the middle of its first table, %i ms after it came', (afterMs) => {
    announce(a, 250);
    b.setRoute('172.17.0.0/16', attrs(b));
    const link = sim.network.link(slow.host, rr.host);
    link.set({ refuse: true });
    sim.clock.runFor(UP_MS);
    link.set({ refuse: false, maxChunk: 200, delayMs: [1, 2] });
    expect(sim.clock.runUntilTrue(() => rr.reflector.peers.has('slow'), UP_MS * 10)).toBe(true);
    sim.clock.runFor(afterMs);
    stall(true);
    sim.clock.runFor(SOON_MS);
    change(['slow'], { exportPolicy: ODD_OUT });
    churn(2);
    for (let i = 0; i < 100; i++) a.setRoute(`172.16.${i}.0/24`, undefined);
    sim.clock.runFor(SOON_MS);
    stall(false);
    sim.clock.runFor(UP_MS);
    const expected = heard(b, 'rr').filter((line) => Number(line.split('.')[2]) % 2 === 0);
    expect(heard(slow, 'rr')).toEqual([...expected, '172.17.0.0/16 via 10.0.0.2']);
    expect(slow.reflector.peers.get('rr')!.channels[0]!.endOfRib).toBe(true);
  });
});

test('changes that a group keeps back while most of it is behind reach who leaves it too', async () => {
  const windowBytes = 128 * 1024;
  await reflector({ windowBytes, segmentBytes: 32 * 1024 });
  const session: Partial<SessionConfig> = { holdTimeS: 0 };
  const [a, b, slow] = [
    await join('a', 1, { session }),
    await join('b', 2, { session }),
    await join('slow', 3, { session }),
  ];
  sim.clock.runFor(UP_MS);
  const links = [b, slow].map(({ host }) => sim.network.link(host, rr.host));
  for (const link of links) link.set({ stalled: true });
  const churn = (round: number): void => {
    for (let i = 0; i < 250; i++) {
      const set = attrs(a, (editor) => editor.set(ATTR.med, FLAG.optional, u32Bytes(round * 1000 + i)));
      a.setRoute(`172.16.${i}.0/24`, set);
    }
    sim.clock.runFor(SOON_MS);
  };
  for (let round = 0; round < 12; round++) churn(round);
  for (let i = 0; i < 50; i++) a.setRoute(`172.16.${i}.0/24`, undefined);
  sim.clock.runFor(SOON_MS);
  const [group] = rr.reflector.groups.values();
  expect(group!.pending).toBeGreaterThan(0);
  change(['slow'], { exportPolicy: ODD_OUT });
  sim.clock.runFor(SOON_MS);
  // The group goes on, and writes over what it no longer needs, while the one that left still has to be sent it.
  links[0]!.set({ stalled: false });
  sim.clock.runFor(SOON_MS);
  for (let i = 50; i < 250; i++) a.setRoute(`172.17.${i}.0/24`, attrs(a));
  sim.clock.runFor(SOON_MS);
  links[1]!.set({ stalled: false });
  sim.clock.runFor(UP_MS);
  const meds = (of: SimRouter): number[] => {
    const { store, paths, best, nets } = of.reflector.table('master4');
    return Array.from({ length: nets.end }, (_, net) => store.med[paths.attrs[best[net] ?? 0]!]!).sort(
      (x, y) => x - y,
    );
  };
  expect(meds(b).filter((med) => med >= 11_000)).toHaveLength(200);
  expect(meds(slow).filter((med) => med >= 11_000)).toHaveLength(100);
  expect([heard(b, 'rr').length, heard(slow, 'rr').length]).toEqual([400, 200]);
  for (let i = 0; i < 250; i++) for (const net of [16, 17]) a.setRoute(`172.${net}.${i}.0/24`, undefined);
  sim.clock.runFor(UP_MS);
  expect([rr.reflector.table('master4').nets.size, rr.reflector.store.size]).toEqual([0, 0]);
});

describe('an export limit that blocks', () => {
  beforeEach(async () => {
    await reflector();
  });
  const block = (count: number): Partial<ChannelPolicy> => ({ exportLimit: { count, action: 'block' } });

  test('lets no more through than it says, and changes of what got through', async () => {
    const a = await join('a', 1);
    const [b, c] = [await join('b', 2, exporting(ACCEPT, block(3))), await join('c', 3)];
    announce(a, 5);
    sim.clock.runFor(UP_MS);
    expect([heard(b, 'rr').length, heard(c, 'rr').length]).toEqual([3, 5]);
    expect(rr.reports).toEqual(['b: export limit of 3 routes reached: block']);
    const { limitsHit } = rr.reflector.peers.get('b')!.channels[0]!;
    expect([...limitsHit]).toEqual(['export']);
    const toB = sent(b);
    announce(a, 5, 7);
    sim.clock.runFor(SOON_MS);
    expect(toB()).toEqual([3, 0]);
    a.setRoute('172.16.0.0/24', undefined);
    sim.clock.runFor(SOON_MS);
    expect([toB(), limitsHit.size]).toEqual([[0, 1], 0]);
    // What was left out comes with its next change, or with a reload.
    rr.reflector.peers.get('b')!.reload('out');
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toHaveLength(3);
  });

  test('does not count the routes of the neighbour itself', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2, exporting(ACCEPT, block(2)));
    for (let i = 10; i < 15; i++) b.setRoute(`172.16.${i}.0/24`, attrs(b));
    announce(a, 2);
    sim.clock.runFor(UP_MS);
    expect(heard(b, 'rr')).toHaveLength(2);
    expect(rr.reports).toEqual([]);
  });

  test('can be changed while the session is up', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    announce(a, 5);
    sim.clock.runFor(UP_MS);
    const toB = sent(b);
    change(['b'], block(3));
    sim.clock.runFor(SOON_MS);
    // What was sent stays, as in BIRD.
    expect(toB()).toEqual([0, 0]);
    for (let i = 0; i < 4; i++) a.setRoute(`172.16.${i}.0/24`, undefined);
    sim.clock.runFor(SOON_MS);
    announce(a, 5, 1);
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toHaveLength(3);
    change(['b'], block(4));
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toHaveLength(4);
    change(['b'], {});
    sim.clock.runFor(SOON_MS);
    expect(heard(b, 'rr')).toHaveLength(5);
    expect(groups()).toBe(1);
  });

  test('with all paths of a network counts each', async () => {
    const both: Partial<SessionConfig> = {
      families: [familyConfig(0, { addPathReceive: true, addPathSend: true })],
    };
    const [a, b] = [await join('a', 1, { session: both }), await join('b', 2, { session: both })];
    const c = await join('c', 3, { ...exporting(ACCEPT, block(3)), session: both });
    announce(a, 2);
    announce(b, 2);
    sim.clock.runFor(UP_MS);
    expect(heard(c, 'rr')).toHaveLength(3);
    a.setRoute('172.16.0.0/24', undefined);
    a.setRoute('172.16.1.0/24', undefined);
    sim.clock.runFor(SOON_MS);
    announce(b, 2, 1);
    sim.clock.runFor(SOON_MS);
    expect(heard(c, 'rr')).toHaveLength(2);
  });
});

describe('an import limit', () => {
  beforeEach(async () => {
    await reflector();
  });
  const limited = (importPolicy: Policy): Partial<ChannelPolicy> => ({
    importPolicy,
    importLimit: { count: 2, action: 'block' },
  });

  test('counts routes that another policy accepts', async () => {
    const a = await join('a', 1, { policy: { ...CLIENT, channels: [openChannel(0, limited(REJECT))] } });
    announce(a, 5);
    sim.clock.runFor(UP_MS);
    expect(heard(rr, 'a')).toEqual([]);
    change(['a'], limited(ACCEPT));
    sim.clock.runFor(SOON_MS);
    const { adjRibIn } = rr.reflector.peers.get('a')!.channels[0]!;
    expect([adjRibIn.imported, adjRibIn.filtered]).toEqual([2, 3]);
    expect(rr.reports).toEqual(['a: import limit of 2 routes reached: block']);
  });

  test('counts filtered routes that an update makes acceptable', async () => {
    const heavy: Policy = {
      name: 'heavy',
      readsNetwork: false,
      readsSource: false,
      evaluate: (set) => (rr.reflector.store.med[set]! > 5 ? 0 : set),
    };
    const a = await join('a', 1, { policy: { ...CLIENT, channels: [openChannel(0, limited(heavy))] } });
    announce(a, 5, 9);
    sim.clock.runFor(UP_MS);
    const { adjRibIn } = rr.reflector.peers.get('a')!.channels[0]!;
    expect([adjRibIn.imported, adjRibIn.filtered]).toEqual([0, 5]);
    announce(a, 5, 1);
    sim.clock.runFor(SOON_MS);
    expect([adjRibIn.imported, adjRibIn.filtered]).toEqual([2, 3]);
    expect(adjRibIn.counters.updatesRejected).toBe(3);
  });

  test.each([
    ['warn', 5, 1],
    ['restart', 0, 0],
  ] as const)('that is lowered below what is held acts at once: %s', async (action, held, up) => {
    const a = await join('a', 1);
    announce(a, 5);
    sim.clock.runFor(UP_MS);
    change(['a'], { importLimit: { count: 2, action } });
    sim.clock.runFor(10);
    expect([heard(rr, 'a').length, rr.reflector.peers.size]).toEqual([held, up]);
    expect(rr.reports).toEqual([`a: import limit of 2 routes reached: ${action}`]);
  });
});

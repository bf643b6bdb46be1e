/** Scenarios on a simulated network: a reflector `rr` and routers `a`, `b`, … around it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ipToBytes, parseIp } from '../base/ip.ts';
import { countAs } from '../rib/attrs/as-path.ts';
import { ATTR, FLAG, WELL_KNOWN_COMMUNITY } from '../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../rib/attrs/edit.ts';
import { HAS } from '../rib/attrs/store.ts';
import { REJECT, type Policy } from '../rib/policy.ts';
import { familyConfig, SimWorld } from '../speaker/sim/speakers.ts';
import type { SessionConfig } from '../speaker/config.ts';
import { openChannel, openPolicy, type SimRouter, type SimRouterOptions } from './sim/router.ts';
import { attrs, CLIENT, established, heard, joinReflector, listeningRouter, type Join } from './sim/star.ts';

const UP_MS = 30_000;

let sim: SimWorld;
let rr: SimRouter;

beforeEach(async () => {
  sim = new SimWorld(7);
  rr = await router('10.0.0.100', '1.1.1.100');
});

async function router(
  address: string,
  routerId: string,
  options: Partial<SimRouterOptions> = {},
): Promise<SimRouter> {
  return await listeningRouter(sim, { address, routerId, ...options });
}

/** A router that is the reflector's neighbour under its own name, by default its client. */
async function join(name: string, number: number, options: Join = {}): Promise<SimRouter> {
  return await joinReflector(sim, rr, name, number, options);
}

describe('reflection', () => {
  test('a client hears the others, not itself; non-clients hear clients alone', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    const c = await join('c', 3, { policy: {} });
    const d = await join('d', 4, { policy: {} });
    for (const [i, of] of [a, b, c].entries()) of.setRoute(`172.16.${i}.0/24`, attrs(of));
    sim.clock.runFor(UP_MS);
    expect(heard(a, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.2', '172.16.2.0/24 via 10.0.0.3']);
    expect(heard(b, 'rr')).toEqual(['172.16.0.0/24 via 10.0.0.1', '172.16.2.0/24 via 10.0.0.3']);
    expect(heard(d, 'rr')).toEqual(['172.16.0.0/24 via 10.0.0.1', '172.16.1.0/24 via 10.0.0.2']);
    expect(heard(c, 'rr')).toEqual(heard(d, 'rr'));
  });

  test('a best path that becomes a client own is withdrawn from that client', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    b.setRoute('172.16.0.0/24', attrs(b));
    sim.clock.runFor(UP_MS);
    expect(heard(a, 'rr')).toEqual(['172.16.0.0/24 via 10.0.0.2']);
    a.setRoute(
      '172.16.0.0/24',
      attrs(a, (editor) => editor.set(ATTR.localPref, FLAG.transitive, u32Bytes(500))),
    );
    sim.clock.runFor(1000);
    expect(heard(a, 'rr')).toEqual([]);
    expect(heard(b, 'rr')).toEqual(['172.16.0.0/24 via 10.0.0.1']);
  });

  test('each cluster of a daemon checks its own cluster ID', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2, { policy: { routeReflectorClient: true, clusterId: 0x0b0b0b0b } });
    const looped = (cluster: number) => (editor: AttrEditor) =>
      editor
        .set(ATTR.originatorId, FLAG.optional, u32Bytes(99))
        .set(ATTR.clusterList, FLAG.optional, u32Bytes(cluster));
    a.setRoute('172.16.1.0/24', attrs(a, looped(0x0a0a0a0a)));
    a.setRoute('172.16.2.0/24', attrs(a, looped(0x0b0b0b0b)));
    a.setRoute('172.16.3.0/24', attrs(a, looped(0x0c0c0c0c)));
    sim.clock.runFor(UP_MS);
    // The first is a loop on arrival; the second may not go to the cluster that it has been through.
    expect(heard(rr, 'a')).toEqual(['172.16.2.0/24 via 10.0.0.1', '172.16.3.0/24 via 10.0.0.1']);
    expect(heard(b, 'rr')).toEqual(['172.16.3.0/24 via 10.0.0.1']);
    const { store, best, paths } = b.reflector.table('master4');
    const list = store.value(paths.attrs[best[1]!]!, ATTR.clusterList);
    expect(list).toEqual(
      Uint8Array.of(...u32Bytes(0x0b0b0b0b), ...u32Bytes(0x0a0a0a0a), ...u32Bytes(0x0c0c0c0c)),
    );
  });

  test('routes with the own router ID as ORIGINATOR_ID, or the own AS in their path, are loops', async () => {
    const a = await join('a', 1);
    a.setRoute(
      '172.16.1.0/24',
      attrs(a, (editor) => editor.set(ATTR.originatorId, FLAG.optional, u32Bytes(rr.routerId))),
    );
    a.setRoute(
      '172.16.2.0/24',
      attrs(a, (editor) => editor.set(ATTR.asPath, FLAG.transitive, Uint8Array.of(2, 1, ...u32Bytes(65000)))),
    );
    sim.clock.runFor(UP_MS);
    expect(heard(rr, 'a')).toEqual([]);
    expect(rr.reflector.peers.get('a')!.refused).toBe(2);
  });

  test('RFC 1997: NO_ADVERTISE goes nowhere', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    const community = u32Bytes(WELL_KNOWN_COMMUNITY.noAdvertise);
    // Exported with the community in place: the rule is the reflector's, so the client itself ignores it.
    a.policies.set('rr', openPolicy({ interpretCommunities: false }));
    a.setRoute(
      '172.16.1.0/24',
      attrs(a, (editor) => editor.set(ATTR.communities, FLAG.optional | FLAG.transitive, community)),
    );
    sim.clock.runFor(UP_MS);
    expect(heard(rr, 'a')).toHaveLength(1);
    expect(heard(b, 'rr')).toEqual([]);
  });
});

describe('External neighbours', () => {
  test('get the own AS in front, the own address as next hop, and no internal attributes', async () => {
    const a = await join('a', 1);
    const ext = await join('ext', 9, { policy: {}, as: 64999 });
    a.setRoute(
      '172.16.1.0/24',
      attrs(a, (editor) =>
        editor.set(ATTR.localPref, FLAG.transitive, u32Bytes(300)).set(ATTR.med, FLAG.optional, u32Bytes(5)),
      ),
    );
    sim.clock.runFor(UP_MS);
    expect(heard(ext, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.100']);
    const { store, paths } = ext.reflector.table('master4');
    const path = store.value(paths.attrs[1]!, ATTR.asPath)!;
    expect(countAs(path, 0, path.length, 65000)).toBe(1);
    expect(store.value(paths.attrs[1]!, ATTR.med)).toBeUndefined();
    expect(store.value(paths.attrs[1]!, ATTR.originatorId)).toBeUndefined();
    expect(store.localPref[paths.attrs[1]!]).toBe(100);
  });

  test('their routes are reflected with the next hop kept, or replaced where that is asked for', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2, {
      policy: { ...CLIENT, channels: [openChannel(0, { nextHopSelf: 'ebgp' })] },
    });
    const ext = await join('ext', 9, { policy: {}, as: 64999 });
    ext.setRoute('172.16.1.0/24', attrs(ext));
    sim.clock.runFor(UP_MS);
    expect(heard(a, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.9']);
    expect(heard(b, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.100']);
  });
});

describe('IPv6', () => {
  test('routes are reflected over the IPv4 session', async () => {
    const both = { families: [familyConfig(0), familyConfig(1)] };
    const channels = [openChannel(0), openChannel(1)];
    const a = await join('a', 1, { session: both, policy: { ...CLIENT, channels }, ownPolicy: { channels } });
    const b = await join('b', 2, { session: both, policy: { ...CLIENT, channels }, ownPolicy: { channels } });
    a.setRoute(
      '2001:db8:1::/48',
      attrs(a, (editor) =>
        editor.remove(ATTR.nextHop).set(ATTR.mpReach, FLAG.optional, ipToBytes(parseIp('2001:db8::1')!)),
      ),
    );
    sim.clock.runFor(UP_MS);
    expect(heard(b, 'rr', 'master6')).toEqual(['2001:db8:1::/48 via 2001:db8::1']);
    a.setRoute('2001:db8:1::/48', undefined);
    sim.clock.runFor(1000);
    expect(heard(b, 'rr', 'master6')).toEqual([]);
  });
});

describe('RFC 7911: ADD-PATH', () => {
  const all = (family: Partial<Parameters<typeof familyConfig>[1]>): Partial<SessionConfig> => ({
    families: [familyConfig(0, family)],
  });

  test('a member that takes all paths gets each, and each withdrawal', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    const c = await router('10.0.0.3', '1.1.1.3');
    rr.policies.set('c', openPolicy(CLIENT));
    rr.addNeighbor('c', c, all({ addPathSend: true }));
    c.addNeighbor('rr', rr, all({ addPathReceive: true }));
    a.setRoute('172.16.1.0/24', attrs(a));
    b.setRoute('172.16.1.0/24', attrs(b));
    sim.clock.runFor(UP_MS);
    expect(heard(c, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.1', '172.16.1.0/24 via 10.0.0.2']);
    a.setRoute('172.16.1.0/24', undefined);
    sim.clock.runFor(1000);
    expect(heard(c, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.2']);
    b.setRoute(
      '172.16.1.0/24',
      attrs(b, (editor) => editor.set(ATTR.med, FLAG.optional, u32Bytes(3))),
    );
    sim.clock.runFor(1000);
    expect(heard(c, 'rr')).toHaveLength(1);
    b.setRoute('172.16.1.0/24', undefined);
    sim.clock.runFor(10_000);
    expect(heard(c, 'rr')).toEqual([]);
    expect(rr.reflector.table('master4').nets.size).toBe(0);
    expect(rr.reflector.store.size).toBe(0);
  });

  test('paths received with identifiers compete like those of several neighbours', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    const c = await join('c', 3);
    const top = await router('10.0.0.200', '1.1.1.200');
    rr.policies.set('top', openPolicy({}));
    rr.addNeighbor('top', top, all({ addPathSend: true }));
    top.addNeighbor('rr', rr, all({ addPathReceive: true }));
    a.setRoute('172.16.1.0/24', attrs(a));
    b.setRoute('172.16.1.0/24', attrs(b));
    sim.clock.runFor(UP_MS);
    expect(heard(top, 'rr')).toHaveLength(2);
    expect(top.reflector.table('master4').routes).toBe(1);
    expect(heard(c, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.1']);
  });
});

describe('RFC 2918 and RFC 7313: refresh', () => {
  test('a member that asks is sent everything again, and what is gone is forgotten', async () => {
    const a = await join('a', 1);
    const b = await join('b', 2);
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    const peer = b.reflector.peers.get('rr')!;
    const before = peer.channels[0]!.adjRibIn.counters.updatesReceived;
    // A route that the reflector never sent: enhanced refresh sweeps it away.
    const table = b.reflector.table('master4');
    const stray = table.addNet(Uint32Array.of(0x0a0a0000), 0, 16);
    table.addPath(stray, peer.channels[0]!.adjRibIn.source, 0, attrs(b), attrs(b));
    peer.channels[0]!.adjRibIn.imported++;
    expect(peer.session.requestRefresh(0)).toBe(true);
    sim.clock.runFor(5000);
    expect(peer.channels[0]!.adjRibIn.counters.updatesReceived).toBe(before + 1);
    expect(heard(b, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.1']);
  });
});

describe('RFC 4724: graceful restart', () => {
  const graceful: Partial<SessionConfig> = {
    gracefulRestart: 'on',
    gracefulRestartTimeS: 60,
    families: [familyConfig(0, { gracefulRestart: true, forwardingPreserved: true })],
  };

  test('routes outlive the session and go where they are not announced again', async () => {
    const a = await join('a', 1, { session: graceful });
    const b = await join('b', 2);
    a.setRoute('172.16.1.0/24', attrs(a));
    a.setRoute('172.16.2.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    expect(heard(b, 'rr')).toHaveLength(2);
    sim.network.link(a.host, rr.host).reset();
    sim.clock.runFor(500);
    expect(established(rr, 'a')).toBe(false);
    expect(rr.reflector.isRestarting('a')).toBe(true);
    expect(heard(b, 'rr')).toHaveLength(2);
    a.setRoute('172.16.2.0/24', undefined);
    sim.clock.runFor(40_000);
    expect(established(rr, 'a')).toBe(true);
    expect(heard(b, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.1']);
  });

  test('routes of a neighbour that does not come back go when its time is over', async () => {
    const a = await join('a', 1, { session: graceful });
    const b = await join('b', 2);
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    const link = sim.network.link(a.host, rr.host);
    link.set({ stalled: true });
    link.reset();
    sim.clock.runFor(50_000);
    expect(heard(b, 'rr')).toHaveLength(1);
    sim.clock.runFor(15_000);
    expect(heard(b, 'rr')).toEqual([]);
    expect(rr.reports.join('\n')).toContain('did not come back within its restart time');
  });

  test('a session that ends with a NOTIFICATION keeps nothing', async () => {
    const a = await join('a', 1, { session: graceful });
    const b = await join('b', 2);
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    a.speaker.disable('rr', 'maintenance');
    sim.clock.runFor(500);
    expect(heard(b, 'rr')).toEqual([]);
  });
});

describe('policy and limits', () => {
  test('import policy keeps what it rejects, so that another one needs no refresh', async () => {
    const a = await join('a', 1, {
      policy: { ...CLIENT, channels: [openChannel(0, { importPolicy: REJECT })] },
    });
    const b = await join('b', 2);
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    const peer = rr.reflector.peers.get('a')!;
    const channel = peer.channels[0]!;
    expect([channel.adjRibIn.imported, channel.adjRibIn.filtered]).toEqual([0, 1]);
    expect(heard(b, 'rr')).toEqual([]);
    peer.reconfigure({ ...peer.policy, channels: [openChannel(0)] });
    sim.clock.runFor(1000);
    expect(heard(b, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.1']);
  });

  test('export policy decides per network, and neighbours with different policies are different groups', async () => {
    const onlyHosts: Policy = {
      name: 'hosts',
      readsNetwork: true,
      readsSource: false,
      evaluate: (set, context) => (context.netLength === 32 ? set : 0),
    };
    const a = await join('a', 1);
    const b = await join('b', 2, {
      policy: { ...CLIENT, channels: [openChannel(0, { exportPolicy: onlyHosts })] },
    });
    const c = await join('c', 3);
    a.setRoute('172.16.1.0/24', attrs(a));
    a.setRoute('172.16.1.1/32', attrs(a));
    sim.clock.runFor(UP_MS);
    expect(heard(b, 'rr')).toEqual(['172.16.1.1/32 via 10.0.0.1']);
    expect(heard(c, 'rr')).toHaveLength(2);
    expect(rr.reflector.groups.size).toBe(2);
  });

  test.each([
    ['block', 2, true],
    ['warn', 4, true],
    ['restart', 0, false],
    ['disable', 0, false],
  ] as const)('import limit with action %s', async (action, kept, up) => {
    const limited = [openChannel(0, { importLimit: { count: 2, action } })];
    const a = await join('a', 1, { policy: { ...CLIENT, channels: limited } });
    for (let i = 0; i < 4; i++) a.setRoute(`172.16.${i}.0/24`, attrs(a));
    sim.clock.runFor(1500);
    expect(heard(rr, 'a')).toHaveLength(kept);
    expect(established(rr, 'a')).toBe(up);
    expect(rr.reports).toEqual([`a: import limit of 2 routes reached: ${action}`]);
    if (!up) return;
    const { limitsHit } = rr.reflector.peers.get('a')!.channels[0]!;
    expect(limitsHit).toEqual(new Set(['import']));
    for (let i = 0; i < 4; i++) a.setRoute(`172.16.${i}.0/24`, undefined);
    sim.clock.runFor(1000);
    expect(limitsHit).toEqual(new Set());
  });

  test.each([
    ['warn', 3, true],
    ['restart', 0, false],
    ['disable', 0, false],
  ] as const)('export limit with action %s', async (action, sent, up) => {
    const limited = [openChannel(0, { exportLimit: { count: 2, action } })];
    const a = await join('a', 1);
    const b = await join('b', 2, { policy: { ...CLIENT, channels: limited } });
    const own = await join('own', 3, { policy: { ...CLIENT, channels: limited } });
    own.setRoute('172.17.0.0/24', attrs(own));
    for (let i = 0; i < 2; i++) a.setRoute(`172.16.${i}.0/24`, attrs(a));
    sim.clock.runFor(1500);
    expect(rr.reports.filter((line) => line.startsWith('own'))).toEqual([]);
    expect(heard(b, 'rr')).toHaveLength(sent);
    expect(established(rr, 'b')).toBe(up);
    // What it sent itself is not sent to it, and does not count.
    expect(established(rr, 'own')).toBe(true);
    expect(rr.reports).toEqual([`b: export limit of 2 routes reached: ${action}`]);
    const { limitsHit } = rr.reflector.peers.get('b')?.channels[0] ?? {};
    if (up) {
      expect(limitsHit).toEqual(new Set(['export']));
      a.setRoute('172.16.0.0/24', undefined);
      sim.clock.runFor(1000);
      expect(limitsHit).toEqual(new Set());
    }
  });

  test('a kept Adj-RIB-In gets the import policy of the time when its neighbour is back', async () => {
    const session: Partial<SessionConfig> = {
      gracefulRestart: 'on',
      families: [familyConfig(0, { gracefulRestart: true, forwardingPreserved: true })],
    };
    const a = await join('a', 1, { session });
    const b = await join('b', 2);
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    expect(heard(b, 'rr')).toHaveLength(1);
    rr.policies.set('a', openPolicy({ ...CLIENT, channels: [openChannel(0, { importPolicy: REJECT })] }));
    a.speaker.restarting = true;
    sim.network.link(a.host, rr.host).reset();
    sim.clock.runFor(UP_MS);
    expect(established(rr, 'a')).toBe(true);
    expect(heard(b, 'rr')).toEqual([]);
  });
});

describe('paths that are refused', () => {
  const path = (...as: number[]): Uint8Array =>
    Uint8Array.of(2, as.length, ...as.flatMap((n) => [...u32Bytes(n)]));
  const asSet = Uint8Array.of(1, 1, ...u32Bytes(65_010));

  test.each([
    ['the own AS in it', {}, path(65_000), false],
    ['the own AS once, allowed once', { allowLocalAs: 1 }, path(65_000), true],
    ['the own AS twice, allowed once', { allowLocalAs: 1 }, path(65_000, 65_000), false],
    ['an AS set, allowed', {}, asSet, true],
    ['an AS set, not allowed', { allowAsSets: false }, asSet, false],
  ] as const)('%s', async (_name, policy, value, taken) => {
    const a = await join('a', 1, { policy: { ...CLIENT, ...policy } });
    const b = await join('b', 2);
    // The receiver of a reflected route must not find the loop itself.
    b.policies.set('rr', openPolicy({ allowLocalAs: 9 }));
    a.setRoute(
      '172.16.1.0/24',
      attrs(a, (editor) => editor.set(ATTR.asPath, FLAG.transitive, value)),
    );
    sim.clock.runFor(UP_MS);
    expect(heard(rr, 'a')).toHaveLength(taken ? 1 : 0);
    expect(rr.reflector.peers.get('a')!.refused).toBe(taken ? 0 : 1);
    expect(heard(b, 'rr')).toHaveLength(taken ? 1 : 0);
  });

  test.each([
    [true, 0],
    [false, 1],
  ])('another first AS with enforce first as %s', async (enforceFirstAs, taken) => {
    const a = await join('a', 1, {
      as: 65_020,
      policy: { enforceFirstAs },
      // A route server's client: its own AS does not come in front.
      ownPolicy: { routeServerClient: true },
    });
    a.setRoute(
      '172.16.1.0/24',
      attrs(a, (editor) => editor.set(ATTR.asPath, FLAG.transitive, path(65_021))),
    );
    sim.clock.runFor(UP_MS);
    expect(heard(rr, 'a')).toHaveLength(taken);
  });

  test.each([
    [true, 7],
    [false, undefined],
  ])('MED goes to external neighbours with allow bgp_med %s', async (allowMed, expected) => {
    const a = await join('a', 1);
    const out = await join('out', 2, { as: 65_020, policy: { allowMed } });
    a.setRoute(
      '172.16.1.0/24',
      attrs(a, (editor) => editor.set(ATTR.med, FLAG.optional, u32Bytes(7))),
    );
    sim.clock.runFor(UP_MS);
    const [row] = [...out.reflector.table('master4').best].filter((best) => best !== 0);
    const { store, paths } = out.reflector.table('master4');
    const set = paths.received[row!]!;
    expect(store.flags[set]! & HAS.med ? store.med[set] : undefined).toBe(expected);
  });
});

test('End-of-RIB follows the routes that were there', async () => {
  const a = await join('a', 1);
  for (let i = 0; i < 200; i++) a.setRoute(`172.16.${i}.0/24`, attrs(a));
  sim.clock.runFor(UP_MS);
  const b = await join('b', 2);
  const seen: number[] = [];
  sim.clock.runUntilTrue(() => {
    const channel = b.reflector.peers.get('rr')?.channels[0];
    if (channel?.endOfRib && seen.length === 0) seen.push(channel.adjRibIn.imported);
    return seen.length > 0;
  }, UP_MS);
  expect(seen).toEqual([200]);
});

test('a member that stops reading keeps no backlog, holds nobody up, and is right again afterwards', async () => {
  const limits = { windowBytes: 16 * 1024, segmentBytes: 4096 };
  rr = await router('10.0.0.101', '1.1.1.101', { limits });
  // Without keepalives nobody's hold timer runs: the stalled session is there to stay.
  const session: Partial<SessionConfig> = { holdTimeS: 0 };
  const a = await join('a', 1, { session });
  const b = await join('b', 2, { session });
  const slow = await join('slow', 3, { session });
  sim.clock.runFor(UP_MS);
  const link = sim.network.link(slow.host, rr.host);
  link.set({ stalled: true });
  const change = (round: number): void => {
    for (let i = 0; i < 250; i++) {
      const gone = round === 3 && i % 2 === 0;
      a.setRoute(
        `172.16.${i}.0/24`,
        gone
          ? undefined
          : attrs(a, (editor) => editor.set(ATTR.med, FLAG.optional, u32Bytes(round * 1000 + i))),
      );
    }
    sim.clock.runFor(2000);
  };
  for (let round = 0; round < 40; round++) change(round === 39 ? 3 : round);
  expect(heard(b, 'rr')).toHaveLength(125);
  const [group] = rr.reflector.groups.values();
  expect(group!.log.heldBytes).toBeLessThanOrEqual(limits.windowBytes + limits.segmentBytes);
  expect(heard(slow, 'rr').length).toBeLessThan(125);
  link.set({ stalled: false });
  sim.clock.runFor(20_000);
  expect(heard(slow, 'rr')).toEqual(heard(b, 'rr'));
  expect(group!.adjRibOut.tombstones).toBe(0);
});

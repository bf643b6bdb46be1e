/** RFC 9494 on a simulated network: a reflector `rr` that loses its neighbour `a`, with `b` and `c` watching. */
import { beforeEach, describe, expect, test } from 'vitest';
import { hasCommunity } from '../rib/attrs/communities.ts';
import { ATTR, FLAG, WELL_KNOWN_COMMUNITY } from '../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../rib/attrs/edit.ts';
import type { Policy } from '../rib/policy.ts';
import type { FamilyConfig, SessionConfig } from '../speaker/config.ts';
import { familyConfig, SimWorld } from '../speaker/sim/speakers.ts';
import { CLIENT, attrs, established, heard, joinReflector, listeningRouter } from './sim/star.ts';
import { openChannel, type SimRouter } from './sim/router.ts';

const UP_MS = 30_000;
const RESTART_S = 20;
const STALE_S = 100;
const AWARE: Partial<SessionConfig> = { longLived: 'aware' };

let sim: SimWorld;
let rr: SimRouter;

beforeEach(async () => {
  sim = new SimWorld(11);
  rr = await listeningRouter(sim, { address: '10.0.0.100', routerId: '1.1.1.100' });
});

function longLived(
  options: Partial<SessionConfig> = {},
  family: Partial<FamilyConfig> = {},
): Partial<SessionConfig> {
  return {
    gracefulRestart: 'on',
    gracefulRestartTimeS: RESTART_S,
    longLived: 'on',
    families: [
      familyConfig(0, {
        gracefulRestart: true,
        forwardingPreserved: true,
        longLived: true,
        staleTimeS: STALE_S,
        ...family,
      }),
    ],
    ...options,
  };
}

/** `prefix` of what a router has from the reflector, `prefix stale` of what is long-lived stale. */
function seen(of: SimRouter, from = 'rr'): string[] {
  const { paths, nets, store, sources } = of.reflector.table('master4');
  const lines: string[] = [];
  for (let row = 1; row < paths.end; row++) {
    const set = paths.attrs[row]!;
    if (set === 0 || sources.info(paths.source[row]!).protocol !== from) continue;
    const communities = store.value(set, ATTR.communities) ?? new Uint8Array(0);
    const stale = hasCommunity(communities, 0, communities.length, WELL_KNOWN_COMMUNITY.llgrStale);
    lines.push(`${nets.format(paths.net[row]!)}${stale ? ' stale' : ''}`);
  }
  return lines.sort();
}

const withCommunity =
  (community: number) =>
  (editor: AttrEditor): void =>
    void editor.set(ATTR.communities, FLAG.optional | FLAG.transitive, u32Bytes(community));

/** Cuts the link so that nothing passes until `heal`. */
function cut(of: SimRouter): void {
  const link = sim.network.link(of.host, rr.host);
  link.set({ stalled: true });
  link.reset();
}

function heal(of: SimRouter): void {
  sim.network.link(of.host, rr.host).heal();
}

describe('a neighbour that does not come back', () => {
  test('leaves routes that are marked after the restart time and go after the stale time', async () => {
    const a = await joinReflector(sim, rr, 'a', 1, { session: longLived() });
    const b = await joinReflector(sim, rr, 'b', 2, { session: AWARE });
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    cut(a);
    sim.clock.runFor((RESTART_S - 2) * 1000);
    expect(seen(b)).toEqual(['172.16.1.0/24']);
    sim.clock.runFor(4000);
    expect(seen(b)).toEqual(['172.16.1.0/24 stale']);
    expect(rr.reports.join('\n')).toContain('routes are long-lived stale');
    sim.clock.runFor((STALE_S - 4) * 1000);
    expect(seen(b)).toEqual(['172.16.1.0/24 stale']);
    sim.clock.runFor(4000);
    expect(seen(b)).toEqual([]);
    expect(rr.reflector.isRestarting('a')).toBe(false);
    sim.clock.runFor(10_000);
    expect(rr.reflector.store.size).toBe(0);
  });

  test('is not kept for those who do not know such routes, and not where NO_LLGR says so', async () => {
    const a = await joinReflector(sim, rr, 'a', 1, { session: longLived() });
    const aware = await joinReflector(sim, rr, 'b', 2, { session: AWARE });
    const unaware = await joinReflector(sim, rr, 'c', 3);
    a.setRoute('172.16.1.0/24', attrs(a));
    a.setRoute('172.16.2.0/24', attrs(a, withCommunity(WELL_KNOWN_COMMUNITY.noLlgr)));
    sim.clock.runFor(UP_MS);
    expect([seen(aware).length, seen(unaware).length]).toEqual([2, 2]);
    cut(a);
    sim.clock.runFor((RESTART_S + 2) * 1000);
    expect(seen(aware)).toEqual(['172.16.1.0/24 stale']);
    expect(seen(unaware)).toEqual([]);
  });

  test('gives way to anybody else', async () => {
    const a = await joinReflector(sim, rr, 'a', 1, { session: longLived() });
    const b = await joinReflector(sim, rr, 'b', 2, { session: AWARE });
    const c = await joinReflector(sim, rr, 'c', 3, { session: AWARE });
    const preferred = (editor: AttrEditor): void =>
      void editor.set(ATTR.localPref, FLAG.transitive, u32Bytes(500));
    a.setRoute('172.16.1.0/24', attrs(a, preferred));
    b.setRoute('172.16.1.0/24', attrs(b));
    sim.clock.runFor(UP_MS);
    expect(heard(c, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.1']);
    cut(a);
    sim.clock.runFor((RESTART_S + 2) * 1000);
    expect(heard(c, 'rr')).toEqual(['172.16.1.0/24 via 10.0.0.2']);
    expect(seen(rr, 'a')).toEqual(['172.16.1.0/24 stale']);
  });

  test('is given the stale time that our bounds allow', async () => {
    const session = longLived({}, { maxStaleTimeS: 10 });
    const a = await joinReflector(sim, rr, 'a', 1, { session });
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    cut(a);
    sim.clock.runFor((RESTART_S + 8) * 1000);
    expect(seen(rr, 'a')).toEqual(['172.16.1.0/24 stale']);
    sim.clock.runFor(4000);
    expect(seen(rr, 'a')).toEqual([]);
  });

  test('leaves routes that stay marked when the import policy is asked again', async () => {
    const clearing: Policy = {
      name: 'clearing',
      readsNetwork: false,
      readsSource: false,
      evaluate: (set) => new AttrEditor(rr.reflector.store).edit(set).remove(ATTR.communities).commit(),
    };
    const a = await joinReflector(sim, rr, 'a', 1, { session: longLived() });
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    const { adjRibIn } = rr.reflector.peers.get('a')!.channels[0]!;
    cut(a);
    sim.clock.runFor((RESTART_S + 2) * 1000);
    adjRibIn.setPolicy(clearing);
    rr.reflector.backgroundPass(adjRibIn, (rows) => adjRibIn.reapply(rows));
    sim.clock.runFor(1000);
    expect(seen(rr, 'a')).toEqual(['172.16.1.0/24 stale']);
  });

  test('whose session is stopped by hand leaves nothing', async () => {
    const a = await joinReflector(sim, rr, 'a', 1, { session: longLived() });
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    cut(a);
    sim.clock.runFor((RESTART_S + 2) * 1000);
    rr.reflector.forget('a');
    sim.clock.runFor(1000);
    expect(seen(rr, 'a')).toEqual([]);
  });
});

describe('a neighbour that comes back late', () => {
  test('makes its routes new again; what it does not announce goes at End-of-RIB', async () => {
    const a = await joinReflector(sim, rr, 'a', 1, { session: longLived() });
    const b = await joinReflector(sim, rr, 'b', 2, { session: AWARE });
    for (const i of [1, 2]) a.setRoute(`172.16.${i}.0/24`, attrs(a));
    sim.clock.runFor(UP_MS);
    cut(a);
    sim.clock.runFor((RESTART_S + 5) * 1000);
    expect(seen(b)).toEqual(['172.16.1.0/24 stale', '172.16.2.0/24 stale']);
    a.speaker.restarting = true;
    a.setRoute('172.16.2.0/24', undefined);
    heal(a);
    sim.clock.runFor(40_000);
    expect(established(rr, 'a')).toBe(true);
    expect(seen(b)).toEqual(['172.16.1.0/24']);
    expect(rr.reflector.peers.get('a')!.channels[0]!.staleTimer).toBeUndefined();
  });

  test('loses what it has not kept forwarding for', async () => {
    const a = await joinReflector(sim, rr, 'a', 1, { session: longLived() });
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    cut(a);
    sim.clock.runFor((RESTART_S + 5) * 1000);
    const source = rr.reflector.restartOf('a')!.kept[0]!.adjRibIn;
    heal(a);
    sim.clock.runFor(40_000);
    expect(rr.reflector.peers.get('a')!.channels[0]!.adjRibIn).not.toBe(source);
    expect(seen(rr, 'a')).toEqual(['172.16.1.0/24']);
  });

  test('gets no second stale time when it is lost before its End-of-RIB', async () => {
    const a = await joinReflector(sim, rr, 'a', 1, { session: longLived() });
    a.setRoute('172.16.1.0/24', attrs(a));
    sim.clock.runFor(UP_MS);
    cut(a);
    sim.clock.runFor((RESTART_S + 50) * 1000);
    a.speaker.restarting = true;
    // It waits for somebody else before it announces anything (RFC 4724 section 4.1).
    a.reflector.deferExport();
    heal(a);
    sim.clock.runFor(20_000);
    expect(established(rr, 'a')).toBe(true);
    expect(seen(rr, 'a')).toEqual(['172.16.1.0/24 stale']);
    cut(a);
    sim.clock.runFor(20_000);
    expect(seen(rr, 'a')).toEqual(['172.16.1.0/24 stale']);
    sim.clock.runFor(20_000);
    expect(seen(rr, 'a')).toEqual([]);
  });
});

test('a hold timer that runs out is a restart too, and needs no NOTIFICATION', async () => {
  const a = await joinReflector(sim, rr, 'a', 1, { session: longLived() });
  a.setRoute('172.16.1.0/24', attrs(a));
  sim.clock.runFor(UP_MS);
  sim.network.link(a.host, rr.host).set({ stalled: true });
  sim.clock.runFor(15_000);
  expect(established(rr, 'a')).toBe(false);
  expect(rr.reflector.isRestarting('a')).toBe(true);
  const { lastError, counters } = rr.speaker.sessions().find(({ name }) => name === 'a')!;
  expect([lastError, counters.notificationsSent]).toEqual(['Socket: Hold timer expired', 0]);
});

test('RFC 4724: what is stale for the second time goes', async () => {
  const graceful = longLived({ longLived: 'off' });
  const a = await joinReflector(sim, rr, 'a', 1, { session: graceful });
  const policy = { ...CLIENT, channels: [openChannel(0)] };
  const b = await joinReflector(sim, rr, 'b', 2, { session: AWARE, policy });
  a.setRoute('172.16.1.0/24', attrs(a));
  sim.clock.runFor(UP_MS);
  cut(a);
  a.speaker.restarting = true;
  a.reflector.deferExport();
  sim.clock.runFor(1000);
  heal(a);
  sim.clock.runFor(15_000);
  expect(established(rr, 'a')).toBe(true);
  expect(seen(b)).toEqual(['172.16.1.0/24']);
  cut(a);
  sim.clock.runFor(1000);
  expect(rr.reflector.isRestarting('a')).toBe(true);
  expect(seen(b)).toEqual([]);
});

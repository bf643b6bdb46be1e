/**
 * RFC 5065: member AS 65001 of confederation 100 (`rr`), with `member` in member AS 65002, `inner` in its own member
 * AS and `outside` in AS 200.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { formatAsPath } from '../rib/attrs/as-path.ts';
import { ATTR, FLAG, WELL_KNOWN_COMMUNITY } from '../rib/attrs/codes.ts';
import { u32Bytes, type AttrEditor } from '../rib/attrs/edit.ts';
import { ATTRIBUTES, type AttrContext } from '../rib/attrs/table.ts';
import { HAS } from '../rib/attrs/store.ts';
import { SimWorld } from '../speaker/sim/speakers.ts';
import { attrs, joinReflector, listeningRouter } from './sim/star.ts';
import type { SimRouter } from './sim/router.ts';
import { openPolicy } from './sim/router.ts';

const UP_MS = 30_000;
const CONFEDERATION = 100;
const IN_IT = { confederation: true };
const MEMBER = { confederation: true, confederationMember: true };
const PREFIX = '172.16.1.0/24';

let sim: SimWorld;
let rr: SimRouter;
let member: SimRouter;
let inner: SimRouter;
let outside: SimRouter;

beforeEach(async () => {
  sim = new SimWorld(5);
  rr = await listeningRouter(sim, { address: '10.0.0.100', routerId: '1.1.1.100', as: 65001 });
  const join = { policy: IN_IT, ownPolicy: IN_IT };
  member = await joinReflector(sim, rr, 'member', 1, {
    ...join,
    as: 65002,
    session: { confederationMember: true },
  });
  inner = await joinReflector(sim, rr, 'inner', 2, { ...join, as: 65001 });
  outside = await listeningRouter(sim, { address: '10.0.0.3', routerId: '1.1.1.3', as: 200 });
  rr.policies.set('outside', openPolicy({ ...IN_IT, channels: openPolicy().channels }));
  outside.policies.set('rr', openPolicy());
  rr.addNeighbor('outside', outside, { publicAs: CONFEDERATION });
  outside.addNeighbor('rr', rr, { remoteAs: CONFEDERATION });
});

/** The attributes of the one route that a router has from the reflector; undefined for none. */
function found(of: SimRouter, from = 'rr'): { path: string; localPref: number; med: number } | undefined {
  const { paths, store, sources } = of.reflector.table('master4');
  for (let row = 1; row < paths.end; row++) {
    const set = paths.attrs[row]!;
    if (set === 0 || sources.info(paths.source[row]!).protocol !== from) continue;
    const at = store.valueAt(set, ATTR.asPath);
    const path = formatAsPath(store.bytes, at, store.foundLength);
    return {
      path,
      localPref: store.localPref[set]!,
      med: store.flags[set]! & HAS.med ? store.med[set]! : -1,
    };
  }
  return undefined;
}

const decorated = (editor: AttrEditor): void => {
  editor.set(ATTR.localPref, FLAG.transitive, u32Bytes(300));
  editor.set(ATTR.med, FLAG.optional, u32Bytes(7));
};

const withPath =
  (...bytes: number[]) =>
  (editor: AttrEditor): void =>
    void editor.set(ATTR.asPath, FLAG.transitive, Uint8Array.from(bytes));

describe('what is sent', () => {
  test('within the own member AS stays; to another one gets the member AS in a segment of its own', async () => {
    rr.setRoute(PREFIX, attrs(rr, decorated));
    sim.clock.runFor(UP_MS);
    expect(found(inner)).toEqual({ path: '', localPref: 300, med: 7 });
    expect(found(member)).toEqual({ path: '(65001)', localPref: 300, med: 7 });
    expect(found(outside)).toEqual({ path: '100', localPref: 100, med: -1 });
  });

  test('of another member AS goes on with its LOCAL_PREF and MED, and leaves with neither its AS nor those', () => {
    member.setRoute(PREFIX, attrs(member, decorated));
    sim.clock.runFor(UP_MS);
    expect(found(rr, 'member')).toEqual({ path: '(65002)', localPref: 300, med: 7 });
    expect(found(inner)).toEqual({ path: '(65002)', localPref: 300, med: 7 });
    expect(found(outside)).toEqual({ path: '100', localPref: 100, med: -1 });
  });

  test('from outside has the confederation in front of nothing but its own path', () => {
    outside.setRoute(PREFIX, attrs(outside));
    sim.clock.runFor(UP_MS);
    expect(found(member)).toEqual({ path: '(65001) 200', localPref: 100, med: -1 });
    expect(found(inner)).toEqual({ path: '200', localPref: 100, med: -1 });
  });

  test.each([
    ['NO_EXPORT', WELL_KNOWN_COMMUNITY.noExport, [true, true, false]],
    ['NO_EXPORT_SUBCONFED', WELL_KNOWN_COMMUNITY.noExportSubconfed, [true, false, false]],
    ['NO_ADVERTISE', WELL_KNOWN_COMMUNITY.noAdvertise, [false, false, false]],
  ] as const)('%s stops where RFC 1997 says', (_name, community, reached) => {
    const set = attrs(rr, (editor) =>
      editor.set(ATTR.communities, FLAG.optional | FLAG.transitive, u32Bytes(community)),
    );
    rr.setRoute(PREFIX, set);
    sim.clock.runFor(UP_MS);
    expect([inner, member, outside].map((router) => found(router) !== undefined)).toEqual(reached);
  });

  test('to another member AS carries no ORIGINATOR_ID and no CLUSTER_LIST', () => {
    rr.policies.set('inner', openPolicy({ ...IN_IT, routeReflectorClient: true, clusterId: 9 }));
    inner.setRoute(PREFIX, attrs(inner));
    sim.clock.runFor(UP_MS);
    const { paths, store } = member.reflector.table('master4');
    expect(store.flags[paths.attrs[1]!]! & (HAS.originatorId | HAS.clusterList)).toBe(0);
    expect(found(member)?.path).toBe('(65001)');
  });
});

describe('what is refused', () => {
  const as = (asn: number): number[] => [...u32Bytes(asn)];

  test('the own member AS and the confederation in a path are loops', () => {
    outside.setRoute('172.16.2.0/24', attrs(outside, withPath(2, 1, ...as(CONFEDERATION))));
    outside.setRoute('172.16.3.0/24', attrs(outside, withPath(2, 1, ...as(65001))));
    member.setRoute('172.16.4.0/24', attrs(member, withPath(3, 1, ...as(65001))));
    sim.clock.runFor(UP_MS);
    expect([found(rr, 'outside'), found(rr, 'member')]).toEqual([undefined, undefined]);
    expect(rr.reflector.peers.get('outside')!.refused).toBe(2);
    expect(rr.reflector.peers.get('member')!.refused).toBe(1);
  });

  test('a path from another member AS that does not start with one is malformed', async () => {
    const stranger = await joinReflector(sim, rr, 'stranger', 4, { as: 65003, policy: IN_IT });
    // It takes the reflector for an external neighbour, so that it prepends itself in an AS_SEQUENCE.
    rr.speaker.removeSession('stranger', 'changed');
    rr.addNeighbor('stranger', stranger, { confederationMember: true });
    stranger.setRoute(PREFIX, attrs(stranger));
    sim.clock.runFor(UP_MS);
    expect(found(rr, 'stranger')).toBeUndefined();
    expect(rr.reports.join('\n')).toContain('missing initial AS_CONFED_SEQUENCE');
  });

  test.each<[string, number[], Partial<AttrContext>, string | undefined]>([
    ['a segment from nowhere', [3, 1, 0, 0, 0, 9], {}, 'confederation segment'],
    ['a segment from the own AS', [3, 1, 0, 0, 0, 9], { internal: true, confederation: true }, undefined],
    ['none from the own AS', [2, 1, 0, 0, 0, 9], { internal: true, confederation: true }, undefined],
    ['a segment from a member', [3, 1, 0, 0, 0, 9], MEMBER, undefined],
    ['a set in front from a member', [4, 1, 0, 0, 0, 9], MEMBER, 'missing initial AS_CONFED_SEQUENCE'],
    ['an empty path from a member', [], MEMBER, 'missing initial AS_CONFED_SEQUENCE'],
  ])('%s', (_name, path, options, fault) => {
    const context = { as4: true, internal: false, allowLocalPref: false, aigp: false, ...options };
    expect(ATTRIBUTES[ATTR.asPath]!.check(Uint8Array.from(path), 0, path.length, context)).toBe(fault);
  });
});

test('a route server passes paths on without segments of a confederation', () => {
  rr.policies.set('outside', openPolicy({ enforceFirstAs: false }));
  outside.policies.set('rr', openPolicy({ routeServerClient: true, confederation: true }));
  outside.setRoute(PREFIX, attrs(outside, withPath(3, 1, 0, 0, 0, 9, 2, 1, 0, 0, 0, 8)));
  sim.clock.runFor(UP_MS);
  expect(found(rr, 'outside')?.path).toBe('8');
});

/**
 * What every router of a network of reflectors should hold, worked out the slow way: plain objects, all rules spelled
 * out once more, rounds of everybody telling everybody until nothing changes. Shares no code with what it checks.
 */

import type { SimFilter } from './policies.ts';

/** A route as a router holds it. */
export interface OracleRoute {
  readonly prefix: string;
  readonly localPref: number;
  readonly asPath: readonly number[];
  readonly origin: number;
  readonly med: number;
  readonly nextHop: string;
  readonly communities: readonly number[];
  readonly originatorId: number;
  readonly clusterList: readonly number[];
}

export interface OracleRouter {
  readonly name: string;
  readonly as: number;
  readonly routerId: number;
  readonly address: string;
  /** Routes of its own, by prefix. */
  readonly own: ReadonlyMap<string, OracleRoute>;
}

/** One end of a session: `router` sees `neighbor` as described. */
export interface OracleSession {
  readonly router: string;
  readonly neighbor: string;
  readonly isClient: boolean;
  readonly clusterId: number;
  readonly importFilter: SimFilter;
  readonly exportFilter: SimFilter;
  /** What is sent has the router's own address as next hop. */
  readonly nextHopSelf: boolean;
}

/** Paths by prefix, then by the neighbour they are from (the router's own name for its own). */
export type OracleTable = Map<string, Map<string, OracleRoute>>;

/** The tables of all routers, by name, once they have settled. Throws where they do not. */
export function settle(
  routers: readonly OracleRouter[],
  sessions: readonly OracleSession[],
): Map<string, OracleTable> {
  const byName = new Map(routers.map((router) => [router.name, router]));
  const end = (router: string, neighbor: string): OracleSession =>
    sessions.find((session) => session.router === router && session.neighbor === neighbor)!;
  let tables = new Map(routers.map((router) => [router.name, ownTable(router)]));
  for (let round = 0; round < 200; round++) {
    const next = new Map(routers.map((router) => [router.name, ownTable(router)]));
    for (const router of routers) {
      for (const [prefix, paths] of tables.get(router.name)!) {
        const from = bestOf(router, paths, byName);
        for (const session of sessions) {
          if (session.router !== router.name || session.neighbor === from) continue;
          const target = byName.get(session.neighbor)!;
          const source = from === router.name ? undefined : end(router.name, from);
          const reflected = exported(router, paths.get(from)!, source, session, byName);
          const sent = reflected && filtered(reflected, session.exportFilter);
          const back = end(target.name, router.name);
          const arrived = sent && accepted(sent, target, router, back);
          const taken = arrived && filtered(arrived, back.importFilter);
          if (!taken) continue;
          const table = next.get(target.name)!;
          table.set(prefix, (table.get(prefix) ?? new Map<string, OracleRoute>()).set(router.name, taken));
        }
      }
    }
    if (describeAll(next) === describeAll(tables)) return next;
    tables = next;
  }
  throw new Error('the oracle does not settle: the network has no stable state');
}

function ownTable(router: OracleRouter): OracleTable {
  const table: OracleTable = new Map();
  for (const [prefix, route] of router.own) table.set(prefix, new Map([[router.name, route]]));
  return table;
}

/** RFC 4271 section 9.1.2 and RFC 4456 section 9, one criterion after the other. */
function bestOf(
  router: OracleRouter,
  paths: ReadonlyMap<string, OracleRoute>,
  byName: ReadonlyMap<string, OracleRouter>,
): string {
  if (paths.has(router.name)) return router.name;
  let left = [...paths.keys()];
  const keep = (score: (name: string) => number): void => {
    const lowest = Math.min(...left.map(score));
    left = left.filter((name) => score(name) === lowest);
  };
  const route = (name: string): OracleRoute => paths.get(name)!;
  const internal = (name: string): boolean => byName.get(name)!.as === router.as;
  keep((name) => -route(name).localPref);
  keep((name) => route(name).asPath.length);
  keep((name) => route(name).origin);
  left = left.filter((name) => {
    const rival = (other: string): boolean =>
      route(other).asPath[0] === route(name).asPath[0] && route(other).med < route(name).med;
    return !left.some(rival);
  });
  keep((name) => Number(internal(name)));
  keep((name) => route(name).originatorId || byName.get(name)!.routerId);
  keep((name) => route(name).clusterList.length);
  keep((name) => addressNumber(byName.get(name)!.address));
  return left[0]!;
}

function addressNumber(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** What a router sends of its best path; undefined for nothing. */
function exported(
  router: OracleRouter,
  route: OracleRoute,
  source: OracleSession | undefined,
  target: OracleSession,
  byName: ReadonlyMap<string, OracleRouter>,
): OracleRoute | undefined {
  const neighbor = byName.get(target.neighbor)!;
  if (neighbor.as !== router.as) {
    return {
      ...route,
      asPath: [router.as, ...route.asPath],
      localPref: 100,
      med: 0,
      nextHop: router.address,
      originatorId: 0,
      clusterList: [],
    };
  }
  const nextHop = target.nextHopSelf ? router.address : route.nextHop;
  if (!source || byName.get(source.neighbor)!.as !== router.as) return { ...route, nextHop };
  if (!source.isClient && !target.isClient) return undefined;
  if (target.isClient && route.clusterList.includes(target.clusterId)) return undefined;
  const clusters: number[] = [];
  if (target.isClient && (!source.isClient || source.clusterId !== target.clusterId))
    clusters.push(target.clusterId);
  if (source.isClient) clusters.push(source.clusterId);
  return {
    ...route,
    nextHop,
    originatorId: route.originatorId || byName.get(source.neighbor)!.routerId,
    clusterList: [...clusters, ...route.clusterList],
  };
}

/** What a filter leaves of a route. */
function filtered(route: OracleRoute, filter: SimFilter): OracleRoute | undefined {
  if (filter === 'all') return route;
  if (filter === 'none') return undefined;
  if (filter.kind === 'tag') return { ...route, communities: [filter.community >>> 0] };
  return Number(route.prefix.split('.')[2]) % 3 === filter.remainder ? undefined : route;
}

/** What a router makes of what it is sent; undefined where it is a loop. */
function accepted(
  route: OracleRoute,
  router: OracleRouter,
  from: OracleRouter,
  session: OracleSession,
): OracleRoute | undefined {
  if (route.asPath.includes(router.as)) return undefined;
  if (from.as !== router.as) return route;
  if (route.originatorId === router.routerId) return undefined;
  if (session.isClient && route.clusterList.includes(session.clusterId)) return undefined;
  return route;
}

/** One line a path, sorted: tables are equal where their descriptions are. */
export function describeTable(table: OracleTable): string[] {
  const lines: string[] = [];
  for (const [prefix, paths] of table) {
    for (const [from, route] of paths) lines.push(describeRoute(prefix, from, route));
  }
  return lines.sort();
}

export function describeRoute(prefix: string, from: string, route: OracleRoute): string {
  const { localPref, asPath, origin, med, nextHop, communities, originatorId, clusterList } = route;
  return (
    `${prefix} from ${from}: pref ${localPref} path [${asPath.join(' ')}] origin ${origin} med ${med} ` +
    `via ${nextHop} communities [${communities.join(' ')}] originator ${originatorId} clusters [${clusterList.join(' ')}]`
  );
}

function describeAll(tables: ReadonlyMap<string, OracleTable>): string {
  return [...tables].map(([name, table]) => `${name}\n${describeTable(table).join('\n')}`).join('\n');
}

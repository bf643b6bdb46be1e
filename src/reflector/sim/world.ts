/**
 * A whole network on simulated time. Every router is a real Speaker with a real Reflector; links misbehave, routes
 * come and go, then everything heals and every table must equal the oracle's.
 */
import { formatIp, ipFromBytes, parseIpv4 } from '../../base/ip.ts';
import { seededRandom, type Random } from '../../base/random.ts';
import { asAt } from '../../rib/attrs/as-path.ts';
import { ATTR, FLAG, LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../../rib/attrs/edit.ts';
import type { RoutingTable } from '../../rib/table.ts';
import type { SessionConfig } from '../../speaker/config.ts';
import { familyConfig, SimWorld } from '../../speaker/sim/speakers.ts';
import type { SimHost, SimLink } from '../../speaker/sim/network.ts';
import type { PeerPolicy } from '../peer-policy.ts';
import type { Reflector } from '../reflector.ts';
import { NO_FILTERS, randomFilters, SimPolicies, type SimFilters } from './policies.ts';
import { openChannel, openPolicy, SimRouter } from './router.ts';
import { describeRoute, describeTable, settle, type OracleRoute, type OracleSession } from './oracle.ts';
import { randomTopology, type SimRouterSpec, type Topology } from './topology.ts';

const STATIC_PREFERENCE = 200;
/** Small, so that a stalled member falls out of the log and is resynchronised, or has its group wait. */
const LOG_LIMITS = [
  { segmentBytes: 4096, windowBytes: 16 * 1024 },
  { segmentBytes: 8192, windowBytes: 16 * 1024 },
  { segmentBytes: 16 * 1024, windowBytes: 64 * 1024 },
] as const;
/** Simulated milliseconds. */
const FAULTY_MS = 60_000;
const HEAL_LIMIT_MS = 1_800_000;
const QUIET_MS = 30_000;

interface WorldRouter {
  readonly spec: SimRouterSpec;
  readonly router: SimRouter;
  readonly own: Map<string, OracleRoute>;
}

export interface SimResult {
  readonly seed: number;
  readonly kind: string;
  readonly routers: number;
  readonly routes: number;
  /** Sessions that were lost while links misbehaved. */
  readonly sessionsLost: number;
  /** Policies that changed while their session was up. */
  readonly reconfigurations: number;
  /** What was wrong at the end, one line each; empty where all was well. */
  readonly faults: string[];
}

export class ReflectionWorld {
  readonly #seed: number;
  readonly #random: Random;
  readonly #sim: SimWorld;
  readonly #topology: Topology;
  readonly #limits: (typeof LOG_LIMITS)[number];
  readonly #routers = new Map<string, WorldRouter>();
  /** What routers were last configured with, by router and neighbour. */
  readonly #filters = new Map<string, SimFilters>();
  readonly #policyBooks = new Map<string, SimPolicies>();
  readonly #links: { link: SimLink; ends: [SimHost, SimHost] }[] = [];
  #sessionsLost = 0;
  #reconfigurations = 0;
  #ending = false;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.#sim = new SimWorld(seed ^ 0x5ca1ab1e);
    this.#topology = randomTopology(this.#random);
    this.#limits = this.#random.pick(LOG_LIMITS);
  }

  /** Runs the world from cold start to empty tables. */
  async run(): Promise<SimResult> {
    for (const spec of this.#topology.routers) await this.#addRouter(spec);
    for (const session of this.#topology.sessions) this.#connect(session);
    const faults: string[] = [];
    this.#misbehave();
    const routes = [...this.#routers.values()].reduce((sum, router) => sum + router.own.size, 0);
    this.#heal();
    if (!this.#converge()) faults.push('sessions are not all Established after healing');
    faults.push(...this.#compare());
    this.#withdrawAll();
    if (!this.#converge()) faults.push('sessions are not all Established after the last withdrawal');
    faults.push(...this.#leftovers());
    this.#ending = true;
    for (const { router } of this.#routers.values()) void router.speaker.shutdown();
    const { kind } = this.#topology;
    return {
      seed: this.#seed,
      kind,
      routers: this.#routers.size,
      routes,
      sessionsLost: this.#sessionsLost,
      reconfigurations: this.#reconfigurations,
      faults,
    };
  }

  async #addRouter(spec: SimRouterSpec): Promise<void> {
    const router = new SimRouter(this.#sim, {
      address: `10.0.0.${spec.index}`,
      // Router IDs are in another order than addresses, so that the steps that read them differ.
      routerId: `1.1.${(spec.index * 7) % 11}.${spec.index}`,
      as: spec.as,
      policyOf: (neighbor) => this.#policy(spec.name, neighbor),
      limits: this.#limits,
    });
    router.speaker.happenings.subscribe((event) => {
      if (event.type === 'ended' && !this.#ending) this.#sessionsLost++;
    });
    // Those say in their OPENs that forwarding went on, so that what is kept of them is refreshed, not dropped.
    router.speaker.restarting = this.#random.chance(0.5);
    await router.listen();
    this.#routers.set(spec.name, { spec, router, own: new Map() });
    this.#policyBooks.set(spec.name, new SimPolicies(router.reflector.store));
  }

  #policy(router: string, neighbor: string): PeerPolicy {
    const isClient = this.#reflectsFor(router, neighbor);
    const { importFilter, exportFilter, nextHopSelf } = this.#filtersOf(router, neighbor);
    const book = this.#policyBooks.get(router)!;
    return openPolicy({
      routeReflectorClient: isClient,
      clusterId: isClient ? this.#topology.clusters.get(router)! : 0,
      channels: [
        openChannel(0, {
          importPolicy: book.policy(importFilter),
          exportPolicy: book.policy(exportFilter),
          nextHopSelf: nextHopSelf ? 'all' : 'no',
        }),
      ],
    });
  }

  #filtersOf(router: string, neighbor: string): SimFilters {
    return this.#filters.get(`${router} ${neighbor}`) ?? NO_FILTERS;
  }

  /** Another configuration for a router: filters of some of its neighbours change, sessions stay. */
  #reconfigure(): void {
    const random = this.#random;
    const { spec, router } = random.pick([...this.#routers.values()]);
    const filters = randomFilters(random);
    const everybody = random.chance(0.3);
    for (const neighbor of this.#neighbors(spec.name)) {
      if (!everybody && random.chance(0.5)) continue;
      this.#filters.set(`${spec.name} ${neighbor}`, random.chance(0.8) ? filters : randomFilters(random));
      const peer = router.reflector.peers.get(neighbor);
      peer?.reconfigure(this.#policy(spec.name, neighbor));
      if (peer) this.#reconfigurations++;
    }
  }

  #neighbors(router: string): string[] {
    return this.#topology.sessions.flatMap(({ a, b }) => (a === router ? [b] : b === router ? [a] : []));
  }

  #reflectsFor(router: string, neighbor: string): boolean {
    return this.#topology.sessions.some(
      ({ a, b, aReflectsFor, bReflectsFor }) =>
        (a === router && b === neighbor && aReflectsFor) || (b === router && a === neighbor && bReflectsFor),
    );
  }

  #connect({ a, b }: { a: string; b: string }): void {
    const first = this.#routers.get(a)!;
    const second = this.#routers.get(b)!;
    const restarts = this.#random.chance(0.3);
    first.router.addNeighbor(b, second.router, restarts ? this.#restarting() : {});
    second.router.addNeighbor(a, first.router, restarts ? this.#restarting() : {});
    const ends: [SimHost, SimHost] = [first.router.host, second.router.host];
    this.#links.push({ link: this.#sim.network.link(...ends), ends });
  }

  /** Graceful restart with times that are over in the middle of the trouble, often followed by a long-lived period. */
  #restarting(): Partial<SessionConfig> {
    const random = this.#random;
    const longLived = random.chance(0.7);
    const staleTimeS = 5 + random.below(60);
    return {
      gracefulRestart: 'on',
      gracefulRestartTimeS: random.below(20),
      longLived: longLived ? 'on' : 'aware',
      families: [
        familyConfig(0, { gracefulRestart: true, forwardingPreserved: true, longLived, staleTimeS }),
      ],
    };
  }

  /** A minute of announcements, changes and withdrawals over links that delay, chop, stall, break and vanish. */
  #misbehave(): void {
    const { clock } = this.#sim;
    const random = this.#random;
    const end = clock.now() + FAULTY_MS;
    const prefixes = Array.from({ length: 5 + random.below(60) }, (_, i) => `172.16.${i}.0/24`);
    while (clock.now() < end) {
      for (let i = random.below(30); i > 0; i--) this.#changeRoute(random.pick(prefixes));
      if (random.chance(0.4)) this.#changeLink();
      if (random.chance(0.2)) this.#reconfigure();
      clock.runFor(1 + random.below(800));
    }
  }

  #changeRoute(prefix: string): void {
    const random = this.#random;
    const { router, own } = random.pick([...this.#routers.values()]);
    if (random.chance(0.3)) {
      own.delete(prefix);
      router.setRoute(prefix, undefined);
      return;
    }
    const route: OracleRoute = {
      prefix,
      localPref: 100 + random.below(3) * 10,
      asPath: Array.from({ length: random.below(3) }, () => 64500 + random.below(4)),
      origin: random.below(3),
      med: 0,
      nextHop: router.address,
      communities: Array.from(
        { length: random.below(40) },
        (_, i) => (65000 << 16) + i + random.below(3),
      ).map((value) => value >>> 0),
      originatorId: 0,
      clusterList: [],
    };
    own.set(prefix, route);
    router.setRoute(prefix, internRoute(router.reflector, route));
  }

  #changeLink(): void {
    const random = this.#random;
    const { link, ends } = random.pick(this.#links);
    switch (random.below(7)) {
      case 0:
        link.set({ delayMs: [1, 1 + random.below(200)] });
        break;
      case 1:
        link.set({ maxChunk: 1 + random.below(50) });
        break;
      case 2:
        link.set({ stalled: true });
        break;
      case 3:
        link.set({ stalled: false });
        break;
      case 4:
        link.reset();
        break;
      case 5:
        link.vanish(random.pick(ends));
        break;
      default:
        link.set({ refuse: random.chance(0.5) });
    }
  }

  #heal(): void {
    for (const { link } of this.#links) link.heal();
  }

  /** Lets time pass until all sessions have been up, and nothing has changed, for a while. */
  #converge(): boolean {
    const { clock } = this.#sim;
    const up = (): boolean =>
      this.#topology.sessions.every(
        ({ a, b }) =>
          this.#routers.get(a)!.router.reflector.peers.has(b) &&
          this.#routers.get(b)!.router.reflector.peers.has(a),
      );
    const reached = clock.runUntilTrue(up, HEAL_LIMIT_MS);
    clock.runFor(QUIET_MS);
    return reached && up();
  }

  #compare(): string[] {
    const sessions: OracleSession[] = this.#topology.sessions.flatMap(({ a, b }) =>
      [
        [a, b],
        [b, a],
      ].map(([router, neighbor]) => ({
        router: router!,
        neighbor: neighbor!,
        isClient: this.#reflectsFor(router!, neighbor!),
        clusterId: this.#topology.clusters.get(router!) ?? 0,
        ...this.#filtersOf(router!, neighbor!),
      })),
    );
    const routers = [...this.#routers.values()].map(({ spec, router, own }) => ({
      name: spec.name,
      as: spec.as,
      routerId: router.routerId,
      address: router.address,
      own,
    }));
    const expected = settle(routers, sessions);
    const faults: string[] = [];
    for (const [name, router] of this.#routers) {
      const want = new Set(describeTable(expected.get(name)!));
      const have = new Set(this.#describe(router));
      for (const line of want) if (!have.has(line)) faults.push(`${name} lacks ${line}`);
      for (const line of have) if (!want.has(line)) faults.push(`${name} should not hold ${line}`);
    }
    return faults;
  }

  /** All paths of a router, in the oracle's words; a loop in one of them is a fault of its own. */
  #describe({ spec, router }: WorldRouter): string[] {
    const table = router.reflector.table('master4');
    const lines: string[] = [];
    const { paths, nets } = table;
    for (let row = 1; row < paths.end; row++) {
      if (paths.attrs[row] === 0 || paths.net[row] === 0) continue;
      const info = table.sources.info(paths.source[row]!);
      const route = readRoute(table, paths.attrs[row]!, nets.format(paths.net[row]!));
      const from = info.kind === 'bgp' ? info.protocol : spec.name;
      if (new Set(route.clusterList).size !== route.clusterList.length) {
        lines.push(`LOOP ${describeRoute(route.prefix, from, route)}`);
      }
      lines.push(describeRoute(route.prefix, from, route));
    }
    return lines;
  }

  #withdrawAll(): void {
    for (const { router, own } of this.#routers.values()) {
      for (const prefix of own.keys()) router.setRoute(prefix, undefined);
      own.clear();
    }
  }

  /** Once nothing is announced, nothing may be kept. */
  #leftovers(): string[] {
    const faults: string[] = [];
    const expectNone = (what: string, count: number): void => {
      if (count !== 0) faults.push(`${what}: ${count} left`);
    };
    for (const [name, { router }] of this.#routers) {
      const { reflector } = router;
      expectNone(`${name} attribute sets`, reflector.store.size);
      for (const table of reflector.tables.values()) {
        expectNone(`${name} paths in ${table.name}`, table.paths.size);
        expectNone(`${name} networks in ${table.name}`, table.nets.size);
      }
      // Groups that were split by a reconfiguration come together again.
      const groups = [...reflector.groups.values()];
      const kinds = new Set(
        groups.map(({ target }) => JSON.stringify({ ...target, policy: target.policy.name })),
      );
      expectNone(`${name} groups that are the same as another one`, groups.length - kinds.size);
      for (const group of groups) {
        expectNone(`${name} routes in an update group`, group.adjRibOut.routes);
        expectNone(`${name} tombstones in an update group`, group.adjRibOut.tombstones);
      }
    }
    return faults;
  }
}

function internRoute(reflector: Reflector, route: OracleRoute): number {
  const editor = new AttrEditor(reflector.store).edit(0);
  const path =
    route.asPath.length === 0
      ? new Uint8Array(0)
      : Uint8Array.of(2, route.asPath.length, ...route.asPath.flatMap((asn) => [...u32Bytes(asn)]));
  editor
    .set(ATTR.origin, FLAG.transitive, Uint8Array.of(route.origin))
    .set(ATTR.asPath, FLAG.transitive, path)
    .set(ATTR.nextHop, FLAG.transitive, u32Bytes(parseIpv4(route.nextHop)!))
    .set(ATTR.localPref, FLAG.transitive, u32Bytes(route.localPref))
    .set(LOCAL_ATTR.preference, 0, u32Bytes(STATIC_PREFERENCE));
  if (route.communities.length > 0) {
    const bytes = Uint8Array.from(route.communities.flatMap((value) => [...u32Bytes(value)]));
    editor.set(ATTR.communities, FLAG.optional | FLAG.transitive, bytes);
  }
  return editor.commit();
}

function readRoute(table: RoutingTable, attrs: number, prefix: string): OracleRoute {
  const { store } = table;
  const numbers = (code: number, from = 0): number[] => {
    const value = store.value(attrs, code) ?? new Uint8Array(0);
    const out: number[] = [];
    for (let at = from; at < value.length; at += 4) out.push(asAt(value, at));
    return out;
  };
  const nextHop = store.value(attrs, ATTR.nextHop);
  return {
    prefix,
    localPref: store.localPref[attrs]!,
    asPath: numbers(ATTR.asPath, 2),
    origin: store.origin[attrs]!,
    med: store.med[attrs]!,
    nextHop: nextHop ? formatIp(ipFromBytes(nextHop, 0, 4)) : 'none',
    communities: numbers(ATTR.communities),
    originatorId: store.originatorId[attrs]!,
    clusterList: numbers(ATTR.clusterList),
  };
}

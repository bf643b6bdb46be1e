/** Protocols whose routes are in the configuration. A route is there while one of its next hops is reachable. */
import { findNeighbour, type HostInterface } from './base/interfaces.ts';
import { compareIp, ipToBytes } from './base/ip.ts';
import type { StaticHop, StaticProtocolConfig, StaticRoute } from './birdcl-compat/conf/lowered.ts';
import { FILTER_ATTR } from './birdcl-compat/filter/attributes.ts';
import type { Prefix } from './birdcl-compat/filter/values.ts';
import type { InterfaceWatch } from './daemon-interfaces.ts';
import type { PolicyBook } from './daemon-policies.ts';
import { ATTR, DESTINATION, FLAG, LOCAL_ATTR } from './rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from './rib/attrs/edit.ts';
import { NO_ATTRS } from './rib/attrs/store.ts';
import type { PolicyContext } from './rib/policy.ts';
import { StaticRoutes } from './rib/sources/static.ts';
import type { Reflector } from './reflector/reflector.ts';

/** BIRD's preference of static routes. */
const STATIC_PREFERENCE = 200;

/** A next hop, and the interface over which it is reached now. */
export interface ResolvedHop {
  readonly hop: StaticHop;
  /** Undefined where interfaces are not known. */
  readonly interface?: HostInterface;
}

interface RunningStatic {
  config: StaticProtocolConfig;
  readonly routes: StaticRoutes;
  /** By network: the next hops that the route has now; only of routes that have some. */
  hops: Map<string, readonly ResolvedHop[]>;
  /** Networks of routes that are in the table. */
  readonly present: Set<string>;
  readonly counters: StaticCounters;
}

interface StaticCounters {
  updates: number;
  filtered: number;
  withdraws: number;
}

/** What a protocol has in its table. */
export interface StaticStatus {
  readonly imported: number;
  readonly preferred: number;
  readonly counters: Readonly<StaticCounters>;
}

export class StaticProtocols {
  readonly #reflector: Reflector;
  readonly #filters: PolicyBook;
  readonly #interfaces: InterfaceWatch;
  readonly #running = new Map<string, RunningStatic>();
  readonly #bySource = new Map<number, RunningStatic>();

  constructor(reflector: Reflector, filters: PolicyBook, interfaces: InterfaceWatch) {
    this.#reflector = reflector;
    this.#filters = filters;
    this.#interfaces = interfaces;
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  start(config: StaticProtocolConfig): void {
    const routes = new StaticRoutes(this.#reflector.table(config.channel.table), config.name);
    const running: RunningStatic = {
      config,
      routes,
      hops: new Map(),
      present: new Set(),
      counters: { updates: 0, filtered: 0, withdraws: 0 },
    };
    this.#running.set(config.name, running);
    this.#bySource.set(routes.source, running);
    this.#set(running, config.routes);
  }

  /**
   * Takes other routes, or another policy for them; what stays the same is not touched.
   * @param soft the policy counts for routes that differ
   */
  reconfigure(config: StaticProtocolConfig, soft: boolean): void {
    const running = this.#running.get(config.name);
    if (!running) return;
    const { config: before, routes } = running;
    running.config = config;
    const wanted = new Set(config.routes.map(keyOf));
    for (const route of before.routes) {
      if (wanted.has(keyOf(route))) continue;
      routes.remove(Uint32Array.from(route.prefix.ip.words), route.prefix.length);
      running.hops.delete(keyOf(route));
      if (running.present.delete(keyOf(route))) running.counters.withdraws++;
    }
    const known = new Map(before.routes.map((route) => [keyOf(route), JSON.stringify(route.target)]));
    const isNew = (route: StaticRoute): boolean =>
      before.checkLink !== config.checkLink || known.get(keyOf(route)) !== JSON.stringify(route.target);
    this.#set(running, soft ? config.routes.filter(isNew) : config.routes);
  }

  stop(name: string): void {
    const running = this.#running.get(name);
    if (!running) return;
    const { routes } = running;
    routes.clear();
    this.#reflector.retire(routes.source);
    this.#bySource.delete(routes.source);
    this.#running.delete(name);
  }

  /** Interfaces have changed: routes whose next hops are others now follow. */
  interfacesChanged(): void {
    for (const running of this.#running.values()) {
      const { config, hops } = running;
      const changed = config.routes.filter((route) => {
        if (route.target.kind !== 'via') return false;
        return !sameHops(hops.get(keyOf(route)) ?? [], this.#activeHops(config, route.target.hops));
      });
      if (changed.length > 0) this.#set(running, changed);
    }
  }

  /** The next hops of a route of a source, in BIRD's order; undefined where it has none. */
  hopsOf(source: number, { ip, length }: Prefix): readonly ResolvedHop[] | undefined {
    return this.#bySource.get(source)?.hops.get(`${ip.words.join('.')}/${length}`);
  }

  /** Undefined where the protocol is down. */
  status(name: string): StaticStatus | undefined {
    const running = this.#running.get(name);
    if (!running) return undefined;
    const { routes, present, counters } = running;
    return { imported: present.size, preferred: routes.table.preferredOf(routes.source), counters };
  }

  /** Whether a next hop of a protocol is in use. */
  isActive(config: StaticProtocolConfig, hop: StaticHop): boolean {
    return this.isRunning(config.name) && this.#resolve(config, hop) !== undefined;
  }

  /** Gives the table routes of a protocol, as its policy leaves them. */
  #set({ config, routes, hops, present, counters }: RunningStatic, wanted: readonly StaticRoute[]): void {
    const { table } = routes;
    const importPolicy = this.#filters.policy(config.channel.importFilter);
    const context: PolicyContext = {
      family: table.family.index,
      netWords: table.nets.words,
      netAt: 0,
      netLength: 0,
      source: table.sources.info(routes.source),
    };
    for (const route of wanted) {
      const { target, prefix } = route;
      const words = Uint32Array.from(prefix.ip.words);
      context.netWords = words;
      context.netLength = prefix.length;
      let active: readonly ResolvedHop[] = [];
      if (target.kind === 'via') {
        active = this.#activeHops(config, target.hops);
        hops.set(keyOf(route), active);
      } else hops.delete(keyOf(route));
      let attrs = NO_ATTRS;
      if (target.kind !== 'via' || active.length > 0) {
        attrs = this.#attrs(route, config.channel.preference, active[0]);
        if (route.attributes) attrs = this.#filters.policy(route.attributes).evaluate(attrs, context);
        if (attrs !== NO_ATTRS) attrs = importPolicy.evaluate(attrs, context);
        counters.updates++;
        if (attrs === NO_ATTRS) counters.filtered++;
      }
      if (attrs !== NO_ATTRS) {
        routes.set(words, prefix.length, attrs);
        present.add(keyOf(route));
        continue;
      }
      routes.remove(words, prefix.length);
      if (present.delete(keyOf(route)) && active.length === 0) counters.withdraws++;
    }
  }

  /** The next hops that are reachable: the heaviest first, then by address, as BIRD lists them. */
  #activeHops(config: StaticProtocolConfig, hops: readonly StaticHop[]): ResolvedHop[] {
    const active = hops.map((hop) => this.#resolve(config, hop)).filter((hop) => hop !== undefined);
    return active.sort((a, b) => {
      const weight = b.hop.weight - a.hop.weight;
      if (weight !== 0) return weight;
      const [x, y] = [a.hop.address, b.hop.address];
      if (x && y && compareIp(x, y) !== 0) return compareIp(x, y);
      if (!x || !y) return Number(x !== undefined) - Number(y !== undefined);
      return (a.interface?.index ?? 0) - (b.interface?.index ?? 0);
    });
  }

  /** Where nobody knows the interfaces, all next hops are as good as reachable. */
  #resolve({ checkLink }: StaticProtocolConfig, hop: StaticHop): ResolvedHop | undefined {
    const interfaces = this.#interfaces.current;
    if (!interfaces) return { hop };
    const found = findNeighbour(interfaces, hop);
    return found && !(checkLink && !found.linkUp) ? { hop, interface: found } : undefined;
  }

  /** The attributes that a static route has before its own statements and the import filter. */
  #attrs({ target }: StaticRoute, preference: number, first: ResolvedHop | undefined): number {
    const editor = new AttrEditor(this.#reflector.store).edit(NO_ATTRS);
    editor.set(LOCAL_ATTR.preference, 0, u32Bytes(preference || STATIC_PREFERENCE));
    const via = target.kind === 'recursive' ? target.via : first?.hop.address;
    if (via?.version === 4) editor.set(ATTR.nextHop, FLAG.transitive, ipToBytes(via));
    else if (via) editor.set(ATTR.mpReach, FLAG.optional, ipToBytes(via));
    if (target.kind !== 'via') {
      editor.set(LOCAL_ATTR.destination, 0, Uint8Array.of(DESTINATION[target.kind]));
    }
    const link = first?.interface?.name ?? first?.hop.interface;
    if (link !== undefined) editor.set(FILTER_ATTR.interfaceName, 0, new TextEncoder().encode(link));
    return editor.commit();
  }
}

function keyOf({ prefix }: StaticRoute): string {
  return `${prefix.ip.words.join('.')}/${prefix.length}`;
}

function sameHops(a: readonly ResolvedHop[], b: readonly ResolvedHop[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ hop, interface: link }, i) => {
      const other = b[i]!;
      return (
        hop === other.hop && link?.index === other.interface?.index && link?.name === other.interface?.name
      );
    })
  );
}

/** Protocols whose routes are in the configuration. */
import { ipToBytes } from './base/ip.ts';
import type { StaticProtocolConfig, StaticRoute } from './birdcl-compat/conf/lowered.ts';
import type { PolicyBook } from './daemon-policies.ts';
import { ATTR, DESTINATION, FLAG, LOCAL_ATTR } from './rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from './rib/attrs/edit.ts';
import { NO_ATTRS } from './rib/attrs/store.ts';
import type { PolicyContext } from './rib/policy.ts';
import { StaticRoutes } from './rib/sources/static.ts';
import type { Reflector } from './reflector/reflector.ts';

/** BIRD's preference of static routes. */
const STATIC_PREFERENCE = 200;

interface RunningStatic {
  config: StaticProtocolConfig;
  readonly routes: StaticRoutes;
}

export class StaticProtocols {
  readonly #reflector: Reflector;
  readonly #filters: PolicyBook;
  readonly #running = new Map<string, RunningStatic>();

  constructor(reflector: Reflector, filters: PolicyBook) {
    this.#reflector = reflector;
    this.#filters = filters;
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  start(config: StaticProtocolConfig): void {
    const routes = new StaticRoutes(this.#reflector.table(config.channel.table), config.name);
    this.#running.set(config.name, { config, routes });
    this.#set(config, routes);
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
    const key = ({ prefix }: StaticRoute): string => `${prefix.ip.words.join('.')}/${prefix.length}`;
    const wanted = new Set(config.routes.map(key));
    for (const route of before.routes) {
      if (!wanted.has(key(route)))
        routes.remove(Uint32Array.from(route.prefix.ip.words), route.prefix.length);
    }
    const known = new Map(before.routes.map((route) => [key(route), JSON.stringify(route.target)]));
    const isNew = (route: StaticRoute): boolean => known.get(key(route)) !== JSON.stringify(route.target);
    this.#set(soft ? { ...config, routes: config.routes.filter(isNew) } : config, routes);
  }

  stop(name: string): void {
    const running = this.#running.get(name);
    if (!running) return;
    running.routes.clear();
    this.#reflector.retire(running.routes.source);
    this.#running.delete(name);
  }

  /** Gives the table the routes of a protocol, as its policy leaves them. */
  #set(config: StaticProtocolConfig, routes: StaticRoutes): void {
    const { table } = routes;
    const importPolicy = this.#filters.policy(config.channel.importFilter);
    const context: PolicyContext = {
      family: table.family.index,
      netWords: table.nets.words,
      netAt: 0,
      netLength: 0,
      source: table.sources.info(routes.source),
    };
    for (const route of config.routes) {
      const words = Uint32Array.from(route.prefix.ip.words);
      context.netWords = words;
      context.netLength = route.prefix.length;
      let attrs = this.#attrs(route, config.channel.preference);
      if (route.attributes) attrs = this.#filters.policy(route.attributes).evaluate(attrs, context);
      if (attrs !== NO_ATTRS) attrs = importPolicy.evaluate(attrs, context);
      if (attrs !== NO_ATTRS) routes.set(words, route.prefix.length, attrs);
      else routes.remove(words, route.prefix.length);
    }
  }

  /** The attributes that a static route has before its own statements and the import filter. */
  #attrs(route: StaticRoute, preference: number): number {
    const editor = new AttrEditor(this.#reflector.store).edit(NO_ATTRS);
    editor.set(LOCAL_ATTR.preference, 0, u32Bytes(preference || STATIC_PREFERENCE));
    const { target } = route;
    const via = 'via' in target ? target.via : undefined;
    if (via?.version === 4) editor.set(ATTR.nextHop, FLAG.transitive, ipToBytes(via));
    else if (via) editor.set(ATTR.mpReach, FLAG.optional, ipToBytes(via));
    if (target.kind !== 'via') {
      editor.set(LOCAL_ATTR.destination, 0, Uint8Array.of(DESTINATION[target.kind]));
    }
    return editor.commit();
  }
}

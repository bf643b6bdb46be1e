/**
 * The daemon: speaker, tables and reflector put together and kept in line with a configuration. Everything from
 * outside comes in through `env`, so that tests can run a daemon on simulated time.
 */
import type { Clock } from './base/clock.ts';
import { FAMILIES } from './base/family.ts';
import { formatIp, ipToBytes, type IpAddress } from './base/ip.ts';
import type { Random } from './base/random.ts';
import type {
  BgpChannelConfig,
  BgpProtocolConfig,
  DaemonConfig,
  LimitConfig,
  StaticProtocolConfig,
  StaticRoute,
} from './birdcl-compat/conf/lowered.ts';
import type { ProtocolAction, ProtocolActionResult } from './birdcl-compat/cli/daemon-view.ts';
import { FilterCompiler } from './birdcl-compat/filter/compile.ts';
import { ATTR, DESTINATION, FLAG, LOCAL_ATTR } from './rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from './rib/attrs/edit.ts';
import { NO_ATTRS } from './rib/attrs/store.ts';
import type { Policy, PolicyContext } from './rib/policy.ts';
import { DECISION } from './rib/source-registry.ts';
import { StaticRoutes } from './rib/sources/static.ts';
import type { ChannelPolicy, Limit, PeerPolicy } from './reflector/peer-policy.ts';
import { Reflector } from './reflector/reflector.ts';
import { Speaker } from './speaker/speaker.ts';
import type { SpeakerEvent } from './speaker/speaker-event.ts';
import type { Listener, Network } from './speaker/transport.ts';

export type LogLevel = 'debug' | 'trace' | 'info' | 'remote' | 'warning' | 'error' | 'auth' | 'fatal' | 'bug';

export interface DaemonEnv {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  readonly log: (level: LogLevel, text: string) => void;
}

/** BIRD's preference of static routes. */
const STATIC_PREFERENCE = 200;
const BGP_PREFERENCE = 100;
/** A filter that fails says so this often, whatever the number of routes. */
const FILTER_ERROR_INTERVAL_MS = 1000;

/** What a change of configuration does to a protocol. */
export type ProtocolChange = 'unchanged' | 'added' | 'removed' | 'reconfigured' | 'restarted';

export interface ReconfigurationPlan {
  readonly changes: ReadonlyMap<string, ProtocolChange>;
}

interface RunningStatic {
  readonly config: StaticProtocolConfig;
  readonly routes: StaticRoutes;
}

export class Daemon {
  readonly reflector: Reflector;
  readonly speaker: Speaker;
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
  reconfiguredAt: number;
  readonly #env: DaemonEnv;
  #config: DaemonConfig | undefined;
  #compiler: FilterCompiler;
  readonly #policies = new Map<string, PeerPolicy>();
  readonly #listeners = new Map<string, Listener>();
  readonly #statics = new Map<string, RunningStatic>();
  #filterErrorAt = Number.NEGATIVE_INFINITY;

  constructor(env: DaemonEnv) {
    this.#env = env;
    this.startedAt = env.clock.wallTime();
    this.reconfiguredAt = this.startedAt;
    this.reflector = new Reflector({
      clock: env.clock,
      policyOf: (name) => this.#policyOf(name),
      report: (peer, text) => {
        env.log('remote', `${peer}: ${text}`);
      },
      hashSeed: env.random.below(0x7fffffff) + 1,
    });
    this.#compiler = this.#newCompiler();
    this.speaker = new Speaker({
      clock: env.clock,
      network: env.network,
      random: env.random,
      events: this.reflector,
    });
    this.speaker.happenings.subscribe((event) => {
      if (event.type === 'sessionRemoved') this.reflector.forget(event.session);
      this.#logEvent(event);
    });
  }

  /** The configuration in force. Throws before `start`. */
  get config(): DaemonConfig {
    if (!this.#config) throw new Error('the daemon has no configuration yet');
    return this.#config;
  }

  /** Binds, then starts every protocol. Rejects where an address cannot be bound, with a message that says which. */
  async start(config: DaemonConfig): Promise<void> {
    await Promise.all(this.#listen(config));
    this.#apply(undefined, config);
  }

  /** What applying `next` would do, protocol by protocol. */
  plan(next: DaemonConfig): ReconfigurationPlan {
    const changes = new Map<string, ProtocolChange>();
    const before = new Map(this.config.protocols.map((protocol) => [protocol.name, protocol]));
    for (const protocol of next.protocols) {
      const old = before.get(protocol.name);
      before.delete(protocol.name);
      if (!old) changes.set(protocol.name, 'added');
      else if (sameText(old, protocol)) changes.set(protocol.name, 'unchanged');
      else changes.set(protocol.name, 'restarted');
    }
    for (const name of before.keys()) changes.set(name, 'removed');
    return { changes };
  }

  /**
   * Brings the daemon in line with another configuration; protocols that mean the same are not touched.
   * @returns undefined where that is done, or a promise where new addresses have to be listened on first; it never
   * rejects: an address that cannot be bound is logged, and the rest takes effect
   */
  reconfigure(next: DaemonConfig): Promise<void> | undefined {
    const opening = this.#listen(next).map((listening) =>
      listening.catch((error: unknown) => {
        this.#env.log('error', error instanceof Error ? error.message : String(error));
      }),
    );
    const finish = (): void => {
      const plan = this.plan(next);
      this.#apply(this.config, next, plan);
      this.reconfiguredAt = this.#env.clock.wallTime();
    };
    if (opening.length > 0) return Promise.all(opening).then(finish);
    finish();
    return undefined;
  }

  /** `enable`, `disable`, `restart` and `reload` of one protocol. */
  act(action: ProtocolAction, name: string, message: string | undefined): ProtocolActionResult {
    const { speaker } = this;
    const status = speaker.session(name);
    const range = speaker.ranges().find((candidate) => candidate.name === name);
    const enabled = status?.enabled ?? range?.enabled;
    switch (action) {
      case 'enable':
        if (enabled === undefined) return this.#actOnPlain(name, true);
        if (enabled) return 'already-enabled';
        speaker.enable(name);
        return 'done';
      case 'disable':
        if (enabled === undefined) return this.#actOnPlain(name, false);
        if (!enabled) return 'already-disabled';
        speaker.disable(name, message);
        return 'done';
      case 'restart':
        if (enabled === undefined) {
          this.#actOnPlain(name, false);
          return this.#actOnPlain(name, true);
        }
        if (!enabled) return 'already-disabled';
        speaker.restart(name, message);
        return 'done';
      case 'reload':
      case 'reload in':
      case 'reload out':
        return this.#reload(action, name);
      default:
        return action satisfies never;
    }
  }

  /** Adj-RIB-Ins keep what neighbours sent, so that reloading asks nobody. */
  #reload(action: ProtocolAction, name: string): ProtocolActionResult {
    const peer = this.reflector.peers.get(name);
    if (!peer) return 'nothing';
    for (const channel of peer.channels) {
      if (!channel) continue;
      if (action !== 'reload out') peer.reconfigureImport(channel, channel.policy);
      if (action !== 'reload in' && channel.member) channel.member.group.refresh(channel.member);
    }
    return 'done';
  }

  #actOnPlain(name: string, enable: boolean): ProtocolActionResult {
    const protocol = this.config.protocols.find((candidate) => candidate.name === name);
    if (protocol?.kind !== 'static') return enable ? 'already-enabled' : 'done';
    const running = this.#statics.has(name);
    if (running === enable) return enable ? 'already-enabled' : 'already-disabled';
    if (enable) this.#addStatic(protocol);
    else this.#removeStatic(name);
    return 'done';
  }

  /** Ends all sessions, with a NOTIFICATION unless they are to be kept over a restart. */
  async shutdown(graceful = false): Promise<void> {
    await this.speaker.shutdown(graceful ? { graceful } : {});
  }

  #apply(
    before: DaemonConfig | undefined,
    next: DaemonConfig,
    plan: ReconfigurationPlan = { changes: new Map() },
  ): void {
    const change = (name: string): ProtocolChange => plan.changes.get(name) ?? 'added';
    for (const table of next.tables) this.reflector.addTable(table.name, FAMILIES[table.family]);
    for (const protocol of before?.protocols ?? []) {
      const what = change(protocol.name);
      if (what === 'unchanged') continue;
      if (protocol.kind === 'bgp') this.#removeBgp(protocol, what === 'removed' ? 'deconfigured' : 'changed');
      else if (protocol.kind === 'static') this.#removeStatic(protocol.name);
    }
    this.#config = next;
    for (const protocol of next.protocols) {
      if (change(protocol.name) === 'unchanged') continue;
      if (protocol.kind === 'bgp') this.#addBgp(protocol);
      else if (protocol.kind === 'static' && !protocol.disabled) this.#addStatic(protocol);
    }
  }

  /** One listener for each address and port that some neighbour may call; returns what is being opened. */
  #listen(config: DaemonConfig): Promise<void>[] {
    const wanted = new Map<string, { address: IpAddress; port: number }>();
    for (const protocol of config.protocols) {
      if (protocol.kind !== 'bgp') continue;
      const address = listenAddress(protocol);
      wanted.set(`${formatIp(address)} ${protocol.localPort}`, { address, port: protocol.localPort });
    }
    for (const [key, listener] of this.#listeners) {
      if (wanted.has(key)) continue;
      this.speaker.unlisten(listener);
      this.#listeners.delete(key);
    }
    return [...wanted]
      .filter(([key]) => !this.#listeners.has(key))
      .map(async ([key, endpoint]) => {
        this.#listeners.set(key, await this.speaker.listen(endpoint));
      });
  }

  #addBgp(protocol: BgpProtocolConfig): void {
    this.#policies.set(protocol.name, this.#peerPolicy(protocol));
    const { session } = protocol;
    if (session.kind === 'single') this.speaker.addSession(session.config, !protocol.disabled);
    else this.speaker.addRange(session.config, !protocol.disabled);
  }

  #removeBgp(protocol: BgpProtocolConfig, reason: 'deconfigured' | 'changed'): void {
    if (protocol.session.kind === 'single') this.speaker.removeSession(protocol.name, reason);
    else this.speaker.removeRange(protocol.name, reason);
    this.#policies.delete(protocol.name);
  }

  #addStatic(config: StaticProtocolConfig): void {
    const table = this.reflector.table(config.channel.table);
    const routes = new StaticRoutes(table, config.name);
    this.#statics.set(config.name, { config, routes });
    const importPolicy = this.#compiler.policy(config.channel.importFilter);
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
      let attrs = this.#staticAttrs(route, config.channel.preference);
      if (route.attributes) attrs = this.#compiler.policy(route.attributes).evaluate(attrs, context);
      if (attrs !== NO_ATTRS) attrs = importPolicy.evaluate(attrs, context);
      if (attrs !== NO_ATTRS) routes.set(words, route.prefix.length, attrs);
    }
  }

  #removeStatic(name: string): void {
    const running = this.#statics.get(name);
    if (!running) return;
    running.routes.clear();
    this.#statics.delete(name);
  }

  /** The attributes that a static route has before its own statements and the import filter. */
  #staticAttrs(route: StaticRoute, preference: number): number {
    const editor = new AttrEditor(this.reflector.store).edit(NO_ATTRS);
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

  #policyOf(session: string): PeerPolicy {
    const own = this.#policies.get(session) ?? this.#policies.get(this.speaker.session(session)?.range ?? '');
    if (!own) throw new Error(`session ${session} has no policy`);
    return own;
  }

  #peerPolicy(protocol: BgpProtocolConfig): PeerPolicy {
    const { decision } = protocol;
    return {
      routeReflectorClient: protocol.rrClient,
      clusterId: protocol.clusterId,
      routeServerClient: false,
      allowLocalAs: protocol.allowLocalAs,
      allowLocalPref: protocol.allowLocalPref,
      allowMed: protocol.allowMed,
      allowAsSets: protocol.allowAsSets,
      enforceFirstAs: protocol.enforceFirstAs,
      interpretCommunities: protocol.interpretCommunities,
      defaultLocalPref: decision.defaultLocalPref,
      decision:
        (decision.pathMetric ? DECISION.pathMetric : 0) |
        (decision.igpMetric ? DECISION.igpMetric : 0) |
        (decision.medMetric ? DECISION.medMetric : 0) |
        (decision.preferOlder ? DECISION.preferOlder : 0),
      channels: protocol.channels.map((channel) => this.#channelPolicy(channel)),
    };
  }

  #channelPolicy(channel: BgpChannelConfig): ChannelPolicy {
    const importPolicy = this.#compiler.policy(channel.importFilter);
    return {
      family: channel.family,
      table: channel.table,
      importPolicy:
        channel.preference === BGP_PREFERENCE
          ? importPolicy
          : this.#withPreference(importPolicy, channel.preference),
      exportPolicy: this.#compiler.policy(channel.exportFilter),
      ...limit('importLimit', channel.importLimit),
      ...limit('receiveLimit', channel.receiveLimit),
      ...limit('exportLimit', channel.exportLimit),
      nextHopSelf: channel.nextHopSelf,
      nextHopKeep: channel.nextHopKeep,
      ...(channel.nextHopAddress ? { nextHopAddress: channel.nextHopAddress } : {}),
      aigp: channel.aigp,
    };
  }

  /** BIRD `preference`: what routes have before the import filter. */
  #withPreference(policy: Policy, preference: number): Policy {
    const editor = new AttrEditor(this.reflector.store);
    const value = u32Bytes(preference);
    return {
      name: policy.name,
      readsNetwork: policy.readsNetwork,
      readsSource: policy.readsSource,
      evaluate: (attrs, context) =>
        policy.evaluate(editor.edit(attrs).set(LOCAL_ATTR.preference, 0, value).commit(), context),
    };
  }

  #newCompiler(): FilterCompiler {
    return new FilterCompiler(this.reflector.store, {
      error: (filter, at, message) => {
        const now = this.#env.clock.now();
        if (now - this.#filterErrorAt < FILTER_ERROR_INTERVAL_MS) return;
        this.#filterErrorAt = now;
        const { file, line, column } = this.config.locate(at);
        this.#env.log('error', `filter ${filter}: ${file}:${line}:${column} ${message}`);
      },
      print: (text) => {
        this.#env.log('info', text);
      },
    });
  }

  #logEvent(event: SpeakerEvent): void {
    const { log } = this.#env;
    switch (event.type) {
      case 'established':
        log('info', `${event.session}: session established`);
        break;
      case 'ended':
        log('remote', `${event.session}: session closed: ${event.reason}`);
        break;
      case 'notificationSent':
        log('remote', `${event.session}: Error: ${event.text}`);
        break;
      case 'notificationReceived':
        log('remote', `${event.session}: Received: ${event.text}`);
        break;
      case 'notice':
        log(event.level === 'warn' ? 'warning' : 'info', `${event.session}: ${event.text}`);
        break;
      case 'refused':
        log(
          'auth',
          `connection from ${formatIp(event.address)} refused: ${event.reason} (${event.count} since the last such line)`,
        );
        break;
      case 'bug':
        log(
          'bug',
          `${event.session}: ${event.cause instanceof Error ? (event.cause.stack ?? event.cause.message) : String(event.cause)}`,
        );
        break;
      case 'fsmState':
      case 'phase':
      case 'sessionAdded':
      case 'sessionRemoved':
        log('trace', `${'session' in event ? event.session : ''}: ${describeStateEvent(event)}`);
        break;
      default:
        event satisfies never;
    }
  }
}

function describeStateEvent(
  event: Extract<SpeakerEvent, { type: 'fsmState' | 'phase' | 'sessionAdded' | 'sessionRemoved' }>,
): string {
  if (event.type === 'fsmState') return `${event.direction} connection ${event.from} -> ${event.to}`;
  if (event.type === 'phase') return `state changed to ${event.phase}`;
  return event.type === 'sessionAdded' ? 'added' : 'removed';
}

function limit<K extends 'importLimit' | 'receiveLimit' | 'exportLimit'>(
  key: K,
  config: LimitConfig | undefined,
): Partial<Record<K, Limit>> {
  if (!config) return {};
  const value: Limit = { count: config.limit, action: config.action };
  return { [key]: value } as Partial<Record<K, Limit>>;
}

/** BIRD listens on all addresses unless `strict bind` says otherwise. */
function listenAddress(protocol: BgpProtocolConfig): IpAddress {
  const { session } = protocol;
  const neighbor = session.kind === 'single' ? session.config.remoteAddress : session.config.prefix.address;
  const local =
    session.kind === 'single' ? session.config.localAddress : session.config.template.localAddress;
  if (protocol.strictBind && local) return local;
  return neighbor.version === 4 ? { version: 4, words: [0] } : { version: 6, words: [0, 0, 0, 0] };
}

/** Whether two protocols are configured the same, sets and maps included. */
function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, plain) === JSON.stringify(b, plain);
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Set) return [...(value as Set<unknown>)];
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
  return typeof value === 'bigint' ? value.toString() : value;
}

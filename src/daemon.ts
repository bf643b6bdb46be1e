/**
 * The daemon: speaker, tables and reflector put together and kept in line with a configuration. Everything from
 * outside comes in through `env`, so that tests can run a daemon on simulated time.
 */
import type { Clock } from './base/clock.ts';
import { FAMILIES } from './base/family.ts';
import { formatIp, type IpAddress } from './base/ip.ts';
import type { HostInterfaces } from './base/interfaces.ts';
import type { Random } from './base/random.ts';
import type {
  AnyProtocolConfig,
  BgpChannelConfig,
  BgpProtocolConfig,
  DaemonConfig,
  DebugFlag,
  DebugFlags,
  LimitConfig,
  MrtdumpFlags,
} from './birdcl-compat/conf/lowered.ts';
import type { ProtocolAction, ProtocolActionResult } from './birdcl-compat/cli/daemon-view.ts';
import { describeEvent } from './daemon-events.ts';
import {
  describeReloads,
  planChanges,
  type PlannedOption,
  type ProtocolChange,
  type ReconfigurationPlan,
} from './daemon-plan.ts';
import { DirectProtocols } from './daemon-direct.ts';
import { InterfaceWatch } from './daemon-interfaces.ts';
import { MrtDumps } from './daemon-mrt.ts';
import { PipeProtocols } from './daemon-pipes.ts';
import { ProtocolsByName } from './protocols-by-name.ts';
import { PolicyBook } from './daemon-policies.ts';
import type { MetricCounts } from './metrics/counts.ts';
import type { RecordFiles } from './mrt/record-file.ts';
import { StaticProtocols } from './daemon-statics.ts';
import type { Policy, PolicyContext } from './rib/policy.ts';
import { RouteTracer } from './rib/route-tracer.ts';
import { DECISION } from './rib/source-registry.ts';
import type { RoutingTable } from './rib/table.ts';
import type { Peer } from './reflector/peer.ts';
import type { ChannelPolicy, Limit, PeerPolicy } from './reflector/peer-policy.ts';
import type { Role } from './speaker/wire/iana.ts';
import { Reflector } from './reflector/reflector.ts';
import { Speaker } from './speaker/speaker.ts';
import type { SpeakerEvent } from './speaker/speaker-event.ts';
import type { Listener, Network } from './speaker/transport.ts';

export type LogLevel = 'debug' | 'trace' | 'info' | 'remote' | 'warning' | 'error' | 'auth' | 'fatal' | 'bug';

export interface DaemonEnv {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  /** Absent where the system tells of none: then all next hops count as reachable. */
  readonly interfaces?: HostInterfaces;
  /** Where dumps go; absent: nowhere. */
  readonly recordFiles?: RecordFiles;
  readonly log: (level: LogLevel, text: string) => void;
  /** Counts for metrics; absent where nobody wants any. */
  readonly counts?: MetricCounts;
}

/** A graceful restart of our own is looked at this often. */
const RECOVERY_POLL_MS = 500;

/** BIRD's word for what becomes of a protocol that does not go on as it is. */
const ENDING: Readonly<Partial<Record<ProtocolChange, string>>> = {
  removed: 'Removing',
  restarted: 'Restarting',
  enabled: 'Enabling',
  disabled: 'Disabling',
};

export class Daemon {
  readonly reflector: Reflector;
  readonly speaker: Speaker;
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
  reconfiguredAt: number;
  readonly #env: DaemonEnv;
  #config: DaemonConfig | undefined;
  /** Of the clock; undefined where no recovery is under way. */
  #recoveryEndsAt: number | undefined;
  readonly #filters: PolicyBook;
  readonly #policies = new Map<string, PeerPolicy>();
  /** `debug` flags of protocols, of those that have some. */
  readonly #debug = new Map<string, DebugFlags>();
  /** When protocols without sessions last came up or went down. */
  readonly #since = new Map<string, number>();
  readonly #listeners = new Map<string, Listener>();
  readonly statics: StaticProtocols;
  readonly pipes: PipeProtocols;
  readonly direct: DirectProtocols;
  readonly interfaces: InterfaceWatch;
  readonly mrt: MrtDumps;

  constructor(env: DaemonEnv) {
    this.#env = env;
    this.startedAt = env.clock.wallTime();
    this.reconfiguredAt = this.startedAt;
    this.reflector = new Reflector({
      clock: env.clock,
      policyOf: (name) => this.#policyOf(name),
      tracerOf: (name, table) => this.#tracerOf(name, table),
      report: (peer, text) => {
        env.log('remote', `${peer}: ${text}`);
      },
      hashSeed: env.random.below(0x7fffffff) + 1,
      ...(env.counts && { observeBatch: (ms: number) => env.counts?.convergence.observe(ms / 1000) }),
    });
    this.#filters = new PolicyBook(this.reflector.store, env.clock, env.log);
    this.interfaces = new InterfaceWatch(env.clock, env.interfaces, () => {
      this.direct.interfacesChanged();
      this.statics.interfacesChanged();
    });
    this.statics = new StaticProtocols(this.reflector, this.#filters, this.interfaces);
    this.direct = new DirectProtocols(this.reflector, this.#filters, this.interfaces);
    this.pipes = new PipeProtocols({
      reflector: this.reflector,
      filters: this.#filters,
      clock: env.clock,
      log: env.log,
    });
    this.mrt = new MrtDumps({
      clock: env.clock,
      files: env.recordFiles,
      reflector: this.reflector,
      speaker: () => this.speaker,
      filters: this.#filters,
      interfaces: this.interfaces,
      config: () => this.config,
      traces: (protocol) => this.#hasDebug(protocol, 'events'),
      log: env.log,
    });
    this.speaker = new Speaker({
      clock: env.clock,
      network: env.network,
      random: env.random,
      events: this.reflector,
      tracesPackets: (session, range) => this.#hasDebug(range ?? session, 'packets'),
      recorderOf: (session, range) => this.mrt.recorderOf(session, range),
    });
    this.speaker.happenings.subscribe((event) => {
      // What is kept for a neighbour's restart goes with its session, and where that is stopped.
      const isStopped = event.type === 'phase' && event.phase === 'down';
      if (isStopped || event.type === 'sessionRemoved') this.reflector.forget(event.session);
      env.counts?.event(event);
      this.#logEvent(event);
    });
  }

  get isConfigured(): boolean {
    return this.#config !== undefined;
  }

  /** The configuration in force. Throws before `start`. */
  get config(): DaemonConfig {
    if (!this.#config) throw new Error('the daemon has no configuration yet');
    return this.#config;
  }

  /**
   * Binds, then starts every protocol. Rejects where an address cannot be bound, with a message that says which.
   * @param recover this process takes over from one that ended shortly before (BIRD's `-R`): neighbours are told so,
   * and nothing is sent until their routes are back or `graceful restart wait` is over (RFC 4724 section 4.1)
   */
  async start(config: DaemonConfig, recover = false): Promise<void> {
    if (recover) {
      this.speaker.restarting = true;
      this.reflector.deferExport();
    }
    await Promise.all(this.#listen(config));
    this.#apply(undefined, config);
    if (recover) this.#awaitRecovery(this.#env.clock.now() + config.gracefulRestartWaitS * 1000);
  }

  /** What a graceful restart of our own still waits for; undefined where there is none. */
  get recovery(): { readonly protocols: number; readonly waitS: number } | undefined {
    if (this.#recoveryEndsAt === undefined) return undefined;
    const waitS = Math.max(0, this.#recoveryEndsAt - this.#env.clock.now()) / 1000;
    return { protocols: this.#unrecovered(), waitS };
  }

  /** Seconds until a monotonic time. */
  remainsS(until: number): number {
    return Math.max(0, until - this.#env.clock.now()) / 1000;
  }

  #awaitRecovery(endsAt: number): void {
    this.#recoveryEndsAt = endsAt;
    const { clock, log } = this.#env;
    const waiting = this.#unrecovered();
    const isOver = clock.now() >= endsAt;
    if (waiting > 0 && !isOver) {
      clock.setTimer(Math.min(RECOVERY_POLL_MS, endsAt - clock.now()), () => {
        this.#awaitRecovery(endsAt);
      });
      return;
    }
    this.#recoveryEndsAt = undefined;
    this.speaker.restarting = false;
    this.reflector.releaseExport();
    log('info', isOver ? 'Graceful restart timeout' : 'Graceful restart done');
  }

  /** Channels of neighbours with graceful restart whose End-of-RIB has not come. */
  #unrecovered(): number {
    let count = 0;
    for (const protocol of this.config.protocols) {
      if (protocol.kind !== 'bgp' || protocol.session.kind !== 'single' || protocol.disabled) continue;
      const peer = this.reflector.peers.get(protocol.name);
      for (const { family, gracefulRestart } of protocol.channels) {
        if (!gracefulRestart) continue;
        // A neighbour that restarts itself waits for us; RFC 4724 section 4.1 has nobody wait for it.
        const restarts = peer?.session.negotiated.gracefulRestart?.restarting;
        const helps = peer?.negotiatedFamily(family)?.gracefulRestart;
        if (!peer || (helps && !restarts && !peer.channels[family]!.endOfRib)) count++;
      }
    }
    return count;
  }

  /** What applying `next` would do, protocol by protocol. */
  plan(next: DaemonConfig): ReconfigurationPlan {
    succeedTables(this.config, next);
    return planChanges(this.config, next, {
      isEnabled: (name) => this.isEnabled(name),
      isUp: (name, family) => this.#peersOf(name).some(({ channels }) => channels[family]),
      staleTimesFit: (name, family, minS, maxS) =>
        this.#peersOf(name).every((peer) => {
          const { staleTimeS = 0 } = peer.negotiatedFamily(family) ?? {};
          return staleTimeS === 0 || (minS <= staleTimeS && staleTimeS <= maxS);
        }),
      canRefresh: (name) => this.#peersOf(name).every(({ session }) => session.negotiated.routeRefresh),
    });
  }

  /**
   * Brings the daemon in line with another configuration; protocols that mean the same are not touched.
   * @param soft filters that changed count for new routes only, until a reload
   * @returns undefined where that is done, or a promise where new addresses have to be listened on first, or routes of
   * protocols that ended are being withdrawn; it never rejects: an address that cannot be bound is logged, and the rest
   * takes effect
   */
  reconfigure(next: DaemonConfig, soft = false): Promise<void> | undefined {
    const opening = this.#listen(next).map((listening) =>
      listening.catch((error: unknown) => {
        this.#env.log('error', error instanceof Error ? error.message : String(error));
      }),
    );
    const finish = (): Promise<void> | undefined => {
      const plan = this.plan(next);
      const ends = this.#endsSomething(plan);
      this.#apply(this.config, next, plan, soft);
      this.reconfiguredAt = this.#env.clock.wallTime();
      return ends ? this.reflector.whenWithdrawn() : undefined;
    };
    return opening.length > 0 ? Promise.all(opening).then(finish) : finish();
  }

  /** BIRD: a reconfiguration takes time where a protocol that is not down has to go down. */
  #endsSomething({ changes }: ReconfigurationPlan): boolean {
    for (const [name, change] of changes) {
      const ends = change === 'removed' || change === 'restarted' || change === 'disabled';
      if (ends && this.isEnabled(name)) return true;
    }
    return false;
  }

  /** `enable`, `disable`, `restart` and `reload` of one protocol. */
  act(action: ProtocolAction, name: string, message: string | undefined): ProtocolActionResult {
    const { speaker } = this;
    const enabled = speaker.isEnabled(name);
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
    if (!this.isEnabled(name)) return 'already-disabled';
    const direction = action === 'reload' ? 'both' : action === 'reload in' ? 'in' : 'out';
    const protocol = this.config.protocols.find((candidate) => candidate.name === name);
    if (protocol?.kind === 'pipe') return this.pipes.reload(name, direction) ? 'done' : 'nothing';
    if (protocol && protocol.kind !== 'bgp') return this.#reloadPlain(protocol, action);
    const peer = this.reflector.peers.get(name);
    if (!peer) return 'nothing';
    peer.reload(direction);
    return 'done';
  }

  /** Nobody has to be asked for routes of the configuration. */
  #reloadPlain(protocol: AnyProtocolConfig, action: ProtocolAction): ProtocolActionResult {
    if (protocol.kind === 'static' && action !== 'reload out') this.statics.reconfigure(protocol, false);
    return 'done';
  }

  #actOnPlain(name: string, enable: boolean): ProtocolActionResult {
    const protocol = this.config.protocols.find((candidate) => candidate.name === name);
    if (!protocol || protocol.kind === 'bgp' || !isRun(protocol)) return enable ? 'already-enabled' : 'done';
    if (this.isEnabled(name) === enable) return enable ? 'already-enabled' : 'already-disabled';
    this.#env.log('info', `${enable ? 'Enabling' : 'Disabling'} protocol ${name}`);
    if (enable) this.#start(protocol);
    else this.#stop(protocol);
    return 'done';
  }

  /** What a protocol or a channel logs from now on, until a configuration says otherwise; sessions of a range have its flags. */
  setDebug(name: string, channel: string | undefined, flags: DebugFlags): void {
    if (channel === undefined) {
      // What a protocol is told counts for its channels too.
      for (const { name: family } of FAMILIES) this.#debug.delete(`${name}.${family}`);
      this.#debug.set(name, flags);
    } else this.#debug.set(`${name}.${channel}`, flags);
    this.speaker.retrace();
    this.reflector.retrace();
  }

  /** What is dumped of a protocol's sessions from now on, until a configuration says otherwise (BIRD's `mrtdump`). */
  setMrtdump(name: string, flags: MrtdumpFlags): void {
    this.mrt.setFlags(name, flags);
    this.speaker.retrace();
  }

  /** What an export filter says to a route, with the line that decided. */
  exportDecision(
    policy: Policy,
    attrs: number,
    context: PolicyContext,
  ): { readonly text: string } | undefined {
    return this.#filters.decision(policy, attrs, context, this.config);
  }

  /** Ends all sessions, with a NOTIFICATION unless they are to be kept over a restart. */
  async shutdown(graceful = false): Promise<void> {
    this.interfaces.close();
    await this.speaker.shutdown(graceful ? { graceful } : {});
    await this.mrt.close();
  }

  #apply(
    before: DaemonConfig | undefined,
    next: DaemonConfig,
    plan?: ReconfigurationPlan,
    soft = false,
  ): void {
    const change = (name: string): ProtocolChange =>
      plan ? (plan.changes.get(name) ?? 'unchanged') : 'added';
    this.#filters.begin(next);
    for (const protocol of before?.protocols ?? []) this.#end(protocol, change(protocol.name));
    for (const [name, { family }] of this.reflector.tables) {
      const known = next.tables.some((table) => table.name === name && table.family === family.index);
      if (!known) this.reflector.removeTable(name);
    }
    for (const table of next.tables) this.reflector.addTable(table.name, FAMILIES[table.family]);
    this.#config = next;
    this.interfaces.configure(next);
    this.#configureTraces(next);
    const old = new ProtocolsByName(before?.protocols ?? []);
    for (const protocol of next.protocols) {
      const what = change(protocol.name);
      // Filters are looked up all the same, so that the next reconfiguration knows them.
      this.#filters.adopt(protocol, old.get(protocol.name));
      if (what === 'unchanged') continue;
      if (what === 'reconfigured') {
        this.#reconfigureProtocol(protocol, plan!.options.get(protocol.name)!, soft);
        continue;
      }
      if (before && what === 'added') this.#env.log('info', `Adding protocol ${protocol.name}`);
      if (protocol.kind === 'bgp') this.#addBgp(protocol, this.#peerPolicy(protocol));
      else if (!protocol.disabled) this.#start(protocol);
    }
  }

  /** What is told and recorded of protocols. */
  #configureTraces(next: DaemonConfig): void {
    const wasTraced = this.#debug.size > 0;
    this.#debug.clear();
    for (const { name, debug } of next.protocols) if (debug.size > 0) this.#debug.set(name, debug);
    const isRecorded = this.mrt.configure(next);
    // Nobody is asked anew where nothing is told of anybody, as before.
    if (wasTraced || this.#debug.size > 0 || isRecorded) this.speaker.retrace();
    if (wasTraced || this.#debug.size > 0) this.reflector.retrace();
  }

  /** When a protocol without sessions last came up or went down: wall-clock milliseconds. */
  sinceOf(name: string): number {
    return this.#since.get(name) ?? this.startedAt;
  }

  /** Starts a protocol that has no sessions. */
  #start(protocol: Exclude<AnyProtocolConfig, BgpProtocolConfig>): void {
    this.#since.set(protocol.name, this.#env.clock.wallTime());
    if (protocol.kind === 'static') this.statics.start(protocol);
    else if (protocol.kind === 'pipe') this.pipes.start(protocol);
    else if (protocol.kind === 'direct') this.direct.start(protocol);
    else if (protocol.kind === 'mrt') this.mrt.start(protocol);
  }

  /** Ends one, whether it runs or not. */
  #stop({ name, kind }: Exclude<AnyProtocolConfig, BgpProtocolConfig>): void {
    this.#since.set(name, this.#env.clock.wallTime());
    if (kind === 'static') this.statics.stop(name);
    else if (kind === 'pipe') this.pipes.stop(name);
    else if (kind === 'direct') this.direct.stop(name);
    else if (kind === 'mrt') this.mrt.stop(name);
  }

  /** Ends a protocol that does not go on as it is. */
  #end(protocol: AnyProtocolConfig, what: ProtocolChange): void {
    const { name } = protocol;
    const verb = ENDING[what];
    if (verb === undefined) return;
    if (what !== 'restarted' || this.isEnabled(name)) this.#env.log('info', `${verb} protocol ${name}`);
    if (protocol.kind === 'bgp') this.#removeBgp(protocol, what === 'restarted' ? 'changed' : 'deconfigured');
    else this.#stop(protocol);
    if (what !== 'removed') return;
    this.#since.delete(name);
    this.pipes.forget(name);
  }

  /** Whether a protocol is to run; sessions may be down all the same. */
  isEnabled(name: string): boolean {
    const enabled = this.speaker.isEnabled(name);
    if (enabled !== undefined) return enabled;
    const protocol = this.config.protocols.find((candidate) => candidate.name === name);
    if (protocol?.kind === 'static') return this.statics.isRunning(name);
    if (protocol?.kind === 'pipe') return this.pipes.isRunning(name);
    if (protocol?.kind === 'direct') return this.direct.isRunning(name);
    if (protocol?.kind === 'mrt') return this.mrt.isRunning(name);
    return protocol?.disabled === false;
  }

  /** One listener for each address and port that some neighbour may call; returns what is being opened. */
  #listen(config: DaemonConfig): Promise<void>[] {
    const wanted = new Map<string, { address: IpAddress; port: number }>();
    let last: { address: IpAddress; port: number } | undefined;
    for (const protocol of config.protocols) {
      if (protocol.kind !== 'bgp') continue;
      const address = listenAddress(protocol);
      // Of thousands of protocols nearly all listen where the one before them does.
      if (last?.address === address && last.port === protocol.localPort) continue;
      last = { address, port: protocol.localPort };
      wanted.set(`${formatIp(address)} ${protocol.localPort}`, last);
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

  /** Takes over what differs in a protocol that goes on; nobody is asked for routes that are kept. */
  #reconfigureProtocol(protocol: AnyProtocolConfig, options: readonly PlannedOption[], soft: boolean): void {
    const { name } = protocol;
    const peers = this.#peersOf(name);
    for (const { family, text } of describeReloads(options, soft)) {
      const running = protocol.kind === 'bgp' ? peers.filter(({ channels }) => channels[family]) : [protocol];
      for (const each of running) this.#env.log('info', text(each.name));
    }
    if (this.#hasDebug(name, 'states')) this.#env.log('trace', `${name}: Reconfigured`);
    if (protocol.kind === 'static') this.statics.reconfigure(protocol, soft);
    if (protocol.kind === 'pipe') this.pipes.reconfigure(protocol, soft);
    if (protocol.kind === 'direct') this.direct.reconfigure(protocol, soft);
    if (protocol.kind === 'mrt') this.mrt.reconfigure(protocol);
    if (protocol.kind !== 'bgp') return;
    const policy = this.#peerPolicy(protocol);
    this.#policies.set(name, policy);
    if (protocol.session.kind === 'single') this.speaker.reconfigureSession(protocol.session.config);
    else this.speaker.reconfigureRange(protocol.session.config);
    for (const peer of peers) peer.reconfigure(policy, soft);
  }

  /** Neighbours of a protocol whose session is up. */
  #peersOf(protocol: string): Peer[] {
    const { peers } = this.reflector;
    const names = [protocol, ...this.speaker.namesInRange(protocol)];
    return names.map((name) => peers.get(name)).filter((peer) => peer !== undefined);
  }

  #addBgp(protocol: BgpProtocolConfig, policy: PeerPolicy): void {
    this.#policies.set(protocol.name, policy);
    const { session } = protocol;
    if (session.kind === 'single') this.speaker.addSession(session.config, !protocol.disabled);
    else this.speaker.addRange(session.config, !protocol.disabled);
  }

  #removeBgp(protocol: BgpProtocolConfig, reason: 'deconfigured' | 'changed'): void {
    if (protocol.session.kind === 'single') this.speaker.removeSession(protocol.name, reason);
    // Sessions that were made from a range come back by themselves, if at all.
    else this.speaker.removeRange(protocol.name, 'deconfigured');
    this.#policies.delete(protocol.name);
  }

  #policyOf(session: string): PeerPolicy {
    const own = this.#policies.get(session) ?? this.#policies.get(this.#rangeOf(session));
    if (!own) throw new Error(`session ${session} has no policy`);
    return own;
  }

  #peerPolicy(protocol: BgpProtocolConfig): PeerPolicy {
    const { decision } = protocol;
    return {
      routeReflectorClient: protocol.rrClient,
      clusterId: protocol.clusterId,
      routeServerClient: protocol.rsClient,
      allowLocalAs: protocol.allowLocalAs,
      allowLocalPref: protocol.allowLocalPref,
      allowMed: protocol.allowMed,
      allowAsSets: protocol.allowAsSets,
      enforceFirstAs: protocol.enforceFirstAs,
      interpretCommunities: protocol.interpretCommunities,
      defaultLocalPref: decision.defaultLocalPref,
      ...(decision.defaultMed !== 0 && { defaultMed: decision.defaultMed }),
      ...(protocol.session.kind === 'single'
        ? roleOf(protocol.session.config)
        : roleOf(protocol.session.config.template)),
      ...(protocol.confederation !== undefined && { confederation: true }),
      decision:
        (decision.pathMetric ? DECISION.pathMetric : 0) |
        (decision.igpMetric ? DECISION.igpMetric : 0) |
        (decision.medMetric ? DECISION.medMetric : 0) |
        (decision.preferOlder ? DECISION.preferOlder : 0),
      channels: protocol.channels.map((channel) => this.#channelPolicy(channel)),
    };
  }

  #channelPolicy(channel: BgpChannelConfig): ChannelPolicy {
    return {
      family: channel.family,
      table: channel.table,
      importPolicy: this.#filters.importPolicy(channel.importFilter, channel.preference),
      exportPolicy: this.#filters.policy(channel.exportFilter),
      ...limit('importLimit', channel.importLimit),
      ...limit('receiveLimit', channel.receiveLimit),
      ...limit('exportLimit', channel.exportLimit),
      nextHopSelf: channel.nextHopSelf,
      nextHopKeep: channel.nextHopKeep,
      ...(channel.nextHopAddress ? { nextHopAddress: channel.nextHopAddress } : {}),
      aigp: channel.aigp,
      ...(channel.aigpOriginate && { aigpOriginate: true }),
    };
  }

  #logEvent(event: SpeakerEvent): void {
    const lines = describeEvent(
      event,
      (session, flag) => this.#hasDebug(session, flag),
      (session) => this.speaker.configOf(session),
    );
    for (const { level, text } of lines) {
      this.#env.log(level, text);
    }
  }

  #tracerOf(session: string, table: RoutingTable): RouteTracer | undefined {
    if (this.#debug.size === 0) return undefined;
    const channel = `${this.#rangeOf(session)}.${table.family.name}`;
    const wants = (flag: DebugFlag): boolean => {
      const own = this.#debug.get(`${session}.${table.family.name}`) ?? this.#debug.get(channel);
      return own?.has(flag) ?? this.#hasDebug(session, flag);
    };
    const [routes, filters] = [wants('routes'), wants('filters')];
    if (!routes && !filters) return undefined;
    const write = (line: string): void => {
      this.#env.log('trace', line);
    };
    return new RouteTracer({ table, channel: `${session}.${table.family.name}`, routes, filters, write });
  }

  #hasDebug(session: string, flag: DebugFlag): boolean {
    if (this.#debug.size === 0) return false;
    return (this.#debug.get(session) ?? this.#debug.get(this.#rangeOf(session)))?.has(flag) ?? false;
  }

  /** Name of the range that a session was made from; the session's own where there is none. */
  #rangeOf(session: string): string {
    return this.speaker.rangeOf(session) ?? session;
  }
}

/** What was added by hand to tables that filters look into stays, in those of the same name. */
function succeedTables({ symbols: before }: DaemonConfig, { symbols }: DaemonConfig): void {
  for (const [name, symbol] of symbols.entries()) {
    if (symbol.kind !== 'table' || !symbol.table.lookup) continue;
    const known = before.get(name);
    const table = known?.kind === 'table' ? known.table.lookup : undefined;
    if (table && table !== symbol.table.lookup && table.kind === symbol.table.lookup.kind)
      symbol.table.lookup.succeed(table);
  }
}

/** Whether the protocol does something that can be started and ended. */
function isRun({ kind }: AnyProtocolConfig): boolean {
  return kind === 'static' || kind === 'pipe' || kind === 'direct' || kind === 'mrt';
}

function limit<K extends 'importLimit' | 'receiveLimit' | 'exportLimit'>(
  key: K,
  config: LimitConfig | undefined,
): Partial<Record<K, Limit>> {
  if (!config) return {};
  const value: Limit = { count: config.limit, action: config.action };
  return { [key]: value } as Partial<Record<K, Limit>>;
}

const ANY_IPV4: IpAddress = { version: 4, words: [0] };
const ANY_IPV6: IpAddress = { version: 6, words: [0, 0, 0, 0] };

/** BIRD listens on all addresses unless `strict bind` says otherwise. */
function listenAddress(protocol: BgpProtocolConfig): IpAddress {
  const { session } = protocol;
  const neighbor = session.kind === 'single' ? session.config.remoteAddress : session.config.prefix.address;
  const local =
    session.kind === 'single' ? session.config.localAddress : session.config.template.localAddress;
  if (protocol.strictBind && local) return local;
  return neighbor.version === 4 ? ANY_IPV4 : ANY_IPV6;
}

function roleOf({ role }: { readonly role?: Role }): Pick<PeerPolicy, 'role'> {
  return role === undefined ? {} : { role };
}

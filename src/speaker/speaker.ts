/**
 * A BGP speaker: its listeners, its configured neighbours and ranges of neighbours. Sessions run by themselves; the
 * speaker adds and removes them, finds the one an arriving connection belongs to, and bounds what strangers can use up.
 */
import { Subject, type Observable } from 'rxjs';
import type { Clock, Timer } from '../base/clock.ts';
import { formatIp, sameIp, type IpAddress } from '../base/ip.ts';
import type { Random } from '../base/random.ts';
import type { RangeConfig, SessionConfig } from './config.ts';
import { installKey, rangeKey, removeKey, sessionKey, type PeerKey } from './peer-key.ts';
import { longestMatch } from './peer-match.ts';
import { RefusalLog } from './refusal-log.ts';
import { ownsConnection, Session, type SessionEnv } from './session.ts';
import type { SessionEvents } from './session-port.ts';
import { knownRemoteAs, type SessionRecorder } from './session-recorder.ts';
import type { SessionStatus } from './session-status.ts';
import type { SpeakerEvent } from './speaker-event.ts';
import type { AcceptedTransport, Endpoint, Listener, Network, Transport } from './transport.ts';
import { CEASE, type BgpError } from './wire/errors.ts';
import { ceaseWith } from './wire/notification.ts';

export interface SpeakerOptions {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  /** Where routes go to and come from. */
  readonly events: SessionEvents;
  /** Whether each message of a session is to be told of; asked when it is made, and at `retrace`. Default: no. */
  readonly tracesPackets?: (session: string, range: string | undefined) => boolean;
  /** Who keeps a record of a session; asked when it is made, and at `retrace`. Default: nobody. */
  readonly recorderOf?: (session: string, range: string | undefined) => SessionRecorder | undefined;
  /** Accepted connections without an OPEN, over all neighbours; more are refused. Default 2048. */
  readonly maxHalfOpen?: number;
  /** Seconds that an accepted connection may take until its OPEN (never more than the startup hold time). Default 60. */
  readonly openWaitTimeS?: number;
  /** Seconds after which a session of a range that has no connection is forgotten. Default 300. */
  readonly dynamicRemovalTimeS?: number;
}

export interface RangeStatus {
  readonly name: string;
  readonly config: RangeConfig;
  readonly enabled: boolean;
  /** Wall-clock milliseconds of the last change of `enabled`. */
  readonly since: number;
  readonly sessions: number;
}

/** Why a session is taken out; decides the Cease it gets. */
export type RemovalReason = 'deconfigured' | 'changed';

const REMOVAL_CEASE: Readonly<Record<RemovalReason, number>> = {
  deconfigured: CEASE.peerDeconfigured,
  changed: CEASE.otherConfigurationChange,
};

/** How long a closed connection may take to send its NOTIFICATION and be closed by the other side (BIRD: 10 s). */
const LINGER_MS = 10_000;

/** The same when all is shut down: whoever stops the process gives it ten seconds as a rule before killing it. */
const SHUTDOWN_LINGER_MS = 3000;

const DEFAULT_MAX_HALF_OPEN = 2048;
const DEFAULT_OPEN_WAIT_TIME_S = 60;
const DEFAULT_DYNAMIC_REMOVAL_TIME_S = 300;

/** BIRD's words for a listener that does not take the key. */
const MD5_FAILED = 'Kernel MD5 auth failed';

interface Range {
  config: RangeConfig;
  readonly prefix: RangeConfig['prefix'];
  readonly sessions: Set<Session>;
  enabled: boolean;
  since: number;
  /** The last number given to a session. */
  counter: number;
}

/** A neighbour as table dumps name it. */
export interface Neighbor {
  /** 0 until the session is Established. */
  readonly routerId: number;
  /** 0 where it is not known yet. */
  readonly as: number;
  readonly address: IpAddress;
}

/** Sessions as they count. */
export interface SessionTally {
  /** Enabled, without those of ranges. */
  readonly configured: number;
  /** Those of them that are up. */
  readonly up: number;
  readonly disabled: number;
  /** Sessions of ranges that are up. */
  readonly dynamic: number;
  /** The first of those that are enabled and not up, without those of ranges. */
  readonly down: readonly SessionStatus[];
}

export class Speaker {
  /** RFC 4724: set before sessions start where this process has just restarted; cleared when it has its routes. */
  restarting = false;
  /** What happens to sessions, for logs and metrics. */
  readonly happenings: Observable<SpeakerEvent>;
  readonly #options: SpeakerOptions;
  readonly #subject = new Subject<SpeakerEvent>();
  readonly #env: SessionEnv;
  readonly #sessions = new Map<string, Session>();
  /** Sessions by the text of the neighbour's address. */
  readonly #byAddress = new Map<string, Set<Session>>();
  readonly #ranges = new Map<string, Range>();
  readonly #listeners = new Set<Listener>();
  readonly #lingering = new Map<Transport, Timer>();
  readonly #removals = new Map<Session, Timer>();
  readonly #refusals: RefusalLog;
  #halfOpen = 0;
  #whenLingered: (() => void) | undefined;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    this.happenings = this.#subject.asObservable();
    const emit = (event: SpeakerEvent): void => this.#subject.next(event);
    this.#refusals = new RefusalLog(options.clock, (address, reason, count) =>
      emit({ type: 'refused', address, reason, count }),
    );
    const isRestarting = (): boolean => this.restarting;
    this.#env = {
      clock: options.clock,
      random: options.random,
      network: options.network,
      events: options.events,
      openWaitTimeS: options.openWaitTimeS ?? DEFAULT_OPEN_WAIT_TIME_S,
      get restarting() {
        return isRestarting();
      },
      emit,
      tracesPackets: (name) => options.tracesPackets?.(name, this.#sessions.get(name)?.range) ?? false,
      recorderOf: (name) => options.recorderOf?.(name, this.#sessions.get(name)?.range),
      linger: (transport) => this.#linger(transport),
      halfOpenChanged: (by) => {
        this.#halfOpen += by;
      },
      quiet: (session) => this.#scheduleRemoval(session),
    };
  }

  /** Accepted connections that have not sent their OPEN yet. */
  get halfOpenConnections(): number {
    return this.#halfOpen;
  }

  /** Connections refused since the start. */
  get refusedConnections(): number {
    return this.#refusals.total;
  }

  /**
   * Accepts connections on an address and port, with the keys of the neighbours known now and added later.
   * Rejects where the address cannot be bound, with a message that says which and why.
   */
  async listen(local: Endpoint): Promise<Listener> {
    const acceptFailed = (error: Error): void => this.#refusals.note(local.address, error.message);
    const listener = await this.#options.network.listen({ local, acceptFailed }, (transport) =>
      this.#accept(transport),
    );
    this.#listeners.add(listener);
    for (const session of this.#sessions.values()) {
      if (session.range === undefined) this.#installKey(session.name, sessionKey(session.config), [listener]);
    }
    for (const range of this.#ranges.values())
      this.#installKey(range.config.name, rangeKey(range.config), [listener]);
    return listener;
  }

  /** Stops accepting on a listener; connections stay. */
  unlisten(listener: Listener): void {
    this.#listeners.delete(listener);
    listener.close();
  }

  /** Adds a neighbour, started unless `enabled` is false. Throws where the name is taken. */
  addSession(config: SessionConfig, enabled = true): void {
    this.#requireFreeName(config.name);
    const session = this.#newSession(config);
    if (enabled && this.#installKey(config.name, sessionKey(config))) session.enable();
  }

  /** Takes a neighbour out, with the Cease that says why. Nothing happens where there is none of that name. */
  removeSession(name: string, reason: RemovalReason): void {
    const session = this.#sessions.get(name);
    if (!session) return;
    this.#dropSession(session, ceaseWith(REMOVAL_CEASE[reason]));
    if (session.range === undefined) this.#removeKey(sessionKey(session.config));
  }

  /** Adds a range of neighbours that may connect. Throws where the name is taken. */
  addRange(config: RangeConfig, enabled = true): void {
    this.#requireFreeName(config.name);
    const since = this.#options.clock.wallTime();
    const range = { config, prefix: config.prefix, sessions: new Set<Session>(), enabled, since, counter: 0 };
    this.#ranges.set(config.name, range);
    if (enabled) this.#installKey(config.name, rangeKey(config));
  }

  /** Takes a range out, and the sessions made from it. */
  removeRange(name: string, reason: RemovalReason): void {
    const range = this.#ranges.get(name);
    if (!range) return;
    for (const session of [...range.sessions]) this.#dropSession(session, ceaseWith(REMOVAL_CEASE[reason]));
    this.#ranges.delete(name);
    this.#removeKey(rangeKey(range.config));
  }

  /**
   * Gives a running session another configuration, that counts from its next connection on. Address, password and what
   * else is in use by now must be the same. Nothing happens where there is no session of that name.
   */
  reconfigureSession(config: SessionConfig): void {
    this.#sessions.get(config.name)?.reconfigure(config);
  }

  /** The same for a range and the sessions made from it. Those that were disabled by hand are taken out. */
  reconfigureRange(config: RangeConfig): void {
    const range = this.#ranges.get(config.name);
    if (!range) return;
    range.config = config;
    for (const session of [...range.sessions]) {
      if (!session.enabled) this.#dropSession(session, 'none');
      else session.reconfigure({ ...session.config, ...config.template });
    }
  }

  /** Asks anew of which sessions messages are to be told of, and who keeps a record of which. */
  retrace(): void {
    for (const session of this.#sessions.values()) session.retrace();
  }

  /** Whether a session or range is enabled; undefined where there is none of that name. */
  isEnabled(name: string): boolean | undefined {
    return (this.#ranges.get(name) ?? this.#sessions.get(name))?.enabled;
  }

  /** How a session is configured; undefined where there is none of that name. */
  configOf(name: string): SessionConfig | undefined {
    return this.#sessions.get(name)?.config;
  }

  /** Who the neighbour of a session is; undefined where there is no such session, or it is down. */
  neighborOf(name: string): Neighbor | undefined {
    const session = this.#sessions.get(name);
    if (!session || session.phase === 'down') return undefined;
    const { config, negotiated } = session;
    return {
      routerId: negotiated?.remoteRouterId ?? 0,
      as: knownRemoteAs(config, negotiated),
      address: config.remoteAddress,
    };
  }

  /** The range that a session was made from; undefined where it was not. */
  rangeOf(name: string): string | undefined {
    return this.#sessions.get(name)?.range;
  }

  /** Names of the sessions that were made from a range. */
  namesInRange(name: string): string[] {
    return Array.from(this.#ranges.get(name)?.sessions ?? [], (session) => session.name);
  }

  /** Starts a session or range by name; false where there is none. One that runs already stays as it is. */
  enable(name: string): boolean {
    const range = this.#ranges.get(name);
    if (range) {
      if (!range.enabled) this.#setRangeEnabled(range, true);
      return true;
    }
    const session = this.#sessions.get(name);
    if (!session) return false;
    if (session.range === undefined) {
      if (this.#installKey(name, sessionKey(session.config))) session.enable();
    } else if (!session.enabled) {
      session.enable();
      this.#scheduleRemoval(session);
    }
    return true;
  }

  /**
   * Stops a session, or a range with the sessions made from it, until `enable`; false where there is none of that name.
   * @param message shutdown communication (RFC 9003) for the neighbour
   */
  disable(name: string, message?: string): boolean {
    const farewell = ceaseWith(CEASE.administrativeShutdown, message);
    const range = this.#ranges.get(name);
    if (range) {
      this.#setRangeEnabled(range, false);
      for (const session of [...range.sessions]) this.#dropSession(session, farewell);
      return true;
    }
    const session = this.#sessions.get(name);
    session?.disable(farewell);
    return session !== undefined;
  }

  /** Stops and starts a session, or all sessions of a range; false where there is none of that name. */
  restart(name: string, message?: string): boolean {
    const range = this.#ranges.get(name);
    if (range) {
      for (const session of range.sessions) session.restart(message);
      return true;
    }
    const session = this.#sessions.get(name);
    session?.restart(message);
    return session !== undefined;
  }

  /** All sessions, in the order in which they were added. */
  sessions(): SessionStatus[] {
    return Array.from(this.#sessions.values(), (session) => session.status());
  }

  /** Our addresses of sessions that are up; at most so many. */
  localAddresses(most: number): string[] {
    const found = new Set<string>();
    for (const { localAddress } of this.#sessions.values()) {
      if (found.size === most) break;
      if (localAddress) found.add(formatIp(localAddress));
    }
    return [...found];
  }

  /**
   * How many sessions are how, in a plain loop over all.
   * @param shown of how many of those that are to be up and are not the status is wanted
   */
  tally(shown: number): SessionTally {
    const tally = { configured: 0, up: 0, disabled: 0, dynamic: 0 };
    const down: SessionStatus[] = [];
    for (const session of this.#sessions.values()) {
      const isUp = session.phase === 'up';
      if (session.range !== undefined) {
        if (isUp) tally.dynamic++;
        continue;
      }
      if (!session.enabled) {
        tally.disabled++;
        continue;
      }
      tally.configured++;
      if (isUp) tally.up++;
      else if (down.length < shown) down.push(session.status());
    }
    return { ...tally, down };
  }

  /** One session by name. */
  session(name: string): SessionStatus | undefined {
    return this.#sessions.get(name)?.status();
  }

  ranges(): RangeStatus[] {
    return Array.from(this.#ranges.values(), ({ config, enabled, since, sessions }) => ({
      name: config.name,
      config,
      enabled,
      since,
      sessions: sessions.size,
    }));
  }

  /**
   * Closes listeners and sessions.
   * @param how a shutdown communication, or `graceful`: no NOTIFICATION, so that neighbours with graceful restart keep
   * the routes until this speaker is back
   * @returns when every neighbour has been told and has closed, at most three seconds later
   */
  async shutdown(how: { readonly message?: string; readonly graceful?: boolean } = {}): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
    this.#ranges.clear();
    const farewell = how.graceful ? 'none' : ceaseWith(CEASE.administrativeShutdown, how.message);
    for (const session of [...this.#sessions.values()]) this.#dropSession(session, farewell);
    this.#refusals.close();
    if (this.#lingering.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.setTimer(SHUTDOWN_LINGER_MS, () => {
        for (const transport of [...this.#lingering.keys()]) transport.destroy();
      });
      this.#whenLingered = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #requireFreeName(name: string): void {
    if (this.#sessions.has(name) || this.#ranges.has(name)) throw new Error(`Session name ${name} is taken`);
  }

  #newSession(config: SessionConfig, range?: Range): Session {
    const session = new Session(config, this.#env, range?.config.name);
    this.#sessions.set(config.name, session);
    session.retrace();
    range?.sessions.add(session);
    const key = formatIp(config.remoteAddress);
    const sameAddress = this.#byAddress.get(key) ?? new Set();
    this.#byAddress.set(key, sameAddress.add(session));
    this.#subject.next({ type: 'sessionAdded', session: config.name });
    return session;
  }

  #dropSession(session: Session, farewell: BgpError | 'none'): void {
    session.disable(farewell);
    this.#removals.get(session)?.cancel();
    this.#removals.delete(session);
    this.#sessions.delete(session.name);
    if (session.range !== undefined) this.#ranges.get(session.range)?.sessions.delete(session);
    const key = formatIp(session.config.remoteAddress);
    const sameAddress = this.#byAddress.get(key);
    sameAddress?.delete(session);
    if (sameAddress?.size === 0) this.#byAddress.delete(key);
    this.#subject.next({ type: 'sessionRemoved', session: session.name });
  }

  #setRangeEnabled(range: Range, enabled: boolean): void {
    if (range.enabled === enabled) return;
    range.enabled = enabled;
    range.since = this.#options.clock.wallTime();
    if (enabled) this.#installKey(range.config.name, rangeKey(range.config));
  }

  // --- keys -----------------------------------------------------------------------------------------------------

  /** Gives a key to the listeners; false where one of them cannot take it, which its session then says. */
  #installKey(name: string, key: PeerKey, listeners: Iterable<Listener> = this.#listeners): boolean {
    try {
      for (const listener of listeners) installKey(key, listener);
      return true;
    } catch (error) {
      this.#sessions.get(name)?.fault(MD5_FAILED);
      const text = error instanceof Error ? error.message : String(error);
      this.#subject.next({ type: 'notice', session: name, level: 'warn', text });
      return false;
    }
  }

  #removeKey(key: PeerKey): void {
    if (key.peer.password === undefined) return;
    const sessions = Array.from(this.#sessions.values()).filter(({ range }) => range === undefined);
    const others = [
      ...sessions.map(({ config }) => sessionKey(config)),
      ...Array.from(this.#ranges.values(), ({ config }) => rangeKey(config)),
    ];
    for (const listener of this.#listeners) removeKey(key, listener, others);
  }

  // --- arriving connections -------------------------------------------------------------------------------------

  #accept(transport: AcceptedTransport): void {
    const refusal = this.#admit(transport);
    if (refusal === undefined) return;
    this.#refusals.note(transport.remote.address, refusal);
    transport.destroy();
  }

  /** Hands the connection to its session; returns why there is none. */
  #admit(transport: AcceptedTransport): string | undefined {
    const { address } = transport.remote;
    if (this.#halfOpen >= (this.#options.maxHalfOpen ?? DEFAULT_MAX_HALF_OPEN)) {
      return 'too many connections wait for their OPEN';
    }
    for (const session of this.#byAddress.get(formatIp(address)) ?? []) {
      if (!ownsConnection(session.config, transport)) continue;
      this.#removals.get(session)?.cancel();
      this.#removals.delete(session);
      const refusal = session.accept(transport);
      if (refusal !== undefined && session.isQuiet) this.#scheduleRemoval(session);
      return refusal;
    }
    const range = longestMatch(
      Array.from(this.#ranges.values()).filter((entry) => rangeTakes(entry, transport)),
      address,
    );
    if (!range) return 'no neighbour is configured with this address';
    if (range.sessions.size >= range.config.limit && !this.#evictQuiet(range)) {
      return `range ${range.config.name} has reached its limit of ${range.config.limit} sessions`;
    }
    const session = this.#newSession(this.#dynamicConfig(range, address, transport.remote.zone), range);
    session.enable();
    return session.accept(transport);
  }

  #dynamicConfig(range: Range, address: IpAddress, zone: string | undefined): SessionConfig {
    const { dynamicName, dynamicDigits, template } = range.config;
    let name: string;
    do name = dynamicName + String(++range.counter).padStart(dynamicDigits, '0');
    while (this.#sessions.has(name) || this.#ranges.has(name));
    return {
      ...template,
      ...(zone !== undefined && { interface: zone }),
      name,
      remoteAddress: address,
      passive: true,
    };
  }

  /** Makes room in a full range by forgetting the session that has been without a connection for longest. */
  #evictQuiet(range: Range): boolean {
    for (const session of this.#removals.keys()) {
      if (!range.sessions.has(session) || !session.enabled) continue;
      this.#dropSession(session, 'none');
      return true;
    }
    return false;
  }

  /** Sessions of a range are forgotten when they have had no connection for a while; disabled ones stay disabled. */
  #scheduleRemoval(session: Session): void {
    if (session.range === undefined || !session.enabled || this.#sessions.get(session.name) !== session)
      return;
    this.#removals.get(session)?.cancel();
    this.#removals.delete(session);
    const restartTimeS = session.config.gracefulRestart === 'off' ? 0 : session.config.gracefulRestartTimeS;
    const waitS = Math.max(this.#options.dynamicRemovalTimeS ?? DEFAULT_DYNAMIC_REMOVAL_TIME_S, restartTimeS);
    const timer = this.#options.clock.setTimer(waitS * 1000, () => {
      this.#removals.delete(session);
      // It is expected back while its routes are kept, which the neighbour's times decide.
      if (this.#options.events.isRestarting?.(session.name)) this.#scheduleRemoval(session);
      else if (session.isQuiet) this.#dropSession(session, 'none');
    });
    this.#removals.set(session, timer);
  }

  #linger(transport: Transport): void {
    const done = (): void => {
      this.#lingering.get(transport)?.cancel();
      this.#lingering.delete(transport);
      if (this.#lingering.size > 0) return;
      this.#whenLingered?.();
      this.#whenLingered = undefined;
    };
    const timer = this.#options.clock.setTimer(LINGER_MS, () => {
      transport.destroy();
      done();
    });
    this.#lingering.set(transport, timer);
    transport.onClose = done;
    transport.end();
  }
}

function rangeTakes({ config, enabled }: Range, transport: Transport): boolean {
  if (!enabled) return false;
  const { localAddress } = config.template;
  return !localAddress || sameIp(localAddress, transport.local.address);
}

/**
 * A configured neighbour: at most one connection that we open and one that it opens, of which one becomes the
 * session. Starts, stops, restarts after errors with BIRD's error wait time, and tells the keeper of routes.
 */
import type { IpAddress } from '../base/ip.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { sameIp } from '../base/ip.ts';
import type { Random } from '../base/random.ts';
import type { SessionConfig } from './config.ts';
import { Connection, type ConnectionHost, type Leaving } from './connection.ts';
import { newCounters } from './counters.ts';
import { formatCause, type EndCause } from './end-cause.ts';
import { resolveCollision } from './fsm/collision.ts';
import type { FsmEvent } from './fsm/event.ts';
import { stateRank, type FsmState } from './fsm/state.ts';
import type { FsmContext } from './fsm/step.ts';
import type { Negotiated } from './negotiated.ts';
import { RetryDelay } from './retry-delay.ts';
import type { EstablishedSession, RouteReceiver, SessionEvents } from './session-port.ts';
import type { SessionRecorder } from './session-recorder.ts';
import { infoColumn, type SessionPhase, type SessionStatus, type StateWord } from './session-status.ts';
import type { SpeakerEvent } from './speaker-event.ts';
import type { AcceptedTransport, ConnectAttempt, ConnectOptions, Network, Transport } from './transport.ts';
import type { Capabilities } from './wire/capabilities.ts';
import { bgpError, CEASE, ERROR, type BgpError } from './wire/errors.ts';
import { AS_TRANS } from './wire/iana.ts';
import { ceaseWith, describeNotification, shutdownCommunication } from './wire/notification.ts';
import {
  encodeOpen,
  isBgpError,
  localCapabilities,
  localOpen,
  negotiate,
  type OpenMessage,
} from './wire/open.ts';

/** What a session needs of the speaker it belongs to. */
export interface SessionEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly events: SessionEvents;
  /** RFC 4724: this speaker has just restarted and wants its routes back. */
  readonly restarting: boolean;
  /** How long a connection that the neighbour opened may keep us waiting for its OPEN. */
  readonly openWaitTimeS: number;
  emit(event: SpeakerEvent): void;
  linger(transport: Transport): void;
  /** The number of accepted connections without an OPEN has changed. */
  halfOpenChanged(by: 1 | -1): void;
  /** Whether each message of the session is to be told of. */
  tracesPackets(session: string): boolean;
  /** Who keeps a record of the session; undefined where nobody does. */
  recorderOf(session: string): SessionRecorder | undefined;
  /** The session has no connection any more. */
  quiet(session: Session): void;
}

/** After this long without a byte, a connection that awaits its OPEN gives way to a newer one. */
const SILENT_CONNECTION_MS = 5000;

const UPDATE_LINES = 5;
const MAX_TTL = 255;
const ROUTE_LIMIT_EXCEEDED = 'Route limit exceeded';

export class Session implements ConnectionHost {
  #config: SessionConfig;
  /** Name of the range it was made from. */
  readonly range: string | undefined;
  readonly counters = newCounters();
  tracePacket: ((text: string) => void) | undefined;
  recordMessage: ConnectionHost['recordMessage'];
  #recordState: SessionRecorder['state'];
  /** Lines about UPDATEs that may be written now, and when that was worked out. */
  #updateLines = UPDATE_LINES;
  #updateLineAt = 0;
  readonly #env: SessionEnv;
  readonly #retryDelay: RetryDelay;
  #enabled = false;
  #phase: SessionPhase = 'down';
  #since: number;
  /** Connections are made and accepted: not down, and no error wait. */
  #connecting = false;
  #outgoing: Connection;
  #incoming: Connection | undefined;
  /** The incoming connection counts as half-open. */
  #halfOpen = false;
  #current: Connection | undefined;
  #receiver: RouteReceiver | undefined;
  #errorWait: { readonly timer: Timer; readonly deadline: number; readonly ofS: number } | undefined;
  #lastError: EndCause | undefined;
  #message: string | undefined;
  #establishedAt: number | undefined;
  /** Set while connections are closed on purpose: what they report then starts nothing. */
  #closing = false;
  /** Set while the current connection is given up for a graceful restart of the neighbour. */
  #neighborRestarts = false;

  constructor(config: SessionConfig, env: SessionEnv, range?: string) {
    this.#config = config;
    this.range = range;
    this.#env = env;
    this.#since = env.clock.wallTime();
    this.#retryDelay = new RetryDelay(config.errorWaitTimeS, config.errorForgetTimeS);
    this.#outgoing = this.#newConnection('outgoing');
  }

  get config(): SessionConfig {
    return this.#config;
  }

  get name(): string {
    return this.#config.name;
  }

  /** Asks anew whether messages are to be told of, and who keeps a record of them. */
  retrace(): void {
    this.tracePacket = this.#env.tracesPackets(this.name) ? (text) => this.#packet(text) : undefined;
    const { message, state } = this.#env.recorderOf(this.name) ?? {};
    this.recordMessage =
      message && ((connection, bytes, start, end) => message(this.#config, connection, bytes, start, end));
    this.#recordState = state;
  }

  /** UPDATEs come in thousands: BIRD logs no more than one a second of them, in bursts of five. */
  #packet(text: string): void {
    if (text.endsWith('UPDATE')) {
      const now = this.clock.now();
      this.#updateLines = Math.min(UPDATE_LINES, this.#updateLines + (now - this.#updateLineAt) / 1000);
      this.#updateLineAt = now;
      if (this.#updateLines < 1) return;
      this.#updateLines--;
    }
    this.#env.emit({ type: 'packet', session: this.name, text });
  }

  /** Takes another configuration, which differs in what connections that are made from now on agree on. */
  reconfigure(config: SessionConfig): void {
    this.#config = config;
  }

  get clock(): Clock {
    return this.#env.clock;
  }

  get random(): Random {
    return this.#env.random;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  /** Our end of the connection while Established. */
  get localAddress(): IpAddress | undefined {
    return this.#current?.transport?.local.address;
  }

  /** Whether there is no connection and no attempt at one. */
  get isQuiet(): boolean {
    return (
      this.#incoming === undefined && this.#current === undefined && this.#outgoing.transport === undefined
    );
  }

  /** The agreement of the Established session. */
  get negotiated(): Negotiated | undefined {
    return this.#current?.negotiated;
  }

  /** Starts the session (ManualStart). Nothing happens where it is enabled already. */
  enable(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    this.#retryDelay.reset();
    this.#start('ManualStart');
  }

  /**
   * Stops the session until `enable` (ManualStop).
   * @param farewell the Cease to send, or `'none'` to close without one, so that a neighbour with graceful restart
   * keeps the routes (RFC 4724 section 4.1)
   */
  disable(farewell: BgpError | 'none'): void {
    if (!this.#enabled) return;
    this.#enabled = false;
    this.#retryDelay.reset();
    this.#lastError = { class: 'manual', text: '' };
    this.#message = farewell === 'none' ? undefined : shutdownCommunication(farewell);
    this.#goDown(farewell === 'none' ? undefined : farewell);
  }

  /** Stops and starts at once, with a Cease / Administrative Reset. */
  restart(message?: string): void {
    if (!this.#enabled) return;
    const farewell = ceaseWith(CEASE.administrativeReset, message);
    this.#message = shutdownCommunication(farewell);
    this.#retryDelay.reset();
    this.#lastError = { class: 'manual', text: '' };
    this.#goDown(farewell);
    this.#start('ManualStart');
  }

  /** It cannot run, for a reason that only a person can remove: stays down with `text` as its error. */
  fault(text: string): void {
    this.#enabled = false;
    this.#lastError = { class: 'misc', text };
    this.#goDown(bgpError(ERROR.cease, CEASE.administrativeShutdown));
  }

  /**
   * A connection from this neighbour. Returns why it is refused, or undefined where the session took it; a refused
   * transport is left to the caller.
   */
  accept(transport: AcceptedTransport): string | undefined {
    if (!this.#enabled) return 'the session is disabled';
    if (!this.#connecting) return 'the session waits after an error';
    if (this.#current && this.#gracefulRestartIsPossible()) {
      // RFC 4724 section 4.2: a new connection says that the neighbour has restarted, whatever became of the old one.
      this.#lastError = { class: 'misc', text: 'Graceful restart' };
      this.#neighborRestarts = true;
      this.#current.feed({ type: 'ManualStop' });
      this.#neighborRestarts = false;
    }
    if (this.#incoming) {
      const { state, spoken, connectedAt } = this.#incoming;
      const isSilent =
        state === 'OpenSent' && !spoken && this.clock.now() - connectedAt >= SILENT_CONNECTION_MS;
      if (!isSilent) return 'there is a connection from it already';
      this.#incoming.feed({ type: 'ManualStop' });
    }
    const { ttl, minTtl } = this.#ttl();
    transport.setTtl(minTtl === undefined ? { ttl } : { ttl, minTtl });
    this.#incoming = this.#newConnection('incoming');
    this.#setHalfOpen(true);
    this.#incoming.adopt(transport);
    return undefined;
  }

  status(): SessionStatus {
    const current = this.#current;
    const now = this.clock.now();
    const state = this.#stateWord();
    const lastError = this.#lastError ? formatCause(this.#lastError) : '';
    const connectDelayMs =
      this.#outgoing.state === 'Active' ? this.#outgoing.timers.remainsMs('connectRetry') : undefined;
    const timer = (remainsMs: number | undefined, ofS: number): { remainsS: number; ofS: number } => ({
      remainsS: (remainsMs ?? 0) / 1000,
      ofS,
    });
    // Made field by field: with thousands of sessions, objects that are only spread into this one take most of the time.
    const status: { -readonly [Field in keyof SessionStatus]: SessionStatus[Field] } = {
      name: this.name,
      config: this.config,
      enabled: this.#enabled,
      phase: this.#phase,
      since: this.#since,
      state,
      info: infoColumn(this.#phase, state, lastError),
      counters: { ...this.counters },
    };
    if (this.range !== undefined) status.range = this.range;
    if (lastError) status.lastError = lastError;
    if (this.#message !== undefined) status.message = this.#message;
    if (this.#errorWait) status.errorWait = timer(this.#errorWait.deadline - now, this.#errorWait.ofS);
    if (connectDelayMs !== undefined)
      status.connectDelay = timer(connectDelayMs, this.config.connectDelayTimeS);
    if (this.#establishedAt !== undefined) status.establishedAt = this.#establishedAt;
    if (!current) return status;
    const { timers, negotiated, transport } = current;
    status.negotiated = negotiated!;
    status.local = transport!.local;
    status.remote = transport!.remote;
    status.direction = current.direction;
    status.localCapabilities = current.localCapabilities!;
    status.neighborCapabilities = current.remoteCapabilities!;
    status.holdTimer = timer(timers.remainsMs('hold'), negotiated!.holdTimeS);
    status.keepaliveTimer = timer(timers.remainsMs('keepalive'), negotiated!.keepaliveTimeS);
    return status;
  }

  #stateWord(): StateWord {
    if (this.#phase === 'down') return 'Down';
    const outgoing = this.#shownState('outgoing', this.#outgoing.state);
    const incoming = this.#incoming?.state ?? 'Idle';
    const state = stateRank(incoming) > stateRank(outgoing) ? incoming : outgoing;
    return state === 'Idle' && this.config.passive && this.#connecting ? 'Passive' : state;
  }

  /** BIRD calls a connection that only waits to be called Idle; for RFC 4271 section 8.2.1 it is Active. */
  #shownState(direction: Connection['direction'], state: FsmState): FsmState {
    const waits = state === 'Active' && (direction === 'incoming' || this.config.passive);
    return waits ? 'Idle' : state;
  }

  #newConnection(direction: 'outgoing' | 'incoming'): Connection {
    const { config } = this;
    const incoming = direction === 'incoming';
    const context: FsmContext = {
      passive: incoming || config.passive,
      connectDelayTimeS: config.connectDelayTimeS,
      connectRetryTimeS: config.connectRetryTimeS,
      startupHoldTimeS: incoming
        ? Math.min(config.startupHoldTimeS, this.#env.openWaitTimeS)
        : config.startupHoldTimeS,
      holdTimeS: 0,
      keepaliveTimeS: 0,
    };
    return new Connection(direction, this, context, config.sendHoldTimeS);
  }

  #setPhase(phase: SessionPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#since = this.clock.wallTime();
    this.#env.emit({ type: 'phase', session: this.name, phase });
  }

  #setHalfOpen(halfOpen: boolean): void {
    if (halfOpen === this.#halfOpen) return;
    this.#halfOpen = halfOpen;
    this.#env.halfOpenChanged(halfOpen ? 1 : -1);
  }

  #start(event: 'ManualStart' | 'AutomaticStart'): void {
    this.#setPhase('start');
    const waitS = this.#retryDelay.seconds;
    if (waitS === 0) {
      this.#connecting = true;
      this.#startOutgoing(event);
      return;
    }
    const delayMs = waitS * 1000 * (0.75 + 0.25 * this.random.float());
    const timer = this.clock.setTimer(delayMs, () => {
      this.#errorWait = undefined;
      this.#connecting = true;
      this.#startOutgoing('IdleHoldTimer_Expires');
    });
    this.#errorWait = { timer, deadline: this.clock.now() + delayMs, ofS: waitS };
  }

  #startOutgoing(event: 'ManualStart' | 'AutomaticStart' | 'IdleHoldTimer_Expires'): void {
    this.#outgoing.feed({
      type: this.config.passive ? 'AutomaticStart_with_PassiveTcpEstablishment' : event,
    });
  }

  /** Closes everything and rests. */
  #goDown(farewell: BgpError | undefined): void {
    this.#connecting = false;
    this.#errorWait?.timer.cancel();
    this.#errorWait = undefined;
    this.#closing = true;
    const stop = farewell
      ? { type: 'ManualStop' as const, error: farewell }
      : { type: 'ManualStop' as const };
    this.#outgoing.feed(stop);
    this.#incoming?.feed(stop);
    this.#closing = false;
    this.#setPhase('down');
    this.#env.quiet(this);
  }

  /** After an error, or the end of the session: down, and up again unless it has to stay down. */
  #recycle(): void {
    this.#goDown(bgpError(ERROR.cease));
    if (this.#enabled) this.#start('AutomaticStart');
  }

  /** Tries to connect again where nothing speaks against it. */
  #decide(): void {
    if (this.#phase !== 'start' || !this.#connecting) return;
    if (this.#outgoing.state !== 'Idle' || this.#incoming?.state === 'OpenConfirm') return;
    this.#startOutgoing('AutomaticStart');
  }

  #storeError(connection: Connection, cause: EndCause): void {
    if (this.#closing || cause.class === 'manual') return;
    if (this.#phase === 'up' && connection !== this.#current) return;
    this.#lastError = cause;
  }

  #gracefulRestartIsPossible(): boolean {
    return (
      this.#current?.negotiated?.families.some(
        ({ gracefulRestart, longLived }) => gracefulRestart || longLived !== undefined,
      ) === true
    );
  }

  #ttl(): { readonly ttl: number; readonly minTtl?: number } {
    const hops = this.config.multihop ?? 1;
    // RFC 5082 section 3: with `hops` routers at most on the way, the TTL has lost that many less one.
    return this.config.ttlSecurity ? { ttl: MAX_TTL, minTtl: MAX_TTL + 1 - hops } : { ttl: hops };
  }

  // --- ConnectionHost -------------------------------------------------------------------------------------------

  connect(connected: (transport: Transport) => void, failed: (error: Error) => void): ConnectAttempt {
    const { config } = this;
    const zone = config.interface;
    const options: ConnectOptions = {
      remote: {
        address: config.remoteAddress,
        port: config.remotePort,
        ...(zone !== undefined && isLinkLocal(config) && { zone }),
      },
      ...this.#ttl(),
      ...(config.localAddress && { localAddress: config.localAddress }),
      ...(config.password !== undefined && { password: config.password }),
      ...(zone !== undefined && { device: zone }),
    };
    return this.#env.network.connect(options, connected, failed);
  }

  makeOpen(): { readonly bytes: Uint8Array; readonly capabilities: Capabilities } {
    const capabilities = localCapabilities(this.config, this.#env.restarting);
    return { bytes: encodeOpen(localOpen(this.config, capabilities)), capabilities };
  }

  openReceived(connection: Connection, open: OpenMessage): Negotiated | BgpError {
    const answer = negotiate(this.config, connection.localCapabilities!, open);
    if (isBgpError(answer)) return answer;
    const { as4 } = open.capabilities;
    if (this.config.capabilities && as4 !== undefined && as4 !== open.as2 && open.as2 !== AS_TRANS) {
      this.notice('warn', `Peer advertised inconsistent AS numbers: ${open.as2} and ${as4}`);
    }
    const other = connection === this.#incoming ? this.#outgoing : this.#incoming;
    const outcome = resolveCollision({
      newConnection: connection.direction,
      otherState: other?.state ?? 'Idle',
      localRouterId: this.config.routerId,
      remoteRouterId: answer.remoteRouterId,
      localAs: this.config.publicAs ?? this.config.localAs,
      remoteAs: answer.remoteAs,
    });
    if (outcome === 'closeNew') return bgpError(ERROR.cease, CEASE.connectionCollision);
    if (outcome === 'closeOther') other!.feed({ type: 'OpenCollisionDump' });
    else if (outcome === 'stopOther') other!.feed({ type: 'ManualStop' });
    if (connection === this.#incoming) this.#setHalfOpen(false);
    return answer;
  }

  stateChanged(connection: Connection, from: FsmState, event: FsmEvent): void {
    const { direction, state } = connection;
    this.#env.emit({ type: 'fsmState', session: this.name, direction, from, to: state });
    if (this.#recordState) this.#record(this.#recordState, connection, from, event);
  }

  #record(
    record: NonNullable<SessionRecorder['state']>,
    connection: Connection,
    before: FsmState,
    event: FsmEvent,
  ): void {
    const from = this.#shownState(connection.direction, before);
    const to = this.#shownState(connection.direction, connection.state);
    if (from === to) return;
    const { state, negotiated, transport } = connection;
    // One that broke is no connection any more.
    const left = event.type === 'TcpConnectionFails' ? undefined : transport;
    record(this.#config, { state, negotiated, transport: left }, from, to);
  }

  established(connection: Connection): RouteReceiver {
    this.#current = connection;
    this.#lastError = undefined;
    this.#message = undefined;
    this.#establishedAt = this.clock.wallTime();
    this.counters.established++;
    this.counters.connectRetries = 0;
    this.#setPhase('up');
    this.#env.emit({ type: 'established', session: this.name });
    this.#receiver = this.#env.events.established(this.#established(connection));
    if (this.config.disableReceive) connection.pauseReading();
    return this.#receiver;
  }

  #established(connection: Connection): EstablishedSession {
    const { counters } = this;
    const transport = connection.transport!;
    return {
      config: this.config,
      negotiated: connection.negotiated!,
      local: transport.local,
      remote: transport.remote,
      write: (chunks, messages, written) => {
        counters.updatesSent += messages;
        connection.write(chunks, messages, written);
      },
      requestRefresh: (family) => connection.requestRefresh(family),
      fail: (error, reason, stayDown = false) => {
        if (connection !== this.#current) return;
        this.notice('warn', reason);
        if (stayDown) this.#enabled = false;
        connection.feed(
          error.code === ERROR.cease ? { type: 'AutomaticStop', error } : { type: 'UpdateMsgErr', error },
        );
      },
      pauseReading: () => connection.pauseReading(),
      resumeReading: () => connection.resumeReading(),
    };
  }

  left(connection: Connection, leaving: Leaving): void {
    const wasCurrent = connection === this.#current;
    const cause = this.#causeOf(leaving);
    if (connection === this.#incoming) {
      this.#incoming = undefined;
      this.#setHalfOpen(false);
    }
    this.#storeError(connection, cause);
    if (leaving.damped && !this.#closing && this.#isSessionsFault(connection, leaving)) {
      if (this.config.disableAfterError) this.#enabled = false;
      this.#retryDelay.noteError(this.clock.now());
      if (!this.#enabled) this.#retryDelay.reset();
      if (wasCurrent) this.#endSession(cause, false);
      this.#recycle();
      return;
    }
    if (wasCurrent) this.#leaveEstablished(leaving, cause);
    if (this.#closing) return;
    // A Cease may have disabled the session.
    if (!this.#enabled && this.#phase !== 'down') this.#recycle();
    this.clock.soon(() => this.#decide());
    if (this.isQuiet) this.#env.quiet(this);
  }

  #causeOf(leaving: Leaving): EndCause {
    const { event, cause } = leaving;
    const limitHit = event.type === 'AutomaticStop' && event.error?.subcode === CEASE.maximumPrefixes;
    return limitHit ? { class: 'automatic', text: ROUTE_LIMIT_EXCEEDED, error: event.error! } : cause;
  }

  /** What a second connection does, or one that never says anything, is not held against the session. */
  #isSessionsFault(connection: Connection, { from, event }: Leaving): boolean {
    if (this.#current && connection !== this.#current) return false;
    return !(
      connection.direction === 'incoming' &&
      from === 'OpenSent' &&
      event.type === 'HoldTimer_Expires'
    );
  }

  #leaveEstablished({ event }: Leaving, cause: EndCause): void {
    // RFC 4724 section 4.2: routes are retained when TCP breaks; sections 4 and 5: not after a NOTIFICATION.
    const connectionBroke = event.type === 'TcpConnectionFails' || this.#neighborRestarts;
    const gracefulRestart = connectionBroke && !this.#closing && this.#gracefulRestartIsPossible();
    this.#endSession(this.#neighborRestarts ? this.#lastError! : cause, gracefulRestart);
    if (gracefulRestart) this.#setPhase('start');
    else if (!this.#closing) this.#recycle();
  }

  #endSession(cause: EndCause, gracefulRestart: boolean): void {
    this.#current = undefined;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    const reason = formatCause(cause) || (cause.error ? describeNotification(cause.error) : 'Shut down');
    this.#env.emit({ type: 'ended', session: this.name, reason, gracefulRestart });
    try {
      receiver?.ended({ reason, gracefulRestart });
    } catch (error) {
      this.bug(error);
    }
  }

  linger(transport: Transport): void {
    this.#env.linger(transport);
  }

  notice(level: 'info' | 'warn', text: string): void {
    this.#env.emit({ type: 'notice', session: this.name, level, text });
  }

  notificationSent(error: BgpError): void {
    this.#env.emit({
      type: 'notificationSent',
      session: this.name,
      error,
      text: describeNotification(error),
    });
  }

  notificationReceived(error: BgpError): void {
    const communication = shutdownCommunication(error);
    if (error.code === ERROR.cease) this.#message = communication;
    this.#env.emit({
      type: 'notificationReceived',
      session: this.name,
      error,
      text: describeNotification(error),
    });
    if (error.code !== ERROR.cease || !this.#enabled) return;
    const subcode = error.subcode <= CEASE.outOfResources ? error.subcode : 0;
    if (!this.config.disableAfterCease?.includes(subcode)) return;
    this.notice('info', 'Disabled after Cease notification');
    this.#enabled = false;
    this.#retryDelay.reset();
  }

  bug(error: unknown): void {
    this.#env.emit({ type: 'bug', session: this.name, cause: error });
  }
}

/** fe80::/10 needs its interface in the address. */
function isLinkLocal({ remoteAddress }: SessionConfig): boolean {
  return remoteAddress.version === 6 && remoteAddress.words[0]! >>> 22 === 0xfe80 >>> 6;
}

/** Whether a session with this configuration may own a connection that arrived at `local` from `remote`. */
export function ownsConnection(config: SessionConfig, transport: Transport): boolean {
  if (!sameIp(config.remoteAddress, transport.remote.address)) return false;
  if (config.localAddress && !sameIp(config.localAddress, transport.local.address)) return false;
  return !isLinkLocal(config) || config.interface === transport.remote.zone;
}

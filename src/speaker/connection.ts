/**
 * One TCP connection of a session: runs the state machine, frames and dispatches what arrives, sends. What concerns
 * both connections of a session is asked of its host, the session.
 */
import type { Clock } from '../base/clock.ts';
import type { FamilyIndex } from '../base/family.ts';
import type { Random } from '../base/random.ts';
import { ConnectionTimers, type TimerEvents } from './connection-timers.ts';
import type { SessionCounters } from './counters.ts';
import { notificationCause, socketCause, type EndCause } from './end-cause.ts';
import type { FsmAction } from './fsm/action.ts';
import type { FsmEvent } from './fsm/event.ts';
import { step, type FsmContext } from './fsm/step.ts';
import type { FsmState } from './fsm/state.ts';
import type { Negotiated } from './negotiated.ts';
import type { RouteReceiver } from './session-port.ts';
import type { ConnectAttempt, Transport } from './transport.ts';
import type { Capabilities } from './wire/capabilities.ts';
import { describeMessage, forEachMessage } from './wire/describe.ts';
import { bgpError, CEASE, ERROR, HEADER_ERROR, type BgpError } from './wire/errors.ts';
import { Framer, type FrameHandler } from './wire/framer.ts';
import { HEADER_LENGTH, MESSAGE, REFRESH_SUBTYPE } from './wire/iana.ts';
import { decodeRouteRefresh, encodeKeepalive, encodeRouteRefresh } from './wire/message.ts';
import { decodeNotification, encodeNotification } from './wire/notification.ts';
import { decodeOpen, isBgpError, type OpenMessage } from './wire/open.ts';

/** How a connection left its state for Idle or Active. */
export interface Leaving {
  readonly from: FsmState;
  readonly event: FsmEvent;
  readonly cause: EndCause;
  /** The state machine asks for damping: a wait before the next start. */
  readonly damped: boolean;
}

export interface ConnectionHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: SessionCounters;
  connect(connected: (transport: Transport) => void, failed: (error: Error) => void): ConnectAttempt;
  /** Our OPEN, encoded, with the capabilities it announces. */
  makeOpen(): { readonly bytes: Uint8Array; readonly capabilities: Capabilities };
  /** Judges the neighbour's OPEN, and a possible collision: a Cease says that this connection is the one to close. */
  openReceived(connection: Connection, open: OpenMessage): Negotiated | BgpError;
  stateChanged(connection: Connection, from: FsmState, event: FsmEvent): void;
  established(connection: Connection): RouteReceiver;
  /** The connection is gone; its machine is Idle, or Active where it tries again by itself. */
  left(connection: Connection, leaving: Leaving): void;
  /** Sees to the end of a transport on which `end` was called. */
  linger(transport: Transport): void;
  notice(level: 'info' | 'warn', text: string): void;
  notificationSent(error: BgpError): void;
  notificationReceived(error: BgpError): void;
  /** Takes a line about each message that is sent or arrives; undefined where nobody wants to know. */
  readonly tracePacket: ((text: string) => void) | undefined;
  /** Takes each message that arrives, header included, before it is handled; undefined where nobody keeps a record. */
  readonly recordMessage:
    ((connection: Connection, bytes: Uint8Array, start: number, end: number) => void) | undefined;
  /** An exception that is a bug of ours. */
  bug(error: unknown): void;
}

type MutableContext = { -readonly [key in keyof FsmContext]: FsmContext[key] };

const KEEP_ALIVE_MSG: FsmEvent = { type: 'KeepAliveMsg' };
const UPDATE_MSG: FsmEvent = { type: 'UpdateMsg' };
const ROUTE_REFRESH_MSG: FsmEvent = { type: 'RouteRefreshMsg' };
const BGP_OPEN: FsmEvent = { type: 'BGPOpen' };

export class Connection implements FrameHandler, TimerEvents {
  readonly direction: 'outgoing' | 'incoming';
  state: FsmState = 'Idle';
  transport: Transport | undefined;
  localCapabilities: Capabilities | undefined;
  remoteCapabilities: Capabilities | undefined;
  negotiated: Negotiated | undefined;
  /** Monotonic time when the transport was there. */
  connectedAt = 0;
  /** Whether any byte has arrived. */
  spoken = false;
  readingPaused = false;
  readonly timers: ConnectionTimers;
  readonly #host: ConnectionHost;
  readonly #context: MutableContext;
  readonly #sendHoldTimeS: number;
  #attempt: ConnectAttempt | undefined;
  #framer: Framer | undefined;
  #receiver: RouteReceiver | undefined;
  /** Something that restarts the hold timer arrived in the read at hand. */
  #heard = false;
  #closeError: Error | undefined;

  /** @param context its negotiated times are filled in when the OPEN arrives */
  constructor(
    direction: 'outgoing' | 'incoming',
    host: ConnectionHost,
    context: FsmContext,
    sendHoldTimeS: number,
  ) {
    this.direction = direction;
    this.#host = host;
    this.#context = { ...context };
    this.#sendHoldTimeS = sendHoldTimeS;
    this.timers = new ConnectionTimers(host.clock, host.random, this);
  }

  /** Takes a connection that the neighbour opened. */
  adopt(transport: Transport): void {
    this.feed({ type: 'AutomaticStart_with_PassiveTcpEstablishment' });
    this.#attach(transport);
    this.feed({ type: 'TcpConnectionConfirmed' });
  }

  /** Feeds the state machine and does what it asks for. */
  feed(event: FsmEvent): void {
    const from = this.state;
    const { state, actions } = step(from, event, this.#context);
    this.state = state;
    if (state !== from) this.#host.stateChanged(this, from, event);
    let sent: BgpError | undefined;
    let damped = false;
    for (const action of actions) {
      if (action.type === 'damp') damped = true;
      else if (action.type === 'sendNotification') sent = action.error;
      this.#perform(action, event);
    }
    const isDown = state === 'Idle' || (state === 'Active' && from === 'OpenSent');
    if (!isDown || from === 'Idle') return;
    this.#host.left(this, { from, event, damped, cause: this.#causeOf(event, sent) });
  }

  #causeOf(event: FsmEvent, sent: BgpError | undefined): EndCause {
    switch (event.type) {
      case 'ManualStop':
        return { class: 'manual', text: '', ...(event.error && { error: event.error }) };
      case 'NotifMsg':
        return notificationCause('received', event.error);
      case 'TcpConnectionFails':
        return socketCause(this.#closeError);
      default:
        return sent ? notificationCause('sent', sent) : socketCause(this.#closeError);
    }
  }

  #perform(action: FsmAction, event: FsmEvent): void {
    switch (action.type) {
      case 'startTimer':
        this.timers.start(action.timer, action.seconds);
        return;
      case 'stopTimer':
        this.timers.stop(action.timer);
        return;
      case 'connect':
        this.#connect();
        return;
      case 'drop':
        // What the other side has closed, or tells us that it closes, needs no farewell.
        this.#drop(event.type !== 'TcpConnectionFails' && event.type !== 'NotifMsg');
        return;
      case 'sendOpen': {
        const { bytes, capabilities } = this.#host.makeOpen();
        this.localCapabilities = capabilities;
        this.#send(bytes);
        return;
      }
      case 'sendKeepalive':
        this.#send(encodeKeepalive());
        return;
      case 'sendNotification':
        this.#send(encodeNotification(action.error));
        this.#host.counters.notificationsSent++;
        this.#host.notificationSent(action.error);
        return;
      case 'established':
        this.timers.watchSending(this.#sendHoldTimeS);
        this.#guard(() => {
          this.#receiver = this.#host.established(this);
        });
        return;
      case 'countRetry':
        this.#host.counters.connectRetries++;
        return;
      case 'clearRetries':
        this.#host.counters.connectRetries = 0;
        return;
      case 'damp':
        return;
    }
  }

  #connect(): void {
    this.#closeError = undefined;
    this.#attempt = this.#host.connect(
      (transport) => {
        this.#attempt = undefined;
        this.#attach(transport);
        this.feed({ type: 'Tcp_CR_Acked' });
      },
      (error) => {
        this.#attempt = undefined;
        this.#closeError = error;
        this.feed({ type: 'TcpConnectionFails' });
      },
    );
  }

  #attach(transport: Transport): void {
    this.transport = transport;
    this.connectedAt = this.#host.clock.now();
    this.spoken = false;
    this.readingPaused = false;
    this.#framer = new Framer(this);
    transport.onData = (bytes) => this.#read(bytes);
    transport.onClose = (error) => {
      this.#closeError = error;
      this.feed({ type: 'TcpConnectionFails' });
    };
  }

  #drop(graceful: boolean): void {
    this.#attempt?.cancel();
    this.#attempt = undefined;
    this.timers.stopAll();
    const { transport } = this;
    this.transport = undefined;
    this.#framer = undefined;
    this.#receiver = undefined;
    if (!transport) return;
    transport.onData = () => undefined;
    transport.onClose = () => undefined;
    if (graceful) this.#host.linger(transport);
    else transport.destroy();
  }

  /** Runs what may meet a bug of ours, in the codec or in the keeper of routes: it ends this session alone. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#host.bug(error);
      this.feed({ type: 'AutomaticStop', error: bgpError(ERROR.cease, CEASE.outOfResources) });
    }
  }

  #read(bytes: Uint8Array): void {
    const framer = this.#framer;
    if (!framer) return;
    this.spoken = true;
    this.#host.counters.bytesReceived += bytes.length;
    this.#heard = false;
    try {
      framer.push(bytes);
      if (this.#heard) this.timers.heard();
      this.#receiver?.readComplete();
    } catch (error) {
      this.#host.bug(error);
      this.feed({ type: 'AutomaticStop', error: bgpError(ERROR.cease, CEASE.outOfResources) });
    }
  }

  /** `FrameHandler`: this runs for every message of every neighbour. */
  message(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { counters, tracePacket, recordMessage } = this.#host;
    counters.messagesReceived++;
    if (recordMessage) recordMessage(this, bytes, start - HEADER_LENGTH, end);
    if (tracePacket) for (const line of describeMessage(type, bytes, start, end, 'Got')) tracePacket(line);
    if (type === MESSAGE.update) {
      counters.updatesReceived++;
      const receiver = this.#receiver;
      if (receiver === undefined || this.state !== 'Established') this.feed(UPDATE_MSG);
      else {
        // The step of UpdateMsg in Established, in place: it restarts the hold timer and makes nothing.
        this.#heard = true;
        const error = receiver.update(bytes, start, end);
        if (error !== undefined) this.feed({ type: 'UpdateMsgErr', error });
      }
    } else this.#controlMessage(type, bytes, start, end);
    return this.transport !== undefined;
  }

  /** `FrameHandler` */
  malformed(error: BgpError): void {
    this.feed({ type: 'BGPHeaderErr', error });
  }

  #controlMessage(type: number, bytes: Uint8Array, start: number, end: number): void {
    switch (type) {
      case MESSAGE.open:
        this.#openMessage(bytes, start, end);
        return;
      case MESSAGE.notification: {
        const error = decodeNotification(bytes, start, end);
        this.#host.counters.notificationsReceived++;
        this.#host.notificationReceived(error);
        this.feed({ type: 'NotifMsg', error });
        return;
      }
      case MESSAGE.keepalive:
        this.feed(KEEP_ALIVE_MSG);
        return;
      default:
        this.#routeRefreshMessage(bytes, start, end);
    }
  }

  #openMessage(bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== 'OpenSent') {
      this.feed(BGP_OPEN);
      return;
    }
    const open = decodeOpen(bytes, start, end);
    const answer = isBgpError(open) ? open : this.#host.openReceived(this, open);
    if (isBgpError(answer)) {
      if (answer.code === ERROR.cease) this.feed({ type: 'OpenCollisionDump' });
      else this.feed({ type: 'BGPOpenMsgErr', error: answer });
      return;
    }
    if (!isBgpError(open)) this.remoteCapabilities = open.capabilities;
    this.negotiated = answer;
    this.#context.holdTimeS = answer.holdTimeS;
    this.#context.keepaliveTimeS = answer.keepaliveTimeS;
    this.#framer!.maxLength = answer.maxReceiveLength;
    this.feed(BGP_OPEN);
  }

  #routeRefreshMessage(bytes: Uint8Array, start: number, end: number): void {
    const receiver = this.#receiver;
    if (this.state !== 'Established' || !receiver) {
      this.feed(ROUTE_REFRESH_MSG);
      return;
    }
    // RFC 2918 section 4 has it only from those who were told that we understand it; to others it is no known type.
    if (!this.localCapabilities?.routeRefresh) {
      const error = bgpError(ERROR.messageHeader, HEADER_ERROR.badType, Uint8Array.of(MESSAGE.routeRefresh));
      this.feed({ type: 'BGPHeaderErr', error });
      return;
    }
    const refresh = decodeRouteRefresh(bytes, start, end);
    if (isBgpError(refresh)) {
      this.feed({ type: 'RouteRefreshMsgErr', error: refresh });
      return;
    }
    this.feed(ROUTE_REFRESH_MSG);
    // RFC 2918 section 3 has a reserved octet where RFC 7313 put the subtype.
    const subtype = this.negotiated!.enhancedRouteRefresh ? refresh.subtype : REFRESH_SUBTYPE.request;
    const { family } = refresh;
    const isCarried = this.negotiated!.families.some((entry) => entry.family === family);
    if (family === undefined || !isCarried || !isRefreshSubtype(subtype)) {
      const what = `${refresh.afi}/${refresh.safi}, subtype ${refresh.subtype}`;
      this.#host.notice('warn', `Ignored ROUTE-REFRESH for ${what}, which was not negotiated`);
      return;
    }
    receiver.routeRefresh(family, subtype);
  }

  #send(bytes: Uint8Array): void {
    this.write([bytes], 1, () => undefined);
  }

  /** Sends whole messages; `written` follows when the kernel took them, unless the connection ended before. */
  write(chunks: readonly Uint8Array[], messages: number, written: () => void): void {
    const { transport } = this;
    if (!transport) return;
    const { counters, tracePacket } = this.#host;
    counters.messagesSent += messages;
    if (tracePacket) traceSent(chunks, tracePacket);
    for (const chunk of chunks) counters.bytesSent += chunk.length;
    this.timers.writeStarted();
    transport.write(chunks, () => {
      if (this.transport !== transport) return;
      this.timers.writeFinished();
      this.#guard(written);
    });
  }

  /** RFC 2918; false where the neighbour cannot or the family was not agreed on. */
  requestRefresh(family: FamilyIndex): boolean {
    const { negotiated } = this;
    if (this.state !== 'Established' || !negotiated?.routeRefresh) return false;
    if (!negotiated.families.some((entry) => entry.family === family)) return false;
    this.#send(encodeRouteRefresh(family, REFRESH_SUBTYPE.request));
    return true;
  }

  pauseReading(): void {
    if (this.readingPaused || !this.transport) return;
    this.readingPaused = true;
    this.transport.pause();
  }

  resumeReading(): void {
    if (!this.readingPaused || !this.transport) return;
    this.readingPaused = false;
    this.transport.resume();
  }

  connectRetryExpired(): void {
    this.feed({ type: 'ConnectRetryTimer_Expires' });
  }

  keepaliveExpired(): void {
    this.feed({ type: 'KeepaliveTimer_Expires' });
  }

  holdExpired(): void {
    const isLongLived = this.negotiated?.families.some(({ longLived }) => longLived !== undefined);
    if (this.state !== 'Established' || !isLongLived) {
      this.feed({ type: 'HoldTimer_Expires' });
      return;
    }
    // RFC 9494 section 4.2: long-lived graceful restart covers the loss of the hold timer too. A NOTIFICATION would
    // have the neighbour give up our routes, so that the connection is dropped as if it had broken.
    this.#closeError = new Error('Hold timer expired');
    this.feed({ type: 'TcpConnectionFails' });
  }

  sendHoldExpired(): void {
    this.feed({ type: 'SendHoldTimer_Expires' });
  }
}

function traceSent(chunks: readonly Uint8Array[], trace: (text: string) => void): void {
  for (const chunk of chunks) {
    forEachMessage(chunk, (type, start, end) => {
      for (const line of describeMessage(type, chunk, start, end, 'Sending')) trace(line);
    });
  }
}

function isRefreshSubtype(subtype: number): subtype is 0 | 1 | 2 {
  return subtype <= REFRESH_SUBTYPE.end;
}

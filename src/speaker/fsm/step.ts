/**
 * The state machine of RFC 4271 section 8.2.2 for one TCP connection, as a pure function. A configured neighbour has
 * one machine for the connection that we open and one for the connection that it opens; which of two connections
 * survives is decided in `collision.ts`.
 *
 * Departures, each beside its branch: the wait before a connection attempt is BIRD's `connect delay time`; a purely
 * passive session never connects; a NOTIFICATION is never answered with a NOTIFICATION.
 */
import { bgpError, CEASE, ERROR, FSM_ERROR, type BgpError } from '../wire/errors.ts';
import type { FsmAction } from './action.ts';
import type { FsmEvent } from './event.ts';
import type { FsmState } from './state.ts';

export interface FsmContext {
  /** Never opens a connection: a passive neighbour, or the machine of a connection that the neighbour opened. */
  readonly passive: boolean;
  /** Seconds in Active before connecting. 0 connects at once on a start, and after a second on a retry. */
  readonly connectDelayTimeS: number;
  /** Seconds after which a connection attempt is given up and another made. */
  readonly connectRetryTimeS: number;
  /** Hold time until the neighbour's OPEN arrives. */
  readonly startupHoldTimeS: number;
  /** Negotiated; 0 runs neither hold nor keepalive timer. Of no meaning before BGPOpen. */
  readonly holdTimeS: number;
  readonly keepaliveTimeS: number;
}

export interface FsmStep {
  readonly state: FsmState;
  readonly actions: readonly FsmAction[];
}

const DROP: FsmAction = { type: 'drop' };
const DAMP: FsmAction = { type: 'damp' };
const COUNT_RETRY: FsmAction = { type: 'countRetry' };
const CLEAR_RETRIES: FsmAction = { type: 'clearRetries' };
const STOP_CONNECT_RETRY: FsmAction = { type: 'stopTimer', timer: 'connectRetry' };
const STOP_HOLD: FsmAction = { type: 'stopTimer', timer: 'hold' };
const STOP_KEEPALIVE: FsmAction = { type: 'stopTimer', timer: 'keepalive' };
const STOP_TIMERS: readonly FsmAction[] = [STOP_CONNECT_RETRY, STOP_HOLD, STOP_KEEPALIVE];

/** The state that follows and what is to be done, in order. Never throws; every event has an answer in every state. */
export function step(state: FsmState, event: FsmEvent, context: FsmContext): FsmStep {
  switch (state) {
    case 'Idle':
      return idle(event, context);
    case 'Connect':
      return connect(event, context);
    case 'Active':
      return active(event, context);
    case 'OpenSent':
      return openSent(event, context);
    case 'OpenConfirm':
      return openConfirm(event, context);
    case 'Established':
      return established(event, context);
  }
}

function stay(state: FsmState): FsmStep {
  return { state, actions: [] };
}

/** Back to Idle with everything released. */
function toIdle(...actions: readonly FsmAction[]): FsmStep {
  return { state: 'Idle', actions: [...actions, ...STOP_TIMERS, DROP] };
}

function notify(error: BgpError | undefined): FsmAction[] {
  return error ? [{ type: 'sendNotification', error }] : [];
}

/** Back to Idle after an error of the protocol, told to the neighbour. */
function failed(error: BgpError): FsmStep {
  return toIdle(...notify(error), COUNT_RETRY, DAMP);
}

/** RFC 6608: a message that does not belong into this state. */
function unexpected(subcode: number): FsmStep {
  return failed(bgpError(ERROR.finiteStateMachine, subcode));
}

function startTimer(timer: 'connectRetry' | 'hold' | 'keepalive', seconds: number): FsmAction {
  return { type: 'startTimer', timer, seconds };
}

function connectNow(context: FsmContext): FsmStep {
  return {
    state: 'Connect',
    actions: [startTimer('connectRetry', context.connectRetryTimeS), { type: 'connect' }],
  };
}

/** RFC 4271 uses the ConnectRetryTimer for this wait too; BIRD gives it a time of its own, at least a second. */
function waitInActive(context: FsmContext): FsmAction[] {
  return context.passive
    ? [STOP_CONNECT_RETRY]
    : [startTimer('connectRetry', Math.max(1, context.connectDelayTimeS))];
}

function sendOpen(context: FsmContext): FsmStep {
  return {
    state: 'OpenSent',
    actions: [STOP_CONNECT_RETRY, { type: 'sendOpen' }, startTimer('hold', context.startupHoldTimeS)],
  };
}

function idle(event: FsmEvent, context: FsmContext): FsmStep {
  switch (event.type) {
    case 'ManualStart':
      if (!context.passive && context.connectDelayTimeS === 0) {
        const { state, actions } = connectNow(context);
        return { state, actions: [CLEAR_RETRIES, ...actions] };
      }
      return { state: 'Active', actions: [CLEAR_RETRIES, ...waitInActive(context)] };
    // These follow a failure, so that connecting at once could turn into a busy loop.
    case 'AutomaticStart':
    case 'AutomaticStart_with_DampPeerOscillations':
    case 'IdleHoldTimer_Expires':
      return { state: 'Active', actions: [CLEAR_RETRIES, ...waitInActive(context)] };
    // RFC 4271 runs the ConnectRetryTimer here too, which would make the speaker connect after all when it expires.
    // `passive` promises the operator that it does not.
    case 'ManualStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment':
      return { state: 'Active', actions: [CLEAR_RETRIES] };
    default:
      // "The ManualStop event (Event 2) and AutomaticStop (Event 8) event are ignored in the Idle state. Any other
      // event received in the Idle state does not cause change in the state of the local system."
      return stay('Idle');
  }
}

/** What Connect and Active have in common: a connection that is not there yet. */
function withoutConnection(state: 'Connect' | 'Active', event: FsmEvent, context: FsmContext): FsmStep {
  switch (event.type) {
    case 'ManualStart':
    case 'AutomaticStart':
    case 'ManualStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_DampPeerOscillations':
    case 'AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment':
      return stay(state);
    // Whether a connection request is acceptable is decided by the speaker, before there is a machine for it.
    case 'TcpConnection_Valid':
    case 'Tcp_CR_Invalid':
      return stay(state);
    case 'ManualStop':
      return toIdle(CLEAR_RETRIES);
    case 'Tcp_CR_Acked':
    case 'TcpConnectionConfirmed':
      return sendOpen(context);
    case 'NotifMsgVerErr':
      return toIdle();
    case 'TcpConnectionFails':
      return toIdle(COUNT_RETRY);
    case 'AutomaticStop':
    case 'ConnectRetryTimer_Expires':
    case 'HoldTimer_Expires':
    case 'KeepaliveTimer_Expires':
    case 'DelayOpenTimer_Expires':
    case 'IdleHoldTimer_Expires':
    case 'BGPOpen':
    case 'BGPOpen_with_DelayOpenTimer_running':
    case 'BGPHeaderErr':
    case 'BGPOpenMsgErr':
    case 'OpenCollisionDump':
    case 'NotifMsg':
    case 'KeepAliveMsg':
    case 'UpdateMsg':
    case 'UpdateMsgErr':
    case 'SendHoldTimer_Expires':
    case 'RouteRefreshMsg':
    case 'RouteRefreshMsgErr':
      return toIdle(COUNT_RETRY, DAMP);
  }
}

function connect(event: FsmEvent, context: FsmContext): FsmStep {
  if (event.type !== 'ConnectRetryTimer_Expires') return withoutConnection('Connect', event, context);
  const { state, actions } = connectNow(context);
  return { state, actions: [DROP, ...actions] };
}

function active(event: FsmEvent, context: FsmContext): FsmStep {
  if (event.type !== 'ConnectRetryTimer_Expires') return withoutConnection('Active', event, context);
  return context.passive ? stay('Active') : connectNow(context);
}

/**
 * What the states with a connection have in common.
 * @param unexpectedSubcode RFC 6608's subcode of the state
 */
function withConnection(state: FsmState, event: FsmEvent, unexpectedSubcode: number): FsmStep {
  switch (event.type) {
    case 'ManualStart':
    case 'AutomaticStart':
    case 'ManualStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_PassiveTcpEstablishment':
    case 'AutomaticStart_with_DampPeerOscillations':
    case 'AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment':
      return stay(state);
    // A second connection: it gets a machine of its own, and `collision.ts` decides.
    case 'TcpConnection_Valid':
    case 'Tcp_CR_Invalid':
    case 'Tcp_CR_Acked':
    case 'TcpConnectionConfirmed':
      return stay(state);
    case 'ManualStop':
      return toIdle(...notify(event.error), CLEAR_RETRIES);
    case 'AutomaticStop':
      return toIdle(...notify(event.error), COUNT_RETRY, DAMP);
    case 'HoldTimer_Expires':
      return failed(bgpError(ERROR.holdTimerExpired));
    case 'SendHoldTimer_Expires':
      return failed(bgpError(ERROR.sendHoldTimerExpired));
    case 'TcpConnectionFails':
      return toIdle(COUNT_RETRY);
    case 'OpenCollisionDump':
      return toIdle(...notify(bgpError(ERROR.cease, CEASE.connectionCollision)), COUNT_RETRY);
    case 'NotifMsgVerErr':
      return toIdle();
    // RFC 4271 has OpenSent answer a NOTIFICATION with a Finite State Machine Error; section 6.4 says that errors in
    // NOTIFICATIONs cannot be reported by one. BIRD closes, and so do we. A Cease is no error to wait after.
    case 'NotifMsg':
      return event.error.code === ERROR.cease ? toIdle(COUNT_RETRY) : toIdle(COUNT_RETRY, DAMP);
    // RFC 4271 lists header errors in Established among "any other event", whose answer would be a Finite State
    // Machine Error; section 6.1 asks for a Message Header Error with its data, which is what is sent.
    case 'BGPHeaderErr':
      return failed(event.error);
    case 'BGPOpenMsgErr':
      return state === 'OpenSent' ? failed(event.error) : unexpected(unexpectedSubcode);
    case 'UpdateMsgErr':
    case 'RouteRefreshMsgErr':
      return state === 'Established' ? failed(event.error) : unexpected(unexpectedSubcode);
    case 'ConnectRetryTimer_Expires':
    case 'DelayOpenTimer_Expires':
    case 'IdleHoldTimer_Expires':
    case 'KeepaliveTimer_Expires':
    case 'BGPOpen_with_DelayOpenTimer_running':
      return unexpected(FSM_ERROR.unspecific);
    case 'BGPOpen':
    case 'KeepAliveMsg':
    case 'UpdateMsg':
    case 'RouteRefreshMsg':
      return unexpected(unexpectedSubcode);
  }
}

function openSent(event: FsmEvent, context: FsmContext): FsmStep {
  switch (event.type) {
    case 'BGPOpen': {
      const actions: FsmAction[] = [STOP_CONNECT_RETRY, { type: 'sendKeepalive' }];
      if (context.holdTimeS === 0) actions.push(STOP_HOLD);
      else
        actions.push(startTimer('hold', context.holdTimeS), startTimer('keepalive', context.keepaliveTimeS));
      return { state: 'OpenConfirm', actions };
    }
    case 'TcpConnectionFails':
      // "closes the BGP connection, restarts the ConnectRetryTimer, continues to listen for a connection that may be
      // initiated by the remote BGP peer, and changes its state to Active."
      if (context.passive) return toIdle(COUNT_RETRY);
      return { state: 'Active', actions: [STOP_HOLD, DROP, ...waitInActive(context)] };
    default:
      return withConnection('OpenSent', event, FSM_ERROR.inOpenSent);
  }
}

function keepalive(state: FsmState, context: FsmContext): FsmStep {
  if (context.keepaliveTimeS === 0) return stay(state);
  return { state, actions: [{ type: 'sendKeepalive' }, startTimer('keepalive', context.keepaliveTimeS)] };
}

function restartHold(context: FsmContext): FsmAction[] {
  return context.holdTimeS === 0 ? [] : [startTimer('hold', context.holdTimeS)];
}

function openConfirm(event: FsmEvent, context: FsmContext): FsmStep {
  switch (event.type) {
    case 'KeepaliveTimer_Expires':
      return keepalive('OpenConfirm', context);
    case 'KeepAliveMsg':
      return { state: 'Established', actions: [...restartHold(context), { type: 'established' }] };
    default:
      return withConnection('OpenConfirm', event, FSM_ERROR.inOpenConfirm);
  }
}

function established(event: FsmEvent, context: FsmContext): FsmStep {
  switch (event.type) {
    case 'KeepaliveTimer_Expires':
      return keepalive('Established', context);
    case 'KeepAliveMsg':
      return { state: 'Established', actions: restartHold(context) };
    // Whoever feeds these hands the message over itself.
    case 'UpdateMsg':
      return { state: 'Established', actions: restartHold(context) };
    case 'RouteRefreshMsg':
      return stay('Established');
    default:
      return withConnection('Established', event, FSM_ERROR.inEstablished);
  }
}

/** Events of RFC 4271 section 8.1 by their names and numbers, and those that later RFCs add. */
import type { BgpError } from '../wire/errors.ts';

/**
 * Number of each event; 29 is RFC 9687's, the two without a number are what RFC 2918 leaves unnamed.
 *
 * The optional session attribute DelayOpen (events 12 and 20) is not offered: it delays our OPEN in the hope that the
 * neighbour's comes first, which gains nothing on a session whose AS and capabilities are configured or negotiated
 * from whichever OPEN arrives, and BIRD has no such option. The state machine still answers both events as a machine
 * without DelayOpen must.
 */
export const EVENT_NUMBER = {
  ManualStart: 1,
  ManualStop: 2,
  AutomaticStart: 3,
  ManualStart_with_PassiveTcpEstablishment: 4,
  AutomaticStart_with_PassiveTcpEstablishment: 5,
  AutomaticStart_with_DampPeerOscillations: 6,
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: 7,
  AutomaticStop: 8,
  ConnectRetryTimer_Expires: 9,
  HoldTimer_Expires: 10,
  KeepaliveTimer_Expires: 11,
  DelayOpenTimer_Expires: 12,
  IdleHoldTimer_Expires: 13,
  TcpConnection_Valid: 14,
  Tcp_CR_Invalid: 15,
  Tcp_CR_Acked: 16,
  TcpConnectionConfirmed: 17,
  TcpConnectionFails: 18,
  BGPOpen: 19,
  BGPOpen_with_DelayOpenTimer_running: 20,
  BGPHeaderErr: 21,
  BGPOpenMsgErr: 22,
  OpenCollisionDump: 23,
  NotifMsgVerErr: 24,
  NotifMsg: 25,
  KeepAliveMsg: 26,
  UpdateMsg: 27,
  UpdateMsgErr: 28,
  SendHoldTimer_Expires: 29,
  RouteRefreshMsg: undefined,
  RouteRefreshMsgErr: undefined,
} as const;

export type EventName = keyof typeof EVENT_NUMBER;

/** Events that bring the NOTIFICATION to send (for `NotifMsg`, the one received). */
export type ErrorEventName =
  | 'ManualStop'
  | 'AutomaticStop'
  | 'BGPHeaderErr'
  | 'BGPOpenMsgErr'
  | 'UpdateMsgErr'
  | 'RouteRefreshMsgErr'
  | 'NotifMsg'
  | 'NotifMsgVerErr';

export type FsmEvent =
  | { readonly type: Exclude<EventName, ErrorEventName> }
  | { readonly type: Exclude<ErrorEventName, 'ManualStop' | 'AutomaticStop'>; readonly error: BgpError }
  /** Without `error` the connection is closed with no NOTIFICATION, for a graceful restart of our own. */
  | { readonly type: 'ManualStop' | 'AutomaticStop'; readonly error?: BgpError };

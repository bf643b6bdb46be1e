/** What a speaker tells of its sessions, for logs and metrics. */
import type { IpAddress } from '../base/ip.ts';
import type { FsmState } from './fsm/state.ts';
import type { SessionPhase } from './session-status.ts';
import type { BgpError } from './wire/errors.ts';

export interface NotificationEvent {
  readonly session: string;
  readonly error: BgpError;
  /** `describeNotification` of the error. */
  readonly text: string;
}

export type SpeakerEvent =
  | { readonly type: 'sessionAdded'; readonly session: string }
  | { readonly type: 'sessionRemoved'; readonly session: string }
  /** A connection of the session went from one FSM state to another. */
  | {
      readonly type: 'fsmState';
      readonly session: string;
      readonly direction: 'outgoing' | 'incoming';
      readonly from: FsmState;
      readonly to: FsmState;
    }
  | { readonly type: 'phase'; readonly session: string; readonly phase: SessionPhase }
  | { readonly type: 'established'; readonly session: string }
  | {
      readonly type: 'ended';
      readonly session: string;
      readonly reason: string;
      readonly gracefulRestart: boolean;
    }
  | ({ readonly type: 'notificationSent' } & NotificationEvent)
  | ({ readonly type: 'notificationReceived' } & NotificationEvent)
  | {
      readonly type: 'notice';
      readonly session: string;
      readonly level: 'info' | 'warn';
      readonly text: string;
    }
  /**
   * Connections that were not accepted, at most one such event a second; `count` says how many since the last.
   * `address` and `reason` are those of the latest; where the system could not accept one, the address is ours.
   */
  | { readonly type: 'refused'; readonly address: IpAddress; readonly reason: string; readonly count: number }
  /** A message that was sent or has arrived, in a line; only where `SpeakerOptions.tracesPackets` says so. */
  | { readonly type: 'packet'; readonly session: string; readonly text: string }
  /** A bug of ours, with the exception; only this session ends. */
  | { readonly type: 'bug'; readonly session: string; readonly cause: unknown };

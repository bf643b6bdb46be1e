/** A session as `show protocols all` tells it. */
import type { SessionConfig } from './config.ts';
import type { SessionCounters } from './counters.ts';
import type { FsmState } from './fsm/state.ts';
import type { Negotiated } from './negotiated.ts';
import type { Endpoint } from './transport.ts';
import type { Capabilities } from './wire/capabilities.ts';

/** BIRD's protocol states, the `state` column. */
export type SessionPhase = 'down' | 'start' | 'up';

/** BIRD's words for the state of a session (`BGP state:`). */
export type StateWord = FsmState | 'Passive' | 'Down';

export interface TimerStatus {
  /** Seconds until it runs out. */
  readonly remainsS: number;
  /** Seconds it was set to, before jitter. */
  readonly ofS: number;
}

export interface SessionStatus {
  readonly name: string;
  readonly config: SessionConfig;
  /** Name of the range that a dynamic session belongs to. */
  readonly range?: string;
  readonly enabled: boolean;
  readonly phase: SessionPhase;
  /** Wall-clock milliseconds of the last change of `phase`. */
  readonly since: number;
  readonly state: StateWord;
  /** The `info` column: the state word padded to 14, then the last error. */
  readonly info: string;
  /** `Received: Administrative shutdown`, …; absent after success or a stop by hand. */
  readonly lastError?: string;
  /** The shutdown communication that was last received or given (`Message:`). */
  readonly message?: string;
  /** `Error wait:` */
  readonly errorWait?: TimerStatus;
  /** `Connect delay:` */
  readonly connectDelay?: TimerStatus;
  /** The rest only while Established. */
  readonly negotiated?: Negotiated;
  readonly local?: Endpoint;
  readonly remote?: Endpoint;
  /** Which side opened the connection in use. */
  readonly direction?: 'outgoing' | 'incoming';
  readonly localCapabilities?: Capabilities;
  readonly neighborCapabilities?: Capabilities;
  readonly holdTimer?: TimerStatus;
  readonly keepaliveTimer?: TimerStatus;
  /** Wall-clock milliseconds of the last time it became Established. */
  readonly establishedAt?: number;
  readonly counters: Readonly<SessionCounters>;
}

/** BIRD's `info` column. */
export function infoColumn(phase: SessionPhase, state: StateWord, lastError: string): string {
  return phase === 'down' ? lastError : state.padEnd(14) + lastError;
}

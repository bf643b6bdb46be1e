/** The seam to whoever keeps a record of sessions (RFC 6396): what arrives, byte for byte, and every change of state. */
import type { SessionConfig } from './config.ts';
import type { FsmState } from './fsm/state.ts';
import type { Negotiated } from './negotiated.ts';
import type { Endpoint } from './transport.ts';

/** A connection as a record shows it. */
export interface RecordedConnection {
  readonly state: FsmState;
  /** What the two OPENs agreed on; undefined before. */
  readonly negotiated: Negotiated | undefined;
  /** Undefined where there is no TCP connection, or none any more. */
  readonly transport: { readonly local: Endpoint; readonly remote: Endpoint } | undefined;
}

export interface SessionRecorder {
  /**
   * Takes each message that arrives, before it is handled. Absent: nobody wants to know.
   * @param bytes the whole message is `bytes[start, end)`, header included; valid during the call
   */
  readonly message?: (
    config: SessionConfig,
    connection: RecordedConnection,
    bytes: Uint8Array,
    start: number,
    end: number,
  ) => void;
  /**
   * Takes each change of state, when the connection is in the new one. A connection that only waits to be called counts
   * as Idle, as in BIRD.
   */
  readonly state?: (
    config: SessionConfig,
    connection: RecordedConnection,
    from: FsmState,
    to: FsmState,
  ) => void;
}

/** The neighbour's AS as far as it is known; 0 where any is welcome and no session has been up. */
export function knownRemoteAs(config: SessionConfig, negotiated: Negotiated | undefined): number {
  if (typeof config.remoteAs === 'number') return config.remoteAs;
  return config.remoteAs === 'internal' ? config.localAs : (negotiated?.remoteAs ?? 0);
}

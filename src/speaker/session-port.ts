/**
 * The seam between a session and whoever keeps routes. The speaker knows no tables: it hands over UPDATE bodies
 * and route refreshes, and sends the messages it is given.
 */
import type { FamilyIndex } from '../base/family.ts';
import type { Endpoint } from './transport.ts';
import type { Negotiated } from './negotiated.ts';
import type { SessionConfig } from './config.ts';
import type { BgpError } from './wire/errors.ts';

/** Why a session left Established. */
export interface SessionEnd {
  /** One line for people: `Received: Administrative shutdown`, `Hold timer expired`, … */
  readonly reason: string;
  /**
   * RFC 4724: the connection broke in a way after which the neighbour's routes are kept as stale until it is
   * back or its restart time passes.
   */
  readonly gracefulRestart: boolean;
}

/** A session as the keeper of routes sees it, while it is Established. */
export interface EstablishedSession {
  readonly config: Pick<SessionConfig, 'name' | 'families'>;
  readonly negotiated: Negotiated;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /**
   * Sends whole, encoded messages that may be shared with other sessions. One such write at a time: `written` is
   * called when the kernel took them, never synchronously, and not at all once the session has ended.
   */
  write(chunks: readonly Uint8Array[], messages: number, written: () => void): void;
  /** Asks for the neighbour's routes again (RFC 2918). False where it cannot. */
  requestRefresh(family: FamilyIndex): boolean;
  /**
   * Ends the session with a NOTIFICATION; nothing that is still buffered is handed over. It starts again after the
   * error wait time, or stays down until someone enables it where `stayDown` is set (a route limit that disables).
   */
  fail(error: BgpError, reason: string, stayDown?: boolean): void;
  /**
   * Stops and resumes reading from the neighbour. Messages of the read at hand are still handed over. While reading
   * is paused the hold timer does not expire.
   */
  pauseReading(): void;
  resumeReading(): void;
}

/** What the keeper of routes does for one neighbour. Made by `SessionEvents.established`. */
export interface RouteReceiver {
  /**
   * One UPDATE: its body is `bytes[start, end)`, the 19-byte header left out, valid during the call.
   * Returns the error that must end the session (RFC 7606 "session reset"), or undefined.
   */
  update(bytes: Uint8Array, start: number, end: number): BgpError | undefined;
  /** RFC 2918 request (subtype 0), RFC 7313 BoRR (1) or EoRR (2). */
  routeRefresh(family: FamilyIndex, subtype: 0 | 1 | 2): void;
  /** All bytes that had arrived in this read have been handed over. */
  readComplete(): void;
  /** The session is over; nothing is called afterwards. */
  ended(end: SessionEnd): void;
}

export interface SessionEvents {
  /** The session is Established; the receiver gets its routes from here on. */
  established(session: EstablishedSession): RouteReceiver;
  /** Whether routes of a session that is gone are kept for its graceful restart. Absent: never. */
  isRestarting?(name: string): boolean;
}

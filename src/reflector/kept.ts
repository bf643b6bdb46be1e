/** Adj-RIB-Ins that outlive their session: graceful restart (RFC 4724) and its long-lived period (RFC 9494). */
import type { Timer } from '../base/clock.ts';
import type { FamilyIndex } from '../base/family.ts';
import type { AdjRibIn } from '../rib/adj-rib-in.ts';
import type { NegotiatedFamily } from '../speaker/negotiated.ts';

/** What one family of a neighbour had, while the neighbour is gone. */
export interface KeptAdjRibIn {
  readonly family: FamilyIndex;
  readonly adjRibIn: AdjRibIn;
  /** How long it stays once the restart time is over, in seconds; 0 for not at all. */
  readonly staleTimeS: number;
  /** Monotonic time at which the long-lived period ends; undefined before it starts. */
  longLivedUntil: number | undefined;
  /** Runs during the long-lived period. */
  staleTimer: Timer | undefined;
}

/** A neighbour that is expected back. */
export interface Restarting {
  readonly kept: KeptAdjRibIn[];
  /** Runs for the restart time; undefined afterwards, while long-lived routes are left. */
  timer: Timer | undefined;
  /** Monotonic time at which it runs out. */
  readonly until: number;
}

/**
 * Whether routes stay, to be refreshed, now that the neighbour is back: it must have kept forwarding (RFC 4724 section
 * 4.2, RFC 9494 section 4.2, each by the flag of its own capability).
 */
export function staysKept({ longLivedUntil }: KeptAdjRibIn, agreed: NegotiatedFamily): boolean {
  return longLivedUntil === undefined
    ? agreed.gracefulRestart && agreed.forwardingPreserved
    : agreed.longLived?.forwardingPreserved === true;
}

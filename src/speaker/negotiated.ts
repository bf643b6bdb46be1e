/** What two OPEN messages agreed on: the context in which every later message is decoded and encoded. */
import type { FamilyIndex } from '../base/family.ts';

export interface NegotiatedFamily {
  readonly family: FamilyIndex;
  /** NLRI that arrives carries a path identifier (RFC 7911). */
  readonly addPathReceive: boolean;
  /** NLRI that is sent carries a path identifier. */
  readonly addPathSend: boolean;
  /** IPv4 NLRI may be sent with an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** RFC 4724: the neighbour can restart gracefully for this family. */
  readonly gracefulRestart: boolean;
  /** RFC 4724: the neighbour kept forwarding for this family over its restart. */
  readonly forwardingPreserved: boolean;
  /** RFC 9494: the neighbour can restart with a long-lived stale period for this family. Absent: no. */
  readonly longLived?: { readonly forwardingPreserved: boolean };
  /** RFC 9494: how long its routes are kept as long-lived stale, in seconds within our bounds. Absent: not at all. */
  readonly staleTimeS?: number;
}

export interface Negotiated {
  readonly localAs: number;
  readonly remoteAs: number;
  readonly localRouterId: number;
  readonly remoteRouterId: number;
  readonly internal: boolean;
  /** RFC 5065: the AS that neighbours outside of the confederation know us by. Absent: `localAs`. */
  readonly publicAs?: number;
  /** RFC 5065: the neighbour is in another member AS of our confederation. Absent: no. */
  readonly confederationMember?: boolean;
  readonly holdTimeS: number;
  readonly keepaliveTimeS: number;
  /** Both sides understand 4-octet AS numbers (RFC 6793). */
  readonly as4: boolean;
  readonly families: readonly NegotiatedFamily[];
  readonly routeRefresh: boolean;
  /** RFC 7313: BoRR and EoRR are sent and understood. */
  readonly enhancedRouteRefresh: boolean;
  /** Longest message that may be sent: 4096, or 65535 where both sides offered RFC 8654. */
  readonly maxSendLength: number;
  /** Longest message that may arrive. */
  readonly maxReceiveLength: number;
  /** RFC 9494: the neighbour sent the capability, so that it takes routes that are long-lived stale. Absent: no. */
  readonly longLivedAware?: boolean;
  /**
   * RFC 4724: the neighbour sent the capability; its restart time in seconds, within our bounds, and whether it is
   * restarting now.
   */
  readonly gracefulRestart?: { readonly restartTimeS: number; readonly restarting: boolean };
}

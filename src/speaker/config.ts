/** What a BGP session is configured with, in RFC words. `birdcl-compat/conf/lower.ts` makes these from BIRD text. */
import type { FamilyIndex } from '../base/family.ts';
import type { IpAddress } from '../base/ip.ts';
import type { Role } from './wire/iana.ts';

export interface FamilyConfig {
  readonly family: FamilyIndex;
  /** RFC 7911: offer to receive, to send, or both. */
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  /** RFC 8950: offer to receive IPv4 routes with an IPv6 next hop. */
  readonly extendedNextHop: boolean;
  /** RFC 4724: list this family in the graceful restart capability. */
  readonly gracefulRestart: boolean;
  /** RFC 4724, RFC 9494: while restarting, announce that forwarding for this family went on. Absent: it did not. */
  readonly forwardingPreserved?: boolean;
  /** RFC 9494: list this family in the long-lived graceful restart capability. Absent: no. */
  readonly longLived?: boolean;
  /** RFC 9494: stale time that is announced, in seconds below 2^24, and bounds for that of the neighbour. */
  readonly staleTimeS?: number;
  readonly minStaleTimeS?: number;
  readonly maxStaleTimeS?: number;
  /** The session is refused where the neighbour does not offer the family (BIRD `mandatory`). */
  readonly mandatory: boolean;
  /** The session is refused where the neighbour offers the family without RFC 8950. Absent: no. */
  readonly requireExtendedNextHop?: boolean;
  /** The session is refused where the neighbour does not offer its side of our RFC 7911 offers. Absent: no. */
  readonly requireAddPath?: boolean;
}

/** Capabilities without which a session is refused (BIRD `require …`). */
export interface RequiredCapabilities {
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  readonly as4: boolean;
  readonly extendedMessages: boolean;
  readonly hostname: boolean;
  readonly gracefulRestart: boolean;
  readonly longLivedGracefulRestart: boolean;
}

export interface SessionConfig {
  /** The protocol's name, used in logs and answers. */
  readonly name: string;
  readonly routerId: number;
  readonly localAs: number;
  /** RFC 5065: the confederation's AS, which neighbours outside of it see instead of `localAs`. Absent: `localAs`. */
  readonly publicAs?: number;
  /** RFC 5065: the neighbour is in another member AS of the same confederation. Absent: no. */
  readonly confederationMember?: boolean;
  /** The neighbour's AS; `external` and `internal` accept any other, or only the own AS. */
  readonly remoteAs: number | 'external' | 'internal' | 'any';
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  /** Interface of a link-local neighbour (`fe80::1%eth0`) or of `interface "eth0"`. */
  readonly interface?: string;
  readonly localAddress?: IpAddress;
  /** Only waits for the neighbour's connection. */
  readonly passive: boolean;
  /** Undefined: directly connected. Otherwise the neighbour may be this many hops away. */
  readonly multihop?: number;
  /** RFC 5082. */
  readonly ttlSecurity: boolean;
  /** RFC 2385 key. Never logged. */
  readonly password?: string;
  /** 0, or at least 3 (RFC 4271 section 4.2). */
  readonly holdTimeS: number;
  /** Undefined: a third of the negotiated hold time. */
  readonly keepaliveTimeS?: number;
  /** Used while in OpenSent (RFC 4271 section 8.2.2 suggests 240). */
  readonly startupHoldTimeS: number;
  /** Sessions that would agree on less are refused, Unacceptable Hold Time. Absent: no minimum. */
  readonly minHoldTimeS?: number;
  readonly minKeepaliveTimeS?: number;
  readonly connectRetryTimeS: number;
  /** Wait before the first connection attempt after (re)start (BIRD `connect delay time`). */
  readonly connectDelayTimeS: number;
  /** BIRD `error wait time`: bounds of the growing delay after a protocol error. */
  readonly errorWaitTimeS: readonly [number, number];
  /** After this long without an error the delay above starts from its lower bound again. */
  readonly errorForgetTimeS: number;
  /** Stay down after an error until someone enables the session. */
  readonly disableAfterError: boolean;
  /** Stay down after a Cease with one of these subcodes; 0 stands for all above 8 too, as in BIRD. Absent: none. */
  readonly disableAfterCease?: readonly number[];
  /** RFC 9687; 0 turns it off. */
  readonly sendHoldTimeS: number;
  readonly families: readonly FamilyConfig[];
  /** Offer any capability at all (BIRD `capabilities`). */
  readonly capabilities: boolean;
  readonly as4: boolean;
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  readonly extendedMessages: boolean;
  readonly gracefulRestart: 'off' | 'aware' | 'on';
  readonly gracefulRestartTimeS: number;
  /** Bounds for the restart time of the neighbour, in seconds. Absent: it is taken as it is. */
  readonly minRestartTimeS?: number;
  readonly maxRestartTimeS?: number;
  /** RFC 9494. Absent: off. */
  readonly longLived?: 'off' | 'aware' | 'on';
  /** Absent: none. */
  readonly require?: RequiredCapabilities;
  /** RFC 9234: what this side is to the neighbour (`ROLE`). Absent: no role. */
  readonly role?: Role;
  /** RFC 9234 section 4.2, strict mode: the neighbour has to announce a role. Absent: no. */
  readonly requireRole?: boolean;
  readonly hostname?: string;
  /** Reads nothing more once the session is Established, to see what a neighbour makes of it. Absent: reads. */
  readonly disableReceive?: boolean;
}

/** A range of neighbours that may connect (BIRD `neighbor range`); each gets a session made from the template. */
export interface RangeConfig {
  readonly name: string;
  readonly prefix: { readonly address: IpAddress; readonly length: number };
  /** Names of sessions: this, then a number of at least `dynamicDigits` digits (BIRD `dynamic name`). */
  readonly dynamicName: string;
  readonly dynamicDigits: number;
  /** At most this many sessions of this range at once. */
  readonly limit: number;
  /** Everything but name and remoteAddress. */
  readonly template: Omit<SessionConfig, 'name' | 'remoteAddress'>;
}

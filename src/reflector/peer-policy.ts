/** What a neighbour is configured with beyond its session: reflection, policy and limits. */
import type { FamilyIndex } from '../base/family.ts';
import type { IpAddress } from '../base/ip.ts';
import type { Policy } from '../rib/policy.ts';
import type { Role } from '../speaker/wire/iana.ts';
import type { SourceScope } from './export.ts';

/** BIRD's limit actions: log, drop the excess, restart the session, or end it until someone enables it. */
export type LimitAction = 'warn' | 'block' | 'restart' | 'disable';

export interface Limit {
  /** Routes. */
  readonly count: number;
  readonly action: LimitAction;
}

export interface ChannelPolicy {
  readonly family: FamilyIndex;
  /** Name of the routing table. */
  readonly table: string;
  readonly importPolicy: Policy;
  readonly exportPolicy: Policy;
  readonly importLimit?: Limit;
  readonly receiveLimit?: Limit;
  readonly exportLimit?: Limit;
  readonly nextHopSelf: SourceScope;
  readonly nextHopKeep: SourceScope;
  /** BIRD `next hop address`: used instead of the session's own address. */
  readonly nextHopAddress?: IpAddress;
  /** Undefined: as RFC 7311 section 3.4 has it, on for internal neighbours and those in the own confederation. */
  readonly aigp?: boolean;
  /** RFC 7311 section 3.4: own routes whose metric is known are given the attribute. Absent: no. */
  readonly aigpOriginate?: boolean;
}

export interface PeerPolicy {
  readonly routeReflectorClient: boolean;
  /** RFC 4456 section 7; the router ID where it is not configured. */
  readonly clusterId: number;
  readonly routeServerClient: boolean;
  /** Occurrences of the own AS in a path that are no loop (BIRD `allow local as`). */
  readonly allowLocalAs: number;
  readonly allowLocalPref: boolean;
  /** BIRD `allow bgp_med`; absent: no. */
  readonly allowMed?: boolean;
  /** RFC 9774: paths with AS_SET segments are taken. */
  readonly allowAsSets: boolean;
  /** RFC 4271 section 6.3: an external neighbour's paths must start with its AS. */
  readonly enforceFirstAs: boolean;
  readonly interpretCommunities: boolean;
  readonly defaultLocalPref: number;
  /** MED of routes that come without one, for decisions alone (BIRD `default bgp_med`). Absent: 0. */
  readonly defaultMed?: number;
  /** RFC 9234: what this side is to the neighbour. Absent: no role. */
  readonly role?: Role;
  /** RFC 5065: the own AS is part of a confederation, so that paths from and to its members may say so. Absent: no. */
  readonly confederation?: boolean;
  /** `DECISION` bits. */
  readonly decision: number;
  readonly channels: readonly ChannelPolicy[];
}

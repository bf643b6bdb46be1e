/**
 * Attributes of routes as filters name them: BGP's path attributes, what every route has, and those that BIRD's other
 * protocols and the kernel give routes. The latter exist in the language and stay with a route inside Catbird.
 */
import { ATTR, FLAG, LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import type { Type } from './types.ts';

/**
 * Where an attribute's value lives: `bgp` on the wire, `local` with the set on this box only, `route` in what the
 * route is, `source` in where it came from.
 */
export type AttributeHome = 'bgp' | 'local' | 'route' | 'source';

export interface AttributeInfo {
  readonly name: string;
  readonly type: Type;
  readonly home: AttributeHome;
  /** Attribute type code of `bgp` and `local` ones. */
  readonly code?: number;
  /** BGP: flags where a filter sets it (RFC 4271 section 5 and the attribute's own RFC). */
  readonly flags?: number;
  /** The bit of the attribute's number that this name means. */
  readonly bit?: number;
  readonly readOnly?: boolean;
  /** `unset` is allowed: BIRD's dynamic attributes. */
  readonly dynamic?: boolean;
  /** What setting it does not do here; said where a filter sets it. */
  readonly noEffect?: string;
  /** A custom attribute (`attribute TYPE NAME`), whose code the store gives. */
  readonly custom?: boolean;
}

/** Codes of attributes that only filters know, above those of the rib. */
export const FILTER_ATTR = {
  from: 272,
  gateway: 273,
  scope: 274,
  interfaceName: 275,
  weight: 276,
  mplsStack: 277,
  onlink: 278,
  kernelLock: 279,
  kernelFeatures: 280,
  /** Further ones are numbered in the order of the table below. */
  others: 281,
  custom: 384,
} as const;

/** Local attributes have one byte for their code; the last code is never given to one. */
export const NO_ATTRIBUTE = 511;
export const MAX_CUSTOM_ATTRIBUTES = NO_ATTRIBUTE - FILTER_ATTR.custom;

const OPTIONAL_TRANSITIVE = FLAG.optional | FLAG.transitive;
const NO_FORWARDING = 'it stays with the route in Catbird, which forwards no packets';
const NO_PROTOCOL =
  'it stays with the route in Catbird, which does not speak the protocol that it belongs to';

function bgp(name: string, type: Type, code: number, flags: number): AttributeInfo {
  return { name, type, home: 'bgp', code, flags, dynamic: true };
}

const BGP: readonly AttributeInfo[] = [
  bgp('bgp_origin', 'enum bgp_origin', ATTR.origin, FLAG.transitive),
  bgp('bgp_path', 'bgppath', ATTR.asPath, FLAG.transitive),
  bgp('bgp_next_hop', 'ip', ATTR.nextHop, FLAG.transitive),
  bgp('bgp_med', 'int', ATTR.med, FLAG.optional),
  bgp('bgp_local_pref', 'int', ATTR.localPref, FLAG.transitive),
  bgp('bgp_atomic_aggr', 'opaque', ATTR.atomicAggregate, FLAG.transitive),
  bgp('bgp_aggregator', 'opaque', ATTR.aggregator, OPTIONAL_TRANSITIVE),
  bgp('bgp_community', 'clist', ATTR.communities, OPTIONAL_TRANSITIVE),
  bgp('bgp_originator_id', 'quad', ATTR.originatorId, FLAG.optional),
  bgp('bgp_cluster_list', 'clist', ATTR.clusterList, FLAG.optional),
  bgp('bgp_ext_community', 'eclist', ATTR.extendedCommunities, OPTIONAL_TRANSITIVE),
  bgp('bgp_pmsi_tunnel', 'opaque', 22, OPTIONAL_TRANSITIVE),
  bgp('bgp_aigp', 'opaque', ATTR.aigp, FLAG.optional),
  bgp('bgp_large_community', 'lclist', ATTR.largeCommunities, OPTIONAL_TRANSITIVE),
  bgp('bgp_otc', 'int', ATTR.onlyToCustomer, OPTIONAL_TRANSITIVE),
];

function forwarding(name: string, type: Type, code?: number): AttributeInfo {
  const info = { name, type, home: 'route' as const, noEffect: NO_FORWARDING };
  return code === undefined ? info : { ...info, code };
}

/** BIRD's static attributes: every route has them, and none can be unset. */
const STATIC: readonly AttributeInfo[] = [
  { name: 'net', type: 'prefix', home: 'route', readOnly: true },
  { name: 'from', type: 'ip', home: 'source', code: FILTER_ATTR.from },
  { name: 'proto', type: 'string', home: 'source', readOnly: true },
  { name: 'source', type: 'enum rts', home: 'source', readOnly: true },
  { name: 'preference', type: 'int', home: 'local', code: LOCAL_ATTR.preference },
  forwarding('scope', 'enum scope', FILTER_ATTR.scope),
  { ...forwarding('dest', 'enum rtd'), home: 'source' },
  { ...forwarding('gw', 'ip', FILTER_ATTR.gateway), home: 'source' },
  forwarding('ifname', 'string', FILTER_ATTR.interfaceName),
  { name: 'ifindex', type: 'int', home: 'route', readOnly: true },
  forwarding('weight', 'int', FILTER_ATTR.weight),
  forwarding('gw_mpls', 'int', FILTER_ATTR.mplsStack),
  forwarding('gw_mpls_stack', 'clist', FILTER_ATTR.mplsStack),
  forwarding('onlink', 'bool', FILTER_ATTR.onlink),
];

/** Attributes of other protocols and of the kernel, without codes. */
const FOREIGN: readonly (readonly [name: string, type: Type])[] = [
  ['ospf_metric1', 'int'],
  ['ospf_metric2', 'int'],
  ['ospf_tag', 'int'],
  ['ospf_router_id', 'quad'],
  ['rip_metric', 'int'],
  ['rip_tag', 'int'],
  ['babel_metric', 'int'],
  ['babel_router_id', 'quad'],
  ['babel_seqno', 'int'],
  ['ra_preference', 'enum ra_preference'],
  ['ra_lifetime', 'int'],
  ['aspa_providers', 'clist'],
  ['mpls_label', 'int'],
  ['mpls_policy', 'enum mpls_policy'],
  ['mpls_class', 'int'],
  ['kbr_source', 'enum kbr_source'],
  ['krt_source', 'int'],
  ['krt_metric', 'int'],
  ['krt_prefsrc', 'ip'],
  ['krt_realm', 'int'],
  ['krt_scope', 'int'],
  ['krt_mtu', 'int'],
  ['krt_window', 'int'],
  ['krt_rtt', 'int'],
  ['krt_rttvar', 'int'],
  ['krt_ssthresh', 'int'],
  ['krt_cwnd', 'int'],
  ['krt_advmss', 'int'],
  ['krt_reordering', 'int'],
  ['krt_hoplimit', 'int'],
  ['krt_initcwnd', 'int'],
  ['krt_rto_min', 'int'],
  ['krt_initrwnd', 'int'],
  ['krt_quickack', 'int'],
  ['krt_congctl', 'string'],
  ['krt_fastopen_no_cookie', 'int'],
];

/** Old spellings that BIRD still reads. */
const ALIASES: readonly (readonly [alias: string, name: string])[] = [
  ['krt_sstresh', 'krt_ssthresh'],
  ['krt_lock_sstresh', 'krt_lock_ssthresh'],
];

/** Bits of the kernel's lock and feature words, by Linux's numbers of route metrics. */
const LOCK_BITS: readonly (readonly [name: string, bit: number])[] = [
  ['mtu', 2],
  ['window', 3],
  ['rtt', 4],
  ['rttvar', 5],
  ['ssthresh', 6],
  ['cwnd', 7],
  ['advmss', 8],
  ['reordering', 9],
  ['hoplimit', 10],
  ['initcwnd', 11],
  ['rto_min', 13],
  ['initrwnd', 14],
  ['quickack', 15],
  ['congctl', 16],
  ['fastopen_no_cookie', 17],
];
const FEATURE_BITS: readonly (readonly [name: string, bit: number])[] = [
  ['ecn', 0],
  ['allfrag', 3],
];

function foreign(name: string, type: Type, code: number, bit?: number): AttributeInfo {
  const info = { name, type, home: 'local' as const, code, dynamic: true, noEffect: NO_PROTOCOL };
  return bit === undefined ? info : { ...info, bit };
}

function table(): Map<string, AttributeInfo> {
  const rows = [
    ...BGP,
    ...STATIC,
    { name: 'igp_metric', type: 'int', home: 'local', code: LOCAL_ATTR.igpMetric, dynamic: true } as const,
    ...FOREIGN.map(([name, type], i) => foreign(name, type, FILTER_ATTR.others + i)),
    ...LOCK_BITS.map(([name, bit]) => foreign(`krt_lock_${name}`, 'bool', FILTER_ATTR.kernelLock, bit)),
    ...FEATURE_BITS.map(([name, bit]) =>
      foreign(`krt_feature_${name}`, 'bool', FILTER_ATTR.kernelFeatures, bit),
    ),
  ];
  const map = new Map<string, AttributeInfo>(rows.map((row) => [row.name, row]));
  for (const [alias, name] of ALIASES) map.set(alias, map.get(name)!);
  return map;
}

/** Every attribute that a filter can name, except custom ones. */
export const ATTRIBUTES: ReadonlyMap<string, AttributeInfo> = table();

/** Names of BGP's attributes by type code: those that `attribute bgp N` cannot name anew. */
export const BGP_NAMES: ReadonlyMap<number, string> = new Map(
  BGP.map(({ code, name }) => [code!, name.slice('bgp_'.length)]),
);

/** How the values of attributes are kept, by code; bits are those of a number. */
export const ATTRIBUTE_TYPES: ReadonlyMap<number, Type> = new Map(
  [...ATTRIBUTES.values()]
    .filter(({ code }) => code !== undefined)
    .map(({ code, type, bit }) => [
      code!,
      code === FILTER_ATTR.mplsStack ? 'clist' : bit === undefined ? type : 'int',
    ]),
);

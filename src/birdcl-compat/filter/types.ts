/** Types of the filter language, as BIRD has them at run time. */
import { ATTR, LOCAL_ATTR } from '../../rib/attrs/codes.ts';

export type EnumName = 'origin' | 'source' | 'scope' | 'dest' | 'roa' | 'net' | 'af';

export type Type =
  | 'void'
  | 'bool'
  | 'int'
  | 'string'
  | 'ip'
  | 'prefix'
  | 'pair'
  | 'quad'
  | 'ec'
  | 'lc'
  | 'rd'
  | 'bgppath'
  | 'bgpmask'
  | 'clist'
  | 'eclist'
  | 'lclist'
  | 'set'
  | 'prefix set'
  /** `bgp_aggregator`, `bgp_atomic_aggr`, `bgp_aigp`: only asked whether they are there. */
  | 'opaque'
  | `enum ${EnumName}`;

/** Type names that declare variables, parameters and custom attributes. */
export const TYPE_WORDS: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['int', 'int'],
  ['bool', 'bool'],
  ['ip', 'ip'],
  ['rd', 'rd'],
  ['prefix', 'prefix'],
  ['pair', 'pair'],
  ['quad', 'quad'],
  ['ec', 'ec'],
  ['lc', 'lc'],
  ['string', 'string'],
  ['bgpmask', 'bgpmask'],
  ['bgppath', 'bgppath'],
  ['clist', 'clist'],
  ['eclist', 'eclist'],
  ['lclist', 'lclist'],
]);

/** The type of `X set`, or undefined where BIRD has none. */
export function setOf(type: Type): Type | undefined {
  if (type === 'prefix') return 'prefix set';
  return ['int', 'pair', 'quad', 'ec', 'lc', 'rd', 'ip'].includes(type) ? 'set' : undefined;
}

/** Types whose values may be elements of a set. */
export function maySetHold(type: Type): boolean {
  return ['int', 'pair', 'quad', 'ip', 'ec', 'lc', 'rd'].includes(type) || type.startsWith('enum ');
}

/** Named values: keyword → type and number. Numbers are BIRD's. */
export const ENUMERATORS: ReadonlyMap<string, { readonly type: Type; readonly value: number }> = new Map(
  (
    [
      ['origin', 'ORIGIN_', 0, ['IGP', 'EGP', 'INCOMPLETE']],
      [
        'source',
        'RTS_',
        1,
        [
          'STATIC',
          'INHERIT',
          'DEVICE',
          'STATIC_DEVICE',
          'REDIRECT',
          'RIP',
          'OSPF',
          'OSPF_IA',
          'OSPF_EXT1',
          'OSPF_EXT2',
          'BGP',
          'PIPE',
          'BABEL',
          'RPKI',
          'PERF',
        ],
      ],
      ['scope', 'SCOPE_', 0, ['HOST', 'LINK', 'SITE', 'ORGANIZATION', 'UNIVERSE', 'UNDEFINED']],
      ['dest', 'RTD_', 1, ['UNICAST', 'BLACKHOLE', 'UNREACHABLE', 'PROHIBIT']],
      ['roa', 'ROA_', 0, ['UNKNOWN', 'VALID', 'INVALID']],
      ['net', 'NET_', 1, ['IP4', 'IP6', 'VPN4', 'VPN6', 'ROA4', 'ROA6', 'FLOW4', 'FLOW6', 'IP6_SADR']],
      ['af', 'AF_', 1, ['IPV4', 'IPV6']],
    ] as const
  ).flatMap(([name, prefix, first, words]) =>
    words.map((word, i) => [prefix + word, { type: `enum ${name}` as Type, value: first + i }] as const),
  ),
);

/** Where an attribute's value lives: on the wire, with the set on this box only, or outside the set. */
export type AttributeHome = 'bgp' | 'local' | 'route' | 'protocol';

export interface AttributeInfo {
  readonly type: Type;
  readonly home: AttributeHome;
  /** Attribute type code; of local attributes the store's. */
  readonly code?: number;
  readonly readOnly?: boolean;
  /** Catbird does not carry it; the text says why it is refused. */
  readonly refused?: string;
}

const NO_FORWARDING = 'Catbird does not forward packets, so a route has no such attribute yet';

/** Every attribute that a filter can name, except custom ones. */
export const ATTRIBUTES: ReadonlyMap<string, AttributeInfo> = new Map<string, AttributeInfo>([
  ['bgp_origin', { type: 'enum origin', home: 'bgp', code: ATTR.origin }],
  ['bgp_path', { type: 'bgppath', home: 'bgp', code: ATTR.asPath }],
  ['bgp_next_hop', { type: 'ip', home: 'bgp', code: ATTR.nextHop }],
  ['bgp_med', { type: 'int', home: 'bgp', code: ATTR.med }],
  ['bgp_local_pref', { type: 'int', home: 'bgp', code: ATTR.localPref }],
  ['bgp_atomic_aggr', { type: 'opaque', home: 'bgp', code: ATTR.atomicAggregate }],
  ['bgp_aggregator', { type: 'opaque', home: 'bgp', code: ATTR.aggregator }],
  ['bgp_community', { type: 'clist', home: 'bgp', code: ATTR.communities }],
  ['bgp_originator_id', { type: 'quad', home: 'bgp', code: ATTR.originatorId }],
  ['bgp_cluster_list', { type: 'clist', home: 'bgp', code: ATTR.clusterList }],
  ['bgp_ext_community', { type: 'eclist', home: 'bgp', code: ATTR.extendedCommunities }],
  ['bgp_aigp', { type: 'opaque', home: 'bgp', code: ATTR.aigp }],
  ['bgp_large_community', { type: 'lclist', home: 'bgp', code: ATTR.largeCommunities }],
  ['bgp_otc', { type: 'int', home: 'bgp', code: ATTR.onlyToCustomer }],
  ['net', { type: 'prefix', home: 'route', readOnly: true }],
  ['from', { type: 'ip', home: 'protocol', readOnly: true }],
  ['proto', { type: 'string', home: 'protocol', readOnly: true }],
  ['source', { type: 'enum source', home: 'protocol', readOnly: true }],
  ['preference', { type: 'int', home: 'local', code: LOCAL_ATTR.preference }],
  ['igp_metric', { type: 'int', home: 'local', code: LOCAL_ATTR.igpMetric }],
  ['gw', { type: 'ip', home: 'route', refused: NO_FORWARDING }],
  ['dest', { type: 'enum dest', home: 'route', refused: NO_FORWARDING }],
  ['scope', { type: 'enum scope', home: 'route', refused: NO_FORWARDING }],
  ['ifname', { type: 'string', home: 'route', refused: NO_FORWARDING }],
  ['ifindex', { type: 'int', home: 'route', refused: NO_FORWARDING }],
  ['weight', { type: 'int', home: 'route', refused: NO_FORWARDING }],
  ['gw_mpls', { type: 'int', home: 'route', refused: NO_FORWARDING }],
  ['onlink', { type: 'bool', home: 'route', refused: NO_FORWARDING }],
]);

/** How a type is called in messages. */
export function typeName(type: Type): string {
  return type.startsWith('enum ') ? `enumeration (${type.slice(5)})` : type;
}

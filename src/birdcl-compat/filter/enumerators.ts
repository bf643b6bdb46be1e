/** Named values of the filter language. Numbers are BIRD's. */
import type { EnumName, Type } from './types.ts';

export interface Enumerator {
  readonly type: Type;
  readonly value: number;
}

interface Row {
  readonly type: EnumName;
  readonly prefix: string;
  /** The names after the prefix; where they are not numbered one by one from `first`, each has its number. */
  readonly names: readonly (string | readonly [string, number])[];
  readonly first: number;
}

const ROWS: readonly Row[] = [
  { type: 'bgp_origin', prefix: 'ORIGIN_', first: 0, names: ['IGP', 'EGP', 'INCOMPLETE'] },
  {
    type: 'rts',
    prefix: 'RTS_',
    first: 1,
    names: [
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
      'L3VPN',
      'AGGREGATED',
    ],
  },
  {
    type: 'scope',
    prefix: 'SCOPE_',
    first: 0,
    names: ['HOST', 'LINK', 'SITE', 'ORGANIZATION', 'UNIVERSE', 'UNDEFINED'],
  },
  { type: 'rtd', prefix: 'RTD_', first: 1, names: ['UNICAST', 'BLACKHOLE', 'UNREACHABLE', 'PROHIBIT'] },
  { type: 'roa', prefix: 'ROA_', first: 0, names: ['UNKNOWN', 'VALID', 'INVALID'] },
  { type: 'aspa', prefix: 'ASPA_', first: 0, names: ['UNKNOWN', 'VALID', 'INVALID'] },
  {
    type: 'net_type',
    prefix: 'NET_',
    first: 1,
    names: [
      'IP4',
      'IP6',
      'VPN4',
      'VPN6',
      'ROA4',
      'ROA6',
      'FLOW4',
      'FLOW6',
      'IP6_SADR',
      'ETH',
      'MPLS',
      'ASPA',
      'EVPN',
      'NEIGHBOR',
    ],
  },
  {
    type: 'ra_preference',
    prefix: 'RA_PREF_',
    first: 0,
    // RFC 4191 section 2.1, at the place of the two bits in the octet.
    names: [
      ['LOW', 0x18],
      ['MEDIUM', 0x00],
      ['HIGH', 0x08],
    ],
  },
  { type: 'af', prefix: 'AF_', first: 1, names: ['IPV4', 'IPV6'] },
  {
    type: 'mpls_policy',
    prefix: 'MPLS_POLICY_',
    first: 0,
    names: ['NONE', 'STATIC', 'PREFIX', 'AGGREGATE', 'VRF'],
  },
  { type: 'net_evpn_type', prefix: 'NET_EVPN_', first: 1, names: ['EAD', 'MAC', 'IMET', 'ES'] },
  { type: 'kbr_source', prefix: 'KBR_SRC_', first: 0, names: ['BIRD', 'LOCAL', 'STATIC', 'DYNAMIC'] },
];

/** Keyword → type and number. */
export const ENUMERATORS: ReadonlyMap<string, Enumerator> = new Map(
  ROWS.flatMap(({ type, prefix, names, first }) =>
    names.map((entry, i): [string, Enumerator] => {
      const [name, value] = typeof entry === 'string' ? [entry, first + i] : entry;
      return [prefix + name, { type: `enum ${type}`, value }];
    }),
  ),
);

/**
 * The path attributes that Catbird understands, one row a type code. Parsing, display and tests all read this
 * table; adding an attribute means adding a row here and, where its value needs more than a length check, a file.
 */
import { formatIp, formatIpv4, ipFromBytes } from '../../base/ip.ts';
import { asAt, checkAsPath, formatAsPath } from './as-path.ts';
import { aigpMetric, checkAigp } from './aigp.ts';
import { ATTR, FLAG, SEGMENT } from './codes.ts';
import { formatCommunities, formatExtendedCommunities, formatLargeCommunities } from './communities.ts';

/** RFC 7606 section 2: what a malformed attribute costs. */
export type MalformedOutcome = 'discard' | 'treat-as-withdraw' | 'session-reset';

/** The session that attributes arrive on, as far as their syntax depends on it. */
export interface AttrContext {
  /** AS numbers take four bytes (RFC 6793). */
  readonly as4: boolean;
  /** The neighbour is in the same AS: LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST mean something. */
  readonly internal: boolean;
  /** The neighbour is in another member AS of the own confederation (RFC 5065). Absent: no. */
  readonly confederationMember?: boolean;
  /** AS paths may have segments of the own confederation: it is one, and the neighbour is in it. Absent: no. */
  readonly confederation?: boolean;
  /** LOCAL_PREF is taken from external neighbours as well (BIRD `allow bgp_local_pref`). */
  readonly allowLocalPref: boolean;
  /** AIGP is accepted (RFC 7311 section 3.4: not by default on external sessions). */
  readonly aigp: boolean;
}

export interface AttrRow {
  /** BIRD's name, without `BGP.` or `bgp_`. */
  readonly name: string;
  readonly code: number;
  /** The Optional and Transitive bits that the attribute must have. */
  readonly flags: number;
  readonly rfc: string;
  /** RFC 7606: what to do where `check` finds fault, or the flags are wrong. */
  readonly malformed: MalformedOutcome;
  /** Ignored, as if it had not been there, unless this holds for the session. */
  readonly accept?: (context: AttrContext) => boolean;
  /** A short description of what is wrong with the value, or undefined. */
  readonly check: (bytes: Uint8Array, at: number, length: number, context: AttrContext) => string | undefined;
  /** BIRD's text for the value in its canonical form. */
  readonly format: (bytes: Uint8Array, at: number, length: number) => string;
}

const u32 = asAt;
const exactly =
  (wanted: number): AttrRow['check'] =>
  (_bytes, _at, length) =>
    length === wanted ? undefined : `invalid length (${length})`;
const multipleOf =
  (unit: number): AttrRow['check'] =>
  (_bytes, _at, length) =>
    length > 0 && length % unit === 0 ? undefined : `invalid length (${length})`;
const asLengths =
  (narrow: number, wide: number): AttrRow['check'] =>
  (_bytes, _at, length, context) =>
    length === (context.as4 ? wide : narrow) ? undefined : `invalid length (${length})`;
const formatU32: AttrRow['format'] = (bytes, at) => String(u32(bytes, at));
const formatAggregator: AttrRow['format'] = (bytes, at) =>
  `${formatIpv4(u32(bytes, at + 4))} AS${u32(bytes, at)}`;
const formatRouterIds: AttrRow['format'] = (bytes, at, length) => {
  const ids: string[] = [];
  for (let i = at; i < at + length; i += 4) ids.push(formatIpv4(u32(bytes, i)));
  return ids.join(' ');
};

function checkAsPathOf(
  bytes: Uint8Array,
  at: number,
  length: number,
  context: AttrContext,
): string | undefined {
  const { as4, confederation = false, confederationMember } = context;
  const fault = checkAsPath(bytes, at, length, as4 ? 4 : 2, confederation);
  // RFC 5065 section 5: what comes from another member AS starts with that AS.
  if (!fault && confederationMember && (length === 0 || bytes[at] !== SEGMENT.confedSequence))
    return 'missing initial AS_CONFED_SEQUENCE';
  return fault;
}

const WELL_KNOWN = FLAG.transitive;
const OPTIONAL_TRANSITIVE = FLAG.optional | FLAG.transitive;
const OPTIONAL = FLAG.optional;
const ORIGIN_NAMES = ['IGP', 'EGP', 'Incomplete'] as const;

const ROWS: readonly AttrRow[] = [
  {
    name: 'origin',
    code: ATTR.origin,
    flags: WELL_KNOWN,
    rfc: 'RFC 4271 section 5.1.1',
    malformed: 'treat-as-withdraw',
    check: (bytes, at, length) =>
      length !== 1
        ? `invalid length (${length})`
        : bytes[at]! > 2
          ? `invalid value (${bytes[at]})`
          : undefined,
    format: (bytes, at) => ORIGIN_NAMES[bytes[at]!] ?? '?',
  },
  {
    name: 'as_path',
    code: ATTR.asPath,
    flags: WELL_KNOWN,
    rfc: 'RFC 4271 section 5.1.2',
    malformed: 'treat-as-withdraw',
    check: checkAsPathOf,
    format: formatAsPath,
  },
  {
    name: 'next_hop',
    code: ATTR.nextHop,
    flags: WELL_KNOWN,
    rfc: 'RFC 4271 section 5.1.3',
    malformed: 'treat-as-withdraw',
    check: exactly(4),
    format: (bytes, at) => formatIpv4(u32(bytes, at)),
  },
  {
    name: 'med',
    code: ATTR.med,
    flags: OPTIONAL,
    rfc: 'RFC 4271 section 5.1.4',
    malformed: 'treat-as-withdraw',
    check: exactly(4),
    format: formatU32,
  },
  {
    name: 'local_pref',
    code: ATTR.localPref,
    flags: WELL_KNOWN,
    rfc: 'RFC 4271 section 5.1.5',
    malformed: 'treat-as-withdraw',
    accept: (context) => context.internal || context.confederationMember === true || context.allowLocalPref,
    check: exactly(4),
    format: formatU32,
  },
  {
    name: 'atomic_aggr',
    code: ATTR.atomicAggregate,
    flags: WELL_KNOWN,
    rfc: 'RFC 4271 section 5.1.6',
    malformed: 'discard',
    check: exactly(0),
    format: () => '',
  },
  {
    name: 'aggregator',
    code: ATTR.aggregator,
    flags: OPTIONAL_TRANSITIVE,
    rfc: 'RFC 4271 section 5.1.7',
    malformed: 'discard',
    check: asLengths(6, 8),
    format: formatAggregator,
  },
  {
    name: 'community',
    code: ATTR.communities,
    flags: OPTIONAL_TRANSITIVE,
    rfc: 'RFC 1997',
    malformed: 'treat-as-withdraw',
    check: multipleOf(4),
    format: formatCommunities,
  },
  {
    name: 'originator_id',
    code: ATTR.originatorId,
    flags: OPTIONAL,
    rfc: 'RFC 4456 section 8',
    malformed: 'treat-as-withdraw',
    accept: (context) => context.internal,
    check: exactly(4),
    format: formatRouterIds,
  },
  {
    name: 'cluster_list',
    code: ATTR.clusterList,
    flags: OPTIONAL,
    rfc: 'RFC 4456 section 8',
    malformed: 'treat-as-withdraw',
    accept: (context) => context.internal,
    check: multipleOf(4),
    format: formatRouterIds,
  },
  {
    // In the canonical form this holds an IPv6 next hop (one or two addresses) and nothing else.
    name: 'next_hop',
    code: ATTR.mpReach,
    flags: OPTIONAL,
    rfc: 'RFC 4760 section 3',
    malformed: 'session-reset',
    check: (_bytes, _at, length) => (length < 5 ? `invalid length (${length})` : undefined),
    format: (bytes, at, length) => {
      const addresses: string[] = [];
      for (let i = at; i < at + length; i += 16) addresses.push(formatIp(ipFromBytes(bytes, i, 16)));
      return addresses.join(' ');
    },
  },
  {
    name: 'mp_unreach_nlri',
    code: ATTR.mpUnreach,
    flags: OPTIONAL,
    rfc: 'RFC 4760 section 4',
    malformed: 'session-reset',
    check: (_bytes, _at, length) => (length < 3 ? `invalid length (${length})` : undefined),
    format: () => '',
  },
  {
    name: 'ext_community',
    code: ATTR.extendedCommunities,
    flags: OPTIONAL_TRANSITIVE,
    rfc: 'RFC 4360',
    malformed: 'treat-as-withdraw',
    check: multipleOf(8),
    format: formatExtendedCommunities,
  },
  {
    // RFC 6793 section 6: a malformed AS4_PATH is discarded.
    name: 'as4_path',
    code: ATTR.as4Path,
    flags: OPTIONAL_TRANSITIVE,
    rfc: 'RFC 6793 section 3',
    malformed: 'discard',
    accept: (context) => !context.as4,
    check: (bytes, at, length) =>
      length < 6 ? `invalid length (${length})` : checkAsPath(bytes, at, length, 4, true),
    format: formatAsPath,
  },
  {
    name: 'as4_aggregator',
    code: ATTR.as4Aggregator,
    flags: OPTIONAL_TRANSITIVE,
    rfc: 'RFC 6793 section 3',
    malformed: 'discard',
    accept: (context) => !context.as4,
    check: exactly(8),
    format: formatAggregator,
  },
  {
    name: 'aigp',
    code: ATTR.aigp,
    flags: OPTIONAL,
    rfc: 'RFC 7311',
    malformed: 'discard',
    accept: (context) => context.aigp,
    check: checkAigp,
    format: (bytes, at, length) => aigpMetric(bytes, at, length)?.toString() ?? '?',
  },
  {
    name: 'large_community',
    code: ATTR.largeCommunities,
    flags: OPTIONAL_TRANSITIVE,
    rfc: 'RFC 8092',
    malformed: 'treat-as-withdraw',
    check: multipleOf(12),
    format: formatLargeCommunities,
  },
  {
    name: 'otc',
    code: ATTR.onlyToCustomer,
    flags: OPTIONAL_TRANSITIVE,
    rfc: 'RFC 9234 section 5',
    malformed: 'treat-as-withdraw',
    check: exactly(4),
    format: formatU32,
  },
];

/** Rows by type code; undefined for a code that Catbird does not know. */
export const ATTRIBUTES: readonly (AttrRow | undefined)[] = (() => {
  const byCode: (AttrRow | undefined)[] = new Array<AttrRow | undefined>(256).fill(undefined);
  for (const row of ROWS) byCode[row.code] = row;
  return byCode;
})();

/** Path attribute type codes and flags, https://www.iana.org/assignments/bgp-parameters. */

export const ATTR = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  atomicAggregate: 6,
  aggregator: 7,
  communities: 8,
  originatorId: 9,
  clusterList: 10,
  mpReach: 14,
  mpUnreach: 15,
  extendedCommunities: 16,
  as4Path: 17,
  as4Aggregator: 18,
  aigp: 26,
  largeCommunities: 32,
  onlyToCustomer: 35,
} as const;

/** RFC 4271 section 4.3. */
export const FLAG = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const;

/** RFC 4271 section 4.3: ORIGIN values, in the order of preference. */
export const ORIGIN = { igp: 0, egp: 1, incomplete: 2 } as const;

/** RFC 4271 section 4.3 and RFC 5065 section 3: AS_PATH segment types. */
export const SEGMENT = { asSet: 1, asSequence: 2, confedSequence: 3, confedSet: 4 } as const;

/** RFC 6793 section 9: stands for a 4-octet AS number in a 2-octet field. */
export const AS_TRANS = 23456;

/** RFC 1997, RFC 7999, RFC 8326, RFC 9494: communities with a meaning of their own. */
export const WELL_KNOWN_COMMUNITY = {
  gracefulShutdown: 0xffff0000,
  llgrStale: 0xffff0006,
  noLlgr: 0xffff0007,
  blackhole: 0xffff029a,
  noExport: 0xffffff01,
  noAdvertise: 0xffffff02,
  noExportSubconfed: 0xffffff03,
} as const;

/**
 * Attributes that never leave this box, such as BIRD's `preference`. They follow the wire attributes of a set and
 * are told apart from them by codes above 255.
 */
export const LOCAL_ATTR = { preference: 256, igpMetric: 257, destination: 258 } as const;

/** Values of `LOCAL_ATTR.destination`; routes without it go to their next hop. */
export const DESTINATION = { blackhole: 1, unreachable: 2, prohibit: 3, recursive: 4 } as const;

/** Types and subtypes of MRT records, https://www.iana.org/assignments/mrt (RFC 6396, RFC 8050). */

/** Types that hold routes or messages of BGP. */
export const MRT = { tableDump: 12, tableDumpV2: 13, bgp4mp: 16, bgp4mpEt: 17 } as const;

/** Subtypes of TABLE_DUMP_V2. */
export const TABLE_DUMP_V2 = {
  peerIndexTable: 1,
  ribIpv4Unicast: 2,
  ribIpv6Unicast: 4,
  ribGeneric: 6,
  ribIpv4UnicastAddPath: 8,
  ribIpv6UnicastAddPath: 10,
  ribGenericAddPath: 12,
} as const;

/** Subtypes of BGP4MP; of messages those that were received. The _LOCAL ones, 6, 7, 10 and 11, were sent. */
export const BGP4MP = {
  message: 1,
  messageAs4: 4,
  stateChangeAs4: 5,
  messageAddPath: 8,
  messageAs4AddPath: 9,
} as const;

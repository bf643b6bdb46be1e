/** Numbers of BGP messages and capabilities, one table per registry. */

/** https://www.iana.org/assignments/bgp-parameters (BGP Message Types). */
export const MESSAGE = {
  /** RFC 4271 section 4.2 */
  open: 1,
  /** RFC 4271 section 4.3 */
  update: 2,
  /** RFC 4271 section 4.5 */
  notification: 3,
  /** RFC 4271 section 4.4 */
  keepalive: 4,
  /** RFC 2918 section 3 */
  routeRefresh: 5,
} as const;

/** https://www.iana.org/assignments/capability-codes */
export const CAPABILITY = {
  /** RFC 2858, RFC 4760 section 8 */
  multiprotocol: 1,
  /** RFC 2918 section 2 */
  routeRefresh: 2,
  /** RFC 8950 section 4 */
  extendedNextHop: 5,
  /** RFC 8654 section 3 */
  extendedMessage: 6,
  /** RFC 9234 section 4.1 */
  role: 9,
  /** RFC 4724 section 3 */
  gracefulRestart: 64,
  /** RFC 6793 section 3 */
  as4: 65,
  /** RFC 7911 section 4 */
  addPath: 69,
  /** RFC 7313 section 3.1 */
  enhancedRouteRefresh: 70,
  /** RFC 9494 section 3.1 */
  longLivedGracefulRestart: 71,
  /** draft-walton-bgp-hostname-capability */
  hostname: 73,
} as const;

/** https://www.iana.org/assignments/bgp-parameters (OPEN Optional Parameter Types). */
export const OPEN_PARAMETER = {
  /** RFC 5492 */
  capabilities: 2,
  /** RFC 9072 */
  extendedLength: 255,
} as const;

/** https://www.iana.org/assignments/bgp-parameters (BGP Role Value, RFC 9234 section 4.1). */
export const ROLE = { provider: 0, rsServer: 1, rsClient: 2, customer: 3, peer: 4 } as const;
export type Role = (typeof ROLE)[keyof typeof ROLE];

/** ROUTE-REFRESH subtypes (RFC 7313 section 3.2). */
export const REFRESH_SUBTYPE = { request: 0, begin: 1, end: 2 } as const;

/** RFC 4271 section 4.2. */
export const BGP_VERSION = 4;

/** RFC 6793 section 9: stands in a 2-octet field for an AS number that does not fit. */
export const AS_TRANS = 23456;

/** RFC 4271 section 4.1: marker, length and type. */
export const HEADER_LENGTH = 19;

/** RFC 4271 section 4.1. */
export const MAX_MESSAGE_LENGTH = 4096;

/** RFC 8654 section 4. */
export const MAX_EXTENDED_MESSAGE_LENGTH = 65535;

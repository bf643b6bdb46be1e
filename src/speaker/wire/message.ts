/** Encodes whole messages, header included, and the small ones altogether (RFC 4271 section 4, RFC 2918). */
import { FAMILIES, familyOf, type FamilyIndex } from '../../base/family.ts';
import { bgpError, ERROR, REFRESH_ERROR, type BgpError } from './errors.ts';
import { HEADER_LENGTH, MESSAGE } from './iana.ts';

/** A whole message with `bodyLength` bytes of body left zero. */
export function newMessage(type: number, bodyLength: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + bodyLength);
  bytes.fill(0xff, 0, 16);
  bytes[16] = bytes.length >>> 8;
  bytes[17] = bytes.length & 0xff;
  bytes[18] = type;
  return bytes;
}

/** A KEEPALIVE. */
export function encodeKeepalive(): Uint8Array {
  return newMessage(MESSAGE.keepalive, 0);
}

/** A ROUTE-REFRESH (RFC 2918 section 3; subtype: RFC 7313 section 3.2). */
export function encodeRouteRefresh(family: FamilyIndex, subtype: 0 | 1 | 2): Uint8Array {
  const { afi, safi } = FAMILIES[family];
  const bytes = newMessage(MESSAGE.routeRefresh, 4);
  bytes[HEADER_LENGTH] = afi >>> 8;
  bytes[HEADER_LENGTH + 1] = afi & 0xff;
  bytes[HEADER_LENGTH + 2] = subtype;
  bytes[HEADER_LENGTH + 3] = safi;
  return bytes;
}

export interface RouteRefresh {
  readonly afi: number;
  readonly safi: number;
  /** Undefined where Catbird does not carry the family. */
  readonly family: FamilyIndex | undefined;
  readonly subtype: number;
}

const ROUTE_REFRESH_BODY = 4;
/** RFC 4271 section 6: no NOTIFICATION is longer than it must be; BIRD's bound on quoted messages. */
const QUOTED_LENGTH = 2048;

/** Decodes the body `bytes[start, end)` of a ROUTE-REFRESH; the header's minimum length was checked before. */
export function decodeRouteRefresh(bytes: Uint8Array, start: number, end: number): RouteRefresh | BgpError {
  if (end - start !== ROUTE_REFRESH_BODY) {
    // RFC 7313 section 5: "the Data field MUST contain the complete ROUTE-REFRESH message".
    const message = bytes.slice(start - HEADER_LENGTH, Math.min(end, start - HEADER_LENGTH + QUOTED_LENGTH));
    return bgpError(ERROR.routeRefreshMessage, REFRESH_ERROR.invalidMessageLength, message);
  }
  const afi = (bytes[start]! << 8) | bytes[start + 1]!;
  const safi = bytes[start + 3]!;
  return { afi, safi, family: familyOf(afi, safi)?.index, subtype: bytes[start + 2]! };
}

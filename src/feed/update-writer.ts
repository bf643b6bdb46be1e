/** Routes that share their attributes, put into as few UPDATEs as they fit in (RFC 4271 section 4.3, RFC 4760). */
import { IPV4, type Family } from '../base/family.ts';
import { HEADER_LENGTH, writeMpReachHead, writeMpUnreachHead } from '../speaker/wire/update-encode.ts';
import type { BatchBuilder } from './batch.ts';

/** Path attributes as they stand in an UPDATE, next to the routes they are of. */
export interface AttributeBlock {
  /** The next hop of MP_REACH_NLRI; undefined where the routes follow the attributes and NEXT_HOP is one of them. */
  readonly mpNextHop: Uint8Array | undefined;
  /** All attributes but MP_REACH_NLRI and MP_UNREACH_NLRI. */
  readonly attributes: Uint8Array;
}

/** Withdrawn routes length and total path attribute length. */
const LENGTHS = 4;
/** Flags, code, extended length, AFI, SAFI, next hop length and reserved octet of MP_REACH_NLRI. */
const MP_REACH_HEAD = 9;
/** Flags, code, extended length, AFI and SAFI of MP_UNREACH_NLRI. */
const MP_UNREACH_HEAD = 7;

/** Where the prefix at `at` ends; past the end of `bytes` where it is cut short, NaN where there is no length octet. */
export function nlriEnd(bytes: Uint8Array, at: number, addPath: boolean): number {
  const lengthAt = addPath ? at + 4 : at;
  return lengthAt + 1 + ((bytes[lengthAt]! + 7) >> 3);
}

/**
 * Announces the encoded prefixes `nlri`, which are sound.
 * @returns false where the attributes leave no room for a prefix in a message of `maxLength` bytes; nothing is
 * written then
 */
export function writeAnnouncements(
  out: BatchBuilder,
  family: Family,
  block: AttributeBlock,
  nlri: Uint8Array,
  addPath: boolean,
  maxLength: number,
): boolean {
  const { mpNextHop, attributes } = block;
  const mpHead = mpNextHop ? MP_REACH_HEAD + mpNextHop.length : 0;
  const room = maxLength - HEADER_LENGTH - LENGTHS - mpHead - attributes.length;
  if (room < longestNlri(nlri, addPath)) return false;
  forEachPiece(nlri, addPath, room, (piece, routes) => {
    if (!mpNextHop) {
      out.addUpdate([lengths(0, attributes.length), attributes, piece], routes, 0);
      return;
    }
    const head = new Uint8Array(mpHead);
    writeMpReachHead(head, 0, family, mpNextHop, 0, mpNextHop.length);
    setLength(head, piece.length);
    const total = mpHead + piece.length + attributes.length;
    // RFC 7606 section 5.1: MP_REACH_NLRI comes first.
    out.addUpdate([lengths(0, total), head, piece, attributes], routes, 0);
  });
  return true;
}

/** Withdraws the encoded prefixes `nlri`, which are sound. */
export function writeWithdrawals(
  out: BatchBuilder,
  family: Family,
  nlri: Uint8Array,
  addPath: boolean,
  maxLength: number,
): void {
  const classic = family === IPV4;
  const room = maxLength - HEADER_LENGTH - LENGTHS - (classic ? 0 : MP_UNREACH_HEAD);
  forEachPiece(nlri, addPath, room, (piece, routes) => {
    if (classic) {
      out.addUpdate(
        [Uint8Array.of(piece.length >> 8, piece.length & 255), piece, new Uint8Array(2)],
        0,
        routes,
      );
      return;
    }
    const head = new Uint8Array(MP_UNREACH_HEAD);
    writeMpUnreachHead(head, 0, family);
    setLength(head, piece.length);
    out.addUpdate([lengths(0, head.length + piece.length), head, piece], 0, routes);
  });
}

/** Withdrawn routes length, no withdrawn routes, total path attribute length. */
function lengths(withdrawn: number, attributes: number): Uint8Array {
  return Uint8Array.of(withdrawn >> 8, withdrawn & 255, attributes >> 8, attributes & 255);
}

/** Sets the extended length of the attribute whose head this is, its routes being `nlriLength` bytes. */
function setLength(head: Uint8Array, nlriLength: number): void {
  const length = head.length - 4 + nlriLength;
  head[2] = length >> 8;
  head[3] = length;
}

function longestNlri(nlri: Uint8Array, addPath: boolean): number {
  let longest = 0;
  for (let at = 0; at < nlri.length;) {
    const end = nlriEnd(nlri, at, addPath);
    longest = Math.max(longest, end - at);
    at = end;
  }
  return longest;
}

/** Cuts prefixes into pieces of at most `room` bytes. */
function forEachPiece(
  nlri: Uint8Array,
  addPath: boolean,
  room: number,
  take: (piece: Uint8Array, routes: number) => void,
): void {
  let start = 0;
  let routes = 0;
  let at = 0;
  while (at < nlri.length) {
    const end = nlriEnd(nlri, at, addPath);
    if (end - start > room) {
      take(nlri.subarray(start, at), routes);
      start = at;
      routes = 0;
    }
    routes++;
    at = end;
  }
  if (routes > 0) take(nlri.subarray(start, at), routes);
}

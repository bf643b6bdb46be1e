/** Messages in a few words, as BIRD's `debug { packets }` names them. */
import { formatIpv4 } from '../../base/ip.ts';
import { HEADER_LENGTH, MESSAGE, REFRESH_SUBTYPE } from './iana.ts';
import { decodeOpen, isBgpError } from './open.ts';

/** Where subtypes of ROUTE-REFRESH stand in its body (RFC 7313 section 3.2). */
const SUBTYPE_AT = 2;
const MP_UNREACH_NLRI = 15;

/** What a message with the body `bytes[start, end)` is called: one line, or two, or none where other lines tell of it. */
export function describeMessage(
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  direction: 'Sending' | 'Got',
): readonly string[] {
  switch (type) {
    case MESSAGE.open:
      return [`${direction} ${describeOpen(bytes, start, end, direction)}`];
    case MESSAGE.update:
      if (!isEndOfRib(bytes, start, end)) return [`${direction} UPDATE`];
      return direction === 'Got' ? ['Got UPDATE', 'Got END-OF-RIB'] : ['Sending END-OF-RIB'];
    case MESSAGE.keepalive:
      return [`${direction} KEEPALIVE`];
    case MESSAGE.notification:
      return direction === 'Got' ? [] : [`Sending NOTIFICATION(code=${bytes[start]!}.${bytes[start + 1]!})`];
    case MESSAGE.routeRefresh:
      return [`${direction} ${describeRefresh(bytes[start + SUBTYPE_AT])}`];
    default:
      return [];
  }
}

/** Calls `visit` with the type and the body of each of whole messages, one behind the other. */
export function forEachMessage(
  bytes: Uint8Array,
  visit: (type: number, start: number, end: number) => void,
): void {
  for (let at = 0; at + HEADER_LENGTH <= bytes.length;) {
    const length = (bytes[at + 16]! << 8) | bytes[at + 17]!;
    visit(bytes[at + 18]!, at + HEADER_LENGTH, at + length);
    at += Math.max(length, HEADER_LENGTH);
  }
}

function describeOpen(bytes: Uint8Array, start: number, end: number, direction: 'Sending' | 'Got'): string {
  const open = decodeOpen(bytes, start, end);
  if (isBgpError(open)) return 'OPEN';
  const { capabilities, as2, holdTimeS, routerId } = open;
  if (direction === 'Got') return `OPEN(as=${as2},hold=${holdTimeS},id=${formatIpv4(routerId)})`;
  const id = routerId.toString(16).padStart(8, '0');
  return `OPEN(ver=4,as=${capabilities.as4 ?? as2},hold=${holdTimeS},id=${id})`;
}

/** RFC 4724 section 2: no routes at all, or an MP_UNREACH_NLRI without any and nothing else. */
function isEndOfRib(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 0 || bytes[start + 1] !== 0) return false;
  const length = (bytes[start + 2]! << 8) | bytes[start + 3]!;
  if (end !== start + 4 + length) return false;
  if (length === 0) return true;
  const valueLength =
    (bytes[start + 4]! & 0x10) !== 0 ? (bytes[start + 6]! << 8) | bytes[start + 7]! : bytes[start + 6];
  return bytes[start + 5] === MP_UNREACH_NLRI && valueLength === 3 && length <= 7;
}

function describeRefresh(subtype: number | undefined): string {
  if (subtype === REFRESH_SUBTYPE.begin) return 'BEGIN-OF-RR';
  return subtype === REFRESH_SUBTYPE.end ? 'END-OF-RR' : 'ROUTE-REFRESH';
}

/** Community values (RFC 1997, RFC 4360, RFC 5668, RFC 8092): membership and BIRD's text. */
import { formatIpv4 } from '../../base/ip.ts';
import { asAt } from './as-path.ts';

/** Whether `community` is among the 4-byte values in `bytes[at, at + length)`. */
export function hasCommunity(bytes: Uint8Array, at: number, length: number, community: number): boolean {
  for (let i = at; i < at + length; i += 4) if (asAt(bytes, i) === community) return true;
  return false;
}

export function formatCommunities(bytes: Uint8Array, at: number, length: number): string {
  const parts: string[] = [];
  for (let i = at; i < at + length; i += 4) {
    parts.push(`(${(bytes[i]! << 8) | bytes[i + 1]!},${(bytes[i + 2]! << 8) | bytes[i + 3]!})`);
  }
  return parts.join(' ');
}

/** RFC 4360 section 4 and 5: the subtypes that have names in BIRD. */
const EC_KIND: Readonly<Record<number, string>> = { 0x0002: 'rt', 0x0003: 'ro' };

export function formatExtendedCommunity(high: number, low: number): string {
  const type = high >>> 16;
  const kind = EC_KIND[type & 0xf0ff] ?? `unknown 0x${type.toString(16)}`;
  const key32 = ((high << 16) | (low >>> 16)) >>> 0;
  switch (type >>> 8) {
    case 0x00:
    case 0x40:
      return `(${kind}, ${high & 0xffff}, ${low})`;
    case 0x01:
    case 0x41:
      return `(${kind}, ${formatIpv4(key32)}, ${low & 0xffff})`;
    case 0x02:
    case 0x42:
      return `(${kind}, ${key32}, ${low & 0xffff})`;
    default:
      return `(generic, 0x${high.toString(16)}, 0x${low.toString(16)})`;
  }
}

export function formatExtendedCommunities(bytes: Uint8Array, at: number, length: number): string {
  const parts: string[] = [];
  for (let i = at; i < at + length; i += 8)
    parts.push(formatExtendedCommunity(asAt(bytes, i), asAt(bytes, i + 4)));
  return parts.join(' ');
}

export function formatLargeCommunities(bytes: Uint8Array, at: number, length: number): string {
  const parts: string[] = [];
  for (let i = at; i < at + length; i += 12) {
    parts.push(`(${asAt(bytes, i)}, ${asAt(bytes, i + 4)}, ${asAt(bytes, i + 8)})`);
  }
  return parts.join(' ');
}

/** RFC 4360 section 2: extended communities without the non-transitive ones, for a neighbour in another AS. */
export function transitiveExtendedCommunities(bytes: Uint8Array, at: number, length: number): Uint8Array {
  const out: number[] = [];
  for (let i = at; i < at + length; i += 8) {
    if ((bytes[i]! & 0x40) === 0) for (let k = 0; k < 8; k++) out.push(bytes[i + k]!);
  }
  return Uint8Array.from(out);
}

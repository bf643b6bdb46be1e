/** Values of the filter language as JavaScript values. */
import { formatIp, formatIpv4 } from '../../base/ip.ts';
import type { IpAddress } from '../../base/ip.ts';
import { formatExtendedCommunity } from '../../rib/attrs/communities.ts';
import type { AsPath, PathMask } from './as-path.ts';
import type { Net } from './nets.ts';
import type { PrefixSet } from './prefix-set.ts';
import type { ValueSet } from './sets.ts';

export interface Prefix {
  readonly ip: IpAddress;
  readonly length: number;
}

export type LargeCommunity = readonly [number, number, number];

/**
 * A value; its type is known where it is used. Pairs, quads, enumerations and integers are unsigned 32-bit
 * numbers, Ethernet addresses 48-bit ones, extended communities and route distinguishers 64-bit integers, byte strings
 * their hexadecimal digits in lower case, lists arrays of their elements. Undefined is BIRD's void.
 */
export type Value =
  | undefined
  | boolean
  | number
  | string
  | bigint
  | IpAddress
  | Net
  | LargeCommunity
  | AsPath
  | PathMask
  | readonly number[]
  | readonly bigint[]
  | readonly LargeCommunity[]
  | ValueSet
  | PrefixSet;

/** A list without members, and what an absent list attribute looks like. */
export const EMPTY_LIST: readonly never[] = Object.freeze([]);

/** Orders addresses as BIRD does: an IPv4 address counts as its IPv4-mapped IPv6 address. */
export function compareIp(a: IpAddress, b: IpAddress): number {
  const left = a.version === 4 ? [0, 0, 0xffff, a.words[0]!] : a.words;
  const right = b.version === 4 ? [0, 0, 0xffff, b.words[0]!] : b.words;
  for (let i = 0; i < 4; i++) if (left[i] !== right[i]) return left[i]! < right[i]! ? -1 : 1;
  return 0;
}

export function compareLarge(a: LargeCommunity, b: LargeCommunity): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** BIRD keeps IPv4 addresses as IPv4-mapped ones, so a mapped address is an IPv4 address (RFC 4291 section 2.5.5.2). */
export function unmapped(ip: IpAddress): IpAddress {
  const [a, b, c, d] = ip.words;
  return ip.version === 6 && a === 0 && b === 0 && c === 0xffff ? { version: 4, words: [d!] } : ip;
}

/** The address with all bits from `length` on cleared. */
export function maskIp(ip: IpAddress, length: number): IpAddress {
  const words = ip.words.map((word, i) => {
    const bits = Math.min(32, Math.max(0, length - i * 32));
    return bits === 0 ? 0 : (word & (0xffff_ffff << (32 - bits))) >>> 0;
  });
  return { version: ip.version, words };
}

/** Whether an address lies in a prefix of its own family. */
export function prefixContains(prefix: Prefix, ip: IpAddress): boolean {
  if (prefix.ip.version !== ip.version) return false;
  return compareIp(maskIp(ip, prefix.length), prefix.ip) === 0;
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatIp(prefix.ip)}/${prefix.length}`;
}

/** RFC 4364 section 4.2: a route distinguisher; numbers that need no type are written without one, as in BIRD. */
export function formatRd(rd: bigint): string {
  const low = Number(rd & 0xffffn);
  const high = Number((rd >> 16n) & 0xffff_ffffn);
  switch (Number(rd >> 48n)) {
    case 0:
      return `${high >>> 16}:${Number(rd & 0xffff_ffffn)}`;
    case 1:
      return `${formatIpv4(high)}:${low}`;
    case 2:
      return high > 0xffff ? `${high}:${low}` : `2:${high}:${low}`;
    default: {
      const hex = rd.toString(16).padStart(16, '0');
      return `X:${hex.slice(0, 8)}:${hex.slice(8)}`;
    }
  }
}

/**
 * A route distinguisher from its text: `AS:NUMBER`, `IP:NUMBER`, or `0:` or `2:` in front of `AS:NUMBER`, which force
 * the type (RFC 4364 section 4.2). Returns a message where a part is out of range.
 */
export function parseRd(text: string): bigint | string {
  const parts = text.split(':');
  const number = BigInt(parts.at(-1)!);
  const address = parts.at(-2)!;
  const octets = address.split('.');
  if (octets.length === 4) {
    if (octets.some((octet) => Number(octet) > 255))
      return `Invalid IPv4 address ${address} in Route Distinguisher`;
    if (number > 0xffffn) return 'Number out of range';
    const word = octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
    return (1n << 48n) | (word << 16n) | number;
  }
  const as = BigInt(address);
  const type = parts.length === 3 ? Number(parts[0]) : as > 0xffffn ? 2 : 0;
  if (as > (type === 0 ? 0xffffn : 0xffff_ffffn)) return 'ASN out of range';
  if (number > (type === 0 ? 0xffff_ffffn : 0xffffn)) return 'Number out of range';
  return (BigInt(type) << 48n) | (as << (type === 0 ? 32n : 16n)) | number;
}

export function formatPair(pair: number): string {
  return `(${pair >>> 16},${pair & 0xffff})`;
}

export function formatLarge(value: LargeCommunity): string {
  return `(${value[0]}, ${value[1]}, ${value[2]})`;
}

/** BIRD's text of an extended community. */
export function formatEc(value: bigint): string {
  return formatExtendedCommunity(Number(value >> 32n), Number(value & 0xffff_ffffn));
}

const EC_SUBTYPE = { rt: 0x02, ro: 0x03 } as const;

/**
 * An extended community from its parts (RFC 4360 section 3, RFC 5668). Returns a message where the parts do not
 * fit together.
 * @param kind `rt`, `ro`, `generic` or a 16-bit type
 * @param ipv4 the key was written as an IPv4 address
 */
export function makeEc(
  kind: 'rt' | 'ro' | 'generic' | number,
  key: number,
  ipv4: boolean,
  value: number,
): bigint | string {
  if (kind === 'generic') return (BigInt(key) << 32n) | BigInt(value);
  const subtype = typeof kind === 'number' ? kind : EC_SUBTYPE[kind];
  const big = (type: number, rest: bigint): bigint => (BigInt((type | subtype) & 0xffff) << 48n) | rest;
  if (!ipv4 && key < 0x10000) return big(0x0000, (BigInt(key) << 32n) | BigInt(value));
  if (value > 0xffff) {
    return ipv4
      ? `4-byte value ${value} can't be used with IP-address key in extended community`
      : `4-byte value ${value} can't be used with 4-byte ASN in extended community`;
  }
  return big(ipv4 ? 0x0100 : 0x0200, (BigInt(key) << 16n) | BigInt(value));
}

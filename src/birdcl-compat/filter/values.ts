/** Values of the filter language as JavaScript values. */
import { formatIp, formatIpv4 } from '../../base/ip.ts';
import type { IpAddress } from '../../base/ip.ts';
import type { AsPath, PathMask } from './as-path.ts';
import type { PrefixSet, ValueSet } from './sets.ts';

export interface Prefix {
  readonly ip: IpAddress;
  readonly length: number;
}

export type LargeCommunity = readonly [number, number, number];

/**
 * A value; its type is known where it is used. Pairs, quads, enumerations and integers are unsigned 32-bit
 * numbers, extended communities and route distinguishers 64-bit integers, clists arrays of their elements.
 * Undefined is BIRD's void.
 */
export type Value =
  | undefined
  | boolean
  | number
  | string
  | bigint
  | IpAddress
  | Prefix
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

/** Orders prefixes as BIRD does: by kind, then address, then length. */
export function comparePrefix(a: Prefix, b: Prefix): number {
  if (a.ip.version !== b.ip.version) return a.ip.version - b.ip.version;
  return compareIp(a.ip, b.ip) || a.length - b.length;
}

export function compareLarge(a: LargeCommunity, b: LargeCommunity): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
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

export function formatPair(pair: number): string {
  return `(${pair >>> 16},${pair & 0xffff})`;
}

export function formatLarge(value: LargeCommunity): string {
  return `(${value[0]}, ${value[1]}, ${value[2]})`;
}

/** BIRD's text of an extended community. */
export function formatEc(value: bigint): string {
  const high = Number(value >> 32n);
  const low = Number(value & 0xffff_ffffn);
  const type = high >>> 16;
  const name = { 0x02: 'rt', 0x03: 'ro' }[type & 0xff];
  if (name !== undefined) {
    switch (type & 0xff00) {
      case 0x0000:
      case 0x4000:
        return `(${name}, ${high & 0xffff}, ${low})`;
      case 0x0100:
      case 0x4100:
        return `(${name}, ${formatIpv4((((high & 0xffff) << 16) | (low >>> 16)) >>> 0)}, ${low & 0xffff})`;
      case 0x0200:
      case 0x4200:
        return `(${name}, ${(((high & 0xffff) << 16) | (low >>> 16)) >>> 0}, ${low & 0xffff})`;
      default:
        break;
    }
  }
  return `(generic, 0x${high.toString(16)}, 0x${low.toString(16)})`;
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

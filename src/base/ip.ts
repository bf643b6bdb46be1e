/**
 * IP addresses as values: an IPv4 address is an unsigned 32-bit number, an IPv6 address four of them
 * (most significant first). Text goes through the `ip-address` package.
 */
import { Address4, Address6 } from 'ip-address';

/** An address of either family; `words` has one element for IPv4 and four for IPv6. */
export interface IpAddress {
  readonly version: 4 | 6;
  readonly words: readonly number[];
}

/** The IPv4 address in dotted form, `ip` being an unsigned or signed 32-bit number. */
export function formatIpv4(ip: number): string {
  return `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`;
}

/** The unsigned 32-bit value of a dotted IPv4 address, or undefined where `text` is not one. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let ip = 0;
  for (let i = 1; i <= 4; i++) {
    const octet = Number(match[i]);
    if (octet > 255) return undefined;
    ip = ip * 256 + octet;
  }
  return ip;
}

/** The four words of an IPv6 address, or undefined where `text` is not one (zones are not accepted). */
export function parseIpv6(text: string): number[] | undefined {
  if (!text.includes(':') || text.includes('%') || text.includes('/')) return undefined;
  let big: bigint;
  try {
    big = new Address6(text).bigInt();
  } catch {
    return undefined;
  }
  return [96n, 64n, 32n, 0n].map((shift) => Number((big >> shift) & 0xffff_ffffn));
}

/** RFC 5952 text of the IPv6 address in words `at` … `at + 3`. */
export function formatIpv6(words: ArrayLike<number>, at = 0): string {
  let big = 0n;
  for (let i = 0; i < 4; i++) big = (big << 32n) | BigInt(words[at + i]! >>> 0);
  // IPv4-mapped addresses are written the way BIRD and inet_ntop write them.
  if (big >> 32n === 0xffffn) return `::ffff:${formatIpv4(Number(big & 0xffff_ffffn))}`;
  return Address6.fromBigInt(big).correctForm();
}

/** Either family from text, or undefined. */
export function parseIp(text: string): IpAddress | undefined {
  const v4 = parseIpv4(text);
  if (v4 !== undefined) return { version: 4, words: [v4] };
  const v6 = parseIpv6(text);
  return v6 && { version: 6, words: v6 };
}

export function formatIp(ip: IpAddress): string {
  return ip.version === 4 ? formatIpv4(ip.words[0]!) : formatIpv6(ip.words);
}

export function sameIp(a: IpAddress, b: IpAddress): boolean {
  return a.version === b.version && a.words.every((word, i) => word === b.words[i]);
}

/** Whether `text` is an IPv4 address in the strict dotted form. */
export function isIpv4(text: string): boolean {
  return Address4.isValid(text) && parseIpv4(text) !== undefined;
}

/** The network bytes of an address: 4 or 16 of them. */
export function ipToBytes(ip: IpAddress): Uint8Array {
  const bytes = new Uint8Array(ip.words.length * 4);
  const view = new DataView(bytes.buffer);
  ip.words.forEach((word, i) => view.setUint32(i * 4, word));
  return bytes;
}

/** The address in `length` (4 or 16) bytes at `at`. */
export function ipFromBytes(bytes: Uint8Array, at: number, length: number): IpAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  const words: number[] = [];
  for (let i = 0; i < length; i += 4) words.push(view.getUint32(i));
  return { version: length === 4 ? 4 : 6, words };
}

/** Negative where `a` sorts before `b`: IPv4 before IPv6, then by value. */
export function compareIp(a: IpAddress, b: IpAddress): number {
  if (a.version !== b.version) return a.version - b.version;
  for (let i = 0; i < a.words.length; i++) {
    if (a.words[i] !== b.words[i]) return a.words[i]! - b.words[i]!;
  }
  return 0;
}

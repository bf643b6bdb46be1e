/** MRT recordings built byte by byte from RFC 6396 and RFC 8050, and readers of what a feed makes of them. */
import { FAMILIES, type Family } from '../base/family.ts';
import { formatIpv4, formatIpv6, ipToBytes, parseIp } from '../base/ip.ts';
import { parsePrefix } from '../base/prefix.ts';
import { formatAsPath } from '../rib/attrs/as-path.ts';
import { ATTR } from '../rib/attrs/codes.ts';
import { NlriBatch } from '../rib/nlri-batch.ts';
import { decodeNlri, encodeNlri } from '../speaker/wire/nlri.ts';
import type { Batch } from './batch.ts';
import type { ChunkSource } from './mrt-source.ts';
import type { RouteSource } from './source.ts';
import type { Target } from './target.ts';
import { readAttributes, u16, viewMpReach, viewMpUnreach, viewUpdate } from './update-view.ts';

export function u16Bytes(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

export function u32Bytes(value: number): number[] {
  return [...u16Bytes(value >>> 16), ...u16Bytes(value)];
}

export function ip(text: string): number[] {
  return [...ipToBytes(parseIp(text)!)];
}

/** Length in bits, then as many octets as needed. */
export function nlri(text: string): number[] {
  const { words, length } = parsePrefix(text)!;
  const out = new Uint8Array(17);
  return [...out.subarray(0, encodeNlri(out, 0, words, 0, length, undefined))];
}

/** RFC 6396 section 2, or section 3 for BGP4MP_ET. */
export function record(type: number, subtype: number, body: readonly number[]): Uint8Array {
  const message = type === 17 ? [...u32Bytes(250_000), ...body] : body;
  return Uint8Array.from([
    ...u32Bytes(1_445_565_695),
    ...u16Bytes(type),
    ...u16Bytes(subtype),
    ...u32Bytes(message.length),
    ...message,
  ]);
}

export function attribute(flags: number, code: number, value: readonly number[]): number[] {
  return value.length > 255
    ? [flags | 0x10, code, ...u16Bytes(value.length), ...value]
    : [flags, code, value.length, ...value];
}

export function origin(value = 0): number[] {
  return attribute(0x40, 1, [value]);
}

export function asPath(asLength: 2 | 4, ...numbers: readonly number[]): number[] {
  const bytes = numbers.flatMap(asLength === 4 ? u32Bytes : u16Bytes);
  return attribute(0x40, 2, [2, numbers.length, ...bytes]);
}

export function nextHop(text: string): number[] {
  return attribute(0x40, 3, ip(text));
}

export function localPref(value: number): number[] {
  return attribute(0x40, 5, u32Bytes(value));
}

/** RFC 6396 section 4.3.4: MP_REACH_NLRI cut down to its next hop. */
export function shortMpReach(text: string): number[] {
  return attribute(0x80, 14, [16, ...ip(text)]);
}

export function fullMpReach(afi: number, hop: string, ...routes: readonly (readonly number[])[]): number[] {
  const bytes = ip(hop);
  return attribute(0x80, 14, [...u16Bytes(afi), 1, bytes.length, ...bytes, 0, ...routes.flat()]);
}

export function mpUnreach(afi: number, ...routes: readonly (readonly number[])[]): number[] {
  return attribute(0x80, 15, [...u16Bytes(afi), 1, ...routes.flat()]);
}

/** A BGP message of a type. */
export function message(type: number, body: readonly number[]): number[] {
  return [...Array<number>(16).fill(255), ...u16Bytes(19 + body.length), type, ...body];
}

export function update(
  withdrawn: readonly number[],
  attributes: readonly number[],
  announced: readonly number[],
): number[] {
  const fields = [...u16Bytes(withdrawn.length), ...withdrawn, ...u16Bytes(attributes.length), ...attributes];
  return message(2, [...fields, ...announced]);
}

/** RFC 6396 section 4.4.2 and 4.4.3: peer AS and local AS, interface, family, addresses, message. */
export function bgp4mp(
  type: 16 | 17,
  subtype: number,
  body: readonly number[],
  peer: { readonly address?: string; readonly as?: number } = {},
): Uint8Array {
  const as4 = ![0, 1, 6, 8, 10].includes(subtype);
  const asBytes = as4 ? u32Bytes : u16Bytes;
  const address = peer.address ?? '192.0.2.7';
  const local = address.includes(':') ? '2001:db8::99' : '192.0.2.99';
  return record(type, subtype, [
    ...asBytes(peer.as ?? 64500),
    ...asBytes(64999),
    ...u16Bytes(0),
    ...u16Bytes(address.includes(':') ? 2 : 1),
    ...ip(address),
    ...ip(local),
    ...body,
  ]);
}

/** RFC 6396 section 4.3.1; peers with IPv6 addresses and 4-octet AS numbers are marked as such. */
export function peerIndex(...peers: readonly (readonly [address: string, as: number])[]): Uint8Array {
  const entries = peers.flatMap(([address, as]) => {
    const wide = as > 0xffff;
    const type = (address.includes(':') ? 1 : 0) | (wide ? 2 : 0);
    return [type, ...ip('198.51.100.1'), ...ip(address), ...(wide ? u32Bytes(as) : u16Bytes(as))];
  });
  return record(13, 1, [
    ...ip('198.51.100.254'),
    ...u16Bytes(4),
    ...[...'view'].map((letter) => letter.charCodeAt(0)),
    ...u16Bytes(peers.length),
    ...entries,
  ]);
}

export interface RibEntry {
  readonly peer: number;
  readonly attributes: readonly number[];
  readonly pathId?: number;
}

/** RFC 6396 section 4.3.2 and RFC 8050 section 4; `generic` names the family of RIB_GENERIC (section 4.3.3). */
export function rib(
  subtype: number,
  prefix: string,
  entries: readonly RibEntry[],
  generic?: number,
): Uint8Array {
  return record(13, subtype, [
    ...u32Bytes(1),
    ...(generic === undefined ? [] : [...u16Bytes(generic), 1]),
    ...nlri(prefix),
    ...u16Bytes(entries.length),
    ...entries.flatMap(({ peer, attributes, pathId }) => [
      ...u16Bytes(peer),
      ...u32Bytes(1_445_000_000),
      ...(pathId === undefined ? [] : u32Bytes(pathId)),
      ...u16Bytes(attributes.length),
      ...attributes,
    ]),
  ]);
}

/** RFC 6396 section 4.2. */
export function tableDump(
  prefix: string,
  peer: string,
  as: number,
  attributes: readonly number[],
): Uint8Array {
  const [address = '', bits = ''] = prefix.split('/');
  return record(12, prefix.includes(':') ? 2 : 1, [
    ...u16Bytes(0),
    ...u16Bytes(1),
    ...ip(address),
    Number(bits),
    1,
    ...u32Bytes(1_445_000_000),
    ...ip(peer),
    ...u16Bytes(as),
    ...u16Bytes(attributes.length),
    ...attributes,
  ]);
}

export function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** A recording in memory, in chunks of `chunkLength` bytes. */
export function memorySource(bytes: Uint8Array, chunkLength = 7, rereadable = true): ChunkSource {
  return {
    name: 'the recording',
    rereadable,
    total: bytes.length,
    position: 0,
    async *chunks() {
      for (let at = 0; at < bytes.length; at += chunkLength) {
        yield await Promise.resolve(bytes.slice(at, at + chunkLength));
      }
    },
  };
}

/** An internal session with everything agreed on but ADD-PATH. */
export function target(options: Partial<Target> = {}): Target {
  const family = { addPath: false, extendedNextHop: true };
  return {
    as4: true,
    internal: true,
    localAs: 65000,
    remoteAs: 65000,
    maxLength: 4096,
    families: [family, family],
    nextHop4: Uint8Array.of(192, 0, 2, 1),
    nextHop6: Uint8Array.from(ip('2001:db8::1')),
    forcedNextHop: undefined,
    ...options,
  };
}

export const UNLIMITED = { bytes: 65_536, routes: Number.POSITIVE_INFINITY };

export async function batchesOf(source: RouteSource, to: Target, limits = UNLIMITED): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of source.batches(to, limits)) batches.push(batch);
  return batches;
}

/** The messages of batches, each whole. */
export function messagesOf(batches: readonly Batch[]): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (const { bytes } of batches) {
    for (let at = 0; at < bytes.length; at += u16(bytes, at + 16)) {
      messages.push(bytes.subarray(at, at + u16(bytes, at + 16)));
    }
  }
  return messages;
}

/** `+10.0.0.0/8 via 192.0.2.1 path 64500 64501`, `-10.0.0.0/8`; a path identifier follows the prefix after `#`. */
export function describe(messages: readonly Uint8Array[], to: Target): string[] {
  const batch = new NlriBatch();
  return messages.flatMap((bytes) => describeUpdate(bytes, to, batch));
}

function describeUpdate(bytes: Uint8Array, to: Target, batch: NlriBatch): string[] {
  const view = viewUpdate(bytes, 19, bytes.length)!;
  const attributes = readAttributes(bytes, view.attributesAt, view.attributesEnd)!;
  const valueOf = (wanted: number): Uint8Array | undefined =>
    attributes.find(({ code }) => code === wanted)?.value;
  const field = (at: number, end: number): Uint8Array => bytes.subarray(at, end);
  const path = valueOf(ATTR.asPath);
  const pathText = path
    ? to.as4
      ? formatAsPath(path, 0, path.length)
      : Buffer.from(path).toString('hex')
    : '';
  const [ipv4] = FAMILIES;
  const lines = prefixes(ipv4, field(view.withdrawnAt, view.withdrawnEnd), to, batch).map(
    (text) => `-${text}`,
  );
  const unreach = valueOf(ATTR.mpUnreach);
  if (unreach) {
    const { afi, nlri: routes } = viewMpUnreach(unreach)!;
    lines.push(...prefixes(FAMILIES[afi === 1 ? 0 : 1], routes, to, batch).map((text) => `-${text}`));
  }
  const reach = valueOf(ATTR.mpReach);
  const say = (text: string, hop: Uint8Array): string => `+${text} via ${formatHop(hop)} path ${pathText}`;
  if (reach) {
    const { afi, nextHop: hop, nlri: routes } = viewMpReach(reach)!;
    lines.push(...prefixes(FAMILIES[afi === 1 ? 0 : 1], routes, to, batch).map((text) => say(text, hop)));
  }
  const routes = prefixes(ipv4, field(view.nlriAt, view.nlriEnd), to, batch);
  return [...lines, ...routes.map((text) => say(text, valueOf(ATTR.nextHop) ?? new Uint8Array(0)))];
}

function prefixes(family: Family, bytes: Uint8Array, to: Target, batch: NlriBatch): string[] {
  const addPath = to.families[family.index]?.addPath === true;
  if (!decodeNlri(bytes, 0, bytes.length, family, addPath, batch)) throw new Error('malformed NLRI');
  return Array.from({ length: batch.count }, (_, i) => {
    const address =
      family.words === 1 ? formatIpv4(batch.words[i]!) : formatIpv6(batch.words, i * family.words);
    return `${address}/${batch.length[i]!}${addPath ? `#${batch.pathId[i]!}` : ''}`;
  });
}

function formatHop(hop: Uint8Array): string {
  if (hop.length === 4) return formatIpv4(u16(hop, 0) * 0x1_0000 + u16(hop, 2));
  if (hop.length !== 16 && hop.length !== 32) return `[${hop.join(' ')}]`;
  const words = Array.from({ length: 4 }, (_, i) => u16(hop, i * 4) * 0x1_0000 + u16(hop, i * 4 + 2));
  return formatIpv6(words);
}

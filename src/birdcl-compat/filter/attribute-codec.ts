/** Values of attributes from and to the bytes that a set of attributes keeps, by type. */
import type { IpAddress } from '../../base/ip.ts';
import { ipFromBytes, ipToBytes } from '../../base/ip.ts';
import { ATTR } from '../../rib/attrs/codes.ts';
import { u32Bytes } from '../../rib/attrs/edit.ts';
import type { AttrStore } from '../../rib/attrs/store.ts';
import { AsPath, EMPTY_PATH } from './as-path.ts';
import type { Type } from './types.ts';
import { EMPTY_LIST, unmapped } from './values.ts';
import type { LargeCommunity, Value } from './values.ts';

/** What an absent attribute, or a variable without a value, looks like: lists and paths are empty, all else void. */
export function emptyOf(type: Type): Value {
  switch (type) {
    case 'bgppath':
      return EMPTY_PATH;
    case 'clist':
    case 'eclist':
    case 'lclist':
      return EMPTY_LIST;
    default:
      return undefined;
  }
}

/** Big-endian 32-bit words. */
function wordsAt(bytes: Uint8Array, at: number, length: number): number[] {
  const words: number[] = [];
  for (let i = at; i + 4 <= at + length; i += 4) {
    words.push(((bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!) >>> 0);
  }
  return words;
}

function hexAt(bytes: Uint8Array, at: number, length: number): string {
  let text = '';
  for (let i = at; i < at + length; i++) text += bytes[i]!.toString(16).padStart(2, '0');
  return text;
}

/** The value of an attribute of a set, `emptyOf` where the set has none. */
export function decodeAttribute(store: AttrStore, attrs: number, code: number, type: Type): Value {
  let at = store.valueAt(attrs, code);
  if (at < 0 && code === ATTR.nextHop) {
    at = store.valueAt(attrs, ATTR.mpReach);
    // A link-local address may follow the global one.
    return at < 0 ? undefined : unmapped(ipFromBytes(store.bytes, at, 16));
  }
  if (at < 0) return emptyOf(type);
  const { bytes, foundLength: length } = store;
  switch (type) {
    case 'bgppath':
      return new AsPath(bytes.slice(at, at + length));
    case 'ip':
      return unmapped(ipFromBytes(bytes, at, length));
    case 'clist':
      return wordsAt(bytes, at, length);
    case 'eclist': {
      const words = wordsAt(bytes, at, length);
      const list: bigint[] = [];
      for (let i = 0; i + 1 < words.length; i += 2)
        list.push((BigInt(words[i]!) << 32n) | BigInt(words[i + 1]!));
      return list;
    }
    case 'lclist': {
      const words = wordsAt(bytes, at, length);
      const list: LargeCommunity[] = [];
      for (let i = 0; i + 2 < words.length; i += 3) list.push([words[i]!, words[i + 1]!, words[i + 2]!]);
      return list;
    }
    case 'string':
      return new TextDecoder().decode(bytes.subarray(at, at + length));
    case 'bytestring':
      return hexAt(bytes, at, length);
    case 'opaque':
      return true;
    case 'bool':
      return bytes[at] !== 0;
    default:
      return length < 4 ? bytes[at] : wordsAt(bytes, at, 4)[0];
  }
}

function wordsToBytes(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(i * 4, word);
  });
  return bytes;
}

/** The bytes of an attribute's value. */
export function encodeAttribute(code: number, type: Type, value: Value): Uint8Array {
  switch (type) {
    case 'bgppath':
      return (value as AsPath).bytes;
    case 'ip':
      return ipToBytes(value as IpAddress);
    case 'clist':
      return wordsToBytes(value as readonly number[]);
    case 'eclist':
      return wordsToBytes(
        (value as readonly bigint[]).flatMap((ec) => [Number(ec >> 32n), Number(ec & 0xffff_ffffn)]),
      );
    case 'lclist':
      return wordsToBytes((value as readonly LargeCommunity[]).flat());
    case 'string':
      return new TextEncoder().encode(value as string);
    case 'bytestring':
      return Uint8Array.from({ length: (value as string).length / 2 }, (_, i) =>
        Number.parseInt((value as string).slice(i * 2, i * 2 + 2), 16),
      );
    case 'bool':
      return Uint8Array.of(value ? 1 : 0);
    default:
      return code === ATTR.origin ? Uint8Array.of(value as number) : u32Bytes(value as number);
  }
}

/** Network Layer Reachability Information: prefixes on the wire (RFC 4271 section 4.3, RFC 4760, RFC 7911). */
import type { Family } from '../../base/family.ts';
import type { NlriBatch } from '../../rib/nlri-batch.ts';

/**
 * Decodes the prefixes in `bytes[start, end)` into `batch`, which is emptied first. Host bits are cleared.
 * @param addPath each prefix has a 4-octet path identifier before it
 * @returns false where the field is malformed (RFC 7606 section 5.3); `batch` then holds what came before
 */
export function decodeNlri(
  bytes: Uint8Array,
  start: number,
  end: number,
  family: Family,
  addPath: boolean,
  batch: NlriBatch,
): boolean {
  return family.words === 1
    ? decodeIpv4(bytes, start, end, addPath, batch)
    : decodeIpv6(bytes, start, end, addPath, batch);
}

function decodeIpv4(bytes: Uint8Array, at: number, end: number, addPath: boolean, batch: NlriBatch): boolean {
  const { words, length, pathId } = batch;
  let count = 0;
  batch.count = 0;
  while (at < end) {
    let id = 0;
    if (addPath) {
      if (end - at < 5) return false;
      id = readU32(bytes, at);
      at += 4;
    }
    const bits = bytes[at++]!;
    const octets = (bits + 7) >> 3;
    if (bits > 32 || octets > end - at) return false;
    let word = 0;
    if (octets > 0) word = bytes[at]! << 24;
    if (octets > 1) word |= bytes[at + 1]! << 16;
    if (octets > 2) word |= bytes[at + 2]! << 8;
    if (octets > 3) word |= bytes[at + 3]!;
    if (bits & 7) word &= -1 << (32 - bits);
    at += octets;
    words[count] = word;
    length[count] = bits;
    pathId[count] = id;
    batch.count = ++count;
  }
  return true;
}

function decodeIpv6(bytes: Uint8Array, at: number, end: number, addPath: boolean, batch: NlriBatch): boolean {
  const { words, length, pathId } = batch;
  let count = 0;
  batch.count = 0;
  while (at < end) {
    let id = 0;
    if (addPath) {
      if (end - at < 5) return false;
      id = readU32(bytes, at);
      at += 4;
    }
    const bits = bytes[at++]!;
    const octets = (bits + 7) >> 3;
    if (bits > 128 || octets > end - at) return false;
    for (let i = 0; i < 4; i++) {
      let word = 0;
      for (let k = 0; k < 4; k++) {
        const octet = i * 4 + k;
        word = (word << 8) | (octet < octets ? bytes[at + octet]! : 0);
      }
      const keep = bits - i * 32;
      if (keep <= 0) word = 0;
      else if (keep < 32) word &= -1 << (32 - keep);
      words[count * 4 + i] = word;
    }
    at += octets;
    length[count] = bits;
    pathId[count] = id;
    batch.count = ++count;
  }
  return true;
}

/** The most bytes that one prefix of the family can take, identifier included. */
export function maxNlriLength(family: Family, addPath: boolean): number {
  return (addPath ? 4 : 0) + 1 + family.bits / 8;
}

/**
 * Writes one prefix at `at` and returns where it ends. Whole words are written, so that up to `maxNlriLength` bytes
 * from `at` on may be touched.
 * @param words address words from `from` on, host bits zero
 * @param pathId written where it is not undefined
 */
export function encodeNlri(
  out: Uint8Array,
  at: number,
  words: Uint32Array,
  from: number,
  bits: number,
  pathId: number | undefined,
): number {
  if (pathId !== undefined) {
    writeU32(out, at, pathId);
    at += 4;
  }
  out[at] = bits;
  writeU32(out, at + 1, words[from]!);
  for (let done = 32; done < bits; done += 32)
    writeU32(out, at + 1 + (done >> 3), words[from + (done >> 5)]!);
  return at + 1 + ((bits + 7) >> 3);
}

function writeU32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

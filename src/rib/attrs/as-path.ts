/** AS_PATH values in their canonical form: 4-octet AS numbers (RFC 6793), segments as received. */
import { AS_TRANS, SEGMENT } from './codes.ts';

export type AsPathFault =
  'truncated segment' | 'unknown segment type' | 'empty segment' | 'confederation segment';

/**
 * Checks the segments in `bytes[at, at + length)` (RFC 7606 section 7.2).
 * @param asLength bytes of an AS number: 2 or 4
 * @param allowConfed RFC 5065 segments are acceptable
 */
export function checkAsPath(
  bytes: Uint8Array,
  at: number,
  length: number,
  asLength: 2 | 4,
  allowConfed: boolean,
): AsPathFault | undefined {
  const end = at + length;
  while (at < end) {
    if (end - at < 2) return 'truncated segment';
    const type = bytes[at]!;
    const count = bytes[at + 1]!;
    if (type < SEGMENT.asSet || type > SEGMENT.confedSet) return 'unknown segment type';
    if (type >= SEGMENT.confedSequence && !allowConfed) return 'confederation segment';
    if (count === 0) return 'empty segment';
    at += 2 + count * asLength;
    if (at > end) return 'truncated segment';
  }
  return undefined;
}

/** The AS number in the four bytes at `at`. */
export function asAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/**
 * The path's length for the decision process (RFC 4271 section 9.1.2.2 a): an AS_SET counts as one,
 * confederation segments as none (RFC 5065 section 5.3).
 */
export function asPathLength(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length;
  let total = 0;
  while (at < end) {
    const type = bytes[at]!;
    const count = bytes[at + 1]!;
    if (type === SEGMENT.asSequence) total += count;
    else if (type === SEGMENT.asSet) total += 1;
    at += 2 + count * 4;
  }
  return total;
}

/**
 * The neighbouring AS of a path: the first of its leading AS_SEQUENCE, confederation segments skipped, 0 where
 * the path is empty or starts with an AS_SET.
 */
export function firstAs(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length;
  while (at < end) {
    const type = bytes[at]!;
    if (type === SEGMENT.asSequence) return asAt(bytes, at + 2);
    if (type === SEGMENT.asSet) return 0;
    at += 2 + bytes[at + 1]! * 4;
  }
  return 0;
}

/** How many times `asn` occurs in the path, in segments of any type. */
export function countAs(bytes: Uint8Array, at: number, length: number, asn: number): number {
  const end = at + length;
  let found = 0;
  while (at < end) {
    const stop = at + 2 + bytes[at + 1]! * 4;
    for (at += 2; at < stop; at += 4) if (asAt(bytes, at) === asn) found++;
  }
  return found;
}

/** Whether the path has an AS_SET or AS_CONFED_SET segment. */
export function hasAsSet(bytes: Uint8Array, at: number, length: number): boolean {
  for (const end = at + length; at < end; at += 2 + bytes[at + 1]! * 4) {
    if (bytes[at] === SEGMENT.asSet || bytes[at] === SEGMENT.confedSet) return true;
  }
  return false;
}

/** Whether the path has segments of a confederation (RFC 5065). */
export function hasConfed(bytes: Uint8Array, at: number, length: number): boolean {
  for (const end = at + length; at < end; at += 2 + bytes[at + 1]! * 4) {
    if (bytes[at]! >= SEGMENT.confedSequence) return true;
  }
  return false;
}

/** Whether some AS number needs more than two bytes. */
export function needsAs4(bytes: Uint8Array, at: number, length: number): boolean {
  const end = at + length;
  while (at < end) {
    const stop = at + 2 + bytes[at + 1]! * 4;
    for (at += 2; at < stop; at += 4) if ((bytes[at]! | bytes[at + 1]!) !== 0) return true;
  }
  return false;
}

/** A path of 2-octet AS numbers in the canonical 4-octet form. The path has passed `checkAsPath`. */
export function widenAsPath(bytes: Uint8Array, at: number, length: number): Uint8Array {
  const out: number[] = [];
  const end = at + length;
  while (at < end) {
    const count = bytes[at + 1]!;
    out.push(bytes[at]!, count);
    at += 2;
    for (let i = 0; i < count; i++, at += 2) out.push(0, 0, bytes[at]!, bytes[at + 1]!);
  }
  return Uint8Array.from(out);
}

/** The 2-octet form for an old neighbour, wide numbers as AS_TRANS (RFC 6793 section 4.2.2). */
export function narrowAsPath(bytes: Uint8Array, at: number, length: number): Uint8Array {
  const out: number[] = [];
  const end = at + length;
  while (at < end) {
    const count = bytes[at + 1]!;
    out.push(bytes[at]!, count);
    at += 2;
    for (let i = 0; i < count; i++, at += 4) {
      const asn = asAt(bytes, at);
      const narrow = asn > 0xffff ? AS_TRANS : asn;
      out.push(narrow >> 8, narrow & 255);
    }
  }
  return Uint8Array.from(out);
}

/** The path without its confederation segments (RFC 5065 section 4.1, RFC 6793 section 4.2.2). */
export function stripConfed(bytes: Uint8Array, at: number, length: number): Uint8Array {
  const out: number[] = [];
  const end = at + length;
  while (at < end) {
    const stop = at + 2 + bytes[at + 1]! * 4;
    if (bytes[at]! < SEGMENT.confedSequence) for (let i = at; i < stop; i++) out.push(bytes[i]!);
    at = stop;
  }
  return Uint8Array.from(out);
}

/**
 * The path with `asn` in front, in an AS_SEQUENCE (RFC 4271 section 5.1.2), or in an AS_CONFED_SEQUENCE (RFC 5065
 * section 4.1).
 */
export function prependAs(
  path: Uint8Array,
  asn: number,
  times = 1,
  segment: typeof SEGMENT.asSequence | typeof SEGMENT.confedSequence = SEGMENT.asSequence,
): Uint8Array {
  let out = path;
  for (let i = 0; i < times; i++) {
    const four = [asn >>> 24, (asn >>> 16) & 255, (asn >>> 8) & 255, asn & 255];
    const extend = out.length > 0 && out[0] === segment && out[1]! < 255;
    const head = extend ? [segment, out[1]! + 1] : [segment, 1];
    out = Uint8Array.from([...head, ...four, ...out.subarray(extend ? 2 : 0)]);
  }
  return out;
}

/**
 * RFC 6793 section 4.2.3: the path an old neighbour meant, from its AS_PATH (already widened) and AS4_PATH.
 * Where AS4_PATH counts more AS numbers than AS_PATH it is ignored.
 */
export function mergeAs4Path(path: Uint8Array, as4Path: Uint8Array): Uint8Array {
  const keep = countForMerge(path) - countForMerge(as4Path);
  if (keep < 0) return path;
  const out: number[] = [];
  let left = keep;
  let at = 0;
  while (at < path.length && left > 0) {
    const type = path[at]!;
    const count = path[at + 1]!;
    const confed = type >= SEGMENT.confedSequence;
    const take = confed || type === SEGMENT.asSet ? count : Math.min(count, left);
    out.push(type, take);
    for (let i = 0; i < take * 4; i++) out.push(path[at + 2 + i]!);
    if (!confed) left -= type === SEGMENT.asSet ? 1 : take;
    at += 2 + count * 4;
  }
  // Leading and trailing sequences that meet are one sequence, as if no old speaker had been in between.
  const tail = as4Path;
  const last = lastSegmentAt(out);
  if (last >= 0 && tail.length > 0 && out[last] === SEGMENT.asSequence && tail[0] === SEGMENT.asSequence) {
    const sum = out[last + 1]! + tail[1]!;
    if (sum <= 255) {
      out[last + 1] = sum;
      return Uint8Array.from([...out, ...tail.subarray(2)]);
    }
  }
  return Uint8Array.from([...out, ...tail]);
}

function countForMerge(path: Uint8Array): number {
  return asPathLength(path, 0, path.length);
}

function lastSegmentAt(path: readonly number[]): number {
  let last = -1;
  for (let at = 0; at < path.length; at += 2 + path[at + 1]! * 4) last = at;
  return last;
}

/** BIRD's text: sequences as numbers, sets in braces, confederation segments in round and square brackets. */
export function formatAsPath(bytes: Uint8Array, at: number, length: number): string {
  const parts: string[] = [];
  const end = at + length;
  while (at < end) {
    const type = bytes[at]!;
    const count = bytes[at + 1]!;
    const numbers: number[] = [];
    for (let i = 0; i < count; i++) numbers.push(asAt(bytes, at + 2 + i * 4));
    const text = numbers.join(' ');
    if (type === SEGMENT.asSequence) parts.push(text);
    else if (type === SEGMENT.asSet) parts.push(`{${text}}`);
    else if (type === SEGMENT.confedSequence) parts.push(`(${text})`);
    else parts.push(`({${text}})`);
    at += 2 + count * 4;
  }
  return parts.join(' ');
}

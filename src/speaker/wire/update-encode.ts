/**
 * UPDATE messages out: the parts of RFC 4271 section 4.3 and RFC 4760 that packing puts together. Everything is
 * written in place into memory that the caller owns.
 */
import type { Family } from '../../base/family.ts';
import { narrowAsPath, needsAs4, stripConfed } from '../../rib/attrs/as-path.ts';
import { AS_TRANS, ATTR, FLAG } from '../../rib/attrs/codes.ts';
import { HAS, type AttrStore } from '../../rib/attrs/store.ts';

/** Marker, length and type (RFC 4271 section 4.1). */
export const HEADER_LENGTH = 19;
const TYPE_UPDATE = 2;

/** What is put in front of a path's attributes when it is reflected (RFC 4456 section 8). */
export interface Reflection {
  /** ORIGINATOR_ID for a route that has none. */
  readonly originatorId: number;
  /** Cluster IDs to prepend to CLUSTER_LIST, the outermost first; 0 for none. */
  readonly cluster: number;
  readonly innerCluster: number;
}

/** Writes a message header; `length` includes it. */
export function writeHeader(out: Uint8Array, at: number, length: number): void {
  for (let i = 0; i < 16; i++) out[at + i] = 0xff;
  out[at + 16] = length >> 8;
  out[at + 17] = length;
  out[at + 18] = TYPE_UPDATE;
}

/** Bytes that `writeAttributes` needs at most for a set. */
export function attributesBound(store: AttrStore, attrs: number): number {
  // AS4_PATH and AS4_AGGREGATOR may double what is there; ORIGINATOR_ID and a grown CLUSTER_LIST come on top.
  return store.wireLength[attrs]! * 2 + 40;
}

/**
 * Writes a set's path attributes, all but the next hop of MP_REACH_NLRI, in ascending order of codes.
 * @param classic the routes follow the attributes (NEXT_HOP is wanted) rather than stand in MP_REACH_NLRI
 * @param as4 the neighbour understands 4-octet AS numbers
 * @param reflection undefined where the route is not reflected
 * @returns where the attributes end
 */
export function writeAttributes(
  out: Uint8Array,
  at: number,
  store: AttrStore,
  attrs: number,
  classic: boolean,
  as4: boolean,
  reflection: Reflection | undefined,
): number {
  const flags = store.flags[attrs]!;
  const plain = classic && as4 && (flags & HAS.nextHop6) === 0;
  if (!plain) return writeSelected(out, at, store, attrs, classic, as4, reflection);
  // The usual case copies the canonical bytes in two pieces.
  const bytes = store.bytes;
  const start = store.at[attrs]!;
  const end = start + store.wireLength[attrs]!;
  const head = start + store.headLength[attrs]!;
  let from = start;
  for (; from < head; from++) out[at++] = bytes[from]!;
  if (reflection) {
    at = writeReflection(out, at, store, attrs, reflection);
    from = afterReflection(store.bytes, head, end);
  }
  for (; from < end; from++) out[at++] = bytes[from]!;
  return at;
}

/** ORIGINATOR_ID and CLUSTER_LIST as they go out. */
function writeReflection(
  out: Uint8Array,
  at: number,
  store: AttrStore,
  attrs: number,
  reflection: Reflection,
): number {
  const flags = store.flags[attrs]!;
  const originator = flags & HAS.originatorId ? store.originatorId[attrs]! : reflection.originatorId;
  out[at++] = FLAG.optional;
  out[at++] = ATTR.originatorId;
  out[at++] = 4;
  at = writeU32(out, at, originator);
  const { cluster, innerCluster } = reflection;
  const old = flags & HAS.clusterList ? store.clusterListLength[attrs]! : 0;
  const length = (old + Number(cluster !== 0) + Number(innerCluster !== 0)) * 4;
  if (length === 0) return at;
  out[at++] = length > 255 ? FLAG.optional | FLAG.extendedLength : FLAG.optional;
  out[at++] = ATTR.clusterList;
  if (length > 255) out[at++] = length >> 8;
  out[at++] = length;
  if (cluster !== 0) at = writeU32(out, at, cluster);
  if (innerCluster !== 0) at = writeU32(out, at, innerCluster);
  if (old > 0) {
    const bytes = store.bytes;
    let from = store.valueAt(attrs, ATTR.clusterList);
    for (const end = from + old * 4; from < end; from++) out[at++] = bytes[from]!;
  }
  return at;
}

/** Where the attributes after ORIGINATOR_ID and CLUSTER_LIST start in the store's bytes. */
function afterReflection(bytes: Uint8Array, head: number, end: number): number {
  let at = head;
  while (at < end && bytes[at + 1]! <= ATTR.clusterList) {
    const extended = bytes[at]! & FLAG.extendedLength;
    at += extended ? 4 + ((bytes[at + 2]! << 8) | bytes[at + 3]!) : 3 + bytes[at + 2]!;
  }
  return at;
}

/** The general case: attribute by attribute, with what an old neighbour needs (RFC 6793 section 4.2.2). */
function writeSelected(
  out: Uint8Array,
  at: number,
  store: AttrStore,
  attrs: number,
  classic: boolean,
  as4: boolean,
  reflection: Reflection | undefined,
): number {
  let reflected = reflection === undefined;
  const late: { code: number; value: Uint8Array }[] = [];
  const put = (code: number, flags: number, value: Uint8Array): void => {
    at = writeAttribute(out, at, code, flags, value);
  };
  const putLate = (before: number): void => {
    while (late.length > 0 && late[0]!.code < before) {
      const { code, value } = late.shift()!;
      put(code, FLAG.optional | FLAG.transitive, value);
    }
  };
  store.forEach(attrs, (code, flags, valueAt, length) => {
    if (code > 255 || code === ATTR.mpReach || (code === ATTR.nextHop && !classic)) return;
    if (!reflected && code > ATTR.communities) {
      at = writeReflection(out, at, store, attrs, reflection!);
      reflected = true;
    }
    if (reflection && (code === ATTR.originatorId || code === ATTR.clusterList)) return;
    putLate(code);
    let value: Uint8Array = store.bytes.subarray(valueAt, valueAt + length);
    if (!as4 && code === ATTR.asPath) {
      if (needsAs4(value, 0, length)) late.push({ code: ATTR.as4Path, value: stripConfed(value, 0, length) });
      value = narrowAsPath(value, 0, length);
    } else if (!as4 && code === ATTR.aggregator) {
      const wide = value[0] !== 0 || value[1] !== 0;
      if (wide) late.push({ code: ATTR.as4Aggregator, value });
      const asn = wide ? AS_TRANS : (value[2]! << 8) | value[3]!;
      value = Uint8Array.of(asn >> 8, asn & 255, ...value.subarray(4));
    }
    put(code, flags & ~FLAG.extendedLength, value);
  });
  if (!reflected) at = writeReflection(out, at, store, attrs, reflection!);
  putLate(256);
  return at;
}

/** One attribute with its header; returns where it ends. */
export function writeAttribute(
  out: Uint8Array,
  at: number,
  code: number,
  flags: number,
  value: Uint8Array,
): number {
  const extended = value.length > 255;
  out[at++] = extended ? flags | FLAG.extendedLength : flags;
  out[at++] = code;
  if (extended) out[at++] = value.length >> 8;
  out[at++] = value.length;
  out.set(value, at);
  return at + value.length;
}

/** The head of MP_REACH_NLRI up to its NLRI (RFC 4760 section 3), its length left 0; returns where NLRI start. */
export function writeMpReachHead(
  out: Uint8Array,
  at: number,
  family: Family,
  nextHop: Uint8Array,
  nextHopAt: number,
  nextHopLength: number,
): number {
  out[at++] = FLAG.optional | FLAG.extendedLength;
  out[at++] = ATTR.mpReach;
  out[at++] = 0;
  out[at++] = 0;
  out[at++] = family.afi >> 8;
  out[at++] = family.afi;
  out[at++] = family.safi;
  out[at++] = nextHopLength;
  for (let i = 0; i < nextHopLength; i++) out[at++] = nextHop[nextHopAt + i]!;
  out[at++] = 0;
  return at;
}

/** The head of MP_UNREACH_NLRI (RFC 4760 section 4), its length left 0; returns where NLRI start. */
export function writeMpUnreachHead(out: Uint8Array, at: number, family: Family): number {
  out[at++] = FLAG.optional | FLAG.extendedLength;
  out[at++] = ATTR.mpUnreach;
  out[at++] = 0;
  out[at++] = 0;
  out[at++] = family.afi >> 8;
  out[at++] = family.afi;
  out[at++] = family.safi;
  return at;
}

/** An End-of-RIB marker for a family (RFC 4724 section 2), header included. */
export function endOfRib(family: Family): Uint8Array {
  if (family.afi === 1 && family.safi === 1) {
    const out = new Uint8Array(HEADER_LENGTH + 4);
    writeHeader(out, 0, out.length);
    return out;
  }
  const out = new Uint8Array(HEADER_LENGTH + 10);
  writeHeader(out, 0, out.length);
  out.set(
    [0, 0, 0, 6, FLAG.optional, ATTR.mpUnreach, 3, family.afi >> 8, family.afi, family.safi],
    HEADER_LENGTH,
  );
  return out;
}

function writeU32(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}

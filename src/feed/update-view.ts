/** The parts of an UPDATE where they stand, without a look into them (RFC 4271 section 4.3). */
import { FLAG } from '../rib/attrs/codes.ts';

export interface UpdateView {
  readonly withdrawnAt: number;
  readonly withdrawnEnd: number;
  readonly attributesAt: number;
  readonly attributesEnd: number;
  /** Routes that follow the attributes end with the message. */
  readonly nlriAt: number;
  readonly nlriEnd: number;
}

/** The parts of the body `bytes[start, end)`, or undefined where its lengths do not fit. */
export function viewUpdate(bytes: Uint8Array, start: number, end: number): UpdateView | undefined {
  if (end - start < 4) return undefined;
  const withdrawnAt = start + 2;
  const withdrawnEnd = withdrawnAt + u16(bytes, start);
  if (withdrawnEnd + 2 > end) return undefined;
  const attributesAt = withdrawnEnd + 2;
  const attributesEnd = attributesAt + u16(bytes, withdrawnEnd);
  if (attributesEnd > end) return undefined;
  return { withdrawnAt, withdrawnEnd, attributesAt, attributesEnd, nlriAt: attributesEnd, nlriEnd: end };
}

export interface RawAttribute {
  /** As on the wire, the Extended Length bit included. */
  readonly flags: number;
  readonly code: number;
  readonly value: Uint8Array;
}

/** The path attributes in `bytes[start, end)`, in their order, or undefined where their lengths do not fit. */
export function readAttributes(bytes: Uint8Array, start: number, end: number): RawAttribute[] | undefined {
  const attributes: RawAttribute[] = [];
  let at = start;
  while (at < end) {
    const flags = bytes[at]!;
    const head = flags & FLAG.extendedLength ? 4 : 3;
    if (end - at < head) return undefined;
    const code = bytes[at + 1]!;
    const valueAt = at + head;
    at = valueAt + (head === 4 ? u16(bytes, at + 2) : bytes[at + 2]!);
    if (at > end) return undefined;
    attributes.push({ flags, code, value: bytes.subarray(valueAt, at) });
  }
  return attributes;
}

/** AFI, SAFI, next hop and routes of an MP_REACH_NLRI (RFC 4760 section 3); undefined where it is cut short. */
export function viewMpReach(value: Uint8Array):
  | {
      readonly afi: number;
      readonly safi: number;
      readonly nextHop: Uint8Array;
      readonly nlri: Uint8Array;
    }
  | undefined {
  if (value.length < 5) return undefined;
  const nlriAt = 5 + value[3]!;
  if (nlriAt > value.length) return undefined;
  return {
    afi: u16(value, 0),
    safi: value[2]!,
    nextHop: value.subarray(4, nlriAt - 1),
    nlri: value.subarray(nlriAt),
  };
}

/** AFI, SAFI and routes of an MP_UNREACH_NLRI (RFC 4760 section 4); undefined where it is cut short. */
export function viewMpUnreach(
  value: Uint8Array,
): { readonly afi: number; readonly safi: number; readonly nlri: Uint8Array } | undefined {
  if (value.length < 3) return undefined;
  return { afi: u16(value, 0), safi: value[2]!, nlri: value.subarray(3) };
}

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x1_0000 + u16(bytes, at + 2);
}

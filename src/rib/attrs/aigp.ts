/** The Accumulated IGP Metric attribute, RFC 7311. */

const AIGP_TLV = 1;
const AIGP_TLV_LENGTH = 11;

/** What is wrong with the TLVs in `bytes[at, at + length)`, or undefined (RFC 7311 section 3). */
export function checkAigp(bytes: Uint8Array, at: number, length: number): string | undefined {
  const end = at + length;
  while (at < end) {
    if (end - at < 3) return `TLV framing error (${end - at})`;
    const tlvLength = (bytes[at + 1]! << 8) | bytes[at + 2]!;
    if (tlvLength > end - at) return `TLV framing error (${tlvLength})`;
    if (tlvLength < 3) return `bad TLV length (${tlvLength})`;
    if (bytes[at] === AIGP_TLV && tlvLength !== AIGP_TLV_LENGTH) return `bad AIGP TLV length (${tlvLength})`;
    at += tlvLength;
  }
  return undefined;
}

/** The metric of the first AIGP TLV, or undefined where there is none. The value has passed `checkAigp`. */
export function aigpMetric(bytes: Uint8Array, at: number, length: number): bigint | undefined {
  const end = at + length;
  while (at < end) {
    if (bytes[at] === AIGP_TLV)
      return new DataView(bytes.buffer, bytes.byteOffset + at + 3, 8).getBigUint64(0);
    at += (bytes[at + 1]! << 8) | bytes[at + 2]!;
  }
  return undefined;
}

/** The attribute with one AIGP TLV. */
export function aigpValue(metric: number): Uint8Array {
  const value = new Uint8Array(AIGP_TLV_LENGTH);
  value.set([AIGP_TLV, 0, AIGP_TLV_LENGTH]);
  new DataView(value.buffer).setBigUint64(3, BigInt(metric));
  return value;
}

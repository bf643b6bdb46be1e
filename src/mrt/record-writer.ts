/** Records one behind the other in a buffer that is used again and again, and grows where one record needs more. */
import { MRT } from './codes.ts';

/** Timestamp, type, subtype, length (RFC 6396 section 2). */
const HEADER_LENGTH = 12;
const LENGTH_AT = 8;

export class RecordWriter {
  /** Bytes written. */
  length = 0;
  #bytes: Uint8Array<ArrayBuffer>;
  /** Where the record at hand begins. */
  #start = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  /** What was written; valid until the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  /**
   * Begins a record.
   * @param seconds wall-clock time since 1970
   */
  begin(type: (typeof MRT)[keyof typeof MRT], subtype: number, seconds: number): void {
    this.#start = this.length;
    this.reserve(HEADER_LENGTH);
    this.u32(seconds);
    this.u16(type);
    this.u16(subtype);
    this.u32(0);
  }

  /** Ends the record that `begin` began. */
  end(): void {
    this.putU32(this.#start + LENGTH_AT, this.length - this.#start - HEADER_LENGTH);
  }

  /** Takes back the record that `begin` began. */
  cancel(): void {
    this.length = this.#start;
  }

  /** Makes room for `count` bytes, which the following writes of single numbers take without asking. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.written);
    this.#bytes = grown;
  }

  u8(value: number): void {
    this.#bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.putU16(this.length, value);
    this.length += 2;
  }

  u32(value: number): void {
    this.putU32(this.length, value);
    this.length += 4;
  }

  putU16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  putU32(at: number, value: number): void {
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
  }

  /** Copies `source[start, end)`. */
  copy(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    // A loop is faster than a view and `set` for what attributes and prefixes are.
    if (end - start < 256) for (let i = start; i < end; i++) this.#bytes[this.length++] = source[i]!;
    else {
      this.#bytes.set(source.subarray(start, end), this.length);
      this.length += end - start;
    }
  }
}

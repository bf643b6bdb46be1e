/** MRT records (RFC 6396) cut from a stream of bytes of which only what belongs to one record is kept. */
import { MRT } from '../mrt/codes.ts';
import { FeedError } from './source.ts';
import { u16, u32 } from './update-view.ts';

export interface MrtRecord {
  readonly type: number;
  readonly subtype: number;
  /** Where the record starts in the stream, for messages to people. */
  readonly offset: number;
  /** The message is `bytes[start, end)`, after the header and the microseconds of an extended timestamp. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** RFC 6396 section 2: timestamp, type, subtype, length. */
const HEADER_LENGTH = 12;
/** RFC 6396 section 3: microseconds. */
const MICROSECONDS_LENGTH = 4;
/** Types in use or once in use; another one at the very start means that the file is something else. */
const KNOWN_TYPES: ReadonlySet<number> = new Set([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 32, 33, 48, 49,
]);
/** A peer index with 65,535 peers takes 1.6 MB; what is far longer is no MRT. */
const LONGEST_RECORD = 16 * 1024 * 1024;

/** Takes chunks, gives records. Throws a `FeedError` with the offset where the bytes are no MRT. */
export class RecordCutter {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Offset in the stream of `#bytes[0]`. */
  #base = 0;

  /** Adds the next piece of the stream, which must stay as it is while its records are in use. */
  push(chunk: Uint8Array): void {
    const left = this.#bytes.subarray(this.#at);
    this.#base += this.#at;
    this.#at = 0;
    if (left.length === 0) {
      this.#bytes = chunk;
      return;
    }
    const joined = new Uint8Array(left.length + chunk.length);
    joined.set(left);
    joined.set(chunk, left.length);
    this.#bytes = joined;
  }

  /** The next record that is complete, or undefined until more is pushed. */
  next(): MrtRecord | undefined {
    const bytes = this.#bytes;
    const at = this.#at;
    if (bytes.length - at < HEADER_LENGTH) return undefined;
    const offset = this.#base + at;
    const type = u16(bytes, at + 4);
    const length = u32(bytes, at + 8);
    if (offset === 0 && !KNOWN_TYPES.has(type)) {
      throw new FeedError(`this is not an MRT file: its first record has type ${type}`);
    }
    if (length > LONGEST_RECORD) {
      throw new FeedError(`bad MRT at byte ${offset}: a record of type ${type} with ${length} bytes`);
    }
    const start = at + HEADER_LENGTH;
    const end = start + length;
    if (end > bytes.length) return undefined;
    this.#at = end;
    const extended = type === MRT.bgp4mpEt ? MICROSECONDS_LENGTH : 0;
    if (extended > length) throw new FeedError(`bad MRT at byte ${offset}: no room for its microseconds`);
    return { type, subtype: u16(bytes, at + 6), offset, bytes, start: start + extended, end };
  }

  /** Says that the stream has ended. Throws where that is in the middle of a record, or there was none at all. */
  finish(): void {
    const left = this.#bytes.length - this.#at;
    const offset = this.#base + this.#at;
    if (left > 0) {
      throw new FeedError(
        `bad MRT at byte ${offset}: it ends in the middle of a record, ${left} bytes after its start`,
      );
    }
    if (offset === 0) throw new FeedError('this is not an MRT file: it is empty');
  }
}

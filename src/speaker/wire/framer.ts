/**
 * Cuts a byte stream into BGP messages and checks their headers (RFC 4271 section 6.1, RFC 8654).
 *
 * Messages that lie whole in a read are handed over in place. Only one that is cut by the end of a read is copied,
 * into a buffer that is kept. Nothing is made per message.
 */
import { bgpError, ERROR, HEADER_ERROR, type BgpError } from './errors.ts';
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH, MESSAGE } from './iana.ts';

const MARKER_LENGTH = 16;

/**
 * Shortest whole message by type, and whether it may be longer than 4096 bytes once RFC 8654 is negotiated
 * (RFC 8654 section 4: all but OPEN and KEEPALIVE). Index: message type.
 */
const MIN_LENGTH: readonly number[] = [0, 29, 23, 21, HEADER_LENGTH, 23];
const MAY_EXTEND: readonly boolean[] = [false, false, true, true, false, true];

export interface FrameHandler {
  /**
   * One message: its body is `bytes[start, end)`, its header the 19 bytes before `start`; valid during the call.
   * Returning false stops the framer for good: nothing further is handed over.
   */
  message(type: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** The stream is broken; the framer has stopped. */
  malformed(error: BgpError): void;
}

export class Framer {
  /** Longest message that may arrive: 4096, or 65535 after RFC 8654 was negotiated. May change between messages. */
  maxLength = MAX_MESSAGE_LENGTH;
  readonly #handler: FrameHandler;
  #partial = new Uint8Array(0);
  #partialLength = 0;
  #stopped = false;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Whether a message has begun to arrive and is not complete. */
  get midMessage(): boolean {
    return this.#partialLength > 0;
  }

  /** Takes the next piece of the stream, of any length. `bytes` need not stay unchanged after the call. */
  push(bytes: Uint8Array): void {
    if (this.#stopped) return;
    let at = 0;
    if (this.#partialLength > 0) at = this.#completePartial(bytes);
    const end = bytes.length;
    while (!this.#stopped && end - at >= HEADER_LENGTH) {
      if (!this.#headerIsValid(bytes, at)) return;
      const length = (bytes[at + 16]! << 8) | bytes[at + 17]!;
      if (end - at < length) break;
      const next = at + length;
      if (!this.#handler.message(bytes[at + 18]!, bytes, at + HEADER_LENGTH, next)) this.#stopped = true;
      at = next;
    }
    if (!this.#stopped && at < end) this.#keep(bytes, at, end);
  }

  /** Fills up the message that an earlier read began; returns how many bytes of this one that took. */
  #completePartial(bytes: Uint8Array): number {
    let at = 0;
    if (this.#partialLength < HEADER_LENGTH) {
      at = Math.min(HEADER_LENGTH - this.#partialLength, bytes.length);
      this.#keep(bytes, 0, at);
      if (this.#partialLength < HEADER_LENGTH) return at;
    }
    if (!this.#headerIsValid(this.#partial, 0)) return at;
    const length = (this.#partial[16]! << 8) | this.#partial[17]!;
    const take = Math.min(length - this.#partialLength, bytes.length - at);
    this.#keep(bytes, at, at + take);
    if (this.#partialLength < length) return at + take;
    this.#partialLength = 0;
    if (!this.#handler.message(this.#partial[18]!, this.#partial, HEADER_LENGTH, length))
      this.#stopped = true;
    return at + take;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#partialLength + end - start;
    if (needed > this.#partial.length) {
      const size = needed <= MAX_MESSAGE_LENGTH ? MAX_MESSAGE_LENGTH : MAX_EXTENDED_MESSAGE_LENGTH;
      const larger = new Uint8Array(size);
      larger.set(this.#partial.subarray(0, this.#partialLength));
      this.#partial = larger;
    }
    this.#partial.set(bytes.subarray(start, end), this.#partialLength);
    this.#partialLength = needed;
  }

  /** Checks the header at `at`; reports and stops where it is wrong. */
  #headerIsValid(bytes: Uint8Array, at: number): boolean {
    let error: BgpError | undefined;
    const length = (bytes[at + 16]! << 8) | bytes[at + 17]!;
    const type = bytes[at + 18]!;
    if (!markerIsSet(bytes, at)) error = bgpError(ERROR.messageHeader, HEADER_ERROR.notSynchronized);
    else if (!lengthIsValid(type, length, this.maxLength)) {
      // RFC 4271 section 6.1: "The Data field MUST contain the erroneous Length field."
      error = bgpError(ERROR.messageHeader, HEADER_ERROR.badLength, bytes.slice(at + 16, at + 18));
    } else if (type === 0 || type > MESSAGE.routeRefresh) {
      // RFC 4271 section 6.1: "The Data field MUST contain the erroneous Type field."
      error = bgpError(ERROR.messageHeader, HEADER_ERROR.badType, bytes.slice(at + 18, at + 19));
    } else return true;
    this.#stopped = true;
    this.#handler.malformed(error);
    return false;
  }
}

function markerIsSet(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + MARKER_LENGTH; i++) if (bytes[i] !== 0xff) return false;
  return true;
}

function lengthIsValid(type: number, length: number, maxLength: number): boolean {
  if (length < (MIN_LENGTH[type] ?? HEADER_LENGTH)) return false;
  if (type === MESSAGE.keepalive) return length === HEADER_LENGTH;
  return length <= (MAY_EXTEND[type] ? maxLength : MAX_MESSAGE_LENGTH);
}

/** Whole UPDATE messages on their way to a session, gathered into pieces of a size that is good to write. */
import { writeHeader, HEADER_LENGTH } from '../speaker/wire/update-encode.ts';

/** Messages that go out in one write. */
export interface Batch {
  /** Whole messages, one after the other. */
  readonly bytes: Uint8Array;
  readonly messages: number;
  /** Routes announced in them; a route announced twice counts twice. */
  readonly announced: number;
  readonly withdrawn: number;
}

export interface BatchLimits {
  /** A batch is given out when it has this many bytes or more. */
  readonly bytes: number;
  /** The same in routes, announced and withdrawn; infinite unless the rate is limited. */
  readonly routes: number;
}

/** Gathers messages; whoever fills it takes a batch out when it is `full`, and what is left at the end. */
export class BatchBuilder {
  readonly #limits: BatchLimits;
  #bytes: Uint8Array;
  #at = 0;
  #messages = 0;
  #announced = 0;
  #withdrawn = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
    this.#bytes = new Uint8Array(limits.bytes + HEADROOM);
  }

  get isEmpty(): boolean {
    return this.#messages === 0;
  }

  get isFull(): boolean {
    return this.#at >= this.#limits.bytes || this.#announced + this.#withdrawn >= this.#limits.routes;
  }

  /** Adds an UPDATE made of the parts of its body, which the header is put in front of; they are copied. */
  addUpdate(parts: readonly Uint8Array[], announced: number, withdrawn: number): void {
    let length = HEADER_LENGTH;
    for (const part of parts) length += part.length;
    this.#reserve(length);
    writeHeader(this.#bytes, this.#at, length);
    this.#at += HEADER_LENGTH;
    for (const part of parts) {
      this.#bytes.set(part, this.#at);
      this.#at += part.length;
    }
    this.#count(announced, withdrawn);
  }

  /** Adds a whole message as it stands; it is copied. */
  addMessage(message: Uint8Array, announced: number, withdrawn: number): void {
    this.#reserve(message.length);
    this.#bytes.set(message, this.#at);
    this.#at += message.length;
    this.#count(announced, withdrawn);
  }

  /** Gives out what was gathered and starts anew. */
  take(): Batch {
    const batch = {
      bytes: this.#bytes.subarray(0, this.#at),
      messages: this.#messages,
      announced: this.#announced,
      withdrawn: this.#withdrawn,
    };
    this.#bytes = new Uint8Array(this.#limits.bytes + HEADROOM);
    this.#at = 0;
    this.#messages = 0;
    this.#announced = 0;
    this.#withdrawn = 0;
    return batch;
  }

  #count(announced: number, withdrawn: number): void {
    this.#messages++;
    this.#announced += announced;
    this.#withdrawn += withdrawn;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + length));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** Room for the message that makes a batch full, as a rule. */
const HEADROOM = 4096;

/**
 * Sorts the routes of a batch into buckets of equal attributes and source, which then fill messages together.
 * Buckets keep the order in which their first route came; all columns are reused from batch to batch.
 */
import { nextCapacity, widened } from '../base/columns.ts';

const INITIAL = 1 << 12;

export class Buckets {
  /** Buckets in use. */
  count = 0;
  attrs = new Uint32Array(INITIAL);
  source = new Uint16Array(INITIAL);
  /** First entry of each bucket; entries are chained by `next`, 0 ends. Entry numbers start at 1. */
  head = new Uint32Array(INITIAL);
  #last = new Uint32Array(INITIAL);
  /** The slot (network or path row) of each entry. */
  slot = new Uint32Array(INITIAL);
  next = new Uint32Array(INITIAL);
  #entries = 1;
  #slots = new Uint32Array(INITIAL * 2);
  /** Which batch wrote a hash slot: older ones are empty. */
  #stamps = new Uint32Array(INITIAL * 2);
  #stamp = 0;

  /** Empties all buckets. */
  clear(): void {
    this.count = 0;
    this.#entries = 1;
    this.#stamp = (this.#stamp + 1) >>> 0;
    if (this.#stamp === 0) {
      this.#stamps.fill(0);
      this.#stamp = 1;
    }
  }

  add(slot: number, attrs: number, source: number): void {
    const entry = this.#entries++;
    if (entry >= this.slot.length) this.#growEntries();
    this.slot[entry] = slot;
    this.next[entry] = 0;
    // Routes of one UPDATE come one after the other.
    const previous = this.count - 1;
    const bucket =
      previous >= 0 && this.attrs[previous] === attrs && this.source[previous] === source
        ? previous
        : this.#bucket(attrs, source);
    if (this.head[bucket] === 0) this.head[bucket] = entry;
    else this.next[this.#last[bucket]!] = entry;
    this.#last[bucket] = entry;
  }

  #bucket(attrs: number, source: number): number {
    const mask = this.#slots.length - 1;
    let at = (Math.imul(attrs, 0x9e3779b1) ^ Math.imul(source, 0x85ebca6b)) & mask;
    at = (at ^ (at >>> 7)) & mask;
    for (; this.#stamps[at] === this.#stamp; at = (at + 1) & mask) {
      const bucket = this.#slots[at]!;
      if (this.attrs[bucket] === attrs && this.source[bucket] === source) return bucket;
    }
    const bucket = this.count++;
    if (bucket >= this.attrs.length) this.#growBuckets();
    this.attrs[bucket] = attrs;
    this.source[bucket] = source;
    this.head[bucket] = 0;
    this.#stamps[at] = this.#stamp;
    this.#slots[at] = bucket;
    if (this.count * 2 > this.#slots.length) this.#rehash();
    return bucket;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    this.#stamps = new Uint32Array(this.#slots.length);
    this.#stamp = 1;
    const mask = this.#slots.length - 1;
    for (let bucket = 0; bucket < this.count; bucket++) {
      let at =
        (Math.imul(this.attrs[bucket]!, 0x9e3779b1) ^ Math.imul(this.source[bucket]!, 0x85ebca6b)) & mask;
      at = (at ^ (at >>> 7)) & mask;
      while (this.#stamps[at] === 1) at = (at + 1) & mask;
      this.#stamps[at] = 1;
      this.#slots[at] = bucket;
    }
  }

  #growEntries(): void {
    this.slot = widened(this.slot, nextCapacity(this.slot.length));
    this.next = widened(this.next, nextCapacity(this.next.length));
  }

  #growBuckets(): void {
    this.attrs = widened(this.attrs, nextCapacity(this.attrs.length));
    this.source = widened(this.source, nextCapacity(this.source.length));
    this.head = widened(this.head, nextCapacity(this.head.length));
    this.#last = widened(this.#last, nextCapacity(this.#last.length));
  }
}

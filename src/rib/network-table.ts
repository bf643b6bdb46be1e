/**
 * Networks of one family, numbered densely from 1. Open addressing over typed arrays; a network costs its address
 * words, a length byte and about two hash slots. Numbers of networks that were removed are given out again.
 */
import { nextCapacity, widened } from '../base/columns.ts';
import type { Family } from '../base/family.ts';
import { formatIpv4, formatIpv6 } from '../base/ip.ts';

const INITIAL = 1 << 10;
/** In the length column of a number that no network has. */
const FREE = 255;
/** Slots in a block of neighbouring prefixes: a cache line of 32-bit numbers. */
const BLOCK_BITS = 4;
const BLOCK_MASK = (1 << BLOCK_BITS) - 1;

export class NetworkTable {
  readonly family: Family;
  /** Address words of network `n` at `n * family.words`, host bits zero. */
  words: Uint32Array;
  /** Prefix lengths in bits. */
  length = new Uint8Array(INITIAL);
  /** One more than the highest number given out so far. */
  end = 1;
  #slots = new Uint32Array(INITIAL * 2);
  /** The first number to give out again; the next one stands in its first address word. 0 ends. */
  #free = 0;
  #used = 0;
  readonly #seed: number;
  /** Addresses take one word. */
  readonly #narrow: boolean;

  /** @param seed of the hash, so that nobody outside can choose prefixes that collide */
  constructor(family: Family, seed = 0x2545f491) {
    this.family = family;
    this.words = new Uint32Array(INITIAL * family.words);
    this.#seed = seed | 0;
    this.#narrow = family.words === 1;
  }

  /** Networks in the table. */
  get size(): number {
    return this.#used;
  }

  /** How many networks the columns hold before they grow. Columns elsewhere follow it. */
  get capacity(): number {
    return this.length.length;
  }

  get memoryBytes(): number {
    return this.words.byteLength + this.length.byteLength + this.#slots.byteLength;
  }

  /**
   * The number of a network, added where it is not there.
   * @param words address words, host bits zero, from `at` on
   */
  add(words: Uint32Array, at: number, length: number): number {
    let slots = this.#slots;
    if ((this.#used + 1) * 2 > slots.length) {
      this.#rehash();
      slots = this.#slots;
    }
    const mask = slots.length - 1;
    let slot = this.#hash(words, at, length) & mask;
    for (let net = slots[slot]!; net !== 0; net = slots[slot]!) {
      if (this.#equals(net, words, at, length)) return net;
      slot = (slot + 1) & mask;
    }
    let net = this.#free;
    if (net !== 0) this.#free = this.words[net * this.family.words]!;
    else {
      net = this.end++;
      if (net >= this.length.length) this.#growColumns();
    }
    slots[slot] = net;
    this.length[net] = length;
    if (this.#narrow) this.words[net] = words[at]!;
    else for (let i = 0; i < 4; i++) this.words[net * 4 + i] = words[at + i]!;
    this.#used++;
    return net;
  }

  /** The number of a network, or 0. */
  find(words: ArrayLike<number>, at: number, length: number): number {
    if (this.#narrow) return this.#findIpv4(words[at]! >>> 0, length);
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = this.#hash(words, at, length) & mask; ; slot = (slot + 1) & mask) {
      const net = slots[slot]!;
      if (net === 0 || this.#equals(net, words, at, length)) return net;
    }
  }

  #findIpv4(word: number, length: number): number {
    const slots = this.#slots;
    const { words, length: lengths } = this;
    const mask = slots.length - 1;
    for (let slot = hashIpv4(word, length, this.#seed) & mask; ; slot = (slot + 1) & mask) {
      const net = slots[slot]!;
      if (net === 0 || (words[net] === word && lengths[net] === length)) return net;
    }
  }

  /** The number of the longest network for which `accept` holds and that covers an address or prefix, or 0. */
  longestMatch(words: ArrayLike<number>, length: number, accept: (net: number) => boolean): number {
    const masked = Uint32Array.from({ length: this.family.words }, (_, i) => words[i]!);
    for (let bits = length; bits >= 0; bits--) {
      maskWords(masked, bits);
      const net = this.find(masked, 0, bits);
      if (net !== 0 && accept(net)) return net;
    }
    return 0;
  }

  /** Takes a network out; its number may be given to another one. */
  remove(net: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = this.#hashOf(net) & mask;
    while (slots[gap] !== net) gap = (gap + 1) & mask;
    for (let probe = (gap + 1) & mask; slots[probe] !== 0; probe = (probe + 1) & mask) {
      const home = this.#hashOf(slots[probe]!) & mask;
      if (((probe - home) & mask) >= ((probe - gap) & mask)) {
        slots[gap] = slots[probe]!;
        gap = probe;
      }
    }
    slots[gap] = 0;
    this.length[net] = FREE;
    this.#used--;
    this.words[net * this.family.words] = this.#free;
    this.#free = net;
    if (this.#used === 0) {
      this.#free = 0;
      this.end = 1;
    }
  }

  /** Whether some network has this number. */
  isUsed(net: number): boolean {
    return net > 0 && net < this.end && this.length[net] !== FREE;
  }

  /** A bit for each number below `end`, `1 << (net & 7)` of byte `net >> 3`: whether it stands for a network now. */
  usedBits(): Uint8Array {
    const { length: lengths, end } = this;
    const bits = new Uint8Array((end >> 3) + 1);
    let byte = 0;
    for (let net = 1; net < end; net++) {
      if (lengths[net] !== FREE) byte |= 1 << (net & 7);
      if ((net & 7) === 7) {
        bits[net >> 3] = byte;
        byte = 0;
      }
    }
    if ((end & 7) !== 0) bits[end >> 3] = byte;
    return bits;
  }

  /** `10.0.0.0/8`. */
  format(net: number): string {
    const { words } = this.family;
    const address = words === 1 ? formatIpv4(this.words[net]!) : formatIpv6(this.words, net * words);
    return `${address}/${this.length[net]}`;
  }

  #hashOf(net: number): number {
    return this.#narrow
      ? hashIpv4(this.words[net]!, this.length[net]!, this.#seed)
      : hashIpv6(this.words, net * 4, this.length[net]!, this.#seed);
  }

  #hash(words: ArrayLike<number>, at: number, length: number): number {
    return this.#narrow ? hashIpv4(words[at]!, length, this.#seed) : hashIpv6(words, at, length, this.#seed);
  }

  #equals(net: number, words: ArrayLike<number>, at: number, length: number): boolean {
    const own = this.words;
    if (this.#narrow) return own[net] === words[at] && this.length[net] === length;
    const from = net * 4;
    return (
      own[from] === words[at] &&
      own[from + 1] === words[at + 1] &&
      own[from + 2] === words[at + 2] &&
      own[from + 3] === words[at + 3] &&
      this.length[net] === length
    );
  }

  #growColumns(): void {
    const size = nextCapacity(this.length.length);
    this.length = widened(this.length, size);
    this.words = widened(this.words, size * this.family.words);
  }

  #rehash(): void {
    const slots = new Uint32Array(nextCapacity(this.#slots.length));
    const mask = slots.length - 1;
    for (let net = 1; net < this.end; net++) {
      if (this.length[net] === FREE) continue;
      let slot = this.#hashOf(net) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = net;
    }
    this.#slots = slots;
  }
}

/**
 * Neighbouring prefixes of one length share a block of slots, and with it a cache line: tables are full of runs of them.
 * The block is chosen by a seeded hash of the rest.
 */
function hashIpv4(word: number, length: number, seed: number): number {
  // A length of 0 has no bits to shift out; the address is 0 then.
  const value = word >>> ((32 - length) & 31);
  let hash = Math.imul((value >>> BLOCK_BITS) ^ seed, 0x9e3779b1) ^ length;
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash ^= hash >>> 13;
  return ((hash << BLOCK_BITS) | (value & BLOCK_MASK)) >>> 0;
}

function hashIpv6(words: ArrayLike<number>, at: number, length: number, seed: number): number {
  let hash = seed ^ length;
  for (let i = 0; i < 4; i++) {
    hash = Math.imul(hash ^ words[at + i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Clears the bits after the first `bits` of an address, in place. */
export function maskWords(words: Uint32Array, bits: number): void {
  for (let i = 0; i < words.length; i++) {
    const keep = bits - i * 32;
    if (keep >= 32) continue;
    words[i] = keep <= 0 ? 0 : (words[i]! & (0xffffffff << (32 - keep))) >>> 0;
  }
}

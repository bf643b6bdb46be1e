/** Sets of prefix patterns: a bit trie. */
import { formatTrie } from './prefix-set-text.ts';
import { matchesPrefixSets } from './nets.ts';
import type { Net } from './nets.ts';
import type { Prefix } from './values.ts';

export interface PrefixRange {
  readonly prefix: Prefix;
  /** Lengths from `low` to `high` match: shorter than the prefix its covering networks, longer its subnets. */
  readonly low: number;
  readonly high: number;
}

/**
 * A set of prefix patterns of one family. A trie with one node per bit holds, at the node of each pattern's
 * prefix, which lengths match below it and, on the way there, which covering lengths match.
 */
export class PrefixSet {
  readonly version: 4 | 6 | undefined;
  readonly patterns: readonly PrefixRange[];
  /** Children of node n are at 2n and 2n + 1; 0 is none. */
  #children = new Int32Array(64);
  /** So many words a node: a bit per length 0…32 or 0…128 that matches for any network at or below the node. */
  #accept = new Uint32Array(160);
  readonly #stride: number;
  /** Whether a network that ends at the node itself matches by a covering pattern (`-` or a low bound). */
  #covering = new Uint8Array(32);
  /** 0 until the first look-up: most sets of a file that is only checked, or read again, are never looked into. */
  #nodes = 0;

  constructor(patterns: readonly PrefixRange[]) {
    this.patterns = patterns;
    this.version = patterns[0]?.prefix.ip.version;
    this.#stride = this.version === 4 ? 2 : 5;
  }

  #build(): void {
    this.#nodes = 1;
    for (const pattern of this.patterns) this.#add(pattern);
  }

  #newNode(): number {
    const node = this.#nodes++;
    if (node * 2 + 1 >= this.#children.length) {
      const grow = <T extends Int32Array | Uint32Array | Uint8Array>(old: T, make: (n: number) => T): T => {
        const bigger = make(old.length * 2);
        bigger.set(old);
        return bigger;
      };
      this.#children = grow(this.#children, (n) => new Int32Array(n));
      this.#accept = grow(this.#accept, (n) => new Uint32Array(n));
      this.#covering = grow(this.#covering, (n) => new Uint8Array(n));
    }
    return node;
  }

  #add({ prefix, low, high }: PrefixRange): void {
    let node = 0;
    const { words } = prefix.ip;
    for (let depth = 0; ; depth++) {
      if (depth < prefix.length && depth >= low && depth <= high) this.#covering[node] = 1;
      if (depth === prefix.length) break;
      const bit = (words[depth >> 5]! >>> (31 - (depth & 31))) & 1;
      let next = this.#children[node * 2 + bit]!;
      if (next === 0) {
        next = this.#newNode();
        this.#children[node * 2 + bit] = next;
      }
      node = next;
    }
    for (let length = Math.max(low, prefix.length); length <= high; length++) {
      this.#accept[node * this.#stride + (length >> 5)]! |= 1 << (length & 31);
    }
  }

  /** Whether the network whose address words start at `at` of `words` matches. */
  match(words: ArrayLike<number>, at: number, length: number, version: 4 | 6): boolean {
    if (version !== this.version) return false;
    if (this.#nodes === 0) this.#build();
    const stride = this.#stride;
    const word = length >> 5;
    const mask = 1 << (length & 31);
    const accept = this.#accept;
    const children = this.#children;
    let node = 0;
    for (let depth = 0; ; depth++) {
      if ((accept[node * stride + word]! & mask) !== 0) return true;
      if (depth === length) return this.#covering[node] === 1;
      const bit = (words[at + (depth >> 5)]! >>> (31 - (depth & 31))) & 1;
      node = children[node * 2 + bit]!;
      if (node === 0) return false;
    }
  }

  /** Whether a network of any kind matches, by its address and length. */
  has(net: Net): boolean {
    return matchesPrefixSets(net) && this.match(net.ip.words, 0, net.length, net.ip.version);
  }

  same(other: PrefixSet): boolean {
    return this === other || this.format() === other.format();
  }

  /** BIRD's text. */
  format(): string {
    return formatTrie(this.patterns);
  }
}

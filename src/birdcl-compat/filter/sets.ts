/** Sets of the filter language: sorted ranges for scalars, a bit trie for prefixes. */
import type { IpAddress } from '../../base/ip.ts';
import { compareIp, compareLarge, formatEc, formatLarge, formatPair, formatPrefix } from './values.ts';
import type { LargeCommunity, Prefix } from './values.ts';
import type { Type } from './types.ts';
import { formatIp, formatIpv4 } from '../../base/ip.ts';

export type Scalar = number | bigint | IpAddress | LargeCommunity;

/** Orders scalars of one type. */
function compareScalar(a: Scalar, b: Scalar): number {
  if (typeof a === 'object' && typeof b === 'object') {
    if (Array.isArray(a)) return compareLarge(a as LargeCommunity, b as LargeCommunity);
    return compareIp(a as IpAddress, b as IpAddress);
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface Range<T extends Scalar = Scalar> {
  readonly from: T;
  readonly to: T;
}

/**
 * A set of integers, pairs, quads, addresses, communities or enumerators. Pairs are plain 32-bit ranges, as in BIRD.
 */
export class ValueSet {
  /** The type of the elements; `void` for the empty set, which matches nothing. */
  readonly element: Type;
  /** Sorted, as written: overlapping ranges stay apart, as BIRD keeps them. */
  readonly ranges: readonly Range[];
  /** The same without overlaps, and without gaps where nothing lies between. */
  readonly #joined: readonly Range[];
  readonly #low: Float64Array | undefined;
  readonly #high: Float64Array | undefined;

  constructor(element: Type, ranges: readonly Range[]) {
    this.element = element;
    this.ranges = [...ranges].sort((a, b) => compareScalar(a.from, b.from) || compareScalar(a.to, b.to));
    this.#joined = join(this.ranges);
    if (typeof this.#joined[0]?.from === 'number') {
      this.#low = Float64Array.from(this.#joined, (range) => range.from as number);
      this.#high = Float64Array.from(this.#joined, (range) => range.to as number);
    }
  }

  has(value: Scalar): boolean {
    if (this.#low) return typeof value === 'number' && this.hasNumber(value);
    let low = 0;
    let high = this.#joined.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = this.#joined[middle]!;
      if (compareScalar(value, range.from) < 0) high = middle - 1;
      else if (compareScalar(value, range.to) > 0) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** `has` for types that are numbers. */
  hasNumber(value: number): boolean {
    const lows = this.#low;
    if (!lows) return false;
    let low = 0;
    let high = lows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (lows[middle]! <= value) low = middle;
      else high = middle - 1;
    }
    return value >= lows[low]! && value <= this.#high![low]!;
  }

  /** BIRD's `=`: the same elements and ranges, not only the same members. */
  same(other: ValueSet): boolean {
    return this.element === other.element && sameRanges(this.ranges, other.ranges);
  }

  /** Whether the same values are members of both. */
  sameMembers(other: ValueSet): boolean {
    return this.element === other.element && sameRanges(this.#joined, other.#joined);
  }

  format(): string {
    const items = this.ranges.map(({ from, to }) =>
      compareScalar(from, to) === 0
        ? formatScalar(this.element, from)
        : `${formatScalar(this.element, from)}..${formatScalar(this.element, to)}`,
    );
    return `[${items.join(', ')}]`;
  }
}

function join(sorted: readonly Range[]): Range[] {
  const joined: { from: Scalar; to: Scalar }[] = [];
  for (const { from, to } of sorted) {
    const last = joined.at(-1);
    const next = typeof last?.to === 'number' ? last.to + 1 : last?.to;
    if (last && next !== undefined && compareScalar(from, next) <= 0) {
      if (compareScalar(to, last.to) > 0) last.to = to;
    } else joined.push({ from, to });
  }
  return joined;
}

function sameRanges(a: readonly Range[], b: readonly Range[]): boolean {
  const same = (x: Range, y: Range): boolean =>
    compareScalar(x.from, y.from) === 0 && compareScalar(x.to, y.to) === 0;
  return a.length === b.length && a.every((range, i) => same(range, b[i]!));
}

function formatScalar(type: Type, value: Scalar): string {
  if (typeof value === 'bigint') return formatEc(value);
  if (typeof value === 'object') {
    return Array.isArray(value) ? formatLarge(value as LargeCommunity) : formatIp(value as IpAddress);
  }
  if (type === 'pair') return formatPair(value);
  if (type === 'quad') return formatIpv4(value);
  return String(value);
}

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
  /** Five words a node: a bit per length 0…128 that matches for any network at or below the node. */
  #accept = new Uint32Array(160);
  /** Whether a network that ends at the node itself matches by a covering pattern (`-` or a low bound). */
  #covering = new Uint8Array(32);
  #nodes = 1;

  constructor(patterns: readonly PrefixRange[]) {
    this.patterns = patterns;
    this.version = patterns[0]?.prefix.ip.version;
    for (const pattern of patterns) this.#add(pattern);
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
      this.#accept[node * 5 + (length >> 5)]! |= 1 << (length & 31);
    }
  }

  /** Whether the network whose address words start at `at` of `words` matches. */
  match(words: ArrayLike<number>, at: number, length: number, version: 4 | 6): boolean {
    if (version !== this.version) return false;
    const word = length >> 5;
    const mask = 1 << (length & 31);
    const accept = this.#accept;
    const children = this.#children;
    let node = 0;
    for (let depth = 0; ; depth++) {
      if ((accept[node * 5 + word]! & mask) !== 0) return true;
      if (depth === length) return this.#covering[node] === 1;
      const bit = (words[at + (depth >> 5)]! >>> (31 - (depth & 31))) & 1;
      node = children[node * 2 + bit]!;
      if (node === 0) return false;
    }
  }

  has(prefix: Prefix): boolean {
    return this.match(prefix.ip.words, 0, prefix.length, prefix.ip.version);
  }

  same(other: PrefixSet): boolean {
    return this.format() === other.format();
  }

  format(): string {
    const items = this.patterns.map(({ prefix, low, high }) => `${formatPrefix(prefix)}{${low},${high}}`);
    return `[${items.sort().join(', ')}]`;
  }
}

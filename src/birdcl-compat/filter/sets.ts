/** Sets of scalars: sorted ranges. */
import type { IpAddress } from '../../base/ip.ts';
import { formatScalar } from './format-scalar.ts';
import { compareIp, compareLarge } from './values.ts';
import type { LargeCommunity } from './values.ts';
import type { Type } from './types.ts';

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
  /** Sorted; overlapping ranges are one, unless they were to stay as written. */
  readonly ranges: readonly Range[];
  /** The same without overlaps, and without gaps where nothing lies between. */
  readonly #joined: readonly Range[];
  readonly #low: Float64Array | undefined;
  readonly #high: Float64Array | undefined;

  /** @param asWritten overlapping ranges stay apart in `format` and `same`, as in BIRD up to 2.17 */
  constructor(element: Type, ranges: readonly Range[], asWritten = false) {
    this.element = element;
    const sorted = [...ranges].sort((a, b) => compareScalar(a.from, b.from) || compareScalar(a.to, b.to));
    this.ranges = asWritten ? sorted : join(sorted, false);
    this.#joined = join(sorted, true);
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

  /** Whether any of the numbers is a member. */
  hasAny(values: readonly number[]): boolean {
    for (const value of values) if (this.hasNumber(value)) return true;
    return false;
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

/** Joins ranges that overlap and, with `adjacent`, numbers that follow one another. */
function join(sorted: readonly Range[], adjacent: boolean): Range[] {
  const joined: { from: Scalar; to: Scalar }[] = [];
  for (const { from, to } of sorted) {
    const last = joined.at(-1);
    const next = adjacent && typeof last?.to === 'number' ? last.to + 1 : last?.to;
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

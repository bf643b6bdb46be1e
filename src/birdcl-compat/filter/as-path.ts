/** AS paths and path masks. A path is its wire form with 4-octet AS numbers (RFC 4271 section 4.3, RFC 6793). */
import type { ValueSet } from './sets.ts';

/** RFC 4271 section 4.3 b, RFC 5065 section 3. */
const SEGMENT = { set: 1, sequence: 2, confedSequence: 3, confedSet: 4 } as const;
/** A segment's AS count is one byte. */
const MAX_SEGMENT = 255;

/** An AS number, or the members of an AS_SET, at one position of a path. */
type Position = number | readonly number[];

/** What a path's bytes say, found in one pass. */
interface Facts {
  /** Every AS number, those in sets too. */
  readonly numbers: readonly number[];
  /** Positions as a path mask sees them; the numbers themselves where the path has no sets. */
  readonly positions: readonly Position[];
  readonly length: number;
  readonly first: number;
  readonly last: number;
  readonly lastNonAggregated: number;
  readonly hasSets: boolean;
  readonly hasConfederation: boolean;
}

function factsOf(bytes: Uint8Array): Facts {
  const numbers: number[] = [];
  let positions: Position[] | undefined;
  let length = 0;
  let first = -1;
  let last = 0;
  let lastNonAggregated = 0;
  let hasSets = false;
  let hasConfederation = false;
  for (let at = 0; at + 2 <= bytes.length;) {
    const type = bytes[at]!;
    const count = bytes[at + 1]!;
    const start = numbers.length;
    at += 2;
    for (let i = 0; i < count; i++, at += 4) {
      numbers.push(
        ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0,
      );
    }
    const isSet = type === SEGMENT.set || type === SEGMENT.confedSet;
    const isConfederation = type === SEGMENT.confedSequence || type === SEGMENT.confedSet;
    if (isSet) {
      positions ??= numbers.slice(0, start);
      positions.push(numbers.slice(start));
      hasSets = true;
    } else if (positions) for (let i = start; i < numbers.length; i++) positions.push(numbers[i]!);
    if (isConfederation) hasConfederation = true;
    else {
      if (first < 0) first = isSet ? 0 : (numbers[start] ?? 0);
      length += isSet ? 1 : count;
    }
    // Unlike the first AS, the last one may be that of a member of a confederation.
    if (isSet) last = 0;
    else if (count > 0) last = numbers[numbers.length - 1]!;
    if (!hasSets && count > 0) lastNonAggregated = last;
  }
  return {
    numbers,
    positions: positions ?? numbers,
    length,
    first: Math.max(first, 0),
    last,
    lastNonAggregated,
    hasSets,
    hasConfederation,
  };
}

export class AsPath {
  readonly bytes: Uint8Array;
  /** AS numbers of a path that is one sequence, as nearly all are; -1 of others. */
  readonly plainLength: number;
  #facts: Facts | undefined;

  /** @param bytes the attribute's value, well-formed; it is kept, not copied */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    const count = bytes[1] ?? 0;
    this.plainLength =
      bytes[0] === SEGMENT.sequence && bytes.length === 2 + count * 4 && count > 0 ? count : -1;
  }

  /** AS number `i` of a path that is one sequence. */
  plainAt(i: number): number {
    const { bytes } = this;
    const at = 2 + i * 4;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  get #known(): Facts {
    this.#facts ??= factsOf(this.bytes);
    return this.#facts;
  }

  #segments(visit: (type: number, asNumbers: number[]) => void): void {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    for (let at = 0; at + 2 <= this.bytes.length;) {
      const type = this.bytes[at]!;
      const count = this.bytes[at + 1]!;
      const asNumbers: number[] = [];
      for (let i = 0; i < count; i++) asNumbers.push(view.getUint32(at + 2 + i * 4));
      visit(type, asNumbers);
      at += 2 + count * 4;
    }
  }

  /** RFC 4271 section 9.1.2.2 a: an AS_SET counts as one, confederation segments as none (RFC 5065). */
  get length(): number {
    return this.plainLength >= 0 ? this.plainLength : this.#known.length;
  }

  /** Positions as a path mask sees them: confederation segments count like others. */
  positions(): readonly Position[] {
    return this.#known.positions;
  }

  /** The neighbour's AS; 0 where the path is empty or starts with a set. */
  get first(): number {
    return this.plainLength >= 0 ? this.plainAt(0) : this.#known.first;
  }

  /** The origin's AS; 0 where the path is empty or ends with a set of several. */
  get last(): number {
    return this.plainLength >= 0 ? this.plainAt(this.plainLength - 1) : this.#known.last;
  }

  /** The last AS before the first AS_SET. */
  get lastNonAggregated(): number {
    return this.plainLength >= 0 ? this.last : this.#known.lastNonAggregated;
  }

  /** Every AS number, those in sets too. */
  asNumbers(): readonly number[] {
    return this.#known.numbers;
  }

  /** RFC 5065 section 3: whether the path has a segment inside a confederation. */
  get hasConfederation(): boolean {
    return this.#known.hasConfederation;
  }

  get hasSets(): boolean {
    return this.#known.hasSets;
  }

  contains(as: number): boolean {
    for (let i = 0; i < this.plainLength; i++) if (this.plainAt(i) === as) return true;
    return this.plainLength < 0 && this.#known.numbers.includes(as);
  }

  matchesSet(set: ValueSet): boolean {
    for (let i = 0; i < this.plainLength; i++) if (set.hasNumber(this.plainAt(i))) return true;
    return this.plainLength < 0 && set.hasAny(this.#known.numbers);
  }

  /** The path with one AS number put in front (RFC 4271 section 5.1.2 b). */
  prepend(as: number): AsPath {
    const extend = this.bytes[0] === SEGMENT.sequence && this.bytes[1]! < MAX_SEGMENT;
    const rest = this.bytes.subarray(extend ? 2 : 0);
    const bytes = new Uint8Array(6 + rest.length);
    bytes[0] = SEGMENT.sequence;
    bytes[1] = extend ? this.bytes[1]! + 1 : 1;
    new DataView(bytes.buffer).setUint32(2, as);
    bytes.set(rest, 6);
    return new AsPath(bytes);
  }

  /** The path without (or with only) the AS numbers that are in `set`; segments left empty go. */
  filter(set: ValueSet, keep: boolean): AsPath {
    const out: number[] = [];
    this.#segments((type, asNumbers) => {
      const left = asNumbers.filter((as) => set.hasNumber(as) === keep);
      if (left.length === 0) return;
      out.push(type, left.length);
      for (const as of left) out.push(as >>> 24, (as >>> 16) & 255, (as >>> 8) & 255, as & 255);
    });
    // A path that nothing was taken from stays itself: an absent one is still absent to `defined`.
    return out.length === this.bytes.length ? this : new AsPath(Uint8Array.from(out));
  }

  /** Orders paths by AS number from the left, whatever the segments; a path comes before those that go on. */
  compare(other: AsPath): number {
    const [left, right] = [this.asNumbers(), other.asNumbers()];
    for (let i = 0; i < left.length && i < right.length; i++) {
      if (left[i] !== right[i]) return left[i]! < right[i]! ? -1 : 1;
    }
    return Math.sign(left.length - right.length);
  }

  /** Whether the bytes are the same. */
  same(other: AsPath): boolean {
    return this.bytes.length === other.bytes.length && this.bytes.every((byte, i) => byte === other.bytes[i]);
  }

  /** BIRD's text: sequences plain, sets in braces, confederation segments in parentheses. */
  format(): string {
    const parts: string[] = [];
    this.#segments((type, asNumbers) => {
      const text = asNumbers.join(' ');
      if (type === SEGMENT.set) parts.push(`{${text}}`);
      else if (type === SEGMENT.confedSequence) parts.push(`(${text})`);
      else if (type === SEGMENT.confedSet) parts.push(`({${text}})`);
      else parts.push(text);
    });
    return parts.join(' ');
  }
}

export const EMPTY_PATH = new AsPath(new Uint8Array(0));

export type MaskItem =
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | { readonly kind: 'range'; readonly from: number; readonly to: number }
  | { readonly kind: 'set'; readonly set: ValueSet };

/** `[= … =]`. `+` marks the item before it as repeatable. */
export class PathMask {
  readonly items: readonly { readonly item: MaskItem; readonly repeat: boolean }[];
  /** Path positions that the mask read so far, and with the next item, can have reached; kept between matches. */
  #reached = new Uint8Array(64);
  #next = new Uint8Array(64);

  /** Each item but `*` stands for one AS number. */
  readonly #isSimple: boolean;

  constructor(items: readonly { item: MaskItem; repeat: boolean }[]) {
    this.items = items;
    this.#isSimple = items.every(({ repeat }) => !repeat);
  }

  /** `match` for the common case: nothing is made, and only the last `*` is ever gone back to. */
  #matchPlain(path: AsPath): boolean {
    const { items } = this;
    const end = path.plainLength;
    let next = 0;
    let star = -1;
    let starAt = 0;
    for (let i = 0; i < end;) {
      const item = items[next]?.item;
      if (item?.kind === 'any') {
        star = next++;
        starAt = i;
      } else if (item && matchesNumber(item, path.plainAt(i))) {
        next++;
        i++;
      } else if (star >= 0) {
        next = star + 1;
        i = ++starAt;
      } else return false;
    }
    while (items[next]?.item.kind === 'any') next++;
    return next === items.length;
  }

  /**
   * Whether a path matches. An AS_SET stands for any sequence, with repetitions, of its members, as in BIRD; so
   * this walks the set of path positions that the mask read so far can have reached.
   */
  match(path: AsPath): boolean {
    if (this.#isSimple && path.plainLength >= 0) return this.#matchPlain(path);
    const positions = path.positions();
    const end = positions.length;
    if (end >= this.#reached.length) {
      this.#reached = new Uint8Array(end * 2);
      this.#next = new Uint8Array(end * 2);
    }
    let reached = this.#reached;
    let next = this.#next;
    reached.fill(0, 0, end + 1);
    reached[0] = 1;
    for (const { item, repeat } of this.items) {
      next.fill(0, 0, end + 1);
      let some = false;
      if (item.kind === 'any') {
        let i = 0;
        while (i <= end && reached[i] === 0) i++;
        some = i <= end;
        next.fill(1, i, end + 1);
      } else {
        for (let i = 0; i < end; i++) {
          if (!reached[i] || !matches(item, positions[i]!)) continue;
          some = true;
          // From inside a set, the next item may match in it again, in a set right after it, or behind them.
          let after = i;
          if (typeof positions[i] === 'number') after++;
          else {
            while (after < end && typeof positions[after] !== 'number') {
              next[after] = 1;
              if (repeat) reached[after] = 1;
              after++;
            }
          }
          next[after] = 1;
          if (repeat) reached[after] = 1;
        }
      }
      if (!some) return false;
      [reached, next] = [next, reached];
    }
    return reached[end] === 1;
  }

  same(other: PathMask): boolean {
    return this.format() === other.format();
  }

  format(): string {
    const items = this.items.map(({ item, repeat }) => {
      let text: string;
      if (item.kind === 'any') text = '*';
      else if (item.kind === 'one') text = '?';
      else if (item.kind === 'set') text = item.set.format();
      else text = item.from === item.to ? String(item.from) : `${item.from}..${item.to}`;
      return repeat ? `${text} +` : text;
    });
    return ['[=', ...items, '=]'].join(' ');
  }
}

function matches(item: Exclude<MaskItem, { kind: 'any' }>, position: Position): boolean {
  if (typeof position === 'number') return matchesNumber(item, position);
  // An empty AS_SET counts as one position, too.
  return item.kind === 'one' || position.some((as) => matchesNumber(item, as));
}

function matchesNumber(item: Exclude<MaskItem, { kind: 'any' }>, as: number): boolean {
  if (item.kind === 'one') return true;
  return item.kind === 'set' ? item.set.hasNumber(as) : as >= item.from && as <= item.to;
}

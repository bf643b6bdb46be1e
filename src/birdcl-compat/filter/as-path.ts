/** AS paths and path masks. A path is its wire form with 4-octet AS numbers (RFC 4271 section 4.3, RFC 6793). */
import type { ValueSet } from './sets.ts';

/** RFC 4271 section 4.3 b, RFC 5065 section 3. */
const SEGMENT = { set: 1, sequence: 2, confedSequence: 3, confedSet: 4 } as const;
/** A segment's AS count is one byte. */
const MAX_SEGMENT = 255;

/** An AS number, or the members of an AS_SET, at one position of a path. */
type Position = number | readonly number[];

export class AsPath {
  readonly bytes: Uint8Array;
  #positions: Position[] | undefined;
  #length: number | undefined;

  /** @param bytes the attribute's value, well-formed; it is kept, not copied */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
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
    if (this.#length === undefined) {
      let length = 0;
      this.#segments((type, asNumbers) => {
        if (type === SEGMENT.sequence) length += asNumbers.length;
        else if (type === SEGMENT.set) length += 1;
      });
      this.#length = length;
    }
    return this.#length;
  }

  /** Positions as a path mask sees them: confederation segments count like others. */
  positions(): readonly Position[] {
    if (!this.#positions) {
      const positions: Position[] = [];
      this.#segments((type, asNumbers) => {
        if (type === SEGMENT.set || type === SEGMENT.confedSet) positions.push(asNumbers);
        else positions.push(...asNumbers);
      });
      this.#positions = positions;
    }
    return this.#positions;
  }

  /** The neighbour's AS; 0 where the path is empty or starts with a set. */
  get first(): number {
    let first: number | undefined;
    this.#segments((type, asNumbers) => {
      if (first !== undefined || type === SEGMENT.confedSequence || type === SEGMENT.confedSet) return;
      first = type === SEGMENT.sequence ? (asNumbers[0] ?? 0) : 0;
    });
    return first ?? 0;
  }

  /** The origin's AS; 0 where the path is empty or ends with a set of several. */
  get last(): number {
    let last = 0;
    this.#segments((type, asNumbers) => {
      if (type === SEGMENT.sequence && asNumbers.length > 0) last = asNumbers.at(-1)!;
      else if (type === SEGMENT.set) last = 0;
    });
    return last;
  }

  /** The last AS before the first AS_SET. */
  get lastNonAggregated(): number {
    let last = 0;
    let aggregated = false;
    this.#segments((type, asNumbers) => {
      if (type === SEGMENT.set || type === SEGMENT.confedSet) aggregated = true;
      if (!aggregated && type === SEGMENT.sequence && asNumbers.length > 0) last = asNumbers.at(-1)!;
    });
    return last;
  }

  /** Every AS number, those in sets too. */
  asNumbers(): number[] {
    return this.positions().flat();
  }

  contains(as: number): boolean {
    return this.positions().some((position) =>
      typeof position === 'number' ? position === as : position.includes(as),
    );
  }

  matchesSet(set: ValueSet): boolean {
    return this.asNumbers().some((as) => set.hasNumber(as));
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
    return new AsPath(Uint8Array.from(out));
  }

  /** RFC 5065 section 3: whether the path has a segment inside a confederation. */
  get hasConfederation(): boolean {
    let found = false;
    this.#segments((type) => {
      found ||= type === SEGMENT.confedSequence || type === SEGMENT.confedSet;
    });
    return found;
  }

  get hasSets(): boolean {
    let found = false;
    this.#segments((type) => {
      found ||= type === SEGMENT.set || type === SEGMENT.confedSet;
    });
    return found;
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

  constructor(items: readonly { item: MaskItem; repeat: boolean }[]) {
    this.items = items;
  }

  /**
   * Whether a path matches. An AS_SET stands for any sequence, with repetitions, of its members, as in BIRD; so
   * this walks the set of path positions that the mask read so far can have reached.
   */
  match(path: AsPath): boolean {
    const positions = path.positions();
    const end = positions.length;
    let reached = new Uint8Array(end + 1);
    reached[0] = 1;
    for (const { item, repeat } of this.items) {
      const next = new Uint8Array(end + 1);
      let some = false;
      if (item.kind === 'any') {
        for (let i = reached.indexOf(1); i >= 0 && i <= end; i++) next[i] = 1;
        some = true;
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
      reached = next;
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
  if (item.kind === 'one') return true;
  const test = (as: number): boolean =>
    item.kind === 'set' ? item.set.hasNumber(as) : as >= item.from && as <= item.to;
  return typeof position === 'number' ? test(position) : position.some(test);
}

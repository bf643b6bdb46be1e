/** Building sets from their literals. */
import { ConfError } from '../conf/diagnostics.ts';
import type { Expression, SetItem } from './ast.ts';
import { ValueSet } from './sets.ts';
import type { Range, Scalar } from './sets.ts';
import { maySetHold, typeName } from './types.ts';
import type { Type } from './types.ts';
import { makeEc } from './values.ts';
import type { LargeCommunity, Value } from './values.ts';

export type Resolve = (node: Expression) => { type: Type; value: Value };

const ALL16 = 0xffff;
const ALL32 = 0xffff_ffff;

interface Bounds {
  readonly from: number;
  readonly to: number;
  readonly wild: boolean;
}

type TupleItem = Extract<SetItem, { kind: 'tuple' }>;

function integer(node: Expression, resolve: Resolve): number {
  const { type, value } = resolve(node);
  if (type !== 'int') throw new ConfError(node.at, 'Integer expression expected');
  return value as number;
}

function bounds(item: TupleItem, index: number, all: number, resolve: Resolve): Bounds {
  const part = item.parts[index]!;
  if (!part.from) return { from: 0, to: all, wild: true };
  const from = integer(part.from, resolve);
  const to = part.to ? integer(part.to, resolve) : from;
  if (Math.max(from, to) > all)
    throw new ConfError(item.at, `Value ${Math.max(from, to)} out of range (0-${all})`);
  if (to < from) throw new ConfError(item.at, 'From value cannot be higher that To value in pair sets');
  return { from, to, wild: false };
}

/** Ranges of pairs. A range in the first part with one in the second is a rectangle: one range per first value. */
function pairRanges(item: TupleItem, resolve: Resolve): Range<number>[] {
  const pair = (a: number, b: number): number => ((a << 16) | b) >>> 0;
  const first = bounds(item, 0, ALL16, resolve);
  const second = bounds(item, 1, ALL16, resolve);
  if (item.to) {
    const [a, b] = item.to.map((node) => integer(node, resolve));
    if (a! < first.from || b! < second.from) {
      throw new ConfError(item.at, 'From value cannot be higher that To value in pair sets');
    }
    return [{ from: pair(first.from, second.from), to: pair(a!, b!) }];
  }
  if (second.wild) return [{ from: pair(first.from, 0), to: pair(first.to, ALL16) }];
  const ranges: Range<number>[] = [];
  for (let i = first.from; i <= first.to; i++)
    ranges.push({ from: pair(i, second.from), to: pair(i, second.to) });
  return ranges;
}

function ecRange(item: TupleItem, resolve: Resolve): Range<bigint> {
  const ec = item.ec!;
  const part = item.parts[0]!;
  if (!part.from || part.to)
    throw new ConfError(item.at, 'The key of an extended community in a set is one value');
  const word = integer(part.from, resolve);
  const kind = ec.name === 'unknown' ? ec.code! : ec.name;
  const narrow = ec.name !== 'generic' && word >= 0x10000;
  const value = bounds(item, 1, narrow ? ALL16 : ALL32, resolve);
  const from = makeEc(kind, word, false, value.from);
  const to = makeEc(kind, word, false, value.to);
  if (typeof from === 'string') throw new ConfError(item.at, from);
  if (typeof to === 'string') throw new ConfError(item.at, to);
  return { from, to };
}

/** BIRD orders large communities by parts, so a range in one part is followed by wildcards only. */
function lcRange(item: TupleItem, resolve: Resolve): Range<LargeCommunity> {
  const parts = [0, 1, 2].map((i) => bounds(item, i, ALL32, resolve));
  if (item.to) {
    const to = item.to.map((node) => integer(node, resolve)) as unknown as LargeCommunity;
    return { from: parts.map(({ from }) => from) as unknown as LargeCommunity, to };
  }
  let open = false;
  for (const part of parts) {
    if (open && !part.wild) {
      throw new ConfError(item.at, "In a large community, only '*' may follow a range or '*'");
    }
    open ||= part.wild || part.from !== part.to;
  }
  return {
    from: parts.map(({ from }) => from) as unknown as LargeCommunity,
    to: parts.map(({ to }) => to) as unknown as LargeCommunity,
  };
}

function singleRange(
  item: Extract<SetItem, { kind: 'single' }>,
  resolve: Resolve,
): { type: Type; range: Range } {
  const from = resolve(item.from);
  if (!maySetHold(from.type)) throw new ConfError(item.at, `${typeName(from.type)}: set-incompatible type`);
  if (!item.to) return { type: from.type, range: { from: from.value as Scalar, to: from.value as Scalar } };
  const to = resolve(item.to);
  if (to.type !== from.type) throw new ConfError(item.to.at, 'Both ends of a range must be of the same type');
  return { type: from.type, range: { from: from.value as Scalar, to: to.value as Scalar } };
}

export interface SetOptions {
  readonly resolve: Resolve;
  /** See `ValueSet`. */
  readonly asWritten: boolean;
  /** Takes notices about elements. */
  notice(at: number, message: string): void;
}

/**
 * The set with the given elements. As in BIRD, an element of another type than the first one is no error; it is not a
 * member of anything. Throws `ConfError`.
 */
export function buildSet(items: readonly SetItem[], { resolve, asWritten, notice }: SetOptions): ValueSet {
  const ranges: Range[] = [];
  let element: Type = 'void';
  for (const item of items) {
    const { length } = ranges;
    let type: Type;
    if (item.kind === 'single') {
      const single = singleRange(item, resolve);
      type = single.type;
      ranges.push(single.range);
    } else if (item.ec) {
      type = 'ec';
      ranges.push(ecRange(item, resolve));
    } else if (item.parts.length === 2) {
      type = 'pair';
      ranges.push(...pairRanges(item, resolve));
    } else {
      type = 'lc';
      ranges.push(lcRange(item, resolve));
    }
    if (element !== 'void' && element !== type) {
      notice(
        item.at,
        `an element of type ${typeName(type)} never matches in a set of type ${typeName(element)}`,
      );
      ranges.length = length;
      continue;
    }
    element = type;
  }
  return new ValueSet(element, ranges, asWritten);
}

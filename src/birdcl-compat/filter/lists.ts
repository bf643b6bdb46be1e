/** Operators on lists and paths at run time. */
import type { IpAddress } from '../../base/ip.ts';
import type { AsPath } from './as-path.ts';
import { compare, inSet, quadOf } from './compare.ts';
import { setFits } from './operators.ts';
import { FilterError } from './runtime-error.ts';
import { ValueSet } from './sets.ts';
import type { Type } from './types.ts';
import { compareLarge } from './values.ts';
import type { LargeCommunity, Value } from './values.ts';

type List = readonly (number | bigint | LargeCommunity)[];

function asList(type: Type, item: Value, at: number): List {
  if (type === 'clist' || type === 'eclist' || type === 'lclist') return item as List;
  if (type === 'ip') {
    const quad = quadOf(item as IpAddress);
    if (quad === undefined) throw new FilterError(at, 'Mismatched IP type');
    return [quad];
  }
  return [item as number | bigint | LargeCommunity];
}

function listHas(list: List, item: number | bigint | LargeCommunity): boolean {
  if (typeof item !== 'object') return list.includes(item);
  return list.some((other) => compareLarge(other as LargeCommunity, item) === 0);
}

/**
 * The list itself where it has as many members as before: an absent list that no member was put into is still absent to
 * `defined`.
 */
function changed(before: List, after: List): Value {
  return (after.length === before.length ? before : after) as unknown as Value;
}

/** What an attribute can hold (RFC 4271 section 4.3). */
const MAX_BYTES = 65535;
const ITEM_BYTES: Readonly<Record<string, number>> = { number: 4, bigint: 8, object: 12 };

/** The path with one AS number in front, as long as an attribute can hold it. */
export function pathPrepend(path: AsPath, as: number, at: number): AsPath {
  if (path.bytes.length > MAX_BYTES) throw new FilterError(at, 'AS path too long');
  return path.prepend(as);
}

/** A list with an element, or with those of another list, added where they are missing. */
export function listAdd(list: Value, itemType: Type, item: Value, at: number): Value {
  const result = [...(list as List)];
  for (const added of asList(itemType, item, at)) if (!listHas(result, added)) result.push(added);
  if (result.length * ITEM_BYTES[typeof result[0]]! > MAX_BYTES) throw new FilterError(at, 'List too long');
  return changed(list as List, result);
}

function checkElement(listType: Type, { element }: ValueSet, at: number): void {
  if (!setFits(listType, element)) throw new FilterError(at, 'Mismatched set type');
}

/** A list without (or with only) what is in an element, list or set. */
export function listFilter(
  listType: Type,
  list: Value,
  itemType: Type,
  item: Value,
  keep: boolean,
  at: number,
): Value {
  const items = list as List;
  if (itemType === 'set') {
    const set = item as ValueSet;
    checkElement(listType, set, at);
    return changed(
      items,
      items.filter((member) => inSet(listType, [member] as unknown as Value, set) === keep),
    );
  }
  const others = asList(itemType, item, at);
  return changed(
    items,
    items.filter((member) => listHas(others, member) === keep),
  );
}

/** A path without (or with only) one AS number or those of a set. */
export function pathFilter(path: AsPath, itemType: Type, item: Value, keep: boolean, at: number): AsPath {
  const set = itemType === 'set' ? (item as ValueSet) : oneOf(item as number);
  checkElement('bgppath', set, at);
  return path.filter(set, keep);
}

function oneOf(as: number): ValueSet {
  return new ValueSet('int', [{ from: as, to: as }]);
}

/** The least or greatest member of a list; zero where it is empty, as in BIRD. */
export function listExtreme(type: Type, list: Value, sign: 1 | -1): Value {
  const items = list as List;
  const zero = type === 'clist' ? 0 : type === 'eclist' ? 0n : ([0, 0, 0] as const);
  const element: Type = type === 'lclist' ? 'lc' : 'int';
  return (
    items.reduce<Value>(
      (best, item) =>
        best === undefined || compare(element, item as Value, best) * sign > 0 ? (item as Value) : best,
      undefined,
    ) ?? (zero as Value)
  );
}

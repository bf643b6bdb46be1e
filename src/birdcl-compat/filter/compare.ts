/** Comparing and matching values at run time: `=`, `<`, `~`. */
import type { IpAddress } from '../../base/ip.ts';
import type { AsPath, PathMask } from './as-path.ts';
import { EMPTY_PATH } from './as-path.ts';
import { compareNet, hasAddresses } from './nets.ts';
import type { Net } from './nets.ts';
import { setFits } from './operators.ts';
import type { PrefixSet } from './prefix-set.ts';
import { FilterError } from './runtime-error.ts';
import type { ValueSet } from './sets.ts';
import type { Type } from './types.ts';
import { EMPTY_LIST, compareIp, compareLarge, prefixContains } from './values.ts';
import type { LargeCommunity, Value } from './values.ts';

/** BIRD's `defined`: neither void nor the empty list or path that stands for an absent attribute. */
export function isDefined(value: Value): boolean {
  return value !== undefined && value !== EMPTY_PATH && value !== EMPTY_LIST;
}

/** -1, 0 or 1 as two values of one ordered type compare. Void is less than anything. */
export function compare(type: Type, a: Value, b: Value): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  switch (type) {
    case 'ip':
      return compareIp(a as IpAddress, b as IpAddress);
    case 'prefix':
      return Math.sign(compareNet(a as Net, b as Net));
    case 'bgppath':
      return (a as AsPath).compare(b as AsPath);
    case 'lc':
      return Math.sign(compareLarge(a as LargeCommunity, b as LargeCommunity));
    default:
      return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
  }
}

function equalIp({ words: a }: IpAddress, { words: b }: IpAddress): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether two values of one type are the same. */
export function same(type: Type, a: Value, b: Value): boolean {
  if (a === undefined || b === undefined) return a === b;
  switch (type) {
    case 'bgppath':
      return (a as AsPath).same(b as AsPath);
    case 'ip':
      return equalIp(a as IpAddress, b as IpAddress);
    case 'bgpmask':
      return (a as PathMask).same(b as PathMask);
    case 'set':
      return (a as ValueSet).same(b as ValueSet);
    case 'prefix set':
      return (a as PrefixSet).same(b as PrefixSet);
    case 'clist':
    case 'eclist': {
      const [left, right] = [a as readonly number[], b as readonly number[]];
      return left.length === right.length && left.every((item, i) => item === right[i]);
    }
    case 'lclist': {
      const [left, right] = [a as readonly LargeCommunity[], b as readonly LargeCommunity[]];
      return left.length === right.length && left.every((item, i) => compareLarge(item, right[i]!) === 0);
    }
    default:
      return compare(type, a, b) === 0;
  }
}

/** A quad and an address: the same where the address is that IPv4 address. */
export function quadOf(ip: IpAddress | undefined): number | undefined {
  return ip?.version === 4 ? ip.words[0] : undefined;
}

/** `value ~ set`. */
export function inSet(type: Type, value: Value, set: ValueSet): boolean {
  switch (type) {
    case 'clist':
      if (set.element === 'ip') {
        return (value as readonly number[]).some((word) => set.has({ version: 4, words: [word] }));
      }
      return (value as readonly number[]).some((word) => set.hasNumber(word));
    case 'eclist':
      return (value as readonly bigint[]).some((item) => set.has(item));
    case 'lclist':
      return (value as readonly LargeCommunity[]).some((item) => set.has(item));
    case 'bgppath':
      return (value as AsPath).matchesSet(set);
    case 'quad':
      if (set.element === 'ip') return set.has({ version: 4, words: [value as number] });
      return set.hasNumber(value as number);
    case 'ip':
      return set.element === 'ip' && set.has(value as IpAddress);
    default:
      return set.has(value as number | bigint | LargeCommunity);
  }
}

/** `inSet` of a set that is only known at run time: its elements may not fit. */
export function inAnySet(type: Type, value: Value, set: ValueSet, at: number): boolean {
  if (!setFits(type, set.element)) throw new FilterError(at, '~ applied on unknown type pair');
  return inSet(type, value, set);
}

/** Whether an element is in a list: `element ~ list`. */
export function inList(type: Type, element: Value, list: Value): boolean {
  switch (type) {
    case 'ip':
      return (list as readonly number[]).includes(quadOf(element as IpAddress) ?? -1);
    case 'ec':
      return (list as readonly bigint[]).includes(element as bigint);
    case 'lc':
      return (list as readonly LargeCommunity[]).some(
        (item) => compareLarge(item, element as LargeCommunity) === 0,
      );
    default:
      return (list as readonly number[]).includes(element as number);
  }
}

/** Whether an address is in a network; networks without addresses hold none. */
export function netContains(net: Net, ip: IpAddress): boolean {
  return hasAddresses(net) && prefixContains(net, ip);
}

/** Whether a network lies in another one of its kind. */
export function netWithin(inner: Net, outer: Net): boolean {
  return inner.kind === outer.kind && inner.length >= outer.length && netContains(outer, inner.ip);
}

/** What compiled filters call at run time: attributes of the route at hand, changes to them, operators on values. */
import type { IpAddress } from '../../base/ip.ts';
import { formatIp, formatIpv4, ipFromBytes, ipToBytes } from '../../base/ip.ts';
import { ATTR, FLAG, LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../../rib/attrs/edit.ts';
import { HAS } from '../../rib/attrs/store.ts';
import type { AttrStore } from '../../rib/attrs/store.ts';
import { NO_ATTRS } from '../../rib/policy.ts';
import type { PolicyContext } from '../../rib/policy.ts';
import { AsPath, EMPTY_PATH, PathMask } from './as-path.ts';
import type { MaskItem } from './as-path.ts';
import { PrefixSet, ValueSet } from './sets.ts';
import type { Type } from './types.ts';
import {
  EMPTY_LIST,
  compareIp,
  compareLarge,
  comparePrefix,
  formatEc,
  formatLarge,
  formatPair,
  formatPrefix,
  makeEc,
  maskIp,
  prefixContains,
} from './values.ts';
import type { LargeCommunity, Prefix, Value } from './values.ts';

/** A filter failed on a route: it is rejected, and the message logged with the place in the text. */
export class FilterError extends Error {
  /** Token of the expression. */
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** Thrown where a function that is called inside an expression accepts or rejects the route. */
export const VERDICT_REACHED = new Error('verdict reached');

export const VERDICT = { none: 0, accept: 1, reject: 2 } as const;

const OPTIONAL_TRANSITIVE = FLAG.optional | FLAG.transitive;

/** Flags of attributes that filters set (RFC 4271 section 5 and the attributes' own RFCs). */
const SET_FLAGS: Readonly<Record<number, number>> = {
  [ATTR.origin]: FLAG.transitive,
  [ATTR.asPath]: FLAG.transitive,
  [ATTR.nextHop]: FLAG.transitive,
  [ATTR.med]: FLAG.optional,
  [ATTR.localPref]: FLAG.transitive,
  [ATTR.communities]: OPTIONAL_TRANSITIVE,
  [ATTR.originatorId]: FLAG.optional,
  [ATTR.clusterList]: FLAG.optional,
  [ATTR.extendedCommunities]: OPTIONAL_TRANSITIVE,
  [ATTR.largeCommunities]: OPTIONAL_TRANSITIVE,
  [ATTR.onlyToCustomer]: OPTIONAL_TRANSITIVE,
  [LOCAL_ATTR.preference]: 0,
  [LOCAL_ATTR.igpMetric]: 0,
};

/** BIRD's `RTS_` numbers for `source`. */
const SOURCE_NUMBER = { static: 1, direct: 3, bgp: 11 } as const;
const NET_TYPE_NUMBER = [1, 2] as const;
const UNKNOWN_ADDRESS: IpAddress = { version: 6, words: [0, 0, 0, 0] };

/** Where `print` goes. */
export type FilterOutput = (text: string) => void;

/**
 * One route under evaluation. A compiler owns one and uses it for every filter; it holds nothing between routes.
 * Without a store it evaluates constant expressions, which have no route.
 */
export class FilterRun {
  verdict: number = VERDICT.none;
  readonly #store: AttrStore | undefined;
  readonly #editor: AttrEditor | undefined;
  readonly #output: FilterOutput;
  #attrs: number = NO_ATTRS;
  #context: PolicyContext | undefined;
  /** Attributes as changed by this filter; undefined is unset. */
  readonly #changes = new Map<number, Value>();
  /** Attributes decoded for this route. */
  readonly #decoded = new Map<number, Value>();
  #text = '';

  constructor(store: AttrStore | undefined, output: FilterOutput) {
    this.#store = store;
    this.#editor = store && new AttrEditor(store);
    this.#output = output;
  }

  begin(attrs: number, context: PolicyContext): void {
    this.#attrs = attrs;
    this.#context = context;
    this.verdict = VERDICT.none;
    if (this.#changes.size > 0) this.#changes.clear();
    if (this.#decoded.size > 0) this.#decoded.clear();
    this.#text = '';
  }

  /** The attribute set after the filter's changes. */
  result(): number {
    if (this.#changes.size === 0) return this.#attrs;
    const editor = this.#editor!.edit(this.#attrs);
    for (const [code, value] of this.#changes) this.#write(editor, code, value);
    return editor.commit();
  }

  #write(editor: AttrEditor, code: number, value: Value): void {
    if (code === ATTR.nextHop) {
      editor.remove(ATTR.nextHop).remove(ATTR.mpReach);
      if (value === undefined) return;
      const ip = value as IpAddress;
      if (ip.version === 4) editor.set(ATTR.nextHop, FLAG.transitive, ipToBytes(ip));
      else editor.set(ATTR.mpReach, FLAG.optional, ipToBytes(ip));
      return;
    }
    // A list without members is not sent, and so not kept.
    const empty = Array.isArray(value) && value.length === 0;
    if (value === undefined || empty) editor.remove(code);
    else editor.set(code, SET_FLAGS[code]!, encodeAttribute(code, value));
  }

  #route(at: number): AttrStore {
    if (!this.#store || !this.#context) throw new FilterError(at, 'No route to access');
    return this.#store;
  }

  /** The value of an attribute, undefined where the route has none; lists and paths are then empty. */
  get(code: number, at: number): Value {
    if (this.#changes.size > 0 && this.#changes.has(code)) return this.#changes.get(code) ?? emptyOf(code);
    const store = this.#route(at);
    const attrs = this.#attrs;
    switch (code) {
      case ATTR.localPref:
        return (store.flags[attrs]! & HAS.localPref) === 0 ? undefined : store.localPref[attrs];
      case ATTR.med:
        return (store.flags[attrs]! & HAS.med) === 0 ? undefined : store.med[attrs];
      case ATTR.origin:
        return (store.flags[attrs]! & HAS.origin) === 0 ? undefined : store.origin[attrs];
      case LOCAL_ATTR.preference:
        return store.preference[attrs];
      default:
        break;
    }
    if (this.#decoded.has(code)) return this.#decoded.get(code);
    const value = decodeAttribute(store, attrs, code);
    this.#decoded.set(code, value);
    return value;
  }

  /** Sets an attribute; undefined takes it away. */
  set(code: number, value: Value): void {
    this.#changes.set(code, value);
  }

  net(at: number): Prefix {
    this.#route(at);
    const { family, netWords, netAt, netLength } = this.#context!;
    const words = Array.from(netWords.subarray(netAt, netAt + (family === 0 ? 1 : 4)));
    return { ip: { version: family === 0 ? 4 : 6, words }, length: netLength };
  }

  netLength(at: number): number {
    this.#route(at);
    return this.#context!.netLength;
  }

  netIn(set: PrefixSet, at: number): boolean {
    this.#route(at);
    const { family, netWords, netAt, netLength } = this.#context!;
    return set.match(netWords, netAt, netLength, family === 0 ? 4 : 6);
  }

  from(at: number): IpAddress {
    this.#route(at);
    return this.#context!.source.address ?? UNKNOWN_ADDRESS;
  }

  proto(at: number): string {
    this.#route(at);
    return this.#context!.source.protocol;
  }

  source(at: number): number {
    this.#route(at);
    return SOURCE_NUMBER[this.#context!.source.kind];
  }

  print(text: string): void {
    this.#text += text;
  }

  flush(): void {
    this.#output(this.#text);
    this.#text = '';
  }

  /** Fails on void, which only `defined` and comparisons may meet. */
  need<T>(value: T | undefined, at: number): T {
    if (value === undefined) throw new FilterError(at, 'Argument must be defined, got void');
    return value;
  }

  /** The value of a call inside an expression, which ends there where the function gave a verdict. */
  called<T>(value: T): T {
    if (this.verdict !== VERDICT.none) throw VERDICT_REACHED;
    return value;
  }
}

function emptyOf(code: number): Value {
  switch (code) {
    case ATTR.asPath:
      return EMPTY_PATH;
    case ATTR.communities:
    case ATTR.clusterList:
    case ATTR.extendedCommunities:
    case ATTR.largeCommunities:
      return EMPTY_LIST;
    default:
      return undefined;
  }
}

function decodeAttribute(store: AttrStore, attrs: number, code: number): Value {
  let at = store.valueAt(attrs, code);
  if (at < 0 && code === ATTR.nextHop) {
    at = store.valueAt(attrs, ATTR.mpReach);
    // A link-local address may follow the global one.
    return at < 0 ? undefined : ipFromBytes(store.bytes, at, 16);
  }
  if (at < 0) return emptyOf(code);
  const { bytes, foundLength: length } = store;
  const word = (index: number): number => {
    const i = at + index * 4;
    return ((bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!) >>> 0;
  };
  switch (code) {
    case ATTR.asPath:
      return new AsPath(bytes.slice(at, at + length));
    case ATTR.nextHop:
      return ipFromBytes(bytes, at, 4);
    case ATTR.communities:
    case ATTR.clusterList:
      return Array.from({ length: length >> 2 }, (_, i) => word(i));
    case ATTR.extendedCommunities:
      return Array.from(
        { length: length >> 3 },
        (_, i) => (BigInt(word(i * 2)) << 32n) | BigInt(word(i * 2 + 1)),
      );
    case ATTR.largeCommunities:
      return Array.from({ length: Math.floor(length / 12) }, (_, i): LargeCommunity => {
        return [word(i * 3), word(i * 3 + 1), word(i * 3 + 2)];
      });
    case ATTR.originatorId:
    case ATTR.onlyToCustomer:
    case LOCAL_ATTR.igpMetric:
      return word(0);
    default:
      // Attributes that can only be asked whether they are there.
      return true;
  }
}

function encodeAttribute(code: number, value: Value): Uint8Array {
  switch (code) {
    case ATTR.origin:
      return Uint8Array.of(value as number);
    case ATTR.asPath:
      return (value as AsPath).bytes;
    case ATTR.communities:
    case ATTR.clusterList:
      return wordsToBytes(value as readonly number[]);
    case ATTR.extendedCommunities:
      return wordsToBytes(
        (value as readonly bigint[]).flatMap((ec) => [Number(ec >> 32n), Number(ec & 0xffff_ffffn)]),
      );
    case ATTR.largeCommunities:
      return wordsToBytes((value as readonly LargeCommunity[]).flat());
    default:
      return u32Bytes(value as number);
  }
}

function wordsToBytes(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(i * 4, word));
  return bytes;
}

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
      return Math.sign(comparePrefix(a as Prefix, b as Prefix));
    case 'lc':
      return Math.sign(compareLarge(a as LargeCommunity, b as LargeCommunity));
    default:
      return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
  }
}

/** Whether two values of one type are the same. */
export function same(type: Type, a: Value, b: Value): boolean {
  if (a === undefined || b === undefined) return a === b;
  switch (type) {
    case 'bgppath':
      return (a as AsPath).same(b as AsPath);
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

/** BIRD's string patterns: `*` and `?`, whole string. */
export function matchesText(text: string, pattern: string): boolean {
  const expression = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}

/** Whether a network lies in another one. */
export function netWithin(inner: Prefix, outer: Prefix): boolean {
  return inner.length >= outer.length && prefixContains(outer, inner.ip);
}

type List = readonly (number | bigint | LargeCommunity)[];

function asList(type: Type, item: Value): List {
  if (type === 'clist' || type === 'eclist' || type === 'lclist') return item as List;
  if (type === 'ip') return [quadOf(item as IpAddress)!];
  return [item as number | bigint | LargeCommunity];
}

function listHas(list: List, item: number | bigint | LargeCommunity): boolean {
  if (typeof item !== 'object') return list.includes(item);
  return list.some((other) => compareLarge(other as LargeCommunity, item) === 0);
}

/** A list with an element, or with those of another list, added where they are missing. */
export function listAdd(list: Value, itemType: Type, item: Value): Value {
  const result = [...(list as List)];
  for (const added of asList(itemType, item)) if (!listHas(result, added)) result.push(added);
  return result as unknown as Value;
}

/** A list without (or with only) what is in an element, list or set. */
export function listFilter(listType: Type, list: Value, itemType: Type, item: Value, keep: boolean): Value {
  const items = list as List;
  if (itemType === 'set') {
    const set = item as ValueSet;
    return items.filter(
      (member) => inSet(listType, [member] as unknown as Value, set) === keep,
    ) as unknown as Value;
  }
  const others = asList(itemType, item);
  return items.filter((member) => listHas(others, member) === keep) as unknown as Value;
}

/** A path without (or with only) one AS number or those of a set. */
export function pathFilter(path: AsPath, itemType: Type, item: Value, keep: boolean): AsPath {
  const set = itemType === 'set' ? (item as ValueSet) : oneOf(item as number);
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

/** An extended community at run time. Throws `FilterError`. */
export function ecValue(
  kind: 'rt' | 'ro' | 'generic' | number,
  keyType: Type,
  key: Value,
  value: number,
  at: number,
): bigint {
  const isIp = keyType === 'ip';
  const word = isIp ? quadOf(key as IpAddress) : (key as number);
  if (word === undefined)
    throw new FilterError(at, 'Argument 1 of EC constructor must be integer or IPv4 address');
  const result = makeEc(kind, word, isIp || keyType === 'quad', value);
  if (typeof result === 'string') throw new FilterError(at, result);
  return result;
}

export function pairValue(a: number, b: number, at: number): number {
  if (a > 0xffff || b > 0xffff) {
    throw new FilterError(at, "Can't operate with value out of bounds in pair constructor");
  }
  return ((a << 16) | b) >>> 0;
}

export function divide(a: number, b: number, at: number): number {
  if (b === 0) throw new FilterError(at, 'Mother told me not to divide by 0');
  return Math.floor(a / b);
}

/** A path mask from its items; `+` repeats the item before it. */
export function maskOf(items: readonly (MaskItem | 'repeat' | { number: number } | ValueSet)[]): PathMask {
  const list: { item: MaskItem; repeat: boolean }[] = [];
  for (const entry of items) {
    if (entry === 'repeat') {
      const last = list.at(-1);
      if (last) last.repeat = true;
    } else if (entry instanceof ValueSet) list.push({ item: { kind: 'set', set: entry }, repeat: false });
    else if ('number' in entry) {
      list.push({ item: { kind: 'range', from: entry.number, to: entry.number }, repeat: false });
    } else list.push({ item: entry, repeat: false });
  }
  return new PathMask(list);
}

/** BIRD's text of a value, as `print` writes it. */
export function formatValue(type: Type, value: Value): string {
  if (value === undefined) return '(void)';
  switch (type) {
    case 'bool':
      return value ? 'TRUE' : 'FALSE';
    case 'ip':
      return formatIp(value as IpAddress);
    case 'prefix':
      return formatPrefix(value as Prefix);
    case 'pair':
      return formatPair(value as number);
    case 'quad':
      return formatIpv4(value as number);
    case 'ec':
      return formatEc(value as bigint);
    case 'lc':
      return formatLarge(value as LargeCommunity);
    case 'bgppath':
      return `(path ${(value as AsPath).format()})`;
    case 'clist':
      return `(clist ${(value as readonly number[]).map(formatPair).join(' ')})`;
    case 'eclist':
      return `(eclist ${(value as readonly bigint[]).map(formatEc).join(' ')})`;
    case 'lclist':
      return `(lclist ${(value as readonly LargeCommunity[]).map(formatLarge).join(' ')})`;
    case 'bgpmask':
      return (value as PathMask).format();
    case 'set':
      return (value as ValueSet).format();
    case 'prefix set':
      return (value as PrefixSet).format();
    default:
      return type.startsWith('enum ') ? `(enum)${value as number}` : String(value as number | string);
  }
}

/** The kind of a network, BIRD's `NET_` numbers. */
export function netType(prefix: Prefix): number {
  return NET_TYPE_NUMBER[prefix.ip.version === 4 ? 0 : 1];
}

export { maskIp, prefixContains };

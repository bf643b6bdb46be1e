/** One route under evaluation: its attributes, what the filter changed, what it printed. */
import type { IpAddress } from '../../base/ip.ts';
import { ipToBytes } from '../../base/ip.ts';
import { ATTR, DESTINATION, FLAG, LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import { AttrEditor } from '../../rib/attrs/edit.ts';
import { HAS } from '../../rib/attrs/store.ts';
import type { AttrStore } from '../../rib/attrs/store.ts';
import { NO_ATTRS } from '../../rib/policy.ts';
import type { PolicyContext } from '../../rib/policy.ts';
import { decodeAttribute, emptyOf, encodeAttribute } from './attribute-codec.ts';
import { ATTRIBUTE_TYPES, ATTRIBUTES, FILTER_ATTR, NO_ATTRIBUTE } from './attributes.ts';
import { ENUMERATORS } from './enumerators.ts';
import { NO_ADDRESS } from './nets.ts';
import type { Net } from './nets.ts';
import type { PrefixSet } from './prefix-set.ts';
import { FilterError, VERDICT, VERDICT_REACHED } from './runtime-error.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';

/** BIRD's `RTS_` numbers for `source`. */
const SOURCE_NUMBER = { static: 1, direct: 3, bgp: 11 } as const;

const RTD = {
  unicast: ENUMERATORS.get('RTD_UNICAST')!.value,
  blackhole: ENUMERATORS.get('RTD_BLACKHOLE')!.value,
  unreachable: ENUMERATORS.get('RTD_UNREACHABLE')!.value,
  prohibit: ENUMERATORS.get('RTD_PROHIBIT')!.value,
} as const;

/** BIRD's `RTD_` numbers, by what the rib knows. */
const RTD_OF_DESTINATION: Readonly<Record<number, number>> = {
  [DESTINATION.blackhole]: RTD.blackhole,
  [DESTINATION.unreachable]: RTD.unreachable,
  [DESTINATION.prohibit]: RTD.prohibit,
  // As long as nothing resolves next hops.
  [DESTINATION.recursive]: RTD.unreachable,
};
const DESTINATION_OF_RTD: Readonly<Record<number, number>> = {
  [RTD.blackhole]: DESTINATION.blackhole,
  [RTD.unreachable]: DESTINATION.unreachable,
  [RTD.prohibit]: DESTINATION.prohibit,
};

/** Attribute codes, local ones included, are below this. */
const CODES = 512;
/** Local attributes have one byte for their length. */
const MAX_LOCAL_LENGTH = 255;
const MAX_WEIGHT = 256;
/** RFC 3032: labels have 20 bits. BIRD takes the implicit null label for none. */
const MAX_LABEL = 0xfffff;
const IMPLICIT_NULL_LABEL = 3;
const MAX_LABEL_STACK = 16;
/** Function calls and rounds of loops that one route may take; no filter that is meant well comes near. */
const MAX_STEPS = 1_000_000;

/** Where `print` goes. */
export type FilterOutput = (text: string) => void;

/** What `bt_assert` found: the condition as written, and its token. */
export type AssertHook = (held: boolean, at: number, text: string) => void;

/** A network that is no IP prefix, in place of the context's. */
export interface FilterContext extends PolicyContext {
  readonly net?: Net;
}

function initialTypes(): Type[] {
  const types = new Array<Type>(CODES).fill('opaque');
  for (const [code, type] of ATTRIBUTE_TYPES) types[code] = type;
  types[LOCAL_ATTR.destination] = 'int';
  return types;
}

/** Flags of the attributes that have a name, as filters set them. */
const SET_FLAGS: ReadonlyMap<number, number> = new Map(
  [...ATTRIBUTES.values()].flatMap(({ code, flags }) =>
    code === undefined || flags === undefined ? [] : [[code, flags] as const],
  ),
);

/**
 * A compiler owns one and uses it for every filter; it holds nothing between routes.
 * Without a store it evaluates constant expressions and functions, which have no route.
 */
export class FilterRun {
  verdict: number = VERDICT.none;
  /** Token of the statement that gave the last verdict. */
  decidedAt = 0;
  /**
   * Another number for each attribute set that is looked at: conditions that read attributes alone keep their answers as
   * long as it stays, because the routes of one message have one set.
   */
  stamp = 1;
  /** The filter has changed attributes of this route: answers about the set no longer hold. */
  changed = false;
  /** Set while test suites run. */
  assertHook: AssertHook | undefined;
  readonly #store: AttrStore | undefined;
  readonly #editor: AttrEditor | undefined;
  readonly #output: FilterOutput;
  #attrs: number = NO_ATTRS;
  #context: FilterContext | undefined;
  /** How the value of each code is kept. */
  readonly #types: Type[] = initialTypes();
  /** Attributes as changed by this filter; undefined is unset. */
  readonly #changes = new Map<number, Value>();
  /** Attributes decoded for this set, good where the stamp is the current one; routes in a row often share a set. */
  readonly #decoded: Value[] = new Array<Value>(CODES).fill(undefined);
  readonly #stamps = new Uint32Array(CODES);
  #generation = -1;
  #text = '';
  #steps = 0;

  constructor(store: AttrStore | undefined, output: FilterOutput) {
    this.#store = store;
    this.#editor = store && new AttrEditor(store);
    this.#output = output;
  }

  begin(attrs: number, context: FilterContext): void {
    const generation = this.#store!.generation[attrs]!;
    if (attrs !== this.#attrs || generation !== this.#generation) {
      this.#attrs = attrs;
      this.#generation = generation;
      if (++this.stamp > 0xffff_ffff) {
        this.#stamps.fill(0);
        this.stamp = 1;
      }
    }
    this.#context = context;
    this.verdict = VERDICT.none;
    if (this.changed) {
      this.#changes.clear();
      this.changed = false;
    }
    this.#text = '';
    this.#steps = 0;
  }

  /** The attribute set after the filter's changes. Throws `FilterError` where one cannot be kept. */
  result(): number {
    if (!this.changed) return this.#attrs;
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
    if (value === undefined || empty) {
      editor.remove(code);
      return;
    }
    const bytes =
      code === LOCAL_ATTR.destination
        ? Uint8Array.of(value as number)
        : encodeAttribute(code, this.#types[code]!, value);
    const flags = code > 255 ? 0 : (SET_FLAGS.get(code) ?? FLAG.optional | FLAG.transitive);
    editor.set(code, flags, bytes);
  }

  #route(at: number): AttrStore {
    if (!this.#store || !this.#context) throw new FilterError(at, 'No route to access');
    return this.#store;
  }

  /**
   * Code of a custom attribute: the store knows it by name and type, for as long as it lives. Undefined where it
   * knows too many.
   */
  customCode(name: string, type: Type): number | undefined {
    const codes = this.#store?.customCodes;
    if (!codes) return undefined;
    const key = `${type} ${name}`;
    const code = codes.get(key) ?? FILTER_ATTR.custom + codes.size;
    if (code >= NO_ATTRIBUTE) return undefined;
    codes.set(key, code);
    this.#types[code] = type;
    return code;
  }

  /** Says of which type the values of a BGP attribute are that has a name only in this configuration. */
  declare(code: number, type: Type): void {
    this.#types[code] = type;
  }

  /** The value of an attribute; where the route has none, undefined, or an empty list or path. */
  get(code: number, at: number): Value {
    if (this.changed && this.#changes.has(code)) {
      return this.#changes.get(code) ?? emptyOf(this.#types[code]!);
    }
    if (this.#stamps[code] === this.stamp) return this.#decoded[code];
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
    const value = decodeAttribute(store, attrs, code, this.#types[code]!);
    this.#decoded[code] = value;
    this.#stamps[code] = this.stamp;
    return value;
  }

  /** Sets an attribute; undefined takes it away. */
  set(code: number, value: Value, at: number): void {
    this.#route(at);
    if (code === NO_ATTRIBUTE) throw new FilterError(at, 'Too many custom attributes.');
    if (code > 255 && value !== undefined) this.#checkLength(code, value, at);
    this.#changes.set(code, value);
    this.changed = true;
  }

  /** Attributes that stay on this box are short. */
  #checkLength(code: number, value: Value, at: number): void {
    if (typeof value === 'number' || typeof value === 'boolean') return;
    const { length } = encodeAttribute(code, this.#types[code]!, value);
    if (length > MAX_LOCAL_LENGTH) {
      throw new FilterError(
        at,
        `Attribute of ${length} bytes is too long to keep, at most ${MAX_LOCAL_LENGTH}`,
      );
    }
  }

  /** One bit of an attribute's number; undefined where the route has no such attribute. */
  bit(code: number, bit: number, at: number): boolean | undefined {
    const word = this.get(code, at) as number | undefined;
    return word === undefined ? undefined : (word & (1 << bit)) !== 0;
  }

  setBit(code: number, bit: number, value: boolean, at: number): void {
    const word = (this.get(code, at) as number | undefined) ?? 0;
    this.set(code, (value ? word | (1 << bit) : word & ~(1 << bit)) >>> 0, at);
  }

  net(at: number): Net {
    this.#route(at);
    const { family, netWords, netAt, netLength, net } = this.#context!;
    if (net) return net;
    const words = Array.from(netWords.subarray(netAt, netAt + (family === 0 ? 1 : 4)));
    return { ip: { version: family === 0 ? 4 : 6, words }, length: netLength };
  }

  netLength(at: number): number {
    this.#route(at);
    const { net, netLength } = this.#context!;
    return net ? net.length : netLength;
  }

  netIn(set: PrefixSet, at: number): boolean {
    this.#route(at);
    const { family, netWords, netAt, netLength, net } = this.#context!;
    return net ? set.has(net) : set.match(netWords, netAt, netLength, family === 0 ? 4 : 6);
  }

  from(at: number): IpAddress {
    const changed = this.get(FILTER_ATTR.from, at) as IpAddress | undefined;
    return changed ?? this.#context!.source.address ?? NO_ADDRESS;
  }

  proto(at: number): string {
    this.#route(at);
    return this.#context!.source.protocol;
  }

  source(at: number): number {
    this.#route(at);
    return SOURCE_NUMBER[this.#context!.source.kind];
  }

  /** `dest`: next hops are not resolved, so what BGP brings leads nowhere, as in BIRD where it finds no next hop. */
  destination(at: number): number {
    const known = this.get(LOCAL_ATTR.destination, at) as number | undefined;
    if (known !== undefined) return RTD_OF_DESTINATION[known] ?? RTD.unreachable;
    const routed = this.get(FILTER_ATTR.gateway, at) ?? this.get(FILTER_ATTR.interfaceName, at);
    if (routed !== undefined) return RTD.unicast;
    return this.#context!.source.kind === 'bgp' ? RTD.unreachable : RTD.unicast;
  }

  setDestination(value: number, at: number): void {
    const destination = DESTINATION_OF_RTD[value];
    if (destination === undefined) {
      throw new FilterError(at, 'Destination can be changed only to blackhole, unreachable or prohibit');
    }
    this.#leadTo({ destination }, at);
  }

  /** `gw`: of static routes their next hop, of others none unless a filter has set it. */
  gateway(at: number): IpAddress {
    const changed = this.get(FILTER_ATTR.gateway, at) as IpAddress | undefined;
    if (changed) return changed;
    if (this.destination(at) !== RTD.unicast || this.#context!.source.kind === 'bgp') return NO_ADDRESS;
    return (this.get(ATTR.nextHop, at) as IpAddress | undefined) ?? NO_ADDRESS;
  }

  setGateway(gateway: IpAddress, at: number): void {
    this.#leadTo({ gateway }, at);
  }

  setInterface(interfaceName: string, at: number): void {
    this.#leadTo({ interfaceName }, at);
  }

  /** As in BIRD, one of the three takes the place of the others. */
  #leadTo(to: { destination?: number; gateway?: IpAddress; interfaceName?: string }, at: number): void {
    this.set(LOCAL_ATTR.destination, to.destination, at);
    this.set(FILTER_ATTR.gateway, to.gateway, at);
    this.set(FILTER_ATTR.interfaceName, to.interfaceName, at);
    this.set(FILTER_ATTR.mplsStack, undefined, at);
  }

  setWeight(weight: number, at: number): void {
    if (weight < 1 || weight > MAX_WEIGHT) throw new FilterError(at, 'Setting weight value out of bounds');
    if (this.destination(at) !== RTD.unicast) {
      throw new FilterError(at, 'Setting weight needs regular nexthop');
    }
    this.set(FILTER_ATTR.weight, weight, at);
  }

  /** `gw_mpls`: the outermost label. */
  label(at: number): number {
    return (this.get(FILTER_ATTR.mplsStack, at) as readonly number[])[0] ?? IMPLICIT_NULL_LABEL;
  }

  setLabels(labels: readonly number[], at: number): void {
    if (labels.length > MAX_LABEL_STACK) {
      throw new FilterError(at, `Too many MPLS labels in stack (${labels.length})`);
    }
    const wrong = labels.find((label) => label > MAX_LABEL);
    if (wrong !== undefined) throw new FilterError(at, `Invalid MPLS label (${wrong})`);
    const end = labels.indexOf(IMPLICIT_NULL_LABEL);
    this.set(FILTER_ATTR.mplsStack, end < 0 ? labels : labels.slice(0, end), at);
  }

  print(text: string): void {
    this.#text += text;
  }

  flush(): void {
    this.#output(this.#text);
    this.#text = '';
  }

  /** `bt_assert`. */
  assert(held: boolean, at: number, text: string): void {
    if (!this.assertHook) throw new FilterError(at, "No bt_assert hook registered, can't assert");
    this.assertHook(held, at, text);
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

  /** Counts a call or a round of a loop: what a configuration says cannot go on for ever. */
  step(at: number): void {
    if (++this.#steps > MAX_STEPS) throw new FilterError(at, 'Filter takes too long');
  }

  /** Forgets how far the run has come, before something new is evaluated without a route. */
  rest(): void {
    this.#steps = 0;
    this.verdict = VERDICT.none;
  }

  /** `roa_check(TABLE)`: of the route's own network and the origin of its path. */
  originOf(at: number): number {
    const path = this.get(ATTR.asPath, at);
    if (path === emptyOf('bgppath')) throw new FilterError(at, 'Missing AS_PATH attribute');
    return (path as { last: number }).last;
  }
}

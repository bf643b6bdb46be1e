/**
 * Methods of values: which type has which, what they take and return, and the code that they become. In the code, `t`
 * stands for the value, `a` for the argument, `T` and `A` for their types, `p` for the place in the text.
 */
import type { Type } from './types.ts';

export interface MethodShape {
  readonly target: Type;
  readonly args: readonly (readonly Type[])[];
  readonly result: Type;
  readonly code: string;
}

type Row = readonly [target: Type, result: Type, code: string, ...args: (readonly Type[])[]];

/** Types of a list's elements, as `for` walks them. */
const ELEMENTS: Readonly<Partial<Record<Type, Type>>> = {
  bgppath: 'int',
  clist: 'pair',
  eclist: 'ec',
  lclist: 'lc',
};

export function elementType(list: Type): Type | undefined {
  return ELEMENTS[list];
}

const CLIST_ITEMS: readonly Type[] = ['pair', 'quad', 'int', 'ip', 'clist'];

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  len: [
    ['prefix', 'int', 't.length'],
    ['bgppath', 'int', 't.length'],
    ['clist', 'int', 't.length'],
    ['eclist', 'int', 't.length'],
    ['lclist', 'int', 't.length'],
  ],
  type: [['prefix', 'enum net_type', 'o.netType(t)']],
  ip: [['prefix', 'ip', 'o.netIp(t)']],
  rd: [['prefix', 'rd', 'o.netRd(t, p)']],
  maxlen: [['prefix', 'int', 'o.netMaxLength(t, p)']],
  src: [['prefix', 'prefix', 'o.netSource(t, p)']],
  dst: [['prefix', 'prefix', 'o.netDestination(t, p)']],
  mac: [['prefix', 'mac', 'o.netMac(t, p)']],
  vlan_id: [['prefix', 'int', 'o.netVlan(t, p)']],
  evpn_type: [['prefix', 'enum net_evpn_type', 'o.netEvpnType(t, p)']],
  evpn_tag: [['prefix', 'int', 'o.netEvpnTag(t, p)']],
  evpn_esi: [['prefix', 'bytestring', 'o.netEvpnEsi(t, p)']],
  router_ip: [['prefix', 'ip', 'o.netRouterIp(t, p)']],
  is_v4: [['ip', 'bool', '(t.version === 4)']],
  mask: [['ip', 'ip', 'o.maskIp(t, a)', ['int']]],
  first: [['bgppath', 'int', 't.first']],
  last: [['bgppath', 'int', 't.last']],
  last_nonaggregated: [['bgppath', 'int', 't.lastNonAggregated']],
  asn: [
    ['prefix', 'int', 'o.netAsn(t, p)'],
    ['pair', 'int', '(t >>> 16)'],
    ['lc', 'int', 't[0]'],
  ],
  data: [['pair', 'int', '(t & 65535)']],
  data1: [['lc', 'int', 't[1]']],
  data2: [['lc', 'int', 't[2]']],
  min: [
    ['clist', 'pair', 'o.listExtreme(T, t, -1)'],
    ['eclist', 'ec', 'o.listExtreme(T, t, -1)'],
    ['lclist', 'lc', 'o.listExtreme(T, t, -1)'],
  ],
  max: [
    ['clist', 'pair', 'o.listExtreme(T, t, 1)'],
    ['eclist', 'ec', 'o.listExtreme(T, t, 1)'],
    ['lclist', 'lc', 'o.listExtreme(T, t, 1)'],
  ],
  empty: [
    ['bgppath', 'bgppath', 'o.EMPTY_PATH'],
    ['clist', 'clist', 'o.EMPTY_LIST'],
    ['eclist', 'eclist', 'o.EMPTY_LIST'],
    ['lclist', 'lclist', 'o.EMPTY_LIST'],
  ],
  prepend: [['bgppath', 'bgppath', 'o.pathPrepend(t, a, p)', ['int']]],
  append: [
    ['string', 'string', 'o.appendText(t, a, p)', ['string']],
    ['bytestring', 'bytestring', 'o.appendText(t, a, p)', ['bytestring']],
  ],
  add: [
    ['clist', 'clist', 'o.listAdd(t, A, a, p)', CLIST_ITEMS],
    ['eclist', 'eclist', 'o.listAdd(t, A, a, p)', ['ec', 'eclist']],
    ['lclist', 'lclist', 'o.listAdd(t, A, a, p)', ['lc', 'lclist']],
  ],
  delete: [
    ['clist', 'clist', 'o.listFilter(T, t, A, a, false, p)', [...CLIST_ITEMS, 'set']],
    ['eclist', 'eclist', 'o.listFilter(T, t, A, a, false, p)', ['ec', 'eclist', 'set']],
    ['lclist', 'lclist', 'o.listFilter(T, t, A, a, false, p)', ['lc', 'lclist', 'set']],
    ['bgppath', 'bgppath', 'o.pathFilter(t, A, a, false, p)', ['int', 'set']],
  ],
  filter: [
    ['clist', 'clist', 'o.listFilter(T, t, A, a, true, p)', ['clist', 'set']],
    ['eclist', 'eclist', 'o.listFilter(T, t, A, a, true, p)', ['eclist', 'set']],
    ['lclist', 'lclist', 'o.listFilter(T, t, A, a, true, p)', ['lclist', 'set']],
    ['bgppath', 'bgppath', 'o.pathFilter(t, A, a, true, p)', ['set']],
  ],
};

/** Methods by name; one shape for each type that has the method. */
export const METHODS: ReadonlyMap<string, readonly MethodShape[]> = new Map(
  Object.entries(ROWS).map(([name, rows]) => [
    name,
    rows.map(([target, result, code, ...args]) => ({ target, result, code, args })),
  ]),
);

export function methodFor(name: string, target: Type): MethodShape | undefined {
  return METHODS.get(name)?.find((candidate) => candidate.target === target);
}

/** Types of the filter language, as BIRD has them at run time. */

/** Enumerations, by the names that `enum NAME` declares them with, and BIRD's numbers of their types. */
export const ENUM_TYPE_NUMBER = {
  rts: 0x30,
  bgp_origin: 0x31,
  scope: 0x32,
  rtd: 0x33,
  roa: 0x34,
  aspa: 0x35,
  net_type: 0x36,
  ra_preference: 0x37,
  af: 0x38,
  mpls_policy: 0x39,
  net_evpn_type: 0x3a,
  kbr_source: 0x3b,
} as const;

export type EnumName = keyof typeof ENUM_TYPE_NUMBER;

export type Type =
  | 'void'
  | 'bool'
  | 'int'
  | 'string'
  | 'bytestring'
  | 'ip'
  | 'mac'
  | 'prefix'
  | 'pair'
  | 'quad'
  | 'ec'
  | 'lc'
  | 'rd'
  | 'bgppath'
  | 'bgpmask'
  | 'clist'
  | 'eclist'
  | 'lclist'
  | 'set'
  | 'prefix set'
  /** The route at hand; its attributes are its members. */
  | 'route'
  /** Attributes that are only asked whether they are there: `bgp_aggregator`, `bgp_atomic_aggr`, … */
  | 'opaque'
  | `enum ${EnumName}`;

/** Type names that declare variables, parameters and custom attributes; `enum NAME` besides. */
export const TYPE_WORDS: ReadonlyMap<string, Type> = new Map<string, Type>(
  (
    [
      'int',
      'bool',
      'ip',
      'rd',
      'mac',
      'prefix',
      'pair',
      'quad',
      'ec',
      'lc',
      'string',
      'bytestring',
      'bgpmask',
      'bgppath',
      'clist',
      'eclist',
      'lclist',
      'route',
    ] as const
  ).map((word) => [word, word]),
);

const SET_ELEMENTS: ReadonlySet<Type> = new Set<Type>(['int', 'pair', 'quad', 'ip', 'ec', 'lc', 'rd', 'mac']);

/** Types whose values may be elements of a set. */
export function maySetHold(type: Type): boolean {
  return SET_ELEMENTS.has(type) || isEnum(type);
}

/** The type of `X set`, or undefined where BIRD has none. */
export function setOf(type: Type): Type | undefined {
  if (type === 'prefix') return 'prefix set';
  return maySetHold(type) ? 'set' : undefined;
}

export function isEnum(type: Type): type is `enum ${EnumName}` {
  return type.startsWith('enum ');
}

/** BIRD's number of an enumeration's type, as `format` prints it. */
export function enumTypeNumber(type: `enum ${EnumName}`): number {
  return ENUM_TYPE_NUMBER[type.slice('enum '.length) as EnumName];
}

/** Types of custom attributes (`attribute TYPE NAME`). */
export const CUSTOM_ATTRIBUTE_TYPES: ReadonlySet<Type> = new Set<Type>([
  'int',
  'ip',
  'quad',
  'bgppath',
  'clist',
  'eclist',
  'lclist',
  'string',
  'bytestring',
]);

/** How a type is called in messages. */
export function typeName(type: Type): string {
  if (type === 'prefix set') return 'set';
  return type === 'opaque' ? 'opaque attribute' : type;
}

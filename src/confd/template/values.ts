/** Values that templates work on, with the types that Go gives them. */
import { decodeText } from './text.ts';
import type { GoType } from './types.ts';
import { ARRAY, BOOL, FLOAT, INT, INTERFACE, OBJECT, STRING, typeName } from './types.ts';

/** `undefined` is Go's untyped nil. */
export type Value =
  | undefined
  | bigint
  | number
  | string
  | boolean
  | GoInteger
  | GoSlice
  | GoMap
  | GoStruct
  | GoPointer
  | GoFunc
  | GoInterface;

/** What a function of a template refuses, in the words that follow `error calling NAME: `. */
export class GoError extends Error {}

/** A whole number of another type than `int`. */
export class GoInteger {
  readonly type: GoType & { readonly kind: 'integer' };
  readonly value: bigint;
  /** How it prints itself: months and days of the week. */
  readonly text: string | undefined;

  constructor(type: GoType, value: bigint, text?: string) {
    if (type.kind !== 'integer') throw new TypeError(`${typeName(type)} is no integer type`);
    this.type = type;
    this.value = value;
    this.text = text;
  }
}

export class GoSlice {
  readonly type: GoType & { readonly kind: 'slice' };
  readonly items: readonly Value[];
  readonly isNil: boolean;

  constructor(type: GoType, items: readonly Value[], isNil = false) {
    if (type.kind !== 'slice') throw new TypeError(`${typeName(type)} is no slice type`);
    this.type = type;
    this.items = items;
    this.isNil = isNil;
  }
}

/** A map with strings for keys. */
export class GoMap {
  readonly type: GoType & { readonly kind: 'map' };
  readonly entries: ReadonlyMap<string, Value>;
  readonly isNil: boolean;

  constructor(type: GoType, entries: ReadonlyMap<string, Value>, isNil = false) {
    if (type.kind !== 'map') throw new TypeError(`${typeName(type)} is no map type`);
    this.type = type;
    this.entries = entries;
    this.isNil = isNil;
  }
}

export type Methods = Readonly<Record<string, GoFunc>>;

export class GoStruct {
  readonly type: GoType & { readonly kind: 'struct' };
  readonly fields: Readonly<Record<string, Value>>;
  readonly methods: Methods;
  /** How it prints itself (`String() string`). */
  readonly asString: (() => string) | undefined;

  constructor(
    type: GoType,
    fields: Readonly<Record<string, Value>>,
    methods: Methods = {},
    asString?: () => string,
  ) {
    if (type.kind !== 'struct') throw new TypeError(`${typeName(type)} is no struct type`);
    this.type = type;
    this.fields = fields;
    this.methods = methods;
    this.asString = asString;
  }
}

export class GoPointer {
  readonly type: GoType & { readonly kind: 'pointer' };
  /** Undefined: a nil pointer. */
  readonly target: Value;

  constructor(elem: GoType, target: Value) {
    this.type = { kind: 'pointer', elem };
    this.target = target;
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the parameters' types say what arguments there are
type Implementation = (...args: any[]) => Value;

/** A function, with what it takes and gives. */
export class GoFunc {
  readonly params: readonly GoType[];
  /** The last parameter takes any number of arguments. */
  readonly variadic: boolean;
  readonly result: GoType;
  /** Arguments are of the types that `params` says; throws `GoError`. */
  readonly call: Implementation;
  /** The same arguments and keys may give another result later: of the clock, of files, of other hosts. */
  readonly changesByItself: boolean;

  constructor(
    params: readonly GoType[],
    result: GoType,
    call: Implementation,
    {
      variadic = false,
      changesByItself = false,
    }: { readonly variadic?: boolean; readonly changesByItself?: boolean } = {},
  ) {
    this.params = params;
    this.variadic = variadic;
    this.result = result;
    this.call = call;
    this.changesByItself = changesByItself;
  }

  get type(): GoType {
    const params = this.params.map((param, i) =>
      this.variadic && i === this.params.length - 1 ? `...${typeName(param)}` : typeName(param),
    );
    return { kind: 'func', name: `func(${params.join(', ')}) ${typeName(this.result)}` };
  }
}

/**
 * What stands where `interface {}` is the declared type: an element of what JSON gave, for instance. Only messages and a
 * few rules tell it from what is in it.
 */
export class GoInterface {
  readonly value: Value;

  constructor(value: Value) {
    this.value = value instanceof GoInterface ? value.value : value;
  }
}

/** The type of a value; undefined for nil, which has none. */
export function typeOf(value: Value): GoType | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined;
    case 'bigint':
      return INT;
    case 'number':
      return FLOAT;
    case 'string':
      return STRING;
    case 'boolean':
      return BOOL;
    default:
      return value instanceof GoInterface ? INTERFACE : value.type;
  }
}

/** A value as one of a type: wrapped where that is `interface {}`. */
export function typed(value: Value, type: GoType): Value {
  return type.kind === 'interface' ? new GoInterface(value) : value;
}

/** What is in an interface. */
export function unwrap(value: Value): Value {
  return value instanceof GoInterface ? value.value : value;
}

/** What pointers and interfaces lead to; `isNil` where that is nothing. */
export function indirect(value: Value): { value: Value; isNil: boolean } {
  let at = value;
  for (;;) {
    if (at instanceof GoInterface) {
      if (at.value === undefined) return { value: at, isNil: true };
      at = at.value;
    } else if (at instanceof GoPointer) {
      if (at.target === undefined) return { value: at, isNil: true };
      at = at.target;
    } else {
      return { value: at, isNil: false };
    }
  }
}

/** Go's truth: not the zero of its type, and not empty. */
export function truth(wrapped: Value): boolean {
  const value = unwrap(wrapped);
  if (value === undefined) return false;
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'number') return value !== 0;
  if (typeof value === 'string') return value !== '';
  if (typeof value === 'boolean') return value;
  if (value instanceof GoInteger) return value.value !== 0n;
  if (value instanceof GoSlice) return value.items.length > 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  if (value instanceof GoPointer) return value.target !== undefined;
  return true;
}

/** Nil, of a type or without. */
export function isNil(value: Value): boolean {
  if (value === undefined) return true;
  if (value instanceof GoSlice || value instanceof GoMap) return value.isNil;
  if (value instanceof GoPointer) return value.target === undefined;
  if (value instanceof GoInterface) return value.value === undefined;
  return false;
}

/** The zero of a type, as it stands in a variable of that type. */
export function zeroOf(type: GoType): Value {
  switch (type.kind) {
    case 'bool':
      return false;
    case 'int':
      return 0n;
    case 'float64':
      return 0;
    case 'string':
      return '';
    case 'integer':
      return new GoInteger(type, 0n);
    case 'slice':
      return new GoSlice(type, [], true);
    case 'map':
      return new GoMap(type, new Map(), true);
    case 'struct':
      return new GoStruct(
        type,
        Object.fromEntries(type.fields.map(({ name, type: t }) => [name, zeroOf(t)])),
      );
    case 'pointer':
      return new GoPointer(type.elem, undefined);
    case 'interface':
      return new GoInterface(undefined);
    default:
      return undefined;
  }
}

/** A value of plain JavaScript, as JSON has them: numbers are `float64`, big integers `int`. */
export function fromPlain(plain: unknown): Value {
  switch (typeof plain) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return plain;
    case 'object':
      if (plain === null) return undefined;
      if (plain instanceof Uint8Array) return decodeText(plain);
      if (Array.isArray(plain)) return new GoSlice(ARRAY, plain.map(fromPlain));
      return new GoMap(OBJECT, new Map(Object.entries(plain).map(([key, value]) => [key, fromPlain(value)])));
    default:
      return undefined;
  }
}

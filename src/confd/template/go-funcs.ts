/** The functions that Go's `text/template` has by itself. */
import { formatValue, sprint, sprintf, sprintln } from './printf.ts';
import { isPrintable } from './quote.ts';
import { byteAt, byteLength, byteSlice, compareText, encodeText, strayByte } from './text.ts';
import type { GoType } from './types.ts';
import { ANY_VALUE, assignable, BOOL, canBeNil, INT, INTERFACE, STRING, typeName, UINT8 } from './types.ts';
import type { Value } from './values.ts';
import {
  GoError,
  GoFunc,
  GoInteger,
  GoMap,
  GoPointer,
  GoSlice,
  GoStruct,
  indirect,
  isNil,
  truth,
  typed,
  typeOf,
  unwrap,
  zeroOf,
} from './values.ts';

type Funcs = Readonly<Record<string, GoFunc>>;

const nameOf = (value: Value): string => typeName(typeOf(value)!);

/** A whole number that may be an index into something that long. */
function indexArgument(index: Value, limit: number): number {
  if (index === undefined) throw new GoError('cannot index slice/array with nil');
  const number = typeof index === 'bigint' ? index : index instanceof GoInteger ? index.value : undefined;
  if (number === undefined) throw new GoError(`cannot index slice/array with type ${nameOf(index)}`);
  if (number < 0n || number > BigInt(limit)) throw new GoError(`index out of range: ${number}`);
  return Number(number);
}

/** A value as an argument of a type, where Go would convert it. */
function prepare(wrapped: Value, type: GoType): Value {
  const value = unwrap(wrapped);
  if (value === undefined) {
    if (!canBeNil(type)) throw new GoError(`value is nil; should be of type ${typeName(type)}`);
    return undefined;
  }
  if (assignable(typeOf(value)!, type) || type.kind === 'any value') return value;
  const number = typeof value === 'bigint' ? value : value instanceof GoInteger ? value.value : undefined;
  if (number !== undefined && type.kind === 'int') return BigInt.asIntN(64, number);
  if (number !== undefined && type.kind === 'integer') {
    return new GoInteger(type, (type.signed ? BigInt.asIntN : BigInt.asUintN)(type.bits, number));
  }
  throw new GoError(`value has type ${nameOf(value)}; should be ${typeName(type)}`);
}

function index(wrapped: Value, ...indexes: Value[]): Value {
  let item = unwrap(wrapped);
  if (item === undefined) throw new GoError('index of untyped nil');
  for (const at of indexes) {
    const found = indirect(item);
    if (found.isNil) throw new GoError('index of nil pointer');
    item = indexOnce(found.value, at);
  }
  return item;
}

function indexOnce(item: Value, at: Value): Value {
  if (typeof item === 'string') {
    const length = byteLength(item);
    const i = indexArgument(unwrap(at), length);
    if (i >= length) throw new GoError('reflect: string index out of range');
    return new GoInteger(UINT8, BigInt(byteAt(item, i)));
  }
  if (item instanceof GoSlice) {
    const i = indexArgument(unwrap(at), item.items.length);
    if (i >= item.items.length) throw new GoError('reflect: slice index out of range');
    return typed(item.items[i], item.type.elem);
  }
  if (item instanceof GoMap) {
    const key = prepare(at, item.type.key) as string;
    return item.entries.has(key) ? typed(item.entries.get(key), item.type.elem) : zeroOf(item.type.elem);
  }
  throw new GoError(`can't index item of type ${nameOf(item)}`);
}

function slice(wrapped: Value, ...indexes: Value[]): Value {
  const item = unwrap(wrapped);
  if (item === undefined) throw new GoError('slice of untyped nil');
  if (indexes.length > 3) throw new GoError(`too many slice indexes: ${indexes.length}`);
  if (typeof item === 'string' && indexes.length === 3) throw new GoError('cannot 3-index slice a string');
  const isSlice = item instanceof GoSlice;
  if (typeof item !== 'string' && !isSlice) throw new GoError(`can't slice item of type ${nameOf(item)}`);
  const length = isSlice ? item.items.length : byteLength(item);
  const bounds = [0, length, length];
  // Go does not look into interfaces here.
  indexes.forEach((at, i) => (bounds[i] = indexArgument(at, length)));
  const [from, to, limit] = bounds as [number, number, number];
  if (from > to) throw new GoError(`invalid slice index: ${from} > ${to}`);
  if (to > limit) throw new GoError(`invalid slice index: ${to} > ${limit}`);
  return isSlice ? new GoSlice(item.type, item.items.slice(from, to)) : byteSlice(item, from, to);
}

function length(wrapped: Value): bigint {
  if (wrapped === undefined) throw new GoError('reflect: call of reflect.Value.Type on zero Value');
  const { value, isNil: none } = indirect(wrapped);
  if (none) throw new GoError('len of nil pointer');
  if (typeof value === 'string') return BigInt(byteLength(value));
  if (value instanceof GoSlice) return BigInt(value.items.length);
  if (value instanceof GoMap) return BigInt(value.entries.size);
  throw new GoError(`len of type ${nameOf(value)}`);
}

function call(wrapped: Value, ...args: Value[]): Value {
  const fn = unwrap(wrapped);
  if (fn === undefined) throw new GoError('call of nil');
  if (!(fn instanceof GoFunc)) throw new GoError(`non-function of type ${nameOf(fn)}`);
  const { params, variadic } = fn;
  if (variadic && args.length < params.length - 1) {
    throw new GoError(`wrong number of args: got ${args.length} want at least ${params.length - 1}`);
  }
  if (!variadic && args.length !== params.length) {
    throw new GoError(`wrong number of args: got ${args.length} want ${params.length}`);
  }
  const ready = args.map((arg, i) => {
    try {
      return prepare(arg, params[Math.min(i, params.length - 1)]!);
    } catch (error) {
      throw error instanceof GoError ? new GoError(`arg ${i}: ${error.message}`) : error;
    }
  });
  return fn.call(...ready);
}

// Comparison.

type BasicKind = 'bool' | 'int' | 'uint' | 'float' | 'string';

function basicKind(value: Value): BasicKind | undefined {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'string':
      return 'string';
    default:
      return value instanceof GoInteger ? (value.type.signed ? 'int' : 'uint') : undefined;
  }
}

const isWhole = (kind: BasicKind): boolean => kind === 'int' || kind === 'uint';
const wholeOf = (value: Value): bigint => (value instanceof GoInteger ? value.value : (value as bigint));

const INCOMPATIBLE = 'incompatible types for comparison';
const INVALID = 'invalid type for comparison';

function equal(first: Value, ...others: Value[]): boolean {
  const a = unwrap(first);
  if (others.length === 0) throw new GoError('missing argument for comparison');
  return others.some((other) => equalTo(a, unwrap(other)));
}

function equalTo(a: Value, b: Value): boolean {
  const kinds = [basicKind(a), basicKind(b)] as const;
  if (kinds[0] !== kinds[1]) {
    if (kinds[0] && kinds[1] && isWhole(kinds[0]) && isWhole(kinds[1])) return wholeOf(a) === wholeOf(b);
    if (a !== undefined && b !== undefined) throw new GoError(INCOMPATIBLE);
    return false;
  }
  if (kinds[0]) return isWhole(kinds[0]) ? wholeOf(a) === wholeOf(b) : a === b;
  if (a !== undefined && b !== undefined && typeOf(a)!.kind !== typeOf(b)!.kind) {
    throw new GoError(`non-comparable types ${describe(a)}: ${nameOf(a)}, ${nameOf(b)}: ${formatValue(b)}`);
  }
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b);
  if (b instanceof GoSlice || b instanceof GoMap || b instanceof GoFunc) {
    throw new GoError(`non-comparable type ${describe(b)}: ${nameOf(b)}`);
  }
  return same(a, b);
}

/** `%s` of a `reflect.Value`. */
function describe(value: Value): string {
  return sprintf('%s', [value]);
}

function same(a: Value, b: Value): boolean {
  if (a instanceof GoStruct && b instanceof GoStruct) {
    return (
      a.type.name === b.type.name && a.type.fields.every(({ name }) => same(a.fields[name], b.fields[name]))
    );
  }
  if (a instanceof GoInteger && b instanceof GoInteger) return a.value === b.value;
  if (a instanceof GoPointer && b instanceof GoPointer) return a.target === b.target;
  return a === b;
}

function less(first: Value, second: Value): boolean {
  const a = unwrap(first);
  const b = unwrap(second);
  const kindA = basicKind(a);
  const kindB = basicKind(b);
  if (!kindA || !kindB) throw new GoError(INVALID);
  if (isWhole(kindA) && isWhole(kindB)) return wholeOf(a) < wholeOf(b);
  if (kindA !== kindB) throw new GoError(INCOMPATIBLE);
  if (kindA === 'bool') throw new GoError(INVALID);
  return kindA === 'string' ? compareText(a as string, b as string) < 0 : (a as number) < (b as number);
}

const lessOrEqual = (a: Value, b: Value): boolean => less(a, b) || equal(a, b);

// Escaping.

/** The text of values for the escaping functions. */
function textOf(args: readonly Value[]): string {
  return sprint(args.map((arg) => printable(unwrap(arg)) ?? '<no value>'));
}

/** What is printed for a value: what a pointer leads to. */
export function printable(value: Value): Value {
  return value instanceof GoPointer ? indirect(value).value : value;
}

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

function html(...args: Value[]): string {
  return textOf(args).replace(/[\0"'&<>]/g, (character) => HTML[character]!);
}

const JS: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"' };

function js(...args: Value[]): string {
  let out = '';
  for (const character of textOf(args)) {
    const code = character.codePointAt(0)!;
    const isPlain =
      code >= 0x80
        ? isPrintable(character) || strayByte(character) !== undefined
        : code >= 0x20 && !`\\'"<>&=`.includes(character);
    const digits = (code >= 0xd800 && code < 0xe000 ? 0xfffd : code)
      .toString(16)
      .toUpperCase()
      .padStart(4, '0');
    out += isPlain ? character : (JS[character] ?? `\\u${digits}`);
  }
  return out;
}

function urlquery(...args: Value[]): string {
  let out = '';
  for (const byte of encodeText(textOf(args))) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(character)) out += character;
    else out += byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

const VARIADIC = { variadic: true };
const BOTH = [ANY_VALUE, ANY_VALUE];
const MANY = [ANY_VALUE, ANY_VALUE];

/** `and` and `or` are here for their types: what they do is in the execution, which may leave arguments unread. */
const shortCircuit = (): Value => undefined;

export const GO_FUNCS: Funcs = {
  and: new GoFunc(MANY, ANY_VALUE, shortCircuit, VARIADIC),
  or: new GoFunc(MANY, ANY_VALUE, shortCircuit, VARIADIC),
  not: new GoFunc([ANY_VALUE], BOOL, (value: Value) => !truth(value)),
  call: new GoFunc(MANY, ANY_VALUE, call, VARIADIC),
  html: new GoFunc([INTERFACE], STRING, html, VARIADIC),
  index: new GoFunc(MANY, ANY_VALUE, index, VARIADIC),
  slice: new GoFunc(MANY, ANY_VALUE, slice, VARIADIC),
  js: new GoFunc([INTERFACE], STRING, js, VARIADIC),
  len: new GoFunc([ANY_VALUE], INT, length),
  print: new GoFunc([INTERFACE], STRING, (...args: Value[]) => sprint(args), VARIADIC),
  printf: new GoFunc(
    [STRING, INTERFACE],
    STRING,
    (format: string, ...args: Value[]) => sprintf(format, args),
    VARIADIC,
  ),
  println: new GoFunc([INTERFACE], STRING, (...args: Value[]) => sprintln(args), VARIADIC),
  urlquery: new GoFunc([INTERFACE], STRING, urlquery, VARIADIC),
  eq: new GoFunc(MANY, BOOL, equal, VARIADIC),
  ne: new GoFunc(BOTH, BOOL, (a: Value, b: Value) => !equal(a, b)),
  lt: new GoFunc(BOTH, BOOL, less),
  le: new GoFunc(BOTH, BOOL, lessOrEqual),
  gt: new GoFunc(BOTH, BOOL, (a: Value, b: Value) => !lessOrEqual(a, b)),
  ge: new GoFunc(BOTH, BOOL, (a: Value, b: Value) => !less(a, b)),
};

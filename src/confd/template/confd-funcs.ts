/** The functions that confd, and Calico's fork of it, add to Go's own. */
import type { Funcs } from './exec.ts';
import { readJson } from './go-json.ts';
import { basePath, dirPath } from './go-path.ts';
import type { Moment, Zone } from './go-time.ts';
import { timeValue } from './go-time.ts';
import { quote } from './quote.ts';
import { compareText, decodeText, encodeText, joinText } from './text.ts';
import type { GoType } from './types.ts';
import { ARRAY, BOOL, INT, INTERFACE, OBJECT, STRING, STRINGS, INTS, typeName, UINT16 } from './types.ts';
import type { Value } from './values.ts';
import { GoError, GoFunc, GoInteger, GoMap, GoPointer, GoSlice, GoStruct, typeOf, unwrap } from './values.ts';

/** A service record. */
export interface ServiceRecord {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** What functions ask about the world outside the template. */
export interface World {
  /** Milliseconds since 1970. */
  wallTime(): number;
  zone(wallTimeMs: number): Zone;
  environment(name: string): string | undefined;
  fileExists(path: string): boolean;
  /** Addresses of a host, none where it has none; may throw `LookupNeeded`. */
  lookupIp(host: string): readonly string[];
  /** May throw `LookupNeeded`. */
  lookupService(name: string): readonly ServiceRecord[];
}

/** An answer that has to be asked for: the rendering starts again when it is there. */
export class LookupNeeded extends Error {
  readonly kind: 'ip' | 'service';
  readonly subject: string;

  constructor(kind: 'ip' | 'service', subject: string) {
    super(`look-up of ${subject}`);
    this.kind = kind;
    this.subject = subject;
  }
}

/** Longest sequence that `seq` makes. */
const MAX_SEQUENCE = 1_000_000n;

const list = (items: readonly string[], isNil = false): GoSlice => new GoSlice(STRINGS, items, isNil);
const texts = (slice: GoSlice): readonly string[] => slice.items as readonly string[];
const int = (value: bigint): bigint => BigInt.asIntN(64, value);
const VARIADIC = { variadic: true };
const CHANGES = { changesByItself: true };

const arithmetic = (compute: (a: bigint, b: bigint) => bigint): GoFunc =>
  new GoFunc([INT, INT], INT, (a: bigint, b: bigint) => int(compute(a, b)));

function divisor(value: bigint): bigint {
  if (value === 0n) throw new GoError('runtime error: integer divide by zero');
  return value;
}

function split(text: string, separator: string): GoSlice {
  return list(separator === '' ? [...text] : text.split(separator));
}

function replace(text: string, from: string, to: string, count: bigint): string {
  let left = count < 0n ? Infinity : Number(count);
  if (left === 0 || from === to) return text;
  if (from === '') {
    const parts = [...text].map((character) => (left-- > 0 ? to : '') + character);
    return joinText([...parts, left > 0 ? to : '']);
  }
  const pieces = text.split(from);
  return joinText(pieces.map((piece, i) => (i === 0 ? piece : (i <= left ? to : from) + piece)));
}

function parseBool(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw new GoError(`strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
}

function atoi(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw new GoError(`strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (int(value) !== value) throw new GoError(`strconv.Atoi: parsing ${quote(text)}: value out of range`);
  return value;
}

function sequence(first: bigint, last: bigint): GoSlice {
  if (last < first) return new GoSlice(INTS, [], true);
  if (last - first >= MAX_SEQUENCE) throw new GoError(`a sequence of more than ${MAX_SEQUENCE} numbers`);
  return new GoSlice(
    INTS,
    Array.from({ length: Number(last - first) + 1 }, (_, i) => first + BigInt(i)),
  );
}

function dictionary(...values: Value[]): GoMap {
  if (values.length % 2 !== 0) throw new GoError('invalid map call');
  const entries = new Map<string, Value>();
  for (let i = 0; i < values.length; i += 2) {
    const key = unwrap(values[i]);
    if (typeof key !== 'string') throw new GoError('map keys must be strings');
    entries.set(key, values[i + 1]);
  }
  return new GoMap(OBJECT, entries);
}

/** JSON of which only one kind of value will do. */
function json(text: string, type: GoType): Value {
  const isMap = type.kind === 'map';
  const value = readJson(text, (read) => {
    if (read === undefined || (isMap ? read instanceof GoMap : read instanceof GoSlice)) return;
    throw new GoError(`json: cannot unmarshal ${jsonKind(read)} into Go value of type ${typeName(type)}`);
  });
  if (value !== undefined) return value;
  return isMap ? new GoMap(type, new Map(), true) : new GoSlice(type, [], true);
}

function jsonKind(value: Value): string {
  if (value instanceof GoMap) return 'object';
  if (value instanceof GoSlice) return 'array';
  const kind = typeOf(value)!.kind;
  return kind === 'float64' ? 'number' : kind;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodeBase64(text: string): string {
  const plain = text.replace(/[\r\n]/g, '');
  if (!BASE64.test(plain)) throw new GoError(`illegal base64 data at input byte ${illegalByte(text)}`);
  return decodeText(Buffer.from(plain, 'base64'));
}

/** Where Go's decoder says that something is wrong. */
function illegalByte(text: string): number {
  const bytes = encodeText(text);
  let inGroup = 0;
  let at = 0;
  const skip = (): void => {
    while (bytes[at] === 0x0a || bytes[at] === 0x0d) at++;
  };
  for (;;) {
    skip();
    if (at >= bytes.length) return at - inGroup;
    const character = String.fromCharCode(bytes[at]!);
    if (/[A-Za-z0-9+/]/.test(character)) {
      at++;
      inGroup = (inGroup + 1) % 4;
      continue;
    }
    if (character !== '=' || inGroup < 2) return at;
    at++;
    skip();
    if (inGroup === 2) {
      if (at >= bytes.length) return bytes.length;
      if (bytes[at] !== 0x3d) return at - 1;
      at++;
      skip();
    }
    return at;
  }
}

function reverse(value: Value): Value {
  // As in confd, slices of strings only; a list of pairs that 'gets' gave is of a type that it does not know.
  if (!(value instanceof GoSlice) || value.type.name !== undefined || value.type.elem.kind !== 'string')
    return value;
  return new GoSlice(value.type, value.items.toReversed());
}

const PAIR: GoType = {
  kind: 'struct',
  name: 'memkv.KVPair',
  fields: [
    { name: 'Key', type: STRING },
    { name: 'Value', type: STRING },
  ],
};
const PAIRS: GoType = { kind: 'slice', elem: PAIR };
/** What `gets` gives. */
export const NAMED_PAIRS: GoType = { kind: 'slice', elem: PAIR, name: 'memkv.KVPairs' };

export function pairValue(key: string, value: string): GoStruct {
  return new GoStruct(PAIR, { Key: key, Value: value });
}

function byLength<T>(items: readonly T[], textOf: (item: T) => string): T[] {
  return items.toSorted((a, b) => encodeText(textOf(a)).length - encodeText(textOf(b)).length);
}

const SERVICE: GoType = {
  kind: 'struct',
  name: 'net.SRV',
  fields: [
    { name: 'Target', type: STRING },
    { name: 'Port', type: UINT16 },
    { name: 'Priority', type: UINT16 },
    { name: 'Weight', type: UINT16 },
  ],
};

function services(records: readonly ServiceRecord[]): GoSlice {
  const sorted = records
    .map((record) => ({ record, text: `${record.target}${record.port}${record.priority}${record.weight}` }))
    .sort((a, b) => compareText(a.text, b.text));
  const small = (value: number): GoInteger => new GoInteger(UINT16, BigInt(value));
  const items = sorted.map(({ record: { target, port, priority, weight } }) => {
    const fields = { Target: target, Port: small(port), Priority: small(priority), Weight: small(weight) };
    return new GoPointer(SERVICE, new GoStruct(SERVICE, fields));
  });
  return new GoSlice({ kind: 'slice', elem: { kind: 'pointer', elem: SERVICE } }, items);
}

function serviceName(service: string, protocol: string, name: string): string {
  return service === '' && protocol === '' ? name : `_${service}._${protocol}.${name}`;
}

function now(world: World): Moment {
  const wallTimeMs = world.wallTime();
  return { nanoseconds: BigInt(Math.round(wallTimeMs * 1000)) * 1000n, zone: world.zone(wallTimeMs) };
}

/** Functions of texts, lists and numbers alone. */
export const PURE_FUNCS: Funcs = {
  base: new GoFunc([STRING], STRING, basePath),
  dir: new GoFunc([STRING], STRING, dirPath),
  split: new GoFunc([STRING, STRING], STRINGS, split),
  join: new GoFunc([STRINGS, STRING], STRING, (items: GoSlice, by: string) => joinText(texts(items), by)),
  replace: new GoFunc([STRING, STRING, STRING, INT], STRING, replace),
  contains: new GoFunc([STRING, STRING], BOOL, (text: string, part: string) => text.includes(part)),
  hasSuffix: new GoFunc([STRING, STRING], BOOL, (text: string, end: string) => text.endsWith(end)),
  toUpper: new GoFunc([STRING], STRING, upper),
  toLower: new GoFunc([STRING], STRING, lower),
  trimSuffix: new GoFunc([STRING, STRING], STRING, (text: string, end: string) =>
    end !== '' && text.endsWith(end) ? text.slice(0, -end.length) : text,
  ),
  json: new GoFunc([STRING], OBJECT, (text: string) => json(text, OBJECT)),
  jsonArray: new GoFunc([STRING], ARRAY, (text: string) => json(text, ARRAY)),
  map: new GoFunc([INTERFACE], OBJECT, dictionary, VARIADIC),
  seq: new GoFunc([INT, INT], INTS, sequence),
  reverse: new GoFunc([INTERFACE], INTERFACE, reverse),
  sortByLength: new GoFunc([STRINGS], STRINGS, (items: GoSlice) =>
    list(byLength(texts(items), (text) => text)),
  ),
  sortKVByLength: new GoFunc(
    [PAIRS],
    PAIRS,
    (pairs: GoSlice) =>
      new GoSlice(
        PAIRS,
        byLength(pairs.items as GoStruct[], (pair) => pair.fields['Key'] as string),
      ),
  ),
  add: arithmetic((a, b) => a + b),
  sub: arithmetic((a, b) => a - b),
  mul: arithmetic((a, b) => a * b),
  div: arithmetic((a, b) => a / divisor(b)),
  mod: arithmetic((a, b) => a % divisor(b)),
  atoi: new GoFunc([STRING], INT, atoi),
  parseBool: new GoFunc([STRING], BOOL, parseBool),
  base64Encode: new GoFunc([STRING], STRING, (text: string) => encodeText(text).toString('base64')),
  base64Decode: new GoFunc([STRING], STRING, decodeBase64),
};

/** Go changes letters one for one: what has no single capital letter stays as it is. */
function upper(text: string): string {
  return mapCharacters(text, (character) => {
    const changed = character.toUpperCase();
    return [...changed].length === 1 ? changed : character;
  });
}

function lower(text: string): string {
  return mapCharacters(text, (character) => [...character.toLowerCase()][0]!);
}

function mapCharacters(text: string, change: (character: string) => string): string {
  let out = '';
  for (const character of text) out += change(character);
  return out;
}

/** Functions that look outside. */
export function worldFuncs(world: World): Funcs {
  const addresses = (host: string): string[] => [...world.lookupIp(host)].sort(compareText);
  const ofFamily = (mark: string): GoFunc =>
    new GoFunc(
      [STRING],
      STRINGS,
      (host: string) => {
        const found = addresses(host).filter((address) => address.includes(mark));
        return list(found, found.length === 0);
      },
      CHANGES,
    );
  return {
    datetime: new GoFunc(
      [],
      { kind: 'struct', name: 'time.Time', fields: [] },
      () => timeValue(now(world), (wallTimeMs) => world.zone(wallTimeMs)),
      CHANGES,
    ),
    getenv: new GoFunc(
      [STRING, STRING],
      STRING,
      (name: string, fallback = '') => world.environment(name) || fallback,
      VARIADIC,
    ),
    fileExists: new GoFunc([STRING], BOOL, (path: string) => world.fileExists(path), CHANGES),
    lookupIP: new GoFunc(
      [STRING],
      STRINGS,
      (host: string) => {
        const found = addresses(host);
        return list(found, found.length === 0);
      },
      CHANGES,
    ),
    lookupIPV4: ofFamily('.'),
    lookupIPV6: ofFamily(':'),
    lookupSRV: new GoFunc(
      [STRING, STRING, STRING],
      { kind: 'slice', elem: { kind: 'pointer', elem: SERVICE } },
      (service: string, protocol: string, name: string) =>
        services(world.lookupService(serviceName(service, protocol, name))),
      CHANGES,
    ),
  };
}

/** Values as texts that are the same for the same values alone. */
import { typeName } from './types.ts';
import type { Value } from './values.ts';
import { GoInteger, GoInterface, GoMap, GoSlice, GoStruct } from './values.ts';

/** Characters of the text of a value; larger ones have none. */
const MAX_LENGTH = 4096;

const known = new WeakMap<object, string | typeof NONE>();
const NONE = Symbol('no signature');

/** The text of a value: its type and all that is in it. Undefined for large values, functions and pointers. */
export function signatureOf(value: Value): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.length > MAX_LENGTH ? undefined : `s${value.length}:${value}`;
    case 'undefined':
      return 'n';
    case 'boolean':
      return value ? 't' : 'f';
    case 'bigint':
      return `i${value};`;
    case 'number':
      return Object.is(value, -0) ? 'd-0;' : `d${value};`;
    default: {
      let signature = known.get(value);
      // Values do not change.
      if (signature === undefined) known.set(value, (signature = ofObject(value) ?? NONE));
      return signature === NONE ? undefined : (signature as string);
    }
  }
}

function ofObject(value: Exclude<Value, undefined | string | boolean | bigint | number>): string | undefined {
  if (value instanceof GoInterface) {
    const inner = signatureOf(value.value);
    return inner && `I${inner}`;
  }
  if (value instanceof GoInteger) return `j${typeName(value.type)} ${value.value} ${value.text ?? ''};`;
  if (value instanceof GoSlice) return joined(`${typeName(value.type)} ${value.isNil}`, value.items);
  if (value instanceof GoMap) {
    // In whatever order: another one gives another text, which costs a rendering and nothing else.
    return joined(`${typeName(value.type)} ${value.isNil}`, [...value.entries].flat());
  }
  if (value instanceof GoStruct && !value.asString && Object.keys(value.methods).length === 0) {
    return joined(typeName(value.type), Object.values(value.fields));
  }
  return undefined;
}

function joined(head: string, parts: readonly Value[]): string | undefined {
  let text = `o${head.length}:${head}${parts.length}(`;
  for (const part of parts) {
    const own = signatureOf(part);
    if (own === undefined || text.length + own.length > MAX_LENGTH) return undefined;
    text += own;
  }
  return text;
}

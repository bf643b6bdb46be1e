/** One value under one verb of Go's `fmt`. */
import { formatFloat } from './numbers.ts';
import { canBackquote, isPrintable, quote } from './quote.ts';
import { compareText, encodeText } from './text.ts';
import type { Value } from './values.ts';
import {
  GoFunc,
  GoInteger,
  GoInterface,
  GoMap,
  GoPointer,
  GoSlice,
  GoStruct,
  typeOf,
  unwrap,
} from './values.ts';
import { typeName } from './types.ts';

const MAX_RUNE = 0x10ffffn;
const BASES: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };
/** How many digits each verb has behind the point unless told; -1 for as many as needed. */
const FLOAT_PRECISION: Readonly<Record<string, number>> = {
  v: -1,
  b: -1,
  g: -1,
  G: -1,
  x: -1,
  X: -1,
  f: 6,
  F: 6,
  e: 6,
  E: 6,
};
/** Stands for the addresses that Go prints and a template cannot rely on. */
const ADDRESS = 0xc000012000n;

export interface Flags {
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  plusV: boolean;
  sharpV: boolean;
  width: number | undefined;
  precision: number | undefined;
}

export class Formatter {
  readonly flags: Flags = {
    plus: false,
    minus: false,
    sharp: false,
    space: false,
    zero: false,
    plusV: false,
    sharpV: false,
    width: undefined,
    precision: undefined,
  };
  /** Inside the text of an error: values that print themselves do not. */
  #erroring = false;

  clear(): void {
    const { flags } = this;
    flags.plus = flags.minus = flags.sharp = flags.space = flags.zero = flags.plusV = flags.sharpV = false;
    flags.width = flags.precision = undefined;
  }

  /** An argument of a print function. */
  argument(wrapped: Value, verb: string): string {
    const value = unwrap(wrapped);
    if (value === undefined) return 'Tv'.includes(verb) ? this.#pad('<nil>') : `%!${verb}(<nil>)`;
    if (verb === 'T') return this.#text(typeName(typeOf(value)!));
    if (verb === 'p') return this.#pointer(value, 'p');
    if (verb === 'w') return this.#bad(value, verb);
    return this.#value(value, verb, 0);
  }

  #value(value: Value, verb: string, depth: number): string {
    switch (typeof value) {
      case 'undefined':
        // Only something of type `interface {}` holds nothing.
        return depth > 0 && this.flags.sharpV ? 'interface {}(nil)' : '<nil>';
      case 'boolean':
        return 'tv'.includes(verb) ? this.#pad(String(value)) : this.#bad(value, verb);
      case 'bigint':
        return this.#integer(value, value, true, verb);
      case 'number':
        return this.#float(value, verb);
      case 'string':
        return this.#string(value, verb, value);
      default:
        return this.#object(value, verb, depth);
    }
  }

  #object(
    value: Exclude<Value, undefined | boolean | bigint | number | string>,
    verb: string,
    depth: number,
  ): string {
    if (value instanceof GoInteger) {
      if (value.text !== undefined && this.#printsItself(verb)) return this.#string(value.text, verb, value);
      return this.#integer(value, value.value, value.type.signed, verb);
    }
    if (value instanceof GoSlice) return this.#slice(value, verb, depth);
    if (value instanceof GoMap) return this.#map(value, verb, depth);
    if (value instanceof GoStruct) return this.#struct(value, verb, depth);
    if (value instanceof GoInterface) {
      if (value.value !== undefined) return this.#value(value.value, verb, depth + 1);
      return this.flags.sharpV ? 'interface {}(nil)' : '<nil>';
    }
    if (
      value instanceof GoPointer &&
      depth === 0 &&
      value.target !== undefined &&
      typeof value.target === 'object'
    ) {
      return `&${this.#value(value.target, verb, depth + 1)}`;
    }
    return this.#pointer(value, verb);
  }

  /** Whether values that can are to print themselves. */
  #printsItself(verb: string): boolean {
    return !this.#erroring && !this.flags.sharpV && 'vsxXq'.includes(verb);
  }

  #bad(value: Value, verb: string): string {
    this.#erroring = true;
    const type = typeOf(value);
    const text = type === undefined ? '<nil>' : `${typeName(type)}=${this.#value(value, 'v', 0)}`;
    this.#erroring = false;
    return `%!${verb}(${text})`;
  }

  #pad(text: string, zero = this.flags.zero): string {
    const { width, minus } = this.flags;
    if (width === undefined) return text;
    const missing = width - characters(text);
    if (missing <= 0) return text;
    return minus ? text + (zero ? '0' : ' ').repeat(missing) : (zero ? '0' : ' ').repeat(missing) + text;
  }

  #integer(value: Value, number: bigint, signed: boolean, verb: string): string {
    const { flags } = this;
    const unsigned = BigInt.asUintN(64, number);
    if (verb === 'c' || verb === 'q') {
      const code =
        unsigned > MAX_RUNE || (unsigned >= 0xd800n && unsigned < 0xe000n) ? 0xfffd : Number(unsigned);
      const character = String.fromCodePoint(code);
      return this.#pad(verb === 'c' ? character : quote(character, { asciiOnly: flags.plus, mark: "'" }));
    }
    if (verb === 'U') return this.#unicode(unsigned);
    const base = BASES[verb];
    if (base === undefined) return this.#bad(value, verb);
    if (verb === 'v' && flags.sharpV && !signed) return this.#digits(number, 16, 'v', true);
    return this.#digits(number, base, verb, flags.sharp);
  }

  #digits(number: bigint, base: number, verb: string, sharp: boolean): string {
    const { flags } = this;
    const negative = number < 0n;
    const size = negative ? -number : number;
    let least = 0;
    if (flags.precision !== undefined) {
      least = flags.precision;
      if (least === 0 && size === 0n) return ' '.repeat(flags.width ?? 0);
    } else if (flags.zero && flags.width !== undefined) {
      least = flags.width - (negative || flags.plus || flags.space ? 1 : 0);
    }
    let text = size.toString(base).padStart(least, '0');
    if (sharp && base === 2) text = `0b${text}`;
    if (sharp && base === 8 && !text.startsWith('0')) text = `0${text}`;
    if (sharp && base === 16) text = `0x${text}`;
    if (verb === 'O') text = `0o${text}`;
    if (verb === 'X') text = text.toUpperCase();
    return this.#pad((negative ? '-' : flags.plus ? '+' : flags.space ? ' ' : '') + text, false);
  }

  #unicode(code: bigint): string {
    const { sharp, precision } = this.flags;
    const digits = code
      .toString(16)
      .toUpperCase()
      .padStart(Math.max(precision ?? 4, 4), '0');
    const character = sharp && code <= MAX_RUNE ? String.fromCodePoint(Number(code)) : '';
    return this.#pad(
      `U+${digits}${character !== '' && isPrintable(character) ? ` '${character}'` : ''}`,
      false,
    );
  }

  #float(value: number, verb: string): string {
    const usual = FLOAT_PRECISION[verb];
    if (usual === undefined) return this.#bad(value, verb);
    const { flags } = this;
    const precision = flags.precision ?? usual;
    const format = verb === 'v' ? 'g' : verb === 'F' ? 'f' : verb;
    let text = formatFloat(value, format, precision);
    if (!/^[+-]/.test(text)) text = `+${text}`;
    if (flags.space && text.startsWith('+') && !flags.plus) text = ` ${text.slice(1)}`;
    if (/^.[IN]/.test(text)) {
      const bare = text[1] === 'N' && !flags.space && !flags.plus;
      return this.#pad(bare ? text.slice(1) : text, false);
    }
    if (flags.sharp && verb !== 'b') text = withPoint(text, format, precision);
    if (!flags.plus && text.startsWith('+')) return this.#pad(text.slice(1));
    if (flags.zero && flags.width !== undefined && flags.width > text.length) {
      return text[0]! + '0'.repeat(flags.width - text.length) + text.slice(1);
    }
    return this.#pad(text);
  }

  #string(value: string, verb: string, original: Value): string {
    const { flags } = this;
    switch (verb) {
      case 'v':
        return flags.sharpV ? this.#quoted(value) : this.#text(value);
      case 's':
        return this.#text(value);
      case 'x':
      case 'X':
        return this.#hexadecimal(value, verb);
      case 'q':
        return this.#quoted(value);
      default:
        return this.#bad(original, verb);
    }
  }

  #text(text: string): string {
    return this.#pad(this.#truncated(text));
  }

  #truncated(text: string): string {
    const { precision } = this.flags;
    return precision === undefined ? text : [...text].slice(0, precision).join('');
  }

  #quoted(whole: string): string {
    const text = this.#truncated(whole);
    if (this.flags.sharp && canBackquote(text)) return this.#pad(`\`${text}\``);
    return this.#pad(quote(text, { asciiOnly: this.flags.plus }));
  }

  #hexadecimal(text: string, verb: string): string {
    const { flags } = this;
    const bytes = encodeText(text).subarray(0, flags.precision);
    const sign = flags.sharp ? '0x' : '';
    const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
    const joined = flags.space ? digits.map((pair) => sign + pair).join(' ') : sign + digits.join('');
    const out = bytes.length === 0 ? '' : joined;
    return this.#pad(verb === 'X' ? out.toUpperCase() : out);
  }

  #slice(value: GoSlice, verb: string, depth: number): string {
    const { elem } = value.type;
    if (elem.kind === 'integer' && elem.bits === 8 && !elem.signed && 'sqxX'.includes(verb)) {
      const bytes = Uint8Array.from(value.items, (item) => Number((item as GoInteger).value));
      return this.#string(Buffer.from(bytes).toString(), verb, value);
    }
    if (!this.flags.sharpV)
      return `[${value.items.map((item) => this.#value(item, verb, depth + 1)).join(' ')}]`;
    const name = typeName(value.type);
    if (value.isNil) return `${name}(nil)`;
    return `${name}{${value.items.map((item) => this.#value(item, verb, depth + 1)).join(', ')}}`;
  }

  #map(value: GoMap, verb: string, depth: number): string {
    const pairs = sortedEntries(value).map(
      ([key, item]) => `${this.#value(key, verb, depth + 1)}:${this.#value(item, verb, depth + 1)}`,
    );
    if (!this.flags.sharpV) return `map[${pairs.join(' ')}]`;
    const name = typeName(value.type);
    return value.isNil ? `${name}(nil)` : `${name}{${pairs.join(', ')}}`;
  }

  #struct(value: GoStruct, verb: string, depth: number): string {
    const { flags } = this;
    if (value.asString && this.#printsItself(verb)) {
      return this.#string(value.asString(), verb, value);
    }
    const named = flags.plusV || flags.sharpV;
    const fields = value.type.fields.map(({ name }) => {
      // A field that is an interface prints as what is in it, unless that is nothing.
      const field = value.fields[name];
      const inner = field instanceof GoInterface && field.value !== undefined ? field.value : field;
      return (named ? `${name}:` : '') + this.#value(inner, verb, depth + 1);
    });
    return flags.sharpV ? `${typeName(value.type)}{${fields.join(', ')}}` : `{${fields.join(' ')}}`;
  }

  #pointer(value: Value, verb: string): string {
    const pointed =
      value instanceof GoPointer ||
      value instanceof GoFunc ||
      value instanceof GoSlice ||
      value instanceof GoMap;
    if (!pointed) return this.#bad(value, verb);
    const address = value instanceof GoPointer && value.target === undefined ? 0n : ADDRESS;
    const { flags } = this;
    switch (verb) {
      case 'v':
        if (flags.sharpV) {
          return `(${typeName(value.type)})(${address === 0n ? 'nil' : this.#digits(address, 16, 'v', true)})`;
        }
        return address === 0n ? this.#pad('<nil>') : this.#digits(address, 16, 'v', !flags.sharp);
      case 'p':
        return this.#digits(address, 16, 'v', !flags.sharp);
      case 'b':
      case 'o':
      case 'd':
      case 'x':
      case 'X':
        return this.#digits(address, BASES[verb]!, verb, flags.sharp);
      default:
        return this.#bad(value, verb);
    }
  }
}

/** Entries of a map in the order of its keys. */
export function sortedEntries(map: GoMap): [string, Value][] {
  return [...map.entries].sort(([a], [b]) => compareText(a, b));
}

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The `#` flag on a floating-point number: always a point, and zeros kept where the verb would drop them. */
function withPoint(signed: string, verb: string, precision: number): string {
  const isGeneral = 'gGx'.includes(verb);
  let missing = isGeneral ? (precision === -1 ? 6 : precision) : 0;
  const tailAt = signed.slice(1).search('xX'.includes(verb) ? /[pP]/ : /[eE]/);
  const tail = tailAt < 0 ? '' : signed.slice(tailAt + 1);
  let head = tailAt < 0 ? signed : signed.slice(0, tailAt + 1);
  let sawNonzero = false;
  for (const character of head.slice(1)) {
    if (character === '.') continue;
    if (character !== '0') sawNonzero = true;
    if (sawNonzero) missing--;
  }
  if (!head.includes('.')) {
    if (head.length === 2 && head[1] === '0') missing--;
    head += '.';
  }
  return head + '0'.repeat(Math.max(missing, 0)) + tail;
}

/** JSON as Go's `encoding/json` reads it into `interface {}`, with its messages. */
import { quote } from './quote.ts';
import { strayByte } from './text.ts';
import { ARRAY, OBJECT } from './types.ts';
import type { Value } from './values.ts';
import { GoError, GoMap, GoSlice } from './values.ts';

/** How deep values may nest. */
const MAX_DEPTH = 2000;
const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  '\\': '\\',
  '/': '/',
};
const REFUSES_SPACE = /^in literal|numeric literal|escape/;
const LITERALS: readonly (readonly [string, Value])[] = [
  ['true', true],
  ['false', false],
  ['null', undefined],
];

/**
 * Reads a whole text. Throws `GoError`.
 * @param check throws where the value is not what is wanted, which is said before what is wrong inside it
 */
export function readJson(text: string, check: (value: Value) => void = () => undefined): Value {
  const plain = plainJson(text);
  if (plain) {
    check(plain.value);
    return plain.value;
  }
  const reader = new Reader(text);
  const value = reader.read();
  check(value);
  if (reader.tooLarge !== undefined) {
    throw new GoError(`json: cannot unmarshal number ${reader.tooLarge} into Go value of type float64`);
  }
  return value;
}

/** What the engine's own reader gives, which is fast, where it gives the same as Go's; undefined elsewhere. */
function plainJson(text: string): { value: Value } | undefined {
  // Halves of surrogate pairs become another character in Go. So do they where they are escaped.
  if (!text.isWellFormed() || text.includes('\\u')) return undefined;
  try {
    return { value: valueOf(JSON.parse(text), 0) };
  } catch {
    return undefined;
  }
}

/** Throws where Go would say something. */
function valueOf(plain: unknown, depth: number): Value {
  if (typeof plain === 'string' || typeof plain === 'boolean') return plain;
  if (plain === null) return undefined;
  if (typeof plain === 'number') {
    if (!Number.isFinite(plain)) throw new GoError('out of range');
    return plain;
  }
  if (depth >= MAX_DEPTH) throw new GoError('too deep');
  if (Array.isArray(plain))
    return new GoSlice(
      ARRAY,
      plain.map((item) => valueOf(item, depth + 1)),
    );
  const entries = new Map<string, Value>();
  for (const [key, value] of Object.entries(plain as object)) entries.set(key, valueOf(value, depth + 1));
  return new GoMap(OBJECT, entries);
}

class Reader {
  /** The first number that is out of range. */
  tooLarge: string | undefined;
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Value {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
    return value;
  }

  #fail(where: string): never {
    const ended = this.#at >= this.#text.length;
    // Go gives its scanner a space at the end, which most states take.
    if (ended && !REFUSES_SPACE.test(where)) throw new GoError('unexpected end of JSON input');
    const character = ended ? ' ' : String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    throw new GoError(`invalid character ${describe(character)} ${where}`);
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
  }

  #value(): Value {
    this.#space();
    const character = this.#text[this.#at];
    switch (character) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      default:
        break;
    }
    if (character !== undefined && /[-0-9]/.test(character)) return this.#number();
    for (const [word, value] of LITERALS) {
      if (character !== word[0]) continue;
      for (let i = 1; i < word.length; i++) {
        this.#at++;
        if (this.#text[this.#at] !== word[i]) this.#fail(`in literal ${word} (expecting '${word[i]}')`);
      }
      this.#at++;
      return value;
    }
    return this.#fail('looking for beginning of value');
  }

  #nested(read: () => Value): Value {
    if (++this.#depth > MAX_DEPTH) throw new GoError('exceeded max depth');
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): Value {
    const entries = new Map<string, Value>();
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return new GoMap(OBJECT, entries);
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string');
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ':') this.#fail('after object key');
      this.#at++;
      entries.set(key, this.#value());
      this.#space();
      if (!',}'.includes(this.#text[this.#at] ?? 'x')) this.#fail('after object key:value pair');
      if (this.#text[this.#at++] === '}') return new GoMap(OBJECT, entries);
    }
  }

  #array(): Value {
    const items: Value[] = [];
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return new GoSlice(ARRAY, items);
    }
    for (;;) {
      items.push(this.#value());
      this.#space();
      if (!',]'.includes(this.#text[this.#at] ?? 'x')) this.#fail('after array element');
      if (this.#text[this.#at++] === ']') return new GoSlice(ARRAY, items);
    }
  }

  #string(): string {
    let out = '';
    this.#at++;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || character < ' ') this.#fail('in string literal');
      this.#at++;
      if (character === '"') break;
      out += character === '\\' ? this.#escape() : strayByte(character) === undefined ? character : '\ufffd';
    }
    // Halves of surrogate pairs without their other half.
    return out.toWellFormed();
  }

  #escape(): string {
    const letter = this.#text[this.#at];
    if (letter === 'u') {
      let code = 0;
      for (let i = 0; i < 4; i++) {
        this.#at++;
        const digit = this.#text[this.#at];
        if (digit === undefined || !/[0-9a-fA-F]/.test(digit))
          this.#fail('in \\u hexadecimal character escape');
        code = code * 16 + parseInt(digit, 16);
      }
      this.#at++;
      return String.fromCharCode(code);
    }
    const character = letter === undefined ? undefined : ESCAPES[letter];
    if (character === undefined) this.#fail('in string escape code');
    this.#at++;
    return character;
  }

  #number(): number {
    const from = this.#at;
    const digits = (where: string): void => {
      if (!/[0-9]/.test(this.#text[this.#at] ?? '')) this.#fail(where);
      while (/[0-9]/.test(this.#text[this.#at] ?? '')) this.#at++;
    };
    if (this.#text[this.#at] === '-') this.#at++;
    if (this.#text[this.#at] === '0') this.#at++;
    else digits('in numeric literal');
    if (this.#text[this.#at] === '.') {
      this.#at++;
      digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at++;
      if (/[+-]/.test(this.#text[this.#at] ?? '')) this.#at++;
      digits('in exponent of numeric literal');
    }
    const text = this.#text.slice(from, this.#at);
    const value = Number(text);
    if (!Number.isFinite(value)) this.tooLarge ??= text;
    return value;
  }
}

function describe(character: string): string {
  if (character === "'") return `'\\''`;
  if (character === '"') return `'"'`;
  return `'${quote(character).slice(1, -1)}'`;
}

/** Literals of Go: strings, characters and numbers. */
import { decodeText } from './text.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** Digits of the escapes that give a character by number. */
const NUMBERED: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * What a quoted string or character stands for; undefined where Go's `strconv.Unquote` refuses it.
 * @param literal with its quotes
 */
export function unquote(literal: string): string | undefined {
  const quote = literal[0]!;
  const inner = literal.slice(1, -1);
  if (quote === '`') return inner.replace(/\r/g, '');
  const bytes: Uint8Array[] = [];
  for (let at = 0; at < inner.length;) {
    if (inner[at] !== '\\') {
      const next = inner.indexOf('\\', at);
      const end = next < 0 ? inner.length : next;
      if (inner.slice(at, end).includes('\n')) return undefined;
      bytes.push(Buffer.from(inner.slice(at, end)));
      at = end;
      continue;
    }
    const escape = readEscape(inner, at + 1, quote);
    if (!escape) return undefined;
    bytes.push(escape.bytes);
    at = escape.end;
  }
  return decodeText(Buffer.concat(bytes));
}

function readEscape(text: string, at: number, quote: string): { bytes: Uint8Array; end: number } | undefined {
  const letter = text[at];
  if (letter === undefined) return undefined;
  const simple = ESCAPES[letter];
  if (simple !== undefined) {
    const otherQuote = (letter === "'" || letter === '"') && letter !== quote;
    return otherQuote ? undefined : { bytes: Buffer.from(simple), end: at + 1 };
  }
  const octal = /^[0-7]{3}/.exec(text.slice(at))?.[0];
  if (octal !== undefined) {
    const code = parseInt(octal, 8);
    return code > 255 ? undefined : { bytes: Uint8Array.of(code), end: at + 3 };
  }
  const count = NUMBERED[letter];
  if (count === undefined) return undefined;
  const digits = text.slice(at + 1, at + 1 + count);
  if (digits.length < count || !/^[0-9a-fA-F]+$/.test(digits)) return undefined;
  const code = parseInt(digits, 16);
  const end = at + 1 + count;
  if (letter === 'x') return { bytes: Uint8Array.of(code), end };
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
  return { bytes: Buffer.from(String.fromCodePoint(code)), end };
}

/** Whether underscores only stand between digits, or behind the prefix of a base. */
function underscoresFit(text: string): boolean {
  const plain = text
    .toLowerCase()
    .replace(/^[+-]/, '')
    .replace(/^0[xbo]/, (prefix) => (prefix === '0x' ? '0x0' : '00'));
  const digits = plain.startsWith('0x') ? /[0-9a-f]/ : /[0-9]/;
  return [...plain].every(
    (character, i) =>
      character !== '_' || (digits.test(plain[i - 1] ?? '') && digits.test(plain[i + 1] ?? '')),
  );
}

const BASES: Readonly<Record<string, number>> = { x: 16, b: 2, o: 8 };

const MAX_INT = (1n << 63n) - 1n;
const MIN_INT = -(1n << 63n);
const MAX_UINT = (1n << 64n) - 1n;

/** A whole number as `strconv.ParseInt(text, 0, 64)` and `ParseUint` read it; undefined where both refuse it. */
export function parseGoInt(text: string): bigint | undefined {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '').toLowerCase();
  if (!underscoresFit(text)) return undefined;
  const plain = digits.replaceAll('_', '');
  const prefix = /^0([xbo])(?=[0-9a-f])/.exec(plain)?.[1];
  const base = prefix !== undefined ? BASES[prefix]! : plain.length > 1 && plain.startsWith('0') ? 8 : 10;
  const value = readDigits(prefix === undefined ? plain : plain.slice(2), BigInt(base));
  if (value === undefined) return undefined;
  const signed = negative ? -value : value;
  // An unsigned number has no sign at all.
  const limit = /^[+-]/.test(text) ? MAX_INT : MAX_UINT;
  return signed < MIN_INT || signed > limit ? undefined : signed;
}

function readDigits(text: string, base: bigint): bigint | undefined {
  if (text === '') return undefined;
  let value = 0n;
  for (const character of text) {
    const digit = BigInt('0123456789abcdef'.indexOf(character));
    if (digit < 0n || digit >= base) return undefined;
    value = value * base + digit;
  }
  return value;
}

const DECIMAL_FLOAT = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?$/;
const HEX_FLOAT = /^([+-]?)0[xX]([0-9a-fA-F_]*)\.?([0-9a-fA-F_]*)[pP]([+-]?\d+)$/;

/** A floating-point number as `strconv.ParseFloat` reads it; undefined where it refuses. */
export function parseGoFloat(text: string): number | undefined {
  if (!underscoresFit(text)) return undefined;
  const plain = text.replaceAll('_', '');
  if (DECIMAL_FLOAT.test(text)) {
    const value = Number(plain);
    return Number.isFinite(value) ? value : undefined;
  }
  const match = HEX_FLOAT.exec(plain);
  if (!match || match[2]! + match[3]! === '') return undefined;
  const [, sign, whole, fraction, exponent] = match;
  const mantissa = parseInt(whole! + fraction!, 16);
  const value = mantissa * 2 ** (Number(exponent) - 4 * fraction!.length);
  return Number.isFinite(value) ? (sign === '-' ? -value : value) : undefined;
}

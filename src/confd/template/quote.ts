/** Go's quoted strings and characters. */
import { strayByte } from './text.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** Letters, marks, numbers, punctuation, symbols, and of the spaces only ASCII's. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

export function isPrintable(character: string): boolean {
  return PRINTABLE.test(character);
}

function escape(character: string, quote: string, asciiOnly: boolean): string {
  if (character === quote) return `\\${character}`;
  const known = ESCAPES[character];
  if (known !== undefined) return known;
  const stray = strayByte(character);
  if (stray !== undefined) return `\\x${stray.toString(16)}`;
  const code = character.codePointAt(0)!;
  if (isPrintable(character) && !(asciiOnly && code > 0x7e)) return character;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  const digits = code.toString(16);
  return code > 0xffff ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
}

/** A string in quotes, as `strconv.Quote` gives it. */
export function quote(text: string, { asciiOnly = false, mark = '"' } = {}): string {
  let out = mark;
  for (const character of text) out += escape(character, mark, asciiOnly);
  return out + mark;
}

/** Whether a string can stand between back-quotes. */
export function canBackquote(text: string): boolean {
  return !/[\x00-\x08\x0a-\x1f`\x7f\ufeff\ud800-\udfff]/.test(
    text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''),
  );
}

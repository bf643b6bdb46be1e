/**
 * Strings as Go has them: bytes that mostly are UTF-8. A byte that is not part of a character is kept as a lone surrogate
 * (U+DC00 plus the byte), which no UTF-8 text can hold, so that cutting a string between bytes loses nothing.
 */

const STRAY = 0xdc00;
const ASCII = /^[\x00-\x7f]*$/;
const HIGH = /[\ud800-\udfff]/;

/** Bytes to a string that `encodeText` turns into the same bytes. */
export function decodeText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  if (!text.includes('\ufffd')) return text;
  let out = '';
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    if (length === 0) out += String.fromCharCode(STRAY + bytes[at]!);
    else out += Buffer.from(bytes.subarray(at, at + length)).toString();
    at += length || 1;
  }
  return out;
}

/** Bytes of the character at an offset; 0 where there is no valid one. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  return length;
}

export function encodeText(text: string): Buffer {
  if (!HIGH.test(text)) return Buffer.from(text);
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const stray = strayByte(character);
    parts.push(stray === undefined ? Buffer.from(character) : Uint8Array.of(stray));
  }
  return Buffer.concat(parts);
}

/** The byte that a character stands for which is none; undefined for real characters. */
export function strayByte(character: string): number | undefined {
  const code = character.charCodeAt(0);
  return character.length === 1 && code >= STRAY + 0x80 && code <= STRAY + 0xff ? code - STRAY : undefined;
}

export function byteLength(text: string): number {
  return ASCII.test(text) ? text.length : encodeText(text).length;
}

/** Part of a string between two byte offsets. */
export function byteSlice(text: string, from: number, to: number): string {
  return ASCII.test(text) ? text.slice(from, to) : decodeText(encodeText(text).subarray(from, to));
}

export function byteAt(text: string, at: number): number {
  return ASCII.test(text) ? text.charCodeAt(at) : encodeText(text)[at]!;
}

/** Order of the bytes: below, at or above 0. */
export function compareText(a: string, b: string): number {
  if (HIGH.test(a) || HIGH.test(b)) return Buffer.compare(encodeText(a), encodeText(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Strings in the order of their bytes. */
export function sortedTexts(texts: Iterable<string>): string[] {
  const all = [...texts];
  // Up to U+D7FF the order of UTF-16 is that of UTF-8.
  return all.some((text) => HIGH.test(text)) ? all.sort(compareText) : all.sort();
}

/** A string with the bytes of several, where halves of a character may have come together. */
export function joinText(parts: readonly string[], separator = ''): string {
  const text = parts.join(separator);
  return HIGH.test(text) ? decodeText(encodeText(text)) : text;
}

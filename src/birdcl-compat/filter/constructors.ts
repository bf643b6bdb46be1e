/** Values that are made at run time: arithmetic, pairs, communities, path masks, networks, byte strings. */
import type { IpAddress } from '../../base/ip.ts';
import { PathMask } from './as-path.ts';
import type { MaskItem } from './as-path.ts';
import { quadOf } from './compare.ts';
import type { Net } from './nets.ts';
import { FilterError } from './runtime-error.ts';
import { ValueSet } from './sets.ts';
import type { Type } from './types.ts';
import { makeEc } from './values.ts';
import type { Value } from './values.ts';

/** An extended community at run time. Throws `FilterError`. */
export function ecValue(
  kind: 'rt' | 'ro' | 'generic' | number,
  keyType: Type,
  key: Value,
  value: number,
  at: number,
): bigint {
  const isIp = keyType === 'ip';
  const word = isIp ? quadOf(key as IpAddress) : (key as number);
  if (word === undefined)
    throw new FilterError(at, 'Argument 1 of EC constructor must be integer or IPv4 address');
  const result = makeEc(kind, word, isIp || keyType === 'quad', value);
  if (typeof result === 'string') throw new FilterError(at, result);
  return result;
}

export function pairValue(a: number, b: number, at: number): number {
  if (a > 0xffff || b > 0xffff) {
    throw new FilterError(at, "Can't operate with value out of bounds in pair constructor");
  }
  return ((a << 16) | b) >>> 0;
}

export function divide(a: number, b: number, at: number): number {
  if (b === 0) throw new FilterError(at, 'Mother told me not to divide by 0');
  return Math.floor(a / b);
}

/** A path mask from its items; `+` repeats the item before it. */
export function maskOf(
  items: readonly (MaskItem | 'repeat' | { number: number } | ValueSet)[],
  at: number,
): PathMask {
  const list: { item: MaskItem; repeat: boolean }[] = [];
  for (const entry of items) {
    if (entry === 'repeat') {
      const last = list.at(-1);
      if (last) last.repeat = true;
    } else if (entry instanceof ValueSet) {
      if (entry.element !== 'int' && entry.element !== 'void') {
        throw new FilterError(at, 'Only integer sets allowed in path mask');
      }
      list.push({ item: { kind: 'set', set: entry }, repeat: false });
    } else if ('number' in entry) {
      list.push({ item: { kind: 'range', from: entry.number, to: entry.number }, repeat: false });
    } else list.push({ item: entry, repeat: false });
  }
  return new PathMask(list);
}

/** A network with a number that an expression gave. Throws `FilterError` where it does not fit. */
export function fillNet(
  net: Net,
  field: string,
  value: number,
  check: ((net: Net, value: number) => string | undefined) | undefined,
  at: number,
): Net {
  const problem = check?.(net, value);
  if (problem !== undefined) throw new FilterError(at, problem);
  return { ...net, [field]: value };
}

/** `from_hex`: pairs of hexadecimal digits, with blanks, dots, colons and hyphens between them. */
export function fromHex(text: string, at: number): string {
  let digits = '';
  for (const character of text) {
    if (/[0-9a-fA-F]/.test(character)) digits += character.toLowerCase();
    else if (!' -.:'.includes(character) || digits.length % 2 === 1) {
      throw new FilterError(at, 'Invalid hex string');
    }
  }
  if (digits.length % 2 === 1) throw new FilterError(at, 'Invalid hex string');
  return digits;
}

/** Texts do not grow beyond this many characters: a filter cannot use up the memory. */
const MAX_TEXT = 1 << 20;

/** Strings and byte strings joined. */
export function appendText(a: string, b: string, at: number): string {
  if (a.length + b.length > MAX_TEXT) throw new FilterError(at, 'String too long');
  return a + b;
}

/** What was known to fail before it ran. */
export function fail(message: string, at: number): never {
  throw new FilterError(at, message);
}

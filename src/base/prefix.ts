/** Prefixes as text and words. */
import { FAMILIES, type Family } from './family.ts';
import { formatIp, parseIp } from './ip.ts';

export interface Prefix {
  readonly family: Family;
  /** Address words, host bits zero. */
  readonly words: Uint32Array;
  /** Bits. */
  readonly length: number;
}

/** `10.0.0.0/8` or `2001:db8::/32`; host bits must be zero. Undefined where the text is no prefix. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (!address || !/^\d{1,3}$/.test(digits)) return undefined;
  const family = FAMILIES[address.version === 4 ? 0 : 1];
  const length = Number(digits);
  if (length > family.bits) return undefined;
  const words = Uint32Array.from(address.words);
  for (let i = 0; i < words.length; i++) {
    const keep = Math.min(32, Math.max(0, length - i * 32));
    const mask = keep === 0 ? 0 : (0xffffffff << (32 - keep)) >>> 0;
    if ((words[i]! & ~mask) !== 0) return undefined;
  }
  return { family, words, length };
}

export function formatPrefix(prefix: Prefix): string {
  const { family, words, length } = prefix;
  return `${formatIp({ version: family.words === 1 ? 4 : 6, words: Array.from(words) })}/${length}`;
}

/**
 * Generated configurations have thousands of `protocol bgp` blocks that differ in a line or two: name, description,
 * neighbour. A block whose text is that of the block before it, but for texts, numbers and addresses of such options, is
 * not read again. The lexer keeps a `repeat` token, the name and what differs; lowering puts that into the options of the
 * whole block. Nothing may be missed that way, so a file in which anything is to be reported is read again in full.
 */
import { punctuationCode, TOKEN } from './token.ts';

/** Options that may differ: each sets only fields that nothing else in the block sets. */
export const VARYING_OPTIONS = ['description', 'neighbor', 'local', 'password'] as const;
export type VaryingOption = (typeof VARYING_OPTIONS)[number];

/** `source address` sets what `local` sets. */
const CONFLICTS: Readonly<Record<VaryingOption, string | undefined>> = {
  description: undefined,
  neighbor: undefined,
  local: 'source',
  password: undefined,
};

/** What a block that can be repeated begins with, at the start of a line. */
export const BLOCK_START = 'protocol bgp ';
const HEAD = /protocol bgp \w+((?: from \w+)? \{\n)/y;
const [OPEN, CLOSE, SEMICOLON, PERCENT, SLASH] = ['{', '}', ';', '%', '/'].map(punctuationCode);
/** Kinds of tokens that may differ. */
const SLOT_KINDS: ReadonlySet<number> = new Set([TOKEN.text, TOKEN.number, TOKEN.ip4, TOKEN.ip6]);

/** What the lexer has made so far. */
export interface TokenColumns {
  readonly kinds: Uint8Array;
  readonly values: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly length: number;
  readonly words: readonly string[];
}

/** A block that later ones may repeat. */
export interface WholeBlock {
  /** Token of its `protocol`. */
  readonly first: number;
  /** Token of its closing brace. */
  readonly last: number;
  /** Texts, numbers and addresses that may differ, as tokens. */
  readonly slots: readonly number[];
  /** What stands before the first slot (the name apart), between them, and from the last one to the closing brace. */
  readonly pieces: readonly string[];
}

/**
 * Describes the block that the tokens from `first` to the last are.
 * @param start where it begins in `text`
 * @returns undefined where it is not written line by line, with the closing brace on a line of its own
 */
export function describeBlock(
  text: string,
  start: number,
  first: number,
  tokens: TokenColumns,
): WholeBlock | undefined {
  HEAD.lastIndex = start;
  const tail = HEAD.exec(text)?.[1];
  const close = tokens.length - 1;
  if (tail === undefined || !isPunctuation(tokens, close, CLOSE!)) return undefined;
  const end = tokens.starts[close]!;
  if (text[end - 1] !== '\n' || !endsLine(text, end + 1)) return undefined;
  let token = first;
  while (!isPunctuation(tokens, token, OPEN!)) token++;
  token++;
  const uses = countWords(tokens, token, close);
  if (!uses) return undefined;
  const slots: number[] = [];
  const pieces: string[] = [];
  // Where the piece at hand begins.
  let from = HEAD.lastIndex - tail.length;
  let depth = 1;
  for (let at = HEAD.lastIndex; at < end;) {
    const next = text.indexOf('\n', at) + 1;
    const line = token;
    const outer = depth === 1;
    while (tokens.starts[token]! < next && token < close) {
      if (isPunctuation(tokens, token, OPEN!)) depth++;
      else if (isPunctuation(tokens, token, CLOSE!)) depth--;
      token++;
    }
    if (outer && mayVary(tokens, line, token, uses)) {
      for (let slot = line; slot < token; slot++) {
        if (!SLOT_KINDS.has(tokens.kinds[slot]!)) continue;
        slots.push(slot);
        pieces.push(whole(text.slice(from, tokens.starts[slot])));
        from = tokens.ends[slot]!;
      }
    }
    at = next;
  }
  pieces.push(whole(text.slice(from, end)));
  return { first, last: close, slots, pieces };
}

/** A text in one piece: comparing one that is a part of another, or strung together, takes several times as long. */
function whole(text: string): string {
  return Buffer.from(text).toString();
}

/** Whether only a line feed or nothing follows. */
export function endsLine(text: string, at: number): boolean {
  return at === text.length || text.charCodeAt(at) === 10;
}

function isPunctuation({ kinds, values }: TokenColumns, at: number, code: number): boolean {
  return kinds[at] === TOKEN.punctuation && values[at] === code;
}

/** How often each word stands outside of inner braces; undefined where the braces do not match. */
function countWords(
  tokens: TokenColumns,
  from: number,
  close: number,
): ReadonlyMap<string, number> | undefined {
  const uses = new Map<string, number>();
  let depth = 1;
  for (let at = from; at < close; at++) {
    if (isPunctuation(tokens, at, OPEN!)) depth++;
    else if (isPunctuation(tokens, at, CLOSE!) && --depth === 0) return undefined;
    else if (depth === 1 && tokens.kinds[at] === TOKEN.word) {
      const word = tokens.words[tokens.values[at]!]!;
      uses.set(word, (uses.get(word) ?? 0) + 1);
    }
  }
  return depth === 1 ? uses : undefined;
}

/** Whether the tokens of a line are one option, the only one of its kind, that sets nothing but its own fields. */
function mayVary(tokens: TokenColumns, from: number, to: number, uses: ReadonlyMap<string, number>): boolean {
  if (tokens.kinds[from] !== TOKEN.word || to - from < 2) return false;
  const word = tokens.words[tokens.values[from]!]! as VaryingOption;
  if (!VARYING_OPTIONS.includes(word) || uses.get(word) !== 1) return false;
  const conflict = CONFLICTS[word];
  if (conflict !== undefined && uses.has(conflict)) return false;
  for (let at = from; at < to - 1; at++) {
    if (tokens.kinds[at] === TOKEN.error) return false;
    if ([OPEN, CLOSE, SEMICOLON, PERCENT, SLASH].some((code) => isPunctuation(tokens, at, code!)))
      return false;
  }
  return isPunctuation(tokens, to - 1, SEMICOLON!);
}

/**
 * Generated configurations have thousands of `protocol bgp` blocks that differ in a line or two: name, description,
 * neighbour. A block whose lines are those of the block before it, but for such options, is not read again. The lexer
 * leaves a `repeat` token in it that stands for the lines which are the same, and lowering starts from what the whole
 * block became. Nothing may be missed that way, so a file in which anything is to be reported is read again in full.
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
const [OPEN, CLOSE, SEMICOLON, PERCENT] = ['{', '}', ';', '%'].map(punctuationCode);

/** What the lexer has made so far. */
export interface TokenColumns {
  readonly kinds: Uint8Array;
  readonly values: Uint32Array;
  readonly starts: Uint32Array;
  readonly length: number;
  readonly words: readonly string[];
}

/** The tokens of an option that may differ: `count` of them from `first` on. */
interface VaryingLine {
  readonly first: number;
  readonly count: number;
}

/** Lines that have to be the same, or one that may differ. */
interface Section {
  /** With the last line feed. */
  text: string;
  readonly varying: VaryingLine | undefined;
}

/** A block that later ones may repeat. */
export interface WholeBlock {
  /** Token of its `protocol`. */
  readonly first: number;
  /** Token of its closing brace. */
  readonly last: number;
  /** Header behind the name, with its line feed. */
  readonly tail: string;
  /** All that is between the header and the closing brace. */
  readonly sections: readonly Section[];
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
  const sections: Section[] = [];
  let depth = 1;
  for (let at = HEAD.lastIndex; at < end;) {
    const next = text.indexOf('\n', at) + 1;
    const from = token;
    const outer = depth === 1;
    while (tokens.starts[token]! < next && token < close) {
      if (isPunctuation(tokens, token, OPEN!)) depth++;
      else if (isPunctuation(tokens, token, CLOSE!)) depth--;
      token++;
    }
    const varies = outer && mayVary(tokens, from, token, uses);
    const line = text.slice(at, next);
    const before = sections.at(-1);
    if (before && !before.varying && !varies) before.text += line;
    else sections.push({ text: line, varying: varies ? { first: from, count: token - from } : undefined });
    at = next;
  }
  // In one piece each: comparing a text that is strung together takes many times as long.
  for (const section of sections) section.text = Buffer.from(section.text).toString();
  return { first, last: close, tail, sections };
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
    if ([OPEN, CLOSE, SEMICOLON, PERCENT].some((code) => isPunctuation(tokens, at, code!))) return false;
  }
  return isPunctuation(tokens, to - 1, SEMICOLON!);
}

/** Whether tokens from `at` on are those of a varying line, but for the values of texts, numbers and addresses. */
export function hasShapeOf(
  { kinds, values }: TokenColumns,
  at: number,
  count: number,
  line: VaryingLine,
): boolean {
  if (count !== line.count) return false;
  for (let i = 0; i < count; i++) {
    const kind = kinds[at + i];
    if (kind !== kinds[line.first + i]) return false;
    const fixed = kind === TOKEN.word || kind === TOKEN.punctuation;
    if (fixed && values[at + i] !== values[line.first + i]) return false;
  }
  return true;
}

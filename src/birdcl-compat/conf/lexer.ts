/**
 * Tokens of BIRD's configuration language. All files of an `include` tree end up in one list of tokens, kept as
 * columns: a token is an index, and that index is also every syntax node's position. What cannot be a token is
 * kept as an `error` token, so that errors are met in the order of the text.
 */
import { parseIpv4 } from '../../base/ip.ts';
import { BLOCK_START, describeBlock, endsLine } from './repeats.ts';
import type { TokenColumns, WholeBlock } from './repeats.ts';
import { punctuationCode, TOKEN } from './token.ts';
import type { TokenKind } from './token.ts';
import { directoryOf, SourceText } from './source.ts';
import type { ConfigFiles, Location } from './source.ts';
import { diagnosticAt } from './diagnostics.ts';
import type { Diagnostic } from './diagnostics.ts';

export { punctuationCode, TOKEN, type TokenKind };

/** BIRD gives up at this depth of files that include files. */
const MAX_INCLUDE_DEPTH = 8;

const TWO_CHARACTERS = new Set(['!=', '!~', '<=', '>=', '&&', '||', '[=', '=]', '..', '->', '++']);

const IP6 = /(?:(?:[0-9a-fA-F]*:){3,}|[0-9a-fA-F]*::)(?:\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]*)/y;
const HEXADECIMAL = /[0-9a-fA-F]+/y;
const IP4 = /\d+\.\d+\.\d+\.\d+/y;
const RD = /(?:\d+\.\d+\.\d+\.\d+:\d+|[02]:\d+:\d+|\d+:\d+)/y;
const BYTES = /[0-9a-fA-F]{2}(?:(?::[0-9a-fA-F]{2}){9,}|(?:[0-9a-fA-F]{2}){9,})/y;
const HEX = /hex:(?:[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2})+|(?:[0-9a-fA-F]{2})*)/y;
const MAC = /[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}/y;
/** No byte string is shorter. */
const MIN_BYTES = 20;
const INCLUDE_START = /[ \t]*"/y;
const INCLUDE_ARGUMENT = /([^"\n]*)"[ \t]*;/y;

/** What a character begins. */
const BEGINS = {
  nothing: 0,
  space: 1,
  newline: 2,
  word: 3,
  digit: 4,
  punctuation: 5,
  /** Punctuation that may have a second character. */
  pair: 6,
  colon: 7,
  string: 8,
  symbol: 9,
  comment: 10,
  slash: 11,
} as const;

const BEGINS_BY_CODE = classify({
  space: ' \t\r',
  newline: '\n',
  word: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_',
  digit: '0123456789',
  punctuation: '{};,()*%~]?',
  pair: '=.<>[!|&+-',
  colon: ':',
  string: '"',
  symbol: "'",
  comment: '#',
  slash: '/',
});

/** 1 for the characters of words: a table is faster than comparisons before the compiler has seen them. */
const IN_WORD = BEGINS_BY_CODE.map((begins) => (begins === BEGINS.word || begins === BEGINS.digit ? 1 : 0));

/** Characters that stand alone; `&` is none. */
const ALONE = '={}:;,.()+*/%<>~[]?!|-';

function classify(sets: Partial<Record<keyof typeof BEGINS, string>>): Uint8Array {
  const table = new Uint8Array(128);
  for (const [name, characters] of Object.entries(sets)) {
    for (const character of characters) table[character.charCodeAt(0)] = BEGINS[name as keyof typeof BEGINS];
  }
  return table;
}

/** The length of what a sticky expression matches at `at`, or 0. */
function matchLength(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  const match = expression.exec(text);
  return match ? match[0].length : 0;
}

function isWordStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Whether `part` stands at `at`. Slices are made without copying, and compare many times as fast as `startsWith`. */
function isAt(text: string, part: string, at: number): boolean {
  return text.slice(at, at + part.length) === part;
}

/** A value that the column of values cannot hold: to be read from the text. */
const UNKNOWN_VALUE = 0xffff_ffff;

/** Words by number, so that each is made into a string once, however often a text has it. */
class Words {
  readonly names: string[] = [];
  #table = new Int32Array(1024).fill(-1);
  #hashes: number[] = [];

  /** The number of the word of that hash in `text` from `at` to `end`. */
  intern(text: string, at: number, end: number, hash: number): number {
    const mask = this.#table.length - 1;
    let slot = hash & mask;
    for (;;) {
      const id = this.#table[slot]!;
      if (id < 0) break;
      const name = this.names[id]!;
      if (this.#hashes[id] === hash && name.length === end - at && isAt(text, name, at)) return id;
      slot = (slot + 1) & mask;
    }
    const id = this.names.push(text.slice(at, end)) - 1;
    this.#hashes.push(hash);
    this.#table[slot] = id;
    if (this.names.length * 2 > this.#table.length) this.#grow();
    return id;
  }

  #grow(): void {
    this.#table = new Int32Array(this.#table.length * 4).fill(-1);
    const mask = this.#table.length - 1;
    this.#hashes.forEach((hash, id) => {
      let slot = hash & mask;
      while (this.#table[slot]! >= 0) slot = (slot + 1) & mask;
      this.#table[slot] = id;
    });
  }
}

/** Characters for each token, at least, in ordinary texts: how long columns are at first. */
const CHARACTERS_PER_TOKEN = 3;

export class Tokens {
  kinds = new Uint8Array(0);
  /** Of words their number in `words`, of punctuation its code, of numbers and IPv4 addresses the value. */
  values = new Uint32Array(0);
  readonly words = new Words();
  #starts = new Uint32Array(0);
  #ends = new Uint32Array(0);
  #length = 0;
  /** Nothing more is read. */
  #stopped = false;
  /** Runs of tokens from one file each: the first token, and the file's index in `#sources`. */
  readonly #runs: { readonly first: number; readonly source: number }[] = [];
  readonly #sources: SourceText[] = [];
  readonly #errors = new Map<number, string>();
  /** Blocks that repeat an earlier one are kept as what differs. */
  readonly #findsRepeats: boolean;
  /** The last block that was read whole and may be repeated. */
  #whole: WholeBlock | undefined;
  /** Number of tokens where the last repeatable block or repetition ended: one that follows at once may repeat it. */
  #afterBlock = -1;
  /** Where the block at hand began: its first token, and its place in the file. */
  #block: { readonly first: number; readonly start: number; readonly source: number } | undefined;
  /** The blocks that others repeat, by their first token. */
  readonly #repeated = new Map<number, WholeBlock>();

  /** @param findsRepeats read blocks that repeat an earlier one as what differs (`repeats.ts`) */
  constructor(findsRepeats = false) {
    this.#findsRepeats = findsRepeats;
  }

  get length(): number {
    return this.#length;
  }

  /** Whether some blocks are kept as what differs from an earlier one. */
  get hasRepeats(): boolean {
    return this.#repeated.size > 0;
  }

  /** Whether a token is in a block that others repeat, or stands for one that repeats it. */
  isRepeated(at: number): boolean {
    if (this.kinds[at] === TOKEN.repeat) return true;
    return [...this.#repeated.values()].some(({ first, last }) => first <= at && at <= last);
  }

  /** The slots of the block that begins with a token, where it is repeated (`WholeBlock`). */
  slotsOf(first: number): readonly number[] {
    return this.#repeated.get(first)?.slots ?? [];
  }

  /** Number of the file that a token is from. */
  #sourceOf(at: number): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#runs[middle]!.first <= at) low = middle;
      else high = middle - 1;
    }
    return this.#runs[low]!.source;
  }

  /** The characters of a token; for `text` and `quotedWord` those between the quotes. */
  text(at: number): string {
    const kind = this.kinds[at];
    if (kind === TOKEN.word) return this.words.names[this.values[at]!]!;
    const { text } = this.#sources[this.#sourceOf(at)]!;
    if (kind === TOKEN.text || kind === TOKEN.quotedWord) {
      return text.slice(this.#starts[at]! + 1, this.#ends[at]! - 1);
    }
    return text.slice(this.#starts[at], this.#ends[at]);
  }

  /** The value of a number, whatever its size. */
  number(at: number): number {
    const value = this.values[at]!;
    return value === UNKNOWN_VALUE ? Number(this.text(at)) : value;
  }

  /** The 32 bits of an IPv4 address; undefined where it is none. */
  ip4(at: number): number | undefined {
    const value = this.values[at]!;
    return value === UNKNOWN_VALUE ? parseIpv4(this.text(at)) : value;
  }

  /** What is wrong with an `error` token. */
  error(at: number): string {
    return this.#errors.get(at) ?? 'Unknown character';
  }

  locate(at: number): Location {
    return this.#sources[this.#sourceOf(at)]!.locate(this.#starts[at]!);
  }

  /** Whether no white space or comment stands between a token and the next one. */
  adjoins(at: number): boolean {
    return this.#sourceOf(at) === this.#sourceOf(at + 1) && this.#ends[at] === this.#starts[at + 1];
  }

  /** Source characters from one token to the end of another, where both are in one file; else the first's. */
  textBetween(from: number, to: number): string {
    const source = this.#sourceOf(from);
    if (source !== this.#sourceOf(to)) return this.text(from);
    return this.#sources[source]!.text.slice(this.#starts[from], this.#ends[to]);
  }

  /** A diagnostic at a token. */
  diagnostic(
    error: {
      at: number;
      message: string;
      hint?: string | undefined;
      related?: number | undefined;
      notBuilt?: boolean;
      wholeFile?: boolean;
    },
    severity: Diagnostic['severity'],
  ): Diagnostic {
    const at = Math.min(error.at, this.length - 1);
    const source = this.#sources[this.#sourceOf(at)]!;
    let { hint } = error;
    if (error.related !== undefined) {
      const { file, line, column } = this.locate(error.related);
      hint = `${hint === undefined ? 'see' : `${hint}; see`} ${file}:${line}:${column}`;
    }
    const [start, end] = error.wholeFile ? [0, 1] : [this.#starts[at]!, this.#ends[at]!];
    const found = diagnosticAt(source, start, end - start, severity, error.message, hint);
    return error.notBuilt ? { ...found, notBuilt: true } : found;
  }

  /** Reads a text and everything that it includes. */
  addFile(path: string, text: string, files: ConfigFiles | undefined, depth = 0): void {
    const source = this.#sources.push(new SourceText(path, text)) - 1;
    this.#reserve(this.#length + Math.ceil(text.length / CHARACTERS_PER_TOKEN) + 1);
    this.#runs.push({ first: this.#length, source });
    this.#scan(source, files, depth);
    if (depth === 0) this.#push(TOKEN.end, text.length, text.length, 0);
  }

  #reserve(count: number): void {
    if (count <= this.kinds.length) return;
    const size = Math.max(count, this.kinds.length * 2);
    const grown = [
      new Uint8Array(size),
      new Uint32Array(size),
      new Uint32Array(size),
      new Uint32Array(size),
    ] as const;
    grown[0].set(this.kinds);
    grown[1].set(this.values);
    grown[2].set(this.#starts);
    grown[3].set(this.#ends);
    [this.kinds, this.values, this.#starts, this.#ends] = grown;
  }

  #push(kind: TokenKind, start: number, end: number, value: number): void {
    const at = this.#length++;
    if (at >= this.kinds.length) this.#reserve(at + 1);
    this.kinds[at] = kind;
    this.values[at] = value;
    this.#starts[at] = start;
    this.#ends[at] = end;
  }

  #fail(start: number, end: number, message: string): void {
    this.#errors.set(this.#length, message);
    this.#push(TOKEN.error, start, end, 0);
  }

  #scan(source: number, files: ConfigFiles | undefined, depth: number): void {
    const { text } = this.#sources[source]!;
    const end = text.length;
    let at = 0;
    /** Where the line began, for `include`, which must be its first word. */
    let line = 0;
    while (at < end && !this.#stopped) {
      const code = text.charCodeAt(at);
      switch (code < 128 ? BEGINS_BY_CODE[code] : BEGINS.nothing) {
        case BEGINS.space:
          at++;
          break;
        case BEGINS.newline:
          line = ++at;
          break;
        case BEGINS.word:
          if (code === 112 && at === line && this.#findsRepeats && text.startsWith(BLOCK_START, at)) {
            const next = this.#repetition(source, text, at);
            if (next > 0) {
              at = next;
              break;
            }
          }
          at =
            files && code === 105 && this.#isInclude(text, line, at)
              ? this.#include(source, at, files, depth)
              : this.#word(text, at);
          break;
        case BEGINS.digit:
          at = this.#number(text, at);
          break;
        case BEGINS.punctuation:
          this.#push(TOKEN.punctuation, at, at + 1, code);
          at++;
          break;
        case BEGINS.comment: {
          const newline = text.indexOf('\n', at);
          at = newline < 0 ? end : newline;
          break;
        }
        case BEGINS.string:
          at = this.#quoted(text, at);
          break;
        case BEGINS.symbol:
          at = this.#apostrophed(text, at);
          break;
        case BEGINS.slash:
          if (text.charCodeAt(at + 1) === 42) {
            at = this.#comment(text, at);
            break;
          }
          this.#push(TOKEN.punctuation, at, at + 1, code);
          at++;
          break;
        case BEGINS.colon:
          at = this.#colon(text, at);
          break;
        case BEGINS.pair:
          at = this.#pair(text, at);
          break;
        default:
          this.#fail(at, at + 1, 'Unknown character');
          at++;
      }
    }
  }

  get #columns(): TokenColumns {
    const { kinds, values, words } = this;
    return {
      kinds,
      values,
      starts: this.#starts,
      ends: this.#ends,
      length: this.#length,
      words: words.names,
    };
  }

  /** Reads a block that repeats the one before it; returns its end, or 0 where it is to be read like any other. */
  #repetition(source: number, text: string, at: number): number {
    const before = this.#block;
    if (this.#afterBlock !== this.#length && before?.source === source) {
      this.#whole = describeBlock(text, before.start, before.first, this.#columns);
      if (this.#whole) this.#afterBlock = this.#length;
    }
    const mark = this.#length;
    const end = this.#whole && this.#afterBlock === mark ? this.#repeat(text, at, this.#whole) : 0;
    if (end > 0) {
      this.#afterBlock = this.#length;
      this.#block = undefined;
      return end;
    }
    this.#length = mark;
    this.#block = { first: mark, start: at, source };
    return 0;
  }

  /** Returns the end of the block, or 0 where it does not repeat `whole`; some tokens may have been pushed then. */
  #repeat(text: string, start: number, whole: WholeBlock): number {
    const { first, slots, pieces } = whole;
    const name = start + BLOCK_START.length;
    this.#push(TOKEN.repeat, start, name - 1, first);
    let at = this.#word(text, name);
    if (at === name || this.kinds[this.#length - 1] !== TOKEN.word) return 0;
    for (let i = 0; i < pieces.length; i++) {
      if (i > 0) {
        at = this.#slot(text, at);
        if (this.kinds[this.#length - 1] !== this.kinds[slots[i - 1]!]) return 0;
      }
      const piece = pieces[i]!;
      if (!isAt(text, piece, at)) return 0;
      at += piece.length;
    }
    if (text.charCodeAt(at) !== 125 || !endsLine(text, at + 1)) return 0;
    this.#push(TOKEN.punctuation, at, at + 1, 125);
    this.#repeated.set(first, whole);
    return at + 1;
  }

  /** Pushes one token that is a text, a number or an address; anything else is no such token. */
  #slot(text: string, at: number): number {
    const code = text.charCodeAt(at);
    switch (code < 128 ? BEGINS_BY_CODE[code] : BEGINS.nothing) {
      case BEGINS.digit:
        return this.#number(text, at);
      case BEGINS.string:
        return this.#quoted(text, at);
      case BEGINS.word:
        return this.#word(text, at);
      case BEGINS.colon:
        return this.#colon(text, at);
      default:
        this.#push(TOKEN.punctuation, at, at, 0);
        return at;
    }
  }

  #isInclude(text: string, line: number, at: number): boolean {
    return (
      text.startsWith('include', at) &&
      matchLength(INCLUDE_START, text, at + 7) > 0 &&
      /^[ \t]*$/.test(text.slice(line, at))
    );
  }

  #word(text: string, at: number): number {
    let end = at;
    let hash = 0;
    let code = text.charCodeAt(at);
    while (IN_WORD[code] === 1) {
      hash = (Math.imul(hash, 31) + code) | 0;
      code = text.charCodeAt(++end);
    }
    if (code === 58 || end - at >= MIN_BYTES) {
      const length = this.#address6OrBytes(text, at, end - at);
      if (length > 0) return at + length;
    }
    this.#push(TOKEN.word, at, end, this.words.intern(text, at, end, hash));
    return end;
  }

  /**
   * Pushes an IPv6 or Ethernet address or a byte string of at least `atLeast` characters and returns its length, or 0.
   */
  #address6OrBytes(text: string, at: number, atLeast: number): number {
    const bytes = Math.max(matchLength(BYTES, text, at), matchLength(HEX, text, at));
    const address = matchLength(IP6, text, at);
    const mac = matchLength(MAC, text, at);
    if (mac >= atLeast && mac >= address && mac > bytes) {
      this.#push(TOKEN.mac, at, at + mac, 0);
      return mac;
    }
    if (bytes >= atLeast && bytes >= address && bytes > 0) {
      this.#push(TOKEN.bytes, at, at + bytes, 0);
      return bytes;
    }
    if (address <= atLeast) return 0;
    this.#push(TOKEN.ip6, at, at + address, 0);
    return address;
  }

  /** Pushes an address of four numbers below 256 and returns its end; 0 for anything else. */
  #plainIp4(text: string, at: number): number {
    let value = 0;
    let number = 0;
    let digits = 0;
    let dots = 0;
    let end = at;
    for (; ; end++) {
      const code = text.charCodeAt(end);
      if (code >= 48 && code <= 57) {
        // A number of several digits that begins with 0 is for the slow path to judge, as is a fourth digit.
        if (++digits > 3 || (digits === 2 && number === 0)) return 0;
        number = number * 10 + code - 48;
        continue;
      }
      if (digits === 0 || number > 255) return 0;
      value = value * 256 + number;
      if (code !== 46 || dots === 3) break;
      dots++;
      number = 0;
      digits = 0;
    }
    if (dots < 3 || text.charCodeAt(end) === 58 || value === UNKNOWN_VALUE) return 0;
    this.#push(TOKEN.ip4, at, end, value);
    return end;
  }

  #number(text: string, at: number): number {
    let end = at;
    let value = 0;
    for (let code = text.charCodeAt(at); code >= 48 && code <= 57; code = text.charCodeAt(++end)) {
      value = value * 10 + code - 48;
    }
    const next = text.charCodeAt(end);
    // The longest reading wins, as in BIRD's lexer.
    if (next === 46 && isDigit(text.charCodeAt(end + 1))) {
      const plain = this.#plainIp4(text, at);
      if (plain > 0) return plain;
      const ip4 = matchLength(IP4, text, at);
      const rd = matchLength(RD, text, at);
      if (rd > ip4) {
        this.#push(TOKEN.rd, at, at + rd, 0);
        return at + rd;
      }
      if (ip4 > 0) {
        this.#push(TOKEN.ip4, at, at + ip4, UNKNOWN_VALUE);
        return at + ip4;
      }
    } else if (next === 58 || isWordStart(next) || end - at >= MIN_BYTES) {
      if (next === 120 && text.charCodeAt(at) === 48 && end === at + 1) {
        const digits = matchLength(HEXADECIMAL, text, end + 1);
        if (digits > 0) {
          this.#push(TOKEN.number, at, at + 2 + digits, UNKNOWN_VALUE);
          return at + 2 + digits;
        }
      }
      const rd = matchLength(RD, text, at);
      const length = this.#address6OrBytes(text, at, Math.max(rd, end - at));
      if (length > 0) return at + length;
      if (rd > 0) {
        this.#push(TOKEN.rd, at, at + rd, 0);
        return at + rd;
      }
    }
    this.#push(TOKEN.number, at, end, Math.min(value, UNKNOWN_VALUE));
    return end;
  }

  #quoted(text: string, at: number): number {
    for (let end = at + 1; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === 34) {
        this.#push(TOKEN.text, at, end + 1, 0);
        return end + 1;
      }
      if (code === 10) {
        this.#fail(at, end, 'Unterminated string');
        return end;
      }
    }
    this.#fail(at, text.length, 'Unterminated string');
    return text.length;
  }

  #apostrophed(text: string, at: number): number {
    let end = at + 1;
    while (end < text.length && /[a-zA-Z_0-9.:-]/.test(text[end]!)) end++;
    if (text[end] === "'") {
      this.#push(TOKEN.quotedWord, at, end + 1, 0);
      return end + 1;
    }
    const unterminated = end >= text.length || text[end] === '\n';
    this.#fail(at, end, unterminated ? 'Unterminated symbol' : 'Invalid character in apostrophed symbol');
    return end + 1;
  }

  #comment(text: string, at: number): number {
    const close = text.indexOf('*/', at + 2);
    const nested = text.slice(at + 2, close < 0 ? undefined : close).indexOf('/*');
    if (nested >= 0) {
      this.#fail(at + 2 + nested, at + 4 + nested, 'Comment nesting not supported');
      return text.length;
    }
    if (close < 0) {
      this.#fail(at, at + 2, 'Unterminated comment');
      return text.length;
    }
    return close + 2;
  }

  /** `:`, or an IPv6 address that begins with it. */
  #colon(text: string, at: number): number {
    const length = this.#address6OrBytes(text, at, 1);
    if (length > 0) return at + length;
    this.#push(TOKEN.punctuation, at, at + 1, 58);
    return at + 1;
  }

  #pair(text: string, at: number): number {
    const two = text.slice(at, at + 2);
    if (TWO_CHARACTERS.has(two)) {
      this.#push(TOKEN.punctuation, at, at + 2, punctuationCode(two));
      return at + 2;
    }
    if (ALONE.includes(two[0]!)) this.#push(TOKEN.punctuation, at, at + 1, text.charCodeAt(at));
    else this.#fail(at, at + 1, 'Unknown character');
    return at + 1;
  }

  #include(source: number, at: number, files: ConfigFiles, depth: number): number {
    const { path, text } = this.#sources[source]!;
    const argument = text.indexOf('"', at) + 1;
    INCLUDE_ARGUMENT.lastIndex = argument;
    const match = INCLUDE_ARGUMENT.exec(text);
    if (!match || match[1] === '') {
      const message = match ? 'Include with empty argument' : 'Unterminated include';
      this.#fail(argument - 1, argument, message);
      const newline = text.indexOf('\n', at);
      return newline < 0 ? text.length : newline;
    }
    const end = argument + match[0].length;
    const name = match[1]!;
    const pattern = name.startsWith('/') ? name : `${directoryOf(path)}/${name}`;
    if (depth + 1 > MAX_INCLUDE_DEPTH) {
      this.#fail(argument, argument + name.length, 'Max include depth reached');
      // Files that include each other would be read without end, or nearly so.
      this.#stopped = true;
      return text.length;
    }
    let paths: readonly string[] = [pattern];
    try {
      if (/[?*[]/.test(name)) paths = files.glob(pattern);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail(argument, argument + name.length, `Unable to match pattern ${pattern}: ${reason}`);
      return end;
    }
    for (const included of paths) {
      if (this.#stopped) break;
      let content: string;
      try {
        content = files.read(included);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const message = `Unable to open included file ${included}: ${reason}`;
        this.#fail(argument, argument + name.length, message);
        continue;
      }
      this.addFile(included, content, files, depth + 1);
      // The including file goes on.
      this.#runs.push({ first: this.#length, source });
    }
    return end;
  }
}

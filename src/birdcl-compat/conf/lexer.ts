/**
 * Tokens of BIRD's configuration language. All files of an `include` tree end up in one list of tokens, kept as
 * columns: a token is an index, and that index is also every syntax node's position. What cannot be a token is
 * kept as an `error` token, so that errors are met in the order of the text.
 */
import { directoryOf, SourceText } from './source.ts';
import type { ConfigFiles, Location } from './source.ts';
import { diagnosticAt } from './diagnostics.ts';
import type { Diagnostic } from './diagnostics.ts';

export const TOKEN = {
  end: 0,
  /** A keyword or symbol; which of them is the parser's matter. */
  word: 1,
  /** A symbol in apostrophes: never a keyword. */
  quotedWord: 2,
  number: 3,
  /** A string in double quotes. */
  text: 4,
  ip4: 5,
  ip6: 6,
  /** Route distinguisher, `65000:1`. */
  rd: 7,
  /** At least 16 bytes in hexadecimal. */
  bytes: 8,
  /** Punctuation, one or two characters. */
  punctuation: 9,
  error: 10,
} as const;
export type TokenKind = (typeof TOKEN)[keyof typeof TOKEN];

/** BIRD gives up at this depth of files that include files. */
const MAX_INCLUDE_DEPTH = 8;

const TWO_CHARACTERS = new Set(['!=', '!~', '<=', '>=', '&&', '||', '[=', '=]', '..']);
const ONE_CHARACTER = '={}:;,.()+*/%<>~[]?!|-';

const IP6 = /(?:(?:[0-9a-fA-F]*:){3,}|[0-9a-fA-F]*::)(?:\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]*)/y;
const HEXADECIMAL = /[0-9a-fA-F]+/y;
const IP4 = /\d+\.\d+\.\d+\.\d+/y;
const RD = /(?:\d+\.\d+\.\d+\.\d+:\d+|[02]:\d+:\d+|\d+:\d+)/y;
const BYTES = /[0-9a-fA-F]{2}(?:(?::[0-9a-fA-F]{2}){15,}|(?:[0-9a-fA-F]{2}){15,})/y;
const INCLUDE = /[ \t]*include[ \t]*"/y;
const INCLUDE_ARGUMENT = /([^"\n]*)"[ \t]*;/y;

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

export class Tokens {
  readonly kinds: TokenKind[] = [];
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  /** Index into `#sources` of the file that a token is from. */
  readonly #sourceOf: number[] = [];
  readonly #sources: SourceText[] = [];
  readonly #errors = new Map<number, string>();

  get length(): number {
    return this.kinds.length;
  }

  /** The characters of a token; for `text` and `quotedWord` those between the quotes. */
  text(at: number): string {
    const kind = this.kinds[at];
    const start = this.#starts[at]!;
    const length = this.#lengths[at]!;
    const { text } = this.#sources[this.#sourceOf[at]!]!;
    if (kind === TOKEN.text || kind === TOKEN.quotedWord) return text.slice(start + 1, start + length - 1);
    return text.slice(start, start + length);
  }

  /** What is wrong with an `error` token. */
  error(at: number): string {
    return this.#errors.get(at) ?? 'Unknown character';
  }

  locate(at: number): Location {
    return this.#sources[this.#sourceOf[at]!]!.locate(this.#starts[at]!);
  }

  /** Whether no white space or comment stands between a token and the next one. */
  adjoins(at: number): boolean {
    return (
      this.#sourceOf[at] === this.#sourceOf[at + 1] &&
      this.#starts[at]! + this.#lengths[at]! === this.#starts[at + 1]
    );
  }

  /** Source characters from one token to the end of another, where both are in one file; else the first's. */
  textBetween(from: number, to: number): string {
    const source = this.#sources[this.#sourceOf[from]!]!;
    if (this.#sourceOf[from] !== this.#sourceOf[to]) return this.text(from);
    return source.text.slice(this.#starts[from]!, this.#starts[to]! + this.#lengths[to]!);
  }

  /** A diagnostic at a token. */
  diagnostic(
    error: {
      at: number;
      message: string;
      hint?: string | undefined;
      related?: number | undefined;
      notBuilt?: boolean;
    },
    severity: Diagnostic['severity'],
  ): Diagnostic {
    const at = Math.min(error.at, this.length - 1);
    const source = this.#sources[this.#sourceOf[at]!]!;
    let { hint } = error;
    if (error.related !== undefined) {
      const { file, line, column } = this.locate(error.related);
      hint = `${hint === undefined ? 'see' : `${hint}; see`} ${file}:${line}:${column}`;
    }
    const found = diagnosticAt(source, this.#starts[at]!, this.#lengths[at]!, severity, error.message, hint);
    return error.notBuilt ? { ...found, notBuilt: true } : found;
  }

  /** Reads a text and everything that it includes. */
  addFile(path: string, text: string, files: ConfigFiles | undefined, depth = 0): void {
    const source = this.#sources.push(new SourceText(path, text)) - 1;
    this.#scan(source, files, depth);
    if (depth === 0) this.#push(TOKEN.end, source, text.length, 0);
  }

  #push(kind: TokenKind, source: number, start: number, length: number): void {
    this.kinds.push(kind);
    this.#starts.push(start);
    this.#lengths.push(length);
    this.#sourceOf.push(source);
  }

  #fail(source: number, start: number, length: number, message: string): void {
    this.#errors.set(this.length, message);
    this.#push(TOKEN.error, source, start, length);
  }

  #scan(source: number, files: ConfigFiles | undefined, depth: number): void {
    const { text } = this.#sources[source]!;
    const end = text.length;
    let at = 0;
    let lineStart = true;
    while (at < end) {
      if (lineStart) {
        lineStart = false;
        const include = files ? matchLength(INCLUDE, text, at) : 0;
        if (include > 0) {
          at = this.#include(source, at, at + include, files!, depth);
          continue;
        }
      }
      const code = text.charCodeAt(at);
      if (code === 10) {
        lineStart = true;
        at++;
      } else if (code === 32 || code === 9 || code === 13) {
        at++;
      } else if (isWordStart(code)) {
        at = this.#word(source, text, at);
      } else if (isDigit(code)) {
        at = this.#number(source, text, at);
      } else if (code === 35) {
        const newline = text.indexOf('\n', at);
        at = newline < 0 ? end : newline;
      } else if (code === 34) {
        at = this.#quoted(source, text, at);
      } else if (code === 39) {
        at = this.#apostrophed(source, text, at);
      } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
        at = this.#comment(source, text, at);
      } else {
        at = this.#punctuation(source, text, at);
      }
    }
  }

  #word(source: number, text: string, at: number): number {
    let end = at + 1;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (!isWordStart(code) && !isDigit(code)) break;
    }
    if (text.charCodeAt(end) === 58 || end - at >= 32) {
      const length = this.#address6OrBytes(source, text, at, end - at);
      if (length > 0) return at + length;
    }
    this.#push(TOKEN.word, source, at, end - at);
    return end;
  }

  /** Pushes an IPv6 address or byte string longer than `atLeast` characters and returns its length, or 0. */
  #address6OrBytes(source: number, text: string, at: number, atLeast: number): number {
    const bytes = matchLength(BYTES, text, at);
    const address = matchLength(IP6, text, at);
    if (bytes >= atLeast && bytes >= address && bytes > 0) {
      this.#push(TOKEN.bytes, source, at, bytes);
      return bytes;
    }
    if (address <= atLeast) return 0;
    this.#push(TOKEN.ip6, source, at, address);
    return address;
  }

  #number(source: number, text: string, at: number): number {
    let end = at + 1;
    while (isDigit(text.charCodeAt(end))) end++;
    const next = text.charCodeAt(end);
    // The longest reading wins, as in BIRD's lexer.
    if (next === 46 && isDigit(text.charCodeAt(end + 1))) {
      const ip4 = matchLength(IP4, text, at);
      const rd = matchLength(RD, text, at);
      if (rd > ip4) {
        this.#push(TOKEN.rd, source, at, rd);
        return at + rd;
      }
      if (ip4 > 0) {
        this.#push(TOKEN.ip4, source, at, ip4);
        return at + ip4;
      }
    } else if (next === 58 || isWordStart(next) || end - at >= 32) {
      if (next === 120 && text.charCodeAt(at) === 48 && end === at + 1) {
        const digits = matchLength(HEXADECIMAL, text, end + 1);
        if (digits > 0) {
          this.#push(TOKEN.number, source, at, 2 + digits);
          return at + 2 + digits;
        }
      }
      const rd = matchLength(RD, text, at);
      const length = this.#address6OrBytes(source, text, at, Math.max(rd, end - at));
      if (length > 0) return at + length;
      if (rd > 0) {
        this.#push(TOKEN.rd, source, at, rd);
        return at + rd;
      }
    }
    this.#push(TOKEN.number, source, at, end - at);
    return end;
  }

  #quoted(source: number, text: string, at: number): number {
    const close = text.indexOf('"', at + 1);
    const newline = text.indexOf('\n', at + 1);
    if (close < 0 || (newline >= 0 && newline < close)) {
      const end = newline < 0 ? text.length : newline;
      this.#fail(source, at, end - at, 'Unterminated string');
      return end;
    }
    this.#push(TOKEN.text, source, at, close + 1 - at);
    return close + 1;
  }

  #apostrophed(source: number, text: string, at: number): number {
    let end = at + 1;
    while (end < text.length && /[a-zA-Z_0-9.:-]/.test(text[end]!)) end++;
    if (text[end] === "'") {
      this.#push(TOKEN.quotedWord, source, at, end + 1 - at);
      return end + 1;
    }
    const unterminated = end >= text.length || text[end] === '\n';
    this.#fail(
      source,
      at,
      end - at,
      unterminated ? 'Unterminated symbol' : 'Invalid character in apostrophed symbol',
    );
    return end + 1;
  }

  #comment(source: number, text: string, at: number): number {
    const close = text.indexOf('*/', at + 2);
    const nested = text.indexOf('/*', at + 2);
    if (nested >= 0 && (close < 0 || nested < close)) {
      this.#fail(source, nested, 2, 'Comment nesting not supported');
      return text.length;
    }
    if (close < 0) {
      this.#fail(source, at, 2, 'Unterminated comment');
      return text.length;
    }
    return close + 2;
  }

  #punctuation(source: number, text: string, at: number): number {
    const two = text.slice(at, at + 2);
    if (two === '::' || (two[0] === ':' && /[0-9a-fA-F:]/.test(two[1] ?? ''))) {
      const length = this.#address6OrBytes(source, text, at, 1);
      if (length > 0) return at + length;
    }
    if (TWO_CHARACTERS.has(two)) {
      this.#push(TOKEN.punctuation, source, at, 2);
      return at + 2;
    }
    if (ONE_CHARACTER.includes(two[0]!)) {
      this.#push(TOKEN.punctuation, source, at, 1);
      return at + 1;
    }
    this.#fail(source, at, 1, 'Unknown character');
    return at + 1;
  }

  #include(source: number, at: number, argument: number, files: ConfigFiles, depth: number): number {
    const { path, text } = this.#sources[source]!;
    INCLUDE_ARGUMENT.lastIndex = argument;
    const match = INCLUDE_ARGUMENT.exec(text);
    if (!match || match[1] === '') {
      const message = match ? 'Include with empty argument' : 'Unterminated include';
      this.#fail(source, argument - 1, 1, message);
      const newline = text.indexOf('\n', at);
      return newline < 0 ? text.length : newline;
    }
    const end = argument + match[0].length;
    const name = match[1]!;
    const pattern = name.startsWith('/') ? name : `${directoryOf(path)}/${name}`;
    if (depth + 1 > MAX_INCLUDE_DEPTH) {
      this.#fail(source, argument, name.length, 'Max include depth reached');
      return text.length;
    }
    const paths = /[?*[]/.test(name) ? files.glob(pattern) : [pattern];
    for (const included of paths) {
      let content: string;
      try {
        content = files.read(included);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#fail(source, argument, name.length, `Unable to open included file ${included}: ${reason}`);
        continue;
      }
      this.addFile(included, content, files, depth + 1);
    }
    return end;
  }
}

/** From the text of a template to tokens, as Go's `text/template/parse` splits it. */
import { isPrintable, quote } from './quote.ts';
import { KEYWORD_SET } from './token.ts';
import type { Keyword, Token, TokenKind } from './token.ts';

const LEFT = '{{';
const RIGHT = '}}';
const SPACES = ' \t\r\n';
const TRAILING_SPACE = /[ \t\r\n]+$/;
const LETTER_OR_DIGIT = /[\p{L}\p{Nd}_]/u;
/** What is taken for a number at first: `0x0.2` and `089` too, which the parser refuses. */
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y;

/** The character at an offset as `%#U` of Go prints it. */
function codePoint(character: string): string {
  const code = character.codePointAt(0)!;
  const hexadecimal = code.toString(16).toUpperCase().padStart(4, '0');
  return isPrintable(character) ? `U+${hexadecimal} '${character}'` : `U+${hexadecimal}`;
}

/** Splits a template into tokens; what cannot be a token is an `error`, which is the last one. */
export class Lexer {
  readonly #text: string;
  #at = 0;
  #line = 1;
  /** Parentheses that are open in the action at hand. */
  #parens = 0;
  #insideAction = false;
  /** The last token was made. */
  #ended = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token; after the last one it is that again. */
  next(): Token {
    if (this.#ended) return this.#make('eof', this.#at);
    return this.#insideAction ? this.#action() : this.#outside();
  }

  /** A token from where the lexer is to `end`. */
  #make(kind: TokenKind, end: number): Token {
    const text = this.#text.slice(this.#at, end);
    const token = { kind, text, at: this.#at, line: this.#line };
    for (const character of text) if (character === '\n') this.#line++;
    this.#at = end;
    return token;
  }

  #fail(text: string): Token {
    this.#ended = true;
    return { kind: 'error', text, at: this.#at, line: this.#line };
  }

  /** Goes on without a token. */
  #skip(end: number): void {
    this.#make('space', end);
  }

  #outside(): Token {
    for (;;) {
      const open = this.#text.indexOf(LEFT, this.#at);
      if (open < 0) {
        if (this.#at < this.#text.length) return this.#make('text', this.#text.length);
        this.#ended = true;
        return this.#make('eof', this.#at);
      }
      const trims = this.#isLeftTrim(open + LEFT.length);
      if (open > this.#at) {
        const text = this.#text.slice(this.#at, open);
        const end = trims ? this.#at + text.replace(TRAILING_SPACE, '').length : open;
        if (end > this.#at) return this.#make('text', end);
        this.#skip(open);
      }
      const inner = open + LEFT.length + (trims ? 2 : 0);
      if (this.#text.startsWith('/*', inner)) {
        const failure = this.#comment(inner);
        if (failure) return failure;
        continue;
      }
      const token = this.#make('leftDelim', open + LEFT.length);
      if (trims) this.#skip(inner);
      this.#insideAction = true;
      this.#parens = 0;
      return token;
    }
  }

  /** `- ` behind the left delimiter. */
  #isLeftTrim(at: number): boolean {
    return this.#text[at] === '-' && isSpace(this.#text[at + 1]);
  }

  /** ` -` before the right delimiter; the space is the character at `at`. */
  #isRightTrim(at: number): boolean {
    return isSpace(this.#text[at]) && this.#text[at + 1] === '-' && this.#text.startsWith(RIGHT, at + 2);
  }

  /** Goes past a comment, its delimiters and the space that they trim. */
  #comment(at: number): Token | undefined {
    const close = this.#text.indexOf('*/', at);
    this.#skip(at);
    if (close < 0) return this.#fail('unclosed comment');
    const after = close + 2;
    this.#skip(after);
    if (this.#isRightTrim(after)) {
      this.#skip(after + 2 + RIGHT.length);
      this.#skipSpace();
      return undefined;
    }
    if (!this.#text.startsWith(RIGHT, after)) return this.#fail('comment ends before closing delimiter');
    this.#skip(after + RIGHT.length);
    return undefined;
  }

  #skipSpace(): void {
    let end = this.#at;
    while (isSpace(this.#text[end])) end++;
    this.#skip(end);
  }

  #rightDelim(trims: boolean): Token {
    if (this.#parens > 0) return this.#fail('unclosed left paren');
    if (trims) this.#skip(this.#at + 2);
    const token = this.#make('rightDelim', this.#at + RIGHT.length);
    if (trims) this.#skipSpace();
    this.#insideAction = false;
    return token;
  }

  #action(): Token {
    const at = this.#at;
    if (this.#parens < 0) return this.#fail(`unexpected right paren ${codePoint(')')}`);
    if (this.#isRightTrim(at)) return this.#rightDelim(true);
    if (this.#text.startsWith(RIGHT, at)) return this.#rightDelim(false);
    const character = this.#text[at];
    switch (character) {
      case undefined:
        return this.#fail('unclosed action');
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        return this.#space();
      case '=':
        return this.#make('assign', at + 1);
      case ':':
        return this.#text[at + 1] === '=' ? this.#make('declare', at + 2) : this.#fail('expected :=');
      case '|':
        return this.#make('pipe', at + 1);
      case '"':
        return this.#quoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.#quoted("'", 'char', 'unterminated character constant');
      case '`':
        return this.#rawString();
      case '(':
        this.#parens++;
        return this.#make('leftParen', at + 1);
      case ')':
        this.#parens--;
        return this.#make('rightParen', at + 1);
      case '$':
        return this.#name('variable');
      case '.':
        if (!isDigit(this.#text[at + 1])) return this.#name('field');
        break;
      default:
        break;
    }
    if (isDigit(character) || '+-.'.includes(character!)) return this.#number();
    const whole = String.fromCodePoint(this.#text.codePointAt(at)!);
    if (LETTER_OR_DIGIT.test(whole)) return this.#identifier();
    if (whole > ' ' && whole < '\x7f') return this.#make('punctuation', at + 1);
    return this.#fail(`unrecognized character in action: ${codePoint(whole)}`);
  }

  /** White space, but for what belongs to a right delimiter that trims. */
  #space(): Token {
    let end = this.#at;
    while (isSpace(this.#text[end]) && !(end > this.#at && this.#isRightTrim(end))) end++;
    return this.#make('space', end);
  }

  #endOfName(at: number): number {
    let end = at;
    while (end < this.#text.length) {
      const character = String.fromCodePoint(this.#text.codePointAt(end)!);
      if (!LETTER_OR_DIGIT.test(character)) break;
      end += character.length;
    }
    return end;
  }

  /** Fails where a name runs into something that cannot stand behind it. */
  #badEnd(end: number): Token | undefined {
    const character = this.#text[end];
    if (character === undefined || isSpace(character) || '.,|:)('.includes(character)) return undefined;
    if (this.#text.startsWith(RIGHT, end)) return undefined;
    return this.#fail(`bad character ${codePoint(String.fromCodePoint(this.#text.codePointAt(end)!))}`);
  }

  #name(kind: 'field' | 'variable'): Token {
    const end = this.#endOfName(this.#at + 1);
    const bad = this.#badEnd(end);
    if (bad) return bad;
    return this.#make(kind === 'field' && end === this.#at + 1 ? '.' : kind, end);
  }

  #identifier(): Token {
    const end = this.#endOfName(this.#at);
    const bad = this.#badEnd(end);
    if (bad) return bad;
    const word = this.#text.slice(this.#at, end);
    if (KEYWORD_SET.has(word)) return this.#make(word as Keyword, end);
    return this.#make(word === 'true' || word === 'false' ? 'bool' : 'identifier', end);
  }

  #number(): Token {
    let { end, fits } = this.#scanNumber(this.#at);
    if (fits && '+-'.includes(this.#text[end] ?? 'x')) {
      // A complex number has a second part, and ends in `i`.
      ({ end, fits } = this.#scanNumber(end));
      fits &&= this.#text[end - 1] === 'i';
    }
    return fits
      ? this.#make('number', end)
      : this.#fail(`bad number syntax: ${quote(this.#text.slice(this.#at, end))}`);
  }

  /** The end of what looks like a number; it does not fit where a letter follows, which is then taken too. */
  #scanNumber(at: number): { end: number; fits: boolean } {
    NUMBER.lastIndex = at;
    const end = at + (NUMBER.exec(this.#text)?.[0].length ?? 0);
    const next = this.#text.codePointAt(end);
    const character = next === undefined ? '' : String.fromCodePoint(next);
    return LETTER_OR_DIGIT.test(character)
      ? { end: end + character.length, fits: false }
      : { end, fits: true };
  }

  #quoted(quote: string, kind: TokenKind, failure: string): Token {
    for (let end = this.#at + 1; end < this.#text.length; end++) {
      const character = this.#text[end];
      if (character === '\n') break;
      if (character === '\\') end++;
      else if (character === quote) return this.#make(kind, end + 1);
      if (this.#text[end] === '\n') break;
    }
    return this.#fail(failure);
  }

  #rawString(): Token {
    const close = this.#text.indexOf('`', this.#at + 1);
    return close < 0 ? this.#fail('unterminated raw quoted string') : this.#make('rawString', close + 1);
  }
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && SPACES.includes(character);
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

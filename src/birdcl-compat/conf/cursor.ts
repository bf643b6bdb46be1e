/** A place in the list of tokens, with the steps that every part of the parser takes. */
import { parseIpv6 } from '../../base/ip.ts';
import type { IpAddress } from '../../base/ip.ts';
import { formatIp } from '../../base/ip.ts';
import { maskIp } from '../filter/values.ts';
import type { Prefix } from '../filter/values.ts';
import { ConfError, nearest } from './diagnostics.ts';
import { BIRD_2 } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import { punctuationCode, TOKEN } from './lexer.ts';
import type { TokenKind, Tokens } from './lexer.ts';
import type { Scope } from './scope.ts';

/** How deep expressions and statements may nest. */
const MAX_DEPTH = 200;

/** What helps where an address is of the family that the daemon of BIRD 1.6 has not. */
const OTHER_FAMILY = 'read as BIRD 1.6, which has one family; see --family and --dialect';

export class Cursor {
  readonly tokens: Tokens;
  readonly dialect: Dialect;
  /** Names that are defined where the cursor is, if they are known. */
  readonly scope: Scope | undefined;
  /** Index of the next token. */
  at: number;
  #depth = 0;

  constructor(tokens: Tokens, dialect: Dialect = BIRD_2, at = 0, scope?: Scope) {
    this.tokens = tokens;
    this.scope = scope;
    this.at = at;
    this.dialect = dialect;
  }

  get kind(): TokenKind {
    return this.tokens.kinds[this.at] as TokenKind;
  }

  kindAfter(count: number): TokenKind {
    return this.tokens.kinds[Math.min(this.at + count, this.tokens.length - 1)] as TokenKind;
  }

  /** Text of the token `count` after the next one. */
  textAfter(count: number): string {
    return this.tokens.text(Math.min(this.at + count, this.tokens.length - 1));
  }

  /** The next token's word, or undefined where it is none. */
  word(): string | undefined {
    const { tokens, at } = this;
    return tokens.kinds[at] === TOKEN.word ? tokens.words.names[tokens.values[at]!] : undefined;
  }

  isWord(word: string): boolean {
    const { tokens, at } = this;
    return tokens.kinds[at] === TOKEN.word && tokens.words.names[tokens.values[at]!] === word;
  }

  isPunctuation(text: string): boolean {
    const { tokens, at } = this;
    return tokens.kinds[at] === TOKEN.punctuation && tokens.values[at] === punctuationCode(text);
  }

  acceptWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.at++;
    return true;
  }

  accept(punctuation: string): boolean {
    const { tokens, at } = this;
    if (tokens.kinds[at] !== TOKEN.punctuation || tokens.values[at] !== punctuationCode(punctuation)) {
      return false;
    }
    this.at++;
    return true;
  }

  /** Goes past a punctuation mark; returns its token. */
  expect(punctuation: string): number {
    const { at } = this;
    if (!this.accept(punctuation)) this.unexpected(`'${punctuation}'`);
    return at;
  }

  expectWord(word: string): number {
    if (!this.isWord(word)) this.unexpected(`'${word}'`, [word]);
    return this.at++;
  }

  /** A name: any word or apostrophed symbol. */
  name(what: string): string {
    if (this.kind !== TOKEN.word && this.kind !== TOKEN.quotedWord) this.unexpected(what);
    return this.tokens.text(this.at++);
  }

  /** A string in quotes. */
  string(what: string): string {
    if (this.kind !== TOKEN.text) this.unexpected(what);
    return this.tokens.text(this.at++);
  }

  /** An unsigned 32-bit number. */
  number(what = 'a number'): number {
    if (this.kind !== TOKEN.number) this.unexpected(what);
    const value = this.tokens.number(this.at);
    if (value > 0xffff_ffff) this.fail('Number out of range');
    this.at++;
    return value;
  }

  /** An address. */
  address(): IpAddress {
    this.#checkFamily();
    if (this.kind === TOKEN.ip4) {
      const word = this.tokens.ip4(this.at);
      if (word === undefined) this.fail(`Invalid IPv4 address ${this.tokens.text(this.at)}`);
      this.at++;
      return { version: 4, words: [word] };
    }
    if (this.kind !== TOKEN.ip6) this.unexpected('an IP address');
    const text = this.tokens.text(this.at);
    const words = parseIpv6(text);
    if (!words) this.fail(`Invalid IPv6 address ${text}`);
    this.at++;
    return { version: 6, words };
  }

  /** `bird` of BIRD 1.6 knows no IPv6 addresses; `bird6` reads quads, but only as identifiers. */
  #checkFamily(): void {
    const { dialect, kind } = this;
    if (dialect.version === 2) return;
    if (dialect.family === 0 && kind === TOKEN.ip6) {
      this.fail('This is an IPv4 router, therefore IPv6 addresses are not supported', OTHER_FAMILY);
    }
    if (dialect.family === 1 && kind === TOKEN.ip4 && this.isPunctuationAfter(1, '/')) {
      this.at++;
      this.fail(`syntax error, unexpected '/'`, OTHER_FAMILY);
    }
  }

  isPunctuationAfter(count: number, text: string): boolean {
    const at = Math.min(this.at + count, this.tokens.length - 1);
    return this.tokens.kinds[at] === TOKEN.punctuation && this.tokens.values[at] === punctuationCode(text);
  }

  isAddress(): boolean {
    return this.kind === TOKEN.ip4 || this.kind === TOKEN.ip6;
  }

  /** Goes past `/ length` and makes a prefix of the address before it. */
  prefixOf(ip: IpAddress): Prefix {
    this.expect('/');
    const length = this.number('a prefix length');
    const at = this.at - 1;
    if (length > ip.words.length * 32) throw new ConfError(at, `Invalid prefix length ${length}`);
    if (
      ip.version === 4 &&
      (length === 0 ? ip.words[0] === 0 : ((ip.words[0]! << length) | 0) === 0 || length === 32)
    )
      return { ip, length };
    const masked = maskIp(ip, length);
    if (ip.words.some((word, i) => word !== masked.words[i])) {
      const wanted = `${formatIp(masked)}/${length}`;
      throw new ConfError(
        at,
        `Invalid IPv${ip.version} prefix ${formatIp(ip)}/${length}, maybe you wanted ${wanted}`,
      );
    }
    return { ip, length };
  }

  /** Runs a part of the parser that may contain itself; fails where a text nests deeper than the stack would bear. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= MAX_DEPTH) this.fail('Nesting too deep');
    this.#depth++;
    try {
      return parse();
    } finally {
      this.#depth--;
    }
  }

  /** Fails at the next token. */
  fail(message: string, hint?: string): never {
    throw new ConfError(this.at, message, hint);
  }

  /**
   * Fails because the next token is not what may stand here.
   * @param expected what may stand here, in words
   * @param candidates keywords that may stand here, to find a likely fix among
   */
  unexpected(expected?: string, candidates: Iterable<string> = []): never {
    if (this.kind === TOKEN.error) this.fail(this.tokens.error(this.at));
    const message =
      `syntax error, unexpected ${this.#describe()}` +
      (expected === undefined ? '' : `, expecting ${expected}`);
    const word = this.word();
    const fix = word === undefined ? undefined : nearest(word, candidates);
    this.fail(message, fix === undefined ? undefined : `did you mean '${fix}'?`);
  }

  #describe(): string {
    switch (this.kind) {
      case TOKEN.end:
        // The text of a command has no name.
        return this.tokens.locate(this.at).file === '' ? 'end of the command' : 'end of file';
      case TOKEN.text:
        // Its text may be a secret, and the place says which one is meant.
        return 'string';
      default:
        return `'${this.tokens.text(this.at)}'`;
    }
  }
}

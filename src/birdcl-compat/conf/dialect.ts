/** Which BIRD a configuration was written for. */
import type { FamilyIndex } from '../../base/family.ts';
import type { Tokens } from './lexer.ts';
import { punctuationCode, TOKEN } from './lexer.ts';

/**
 * BIRD 2 (and 3) has channels and tables of many types in one daemon. BIRD 1.6 has one address family for each
 * daemon, `bird` or `bird6`, and the options of the channel in the protocol itself.
 */
export type Dialect =
  | { readonly version: 2 }
  /** `family`: that of the daemon, 0 for `bird`, 1 for `bird6`. */
  | { readonly version: 1; readonly family: FamilyIndex };

export const BIRD_2: Dialect = { version: 2 };

/** What the command line says; what it leaves out is recognised from the text. */
export interface DialectChoice {
  readonly version?: 1 | 2;
  readonly family?: FamilyIndex;
}

/** Words that begin an option of a protocol in BIRD 1.6 and are inside a channel in BIRD 2. */
const CHANNEL_OPTIONS: ReadonlySet<string> = new Set([
  'import',
  'export',
  'preference',
  'table',
  'next',
  'gateway',
  'add',
  'missing',
  'secondary',
  'receive',
]);

/** Words that begin a channel of a protocol in BIRD 2. */
const CHANNELS: ReadonlySet<string> = new Set([
  'ipv4',
  'ipv6',
  'vpn4',
  'vpn6',
  'roa4',
  'roa6',
  'flow4',
  'flow6',
  'mpls',
  'aspa',
  'eth',
  'evpn',
]);

/** Protocols whose options say nothing about the dialect. */
const EITHER: ReadonlySet<string> = new Set([
  'pipe',
  'mrt',
  'aggregator',
  'device',
  'bfd',
  'ospf',
  'radv',
  'l3vpn',
  'evpn',
]);

/** Protocols that BIRD 2 refuses without a channel. */
const NEEDS_CHANNEL: ReadonlySet<string> = new Set(['static', 'kernel']);

const OPEN = punctuationCode('{');
const CLOSE = punctuationCode('}');
const SEMICOLON = punctuationCode(';');
/** One dialect is so far ahead that the rest of the text need not be read. */
const CERTAIN = 50;

interface Evidence {
  bird1: number;
  bird2: number;
  /** Protocols with options but without a channel, that would need one in BIRD 2. */
  bare: number;
}

/**
 * The dialect of a text, as far as the command line does not say it. A text that says nothing is BIRD 2.
 * @param path name of the file, which may tell the family
 * @param from first token of the text, which goes on to the last one
 */
export function recogniseDialect(tokens: Tokens, choice: DialectChoice, path: string, from = 0): Dialect {
  const version = choice.version ?? recogniseVersion(tokens, from);
  if (version === 2) return BIRD_2;
  return { version: 1, family: choice.family ?? recogniseFamily(tokens, path, from) };
}

/** `bird` takes no IPv6 addresses at all. A file without any may still be called `bird6.conf`. */
function recogniseFamily(tokens: Tokens, path: string, from: number): FamilyIndex {
  return tokens.kinds.includes(TOKEN.ip6, from) || /bird6[^/]*$/.test(path) ? 1 : 0;
}

function recogniseVersion(tokens: Tokens, from: number): 1 | 2 {
  const evidence: Evidence = { bird1: 0, bird2: 0, bare: 0 };
  const { kinds, values, length } = tokens;
  for (let at = from; at < length; at++) {
    const kind = kinds[at];
    // Long lists of numbers and addresses are passed over.
    if (kind !== TOKEN.word && kind !== TOKEN.punctuation && kind !== TOKEN.repeat) continue;
    if (kind === TOKEN.punctuation && values[at] !== OPEN) continue;
    if (Math.abs(evidence.bird1 - evidence.bird2) > CERTAIN) break;
    if (kind === TOKEN.repeat) {
      weighProtocol(tokens, values[at]!, evidence);
      // Its name says nothing.
      at++;
      continue;
    }
    if (kind === TOKEN.punctuation) {
      at = closingBrace(tokens, at);
      continue;
    }
    const word = tokens.text(at);
    if (word === 'protocol' || word === 'template') at = weighProtocol(tokens, at, evidence);
    else if (CHANNELS.has(word)) evidence.bird2++;
    else if (word === 'listen' || word === 'roa') evidence.bird1++;
    else if (word === 'table' && isStatementStart(tokens, at)) evidence.bird1++;
  }
  if (evidence.bird1 !== evidence.bird2) return evidence.bird1 > evidence.bird2 ? 1 : 2;
  return evidence.bird2 === 0 && evidence.bare > 0 ? 1 : 2;
}

/** Looks at the options of one protocol; returns its last token. */
function weighProtocol(tokens: Tokens, start: number, evidence: Evidence): number {
  const kind = tokens.kinds[start + 1] === TOKEN.word ? tokens.text(start + 1) : '';
  let at = start + 2;
  while (at < tokens.length && !isPunctuation(tokens, at, '{')) {
    // A protocol that was cut short ends where the next statement begins.
    if (isPunctuation(tokens, at, ';') || isPunctuation(tokens, at, '}')) return at;
    at++;
  }
  const inherits = tokens.kinds[at - 2] === TOKEN.word && tokens.text(at - 2) === 'from';
  const end = closingBrace(tokens, at);
  let channels = 0;
  const empty = at + 1 >= end;
  for (at++; at < end; at++) {
    if (isPunctuation(tokens, at, '{')) at = closingBrace(tokens, at);
    else if (tokens.kinds[at] === TOKEN.word && isStatementStart(tokens, at)) {
      const word = tokens.text(at);
      if (CHANNELS.has(word)) channels++;
      else if (CHANNEL_OPTIONS.has(word) && !EITHER.has(kind)) evidence.bird1++;
    }
  }
  if (!EITHER.has(kind)) evidence.bird2 += channels;
  if (channels === 0 && !empty && !inherits && NEEDS_CHANNEL.has(kind)) evidence.bare++;
  return end;
}

function isPunctuation(tokens: Tokens, at: number, text: string): boolean {
  return tokens.kinds[at] === TOKEN.punctuation && tokens.values[at] === punctuationCode(text);
}

function isStatementStart(tokens: Tokens, at: number): boolean {
  if (at === 0) return true;
  const before = tokens.values[at - 1]!;
  return (
    tokens.kinds[at - 1] === TOKEN.punctuation &&
    (before === OPEN || before === CLOSE || before === SEMICOLON)
  );
}

/** The brace that closes the one at `at`, or the last token. */
function closingBrace(tokens: Tokens, at: number): number {
  const { kinds, values, length } = tokens;
  let depth = 0;
  for (; at < length - 1; at++) {
    if (kinds[at] !== TOKEN.punctuation) continue;
    if (values[at] === OPEN) depth++;
    else if (values[at] === CLOSE && --depth === 0) break;
  }
  return at;
}

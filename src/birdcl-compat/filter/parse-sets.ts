/** Parser of set literals, path masks and their elements. */
import { TOKEN } from '../conf/lexer.ts';
import type { Cursor } from '../conf/cursor.ts';
import { ConfError } from '../conf/diagnostics.ts';
import type { EcKind, Expression, PathMaskItem, PrefixPattern, SetItem, TuplePart } from './ast.ts';
import { parseAtom } from './parse-atom.ts';
import type { Terms } from './parse-atom.ts';

const EC_WORDS = new Set(['rt', 'ro', 'unknown', 'generic']);

/** `rt`, `ro`, `generic` or `unknown N` at the start of a tuple; undefined, and nothing read, where none stands here. */
export function parseEcKind(cursor: Cursor): EcKind | undefined {
  const word = cursor.word();
  if (word === undefined || !EC_WORDS.has(word)) return undefined;
  // A symbol may be called `rt` too; a kind is followed by a comma, `unknown` by its number.
  const next = cursor.kindAfter(1) === TOKEN.punctuation ? cursor.textAfter(1) : '';
  if (word === 'unknown' ? cursor.kindAfter(1) !== TOKEN.number : next !== ',') return undefined;
  cursor.at++;
  const name = word as EcKind['name'];
  return name === 'unknown' ? { name, code: cursor.number() } : { name };
}

/** `[ … ]` */
export function parseSet(cursor: Cursor, terms: Terms): Expression {
  return cursor.nested(() => parseSetLiteral(cursor, terms));
}

function parseSetLiteral(cursor: Cursor, terms: Terms): Expression {
  const at = cursor.expect('[');
  if (cursor.accept(']')) return { kind: 'set', at, items: [] };
  const isPrefix =
    cursor.isAddress() && cursor.kindAfter(1) === TOKEN.punctuation && cursor.textAfter(1) === '/';
  if (isPrefix) {
    const patterns: PrefixPattern[] = [];
    do {
      const pattern = parsePattern(cursor);
      const first = patterns[0];
      if (first && first.prefix.ip.version !== pattern.prefix.ip.version) {
        throw new ConfError(pattern.at, 'Mixed IPv4/IPv6 prefixes in prefix set');
      }
      patterns.push(pattern);
    } while (cursor.accept(','));
    cursor.expect(']');
    return { kind: 'prefixSet', at, patterns };
  }
  const items = parseSetItems(cursor, terms);
  cursor.expect(']');
  return { kind: 'set', at, items };
}

function parsePattern(cursor: Cursor): PrefixPattern {
  const { at } = cursor;
  const prefix = cursor.prefixOf(cursor.address());
  const bits = prefix.ip.words.length * 32;
  if (cursor.accept('+')) return { at, prefix, low: prefix.length, high: bits };
  if (cursor.accept('-')) return { at, prefix, low: 0, high: prefix.length };
  if (!cursor.accept('{')) return { at, prefix, low: prefix.length, high: prefix.length };
  const low = cursor.number();
  cursor.expect(',');
  const high = cursor.number();
  if (low > high || high > bits) cursor.fail(`Invalid prefix pattern range: {${low}, ${high}}`);
  cursor.expect('}');
  return { at, prefix, low, high };
}

/** Elements and ranges with commas between. */
export function parseSetItems(cursor: Cursor, terms: Terms): SetItem[] {
  const items: SetItem[] = [];
  do items.push(parseSetItem(cursor, terms));
  while (cursor.accept(','));
  return items;
}

function parseSetItem(cursor: Cursor, terms: Terms): SetItem {
  const { at } = cursor;
  if (cursor.isPunctuation('(')) {
    const tuple = parseTupleItem(cursor, terms);
    if (tuple) return tuple;
  }
  const from = parseAtom(cursor, terms);
  if (!cursor.accept('..')) return { kind: 'single', at, from };
  return { kind: 'single', at, from, to: parseAtom(cursor, terms) };
}

/** A pair, extended or large community, with wildcards and ranges; undefined (nothing read) where it is `( term )`. */
function parseTupleItem(cursor: Cursor, terms: Terms): SetItem | undefined {
  const at = cursor.expect('(');
  const ec = parseEcKind(cursor);
  if (ec) cursor.expect(',');
  const parts: TuplePart[] = [];
  do {
    if (cursor.accept('*')) parts.push({});
    else {
      const from = terms.expression(cursor);
      parts.push(cursor.accept('..') ? { from, to: terms.expression(cursor) } : { from });
    }
  } while (cursor.accept(','));
  cursor.expect(')');
  if (!ec && parts.length === 1 && parts[0]!.from && !parts[0]!.to) {
    cursor.at = at;
    return undefined;
  }
  if (ec ? parts.length !== 2 : parts.length < 2 || parts.length > 3) {
    throw new ConfError(at, 'A set element in parentheses has two or three parts');
  }
  const item = ec ? { kind: 'tuple' as const, at, ec, parts } : { kind: 'tuple' as const, at, parts };
  if (!cursor.isPunctuation('..')) return item;
  cursor.at++;
  cursor.expect('(');
  const to = [terms.expression(cursor)];
  while (cursor.accept(',')) to.push(terms.expression(cursor));
  cursor.expect(')');
  if (to.length !== parts.length)
    throw new ConfError(at, 'Both ends of a range have the same number of parts');
  return { ...item, to };
}

/** `[= … =]` */
export function parsePathMask(cursor: Cursor, terms: Terms): Expression {
  const at = cursor.expect('[=');
  const items: PathMaskItem[] = [];
  while (!cursor.accept('=]')) items.push(parseMaskItem(cursor, terms));
  return { kind: 'pathMask', at, items };
}

function parseMaskItem(cursor: Cursor, terms: Terms): PathMaskItem {
  const { at } = cursor;
  if (cursor.accept('*')) return { kind: 'any', at };
  if (cursor.accept('?')) return { kind: 'one', at };
  if (cursor.accept('+')) return { kind: 'repeat', at };
  if (cursor.kind === TOKEN.number) {
    const from = cursor.number();
    return { kind: 'range', at, from, to: cursor.accept('..') ? cursor.number() : from };
  }
  if (cursor.accept('[')) {
    const items = cursor.isPunctuation(']') ? [] : parseSetItems(cursor, terms);
    cursor.expect(']');
    return { kind: 'set', at, items };
  }
  if (cursor.accept('(')) {
    const expression = terms.expression(cursor);
    cursor.expect(')');
    return { kind: 'expression', at, expression };
  }
  return {
    kind: 'expression',
    at,
    expression: { kind: 'symbol', at, name: cursor.name('a path mask item') },
  };
}

/** Parser of expressions, by recursive descent with BIRD's precedences. */
import { TOKEN } from '../conf/lexer.ts';
import type { Cursor } from '../conf/cursor.ts';
import { ConfError } from '../conf/diagnostics.ts';
import { BUILTIN_METHODS } from './ast.ts';
import type { BinaryOperator, BuiltinMethod, Expression, TableName } from './ast.ts';
import { EMPTY_PATH } from './as-path.ts';
import { ATTRIBUTES } from './attributes.ts';
import { ENUMERATORS } from './enumerators.ts';
import {
  parseNet,
  parseNetAfterAddress,
  parseRdOrVpn,
  parseSpecialNet,
  readBytes,
  readMac,
  startsSpecialNet,
} from './net-literal.ts';
import type { Terms } from './parse-atom.ts';
import { parseEcKind, parsePathMask, parseSet } from './parse-sets.ts';
import type { Type } from './types.ts';
import { EMPTY_LIST, unmapped } from './values.ts';
import { RESERVED } from './words.ts';

/** From the loosest to the tightest. As in BIRD 2, `&&` and `||` bind alike, and comparisons do not chain. */
const LEVELS: readonly { operators: readonly BinaryOperator[]; chains: boolean }[] = [
  { operators: ['&&', '||'], chains: true },
  { operators: ['=', '!=', '<', '<=', '>', '>=', '~', '!~'], chains: false },
  { operators: ['+', '-', '++'], chains: true },
  { operators: ['*', '/'], chains: true },
];

/** Operators of one kind in a row, which nest to the left. */
const MAX_CHAIN = 500;

type BuiltinName = BuiltinMethod | 'format' | 'from_hex';
/** Functions of the language, and how many arguments each takes. */
const BUILTINS: ReadonlyMap<string, number> = new Map<BuiltinName, number>([
  ...BUILTIN_METHODS.map((name): [BuiltinName, number] => [name, 2]),
  ['format', 1],
  ['from_hex', 1],
]);

export function parseExpression(cursor: Cursor): Expression {
  return cursor.nested(() => parseLevel(cursor, 0));
}

/** What the parsers of sets and networks are given. */
export const TERMS: Terms = { expression: parseExpression, primary: parsePrimary };

/** A network of any kind that begins with an address, a route distinguisher or a word. */
export function parseNetwork(cursor: Cursor): Expression {
  return parseNet(cursor, TERMS);
}

function parseLevel(cursor: Cursor, level: number): Expression {
  const rule = LEVELS[level];
  if (!rule) return parseUnary(cursor);
  let left = parseLevel(cursor, level + 1);
  let length = 0;
  while (cursor.kind === TOKEN.punctuation) {
    const operator = cursor.textAfter(0) as BinaryOperator;
    if (!rule.operators.includes(operator)) break;
    const { at } = left;
    if (++length > MAX_CHAIN) cursor.fail('Expression too long');
    cursor.at++;
    left = { kind: 'binary', at, operator, left, right: parseLevel(cursor, level + 1) };
    if (!rule.chains) break;
  }
  return left;
}

function parseUnary(cursor: Cursor): Expression {
  const { at } = cursor;
  if (cursor.accept('!')) return { kind: 'not', at, operand: cursor.nested(() => parseUnary(cursor)) };
  return parsePostfix(cursor, parsePrimary(cursor));
}

function parsePostfix(cursor: Cursor, start: Expression): Expression {
  let target = start;
  for (let length = 1; cursor.isPunctuation('.'); length++) {
    if (length > MAX_CHAIN) cursor.fail('Expression too long');
    target = parseMethod(cursor, target);
  }
  return target;
}

/** `.name` or `.name(arguments)` of what stands before it. */
export function parseMethod(cursor: Cursor, target: Expression): Expression {
  cursor.expect('.');
  const nameAt = cursor.at;
  const name = cursor.name('a method');
  return { kind: 'method', at: target.at, target, name, nameAt, args: parseArguments(cursor, false) };
}

/** `( a, b )`; where they are not required, none is an empty list. */
export function parseArguments(cursor: Cursor, required: boolean): Expression[] {
  const args: Expression[] = [];
  if (!required && !cursor.isPunctuation('(')) return args;
  cursor.expect('(');
  if (cursor.accept(')')) return args;
  do args.push(parseExpression(cursor));
  while (cursor.accept(','));
  cursor.expect(')');
  return args;
}

/** What operators join: literals, names, calls, terms in parentheses. */
export function parsePrimary(cursor: Cursor): Expression {
  const { at } = cursor;
  switch (cursor.kind) {
    case TOKEN.number:
      return { kind: 'constant', at, type: 'int', value: cursor.number() };
    case TOKEN.text:
      return { kind: 'constant', at, type: 'string', value: cursor.string('a string') };
    case TOKEN.bytes:
      return { kind: 'constant', at, type: 'bytestring', value: readBytes(cursor) };
    case TOKEN.mac:
      return { kind: 'constant', at, type: 'mac', value: readMac(cursor) };
    case TOKEN.ip4:
    case TOKEN.ip6: {
      const ip = cursor.address();
      if (!cursor.isPunctuation('/')) return { kind: 'constant', at, type: 'ip', value: unmapped(ip) };
      return parseNetAfterAddress(cursor, at, ip, TERMS);
    }
    case TOKEN.rd:
      return parseRdOrVpn(cursor);
    case TOKEN.punctuation:
      return parseBracketed(cursor);
    case TOKEN.quotedWord:
      return parseSymbol(cursor);
    case TOKEN.word:
      return parseWord(cursor);
    default:
      return cursor.unexpected('an expression');
  }
}

function parseWord(cursor: Cursor): Expression {
  const { at } = cursor;
  const word = cursor.textAfter(0);
  if (word === 'true' || word === 'false') {
    cursor.at++;
    return { kind: 'constant', at, type: 'bool', value: word === 'true' };
  }
  const enumerator = ENUMERATORS.get(word);
  if (enumerator) {
    cursor.at++;
    return { kind: 'constant', at, type: enumerator.type, value: enumerator.value };
  }
  if (word === 'defined') {
    cursor.at++;
    cursor.expect('(');
    const operand = parseExpression(cursor);
    cursor.expect(')');
    return { kind: 'defined', at, operand };
  }
  const called = cursor.kindAfter(1) === TOKEN.punctuation && cursor.textAfter(1) === '(';
  if (called) {
    const call = parseBuiltin(cursor, word);
    if (call) return call;
  }
  if (ATTRIBUTES.has(word)) {
    cursor.at++;
    return { kind: 'attribute', at, name: word };
  }
  if (startsSpecialNet(cursor)) return parseSpecialNet(cursor, TERMS);
  return parseSymbol(cursor);
}

/** A call of a function of the language; undefined, and nothing read, where the word names none. */
function parseBuiltin(cursor: Cursor, word: string): Expression | undefined {
  const { at } = cursor;
  const wanted = BUILTINS.get(word);
  if (wanted !== undefined) {
    cursor.at++;
    const args = parseArguments(cursor, true);
    if (args.length !== wanted) {
      throw new ConfError(at, `${word}() takes ${wanted} arguments, got ${args.length}`);
    }
    return { kind: 'builtin', at, name: word as BuiltinName, args };
  }
  switch (word) {
    case 'roa_check':
      return parseRoaCheck(cursor);
    case 'aspa_check':
      return parseAspaCheck(cursor);
    case 'aspa_check_upstream':
    case 'aspa_check_downstream': {
      cursor.at += 2;
      const table = parseTableName(cursor);
      cursor.expect(')');
      const upstream = word === 'aspa_check_upstream';
      return {
        kind: 'aspaCheck',
        at,
        table,
        path: { kind: 'attribute', at, name: 'bgp_path' },
        upstream: { kind: 'constant', at, type: 'bool', value: upstream },
      };
    }
    default:
      return undefined;
  }
}

function parseTableName(cursor: Cursor): TableName {
  const { at } = cursor;
  return { name: cursor.name('a table'), at };
}

function parseRoaCheck(cursor: Cursor): Expression {
  const { at } = cursor;
  cursor.at += 2;
  const table = parseTableName(cursor);
  if (cursor.accept(')')) return { kind: 'roaCheck', at, table };
  cursor.expect(',');
  const net = parseExpression(cursor);
  cursor.expect(',');
  const asn = parseExpression(cursor);
  cursor.expect(')');
  return { kind: 'roaCheck', at, table, about: [net, asn] };
}

function parseAspaCheck(cursor: Cursor): Expression {
  const { at } = cursor;
  cursor.at += 2;
  const table = parseTableName(cursor);
  cursor.expect(',');
  const path = parseExpression(cursor);
  cursor.expect(',');
  const upstream = parseExpression(cursor);
  cursor.expect(')');
  return { kind: 'aspaCheck', at, table, path, upstream };
}

function parseSymbol(cursor: Cursor): Expression {
  const { at } = cursor;
  if (cursor.kind === TOKEN.word && RESERVED.has(cursor.textAfter(0))) cursor.unexpected('an expression');
  const name = cursor.name('a name');
  if (!cursor.isPunctuation('(')) return { kind: 'symbol', at, name };
  return { kind: 'call', at, name, args: parseArguments(cursor, true) };
}

function parseBracketed(cursor: Cursor): Expression {
  switch (cursor.textAfter(0)) {
    case '(':
      return parseParenthesis(cursor);
    case '[':
      return parseSet(cursor, TERMS);
    case '[=':
      return parsePathMask(cursor, TERMS);
    case '+':
    case '-':
      return parseEmpty(cursor);
    default:
      return cursor.unexpected('an expression');
  }
}

/** Types of `+empty+`, `-empty-`, `--empty--` and `---empty---`, by the number of signs. */
const EMPTY_TYPES: Readonly<Record<string, readonly Type[]>> = {
  '+': ['bgppath'],
  '-': ['clist', 'eclist', 'lclist'],
};

function parseEmpty(cursor: Cursor): Expression {
  const { at } = cursor;
  const sign = cursor.textAfter(0);
  let count = 0;
  while (cursor.accept(sign)) count++;
  const type = EMPTY_TYPES[sign]![count - 1];
  if (type === undefined || !cursor.isWord('empty')) cursor.unexpected("'empty'");
  cursor.at++;
  for (let i = 0; i < count; i++) cursor.expect(sign);
  return { kind: 'constant', at, type, value: type === 'bgppath' ? EMPTY_PATH : EMPTY_LIST };
}

/** A term in parentheses, a pair, or a large or extended community. */
function parseParenthesis(cursor: Cursor): Expression {
  const at = cursor.expect('(');
  const ec = parseEcKind(cursor);
  if (ec) cursor.expect(',');
  const parts = [parseExpression(cursor)];
  while (cursor.accept(',')) parts.push(parseExpression(cursor));
  cursor.expect(')');
  if (!ec && parts.length === 1) return parts[0]!;
  if (ec ? parts.length !== 2 : parts.length > 3) {
    throw new ConfError(
      at,
      ec ? 'An extended community has a kind and two parts' : 'A tuple has two or three parts',
    );
  }
  return ec ? { kind: 'tuple', at, ec, parts } : { kind: 'tuple', at, parts };
}

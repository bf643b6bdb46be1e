/** Parser of filters, functions and expressions, by recursive descent with BIRD's precedences. */
import { TOKEN } from '../conf/lexer.ts';
import type { Cursor } from '../conf/cursor.ts';
import type {
  BinaryOperator,
  CaseBranch,
  EcKind,
  Expression,
  FilterNode,
  FunctionNode,
  PathMaskItem,
  PrefixPattern,
  SetItem,
  Statement,
  TuplePart,
  VariableDeclaration,
} from './ast.ts';
import { EMPTY_PATH } from './as-path.ts';
import { EMPTY_LIST } from './values.ts';
import { ATTRIBUTES, ENUMERATORS, setOf, TYPE_WORDS } from './types.ts';
import type { Type } from './types.ts';
import { ConfError } from '../conf/diagnostics.ts';

/** From the loosest to the tightest. As in BIRD 2, `&&` and `||` bind alike, and comparisons do not chain. */
const LEVELS: readonly { operators: readonly BinaryOperator[]; chains: boolean }[] = [
  { operators: ['&&', '||'], chains: true },
  { operators: ['=', '!=', '<', '<=', '>', '>=', '~', '!~'], chains: false },
  { operators: ['+', '-'], chains: true },
  { operators: ['*', '/'], chains: true },
];

/** Operators of one kind in a row, which nest to the left. */
const MAX_CHAIN = 500;

const EC_WORDS = new Set(['rt', 'ro', 'unknown', 'generic']);
const BUILTINS = new Set(['prepend', 'add', 'delete', 'filter']);
const STATEMENT_WORDS = [
  'if',
  'case',
  'for',
  'return',
  'accept',
  'reject',
  'error',
  'print',
  'printn',
  'unset',
  ...TYPE_WORDS.keys(),
  ...ATTRIBUTES.keys(),
];

/** Words that can never name a variable, function or constant: they begin something else. */
const RESERVED = new Set([
  ...STATEMENT_WORDS,
  ...ENUMERATORS.keys(),
  'then',
  'else',
  'defined',
  'true',
  'false',
  'set',
]);

export function isTypeWord(word: string | undefined): boolean {
  return word !== undefined && TYPE_WORDS.has(word);
}

/** `int`, `prefix set`, … */
export function parseType(cursor: Cursor): Type {
  const type = TYPE_WORDS.get(cursor.word() ?? '');
  if (type === undefined) cursor.unexpected('a type', TYPE_WORDS.keys());
  cursor.at++;
  if (!cursor.isWord('set')) return type;
  const set = setOf(type);
  if (set === undefined) cursor.fail("You can't create sets of this type.");
  cursor.at++;
  return set;
}

export function parseExpression(cursor: Cursor): Expression {
  return cursor.nested(() => parseLevel(cursor, 0));
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
  let length = 0;
  while (cursor.isPunctuation('.')) {
    if (++length > MAX_CHAIN) cursor.fail('Expression too long');
    cursor.at++;
    const nameAt = cursor.at;
    const name = cursor.name('a method');
    target = { kind: 'method', at: target.at, target, name, nameAt, args: parseArguments(cursor, false) };
  }
  return target;
}

/** `( a, b )`; where they are not required, none is an empty list. */
function parseArguments(cursor: Cursor, required: boolean): Expression[] {
  const args: Expression[] = [];
  if (!required && !cursor.isPunctuation('(')) return args;
  cursor.expect('(');
  if (cursor.accept(')')) return args;
  do args.push(parseExpression(cursor));
  while (cursor.accept(','));
  cursor.expect(')');
  return args;
}

function parsePrimary(cursor: Cursor): Expression {
  const { at } = cursor;
  switch (cursor.kind) {
    case TOKEN.number:
      return { kind: 'constant', at, type: 'int', value: cursor.number() };
    case TOKEN.text:
      return { kind: 'constant', at, type: 'string', value: cursor.string('a string') };
    case TOKEN.ip4:
    case TOKEN.ip6: {
      const ip = cursor.address();
      if (!cursor.isPunctuation('/')) return { kind: 'constant', at, type: 'ip', value: ip };
      return { kind: 'constant', at, type: 'prefix', value: cursor.prefixOf(ip) };
    }
    case TOKEN.rd:
      return cursor.fail('Route distinguishers are not built yet', 'Catbird has no VPN tables yet');
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
  if ((BUILTINS.has(word) || word === 'format') && called) {
    cursor.at++;
    const args = parseArguments(cursor, true);
    const wanted = word === 'format' ? 1 : 2;
    if (args.length !== wanted)
      throw new ConfError(at, `${word}() takes ${wanted} arguments, got ${args.length}`);
    return { kind: 'builtin', at, name: word as 'add', args };
  }
  if ((word === 'roa_check' || word === 'aspa_check') && called) {
    cursor.fail(`${word} is not built yet`, 'Catbird has no ROA tables yet');
  }
  if (ATTRIBUTES.has(word)) {
    cursor.at++;
    return { kind: 'attribute', at, name: word };
  }
  return parseSymbol(cursor);
}

function parseSymbol(cursor: Cursor): Expression {
  const { at } = cursor;
  if (cursor.kind === TOKEN.word && RESERVED.has(cursor.textAfter(0))) cursor.unexpected('an expression');
  const name = cursor.name('a name');
  if (!cursor.isPunctuation('(')) return { kind: 'symbol', at, name };
  return { kind: 'call', at, name, args: parseArguments(cursor, true) };
}

function parseBracketed(cursor: Cursor): Expression {
  const { at } = cursor;
  switch (cursor.textAfter(0)) {
    case '(':
      return parseParenthesis(cursor);
    case '[':
      return parseSet(cursor);
    case '[=': {
      cursor.at++;
      const items: PathMaskItem[] = [];
      while (!cursor.isPunctuation('=]')) items.push(parseMaskItem(cursor));
      cursor.at++;
      return { kind: 'pathMask', at, items };
    }
    case '+':
    case '-':
      return parseEmpty(cursor);
    default:
      return cursor.unexpected('an expression');
  }
}

/** `+empty+`, `-empty-`, `--empty--`, `---empty---`. */
function parseEmpty(cursor: Cursor): Expression {
  const { at } = cursor;
  const sign = cursor.textAfter(0);
  let count = 0;
  while (cursor.accept(sign)) count++;
  const types: readonly Type[] = sign === '+' ? ['bgppath'] : ['clist', 'eclist', 'lclist'];
  const type = types[count - 1];
  if (type === undefined || !cursor.isWord('empty')) cursor.unexpected("'empty'");
  cursor.at++;
  for (let i = 0; i < count; i++) cursor.expect(sign);
  return { kind: 'constant', at, type, value: type === 'bgppath' ? EMPTY_PATH : EMPTY_LIST };
}

function parseEcKind(cursor: Cursor): EcKind | undefined {
  const word = cursor.word();
  if (word === undefined || !EC_WORDS.has(word)) return undefined;
  // A symbol may be called `rt` too; a kind is followed by a comma, `unknown` by its number.
  const next = cursor.kindAfter(1) === TOKEN.punctuation ? cursor.textAfter(1) : '';
  if (word === 'unknown' ? cursor.kindAfter(1) !== TOKEN.number : next !== ',') return undefined;
  cursor.at++;
  const name = word as EcKind['name'];
  return name === 'unknown' ? { name, code: cursor.number() } : { name };
}

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

function parseSet(cursor: Cursor): Expression {
  return cursor.nested(() => parseSetLiteral(cursor));
}

function parseSetLiteral(cursor: Cursor): Expression {
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
  const items = parseSetItems(cursor);
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

function parseSetItems(cursor: Cursor): SetItem[] {
  const items: SetItem[] = [];
  do items.push(parseSetItem(cursor));
  while (cursor.accept(','));
  return items;
}

function parseSetItem(cursor: Cursor): SetItem {
  const { at } = cursor;
  if (cursor.isPunctuation('(')) {
    const tuple = parseTupleItem(cursor);
    if (tuple) return tuple;
  }
  const from = parseAtom(cursor);
  if (!cursor.accept('..')) return { kind: 'single', at, from };
  return { kind: 'single', at, from, to: parseAtom(cursor) };
}

/** An element without operators outside parentheses: number, address, enumerator, constant or `( term )`. */
function parseAtom(cursor: Cursor): Expression {
  if (cursor.isPunctuation('(')) {
    cursor.at++;
    const inner = parseExpression(cursor);
    cursor.expect(')');
    return inner;
  }
  return parsePrimary(cursor);
}

/** A pair, extended or large community, with wildcards and ranges; undefined (nothing read) where it is `( term )`. */
function parseTupleItem(cursor: Cursor): SetItem | undefined {
  const at = cursor.expect('(');
  const ec = parseEcKind(cursor);
  if (ec) cursor.expect(',');
  const parts: TuplePart[] = [];
  do {
    if (cursor.accept('*')) parts.push({});
    else {
      const from = parseExpression(cursor);
      parts.push(cursor.accept('..') ? { from, to: parseExpression(cursor) } : { from });
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
  const to = [parseExpression(cursor)];
  while (cursor.accept(',')) to.push(parseExpression(cursor));
  cursor.expect(')');
  if (to.length !== parts.length)
    throw new ConfError(at, 'Both ends of a range have the same number of parts');
  return { ...item, to };
}

function parseMaskItem(cursor: Cursor): PathMaskItem {
  const { at } = cursor;
  if (cursor.accept('*')) return { kind: 'any', at };
  if (cursor.accept('?')) return { kind: 'one', at };
  if (cursor.accept('+')) return { kind: 'repeat', at };
  if (cursor.kind === TOKEN.number) {
    const from = cursor.number();
    return { kind: 'range', at, from, to: cursor.accept('..') ? cursor.number() : from };
  }
  if (cursor.accept('[')) {
    const items = cursor.isPunctuation(']') ? [] : parseSetItems(cursor);
    cursor.expect(']');
    return { kind: 'set', at, items };
  }
  if (cursor.accept('(')) {
    const expression = parseExpression(cursor);
    cursor.expect(')');
    return { kind: 'expression', at, expression };
  }
  return {
    kind: 'expression',
    at,
    expression: { kind: 'symbol', at, name: cursor.name('a path mask item') },
  };
}

function parseVariable(cursor: Cursor): VariableDeclaration {
  const { at } = cursor;
  const type = parseType(cursor);
  return { kind: 'variable', at, type, name: cursor.name('a variable name') };
}

export function parseStatement(cursor: Cursor): Statement {
  return cursor.nested(() => parseOneStatement(cursor));
}

function parseOneStatement(cursor: Cursor): Statement {
  const { at } = cursor;
  if (cursor.isPunctuation('{')) return { kind: 'block', at, body: parseBlock(cursor) };
  const word = cursor.word();
  switch (word) {
    case undefined:
      if (cursor.kind !== TOKEN.quotedWord) cursor.unexpected('a statement');
      return parseSymbolStatement(cursor);
    case 'if':
      return parseIf(cursor);
    case 'case':
      return parseCase(cursor);
    case 'for':
      return parseFor(cursor);
    case 'return': {
      cursor.at++;
      return endStatement(cursor, { kind: 'return', at, value: parseExpression(cursor) });
    }
    case 'accept':
    case 'reject':
    case 'error':
      cursor.at++;
      return endStatement(cursor, { kind: 'verdict', at, verdict: word, print: parsePrintList(cursor) });
    case 'print':
    case 'printn':
      cursor.at++;
      return endStatement(cursor, {
        kind: 'print',
        at,
        newline: word === 'print',
        values: parsePrintList(cursor),
      });
    case 'unset': {
      cursor.at++;
      cursor.expect('(');
      const name = attributeName(cursor);
      cursor.expect(')');
      return endStatement(cursor, { kind: 'unset', at, name });
    }
    default:
      if (isTypeWord(word)) return parseLocal(cursor);
      if (ATTRIBUTES.has(word)) return parseAttributeStatement(cursor);
      return parseSymbolStatement(cursor);
  }
}

function endStatement(cursor: Cursor, statement: Statement): Statement {
  cursor.expect(';');
  return statement;
}

function parsePrintList(cursor: Cursor): Expression[] {
  const list: Expression[] = [];
  if (cursor.isPunctuation(';')) return list;
  do list.push(parseExpression(cursor));
  while (cursor.accept(','));
  return list;
}

function attributeName(cursor: Cursor): string {
  const word = cursor.word() ?? '';
  if (!ATTRIBUTES.has(word)) cursor.unexpected('an attribute', ATTRIBUTES.keys());
  cursor.at++;
  return word;
}

function parseLocal(cursor: Cursor): Statement {
  const variable = parseVariable(cursor);
  const initial = cursor.accept('=') ? parseExpression(cursor) : undefined;
  return endStatement(cursor, initial ? { ...variable, initial } : variable);
}

function parseIf(cursor: Cursor): Statement {
  const at = cursor.expectWord('if');
  const condition = parseExpression(cursor);
  cursor.expectWord('then');
  const then = parseStatement(cursor);
  // `else:` belongs to an enclosing `case`.
  const isBranch = cursor.kindAfter(1) === TOKEN.punctuation && cursor.textAfter(1) === ':';
  if (!cursor.isWord('else') || isBranch) return { kind: 'if', at, condition, then };
  cursor.at++;
  return { kind: 'if', at, condition, then, otherwise: parseStatement(cursor) };
}

function parseCase(cursor: Cursor): Statement {
  const at = cursor.expectWord('case');
  const subject = parseExpression(cursor);
  cursor.expect('{');
  const branches: CaseBranch[] = [];
  while (!cursor.isPunctuation('}')) {
    const branchAt = cursor.at;
    const items = cursor.acceptWord('else') ? undefined : parseSetItems(cursor);
    cursor.expect(':');
    const body: Statement[] = [];
    while (!cursor.isPunctuation('}') && !startsBranch(cursor)) body.push(parseStatement(cursor));
    branches.push(items ? { items, at: branchAt, body } : { at: branchAt, body });
  }
  cursor.expect('}');
  return { kind: 'case', at, subject, branches };
}

/** Whether the next token begins a `case` branch; statements begin with words or braces. */
function startsBranch(cursor: Cursor): boolean {
  if (cursor.kind === TOKEN.word) {
    const word = cursor.textAfter(0);
    return word === 'else' || ENUMERATORS.has(word);
  }
  return cursor.kind !== TOKEN.quotedWord && !cursor.isPunctuation('{');
}

function parseFor(cursor: Cursor): Statement {
  const at = cursor.expectWord('for');
  const type = isTypeWord(cursor.word()) ? parseType(cursor) : undefined;
  const name = cursor.name('a variable name');
  cursor.expectWord('in');
  const list = parseExpression(cursor);
  cursor.expectWord('do');
  const body = parseStatement(cursor);
  return type === undefined
    ? { kind: 'for', at, name, list, body }
    : { kind: 'for', at, type, name, list, body };
}

function parseAttributeStatement(cursor: Cursor): Statement {
  const { at } = cursor;
  const name = attributeName(cursor);
  if (cursor.accept('=')) {
    return endStatement(cursor, { kind: 'assignAttribute', at, name, value: parseExpression(cursor) });
  }
  if (!cursor.accept('.')) cursor.unexpected("'=' or '.'");
  const method = cursor.word();
  switch (method) {
    case 'empty':
      cursor.at++;
      return endStatement(cursor, { kind: 'edit', at, attribute: name, method });
    case 'prepend':
    case 'add':
    case 'delete':
    case 'filter': {
      cursor.at++;
      cursor.expect('(');
      const argument = parseExpression(cursor);
      cursor.expect(')');
      return endStatement(cursor, { kind: 'edit', at, attribute: name, method, argument });
    }
    default:
      return cursor.unexpected('a method', ['empty', 'prepend', 'add', 'delete', 'filter']);
  }
}

function parseSymbolStatement(cursor: Cursor): Statement {
  const { at } = cursor;
  const name = cursor.name('a statement');
  if (cursor.accept('=')) {
    return endStatement(cursor, { kind: 'assign', at, name, value: parseExpression(cursor) });
  }
  if (cursor.isPunctuation('(')) {
    const args = parseArguments(cursor, true);
    return endStatement(cursor, { kind: 'call', at, call: { kind: 'call', at, name, args } });
  }
  cursor.at = at;
  return cursor.unexpected('a statement', STATEMENT_WORDS);
}

/** `{ … }` */
export function parseBlock(cursor: Cursor): Statement[] {
  cursor.expect('{');
  const body: Statement[] = [];
  while (!cursor.isPunctuation('}')) body.push(parseStatement(cursor));
  cursor.at++;
  return body;
}

/** Variable declarations in front of the braces (BIRD 1 style), then the block. */
function parseBody(cursor: Cursor): Statement[] {
  const body: Statement[] = [];
  while (isTypeWord(cursor.word())) {
    body.push(parseVariable(cursor));
    cursor.expect(';');
  }
  body.push(...parseBlock(cursor));
  return body;
}

/** `filter NAME … { … }`, the word `filter` already read. */
export function parseFilterDefinition(cursor: Cursor): FilterNode {
  const nameAt = cursor.at;
  const name = cursor.name('a filter name');
  return { at: nameAt - 1, nameAt, name, body: parseBody(cursor) };
}

/** A filter written in place: `{ … }`, or declarations and `{ … }`. */
export function parseFilterBody(cursor: Cursor): FilterNode {
  const { at } = cursor;
  return { at, nameAt: at, body: parseBody(cursor) };
}

/** `function NAME(type arg; …) [-> type] … { … }`, the word `function` already read. */
export function parseFunctionDefinition(cursor: Cursor): FunctionNode {
  const nameAt = cursor.at;
  const name = cursor.name('a function name');
  cursor.expect('(');
  const parameters: VariableDeclaration[] = [];
  while (!cursor.isPunctuation(')')) {
    parameters.push(parseVariable(cursor));
    // BIRD 2 separates by `;` up to 2.13, by `,` or `;` later.
    if (!cursor.accept(';') && !cursor.accept(',') && !cursor.isPunctuation(')'))
      cursor.unexpected("')' or ','");
  }
  cursor.expect(')');
  let returns: Type | undefined;
  if (cursor.accept('->')) returns = parseType(cursor);
  const node = { at: nameAt - 1, nameAt, name, parameters, body: parseBody(cursor) };
  return returns === undefined ? node : { ...node, returns };
}

/** Parser of filters, functions and statements. */
import { TOKEN } from '../conf/lexer.ts';
import type { Cursor } from '../conf/cursor.ts';
import type {
  CaseBranch,
  Expression,
  FilterNode,
  FunctionNode,
  Statement,
  Target,
  VariableDeclaration,
} from './ast.ts';
import { ATTRIBUTES } from './attributes.ts';
import { ENUMERATORS } from './enumerators.ts';
import type { Terms } from './parse-atom.ts';
import { parseArguments, parseExpression, parseMethod, parseNetwork, TERMS } from './parse-expressions.ts';
import { parseSetItems } from './parse-sets.ts';
import { ENUM_TYPE_NUMBER, setOf, TYPE_WORDS } from './types.ts';
import type { EnumName, Type } from './types.ts';
import { RESERVED, STATEMENT_WORDS } from './words.ts';

export { parseExpression, parseNetwork };

export function isTypeWord(word: string | undefined): boolean {
  return word !== undefined && (TYPE_WORDS.has(word) || word === 'enum');
}

/** Whether a declaration begins here: a type, and then a name or `set`. */
function startsDeclaration(cursor: Cursor): boolean {
  if (!isTypeWord(cursor.word())) return false;
  const next = cursor.kindAfter(1);
  return next === TOKEN.word || next === TOKEN.quotedWord;
}

/** `int`, `prefix set`, `enum net_type`, … */
export function parseType(cursor: Cursor): Type {
  let type: Type | undefined;
  if (cursor.acceptWord('enum')) {
    const name = cursor.word() ?? '';
    if (!Object.hasOwn(ENUM_TYPE_NUMBER, name)) {
      cursor.unexpected('the name of an enumeration', Object.keys(ENUM_TYPE_NUMBER));
    }
    type = `enum ${name as EnumName}`;
  } else type = TYPE_WORDS.get(cursor.word() ?? '');
  if (type === undefined) cursor.unexpected('a type', TYPE_WORDS.keys());
  cursor.at++;
  if (!cursor.isWord('set')) return type;
  const set = setOf(type);
  if (set === undefined) cursor.fail("You can't create sets of this type.");
  cursor.at++;
  return set;
}

/** A name for something new: no word that means something else wherever it stands. */
export function parseNewName(cursor: Cursor, what: string): string {
  const word = cursor.word();
  if (word !== undefined && RESERVED.has(word)) cursor.unexpected(what);
  return cursor.name(what);
}

function parseVariable(cursor: Cursor): VariableDeclaration {
  const { at } = cursor;
  const type = parseType(cursor);
  return { kind: 'variable', at, type, name: parseNewName(cursor, 'a variable name') };
}

export function parseStatement(cursor: Cursor): Statement {
  return cursor.nested(() => parseOneStatement(cursor));
}

/** A statement that is no declaration: what `if` and `for` govern. */
function parseCommand(cursor: Cursor): Statement {
  if (startsDeclaration(cursor)) cursor.unexpected('a statement', STATEMENT_WORDS);
  return parseStatement(cursor);
}

function parseOneStatement(cursor: Cursor): Statement {
  const { at } = cursor;
  if (cursor.isPunctuation('{')) return { kind: 'block', at, body: parseBlock(cursor) };
  const word = cursor.word();
  switch (word) {
    case undefined:
      if (cursor.kind !== TOKEN.quotedWord) cursor.unexpected('a statement');
      return parseTargetStatement(cursor);
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
    case 'quitbird':
      if (cursor.dialect.version !== 1) return parseTargetStatement(cursor);
      cursor.at++;
      cursor.scope?.notice(at, "'quitbird' ends no daemon here: it is an error, which rejects the route");
      return endStatement(cursor, { kind: 'verdict', at, verdict: 'error', print: [] });
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
      const target = parseTarget(cursor);
      cursor.expect(')');
      return endStatement(cursor, { kind: 'unset', at, target });
    }
    case 'bt_assert':
      return parseAssert(cursor);
    case 'bt_check_assign':
      return parseCheckAssign(cursor);
    default:
      if (startsDeclaration(cursor)) return parseLocal(cursor);
      return parseTargetStatement(cursor);
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

/** A built-in attribute, variable or custom attribute. */
function parseTarget(cursor: Cursor): Target {
  const { at } = cursor;
  const word = cursor.word();
  if (word !== undefined && ATTRIBUTES.has(word)) {
    cursor.at++;
    return { kind: 'attribute', at, name: word };
  }
  if (word !== undefined && RESERVED.has(word)) cursor.unexpected('a statement', STATEMENT_WORDS);
  return { kind: 'symbol', at, name: cursor.name('a variable or attribute') };
}

/** The text of the tokens since `from`, in one line. */
function textSince(cursor: Cursor, from: number): string {
  return cursor.tokens.textBetween(from, cursor.at - 1).replace(/\s+/g, ' ');
}

/** `bt_assert(CONDITION);` */
function parseAssert(cursor: Cursor): Statement {
  const { at } = cursor;
  cursor.at++;
  cursor.expect('(');
  const from = cursor.at;
  const condition = parseExpression(cursor);
  const text = textSince(cursor, from);
  cursor.expect(')');
  return endStatement(cursor, { kind: 'assert', at, condition, text });
}

/** `bt_check_assign(TARGET, VALUE);` */
function parseCheckAssign(cursor: Cursor): Statement {
  const { at } = cursor;
  cursor.at++;
  cursor.expect('(');
  const from = cursor.at;
  const target = parseTarget(cursor);
  const text = textSince(cursor, from);
  cursor.expect(',');
  const value = parseExpression(cursor);
  cursor.expect(')');
  return endStatement(cursor, { kind: 'checkAssign', at, target, value, text });
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
  const then = parseCommand(cursor);
  // `else:` belongs to an enclosing `case`.
  const isBranch = cursor.kindAfter(1) === TOKEN.punctuation && cursor.textAfter(1) === ':';
  if (!cursor.isWord('else') || isBranch) return { kind: 'if', at, condition, then };
  cursor.at++;
  return { kind: 'if', at, condition, then, otherwise: parseCommand(cursor) };
}

/** In front of the colon of a case no name of a constant may stand outside parentheses: a statement could begin so. */
const CASE_TERMS: Terms = {
  expression: TERMS.expression,
  primary(cursor) {
    const word = cursor.word();
    const isName = word === undefined ? cursor.kind === TOKEN.quotedWord : !ENUMERATORS.has(word);
    return isName ? cursor.unexpected('a value') : TERMS.primary(cursor);
  },
};

function parseCase(cursor: Cursor): Statement {
  const at = cursor.expectWord('case');
  const subject = parseExpression(cursor);
  cursor.expect('{');
  const branches: CaseBranch[] = [];
  while (!cursor.isPunctuation('}')) {
    const branchAt = cursor.at;
    const isElse = cursor.isWord('else') && cursor.tokens.adjoins(cursor.at);
    const items = isElse ? undefined : parseSetItems(cursor, CASE_TERMS);
    if (isElse) cursor.at++;
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
  const body = parseCommand(cursor);
  return type === undefined
    ? { kind: 'for', at, name, list, body }
    : { kind: 'for', at, type, name, list, body };
}

/** `TARGET = VALUE;`, `TARGET.method(…);`, which gives the target what the method returns, or a call. */
function parseTargetStatement(cursor: Cursor): Statement {
  const { at } = cursor;
  const target = parseTarget(cursor);
  if (cursor.accept('=')) {
    return endStatement(cursor, { kind: 'assign', at, target, value: parseExpression(cursor) });
  }
  if (cursor.isPunctuation('.')) {
    return endStatement(cursor, { kind: 'assign', at, target, value: parseMethod(cursor, target) });
  }
  if (target.kind === 'attribute') cursor.unexpected("'=' or '.'");
  if (cursor.isPunctuation('(')) {
    const args = parseArguments(cursor, true);
    return endStatement(cursor, { kind: 'call', at, call: { kind: 'call', at, name: target.name, args } });
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
  const name = parseNewName(cursor, 'a function name');
  cursor.expect('(');
  const parameters: VariableDeclaration[] = [];
  if (!cursor.isPunctuation(')')) {
    // BIRD 2 separates by `;`, BIRD 3 by `,` too.
    do parameters.push(parseVariable(cursor));
    while (cursor.accept(';') || cursor.accept(','));
  }
  cursor.expect(')');
  let returns: Type | undefined;
  if (cursor.accept('->')) returns = parseType(cursor);
  const node = { at: nameAt - 1, nameAt, name, parameters, body: parseBody(cursor) };
  return returns === undefined ? node : { ...node, returns };
}

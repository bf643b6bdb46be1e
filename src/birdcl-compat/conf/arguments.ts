/**
 * Kinds of option arguments. Each kind has a parser, which reads tokens into a node, and an evaluator, which makes
 * the node's value with the names defined so far.
 */
import type { IpAddress } from '../../base/ip.ts';
import type { Expression, FilterNode, Statement } from '../filter/ast.ts';
import { checkFilter, checkWhere } from '../filter/check.ts';
import { isTypeWord, parseBlock, parseExpression, parseFilterBody } from '../filter/parse.ts';
import { ACCEPT_ALL, REJECT_ALL } from '../filter/program.ts';
import type { FilterProgram } from '../filter/program.ts';
import type { Prefix } from '../filter/values.ts';
import { addressOf, constant, identifierOf, numberOf, textOf } from './constants.ts';
import type { Cursor } from './cursor.ts';
import { ConfError } from './diagnostics.ts';
import { TOKEN } from './lexer.ts';
import { DEBUG_FLAGS, MRTDUMP_FLAGS } from './lowered.ts';
import type { AnyTableConfig, DebugFlag, DebugFlags, LimitConfig, MrtdumpFlags } from './lowered.ts';
import type { Scope } from './scope.ts';

export interface ArgumentKind<Node, Value> {
  parse(cursor: Cursor): Node;
  evaluate(node: Node, scope: Scope): Value;
}

/** The name of a constant; one that nothing has defined yet ends the text here, as it does for BIRD. */
function parseConstantName(cursor: Cursor, what: string): Expression {
  const { at, scope } = cursor;
  const name = cursor.name(what);
  if (scope && !scope.get(name)) scope.require(name, at, ['constant'], 'Constant expected');
  return { kind: 'symbol', at, name };
}

/** `NUM`, a constant's name or `( term )`: what BIRD takes where a number stands. */
export function parseAtomExpression(cursor: Cursor, what = 'a number'): Expression {
  const { at } = cursor;
  if (cursor.kind === TOKEN.number) return { kind: 'constant', at, type: 'int', value: cursor.number() };
  if (cursor.accept('(')) {
    const inner = parseExpression(cursor);
    cursor.expect(')');
    return inner;
  }
  if (cursor.kind !== TOKEN.word && cursor.kind !== TOKEN.quotedWord) cursor.unexpected(what);
  return parseConstantName(cursor, what);
}

export function startsAtomExpression(cursor: Cursor): boolean {
  return (
    cursor.kind === TOKEN.number ||
    cursor.kind === TOKEN.word ||
    cursor.kind === TOKEN.quotedWord ||
    cursor.isPunctuation('(')
  );
}

export function parseTextExpression(cursor: Cursor): Expression {
  const { at } = cursor;
  if (cursor.kind === TOKEN.text) {
    return { kind: 'constant', at, type: 'string', value: cursor.string('a string') };
  }
  if (cursor.kind !== TOKEN.word && cursor.kind !== TOKEN.quotedWord) cursor.unexpected('a string');
  return parseConstantName(cursor, 'a string');
}

export function parseAddressExpression(cursor: Cursor): Expression {
  const { at, dialect } = cursor;
  // `bird6` reads a quad as an identifier.
  if (cursor.kind === TOKEN.ip4 && dialect.version === 1 && dialect.family === 1) {
    cursor.unexpected('an IPv6 address');
  }
  if (cursor.isAddress()) return { kind: 'constant', at, type: 'ip', value: cursor.address() };
  if (cursor.kind !== TOKEN.word && cursor.kind !== TOKEN.quotedWord) cursor.unexpected('an IP address');
  return parseConstantName(cursor, 'an IP address');
}

/** An address with an optional `%interface`. */
export function parseScopedAddress(cursor: Cursor): { address: Expression; interface?: string } {
  const address = parseAddressExpression(cursor);
  if (!cursor.accept('%')) return { address };
  return { address, interface: cursor.name('an interface name') };
}

const SWITCH_WORDS: Readonly<Record<string, boolean>> = { on: true, yes: true, off: false, no: false };

/** BIRD's bool: a word, a number, or nothing, which means yes. */
export const bool: ArgumentKind<{ on: boolean; expression?: Expression }, boolean> = {
  parse(cursor: Cursor) {
    if (cursor.isPunctuation(';') || cursor.isPunctuation('}')) return { on: true };
    const on = SWITCH_WORDS[cursor.word() ?? ''];
    if (on !== undefined) {
      cursor.at++;
      return { on };
    }
    if (cursor.isWord('true') || cursor.isWord('false')) cursor.unexpected("'on', 'off', 'yes' or 'no'");
    return { on: true, expression: parseAtomExpression(cursor, "'on' or 'off'") };
  },
  evaluate: (node, scope) => (node.expression ? numberOf(node.expression, scope) !== 0 : node.on),
};

export const none: ArgumentKind<undefined, undefined> = {
  parse: () => undefined,
  evaluate: () => undefined,
};

export const number: ArgumentKind<Expression, number> = { parse: parseAtomExpression, evaluate: numberOf };

/** A number that may be left out. */
export const optionalNumber: ArgumentKind<Expression | undefined, number | undefined> = {
  parse: (cursor) => (startsAtomExpression(cursor) ? parseAtomExpression(cursor) : undefined),
  evaluate: (node, scope) => node && numberOf(node, scope),
};

/** A number within bounds; `message` is BIRD's where it has one. */
export function bounded(low: number, high: number, message: string): ArgumentKind<Expression, number> {
  return {
    parse: parseAtomExpression,
    evaluate(node, scope) {
      const value = numberOf(node, scope);
      if (value < low || value > high) throw new ConfError(node.at, message);
      return value;
    },
  };
}

/** Two numbers with a comma between. */
export const twoNumbers: ArgumentKind<readonly [Expression, Expression], [number, number]> = {
  parse(cursor: Cursor) {
    const first = parseAtomExpression(cursor);
    cursor.expect(',');
    return [first, parseAtomExpression(cursor)];
  },
  evaluate: ([first, second], scope) => [numberOf(first, scope), numberOf(second, scope)],
};

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, ms: 1, us: 0.001 };

/** A time with its unit (`5 s`, `20 ms`), in milliseconds. */
export const time: ArgumentKind<{ amount: Expression; unit: number }, number> = {
  parse(cursor: Cursor) {
    const amount = parseAtomExpression(cursor);
    const unit = UNIT_MS[cursor.word() ?? ''];
    if (unit === undefined) cursor.unexpected("'s', 'ms' or 'us'");
    cursor.at++;
    return { amount, unit };
  },
  evaluate: ({ amount, unit }, scope) => numberOf(amount, scope) * unit,
};

/** Two times: changes are held back at least and at most so long. */
export const settleTime: ArgumentKind<
  readonly [ReturnType<typeof time.parse>, ReturnType<typeof time.parse>],
  number
> = {
  parse: (cursor) => [time.parse(cursor), time.parse(cursor)],
  evaluate([low, high], scope) {
    const least = time.evaluate(low, scope);
    if (least > time.evaluate(high, scope)) {
      throw new ConfError(low.amount.at, 'Minimum settle time is bigger than maximum settle time');
    }
    return least;
  },
};

export const text: ArgumentKind<Expression, string> = { parse: parseTextExpression, evaluate: textOf };

/** A string in quotes: BIRD 1.6 takes no constant here. */
export const quoted: ArgumentKind<string, string> = {
  parse: (cursor) => cursor.string('a string'),
  evaluate: (node) => node,
};

export const address: ArgumentKind<Expression, IpAddress> = {
  parse: parseAddressExpression,
  evaluate: addressOf,
};

/** A router or cluster ID. */
export const identifier: ArgumentKind<Expression, number> = {
  parse(cursor: Cursor) {
    const { at } = cursor;
    if (cursor.kind === TOKEN.ip4) return { kind: 'constant', at, type: 'ip', value: cursor.address() };
    return parseAtomExpression(cursor, 'a number or IPv4 address');
  },
  evaluate: identifierOf,
};

/** An IP prefix or the name of one. */
export const prefix: ArgumentKind<Expression, Prefix> = {
  parse(cursor: Cursor) {
    const { at } = cursor;
    if (cursor.isAddress()) {
      return { kind: 'constant', at, type: 'prefix', value: cursor.prefixOf(cursor.address()) };
    }
    if (cursor.kind !== TOKEN.word && cursor.kind !== TOKEN.quotedWord) cursor.unexpected('a network');
    return parseConstantName(cursor, 'a network');
  },
  evaluate(node, scope) {
    const { type, value } = constant(node, scope);
    if (type !== 'prefix') throw new ConfError(node.at, 'Network constant expected');
    return value as Prefix;
  },
};

/** The name of a table. */
export const table: ArgumentKind<{ name: string; at: number }, AnyTableConfig> = {
  parse(cursor: Cursor) {
    const { at } = cursor;
    return { name: cursor.name('a table name'), at };
  },
  evaluate: ({ name, at }, scope) => scope.require(name, at, ['table'], 'Table name required').table,
};

/** One word out of a list; the value is the word. */
export function choice<W extends string>(...words: W[]): ArgumentKind<W, W> {
  return {
    parse(cursor: Cursor) {
      const word = words.find((candidate) => cursor.isWord(candidate));
      if (word === undefined)
        cursor.unexpected(words.map((candidate) => `'${candidate}'`).join(' or '), words);
      cursor.at++;
      return word;
    },
    evaluate: (node) => node,
  };
}

/** `all`, `off` or a list of words in braces. */
export function flags<F extends string>(
  words: readonly F[],
  off: boolean,
): ArgumentKind<F[], ReadonlySet<F>> {
  const ends = off ? ['all', 'off'] : ['all'];
  return {
    parse(cursor: Cursor) {
      if (cursor.acceptWord('all')) return [...words];
      if (off && cursor.acceptWord('off')) return [];
      if (!cursor.accept('{')) cursor.unexpected(`${ends.map((end) => `'${end}'`).join(', ')} or '{'`, ends);
      const list: F[] = [];
      do {
        const word = words.find((candidate) => cursor.isWord(candidate));
        if (word === undefined) cursor.unexpected('one of the words for this list', words);
        cursor.at++;
        list.push(word);
      } while (cursor.accept(','));
      cursor.expect('}');
      return list;
    },
    evaluate: (node) => new Set(node),
  };
}

export const debugFlags: ArgumentKind<DebugFlag[], DebugFlags> = flags(DEBUG_FLAGS, true);

export const mrtdumpFlags: ArgumentKind<(typeof MRTDUMP_FLAGS)[number][], MrtdumpFlags> = flags(
  MRTDUMP_FLAGS,
  true,
);

export type PolicyNode =
  | { kind: 'all' | 'none' }
  | { kind: 'name'; name: string; at: number }
  | { kind: 'filter'; filter: FilterNode }
  | { kind: 'where'; condition: Expression };

/** `all`, `none`, `filter NAME`, `filter { … }` or `where EXPRESSION`. */
export const policy: ArgumentKind<PolicyNode, FilterProgram> = {
  parse(cursor: Cursor) {
    if (cursor.acceptWord('all')) return { kind: 'all' };
    if (cursor.acceptWord('none')) return { kind: 'none' };
    if (cursor.acceptWord('where')) return { kind: 'where', condition: parseExpression(cursor) };
    if (!cursor.acceptWord('filter')) {
      cursor.unexpected("'all', 'none', 'filter' or 'where'", ['all', 'none', 'filter', 'where']);
    }
    if (cursor.isPunctuation('{') || isTypeWord(cursor.word())) {
      return { kind: 'filter', filter: parseFilterBody(cursor) };
    }
    const { at } = cursor;
    return { kind: 'name', name: cursor.name('a filter name'), at };
  },
  evaluate(node, scope) {
    switch (node.kind) {
      case 'all':
        return ACCEPT_ALL;
      case 'none':
        return REJECT_ALL;
      case 'name':
        return scope.require(node.name, node.at, ['filter'], 'Filter name required').filter;
      case 'filter':
        return checkFilter(node.filter, scope);
      case 'where':
        return checkWhere(node.condition, scope);
    }
  },
};

export const LIMIT_ACTIONS = ['warn', 'block', 'restart', 'disable'] as const;

/** `N [action warn|block|restart|disable]` or `off`. */
export const limit: ArgumentKind<
  { limit: Expression; action: LimitConfig['action'] } | undefined,
  LimitConfig | undefined
> = {
  parse(cursor: Cursor) {
    if (cursor.acceptWord('off')) return undefined;
    const amount = parseAtomExpression(cursor);
    const action = cursor.acceptWord('action') ? choice(...LIMIT_ACTIONS).parse(cursor) : 'disable';
    return { limit: amount, action };
  },
  evaluate: (node, scope) => node && { limit: numberOf(node.limit, scope), action: node.action },
};

/** Filter statements in braces, or nothing. */
export function parseOptionalBlock(cursor: Cursor): Statement[] | undefined {
  return cursor.isPunctuation('{') ? parseBlock(cursor) : undefined;
}

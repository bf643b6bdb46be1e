/** Patterns of interfaces: `"eth*", -"lo", 10.0.0.0/8`. */
import type { Expression } from '../../filter/ast.ts';
import type { IpAddress } from '../../../base/ip.ts';
import type { Prefix } from '../../filter/values.ts';
import { prefix, text } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import { constant, textOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { TOKEN } from '../lexer.ts';
import type { InterfacePattern } from '../lowered.ts';
import type { Scope } from '../scope.ts';

interface PatternNode {
  readonly negative: boolean;
  readonly pattern?: Expression;
  readonly prefix?: Expression;
}

function hostPrefix(ip: IpAddress): Prefix {
  return { ip, length: ip.words.length * 32 };
}

/** A network, or an address, which stands for the network of that address alone. */
function parseNetwork(cursor: Cursor): Expression {
  const { at } = cursor;
  const ip = cursor.address();
  const value = cursor.isPunctuation('/') ? cursor.prefixOf(ip) : hostPrefix(ip);
  return { kind: 'constant', at, type: 'prefix', value };
}

function parsePattern(cursor: Cursor): PatternNode {
  const negative = cursor.accept('-');
  if (cursor.isAddress()) return { negative, prefix: parseNetwork(cursor) };
  const pattern = text.parse(cursor);
  if (cursor.isAddress()) return { negative, pattern, prefix: parseNetwork(cursor) };
  const named = cursor.kind === TOKEN.word || cursor.kind === TOKEN.quotedWord;
  return named ? { negative, pattern, prefix: prefix.parse(cursor) } : { negative, pattern };
}

function evaluatePattern(
  { negative, pattern, prefix: network }: PatternNode,
  scope: Scope,
): InterfacePattern {
  const known = network && { prefix: prefixOf(network, scope) };
  if (!pattern) return { negative, ...known };
  if (network || pattern.kind === 'constant') return { negative, pattern: textOf(pattern, scope), ...known };
  // A constant's name says what it is only when it is looked up.
  const { type, value } = constant(pattern, scope);
  if (type === 'string') return { negative, pattern: value as string };
  if (type === 'ip' || type === 'prefix') return { negative, prefix: prefixOf(pattern, scope) };
  throw new ConfError(pattern.at, 'String or IP address/prefix constant expected');
}

function prefixOf(node: Expression, scope: Scope): Prefix {
  const { type, value } = constant(node, scope);
  return type === 'ip' ? hostPrefix(value as IpAddress) : prefix.evaluate(node, scope);
}

export const interfacePatterns: ArgumentKind<PatternNode[], InterfacePattern[]> = {
  parse(cursor) {
    const list: PatternNode[] = [];
    do list.push(parsePattern(cursor));
    while (cursor.accept(','));
    return list;
  },
  evaluate: (node, scope) => node.map((item) => evaluatePattern(item, scope)),
};

/** Patterns of names alone. */
export const interfaceNames: ArgumentKind<PatternNode[], InterfacePattern[]> = {
  parse: (cursor) => interfacePatterns.parse(cursor),
  evaluate(node, scope) {
    const list = interfacePatterns.evaluate(node, scope);
    const network = list.findIndex(({ prefix: found }) => found !== undefined);
    if (network >= 0) {
      const { pattern, prefix: at } = node[network]!;
      throw new ConfError((at ?? pattern)!.at, 'Interface name/mask expected, not IP prefix');
    }
    return list;
  },
};

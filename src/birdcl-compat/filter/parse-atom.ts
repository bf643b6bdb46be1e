/** Elements without operators outside parentheses. */
import type { Cursor } from '../conf/cursor.ts';
import type { Expression } from './ast.ts';
import { parseExpression, parsePrimary } from './parse-expressions.ts';

/** A literal, the name of a constant or `( term )`: what stands in sets and networks. */
export function parseAtom(cursor: Cursor): Expression {
  if (!cursor.isPunctuation('(')) return parsePrimary(cursor);
  cursor.at++;
  const inner = parseExpression(cursor);
  cursor.expect(')');
  return inner;
}

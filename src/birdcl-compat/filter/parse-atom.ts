/** Elements without operators outside parentheses. */
import type { Cursor } from '../conf/cursor.ts';
import type { Expression } from './ast.ts';

/** The parser of expressions, given to the parsers of what expressions hold and what holds expressions. */
export interface Terms {
  /** A whole expression. */
  readonly expression: (cursor: Cursor) => Expression;
  /** What operators join. */
  readonly primary: (cursor: Cursor) => Expression;
}

/** A literal, the name of a constant or `( term )`: what stands in sets and networks. */
export function parseAtom(cursor: Cursor, terms: Terms): Expression {
  if (!cursor.isPunctuation('(')) return terms.primary(cursor);
  cursor.at++;
  const inner = terms.expression(cursor);
  cursor.expect(')');
  return inner;
}

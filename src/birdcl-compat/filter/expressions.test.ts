/** Expressions of every type and what they print. */
import { describe, expect, it } from 'vitest';
import { Cursor } from '../conf/cursor.ts';
import { ConfError } from '../conf/diagnostics.ts';
import { TOKEN, Tokens } from '../conf/lexer.ts';
import { Scope } from '../conf/scope.ts';
import { evaluateConstant } from './constant.ts';
import { EXPRESSIONS, FAILING_EXPRESSIONS, NEWER_EXPRESSIONS } from './expressions.ts';
import { formatValue } from './format.ts';
import { parseExpression } from './parse.ts';

/** What an expression prints, or its error. */
function evaluate(text: string): string {
  const tokens = new Tokens();
  tokens.addFile('test', text, undefined);
  const cursor = new Cursor(tokens);
  try {
    const node = parseExpression(cursor);
    if (cursor.kind !== TOKEN.end) return cursor.unexpected('the end');
    const { type, value } = evaluateConstant(node, new Scope());
    return formatValue(type, value);
  } catch (error) {
    if (!(error instanceof ConfError)) throw error;
    return error.message === 'Runtime error' ? `! ${error.hint ?? ''}` : `! ${error.message}`;
  }
}

describe('expressions', () => {
  it.each([...EXPRESSIONS, ...NEWER_EXPRESSIONS])('%s prints %s', (expression, printed) => {
    expect(evaluate(expression)).toBe(printed);
  });

  it.each(FAILING_EXPRESSIONS)('%s fails: %s', (expression, message) => {
    expect(evaluate(expression)).toBe(`! ${message}`);
  });
});

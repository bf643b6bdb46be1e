/** Evaluation of checked expressions that read no route. */
import { ConfError } from '../conf/diagnostics.ts';
import type { Expression } from './ast.ts';
import { CodeCache } from './code.ts';
import { ExpressionGenerator } from './generate-expressions.ts';
import type { Bindings } from './program.ts';
import { FilterRun } from './run.ts';
import { FilterError } from './runtime-error.ts';
import type { Value } from './values.ts';

/** What a stack that is full says; the words are BIRD's. */
export const STACK_OVERFLOW = 'Filter execution stack overflow';

/** The value. Throws `ConfError`, with BIRD's "Runtime error" and the cause. */
export function evaluateChecked(node: Expression, bindings: Bindings): Value {
  const run = new FilterRun(undefined, () => undefined);
  const generated = new ExpressionGenerator(bindings, true).generateExpression(node);
  let value: Value;
  try {
    value = new CodeCache(run).make(generated, [])(run);
  } catch (error) {
    if (error instanceof RangeError) throw new ConfError(node.at, 'Runtime error', STACK_OVERFLOW);
    if (!(error instanceof FilterError)) throw error;
    throw new ConfError(error.at, 'Runtime error', error.message);
  }
  if (value === undefined) throw new ConfError(node.at, 'Runtime error', 'the expression has no value');
  return value;
}

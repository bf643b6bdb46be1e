/** Evaluation of constant expressions while a configuration is read. */
import { ConfError } from '../conf/diagnostics.ts';
import type { Scope } from '../conf/scope.ts';
import type { Expression } from './ast.ts';
import { checkExpression } from './check.ts';
import { CodeCache } from './compile.ts';
import { Generator } from './generate.ts';
import { FilterError, FilterRun } from './run.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';

/** The value of an expression that reads no route. Throws `ConfError`, with BIRD's "Runtime error" and the cause. */
export function evaluateConstant(node: Expression, scope: Scope): { type: Type; value: Value } {
  const { type, checker } = checkExpression(node, scope);
  const code = new CodeCache().make(new Generator(checker, false).generateExpression(node), []);
  const run = new FilterRun(undefined, () => undefined);
  let value: Value;
  try {
    value = code(run);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new ConfError(error.at, 'Runtime error', error.message);
  }
  if (value === undefined) throw new ConfError(node.at, 'Runtime error', 'the expression has no value');
  return { type, value };
}

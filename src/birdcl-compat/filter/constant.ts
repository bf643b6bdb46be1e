/** Evaluation of constant expressions while a configuration is read. */
import type { Scope } from '../conf/scope.ts';
import type { Expression } from './ast.ts';
import { checkExpression } from './check.ts';
import { evaluateChecked } from './evaluate.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';

/** The value of an expression that reads no route. Throws `ConfError`, with BIRD's "Runtime error" and the cause. */
export function evaluateConstant(node: Expression, scope: Scope): { type: Type; value: Value } {
  const { type, checker } = checkExpression(node, scope);
  return { type, value: evaluateChecked(node, checker) };
}

/** Constant expressions: evaluated while the configuration is lowered, with the names defined so far. */
import type { Expression } from '../filter/ast.ts';
import { evaluateConstant } from '../filter/constant.ts';
import { typeName } from '../filter/types.ts';
import type { Type } from '../filter/types.ts';
import type { Value } from '../filter/values.ts';
import type { IpAddress } from '../../base/ip.ts';
import { ConfError } from './diagnostics.ts';
import type { Scope } from './scope.ts';

export interface TypedValue {
  readonly type: Type;
  readonly value: Value;
}

/** The value of an expression, of whatever type. */
export function constant(expression: Expression, scope: Scope): TypedValue {
  if (expression.kind === 'constant') return expression;
  if (expression.kind === 'symbol') {
    const symbol = scope.require(expression.name, expression.at, ['constant'], 'Constant expected');
    return symbol;
  }
  return evaluateConstant(expression, scope);
}

function typed(expression: Expression, scope: Scope, type: Type, message: string): Value {
  const result = constant(expression, scope);
  if (result.type !== type) {
    throw new ConfError(expression.at, message, `this is of type ${typeName(result.type)}`);
  }
  return result.value;
}

export function numberOf(expression: Expression, scope: Scope): number {
  return typed(expression, scope, 'int', 'Number constant expected') as number;
}

export function textOf(expression: Expression, scope: Scope): string {
  return typed(expression, scope, 'string', 'String constant expected') as string;
}

export function addressOf(expression: Expression, scope: Scope): IpAddress {
  return typed(expression, scope, 'ip', 'IP address constant expected') as IpAddress;
}

/** A 32-bit identifier: a number, a quad or an IPv4 address. */
export function identifierOf(expression: Expression, scope: Scope): number {
  const { type, value } = constant(expression, scope);
  if (type === 'int' || type === 'quad') return value as number;
  if (type === 'ip' && (value as IpAddress).version === 4) return (value as IpAddress).words[0]!;
  throw new ConfError(expression.at, 'Number or IPv4 address constant expected');
}

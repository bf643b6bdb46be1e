/** Checking filters and functions: names are bound and types known before anything runs. */
import type { Scope } from '../conf/scope.ts';
import type { Expression, FilterNode, FunctionNode, Statement } from './ast.ts';
import { TYPE_UNKNOWN } from './check-expressions.ts';
import { StatementChecker } from './check-statements.ts';
import type { FilterProgram, FunctionProgram } from './program.ts';
import type { Type } from './types.ts';

function functionChecker(
  node: FunctionNode,
  scope: Scope,
  declared: Type | undefined,
): [StatementChecker, FunctionProgram] {
  const checker = new StatementChecker(scope, true);
  const program: FunctionProgram = {
    node,
    returns: declared ?? 'void',
    bindings: checker,
    reads: checker.reads,
  };
  checker.self = { program, declared };
  for (const parameter of node.parameters) {
    checker.declare(parameter, parameter.name, parameter.at, parameter.type);
  }
  return [checker, program];
}

/** The type that a function which calls itself returns, by those of its `return` statements that tell. */
function probeReturns(node: FunctionNode, scope: Scope): Type {
  const [checker] = functionChecker(node, scope, undefined);
  checker.probing = true;
  checker.body(node.body);
  return checker.returns ?? 'void';
}

/** Checks a `function`. The result is also what recursive calls inside it refer to. */
export function checkFunction(node: FunctionNode, scope: Scope): FunctionProgram {
  let [checker, program] = functionChecker(node, scope, node.returns);
  try {
    checker.body(node.body);
  } catch (error) {
    if (error !== TYPE_UNKNOWN) throw error;
    [checker, program] = functionChecker(node, scope, probeReturns(node, scope));
    checker.body(node.body);
  }
  program.returns = checker.self!.declared ?? checker.returns ?? 'void';
  return program;
}

function filterProgram(
  name: string,
  body: readonly Statement[],
  end: 'error' | 'accept',
  scope: Scope,
): FilterProgram {
  const checker = new StatementChecker(scope, false);
  checker.body(body);
  return { kind: 'filter', name, body, end, bindings: checker, reads: checker.reads };
}

/** BIRD's name of filters that have none. */
const UNNAMED = '(unnamed)';

/** Checks a filter written in place. */
export function checkFilter(node: FilterNode, scope: Scope): FilterProgram {
  return filterProgram(UNNAMED, node.body, 'error', scope);
}

/** Checks a `filter` definition. */
export function checkFilterDefinition(node: FilterNode, scope: Scope): FilterProgram {
  return filterProgram(node.name!, node.body, 'error', scope);
}

/** `where X` is `if X then accept; else reject;`. */
export function checkWhere(condition: Expression, scope: Scope): FilterProgram {
  const { at } = condition;
  const verdict = (word: 'accept' | 'reject'): Statement => ({
    kind: 'verdict',
    at,
    verdict: word,
    print: [],
  });
  const body: Statement[] = [
    { kind: 'if', at, condition, then: verdict('accept'), otherwise: verdict('reject') },
  ];
  return filterProgram(UNNAMED, body, 'error', scope);
}

/** Statements that set attributes of a static route; they end by accepting. */
export function checkStatements(body: readonly Statement[], scope: Scope): FilterProgram {
  return filterProgram(UNNAMED, body, 'accept', scope);
}

/** Checks an expression that stands alone. */
export function checkExpression(node: Expression, scope: Scope): { type: Type; checker: StatementChecker } {
  const checker = new StatementChecker(scope, false);
  return { type: checker.expression(node), checker };
}

/** Syntax trees of filters, functions and constant expressions. `at` is the index of the token where a node starts. */
import type { Prefix, Value } from './values.ts';
import type { Type } from './types.ts';

interface Node {
  readonly at: number;
}

export type BinaryOperator =
  '+' | '-' | '*' | '/' | '&&' | '||' | '=' | '!=' | '<' | '<=' | '>' | '>=' | '~' | '!~';

export interface Constant extends Node {
  readonly kind: 'constant';
  readonly type: Type;
  readonly value: Value;
}

/** `[ … ]` of anything but prefixes. */
export interface SetLiteral extends Node {
  readonly kind: 'set';
  readonly items: readonly SetItem[];
}

/** One element or range of a set. A bound of a tuple is a range of its own: `(1, 2..3)`, `(1, *)`. */
export type SetItem =
  | (Node & { readonly kind: 'single'; readonly from: Expression; readonly to?: Expression })
  | (Node & {
      readonly kind: 'tuple';
      readonly ec?: EcKind;
      readonly parts: readonly TuplePart[];
      /** `(a, b) .. (c, d)`: the upper tuple. */
      readonly to?: readonly Expression[];
    });

/** `*` is neither bound. */
export interface TuplePart {
  readonly from?: Expression;
  readonly to?: Expression;
}

export interface PrefixPattern extends Node {
  readonly prefix: Prefix;
  /** Lengths that match. */
  readonly low: number;
  readonly high: number;
}

export interface EcKind {
  readonly name: 'rt' | 'ro' | 'generic' | 'unknown';
  /** Type and subtype, for `unknown`. */
  readonly code?: number;
}

export type PathMaskItem = Node &
  (
    | { readonly kind: 'any' | 'one' | 'repeat' }
    | { readonly kind: 'range'; readonly from: number; readonly to: number }
    | { readonly kind: 'set'; readonly items: readonly SetItem[] }
    | { readonly kind: 'expression'; readonly expression: Expression }
  );

export type Expression =
  | Constant
  | (Node & { readonly kind: 'symbol'; readonly name: string })
  | SetLiteral
  | (Node & { readonly kind: 'prefixSet'; readonly patterns: readonly PrefixPattern[] })
  | (Node & { readonly kind: 'pathMask'; readonly items: readonly PathMaskItem[] })
  | (Node & { readonly kind: 'tuple'; readonly ec?: EcKind; readonly parts: readonly Expression[] })
  | (Node & { readonly kind: 'attribute'; readonly name: string })
  | (Node & { readonly kind: 'not'; readonly operand: Expression })
  | (Node & {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    })
  | (Node & { readonly kind: 'defined'; readonly operand: Expression })
  | (Node & {
      readonly kind: 'method';
      readonly target: Expression;
      readonly name: string;
      readonly args: readonly Expression[];
      /** Token of the method's name. */
      readonly nameAt: number;
    })
  | (Node & { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] })
  | (Node & {
      readonly kind: 'builtin';
      readonly name: 'prepend' | 'add' | 'delete' | 'filter' | 'format';
      readonly args: readonly Expression[];
    });

export interface VariableDeclaration extends Node {
  readonly kind: 'variable';
  readonly type: Type;
  readonly name: string;
  readonly initial?: Expression;
}

export interface CaseBranch {
  /** Absent for `else:`. */
  readonly items?: readonly SetItem[];
  readonly at: number;
  readonly body: readonly Statement[];
}

export type Statement =
  | VariableDeclaration
  | (Node & { readonly kind: 'block'; readonly body: readonly Statement[] })
  | (Node & {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: Statement;
      readonly otherwise?: Statement;
    })
  | (Node & { readonly kind: 'case'; readonly subject: Expression; readonly branches: readonly CaseBranch[] })
  | (Node & {
      readonly kind: 'for';
      /** Absent where an existing variable walks. */
      readonly type?: Type;
      readonly name: string;
      readonly list: Expression;
      readonly body: Statement;
    })
  | (Node & { readonly kind: 'assign'; readonly name: string; readonly value: Expression })
  | (Node & { readonly kind: 'assignAttribute'; readonly name: string; readonly value: Expression })
  | (Node & { readonly kind: 'unset'; readonly name: string })
  | (Node & { readonly kind: 'return'; readonly value: Expression })
  | (Node & {
      readonly kind: 'verdict';
      readonly verdict: 'accept' | 'reject' | 'error';
      readonly print: readonly Expression[];
    })
  | (Node & { readonly kind: 'print'; readonly newline: boolean; readonly values: readonly Expression[] })
  | (Node & { readonly kind: 'call'; readonly call: Extract<Expression, { kind: 'call' }> })
  | (Node & {
      readonly kind: 'edit';
      readonly attribute: string;
      readonly method: 'empty' | 'prepend' | 'add' | 'delete' | 'filter';
      readonly argument?: Expression;
    })
  | (Node & { readonly kind: 'empty' });

export interface FunctionNode extends Node {
  readonly name: string;
  readonly nameAt: number;
  readonly parameters: readonly VariableDeclaration[];
  /** Declared with `-> type` (BIRD 2.14); inferred where absent. */
  readonly returns?: Type;
  readonly body: readonly Statement[];
}

export interface FilterNode extends Node {
  /** Absent where the filter is written in place. */
  readonly name?: string;
  readonly nameAt: number;
  readonly body: readonly Statement[];
}

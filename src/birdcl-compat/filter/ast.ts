/** Syntax trees of filters, functions and constant expressions. `at` is the index of the token where a node starts. */
import type { Net } from './nets.ts';
import type { Value } from './values.ts';
import type { Type } from './types.ts';

interface Node {
  readonly at: number;
}

export type BinaryOperator =
  '+' | '-' | '*' | '/' | '++' | '&&' | '||' | '=' | '!=' | '<' | '<=' | '>' | '>=' | '~' | '!~';

export interface Constant extends Node {
  readonly kind: 'constant';
  readonly type: Type;
  readonly value: Value;
}

/** A network with numbers that are expressions. */
export interface NetExpression extends Node {
  readonly kind: 'net';
  readonly net: Net;
  readonly holes: readonly {
    readonly field: 'maxLength' | 'asn' | 'label' | 'interfaceIndex';
    readonly value: Expression;
    /** What is wrong with a value, where something is. */
    readonly check?: (net: Net, value: number) => string | undefined;
  }[];
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
  readonly prefix: Net;
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

/** A variable, constant or custom attribute by its name. */
export interface SymbolExpression extends Node {
  readonly kind: 'symbol';
  readonly name: string;
}

/** A built-in attribute of the route at hand. */
export interface AttributeExpression extends Node {
  readonly kind: 'attribute';
  readonly name: string;
}

/** What can be assigned to. */
export type Target = SymbolExpression | AttributeExpression;

export const BUILTIN_METHODS = ['prepend', 'append', 'add', 'delete', 'filter'] as const;
export type BuiltinMethod = (typeof BUILTIN_METHODS)[number];

/** The name of a table, and where it stands. */
export interface TableName extends Node {
  readonly name: string;
}

export type Expression =
  | Constant
  | NetExpression
  | SymbolExpression
  | SetLiteral
  | (Node & { readonly kind: 'prefixSet'; readonly patterns: readonly PrefixPattern[] })
  | (Node & { readonly kind: 'pathMask'; readonly items: readonly PathMaskItem[] })
  | (Node & { readonly kind: 'tuple'; readonly ec?: EcKind; readonly parts: readonly Expression[] })
  | AttributeExpression
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
      readonly name: BuiltinMethod | 'format' | 'from_hex';
      readonly args: readonly Expression[];
    })
  /** `roa_check(TABLE)` asks about the route at hand, `roa_check(TABLE, NET, AS)` about another. */
  | (Node & {
      readonly kind: 'roaCheck';
      readonly table: TableName;
      readonly about?: readonly [Expression, Expression];
    })
  /** `aspa_check(TABLE, PATH, UPSTREAM)`; the other two forms are about the route's own path. */
  | (Node & {
      readonly kind: 'aspaCheck';
      readonly table: TableName;
      readonly path: Expression;
      readonly upstream: Expression;
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
  | (Node & { readonly kind: 'assign'; readonly target: Target; readonly value: Expression })
  | (Node & { readonly kind: 'unset'; readonly target: Target })
  | (Node & { readonly kind: 'return'; readonly value: Expression })
  | (Node & {
      readonly kind: 'verdict';
      readonly verdict: 'accept' | 'reject' | 'error';
      readonly print: readonly Expression[];
    })
  | (Node & { readonly kind: 'print'; readonly newline: boolean; readonly values: readonly Expression[] })
  | (Node & { readonly kind: 'call'; readonly call: Extract<Expression, { kind: 'call' }> })
  /** `bt_assert(CONDITION)`; `text` is the condition as written. */
  | (Node & { readonly kind: 'assert'; readonly condition: Expression; readonly text: string })
  /** `bt_check_assign(TARGET, VALUE)`: assigns, then asserts that the target has the value. */
  | (Node & {
      readonly kind: 'checkAssign';
      readonly target: Target;
      readonly value: Expression;
      readonly text: string;
    });

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

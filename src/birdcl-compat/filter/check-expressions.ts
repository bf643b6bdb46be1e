/** Type checking of expressions: every name is bound and every operator's types are known before they run. */
import { ConfError, nearest } from '../conf/diagnostics.ts';
import type { Scope } from '../conf/scope.ts';
import type { IpAddress } from '../../base/ip.ts';
import type { Expression, NetExpression, SetLiteral, TableName, Target } from './ast.ts';
import { ATTRIBUTES } from './attributes.ts';
import type { AttributeInfo } from './attributes.ts';
import { ecValue, maskOf, pairValue } from './constructors.ts';
import { evaluateChecked } from './evaluate.ts';
import { methodFor, METHODS } from './methods.ts';
import { operatorResult } from './operators.ts';
import { PrefixSet } from './prefix-set.ts';
import type { FunctionProgram } from './program.ts';
import { FilterError } from './runtime-error.ts';
import { buildSet } from './set-literal.ts';
import { ValueSet } from './sets.ts';
import { typeName } from './types.ts';
import type { Type } from './types.ts';
import type { NetTable } from './validation.ts';
import type { Value } from './values.ts';

export interface Variable {
  readonly type: Type;
  readonly slot: number;
}

/** What a name can stand for where a value is wanted. */
type Meaning =
  | { readonly kind: 'variable'; readonly variable: Variable }
  | { readonly kind: 'attribute'; readonly attribute: AttributeInfo }
  | { readonly kind: 'constant'; readonly type: Type; readonly value: Value };

/** Thrown where the type of a recursive call is asked for before any `return` has told it. */
export const TYPE_UNKNOWN = new Error('type of the recursive call is not known yet');

/** BIRD keeps variables on a stack that its instructions address with one byte. */
const MAX_VARIABLES = 255;

/** Operators that want an order. */
const ORDERING: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);

/** Types of networks that tables for look-ups hold. */
type CheckKind = 'roa' | 'aspa';

export class ExpressionChecker {
  readonly types = new Map<Expression, Type>();
  readonly constants = new Map<object, Value>();
  readonly functions = new Map<object, FunctionProgram>();
  readonly variables = new Map<object, number>();
  readonly attributes = new Map<object, AttributeInfo>();
  readonly tables = new Map<object, NetTable>();
  readonly failures = new Map<object, string>();
  readonly reads = { network: false, source: false, attributes: false };
  readonly scope: Scope;
  /** Type of the values that `return` gives; undefined where none was seen. */
  returns: Type | undefined;
  /** The function being checked, which may call itself. */
  self: { program: FunctionProgram; declared: Type | undefined } | undefined;
  readonly #scopes: Map<string, Variable>[] = [new Map()];
  #slots = 0;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  get behaviour(): Scope['behaviour'] {
    return this.scope.behaviour;
  }

  /** A new variable in the innermost block. */
  protected declareVariable(node: object, name: string, at: number, type: Type): void {
    const scope = this.#scopes.at(-1)!;
    if (scope.has(name)) throw new ConfError(at, `Symbol '${name}' already defined`);
    if (this.#slots >= MAX_VARIABLES) {
      throw new ConfError(at, `Too many variables, at most ${MAX_VARIABLES} allowed`);
    }
    const slot = this.#slots++;
    scope.set(name, { type, slot });
    this.variables.set(node, slot);
  }

  /** Runs a check inside a block of its own. */
  protected inner(run: () => void): void {
    this.#scopes.push(new Map());
    try {
      run();
    } finally {
      this.#scopes.pop();
    }
  }

  #variable(name: string): Variable | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const variable = this.#scopes[i]!.get(name);
      if (variable) return variable;
    }
    return undefined;
  }

  #names(): string[] {
    return [
      ...this.#scopes.flatMap((scope) => [...scope.keys()]),
      ...this.scope.names('constant', 'function', 'attribute'),
    ];
  }

  /** What a name stands for; undefined where for no value. */
  protected meaning(name: string): Meaning | undefined {
    const variable = this.#variable(name);
    if (variable) return { kind: 'variable', variable };
    const symbol = this.scope.get(name);
    return symbol?.kind === 'constant' || symbol?.kind === 'attribute' ? symbol : undefined;
  }

  protected unknown(name: string, at: number, message: string): never {
    const known = this.scope.get(name) !== undefined;
    const fix = known ? undefined : nearest(name, this.#names());
    const text = known ? message : `syntax error, unexpected '${name}': it is not defined`;
    throw new ConfError(at, text, fix === undefined ? undefined : `did you mean '${fix}'?`);
  }

  /** The attribute that a target names, bound to it; undefined where it names a variable, which is bound too. */
  protected bindTarget(target: Target, message: string): AttributeInfo | Variable {
    if (target.kind === 'attribute') {
      const info = ATTRIBUTES.get(target.name)!;
      this.attributes.set(target, info);
      return info;
    }
    const meaning = this.meaning(target.name);
    if (meaning?.kind === 'variable') {
      this.variables.set(target, meaning.variable.slot);
      return meaning.variable;
    }
    if (meaning?.kind !== 'attribute') this.unknown(target.name, target.at, `${message} ${target.name}`);
    this.attributes.set(target, meaning.attribute);
    return meaning.attribute;
  }

  /** Checks that an expression is of a type, converting constants where BIRD does. */
  expect(node: Expression, wanted: Type, what: string): void {
    this.argument(node, [wanted], what);
  }

  protected argument(node: Expression, wanted: readonly Type[], what: string): void {
    const type = this.types.get(node) ?? this.expression(node);
    if (wanted.includes(type)) return;
    if (wanted.some((candidate) => this.#promote(node, candidate))) return;
    // A function that returns nothing may end the filter by a verdict: `import where take_customers();`
    if (type === 'void' && node.kind === 'call') return;
    const words = wanted.map(typeName).join(' or ');
    throw new ConfError(node.at, `${what} must be of type ${words}, got type ${typeName(type)}`);
  }

  /** Makes a constant one of another type where BIRD does: an IPv4 address a quad, the empty set a prefix set. */
  #promote(node: Expression, wanted: Type): boolean {
    const value = this.#knownValue(node);
    if (value === undefined) return false;
    const type = this.types.get(node);
    let made: Value;
    if (wanted === 'quad' && type === 'ip') {
      const { version, words } = value as IpAddress;
      if (version !== 4) return false;
      made = words[0]!;
    } else if (wanted === 'prefix set' && value instanceof ValueSet && value.ranges.length === 0) {
      made = new PrefixSet([]);
    } else return false;
    this.constants.set(node, made);
    this.types.set(node, wanted);
    return true;
  }

  #knownValue(node: Expression): Value {
    return this.constants.get(node) ?? (node.kind === 'constant' ? node.value : undefined);
  }

  /** A constant inside a set. */
  protected constant(node: Expression): { type: Type; value: Value } {
    const type = this.expression(node);
    const value = this.#knownValue(node) ?? evaluateChecked(node, this);
    return { type, value };
  }

  /** The set of literal elements. */
  protected setOf(items: SetLiteral['items']): ValueSet {
    return buildSet(items, {
      resolve: (element) => this.constant(element),
      asWritten: this.scope.behaviour.setsAsWritten,
      notice: this.scope.notice,
    });
  }

  expression(node: Expression): Type {
    const type = this.#expression(node);
    this.types.set(node, type);
    return type;
  }

  #expression(node: Expression): Type {
    switch (node.kind) {
      case 'constant':
        return node.type;
      case 'net':
        return this.#net(node);
      case 'symbol':
        return this.#symbol(node);
      case 'set':
        this.constants.set(node, this.setOf(node.items));
        return 'set';
      case 'prefixSet':
        this.constants.set(node, new PrefixSet(node.patterns));
        return 'prefix set';
      case 'pathMask':
        return this.#pathMask(node);
      case 'tuple':
        return this.#tuple(node);
      case 'attribute':
        return this.#attribute(node, ATTRIBUTES.get(node.name)!);
      case 'not':
        this.expect(node.operand, 'bool', "Argument of '!'");
        return 'bool';
      case 'defined':
        this.expression(node.operand);
        return 'bool';
      case 'binary':
        return this.#binary(node);
      case 'method':
        return this.#method(node);
      case 'builtin':
        return this.#builtin(node);
      case 'call':
        return this.#call(node);
      case 'roaCheck':
        return this.#roaCheck(node);
      case 'aspaCheck':
        this.#table(node, node.table, 'aspa');
        this.expect(node.path, 'bgppath', 'Argument 2 of aspa_check');
        this.expect(node.upstream, 'bool', 'Argument 3 of aspa_check');
        return 'enum aspa';
    }
  }

  #net(node: NetExpression): Type {
    for (const { value } of node.holes) this.expect(value, 'int', 'Number in a network');
    return 'prefix';
  }

  #symbol(node: Extract<Expression, { kind: 'symbol' }>): Type {
    const meaning = this.meaning(node.name);
    switch (meaning?.kind) {
      case 'variable':
        this.variables.set(node, meaning.variable.slot);
        return meaning.variable.type;
      case 'attribute':
        return this.#attribute(node, meaning.attribute);
      case 'constant':
        this.constants.set(node, meaning.value);
        return meaning.type;
      case undefined:
        return this.unknown(node.name, node.at, `Can't get value of symbol ${node.name}`);
    }
  }

  #attribute(node: Expression, info: AttributeInfo): Type {
    this.attributes.set(node, info);
    this.readAttribute(info);
    return info.type;
  }

  /** Notes what the answer of the filter depends on where an attribute is read. */
  protected readAttribute(info: AttributeInfo): void {
    if (info.name === 'net') this.reads.network = true;
    if (info.home === 'source') this.reads.source = true;
    this.reads.attributes = true;
  }

  #pathMask(node: Extract<Expression, { kind: 'pathMask' }>): Type {
    for (const item of node.items) {
      if (item.kind === 'expression') this.argument(item.expression, ['int', 'set'], 'Path mask item');
      if (item.kind !== 'set') continue;
      const set = this.setOf(item.items);
      if (set.element !== 'int' && set.element !== 'void') {
        throw new ConfError(item.at, 'Only integer sets allowed in path mask');
      }
      this.constants.set(item, set);
    }
    if (node.items[0]?.kind === 'repeat') {
      throw new ConfError(node.items[0].at, "Path mask iterator '+' cannot be first");
    }
    this.#foldMask(node);
    return 'bgpmask';
  }

  /** A mask without variables is made once. */
  #foldMask(node: Extract<Expression, { kind: 'pathMask' }>): void {
    const items: Parameters<typeof maskOf>[0][number][] = [];
    for (const item of node.items) {
      switch (item.kind) {
        case 'any':
        case 'one':
          items.push({ kind: item.kind });
          break;
        case 'repeat':
          items.push('repeat');
          break;
        case 'range':
          items.push({ kind: 'range', from: item.from, to: item.to });
          break;
        case 'set':
          items.push(this.constants.get(item) as ValueSet);
          break;
        case 'expression': {
          const value = this.#knownValue(item.expression);
          if (value === undefined) return;
          items.push(value instanceof ValueSet ? value : { number: value as number });
        }
      }
    }
    this.#fold(node, () => maskOf(items, node.at));
  }

  /** Keeps the value of an expression whose operands are known; what fails then, fails now, as in BIRD. */
  #fold(node: Expression, make: () => Value): void {
    try {
      this.constants.set(node, make());
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      throw new ConfError(error.at, 'Runtime error', error.message);
    }
  }

  #tuple(node: Extract<Expression, { kind: 'tuple' }>): Type {
    if (node.ec) {
      const [key, value] = [node.parts[0]!, node.parts[1]!];
      this.argument(key, ['int', 'quad', 'ip'], 'Key of the extended community');
      this.expect(value, 'int', 'Value of the extended community');
    } else for (const part of node.parts) this.expect(part, 'int', 'Part of a tuple');
    this.#foldTuple(node);
    if (node.ec) return 'ec';
    return node.parts.length === 2 ? 'pair' : 'lc';
  }

  #foldTuple(node: Extract<Expression, { kind: 'tuple' }>): void {
    const [a, b, c] = node.parts.map((part) => this.#knownValue(part));
    const { ec, at } = node;
    if (a === undefined || b === undefined) return;
    if (ec) {
      const kind = ec.name === 'unknown' ? ec.code! : ec.name;
      this.#fold(node, () => ecValue(kind, this.types.get(node.parts[0]!)!, a, b as number, at));
    } else if (node.parts.length === 2) this.#fold(node, () => pairValue(a as number, b as number, at));
    else if (c !== undefined) this.constants.set(node, [a as number, b as number, c as number]);
  }

  #binary(node: Extract<Expression, { kind: 'binary' }>): Type {
    const left = this.expression(node.left);
    const right = this.expression(node.right);
    const { operator } = node;
    if (left !== right) {
      if (!this.#promote(node.right, left)) this.#promote(node.left, right);
      if (left === 'prefix') this.#promote(node.right, 'prefix set');
    }
    const set = right === 'set' ? this.#knownValue(node.right) : undefined;
    const result = operatorResult(
      operator,
      this.types.get(node.left)!,
      this.types.get(node.right)!,
      set instanceof ValueSet ? set : undefined,
    );
    if (operator === '/' && this.#knownValue(node.left) !== undefined && this.#knownValue(node.right) === 0) {
      throw new ConfError(node.at, 'Runtime error', 'Mother told me not to divide by 0');
    }
    return result ?? this.#mismatch(node);
  }

  /** Operands that do not go together: BIRD finds that out at run time, unless it knows both before. */
  #mismatch(node: Extract<Expression, { kind: 'binary' }>): Type {
    const { operator, left, right } = node;
    const [a, b] = [this.types.get(left)!, this.types.get(right)!];
    const late =
      operator === '~' || operator === '!~' ? 'match' : ORDERING.has(operator) && a === b ? 'order' : '';
    const known = this.#knownValue(left) !== undefined && this.#knownValue(right) !== undefined;
    const message = `'${operator}' cannot be applied to types ${typeName(a)} and ${typeName(b)}`;
    if (late === '' || known) {
      const hint = b === 'set' ? 'the elements of the set are of another type' : undefined;
      throw new ConfError(node.at, message, hint);
    }
    this.scope.notice(node.at, `this always fails: ${message}`);
    this.failures.set(
      node,
      late === 'order'
        ? "Can't compare values of incompatible types"
        : `${operator} applied on unknown type pair`,
    );
    return 'bool';
  }

  #method(node: Extract<Expression, { kind: 'method' }>): Type {
    const target = this.expression(node.target);
    if (target === 'route') return this.#member(node);
    const found = methodFor(node.name, target);
    if (!found) {
      const fix = nearest(node.name, METHODS.keys());
      const message = METHODS.has(node.name)
        ? `Type ${typeName(target)} has no .${node.name}`
        : `syntax error, unexpected '${node.name}', expecting a method`;
      throw new ConfError(
        node.nameAt,
        message,
        METHODS.has(node.name) || !fix ? undefined : `did you mean '.${fix}'?`,
      );
    }
    if (node.args.length !== found.args.length) {
      throw new ConfError(
        node.nameAt,
        `.${node.name} takes ${found.args.length} arguments, got ${node.args.length}`,
      );
    }
    node.args.forEach((arg, i) => {
      this.argument(arg, found.args[i]!, `Argument ${i + 1} of .${node.name}`);
    });
    return found.result;
  }

  /** An attribute of a `route`, which is the one at hand. */
  #member(node: Extract<Expression, { kind: 'method' }>): Type {
    const symbol = this.scope.get(node.name);
    const info = ATTRIBUTES.get(node.name) ?? (symbol?.kind === 'attribute' ? symbol.attribute : undefined);
    if (!info || node.args.length > 0) {
      throw new ConfError(node.nameAt, `syntax error, unexpected '${node.name}', expecting an attribute`);
    }
    return this.#attribute(node, info);
  }

  #builtin(node: Extract<Expression, { kind: 'builtin' }>): Type {
    const [first, second] = [node.args[0]!, node.args[1]];
    if (node.name === 'format') {
      this.expression(first);
      return 'string';
    }
    if (node.name === 'from_hex') {
      this.expect(first, 'string', 'Argument of from_hex');
      return 'bytestring';
    }
    const target = this.expression(first);
    const found = methodFor(node.name, target);
    if (!found) {
      const types = METHODS.get(node.name)!.map((shape) => typeName(shape.target));
      throw new ConfError(
        node.at,
        `Argument 1 of ${node.name} must be of type ${types.join(' or ')}, got type ${typeName(target)}`,
      );
    }
    this.argument(second!, found.args[0]!, `Argument 2 of ${node.name}`);
    return found.result;
  }

  #call(node: Extract<Expression, { kind: 'call' }>): Type {
    const symbol = this.scope.get(node.name);
    const isSelf = this.self?.program.node.name === node.name;
    if (!isSelf && symbol?.kind !== 'function') {
      if (symbol) throw new ConfError(node.at, "You can't call something which is not a function. Really.");
      this.unknown(node.name, node.at, '');
    }
    const program = isSelf ? this.self!.program : (symbol as { function: FunctionProgram }).function;
    const { parameters } = program.node;
    if (parameters.length !== node.args.length) {
      const message = `Function '${node.name}' expects ${parameters.length} arguments, got ${node.args.length} arguments`;
      throw new ConfError(node.at, message);
    }
    node.args.forEach((arg, i) => {
      this.expect(arg, parameters[i]!.type, `Argument ${i + 1} of '${node.name}'`);
    });
    this.functions.set(node, program);
    this.reads.network ||= program.reads.network;
    this.reads.source ||= program.reads.source;
    this.reads.attributes ||= program.reads.attributes;
    if (!isSelf) return program.returns;
    const returns = this.self!.declared ?? this.returns;
    if (returns === undefined) throw TYPE_UNKNOWN;
    return returns;
  }

  #roaCheck(node: Extract<Expression, { kind: 'roaCheck' }>): Type {
    this.#table(node, node.table, 'roa');
    if (node.about) {
      this.expect(node.about[0], 'prefix', 'Argument 2 of roa_check');
      this.expect(node.about[1], 'int', 'Argument 3 of roa_check');
    } else {
      this.reads.network = true;
      this.reads.attributes = true;
    }
    return 'enum roa';
  }

  /** Binds the table of a check; one of another kind is an error at run time, as in BIRD. */
  #table(node: object, { name, at }: TableName, kind: CheckKind): void {
    const { lookup } = this.scope.require(name, at, ['table'], 'Table name required').table;
    if (lookup?.kind.startsWith(kind)) {
      this.tables.set(node, lookup);
      return;
    }
    const message = kind === 'roa' ? 'Table type must be either ROA4 or ROA6' : 'Table type must be ASPA';
    this.scope.notice(at, `this always fails: ${message}`);
    this.failures.set(node, message);
  }
}

/** Type checking of filters and functions: every name is bound and every operator's types are known before it runs. */
import { ConfError, nearest } from '../conf/diagnostics.ts';
import type { Scope } from '../conf/scope.ts';
import type { IpAddress } from '../../base/ip.ts';
import type { Expression, FilterNode, FunctionNode, SetItem, SetLiteral, Statement } from './ast.ts';
import { elementType, methodFor, METHODS, operatorResult } from './operators.ts';
import type { FilterProgram, FunctionProgram } from './program.ts';
import { buildSet } from './set-literal.ts';
import { PrefixSet } from './sets.ts';
import { ATTRIBUTES, typeName } from './types.ts';
import type { AttributeInfo, Type } from './types.ts';
import type { Value } from './values.ts';

interface Variable {
  readonly type: Type;
  readonly slot: number;
}

/** What may be assigned to, or edited. */
function attributeOf(name: string, at: number): AttributeInfo {
  const info = ATTRIBUTES.get(name)!;
  if (info.refused !== undefined) throw new ConfError(at, `'${name}' is not built yet`, info.refused);
  return info;
}

/** Thrown where the type of a recursive call is asked for before any `return` has told it. */
const TYPE_UNKNOWN = new Error('type of the recursive call is not known yet');

class Checker {
  readonly types = new Map<Expression, Type>();
  readonly constants = new Map<object, Value>();
  readonly functions = new Map<object, FunctionProgram>();
  readonly variables = new Map<object, number>();
  readonly reads = { network: false, source: false, attributes: false };
  /** Type of the values that `return` gives; undefined where none was seen. */
  returns: Type | undefined;
  readonly #scope: Scope;
  readonly #isFunction: boolean;
  readonly #scopes: Map<string, Variable>[] = [new Map()];
  #slots = 0;
  /** The function being checked, which may call itself. */
  self: { program: FunctionProgram; declared: Type | undefined } | undefined;
  /** Only the type of the function is wanted: what depends on it is passed over. */
  probing = false;

  constructor(scope: Scope, isFunction: boolean) {
    this.#scope = scope;
    this.#isFunction = isFunction;
  }

  declare(node: object, name: string, at: number, type: Type): void {
    const scope = this.#scopes.at(-1)!;
    if (scope.has(name)) throw new ConfError(at, `Symbol '${name}' already defined`);
    const slot = this.#slots++;
    scope.set(name, { type, slot });
    this.variables.set(node, slot);
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
      ...this.#scope.names('constant', 'function'),
    ];
  }

  #inner(run: () => void): void {
    this.#scopes.push(new Map());
    try {
      run();
    } finally {
      this.#scopes.pop();
    }
  }

  body(statements: readonly Statement[]): void {
    for (const statement of statements) this.statement(statement);
  }

  statement(node: Statement): void {
    try {
      this.#statement(node);
    } catch (error) {
      if (error !== TYPE_UNKNOWN || !this.probing) throw error;
    }
  }

  #statement(node: Statement): void {
    switch (node.kind) {
      case 'empty':
        return;
      case 'block':
        this.#inner(() => this.body(node.body));
        return;
      case 'variable':
        if (node.initial) this.expect(node.initial, node.type, `Value of '${node.name}'`);
        this.declare(node, node.name, node.at, node.type);
        return;
      case 'if':
        this.expect(node.condition, 'bool', 'Condition of if');
        this.#inner(() => this.statement(node.then));
        if (node.otherwise) this.#inner(() => this.statement(node.otherwise!));
        return;
      case 'case':
        this.#case(node);
        return;
      case 'for':
        this.#for(node);
        return;
      case 'assign': {
        const variable = this.#variable(node.name);
        if (!variable) this.#unknown(node.name, node.at, `Can't assign to symbol ${node.name}`);
        this.variables.set(node, variable.slot);
        this.expect(node.value, variable.type, `Value of '${node.name}'`);
        return;
      }
      case 'assignAttribute': {
        const info = attributeOf(node.name, node.at);
        if (info.readOnly) throw new ConfError(node.at, 'This static attribute is read-only.');
        if (info.type === 'opaque') throw new ConfError(node.at, 'Setting opaque attribute is not allowed');
        this.reads.attributes = true;
        this.expect(node.value, info.type, `Value of ${node.name}`);
        return;
      }
      case 'unset': {
        const info = attributeOf(node.name, node.at);
        if (info.home !== 'bgp') throw new ConfError(node.at, `Can't unset ${node.name}`);
        this.reads.attributes = true;
        return;
      }
      case 'edit':
        this.#edit(node);
        return;
      case 'return':
        this.#return(node.value);
        return;
      case 'verdict':
        for (const value of node.print) this.expression(value);
        if (node.print.length > 0) this.#prints();
        return;
      case 'print':
        for (const value of node.values) this.expression(value);
        this.#prints();
        return;
      case 'call':
        this.expression(node.call);
        return;
    }
  }

  /** What is printed is printed for every route, so no answer is remembered for others. */
  #prints(): void {
    this.reads.network = true;
    this.reads.source = true;
  }

  #case(node: Extract<Statement, { kind: 'case' }>): void {
    const type = this.expression(node.subject);
    for (const branch of node.branches) {
      if (branch.items) {
        const set = buildSet(branch.items, (element) => this.#constant(element));
        const fits =
          set.element === 'void' || set.element === type || (type === 'quad' && set.element === 'ip');
        if (!fits) {
          const message = `Case of type ${typeName(set.element)} for a value of type ${typeName(type)}`;
          throw new ConfError(branch.at, message);
        }
        this.constants.set(branch, set);
      }
      this.#inner(() => this.body(branch.body));
    }
  }

  #for(node: Extract<Statement, { kind: 'for' }>): void {
    const list = this.expression(node.list);
    const element = elementType(list);
    if (element === undefined) {
      throw new ConfError(node.list.at, `Value of expression in FOR must be iterable, got ${typeName(list)}`);
    }
    this.#inner(() => {
      if (node.type !== undefined) this.declare(node, node.name, node.at, node.type);
      const variable = this.#variable(node.name);
      if (!variable) this.#unknown(node.name, node.at, 'Variable name required');
      this.variables.set(node, variable.slot);
      if (variable.type !== element) {
        const message = `Loop variable '${node.name}' in FOR must be ${typeName(element)}, is ${typeName(variable.type)}`;
        throw new ConfError(node.at, message);
      }
      this.#inner(() => this.statement(node.body));
    });
  }

  #edit(node: Extract<Statement, { kind: 'edit' }>): void {
    const info = attributeOf(node.attribute, node.at);
    this.reads.attributes = true;
    const method = METHODS.get(node.method);
    const shape = method?.find(({ target }) => target === info.type);
    if (!shape) {
      const what =
        node.method === 'empty' ? "Can't empty that attribute" : `${node.attribute} has no ${node.method}`;
      throw new ConfError(node.at, what);
    }
    if (node.argument) this.#argument(node.argument, shape.args[0]!, `Argument of ${node.method}`);
  }

  #return(value: Expression): void {
    const type = this.expression(value);
    if (!this.#isFunction) {
      if (type !== 'bool') throw new ConfError(value.at, "Can't return non-bool from non-function");
      return;
    }
    const wanted = this.self?.declared ?? this.returns;
    if (wanted !== undefined && wanted !== type) {
      this.expect(value, wanted, 'Return value');
      return;
    }
    this.returns = type;
  }

  /** Checks that an expression is of a type, converting constants where BIRD does. */
  expect(node: Expression, wanted: Type, what: string): void {
    this.#argument(node, [wanted], what);
  }

  #argument(node: Expression, wanted: readonly Type[], what: string): void {
    const type = this.types.get(node) ?? this.expression(node);
    if (wanted.includes(type)) return;
    if (wanted.includes('quad') && type === 'ip') {
      const value = this.#knownValue(node) as IpAddress | undefined;
      if (value?.version === 4) {
        this.constants.set(node, value.words[0]!);
        this.types.set(node, 'quad');
        return;
      }
    }
    if (wanted.includes('prefix set') && node.kind === 'set' && node.items.length === 0) {
      this.constants.set(node, new PrefixSet([]));
      this.types.set(node, 'prefix set');
      return;
    }
    const words = wanted.map(typeName).join(' or ');
    throw new ConfError(node.at, `${what} must be of type ${words}, got type ${typeName(type)}`);
  }

  #knownValue(node: Expression): Value {
    if (node.kind === 'constant') return node.value;
    return this.constants.get(node);
  }

  /** A constant inside a set. */
  #constant(node: Expression): { type: Type; value: Value } {
    const type = this.expression(node);
    const value = this.#knownValue(node);
    if (value === undefined) {
      throw new ConfError(
        node.at,
        'Constant expected',
        'the elements of a set must be known when it is read',
      );
    }
    return { type, value };
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
      case 'symbol':
        return this.#symbol(node);
      case 'set':
        return this.#set(node);
      case 'prefixSet':
        this.constants.set(node, new PrefixSet(node.patterns));
        return 'prefix set';
      case 'pathMask':
        for (const item of node.items) {
          if (item.kind === 'expression') {
            this.#argument(item.expression, ['int', 'set'], 'Path mask item');
          } else if (item.kind === 'set') {
            const set = buildSet(item.items, (element) => this.#constant(element));
            if (set.element !== 'int' && set.element !== 'void') {
              throw new ConfError(item.at, 'Only integer sets allowed in path mask');
            }
            this.constants.set(item, set);
          }
        }
        if (node.items[0]?.kind === 'repeat') {
          throw new ConfError(node.items[0].at, "Path mask iterator '+' cannot be first");
        }
        return 'bgpmask';
      case 'tuple':
        return this.#tuple(node);
      case 'attribute':
        return this.#attribute(node);
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
    }
  }

  #symbol(node: Extract<Expression, { kind: 'symbol' }>): Type {
    const variable = this.#variable(node.name);
    if (variable) {
      this.variables.set(node, variable.slot);
      return variable.type;
    }
    const symbol = this.#scope.get(node.name);
    if (symbol?.kind !== 'constant') {
      this.#unknown(node.name, node.at, `Can't get value of symbol ${node.name}`);
    }
    this.constants.set(node, symbol.value);
    return symbol.type;
  }

  #unknown(name: string, at: number, message: string): never {
    const known = this.#scope.get(name) !== undefined;
    const fix = known ? undefined : nearest(name, this.#names());
    const text = known ? message : `syntax error, unexpected '${name}': it is not defined`;
    throw new ConfError(at, text, fix === undefined ? undefined : `did you mean '${fix}'?`);
  }

  #set(node: SetLiteral): Type {
    this.constants.set(
      node,
      buildSet(node.items as readonly SetItem[], (element) => this.#constant(element)),
    );
    return 'set';
  }

  #tuple(node: Extract<Expression, { kind: 'tuple' }>): Type {
    if (node.ec) {
      this.#argument(
        node.parts[0]!,
        node.ec.name === 'generic' ? ['int'] : ['int', 'quad', 'ip'],
        'Key of the extended community',
      );
      this.expect(node.parts[1]!, 'int', 'Value of the extended community');
      return 'ec';
    }
    for (const part of node.parts) this.expect(part, 'int', 'Part of a tuple');
    return node.parts.length === 2 ? 'pair' : 'lc';
  }

  #attribute(node: Extract<Expression, { kind: 'attribute' }>): Type {
    const info = attributeOf(node.name, node.at);
    if (node.name === 'net') this.reads.network = true;
    else if (info.home === 'protocol') this.reads.source = true;
    else this.reads.attributes = true;
    return info.type;
  }

  #binary(node: Extract<Expression, { kind: 'binary' }>): Type {
    const left = this.expression(node.left);
    const right = this.expression(node.right);
    const { operator } = node;
    // A constant address stands for a quad where it meets one.
    if (left === 'quad' && right === 'ip') this.#promote(node.right);
    if (right === 'quad' && left === 'ip') this.#promote(node.left);
    if (left === 'prefix' && node.right.kind === 'set' && node.right.items.length === 0) {
      this.#argument(node.right, ['prefix set'], '');
    }
    const set = right === 'set' ? this.#knownValue(node.right) : undefined;
    const result = operatorResult(
      operator,
      this.types.get(node.left)!,
      this.types.get(node.right)!,
      set as Parameters<typeof operatorResult>[3],
    );
    if (result === undefined) {
      const message = `'${operator}' cannot be applied to types ${typeName(left)} and ${typeName(right)}`;
      throw new ConfError(node.at, message, set ? 'the elements of the set are of another type' : undefined);
    }
    return result;
  }

  #promote(node: Expression): void {
    const value = this.#knownValue(node) as IpAddress | undefined;
    if (value?.version !== 4) return;
    this.constants.set(node, value.words[0]!);
    this.types.set(node, 'quad');
  }

  #method(node: Extract<Expression, { kind: 'method' }>): Type {
    const target = this.expression(node.target);
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
    node.args.forEach((arg, i) => this.#argument(arg, found.args[i]!, `Argument ${i + 1} of .${node.name}`));
    return found.result;
  }

  #builtin(node: Extract<Expression, { kind: 'builtin' }>): Type {
    if (node.name === 'format') {
      this.expression(node.args[0]!);
      return 'string';
    }
    const target = this.expression(node.args[0]!);
    const found = methodFor(node.name, target);
    if (!found)
      throw new ConfError(
        node.at,
        `Argument 1 of ${node.name} must be a path or list, got type ${typeName(target)}`,
      );
    this.#argument(node.args[1]!, found.args[0]!, `Argument 2 of ${node.name}`);
    return found.result;
  }

  #call(node: Extract<Expression, { kind: 'call' }>): Type {
    const symbol = this.#scope.get(node.name);
    const isSelf = this.self?.program.node.name === node.name;
    if (!isSelf && symbol?.kind !== 'function') {
      if (symbol) throw new ConfError(node.at, "You can't call something which is not a function. Really.");
      this.#unknown(node.name, node.at, '');
    }
    const program = isSelf ? this.self!.program : (symbol as { function: FunctionProgram }).function;
    const { parameters } = program.node;
    if (parameters.length !== node.args.length) {
      const message = `Function '${node.name}' expects ${parameters.length} arguments, got ${node.args.length} arguments`;
      throw new ConfError(node.at, message);
    }
    node.args.forEach((arg, i) =>
      this.expect(arg, parameters[i]!.type, `Argument ${i + 1} of '${node.name}'`),
    );
    this.functions.set(node, program);
    this.reads.network ||= program.reads.network;
    this.reads.source ||= program.reads.source;
    this.reads.attributes ||= program.reads.attributes;
    if (!isSelf) return program.returns;
    const returns = this.self!.declared ?? this.returns;
    if (returns === undefined) throw TYPE_UNKNOWN;
    return returns;
  }
}

function functionChecker(
  node: FunctionNode,
  scope: Scope,
  declared: Type | undefined,
): [Checker, FunctionProgram] {
  const checker = new Checker(scope, true);
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
  const checker = new Checker(scope, false);
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
export function checkExpression(node: Expression, scope: Scope): { type: Type; checker: Checker } {
  const checker = new Checker(scope, false);
  return { type: checker.expression(node), checker };
}

/** Runs templates as Go's `text/template` does: same output, same errors. */
import type {
  Branch,
  Command,
  NodePlace,
  NumberNode,
  Operand,
  Pipeline,
  TemplateNode,
  TemplateTree,
} from './ast.ts';
import { formatAction, formatCommand, formatOperand, isEmpty } from './ast.ts';
import { TemplateError } from './error.ts';
import { sortedEntries } from './formatter.ts';
import { GO_FUNCS, printable } from './go-funcs.ts';
import { parseTemplate } from './parser.ts';
import { formatValue, sprint } from './printf.ts';
import { quote } from './quote.ts';
import { byteLength } from './text.ts';
import type { GoType } from './types.ts';
import { assignable, canBeNil, typeName } from './types.ts';
import type { Value } from './values.ts';
import {
  GoError,
  GoFunc,
  GoInteger,
  GoInterface,
  GoMap,
  GoPointer,
  GoSlice,
  GoStruct,
  indirect,
  truth,
  typed,
  typeOf,
  unwrap,
  zeroOf,
} from './values.ts';

export type Funcs = Readonly<Record<string, GoFunc>>;

/** How deep templates may call each other; Go's own limit is its stack's. */
const MAX_DEPTH = 1000;
/** Rounds of all loops of a run together: more is a mistake, which must not hold the program. */
const MAX_ROUNDS = 10_000_000;
/** Characters that a run may write. */
const MAX_OUTPUT = 256 * 1024 * 1024;

/** Takes what a template writes: the text, and the tree and node that wrote it. */
export type Sink = (text: string, tree: TemplateTree, node: NodePlace) => void;

/** Templates that may call each other, and their functions. */
export class TemplateSet {
  readonly #trees = new Map<string, TemplateTree>();
  readonly #funcs: Funcs;

  /** @param funcs besides Go's own; a function here goes before one of Go's of the same name */
  constructor(funcs: Funcs = {}) {
    this.#funcs = funcs;
  }

  /** Adds the templates of one text; `name` is what messages call it. Throws `TemplateError`. */
  parse(name: string, text: string): void {
    for (const tree of parseTemplate(name, text, (word) => this.func(word) !== undefined)) {
      // An empty one (the text of a file that only defines others) does not undo what is there.
      const known = this.#trees.get(tree.name);
      if (!known || !isEmpty(tree.body)) this.#trees.set(tree.name, tree);
    }
  }

  tree(name: string): TemplateTree | undefined {
    return this.#trees.get(name);
  }

  func(name: string): GoFunc | undefined {
    if (Object.hasOwn(this.#funcs, name)) return this.#funcs[name];
    return Object.hasOwn(GO_FUNCS, name) ? GO_FUNCS[name] : undefined;
  }

  /** Whether a function is Go's own. */
  isBuiltin(name: string): boolean {
    return !Object.hasOwn(this.#funcs, name);
  }

  /** Runs a template. What it has written before an error has been given to the sink. Throws `TemplateError`. */
  execute(name: string, data: Value, sink: Sink): void {
    const tree = this.tree(name);
    if (!tree) throw new TemplateError(`template: no template ${quote(name)}`, name, 1);
    try {
      new Execution(this, sink, tree, data).walk(data, tree.body);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new TemplateError(`template: ${name}: nested too deeply to run`, name, 1);
    }
  }

  /** The text that a template gives. Throws `TemplateError`. */
  render(name: string, data: Value): string {
    const parts: string[] = [];
    this.execute(name, data, (text) => parts.push(text));
    return parts.join('');
  }
}

/** What the executions of all templates of one run share. */
interface Budget {
  rounds: number;
  output: number;
}

interface Variable {
  readonly name: string;
  value: Value;
}

/** No value came down the pipeline. */
const ABSENT = Symbol('absent');
type Final = Value | typeof ABSENT;

/** Ends the walk of a list early. */
type Jump = 'break' | 'continue' | undefined;

/** What an error is said to be at. */
type Context =
  | { readonly kind: 'node'; readonly node: TemplateNode }
  | { readonly kind: 'operand'; readonly node: Operand }
  | { readonly kind: 'command'; readonly node: Command };

class Execution {
  readonly #set: TemplateSet;
  readonly #sink: Sink;
  readonly #tree: TemplateTree;
  readonly #variables: Variable[];
  readonly #depth: number;
  readonly #budget: Budget;
  #context: Context | undefined;

  constructor(
    set: TemplateSet,
    sink: Sink,
    tree: TemplateTree,
    data: Value,
    depth = 0,
    budget: Budget = { rounds: 0, output: 0 },
  ) {
    this.#set = set;
    this.#sink = sink;
    this.#tree = tree;
    this.#variables = [{ name: '$', value: data }];
    this.#depth = depth;
    this.#budget = budget;
  }

  #fail(message: string): never {
    const { name, source, text } = this.#tree;
    const context = this.#context;
    if (!context) throw new TemplateError(`template: ${name}: ${message}`, name, 1);
    const before = text.slice(0, context.node.at);
    const column = byteLength(before.slice(before.lastIndexOf('\n') + 1));
    const line = before.split('\n').length;
    const place = `${source}:${line}:${column}: executing ${quote(name)} at <${formatContext(context)}>`;
    throw new TemplateError(`template: ${place}: ${message}`, source, line, column);
  }

  #at(node: Operand): void {
    this.#context = { kind: 'operand', node };
  }

  #atNode(node: TemplateNode): void {
    this.#context = { kind: 'node', node };
  }

  #write(text: string, node: NodePlace): void {
    this.#budget.output += text.length;
    if (this.#budget.output > MAX_OUTPUT) this.#fail(`writes more than ${MAX_OUTPUT} characters`);
    this.#sink(text, this.#tree, node);
  }

  // Nodes.

  walk(dot: Value, nodes: readonly TemplateNode[]): Jump {
    for (const node of nodes) {
      this.#atNode(node);
      const jump = this.#node(dot, node);
      if (jump) return jump;
    }
    return undefined;
  }

  #node(dot: Value, node: TemplateNode): Jump {
    switch (node.kind) {
      case 'text':
        this.#write(node.text, node);
        return undefined;
      case 'action': {
        // Variables live on to the end of the list around.
        const value = this.#pipeline(dot, node.pipeline);
        if (node.pipeline.variables.length === 0) this.#print(node, value);
        return undefined;
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'if':
      case 'with':
        return this.#ifOrWith(dot, node);
      case 'range':
        return this.#range(dot, node);
      case 'template':
        this.#call(dot, node);
        return undefined;
    }
  }

  #print(node: TemplateNode, value: Value): void {
    this.#atNode(node);
    const shown = printable(value);
    if (shown instanceof GoFunc) {
      this.#fail(`can't print ${formatAction(node)} of type ${typeName(shown.type)}`);
    }
    this.#write(shown === undefined ? '<no value>' : sprint([shown]), node);
  }

  #ifOrWith(dot: Value, node: Branch): Jump {
    const mark = this.#variables.length;
    const value = this.#pipeline(dot, node.pipeline);
    let jump: Jump;
    if (truth(value)) jump = this.walk(node.kind === 'with' ? value : dot, node.body);
    else if (node.otherwise) jump = this.walk(dot, node.otherwise);
    this.#variables.length = mark;
    return jump;
  }

  #range(dot: Value, node: Branch): Jump {
    const mark = this.#variables.length;
    const { value } = indirect(this.#pipeline(dot, node.pipeline));
    const inside = this.#variables.length;
    const { length: count } = node.pipeline.variables;
    const round = (key: Value, element: Value): Jump => {
      if (++this.#budget.rounds > MAX_ROUNDS) this.#fail(`loops more than ${MAX_ROUNDS} times`);
      if (count > 0) this.#variables[inside - 1]!.value = element;
      if (count > 1) this.#variables[inside - 2]!.value = key;
      const jump = this.walk(element, node.body);
      this.#variables.length = inside;
      return jump;
    };
    let empty = true;
    for (const [key, element] of this.#elements(value, count)) {
      empty = false;
      if (round(key, element) === 'break') break;
    }
    const jump = empty && node.otherwise ? this.walk(dot, node.otherwise) : undefined;
    this.#variables.length = mark;
    return jump;
  }

  /** What a loop goes through. */
  *#elements(value: Value, variables: number): Iterable<readonly [Value, Value]> {
    if (value instanceof GoSlice) {
      for (const [i, item] of value.items.entries()) yield [BigInt(i), typed(item, value.type.elem)];
      return;
    }
    if (value instanceof GoMap) {
      for (const [key, item] of sortedEntries(value)) yield [key, typed(item, value.type.elem)];
      return;
    }
    const whole = typeof value === 'bigint' ? value : value instanceof GoInteger ? value.value : undefined;
    if (whole !== undefined) {
      // Numbers are gone through since Go 1.22.
      if (variables > 1) this.#fail(`can't use ${whole} to iterate over more than one variable`);
      for (let i = 0n; i < whole; i++) {
        yield [undefined, value instanceof GoInteger ? new GoInteger(value.type, i) : i];
      }
      return;
    }
    const isNothing = value === undefined || (value instanceof GoInterface && value.value === undefined);
    if (!isNothing) this.#fail(`range can't iterate over ${formatValue(value)}`);
  }

  #call(dot: Value, node: TemplateNode & { readonly kind: 'template' }): void {
    const tree = this.#set.tree(node.name);
    if (!tree) this.#fail(`template ${quote(node.name)} not defined`);
    if (this.#depth === MAX_DEPTH) this.#fail(`exceeded maximum template depth (${MAX_DEPTH})`);
    const data = node.pipeline ? this.#pipeline(dot, node.pipeline) : undefined;
    const { body } = tree;
    new Execution(this.#set, this.#sink, tree, data, this.#depth + 1, this.#budget).walk(data, body);
  }

  // Pipelines.

  #pipeline(dot: Value, pipeline: Pipeline): Value {
    this.#at(pipeline);
    let final: Final = ABSENT;
    for (const command of pipeline.commands) final = unwrap(this.#command(dot, command, final));
    const value = final as Value;
    for (const name of pipeline.variables) {
      if (pipeline.assigns) this.#variable(name).value = value;
      else this.#variables.push({ name, value });
    }
    return value;
  }

  #variable(name: string): Variable {
    return (
      this.#variables.findLast((variable) => variable.name === name) ??
      this.#fail(`undefined variable: ${name}`)
    );
  }

  #notAFunction(args: readonly Operand[], final: Final): void {
    if (args.length > 1 || final !== ABSENT) {
      this.#fail(`can't give argument to non-function ${formatOperand(args[0]!)}`);
    }
  }

  #command(dot: Value, command: Command, final: Final): Value {
    const { args } = command;
    const first = args[0]!;
    switch (first.kind) {
      case 'field':
        return this.#fieldNode(dot, first, args, final);
      case 'chain':
        return this.#chainNode(dot, first, args, final);
      case 'variable':
        return this.#variableNode(dot, first, args, final);
      case 'identifier':
        return this.#function(dot, first, { kind: 'command', node: command }, args, final);
      case 'pipeline':
        this.#notAFunction(args, final);
        return this.#pipeline(dot, first);
      default:
        break;
    }
    this.#at(first);
    this.#notAFunction(args, final);
    switch (first.kind) {
      case 'nil':
        return this.#fail('nil is not a command');
      case 'dot':
        return dot;
      default:
        return this.#literal(first);
    }
  }

  #literal(node: NumberNode | (Operand & { readonly kind: 'bool' | 'string' })): Value {
    if (node.kind !== 'number') return node.value;
    this.#at(node);
    if (node.ideal === 'float') return node.float;
    if (node.int === undefined || node.int >= 1n << 63n) this.#fail(`${node.text} overflows int`);
    return node.int;
  }

  // Fields, variables and functions.

  #fieldNode(
    dot: Value,
    node: Operand & { readonly kind: 'field' },
    args: readonly Operand[],
    final: Final,
  ): Value {
    this.#at(node);
    return this.#fields(dot, dot, node, node.names, args, final);
  }

  #chainNode(
    dot: Value,
    node: Operand & { readonly kind: 'chain' },
    args: readonly Operand[],
    final: Final,
  ): Value {
    this.#at(node);
    if (node.of.kind === 'nil') this.#fail(`indirection through explicit nil in ${formatOperand(node)}`);
    return this.#fields(dot, this.#argument(dot, undefined, node.of), node, node.names, args, final);
  }

  #variableNode(
    dot: Value,
    node: Operand & { readonly kind: 'variable' },
    args: readonly Operand[],
    final: Final,
  ): Value {
    this.#at(node);
    const { value } = this.#variable(node.name);
    if (node.names.length > 0) return this.#fields(dot, value, node, node.names, args, final);
    this.#notAFunction(args.length > 0 ? args : [node], final);
    return value;
  }

  #fields(
    dot: Value,
    receiver: Value,
    node: Operand,
    names: readonly string[],
    args: readonly Operand[],
    final: Final,
  ): Value {
    let at = receiver;
    for (const name of names.slice(0, -1)) at = this.#field(dot, name, node, [], ABSENT, at);
    return this.#field(dot, names.at(-1)!, node, args, final, at);
  }

  #field(
    dot: Value,
    name: string,
    node: Operand,
    args: readonly Operand[],
    final: Final,
    receiver: Value,
  ): Value {
    const type = typeOf(receiver);
    if (!type) return undefined;
    const { value, isNil } = indirect(receiver);
    if (isNil) this.#fail(`nil pointer evaluating ${typeName(type)}.${name}`);
    const hasArguments = args.length > 1 || final !== ABSENT;
    if (value instanceof GoStruct) {
      const method = Object.hasOwn(value.methods, name) ? value.methods[name] : undefined;
      if (method) return this.#invoke(dot, method, false, { kind: 'operand', node }, name, args, final);
      const field = value.type.fields.find((candidate) => candidate.name === name);
      if (field) {
        if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`);
        return typed(value.fields[name], field.type);
      }
    }
    if (value instanceof GoMap) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`);
      return value.entries.has(name) ? typed(value.entries.get(name), value.type.elem) : undefined;
    }
    return this.#fail(`can't evaluate field ${name} in type ${typeName(type)}`);
  }

  #function(
    dot: Value,
    node: Operand & { readonly kind: 'identifier' },
    context: Context,
    args: readonly Operand[],
    final: Final,
  ): Value {
    this.#at(node);
    const { name } = node;
    const func = this.#set.func(name) ?? this.#fail(`${quote(name)} is not a defined function`);
    return this.#invoke(dot, func, this.#set.isBuiltin(name), context, name, args, final);
  }

  /** @param args the function's own word first, or none */
  #invoke(
    dot: Value,
    func: GoFunc,
    isBuiltin: boolean,
    context: Context,
    name: string,
    args: readonly Operand[],
    final: Final,
  ): Value {
    const operands = args.slice(1);
    const { params, variadic } = func;
    const given = operands.length + (final === ABSENT ? 0 : 1);
    if (variadic && given < params.length - 1) {
      this.#fail(
        `wrong number of args for ${name}: want at least ${params.length - 1} got ${operands.length}`,
      );
    }
    if (!variadic && given !== params.length) {
      this.#fail(`wrong number of args for ${name}: want ${params.length} got ${given}`);
    }
    if (isBuiltin && (name === 'and' || name === 'or')) {
      return this.#shortCircuit(dot, name, params[0]!, operands, final);
    }
    const typeAt = (i: number): GoType => params[Math.min(i, params.length - 1)]!;
    const values = operands.map((operand, i) => this.#argument(dot, typeAt(i), operand));
    if (final !== ABSENT) values.push(this.#validated(final, typeAt(given - 1)));
    try {
      return typed(func.call(...values), func.result);
    } catch (error) {
      if (!(error instanceof GoError)) throw error;
      this.#context = context;
      return this.#fail(`error calling ${name}: ${error.message}`);
    }
  }

  #shortCircuit(
    dot: Value,
    name: 'and' | 'or',
    type: GoType,
    operands: readonly Operand[],
    final: Final,
  ): Value {
    let value: Value;
    for (const operand of operands) {
      value = this.#argument(dot, type, operand);
      if (truth(value) === (name === 'or')) return value;
    }
    return final === ABSENT ? value : this.#validated(final, type);
  }

  /** A value where one of a type is wanted; without a type, any. */
  #validated(value: Value, type: GoType | undefined): Value {
    if (value === undefined) {
      if (!type) return undefined;
      if (!canBeNil(type)) this.#fail(`invalid value; expected ${typeName(type)}`);
      return type.kind === 'any value' ? undefined : unwrap(zeroOf(type));
    }
    if (!type || type.kind === 'any value') return value;
    if (type.kind === 'interface') return unwrap(value);
    const own = typeOf(value)!;
    if (assignable(own, type)) return value;
    if (value instanceof GoInterface && value.value !== undefined) {
      const inner = typeOf(value.value)!;
      if (assignable(inner, type)) return value.value;
      this.#fail(`wrong type for value; expected ${typeName(type)}; got ${typeName(inner)}`);
    }
    if (value instanceof GoPointer && assignable(value.type.elem, type)) {
      return value.target ?? this.#fail(`dereference of nil pointer of type ${typeName(type)}`);
    }
    return this.#fail(`wrong type for value; expected ${typeName(type)}; got ${typeName(own)}`);
  }

  #argument(dot: Value, type: GoType | undefined, node: Operand): Value {
    this.#at(node);
    switch (node.kind) {
      case 'dot':
        return this.#validated(dot, type);
      case 'nil':
        if (!type || !canBeNil(type))
          this.#fail(`cannot assign nil to ${type ? typeName(type) : '%!s(<nil>)'}`);
        return type.kind === 'any value' ? undefined : unwrap(zeroOf(type));
      case 'field':
        return this.#validated(this.#fieldNode(dot, node, [node], ABSENT), type);
      case 'variable':
        return this.#validated(this.#variableNode(dot, node, [], ABSENT), type);
      case 'pipeline':
        return this.#validated(this.#pipeline(dot, node), type);
      case 'identifier':
        return this.#validated(this.#function(dot, node, { kind: 'operand', node }, [], ABSENT), type);
      case 'chain':
        return this.#validated(this.#chainNode(dot, node, [], ABSENT), type);
      default:
        return this.#constant(type, node);
    }
  }

  /** A literal as a value of the type that is wanted. */
  #constant(
    type: GoType | undefined,
    node: NumberNode | (Operand & { readonly kind: 'bool' | 'string' }),
  ): Value {
    const found = `found ${formatOperand(node)}`;
    switch (type?.kind) {
      case undefined:
      case 'interface':
      case 'any value':
        return this.#literal(node);
      case 'bool':
        return node.kind === 'bool' ? node.value : this.#fail(`expected bool; ${found}`);
      case 'string':
        return node.kind === 'string' ? node.value : this.#fail(`expected string; ${found}`);
      case 'float64':
        return (node.kind === 'number' ? node.float : undefined) ?? this.#fail(`expected float; ${found}`);
      case 'int':
      case 'integer': {
        const unsigned = type.kind === 'integer' && !type.signed;
        const what = unsigned ? 'unsigned integer' : 'integer';
        const int = node.kind === 'number' ? node.int : undefined;
        const fits = int !== undefined && (unsigned ? int >= 0n : int < 1n << 63n);
        if (!fits) return this.#fail(`expected ${what}; ${found}`);
        return type.kind === 'integer' ? new GoInteger(type, int) : int;
      }
      default:
        return this.#fail(`can't handle ${formatOperand(node)} for arg of type ${typeName(type!)}`);
    }
  }
}

function formatContext(context: Context): string {
  switch (context.kind) {
    case 'node':
      return formatAction(context.node);
    case 'operand':
      return formatOperand(context.node);
    case 'command':
      return formatCommand(context.node);
  }
}

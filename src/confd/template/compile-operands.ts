/** Makes functions of pipelines, commands and operands. */
import type { Command, Operand, Pipeline } from './ast.ts';
import { formatOperand } from './ast.ts';
import { quote } from './quote.ts';
import type { Context, Run } from './run.ts';
import type { Trace } from './trace.ts';
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
  GoStruct,
  indirect,
  truth,
  typed,
  typeOf,
  unwrap,
  zeroOf,
} from './values.ts';

/** No value came down the pipeline. */
export const ABSENT = Symbol('absent');
export type Final = Value | typeof ABSENT;

export type Evaluate = (run: Run, dot: Value) => Value;
/** A command takes what came down the pipeline. */
export type EvaluateCommand = (run: Run, dot: Value, final: Final) => Value;

/** A function by its name, and whether it is Go's own. */
export type FindFunc = (name: string) => { func: GoFunc; isBuiltin: boolean } | undefined;

type OperandOf<K extends Operand['kind']> = Operand & { readonly kind: K };
type Constant = OperandOf<'number' | 'bool' | 'string'>;

export class OperandCompiler {
  readonly #findFunc: FindFunc;
  readonly #trace: Trace | undefined;

  constructor(findFunc: FindFunc, trace: Trace | undefined) {
    this.#findFunc = findFunc;
    this.#trace = trace;
  }

  pipeline(node: Pipeline): Evaluate {
    const here = at(node);
    const commands = node.commands.map((command) => this.#command(command));
    const { variables, assigns } = node;
    const evaluate: Evaluate = (run, dot) => {
      run.context = here;
      let final: Final = ABSENT;
      for (const command of commands) final = unwrap(command(run, dot, final));
      const value = final as Value;
      for (const name of variables) {
        if (assigns) run.values[run.find(name)] = value;
        else run.declare(name, value);
      }
      return value;
    };
    return variables.length > 0 && this.#trace ? this.#trace.variables(node, evaluate) : evaluate;
  }

  #command(command: Command): EvaluateCommand {
    const { args } = command;
    const first = args[0]!;
    switch (first.kind) {
      case 'field':
        return this.#field(first, args);
      case 'chain':
        return this.#chain(first, args);
      case 'variable':
        return this.#variable(first, args);
      case 'identifier':
        return this.#function(first, { kind: 'command', node: command }, args);
      case 'pipeline': {
        const inner = this.pipeline(first);
        return (run, dot, final) => {
          notAFunction(run, args, final);
          return inner(run, dot);
        };
      }
      case 'nil': {
        const here = at(first);
        return (run, _, final) => {
          run.context = here;
          notAFunction(run, args, final);
          return run.fail('nil is not a command');
        };
      }
      case 'dot': {
        const here = at(first);
        return this.#traced('dot', (run, dot, final) => {
          run.context = here;
          notAFunction(run, args, final);
          return dot;
        });
      }
      default: {
        const here = at(first);
        const literal = this.#literal(first);
        return (run, dot, final) => {
          run.context = here;
          notAFunction(run, args, final);
          return literal(run, dot);
        };
      }
    }
  }

  /** Tells the trace that a value is dot, or that it is from the text alone. */
  #traced(what: 'dot' | 'constant', evaluate: EvaluateCommand): EvaluateCommand {
    const trace = this.#trace;
    if (!trace) return evaluate;
    return (run, dot, final) => {
      const value = evaluate(run, dot, final);
      if (what === 'dot') trace.dot();
      else trace.constant();
      return value;
    };
  }

  #literal(node: Constant): Evaluate {
    const here = at(node);
    if (node.kind === 'number' && node.ideal !== 'float') {
      const { int, text } = node;
      if (int === undefined || int >= 1n << 63n) {
        return (run) => {
          run.context = here;
          return run.fail(`${text} overflows int`);
        };
      }
    }
    const value =
      node.kind !== 'number' ? node.value : node.ideal === 'float' ? node.float : (node.int as bigint);
    return this.#constant(node, () => value);
  }

  #constant(node: Constant, evaluate: (run: Run) => Value): Evaluate {
    const here = at(node);
    const trace = this.#trace;
    return (run) => {
      run.context = here;
      trace?.constant();
      return evaluate(run);
    };
  }

  // Fields and variables.

  #field(node: OperandOf<'field'>, args: readonly Operand[]): EvaluateCommand {
    const trace = this.#trace;
    const dotItself: Evaluate = trace
      ? (_, dot) => {
          trace.dot();
          return dot;
        }
      : (_, dot) => dot;
    return this.#fields(node, dotItself, node.names, args);
  }

  #chain(node: OperandOf<'chain'>, args: readonly Operand[]): EvaluateCommand {
    const here = at(node);
    if (node.of.kind === 'nil') {
      return (run) => {
        run.context = here;
        return run.fail(`indirection through explicit nil in ${formatOperand(node)}`);
      };
    }
    return this.#fields(node, this.#argument(node.of, undefined), node.names, args);
  }

  #variable(node: OperandOf<'variable'>, args: readonly Operand[]): EvaluateCommand {
    const trace = this.#trace;
    const { name } = node;
    const read: Evaluate = trace
      ? (run) => {
          const i = run.find(name);
          trace.variable(run, i);
          return run.values[i];
        }
      : (run) => run.values[run.find(name)];
    if (node.names.length > 0) return this.#fields(node, read, node.names, args);
    const here = at(node);
    const words = args.length > 0 ? args : [node];
    return (run, dot, final) => {
      run.context = here;
      const value = read(run, dot);
      notAFunction(run, words, final);
      return value;
    };
  }

  /** Fields of a value, or the call of a method. */
  #fields(
    node: Operand,
    receiver: Evaluate,
    names: readonly string[],
    args: readonly Operand[],
  ): EvaluateCommand {
    const here = at(node);
    const first = this.#trace ? this.#trace.argument(receiver) : receiver;
    const inner = names.slice(0, -1);
    const last = names.at(-1)!;
    const step = (
      run: Run,
      dot: Value,
      value: Value,
      name: string,
      words: readonly Operand[],
      final: Final,
    ): Value => {
      const method = methodOf(value, name);
      if (!method) return fieldOf(run, name, value, words.length > 1 || final !== ABSENT);
      // What a method takes is known when it is called; few templates call one.
      return this.#invocation(method, false, here, name, words)(run, dot, final);
    };
    const evaluate: EvaluateCommand = (run, dot, final) => {
      run.context = here;
      let value = first(run, dot);
      for (const name of inner) value = step(run, dot, value, name, [], ABSENT);
      return step(run, dot, value, last, args, final);
    };
    return this.#trace ? this.#trace.command(evaluate) : evaluate;
  }

  // Functions.

  #function(node: OperandOf<'identifier'>, context: Context, args: readonly Operand[]): EvaluateCommand {
    const here = at(node);
    const { name } = node;
    const found = this.#findFunc(name);
    if (!found) {
      return (run) => {
        run.context = here;
        return run.fail(`${quote(name)} is not a defined function`);
      };
    }
    const invoke = this.#invocation(found.func, found.isBuiltin, context, name, args);
    const evaluate: EvaluateCommand = (run, dot, final) => {
      run.context = here;
      return invoke(run, dot, final);
    };
    return this.#trace ? this.#trace.command(evaluate, found.isBuiltin ? `go ${name}` : name) : evaluate;
  }

  /** @param args the function's own word first, or none */
  #invocation(
    func: GoFunc,
    isBuiltin: boolean,
    context: Context,
    name: string,
    args: readonly Operand[],
  ): EvaluateCommand {
    const { params, variadic, result } = func;
    const operands = args.slice(1);
    const { length: own } = operands;
    const typeAt = (i: number): GoType => params[Math.min(i, params.length - 1)]!;
    /** Why a number of arguments will not do; undefined where it will. */
    const refusal = (given: number): string | undefined => {
      const { length } = params;
      if (variadic && given < length - 1)
        return `wrong number of args for ${name}: want at least ${length - 1} got ${own}`;
      if (!variadic && given !== length)
        return `wrong number of args for ${name}: want ${length} got ${given}`;
      return undefined;
    };
    const refusals = [refusal(own), refusal(own + 1)];
    const checkCount = (run: Run, final: Final): void => {
      const why = refusals[final === ABSENT ? 0 : 1];
      if (why !== undefined) run.fail(why);
    };
    const types = operands.map((_, i) => (params.length === 0 ? undefined : typeAt(i)));
    const values = operands.map((operand, i) => this.#traceArgument(this.#argument(operand, types[i])));
    const check = validator(params.length === 0 ? undefined : typeAt(own));
    if (isBuiltin && (name === 'and' || name === 'or')) {
      const stopsAt = name === 'or';
      return (run, dot, final) => {
        checkCount(run, final);
        let value: Value;
        for (const argument of values) {
          value = argument(run, dot);
          if (truth(value) === stopsAt) return value;
        }
        return final === ABSENT ? value : check(run, final);
      };
    }
    const failed = (run: Run, error: unknown): never => {
      if (!(error instanceof GoError)) throw error;
      run.context = context;
      return run.fail(`error calling ${name}: ${error.message}`);
    };
    const wraps = result.kind === 'interface';
    const [one, two] = values;
    return (run, dot, final) => {
      checkCount(run, final);
      // Without an array for the arguments where there are few.
      if (final === ABSENT && own === 1) {
        const a = one!(run, dot);
        try {
          const value = func.call(a);
          return wraps ? typed(value, result) : value;
        } catch (error) {
          return failed(run, error);
        }
      }
      if (final === ABSENT && own === 2) {
        const a = one!(run, dot);
        const b = two!(run, dot);
        try {
          const value = func.call(a, b);
          return wraps ? typed(value, result) : value;
        } catch (error) {
          return failed(run, error);
        }
      }
      const given = values.map((argument) => argument(run, dot));
      if (final !== ABSENT) given.push(check(run, final));
      try {
        return typed(func.call(...given), result);
      } catch (error) {
        return failed(run, error);
      }
    };
  }

  #traceArgument(evaluate: Evaluate): Evaluate {
    return this.#trace ? this.#trace.argument(evaluate) : evaluate;
  }

  /** An operand where a value of a type is wanted; without a type, any. */
  #argument(node: Operand, type: GoType | undefined): Evaluate {
    const here = at(node);
    const check = validator(type);
    const checked = (evaluate: EvaluateCommand): Evaluate => {
      if (!type || type.kind === 'any value')
        return (run, dot) => {
          run.context = here;
          return evaluate(run, dot, ABSENT);
        };
      return (run, dot) => {
        run.context = here;
        return check(run, evaluate(run, dot, ABSENT));
      };
    };
    switch (node.kind) {
      case 'dot':
        return checked(this.#traced('dot', (_, dot) => dot));
      case 'nil': {
        if (!type || !canBeNil(type)) {
          return (run) => {
            run.context = here;
            return run.fail(`cannot assign nil to ${type ? typeName(type) : '%!s(<nil>)'}`);
          };
        }
        const nothing = type.kind === 'any value' ? undefined : unwrap(zeroOf(type));
        return checked(this.#traced('constant', () => nothing));
      }
      case 'field':
        return checked(this.#field(node, [node]));
      case 'variable':
        return checked(this.#variable(node, []));
      case 'pipeline':
        return checked(this.pipeline(node));
      case 'identifier':
        return checked(this.#function(node, { kind: 'operand', node }, []));
      case 'chain':
        return checked(this.#chain(node, []));
      default:
        return this.#typedConstant(node, type);
    }
  }

  /** A literal as a value of the type that is wanted. */
  #typedConstant(node: Constant, type: GoType | undefined): Evaluate {
    if (!type || type.kind === 'interface' || type.kind === 'any value') return this.#literal(node);
    const value = constantOf(node, type);
    if (!(value instanceof Refused)) return this.#constant(node, () => value);
    return this.#constant(node, (run) => run.fail(value.why));
  }
}

function at(node: Operand): Context {
  return { kind: 'operand', node };
}

function notAFunction(run: Run, args: readonly Operand[], final: Final): void {
  if (args.length > 1 || final !== ABSENT) {
    run.fail(`can't give argument to non-function ${formatOperand(args[0]!)}`);
  }
}

function methodOf(receiver: Value, name: string): GoFunc | undefined {
  const { value, isNil } = indirect(receiver);
  if (isNil || !(value instanceof GoStruct) || !Object.hasOwn(value.methods, name)) return undefined;
  return value.methods[name];
}

/** A field of a structure, or the value of a map under a key. */
function fieldOf(run: Run, name: string, receiver: Value, hasArguments: boolean): Value {
  if (receiver === undefined) return undefined;
  const { value, isNil } = indirect(receiver);
  if (isNil) run.fail(`nil pointer evaluating ${typeName(typeOf(receiver)!)}.${name}`);
  if (value instanceof GoStruct) {
    const field = value.type.fields.find((candidate) => candidate.name === name);
    if (field) {
      if (hasArguments) run.fail(`${name} has arguments but cannot be invoked as function`);
      return typed(value.fields[name], field.type);
    }
  }
  if (value instanceof GoMap) {
    if (hasArguments) run.fail(`${name} is not a method but has arguments`);
    return value.entries.has(name) ? typed(value.entries.get(name), value.type.elem) : undefined;
  }
  return run.fail(`can't evaluate field ${name} in type ${typeName(typeOf(receiver)!)}`);
}

/** Makes a value one of a type, or fails; without a type, any will do. */
function validator(type: GoType | undefined): (run: Run, value: Value) => Value {
  if (!type) return (_, value) => value;
  switch (type.kind) {
    case 'any value':
      return (_, value) => value;
    case 'interface':
      return (_, value) => unwrap(value);
    case 'string':
      return (run, value) => (typeof value === 'string' ? value : validated(run, value, type));
    default:
      return (run, value) => validated(run, value, type);
  }
}

function validated(run: Run, value: Value, type: GoType): Value {
  if (value === undefined) {
    if (!canBeNil(type)) run.fail(`invalid value; expected ${typeName(type)}`);
    return unwrap(zeroOf(type));
  }
  const own = typeOf(value)!;
  if (assignable(own, type)) return value;
  if (value instanceof GoInterface && value.value !== undefined) {
    const inner = typeOf(value.value)!;
    if (assignable(inner, type)) return value.value;
    run.fail(`wrong type for value; expected ${typeName(type)}; got ${typeName(inner)}`);
  }
  if (value instanceof GoPointer && assignable(value.type.elem, type)) {
    return value.target ?? run.fail(`dereference of nil pointer of type ${typeName(type)}`);
  }
  return run.fail(`wrong type for value; expected ${typeName(type)}; got ${typeName(own)}`);
}

class Refused {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

/** What a literal is where a type is wanted, or why it cannot be that. */
function constantOf(node: Constant, type: GoType): Value | Refused {
  const found = `found ${formatOperand(node)}`;
  switch (type.kind) {
    case 'bool':
      return node.kind === 'bool' ? node.value : new Refused(`expected bool; ${found}`);
    case 'string':
      return node.kind === 'string' ? node.value : new Refused(`expected string; ${found}`);
    case 'float64':
      return (node.kind === 'number' ? node.float : undefined) ?? new Refused(`expected float; ${found}`);
    case 'int':
    case 'integer': {
      const unsigned = type.kind === 'integer' && !type.signed;
      const what = unsigned ? 'unsigned integer' : 'integer';
      const int = node.kind === 'number' ? node.int : undefined;
      const fits = int !== undefined && (unsigned ? int >= 0n : int < 1n << 63n);
      if (!fits) return new Refused(`expected ${what}; ${found}`);
      return type.kind === 'integer' ? new GoInteger(type, int) : int;
    }
    default:
      return new Refused(`can't handle ${formatOperand(node)} for arg of type ${typeName(type)}`);
  }
}

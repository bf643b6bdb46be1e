/** Makes functions of a template's nodes, which run as Go's `text/template` walks them: same output, same errors. */
import type { Branch, TemplateNode, TemplateTree } from './ast.ts';
import { formatAction } from './ast.ts';
import { OperandCompiler } from './compile-operands.ts';
import type { Evaluate, FindFunc } from './compile-operands.ts';
import { sortedEntries } from './formatter.ts';
import { printable } from './go-funcs.ts';
import { formatValue, sprint } from './printf.ts';
import { quote } from './quote.ts';
import type { RoundMemo } from './memo.ts';
import type { Named } from './repeatable.ts';
import { seenFromOutside } from './repeatable.ts';
import { Run } from './run.ts';
import type { Context } from './run.ts';
import { signatureOf } from './signature.ts';
import type { Trace } from './trace.ts';
import type { Value } from './values.ts';
import { GoFunc, GoInteger, GoInterface, GoMap, GoSlice, indirect, truth, typed } from './values.ts';
import { typeName } from './types.ts';

/** How deep templates may call each other; Go's own limit is its stack's. */
const MAX_DEPTH = 1000;

/** Ends the walk of a list early. */
type Jump = 'break' | 'continue' | undefined;

/** What a node does. */
export type Step = (run: Run, dot: Value) => Jump;

/** A template that is ready to run. */
export interface Compiled {
  readonly tree: TemplateTree;
  readonly body: Step;
}

/** Where templates, functions and traces are. */
export interface Surroundings {
  readonly findTemplate: (name: string) => Compiled | undefined;
  readonly findTree: (name: string) => TemplateTree | undefined;
  readonly findFunc: FindFunc;
  /** Is told where values come from. */
  readonly trace: Trace | undefined;
  /** Knows what rounds of loops wrote earlier. */
  readonly memo: RoundMemo | undefined;
}

export function compileTree(tree: TemplateTree, surroundings: Surroundings): Compiled {
  return { tree, body: new NodeCompiler(surroundings).list(tree.body) };
}

class NodeCompiler {
  readonly #findTemplate: (name: string) => Compiled | undefined;
  readonly #operands: OperandCompiler;
  readonly #trace: Trace | undefined;
  readonly #memo: RoundMemo | undefined;
  readonly #named: Named;

  constructor({ findTemplate, findTree, findFunc, trace, memo }: Surroundings) {
    this.#findTemplate = findTemplate;
    this.#operands = new OperandCompiler(findFunc, trace);
    this.#trace = trace;
    this.#memo = memo;
    this.#named = { findTree, findFunc };
  }

  list(nodes: readonly TemplateNode[]): Step {
    const steps = nodes.map((node) => this.#step(node));
    const [only] = steps;
    if (only && steps.length === 1) return only;
    return (run, dot) => {
      for (const step of steps) {
        const jump = step(run, dot);
        if (jump !== undefined) return jump;
      }
      return undefined;
    };
  }

  #step(node: TemplateNode): Step {
    const here: Context = { kind: 'node', node };
    switch (node.kind) {
      case 'text':
        return this.#text(node, here);
      case 'action':
        return this.#action(node, here);
      case 'break':
      case 'continue': {
        const { kind } = node;
        return () => kind;
      }
      case 'if':
      case 'with':
        return this.#ifOrWith(node, here);
      case 'range':
        return this.#range(node, here);
      case 'template':
        return this.#call(node, here);
    }
  }

  #text(node: TemplateNode & { readonly kind: 'text' }, here: Context): Step {
    const trace = this.#trace;
    const { text } = node;
    return (run) => {
      run.context = here;
      trace?.constant();
      run.write(text, node);
      return undefined;
    };
  }

  #action(node: TemplateNode & { readonly kind: 'action' }, here: Context): Step {
    const trace = this.#trace;
    const pipeline = this.#operands.pipeline(node.pipeline);
    // Variables live on to the end of the list around.
    const prints = node.pipeline.variables.length === 0;
    return (run, dot) => {
      run.context = here;
      const value = pipeline(run, dot);
      if (!prints) return undefined;
      run.context = here;
      trace?.whole(value);
      if (typeof value === 'string') run.write(value, node);
      else run.write(shown(run, node, value), node);
      return undefined;
    };
  }

  #ifOrWith(node: Branch, here: Context): Step {
    const trace = this.#trace;
    const pipeline = this.#operands.pipeline(node.pipeline);
    const body = this.list(node.body);
    const otherwise = node.otherwise && this.list(node.otherwise);
    const isWith = node.kind === 'with';
    return (run, dot) => {
      run.context = here;
      const mark = run.names.length;
      const value = pipeline(run, dot);
      trace?.enter(node, value);
      let jump: Jump;
      if (truth(value)) {
        if (isWith) trace?.enterWith();
        jump = body(run, isWith ? value : dot);
      } else if (otherwise) {
        jump = otherwise(run, dot);
      }
      run.keep(mark);
      trace?.leave(run, node);
      return jump;
    };
  }

  #range(node: Branch, here: Context): Step {
    const trace = this.#trace;
    const pipeline = this.#operands.pipeline(node.pipeline);
    const body = this.list(node.body);
    const otherwise = node.otherwise && this.list(node.otherwise);
    const { length: count } = node.pipeline.variables;
    const memo = this.#memo;
    const seen = memo && seenFromOutside(node, this.#named);
    return (run, dot) => {
      run.context = here;
      const mark = run.names.length;
      const { value } = indirect(pipeline(run, dot));
      const inside = run.names.length;
      trace?.enter(node, value);
      const outside = seen && signatureOfSeen(run, seen);
      const round = (key: Value, element: Value, i: number): Jump => {
        run.round();
        if (count > 0) run.values[inside - 1] = element;
        if (count > 1) run.values[inside - 2] = key;
        trace?.round(run, value, element, i, inside);
        let jump: Jump;
        const own =
          outside === undefined ? undefined : signatureOfRound(element, count > 1 ? key : undefined);
        if (own === undefined) jump = body(run, element);
        else {
          const text = memo!.round(run, node, outside!, own, () => {
            body(run, element);
          });
          run.rewrite(text, node);
        }
        run.keep(inside);
        return jump;
      };
      const rounds = eachElement(run, value, count, round);
      let jump: Jump;
      if (rounds === 0 && otherwise) {
        trace?.noRounds();
        jump = otherwise(run, dot);
      }
      run.keep(mark);
      trace?.leave(run, node);
      return jump;
    };
  }

  #call(node: TemplateNode & { readonly kind: 'template' }, here: Context): Step {
    const trace = this.#trace;
    const findTemplate = this.#findTemplate;
    const pipeline: Evaluate | undefined = node.pipeline && this.#operands.pipeline(node.pipeline);
    const { name } = node;
    return (run, dot) => {
      run.context = here;
      const called = findTemplate(name) ?? run.fail(`template ${quote(name)} not defined`);
      if (run.depth === MAX_DEPTH) run.fail(`exceeded maximum template depth (${MAX_DEPTH})`);
      const data = pipeline?.(run, dot);
      const inner = new Run(run.sink, called.tree, data, run.depth + 1, run.budget);
      trace?.call(inner, pipeline !== undefined);
      called.body(inner, data);
      trace?.called();
      return undefined;
    };
  }
}

/** What the rounds of a loop see of the variables outside; undefined where that cannot be told. */
function signatureOfSeen(run: Run, seen: readonly string[]): string | undefined {
  // How deep templates may still call each other is seen too.
  let text = `${run.depth} `;
  for (const name of seen) {
    const own = signatureOf(run.values[run.find(name)]);
    if (own === undefined) return undefined;
    text += own;
  }
  return text;
}

function signatureOfRound(element: Value, key: Value): string | undefined {
  const own = signatureOf(element);
  if (own === undefined || key === undefined) return own;
  const place = signatureOf(key);
  return place && `${place} ${own}`;
}

function shown(run: Run, node: TemplateNode, value: Value): string {
  const plain = printable(value);
  if (plain instanceof GoFunc) run.fail(`can't print ${formatAction(node)} of type ${typeName(plain.type)}`);
  return plain === undefined ? '<no value>' : sprint([plain]);
}

/**
 * Goes through what a loop goes through.
 * @param round returns `break` where the loop is to end
 * @returns how many rounds were begun
 */
function eachElement(
  run: Run,
  value: Value,
  variables: number,
  round: (key: Value, element: Value, i: number) => Jump,
): number {
  if (value instanceof GoSlice) {
    const { items } = value;
    const { elem } = value.type;
    for (let i = 0; i < items.length; i++) {
      const key = variables > 1 ? BigInt(i) : undefined;
      if (round(key, typed(items[i], elem), i) === 'break') return i + 1;
    }
    return items.length;
  }
  if (value instanceof GoMap) {
    let i = 0;
    for (const [key, item] of sortedEntries(value)) {
      if (round(key, typed(item, value.type.elem), i++) === 'break') return i;
    }
    return i;
  }
  const whole = typeof value === 'bigint' ? value : value instanceof GoInteger ? value.value : undefined;
  if (whole !== undefined) {
    // Numbers are gone through since Go 1.22.
    if (variables > 1) run.fail(`can't use ${whole} to iterate over more than one variable`);
    let i = 0;
    for (let at = 0n; at < whole; at++) {
      const element = value instanceof GoInteger ? new GoInteger(value.type, at) : at;
      if (round(undefined, element, i++) === 'break') return i;
    }
    return i;
  }
  const isNothing = value === undefined || (value instanceof GoInterface && value.value === undefined);
  if (!isNothing) run.fail(`range can't iterate over ${formatValue(value)}`);
  return 0;
}

/** One template that runs: its variables, where it is, and what all templates of a rendering share. */
import type { Command, Operand, TemplateNode, TemplateTree } from './ast.ts';
import { formatAction, formatCommand, formatOperand } from './ast.ts';
import { TemplateError } from './error.ts';
import { quote } from './quote.ts';
import { byteLength } from './text.ts';
import type { Value } from './values.ts';

/** Characters that a rendering may write. */
const MAX_OUTPUT = 256 * 1024 * 1024;
/** Rounds of all loops of a rendering together: more is a mistake, which must not hold the program. */
const MAX_ROUNDS = 10_000_000;

/** Takes what a template writes: the text, and the tree and node that wrote it. */
export type Sink = (text: string, tree: TemplateTree, node: TemplateNode) => void;

/** What the runs of all templates of one rendering share. */
export interface Budget {
  rounds: number;
  output: number;
}

/** What an error is said to be at. */
export type Context =
  | { readonly kind: 'node'; readonly node: TemplateNode }
  | { readonly kind: 'operand'; readonly node: Operand }
  | { readonly kind: 'command'; readonly node: Command };

export class Run {
  readonly sink: Sink;
  readonly tree: TemplateTree;
  /** How many templates called each other to get here. */
  readonly depth: number;
  readonly budget: Budget;
  /** Variables, innermost last: their names and their values. */
  readonly names: string[] = ['$'];
  readonly values: Value[];
  /** Where the values come from, for renderings that are traced. */
  readonly origins: number[] = [0];
  context: Context | undefined;

  constructor(sink: Sink, tree: TemplateTree, data: Value, depth = 0, budget = { rounds: 0, output: 0 }) {
    this.sink = sink;
    this.tree = tree;
    this.depth = depth;
    this.budget = budget;
    this.values = [data];
  }

  fail(message: string): never {
    const { name, source, text } = this.tree;
    const { context } = this;
    if (!context) throw new TemplateError(`template: ${name}: ${message}`, name, 1);
    const before = text.slice(0, context.node.at);
    const column = byteLength(before.slice(before.lastIndexOf('\n') + 1));
    const line = before.split('\n').length;
    const place = `${source}:${line}:${column}: executing ${quote(name)} at <${formatContext(context)}>`;
    throw new TemplateError(`template: ${place}: ${message}`, source, line, column);
  }

  write(text: string, node: TemplateNode): void {
    this.budget.output += text.length;
    if (this.budget.output > MAX_OUTPUT) this.fail(`writes more than ${MAX_OUTPUT} characters`);
    this.sink(text, this.tree, node);
  }

  /** Writes what has been counted already. */
  rewrite(text: string, node: TemplateNode): void {
    this.sink(text, this.tree, node);
  }

  /** Counts one round of a loop. */
  round(): void {
    if (++this.budget.rounds > MAX_ROUNDS) this.fail(`loops more than ${MAX_ROUNDS} times`);
  }

  /** Counts rounds and characters of what was run earlier. */
  spend(rounds: number, output: number): void {
    const { budget } = this;
    budget.rounds += rounds;
    if (budget.rounds > MAX_ROUNDS) this.fail(`loops more than ${MAX_ROUNDS} times`);
    budget.output += output;
    if (budget.output > MAX_OUTPUT) this.fail(`writes more than ${MAX_OUTPUT} characters`);
  }

  /** Index of the innermost variable of a name. */
  find(name: string): number {
    for (let i = this.names.length - 1; i >= 0; i--) if (this.names[i] === name) return i;
    return this.fail(`undefined variable: ${name}`);
  }

  declare(name: string, value: Value): void {
    this.names.push(name);
    this.values.push(value);
  }

  /** Forgets all variables but the first ones. */
  keep(count: number): void {
    this.names.length = count;
    this.values.length = count;
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

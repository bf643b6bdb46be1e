/** Templates that may call each other: parsed once, run as often as wanted. */
import type { TemplateTree } from './ast.ts';
import { isEmpty } from './ast.ts';
import type { Compiled } from './compile.ts';
import { compileTree } from './compile.ts';
import { TemplateError } from './error.ts';
import { GO_FUNCS } from './go-funcs.ts';
import type { RoundMemo } from './memo.ts';
import { parseTemplate } from './parser.ts';
import { quote } from './quote.ts';
import type { Sink } from './run.ts';
import { Run } from './run.ts';
import type { Trace } from './trace.ts';
import type { GoFunc, Value } from './values.ts';

export type { Sink } from './run.ts';
export type Funcs = Readonly<Record<string, GoFunc>>;

export class TemplateSet {
  readonly #trees = new Map<string, TemplateTree>();
  readonly #funcs: Funcs;
  readonly #trace: Trace | undefined;
  readonly #memo: RoundMemo | undefined;
  /** Made when they are first called. */
  readonly #compiled = new Map<string, Compiled>();

  /**
   * @param funcs besides Go's own; a function here goes before one of Go's of the same name
   * @param trace is told where values come from
   * @param memo spares what was run earlier; its `begin` and `finish` are around each rendering
   */
  constructor(
    funcs: Funcs = {},
    { trace, memo }: { readonly trace?: Trace; readonly memo?: RoundMemo } = {},
  ) {
    this.#funcs = funcs;
    this.#trace = trace;
    this.#memo = memo;
  }

  /** Adds the templates of one text; `name` is what messages call it. Throws `TemplateError`. */
  parse(name: string, text: string): void {
    for (const tree of parseTemplate(name, text, (word) => this.#func(word) !== undefined)) {
      // An empty one (the text of a file that only defines others) does not undo what is there.
      const known = this.#trees.get(tree.name);
      if (!known || !isEmpty(tree.body)) this.#trees.set(tree.name, tree);
    }
    this.#compiled.clear();
  }

  #func(name: string): { func: GoFunc; isBuiltin: boolean } | undefined {
    if (Object.hasOwn(this.#funcs, name)) return { func: this.#funcs[name]!, isBuiltin: false };
    return Object.hasOwn(GO_FUNCS, name) ? { func: GO_FUNCS[name]!, isBuiltin: true } : undefined;
  }

  #ready(name: string): Compiled | undefined {
    const ready = this.#compiled.get(name);
    if (ready) return ready;
    const tree = this.#trees.get(name);
    if (!tree) return undefined;
    const made = compileTree(tree, {
      findTemplate: (wanted) => this.#ready(wanted),
      findTree: (wanted) => this.#trees.get(wanted),
      findFunc: (wanted) => this.#func(wanted),
      trace: this.#trace,
      memo: this.#memo,
    });
    this.#compiled.set(name, made);
    return made;
  }

  /** Runs a template. What it has written before an error has been given to the sink. Throws `TemplateError`. */
  execute(name: string, data: Value, sink: Sink): void {
    try {
      const ready = this.#ready(name);
      if (!ready) throw new TemplateError(`template: no template ${quote(name)}`, name, 1);
      const memo = this.#memo;
      const take: Sink = memo ? (text, tree, node) => memo.take(text) || sink(text, tree, node) : sink;
      ready.body(new Run(take, ready.tree, data), data);
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

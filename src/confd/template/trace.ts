/**
 * Follows values through a rendering: which keys each of them came from, and which keys decided that a text is there.
 * What is compiled without a trace pays nothing for it.
 */
import type { Branch, Pipeline } from './ast.ts';
import type { Evaluate, EvaluateCommand } from './compile-operands.ts';
import { ABSENT } from './compile-operands.ts';
import type { Flow } from './flow.ts';
import { flowOf } from './flow.ts';
import type { Origins } from './origins.ts';
import type { Run } from './run.ts';
import type { TracedText } from './traced-text.ts';
import type { Value } from './values.ts';
import { GoSlice, GoStruct, unwrap } from './values.ts';

/** Functions that give some of the elements of a list as they are. `go ` stands before Go's own. */
const SELECTS: ReadonlySet<string> = new Set([
  'go index',
  'go slice',
  'reverse',
  'sortByLength',
  'sortKVByLength',
]);
/** Functions that give one of their arguments as it is. */
const CHOOSES: ReadonlySet<string> = new Set(['go and', 'go or']);

/** Where a list of keys comes from: its elements each from a key of their own. */
interface ListOrigin {
  /** Of the list being as long as it is. */
  readonly folder: number;
  readonly items: readonly number[];
}

/** A branch or loop that is being run. */
interface Frame {
  readonly node: Branch;
  readonly guard: number;
  readonly dot: number;
  /** Of the value of the pipeline. */
  readonly value: number;
  /** Of the decision. */
  readonly condition: number;
  /** Of what ended rounds early. */
  jumps: number;
  readonly written: number;
  readonly startsLine: boolean;
}

export class Trace {
  readonly origins: Origins;
  readonly #text: TracedText;
  /** Of the value that was worked out last. */
  #value = 0;
  #dot = 0;
  /** Of what decided that the node at hand runs. */
  #guard = 0;
  /** Of the arguments so far of the command at hand, and of the keys that it read. */
  #arguments = 0;
  #reads = 0;
  #command: string | undefined;
  #selected: ListOrigin | undefined;
  #selectedFrom: readonly Value[] = [];
  readonly #frames: Frame[] = [];
  readonly #dots: number[] = [];
  readonly #flows = new Map<Branch, Flow>();
  readonly #lists = new WeakMap<GoSlice, ListOrigin>();
  readonly #structs = new WeakMap<GoStruct, number>();

  constructor(text: TracedText) {
    this.#text = text;
    this.origins = text.origins;
  }

  /** Where the value that was worked out last comes from. */
  get value(): number {
    return this.#value;
  }

  get guard(): number {
    return this.#guard;
  }

  /** What an error that was thrown just now has to do with. */
  get failing(): number {
    return this.origins.unionOf([this.#reads, this.#arguments, this.#value, this.#guard]);
  }

  // What functions of keys tell.

  /** A function has read a key, or looked for it. */
  read(key: string): void {
    this.#reads = this.origins.union(this.#reads, this.origins.of(key));
  }

  /** A function gives a list whose elements are from keys. */
  listed(list: GoSlice, folder: string, keys: readonly string[]): void {
    const items = keys.map((key) => this.origins.of(key));
    this.#lists.set(list, { folder: this.origins.of(folder), items });
    list.items.forEach((item, i) => {
      if (item instanceof GoStruct) this.#structs.set(item, items[i]!);
    });
  }

  // Values.

  constant(): void {
    this.#value = 0;
  }

  dot(): void {
    this.#value = this.#dot;
  }

  variable(run: Run, i: number): void {
    this.#value = run.origins[i] ?? 0;
  }

  /** The value at hand is used as a whole. */
  whole(value: Value): void {
    this.#value = this.#whole(value, this.#value);
  }

  #whole(wrapped: Value, origin: number): number {
    const { origins } = this;
    const value = unwrap(wrapped);
    if (value instanceof GoStruct) return origins.union(origin, this.#structs.get(value) ?? 0);
    const list = value instanceof GoSlice ? this.#lists.get(value) : undefined;
    return list ? origins.union(origin, origins.union(list.folder, origins.unionOf(list.items))) : origin;
  }

  argument(evaluate: Evaluate): Evaluate {
    return (run, dot) => {
      const value = evaluate(run, dot);
      this.#given(value);
      return value;
    };
  }

  /** The value at hand is an argument of the command at hand. */
  #given(value: Value): void {
    const selects = this.#command !== undefined && SELECTS.has(this.#command);
    const list = value instanceof GoSlice ? this.#lists.get(value) : undefined;
    if (selects && list) {
      this.#selected = list;
      this.#selectedFrom = (value as GoSlice).items;
    }
    const isPassed = (selects && list) || (this.#command !== undefined && CHOOSES.has(this.#command));
    const origin = isPassed ? this.#value : this.#whole(value, this.#value);
    this.#arguments = this.origins.union(this.#arguments, origin);
  }

  /** @param name of the function; none where fields are read or a method is called */
  command(evaluate: EvaluateCommand, name?: string): EvaluateCommand {
    return (run, dot, final) => {
      const outer = [this.#arguments, this.#command, this.#selected, this.#selectedFrom] as const;
      this.#arguments = this.#reads = 0;
      this.#command = name;
      this.#selected = undefined;
      if (final !== ABSENT) this.#given(final);
      const value = evaluate(run, dot, final);
      this.#value = this.origins.union(this.#arguments, this.#reads);
      if (this.#selected) this.#select(value, this.#selected);
      this.#reads = 0;
      [this.#arguments, this.#command, this.#selected, this.#selectedFrom] = outer;
      return value;
    };
  }

  /** A function gives elements of a list: they come from where they came from there. */
  #select(wrapped: Value, from: ListOrigin): void {
    const value = unwrap(wrapped);
    const originOf = (item: Value): number =>
      this.origins.unionOf(from.items.filter((_, i) => this.#selectedFrom[i] === item));
    if (!(value instanceof GoSlice)) {
      this.#value = this.origins.unionOf([this.#value, from.folder, originOf(value)]);
      return;
    }
    const byItem = new Map<Value, number>();
    from.items.forEach((origin, i) => {
      const item = this.#selectedFrom[i];
      byItem.set(item, this.origins.union(byItem.get(item) ?? 0, origin));
    });
    this.#lists.set(value, {
      folder: from.folder,
      items: value.items.map((item) => byItem.get(item) ?? 0),
    });
  }

  variables({ variables, assigns }: Pipeline, evaluate: Evaluate): Evaluate {
    return (run, dot) => {
      const value = evaluate(run, dot);
      // What is assigned may be seen where the condition around does not hold.
      const origin = assigns ? this.origins.union(this.#value, this.#guard) : this.#value;
      for (const name of variables) run.origins[run.find(name)] = origin;
      return value;
    };
  }

  // Branches and loops.

  enter(node: Branch, value: Value): void {
    const { origins } = this;
    const list = value instanceof GoSlice ? this.#lists.get(value) : undefined;
    const condition = origins.union(this.#value, list?.folder ?? 0);
    this.#frames.push({
      node,
      guard: this.#guard,
      dot: this.#dot,
      value: this.#value,
      condition,
      jumps: 0,
      written: this.#text.written,
      startsLine: this.#text.startsLine,
    });
    if (node.kind !== 'range') this.#guard = origins.union(this.#guard, condition);
  }

  enterWith(): void {
    this.#dot = this.#frames.at(-1)!.value;
  }

  /** @param inside how many variables there are outside the body */
  round(run: Run, value: Value, element: Value, i: number, inside: number): void {
    const { origins } = this;
    const frame = this.#frames.at(-1)!;
    const list = value instanceof GoSlice ? this.#lists.get(value) : undefined;
    const own = list?.items[i] ?? (element instanceof GoStruct ? this.#structs.get(element) : undefined) ?? 0;
    const origin = origins.union(frame.value, own);
    this.#dot = origin;
    this.#guard = origins.unionOf([frame.guard, frame.jumps, origin]);
    const { length: count } = frame.node.pipeline.variables;
    if (count > 0) run.origins[inside - 1] = origin;
    if (count > 1) run.origins[inside - 2] = frame.condition;
  }

  /** A loop has nothing to go through. */
  noRounds(): void {
    const frame = this.#frames.at(-1)!;
    this.#guard = this.origins.union(frame.guard, frame.condition);
  }

  leave(run: Run, node: Branch): void {
    const { origins } = this;
    const frame = this.#frames.pop()!;
    const decided = origins.union(frame.condition, frame.jumps);
    this.#guard = frame.guard;
    this.#dot = frame.dot;
    const { assigned, jumpsOut } = this.#flow(node);
    for (const name of assigned) {
      const i = run.names.lastIndexOf(name);
      if (i >= 0) run.origins[i] = origins.union(run.origins[i] ?? 0, decided);
    }
    if (jumpsOut) {
      // Whether what follows in the loop runs was decided here.
      const loop = this.#frames.findLast(({ node: { kind } }) => kind === 'range');
      if (loop) loop.jumps = origins.unionOf([loop.jumps, decided, this.#guard]);
      this.#guard = origins.union(this.#guard, decided);
    }
    const wroteNothing = this.#text.written === frame.written;
    // The text behind would be on another line had it been decided otherwise.
    const movesText = this.#text.startsLine && (!frame.startsLine || node.otherwise !== undefined);
    if (wroteNothing || movesText) this.#text.beside(decided);
  }

  #flow(node: Branch): Flow {
    let flow = this.#flows.get(node);
    if (!flow) this.#flows.set(node, (flow = flowOf(node)));
    return flow;
  }

  // Templates that are called.

  call(inner: Run, hasData: boolean): void {
    this.#dots.push(this.#dot);
    this.#dot = hasData ? this.#value : 0;
    inner.origins[0] = this.#dot;
  }

  called(): void {
    this.#dot = this.#dots.pop()!;
  }
}

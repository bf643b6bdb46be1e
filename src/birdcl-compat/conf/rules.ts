/**
 * Option tables. A rule is a row: the keywords of an option, the kind of its argument, and the field that it sets.
 * Tables drive the parser, the lowering and the search for a likely fix.
 */
import type { ArgumentKind } from './arguments.ts';
import type { Cursor } from './cursor.ts';
import type { Dialect } from './dialect.ts';
import type { Scope } from './scope.ts';

/** What lowering carries along. */
export interface Context {
  readonly scope: Scope;
  readonly dialect: Dialect;
  /** Reports what BIRD takes and Catbird cannot do yet; the configuration is refused, the rest of it checked. */
  refuse(at: number, message: string, hint?: string): void;
  /** A notice about a line that is accepted but means something else than its writer may think. */
  warn(at: number, message: string): void;
}

export interface Rule<Target> {
  /** Keywords, separated by spaces. */
  readonly words: string;
  readonly parse: (cursor: Cursor) => unknown;
  readonly apply: (target: Target, node: unknown, context: Context, place: Place) => void;
}

/** Where an option is in the text. */
export interface Place {
  /** Token of its first word. */
  readonly at: number;
  /** Token of its `;`. */
  readonly end: number;
}

/** One option in the text. */
export interface OptionNode<Target> extends Place {
  end: number;
  readonly rule: Rule<Target>;
  readonly argument: unknown;
}

/** A row whose value goes through `set`. */
export function option<Target, Node, Value>(
  words: string,
  kind: ArgumentKind<Node, Value>,
  set: (target: Target, value: Value, context: Context, at: number) => void,
): Rule<Target> {
  return {
    words,
    parse: (cursor) => kind.parse(cursor),
    apply: (target, node, context, { at }) =>
      set(target, kind.evaluate(node as Node, context.scope), context, at),
  };
}

/** A row that sets one field. */
export function field<Target, Key extends keyof Target, Node>(
  words: string,
  kind: ArgumentKind<Node, Target[Key]>,
  key: Key,
): Rule<Target> {
  return option(words, kind, (target: Target, value) => {
    target[key] = value;
  });
}

/**
 * A row for an option that BIRD has and Catbird has not: refused where it would have an effect.
 * @param harmless values that ask for what Catbird does anyway
 */
export function refused<Target, Node, Value>(
  words: string,
  kind: ArgumentKind<Node, Value>,
  why: string,
  harmless: (value: Value) => boolean = () => false,
): Rule<Target> {
  return option(words, kind, (_target: Target, value, context, at) => {
    if (!harmless(value)) context.refuse(at, `'${words}' is not built yet`, why);
  });
}

/**
 * A row for an option that is accepted with a notice, because it has no effect here.
 * @param quiet values that need no notice: they ask for what Catbird does anyway
 */
export function noticed<Target, Node, Value>(
  words: string,
  kind: ArgumentKind<Node, Value>,
  why: string,
  quiet: (value: Value) => boolean = () => false,
): Rule<Target> {
  return option(words, kind, (_target: Target, value, context, at) => {
    if (!quiet(value)) context.warn(at, `'${words}' has no effect: ${why}`);
  });
}

/** A row for an option that is accepted whatever its value, because Catbird does what it asks for anyway. */
export function accepted<Target, Node, Value>(words: string, kind: ArgumentKind<Node, Value>): Rule<Target> {
  return option(words, kind, () => undefined);
}

/** Rules by their first keyword, longest first. */
export class RuleTable<Target> {
  readonly #byFirst = new Map<string, { words: readonly string[]; rule: Rule<Target> }[]>();

  constructor(rules: readonly Rule<Target>[]) {
    for (const rule of rules) {
      const words = rule.words.split(' ');
      const list = this.#byFirst.get(words[0]!) ?? [];
      list.push({ words, rule });
      list.sort((a, b) => b.words.length - a.words.length);
      this.#byFirst.set(words[0]!, list);
    }
  }

  /** The keywords of every row. */
  words(): string[] {
    return [...this.#byFirst.values()].flatMap((rules) => rules.map(({ rule }) => rule.words));
  }

  firstWords(): IterableIterator<string> {
    return this.#byFirst.keys();
  }

  /** Reads keywords and argument of one option, whose `end` is the caller's to set; undefined, and nothing read, where its first word begins none. */
  parse(cursor: Cursor): OptionNode<Target> | undefined {
    const first = cursor.word();
    const rules = first === undefined ? undefined : this.#byFirst.get(first);
    if (!rules) return undefined;
    const { at } = cursor;
    let deepest = 0;
    for (const { words, rule } of rules) {
      let matched = 1;
      while (matched < words.length && cursor.textAfter(matched) === words[matched]) matched++;
      if (matched === words.length) {
        cursor.at += matched;
        return { rule, at, end: at, argument: rule.parse(cursor) };
      }
      deepest = Math.max(deepest, matched);
    }
    cursor.at += deepest;
    const next = rules.filter(({ words }) =>
      words.slice(0, deepest).every((word, i) => word === cursor.tokens.text(at + i)),
    );
    const candidates = next.map(({ words }) => words[deepest]!);
    cursor.unexpected([...new Set(candidates)].map((word) => `'${word}'`).join(' or '), candidates);
  }

  /**
   * Reads options, each with its `;`, up to and past `}`.
   * @param mayBeEmpty an option may be nothing: true of protocols alone
   */
  parseBlock(cursor: Cursor, into: OptionNode<Target>[], mayBeEmpty = false): void {
    while (!cursor.accept('}')) {
      if (mayBeEmpty && cursor.accept(';')) continue;
      const node = this.parse(cursor);
      if (!node) cursor.unexpected(undefined, this.firstWords());
      node.end = cursor.expect(';');
      into.push(node);
    }
  }
}

/** Applies options in order. */
export function applyOptions<Target>(
  target: Target,
  options: readonly OptionNode<Target>[],
  context: Context,
): void {
  for (const node of options) node.rule.apply(target, node.argument, context, node);
}

/** Names that a configuration has defined so far. BIRD reads in one pass, so a name counts from its definition on. */
import { ConfError, nearest } from './diagnostics.ts';
import type { AttributeInfo } from '../filter/attributes.ts';
import { NEWEST } from '../filter/behaviour.ts';
import type { Behaviour } from '../filter/behaviour.ts';
import type { FilterProgram, FunctionProgram } from '../filter/program.ts';
import type { Type } from '../filter/types.ts';
import type { Value } from '../filter/values.ts';
import type { AnyTableConfig } from './lowered.ts';
import type { NetType } from './net-types.ts';

export type ConfigSymbol =
  | { readonly kind: 'constant'; readonly type: Type; readonly value: Value }
  | { readonly kind: 'filter'; readonly filter: FilterProgram }
  | { readonly kind: 'function'; readonly function: FunctionProgram }
  | { readonly kind: 'table'; readonly table: AnyTableConfig }
  /** A custom attribute. */
  | { readonly kind: 'attribute'; readonly attribute: AttributeInfo }
  | { readonly kind: 'protocol' | 'template'; readonly protocol: string; readonly draft: () => object };

export class Scope {
  readonly #symbols = new Map<string, ConfigSymbol>();
  /** The table that a channel has which names none: the first of its type. */
  readonly defaultTables = new Map<NetType, AnyTableConfig>();
  /** As which release of BIRD filters behave, where releases contradict each other. */
  readonly behaviour: Behaviour;
  /** Takes notices about lines that mean something else than their writer may think. */
  readonly notice: (at: number, message: string) => void;

  constructor(notice: (at: number, message: string) => void = () => undefined, behaviour = NEWEST) {
    this.notice = notice;
    this.behaviour = behaviour;
  }

  get(name: string): ConfigSymbol | undefined {
    return this.#symbols.get(name);
  }

  define(name: string, at: number, symbol: ConfigSymbol): void {
    if (this.#symbols.has(name)) throw new ConfError(at, `Symbol '${name}' already defined`);
    this.#symbols.set(name, symbol);
  }

  /** Gives a name that is known another meaning. */
  replace(name: string, symbol: ConfigSymbol): void {
    this.#symbols.set(name, symbol);
  }

  entries(): IterableIterator<[string, ConfigSymbol]> {
    return this.#symbols.entries();
  }

  /** Names of one kind of symbol, to find a likely fix among. */
  names(...kinds: ConfigSymbol['kind'][]): string[] {
    return [...this.#symbols].filter(([, symbol]) => kinds.includes(symbol.kind)).map(([name]) => name);
  }

  /** The symbol of that kind; fails with BIRD's message where the name is unknown or means something else. */
  require<K extends ConfigSymbol['kind']>(
    name: string,
    at: number,
    kinds: readonly K[],
    message: string,
  ): Extract<ConfigSymbol, { kind: K }> {
    const symbol = this.#symbols.get(name);
    if (symbol && (kinds as readonly string[]).includes(symbol.kind)) {
      return symbol as Extract<ConfigSymbol, { kind: K }>;
    }
    const fix = nearest(name, this.names(...kinds));
    const text = symbol ? message : `syntax error, unexpected '${name}': ${message}`;
    throw new ConfError(at, text, fix === undefined ? undefined : `did you mean '${fix}'?`);
  }
}

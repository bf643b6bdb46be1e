/** Names that a daemon has, from answers that BIRD gives too; completion offers them. */
import type { ValueKind } from '../cli/command-table.ts';
import type { ClientLine } from './replies.ts';

/** Asked for names; their lines go to `learn`. */
export const NAME_COMMANDS = ['show symbols', 'show protocols'] as const;

const SYMBOL = 1010;
const PROTOCOL = 1002;

export class Names {
  readonly #symbols = new Map<string, string>();
  readonly #protocols = new Set<string>();

  /** Takes a line of the answer to one of `NAME_COMMANDS`. */
  learn({ code, text }: ClientLine): void {
    if (code === SYMBOL) {
      const [name, kind] = text.split('\t');
      if (name !== undefined && kind !== undefined) this.#symbols.set(name.trim(), kind);
    } else if (code === PROTOCOL) {
      const [name] = text.split(/\s/);
      if (name) this.#protocols.add(name);
    }
  }

  /** Names of a kind that complete what was typed. */
  of(kind: ValueKind, typed: string): readonly string[] {
    switch (kind) {
      case 'protocol':
        return this.#protocolNames();
      case 'channel': {
        const [name] = typed.split('.');
        const names = this.#protocolNames();
        return typed.includes('.') ? ['ipv4', 'ipv6'].map((family) => `${name}.${family}`) : names;
      }
      case 'table':
        return [...this.#symbolsOf(/table$/), 'all'];
      case 'filter':
        return this.#symbolsOf(/^filter$/);
      case 'symbol':
        return this.#symbolsOf(/./);
      default:
        return [];
    }
  }

  #protocolNames(): string[] {
    return [...this.#protocols].sort();
  }

  #symbolsOf(kind: RegExp): string[] {
    return [...this.#symbols]
      .filter(([, text]) => kind.test(text))
      .map(([name]) => name)
      .sort();
  }
}

/** Protocols of a configuration by name, for whoever goes through another configuration that mostly has the same order. */
import type { AnyProtocolConfig } from './birdcl-compat/conf/lowered.ts';

export class ProtocolsByName {
  readonly #protocols: readonly AnyProtocolConfig[];
  /** Where the next one is, if both have the same order. */
  #next = 0;
  #places: Map<string, number> | undefined;

  constructor(protocols: readonly AnyProtocolConfig[]) {
    this.#protocols = protocols;
  }

  /** Thousands of look-ups in a map cost more than all else of a reconfiguration that changes little. */
  get(name: string): AnyProtocolConfig | undefined {
    const protocols = this.#protocols;
    if (protocols[this.#next]?.name === name) return protocols[this.#next++];
    this.#places ??= new Map(protocols.map((protocol, i) => [protocol.name, i]));
    const place = this.#places.get(name);
    if (place === undefined) return undefined;
    this.#next = place + 1;
    return protocols[place];
  }
}

/** Lines about single routes of one channel, as BIRD's `debug { routes, filters }` writes them. */
import { DESTINATION, LOCAL_ATTR } from './attrs/codes.ts';
import { SOURCE_KIND } from './source-registry.ts';
import type { RoutingTable } from './table.ts';

export type DestinationWord = 'unicast' | 'blackhole' | 'unreachable' | 'prohibited';

const DESTINATION_WORD: Readonly<Record<number, DestinationWord>> = {
  [DESTINATION.blackhole]: 'blackhole',
  [DESTINATION.unreachable]: 'unreachable',
  [DESTINATION.prohibit]: 'prohibited',
  [DESTINATION.recursive]: 'unreachable',
};

/** Where BIRD would say that a route with these attributes leads, that has come from a source. */
export function destinationOf(
  { store, sources }: RoutingTable,
  source: number,
  attrs: number,
): DestinationWord {
  const at = store.valueAt(attrs, LOCAL_ATTR.destination);
  if (at >= 0) return DESTINATION_WORD[store.bytes[at]!] ?? 'unicast';
  // Next hops of internal neighbours need a table to resolve them, which a reflector has not: BIRD says the same.
  return sources.kind[source]! >= SOURCE_KIND.nonClient ? 'unreachable' : 'unicast';
}

export interface TracerOptions {
  readonly table: RoutingTable;
  /** `protocol.channel` */
  readonly channel: string;
  /** Routes that come and go. */
  readonly routes: boolean;
  /** Routes that filters, limits and the protocol keep out. */
  readonly filters: boolean;
  readonly write: (line: string) => void;
}

export class RouteTracer {
  readonly #options: TracerOptions;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /**
   * A route from the neighbour.
   * @param received its attributes before policy
   */
  imported(
    what: 'added' | 'ignored' | 'filtered out' | 'ignored [limit]',
    net: number,
    row: number,
    source: number,
    received: number,
  ): void {
    const { routes, filters, table } = this.#options;
    if (!(what === 'added' || what === 'ignored' ? routes : filters)) return;
    const best = what === 'added' && table.decision.best(table.firstPath[net]!) === row ? ' [best]' : '';
    this.#line('>', what + best, net, row, source, received);
  }

  /** A route of the neighbour that goes; called while it is still there. */
  removed(net: number, row: number, source: number): void {
    const { routes, table } = this.#options;
    if (!routes) return;
    const sole = table.firstPath[net] === row && table.paths.next[row] === 0 ? ' [sole]' : '';
    this.#line('>', `removed${sole}`, net, row, source, table.paths.received[row]!);
  }

  /** A route to the neighbour. */
  exported(
    what: 'added' | 'replaced' | 'removed' | 'filtered out' | 'rejected by protocol' | 'rejected [limit]',
    net: number,
    row: number,
    source: number,
    attrs: number,
  ): void {
    const { routes, filters } = this.#options;
    const isRoute = what === 'added' || what === 'replaced' || what === 'removed';
    if (isRoute ? routes : filters) this.#line('<', what, net, row, source, attrs);
  }

  #line(direction: '>' | '<', what: string, net: number, row: number, source: number, attrs: number): void {
    const { table, channel, write } = this.#options;
    const pathId = row === 0 ? 0 : table.paths.pathId[row]!;
    const destination = destinationOf(table, source, attrs);
    write(`${channel} ${direction} ${what} ${table.nets.format(net)} ${pathId}L ${source}G ${destination}`);
  }
}

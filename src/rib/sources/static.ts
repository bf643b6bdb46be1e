/** Routes that are configured rather than learned: BIRD's `protocol static`. */
import type { SourceInfo } from '../policy.ts';
import { SOURCE_KIND } from '../source-registry.ts';
import type { RoutingTable } from '../table.ts';

export class StaticRoutes {
  readonly table: RoutingTable;
  readonly source: number;

  /** Registers the protocol as a source of routes in `table`. */
  constructor(table: RoutingTable, protocol: string, kind: Exclude<SourceInfo['kind'], 'bgp'> = 'static') {
    this.table = table;
    this.source = table.sources.add({
      info: { protocol, kind, internal: false },
      kind: SOURCE_KIND.local,
      routerId: 0,
      clusterId: 0,
      home: table.number,
    });
  }

  /**
   * Sets the route for a network.
   * @param words address words, host bits zero
   * @param attrs its attributes, a number of the table's store
   * @param pathId tells several routes of the source for one network apart
   */
  set(words: Uint32Array, length: number, attrs: number, pathId = 0): void {
    const { table } = this;
    table.touch();
    const net = table.addNet(words, 0, length);
    const row = table.findPath(net, this.source, pathId);
    if (row === 0) table.addPath(net, this.source, pathId, attrs, attrs);
    else if (table.paths.attrs[row] !== attrs) table.replaceAttrs(row, attrs, attrs);
  }

  /** Removes the route for a network, if there is one. */
  remove(words: Uint32Array, length: number, pathId = 0): void {
    const net = this.table.nets.find(words, 0, length);
    const row = net === 0 ? 0 : this.table.findPath(net, this.source, pathId);
    if (row !== 0) this.table.removePath(row);
  }

  /** Removes all routes. The source itself may be removed from the registry after the table's next flush. */
  clear(): void {
    const { paths } = this.table;
    for (let row = 1; row < paths.end; row++)
      if (paths.source[row] === this.source) this.table.removePath(row);
  }
}

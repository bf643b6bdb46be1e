/** The seam between the tables and who follows them: batches of changed networks, as an rxjs stream. */
import type { RoutingTable } from './table.ts';

/**
 * Networks whose paths changed. `nets[0, count)` are numbers in `table.nets`, each once, valid during delivery
 * only; `table.best` and the chains of paths hold the state after the change.
 */
export interface ChangeBatch {
  readonly table: RoutingTable;
  readonly nets: Uint32Array;
  readonly count: number;
}

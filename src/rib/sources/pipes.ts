/** All pipes between the tables of one daemon: their numbers, and whose turn it is. */
import type { Policy } from '../policy.ts';
import type { RoutingTable } from '../table.ts';
import { PipeFlow, type FlowOptions } from './pipe-flow.ts';

/** BIRD's `max generation`. */
export const DEFAULT_MAX_GENERATION = 16;
/** Numbers of flows fit 16 bits; a pipe has two. */
const MAX_FLOWS = 65535;

export interface PipeEnd {
  readonly table: RoutingTable;
  /** What passes out of this table into the other one. */
  readonly policy: Policy;
  /** Routes that the pipe may bring into this table. */
  readonly limit?: number;
  /** See `FlowOptions.limitHit`. */
  readonly limitHit?: () => boolean;
}

/** Two tables joined both ways. */
export interface Pipe {
  /** From the primary table into its peer (BIRD `export`). */
  readonly out: PipeFlow;
  /** From the peer table back (BIRD `import`). */
  readonly back: PipeFlow;
}

export class Pipes {
  readonly #wake: () => void;
  /** By number; those that go keep theirs until their last route is gone. */
  readonly #flows: (PipeFlow | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #into = new Map<RoutingTable, PipeFlow[]>();
  /** Flows that have something to do, in the order in which they get their turn. */
  readonly #active = new Set<PipeFlow>();
  #started = 0;

  /** @param wake called when `run` has something to do */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Whether every pipe has done what there was to do. */
  get isIdle(): boolean {
    return this.#active.size === 0;
  }

  get memoryBytes(): number {
    return this.#flows.reduce((bytes, flow) => bytes + (flow?.memoryBytes ?? 0), 0);
  }

  /** Joins two tables of one family. Throws where there are 32,767 pipes already. */
  add(primary: PipeEnd, peer: PipeEnd, maxGeneration = DEFAULT_MAX_GENERATION): Pipe {
    const rank = ++this.#started;
    const out = this.#add(primary, peer, rank, maxGeneration);
    const back = this.#add(peer, primary, rank, maxGeneration);
    out.opposite = back.number;
    back.opposite = out.number;
    return { out, back };
  }

  /** Takes what a pipe has brought out of both tables, in slices. */
  remove({ out, back }: Pipe): void {
    out.stop();
    back.stop();
  }

  /**
   * Does a slice of what there is to do.
   * @param rows so many routes, roughly
   * @returns whether something is left
   */
  run(rows: number): boolean {
    let left = rows;
    for (const flow of this.#active) {
      if (left <= 0) break;
      left -= flow.run(left);
      this.#active.delete(flow);
      if (!flow.isIdle) this.#active.add(flow);
      else if (flow.isGone) this.#forget(flow);
    }
    return !this.isIdle;
  }

  #add(from: PipeEnd, to: PipeEnd, rank: number, maxGeneration: number): PipeFlow {
    const number = this.#free.pop() ?? this.#flows.length;
    if (number > MAX_FLOWS) throw new Error(`more than ${MAX_FLOWS >> 1} pipes`);
    const options: FlowOptions = {
      from: from.table,
      to: to.table,
      number,
      rank,
      policy: from.policy,
      maxGeneration,
      ...(to.limit !== undefined && { limit: to.limit }),
      ...(to.limitHit && { limitHit: to.limitHit }),
      wake: (flow) => {
        if (flow.isIdle) return;
        this.#active.add(flow);
        this.#wake();
      },
      rivals: (flow) => (this.#into.get(flow.to) ?? []).filter((other) => other !== flow),
      flowOf: (other) => this.#flows[other]!,
    };
    const flow = new PipeFlow(options);
    this.#flows[number] = flow;
    const into = this.#into.get(to.table);
    if (into) into.push(flow);
    else this.#into.set(to.table, [flow]);
    this.#active.add(flow);
    this.#wake();
    return flow;
  }

  #forget(flow: PipeFlow): void {
    this.#flows[flow.number] = undefined;
    this.#free.push(flow.number);
    const into = this.#into.get(flow.to)!;
    into.splice(into.indexOf(flow), 1);
    if (into.length === 0) this.#into.delete(flow.to);
  }
}

/** Paths as rows of columns: one row for each route that some source has for some network. */

import { nextCapacity, widened, type Column } from '../base/columns.ts';

/** Bits of the `flags` column. */
export const PATH = {
  /** Kept over a neighbour's restart or refresh, to be removed unless it is announced again (RFC 4724, RFC 7313). */
  stale: 1,
  /** Withdrawn, but some update group still has to withdraw it. */
  dead: 2,
  /** Stale for a second time without having been announced in between: to be removed (RFC 4724 section 4.2). */
  leaving: 4,
  /** Stale for longer than the restart time: has LLGR_STALE among its communities after policy (RFC 9494). */
  longLived: 8,
  /** A pipe has it on offer; set while the pipe looks at the network. */
  offered: 16,
  /** More than one chain of pipes leads here: when this one goes, the others are asked. */
  contested: 32,
} as const;

const INITIAL = 1 << 10;

export class PathTable {
  net = new Uint32Array(INITIAL);
  source = new Uint16Array(INITIAL);
  /** Attributes after import policy; 0 where it rejected the path. */
  attrs = new Uint32Array(INITIAL);
  /** Attributes as received. */
  received = new Uint32Array(INITIAL);
  /** RFC 7911 path identifier as received; 0 where the source does not use them. */
  pathId = new Uint32Array(INITIAL);
  /** The next path of the same network, 0 at the end. */
  next = new Uint32Array(INITIAL);
  flags = new Uint8Array(INITIAL);
  /** Seconds since the table was made at which the path last changed. */
  changedAt = new Uint32Array(INITIAL);
  /** Update groups that hold the row for an identifier they sent. */
  holds = new Uint16Array(INITIAL);
  /** The pipe that brought the path, 0 for its source itself. Empty, like `generation`, where no pipe leads here. */
  via = new Uint16Array(0);
  /** Pipes that the path has gone through. */
  generation = new Uint8Array(0);
  /** One more than the highest row in use. */
  end = 1;
  /** The first row to give out again, chained by `next`; 0 ends. */
  #free = 0;
  #freeCount = 0;

  get size(): number {
    return this.end - 1 - this.#freeCount;
  }

  get capacity(): number {
    return this.net.length;
  }

  get memoryBytes(): number {
    return this.net.length * 29 + this.via.length * 3;
  }

  /** Pipes lead to the table from now on. */
  trackPipes(): void {
    if (this.via.length > 0) return;
    this.via = new Uint16Array(this.capacity);
    this.generation = new Uint8Array(this.capacity);
  }

  /** A row with everything but `next` set. */
  add(net: number, source: number, pathId: number): number {
    let row = this.#free;
    if (row !== 0) {
      this.#free = this.next[row]!;
      this.#freeCount--;
    } else {
      row = this.end++;
      if (row >= this.net.length) this.#grow();
    }
    this.net[row] = net;
    this.source[row] = source;
    this.attrs[row] = 0;
    this.received[row] = 0;
    this.pathId[row] = pathId;
    this.next[row] = 0;
    this.flags[row] = 0;
    this.holds[row] = 0;
    if (this.via.length > 0) {
      this.via[row] = 0;
      this.generation[row] = 0;
    }
    return row;
  }

  /** Gives a row back. It is in no network's chain any more and no group holds it. */
  remove(row: number): void {
    this.net[row] = 0;
    this.source[row] = 0;
    if (this.via.length > 0) this.via[row] = 0;
    this.next[row] = this.#free;
    this.#free = row;
    if (++this.#freeCount === this.end - 1) {
      this.#free = 0;
      this.#freeCount = 0;
      this.end = 1;
    }
  }

  #grow(): void {
    const size = nextCapacity(this.net.length);
    const wider = <T extends Column>(column: T): T => widened(column, size);
    this.net = wider(this.net);
    this.source = wider(this.source);
    this.attrs = wider(this.attrs);
    this.received = wider(this.received);
    this.pathId = wider(this.pathId);
    this.next = wider(this.next);
    this.flags = wider(this.flags);
    this.changedAt = wider(this.changedAt);
    this.holds = wider(this.holds);
    if (this.via.length === 0) return;
    this.via = wider(this.via);
    this.generation = wider(this.generation);
  }
}

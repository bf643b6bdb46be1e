/**
 * How long changes take from their arrival to the sockets of neighbours, measured by batch: each batch that a group
 * encodes leaves a mark in its log, and a member whose write has passed a mark has had that batch.
 */

/** What groups need to measure. */
export interface BatchTimes {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** When the changes that the table tells of now began to arrive. */
  readonly sinceMs: () => number;
  /** Told how long one batch took to one neighbour, in milliseconds. */
  readonly observe: (elapsedMs: number) => void;
}

/** Changes of a table that arrived between two flushes. */
interface Arrived {
  count: number;
  readonly sinceMs: number;
}

/** When the changes arrived that a table has not told of yet, to a turn of the event loop. */
export class ArrivalTimes {
  readonly #now: () => number;
  #waiting = 0;
  #queue: Arrived[] = [];
  /** When whatever comes next began to arrive, at the earliest. */
  #nextMs = 0;
  /** When the oldest change of the batch that is being flushed arrived. */
  sinceMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The first change since nothing was waiting. */
  begin(): void {
    this.#nextMs = this.#now();
  }

  /** At most `limit` of `pending` changes are about to be told, the oldest first. */
  flushing(pending: number, limit: number): void {
    if (pending > this.#waiting) this.#queue.push({ count: pending - this.#waiting, sinceMs: this.#nextMs });
    this.sinceMs = this.#queue[0]?.sinceMs ?? this.#nextMs;
    let rest = Math.min(limit, pending);
    this.#waiting = pending - rest;
    while (rest > 0 && this.#queue.length > 0) {
      const oldest = this.#queue[0]!;
      const taken = Math.min(rest, oldest.count);
      oldest.count -= taken;
      rest -= taken;
      if (oldest.count === 0) this.#queue.shift();
    }
    this.#nextMs = this.#now();
  }
}

/** Marks that a log keeps. A member that is further behind is measured by the last so many batches. */
const MARKS = 64;

/** Where batches end in a group's log, and when they began to arrive. */
export class BatchMarks {
  readonly #times: BatchTimes;
  #positions: number[] = [];
  #since: number[] = [];

  constructor(times: BatchTimes) {
    this.#times = times;
  }

  /** A batch that began to arrive at `sinceMs` ends at a position of the log. */
  add(position: number, sinceMs: number): void {
    const last = this.#positions.length - 1;
    // Nothing was written for this one.
    if (last >= 0 && this.#positions[last]! >= position) return;
    if (last + 1 === MARKS) {
      this.#positions.shift();
      this.#since.shift();
    }
    this.#positions.push(position);
    this.#since.push(sinceMs);
  }

  /** When the batch that the table tells of now began to arrive. */
  get sinceMs(): number {
    return this.#times.sinceMs();
  }

  /** A member has been written what is between two positions. */
  passed(from: number, to: number): void {
    let at = this.#positions.length - 1;
    while (at >= 0 && this.#positions[at]! > to) at--;
    if (at < 0 || this.#positions[at]! <= from) return;
    const now = this.#times.now();
    for (; at >= 0 && this.#positions[at]! > from; at--) this.#times.observe(now - this.#since[at]!);
  }
}

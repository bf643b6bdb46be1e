/** Rates from counters that are read now and then. */

/** Values of the past that are kept: more than any terminal has columns for a sparkline. */
const KEPT = 120;

export class Rate {
  /** Per second, oldest first. */
  readonly history: number[] = [];
  #counter: number | undefined;
  #atMs = 0;

  /** The latest rate; undefined before there were two readings. */
  get latest(): number | undefined {
    return this.history.at(-1);
  }

  /** A counter that is smaller than before has begun anew: its session came up again. */
  read(counter: number, atMs: number): void {
    const before = this.#counter;
    const seconds = (atMs - this.#atMs) / 1000;
    this.#counter = counter;
    this.#atMs = atMs;
    if (before === undefined || seconds <= 0) return;
    this.push((counter >= before ? counter - before : counter) / seconds);
  }

  push(perSecond: number): void {
    this.history.push(perSecond);
    if (this.history.length > KEPT) this.history.shift();
  }

  /** What comes next is not compared with what was: time has passed unseen. */
  interrupt(): void {
    this.#counter = undefined;
  }
}

/** Both directions of a session. */
export class SessionRates {
  readonly received = new Rate();
  readonly sent = new Rate();

  /** Both together, for one sparkline. */
  get activity(): number[] {
    const { history } = this.sent;
    return this.received.history.map((value, i) => value + (history[i] ?? 0));
  }
}

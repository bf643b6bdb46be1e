/** BIRD's `error wait time`: the growing wait before a session starts again after a protocol error. */

export class RetryDelay {
  readonly #boundsS: readonly [number, number];
  readonly #forgetMs: number;
  #delayS = 0;
  #lastErrorAt: number | undefined;

  /**
   * @param boundsS first and longest wait in seconds
   * @param forgetS after this long without an error the wait starts from the first one again
   */
  constructor(boundsS: readonly [number, number], forgetS: number) {
    this.#boundsS = boundsS;
    this.#forgetMs = forgetS * 1000;
  }

  /** Seconds to wait before the next start; 0 where there was no error since `reset`. */
  get seconds(): number {
    return this.#delayS;
  }

  /** Notes an error at monotonic time `now` in milliseconds. */
  noteError(now: number): void {
    if (this.#lastErrorAt !== undefined && now - this.#lastErrorAt >= this.#forgetMs) this.#delayS = 0;
    this.#lastErrorAt = now;
    const [first, longest] = this.#boundsS;
    this.#delayS = this.#delayS === 0 ? first : Math.min(2 * this.#delayS, longest);
  }

  /** Someone started or stopped the session by hand. */
  reset(): void {
    this.#delayS = 0;
  }
}

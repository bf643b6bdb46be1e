/** What of a recording was not sent, and why. */

export class Skipped {
  readonly #counts = new Map<string, number>();
  readonly #notice: (text: string) => void;

  /** @param notice told of the first time for each reason */
  constructor(notice: (text: string) => void) {
    this.#notice = notice;
  }

  /** By reason, most frequent first. */
  get counts(): readonly (readonly [reason: string, count: number])[] {
    return [...this.#counts].sort((a, b) => b[1] - a[1]);
  }

  /**
   * @param reason a phrase for what is left out
   * @param offset of the record in the stream
   * @param count routes or records
   */
  note(reason: string, offset: number, count = 1): void {
    const before = this.#counts.get(reason);
    if (before === undefined) this.#notice(`at byte ${offset}: ${reason}: left out, as all others like it`);
    this.#counts.set(reason, (before ?? 0) + count);
  }

  clear(): void {
    this.#counts.clear();
  }
}

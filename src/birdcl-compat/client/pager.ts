/** Long answers, a screen at a time: when to stop, and what keys do. Rows are counted as birdc counts them. */

/** Rows that are taken before an answer's first line: the command's own, and the one that asks. */
const TAKEN = 2;

export const MORE = '--More--\r';
export const MORE_GONE = '        \r';

export type PagerStep = 'more' | 'stop' | undefined;

export class Pager {
  #rows = TAKEN;

  /** Counts a line that was shown; true where whoever reads is to be asked before the next one. */
  shown(line: string, screen: { readonly columns: number; readonly rows: number }): boolean {
    this.#rows += Math.max(1, Math.ceil((line.length + 1) / screen.columns));
    return this.#rows >= screen.rows;
  }

  /** A key: a blank goes on by a screen, Enter by a line, `q` and Ctrl-C stop; others mean nothing. */
  key(key: string): PagerStep {
    switch (key) {
      case ' ':
        this.#rows = TAKEN;
        return 'more';
      case '\r':
      case '\n':
        this.#rows--;
        return 'more';
      case 'q':
      case '\u0003':
        return 'stop';
      default:
        return undefined;
    }
  }
}

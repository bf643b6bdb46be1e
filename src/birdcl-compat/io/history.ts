/** The lines that were typed, in a file that nobody else may read. */
import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';

const MODE = 0o600;
/** Lines that are kept. */
const KEPT = 1000;
/** Longer lines are not remembered: no command has so many characters. */
const MAX_LINE = 4096;

/** A history without a file where there is none to be had: lines are forgotten. */
export class History {
  readonly #path: string | undefined;
  #last: string | undefined;

  /** @param path of the file; undefined: no file */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Lines of former sessions, the newest first, as readline wants them. The file is cut where it has become long. */
  load(): string[] {
    if (this.#path === undefined) return [];
    try {
      const lines = readFileSync(this.#path, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      // Others must not read what another program, or a copy, left open.
      if ((statSync(this.#path).mode & 0o077) !== 0) chmodSync(this.#path, MODE);
      if (lines.length > 2 * KEPT)
        writeFileSync(this.#path, `${lines.slice(-KEPT).join('\n')}\n`, { mode: MODE });
      this.#last = lines.at(-1);
      return lines.slice(-KEPT).reverse();
    } catch {
      return [];
    }
  }

  /** Remembers a line, unless it is the one before. */
  add(line: string): void {
    if (this.#path === undefined || line === this.#last || line.length > MAX_LINE) return;
    this.#last = line;
    try {
      appendFileSync(this.#path, `${line}\n`, { mode: MODE });
    } catch {
      // A home that cannot be written to is no reason to stop.
    }
  }
}

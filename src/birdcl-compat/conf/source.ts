/** Where configuration text comes from, and places in it. */

/** Reads configuration files. `io/config-files.ts` is the real one; tests and rendered text have their own. */
export interface ConfigFiles {
  /** The text of a file. Throws an `Error` whose message says why it cannot be read, without the path. */
  read(path: string): string;
  /**
   * Paths that match a shell pattern, in sorted order, directories left out. None is not an error. Throws an `Error`
   * whose message says why where the directory of the pattern cannot be read.
   */
  glob(pattern: string): string[];
}

/** A place in a file; lines and columns count from 1, columns in characters as BIRD counts them. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One file's text with its line starts. */
export class SourceText {
  readonly path: string;
  readonly text: string;
  #lineStarts: number[] | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** The place of the character at `offset`. */
  locate(offset: number): Location {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.path, line: low + 1, column: offset - starts[low]! + 1 };
  }

  /** The text of a line (counted from 1), without its line end. */
  line(number: number): string {
    const starts = this.#starts();
    const end = starts[number] ?? this.text.length + 1;
    return this.text.slice(starts[number - 1], end - 1).replace(/\r$/, '');
  }

  #starts(): number[] {
    if (!this.#lineStarts) {
      const starts = [0];
      for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1))
        starts.push(at + 1);
      this.#lineStarts = starts;
    }
    return this.#lineStarts;
  }
}

/** The directory part of a path, as `dirname` gives it. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}

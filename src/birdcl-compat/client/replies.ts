/** The client's side of the framing: lines from the daemon, what to show of them, and when an answer is complete. */

/** What one line means to the client. */
export interface ClientLine {
  /** Text to show; undefined where nothing is. */
  readonly show?: string;
  /** The answer is complete. */
  readonly last: boolean;
  /** Code of the line; the code before where the line repeats it. */
  readonly code: number;
}

/** Codes from here on are errors: birdc exits with 1 after one. */
const FIRST_ERROR = 8000;

export class ReplyReader {
  readonly #verbose: boolean;
  #rest = '';
  #code = 0;

  /** @param verbose show codes, as `-v` does */
  constructor(verbose: boolean) {
    this.#verbose = verbose;
  }

  /** The code of the last line was an error's. */
  get failed(): boolean {
    return this.#code >= FIRST_ERROR;
  }

  /** Lines that are complete with these characters, in order. */
  read(text: string): ClientLine[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    return lines.map((line) => this.#line(line));
  }

  #line(line: string): ClientLine {
    if (line.startsWith('+')) return { show: `>>> ${line.slice(1)}`, last: false, code: this.#code };
    if (line.startsWith(' ')) {
      return { show: this.#verbose ? `     ${line.slice(1)}` : line.slice(1), last: false, code: this.#code };
    }
    const match = /^(\d{4})([ -])(.*)$/.exec(line);
    if (!match) return { show: `??? <${line}>`, last: false, code: this.#code };
    this.#code = Number(match[1]);
    const shown = this.#code === 0 ? undefined : this.#verbose ? line : match[3]!;
    return { ...(shown !== undefined && { show: shown }), last: match[2] === ' ', code: this.#code };
  }
}

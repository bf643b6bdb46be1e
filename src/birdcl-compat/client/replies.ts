/** The client's side of the framing: lines from the daemon, what to show of them, and when an answer is complete. */

/** What one line means to the client. */
export interface ClientLine {
  /** Text to show; undefined where nothing is. */
  readonly show?: string;
  /** The text without its code. */
  readonly text: string;
  /** Not part of an answer: a log line that was asked for, or the notice of an undo. */
  readonly notice: boolean;
  /** The answer is complete. */
  readonly last: boolean;
  /** Code of the line; the code before where the line repeats it. */
  readonly code: number;
}

/** Codes from here on are errors: birdc exits with 1 after one. */
export const FIRST_ERROR = 8000;
/** A line of more characters is no line of BIRD's, whose longest has 4096 bytes. */
const MAX_LINE = 64 * 1024;

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
    this.#rest = lines.pop()!.slice(0, MAX_LINE);
    return lines.map((line) => this.#line(line));
  }

  #line(line: string): ClientLine {
    const code = this.#code;
    if (line.startsWith('+')) {
      const text = line.slice(1);
      return { show: `>>> ${text}`, text, notice: true, last: false, code };
    }
    if (line.startsWith(' ')) {
      const text = line.slice(1);
      return { show: this.#verbose ? `     ${text}` : text, text, notice: false, last: false, code };
    }
    const match = /^(\d{4})([ -])(.*)$/.exec(line);
    if (!match) return { show: `??? <${line}>`, text: line, notice: false, last: false, code };
    this.#code = Number(match[1]);
    const text = match[3]!;
    const shown = this.#code === 0 ? undefined : this.#verbose ? line : text;
    return {
      ...(shown !== undefined && { show: shown }),
      text,
      notice: false,
      last: match[2] === ' ',
      code: this.#code,
    };
  }
}

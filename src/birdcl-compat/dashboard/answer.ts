/** Lines from a control socket, taken apart: codes, texts, ends of answers, and lines that came by themselves. */
import { clean } from './text.ts';

export interface AnswerLine {
  readonly code: number;
  readonly text: string;
  /** Nothing of this answer comes after it. */
  readonly last: boolean;
}

/** A line that belongs to no answer: of the log, after `echo`. */
export interface NoticeLine {
  readonly notice: string;
}

/** Longest line that is waited for; BIRD's lines are shorter than 1 kB, Catbird's lists of communities than 64 kB. */
const LONGEST = 1024 * 1024;
const LINE = /^(\d{4})([ -])(.*)$/s;

/** From here on codes are errors. */
export const FIRST_ERROR = 8000;

export class AnswerReader {
  #rest = '';
  #code = 0;

  /** Lines that are complete with this text. Throws where what comes is no control socket's. */
  *read(text: string): Generator<AnswerLine | NoticeLine> {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    if (this.#rest.length > LONGEST) throw new Error('this is not the control socket of a BGP daemon');
    for (const line of lines) yield this.#line(line);
  }

  #line(line: string): AnswerLine | NoticeLine {
    if (line.startsWith('+')) return { notice: clean(line.slice(1)) };
    if (line.startsWith(' ')) return { code: this.#code, text: kept(line.slice(1)), last: false };
    const match = LINE.exec(line);
    if (!match) throw new Error('this is not the control socket of a BGP daemon');
    this.#code = Number(match[1]);
    return { code: this.#code, text: kept(match[3]!), last: match[2] === ' ' };
  }
}

/** Routes are known by the tab in front of their details. */
function kept(text: string): string {
  const tabs = /^\t*/.exec(text)![0];
  return tabs + clean(text.slice(tabs.length));
}

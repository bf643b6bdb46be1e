/**
 * The framing of BIRD's control protocol: requests are lines, replies have four digits and `-` or a space. Answers
 * are taken from iterators, a slice at a time and no faster than the client reads.
 */
import type { Answer, Reply } from './replies.ts';
import { CODE, last } from './replies.ts';

/** Longest request that BIRD takes, its LF left out. */
const MAX_REQUEST = 4094;
/** Requests that wait behind a running answer before reading stops. */
const MAX_QUEUED = 16;
/** birdc's line buffer is 4096 bytes; a longer line would break its connection. */
const MAX_LINE = 4000;
/** Bytes of one write, and steps of an iterator, before others get their turn. */
const SLICE_BYTES = 64 * 1024;
const SLICE_STEPS = 1024;

/** The client's side of a connection. */
export interface CliTransport {
  /** Takes text; false where it should not be given more until `drained` is called. */
  write(text: string): boolean;
  /** Runs later, after other input. */
  soon(run: () => void): void;
  /** Stops and resumes `received`. */
  pause(): void;
  resume(): void;
}

/** What a request means; one of these exists for each connection. */
export interface CliHandler {
  /** The first line that a client gets. */
  greeting(): Reply;
  /** The answer to one request, without its line end. */
  handle(request: string): Answer;
  /** The last line of an answer that an exception cut off. */
  failed(error: unknown): Reply;
  /** The connection is gone. */
  closed(): void;
}

export class CliSession {
  readonly #transport: CliTransport;
  readonly #handler: CliHandler;
  #input = '';
  #discarding = false;
  /** Requests that wait; undefined is one that was too long. */
  #queue: (string | undefined)[] = [];
  #answer: Iterator<Reply | Promise<void> | undefined> | undefined;
  /** The answer waits for something. */
  #waiting = false;
  /** Code of the line before, whose repetition shrinks to a space; undefined after a last line. */
  #code: number | undefined;
  #blocked = false;
  #scheduled = false;
  #paused = false;
  #closed = false;

  constructor(transport: CliTransport, handler: CliHandler) {
    this.#transport = transport;
    this.#handler = handler;
    const parts: string[] = [];
    this.#frame(handler.greeting(), parts);
    this.#write(parts.join(''));
  }

  /** Text from the client, in pieces of any size. */
  received(text: string): void {
    if (this.#closed) return;
    const lines = (this.#input + text).split('\n');
    this.#input = lines.pop()!;
    for (const line of lines) this.#request(line.replaceAll('\r', ''));
    if (this.#input.length > MAX_REQUEST) {
      if (!this.#discarding) this.#enqueue(undefined);
      this.#discarding = true;
      this.#input = '';
    }
    this.#run();
  }

  /** The client has read what was written. */
  drained(): void {
    this.#blocked = false;
    this.#run();
  }

  /** A line outside answers, such as a log line that the client asked for. Lost where the client does not read. */
  notice(text: string): void {
    if (!this.#blocked) this.#write(`+${text.replace(/[\r\n]/g, ' ').slice(0, MAX_LINE)}\n`);
  }

  /** The connection is gone: an answer that is under way is dropped. */
  closed(): void {
    this.#closed = true;
    this.#queue = [];
    this.#answer?.return?.();
    this.#answer = undefined;
    this.#handler.closed();
  }

  #request(line: string): void {
    // The rest of a line that was too long has been answered already.
    if (this.#discarding) this.#discarding = false;
    else this.#enqueue(line.length > MAX_REQUEST ? undefined : line);
  }

  #enqueue(line: string | undefined): void {
    this.#queue.push(line);
    if (this.#queue.length >= MAX_QUEUED && !this.#paused) {
      this.#paused = true;
      this.#transport.pause();
    }
  }

  #next(): Iterator<Reply | Promise<void> | undefined> | undefined {
    if (this.#queue.length === 0) return undefined;
    const line = this.#queue.shift();
    if (this.#paused && this.#queue.length < MAX_QUEUED) {
      this.#paused = false;
      this.#transport.resume();
    }
    const answer =
      line === undefined ? [last(CODE.commandTooLong, 'Command too long')] : this.#handler.handle(line);
    return answer[Symbol.iterator]();
  }

  #run(): void {
    if (this.#scheduled || this.#waiting) return;
    // Joined once: strings that grow piece by piece keep the garbage collector busy.
    let parts: string[] = [];
    let length = 0;
    let steps = 0;
    while (!this.#closed && !this.#blocked) {
      this.#answer ??= this.#next();
      if (!this.#answer) break;
      const step = this.#step(this.#answer);
      const { value } = step;
      if (value instanceof Promise) {
        this.#wait(value);
        break;
      }
      if (step.done === true) this.#answer = undefined;
      else if (value) length += this.#frame(value, parts);
      if (value?.last) {
        // Written before the iterator goes on: what follows may end the daemon.
        this.#write(parts.join(''));
        parts = [];
        length = 0;
      }
      if (length >= SLICE_BYTES || ++steps >= SLICE_STEPS) {
        this.#scheduled = true;
        this.#transport.soon(() => {
          this.#scheduled = false;
          this.#run();
        });
        break;
      }
    }
    if (parts.length > 0) this.#write(parts.join(''));
  }

  #wait(until: Promise<void>): void {
    this.#waiting = true;
    void until.then(() => {
      this.#waiting = false;
      this.#run();
    });
  }

  /** The next line of an answer. An exception is a bug: it ends the answer, not the daemon. */
  #step(
    answer: Iterator<Reply | Promise<void> | undefined>,
  ): IteratorResult<Reply | Promise<void> | undefined, undefined> {
    try {
      const step = answer.next();
      return step.done === true ? { done: true, value: undefined } : step;
    } catch (error) {
      this.#answer = [][Symbol.iterator]();
      return { done: false, value: this.#handler.failed(error) };
    }
  }

  #write(text: string): void {
    if (!this.#closed && !this.#transport.write(text)) this.#blocked = true;
  }

  /** Adds a line to `parts`; returns its length. */
  #frame({ code, text, last: isLast }: Reply, parts: string[]): number {
    const clipped = text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}...` : text;
    const line = clipped.includes('\n') || clipped.includes('\r') ? clipped.replace(/[\r\n]/g, ' ') : clipped;
    const repeated = !isLast && this.#code === code;
    this.#code = isLast ? undefined : code;
    const prefix = repeated ? ' ' : `${String(code).padStart(4, '0')}${isLast ? ' ' : '-'}`;
    parts.push(`${prefix}${line}\n`);
    return prefix.length + line.length + 1;
  }
}

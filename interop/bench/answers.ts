/** Reads long answers of a control socket as fast as they come, and keeps nothing but counts. */
import { createConnection } from 'node:net';

/** The last line of an answer: its code is followed by a blank, not by a dash. */
const LAST_LINE = /(?:^|\n)\d{4} [^\n]*\n$/;
const TAIL = 200;
const LINE_FEED = 10;

/** Asks the same again and again, until it is told to stop. */
export class RepeatedQuestion {
  readonly #socket;
  readonly #command: string;
  readonly #goal: number;
  #started = performance.now();
  #lines = 0;
  #tail = '';
  #greeted = false;
  /** Milliseconds from the start until the answers had as many lines as wanted; undefined before that. */
  reachedMs: number | undefined;

  /** @param goal lines of answers that are waited for */
  constructor(path: string, command: string, goal: number) {
    this.#command = command;
    this.#goal = goal;
    this.#socket = createConnection(path);
    this.#socket.on('data', (piece: Buffer) => {
      this.#received(piece);
    });
    // A daemon that goes away ends the row in another way.
    this.#socket.on('error', () => undefined);
  }

  /** Counts from now on. */
  start(): void {
    this.#started = performance.now();
    this.#lines = 0;
  }

  stop(): void {
    this.#socket.destroy();
  }

  #received(piece: Buffer): void {
    for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, at + 1)) this.#lines++;
    if (this.#lines >= this.#goal) this.reachedMs ??= performance.now() - this.#started;
    this.#tail = (this.#tail + piece.subarray(-TAIL).toString('latin1')).slice(-TAIL);
    if (!LAST_LINE.test(this.#tail)) return;
    this.#tail = '';
    // An empty table is asked about a thousand times a second otherwise.
    if (this.#greeted) setTimeout(() => this.#ask(), 1);
    else this.#ask();
    this.#greeted = true;
  }

  #ask(): void {
    if (!this.#socket.destroyed) this.#socket.write(`${this.#command}\n`);
  }
}

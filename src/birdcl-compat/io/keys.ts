/** A terminal's keys on their way to readline; some are taken out before it sees them. */
import { PassThrough } from 'node:stream';

export interface KeySource extends NodeJS.ReadableStream {
  setRawMode?(raw: boolean): unknown;
}

export class Keys extends PassThrough {
  readonly isTTY = true;
  readonly #source: KeySource;
  #raw = false;
  #grab: ((key: string) => void) | undefined;
  /** Typed while somebody else took the keys. */
  #ahead: Buffer[] = [];

  /** @param help is told of a `?`; true: it has dealt with it */
  constructor(source: KeySource, help: () => boolean) {
    super();
    this.#source = source;
    source.on('data', (bytes: Buffer | string) => {
      const piece = Buffer.from(bytes);
      const text = piece.toString();
      if (this.#grab) this.#grab(text);
      else if (text !== '?' || !help()) this.write(piece);
    });
    source.on('end', () => this.end());
  }

  /** Gives all keys to `take` until it is undefined; what was kept meanwhile goes to readline then. */
  grab(take: ((key: string) => void) | undefined): void {
    this.#grab = take;
    if (take) return;
    for (const piece of this.#ahead.splice(0)) this.write(piece);
  }

  /** Keeps a key for readline. */
  keep(key: string): void {
    this.#ahead.push(Buffer.from(key));
  }

  /** Called by readline. */
  setRawMode(raw: boolean): this {
    this.#raw = raw;
    this.#source.setRawMode?.(raw);
    return this;
  }

  /** Leaves the terminal to another program until `retake`. */
  release(): void {
    this.#source.setRawMode?.(false);
    this.#source.pause();
  }

  retake(): void {
    this.#source.setRawMode?.(this.#raw);
    this.#source.resume();
  }
}

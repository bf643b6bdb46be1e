/** What a feed says while it runs: a progress bar where standard error is a terminal, otherwise a line now and then. */
import type { FeedEvent } from '../feed.ts';
import { formatEndpoint, progressLine, readingLine, summaryLine } from '../progress.ts';
import type { Endpoint } from '../../speaker/transport.ts';

const REDRAW_MS = 100;
const LINE_MS = 5000;
const CLEAR_LINE = '\r\u001b[K';
const COLUMNS_WITHOUT_TERMINAL = 120;

export class Terminal {
  readonly #out: NodeJS.WriteStream;
  readonly #to: Endpoint;
  #drawnAt: number;
  #bar = false;

  constructor(out: NodeJS.WriteStream, to: Endpoint) {
    this.#out = out;
    this.#to = to;
    this.#drawnAt = performance.now();
  }

  report(event: FeedEvent): void {
    switch (event.type) {
      case 'connecting':
        this.line(`connecting to ${formatEndpoint(this.#to)}`);
        break;
      case 'established': {
        const { internal, remoteAs } = event.session.negotiated;
        this.line(`established: AS ${remoteAs}, ${internal ? 'internal' : 'external'}`);
        break;
      }
      case 'progress':
        this.#draw((columns) => progressLine(event, columns));
        break;
      case 'sent':
        this.line(summaryLine(event.totals));
        break;
      case 'withdrawn':
        this.line('everything is withdrawn');
        break;
      default:
        event satisfies never;
    }
  }

  /** Writes a line of its own, in place of the bar if there is one. */
  line(text: string): void {
    this.#out.write(`${this.#bar ? CLEAR_LINE : ''}${text}\n`);
    this.#bar = false;
  }

  /** A recording is read for the first time, to find out what is in it. */
  reading(source: { readonly position: number; readonly total: number | undefined }): void {
    this.#draw((columns) => readingLine(source, columns));
  }

  #draw(format: (columns: number) => string): void {
    const now = performance.now();
    if (now - this.#drawnAt < (this.#out.isTTY ? REDRAW_MS : LINE_MS)) return;
    this.#drawnAt = now;
    if (!this.#out.isTTY) {
      this.line(format(COLUMNS_WITHOUT_TERMINAL));
      return;
    }
    this.#out.write(CLEAR_LINE + format(this.#out.columns - 1));
    this.#bar = true;
  }
}

/**
 * Records of sessions on their way into a file. They wait in a buffer that is written when the event at hand is over,
 * one write at a time. Where the file is slower than the neighbours, records are dropped and counted: sessions never wait.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { RecordFile, RecordFiles } from './record-file.ts';
import { RecordWriter } from './record-writer.ts';
import { messageOf } from './table-dump.ts';

export interface MessageDumpOptions {
  readonly clock: Clock;
  readonly files: RecordFiles;
  readonly path: string;
  readonly log: (level: 'error' | 'warning', text: string) => void;
  /** Bytes that may wait for the file. Default: 16 MiB. */
  readonly limitBytes?: number;
}

const LIMIT_BYTES = 16 << 20;
const BUFFER_BYTES = 64 << 10;
/** A buffer that a burst has made larger than this is given back. */
const KEPT_BYTES = 1 << 20;
/** What was dropped is logged this often. */
const REPORT_MS = 10_000;

export class MessageDump {
  readonly path: string;
  readonly #options: MessageDumpOptions;
  #waiting = new RecordWriter(BUFFER_BYTES);
  /** The buffer that is being written, or was last. */
  #other = new RecordWriter(BUFFER_BYTES);
  #file: RecordFile | undefined;
  /** `failed`: nothing is written any more. */
  #state: 'open' | 'failed' | 'closed' = 'open';
  #running: Promise<void> | undefined;
  #scheduled = false;
  #reopens = false;
  #dropped = 0;
  #report: Timer | undefined;

  constructor(options: MessageDumpOptions) {
    this.#options = options;
    this.path = options.path;
    // So that a file that cannot be opened is known at once.
    this.#schedule();
  }

  /** Whether records are taken. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /**
   * Where to write one record at once; undefined where none is taken.
   * @param bytes about how long it will be
   */
  room(bytes: number): RecordWriter | undefined {
    if (this.#state !== 'open') return undefined;
    if (this.#waiting.length + bytes > (this.#options.limitBytes ?? LIMIT_BYTES)) {
      this.#drop();
      return undefined;
    }
    this.#schedule();
    return this.#waiting;
  }

  /** Closes the file and opens it again by its name, so that one that was moved away is begun anew. */
  reopen(): void {
    if (this.#state === 'failed') this.#state = 'open';
    this.#reopens = true;
    this.#schedule();
  }

  /** Writes what waits and closes; resolves then. Nothing is taken any more. It never rejects. */
  async close(): Promise<void> {
    this.#reportDropped();
    const hasFailed = this.#state === 'failed';
    this.#state = 'closed';
    await this.#running;
    if (!hasFailed && this.#waiting.length > 0) await this.#run();
    await this.#closeFile();
  }

  #schedule(): void {
    if (this.#scheduled || this.#running) return;
    this.#scheduled = true;
    this.#options.clock.soon(() => {
      this.#scheduled = false;
      if (this.#state === 'closed') return;
      this.#running ??= this.#run().then(() => {
        this.#running = undefined;
        // What came between the last look and now.
        if (this.#waiting.length > 0 || this.#reopens) this.#schedule();
      });
    });
  }

  /** Writes until nothing waits. It never rejects. */
  async #run(): Promise<void> {
    try {
      do {
        if (this.#reopens) await this.#closeFile();
        this.#reopens = false;
        this.#file ??= await this.#open();
        if (this.#waiting.length > 0) await this.#write(this.#file);
      } while (this.#waiting.length > 0 || this.#reopens);
    } catch (error) {
      // A configuration that came meanwhile asks for another attempt.
      if (this.#state === 'open' && !this.#reopens) this.#state = 'failed';
      this.#waiting = new RecordWriter(BUFFER_BYTES);
      this.#options.log('error', `${messageOf(error)}; nothing is dumped until the next configuration`);
      await this.#closeFile();
    }
  }

  async #open(): Promise<RecordFile> {
    try {
      return await this.#options.files.open(this.path);
    } catch (error) {
      throw new Error(`Unable to open MRTDump file '${this.path}': ${messageOf(error)}`, { cause: error });
    }
  }

  async #write(file: RecordFile): Promise<void> {
    const full = this.#waiting;
    this.#waiting = this.#other;
    this.#other = full;
    try {
      await file.append(full.written);
    } catch (error) {
      throw new Error(`Write to MRTDump file '${this.path}' failed: ${messageOf(error)}`, { cause: error });
    } finally {
      full.clear();
      if (full.capacity > KEPT_BYTES) this.#other = new RecordWriter(BUFFER_BYTES);
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    // Everything has been written by now; what is left to fail is of no consequence.
    await file?.close().catch(() => undefined);
  }

  #drop(): void {
    this.#dropped++;
    this.#report ??= this.#options.clock.setTimer(REPORT_MS, () => {
      this.#reportDropped();
    });
  }

  #reportDropped(): void {
    this.#report?.cancel();
    this.#report = undefined;
    if (this.#dropped === 0) return;
    const text = `MRTDump file '${this.path}' is too slow: ${this.#dropped} records were dropped`;
    this.#dropped = 0;
    this.#options.log('warning', text);
  }
}

/** Dumps of tables into files: a slice, then the file, then the next slice, so that memory is one slice. */
import type { Clock } from '../base/clock.ts';
import { RecordWriter } from './record-writer.ts';
import type { RecordFile, RecordFiles } from './record-file.ts';
import type { TableWalk } from './table-walk.ts';

/** One table of a dump, and the file that it goes into. */
export interface DumpTarget {
  readonly path: string;
  /** Called when its turn comes, and its file is open. */
  walk(): TableWalk;
}

export interface TableDumpOptions {
  readonly clock: Clock;
  readonly files: RecordFiles;
  readonly targets: Iterable<DumpTarget>;
  /** Told what goes wrong, in a line. A table whose file fails is given up; the others follow. */
  readonly failed: (text: string) => void;
}

/** Room for a slice and the record that ends it. */
const BUFFER_BYTES = 192 << 10;

export class TableDump {
  /** Resolves when all is written, or the dump has been given up; it never rejects. */
  readonly done: Promise<void>;
  readonly #options: TableDumpOptions;
  readonly #out = new RecordWriter(BUFFER_BYTES);
  #cancelled = false;

  constructor(options: TableDumpOptions) {
    this.#options = options;
    this.done = this.#run();
  }

  /** Gives it up; what has been written stays, and ends with a whole record. */
  cancel(): void {
    this.#cancelled = true;
  }

  async #run(): Promise<void> {
    try {
      for (const target of this.#options.targets) {
        if (this.#cancelled) return;
        const file = await this.#open(target.path);
        if (file) await this.#write(target, file);
      }
    } catch (error) {
      // What files do wrong is told where it happens: this is a mistake of ours.
      this.#options.failed(`The dump has ended: ${messageOf(error)}`);
    }
  }

  async #open(path: string): Promise<RecordFile | undefined> {
    try {
      return await this.#options.files.open(path);
    } catch (error) {
      this.#options.failed(`Unable to open MRT file '${path}': ${messageOf(error)}`);
      return undefined;
    }
  }

  async #write({ path, walk: begin }: DumpTarget, file: RecordFile): Promise<void> {
    const out = this.#out;
    let walk: TableWalk | undefined;
    try {
      walk = begin();
      out.clear();
      walk.begin(out);
      for (let more = true; more && !this.#cancelled;) {
        more = walk.step(out);
        if (out.length > 0) await file.append(out.written);
        else await this.#turn();
        out.clear();
      }
    } catch (error) {
      this.#options.failed(`Write to MRT file '${path}' failed: ${messageOf(error)}`);
    } finally {
      walk?.close();
      await file.close().catch((error: unknown) => {
        this.#options.failed(`Write to MRT file '${path}' failed: ${messageOf(error)}`);
      });
    }
  }

  /** A slice in which all routes were rejected has nothing for the file to take its time with. */
  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.soon(resolve);
    });
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

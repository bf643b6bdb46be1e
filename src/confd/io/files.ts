/** Keys in files: a tree of folders, or documents of YAML, watched. */
import type { BigIntStats, FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, matchesGlob } from 'node:path';
import { Observable } from 'rxjs';
import type { Entry, Snapshot, Store, StoreEvent } from '../store.ts';
import { isBelow } from '../store.ts';
import { decodeText } from '../template/text.ts';
import { joinPath } from '../template/go-path.ts';
import { readYamlKeys } from '../yaml-keys.ts';

/** How long after a sign of change files are read: editors write in several steps. */
const SETTLE_MS = 20;
/** Files are looked at this often even without a sign, for file systems that give none. */
const POLL_MS = 5000;
/** Attempts at reading files that change meanwhile. */
const MAX_READS = 5;
const MAX_FILE = 16 * 1024 * 1024;
const MAX_TOTAL = 256 * 1024 * 1024;
const YAML = /\.ya?ml$/;

export interface FileStoreOptions {
  /** Files and folders. */
  readonly paths: readonly string[];
  /**
   * `tree`: a file is a key with its content (without the last line feed) as value, and YAML files hold keys below their
   * folder. `documents`: all files are YAML, with keys from the root on, wherever they lie, as confd's `file` has it.
   */
  readonly layout: 'tree' | 'documents';
  /** Of `documents`: names that count. */
  readonly filter?: string;
  readonly pollMs?: number;
  /** Where a path is not there, it has no keys. */
  readonly optional?: boolean;
}

/** A file, and what its content can be told to be the same by. */
interface Found {
  readonly path: string;
  /** Key of the folder that it is in. */
  readonly folder: string;
  readonly mark: string;
  readonly size: number;
}

interface Scan {
  readonly files: readonly Found[];
  readonly folders: readonly string[];
}

export class FileStore implements Store {
  readonly name: string;
  readonly #options: FileStoreOptions;
  /** Grows with each reading that differs from the one before. */
  #revision = 0n;
  #entries: ReadonlyMap<string, Entry> = new Map();

  constructor(options: FileStoreOptions) {
    this.name = `files in ${options.paths.join(', ')}`;
    this.#options = options;
  }

  async read(paths: readonly string[]): Promise<Snapshot> {
    const scan = await this.#scan();
    this.#take(await this.#stableValues(scan));
    return this.#snapshot(paths);
  }

  watch(paths: readonly string[]): Observable<StoreEvent> {
    return new Observable((subscriber) => {
      const watching = new Watching(
        this.#options.pollMs ?? POLL_MS,
        () => this.#scan(),
        async (scan) => {
          this.#take(await this.#stableValues(scan));
          return this.#snapshot(paths);
        },
        (event) => {
          subscriber.next(event);
        },
      );
      watching.look();
      return () => {
        watching.stop();
      };
    });
  }

  close(): void {
    // Nothing is held open but by watches, which end by themselves.
  }

  #snapshot(paths: readonly string[]): Snapshot {
    const below = [...this.#entries].filter(([key]) => paths.some((path) => isBelow(key, path)));
    return { revision: this.#revision, entries: new Map(below) };
  }

  #take(values: ReadonlyMap<string, string>): void {
    const isSame =
      values.size === this.#entries.size &&
      [...values].every(([key, value]) => this.#entries.get(key)?.value === value);
    if (isSame && this.#revision > 0n) return;
    const revision = ++this.#revision;
    this.#entries = new Map(
      Array.from(values, ([key, value]) => {
        const before = this.#entries.get(key);
        return [key, before?.value === value ? before : { value, revision }];
      }),
    );
  }

  async #scan(): Promise<Scan> {
    const files: Found[] = [];
    const folders: string[] = [];
    for (const path of this.#options.paths) await this.#visit(path, '/', true, files, folders);
    return { files, folders };
  }

  async #visit(
    path: string,
    folder: string,
    isRoot: boolean,
    files: Found[],
    folders: string[],
  ): Promise<void> {
    const { layout, filter = '*', optional = false } = this.#options;
    let state: BigIntStats;
    try {
      state = await stat(path, { bigint: true });
    } catch (error) {
      if (isRoot && optional && (error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    if (state.isDirectory()) {
      folders.push(path);
      const inner = isRoot || layout === 'documents' ? folder : joinPath(folder, basename(path));
      for (const name of (await readdir(path)).sort()) {
        // Hidden files, and what editors leave behind.
        if (layout === 'tree' && (name.startsWith('.') || name.endsWith('~'))) continue;
        await this.#visit(join(path, name), inner, false, files, folders);
      }
      return;
    }
    if (!state.isFile()) return;
    // A file that is named itself is watched by its folder, which lives on when the file is replaced.
    if (isRoot) folders.push(dirname(path));
    if (layout === 'documents' && !isRoot && !matchesGlob(basename(path), filter)) return;
    if (state.size > MAX_FILE) throw new Error(`${path} has more than ${MAX_FILE} bytes`);
    const { mtimeNs, size, ino } = state;
    files.push({ path, folder, mark: `${path} ${mtimeNs} ${size} ${ino}`, size: Number(size) });
  }

  /** The values of files that stay the same while they are read. */
  async #stableValues(first: Scan): Promise<Map<string, string>> {
    let scan = first;
    for (let attempt = 0; attempt < MAX_READS; attempt++) {
      const values = await this.#values(scan);
      const again = await this.#scan();
      if (marksOf(again) === marksOf(scan)) return values;
      scan = again;
    }
    throw new Error(`${this.name}: they change faster than they can be read`);
  }

  async #values({ files }: Scan): Promise<Map<string, string>> {
    const total = files.reduce((sum, { size }) => sum + size, 0);
    if (total > MAX_TOTAL) throw new Error(`${this.name}: more than ${MAX_TOTAL} bytes`);
    const values = new Map<string, string>();
    const isDocuments = this.#options.layout === 'documents';
    for (const { path, folder } of files) {
      const text = decodeText(await readFile(path));
      if (!isDocuments && !YAML.test(path)) {
        values.set(joinPath(folder, basename(path)), text.replace(/\n$/, ''));
        continue;
      }
      try {
        readYamlKeys(text, folder, values, isDocuments ? '1.1' : '1.2');
      } catch (error) {
        throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
    }
    return values;
  }
}

function marksOf({ files }: Scan): string {
  return files.map(({ mark }) => mark).join('\n');
}

/** Looks at files again and again, and tells what has changed. */
class Watching {
  readonly #scan: () => Promise<Scan>;
  readonly #read: (scan: Scan) => Promise<Snapshot>;
  readonly #emit: (event: StoreEvent) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #poll: NodeJS.Timeout;
  #settle: NodeJS.Timeout | undefined;
  /** A look is under way; another one is wanted after it. */
  #busy = false;
  #again = false;
  #stopped = false;
  #marks: string | undefined;
  #last: Snapshot | undefined;
  #lost: string | undefined;

  constructor(
    pollMs: number,
    scan: () => Promise<Scan>,
    read: (scan: Scan) => Promise<Snapshot>,
    emit: (event: StoreEvent) => void,
  ) {
    this.#scan = scan;
    this.#read = read;
    this.#emit = emit;
    this.#poll = setInterval(() => {
      this.look();
    }, pollMs);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#poll);
    clearTimeout(this.#settle);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  look(): void {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    void this.#look().finally(() => {
      this.#busy = false;
      if (this.#again && !this.#stopped) {
        this.#again = false;
        this.look();
      }
    });
  }

  async #look(): Promise<void> {
    try {
      const scan = await this.#scan();
      this.#watchFolders(scan.folders);
      // Seen again once the watches are there: what changed before them gave no sign.
      const seen = await this.#scan();
      const marks = marksOf(seen);
      if (marks === this.#marks && this.#lost === undefined) return;
      const snapshot = await this.#read(seen);
      this.#marks = marks;
      this.#tell(snapshot);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#stopped || reason === this.#lost) return;
      this.#lost = reason;
      this.#emit({ kind: 'lost', reason });
    }
  }

  #tell(snapshot: Snapshot): void {
    if (this.#stopped) return;
    const before = this.#lost === undefined ? this.#last : undefined;
    this.#lost = undefined;
    this.#last = snapshot;
    if (!before) {
      this.#emit({ kind: 'snapshot', ...snapshot });
      return;
    }
    const changes = new Map<string, Entry | undefined>();
    for (const [key, entry] of snapshot.entries)
      if (before.entries.get(key) !== entry) changes.set(key, entry);
    for (const key of before.entries.keys()) if (!snapshot.entries.has(key)) changes.set(key, undefined);
    if (changes.size > 0) this.#emit({ kind: 'changes', revision: snapshot.revision, changes });
  }

  #watchFolders(paths: readonly string[]): void {
    const wanted = new Set(paths);
    for (const [path, watcher] of this.#watchers) {
      if (wanted.has(path)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    for (const path of wanted) {
      if (this.#watchers.has(path)) continue;
      const watcher = watch(path, { persistent: true }, (event) => {
        // A folder that is moved away takes its watch along.
        if (event === 'rename') this.#drop(path, watcher);
        this.#soon();
      });
      watcher.on('error', () => {
        this.#drop(path, watcher);
        this.#soon();
      });
      this.#watchers.set(path, watcher);
    }
  }

  #drop(path: string, watcher: FSWatcher): void {
    watcher.close();
    if (this.#watchers.get(path) === watcher) this.#watchers.delete(path);
  }

  #soon(): void {
    if (this.#stopped) return;
    this.#settle ??= setTimeout(() => {
      this.#settle = undefined;
      this.look();
    }, SETTLE_MS);
  }
}

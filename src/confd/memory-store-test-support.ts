/** A store in memory, whose watches a test can also lose and have read again. */
import { Observable, Subject } from 'rxjs';
import type { Entry, Snapshot, Store, StoreEvent } from './store.ts';
import { isBelow } from './store.ts';

export class MemoryStore implements Store {
  readonly name = 'memory';
  /** Paths of each reading and watch, in order. */
  readonly asked: (readonly string[])[] = [];
  isClosed = false;
  readonly #entries = new Map<string, Entry>();
  readonly #events = new Subject<StoreEvent | 'again'>();
  #revision = 0n;

  /** Takes several changes over at one revision; undefined removes a key. */
  set(changes: Iterable<readonly [key: string, value: string | undefined]>): void {
    const revision = ++this.#revision;
    const told = new Map<string, Entry | undefined>();
    for (const [key, value] of changes) {
      const entry = value === undefined ? undefined : { value, revision };
      if (entry) this.#entries.set(key, entry);
      else this.#entries.delete(key);
      told.set(key, entry);
    }
    this.#events.next({ kind: 'changes', revision, changes: told });
  }

  /** The same without a word to those who watch, as while a watch is lost. */
  setSilently(key: string, value: string): void {
    this.#entries.set(key, { value, revision: ++this.#revision });
  }

  lose(reason: string): void {
    this.#events.next({ kind: 'lost', reason });
  }

  /** Gives all that watch a new snapshot. */
  readAgain(): void {
    this.#events.next('again');
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  value(key: string): string | undefined {
    return this.#entries.get(key)?.value;
  }

  read(paths: readonly string[]): Promise<Snapshot> {
    this.asked.push(paths);
    return Promise.resolve(this.#snapshot(paths));
  }

  watch(paths: readonly string[]): Observable<StoreEvent> {
    return new Observable((subscriber) => {
      this.asked.push(paths);
      subscriber.next({ kind: 'snapshot', ...this.#snapshot(paths) });
      return this.#events.subscribe((event) => {
        if (event === 'again') {
          subscriber.next({ kind: 'snapshot', ...this.#snapshot(paths) });
          return;
        }
        if (event.kind !== 'changes') {
          subscriber.next(event);
          return;
        }
        const changes = new Map([...event.changes].filter(([key]) => isBelowAny(key, paths)));
        if (changes.size > 0) subscriber.next({ ...event, changes });
      });
    });
  }

  close(): void {
    this.isClosed = true;
  }

  #snapshot(paths: readonly string[]): Snapshot {
    return {
      revision: this.#revision,
      entries: new Map([...this.#entries].filter(([key]) => isBelowAny(key, paths))),
    };
  }
}

function isBelowAny(key: string, paths: readonly string[]): boolean {
  return paths.some((path) => isBelow(key, path));
}

/** All changes of the keys, as the members tell them, so that the keys of any revision can be had afterwards. */
import type { Etcd3, IWatchResponse } from 'etcd3';
import type { Entry, Snapshot } from '../../src/confd/store.ts';
import { after } from './cluster.ts';

export interface Change {
  readonly key: string;
  /** Undefined: the key is taken away. */
  readonly value: string | undefined;
}

export class History {
  /** Each revision is one change. */
  readonly #changes = new Map<bigint, Change>();
  readonly #bases: Snapshot[] = [];
  readonly #first: bigint;
  #isOver = false;

  /** @param first revision of the first change that is recorded */
  constructor(first: bigint) {
    this.#first = first;
  }

  /** Keys as they were read at a revision: with them it goes on where a change before was told by nobody. */
  base(snapshot: Snapshot): void {
    this.#bases.push(snapshot);
  }

  record(revision: bigint, change: Change): void {
    this.#changes.set(revision, change);
  }

  /** Records what a member tells, through all its failures, until `stop`. */
  async follow(client: Etcd3, prefix: string): Promise<void> {
    let next = this.#first;
    while (!this.#isOver) {
      const watcher = client.watch().prefix(prefix).startRevision(String(next)).watcher();
      await new Promise<void>((settle) => {
        watcher.on('data', ({ events }: IWatchResponse) => {
          for (const { type, kv } of events) {
            const revision = BigInt(kv.mod_revision);
            const value = type === 'Delete' ? undefined : kv.value.toString();
            this.record(revision, { key: kv.key.toString(), value });
            next = revision + 1n;
          }
          if (this.#isOver) settle();
        });
        watcher.on('error', (error: Error) => {
          // Compacted: what is missing here, another member has told, or nobody.
          const revision = /compacted.*?(\d+)/s.exec(error.message)?.[1];
          if (revision !== undefined && BigInt(revision) > next) next = BigInt(revision);
          settle();
        });
        watcher.on('disconnected', () => {
          settle();
        });
        watcher.on('end', settle);
      });
      watcher.removeAllListeners();
      watcher.on('error', () => undefined);
      watcher.cancel().catch(() => undefined);
      await after(200);
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  get size(): number {
    return this.#changes.size;
  }

  /**
   * The keys at each of some revisions, in order; undefined where nobody told of a change on the way.
   * @param revisions ascending
   */
  *at(revisions: Iterable<bigint>): Generator<[revision: bigint, snapshot: Snapshot | undefined]> {
    let entries: ReadonlyMap<string, Entry> = new Map();
    let done = this.#first - 1n;
    let isWhole = true;
    for (const revision of revisions) {
      let next = new Map(entries);
      for (; done < revision; done++) {
        const found = this.#changes.get(done + 1n);
        if (found) change(next, done + 1n, found);
        else isWhole = false;
      }
      const base = isWhole ? undefined : this.#bases.findLast((one) => one.revision <= revision);
      if (base && this.#isTold(base.revision, revision)) {
        next = new Map(base.entries);
        for (let at = base.revision + 1n; at <= revision; at++) change(next, at, this.#changes.get(at)!);
        isWhole = true;
      }
      entries = next;
      yield [revision, isWhole ? { revision, entries } : undefined];
    }
  }

  #isTold(after: bigint, upTo: bigint): boolean {
    for (let revision = after + 1n; revision <= upTo; revision++)
      if (!this.#changes.has(revision)) return false;
    return true;
  }
}

function change(entries: Map<string, Entry>, revision: bigint, { key, value }: Change): void {
  if (value === undefined) entries.delete(key);
  else entries.set(key, { value, revision });
}

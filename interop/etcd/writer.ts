/** Writes changes to whichever member takes them, one after the other. */
import type { Etcd3 } from 'etcd3';
import type { Entry, Snapshot } from '../../src/confd/store.ts';
import { after } from './cluster.ts';
import type { Change, History } from './history.ts';
import { PREFIX, type Keys } from './subject.ts';

/** Between two attempts, when no member takes a change. */
const PAUSE_MS = 50;

export class Writer {
  readonly #clients: readonly Etcd3[];
  readonly #history: History;
  readonly #keys: Keys;
  /** The member that took the last one. */
  #at = 0;
  #newest = 0n;
  #isDoubtful = false;
  /** When each revision was taken. */
  readonly #taken = new Map<bigint, number>();
  count = 0;
  compactions = 0;

  constructor(clients: readonly Etcd3[], history: History, keys: Keys) {
    this.#clients = clients;
    this.#history = history;
    this.#keys = keys;
  }

  /** Writes change after change; what could not be written in time is made up for. */
  async write(ratePerMinute: number, until: number): Promise<void> {
    const began = Date.now();
    for (let number = 0; ; number++) {
      const due = began + (number * 60_000) / ratePerMinute;
      if (due >= until) return;
      if (Date.now() < due) await after(due - Date.now());
      if (this.#isDoubtful) {
        this.#isDoubtful = false;
        await this.#retried((client) => this.#mend(client));
      }
      await this.put(this.#keys.next());
      this.count++;
    }
  }

  /** Resolves with the revision when a member has taken it. */
  async put({ key, value }: Change): Promise<bigint> {
    const { header } = await this.#retried(async (client) =>
      value === undefined ? await client.delete().key(key).exec() : await client.put(key).value(value).exec(),
    );
    const revision = BigInt(header.revision);
    // What was not there could not be deleted: no revision is its own.
    if (revision > this.#newest) {
      this.#history.record(revision, { key, value });
      this.#taken.set(revision, Date.now());
    }
    this.#newest = revision;
    return revision;
  }

  /** A change that seemed lost may have come later than others: what differs is written again before the next one. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /** Writes what is not as it is meant to be. Rejects where the members do not answer. */
  async mend(): Promise<void> {
    await this.#mend(this.#clients[this.#at]!);
  }

  async #mend(client: Etcd3): Promise<void> {
    const { entries } = await this.#read(client);
    const { wanted } = this.#keys;
    for (const [key, value] of wanted) if (entries.get(key)?.value !== value) await this.put({ key, value });
    for (const key of entries.keys()) if (!wanted.has(key)) await this.put({ key, value: undefined });
  }

  async #read(client: Etcd3): Promise<Snapshot> {
    const { kvs, header } = await client.getAll().prefix(`${PREFIX}/`).exec();
    const entries = new Map<string, Entry>();
    for (const { key, value, mod_revision } of kvs)
      entries.set(key.toString(), { value: value.toString(), revision: BigInt(mod_revision) });
    const snapshot = { revision: BigInt(header.revision), entries };
    this.#history.base(snapshot);
    return snapshot;
  }

  async compact(): Promise<void> {
    for (const client of this.#clients) {
      try {
        // What nobody told of before is lost now.
        const revision = String((await this.#read(client)).revision);
        await client.kv.compact({ revision, physical: true });
        this.compactions++;
        return;
      } catch {
        // It is away, or has no majority: perhaps another one.
      }
    }
  }

  /**
   * Milliseconds from each change until a configuration of its revision, or a later one, was in force.
   * @param times when a configuration of a revision was seen
   */
  lags(times: ReadonlyMap<bigint, number>): number[] {
    const seen = [...times].sort(([a], [b]) => (a < b ? -1 : 1));
    let i = 0;
    const lags: number[] = [];
    for (const [revision, at] of this.#taken) {
      while (i < seen.length && seen[i]![0] < revision) i++;
      const found = seen[i];
      // Those before the reflector was there are no matter of it.
      if (found && at >= seen[0]![1]) lags.push(Math.max(found[1] - at, 0));
    }
    return lags;
  }

  async #retried<T>(work: (client: Etcd3) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work(this.#clients[this.#at]!);
      } catch {
        this.#at = (this.#at + 1) % this.#clients.length;
        await after(PAUSE_MS);
      }
    }
  }
}

/** Where keys come from: one consistent reading with a revision, then changes. */
import type { Observable } from 'rxjs';

export interface Entry {
  readonly value: string;
  /** Of the store when the key got this value. */
  readonly revision: bigint;
}

/** All keys of a reading, as they were at one revision. */
export interface Snapshot {
  readonly revision: bigint;
  readonly entries: ReadonlyMap<string, Entry>;
}

/**
 * What a watch tells. A snapshot is first; where changes may have been missed another one follows, whatever the reason.
 * Between them what is known stays as it was.
 */
export type StoreEvent =
  | ({ readonly kind: 'snapshot' } & Snapshot)
  /** Undefined: the key is gone. */
  | {
      readonly kind: 'changes';
      readonly revision: bigint;
      readonly changes: ReadonlyMap<string, Entry | undefined>;
    }
  /** The store cannot be read at the moment. */
  | { readonly kind: 'lost'; readonly reason: string };

export interface Store {
  /** For messages: `etcd at 127.0.0.1:2379`. */
  readonly name: string;
  /**
   * Reads all keys that are one of some paths, or below it, at one revision.
   * Throws an error that says what is wrong.
   */
  read(paths: readonly string[]): Promise<Snapshot>;
  /** The same, then what changes, until it is unsubscribed. Never fails: it says `lost` and tries again. */
  watch(paths: readonly string[]): Observable<StoreEvent>;
  close(): void;
}

/** Keys that are gone when whoever wrote them is. */
export interface LeaseStore {
  /** For messages, as that of a `Store`. */
  readonly name: string;
  /** Makes a lease. Rejects with what is wrong, as all requests do, after a while where nobody answers. */
  grant(ttlS: number): Promise<KeyLease>;
  close(): void;
}

/** All keys that are written with a lease go with it: when it was not renewed for its time, or is revoked. */
export interface KeyLease {
  /**
   * Writes a key that nobody has, or that has a value of one's own, of an earlier lease.
   * @returns undefined, or the value of whoever has it
   */
  claim(key: string, value: string, isOwn: (value: string) => boolean): Promise<string | undefined>;
  /** False where the lease is gone, or the claimed key is not its any more. */
  renew(claimed: string): Promise<boolean>;
  /** In one transaction. False, and nothing is written, where the lease is gone, or the claimed key is not its any more. */
  write(claimed: string, puts: ReadonlyMap<string, string>, removals: readonly string[]): Promise<boolean>;
  revoke(): Promise<void>;
}

/** Whether a key is a path or below it. */
export function isBelow(key: string, path: string): boolean {
  return key === path || path === '/' || key.startsWith(path.endsWith('/') ? path : `${path}/`);
}

/** Whether keys are one of some paths or below it, for many keys. */
export function belowAny(paths: readonly string[]): (key: string) => boolean {
  const folders = paths.map((path) => (path === '/' ? '' : path.endsWith('/') ? path : `${path}/`));
  return (key) => {
    for (let i = 0; i < folders.length; i++) if (key === paths[i] || key.startsWith(folders[i]!)) return true;
    return false;
  };
}

/** Paths without those that are below another one, in order. */
export function outermost(paths: readonly string[]): string[] {
  const all = [...new Set(paths)].sort();
  return all.filter((path) => !all.some((other) => other !== path && isBelow(path, other)));
}

/** Keys as events tell them. */
export class KeyView {
  #revision = 0n;
  #entries: Map<string, Entry> = new Map();
  /** Somebody has the entries, so that the next change needs a copy. */
  #isShared = false;

  get snapshot(): Snapshot {
    this.#isShared = true;
    return { revision: this.#revision, entries: this.#entries };
  }

  /** Takes an event over; gives the keys that are now other than before. */
  apply(event: StoreEvent): string[] {
    switch (event.kind) {
      case 'lost':
        return [];
      case 'snapshot': {
        const before = this.#entries;
        this.#entries = event.entries as Map<string, Entry>;
        this.#isShared = true;
        this.#revision = event.revision;
        return differing(before, event.entries);
      }
      case 'changes': {
        const entries = this.#isShared ? new Map(this.#entries) : this.#entries;
        this.#isShared = false;
        const changed: string[] = [];
        for (const [key, entry] of event.changes) {
          if (entries.get(key)?.value !== entry?.value) changed.push(key);
          if (entry) entries.set(key, entry);
          else entries.delete(key);
        }
        this.#entries = entries;
        this.#revision = event.revision;
        return changed;
      }
    }
  }
}

/** Keys that only one of two readings has, or that have other values. */
function differing(a: ReadonlyMap<string, Entry>, b: ReadonlyMap<string, Entry>): string[] {
  const keys = new Set([...a.keys(), ...b.keys()]);
  return [...keys].filter((key) => a.get(key)?.value !== b.get(key)?.value);
}

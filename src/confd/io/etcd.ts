/** Keys in etcd v3. */
import type { Etcd3, IOptions, IRangeResponse, IWatchResponse, Watcher } from 'etcd3';
import { isRecoverableError } from 'etcd3';
import { Observable } from 'rxjs';
import type { EtcdSettings } from '../etcd-options.ts';
import type { Entry, Snapshot, Store, StoreEvent } from '../store.ts';
import { isBelow, outermost } from '../store.ts';
import { decodeText } from '../template/text.ts';
import { connectEtcd, etcdClientOptions } from './etcd-client.ts';

const REQUEST_MS = 5000;
/** How often it is checked that the watch has missed nothing: a member without a leader says nothing more. */
const AUDIT_MS = 5000;
/** Pause before the next attempt, doubled with each failure up to the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** Keys of one request; fewer where their values are large. */
const PAGE = 4000;
/** Bytes of all values together. */
const MAX_TOTAL = 256 * 1024 * 1024;
/** Attempts at a consistent reading while etcd is compacted under it. */
const MAX_READS = 3;

/** Keys from one up to, but without, another. */
interface Range {
  readonly start: string;
  readonly end: string;
}

export class EtcdStore implements Store {
  readonly name: string;
  readonly #options: IOptions;
  readonly #auditMs: number;

  /**
   * Throws where files of certificates cannot be read.
   * @param requestMs how long a request may take
   */
  constructor(settings: EtcdSettings, { auditMs = AUDIT_MS, requestMs = REQUEST_MS } = {}) {
    this.name = `etcd at ${settings.endpoints.join(', ')}`;
    this.#options = etcdClientOptions(settings, requestMs);
    this.#auditMs = auditMs;
  }

  async read(paths: readonly string[]): Promise<Snapshot> {
    let client: Etcd3 | undefined;
    try {
      client = await firstToAnswer(this.#options, paths);
      return await readAll(client, paths);
    } catch (error) {
      throw new Error(`${this.name}: ${reasonOf(error)}`, { cause: error });
    } finally {
      client?.close();
    }
  }

  watch(paths: readonly string[]): Observable<StoreEvent> {
    return new Observable((subscriber) => {
      const stop = new AbortController();
      void this.#follow(
        paths,
        (event) => {
          subscriber.next(event);
        },
        stop.signal,
      );
      return () => {
        stop.abort();
      };
    });
  }

  close(): void {
    // Each reading and each watch has a connection of its own, which ends with it.
  }

  /** Reads, then watches, and again whenever the watch ends. */
  async #follow(
    paths: readonly string[],
    emit: (event: StoreEvent) => void,
    stop: AbortSignal,
  ): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!stop.aborted) {
      let client: Etcd3 | undefined;
      // Of the member that is watched, the others know better whether it is behind.
      const auditor = connectEtcd(this.#options);
      try {
        client = await firstToAnswer(this.#options, paths);
        const snapshot = await readAll(client, paths);
        if (isStopped(stop)) return;
        emit({ kind: 'snapshot', ...snapshot });
        pauseMs = FIRST_PAUSE_MS;
        await new Following({ client, auditor, paths, snapshot, emit, auditMs: this.#auditMs }).run(stop);
      } catch (error) {
        if (isStopped(stop)) return;
        emit({ kind: 'lost', reason: `${this.name}: ${reasonOf(error)}` });
      } finally {
        client?.close();
        auditor.close();
      }
      await pause(pauseMs, stop);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}

/** `aborted` as it is now: the compiler takes it for what it was before waiting. */
function isStopped(stop: AbortSignal): boolean {
  return stop.aborted;
}

/**
 * A connection to the member that answers first: one that is cut off would keep a request waiting until its time is over.
 * Rejects where none answers, with what the one says that was reached.
 */
async function firstToAnswer(options: IOptions, [path = '/']: readonly string[]): Promise<Etcd3> {
  const clients = [options.hosts].flat().map((host) => connectEtcd({ ...options, hosts: host }));
  if (clients.length === 1) return clients[0]!;
  let first: Etcd3 | undefined;
  try {
    first = await Promise.any(
      clients.map((client) =>
        client
          .get(path)
          .exec()
          .then(() => client),
      ),
    );
    return first;
  } catch (error) {
    const errors = (error as AggregateError).errors as Error[];
    throw errors.find((one) => !isRecoverableError(one)) ?? errors[0]!;
  } finally {
    for (const client of clients) if (client !== first) client.close();
  }
}

/** '0' is what follows '/': all below the path is in the range, and some of its neighbours, which are left out. */
function rangeOf(path: string): Range {
  return path === '/' ? { start: '/', end: '0' } : { start: path, end: `${path}0` };
}

/** What is watched: one range where all paths have a folder in common, so that changes of all come in order. */
function watchedRanges(paths: readonly string[]): Range[] {
  const parts = paths.map((path) => path.split('/'));
  const [first = []] = parts;
  let common = 0;
  while (common < first.length && parts.every((one) => one[common] === first[common])) common++;
  const folder = first.slice(0, common).join('/');
  return folder === '' ? paths.map(rangeOf) : [rangeOf(folder)];
}

async function readAll(client: Etcd3, paths: readonly string[]): Promise<Snapshot> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(client, outermost(paths));
    } catch (error) {
      if (attempt === MAX_READS || !/compacted/.test(reasonOf(error))) throw error;
    }
  }
}

/** Page after page, all at the revision of the first one. */
async function readOnce(client: Etcd3, paths: readonly string[]): Promise<Snapshot> {
  const entries = new Map<string, Entry>();
  let revision: string | undefined;
  let total = 0;
  for (const path of paths) {
    const { start, end } = rangeOf(path);
    let from: string | Buffer = start;
    let size = PAGE;
    for (;;) {
      const request = client.getAll().inRange({ start: from, end }).limit(size);
      if (revision !== undefined) request.revision(revision);
      let page: IRangeResponse;
      try {
        page = await request.exec();
      } catch (error) {
        if (size === 1 || !/larger than max|RESOURCE_EXHAUSTED/i.test(reasonOf(error))) throw error;
        size = Math.ceil(size / 4);
        continue;
      }
      revision ??= page.header.revision;
      for (const { key, value, mod_revision } of page.kvs) {
        total += value.length;
        if (total > MAX_TOTAL)
          throw new Error(`the values below ${paths.join(', ')} are more than ${MAX_TOTAL} bytes`);
        const name = decodeText(key);
        if (isBelow(name, path))
          entries.set(name, { value: decodeText(value), revision: BigInt(mod_revision) });
      }
      const last = page.kvs.at(-1);
      if (!page.more || !last) break;
      from = Buffer.concat([last.key, Buffer.of(0)]);
    }
  }
  // Without paths there is nothing to ask; the revision is that of anything.
  revision ??= (await client.get('/').exec()).header.revision;
  return { revision: BigInt(revision), entries };
}

interface FollowingOptions {
  readonly client: Etcd3;
  /** Asks whichever member. */
  readonly auditor: Etcd3;
  readonly paths: readonly string[];
  readonly snapshot: Snapshot;
  readonly emit: (event: StoreEvent) => void;
  readonly auditMs: number;
}

/** Watches that belong to one reading, until one of them ends. */
class Following {
  readonly #client: Etcd3;
  readonly #auditor: Etcd3;
  readonly #paths: readonly string[];
  readonly #ranges: readonly Range[];
  readonly #emit: (event: StoreEvent) => void;
  readonly #auditMs: number;
  readonly #from: bigint;
  /** Keys that are known, and the revision up to which. */
  readonly #known: Set<string>;
  #seen: bigint;
  /** What was known up to when etcd was last found to have other keys. */
  #suspectedAt: bigint | undefined;

  constructor({ client, auditor, paths, snapshot, emit, auditMs }: FollowingOptions) {
    this.#client = client;
    this.#auditor = auditor;
    this.#paths = outermost(paths);
    this.#ranges = watchedRanges(this.#paths);
    this.#emit = emit;
    this.#auditMs = auditMs;
    this.#from = snapshot.revision + 1n;
    this.#known = new Set(snapshot.entries.keys());
    this.#seen = snapshot.revision;
  }

  /** Rejects when a watch ends, with the reason; resolves when it is stopped. */
  async run(stop: AbortSignal): Promise<void> {
    const watchers: Watcher[] = [];
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    try {
      await new Promise<void>((settle, fail) => {
        stop.addEventListener('abort', () => {
          settle();
        });
        for (const range of this.#ranges) {
          const watcher = this.#client.watch().inRange(range).startRevision(String(this.#from)).watcher();
          watchers.push(watcher);
          watcher.on('data', (response: IWatchResponse) => {
            this.#take(response);
          });
          watcher.on('disconnected', fail);
          watcher.on('error', fail);
          watcher.on('end', () => {
            fail(new Error('the watch ended'));
          });
        }
        const auditLater = (): void => {
          if (isOver) return;
          timer = setTimeout(() => {
            this.#audit().then(auditLater, fail);
          }, this.#auditMs);
        };
        auditLater();
      });
    } finally {
      isOver = true;
      clearTimeout(timer);
      for (const watcher of watchers) {
        watcher.removeAllListeners();
        // What comes after the end interests nobody, but must not be thrown either.
        watcher.on('error', () => undefined);
        watcher.cancel().catch(() => undefined);
      }
    }
  }

  #take({ header, events }: IWatchResponse): void {
    const changes = new Map<string, Entry | undefined>();
    for (const { type, kv } of events) {
      const key = decodeText(kv.key);
      if (!this.#paths.some((path) => isBelow(key, path))) continue;
      if (type === 'Delete') {
        changes.set(key, undefined);
        this.#known.delete(key);
      } else {
        changes.set(key, { value: decodeText(kv.value), revision: BigInt(kv.mod_revision) });
        this.#known.add(key);
      }
    }
    this.#seen = BigInt(header.revision);
    if (changes.size > 0) this.#emit({ kind: 'changes', revision: BigInt(header.revision), changes });
  }

  /** Rejects where etcd has other keys than are known, and had at the last audit, while the watch said nothing. */
  async #audit(): Promise<void> {
    const isBehind = (await Promise.all(this.#paths.map((path) => this.#isBehind(path)))).includes(true);
    if (isBehind && this.#suspectedAt === this.#seen) throw new Error('the watch is behind what etcd has');
    this.#suspectedAt = isBehind ? this.#seen : undefined;
  }

  async #isBehind(path: string): Promise<boolean> {
    const prefix = path === '/' ? '/' : `${path}/`;
    const range = { start: prefix, end: rangeOf(path).end };
    const { kvs, count } = await this.#auditor.getAll().inRange(range).sort('Mod', 'Descend').limit(1).exec();
    const newest = BigInt(kvs[0]?.mod_revision ?? 0);
    let known = 0;
    for (const key of this.#known) if (key.startsWith(prefix)) known++;
    return newest > this.#seen || Number(count) !== known;
  }
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((settle) => {
    const timer = setTimeout(settle, ms);
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
      settle();
    });
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.constructor.name : String(error);
}

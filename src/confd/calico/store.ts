/** A store that shows Calico's resources as the keys that its templates read, beside all else that is in another store. */
import { concatMap, EMPTY, from, map, merge, mergeMap, NEVER, Observable, of } from 'rxjs';
import type { Entry, Snapshot, Store, StoreEvent } from '../store.ts';
import { belowAny, isBelow, outermost } from '../store.ts';
import type { Claim, Source } from './claims.ts';
import { KINDS, RESOURCES } from './resource.ts';
import type { Secrets } from './secrets.ts';
import { Translator } from './translator.ts';

/** Trees that resources are translated to. */
const TRANSLATED = [
  '/calico/bgp/v1',
  '/calico/v1/ipam',
  '/calico/ipam/v2/host',
  '/calico/staticroutes',
  '/calico/staticroutesv6',
  '/calico/rejectcidrs',
  '/calico/rejectcidrsv6',
];
const SOURCES = Object.values(KINDS).map((folder) => `${RESOURCES}/${folder}`);

/** Warnings that are kept so as not to repeat them: what they are about may have other names again and again. */
const MAX_WARNED = 10_000;
/** Characters of a secret's name that are shown. */
const MAX_NAME = 253;

export interface CalicoStoreOptions {
  /** The node that configuration is for: Calico's NODENAME. */
  readonly nodeName: string;
  /** Where passwords are; without it there are none. */
  readonly secrets?: Secrets;
  /** Lets other work be done: resolves after it. */
  readonly pause: () => Promise<void>;
  /** Is told once of each resource that is left out, and why. */
  readonly warn: (message: string) => void;
}

type Input = StoreEvent | { readonly kind: 'secrets' };

export class CalicoStore implements Store {
  readonly name: string;
  readonly #base: Store;
  readonly #options: CalicoStoreOptions;
  readonly #warned = new Map<string, string>();
  #latest: Translator | undefined;

  constructor(base: Store, options: CalicoStoreOptions) {
    this.name = base.name;
    this.#base = base;
    this.#options = options;
  }

  async read(paths: readonly string[]): Promise<Snapshot> {
    if (!isConcerned(paths)) return await this.#base.read(paths);
    const snapshot = await this.#base.read(widened(paths));
    const translator = this.#translator(paths);
    await this.#run(translator.apply(snapshot.entries));
    return { revision: snapshot.revision, entries: entriesOf(translator, paths) };
  }

  watch(paths: readonly string[]): Observable<StoreEvent> {
    if (!isConcerned(paths)) return this.#base.watch(paths);
    return new Observable((subscriber) => {
      let translator: Translator | undefined;
      let revision = 0n;
      const translate = async (input: Input): Promise<StoreEvent | undefined> => {
        if (input.kind === 'lost') return input;
        if (input.kind === 'snapshot') {
          revision = input.revision;
          translator = this.#translator(paths);
          await this.#run(translator.apply(input.entries));
          return { kind: 'snapshot', revision, entries: entriesOf(translator, paths) };
        }
        if (!translator) return undefined;
        if (input.kind === 'changes') revision = input.revision;
        const changed = await this.#run(
          input.kind === 'changes' ? translator.apply(input.changes) : translator.secretsChanged(),
        );
        const changes = changesOf(translator, changed, paths);
        return changes.size > 0 ? { kind: 'changes', revision, changes } : undefined;
      };
      const secrets = this.#options.secrets?.changes ?? NEVER;
      return merge(this.#base.watch(widened(paths)), secrets.pipe(map((): Input => ({ kind: 'secrets' }))))
        .pipe(
          concatMap((input: Input) => from(translate(input))),
          mergeMap((event) => (event ? of(event) : EMPTY)),
        )
        .subscribe(subscriber);
    });
  }

  close(): void {
    this.#base.close();
  }

  /**
   * The keys of the store that a translated key came from at the last reading or change; undefined where the store has it
   * as it is, or there is none.
   */
  sourcesOf(key: string): readonly Source[] | undefined {
    return this.#latest?.winners.get(key)?.sources;
  }

  #translator(paths: readonly string[]): Translator {
    const { nodeName, secrets } = this.#options;
    return (this.#latest = new Translator({
      nodeName,
      isPendingKept: isOfOldTemplates(paths),
      secret: (ref) => {
        const text = secrets?.get(ref);
        if (text === undefined)
          this.#warn(
            `secret ${ref.name.slice(0, MAX_NAME)}, ${ref.key.slice(0, MAX_NAME)}`,
            'there is none, so there is no password',
          );
        return text;
      },
      report: (key, problem) => {
        if (problem === undefined) this.#warned.delete(key);
        else this.#warn(key, problem);
      },
    }));
  }

  #warn(subject: string, problem: string): void {
    if (this.#warned.get(subject) === problem) return;
    const [oldest] = this.#warned.keys();
    if (oldest !== undefined && this.#warned.size >= MAX_WARNED) this.#warned.delete(oldest);
    this.#warned.set(subject, problem);
    this.#options.warn(`${this.name}: ${subject}: ${problem}`);
  }

  async #run<T>(work: Generator<void, T>): Promise<T> {
    for (;;) {
      const step = work.next();
      if (step.done) return step.value;
      await this.#options.pause();
    }
  }
}

function isConcerned(paths: readonly string[]): boolean {
  return paths.some((path) => TRANSLATED.some((tree) => isBelow(path, tree) || isBelow(tree, path)));
}

/**
 * Templates of releases before 3.26, which ask for no filters, are shown blocks that are not yet a node's and say so
 * themselves; later ones take all that they see for the node's.
 */
function isOfOldTemplates(paths: readonly string[]): boolean {
  const filters = `${RESOURCES}/${KINDS.BGPFilter}`;
  return !paths.some((path) => isBelow(filters, path) || isBelow(path, filters));
}

function widened(paths: readonly string[]): string[] {
  return outermost([...paths, ...SOURCES]);
}

function entryOf({ value, sources }: Claim): Entry {
  let revision = 0n;
  for (const source of sources) if (source.revision > revision) revision = source.revision;
  return { value, revision };
}

function entriesOf(translator: Translator, paths: readonly string[]): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  const isWanted = belowAny(paths);
  for (const [key, claim] of translator.winners) if (isWanted(key)) entries.set(key, entryOf(claim));
  return entries;
}

/**
 * What is other than before, in value or revision.
 * @param changed keys that may be, with what stood there
 */
function changesOf(
  translator: Translator,
  changed: ReadonlyMap<string, Claim | undefined>,
  paths: readonly string[],
): Map<string, Entry | undefined> {
  const changes = new Map<string, Entry | undefined>();
  const isWanted = belowAny(paths);
  for (const [key, before] of changed) {
    if (!isWanted(key)) continue;
    const claim = translator.winners.get(key);
    if (claim === before) continue;
    const entry = claim && entryOf(claim);
    if (entry && before?.value === entry.value && entryOf(before).revision === entry.revision) continue;
    changes.set(key, entry);
  }
  return changes;
}

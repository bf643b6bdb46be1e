/**
 * From a store to renderings of all templates, one after the other: each is delivered whole, and the next one waits until
 * it has been taken or refused.
 */
import { Subject } from 'rxjs';
import type { Subscription } from 'rxjs';
import type { Clock } from '../base/clock.ts';
import { shortened } from '../base/shortened.ts';
import { ReadyTemplates, renderText, ResourceKeys } from './render.ts';
import type { RenderWorld, Template } from './render.ts';
import type { TemplateResource } from './resource.ts';
import { isBelow, outermost } from './store.ts';
import type { Snapshot, Store, StoreEvent } from './store.ts';
import { applyChanges } from './watch.ts';

export interface LoadedResource {
  readonly resource: TemplateResource;
  readonly template: Template;
}

/** Keys that a rendering is about: some of their names, and how many there are. */
export interface ChangedKeys {
  readonly names: readonly string[];
  readonly count: number;
}

export type Rendering = (
  | {
      readonly kind: 'good';
      /** By `dest`. */
      readonly texts: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'bad'; readonly reason: string }
) & {
  /** Of the store. */
  readonly revision: bigint;
  readonly changed: ChangedKeys;
};

/** `change`: keys did; `asked`: somebody wants it read again; `check`: the same, to look at it. */
export type Purpose = 'change' | 'asked' | 'check';

export interface RenderingsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly world: RenderWorld;
  /**
   * All resources. Rejects with what is wrong.
   * @param generated texts of resources that were rendered themselves, by path
   */
  readonly load: (generated: ReadonlyMap<string, string>) => Promise<LoadedResource[]>;
  /** Whether a text that goes to this path is a resource. */
  readonly isResource: (dest: string) => boolean;
  /** Takes a rendering. Resolves with whether it is in force; must not reject. */
  readonly deliver: (rendering: Rendering, purpose: Purpose) => Promise<boolean>;
  /** Something is about to be rendered. */
  readonly begins?: () => void;
  /** A rendering is in force. Must not reject. */
  readonly taken?: (
    rendering: Rendering & { kind: 'good' },
    resources: readonly LoadedResource[],
    snapshot: Snapshot,
  ) => Promise<void>;
  /** A rendering, not one to look at, is not in force. */
  readonly notTaken?: (
    rendering: Rendering,
    resources: readonly LoadedResource[],
    snapshot: Snapshot,
  ) => void;
  /** The store can be read, or why it cannot. */
  readonly connected: (lost: string | undefined) => void;
}

/** Names of keys that are told with a rendering. */
const MAX_NAMES = 5;
/** Characters of why a rendering is none. */
const LONGEST_REASON = 2000;
/** Keys from which on rendering is rehearsed once the first one is in force, and how often. */
const REHEARSED_FROM = 1000;
const REHEARSALS = 2;
/** Rendered resources may make others that are rendered. */
const MAX_ROUNDS = 5;

export class Renderings {
  readonly #options: RenderingsOptions;
  readonly #again = new Subject<void>();
  #subscription: Subscription | undefined;
  #loaded: readonly LoadedResource[] = [];
  #watched: readonly string[] = [];
  /** Rendered, by `dest`; those of another set of resources are left out when a rendering is made. */
  #texts = new Map<string, string>();
  /** Texts of resources, by path. */
  #generated = new Map<string, string>();
  /** To be rendered whatever has changed: new ones, and those of a rendering that failed. */
  #due = new Set<LoadedResource>();
  readonly #ready = new ReadyTemplates();
  readonly #keys = new WeakMap<TemplateResource, ResourceKeys>();
  #asked: Exclude<Purpose, 'change'>[] = [];
  #hasSnapshot = false;
  #isRehearsed = false;
  #lost: string | undefined;

  constructor(options: RenderingsOptions) {
    this.#options = options;
  }

  /** Loads the resources and begins to watch their keys. Rejects where the resources are wrong. */
  async start(): Promise<void> {
    this.#take(await this.#options.load(this.#generated));
    this.#watch();
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  /** Has resources and templates read again, and all rendered; that is delivered for the purpose. */
  refresh(purpose: Exclude<Purpose, 'change'>): void {
    this.#asked.push(purpose);
    if (this.#hasSnapshot) {
      this.#again.next();
      return;
    }
    const reason = `the keys have not been read yet: ${this.#lost ?? `waiting for ${this.#options.store.name}`}`;
    const failed: Rendering = { kind: 'bad', reason, revision: 0n, changed: { names: [], count: 0 } };
    for (const one of this.#asked.splice(0)) void this.#options.deliver(failed, one);
  }

  #take(loaded: readonly LoadedResource[]): void {
    this.#loaded = loaded;
    this.#due = new Set(loaded);
  }

  #watch(): void {
    const { store, clock, connected } = this.#options;
    this.#subscription?.unsubscribe();
    this.#watched = outermost(this.#loaded.flatMap(({ resource }) => resource.paths));
    const events = store.watch(this.#watched);
    const lost = (reason: string): void => {
      this.#lost = reason;
      connected(reason);
    };
    const seen = (event: StoreEvent): void => {
      if (event.kind === 'lost') return;
      this.#hasSnapshot = true;
      if (event.kind === 'snapshot' || this.#lost !== undefined) connected(undefined);
      this.#lost = undefined;
    };
    const apply = (snapshot: Snapshot, changed: ReadonlySet<string>): Promise<void> =>
      this.#apply(snapshot, changed);
    this.#subscription = applyChanges(events, clock, apply, lost, { again: this.#again, seen });
  }

  async #apply(snapshot: Snapshot, changedKeys: ReadonlySet<string>): Promise<void> {
    const { deliver, taken, notTaken } = this.#options;
    const asked = this.#asked.splice(0);
    const changed = { names: firstOf(changedKeys, MAX_NAMES), count: changedKeys.size };
    const about = { revision: snapshot.revision, changed };
    if (asked.includes('check')) await deliver({ ...(await this.#check(snapshot)), ...about }, 'check');
    const wanted = asked.includes('asked');
    if (!wanted && changedKeys.size === 0 && this.#due.size === 0) return;
    this.#options.begins?.();
    for (const each of this.#loaded)
      if (each.resource.paths.some((path) => someBelow(changedKeys, path))) this.#due.add(each);
    let rendering: Rendering;
    try {
      if (wanted) this.#take(await this.#options.load(this.#generated));
      if (!(await this.#renderDue(snapshot))) {
        // Resources want other keys: their snapshot comes as the next change.
        if (wanted) this.#asked.push('asked');
        this.#watch();
        return;
      }
      rendering = { kind: 'good', texts: this.#current(), ...about };
    } catch (error) {
      rendering = { kind: 'bad', reason: messageOf(error), ...about };
    }
    const inForce = await deliver(rendering, wanted ? 'asked' : 'change');
    if (inForce && rendering.kind === 'good') {
      await taken?.(rendering, this.#loaded, snapshot);
      await this.#rehearse(snapshot);
    } else notTaken?.(rendering, this.#loaded, snapshot);
  }

  /**
   * Renders what is in force again, once: a rendering that mostly finds what was written before runs other code than the
   * first one did, which the run-time compiler would meet with the first change.
   */
  async #rehearse(snapshot: Snapshot): Promise<void> {
    if (this.#isRehearsed || snapshot.entries.size < REHEARSED_FROM) return;
    this.#isRehearsed = true;
    try {
      for (let i = 0; i < REHEARSALS; i++)
        for (const each of this.#loaded) await this.#render(each, snapshot);
    } catch {
      // It rendered a moment ago: what fails now, of the world outside, counts with the next rendering.
    }
  }

  /** Renders what is due; false where the resources that come of it have keys that are not watched. */
  async #renderDue(snapshot: Snapshot): Promise<boolean> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const due = [...this.#due];
      for (const each of due) this.#texts.set(each.resource.dest, await this.#render(each, snapshot));
      this.#due.clear();
      const generated = new Map([...this.#current()].filter(([dest]) => this.#options.isResource(dest)));
      if (sameTexts(generated, this.#generated)) return true;
      const loaded = await this.#loadGenerated(generated, due);
      this.#generated = generated;
      this.#take(loaded);
      const paths = loaded.flatMap(({ resource }) => resource.paths);
      if (!paths.every((path) => this.#watched.some((known) => isBelow(path, known)))) return false;
    }
    throw new Error('template resources that are rendered change each other again and again');
  }

  /** What made resources that are wrong stays due. */
  async #loadGenerated(
    generated: ReadonlyMap<string, string>,
    due: readonly LoadedResource[],
  ): Promise<LoadedResource[]> {
    try {
      return await this.#options.load(generated);
    } catch (error) {
      for (const each of due) this.#due.add(each);
      throw error;
    }
  }

  async #render({ resource, template }: LoadedResource, snapshot: Snapshot): Promise<string> {
    let keys = this.#keys.get(resource);
    if (!keys) this.#keys.set(resource, (keys = new ResourceKeys(resource)));
    return await renderText(template, keys.of(snapshot), this.#options.world, this.#ready);
  }

  /** The texts of the present resources. */
  #current(): Map<string, string> {
    const texts = new Map<string, string>();
    for (const { resource } of this.#loaded) {
      const text = this.#texts.get(resource.dest);
      if (text !== undefined) texts.set(resource.dest, text);
    }
    return texts;
  }

  /** What the folder has now, rendered and forgotten. */
  async #check(
    snapshot: Snapshot,
  ): Promise<{ kind: 'good'; texts: Map<string, string> } | { kind: 'bad'; reason: string }> {
    try {
      const texts = new Map<string, string>();
      for (const each of await this.#options.load(this.#generated))
        texts.set(each.resource.dest, await this.#render(each, snapshot));
      return { kind: 'good', texts };
    } catch (error) {
      return { kind: 'bad', reason: messageOf(error) };
    }
  }
}

function someBelow(keys: ReadonlySet<string>, path: string): boolean {
  for (const key of keys) if (isBelow(key, path)) return true;
  return false;
}

function firstOf(keys: ReadonlySet<string>, count: number): string[] {
  const names: string[] = [];
  for (const key of keys) {
    if (names.length === count) break;
    names.push(key);
  }
  return names;
}

function sameTexts(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([dest, text]) => b.get(dest) === text);
}

/** A message may repeat the value of a key. */
function messageOf(error: unknown): string {
  return shortened(error instanceof Error ? error.message : String(error), LONGEST_REASON);
}

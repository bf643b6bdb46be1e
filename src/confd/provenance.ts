/**
 * Where each line of a rendered text comes from: the line of the template, and the keys with their revisions. A rendering
 * gives the same text each time, so this is found out by rendering once more, traced, when somebody asks.
 */
import { FolderSources } from './folder-sources.ts';
import type { RenderWorld, Template } from './render.ts';
import { keysOf, shortKey, templateFuncs, untilAnswered } from './render.ts';
import type { TemplateResource } from './resource.ts';
import type { Snapshot } from './store.ts';
import { TemplateError } from './template/error.ts';
import { TemplateSet } from './template/exec.ts';
import { joinPath } from './template/go-path.ts';
import { Trace } from './template/trace.ts';
import { TracedText } from './template/traced-text.ts';
import { tracedKeyFuncs } from './template/traced-key-funcs.ts';

/** What a key has to do with a line. */
export type KeyRole =
  /** Its value, or its name, is printed on the line. */
  | 'value'
  /** It decided that the line is there. */
  | 'condition'
  /** It decided that something else is not there, at this place. */
  | 'beside';

export interface KeyRevision {
  /** As the store has it. One that ends with a slash stands for what is below it. */
  readonly key: string;
  /** When it got its value; of a folder, the latest of what is below. Undefined: there is no such key. */
  readonly revision: bigint | undefined;
}

export interface KeyOrigin extends KeyRevision {
  readonly role: KeyRole;
}

export interface LineOrigin {
  /** Name of the template's file. */
  readonly template: string;
  /** From 1 on. */
  readonly templateLine: number;
  /** Each key once, those of values first. */
  readonly keys: readonly KeyOrigin[];
}

/**
 * The keys of the store that a key was made of, where what the template sees is a translation. Undefined: the key is one
 * of the store itself.
 */
export type KeySources = (key: string) => readonly KeyRevision[] | undefined;

/** A rendered text whose lines know where they come from. */
export interface Provenance {
  readonly text: string;
  /** Number of lines; a last one without a line feed counts. */
  readonly lines: number;
  /** @param line from 1 on; undefined where there is no such line */
  originOf(line: number): LineOrigin | undefined;
  /** Why the rendering ended early, and the keys that have to do with it. */
  readonly failure: { readonly error: TemplateError; readonly keys: readonly KeyOrigin[] } | undefined;
}

/**
 * Renders a template and follows its values. What is wrong with the template is in `failure`; other errors are thrown.
 * @param sources for keys that the store does not have as they are
 */
export async function traceText(
  template: Template,
  resource: TemplateResource,
  snapshot: Snapshot,
  world: RenderWorld,
  sources?: KeySources,
): Promise<Provenance> {
  const keys = keysOf(resource, snapshot);
  const find = new KeyFinder(resource, snapshot, sources);
  return await untilAnswered(template.name, world, (answers) => {
    const text = new TracedText();
    const trace = new Trace(text);
    const funcs = { ...templateFuncs(world, () => answers), ...tracedKeyFuncs(keys, trace) };
    const set = new TemplateSet(funcs, { trace });
    try {
      set.parse(template.name, template.text);
      set.execute(template.name, undefined, (piece, tree, node) => {
        text.write(piece, tree, node, trace.value, trace.guard);
      });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return new TracedRendering(text, find, { error, origin: trace.failing });
    }
    return new TracedRendering(text, find, undefined);
  });
}

class TracedRendering implements Provenance {
  readonly text: string;
  readonly lines: number;
  readonly failure: Provenance['failure'];
  readonly #traced: TracedText;
  readonly #find: KeyFinder;

  constructor(
    traced: TracedText,
    find: KeyFinder,
    failed: { readonly error: TemplateError; readonly origin: number } | undefined,
  ) {
    this.#traced = traced;
    this.#find = find;
    this.text = traced.text;
    const { length } = traced.lines;
    this.lines = this.text === '' ? 0 : this.text.endsWith('\n') ? length - 1 : length;
    this.failure = failed && {
      error: failed.error,
      keys: this.#keys([{ role: 'value', origin: failed.origin }]),
    };
  }

  originOf(line: number): LineOrigin | undefined {
    const traced = this.#traced.lines[line - 1];
    if (!traced) return undefined;
    return {
      template: traced.template,
      templateLine: traced.templateLine,
      keys: this.#keys([
        { role: 'value', origin: traced.values },
        { role: 'condition', origin: traced.conditions },
        { role: 'beside', origin: traced.beside },
      ]),
    };
  }

  #keys(origins: readonly { readonly role: KeyRole; readonly origin: number }[]): KeyOrigin[] {
    const found = new Map<string, KeyOrigin>();
    for (const { role, origin } of origins) {
      for (const name of this.#traced.origins.names(origin)) {
        for (const { key, revision } of this.#find.all(name))
          if (!found.has(key)) found.set(key, { key, revision, role });
      }
    }
    return [...found.values()];
  }
}

/** Finds the keys of the store for the names that templates have for them. */
class KeyFinder {
  readonly #resource: TemplateResource;
  readonly #snapshot: Snapshot;
  readonly #sources: KeySources | undefined;
  readonly #found = new Map<string, readonly KeyRevision[]>();
  #names: Map<string, string> | undefined;
  #folders: FolderSources | undefined;

  constructor(resource: TemplateResource, snapshot: Snapshot, sources: KeySources | undefined) {
    this.#resource = resource;
    this.#snapshot = snapshot;
    this.#sources = sources;
  }

  all(name: string): readonly KeyRevision[] {
    let found = this.#found.get(name);
    if (!found) this.#found.set(name, (found = this.#find(name)));
    return found;
  }

  #find(name: string): readonly KeyRevision[] {
    const isFolder = name.endsWith('/');
    const key = isFolder
      ? `${joinPath(this.#resource.prefix, name)}/`.replace('//', '/')
      : (this.#fullName(name) ?? joinPath(this.#resource.prefix, name));
    if (isFolder) {
      this.#folders ??= new FolderSources(this.#snapshot.entries, this.#sources);
      return this.#folders.of(key) ?? [{ key, revision: undefined }];
    }
    const given = this.#sources?.(key);
    if (given) return given;
    const revision = this.#snapshot.entries.get(key)?.revision;
    return [{ key, revision }];
  }

  #fullName(name: string): string | undefined {
    if (!this.#names) {
      this.#names = new Map();
      for (const key of this.#snapshot.entries.keys()) this.#names.set(shortKey(this.#resource, key), key);
    }
    return this.#names.get(name);
  }
}

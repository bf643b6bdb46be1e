/** The keys of one rendering, with what is below which. */
import { compareText, sortedTexts } from './text.ts';

/** Changes of keys up to which an index is changed instead of made anew. */
const FEW = 200;

/** What is right below a folder, in order. */
interface Folder {
  readonly names: readonly string[];
  /** Those that have something below. */
  readonly folders: readonly string[];
}

const EMPTY: Folder = { names: [], folders: [] };

/** Made when it is first asked for. */
class KeyIndex {
  readonly #values: ReadonlyMap<string, string>;
  #sorted: readonly string[] | undefined;
  #folders: Map<string, Folder> | undefined;

  constructor(values: ReadonlyMap<string, string>, folders?: Map<string, Folder>) {
    this.#values = values;
    this.#folders = folders;
  }

  /** All keys, in order. */
  get sorted(): readonly string[] {
    return (this.#sorted ??= sortedTexts(this.#values.keys()));
  }

  /** @param path clean, without a slash at its end */
  folder(path: string): Folder {
    return (this.#folders ??= this.#read()).get(path) ?? EMPTY;
  }

  #read(): Map<string, Folder> {
    const below = new Map<string, { names: Set<string>; folders: Set<string> }>();
    const add = (path: string, isFolder: boolean): void => {
      const [parent, name] = parted(path);
      let folder = below.get(parent);
      if (!folder) {
        below.set(parent, (folder = { names: new Set(), folders: new Set() }));
        if (parent !== '') add(parent, true);
      }
      folder.names.add(name);
      if (isFolder) folder.folders.add(name);
    };
    for (const key of this.#values.keys()) add(key, false);
    const ready = new Map<string, Folder>();
    for (const [path, { names, folders }] of below)
      ready.set(path, { names: sortedTexts(names), folders: sortedTexts(folders) });
    return ready;
  }

  /** The index of other keys, of which a few are more or fewer. */
  changed(values: ReadonlyMap<string, string>, more: readonly string[], fewer: readonly string[]): KeyIndex {
    if (!this.#folders || more.length + fewer.length > FEW) return new KeyIndex(values);
    const folders = new Map(this.#folders);
    const add = (path: string, isFolder: boolean): void => {
      const [parent, name] = parted(path);
      const known = folders.get(parent);
      const { names, folders: inner } = known ?? EMPTY;
      folders.set(parent, {
        names: withName(names, name),
        folders: isFolder ? withName(inner, name) : inner,
      });
      if (!known && parent !== '') add(parent, true);
    };
    /** Nothing is below a path any more, or it is no key any more. */
    const remove = (path: string): void => {
      const isFolder = folders.has(path);
      const [parent, name] = parted(path);
      const known = folders.get(parent);
      if (!known) return;
      const names = isFolder || values.has(path) ? known.names : known.names.filter((one) => one !== name);
      const inner = isFolder ? known.folders : known.folders.filter((one) => one !== name);
      if (names.length > 0) {
        folders.set(parent, { names, folders: inner });
        return;
      }
      folders.delete(parent);
      if (parent !== '') remove(parent);
    };
    for (const key of more) add(key, false);
    for (const key of fewer) remove(key);
    return new KeyIndex(values, folders);
  }
}

/** A path without its last name, and that name. */
function parted(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
}

function withName(names: readonly string[], name: string): readonly string[] {
  const i = placeOf(names, name);
  return names[i] === name ? names : names.toSpliced(i, 0, name);
}

/** Index of the first text that is not before another one. */
function placeOf(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareText(sorted[middle]!, text) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Keys of one rendering, with their values. Does not change. */
export class KeyTree {
  readonly #values: ReadonlyMap<string, string>;
  #index: KeyIndex;
  /** Stands for it where another one says that it was made of it. */
  readonly #self = {};
  /** What it was made of, and which keys are other there. */
  #from: { readonly tree: object; readonly changed: ReadonlySet<string> } | undefined;

  /** @param values by key; keys begin with a slash and are clean paths */
  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
    this.#index = new KeyIndex(values);
  }

  /** A tree in which some keys have other values, or none. Takes over what is known of the others. */
  with(changes: ReadonlyMap<string, string | undefined>): KeyTree {
    const values = new Map(this.#values);
    const more: string[] = [];
    const fewer: string[] = [];
    for (const [key, value] of changes) {
      if (value === undefined) {
        if (values.delete(key)) fewer.push(key);
      } else {
        if (!values.has(key)) more.push(key);
        values.set(key, value);
      }
    }
    const tree = new KeyTree(values);
    tree.#from = { tree: this.#self, changed: new Set(changes.keys()) };
    tree.#index = more.length + fewer.length === 0 ? this.#index : this.#index.changed(values, more, fewer);
    return tree;
  }

  /** Keys that are other than in the tree that this one was made of; undefined where it was made of another one. */
  changesSince(tree: KeyTree): ReadonlySet<string> | undefined {
    if (tree === this) return new Set();
    return this.#from?.tree === tree.#self ? this.#from.changed : undefined;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  /** Keys that begin with a text, in order. */
  withPrefix(prefix: string): readonly string[] {
    const { sorted } = this.#index;
    const from = placeOf(sorted, prefix);
    let to = from;
    while (to < sorted.length && sorted[to]!.startsWith(prefix)) to++;
    return sorted.slice(from, to);
  }

  /**
   * First elements below a folder, in order, each once.
   * @param folder a clean path from the root, other than the root
   * @param onlyFolders leave out those that have nothing below them
   */
  children(folder: string, onlyFolders: boolean): readonly string[] {
    const { names, folders } = this.#index.folder(folder);
    return onlyFolders ? folders : names;
  }
}

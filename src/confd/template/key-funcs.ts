/** The functions of confd's templates that read keys, and the keys that they read. */
import { NAMED_PAIRS, pairValue } from './confd-funcs.ts';
import type { Funcs } from './exec.ts';
import { basePath, cleanPath, compilePattern, dirPath, literalPrefix } from './go-path.ts';
import { compareText } from './text.ts';
import { BOOL, STRING, STRINGS } from './types.ts';
import { GoError, GoFunc, GoSlice } from './values.ts';

/** Keys of one rendering, with their values, in order. */
export class KeyTree {
  readonly #values: ReadonlyMap<string, string>;
  readonly #sorted: readonly string[];

  /** @param values by key; keys begin with a slash and are clean paths */
  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
    this.#sorted = [...values.keys()].sort(compareText);
  }

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  /** Keys that begin with a text, in order. */
  *withPrefix(prefix: string): Iterable<string> {
    for (let i = this.#from(prefix); i < this.#sorted.length; i++) {
      const key = this.#sorted[i]!;
      if (!key.startsWith(prefix)) return;
      yield key;
    }
  }

  /**
   * First elements below a folder, each once.
   * @param onlyFolders leave out those that have nothing below them
   */
  *children(folder: string, onlyFolders: boolean): Iterable<string> {
    const prefix = `${folder}/`;
    let at = this.#from(prefix);
    while (at < this.#sorted.length) {
      const key = this.#sorted[at]!;
      if (!key.startsWith(prefix)) return;
      const end = key.indexOf('/', prefix.length);
      if (end < 0) {
        if (!onlyFolders) yield key.slice(prefix.length);
        at++;
      } else {
        yield key.slice(prefix.length, end);
        // Past all that is below it: '0' is what follows '/'.
        at = this.#from(`${key.slice(0, end)}0`);
      }
    }
  }

  /** The first key that is not before a text. */
  #from(text: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareText(this.#sorted[middle]!, text) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function matching(keys: KeyTree, pattern: string): string[] {
  const expression = compilePattern(pattern);
  if (!expression) throw new GoError('syntax error in pattern');
  return [...keys.withPrefix(literalPrefix(pattern))].filter((key) => expression.test(key));
}

function needed(keys: KeyTree, key: string): string {
  const value = keys.get(key);
  if (value === undefined) throw new GoError(`key does not exist: ${key}`);
  return value;
}

const strings = (items: Iterable<string>): GoSlice =>
  new GoSlice(STRINGS, [...new Set(items)].sort(compareText));

/** The root has no elements below it for confd: only keys that are right in it are listed, and no folders. */
function listed(keys: KeyTree, path: string): GoSlice {
  const folder = cleanPath(path);
  const itself = keys.get(path) === undefined ? [] : [basePath(path)];
  if (folder !== '/') return strings([...itself, ...keys.children(folder, false)]);
  return strings([...keys.withPrefix('/')].filter((key) => dirPath(key) === '/').map((key) => key.slice(1)));
}

function listedFolders(keys: KeyTree, path: string): GoSlice {
  const folder = cleanPath(path);
  return strings(folder === '/' ? [] : keys.children(folder, true));
}

export function keyFuncs(keys: KeyTree): Funcs {
  const pairs = (found: readonly string[]): GoSlice =>
    new GoSlice(
      NAMED_PAIRS,
      found.map((key) => pairValue(key, keys.get(key)!)),
    );
  return {
    exists: new GoFunc([STRING], BOOL, (key: string) => keys.get(key) !== undefined),
    get: new GoFunc([STRING], pairValue('', '').type, (key: string) => pairValue(key, needed(keys, key))),
    gets: new GoFunc([STRING], NAMED_PAIRS, (pattern: string) => pairs(matching(keys, pattern))),
    getv: new GoFunc(
      [STRING, STRING],
      STRING,
      (key: string, fallback?: string) =>
        fallback === undefined ? needed(keys, key) : (keys.get(key) ?? fallback),
      { variadic: true },
    ),
    getvs: new GoFunc(
      [STRING],
      STRINGS,
      (pattern: string) =>
        new GoSlice(
          STRINGS,
          matching(keys, pattern)
            .map((key) => keys.get(key)!)
            .sort(compareText),
        ),
    ),
    ls: new GoFunc([STRING], STRINGS, (path: string) => listed(keys, path)),
    lsdir: new GoFunc([STRING], STRINGS, (path: string) => listedFolders(keys, path)),
  };
}

/** The functions of confd's templates that read keys. */
import { NAMED_PAIRS, pairValue } from './confd-funcs.ts';
import type { Funcs } from './exec.ts';
import { basePath, cleanPath, compilePattern, dirPath, literalPrefix } from './go-path.ts';
import type { KeyTree } from './key-tree.ts';
import { sortedTexts } from './text.ts';
import { BOOL, STRING, STRINGS } from './types.ts';
import { GoError, GoFunc, GoSlice } from './values.ts';

/** Wildcards in the last name alone. */
const ONE_FOLDER = /^((?:\/[^/*?[\\]+)+)\/[^/[\\]*$/;

/** Keys that a pattern matches, in order. Throws `GoError`. */
export function matching(keys: KeyTree, pattern: string): string[] {
  const expression = compilePattern(pattern);
  if (!expression) throw new GoError('syntax error in pattern');
  const folder = ONE_FOLDER.exec(pattern)?.[1];
  if (folder === undefined)
    return keys.withPrefix(literalPrefix(pattern)).filter((key) => expression.test(key));
  return keys
    .children(folder, false)
    .map((name) => `${folder}/${name}`)
    .filter((key) => keys.get(key) !== undefined && expression.test(key));
}

const strings = (items: readonly string[]): GoSlice => new GoSlice(STRINGS, items);

/** The root has no elements below it for confd: only keys that are right in it are listed, and no folders. */
function listed(keys: KeyTree, path: string): GoSlice {
  const folder = cleanPath(path);
  const below =
    folder === '/'
      ? keys
          .withPrefix('/')
          .filter((key) => dirPath(key) === '/')
          .map((key) => key.slice(1))
      : keys.children(folder, false);
  if (keys.get(path) === undefined) return strings(below);
  return strings(sortedTexts(new Set([basePath(path), ...below])));
}

function listedFolders(keys: KeyTree, path: string): GoSlice {
  const folder = cleanPath(path);
  return strings(folder === '/' ? [] : keys.children(folder, true));
}

/** A folder as something that is read: a key with a slash at its end. */
export function folderKey(path: string): string {
  const clean = cleanPath(path);
  return clean.endsWith('/') ? clean : `${clean}/`;
}

/** The folder that all keys are in which a pattern may match. */
export function folderOf(pattern: string): string {
  return folderKey(dirPath(literalPrefix(pattern)));
}

const UNTOLD = (): void => undefined;

/**
 * @param source gives the keys, when a function is called
 * @param read is told of each key that is looked for, and of each folder that is listed: anything in it may matter
 */
export function keyFuncs(source: () => KeyTree, read: (what: string) => void = UNTOLD): Funcs {
  const at = (key: string): string | undefined => {
    read(key);
    return source().get(key);
  };
  const needed = (key: string): string => {
    const value = at(key);
    if (value === undefined) throw new GoError(`key does not exist: ${key}`);
    return value;
  };
  const matched = (pattern: string): string[] => {
    read(folderOf(pattern));
    return matching(source(), pattern);
  };
  const folder = (path: string): KeyTree => {
    read(path);
    read(folderKey(path));
    return source();
  };
  const valueOf = (key: string): string => source().get(key)!;
  return {
    exists: new GoFunc([STRING], BOOL, (key: string) => at(key) !== undefined),
    get: new GoFunc([STRING], pairValue('', '').type, (key: string) => pairValue(key, needed(key))),
    gets: new GoFunc(
      [STRING],
      NAMED_PAIRS,
      (pattern: string) =>
        new GoSlice(
          NAMED_PAIRS,
          matched(pattern).map((key) => pairValue(key, valueOf(key))),
        ),
    ),
    getv: new GoFunc(
      [STRING, STRING],
      STRING,
      (key: string, fallback?: string) => (fallback === undefined ? needed(key) : (at(key) ?? fallback)),
      { variadic: true },
    ),
    getvs: new GoFunc([STRING], STRINGS, (pattern: string) =>
      strings(sortedTexts(matched(pattern).map(valueOf))),
    ),
    ls: new GoFunc([STRING], STRINGS, (path: string) => listed(folder(path), path)),
    lsdir: new GoFunc([STRING], STRINGS, (path: string) => listedFolders(folder(path), path)),
  };
}

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

function needed(keys: KeyTree, key: string): string {
  const value = keys.get(key);
  if (value === undefined) throw new GoError(`key does not exist: ${key}`);
  return value;
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

/** @param source gives the keys, when a function is called */
export function keyFuncs(source: () => KeyTree): Funcs {
  const pairs = (keys: KeyTree, pattern: string): GoSlice =>
    new GoSlice(
      NAMED_PAIRS,
      matching(keys, pattern).map((key) => pairValue(key, keys.get(key)!)),
    );
  return {
    exists: new GoFunc([STRING], BOOL, (key: string) => source().get(key) !== undefined),
    get: new GoFunc([STRING], pairValue('', '').type, (key: string) => pairValue(key, needed(source(), key))),
    gets: new GoFunc([STRING], NAMED_PAIRS, (pattern: string) => pairs(source(), pattern)),
    getv: new GoFunc(
      [STRING, STRING],
      STRING,
      (key: string, fallback?: string) =>
        fallback === undefined ? needed(source(), key) : (source().get(key) ?? fallback),
      { variadic: true },
    ),
    getvs: new GoFunc([STRING], STRINGS, (pattern: string) => {
      const keys = source();
      return strings(sortedTexts(matching(keys, pattern).map((key) => keys.get(key)!)));
    }),
    ls: new GoFunc([STRING], STRINGS, (path: string) => listed(source(), path)),
    lsdir: new GoFunc([STRING], STRINGS, (path: string) => listedFolders(source(), path)),
  };
}

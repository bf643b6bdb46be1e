/** The functions that read keys, for renderings that are traced: they tell which keys it were. */
import type { Funcs } from './exec.ts';
import { cleanPath } from './go-path.ts';
import { folderKey, folderOf, keyFuncs, matching } from './key-funcs.ts';
import type { KeyTree } from './key-tree.ts';
import type { Trace } from './trace.ts';
import type { Value } from './values.ts';
import { GoFunc, GoSlice } from './values.ts';

type Told = (keys: KeyTree, trace: Trace, subject: string, result: Value) => void;

const one: Told = (_, trace, key) => {
  trace.read(key);
};
const names: Told = (keys, trace, path, result) => {
  const folder = cleanPath(path);
  const found = (result as GoSlice).items.map((name) => {
    const key = folder === '/' ? `/${name as string}` : `${folder}/${name as string}`;
    if (keys.get(key) !== undefined) return key;
    // The last name of the path itself, or a folder.
    return keys.get(path) !== undefined && !keys.children(folder, false).includes(name as string)
      ? path
      : folderKey(key);
  });
  trace.listed(result as GoSlice, folderKey(path), found);
};

/** What a function that was called has to do with; reads are told before, so that failures have them too. */
const BEFORE: Readonly<Record<string, Told>> = { exists: one, get: one, getv: one };
const AFTER: Readonly<Record<string, Told>> = {
  gets: (keys, trace, pattern, result) => {
    trace.listed(result as GoSlice, folderOf(pattern), matching(keys, pattern));
  },
  // Where a value stands depends on all of them.
  getvs: (keys, trace, pattern) => {
    trace.read(folderOf(pattern));
    for (const key of matching(keys, pattern)) trace.read(key);
  },
  ls: names,
  lsdir: names,
};

export function tracedKeyFuncs(keys: KeyTree, trace: Trace): Funcs {
  return Object.fromEntries(
    Object.entries(keyFuncs(() => keys)).map(([name, { params, result, variadic, call }]) => [
      name,
      new GoFunc(
        params,
        result,
        (subject: string, ...rest: Value[]) => {
          BEFORE[name]?.(keys, trace, subject, undefined);
          const value = call(subject, ...rest);
          AFTER[name]?.(keys, trace, subject, value);
          return value;
        },
        { variadic },
      ),
    ]),
  );
}

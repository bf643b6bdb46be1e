/** Helpers of the tests in this folder. */
import type { ConfigFiles } from './source.ts';
import { loadText } from './load.ts';
import type { LoadResult } from './load.ts';
import { matchesPattern } from './router-id.ts';
import type { HostFacts } from './router-id.ts';
import { oneLine } from './diagnostics.ts';

export const HOST: HostFacts = { hostname: 'rr1', interfaces: [] };

/** Files that exist in the test alone. */
export function filesOf(files: Readonly<Record<string, string>>): ConfigFiles {
  return {
    read(path) {
      const text = files[path];
      if (text === undefined) throw new Error('No such file or directory');
      return text;
    },
    glob: (pattern) =>
      Object.keys(files)
        .filter((path) => matchesPattern(pattern, path))
        .sort(),
  };
}

export function load(text: string, files: Readonly<Record<string, string>> = {}, host = HOST): LoadResult {
  return loadText('bird.conf', text, filesOf(files), host);
}

/** The first error in BIRD's form, or `OK`. */
export function verdict(text: string, files: Readonly<Record<string, string>> = {}): string {
  const [error] = load(text, files).errors;
  return error ? oneLine(error) : 'OK';
}

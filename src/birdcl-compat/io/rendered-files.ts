/** Texts that were rendered and are in no file, for `include` of each other; what is not among them is on disk. */
import { matchesGlob, resolve } from 'node:path';
import type { ConfigFiles } from '../conf/source.ts';

export interface RenderedFiles extends ConfigFiles {
  /** Which of the texts have been read. */
  readonly used: ReadonlySet<string>;
  /** A pattern has been looked up, so that any other text may come to be included. */
  readonly anyMayCount: boolean;
}

/** @param texts by the paths that they would go to */
export function renderedFiles(texts: ReadonlyMap<string, string>, disk: ConfigFiles): RenderedFiles {
  const byPath = new Map([...texts].map(([dest, text]) => [resolve(dest), { dest, text }]));
  const used = new Set<string>();
  let anyMayCount = false;
  return {
    used,
    get anyMayCount() {
      return anyMayCount;
    },
    read(path) {
      const found = byPath.get(resolve(path));
      if (!found) return disk.read(path);
      used.add(found.dest);
      return found.text;
    },
    glob(pattern) {
      anyMayCount = true;
      const rendered = [...byPath.keys()].filter((path) => matchesGlob(path, resolve(pattern)));
      let onDisk: string[] = [];
      try {
        onDisk = disk.glob(pattern);
      } catch (error) {
        if (rendered.length === 0) throw error;
      }
      // A text takes the place of the file that it would go to.
      const others = onDisk.filter((path) => !byPath.has(resolve(path)));
      return [...others, ...rendered].sort();
    },
  };
}

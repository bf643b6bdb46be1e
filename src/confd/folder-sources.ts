/** What a folder of keys comes from, where keys are a translation of others: the same as the keys in it come from. */
import type { KeyRevision, KeySources } from './provenance.ts';
import type { Entry } from './store.ts';

/** Sources of one folder that are named one by one; where there are more, that folder stands for them. */
const MOST_NAMED = 3;

/** Sources that are in one folder. */
interface Group {
  latest: bigint;
  /** Undefined: there are too many. */
  keys: Map<string, bigint> | undefined;
}

/** By the folder that sources are in, which ends with a slash; that of the keys themselves is empty. */
type Groups = Map<string, Group>;

const THEMSELVES = '';

export class FolderSources {
  readonly #groups = new Map<string, Groups>();

  /** @param entries keys as templates see them, from the root on */
  constructor(entries: ReadonlyMap<string, Entry>, sources: KeySources | undefined) {
    for (const [key, { revision }] of entries) {
      for (const source of sources?.(key) ?? [{ key, revision }]) {
        const folder = source.key.slice(0, source.key.lastIndexOf('/') + 1);
        this.#add(key, source.key === key ? THEMSELVES : folder, source.key, source.revision ?? 0n);
      }
    }
  }

  /** @param folder ends with a slash; undefined where nothing is below it that comes from anything */
  of(folder: string): readonly KeyRevision[] | undefined {
    const groups = this.#groups.get(folder);
    return (
      groups &&
      [...groups].flatMap(([from, { latest, keys }]): KeyRevision[] =>
        from === THEMSELVES || !keys
          ? [{ key: from === THEMSELVES ? folder : from, revision: latest }]
          : Array.from(keys, ([key, revision]) => ({ key, revision })),
      )
    );
  }

  /** From the key's own folder up. */
  #add(key: string, from: string, source: string, revision: bigint): void {
    for (
      let slash = key.lastIndexOf('/');
      slash >= 0;
      slash = slash > 0 ? key.lastIndexOf('/', slash - 1) : -1
    ) {
      const folder = key.slice(0, slash + 1);
      let groups = this.#groups.get(folder);
      if (!groups) this.#groups.set(folder, (groups = new Map()));
      const known = groups.get(from);
      if (!known) {
        const isNamed = from !== THEMSELVES;
        groups.set(from, { latest: revision, keys: isNamed ? new Map([[source, revision]]) : undefined });
        continue;
      }
      // What is above a folder has all that it has.
      if (!known.keys && known.latest >= revision) break;
      if (known.latest < revision) known.latest = revision;
      known.keys?.set(source, revision);
      if (known.keys && known.keys.size > MOST_NAMED) known.keys = undefined;
    }
  }
}

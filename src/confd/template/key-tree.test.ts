/** Trees that follow changes, compared with trees made anew. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import { keysOf, ResourceKeys } from '../render.ts';
import { parseResource } from '../resource.ts';
import type { Entry } from '../store.ts';
import { KeyTree } from './key-tree.ts';

const random = seededRandom(20);
/** Few names, so that folders come and go, and are keys too. */
const key = (): string =>
  Array.from({ length: 1 + random.below(4) }, () => `/${random.pick(['a', 'b', 'c', 'é'])}`).join('');

/** All that can be asked of a tree. */
function told(tree: KeyTree, folders: readonly string[]): unknown {
  return folders.map((folder) => [
    tree.get(folder),
    tree.children(folder, false),
    tree.children(folder, true),
    tree.withPrefix(folder),
  ]);
}

test('2,000 steps of additions, changes and removals', () => {
  let tree = new KeyTree(new Map());
  const values = new Map<string, string>();
  for (let step = 0; step < 2000; step++) {
    const changes = new Map<string, string | undefined>();
    for (let i = random.below(4); i >= 0; i--)
      changes.set(key(), random.chance(0.45) ? `${step}` : undefined);
    for (const [name, value] of changes) {
      if (value === undefined) values.delete(name);
      else values.set(name, value);
    }
    tree = tree.with(changes);
    const asked = [...changes.keys(), key(), '/a', '/b'];
    expect(told(tree, asked), `step ${step}`).toEqual(told(new KeyTree(new Map(values)), asked));
    expect(tree.size).toBe(values.size);
  }
});

test('1,000 snapshots of a resource, some with names that mean the same', () => {
  const toml = '[template]\nsrc = "t"\ndest = "d"\nprefix = "/p"\nkeys = ["/"]';
  const { resource } = parseResource('t.toml', toml, { prefix: '', nodeName: undefined });
  const keys = new ResourceKeys(resource);
  let entries = new Map<string, Entry>();
  for (let step = 1; step <= 1000; step++) {
    entries = new Map(entries);
    for (let i = random.below(4); i >= 0; i--) {
      const name = `${random.pick(['/p', '/p', '/p', '/q', '/p/'])}${key()}`;
      if (random.chance(0.5)) entries.set(name, { value: `${random.below(5)}`, revision: BigInt(step) });
      else entries.delete(name);
    }
    const snapshot = { revision: BigInt(step), entries };
    const asked = [key(), key(), '/a', '/b'];
    expect(told(keys.of(snapshot), asked), `step ${step}`).toEqual(told(keysOf(resource, snapshot), asked));
  }
});

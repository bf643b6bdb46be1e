import { describe, expect, test } from 'vitest';
import { RESOURCES } from './calico/resource.ts';
import { CalicoStore } from './calico/store.ts';
import { FolderSources } from './folder-sources.ts';
import { MemoryStore } from './memory-store-test-support.ts';
import { originText } from './origin-text.ts';
import { traceText } from './provenance.ts';
import type { KeyRevision } from './provenance.ts';
import { parseResource } from './resource.ts';
import type { Snapshot } from './store.ts';
import { systemWorld } from './io/world.ts';

const entriesOf = (keys: Readonly<Record<string, number>>): Snapshot['entries'] =>
  new Map(Object.entries(keys).map(([key, revision]) => [key, { value: '', revision: BigInt(revision) }]));

/** `/r/a@3` */
const shown = (found: readonly KeyRevision[] | undefined): string | undefined =>
  found?.map(({ key, revision }) => `${key}@${revision}`).join(' ');

describe('a folder', () => {
  const made: Readonly<Record<string, readonly [string, number][]>> = {
    '/t/a/1': [['/r/nodes/a', 3]],
    '/t/a/2': [
      ['/r/nodes/a', 3],
      ['/r/peers/p', 7],
    ],
    '/t/b/1': [['/r/nodes/b', 4]],
    '/t/c/1': [['/r/nodes/c', 5]],
    '/t/d/1': [['/r/nodes/d', 2]],
    '/t/default/x': [],
  };
  const keys = {
    '/t/a/1': 3,
    '/t/a/2': 7,
    '/t/b/1': 4,
    '/t/c/1': 5,
    '/t/d/1': 2,
    '/t/default/x': 0,
    '/t/own': 9,
  };
  const folders = new FolderSources(entriesOf(keys), (key) =>
    made[key]?.map(([name, revision]) => ({ key: name, revision: BigInt(revision) })),
  );

  test.each([
    ['of one resource', '/t/a/', '/r/nodes/a@3 /r/peers/p@7'],
    [
      'of so many that their folder stands for them, and keys of the store itself',
      '/t/',
      '/r/nodes/@5 /r/peers/p@7 /t/@9',
    ],
    ['of what is there anyway', '/t/default/', undefined],
    ['that there is not', '/none/', undefined],
  ])('%s', (_what, folder, sources) => {
    expect(shown(folders.of(folder))).toBe(sources);
  });

  test('of plain keys is itself, as young as the youngest below it', () => {
    const plain = new FolderSources(entriesOf({ '/a/b/c': 4, '/a/b/d': 6, '/a/e': 5 }), undefined);
    expect(['/', '/a/', '/a/b/'].map((folder) => shown(plain.of(folder)))).toEqual([
      '/@6',
      '/a/@6',
      '/a/b/@6',
    ]);
  });
});

test('lines that depend on folders of translated keys name the resources of Calico', async () => {
  const base = new MemoryStore();
  const set = (folder: string, name: string, spec: unknown): void => {
    base.set([[`${RESOURCES}/${folder}/${name}`, JSON.stringify({ metadata: { name, labels: {} }, spec })]]);
  };
  for (const [i, name] of ['n1', 'n2', 'n3'].entries())
    set('nodes', name, { bgp: { ipv4Address: `10.0.0.${i + 1}/24` } });
  set('bgppeers', 'p', { peerIP: '10.0.0.9', asNumber: 65000 });
  const store = new CalicoStore(base, {
    nodeName: 'n1',
    pause: () => Promise.resolve(),
    warn: (message) => {
      throw new Error(message);
    },
  });
  const toml = '[template]\nsrc = "t"\ndest = "d"\nprefix = "/calico/bgp/v1"\nkeys = ["/"]\n';
  const { resource } = parseResource('t.toml', toml, { prefix: '', nodeName: undefined });
  const template = {
    name: 't',
    text: `nodes {{len (ls "/host")}}
{{range gets "/global/peer_v4/*"}}peer {{base .Key}}
{{end}}{{if ls "/host/n2"}}second
{{end}}hosts {{range ls "/host"}}{{.}} {{end}}`,
  };
  const origins = async (): Promise<string[]> => {
    const snapshot = await store.read(resource.paths);
    const found = await traceText(template, resource, snapshot, systemWorld, (key) => store.sourcesOf(key));
    return [1, 2, 3].map((line) => originText(found.originOf(line)!, 9).replaceAll(RESOURCES, 'R'));
  };
  expect(await origins()).toEqual([
    't:1 from R/nodes/n1 (revision 1), R/nodes/n2 (revision 2), R/nodes/n3 (revision 3)',
    't:2 from R/bgppeers/p (revision 4)',
    't:3 from R/nodes/n2 (revision 2)',
  ]);
  set('nodes', 'n4', { bgp: { ipv4Address: '10.0.0.4/24' } });
  // Elements of the list are named besides.
  expect((await origins())[0]).toMatch(/^t:1 from R\/nodes\/ \(revision 5\), R\/nodes\/n\d /);
});

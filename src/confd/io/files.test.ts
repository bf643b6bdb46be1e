import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeStore, Follower } from '../store.contract.ts';
import { EnvironmentStore } from './environment.ts';
import { FileStore } from './files.ts';

describeStore('a tree of files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'catbird-tree-'));
  return Promise.resolve({
    store: new FileStore({ paths: [folder], layout: 'tree' }),
    put: (key, value) => {
      mkdirSync(dirname(join(folder, key)), { recursive: true });
      // Written beside it and moved there: a reading sees the old value or the new one.
      writeFileSync(join(folder, '.new'), `${value}\n`);
      renameSync(join(folder, '.new'), join(folder, key));
      return Promise.resolve();
    },
    remove: (key) => {
      rmSync(join(folder, key), { force: true });
      return Promise.resolve();
    },
    close: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  });
});

describe('files', () => {
  let folder: string;
  let follower: Follower | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'catbird-files-'));
  });
  afterEach(() => {
    follower?.stop();
    follower = undefined;
    rmSync(folder, { recursive: true, force: true });
  });
  const put = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const values = async (store: FileStore): Promise<Record<string, string>> => {
    const { entries } = await store.read(['/']);
    return Object.fromEntries(
      Array.from(entries, ([key, { value }]): [string, string] => [key, value]).sort(),
    );
  };

  test.each(['tree', 'documents'] as const)(
    'resources in YAML (%s) are where calicoctl keeps them',
    async (layout) => {
      put(
        'cluster/all.yaml',
        `apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n1, labels: {reflector: yes, rack: 5}}
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {communities: [{name: a, value: 65000:10}], ignoredInterfaces: [eth0]}
---
apiVersion: projectcalico.org/v3
kind: BGPPeerList
items:
- {apiVersion: projectcalico.org/v3, kind: BGPPeer, metadata: {name: p}, spec: {peerIP: 10.0.0.1, asNumber: 64512}}
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
`,
      );
      const root = '/calico/resources/v3/projectcalico.org';
      const found = await values(new FileStore({ paths: [folder], layout }));
      expect(Object.keys(found)).toEqual([
        `${root}/bgpconfigurations/default`,
        `${root}/bgppeers/p`,
        `${root}/nodes/n1`,
      ]);
      expect(JSON.parse(found[`${root}/nodes/n1`]!)).toMatchObject({
        metadata: { labels: { reflector: 'true', rack: '5' } },
      });
      expect(JSON.parse(found[`${root}/bgpconfigurations/default`]!)).toMatchObject({
        spec: { communities: [{ value: '65000:10' }] },
      });
      expect(JSON.parse(found[`${root}/bgppeers/p`]!)).toMatchObject({ spec: { asNumber: 64512 } });
    },
  );

  test.each([
    ['kind: Node\nmetadata: {}', /x\.yaml: a Node needs metadata\.name/],
    ['kind: Node\nmetadata: {name: a/b}', /x\.yaml: a Node needs metadata\.name, without '\/'/],
    ['kind: NodeList\nitems: [{}]', /x\.yaml: items\[0\] of the NodeList is no resource/],
    [
      'kind: Node\nmetadata: {name: a}\n---\napiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: a}',
      /x\.yaml: there are two of .*\/nodes\/a/,
    ],
    ['kind: Node\nmetadata: {name: a}\n---\nb: c', /x\.yaml: only resources .* may come several in a file/],
  ])('resources that are wrong are refused: %j', async (text, message) => {
    put('x.yaml', `apiVersion: projectcalico.org/v3\n${text}\n`);
    await expect(values(new FileStore({ paths: [folder], layout: 'tree' }))).rejects.toThrow(message);
  });

  test('YAML in a tree holds keys below its folder', async () => {
    put(
      'bgp/global.yaml',
      'as: 64512\nmesh: true\npeers: [a, {ip: 10.0.0.1}]\nnothing:\nf: 1.50\nbig: 12345678901234567890\n',
    );
    put('bgp/plain', 'text\n\n');
    put('.hidden', 'x');
    put('bgp/plain~', 'x');
    expect(await values(new FileStore({ paths: [folder], layout: 'tree' }))).toEqual({
      '/bgp/as': '64512',
      '/bgp/big': '12345678901234567890',
      '/bgp/f': '1.5',
      '/bgp/mesh': 'true',
      '/bgp/peers/0': 'a',
      '/bgp/peers/1/ip': '10.0.0.1',
      '/bgp/plain': 'text\n',
    });
  });

  test("documents of confd's file backend begin at the root, and those that the filter leaves out do not count", async () => {
    put('one.yaml', 'app:\n  on: yes\n  mode: 010\n');
    put('deep/two.yaml', 'app:\n  two: 2\n');
    put('three.txt', 'app: {three: 3}');
    const store = new FileStore({ paths: [folder], layout: 'documents', filter: '*.yaml' });
    expect(await values(store)).toEqual({ '/app/true': 'true', '/app/mode': '8', '/app/two': '2' });
  });

  test('what is wrong with a document says so, and is over when it is mended', async () => {
    put('a.yaml', 'k: 1');
    const store = new FileStore({ paths: [join(folder, 'a.yaml')], layout: 'tree' });
    follower = new Follower(store, ['/']);
    await follower.untilValue('/k', '1');
    put('a.yaml', 'k: [');
    await follower.until(({ events }) => events.at(-1)!.kind === 'lost');
    expect(follower.events.at(-1)).toMatchObject({ reason: expect.stringContaining(join(folder, 'a.yaml')) });
    expect(follower.values()).toEqual({ '/k': '1' });
    put('a.yaml', 'k: 2');
    await follower.untilValue('/k', '2');
    expect(follower.events.at(-1)!.kind).toBe('snapshot');
  });

  test('a folder that is swapped as a whole, as mounted configuration is', async () => {
    put('v1/a', '1');
    put('v1/b', '1');
    put('v2/a', '2');
    put('v2/b', '2');
    symlinkSync(join(folder, 'v1'), join(folder, 'now'));
    follower = new Follower(new FileStore({ paths: [join(folder, 'now')], layout: 'tree', pollMs: 50 }), [
      '/',
    ]);
    await follower.untilValue('/a', '1');
    symlinkSync(join(folder, 'v2'), join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'now'));
    await follower.untilValue('/a', '2');
    expect(follower.values()).toEqual({ '/a': '2', '/b': '2' });
    unlinkSync(join(folder, 'now'));
    await follower.until(({ events }) => events.at(-1)!.kind === 'lost');
    expect(follower.values()).toEqual({ '/a': '2', '/b': '2' });
  });

  test.each([
    ['a: 2020-01-01\n', /\/a is a date: put it between quotes/],
    ['just text', /a mapping is wanted at the top/],
    ['a: &a [*a, *a]', /./],
  ])('refuses %j', async (text, message) => {
    put('a.yaml', text);
    await expect(new FileStore({ paths: [folder], layout: 'documents' }).read(['/'])).rejects.toThrow(
      message,
    );
  });
});

test('the environment, as paths', async () => {
  const store = new EnvironmentStore({ APP_NAME: 'web', APP_DB_HOST: 'h', OTHER: 'x' });
  const { entries } = await store.read(['/app']);
  expect([...entries.keys()]).toEqual(['/app/name', '/app/db/host']);
});

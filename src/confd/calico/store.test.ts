import { Subject } from 'rxjs';
import { afterEach, describe, expect, test } from 'vitest';
import { describeStore, Follower } from '../store.contract.ts';
import { MemoryStore } from '../memory-store-test-support.ts';
import { RESOURCES } from './resource.ts';
import type { SecretRef } from './secrets.ts';
import { CalicoStore } from './store.ts';

const BGP = '/calico/bgp/v1';
const resource = (folder: string, name: string, spec: unknown): [string, string] => [
  `${RESOURCES}/${folder}/${name}`,
  JSON.stringify({ metadata: { name, labels: {} }, spec }),
];
const node = (name: string, address: string): [string, string] =>
  resource('nodes', name, { bgp: { ipv4Address: address } });
const peer = (name: string, peerIP: string, more: object = {}): [string, string] =>
  resource('bgppeers', name, { peerIP, asNumber: 65000, ...more });

const followers: Follower[] = [];
afterEach(() => {
  for (const follower of followers.splice(0)) follower.stop();
});

function setUp(withSecrets = false): {
  base: MemoryStore;
  store: CalicoStore;
  warnings: string[];
  secrets: {
    texts: Map<string, string>;
    changes: Subject<void>;
    get: (ref: SecretRef) => string | undefined;
  };
  follow: (...paths: string[]) => Follower;
} {
  const base = new MemoryStore();
  const warnings: string[] = [];
  const texts = new Map<string, string>();
  const secrets = {
    texts,
    changes: new Subject<void>(),
    get: ({ name, key }: SecretRef): string | undefined => texts.get(`${name}/${key}`),
  };
  const store = new CalicoStore(base, {
    nodeName: 'n1',
    ...(withSecrets && { secrets }),
    pause: () => Promise.resolve(),
    warn: (message) => warnings.push(message),
  });
  const follow = (...paths: string[]): Follower => {
    const follower = new Follower(store, paths);
    followers.push(follower);
    return follower;
  };
  return { base, store, warnings, secrets, follow };
}

/** Until all that has been told is translated: nothing waits for anything but settled promises. */
const settled = (): Promise<void> => new Promise((settle) => setImmediate(settle));

describeStore('Calico, without resources', () => {
  const base = new MemoryStore();
  const set = (key: string, value: string | undefined): Promise<void> => {
    base.set([[key, value]]);
    return Promise.resolve();
  };
  return Promise.resolve({
    store: new CalicoStore(base, { nodeName: 'n1', pause: () => Promise.resolve(), warn: () => undefined }),
    put: set,
    remove: (key) => set(key, undefined),
    close: () => Promise.resolve(),
  });
});

describe('a watch', () => {
  test('begins with the translated keys, and tells those alone that change', async () => {
    const { base, follow } = setUp();
    base.set([node('n1', '10.0.0.1/24')]);
    const follower = follow(BGP);
    await settled();
    expect(follower.values()).toEqual({
      [`${BGP}/global/as_num`]: '64512',
      [`${BGP}/global/loglevel`]: 'info',
      [`${BGP}/global/node_mesh`]: '{"enabled": true}',
      [`${BGP}/host/n1/ip_addr_v4`]: '10.0.0.1',
      [`${BGP}/host/n1/ip_addr_v6`]: '',
      [`${BGP}/host/n1/network_v4`]: '10.0.0.0/24',
      [`${BGP}/host/n1/rr_cluster_id`]: '',
    });
    base.set([node('n1', '10.0.0.2/24')]);
    await settled();
    base.set([resource('bgpconfigurations', 'default', { asNumber: 65001 })]);
    await settled();
    base.set([[`${RESOURCES}/bgpconfigurations/default`, undefined]]);
    await settled();
    const changes = follower.events.slice(1).map((event) => {
      if (event.kind !== 'changes') return event;
      return [event.revision, Array.from(event.changes, ([key, entry]) => [key, entry?.value]).sort()];
    });
    expect(changes).toEqual([
      [
        2n,
        [
          // Keys of a resource have its revision, and so are told where the value is the same.
          [`${BGP}/host/n1/ip_addr_v4`, '10.0.0.2'],
          [`${BGP}/host/n1/ip_addr_v6`, ''],
          [`${BGP}/host/n1/network_v4`, '10.0.0.0/24'],
          [`${BGP}/host/n1/rr_cluster_id`, ''],
        ],
      ],
      [3n, [[`${BGP}/global/as_num`, '65001']]],
      [4n, [[`${BGP}/global/as_num`, '64512']]],
    ]);
  });

  test('says nothing of what leads to no other key', async () => {
    const { base, follow } = setUp();
    base.set([node('n1', '10.0.0.1/24')]);
    const follower = follow(`${BGP}/global`);
    await settled();
    base.set([node('n2', '10.0.0.2/24')]);
    await settled();
    expect(follower.events.map(({ kind }) => kind)).toEqual(['snapshot']);
  });

  test('passes on that the store is lost, then gives what is there when it is read again', async () => {
    const { base, follow } = setUp();
    base.set([node('n1', '10.0.0.1/24'), peer('gone', '10.1.0.1')]);
    const follower = follow(BGP);
    await settled();
    base.lose('no leader');
    await settled();
    expect(follower.events.at(-1)).toEqual({ kind: 'lost', reason: 'no leader' });
    expect(follower.values()[`${BGP}/global/peer_v4/10.1.0.1`]).toBeDefined();
    base.setSilently(...peer('gone', '10.1.0.9'));
    base.readAgain();
    await settled();
    expect(follower.events.map(({ kind }) => kind)).toEqual(['snapshot', 'lost', 'snapshot']);
    expect(follower.values()[`${BGP}/global/peer_v4/10.1.0.1`]).toBeUndefined();
    expect(follower.values()[`${BGP}/global/peer_v4/10.1.0.9`]).toBeDefined();
    base.set([peer('gone', '10.1.0.8')]);
    await settled();
    expect(follower.values()[`${BGP}/global/peer_v4/10.1.0.9`]).toBeUndefined();
    expect(follower.values()[`${BGP}/global/peer_v4/10.1.0.8`]).toBeDefined();
  });

  test('changes come in order, however they follow each other', async () => {
    const { base, store, follow } = setUp();
    const follower = follow(BGP);
    for (let i = 0; i < 50; i++) {
      base.set([node(`n${i % 5}`, `10.0.0.${i}/24`), peer(`p${i % 7}`, `10.0.0.${i % 11}`)]);
      if (i % 10 === 3) await settled();
    }
    await settled();
    const { entries } = await store.read([BGP]);
    expect(new Map([...follower.view.snapshot.entries].sort())).toEqual(new Map([...entries].sort()));
  });

  test('follows secrets', async () => {
    const { base, secrets, warnings, follow } = setUp(true);
    const password = { secretKeyRef: { name: 's', key: 'k' } };
    base.set([
      peer('p', '10.0.0.9', { password }),
      resource('bgpconfigurations', 'default', { nodeMeshPassword: password }),
    ]);
    const follower = follow(BGP);
    await settled();
    const known = (): unknown[] => [
      (JSON.parse(follower.values()[`${BGP}/global/peer_v4/10.0.0.9`]!) as { password: unknown }).password,
      follower.values()[`${BGP}/global/node_mesh_password`],
    ];
    expect(known()).toEqual([null, undefined]);
    expect(warnings).toEqual(['memory: secret s, k: there is none, so there is no password']);
    secrets.texts.set('s/k', 'hush');
    secrets.changes.next();
    await settled();
    expect(known()).toEqual(['hush', 'hush']);
    secrets.texts.delete('s/k');
    secrets.changes.next();
    await settled();
    expect(known()).toEqual([null, undefined]);
    expect(warnings.join('\n')).not.toContain('hush');
  });

  test('asks the store for resources besides, and for those alone that are of use', async () => {
    const { base, store, follow } = setUp();
    follow(BGP);
    await store.read(['/elsewhere']);
    expect(base.asked).toEqual([
      [
        BGP,
        ...['bgpconfigurations', 'bgpfilters', 'bgppeers', 'blockaffinities', 'ippools', 'nodes'].map(
          (folder) => `${RESOURCES}/${folder}`,
        ),
      ],
      ['/elsewhere'],
    ]);
    store.close();
    expect(base.isClosed).toBe(true);
  });
});

describe('where keys come from', () => {
  test('resources with their revisions, of which the youngest is that of the key', async () => {
    const { base, store } = setUp();
    base.set([node('n1', '10.0.0.1/24')]);
    base.set([node('n2', '10.0.0.2/24')]);
    base.set([resource('bgppeers', 'all', { peerSelector: 'all()' })]);
    base.set([resource('bgpconfigurations', 'node.n2', { listenPort: 1179 })]);
    base.set([['/calico/bgp/v1/global/plain', 'x']]);
    const { entries } = await store.read([BGP]);
    const at = `${BGP}/global/peer_v4/10.0.0.2-1179`;
    expect(store.sourcesOf(at)).toEqual([
      { key: `${RESOURCES}/bgppeers/all`, revision: 3n },
      { key: `${RESOURCES}/nodes/n2`, revision: 2n },
      { key: `${RESOURCES}/bgpconfigurations/node.n2`, revision: 4n },
    ]);
    expect(entries.get(at)!.revision).toBe(4n);
    expect(entries.get(`${BGP}/host/n1/ip_addr_v4`)!.revision).toBe(1n);
    expect(store.sourcesOf('/calico/bgp/v1/global/plain')).toEqual([
      { key: '/calico/bgp/v1/global/plain', revision: 5n },
    ]);
    // What is there whatever resources say comes from none.
    expect(store.sourcesOf(`${BGP}/global/loglevel`)).toEqual([]);
    expect(store.sourcesOf(`${BGP}/global/nothing`)).toBeUndefined();
  });

  test('are up to date after a change', async () => {
    const { base, store, follow } = setUp();
    base.set([
      node('n1', '10.0.0.1/24'),
      peer('all', '10.0.0.9'),
      peer('some', '10.0.0.8', { nodeSelector: 'all()' }),
      peer('node', '10.0.0.1', { node: 'n1' }),
    ]);
    const follower = follow(BGP);
    await settled();
    base.set([node('n1', '10.0.0.1/16')]);
    await settled();
    base.set([resource('bgpconfigurations', 'default', {})]);
    await settled();
    const revisions = (key: string): unknown => [
      store.sourcesOf(`${BGP}/${key}`)!.map(({ revision }) => revision),
      follower.view.snapshot.entries.get(`${BGP}/${key}`)!.revision,
    ];
    // Of no node, of those with labels like the local one's, and with a node.
    expect(revisions('global/peer_v4/10.0.0.9')).toEqual([[1n], 1n]);
    expect(revisions('host/n1/peer_v4/10.0.0.8')).toEqual([[1n, 2n], 2n]);
    expect(revisions('host/n1/peer_v4/10.0.0.1')).toEqual([[1n, 2n, 3n], 3n]);
  });
});

test('a resource that is wrong is named once, and again when it is wrong in another way', async () => {
  const { base, warnings, follow } = setUp();
  const key = `${RESOURCES}/bgppeers/p`;
  base.set([[key, '{']]);
  follow(BGP);
  await settled();
  base.readAgain();
  await settled();
  base.set([[key, '[]']]);
  await settled();
  base.set([peer('p', '10.0.0.9')]);
  await settled();
  base.set([[key, '{']]);
  await settled();
  expect(warnings).toEqual([
    `memory: ${key}: it is no JSON; left out`,
    `memory: ${key}: it is to be an object; left out`,
    `memory: ${key}: it is no JSON; left out`,
  ]);
});

test('a key of the store itself comes before a translated one', async () => {
  const { base, store } = setUp();
  base.set([node('n1', '10.0.0.1/24'), [`${BGP}/host/n1/ip_addr_v4`, '10.9.9.9']]);
  const { entries } = await store.read([`${BGP}/host`]);
  expect(entries.get(`${BGP}/host/n1/ip_addr_v4`)!.value).toBe('10.9.9.9');
  expect(entries.get(`${BGP}/host/n1/network_v4`)!.value).toBe('10.0.0.0/24');
});

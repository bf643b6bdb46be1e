/** Catbird's own templates: what they make of key trees is good for BIRD too, and gives the sessions that are meant. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatIp } from '../../base/ip.ts';
import { formatPrefix } from '../../birdcl-compat/filter/values.ts';
import { load } from '../../birdcl-compat/conf/test-support.ts';
import { oneLine } from '../../birdcl-compat/conf/diagnostics.ts';
import type { AnyProtocolConfig } from '../../birdcl-compat/conf/lowered.ts';
import { DEFAULT_AS, DEFAULT_PORT } from '../default-config.ts';
import { keysOf, renderText } from '../render.ts';
import { loadResources } from './resources.ts';
import { systemWorld } from './world.ts';

const FOLDER = resolve(import.meta.dirname, '../builtin');
const version = spawnSync('bird', ['--version'], { encoding: 'utf8' });
const hasBird =
  version.error === undefined && (version.stderr + version.stdout).includes('BIRD version 2.0.');

type Keys = Readonly<Record<string, string>>;

async function render(template: string, keys: Keys, environment: Keys): Promise<string> {
  const options = { prefix: '', nodeName: undefined };
  const [loaded] = await loadResources(join(FOLDER, template), options, new Map(), () => undefined);
  const entries = new Map(Object.entries(keys).map(([key, value]) => [key, { value, revision: 1n }]));
  const world = { ...systemWorld, environment: (name: string) => environment[name] };
  return await renderText(loaded!.template, keysOf(loaded!.resource, { revision: 1n, entries }), world);
}

/** `Node_10_0_0_2 10.0.0.2 as 64512 client 1.0.0.1` */
function describeProtocol(protocol: AnyProtocolConfig): string | undefined {
  if (protocol.kind === 'static')
    return `${protocol.name} ${protocol.routes.map(({ prefix }) => formatPrefix(prefix as never)).join(' ')}`.trim();
  if (protocol.kind !== 'bgp') return undefined;
  const { session } = protocol;
  const settings = session.kind === 'single' ? session.config : session.config.template;
  const where =
    session.kind === 'single'
      ? formatIp(session.config.remoteAddress)
      : `range /${session.config.prefix.length}`;
  const words = [
    `${protocol.name} ${where} as ${String(settings.remoteAs)}`,
    protocol.rrClient ? 'client' : '',
    protocol.channels.map(({ name }) => name).join('+'),
    ...protocol.channels.map(({ importFilter }) => (importFilter.kind === 'filter' ? importFilter.name : '')),
    ...protocol.channels.map(({ importLimit }) => (importLimit ? `limit ${importLimit.limit}` : '')),
    settings.password === undefined ? '' : `password ${settings.password}`,
  ];
  return words.filter((word) => word !== '').join(' ');
}

const HOSTS: Keys = {
  '/calico/bgp/v1/global/as_num': '64512',
  '/calico/bgp/v1/global/node_mesh': '{"enabled": false}',
  '/calico/bgp/v1/host/n1/ip_addr_v4': '10.0.0.1',
  '/calico/bgp/v1/host/n1/ip_addr_v6': 'fd00::1',
  '/calico/bgp/v1/host/n2/ip_addr_v4': '10.0.0.2',
  '/calico/bgp/v1/host/n2/as_num': '64513',
  '/calico/bgp/v1/host/n3/ip_addr_v4': '10.0.0.3',
};
const RR: Keys = {
  '/calico/bgp/v1/rr_v4/10.0.1.1': '{"ip": "10.0.1.1", "cluster_id": "1.0.0.1"}',
  '/calico/bgp/v1/rr_v4/10.0.1.2': '{"ip": "10.0.1.2", "cluster_id": "1.0.0.2"}',
};
const BLOCKS: Keys = {
  '/calico/ipam/v2/host/n1/ipv4/block/192.168.1.0-26': '{}',
  '/calico/ipam/v2/host/n1/ipv4/block/192.168.2.0-26': '{}',
  '/calico/ipam/v2/host/n2/ipv4/block/192.168.3.0-26': '{}',
};
const peer = (ip: string, as: string): string => `{"ip": "${ip}", "as_num": ${as}}`;

const CASES: readonly [
  what: string,
  template: string,
  environment: Keys,
  keys: Keys,
  expected: readonly string[],
][] = [
  [
    'a reflector of all nodes, in a mesh of reflectors',
    'reflector',
    { IP: '10.0.1.1' },
    { ...HOSTS, ...RR, '/calico/bgp/v1/global/peer_v4/10.0.1.1': peer('10.0.1.1', '"64512"') },
    [
      'RR_10_0_1_2 10.0.1.2 as 64512 ipv4',
      'Node_10_0_0_1 10.0.0.1 as 64512 client ipv4',
      'Node_10_0_0_2 10.0.0.2 as 64513 ipv4',
      'Node_10_0_0_3 10.0.0.3 as 64512 client ipv4',
    ],
  ],
  [
    'a reflector of those nodes that peer with it, with peers of its own',
    'reflector',
    { NODENAME: 'rr', IP: '10.0.1.1' },
    {
      ...HOSTS,
      ...RR,
      '/calico/bgp/v1/host/n3/peer_v4/10.0.1.1': peer('10.0.1.1', '64512'),
      '/calico/bgp/v1/host/rr/peer_v4/10.9.0.1': peer('10.9.0.1', '4200000000'),
      '/calico/bgp/v1/global/peer_v4/10.9.0.2': peer('10.9.0.2', '65001'),
    },
    [
      'RR_10_0_1_2 10.0.1.2 as 64512 ipv4',
      'Node_10_0_0_3 10.0.0.3 as 64512 client ipv4',
      'Global_10_9_0_2 10.9.0.2 as 65001 ipv4',
      'Own_10_9_0_1 10.9.0.1 as 4200000000 ipv4',
    ],
  ],
  [
    'reflectors among the nodes, both families, policies, limits and passwords',
    'reflector',
    { NODENAME: 'n1' },
    {
      ...HOSTS,
      '/calico/bgp/v1/host/n1/rr_cluster_id': '1.0.0.9',
      '/calico/bgp/v1/host/n2/rr_cluster_id': '1.0.0.9',
      '/calico/bgp/v1/host/n3/ip_addr_v6': 'fd00::3',
      '/calico/bgp/v1/global/peer_v4/10.0.0.1': peer('10.0.0.1', '64512'),
      '/calico/bgp/v1/global/peer_v6/fd00::1': peer('fd00::1', '64512'),
      '/catbird/filter/short': 'if net.len > 24 then reject; accept;',
      '/catbird/peer/10.0.0.3/import': 'short',
      '/catbird/peer/10.0.0.3/limit': '100',
      '/catbird/default/password': 'usual',
      '/catbird/peer/fd00::3/password': 'other',
    },
    [
      'RR_10_0_0_2 10.0.0.2 as 64513 ipv4 password usual',
      'Node_10_0_0_3 10.0.0.3 as 64512 client ipv4 policy_short limit 100 password usual',
      'Node_fd00__3 fd00::3 as 64512 client ipv6 password other',
    ],
  ],
  [
    'clients that may call from anywhere in a network',
    'reflector',
    { IP: '10.0.1.1' },
    {
      '/catbird/range/nodes': '{"prefix": "10.0.0.0/16", "as_num": 64512}',
      '/catbird/range/others': '{"prefix": "10.8.0.0/16", "as_num": "65001"}',
      '/catbird/range/six': '{"prefix": "fd00::/64"}',
      '/catbird/peer/nodes/limit': '50',
    },
    [
      'Range_nodes range /16 as 64512 client ipv4 limit 50',
      'Range_others range /16 as 65001 ipv4',
      'Range_six range /64 as 64512 client ipv6',
    ],
  ],
  [
    'a host that peers with reflectors',
    'client',
    { NODENAME: 'n1' },
    {
      ...HOSTS,
      ...BLOCKS,
      '/calico/bgp/v1/global/peer_v4/10.0.1.1': peer('10.0.1.1', '64512'),
      '/calico/bgp/v1/host/n1/peer_v4/10.9.0.1': peer('10.9.0.1', '65001'),
    },
    [
      'blocks_v4 192.168.1.0/26 192.168.2.0/26',
      'Global_10_0_1_1 10.0.1.1 as 64512 ipv4',
      'Own_10_9_0_1 10.9.0.1 as 65001 ipv4',
      'blocks_v6',
    ],
  ],
  [
    'a host of a full mesh',
    'client',
    { NODENAME: 'n2' },
    { ...HOSTS, ...BLOCKS, '/calico/bgp/v1/global/node_mesh': '{"enabled": true}' },
    [
      'blocks_v4 192.168.3.0/26',
      'Mesh_10_0_0_1 10.0.0.1 as 64512 ipv4',
      'Mesh_10_0_0_3 10.0.0.3 as 64512 ipv4',
    ],
  ],
];

describe.each(CASES)('%s', (_what, template, environment, keys, expected) => {
  test('has these sessions', async () => {
    const text = await render(template, keys, environment);
    const { config, errors } = load(text);
    expect(errors.map(oneLine)).toEqual([]);
    const found = config!.protocols.map(describeProtocol).filter((line) => line !== undefined);
    expect(found, text).toEqual(expected);
  });

  test.skipIf(!hasBird)(`is good for BIRD${hasBird ? '' : ' (needs bird 2.0)'}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'catbird-builtin-'));
    try {
      const path = join(folder, 'bird.conf');
      writeFileSync(path, await render(template, keys, environment));
      const { status, stderr } = spawnSync('bird', ['-p', '-c', path], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('cluster IDs come from the keys of reflectors and of nodes', async () => {
  const all = { '/calico/bgp/v1/global/peer_v4/10.0.1.1': peer('10.0.1.1', '64512') };
  expect(await render('reflector', { ...HOSTS, ...RR, ...all }, { IP: '10.0.1.1' })).toContain(
    'rr cluster id 1.0.0.1;',
  );
  const own = { '/calico/bgp/v1/host/n1/rr_cluster_id': '1.0.0.9' };
  expect(await render('reflector', { ...HOSTS, ...own }, { NODENAME: 'n1' })).toContain(
    'rr cluster id 1.0.0.9;',
  );
});

test('without keys the reflector serves clients on this machine', async () => {
  const text = await render('reflector', {}, {});
  const { config, errors } = load(text);
  expect(errors).toEqual([]);
  expect(config!.protocols.map(describeProtocol)).toEqual([
    undefined,
    `loopback range /8 as ${DEFAULT_AS} client ipv4+ipv6`,
  ]);
  expect(text).toContain(`local 127.0.0.1 port ${DEFAULT_PORT} as ${DEFAULT_AS};`);
});

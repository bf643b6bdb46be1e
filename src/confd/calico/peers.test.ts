/** What each field of a BGPPeer becomes: with an address, with a selector, and in return. As Calico 3.30 has it. */
import { describe, expect, test } from 'vitest';
import type { Entry } from '../store.ts';
import { RESOURCES } from './resource.ts';
import { Translator } from './translator.ts';

const HOST = '/calico/bgp/v1/host/n1';
const GLOBAL = '/calico/bgp/v1/global';

/** n1 is the node itself; n2 has the label `far`. */
const NODES: Readonly<Record<string, unknown>> = {
  'nodes/n1': {
    metadata: { labels: { near: '' } },
    spec: { bgp: { ipv4Address: '10.0.0.1/24', ipv6Address: 'fd00::1/64' } },
  },
  'nodes/n2': {
    metadata: { labels: { far: '' } },
    spec: {
      bgp: {
        ipv4Address: '10.0.0.2/24',
        ipv6Address: 'fd00::2/64',
        asNumber: 65002,
        routeReflectorClusterID: '1.1.1.1',
      },
    },
  },
};

/** The neighbours that resources give, by their keys, and what is wrong. */
function translated(resources: Readonly<Record<string, unknown>>): {
  peers: Record<string, Record<string, unknown>>;
  problems: string[];
} {
  const problems: string[] = [];
  const translator = new Translator({
    nodeName: 'n1',
    isPendingKept: false,
    secret: ({ name, key }) => (name === 'bgp' ? `password ${key}` : undefined),
    report: (_, problem) => {
      if (problem !== undefined) problems.push(problem);
    },
  });
  const entries = Object.entries({ ...NODES, ...resources }).map(([name, value]): [string, Entry] => [
    `${RESOURCES}/${name}`,
    { value: JSON.stringify(value), revision: 1n },
  ]);
  const work = translator.apply(entries);
  while (!work.next().done);
  const peers = Array.from(translator.winners, ([key, { value }]) => [key, value] as const)
    .filter(([key]) => key.includes('/peer_v'))
    .map(([key, value]) => [key, JSON.parse(value) as Record<string, unknown>] as const);
  return { peers: Object.fromEntries(peers), problems };
}

const ofPeer = (spec: unknown): ReturnType<typeof translated> => translated({ 'bgppeers/p': { spec } });

const ADDRESS = { node: 'n1', peerIP: '10.9.0.1', asNumber: 65009 };
const SELECTOR = { node: 'n1', peerSelector: 'has(far)' };
/** n2 has it with n1. */
const RETURN = { node: 'n2', peerSelector: 'has(near)' };
const WAYS = [
  ['an address', ADDRESS, `${HOST}/peer_v4/10.9.0.1`],
  ['a selector', SELECTOR, `${HOST}/peer_v4/10.0.0.2`],
  ['in return', RETURN, `${HOST}/peer_v4/10.0.0.2`],
] as const;

const USUAL = {
  local_as_num: '0',
  rr_cluster_id: '',
  password: null,
  source_addr: 'UseNodeIP',
  port: 0,
  keep_next_hop: false,
  restart_time: '',
  keepalive_time: '',
  calico_node: false,
  num_allow_local_as: 0,
  ttl_security: 0,
  reachable_by: '',
  filters: null,
  passive_mode: false,
  local_bgp_peer: false,
  next_hop_mode: '',
};

test('with nothing said, all is as usual', () => {
  expect(ofPeer(ADDRESS).peers).toEqual({
    [`${HOST}/peer_v4/10.9.0.1`]: { ...USUAL, ip: '10.9.0.1', as_num: '65009' },
  });
  const far = { ...USUAL, as_num: '65002', rr_cluster_id: '1.1.1.1' };
  for (const spec of [SELECTOR, RETURN]) {
    expect(ofPeer(spec).peers).toEqual({
      [`${HOST}/peer_v4/10.0.0.2`]: { ...far, ip: '10.0.0.2' },
      [`${HOST}/peer_v6/fd00::2`]: { ...far, ip: 'fd00::2' },
    });
  }
});

describe.each([
  [{ password: { secretKeyRef: { name: 'bgp', key: 'k' } } }, { password: 'password k' }],
  [{ password: { secretKeyRef: { name: 'none', key: 'k' } } }, { password: null }],
  [{ password: {} }, { password: null }],
  [{ sourceAddress: 'None' }, { source_addr: 'None' }],
  [{ sourceAddress: 'UseNodeIP' }, { source_addr: 'UseNodeIP' }],
  [{ ttlSecurity: 3 }, { ttl_security: 3 }],
  [{ filters: ['a', 'b'] }, { filters: ['a', 'b'] }],
  [{ filters: [] }, { filters: [] }],
  [{ reachableBy: '10.0.0.254' }, { reachable_by: '10.0.0.254' }],
  [{ keepOriginalNextHop: true }, { keep_next_hop: true }],
  [{ nextHopMode: 'Self' }, { next_hop_mode: 'Self' }],
  [
    { nextHopMode: 'Auto', keepOriginalNextHop: true },
    { next_hop_mode: 'Auto', keep_next_hop: false },
  ],
  [{ maxRestartTime: '10s' }, { restart_time: '10' }],
  [{ maxRestartTime: '1m30.6s' }, { restart_time: '91' }],
  [{ keepaliveTime: '20s' }, { keepalive_time: '20' }],
  [{ localASNumber: '1.10' }, { local_as_num: '65546' }],
  [{ reversePeering: 'Auto' }, {}],
])('%j', (fields, expected) => {
  test.each(WAYS)('with %s', (_, spec, key) => {
    const { peers, problems } = ofPeer({ ...spec, ...fields });
    const { ip, as_num, rr_cluster_id, ...rest } = peers[key]!;
    expect([ip, as_num, rr_cluster_id]).not.toContain(undefined);
    expect(rest).toEqual({ ...USUAL, rr_cluster_id: undefined, ...expected });
    expect(problems).toEqual([]);
  });
});

describe('the own AS number in paths', () => {
  test.each(WAYS)('may be there with %s alone where it is an address', (way, spec, key) => {
    const { peers } = ofPeer({ ...spec, numAllowedLocalASNumbers: 2 });
    expect(peers[key]!['num_allow_local_as']).toBe(way === 'an address' ? 2 : 0);
  });
});

describe('peerings in return', () => {
  test.each([
    ['by selector', { node: 'n2', peerSelector: 'has(near)' }, ['10.0.0.2', 'fd00::2']],
    ['by selector of both', { nodeSelector: 'has(far)', peerSelector: 'has(near)' }, ['10.0.0.2', 'fd00::2']],
    ['by address, of its family', { node: 'n2', peerIP: '10.0.0.1' }, ['10.0.0.2']],
    ['by address of IPv6', { node: 'n2', peerIP: 'fd00::1', asNumber: 64512 }, ['fd00::2']],
    ['not with another AS number', { node: 'n2', peerIP: '10.0.0.1', asNumber: 64513 }, []],
    ['not where they are made by hand', { node: 'n2', peerIP: '10.0.0.1', reversePeering: 'Manual' }, []],
    ['not with others', { node: 'n2', peerSelector: 'has(far)' }, []],
    ['not of nodes that are not there', { node: 'n3', peerSelector: 'has(near)' }, []],
  ])('%s', (_, spec, expected) => {
    const { peers } = ofPeer(spec);
    expect(Object.values(peers).map(({ ip }) => ip)).toEqual(expected);
    expect(Object.keys(peers).every((key) => key.startsWith(HOST))).toBe(true);
  });

  test('come after what is said, and that after what all nodes have', () => {
    const specs = {
      reverse: { node: 'n2', peerSelector: 'has(near)', maxRestartTime: '1s' },
      forward: { node: 'n1', peerSelector: 'has(far)', maxRestartTime: '2s' },
      global: { peerSelector: 'has(far)', maxRestartTime: '3s' },
    };
    const given = (...names: (keyof typeof specs)[]): string[] => {
      const resources = Object.fromEntries(names.map((name) => [`bgppeers/${name}`, { spec: specs[name] }]));
      return Object.entries(translated(resources).peers)
        .filter(([key]) => key.endsWith('/10.0.0.2'))
        .map(([key, { restart_time }]) => `${key} ${restart_time as string}`);
    };
    expect(given('reverse')).toEqual([`${HOST}/peer_v4/10.0.0.2 1`]);
    expect(given('reverse', 'forward')).toEqual([`${HOST}/peer_v4/10.0.0.2 2`]);
    expect(given('reverse', 'forward', 'global')).toEqual([`${GLOBAL}/peer_v4/10.0.0.2 3`]);
  });
});

describe('ports', () => {
  test.each([
    ['said with the address', { peerIP: '10.9.0.1:1179' }, {}, '10.9.0.1-1179'],
    ['said with an address of IPv6', { peerIP: '[fd00::9]:1179' }, {}, 'fd00::9-1179'],
    ['that of BGP', { peerIP: '10.9.0.1:179' }, {}, '10.9.0.1'],
    ['of the node that has the address', { peerIP: '10.0.0.2' }, { 'node.n2': 1180 }, '10.0.0.2-1180'],
    ['of all nodes', { peerIP: '10.0.0.2' }, { default: 1181 }, '10.0.0.2-1181'],
    ['of a node before that of all', { peerIP: '10.0.0.2' }, { default: 1, 'node.n2': 2 }, '10.0.0.2-2'],
    ['of no node', { peerIP: '10.9.0.1' }, { default: 1181 }, '10.9.0.1'],
  ])('%s', (_, spec, ports, expected) => {
    const { peers } = translated({
      'bgppeers/p': { spec: { node: 'n1', asNumber: 65002, ...spec } },
      ...Object.fromEntries(
        Object.entries(ports).map(([name, listenPort]) => [
          `bgpconfigurations/${name}`,
          { spec: { listenPort } },
        ]),
      ),
    });
    expect(Object.keys(peers).map((key) => key.slice(`${HOST}/peer_v4/`.length))).toEqual([expected]);
  });
});

describe.each([
  [{ sourceAddress: 'x' }, 'spec.sourceAddress is to be one of UseNodeIP, None'],
  [{ ttlSecurity: 256 }, 'spec.ttlSecurity is to be a whole number up to 255'],
  [{ ttlSecurity: '1' }, 'spec.ttlSecurity is to be a whole number up to 255'],
  [{ filters: 'a' }, 'spec.filters is to be a list of texts'],
  [{ keepOriginalNextHop: 'yes' }, 'spec.keepOriginalNextHop is to be true or false'],
  [{ maxRestartTime: '10' }, 'spec.maxRestartTime is to be a duration like 1m30s'],
  [
    { numAllowedLocalASNumbers: -1 },
    'spec.numAllowedLocalASNumbers is to be a whole number up to 2147483647',
  ],
  [{ reversePeering: 'x' }, 'spec.reversePeering is to be one of Auto, Manual'],
  [{ asNumber: '70000.1' }, 'spec.asNumber is to be an AS number'],
  [{ password: 'x' }, 'spec.password is to be an object'],
  [{ reachableBy: 'x' }, 'spec.reachableBy is no address'],
  [{ reachableBy: 'fd00::9' }, 'spec.reachableBy is not of the family of spec.peerIP'],
  [{ localWorkloadSelector: 'all()' }, 'spec.localWorkloadSelector is not supported'],
  [{ peerIP: '10.0.0.1:99999' }, 'it needs spec.peerIP, an address, or spec.peerSelector'],
])('%j', (fields, problem) => {
  test('is refused', () => {
    const { peers, problems } = ofPeer({ ...ADDRESS, ...fields });
    expect(peers).toEqual({});
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });
});

test('interfaces that the node is to ignore', () => {
  const translator = new Translator({
    nodeName: 'n1',
    isPendingKept: false,
    secret: () => undefined,
    report: () => undefined,
  });
  const value = JSON.stringify({ spec: { ignoredInterfaces: ['a*', 'b'] } });
  const work = translator.apply([[`${RESOURCES}/bgpconfigurations/default`, { value, revision: 1n }]]);
  while (!work.next().done);
  expect(translator.winners.get(`${GLOBAL}/ignored_interfaces`)?.value).toBe('a*,b');
});

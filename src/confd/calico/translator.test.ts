import { describe, expect, test } from 'vitest';
import type { Random } from '../../base/random.ts';
import { seededRandom } from '../../base/random.ts';
import type { Entry } from '../store.ts';
import { RESOURCES } from './resource.ts';
import { Translator } from './translator.ts';

const problems: string[] = [];
const make = (maxPeerText?: number): Translator =>
  new Translator({
    ...(maxPeerText !== undefined && { maxPeerText }),
    nodeName: 'n0',
    isPendingKept: false,
    secret: ({ name, key }) => (name === 's' ? `secret ${key}` : undefined),
    report: (key, problem) => {
      if (problem !== undefined) problems.push(`${key}: ${problem}`);
    },
  });
const run = <T>(work: Generator<void, T>): T => {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
};
const tree = (translator: Translator): unknown =>
  Array.from(translator.winners, ([key, { value, sources }]) => [
    key,
    value,
    sources.map((one) => `${one.key} ${one.revision}`),
  ]).sort();
const entry = (spec: unknown, labels: Record<string, string> = {}, revision = 1n): Entry => ({
  value: JSON.stringify({ metadata: { labels }, spec }),
  revision,
});

function randomChange(random: Random, revision: bigint): [string, Entry | undefined] {
  const node = `n${Math.floor(random.float() * 8)}`;
  const labels = { a: random.pick(['1', '2']), b: random.pick(['1', '2']) };
  const ip = `10.0.0.${Math.floor(random.float() * 8)}`;
  const selectors = ['', "a=='1'", "b=='2'", 'all()', "a in {'2'} && !has(c)"];
  const kinds: Record<string, () => [string, Entry]> = {
    node: () => [
      `nodes/${node}`,
      entry(
        {
          bgp: {
            ipv4Address: `${ip}/24`,
            ipv6Address: `fd00::${ip.at(-1)!}`,
            asNumber: random.pick<unknown>([null, 7]),
          },
        },
        labels,
        revision,
      ),
    ],
    peer: () => [
      `bgppeers/p${Math.floor(random.float() * 8)}`,
      entry(
        {
          node: random.pick<unknown>(['', '', node]),
          nodeSelector: random.pick<unknown>(selectors),
          ...(random.float() < 0.5
            ? { peerSelector: random.pick<unknown>(selectors.slice(1)) }
            : {
                peerIP: random.pick<unknown>([ip, `${ip}:500`]),
                asNumber: random.pick<unknown>([7, 64512]),
              }),
          password: { secretKeyRef: { name: random.pick<unknown>(['s', 'none']), key: 'k' } },
        },
        {},
        revision,
      ),
    ],
    global: () => [
      'bgpconfigurations/default',
      entry(
        {
          asNumber: random.pick<unknown>([null, 7]),
          listenPort: random.pick<unknown>([0, 179, 500]),
          serviceClusterIPs: [{ cidr: '10.9.0.0/16' }],
        },
        {},
        revision,
      ),
    ],
    ofNode: () => [
      `bgpconfigurations/node.${node}`,
      entry({ listenPort: random.pick<unknown>([0, 500, 600]) }, {}, revision),
    ],
    pool: () => [
      `ippools/x${node}`,
      entry(
        {
          cidr: random.pick<unknown>(['10.1.0.0/16', '10.2.0.0/16']),
          ipipMode: random.pick<unknown>(['Always', 'Wrong']),
        },
        {},
        revision,
      ),
    ],
  };
  if (random.float() < 0.1) {
    // What the store itself has, where peers would be.
    const key = random.pick([`/calico/bgp/v1/global/peer_v4/${ip}`, `/calico/bgp/v1/host/n0/peer_v4/${ip}`]);
    return [key, random.float() < 0.5 ? undefined : { value: 'own', revision }];
  }
  const [name, value] = random.pick(Object.values(kinds))();
  return [`${RESOURCES}/${name}`, random.float() < 0.2 ? undefined : value];
}

test.each([
  ...[1, 2, 3, 4, 5, 6].map((seed) => [seed, undefined]),
  // With so little room that peers are left out now and then.
  ...[7, 8, 9, 10].map((seed) => [seed, 8000]),
] as [number, number | undefined][])(
  'changes one by one end in what a translation afresh gives (seed %d, room %s)',
  (seed, room) => {
    const random = seededRandom(seed);
    const translator = make(room);
    const entries = new Map<string, Entry>();
    for (let step = 1; step <= 200; step++) {
      const [key, value] = randomChange(random, BigInt(step));
      if (value) entries.set(key, value);
      else entries.delete(key);
      const before = new Map(translator.winners);
      const told = run(translator.apply([[key, value]]));
      const afresh = make(room);
      run(afresh.apply(entries));
      expect(tree(translator)).toEqual(tree(afresh));
      for (const [at, claim] of translator.winners)
        if (before.get(at) !== claim) expect(told.get(at)).toBe(before.get(at));
      for (const at of before.keys()) if (!translator.winners.has(at)) expect(told.has(at)).toBe(true);
    }
  },
);

describe('what is wrong', () => {
  test.each([
    ['bgppeers/p', '{', 'it is no JSON'],
    ['bgppeers/p', '{"spec":{"peerIP":"x"}}', 'spec.peerIP'],
    ['bgppeers/p', '{"spec":{"peerSelector":"a = 1"}}', 'spec.peerSelector: selector'],
    ['bgpconfigurations/default', '{"spec":{"asNumber":"x"}}', 'spec.asNumber is to be an AS number'],
    ['ippools/p', '{"spec":{"cidr":"10.0.0.0"}}', 'spec.cidr is to be a network'],
    ['nodes/n', '[]', 'is to be an object'],
  ])('%s %s is reported and left out', (name, value, message) => {
    problems.length = 0;
    const translator = make();
    run(translator.apply([[`${RESOURCES}/${name}`, { value, revision: 1n }]]));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${RESOURCES}/${name}: `);
    expect(problems[0]).toContain(message);
    expect([...translator.winners.keys()].filter((key) => !key.startsWith('/calico/bgp/v1/global/'))).toEqual(
      [],
    );
  });
});

describe('the limit on what peers claim', () => {
  const NODES = 10;
  const setUp = (): {
    translator: Translator;
    told: string[];
    set: (name: string, spec: unknown) => void;
  } => {
    const told: string[] = [];
    const translator = new Translator({
      nodeName: 'n0',
      isPendingKept: false,
      secret: () => undefined,
      report: (key, problem) => told.push(`${key.slice(RESOURCES.length + 1)}: ${problem ?? 'well'}`),
      maxPeerText: 10_000,
    });
    const set = (name: string, spec: unknown): void => {
      run(translator.apply([[`${RESOURCES}/${name}`, spec === undefined ? undefined : entry(spec)]]));
    };
    for (let i = 0; i < NODES; i++) set(`nodes/n${i}`, { bgp: { ipv4Address: `10.0.0.${i}` } });
    return { translator, told, set };
  };
  const count = (translator: Translator): number =>
    [...translator.winners.keys()].filter((key) => key.includes('/peer_v4/')).length;
  const LEFT_OUT =
    'its neighbours, with those of the peers before it by name, would take more than 10000 characters; left out: ' +
    'let its selectors choose fewer nodes';

  test('leaves out peers by name, whatever the order they come in, and takes them when there is room', () => {
    const { translator, told, set } = setUp();
    set('bgppeers/b', { node: 'n0', peerSelector: 'all()' });
    expect(told).toEqual([]);
    set('bgppeers/a', { peerSelector: 'all()' });
    expect(told).toEqual([`bgppeers/b: ${LEFT_OUT}`]);
    set('bgppeers/c', { peerIP: '10.1.0.1', asNumber: 1 });
    expect(told).toHaveLength(1);
    expect(count(translator)).toBe(NODES + 1);
    expect(translator.winners.get('/calico/bgp/v1/global/peer_v4/10.0.0.3')!.owner).toBe('a/n3');
    set('bgppeers/a', undefined);
    expect(told.slice(1)).toEqual(['bgppeers/b: well']);
    expect(translator.winners.get('/calico/bgp/v1/host/n0/peer_v4/10.0.0.3')!.owner).toBe('b/n3');
    expect(count(translator)).toBe(NODES + 1);
  });

  test('counts what each claim repeats, and what more nodes bring', () => {
    const { translator, told, set } = setUp();
    set('bgppeers/a', { peerSelector: 'all()' });
    set('bgppeers/b', { peerSelector: 'all()', filters: ['x'.repeat(5000)] });
    expect(told).toEqual([`bgppeers/b: ${LEFT_OUT}`]);
    expect(count(translator)).toBe(NODES);
    for (let i = NODES; i < 30; i++) set(`nodes/n${i}`, { bgp: { ipv4Address: `10.0.0.${i}` } });
    expect(told.slice(1)).toEqual([`bgppeers/a: ${LEFT_OUT}`]);
    expect(count(translator)).toBe(0);
    for (let i = NODES; i < 30; i++) set(`nodes/n${i}`, undefined);
    expect(told.slice(2)).toEqual(['bgppeers/a: well']);
    expect(count(translator)).toBe(NODES);
  });
});

test('a community by name is one, however often prefixes name it', () => {
  problems.length = 0;
  const translator = make();
  const spec = {
    communities: [{ name: 'a', value: 'x'.repeat(100_000) }],
    prefixAdvertisements: Array.from({ length: 1000 }, () => ({ cidr: '10.0.0.0/8', communities: ['a'] })),
  };
  run(translator.apply([[`${RESOURCES}/bgpconfigurations/default`, entry(spec)]]));
  expect(problems).toEqual([
    `${RESOURCES}/bgpconfigurations/default: spec.communities: a is to be like 65000:100; left out`,
  ]);
});

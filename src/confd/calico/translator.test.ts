import { describe, expect, test } from 'vitest';
import type { Random } from '../../base/random.ts';
import { seededRandom } from '../../base/random.ts';
import type { Entry } from '../store.ts';
import { RESOURCES } from './resource.ts';
import { Translator } from './translator.ts';

const problems: string[] = [];
const make = (): Translator =>
  new Translator({
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
    sources.map((one) => one.key),
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
  const [name, value] = random.pick(Object.values(kinds))();
  return [`${RESOURCES}/${name}`, random.float() < 0.2 ? undefined : value];
}

test.each([1, 2, 3, 4, 5, 6])(
  'changes one by one end in what a translation afresh gives (seed %d)',
  (seed) => {
    const random = seededRandom(seed);
    const translator = make();
    const entries = new Map<string, Entry>();
    for (let step = 1; step <= 200; step++) {
      const [key, value] = randomChange(random, BigInt(step));
      if (value) entries.set(key, value);
      else entries.delete(key);
      const before = new Map(translator.winners);
      const told = run(translator.apply([[key, value]]));
      const afresh = make();
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

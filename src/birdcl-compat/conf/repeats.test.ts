import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import type { Random } from '../../base/random.ts';
import { planChanges } from '../../daemon-plan.ts';
import { Tokens } from './lexer.ts';
import { loadTokens, loadText } from './load.ts';
import type { LoadResult } from './load.ts';
import type { DaemonConfig } from './lowered.ts';

/** Its address is the router ID. */
const HOST = {
  hostname: 'host',
  interfaces: [{ name: 'eth0', address: { version: 4, words: [0x0a000001] } as const }],
};
const NO_FILES = {
  read: (path: string): string => {
    throw new Error(`no file ${path}`);
  },
  glob: () => [],
};

function load(text: string, findsRepeats: boolean): { result: LoadResult | undefined; tokens: Tokens } {
  const tokens = new Tokens(findsRepeats);
  return { result: loadTokens(tokens, [{ path: 'bird.conf', text }], NO_FILES, HOST, {}), tokens };
}

const RUNNING = {
  isEnabled: () => true,
  isUp: () => true,
  canRefresh: () => true,
  staleTimesFit: () => true,
};

const LEFT_OUT = ['importFilter', 'exportFilter', 'repeats'];

/** All that a configuration says but its filters, which `planChanges` compares. */
function withoutFilters(config: DaemonConfig): unknown {
  return JSON.parse(
    JSON.stringify(config.protocols, (key, value: unknown) => (LEFT_OUT.includes(key) ? undefined : value)),
  );
}

function expectSame(repeated: LoadResult, whole: LoadResult): void {
  expect(repeated.errors).toEqual(whole.errors);
  expect(repeated.warnings).toEqual(whole.warnings);
  expect(repeated.dialect).toEqual(whole.dialect);
  expect(repeated.config === undefined).toBe(whole.config === undefined);
  if (!repeated.config || !whole.config) return;
  expect(withoutFilters(repeated.config)).toEqual(withoutFilters(whole.config));
  const { changes, unchanged } = planChanges(whole.config, repeated.config, RUNNING);
  expect([...changes]).toEqual([]);
  expect(unchanged).toBe(whole.config.protocols.length);
}

const block = (name: string, neighbor: string, more = ''): string => `protocol bgp ${name} {
  description "${name}";
  local as 65000;
  neighbor ${neighbor};
${more}  ipv4 { import where net ~ 10.0.0.0/8; export all; };
}
`;

describe('blocks that repeat another one', () => {
  test('are kept as what differs', () => {
    const names = Array.from({ length: 100 }, (_, i) => `node${i}`);
    const text = names.map((name, i) => block(name, `10.0.0.${i} as 65000`)).join('\n# next\n');
    const { result, tokens } = load(text, true);
    const whole = load(text, false);
    expectSame(result!, whole.result!);
    expect(result!.config!.protocols.map(({ name }) => name)).toEqual(names);
    // Half of the tokens of a block are in what does not differ.
    expect(tokens.length).toBeLessThan(0.6 * whole.tokens.length);
  });

  test('share what does not differ', () => {
    const text = block('a', '10.0.0.1 as 65000') + block('b', '10.0.0.2 as 65000');
    const [a, b] = loadText('bird.conf', text, NO_FILES, HOST).config!.protocols;
    expect(a).toMatchObject({ kind: 'bgp', name: 'a', session: { config: { name: 'a' } } });
    expect(b).toMatchObject({ kind: 'bgp', name: 'b', description: 'b', session: { config: { name: 'b' } } });
    expect(a!.kind === 'bgp' && b!.kind === 'bgp' && a.channels === b.channels).toBe(true);
  });

  test('may be inherited from', () => {
    const text =
      block('a', '10.0.0.1 as 65001', '  hold time 33;\n') +
      block('b', '10.0.0.2 as 65002', '  hold time 33;\n') +
      'protocol bgp c from b { neighbor as 65003; description "c"; ipv4 { import none; }; }\n';
    const { result } = load(text, true);
    expect(result!.config!.protocols[2]).toMatchObject({
      name: 'c',
      remoteAs: 65003,
      session: { config: { holdTimeS: 33, remoteAddress: { words: [0x0a000002] } } },
    });
  });

  test.each([
    [
      'another value of a global option between them',
      (a: string, b: string) => `${a}debug protocols all;\n${b}`,
    ],
    ['an option more', (a: string, b: string) => a + b.replace('local', 'passive;\n  local')],
    [
      'an option of another form',
      (a: string, b: string) => a.replace(' as 65000;', ' port 1790 as 65000;') + b,
    ],
    [
      'a channel of its own',
      (a: string, b: string) => a + b.replace('export all', 'export filter { reject; }'),
    ],
    ['a link-local neighbour', (a: string, b: string) => a + b.replace('10.0.0.2', 'fe80::2%eth0')],
    [
      'an address set by another option',
      (a: string, b: string) =>
        (a + b.replace('local 10.9.9.1', 'local 10.9.9.2')).replaceAll(
          '  ipv4',
          '  source address 10.8.8.8;\n  ipv4',
        ),
    ],
  ])('%s counts', (_what, join) => {
    const a = block('a', '10.0.0.1 as 65000').replace('local as', 'local 10.9.9.1 as');
    const b = block('b', '10.0.0.2 as 65000').replace('local as', 'local 10.9.9.1 as');
    const text = join(a, b);
    expectSame(loadText('bird.conf', text, NO_FILES, HOST), load(text, false).result!);
  });

  test('are each named in notices and errors', () => {
    const text = ['a', 'b', 'c']
      .map((name, i) => block(name, `10.0.0.${i} as 65000`, '  tx size warning 5;\n'))
      .join('');
    expect(load(text, true).result).toBeUndefined();
    const { warnings } = loadText('bird.conf', text, NO_FILES, HOST);
    expect(warnings.map(({ location }) => location.line)).toEqual([5, 12, 19]);
  });

  test('mean the same as when they are read in full', () => {
    let repeats = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const text = randomText(seededRandom(seed));
      const { result, tokens } = load(text, true);
      if (result && tokens.hasRepeats) repeats++;
      expectSame(loadText('bird.conf', text, NO_FILES, HOST), load(text, false).result!);
    }
    expect(repeats).toBeGreaterThan(50);
  });
});

/** Blocks of a few patterns, some with a line changed, now and then with something else between them. */
function randomText(random: Random): string {
  const lines = ['router id 10.0.0.1;', 'template bgp t { local as 65000; hold time 90; }'];
  const patterns = Array.from({ length: 1 + random.below(2) }, () => randomPattern(random));
  const count = 2 + random.below(12);
  for (let i = 0; i < count; i++) {
    const own = random
      .pick(patterns)
      .map((line) => line.replace('$N', String(i)).replace('$M', String(random.below(3))));
    if (random.chance(0.02)) own.splice(1 + random.below(own.length - 1), 0, random.pick(ODD_LINES));
    if (random.chance(0.02)) own.splice(1 + random.below(own.length - 2), 1);
    lines.push(...own);
    if (random.chance(0.08)) lines.push(random.pick(BETWEEN));
  }
  return `${lines.join('\n')}${random.pick(['\n', '', '\n\n'])}`;
}

const HEADERS = ['protocol bgp p$N {', 'protocol bgp p$N from t {', "protocol bgp 'p$N' {"];
const LOCALS = ['  local as 65000;', '  local 10.9.9.$M as 65000;', '  local 10.9.9.9 port 179$M as 65000;'];
const NEIGHBORS = [
  '  neighbor 10.0.$M.$N as 65000;',
  '  neighbor 10.0.0.$N as 6500$M;',
  '  neighbor 10.0.0.$N port 179$M as 65001;',
  '  neighbor 2001:db8::$N as 65000;',
  '\tneighbor fe80::$N%eth0 as 65001; # link',
  '  neighbor 10.0.0.$N internal;',
  '  neighbor range 10.$N.0.0/16 as 65000;',
];
const OPTIONS = [
  '  description "node $N";',
  '  description "the same";',
  '  password "secret$M";',
  '  passive;',
  '  rr client;',
  '  hold time 30; keepalive time 10;',
  '  source address 10.7.7.7;',
  '  # a note on $N',
  '  /* a { note } */',
];
const CHANNELS = [
  ['  ipv4 { import all; export all; };'],
  [
    '  ipv4 {',
    '    import filter {',
    '      if net.len > 2$M then reject;',
    '      accept;',
    '    };',
    '  };',
  ],
  ['  ipv6 { import none; export where source = RTS_BGP; };', '  ipv4 { import all; export none; };'],
];
const ODD_LINES = [
  '  check link;',
  '  descripton "x";',
  '  description "one" ;',
  '}',
  '  tx size warning 3;',
  '  neighbor as 65009;',
  '{',
  '  interface "eth1";',
  '  ipv4 { description "none"; };',
];
const BETWEEN = [
  '',
  '# a comment',
  'debug protocols { states };',
  'filter f$N { accept; }',
  'router id 10.0.0.2;',
  '/* a',
];

function randomPattern(random: Random): string[] {
  const options = Array.from({ length: random.below(4) }, () => random.pick(OPTIONS));
  return [
    random.pick(HEADERS),
    ...options,
    random.pick(LOCALS),
    random.pick(NEIGHBORS),
    ...random.pick(CHANNELS),
    random.chance(0.05) ? '  }' : '}',
  ];
}

/** Sessions whose neighbours, texts and options are drawn; few draws give the same configuration twice. */
function drawn(random: Random): string {
  const pick = (...choices: readonly string[]): string => choices[random.below(choices.length)]!;
  const shared = `${pick('', '  hold time 30;\n', '  passive;\n')}${pick('', '  rr client;\n')}`;
  const channels = pick(
    'ipv4 { import all; export all; };',
    'ipv4 { import where net ~ 10.0.0.0/8; export all; };',
    'ipv4 { import where net ~ 10.0.0.0/9; export all; };',
    'ipv4 { import all; }; ipv6 { import all; };',
    'ipv4 { import limit 10 action block; };',
  );
  const blocks = Array.from({ length: 2 + random.below(3) }, (_, i) => {
    const port = pick('', '', ' port 1790');
    const password = pick('', '', `  password "${pick('a', 'b')}";\n`);
    return `protocol bgp p${random.below(3) === 0 ? i + 1 : i} {
  description "${pick('x', 'y')}";
  local 10.9.0.${pick('1', '2')}${pick('', ' port 1791')} as 65000;
  neighbor 10.0.0.${1 + random.below(3)}${port} as 65000;
${password}${shared}  ${channels}
}
`;
  });
  return blocks.join('');
}

test('1,000 plans are those of configurations that are read in full', () => {
  const random = seededRandom(7);
  const good = (text: string): [DaemonConfig, DaemonConfig] | undefined => {
    const repeated = load(text, true).result?.config;
    return repeated && [repeated, load(text, false).result!.config!];
  };
  let alike = 0;
  for (let compared = 0; compared < 1000;) {
    const [before, after] = [good(drawn(random)), good(drawn(random))];
    if (!before || !after) continue;
    compared++;
    const own = planChanges(before[0], after[0], RUNNING);
    const whole = planChanges(before[1], after[1], RUNNING);
    expect([...own.changes]).toEqual([...whole.changes]);
    expect(own.unchanged).toBe(whole.unchanged);
    const sorted = (plan: typeof own): unknown =>
      [...plan.options].map(([name, options]) => [name, options.map((one) => JSON.stringify(one)).sort()]);
    expect(sorted(own)).toEqual(sorted(whole));
    const repeats = ({ protocols }: DaemonConfig): boolean =>
      protocols.some((protocol) => protocol.kind === 'bgp' && protocol.repeats !== undefined);
    if (repeats(before[0]) && repeats(after[0])) alike++;
  }
  expect(alike).toBeGreaterThan(50);
});

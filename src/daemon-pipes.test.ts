/** Pipes of a configuration, as the control socket shows them, and as BIRD does. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { Daemon } from './daemon.ts';
import { ATTR, FLAG } from './rib/attrs/codes.ts';
import { AttrEditor } from './rib/attrs/edit.ts';
import { openPolicy, SimRouter } from './reflector/sim/router.ts';
import { SimWorld } from './speaker/sim/speakers.ts';
import { configOf, answerOf } from './test-support.ts';

let sim: SimWorld;
let daemon: Daemon;
let lines: string[];

beforeEach(() => {
  sim = new SimWorld(5);
  lines = [];
  daemon = new Daemon({
    clock: sim.clock,
    network: sim.network.host('10.0.0.100'),
    random: sim.random,
    log: (level, text) => lines.push(`${level}: ${text}`),
  });
});

async function start(text: string): Promise<void> {
  await daemon.start(configOf(text));
  sim.clock.runFor(100);
}

async function reconfigure(text: string, soft = false): Promise<void> {
  const done = daemon.reconfigure(configOf(text), soft);
  sim.clock.runFor(1000);
  await done;
}

/** The lines of an answer, without times. */
function ask(command: string): string[] {
  return answerOf(daemon, sim.clock, command).map(untimed);
}

function untimed(line: string): string {
  return line
    .replace(/\d\d:\d\d:\d\d(?:\.\d{3})?/, 'TIME')
    .replace(/(TIME) +/, '$1 ')
    .trimEnd();
}

const STATICS = `router id 10.0.0.1;
ipv4 table t1; ipv4 table t2; ipv4 table t3;
protocol static s1 { ipv4 { table t1; };
  route 10.1.0.0/16 blackhole { bgp_community.add((1,2)); bgp_path.prepend(65001); };
  route 10.2.0.0/16 unreachable; route 10.4.0.0/16 prohibit; }
protocol static s2 { ipv4 { table t1; preference 100; }; route 10.1.0.0/16 unreachable; }
protocol static s3 { ipv4 { table t2; }; route 10.3.0.0/16 blackhole; route 10.2.0.0/16 prohibit; }
`;
const PIPE = 'protocol pipe p { table t1; peer table t2; ';

describe('show', () => {
  test('protocols', async () => {
    await start(
      `${STATICS}${PIPE} description "x"; import where net != 10.3.0.0/16; export limit 2 action block; }`,
    );
    expect(ask('show protocols p')).toEqual([
      'Name       Proto      Table      State  Since         Info',
      'p          Pipe       ---        up     TIME t1 <=> t2',
    ]);
    expect(ask('show protocols all p').slice(2)).toEqual([
      '  Description:    x',
      '  Channel main',
      '    Table:          t1',
      '    Peer table:     t2',
      '    Import state:   up',
      '    Export state:   up',
      '    Import filter:  (unnamed)',
      '    Export filter:  ACCEPT',
      '    Export limit:   2 [HIT]',
      '      Action:       block',
      '  Routes:         1 imported, 2 exported',
      '  Route change stats:     received   rejected   filtered    ignored   accepted',
      expect.stringMatching(/^ {4}Import updates: {5}( +\d+){4} {10}1$/),
      '    Import withdraws:            0          0        ---          0          0',
      expect.stringMatching(/^ {4}Export updates: {5}( +\d+){4} {10}2$/),
      '    Export withdraws:            0          0        ---          0          0',
      '',
    ]);
  });

  test('what leaves both tables', async () => {
    await start(
      `${STATICS}${PIPE} import where net != 10.3.0.0/16; export filter { preference = preference + 5; accept; }; }`,
    );
    expect(ask('show route export p')).toEqual([
      'Table t1:',
      '10.1.0.0/16          blackhole [s1 TIME] * (205)',
      '                     unreachable [s2 TIME] (105)',
      '10.2.0.0/16          unreachable [s1 TIME] * (205)',
      '10.4.0.0/16          prohibited [s1 TIME] * (205)',
      '',
      'Table t2:',
      '10.2.0.0/16          prohibited [s3 TIME] (200)',
    ]);
    expect(ask('show route noexport p')).toEqual([
      'Table t2:',
      '10.3.0.0/16          blackhole [s3 TIME] * (200)',
    ]);
    expect(ask('show route exported p.sec count').at(-1)).toMatch(/^1 of/);
    expect(ask('show route preexport p.pri count')[0]).toMatch(/^4 of/);
  });
});

/** Networks of a table, as `show route` names them. */
function networks(table: string): string[] {
  const found = ask(`show route table ${table}`).map((line) => /^\d\S+/.exec(line)?.[0]);
  return found.filter((text) => text !== undefined).sort();
}

describe('a pipe', () => {
  test('goes and comes by command', async () => {
    await start(`${STATICS}${PIPE} }`);
    expect(networks('t2')).toHaveLength(4);
    expect(daemon.act('disable', 'p', undefined)).toBe('done');
    sim.clock.runFor(100);
    expect(networks('t1')).toEqual(['10.1.0.0/16', '10.2.0.0/16', '10.4.0.0/16']);
    expect(networks('t2')).toEqual(['10.2.0.0/16', '10.3.0.0/16']);
    expect(ask('show route export p')).toEqual(['No valid tables']);
    expect(daemon.act('reload', 'p', undefined)).toBe('already-disabled');
    expect(daemon.act('disable', 'p', undefined)).toBe('already-disabled');
    expect(daemon.act('enable', 'p', undefined)).toBe('done');
    sim.clock.runFor(100);
    expect(networks('t2')).toHaveLength(4);
    expect(daemon.act('restart', 'p', undefined)).toBe('done');
    sim.clock.runFor(100);
    expect(networks('t1')).toHaveLength(4);
  });

  test('takes other filters over in place, softly not before a reload', async () => {
    const with_ = (filter: string): string => `${STATICS}${PIPE} ${filter} }`;
    await start(with_('export where net != 10.1.0.0/16;'));
    expect(networks('t2')).not.toContain('10.1.0.0/16');
    const next = configOf(with_('export where net != 10.4.0.0/16;'));
    expect(daemon.plan(next).changes.get('p')).toBe('reconfigured');
    await reconfigure(with_('export where net != 10.4.0.0/16;'));
    expect(networks('t2')).toEqual(['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16']);
    await reconfigure(with_('import in 10.2.0.0/15 all; export none;'), true);
    expect(networks('t2')).toHaveLength(3);
    expect(networks('t1')).toContain('10.3.0.0/16');
    expect(daemon.act('reload out', 'p', undefined)).toBe('done');
    sim.clock.runFor(100);
    expect(networks('t2')).toEqual(['10.2.0.0/16', '10.3.0.0/16']);
    await reconfigure(with_('import in 10.4.0.0/15 all; export none;'));
    expect(networks('t1')).not.toContain('10.3.0.0/16');
    expect(daemon.plan(configOf(with_('max generation 3;'))).changes.get('p')).toBe('restarted');
    await reconfigure(STATICS);
    expect(networks('t1')).toHaveLength(3);
  });

  test.each(['disable', 'restart'])('ends at a limit of action %s', async (action) => {
    await start(`${STATICS}${PIPE} export limit 1 action ${action}; }`);
    const said = `warning: Protocol p hits route export limit (1), action: ${action}`;
    expect(lines.filter((line) => line === said)).toHaveLength(1);
    expect(networks('t2')).toEqual(['10.2.0.0/16', '10.3.0.0/16']);
    expect(ask('show protocols p')[1]).toContain(' down ');
    sim.clock.runFor(1000);
    expect(lines.filter((line) => line === said)).toHaveLength(action === 'disable' ? 1 : 2);
    await reconfigure(`${STATICS}${PIPE} export limit 5 action ${action}; }`);
    expect(networks('t2')).toHaveLength(4);
  });

  test('leaves nothing behind, nor do the tables', async () => {
    const ring =
      'protocol pipe q { table t2; peer table t3; }\nprotocol pipe r { table t3; peer table t1; export filter { bgp_med = 7; accept; }; }\n';
    await start(`${STATICS}${PIPE} }\n${ring}`);
    expect(networks('t3')).toHaveLength(4);
    await reconfigure('router id 10.0.0.1;\nprotocol static { ipv4; }\n');
    sim.clock.runFor(10_000);
    const { reflector } = daemon;
    expect([...reflector.tables.keys()]).toEqual(['master4', 'master6']);
    expect([reflector.store.size, reflector.sources.size, reflector.pipes.isIdle]).toEqual([0, 1, true]);
    expect([...reflector.tables.values()].map(({ paths, nets }) => [paths.size, nets.size])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});

test('neighbours attached to two tables hear each other through a pipe', async () => {
  const client = async (number: number): Promise<SimRouter> => {
    const router = new SimRouter(sim, { address: `10.0.0.${number}`, routerId: `1.1.1.${number}` });
    await router.listen();
    router.policies.set('rr', openPolicy());
    router.addNeighbor('rr', { address: '10.0.0.100', as: 65000 } as SimRouter, {});
    return router;
  };
  const text = (pipe: string): string => `router id 1.1.1.100;
ipv4 table ta; ipv4 table tb;
template bgp clients { local 10.0.0.100 as 65000; rr client; connect delay time 1; }
protocol bgp a from clients { neighbor 10.0.0.1 as 65000; ipv4 { table ta; import all; export all; }; }
protocol bgp b from clients { neighbor 10.0.0.2 as 65000; ipv4 { table tb; import all; export all; }; }
${pipe}`;
  const pipe = (filter: string): string => `protocol pipe { table ta; peer table tb; export ${filter}; }\n`;
  await daemon.start(configOf(text(pipe('all'))));
  const [a, b] = [await client(1), await client(2)];
  const attrs = new AttrEditor(a.reflector.store)
    .edit(0)
    .set(ATTR.origin, FLAG.transitive, Uint8Array.of(0))
    .set(ATTR.asPath, FLAG.transitive, new Uint8Array(0))
    .set(ATTR.nextHop, FLAG.transitive, Uint8Array.of(10, 0, 0, 1))
    .commit();
  for (const prefix of ['172.16.0.0/16', '172.17.0.0/16']) a.setRoute(prefix, attrs);
  sim.clock.runFor(30_000);
  const heard = (): number => b.reflector.peers.get('rr')!.channels[0]!.adjRibIn.imported;
  expect(heard()).toBe(2);
  expect(ask('show route table tb 172.16.0.0/16 all')).toEqual(
    [
      'Table tb:',
      '172.16.0.0/16        unreachable [a TIME from 10.0.0.1] * (100) [i]',
      '\tType: BGP univ',
      '\tBGP.origin: IGP',
      '\tBGP.as_path: ',
      '\tBGP.next_hop: 10.0.0.1',
      '\tBGP.local_pref: 100',
    ].map((line) => line.trimEnd()),
  );
  await reconfigure(text(pipe('where net = 172.17.0.0/16')));
  sim.clock.runFor(5000);
  expect(heard()).toBe(1);
  await reconfigure(text(''));
  sim.clock.runFor(5000);
  expect(heard()).toBe(0);
  expect(b.speaker.session('rr')!.counters.established).toBe(1);
});

const installed = spawnSync('bird', ['--version'], { encoding: 'utf8' });
const hasBird = (installed.stderr ?? '').includes('BIRD version 2.');

/** What BIRD answers to commands, on a configuration. */
async function askBird(text: string, commands: readonly string[], folder?: string): Promise<string[][]> {
  const program = (name: string): string => (folder === undefined ? name : join(folder, name));
  const directory = mkdtempSync(join(tmpdir(), 'catbird-pipe-'));
  const [file, socket] = [join(directory, 'bird.conf'), join(directory, 'bird.ctl')];
  writeFileSync(file, `${text}\n`);
  const bird = spawn(program('bird'), ['-f', '-c', file, '-s', socket, '-P', join(directory, 'pid')], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => bird.once('exit', resolve));
  const run = (command: string): string =>
    spawnSync(program('birdc'), ['-s', socket, command], { encoding: 'utf8' }).stdout ?? '';
  try {
    for (let i = 0; i < 100 && !run('show status').includes('Daemon is up'); i++) await sleep(50);
    // A feed of a pipe takes a few turns.
    const settled = (): boolean => !/(Import|Export) state: +feed/.test(run('show protocols all'));
    for (let i = 0; i < 100 && !settled(); i++) await sleep(50);
    return commands.map((command) => run(command).split('\n').slice(1).map(untimed));
  } finally {
    bird.kill();
    await ended;
    rmSync(directory, { recursive: true });
  }
}

/** The blocks of networks of an answer, sorted: the order of tables is each program's own. */
function blocks(answer: readonly string[]): string[] {
  const found: string[] = [];
  let heading = '';
  for (const line of answer) {
    if (line.startsWith('Table ')) heading = line;
    else if (/^[\d:a-f]/.test(line)) found.push(`${heading} ${line}`);
    else if (line !== '') found.push(`${found.pop()!}\n${line}`);
  }
  return found.sort();
}

const HEAD = `router id 10.0.0.1;
ipv4 table t1; ipv4 table t2; ipv4 table t3; ipv6 table s1; ipv6 table s2;
protocol static a { ipv4 { table t1; };
  route 10.1.0.0/16 blackhole { bgp_community.add((1,2)); bgp_path.prepend(65001); };
  route 10.2.0.0/16 unreachable; route 10.4.0.0/16 prohibit { bgp_med = 7; }; }
protocol static b { ipv4 { table t1; preference 100; }; route 10.1.0.0/16 unreachable; route 10.5.0.0/16 blackhole; }
protocol static c { ipv4 { table t2; }; route 10.3.0.0/16 blackhole; route 10.2.0.0/16 prohibit; }
protocol static d { ipv6 { table s1; }; route 2001:db8::/32 unreachable; route 2001:db8:1::/48 blackhole; }
`;

describe.skipIf(!hasBird)('BIRD 2 says the same of (skipped where `bird` is not installed)', () => {
  test.each([
    ['a pipe open both ways', 'protocol pipe p { table t1; peer table t2; }'],
    [
      'filters that choose and change',
      `protocol pipe p { table t1; peer table t2;
  import where source = RTS_STATIC && net != 10.3.0.0/16;
  export filter { if proto = "b" then reject; preference = preference + 5; bgp_community.add((9,9)); accept; }; }`,
    ],
    [
      'a chain',
      `protocol pipe p { table t1; peer table t2; export filter { bgp_med = 3; accept; }; }
protocol pipe q { table t2; peer table t3; export where bgp_med = 3; import none; }`,
    ],
    [
      'a ring',
      `protocol pipe p { table t1; peer table t2; }
protocol pipe q { table t2; peer table t3; }
protocol pipe r { table t3; peer table t1; }`,
    ],
    ['IPv6', 'protocol pipe p { table s1; peer table s2; import none; export where net.len > 40; }'],
    [
      'a default table',
      'protocol pipe p { table master4; peer table t1; export none; import filter { if net ~ [10.0.0.0/8{16,16}] then accept; }; }',
    ],
  ])('%s', async (_name, pipes) => {
    const text = HEAD + pipes;
    const commands = [
      'show route table all all',
      'show route export p all',
      'show route noexport p',
      'show route preexport p',
    ];
    const said = await askBird(text, commands);
    await start(text);
    for (const [i, command] of commands.entries()) {
      expect(blocks(ask(command)), command).toEqual(blocks(said[i]!));
    }
    expect(blocks(said[0]!).length).toBeGreaterThan(6);
  });
});

/** Where `bird` and `birdc` of BIRD 1.6 are: they have the names of BIRD 2's. */
const BIRD_1 = process.env['BIRD1_DIRECTORY'];

/** Routes with their attributes, without the spaces and words in which the releases differ. */
function plainly(answer: readonly string[]): string[] {
  const text = blocks(answer.filter((line) => !line.startsWith('Table ')));
  return text.map((block) =>
    block
      .replace(/ unicast univ/g, ' univ')
      .replace(/TIME[^\]]*/g, 'TIME')
      .replace(/ +/g, ' ')
      .trim(),
  );
}

test.skipIf(BIRD_1 === undefined)(
  'BIRD 1.6 says the same (skipped where $BIRD1_DIRECTORY is not set)',
  async () => {
    const text = `router id 10.0.0.1;
table t1; table t2;
protocol static sa { table t1; route 10.1.0.0/16 blackhole { bgp_community.add((1,2)); }; route 10.2.0.0/16 prohibit; }
protocol static sb { table t1; preference 100; route 10.1.0.0/16 unreachable; }
protocol static sc { table t2; route 10.3.0.0/16 blackhole; }
protocol static sd { route 10.5.0.0/16 blackhole; }
protocol pipe p1 { table t1; peer table t2; export where net = 10.1.0.0/16; }
protocol pipe p2 { peer table t2; mode transparent; }`;
    const commands = ['master', 't1', 't2'].map((table) => `show route table ${table} all`);
    const said = await askBird(text, commands, BIRD_1);
    await start(text);
    for (const [i, command] of commands.entries()) {
      expect(plainly(said[i]!).length, command).toBeGreaterThan(1);
      expect(plainly(ask(command)), command).toEqual(plainly(said[i]!));
    }
  },
);

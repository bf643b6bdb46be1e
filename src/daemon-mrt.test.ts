/** Dumps of a daemon on a simulated network, into files in memory. */
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { Commands } from './birdcl-compat/cli/commands.ts';
import { Daemon } from './daemon.ts';
import { MemoryFiles, readPeers, readRib, type ReadRecord } from './mrt/test-support.ts';
import { ATTR, FLAG } from './rib/attrs/codes.ts';
import { AttrEditor } from './rib/attrs/edit.ts';
import { openPolicy, SimRouter } from './reflector/sim/router.ts';
import { SimWorld } from './speaker/sim/speakers.ts';
import { configOf, viewOf } from './test-support.ts';

let sim: SimWorld;
let daemon: Daemon;
let files: MemoryFiles;
let lines: string[];

beforeEach(() => {
  sim = new SimWorld(5);
  files = new MemoryFiles();
  lines = [];
  daemon = new Daemon({
    clock: sim.clock,
    network: sim.network.host('10.0.0.100'),
    random: sim.random,
    recordFiles: files,
    log: (level, text) => lines.push(`${level}: ${text}`),
  });
});

/** Lets time pass, and files be written meanwhile. */
async function run(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    sim.clock.runFor(Math.min(500, left));
    for (let i = 0; i < 4; i++) {
      await turn();
      sim.clock.settle();
    }
  }
}

async function start(text: string): Promise<void> {
  await daemon.start(configOf(text));
  await run(100);
}

async function reconfigure(text: string): Promise<void> {
  const done = daemon.reconfigure(configOf(text));
  await run(500);
  await done;
}

/** The answer to a command, with its codes. */
async function ask(command: string): Promise<string[]> {
  const view = viewOf(daemon, sim.clock);
  const answer: string[] = [];
  for (const reply of new Commands(view, () => undefined).handle(command)) {
    if (reply instanceof Promise) await Promise.all([reply, run(1000)]);
    else if (reply) answer.push(`${String(reply.code).padStart(4, '0')} ${reply.text}`);
  }
  return answer;
}

const STATICS = `router id 10.0.0.1;
ipv4 table extra;
protocol static s1 { ipv4; route 10.1.0.0/16 blackhole; route 10.2.0.0/24 unreachable; }
protocol static s2 { ipv4 { table extra; }; route 10.3.0.0/16 blackhole; }
protocol static s3 { ipv6; route 2001:db8::/32 blackhole; }
`;
const EVENTS = 'debug { events };';

function prefixes(path: string): string[] {
  return files
    .records(path)
    .filter(({ subtype }) => subtype !== 1)
    .map((record) => readRib(record).prefix);
}

/** How many dumps a file holds, and how many routes the last of them. */
function dumpsIn(path: string): number {
  return files.records(path).filter(({ subtype }) => subtype === 1).length;
}

describe('mrt dump', () => {
  test('of one table, of several into one file, and into one each', async () => {
    await start(STATICS);
    expect(await ask('mrt dump table master4 to "one"')).toEqual(['0000 ']);
    expect(prefixes('one')).toEqual(['10.1.0.0/16', '10.2.0.0/24']);
    expect(await ask('mrt dump to "%N-%Y" table "*4"')).toEqual(['0000 ']);
    expect(await ask('mrt dump to "%N-%Y" table "e*"')).toEqual(['0000 ']);
    expect(await ask('mrt dump to "all" table "*" where net.len != 24')).toEqual(['0000 ']);
    expect(prefixes('all')).toEqual(['10.1.0.0/16', '2001:db8::/32', '10.3.0.0/16']);
    expect(
      files
        .records('all')
        .filter(({ subtype }) => subtype === 1)
        .map((record) => readPeers(record).view),
    ).toEqual(['master4', 'master6', 'extra']);
    expect([...files.contents.keys()]).toEqual(['one', 'master4-2026', 'extra-2026', 'all']);
    expect(files.isOpen).toBe(0);
    expect(await ask('mrt dump table "none*" to "x"')).toEqual(['0000 ']);
  });

  test('says which file failed and goes on with the others', async () => {
    await start(STATICS);
    files.openError = 'Permission denied';
    expect(await ask('mrt dump table "master*" to "/x/%N"')).toEqual([
      "8009 Unable to open MRT file '/x/master4': Permission denied",
      "8009 Unable to open MRT file '/x/master6': Permission denied",
      '0000 ',
    ]);
    files.openError = undefined;
    files.writeError = 'No space left on device';
    expect(await ask('mrt dump table master4 to "y"')).toEqual([
      "8009 Write to MRT file 'y' failed: No space left on device",
      '0000 ',
    ]);
    files.writeError = undefined;
    expect(await ask(`mrt dump table master4 to "${'%F'.repeat(800)}"`)).toEqual([
      expect.stringMatching(/^8009 Invalid filename '%F%F.*'$/),
      '0000 ',
    ]);
    expect(files.isOpen).toBe(0);
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  test('ends where the client hangs up, with a whole record', async () => {
    await start(STATICS);
    let open = (): void => undefined;
    files.gate = new Promise((resolve) => {
      open = resolve;
    });
    const commands = new Commands(viewOf(daemon, sim.clock), () => undefined);
    const answer = commands.handle('mrt dump table "*" to "%N"')[Symbol.iterator]();
    expect(answer.next().value).toBeInstanceOf(Promise);
    await run(1000);
    answer.return?.();
    open();
    await run(1000);
    expect([...files.contents.keys()]).toEqual(['master4']);
    expect(files.records('master4').length).toBeGreaterThan(0);
    expect(files.isOpen).toBe(0);
  });
});

describe('protocol mrt', () => {
  const protocol = (options: string): string =>
    `${STATICS}protocol mrt m { filename "%N"; period 60; ${options} }\n`;

  test('dumps once a period, the first time after one', async () => {
    await start(protocol(`table "master*"; ${EVENTS}`));
    expect(await ask('show protocols m')).toEqual([
      expect.stringMatching(/^2002 Name /),
      expect.stringMatching(/^1002 m {10}MRT {8}--- {8}up {5}\S+ *$/),
      '0000 ',
    ]);
    await run(59_000);
    expect(files.contents.size).toBe(0);
    await run(2000);
    expect([...files.contents.keys()]).toEqual(['master4', 'master6']);
    await run(60_000);
    expect(dumpsIn('master4')).toBe(2);
    expect(lines.filter((line) => line.includes('RIB table'))).toEqual([
      'trace: m: RIB table dump started',
      'trace: m: RIB table dump done',
      'trace: m: RIB table dump started',
      'trace: m: RIB table dump done',
    ]);
  });

  test('another configuration counts from the next dump on, another period from the last one', async () => {
    await start(protocol('table master4;'));
    await run(40_000);
    const next = protocol('table extra; where net.len > 99;').replace('period 60', 'period 50');
    expect(daemon.plan(configOf(next)).changes.get('m')).toBe('reconfigured');
    await reconfigure(next);
    await run(8000);
    expect(files.contents.size).toBe(0);
    await run(2500);
    expect([...files.contents.keys()]).toEqual(['extra']);
    expect(prefixes('extra')).toEqual([]);
    await reconfigure(next.replace('period 50', 'period 1').replace(' where net.len > 99;', ''));
    await run(1500);
    expect(prefixes('extra')).not.toEqual([]);
    const count = dumpsIn('extra');
    expect(daemon.plan(daemon.config).changes.get('m')).toBeUndefined();
    await reconfigure(STATICS);
    await run(5000);
    expect(dumpsIn('extra')).toBe(count);
  });

  test('a dump that is under way is finished, and the next one waits its turn', async () => {
    await start(protocol('table master4;'));
    let open = (): void => undefined;
    files.gate = new Promise((resolve) => {
      open = resolve;
    });
    await run(121_000);
    expect(lines.at(-1)).toBe('warning: m: Earlier RIB table dump still not finished, skipping next one');
    expect(await ask('disable m')).toEqual(['0009 m: disabled', '0000 ']);
    const state = async (): Promise<string> => (await ask('show protocols m'))[1]!.split(/ +/)[4]!;
    expect(await state()).toBe('stop');
    expect(await ask('disable m')).toEqual(['0008 m: already disabled', '0000 ']);
    open();
    await run(100);
    expect(await state()).toBe('down');
    expect(prefixes('master4')).toHaveLength(2);
    await run(120_000);
    expect(dumpsIn('master4')).toBe(1);
    expect(await ask('enable m')).toEqual(['0011 m: enabled', '0000 ']);
    expect(await ask('restart m')).toEqual(['0012 m: restarted', '0000 ']);
    expect(await ask('reload m')).toEqual(['0015 m: reloading', '0000 ']);
    await run(59_000);
    expect(dumpsIn('master4')).toBe(1);
    await run(2000);
    expect(dumpsIn('master4')).toBe(2);
  });

  test('a file that fails is logged, and tried again the next time', async () => {
    await start(protocol('table master4;'));
    files.openError = 'No such file or directory';
    await run(61_000);
    expect(lines.at(-1)).toBe("error: m: Unable to open MRT file 'master4': No such file or directory");
    files.openError = undefined;
    await run(60_000);
    expect(dumpsIn('master4')).toBe(1);
  });

  test('BIRD 1.6 has tables of one family, the first of which it calls master', async () => {
    await start(`router id 10.0.0.1;
table extra;
protocol static s1 { route 10.1.0.0/16 blackhole; }
protocol mrt m { filename "%N"; period 1; table "*"; }
protocol mrt { filename "own"; period 1; }
`);
    await run(1500);
    expect([...files.contents.keys()].sort()).toEqual(['extra', 'master', 'own']);
    expect(prefixes('master')).toEqual(['10.1.0.0/16']);
    expect(readPeers(files.records('own')[0]!).view).toBe('master');
  });
});

describe('mrtdump', () => {
  const text = (options: string, file = 'mrtdump "m";'): string => `router id 1.1.1.100;
${file}
template bgp clients { local 10.0.0.100 as 65000; rr client; hold time 9; connect delay time 1; ${options}
  ipv4 { import all; export all; }; }
protocol bgp a from clients { neighbor 10.0.0.1 as 65000; passive; }
protocol bgp b from clients { neighbor 10.0.0.2 as 65000; mrtdump off; }
protocol bgp many { local 10.0.0.100 as 65000; neighbor range 10.0.0.64/26 as 65000; mrtdump { states };
  ipv4 { import all; export all; }; }
`;

  async function client(number: number): Promise<SimRouter> {
    const router = new SimRouter(sim, { address: `10.0.0.${number}`, routerId: `1.1.1.${number}` });
    await router.listen();
    router.policies.set('rr', openPolicy());
    router.addNeighbor('rr', { address: '10.0.0.100', as: 65000 } as SimRouter);
    return router;
  }

  /** `S12` is a change of state, `M4` a message of that type, each behind the last octet of the neighbour's address. */
  function read(records: readonly ReadRecord[]): string[] {
    return records.map(({ subtype, body }) => {
      const peer = body[subtype === 1 ? 11 : 15];
      if (subtype === 5) return `${peer}:S${body[21]}${body[23]}`;
      return `${peer}:M${body[body.indexOf(Buffer.alloc(16, 255)) + 18]}`;
    });
  }

  test('messages that arrive and changes of state, of those that are asked for', async () => {
    await start(text('mrtdump all;'));
    const a = await client(1);
    await client(2);
    await client(65);
    await run(5000);
    const attrs = new AttrEditor(a.reflector.store)
      .edit(0)
      .set(ATTR.origin, FLAG.transitive, Uint8Array.of(0))
      .set(ATTR.asPath, FLAG.transitive, new Uint8Array(0))
      .set(ATTR.nextHop, FLAG.transitive, Uint8Array.of(10, 0, 0, 1))
      .commit();
    a.setRoute('172.16.0.0/16', attrs);
    await run(2000);
    const found = read(files.records('m'));
    const of = (peer: number): string[] => found.filter((line) => line.startsWith(`${peer}:`));
    // KEEPALIVEs follow.
    expect(of(1).slice(0, 5)).toEqual(['1:S14', '1:M1', '1:S45', '1:M4', '1:S56']);
    expect(of(1)).toContain('1:M2');
    expect(of(2)).toEqual([]);
    expect(of(65)).toEqual(['65:S14', '65:S45', '65:S56']);
    const ended = daemon.shutdown();
    await run(4000);
    await ended;
    expect(
      read(files.records('m'))
        .filter((line) => line.includes('S61'))
        .sort(),
    ).toEqual(['1:S61', '65:S61']);
    expect(files.isOpen).toBe(0);
  });

  test('what is asked for by hand counts until the next configuration', async () => {
    await start(text(''));
    await client(1);
    await run(5000);
    const count = (): number => read(files.records('m')).filter((line) => line.startsWith('1:')).length;
    expect(count()).toBe(0);
    expect(await ask('mrtdump a { messages }')).toEqual(['0000 ']);
    await run(20_000);
    const some = count();
    expect(some).toBeGreaterThan(2);
    await reconfigure(text(''));
    await run(20_000);
    expect(count()).toBe(some);
    expect(files.opened).toBe(2);
    await reconfigure(text('', ''));
    expect(files.isOpen).toBe(0);
    expect(await ask('mrtdump a all')).toEqual([
      '1006 Nothing is dumped: the configuration has no \'mrtdump "FILE";\'',
      '0000 ',
    ]);
    await reconfigure(text('mrtdump { messages };', 'mrtdump "other";'));
    await run(20_000);
    expect(files.records('other').length).toBeGreaterThan(2);
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  test('a file that cannot be opened is said once and holds up nothing', async () => {
    files.openError = 'Permission denied';
    await start(text('mrtdump all;'));
    await client(1);
    await run(20_000);
    expect(lines.filter((line) => line.includes('MRTDump'))).toEqual([
      "error: Unable to open MRTDump file 'm': Permission denied; nothing is dumped until the next configuration",
    ]);
    expect(daemon.speaker.session('a')?.phase).toBe('up');
  });
});

/**
 * BIRD's own birdc asks a real BIRD and Catbird the same questions about the same routes. All differences are in a
 * list, each with its reason; one that is not in it, and one of it that is not seen any more, fail.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from './process.ts';

const CATBIRD = resolve(import.meta.dirname, '../../bin/catbird');
const VERSION = /BIRD version 2\.0\.12/;

function isBird(): boolean {
  const { stderr, error } = spawnSync('bird', ['--version'], { encoding: 'utf8' });
  return error === undefined && VERSION.test(stderr);
}

/** Routes that both are sent, with attributes of all kinds. */
function feeder(port: number, bird: number, catbird: number): string {
  const peer = (name: string, address: string, to: number): string => `
protocol bgp ${name} {
  local 127.0.0.2 port ${port} as 65000; neighbor ${address} port ${to} as 65000; multihop; passive;
  ipv4 { import all; export all; };
}`;
  return `router id 10.0.0.2;
protocol device {}
protocol static {
  ipv4;
  route 10.1.0.0/16 blackhole { bgp_med = 50; bgp_community.add((65001,1)); bgp_community.add((65001,2)); };
  route 10.2.0.0/24 blackhole {
    bgp_large_community.add((65001,2,3)); bgp_ext_community.add((rt,65001,7)); bgp_path.prepend(65010); bgp_path.prepend(65020);
  };
  route 10.3.0.0/24 blackhole { bgp_origin = ORIGIN_INCOMPLETE; bgp_local_pref = 250; };
  route 10.77.0.0/16 blackhole;
  route 192.168.0.0/24 blackhole;
}
${peer('to_bird', '127.0.0.1', bird)}
${peer('to_catbird', '127.0.0.3', catbird)}
`;
}

/** The configuration of both that are compared. */
function subject(address: string, port: number, from: number): string {
  return `router id 10.0.0.1;
log stderr all;
define MYNET = 10.1.0.0/16;
define MYIP = 10.1.2.3;
define NUM = 5;
filter taken { if net ~ 10.77.0.0/16 then reject; accept; }
function twice(int x) { return x * 2; }
protocol device dev1 {}
protocol static anchors {
  description "anchors here";
  ipv4 { import all; };
  route 10.9.0.0/16 blackhole; route 10.9.1.0/24 unreachable; route 10.9.2.0/24 prohibit;
}
protocol static anchors6 { ipv6; route 2001:db8:9::/48 blackhole; }
template bgp clients { local ${address} port ${port} as 65000; multihop; rr client; rr cluster id 10.0.0.1; }
protocol bgp node1 from clients {
  description "node one"; neighbor 127.0.0.2 port ${from} as 65000;
  ipv4 { import filter taken; export all; import keep filtered; import limit 1000 action block; };
}
protocol bgp off1 from clients { disabled; neighbor 127.0.0.5 as 65000; ipv4 { import none; export none; }; }
`;
}

const COMMANDS = [
  'show status',
  'show memory',
  'show protocols',
  'show protocols all',
  'show protocols "no*"',
  'show protocols nobody',
  'show protocols NUM',
  'show protocols all off1',
  'show route',
  'show route all',
  'show route count',
  'show route stats',
  'show route table master4 count',
  'show route 10.1.0.0/16 all',
  'show route 10.2.0.0/24 all',
  'show route for 10.1.2.3',
  'show route for 10.99.0.1',
  'show route 10.99.0.0/16',
  'show route for MYIP',
  'show route MYNET',
  'show route in 10.9.0.0/16',
  'show route in 10.99.0.0/16',
  'show route filtered',
  'show route primary',
  'show route protocol node1',
  'show route protocol node1 count',
  'show route export node1',
  'show route preexport node1',
  'show route noexport node1',
  'show route exported node1',
  'show route export node1.ipv4',
  'show route export node1 count',
  'show route export off1',
  'show route import table node1.ipv4',
  'show route where net ~ 10.0.0.0/8 count',
  'show route filter taken count',
  'show route filter { accept; } count',
  'show route table all',
  'show route table nosuch',
  'show symbols table',
  'show symbols filter',
  'show symbols function',
  'show symbols protocol',
  'show symbols template',
  'show symbols taken',
  'show symbols nosuch',
  'show bfd sessions',
  'show bfd sessions node1',
  'show ospf',
  'show ospf neighbors',
  'show ospf interface',
  'show ospf topology',
  'show ospf topology all',
  'show ospf state',
  'show ospf state all',
  'show ospf lsadb',
  'show ospf node1',
  'show rip interfaces',
  'show rip neighbors',
  'show babel interfaces',
  'show babel neighbors',
  'show babel entries',
  'show babel routes',
  'dump resources',
  'dump sockets',
  'dump events',
  'dump interfaces',
  'dump neighbors',
  'dump attributes',
  'dump routes',
  'dump protocols',
  'dump filter all',
  'debug all all',
  'debug node1 { states, routes }',
  'debug node1.ipv4 { routes }',
  'debug node1 bogus',
  'debug nobody all',
  'debug "zz*" all',
  'debug all off',
  'mrtdump node1 off',
  'mrtdump all all',
  'mrtdump "zz*" off',
  'mrt dump',
  'eval 1+1',
  'eval twice(4)',
  'eval 10.0.0.0/8 ~ [10.0.0.0/8+]',
  'eval bgp_path',
  'eval "abc"',
  'eval (1,2)',
  'eval [1,2,3]',
  'eval NUM',
  'eval 1/0',
  'eval nosuch',
  'enable node1',
  'disable off1',
  'disable "zz*"',
  'restart off1',
  'reload node1',
  'reload in node1',
  'reload out node1',
  'reload anchors',
  'reload dev1',
  'reload off1',
  'configure check',
  'configure status',
  'configure confirm',
  'configure undo',
  'configure soft',
  'configure timeout 5',
  'configure confirm',
  'configure "nofile"',
  'configure check "nofile"',
  'echo all',
  'echo off',
  'echo bogus',
  'disable anchors',
  'show protocols anchors',
  'show protocols all anchors',
  'enable anchors',
] as const;

interface Difference {
  /** Lines that only this one gives. */
  readonly of: 'BIRD' | 'Catbird';
  readonly command: RegExp;
  readonly line: RegExp;
  readonly reason: string;
}

const SYNTAX = 'syntax errors say what was met in words of the configuration, and what may stand there';
const STORE = 'memory is used for other things';
const DIFFERENCES: readonly Difference[] = [
  { of: 'BIRD', command: /^show memory/, line: /^1018-/, reason: STORE },
  { of: 'Catbird', command: /^show memory/, line: /^1018-/, reason: STORE },
  { of: 'BIRD', command: /./, line: /^9001 syntax error/, reason: SYNTAX },
  { of: 'Catbird', command: /./, line: /^9001 (syntax error|Table name required)/, reason: SYNTAX },
  { of: 'BIRD', command: /NUM/, line: /^9001 Protocol name required$/, reason: SYNTAX },
  {
    of: 'Catbird',
    command: /NUM/,
    line: /^9001 Protocol name required: NUM is not a protocol$/,
    reason: SYNTAX,
  },
  {
    of: 'BIRD',
    command: /^show protocols all$/,
    line: /^1006- +(Export updates:|Import withdraws:)/,
    reason: 'BIRD counts each route that it considered for the neighbour; Catbird what its group sent',
  },
  {
    of: 'Catbird',
    command: /^show protocols all$/,
    line: /^1006- +(Export updates:|Import withdraws:)/,
    reason: 'BIRD counts each route that it considered for the neighbour; Catbird what its group sent',
  },
  {
    of: 'BIRD',
    command: /import table/,
    line: /^9001 No import table/,
    reason: 'an Adj-RIB-In is always kept',
  },
  { of: 'Catbird', command: /import table/, line: /^1007-/, reason: 'an Adj-RIB-In is always kept' },
  {
    of: 'Catbird',
    command: /^mrtdump all all|^mrt dump/,
    line: /^9001 not built: /,
    reason: 'there are no MRT dumps: refused, not ignored',
  },
  {
    of: 'BIRD',
    command: /^eval (1\/0|bgp_path)/,
    line: /^(9001 filter preevaluation|8008 runtime error)/,
    reason: 'Catbird says what went wrong, always with the code of run-time errors',
  },
  {
    of: 'Catbird',
    command: /^eval (1\/0|bgp_path)/,
    line: /^8008 Runtime error \(/,
    reason: 'Catbird says what went wrong, always with the code of run-time errors',
  },
  {
    of: 'Catbird',
    command: /^configure check$/,
    line: /^1006-\d+ protocols stay as they are$/,
    reason: 'Catbird says what the configuration would do',
  },
];

/** What differs from one moment, run or program to the next. */
function normal(line: string): string {
  return line
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+/, 'TIME')
    .replace(/\d\d:\d\d:\d\d\.\d+ */, 'TIME ')
    .replace(/\d+\.\d+\/(\d+)$/, 'N/$1')
    .replace(/127\.0\.0\.[13]\b/, 'SELF')
    .replace(/(Reading configuration from ).*/, '$1FILE');
}

/**
 * The lines of an answer, continuations with the code that they repeat. Sorted: BIRD lists networks and names in the
 * order of hash tables.
 */
function linesOf(text: string): string[] {
  let code = '';
  const lines = text
    .split('\n')
    .slice(1, -1)
    .map((line) => {
      if (/^\d{4}[ -]/.test(line)) {
        code = line.slice(0, 4);
        return line;
      }
      return line.startsWith('     ') ? `${code}-${line.slice(5)}` : line;
    });
  return lines.map(normal).sort();
}

/** What is in `a` and not in `b`, counting. */
function without(a: readonly string[], b: readonly string[]): string[] {
  const left = [...b];
  return a.filter((line) => {
    const at = left.indexOf(line);
    if (at < 0) return true;
    left.splice(at, 1);
    return false;
  });
}

const birdc = (socket: string, command: string): { text: string; status: number | null } => {
  const { stdout, status } = spawnSync('birdc', ['-v', '-s', socket, ...command.split(' ')], {
    encoding: 'utf8',
    timeout: 10_000,
    input: '',
  });
  return { text: stdout, status };
};

describe.skipIf(!isBird())('birdc (skipped where bird and birdc 2.0.12 are not installed)', () => {
  let folder: string;
  const children: ChildProcess[] = [];
  const at = (name: string): string => join(folder, name);

  const start = (program: string, args: readonly string[]): void => {
    const child = spawn(program, args, { stdio: 'ignore', cwd: folder });
    children.push(child);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'catbird-birdc-'));
    const [from, bird, catbird] = [await freePort(), await freePort(), await freePort()];
    writeFileSync(at('feeder.conf'), feeder(from, bird, catbird));
    writeFileSync(at('bird.conf'), subject('127.0.0.1', bird, from));
    writeFileSync(at('catbird.conf'), subject('127.0.0.3', catbird, from));
    for (const name of ['feeder', 'bird'])
      start('bird', ['-f', '-c', at(`${name}.conf`), '-s', at(`${name}.ctl`), '-P', at(`${name}.pid`)]);
    start(CATBIRD, ['reflector', '-c', at('catbird.conf'), '-s', at('catbird.ctl')]);
    // Routes are in and out on both: counters stand still from here on.
    const isReady = (name: string): boolean =>
      birdc(at(`${name}.ctl`), 'show protocols all node1').text.includes(
        '4 imported, 1 filtered, 3 exported, 4 preferred',
      );
    for (let tries = 0; tries < 120 && !(isReady('bird') && isReady('catbird')); tries++) {
      await new Promise((next) => setTimeout(next, 250));
    }
  }, 60_000);

  afterAll(() => {
    for (const child of children) child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  const used = new Set<Difference>();

  it.each(COMMANDS)('%s', (command) => {
    const [bird, catbird] = [birdc(at('bird.ctl'), command), birdc(at('catbird.ctl'), command)];
    const [theirs, ours] = [linesOf(bird.text), linesOf(catbird.text)];
    const unexplained: string[] = [];
    const explain = (of: Difference['of'], lines: readonly string[]): void => {
      for (const line of lines) {
        const found = DIFFERENCES.find(
          (difference) =>
            difference.of === of && difference.command.test(command) && difference.line.test(line),
        );
        if (found) used.add(found);
        else unexplained.push(`${of}: ${line}`);
      }
    };
    explain('BIRD', without(theirs, ours));
    explain('Catbird', without(ours, theirs));
    expect(unexplained).toEqual([]);
    if (unexplained.length === 0 && theirs.join('\n') === ours.join('\n'))
      expect(catbird.status).toBe(bird.status);
  });

  it('has no difference in its list that is none', () => {
    expect(
      DIFFERENCES.filter((difference) => !used.has(difference)).map(({ of, line }) => `${of}: ${line}`),
    ).toEqual([]);
  });
});

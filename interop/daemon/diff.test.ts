/** `catbird diff -s` against a reflector with sessions, and against sockets that are not one's. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReflectorProcess } from './process.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const ADDRESSES = { a: '127.0.0.2', b: '127.0.0.3', c: '127.0.0.4' };

let folder: string;
let reflector: ReflectorProcess;
let neighbour: ReflectorProcess;

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const template = (port: number): string => `router id 1.1.1.1;
{{range gets "/app/peers/*"}}protocol bgp {{base .Key}} {
  local 127.0.0.1 port ${port} as 65000; strict bind; multihop; neighbor {{.Value}} port ${port} as 65000; hold time {{getv "/app/hold"}};
  ipv4 { import {{getv "/app/import"}}; };
}
{{end}}protocol bgp range1 {
  local 127.0.0.1 port ${port} as 65000; strict bind; multihop; neighbor range 127.0.1.0/24 as 65000; hold time {{getv "/app/hold"}};
  ipv4;
}
`;

const far = (port: number): string => `router id 2.2.2.2;
protocol static { route 10.1.0.0/24 blackhole; route 10.1.1.0/24 blackhole; ipv4; }
template bgp t { multihop; strict bind; neighbor 127.0.0.1 port ${port} as 65000; ipv4 { import none; export all; }; }
protocol bgp one from t { local ${ADDRESSES.a} port ${port} as 65000; }
protocol bgp two from t { local 127.0.1.5 port ${port} as 65000; }
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'catbird-diff-'));
  put('conf.d/bird.toml', '[template]\nsrc = "bird"\ndest = "/nowhere/bird.cfg"\nkeys = ["/app"]\n');
  for (const [name, address] of Object.entries(ADDRESSES)) put(`keys/app/peers/${name}`, address);
  put('keys/app/hold', '90');
  put('keys/app/import', 'all');
  reflector = await ReflectorProcess.startWith((port) => {
    put('templates/bird', template(port));
    return ['--confdir', folder, '--file', join(folder, 'keys'), '--state', join(folder, 'state')];
  });
  neighbour = await ReflectorProcess.start(() => far(reflector.port));
  await reflector.ask('disable c');
  for (let i = 0; ; i++) {
    const protocols = await reflector.ask('show protocols all');
    if (protocols.match(/Routes: +2 imported/g)?.length === 2) break;
    if (i > 400) throw new Error(`sessions do not come up: ${protocols}\n${reflector.log}\n${neighbour.log}`);
    await new Promise((next) => setTimeout(next, 50));
  }
});
afterAll(async () => {
  await reflector.stop();
  await neighbour.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function diff(...args: string[]): Promise<Run> {
  const flags = ['-confdir', folder, '-backend', 'tree', '-file', join(folder, 'keys')];
  return await new Promise((settle) => {
    const child = execFile(process.execPath, [MAIN, 'diff', ...args, ...flags], (_, out, err) => {
      settle({ code: child.exitCode, out, err });
    });
  });
}

const plain = (text: string): string[] =>
  text
    .slice(text.indexOf('\nThe daemon') + 1)
    .replace(/for \d+s/g, 'for Ns')
    .replace(/Active|Connect\b/g, 'Active')
    .replace(/revision \d+/g, 'revision N')
    .trimEnd()
    .split('\n');

test('an option that restarts: sessions that are up, those of ranges, those that are down, one disabled by hand', async () => {
  const { code, out, err } = await diff('-s', reflector.socket, '--set', '/app/hold=30');
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toContain('hold time 30;');
  expect(plain(out)).toEqual([
    `The daemon at ${reflector.socket} has revision N in force.`,
    'a restarts (hold time)',
    'b restarts (hold time)',
    'c is enabled (hold time)',
    'range1 restarts (hold time)',
    '0 protocols stay as they are',
    '  session a, Established for Ns with 2 routes, would be reset',
    '  session b, Active for Ns, is down anyway',
    '  session c, disabled for Ns, would be started',
    '  session dynbgp1, Established for Ns with 2 routes, would be reset',
    '2 sessions would be reset, 1 session would be started, 1 session is down anyway',
  ]);
});

test('a filter, as JSON', async () => {
  const { code, out, err } = await diff('-s', reflector.socket, '--json', '--set', '/app/import=none');
  expect(err).toBe('');
  expect(code).toBe(0);
  const told = JSON.parse(out) as Record<string, unknown>;
  expect(told).toMatchObject({
    texts: [{ dest: '/nowhere/bird.cfg', diff: expect.arrayContaining(['+  ipv4 { import none; };']) }],
    protocols: [
      {
        name: 'a',
        change: 'reconfigured',
        options: [{ option: 'import', channel: 'ipv4', effect: 'import' }],
      },
      { name: 'b', change: 'reconfigured' },
      { name: 'c', change: 'enabled' },
    ],
    daemon: { socket: reflector.socket, inForce: expect.stringMatching(/^\d+$/), remarks: [] },
    sessions: [
      { name: 'a', protocol: 'a', state: 'Established', enabled: true, routes: 2, outcome: 'stays' },
      { name: 'b', routes: 0, outcome: 'down' },
      { name: 'c', state: 'Down', enabled: false, outcome: 'starts' },
    ],
  });
});

test('what means the same is not taken over, so that nothing done by hand is undone', async () => {
  const { out } = await diff('-s', reflector.socket, '--set', '/app/hold=90');
  expect(out).toContain('No session of the daemon is touched');
  expect(out).not.toContain('c is enabled');
});

test('keys that the daemon has refused are told', async () => {
  put('keys/app/peers/d', 'nonsense');
  for (let i = 0; i < 200 && !reflector.log.includes('is refused'); i++)
    await new Promise((next) => setTimeout(next, 50));
  const { code, out } = await diff('-s', reflector.socket, '--set', '/app/peers/d=127.0.0.5');
  expect(code).toBe(0);
  expect(out).toContain('Protocols are not compared: the configuration is wrong as it is');
  put('keys/app/peers/d', '127.0.0.5');
  for (let i = 0; i < 200 && !reflector.log.includes('Adding protocol d'); i++)
    await new Promise((next) => setTimeout(next, 50));
  await reflector.ask('configure undo');
  const held = await diff('-s', reflector.socket, '--unset', '/app/peers/d');
  expect(held.out).toContain('has no revision in force');
  expect(held.out).toContain('  new renderings are held, because the last one was undone');
  expect(held.out).toContain('  it does not run d, as the keys would have it');
  await reflector.ask('configure');
});

describe('sockets of no Catbird', () => {
  test('there is none', async () => {
    const { code, out, err } = await diff('-s', join(folder, 'none.ctl'));
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain(`(${join(folder, 'none.ctl')}): No such file or directory`);
  });

  test('two', async () => {
    expect(await diff('-s', 'a', '--socket', 'b')).toMatchObject({
      code: 2,
      err: expect.stringContaining('one daemon is asked at a time'),
    });
  });

  const missing = ((): string | undefined => {
    try {
      execFileSync('bird', ['--version'], { stdio: 'ignore' });
      return undefined;
    } catch {
      return 'needs bird';
    }
  })();

  test.skipIf(missing !== undefined)(`a BIRD's${missing ? `: ${missing}` : ''}`, async () => {
    put('real.conf', 'router id 9.9.9.9;\nprotocol device {}\n');
    const socket = join(folder, 'real.ctl');
    const bird = spawn('bird', [
      '-f',
      '-c',
      join(folder, 'real.conf'),
      '-s',
      socket,
      '-P',
      join(folder, 'pid'),
    ]);
    const ended = new Promise((settle) => bird.once('exit', settle));
    try {
      let run: Run;
      do run = await diff('-s', socket, '--set', '/app/hold=30');
      while (/No such file|refused/.test(run.err) && bird.exitCode === null);
      expect(run.code).toBe(1);
      expect(run.err).toContain(`${socket} is the socket of a daemon without JSON, such as BIRD`);
    } finally {
      bird.kill('SIGTERM');
      await ended;
    }
  });
});

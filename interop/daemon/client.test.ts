/** `catbird cl` beside BIRD's own birdc, on a real BIRD; and at a real terminal, on a real reflector. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReflectorProcess } from './process.ts';

const CATBIRD = resolve(import.meta.dirname, '../../bin/catbird');
const hasBird =
  spawnSync('birdc', ['-h']).error === undefined && spawnSync('bird', ['--version']).error === undefined;
const hasScript = spawnSync('script', ['--version']).error === undefined;

const CONFIG = `router id 10.0.0.1;
protocol device {}
filter taken { accept; }
protocol static anchors { ipv4; route 10.9.0.0/16 blackhole; route 10.9.1.0/24 unreachable; }
protocol bgp node1 { local 127.0.0.1 as 65000; neighbor 127.0.0.2 as 65000; disabled; ipv4; }
`;

interface Outcome {
  readonly status: number | null;
  readonly out: string;
}

function outcome(
  program: string,
  args: readonly string[],
  input = '',
): Outcome & { readonly errors: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input, timeout: 20_000 });
  return { status, out: stdout, errors: stderr };
}

describe.skipIf(!hasBird)('beside birdc on a real BIRD (skipped where bird and birdc are missing)', () => {
  let folder: string;
  let socket: string;
  let bird: ChildProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'catbird-birdc-'));
    socket = join(folder, 'bird.ctl');
    writeFileSync(join(folder, 'bird.conf'), CONFIG);
    bird = spawn('bird', ['-f', '-c', join(folder, 'bird.conf'), '-s', socket], { stdio: 'ignore' });
    for (let i = 0; i < 200; i++) {
      if (spawnSync('birdc', ['-s', socket, 'show', 'status']).status === 0) return;
      await new Promise((next) => setTimeout(next, 50));
    }
    throw new Error('bird did not start');
  });
  afterAll(async () => {
    const ended = new Promise((done) => bird.once('exit', done));
    bird.kill();
    await ended;
    rmSync(folder, { recursive: true });
  });

  it.each(
    [
      ['show', 'protocols'],
      ['sh', 'prot', 'all', 'anchors'],
      ['show', 'route'],
      ['sh', 'ro', 'all'],
      ['-v', 'show', 'route', '10.9.0.0/16'],
      ['show', 'route', '10.99.0.0/16'],
      ['show', 'route', 'for'],
      ['-v', 'show', 'symbols', 'taken'],
      ['show', 'symbols'],
      ['-r', 'show', 'protocols', 'node1'],
      ['-r', 'down'],
      ['-rv', 'configure'],
      ['enable', 'nobody'],
      ['eval', '1 + 1'],
      ['show', 'bfd', 'sessions'],
      ['conf', 'ch', '"/nonexistent.conf"'],
      ['disable', 'node1'],
    ].map((args) => [args.join(' '), args] as const),
  )('%s: the same output and exit code', (_name, args) => {
    const own = outcome(CATBIRD, ['cl', '-s', socket, ...args]);
    const theirs = outcome('birdc', ['-s', socket, ...args]);
    expect({ status: own.status, out: own.out }).toEqual({ status: theirs.status, out: theirs.out });
  });

  it('fails with the same exit code where a command is ambiguous or unknown, and where nobody listens', () => {
    for (const args of [
      ['-s', socket, 're', 'all'],
      ['-s', socket, 'nonsense'],
      ['-s', join(folder, 'none'), 'show', 'status'],
    ]) {
      const own = outcome(CATBIRD, ['cl', ...args]);
      expect([args, own.status]).toEqual([args, outcome('birdc', args).status]);
      expect(own.out + own.errors).not.toBe('');
    }
  });

  it('called as birdc by a symbolic link it is one', () => {
    symlinkSync(CATBIRD, join(folder, 'birdc'));
    const args = ['-s', socket, 'show', 'protocols', 'anchors'];
    expect(outcome(join(folder, 'birdc'), args).out).toBe(outcome('birdc', args).out);
    expect(outcome(join(folder, 'birdc'), ['-x']).errors).toMatch(/^birdc: unknown option -x/);
  });

  it('says that BIRD has no JSON', () => {
    const { status, out, errors } = outcome(CATBIRD, ['cl', '-s', socket, '--json', 'show', 'protocols']);
    expect([status, out]).toEqual([1, '']);
    expect(errors).toContain('this daemon has no JSON: it is BIRD');
  });
});

describe.skipIf(!hasScript)('at a terminal (skipped where the program script is missing)', () => {
  let reflector: ReflectorProcess;

  beforeAll(async () => {
    reflector = await ReflectorProcess.start(
      (port) => `router id 10.0.0.1;
protocol device {}
protocol bgp node1 { local 127.0.0.1 port ${port} as 65000; neighbor 127.0.0.2 as 65000; passive; multihop; ipv4 {}; }`,
    );
  });
  afterAll(() => reflector.stop());

  it('keys are read one by one, and the terminal is left as it was', async () => {
    const command = `stty size; ${CATBIRD} cl -s ${reflector.socket}; echo "status $?"; stty -a`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, HOME: '/nonexistent', TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const closed = new Promise((done) => child.once('close', done));
    let seen = '';
    child.stdout.on('data', (bytes: Buffer) => (seen += bytes.toString()));
    const sees = async (wanted: RegExp): Promise<void> => {
      for (let i = 0; i < 400 && !wanted.test(seen); i++) await new Promise((next) => setTimeout(next, 50));
      expect(seen).toMatch(wanted);
      seen = '';
    };
    await sees(/bird> /);
    child.stdin.write('show pr\t');
    await sees(/otocols /);
    child.stdin.write('\r');
    await sees(/node1 +BGP[^]*bird> /);
    child.stdin.write('\u0004');
    await sees(/status 0[^]* icanon[^]* echo /);
    child.stdin.end();
    await closed;
  });
});

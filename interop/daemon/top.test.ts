/** The dashboard in a real terminal (tmux), with real keys, on a real daemon, on a real BIRD, and on the demo. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort, ReflectorProcess } from './process.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CATBIRD = join(ROOT, 'bin/catbird');
const NODE = join(ROOT, 'node_modules/node/bin/node');
const LIMIT_MS = 30_000;

function has(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).error === undefined;
}

const hasTmux = has('tmux', '-V');
const bird = ['/usr/sbin/bird', '/usr/local/sbin/bird'].find((path) => existsSync(path));

/** Resolves with what `look` gives once it gives something. */
async function eventually<T>(look: () => T | undefined | false, what: () => string): Promise<T> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`it did not happen; there is:\n${what()}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

/** A terminal of its own tmux server. */
class Terminal {
  static #count = 0;
  readonly #name = `catbird-test-${process.pid}-${Terminal.#count++}`;

  constructor(command: string, width = 80, height = 24) {
    this.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(width), '-y', String(height), command);
    this.#tmux('set-option', '-g', 'remain-on-exit', 'on');
  }

  #tmux(...args: string[]): string {
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    return execFileSync('tmux', ['-L', this.#name, ...args], { encoding: 'utf8', env });
  }

  keys(...keys: string[]): void {
    for (const key of keys) this.#tmux('send-keys', key);
  }

  resize(width: number, height: number): void {
    this.#tmux('resize-window', '-x', String(width), '-y', String(height));
  }

  get screen(): string {
    return this.#tmux('capture-pane', '-p');
  }

  get coloured(): string {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  get ended(): boolean {
    return this.#tmux('display-message', '-p', '#{pane_dead}').trim() === '1';
  }

  /** The screen once it has all of these. */
  async shows(...texts: readonly (string | RegExp)[]): Promise<string> {
    return await eventually(
      () => {
        const { screen } = this;
        return (
          texts.every((text) => (typeof text === 'string' ? screen.includes(text) : text.test(screen))) &&
          screen
        );
      },
      () => this.screen,
    );
  }

  async ends(): Promise<void> {
    await eventually(
      () => this.ended,
      () => this.screen,
    );
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#name, 'kill-server'], { stdio: 'ignore' });
  }
}

const config = (port: number): string => `log stderr all;
router id 127.0.0.1;
protocol static anchors { ipv4; ${Array.from({ length: 300 }, (_, i) => `route 10.${i >> 8}.${i & 255}.0/24 blackhole;`).join(' ')} }
template bgp peers { local 127.0.0.1 port ${port} as 65000; strict bind; multihop; passive; rr client; ipv4 { import all; export all; }; }
protocol bgp fed from peers { neighbor 127.0.0.2 as 65000; description "the one that is fed"; }
protocol bgp away from peers { neighbor 127.0.0.3 as 65000; }
`;

let terminal: Terminal | undefined;
afterEach(() => {
  terminal?.close();
  terminal = undefined;
});

describe.skipIf(!hasTmux)('in a terminal of tmux', () => {
  let reflector: ReflectorProcess;
  let feed: ChildProcess;

  beforeAll(async () => {
    reflector = await ReflectorProcess.start(config);
    const to = ['--to', `127.0.0.1:${reflector.port}`, '--as', '65000', '--local-address', '127.0.0.2'];
    feed = spawn(CATBIRD, ['feed', ...to, '--routes', '700', '--next-hop', '192.0.2.7'], { stdio: 'ignore' });
  });
  afterAll(async () => {
    feed.kill('SIGTERM');
    await reflector.stop();
  });

  const top = (...options: string[]): string =>
    [CATBIRD, 'top', '-s', reflector.socket, '-i', '0.3', ...options].join(' ');

  test('sessions are sorted, filtered and looked at; routes are browsed; keys end it', async () => {
    terminal = new Terminal(top());
    await terminal.shows('1 of 2 established, 1 not', /^>away +Passive/m, /^ fed +Established .* 700 /m);
    terminal.keys('o');
    await terminal.shows(/^>fed .*\n away/m, 'Name▲');
    terminal.keys('/', 'f', 'e', 'd', 'Enter');
    const filtered = await terminal.shows("1 session, with 'fed'");
    expect(filtered).not.toMatch(/^.away/m);
    terminal.keys('Enter');
    await terminal.shows('the one that is fed', 'Neighbor address: 127.0.0.2', /Group +1 .*: current/);
    terminal.keys('r');
    await terminal.shows('show route protocol fed all', '>* 1.0.0.0/24', 'BGP.next_hop       192.0.2.7');
    terminal.keys('/', '10.0.7.9', 'Enter');
    await terminal.shows('show route for 10.0.7.9 all', '>* 10.0.7.0/24', '1 of 1');
    terminal.keys('Enter');
    await terminal.shows('Type               static univ');
    terminal.keys('2', 'Enter');
    await terminal.shows(/Group 1 +ipv4 of master4, internal clients/, /^>fed +0 +current/m);
    terminal.keys('?');
    await terminal.shows('sort by the column to the left or right');
    terminal.keys('q');
    await terminal.ends();
  });

  test('a session is restarted after a question, and not after another answer', async () => {
    terminal = new Terminal(top());
    await terminal.shows(/^ fed +Established/m);
    terminal.keys('End', 'R');
    await terminal.shows('Restart fed?');
    terminal.keys('n');
    await eventually(
      () => !terminal!.screen.includes('Restart fed?'),
      () => terminal!.screen,
    );
    expect(await reflector.ask('show protocols fed')).toContain('Established');
    terminal.keys('D');
    await terminal.shows('Disable fed?');
    terminal.keys('y');
    await terminal.shows('fed: disabled', /^.fed +Down/m);
    terminal.keys('E', 'y');
    await terminal.shows('fed: enabled');
    terminal.keys('4');
    await terminal.shows('* sent: disable fed', '* fed: Established -> Down', /\d {3}fed: session closed/);
    terminal.keys('C-c');
    await terminal.ends();
  });

  test('the size changes, and there are no colours where none are wanted', async () => {
    terminal = new Terminal(`NO_COLOR=1 ${top()}`);
    await terminal.shows(/^>away/m);
    expect(terminal.coloured).not.toMatch(/\x1b\[(?:\d+;)*3[0-7]m/);
    terminal.resize(120, 40);
    await terminal.shows('Neighbour', '127.0.0.3');
    terminal.resize(60, 12);
    await terminal.shows(/^ \? help/m);
    terminal.resize(30, 8);
    await terminal.shows('too small');
    terminal.resize(80, 24);
    await terminal.shows(/^>away/m);
    terminal.keys('q');
    await terminal.ends();
  });

  test('the demo runs under it and leaves nothing', async () => {
    const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('catbird-demo-'));
    const before = folders();
    terminal = new Terminal(`cd ${ROOT} && ${NODE} src/demo/io/run.ts --clients 8`);
    await terminal.shows('rr1 127.77.0.1', '9 of 9 established', /^ leaf06 .* 40 /m);
    terminal.keys('2');
    await terminal.shows(/internal clients to_leaves/);
    terminal.keys('q');
    await terminal.ends();
    expect(folders()).toEqual(before);
  });
});

describe('without a terminal', () => {
  test('the demo prints what there is, and ends by itself or by Ctrl-C', async () => {
    const run = spawn(NODE, ['src/demo/io/run.ts', '--no-dashboard', '--clients', '4'], { cwd: ROOT });
    let text = '';
    run.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
    const socket = await eventually(
      () => /top -s (\S+)/.exec(text)?.[1],
      () => text,
    );
    await eventually(
      () =>
        spawnSync(CATBIRD, ['cl', '-s', socket, 'show', 'route', 'count'], {
          encoding: 'utf8',
        }).stdout.includes('160 of'),
      () => text,
    );
    run.kill('SIGINT');
    expect(await new Promise((done) => run.once('exit', done))).toBe(0);
    expect(text).toMatch(/^ leaf04 /m);
    expect(existsSync(socket)).toBe(false);
  });

  test('its options are explained, and wrong ones refused', () => {
    const run = (...args: string[]): ReturnType<typeof spawnSync> =>
      spawnSync(NODE, ['src/demo/io/run.ts', ...args], { cwd: ROOT, encoding: 'utf8' });
    expect(run('--help').stdout).toContain('Usage: npm run demo');
    expect([run('--clients', '0').status, run('--what').status]).toEqual([1, 1]);
  });
});

describe.skipIf(!bird || !hasTmux)('on a real BIRD', () => {
  let folder: string;
  let socket: string;
  let child: ChildProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'catbird-test-'));
    socket = join(folder, 'bird.ctl');
    writeFileSync(
      join(folder, 'bird.conf'),
      `log "${folder}/bird.log" all; router id 127.0.0.9;
protocol static s4 { ipv4; route 10.1.0.0/16 blackhole; route 10.2.0.0/16 unreachable; }
protocol bgp peer1 { description "a peer"; local 127.0.0.9 port ${await freePort()} as 65000; neighbor 127.0.0.8 port 17991 as 65000;
  multihop; passive; ipv4 { import all; export all; }; }
`,
    );
    const args = ['-f', '-c', join(folder, 'bird.conf'), '-s', socket, '-P', join(folder, 'bird.pid')];
    child = spawn(bird!, args, { stdio: 'ignore' });
    await eventually(
      () => existsSync(socket),
      () => 'no socket',
    );
  });
  afterAll(async () => {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  test('it shows what the stock protocol carries, and says what it does not', async () => {
    terminal = new Terminal(`${CATBIRD} top -s ${socket} -i 0.3`);
    await terminal.shows(/BIRD \d/, '0 of 1 established, 1 not', /^>peer1 +Passive/m);
    terminal.keys('u', 'u', 'u');
    await terminal.shows(/^ s4 +up .* 2 /m);
    terminal.keys('2');
    await terminal.shows('This daemon does not tell of update groups');
    terminal.keys('3');
    await terminal.shows('>* 10.1.0.0/16', ' * 10.2.0.0/16', 'blackhole, since', 'static univ');
    terminal.keys('/', '10.2.0.0/15', 'Enter');
    await terminal.shows('show route in 10.2.0.0/15 all', '>* 10.2.0.0/16');
    terminal.keys('1', 'Home');
    await terminal.shows(/^>peer1/m);
    terminal.keys('D', 'y');
    await terminal.shows('peer1: disabled', /^>peer1 +Down/m);
    terminal.keys('4');
    await terminal.shows('Disabling protocol peer1', 'peer1: Passive -> Down');
    terminal.keys('q');
    await terminal.ends();
  });
});

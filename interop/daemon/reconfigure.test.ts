/** The same changes of a configuration in Catbird and in BIRD itself: what each answers, and which sessions stay up. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, ReflectorProcess } from './process.ts';

const CATBIRD = resolve(import.meta.dirname, '../../bin/catbird');
const version = spawnSync('bird', ['--version'], { encoding: 'utf8' });
const installed =
  version.error === undefined && (version.stderr + version.stdout).includes('BIRD version 2.0.');

/** Each protocol is changed in another way; `undefined`: it is taken out. Plain words are keywords of BIRD's. */
const CHANGES: Readonly<Record<string, string | undefined>> = {
  p_nothing: '',
  p_description: 'description "other";',
  p_debug: 'debug { states };',
  p_import_filter: 'ipv4 { import where net.len > 16; };',
  p_export_filter: 'ipv4 { export where net.len > 16; };',
  p_preference: 'ipv4 { preference 50; };',
  p_import_limit: 'ipv4 { import limit 100; };',
  p_receive_limit: 'ipv4 { receive limit 100; };',
  p_export_limit: 'ipv4 { export limit 100 action block; };',
  p_keep_filtered: 'ipv4 { import keep filtered; };',
  p_next_hop_self: 'ipv4 { next hop self; };',
  p_next_hop_keep: 'ipv4 { next hop keep; };',
  p_next_hop_address: 'ipv4 { next hop address 127.0.0.9; };',
  p_aigp: 'ipv4 { aigp off; };',
  p_mandatory: 'ipv4 { mandatory; };',
  p_table: 'ipv4 { table second; };',
  p_add_paths: 'ipv4 { add paths rx; };',
  p_graceful: 'ipv4 { graceful restart; };',
  p_ipv6: 'ipv6 { import all; };',
  p_rr_client: 'rr client off;',
  p_cluster: 'rr cluster id 9.9.9.9;',
  p_hold_time: 'hold time 60;',
  p_keepalive: 'keepalive time 25;',
  p_own_id: 'router id 10.0.0.77;',
  p_metric: 'path metric off;',
  p_error_wait: 'error wait time 1, 3;',
  p_disabled: 'disabled;',
  p_removed: undefined,
};
const NAMES = Object.keys(CHANGES);

function configuration(port: number, neighborPort: number, changed: boolean): string {
  // BIRD has one session at a time between two addresses.
  const subject = (name: string, number: number, options: string): string =>
    `protocol bgp ${name} from clients { local 127.2.0.${number} port ${port} as 65000; ` +
    `neighbor 127.1.0.${number} port ${neighborPort} as 65000; ${options} }\n`;
  const protocols = NAMES.map((name, i) => {
    const change = changed ? CHANGES[name] : '';
    if (change === undefined) return '';
    return subject(name, i + 1, change);
  });
  return `router id 10.0.0.1;
ipv4 table second;
protocol device { }
protocol static own { ipv4; route 10.9.0.0/16 blackhole; route 10.9.9.0/24 blackhole; }
template bgp clients {
  strict bind; rr client;
  connect delay time 1; connect retry time 1; error wait time 1, 2; hold time 90;
  ipv4 { import all; export all; };
}
${subject(`renamed_${changed ? 'after' : 'before'}`, 100, '')}${protocols.join('')}`;
}

/** The neighbours of a subject: one BIRD with a session for each of its protocols. */
function neighborConfiguration(port: number, neighborPort: number): string {
  const session = (name: string, number: number): string =>
    `protocol bgp ${name} from common { local 127.1.0.${number} port ${neighborPort} as 65000; ` +
    `neighbor 127.2.0.${number} port ${port} as 65000; router id 10.1.0.${number}; }\n`;
  return `router id 10.0.0.2;
template bgp common {
  strict bind;
  connect delay time 1; connect retry time 1; error wait time 1, 2;
  ipv4 { import all; export all; };
}
${NAMES.map((name, i) => session(name, i + 1)).join('')}${session('renamed', 100)}`;
}

class Pair {
  readonly folder = mkdtempSync(join(tmpdir(), 'catbird-reconf-'));
  readonly #children: ChildProcess[] = [];
  #port = 0;
  #neighborPort = 0;

  async start(run: (folder: string) => [string, ...string[]]): Promise<void> {
    this.#port = await freePort();
    this.#neighborPort = await freePort();
    this.write(false);
    writeFileSync(this.#path('neighbors.conf'), neighborConfiguration(this.#port, this.#neighborPort));
    this.#spawn(run(this.folder));
    this.#spawn([
      'bird',
      '-f',
      '-c',
      this.#path('neighbors.conf'),
      '-s',
      this.#path('neighbors.ctl'),
      '-P',
      this.#path('neighbors.pid'),
    ]);
    await this.settle(NAMES.length + 1);
  }

  /** Writes the subject's configuration file. */
  write(changed: boolean): void {
    writeFileSync(this.#path('bird.conf'), configuration(this.#port, this.#neighborPort, changed));
  }

  /** Lines of the subject's answer, with reply codes, without the path of its file. */
  ask(command: string): string[] {
    return (
      this.#birdc('subject.ctl', command)
        .map((line) => line.replaceAll(this.folder, '').replace(/\d+\.\d{3} s$/, 'N s'))
        // Catbird says besides what it would do.
        .filter((line) => !/^(1006-| )/.test(line))
    );
  }

  /** When each session that is up came up, as its neighbour sees it: seconds of the day. */
  up(): Map<string, number> {
    const found = new Map<string, number>();
    for (const line of this.#birdc('neighbors.ctl', 'show protocols')) {
      const match = /(\w+) +BGP +--- +up +(\S+) +Established/.exec(line);
      if (!match) continue;
      const [hours, minutes, seconds] = match[2]!.split(':').map(Number);
      found.set(match[1]!, hours! * 3600 + minutes! * 60 + seconds!);
    }
    return found;
  }

  /** How many routes each neighbour has. */
  routes(): Record<string, string> {
    const found: Record<string, string> = {};
    let name = '';
    for (const line of this.#birdc('neighbors.ctl', 'show protocols all')) {
      name = /^(?:\d{4}-| )(\w+) +BGP /.exec(line)?.[1] ?? name;
      const routes = /Routes: +(\d+) imported/.exec(line);
      if (routes) found[name] = routes[1]!;
    }
    return found;
  }

  /** Waits until so many sessions are up, and have been for a moment. */
  async settle(sessions: number): Promise<void> {
    const deadline = Date.now() + 45_000;
    let quiet = 0;
    while (quiet < 4) {
      await new Promise((next) => setTimeout(next, 500));
      quiet = this.up().size === sessions ? quiet + 1 : 0;
      if (Date.now() > deadline) throw new Error(`${this.up().size} of ${sessions} sessions are up`);
    }
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn([command, ...args]: [string, ...string[]]): void {
    this.#children.push(spawn(command, args, { stdio: 'ignore' }));
  }

  #path(name: string): string {
    return join(this.folder, name);
  }

  #birdc(socket: string, command: string): string[] {
    const run = spawnSync('birdc', ['-v', '-s', this.#path(socket), ...command.split(' ')], {
      encoding: 'utf8',
    });
    return run.stdout
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('0001') && !line.startsWith('BIRD'));
  }
}

test('`catbird check -s` says what a file would do to a daemon, and changes nothing', async () => {
  const text = (port: number, options: string, more = ''): string => `router id 10.0.0.1;
protocol bgp a { local 127.0.0.1 port ${port} as 65000; neighbor 127.0.0.2 as 65000; passive; ${options} ipv4; }
protocol bgp b { local 127.0.0.1 port ${port} as 65000; neighbor 127.0.0.3 as 65000; passive; ipv4; }
${more}`;
  const daemon = await ReflectorProcess.start((port) => text(port, ''));
  const folder = mkdtempSync(join(tmpdir(), 'catbird-check-'));
  try {
    const check = (content: string): { status: number | null; out: string; error: string } => {
      writeFileSync(join(folder, 'next.conf'), content);
      const args = ['check', '-c', 'next.conf', '-s', daemon.socket];
      const { status, stdout, stderr } = spawnSync(CATBIRD, args, { cwd: folder, encoding: 'utf8' });
      return { status, out: stdout, error: stderr };
    };
    const good = check(text(daemon.port, 'hold time 60;', 'protocol static s { ipv4; }\n'));
    expect(good).toMatchObject({ status: 0, error: '' });
    expect(good.out).toContain(
      'a restarts (hold time)\ns is added\n1 protocol stays as it is\nConfiguration OK',
    );
    const bad = check(text(daemon.port, 'hold tim 60;'));
    expect(bad).toMatchObject({ status: 1, out: '' });
    expect(bad.error).toContain('next.conf:2:');
    expect(await daemon.ask('show protocols')).not.toContain('Static');
  } finally {
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 30_000);

describe.skipIf(!installed)('beside BIRD 2.0 (skipped where `bird` is not installed)', () => {
  const catbird = new Pair();
  const bird = new Pair();

  beforeAll(async () => {
    const files = (folder: string): string[] => ['-c', `${folder}/bird.conf`, '-s', `${folder}/subject.ctl`];
    await Promise.all([
      catbird.start((folder) => [CATBIRD, 'reflector', ...files(folder)]),
      bird.start((folder) => ['bird', '-f', ...files(folder), '-P', `${folder}/subject.pid`]),
    ]);
  }, 90_000);

  afterAll(() => {
    catbird.stop();
    bird.stop();
  });

  /** Does the same with both; the answers, and which sessions stay up from then until all have settled. */
  async function compare(
    act: (pair: Pair) => string[],
    sessions: number,
  ): Promise<{ ours: unknown; theirs: unknown; stay: string[] }> {
    const outcome = async (pair: Pair): Promise<{ answers: string[]; stay: string[]; routes: unknown }> => {
      const before = pair.up();
      const answers = act(pair);
      await pair.settle(sessions);
      // BIRD works out the time each time anew: it may differ by a millisecond.
      const stay = [...pair.up()]
        .filter(([name, since]) => Math.abs((before.get(name) ?? -1) - since) < 0.1)
        .map(([name]) => name);
      return { answers, stay, routes: pair.routes() };
    };
    const [ours, theirs] = await Promise.all([outcome(catbird), outcome(bird)]);
    return { ours, theirs, stay: ours.stay };
  }

  test('answers when nothing changes, and when a configuration has to be confirmed', () => {
    const commands = [
      'configure',
      'configure status',
      'configure confirm',
      'configure undo',
      'configure undo',
      'configure timeout 100',
      'configure status',
      'configure confirm',
      'configure status',
      'configure confirm',
      'configure undo',
      'configure timeout',
      'configure "/nonexistent"',
      'configure undo',
      'configure check',
      'configure check "/nonexistent"',
      'configure soft timeout 0',
      'configure soft',
    ];
    expect(commands.map((command) => [command, ...catbird.ask(command)])).toEqual(
      commands.map((command) => [command, ...bird.ask(command)]),
    );
  });

  test('restarts the same sessions for the same options, and the others hold the same routes', async () => {
    const { ours, theirs, stay } = await compare((pair) => {
      pair.write(true);
      return [...pair.ask('configure check'), ...pair.ask('configure')];
    }, NAMES.length - 1);
    expect(ours).toEqual(theirs);
    expect(stay).toContain('p_export_filter');
    expect(stay).not.toContain('p_hold_time');
  }, 60_000);

  test('goes back the same way', async () => {
    const { ours, theirs } = await compare((pair) => pair.ask('configure undo'), NAMES.length + 1);
    expect(ours).toEqual(theirs);
  }, 60_000);

  test('starts again what was stopped by hand', async () => {
    const { ours, theirs, stay } = await compare(
      (pair) => [...pair.ask('disable p_nothing'), ...pair.ask('configure "' + pair.folder + '/bird.conf"')],
      NAMES.length - 1,
    );
    expect(ours).toEqual(theirs);
    expect(stay).not.toContain('p_nothing');
  }, 60_000);
});

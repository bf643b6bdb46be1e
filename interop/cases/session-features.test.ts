/**
 * Long-lived graceful restart, roles, confederations and AIGP: five neighbours that run BIRD 2 around one daemon, which is BIRD
 * the first time and Catbird the second. What it shows, and what its neighbours hold, must be the same. All run on the
 * loopback interface of a network namespace of their own.
 */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const CATBIRD = resolve(import.meta.dirname, '../../bin/catbird');
const LIMIT_MS = 30_000;

/** Why this cannot run here; empty where it can. */
const missing =
  process.getuid?.() !== 0
    ? 'it needs root'
    : spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status !== 0
      ? 'it needs unshare and ip'
      : spawnSync('bird', ['--version']).status !== 0
        ? 'it needs BIRD 2'
        : '';

const RESTART_S = 4;
const NEIGHBORS = {
  a: {
    as: 65000,
    options: `confederation 900; graceful restart; graceful restart time ${RESTART_S}; long lived graceful restart; long lived stale time 300;`,
    routes: `route 10.1.1.0/24 blackhole; route 10.1.2.0/24 blackhole { bgp_community.add((65535,7)); };
      route 10.1.3.0/24 blackhole { bgp_community.add((1,2)); };`,
  },
  c: {
    as: 65001,
    options: 'local role customer; long lived graceful restart off;',
    routes: 'route 10.2.1.0/24 blackhole; route 10.2.2.0/24 blackhole { bgp_otc = 5; };',
  },
  m: {
    as: 65002,
    options: 'confederation 900; confederation member;',
    routes: 'route 10.3.1.0/24 blackhole { bgp_med = 3; bgp_local_pref = 50; };',
  },
  o: { as: 700, options: '', routes: 'route 10.4.1.0/24 blackhole { bgp_med = 3; };' },
  w: { as: 65003, options: 'local role customer;', routes: '' },
} as const;
type Name = keyof typeof NEIGHBORS;
const NAMES = Object.keys(NEIGHBORS) as Name[];
const OWN = '10.9.0.1';
const addressOf = (name: Name): string => `10.9.0.${NAMES.indexOf(name) + 2}`;

/** What the daemon in the middle has for each neighbour. */
const OPTIONS: Readonly<Record<Name, string>> = {
  a: 'confederation 900; rr client; long lived graceful restart; long lived stale time 60;',
  c: 'confederation 900; local role provider; require roles;',
  m: 'confederation 900; confederation member;',
  o: 'confederation 900; default bgp_med 5;',
  w: 'confederation 900; local role peer;',
};

const HEAD = (id: string): string => `log stderr all;\nrouter id ${id};\nprotocol device {}\n`;
const session = (name: string, local: string, as: number, remote: string, options: string): string =>
  `protocol bgp ${name} { local ${local} as ${as}; neighbor ${remote}; multihop; strict bind;
    connect delay time 1; connect retry time 1; error wait time 1, 2; ${options} ipv4 { import all; export all; ${name === 'a' ? 'aigp originate;' : ''} }; }\n`;

const OWN_ROUTES = 'route 10.5.1.0/24 blackhole { igp_metric = 7; }; route 10.5.2.0/24 blackhole;';
const SUBJECT = `${HEAD(OWN)}protocol static { ipv4; ${OWN_ROUTES} }
${NAMES.map((name) =>
  session(name, OWN, 65000, `${addressOf(name)} as ${NEIGHBORS[name].as}`, OPTIONS[name]),
).join('')}`;

function neighborConfig(name: Name): string {
  const { as, options, routes } = NEIGHBORS[name];
  // Outside of the confederation, its own number is what is seen.
  const seen = name === 'a' || name === 'm' ? 65000 : 900;
  const own = session('x', addressOf(name), as, `${OWN} as ${seen}`, options);
  return `${HEAD(addressOf(name))}protocol static { ipv4; ${routes} }\n${own}`;
}

class Lab {
  readonly #folder = mkdtempSync(join(tmpdir(), 'catbird-features-'));
  readonly #children = new Map<string, ChildProcess>();

  /** Makes the namespace: it lasts as long as the process that holds it. */
  async start(): Promise<void> {
    const addresses = [OWN, ...NAMES.map(addressOf)].map((ip) => `ip addr add ${ip}/32 dev lo`).join(' && ');
    const script = `ip link set lo up && ${addresses} && echo ready && exec sleep 600`;
    const holder = spawn('unshare', ['-n', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#children.set('holder', holder);
    await new Promise<void>((done, fail) => {
      holder.stdout.once('data', () => done());
      holder.once('exit', () => fail(new Error('no network namespace')));
    });
  }

  /** Starts a daemon: `bird`, or Catbird in its place. */
  run(name: string, config: string, program: readonly string[]): void {
    const path = join(this.#folder, `${name}.conf`);
    writeFileSync(path, config);
    const inside = [`--net=/proc/${this.#children.get('holder')!.pid}/ns/net`];
    const child = spawn('nsenter', [...inside, ...program, '-c', path, '-s', this.#socket(name)], {
      stdio: 'ignore',
    });
    this.#children.set(name, child);
  }

  /** Ends a daemon without a chance to say goodbye. */
  async kill(name: string): Promise<void> {
    const child = this.#children.get(name);
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
    this.#children.delete(name);
  }

  async ask(name: string, command: string): Promise<string> {
    const { stdout } = await run('birdc', ['-s', this.#socket(name), command]).catch(() => ({ stdout: '' }));
    return normalized(stdout);
  }

  /** The answer to a command once it says `ready`. */
  async when(name: string, command: string, ready: (answer: string) => boolean): Promise<string> {
    let answer = '';
    await expect
      .poll(async () => ready((answer = await this.ask(name, command))), { timeout: LIMIT_MS, interval: 200 })
      .toBe(true);
    return answer;
  }

  async stop(): Promise<void> {
    for (const name of [...this.#children.keys()].reverse()) await this.kill(name);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #socket(name: string): string {
    return join(this.#folder, `${name}.ctl`);
  }
}

/** Without times, counters, and what a daemon without a forwarding table cannot know; routes in order. */
function normalized(answer: string): string {
  const lines = answer
    .split('\n')
    .filter(
      (line) =>
        !/^\t(via|dev) |updates:|withdraws:|Routes:|Route change|timer|Connect delay|BIRD|^$/.test(line),
    )
    .map((line) =>
      line
        .replace(/\d\d:\d\d:\d\d(\.\d+)?/, 'TIME')
        .replace(/(unicast|unreachable) \[(\w+) TIME( from [^\]]*)?\]/, 'via [$2]')
        .replace(/\/-\)/, ')')
        .replace(/^(\w+ .*)(Socket|Received|Error).*/, '$1')
        .replace(/\s+$/, ''),
    );
  const blocks = lines.join('\n').split(/\n(?=\S)/);
  return blocks.sort().join('\n');
}

const FILTER = 'show route all where source = RTS_BGP';

/** What can be seen of a daemon, step by step. */
async function story(program: readonly string[]): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  const lab = new Lab();
  try {
    await lab.start();
    for (const name of NAMES) lab.run(name, neighborConfig(name), ['bird', '-f']);
    lab.run('x', SUBJECT, program);
    const count = (answer: string): number => answer.match(/^10\./gm)?.length ?? 0;
    seen['routes'] = await lab.when('x', 'show route all', (answer) => count(answer) === 8);
    // Everybody but the other peer of a mismatched role has what the others announced.
    const expected: Partial<Record<Name, number>> = { a: 5, c: 7, m: 7, o: 7 };
    for (const [name, routes] of Object.entries(expected))
      seen[`routes of ${name}`] = await lab.when(name, FILTER, (answer) => count(answer) === routes);
    for (const name of NAMES.slice(0, 4))
      seen[`protocol ${name}`] = await lab.ask('x', `show protocols all ${name}`);
    for (const name of ['x', 'w']) {
      const peer = name === 'x' ? 'w' : 'x';
      await lab.when(name, `show protocols all ${peer}`, (text) => text.includes('Role mismatch'));
    }
    await lab.kill('a');
    const regular = (text: string): boolean => text.includes('Neighbor GR:    Regular');
    seen['restarting'] = await lab.when('x', 'show protocols all a', regular);
    seen['restarting routes'] = await lab.ask('x', 'show route all protocol a');
    const longLived = (text: string): boolean => text.includes('Neighbor GR:    Long-lived');
    seen['long-lived'] = await lab.when('x', 'show protocols all a', longLived);
    seen['long-lived routes'] = await lab.when('x', 'show route all protocol a', (text) => count(text) === 2);
    // Those who know stale routes are sent them with the mark; for `c`, which does not, they are gone.
    const remaining: Partial<Record<Name, [routes: number, marked: number]>> = {
      c: [4, 0],
      m: [6, 2],
      o: [6, 2],
    };
    for (const [name, [routes, marked]] of Object.entries(remaining)) {
      const settled = (text: string): boolean =>
        count(text) === routes && (text.match(/65535,6/g)?.length ?? 0) === marked;
      seen[`long-lived routes of ${name}`] = await lab.when(name, FILTER, settled);
    }
    lab.run('a', neighborConfig('a'), ['bird', '-f', '-R']);
    const fresh = (text: string): boolean => count(text) === 3 && !text.includes('65535,6');
    seen['back'] = await lab.when('x', 'show route all protocol a', fresh);
    return seen;
  } finally {
    await lab.stop();
  }
}

describe.skipIf(missing !== '')(`session features beside BIRD 2${missing && ` (${missing})`}`, () => {
  let ofBird: Record<string, string> | undefined;
  afterAll(() => (ofBird = undefined));

  test('BIRD goes through it', async () => {
    ofBird = await story(['bird', '-f']);
    expect(ofBird['long-lived routes']).toContain('(65535,6)');
    expect(ofBird['routes of m']).toContain('(65000)');
    expect(ofBird['routes of a']).toContain('BGP.aigp: 7');
  }, 120_000);

  test('Catbird shows and sends the same', async () => {
    const ofCatbird = await story([CATBIRD, 'reflector']);
    expect(ofCatbird).toEqual(ofBird);
  }, 120_000);
});

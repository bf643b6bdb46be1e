/** A storm from its first key to the verdict. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Etcd3 } from 'etcd3';
import { seededRandom } from '../../src/base/random.ts';
import { connectEtcd, etcdClientOptions } from '../../src/confd/io/etcd-client.ts';
import { ReflectorProcess } from '../daemon/process.ts';
import { after, answered, makeHub, startMembers, type Member } from './cluster.ts';
import { FAULTS } from './faults.ts';
import { Fleet } from './fleet.ts';
import { History } from './history.ts';
import { Keys, PEERS, PREFIX, writeTemplates } from './subject.ts';
import { routesOf, verdict, type Seen } from './verdict.ts';
import { Writer } from './writer.ts';

const BIN = resolve(import.meta.dirname, '../../bin/catbird');
/** How long the configuration may be behind, once all members are well and nothing is written any more. */
const STALE_LIMIT_MS = 10_000;
const UP_LIMIT_MS = 30_000;
/** Pauses between what goes wrong. */
const SHORTEST_CALM_MS = 500;
const LONGEST_CALM_MS = 4000;
const REQUEST_MS = 1000;

export interface StormOptions {
  readonly seconds: number;
  readonly ratePerMinute: number;
  readonly seed: number;
  /** File for the reflector's log. */
  readonly logPath: string | undefined;
  readonly say: (text: string) => void;
}

/** Runs a storm and says how it went. Resolves with whether all was as it is to be. */
export async function storm(options: StormOptions): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'catbird-storm-'));
  const members: Member[] = [];
  try {
    makeHub();
    members.push(...(await startMembers(folder)));
    return await run(options, folder, members);
  } finally {
    for (const member of members) await member.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(
  { seconds, ratePerMinute, seed, logPath, say }: StormOptions,
  folder: string,
  members: readonly Member[],
): Promise<boolean> {
  const random = seededRandom(seed);
  const clients = members.map(({ endpoint }) => client(endpoint));
  const endpoints = members.map(({ endpoint }) => endpoint);
  say(`seed ${seed}, ${seconds} s, ${ratePerMinute} changes a minute, etcd at ${endpoints.join(', ')}`);
  await answered(members, () => clients[0]!.get(PREFIX).exec());
  const history = new History(BigInt((await clients[0]!.get(PREFIX).exec()).header.revision) + 1n);
  for (const each of clients) void history.follow(each, `${PREFIX}/`);
  const keys = new Keys(seededRandom(seed + 1));
  const writer = new Writer(clients, history, keys);
  await writer.mend();
  say(`${keys.wanted.size} keys are written`);

  const confdir = join(folder, 'confd');
  const dest = join(folder, 'out/bird.cfg');
  mkdirSync(join(folder, 'out'));
  const nodes = endpoints.flatMap((endpoint) => ['--node', endpoint]);
  const daemon = await ReflectorProcess.startWith((port) => {
    writeTemplates(confdir, port, dest);
    // Without registration each revision is a change of the writer's.
    return ['--confdir', confdir, ...nodes, '--state', join(folder, 'state'), '--no-register'];
  });
  const fleet = new Fleet(daemon.port);
  const applied = new Applied(join(folder, 'state'));
  try {
    fleet.start();
    const upBy = Date.now() + UP_LIMIT_MS;
    while (fleet.up < PEERS.length) {
      if (Date.now() > upBy) throw new Error(`only ${fleet.up} sessions came up:\n${daemon.log}`);
      await after(100);
    }
    say(`${fleet.up} sessions are up`);

    const began = Date.now();
    const until = began + seconds * 1000;
    const writing = writer.write(ratePerMinute, until);
    const faults = new Map<string, number>();
    const cluster = {
      members,
      random,
      say: (text: string) => {
        say(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
      },
      compact: () => writer.compact(),
    };
    // Each kind once in an order that chance gives, then again.
    let left: (typeof FAULTS)[number][] = [];
    for (;;) {
      await after(SHORTEST_CALM_MS + random.below(LONGEST_CALM_MS - SHORTEST_CALM_MS));
      if (Date.now() >= until) break;
      if (left.length === 0) left = [...FAULTS];
      const fault = left.splice(random.below(left.length), 1)[0]!;
      faults.set(fault.name, (faults.get(fault.name) ?? 0) + 1);
      await fault.run(cluster);
      writer.doubt();
    }
    await writing;
    keys.mend();
    await answered(members, () => writer.mend());
    const last = await writer.put(keys.last());
    const lastAt = Date.now();
    cluster.say(`the last change is revision ${last}`);
    while (applied.revision < last && Date.now() < lastAt + 6 * STALE_LIMIT_MS) await after(20);
    const staleMs = Date.now() - lastAt;
    // Routes that neighbours are asked for again come after the configuration.
    await after(2000);
    history.stop();

    execFileSync(BIN, ['confd', '-onetime', '-confdir', confdir, ...nodes], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const seen: Seen = {
      confdir,
      log: daemon.log,
      applied: applied.texts,
      fresh: readFileSync(dest, 'utf8'),
      dest,
      protocols: await daemon.ask('show protocols all'),
      routes: routesOf(await daemon.ask('show route')),
      sessions: fleet.sessions,
      keys: keys.wanted,
      last,
      isRunning: daemon.isRunning,
      staleMs,
      staleLimitMs: STALE_LIMIT_MS,
      lags: writer.lags(applied.times),
    };
    const { figures, failures } = await verdict(seen, history);
    say('');
    for (const [what, figure] of [
      [
        'changes written',
        `${writer.count}, ${keys.counts.broken} of them wrong, ${keys.counts.removed} removals of a neighbour`,
      ],
      ['compactions', `${writer.compactions}`],
      ['faults', [...faults].map(([name, count]) => `${name} ${count}`).join(', ')],
      ...figures,
    ])
      say(`${what!.padEnd(34)} ${figure!}`);
    for (const failure of failures) say(`FAILED: ${failure}`);
    if (failures.length === 0) say('all as it is to be');
    return failures.length === 0;
  } finally {
    if (logPath !== undefined) writeFileSync(logPath, daemon.log);
    applied.close();
    fleet.stop();
    await daemon.stop();
  }
}

function client(endpoint: string): Etcd3 {
  return connectEtcd(
    etcdClientOptions(
      {
        endpoints: [endpoint],
        caFile: undefined,
        certFile: undefined,
        keyFile: undefined,
        username: undefined,
        password: undefined,
      },
      REQUEST_MS,
    ),
  );
}

/** What the reflector kept as its last good configuration, each as long as it was the last one. */
class Applied {
  readonly texts = new Map<bigint, string>();
  /** When each was there first. */
  readonly times = new Map<bigint, number>();
  revision = 0n;
  readonly #path: string;
  readonly #watcher: ReturnType<typeof watch>;

  constructor(folder: string) {
    this.#path = join(folder, 'last-good.json');
    this.#watcher = watch(folder, () => {
      this.#read();
    });
    this.#read();
  }

  #read(): void {
    let kept: { revision: string; texts: Record<string, string> };
    try {
      kept = JSON.parse(readFileSync(this.#path, 'utf8')) as typeof kept;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    const revision = BigInt(kept.revision);
    if (revision === this.revision) return;
    this.revision = revision;
    this.texts.set(revision, Object.values(kept.texts).join(''));
    this.times.set(revision, Date.now());
  }

  close(): void {
    this.#watcher.close();
  }
}

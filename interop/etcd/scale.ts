/**
 * How long a reflector takes for the keys of thousands of nodes, from its start to its sessions, and from one changed key
 * to what a neighbour gets: a NOTIFICATION, or an UPDATE. etcd, the reflector and its neighbours are real, on the loopback
 * network.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Etcd3 } from 'etcd3';
import { formatIpv4 } from '../../src/base/ip.ts';
import { connectEtcd, etcdClientOptions } from '../../src/confd/io/etcd-client.ts';
import { buildPrograms, programPath, stopDaemon, usage } from '../bench/processes.ts';
import { ControlClient } from '../control-client.ts';
import { freePort } from '../daemon/process.ts';
import { KEEPALIVE, message, RawPeer } from '../daemon/raw-peer.ts';
import { after, answered } from './cluster.ts';

const BIN = resolve(import.meta.dirname, '../../bin/catbird');
const SELF = '127.0.0.9';
const AS = 65000;
/** Address of the first node. */
const FIRST = 0x7f400001;
const HOSTS = '/calico/bgp/v1/host';
/** Keys that are written at a time. */
const BATCH = 100;
/** What is on its way when a start or a change was timed settles meanwhile. */
const CALM_MS = 1500;
/** After it neighbours that refuse connections are left alone for two minutes. */
const CONNECT_BURST_MS = 12_000;
const UP_LIMIT_MS = 120_000;
const REQUEST_MS = 10_000;
const DAY_MS = 86_400_000;
const UPDATE = 2;
const NOTIFICATION = 3;

export interface ScaleOptions {
  readonly nodes: number;
  /** Whether all connect; else all but two refuse connections. */
  readonly sessions: boolean;
  readonly starts: number;
  /** Of each kind. */
  readonly changes: number;
  readonly say: (text: string) => void;
}

/** Milliseconds, one a start or change. */
export interface ScaleFigures {
  readonly start: readonly number[];
  readonly session: readonly number[];
  readonly update: readonly number[];
  /** Largest resident memory of the reflector, in bytes. */
  readonly peakBytes: number;
}

const address = (node: number): string => formatIpv4(FIRST + node);

/** Measures. All that it started has ended when it resolves. */
export async function scale(options: ScaleOptions): Promise<ScaleFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'catbird-scale-'));
  const running: ChildProcess[] = [];
  try {
    return await measure(options, folder, running);
  } finally {
    for (const child of running.reverse()) await stopDaemon(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  options: ScaleOptions,
  folder: string,
  running: ChildProcess[],
): Promise<ScaleFigures> {
  const { nodes, sessions, starts, changes, say } = options;
  const endpoint = await startEtcd(folder, running);
  const none = { caFile: undefined, certFile: undefined, keyFile: undefined };
  const settings = { ...none, endpoints: [endpoint], username: undefined, password: undefined };
  const etcd = connectEtcd(etcdClientOptions(settings, REQUEST_MS));
  await answered([], () => etcd.get('/').exec());
  const port = await freePort();
  const count = await writeKeys(etcd, nodes, port);
  say(`${count} keys are written`);

  const start: number[] = [];
  let reflector: Reflector | undefined;
  for (let i = 0; i < starts; i++) {
    if (reflector) {
      await after(CALM_MS);
      await stopDaemon(reflector.child);
    }
    const began = performance.now();
    reflector = new Reflector(endpoint, join(folder, `run${i}`));
    running.push(reflector.child);
    await reflector.logged('started with');
    start.push(performance.now() - began);
  }
  if (!reflector) throw new Error('at least one start is to be timed');
  say(`${starts} starts are timed`);

  // The last two nodes are played here.
  const [sender, watched] = [nodes - 2, nodes - 1];
  if (sessions) {
    await connectAll(nodes - 2, port, reflector, running);
    say(`${nodes - 2} sessions are up`);
  }
  const speaker = await establish(port, sender);
  speaker.send(route(10, 1));
  speaker.send(route(10, 2));
  await after(sessions ? CALM_MS : CONNECT_BURST_MS);
  let peer = await establish(port, watched);
  await peer.until(() => peer.received.some((bytes) => bytes[18] === UPDATE));

  const session: number[] = [];
  const as = `${HOSTS}/node${watched}/as_num`;
  for (let i = 0; i < changes; i++) {
    await after(CALM_MS);
    session.push(
      await timed(peer, NOTIFICATION, () =>
        etcd
          .put(as)
          .value(String(AS + 1))
          .exec(),
      ),
    );
    await peer.ended;
    await after(CALM_MS);
    await etcd.put(as).value(String(AS));
    await after(CALM_MS);
    peer = await establish(port, watched);
  }
  say(`${changes} changes of a session are timed`);

  const update: number[] = [];
  const policy = `/catbird/peer/${address(watched)}/export`;
  for (let i = 0; i < changes; i++) {
    await after(CALM_MS);
    const change = (): Promise<unknown> =>
      i % 2 === 0 ? etcd.put(policy).value('some').exec() : etcd.delete().key(policy).exec();
    update.push(await timed(peer, UPDATE, change));
  }
  say(`${changes} changes of a policy are timed`);
  const { peakBytes } = reflector;
  speaker.destroy();
  peer.destroy();
  etcd.close();
  return { start, session, update, peakBytes };
}

/** Milliseconds from before a change is written until a neighbour gets a message of a type. */
async function timed(peer: RawPeer, type: number, change: () => PromiseLike<unknown>): Promise<number> {
  let arrived = 0;
  peer.onMessage = (bytes) => {
    if (bytes[18] === type && arrived === 0) arrived = performance.now();
  };
  const began = performance.now();
  await change();
  await peer.until(() => arrived > 0);
  return arrived - began;
}

async function establish(port: number, node: number): Promise<RawPeer> {
  const peer = await RawPeer.establish(port, address(node), FIRST + node);
  const timer = setInterval(() => {
    peer.send(KEEPALIVE);
  }, 20_000);
  void peer.ended.then(() => {
    clearInterval(timer);
  });
  return peer;
}

/** 10.A.B.0/24 from a client. */
function route(a: number, b: number): Uint8Array {
  const attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 127, 0, 1, 1, 0x40, 5, 4, 0, 0, 0, 100];
  return message(UPDATE, [0, 0, 0, attributes.length, ...attributes, 24, 10, a, b]);
}

class Reflector {
  readonly child: ChildProcess;
  readonly socket: string;
  #log = '';
  #wake: () => void = () => undefined;

  /** @param folder of what it keeps */
  constructor(endpoint: string, folder: string) {
    this.socket = `${folder}.ctl`;
    const args = ['reflector', '--builtin', 'reflector', '--node', endpoint, '--no-register'];
    this.child = spawn(BIN, [...args, '-s', this.socket, '--state', folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, IP: SELF, NODENAME: 'reflector' },
    });
    this.child.stderr!.on('data', (text: Buffer) => {
      this.#log += text.toString();
      this.#wake();
    });
    this.child.once('exit', () => {
      this.#wake();
    });
  }

  /** Resolves when the log has a text; rejects when the reflector ends first. */
  async logged(text: string): Promise<void> {
    while (!this.#log.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`the reflector ended:\n${this.#log}`);
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }

  get peakBytes(): number {
    return usage(this.child.pid!).peakBytes;
  }
}

async function startEtcd(folder: string, running: ChildProcess[]): Promise<string> {
  const [client, peer] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`);
  const options = {
    'data-dir': join(folder, 'etcd'),
    'log-level': 'error',
    'listen-client-urls': client!,
    'advertise-client-urls': client!,
    'listen-peer-urls': peer!,
    'initial-advertise-peer-urls': peer!,
    'initial-cluster': `default=${peer!}`,
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn('etcd', args, { stdio: 'ignore' });
  running.push(child);
  await new Promise<void>((settle, fail) => {
    child.once('spawn', settle);
    child.once('error', () => {
      fail(new Error('etcd is not installed: apt-get install etcd-server'));
    });
  });
  return client!;
}

/** Returns how many there are. */
async function writeKeys(etcd: Etcd3, nodes: number, port: number): Promise<number> {
  const keys: [string, string][] = [
    ['/calico/bgp/v1/global/as_num', String(AS)],
    [`/calico/bgp/v1/global/peer_v4/${SELF}`, JSON.stringify({ ip: SELF, as_num: String(AS) })],
    ['/catbird/port', String(port)],
    ['/catbird/filter/some', 'if net = 10.10.1.0/24 then accept; reject;'],
  ];
  for (let node = 0; node < nodes; node++) {
    keys.push([`${HOSTS}/node${node}/ip_addr_v4`, address(node)]);
    keys.push([`${HOSTS}/node${node}/as_num`, String(AS)]);
    keys.push([`${HOSTS}/node${node}/ip_addr_v6`, '']);
  }
  for (let i = 0; i < keys.length; i += BATCH) {
    await Promise.all(keys.slice(i, i + BATCH).map(([key, value]) => etcd.put(key).value(value).exec()));
  }
  return keys.length;
}

/** Has the first nodes connect. Resolves when the sessions of all are up. */
async function connectAll(
  count: number,
  port: number,
  reflector: Reflector,
  running: ChildProcess[],
): Promise<void> {
  buildPrograms();
  const args = [
    `port=${port}`,
    `as=${AS}`,
    'mode=fabric',
    `clients=${count}`,
    'per=1',
    `source=${address(0)}`,
  ];
  // It waits all the time for what it would announce then.
  const waits = [`settle=${DAY_MS}`, `timeout=${UP_LIMIT_MS / 1000}`, 'phases=announce'];
  const child = spawn(programPath('loadgen'), [...args, ...waits], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  running.push(child);
  const client = await ControlClient.connect(reflector.socket);
  const deadline = Date.now() + UP_LIMIT_MS;
  for (;;) {
    const up = (await client.ask('show protocols')).split('Established').length - 1;
    if (up >= count) break;
    if (Date.now() > deadline) throw new Error(`only ${up} of ${count} sessions came up`);
    await after(CALM_MS);
  }
  client.close();
}

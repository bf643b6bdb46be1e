/** Three real members of etcd, each in a network namespace of its own, and what can happen to them. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Of the bridge in the namespace of this process; members have the addresses before it. */
const HUB = '10.213.0.254/24';
const BRIDGE = 'storm0';
const CLIENT_PORT = 2379;
const PEER_PORT = 2380;
const ANSWER_LIMIT_MS = 20_000;

const ip = (...args: string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Makes the bridge. This process is to be in a network namespace of its own. */
export function makeHub(): void {
  ip('link', 'set', 'dev', 'lo', 'up');
  ip('link', 'add', 'name', BRIDGE, 'type', 'bridge');
  ip('address', 'add', HUB, 'dev', BRIDGE);
  ip('link', 'set', 'dev', BRIDGE, 'up');
}

export class Member {
  readonly name: string;
  readonly endpoint: string;
  readonly #address: string;
  readonly #link: string;
  readonly #data: string;
  /** Keeps the namespace while etcd is down. */
  readonly #holder: ChildProcess;
  #etcd: ChildProcess | undefined;
  #errors = '';

  private constructor(number: number, folder: string, holder: ChildProcess) {
    this.name = `m${number}`;
    this.#address = addressOf(number);
    this.endpoint = `http://${this.#address}:${CLIENT_PORT}`;
    this.#link = `storm-${this.name}`;
    this.#data = join(folder, this.name);
    this.#holder = holder;
  }

  /** Makes the namespace of a member and joins it to the bridge. */
  static async make(number: number, folder: string): Promise<Member> {
    const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    const own = readlinkSync('/proc/self/ns/net');
    while (namespaceOf(holder.pid!) === own) await after(10);
    const made = new Member(number, folder, holder);
    const link = made.#link;
    ip('link', 'add', 'name', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${holder.pid}`);
    ip('link', 'set', 'dev', link, 'master', BRIDGE, 'up');
    made.#ip('address', 'add', `${made.#address}/24`, 'dev', 'eth0');
    made.#ip('link', 'set', 'dev', 'eth0', 'up');
    made.#ip('link', 'set', 'dev', 'lo', 'up');
    return made;
  }

  get isRunning(): boolean {
    return this.#etcd !== undefined;
  }

  /** Starts etcd with what it had. */
  start(): void {
    const peer = (address: string): string => `http://${address}:${PEER_PORT}`;
    const cluster = NUMBERS.map((number) => `m${number}=${peer(addressOf(number))}`).join();
    const options = {
      name: this.name,
      'data-dir': this.#data,
      'log-level': 'error',
      'listen-client-urls': this.endpoint,
      'advertise-client-urls': this.endpoint,
      'listen-peer-urls': peer(this.#address),
      'initial-advertise-peer-urls': peer(this.#address),
      'initial-cluster': cluster,
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    this.#errors = '';
    // nsenter becomes etcd: its process number is etcd's.
    const child = spawn('nsenter', ['-t', `${this.#holder.pid}`, '--net', 'etcd', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (text: Buffer) => (this.#errors = (this.#errors + text.toString()).slice(-2000)));
    this.#etcd = child;
  }

  /** Ends etcd without warning; its data stays. */
  async kill(): Promise<void> {
    const child = this.#etcd;
    this.#etcd = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((settle) => child.once('exit', settle));
    child.kill('SIGKILL');
    await gone;
  }

  /** Stops it in what it does, without ending connections; or lets it go on. */
  freeze(isFrozen: boolean): void {
    this.#etcd?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Takes it off the bridge: nobody reaches it, and no connection ends; or back. */
  cut(isCut: boolean): void {
    ip('link', 'set', 'dev', this.#link, isCut ? 'down' : 'up');
  }

  /** Parts it from the other members while clients reach it; or joins them again. */
  part(isParted: boolean): void {
    for (const number of NUMBERS) {
      const address = addressOf(number);
      if (address === this.#address) continue;
      this.#ip('route', isParted ? 'add' : 'delete', 'blackhole', address);
    }
  }

  /** What it said last when it ended by itself; undefined while it runs, or was killed. */
  get ended(): string | undefined {
    const child = this.#etcd;
    return child && child.exitCode !== null ? `${this.name} ended: ${this.#errors}` : undefined;
  }

  #ip(...args: string[]): void {
    execFileSync('nsenter', ['-t', `${this.#holder.pid}`, '--net', 'ip', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  async close(): Promise<void> {
    await this.kill();
    this.#holder.kill('SIGKILL');
  }
}

const NUMBERS = [1, 2, 3];
const addressOf = (number: number): string => `10.213.0.${number}`;

/** Makes and starts three members. */
export async function startMembers(folder: string): Promise<Member[]> {
  const members: Member[] = [];
  for (const number of NUMBERS) members.push(await Member.make(number, folder));
  for (const member of members) member.start();
  return members;
}

/** Resolves when a question that needs a majority of the members is answered. */
export async function answered(members: readonly Member[], ask: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + ANSWER_LIMIT_MS;
  for (;;) {
    for (const { ended } of members) if (ended !== undefined) throw new Error(ended);
    try {
      await ask();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await after(200);
    }
  }
}

export function after(ms: number): Promise<void> {
  return new Promise((settle) => setTimeout(settle, ms));
}

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    throw new Error('a network namespace cannot be made');
  }
}

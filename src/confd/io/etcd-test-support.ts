/** A real etcd on loopback, for tests. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Etcd3 } from 'etcd3';

/** Why etcd cannot be run here; undefined where it can. */
export function etcdMissing(): string | undefined {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs etcd';
  }
}

/**
 * A port that nobody listens on, below those that the system gives to connections: somebody who tries to connect to one of
 * these again and again may end up connected to himself, and the port is taken.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((settle) => {
      server.on('error', () => {
        settle(false);
      });
      server.listen(port, '127.0.0.1', () => {
        settle(true);
      });
    });
    await new Promise((settle) => server.close(settle));
    if (isFree) return port;
  }
}

/** Files of certificates that the server uses; clients need one too. */
export interface ServerCertificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export class TestEtcd {
  readonly folder = mkdtempSync(join(tmpdir(), 'catbird-etcd-'));
  readonly endpoint: string;
  readonly #peerPort: number;
  readonly #certificates: ServerCertificates | undefined;
  readonly #more: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(
    port: number,
    peerPort: number,
    certificates: ServerCertificates | undefined,
    more: readonly string[],
  ) {
    this.#more = more;
    this.endpoint = `${certificates ? 'https' : 'http'}://127.0.0.1:${port}`;
    this.#peerPort = peerPort;
    this.#certificates = certificates;
  }

  /** @param more options of etcd */
  static async start(certificates?: ServerCertificates, more: readonly string[] = []): Promise<TestEtcd> {
    const etcd = new TestEtcd(await freePort(), await freePort(), certificates, more);
    await etcd.run();
    return etcd;
  }

  /** Starts it, again with what it had. */
  async run(): Promise<void> {
    const peer = `http://127.0.0.1:${this.#peerPort}`;
    const tls = this.#certificates;
    const args = [
      ...['--name', 'test', '--data-dir', join(this.folder, 'data'), '--log-level', 'error'],
      ...['--listen-client-urls', this.endpoint, '--advertise-client-urls', this.endpoint],
      ...[
        '--listen-peer-urls',
        peer,
        '--initial-advertise-peer-urls',
        peer,
        '--initial-cluster',
        `test=${peer}`,
      ],
      ...(tls
        ? ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca, '--client-cert-auth']
        : []),
      ...this.#more,
    ];
    const child = spawn('etcd', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    await this.#answers(() => errors);
  }

  /** Waits until the port is open. */
  async #answers(errors: () => string): Promise<void> {
    const port = Number(/\d+$/.exec(this.endpoint)![0]);
    for (let i = 0; i < 200; i++) {
      if (this.#process?.exitCode !== null) throw new Error(`etcd ended: ${errors()}`);
      const open = await new Promise<boolean>((settle) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.destroy();
          settle(true);
        });
        socket.on('error', () => {
          settle(false);
        });
      });
      if (open) return;
      await new Promise((settle) => setTimeout(settle, 50));
    }
    throw new Error(`etcd does not answer: ${errors()}`);
  }

  /** Ends it and leaves its data. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((settle) => child.once('exit', settle));
    child.kill('SIGKILL');
    await gone;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  client(): Etcd3 {
    return new Etcd3({ hosts: this.endpoint });
  }
}

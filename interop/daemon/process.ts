/** A real `catbird reflector` process for tests, on the loopback network. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const BIN = resolve(import.meta.dirname, '../../bin/catbird');
const START_LIMIT_MS = 20_000;

/** Below the ports that systems give to outgoing connections: one of those may be gone before it is listened on. */
const [FIRST_PORT, PORTS] = [10_240, 22_528];

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => {
      done(false);
    });
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        done(true);
      });
    });
  });
}

export class ReflectorProcess {
  readonly socket: string;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #log = '';

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.port = port;
    this.socket = join(folder, 'catbird.ctl');
    child.stderr?.on('data', (text: Buffer) => (this.#log += text.toString()));
  }

  /** Starts a reflector with the configuration that `config` makes for a free port; resolves when it answers. */
  static async start(config: (port: number) => string): Promise<ReflectorProcess> {
    return await ReflectorProcess.startWith((port, folder) => {
      const path = join(folder, 'bird.conf');
      writeFileSync(path, config(port));
      return ['-c', path];
    });
  }

  /** Starts a reflector with the options that `prepare` makes for a free port and a folder of its own. */
  static async startWith(prepare: (port: number, folder: string) => string[]): Promise<ReflectorProcess> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'catbird-test-'));
    const options = prepare(port, folder);
    const child = spawn(BIN, ['reflector', ...options, '-s', join(folder, 'catbird.ctl')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const made = new ReflectorProcess(child, folder, port);
    const deadline = Date.now() + START_LIMIT_MS;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`catbird ended at once:\n${made.#log}`);
      const answer = await made.ask('show status').catch(() => '');
      if (answer.includes('Daemon is up')) return made;
      if (Date.now() > deadline) throw new Error(`catbird did not start:\n${made.#log}`);
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  /** The answer to one command on the control socket, reply codes included. */
  async ask(command: string): Promise<string> {
    return await new Promise((done, fail) => {
      const client = createConnection(this.socket);
      let text = '';
      let greeted = false;
      client.setEncoding('utf8');
      client.once('error', fail);
      client.on('data', (piece: string) => {
        text += piece;
        if (!greeted && text.endsWith('ready.\n')) {
          greeted = true;
          text = '';
          client.write(`${command}\n`);
        } else if (greeted && /(^|\n)\d{4} [^\n]*\n$/.test(text)) {
          client.destroy();
          done(text);
        }
      });
      client.on('close', () => {
        fail(new Error(`the control socket closed after: ${text}`));
      });
    });
  }

  /** Has the running reflector take another configuration; rejects where it is refused. */
  async configure(text: string): Promise<void> {
    writeFileSync(join(this.#folder, 'bird.conf'), text);
    const answer = await this.ask('configure');
    if (!/^(0003|0004|0018|0023)[ -]/m.test(answer)) throw new Error(answer);
  }

  /** What the daemon wrote to standard error. */
  get log(): string {
    return this.#log;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null;
  }

  /** Resident memory in bytes. */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  async stop(): Promise<void> {
    if (this.isRunning) {
      const ended = new Promise((done) => this.#child.once('exit', done));
      this.#child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

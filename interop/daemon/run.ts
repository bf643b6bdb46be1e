/** A `catbird reflector` in a folder of its own that a test follows by its log, from before it has a configuration. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { ControlLink } from '../../src/birdcl-compat/io/control-link.ts';

const CATBIRD = resolve(import.meta.dirname, '../../bin/catbird');
const SOCKET = 'catbird.ctl';
/** What has not been said until then never will be. */
const NEVER_MS = 40_000;

export class Run {
  readonly child: ChildProcess;
  /** Resolves when it has ended. */
  readonly code: Promise<number | null>;
  readonly #folder: string;
  readonly #waiting: { readonly text: string; readonly wake: () => void }[] = [];
  #log = '';

  /** @param args options besides those of its control socket, which is `catbird.ctl` where none is named */
  constructor(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#folder = folder;
    const socket = args.includes('-s') ? [] : ['-s', SOCKET];
    this.child = spawn(CATBIRD, ['reflector', ...args, ...socket], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child.stderr!.on('data', (chunk: Buffer) => {
      this.#log += chunk.toString();
      for (const { text, wake } of this.#waiting) if (this.#log.includes(text)) wake();
    });
    this.code = new Promise((settle) => this.child.once('close', settle));
  }

  get log(): string {
    return this.#log;
  }

  /** Forgets what the log has had so far. */
  forget(): void {
    this.#log = '';
  }

  /** Resolves when the log has a text. Rejects, with the log, where the process ends without, or never says it. */
  async logged(text: string): Promise<void> {
    if (this.#log.includes(text)) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((_, fail) => {
        timer = setTimeout(() => {
          fail(new Error(`it has not said '${text}':\n${this.#log.slice(-10_000)}`));
        }, NEVER_MS);
      }),
      new Promise<void>((wake) => this.#waiting.push({ text, wake })),
      this.code.then((code) => {
        if (!this.#log.includes(text))
          throw new Error(`it ended with ${code} without having said '${text}':\n${this.#log}`);
      }),
    ]).finally(() => {
      clearTimeout(timer);
    });
  }

  /** The answer on the control socket. */
  async ask(command: string): Promise<string> {
    const link = await ControlLink.open(join(this.#folder, SOCKET));
    try {
      return (await link.ask(command)).map(({ text }) => text).join('\n');
    } finally {
      link.close();
    }
  }

  /** Resolves with the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return await this.code;
  }
}

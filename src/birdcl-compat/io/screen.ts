/** Where an interactive session's answers go: the terminal, page by page, or a pager program. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import { MORE, MORE_GONE, Pager } from '../client/pager.ts';
import type { Keys } from './keys.ts';

export interface Terminal extends Writable {
  readonly columns?: number;
  readonly rows?: number;
}

/** A terminal that does not say how large it is, or says nothing, has 25 rows, as in birdc. */
function sizeOf({ columns = 0, rows = 0 }: Terminal): { readonly columns: number; readonly rows: number } {
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 25 };
}

export interface AnswerFlow {
  /** The daemon is to wait. */
  pause(): void;
  resume(): void;
  /** Whoever reads has seen enough. */
  stop(): void;
}

/** One answer on its way to the terminal. */
export interface AnswerView {
  line(text: string): void;
  /** Resolves when everything can be seen, or has been. */
  end(): Promise<void>;
}

/** Keys while an answer comes: Ctrl-C stops it, others are kept for the next line. */
export function watchForStop(keys: Keys, flow: AnswerFlow): void {
  keys.grab((key) => {
    if (key.includes('\u0003')) flow.stop();
    else keys.keep(key);
  });
}

/** Asks after each screen. */
export function pagedView(output: Terminal, keys: Keys, flow: AnswerFlow): AnswerView {
  const pager = new Pager();
  const ask = (): void => {
    flow.pause();
    output.write(MORE);
    keys.grab((key) => {
      const step = pager.key(key);
      if (!step) return;
      output.write(MORE_GONE);
      watchForStop(keys, flow);
      if (step === 'stop') flow.stop();
      flow.resume();
    });
  };
  return {
    line(text) {
      output.write(`${text}\n`);
      const size = sizeOf(output);
      if (pager.shown(text, size)) ask();
    },
    end: () => Promise.resolve(),
  };
}

/** Gives an answer that is longer than the screen to a program, run by the shell. */
export function programView(
  program: string,
  output: Terminal,
  keys: Keys | undefined,
  flow: AnswerFlow,
): AnswerView {
  let waiting: string[] = [];
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  const ignore = (): void => undefined;
  const start = (): void => {
    keys?.release();
    // Ctrl-C goes to the program too, which knows what to do; this one waits for it.
    process.on('SIGINT', ignore);
    const started = spawn('sh', ['-c', program], { stdio: ['pipe', 'inherit', 'inherit'] });
    child = started;
    ended = new Promise((resolve) => {
      started.once('close', () => {
        process.removeListener('SIGINT', ignore);
        keys?.retake();
        flow.stop();
        flow.resume();
        resolve();
      });
    });
    started.once('error', ignore);
    started.stdin.on('error', ignore);
    started.stdin.on('drain', () => {
      flow.resume();
    });
  };
  const send = (text: string): void => {
    if (child?.stdin?.writable && !child.stdin.write(`${text}\n`)) flow.pause();
  };
  return {
    line(text) {
      if (child) {
        send(text);
        return;
      }
      waiting.push(text);
      if (waiting.length + 1 < sizeOf(output).rows) return;
      start();
      for (const held of waiting) send(held);
      waiting = [];
    },
    async end() {
      for (const held of waiting) output.write(`${held}\n`);
      child?.stdin?.end();
      await ended;
    },
  };
}

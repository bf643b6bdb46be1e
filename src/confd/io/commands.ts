/** Runs the commands of template resources, without a shell where none is needed. */
import { spawn } from 'node:child_process';

/** Characters that mean something to a shell. */
const SHELL_CHARACTERS = /[|&;<>()$`\\"'*?[\]#~=%!{}\n]/;
/** Words that only a shell understands. */
const SHELL_WORDS: ReadonlySet<string> = new Set(
  '. : alias bg break case cd command continue eval exec exit export fg for getopts hash if jobs local read readonly return set shift source times trap type ulimit umask unalias unset until wait while'.split(
    ' ',
  ),
);
/** Output of a command that is kept for the log. */
const MAX_OUTPUT = 64 * 1024;

export interface CommandResult {
  /** 0 where it went well; the shell's 127 and 128 plus a signal's number where it has none. */
  readonly code: number;
  readonly output: string;
}

/** The program and its arguments. */
export function commandLine(text: string): [program: string, ...args: string[]] {
  const words = text.trim().split(/[ \t]+/);
  const [first = '', ...rest] = words;
  if (first === '' || SHELL_CHARACTERS.test(text) || SHELL_WORDS.has(first)) return ['/bin/sh', '-c', text];
  return [first, ...rest];
}

/** After the limit: how long what was asked to end has. */
const END_MS = 2000;
/** What `timeout` ends with where it had to end a command. */
const LIMIT_CODE = 124;

/**
 * Runs a command to its end. Never rejects.
 * @param limitMs after so many milliseconds it is ended, with all that it has started and that is still of its process group
 */
export function runCommand(text: string, limitMs?: number): Promise<CommandResult> {
  const [program, ...args] = commandLine(text);
  return new Promise((settle) => {
    const isLimited = limitMs !== undefined;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: isLimited });
    const end = (signal: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // They have ended by themselves.
      }
    };
    let timer: NodeJS.Timeout | undefined;
    if (isLimited)
      timer = setTimeout(() => {
        end('SIGTERM');
        timer = setTimeout(() => {
          end('SIGKILL');
          // Somebody else may hold the pipes still: a daemon that the command has started.
          child.stdout.destroy();
          child.stderr.destroy();
        }, END_MS);
        settle({ code: LIMIT_CODE, output: `${output}ended after ${limitMs / 1000} s\n` });
      }, limitMs);
    let output = '';
    const take = (chunk: Buffer): void => {
      if (output.length < MAX_OUTPUT) output += chunk.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const missing = error.code === 'ENOENT';
      settle({
        code: missing ? 127 : 126,
        output: missing ? `${program}: not found\n` : `${error.message}\n`,
      });
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      settle({ code: code ?? 128, output: signal === null ? output : `${output}ended by ${signal}\n` });
    });
  });
}

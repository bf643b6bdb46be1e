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

/** Runs a command to its end. Never rejects. */
export function runCommand(text: string): Promise<CommandResult> {
  const [program, ...args] = commandLine(text);
  return new Promise((settle) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk: Buffer): void => {
      if (output.length < MAX_OUTPUT) output += chunk.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      settle({
        code: missing ? 127 : 126,
        output: missing ? `${program}: not found\n` : `${error.message}\n`,
      });
    });
    child.on('close', (code, signal) => {
      settle({ code: code ?? 128, output: signal === null ? output : `${output}ended by ${signal}\n` });
    });
  });
}

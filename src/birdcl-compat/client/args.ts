/** Command line of `catbird cl`, which is that of birdc and birdcl. */

export interface ClientArguments {
  readonly socket: string;
  /** Show reply codes. */
  readonly verbose: boolean;
  /** Ask for a session that can change nothing. */
  readonly restricted: boolean;
  /** One command, then exit; absent for an interactive session. */
  readonly command?: string;
}

export type ParsedArguments =
  | { readonly kind: 'run'; readonly args: ClientArguments }
  /** Print the text and exit with the status. */
  | { readonly kind: 'exit'; readonly text: string; readonly status: 0 | 1 };

export const USAGE = `Usage: catbird cl [-s SOCKET] [-r] [-v] [COMMAND…]

  -s SOCKET  the control socket to talk to
  -r         ask for a restricted session: nothing can be changed
  -v         show the code of each reply
  -l         look for the socket in the current directory
  -h         show this help

Without a command, commands are read from standard input.
Exit status: 0, or 1 where the last reply was an error.
`;

/** Socket of the current directory, as `-l` wants it. */
const LOCAL_SOCKET = 'bird.ctl';

/**
 * Reads the arguments behind `cl`.
 * @param defaultSocket where the daemon listens unless `-s` or `-l` is given
 */
export function parseClientArguments(argv: readonly string[], defaultSocket: string): ParsedArguments {
  let socket = defaultSocket;
  let verbose = false;
  let restricted = false;
  let i = 0;
  const fail = (message: string): ParsedArguments => ({
    kind: 'exit',
    text: `catbird cl: ${message}\n\n${USAGE}`,
    status: 1,
  });
  for (; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument === '--') {
      i++;
      break;
    }
    if (!argument.startsWith('-') || argument === '-') break;
    if (argument === '--help') return { kind: 'exit', text: USAGE, status: 0 };
    // Letters may be joined, and a value may follow its letter: `-rv`, `-s/run/bird.ctl`.
    for (let at = 1; at < argument.length; at++) {
      const letter = argument[at]!;
      if (letter === 'v') verbose = true;
      else if (letter === 'r') restricted = true;
      else if (letter === 'l') socket = LOCAL_SOCKET;
      else if (letter === 'h') return { kind: 'exit', text: USAGE, status: 0 };
      else if (letter === 's') {
        const value = at + 1 < argument.length ? argument.slice(at + 1) : argv[++i];
        if (value === undefined) return fail('option -s needs a socket');
        socket = value;
        break;
      } else return fail(`unknown option -${letter}`);
    }
  }
  const words = argv.slice(i);
  const args = { socket, verbose, restricted };
  return { kind: 'run', args: words.length > 0 ? { ...args, command: words.join(' ') } : args };
}

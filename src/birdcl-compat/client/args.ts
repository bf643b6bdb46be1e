/** Command line of `catbird cl`, which is that of birdc and birdcl, and two options more. */

export interface ClientArguments {
  readonly socket: string;
  /** Show reply codes. */
  readonly verbose: boolean;
  /** Ask for a session that can change nothing. */
  readonly restricted: boolean;
  /** Answers of `show` commands as JSON. */
  readonly json: boolean;
  /** Give long answers to the program in `$PAGER`. */
  readonly pager: boolean;
  /** One command, then exit; absent for a session. */
  readonly command?: string;
}

export type ParsedArguments =
  | { readonly kind: 'run'; readonly args: ClientArguments }
  /** Print the text and exit with the status. */
  | { readonly kind: 'exit'; readonly text: string; readonly status: 0 | 1 };

/** @param program as it was called: `catbird cl`, or `birdc` by a symbolic link */
function usage(program: string): string {
  return `Usage: ${program} [-s SOCKET] [-l] [-r] [-v] [--json] [--pager] [COMMAND…]

  -s SOCKET  the control socket to talk to
  -l         look for the socket in the current directory, unless -s says where it is
  -r         ask for a restricted session: nothing can be changed
  -v         show the code of each reply
  --json     answers of 'show' commands as JSON, an object a line (Catbird only)
  --pager    give answers that are longer than the screen to $PAGER ('less' without)
  -h         show this help

Commands may be abbreviated. Without one, they are read from standard input; at a terminal with line editing, history,
Tab for completion, '?' for help, and Ctrl-C to stop an answer.
Exit status: 0, or 1 where the last reply was an error or there is no connection.
`;
}

/** Socket of the current directory, as `-l` wants it. */
const LOCAL_SOCKET = 'bird.ctl';

/**
 * Reads the arguments behind `cl`.
 * @param defaultSocket where the daemon listens unless `-s` or `-l` is given
 */
export function parseClientArguments(
  argv: readonly string[],
  defaultSocket: string,
  program = 'catbird cl',
): ParsedArguments {
  let socket: string | undefined;
  let local = false;
  let verbose = false;
  let restricted = false;
  let json = false;
  let pager = false;
  let i = 0;
  const fail = (message: string): ParsedArguments => ({
    kind: 'exit',
    text: `${program}: ${message}\n\n${usage(program)}`,
    status: 1,
  });
  for (; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument === '--') {
      i++;
      break;
    }
    if (!argument.startsWith('-') || argument === '-') break;
    if (argument.startsWith('--')) {
      if (argument === '--help') return { kind: 'exit', text: usage(program), status: 0 };
      if (argument === '--json') json = true;
      else if (argument === '--pager') pager = true;
      else return fail(`unknown option ${argument}`);
      continue;
    }
    // Letters may be joined, and a value may follow its letter: `-rv`, `-s/run/bird.ctl`.
    for (let at = 1; at < argument.length; at++) {
      const letter = argument[at]!;
      if (letter === 'v') verbose = true;
      else if (letter === 'r') restricted = true;
      else if (letter === 'l') local = true;
      else if (letter === 'h') return { kind: 'exit', text: usage(program), status: 0 };
      else if (letter === 's') {
        const value = at + 1 < argument.length ? argument.slice(at + 1) : argv[++i];
        if (value === undefined) return fail('option -s needs a socket');
        socket = value;
        break;
      } else return fail(`unknown option -${letter}`);
    }
  }
  const words = argv.slice(i);
  const path = socket ?? (local ? LOCAL_SOCKET : defaultSocket);
  const args = { socket: path, verbose, restricted, json, pager };
  return { kind: 'run', args: words.length > 0 ? { ...args, command: words.join(' ') } : args };
}

/** The commands `check` and `cl`. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseClientArguments } from './birdcl-compat/client/args.ts';
import { runClient, type ClientStreams } from './birdcl-compat/io/client.ts';
import { runConsole } from './birdcl-compat/io/console.ts';
import {
  DEFAULT_SOCKET,
  DIALECT_HELP,
  DIALECT_OPTIONS,
  dialectChoice,
  parseOptions,
} from './configuration-options.ts';
import { loadAll, report } from './configuration-files.ts';

const CHECK_HELP = `Usage: catbird check -c FILE... [-s SOCKET]

Parses and checks a BIRD configuration. Prints nothing and exits 0 where it is good; otherwise says what is wrong and
where, in BIRD's form, and exits 1. Several files are checked as one configuration.
  -s, --socket PATH   ask the daemon with this control socket what taking the file over would do to each protocol
  --explain           render templates and check what they give; 'catbird check --explain --help' has the flags
${DIALECT_HELP}`;

/** `catbird check`. */
export async function checkCommand(args: string[]): Promise<number> {
  const options = {
    config: { type: 'string', short: 'c', multiple: true },
    socket: { type: 'string', short: 's' },
    ...DIALECT_OPTIONS,
    help: { type: 'boolean', short: 'h' },
  } as const;
  const parsed = parseOptions(() => parseArgs({ args, options }).values);
  if (typeof parsed === 'number') return parsed;
  if (parsed.help || parsed.config === undefined) {
    (parsed.help ? process.stdout : process.stderr).write(CHECK_HELP);
    return parsed.help ? 0 : 1;
  }
  const choice = dialectChoice(parsed);
  if (typeof choice === 'number') return choice;
  const result = loadAll(parsed.config, choice);
  report(result);
  if (!result.config) return 1;
  if (parsed.socket === undefined) return 0;
  const [path, second] = parsed.config;
  if (second !== undefined) {
    process.stderr.write(
      'catbird: a running daemon is asked about one file at a time: give one -c with -s\n',
    );
    return 2;
  }
  // The daemon may run in another directory.
  const command = `configure check "${resolve(path!)}"`;
  const plain = { verbose: false, restricted: false, json: false, pager: false };
  return await runClient({ ...plain, socket: parsed.socket, command }, terminal());
}

/** Programs that `catbird cl` stands for where it is called by their names, with the sockets that they look for. */
const CLIENTS: Readonly<Record<string, string>> = {
  birdc: '/run/bird/bird.ctl',
  birdcl: '/run/bird/bird.ctl',
  birdc6: '/run/bird/bird6.ctl',
  birdcl6: '/run/bird/bird6.ctl',
};

/** Whether the program was called by the name of a client of BIRD's. */
export function isClientName(name: string): boolean {
  return Object.hasOwn(CLIENTS, name);
}

/**
 * `catbird cl`.
 * @param name what the program was called as, where that is a client of BIRD's
 */
export async function clientCommand(args: string[], name?: string): Promise<number> {
  const socket = name === undefined ? DEFAULT_SOCKET : CLIENTS[name]!;
  const parsed = parseClientArguments(args, socket, name);
  if (parsed.kind === 'exit') {
    (parsed.status === 0 ? process.stdout : process.stderr).write(parsed.text);
    return parsed.status;
  }
  const { stdin: input, stdout: output, stderr: errors } = process;
  const { HOME, PAGER } = process.env;
  const pager = PAGER ? PAGER : 'less';
  if (parsed.args.command !== undefined || !input.isTTY || !output.isTTY) {
    return await runClient(parsed.args, { ...terminal(), ...(output.isTTY && { pager }) });
  }
  return await runConsole(parsed.args, {
    input,
    output,
    errors,
    historyPath: HOME ? join(HOME, '.catbird_history') : undefined,
    pager,
  });
}

function terminal(): ClientStreams {
  const { stdin: input, stdout: output, stderr: errors } = process;
  return { input, output, errors };
}

/** The command line: which program was meant, its options, and the real world to run it in. */
import { topCommand } from './birdcl-compat/io/top.ts';
import { checkCommand, clientCommand, DEFAULT_SOCKET, isClientName, reflectorCommand } from './commands.ts';
import { confdCommand } from './confd-command.ts';
import { feedCommand } from './feed/io/command.ts';
import { suitesCommand } from './suites-command.ts';
import { version } from './version.ts';

const HELP = `Usage: catbird COMMAND [OPTIONS]

Commands:
  reflector   run the route reflector in the foreground
  check       parse and check a configuration
  test        run the test suites of a configuration
  feed        play routes from an MRT file, or made-up ones, into a session
  confd       render templates from keys, like confd
  cl          talk to a running reflector, like birdc
  top         see what a running reflector does: sessions, update groups, routes, log

'catbird COMMAND --help' explains a command, 'catbird --version' says which Catbird this is. README.md has a first session in two minutes.
`;

type Command = (args: string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  reflector: reflectorCommand,
  check: checkCommand,
  cl: clientCommand,
  confd: confdCommand,
  feed: feedCommand,
  test: suitesCommand,
  top: (args) => topCommand(args, DEFAULT_SOCKET),
};

async function main(argv: string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return name === undefined ? 1 : 0;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`catbird ${version()}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    process.stderr.write(`catbird: there is no command '${name}'; 'catbird --help' lists them\n`);
    return 1;
  }
  return await command(args);
}

// By a symbolic link with the name of another program, it is that program.
const calledAs = process.env['CATBIRD_ARGV0'] ?? '';
const args = process.argv.slice(2);
if (isClientName(calledAs)) process.exitCode = await clientCommand(args, calledAs);
else process.exitCode = await (calledAs === 'confd' ? confdCommand(args) : main(args));

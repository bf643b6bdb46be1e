/** The command line: which program was meant, its options, and the real world to run it in. */
import { version } from './version.ts';

const HELP = `Usage: catbird COMMAND [OPTIONS]

Commands:
  reflector   run the route reflector in the foreground
  check       parse and check a configuration
  test        run the test suites of a configuration
  feed        play routes from an MRT file, or made-up ones, into a session
  confd       render templates from keys, like confd
  render      show what templates give, and which keys each line comes from
  diff        show what changed keys would change, before they are written
  fleet       list the reflectors that have registered in etcd, and how they are
  cl          talk to a running reflector, like birdc
  top         see what a running reflector does: sessions, update groups, routes, log

'catbird COMMAND --help' explains a command, 'catbird --version' says which Catbird this is. README.md has a first session in two minutes.
`;

type Command = (args: string[]) => Promise<number>;

/** Loaded when they are called: the libraries of one need not be in the memory of another. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  reflector: async () => (await import('./reflector-command.ts')).reflectorCommand,
  check: async () => {
    const { checkCommand } = await import('./commands.ts');
    return async (args) =>
      args.includes('--explain')
        ? await (await import('./explain-command.ts')).explainCommand(args)
        : await checkCommand(args);
  },
  cl: async () => (await import('./commands.ts')).clientCommand,
  confd: async () => (await import('./confd-command.ts')).confdCommand,
  diff: async () => (await import('./diff-command.ts')).diffCommand,
  fleet: async () => (await import('./fleet-command.ts')).fleetCommand,
  feed: async () => (await import('./feed/io/command.ts')).feedCommand,
  render: async () => (await import('./render-command.ts')).renderCommand,
  test: async () => (await import('./suites-command.ts')).suitesCommand,
  top: async () => {
    const [{ topCommand }, { DEFAULT_SOCKET }] = await Promise.all([
      import('./birdcl-compat/io/top.ts'),
      import('./configuration-options.ts'),
    ]);
    return (args) => topCommand(args, DEFAULT_SOCKET);
  },
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
  return await (
    await command()
  )(args);
}

/** By a symbolic link with the name of another program, it is that program. */
async function run(calledAs: string, args: string[]): Promise<number> {
  if (calledAs === 'confd') return await (await COMMANDS['confd']!())(args);
  if (calledAs !== '' && calledAs !== 'catbird') {
    const { isClientName, clientCommand } = await import('./commands.ts');
    if (isClientName(calledAs)) return await clientCommand(args, calledAs);
  }
  return await main(args);
}

process.exitCode = await run(process.env['CATBIRD_ARGV0'] ?? '', process.argv.slice(2));

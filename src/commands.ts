/** The commands that load a configuration: `reflector` and `check`. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from './base/random.ts';
import { formatDiagnostic } from './birdcl-compat/conf/diagnostics.ts';
import { loadFile, loadText, type LoadResult } from './birdcl-compat/conf/load.ts';
import { parseClientArguments } from './birdcl-compat/client/args.ts';
import { runClient, type ClientStreams } from './birdcl-compat/io/client.ts';
import { configFiles, hostFacts } from './birdcl-compat/io/config-files.ts';
import { openControlSocket } from './birdcl-compat/io/control-socket.ts';
import { DEFAULT_AS, DEFAULT_CONFIG, DEFAULT_PORT } from './confd/default-config.ts';
import { Daemon } from './daemon.ts';
import { ControlView } from './daemon-view.ts';
import { DaemonLog } from './io/log.ts';
import { startWatchdog } from './io/watchdog.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { SystemClock } from './speaker/io/system-clock.ts';
import { rehearse } from './reflector/rehearsal.ts';
import { TcpNetwork } from './speaker/io/tcp.ts';

const DEFAULT_SOCKET = './var/catbird.ctl';
/** Stands for the path of a configuration that is in the program. */
const EMBEDDED = '(embedded default)';

const REFLECTOR_HELP = `Usage: catbird reflector [-c FILE] [-s SOCKET] [-R]

Runs the route reflector in the foreground until SIGTERM or SIGINT; SIGHUP reads the configuration again.
  -c, --config FILE   BIRD configuration; without it, an embedded one that reflects between clients on 127.0.0.0/8
  -s, --socket PATH   control socket for birdc, birdcl and 'catbird cl' (default ${DEFAULT_SOCKET})
  -R                  take over after a restart: neighbours with graceful restart keep the routes meanwhile
  -h, --help          this text
`;

const CHECK_HELP = `Usage: catbird check -c FILE [-s SOCKET]

Parses and checks a BIRD configuration. Prints nothing and exits 0 where it is good; otherwise says what is wrong and
where, in BIRD's form, and exits 1.
  -s, --socket PATH   ask the daemon with this control socket what taking the file over would do to each protocol
`;

/** `catbird reflector`. Resolves with the exit code when the daemon has shut down. */
export async function reflectorCommand(args: string[]): Promise<number> {
  const options = {
    config: { type: 'string', short: 'c' },
    socket: { type: 'string', short: 's' },
    recover: { type: 'boolean', short: 'R' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const parsed = parseOptions(() => parseArgs({ args, options }).values);
  if (typeof parsed === 'number') return parsed;
  if (parsed.help) {
    process.stdout.write(REFLECTOR_HELP);
    return 0;
  }
  return await runReflector(
    parsed.config ?? EMBEDDED,
    parsed.socket ?? DEFAULT_SOCKET,
    parsed.recover ?? false,
  );
}

async function runReflector(path: string, socketPath: string, recover: boolean): Promise<number> {
  const first = load(path);
  report(first);
  if (!first.config) return 1;
  const log = new DaemonLog();
  const watchdog = startWatchdog((heldMs) => {
    log.write('warning', `something held the event loop for ${heldMs} ms`);
  });
  const configured = (config: DaemonConfig): void => {
    log.configure(config);
    watchdog.configure(config.watchdogWarningMs);
  };
  configured(first.config);
  rehearse();
  const clock = new SystemClock();
  const random = seededRandom(crypto.getRandomValues(new Uint32Array(1))[0]!);
  const daemon = new Daemon({ clock, network: new TcpNetwork(), random, log: log.write });
  let stop: (graceful: boolean) => void = () => undefined;
  const stopped = new Promise<boolean>((settle) => {
    stop = settle;
  });
  const view = new ControlView({
    daemon,
    clock,
    hostname: hostFacts().hostname,
    path,
    load,
    watchLog: (classes, line) => log.watch(classes, line),
    residentBytes: () => process.memoryUsage.rss(),
    configured,
    shutdown: stop,
    log: log.write,
  });
  let socket;
  try {
    socket = await openControlSocket(socketPath, view);
    await daemon.start(first.config, recover);
  } catch (error) {
    process.stderr.write(`catbird: ${error instanceof Error ? error.message : String(error)}\n`);
    socket?.close();
    return 1;
  }
  if (path === EMBEDDED) welcome(socketPath);
  log.write('info', `started with ${path}, control socket ${socketPath}`);
  process.on('SIGHUP', () => {
    view.hangup();
  });
  process.on('uncaughtException', (error) => {
    log.write('bug', error.stack ?? error.message);
  });
  const terminate = (): void => {
    stop(false);
  };
  process.once('SIGTERM', terminate);
  process.once('SIGINT', terminate);
  const graceful = await stopped;
  log.write('info', 'shutting down');
  await daemon.shutdown(graceful);
  socket.close();
  // What is left are timers of a daemon that is no more.
  process.exit(0);
}

function load(path: string): LoadResult {
  return path === EMBEDDED
    ? loadText(EMBEDDED, DEFAULT_CONFIG, configFiles, hostFacts())
    : loadFile(path, configFiles, hostFacts());
}

/** `catbird check`. */
export async function checkCommand(args: string[]): Promise<number> {
  const options = {
    config: { type: 'string', short: 'c' },
    socket: { type: 'string', short: 's' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const parsed = parseOptions(() => parseArgs({ args, options }).values);
  if (typeof parsed === 'number') return parsed;
  if (parsed.help || parsed.config === undefined) {
    (parsed.help ? process.stdout : process.stderr).write(CHECK_HELP);
    return parsed.help ? 0 : 1;
  }
  const result = load(parsed.config);
  report(result);
  if (!result.config) return 1;
  if (parsed.socket === undefined) return 0;
  // The daemon may run in another directory.
  const command = `configure check "${resolve(parsed.config)}"`;
  return await runClient({ socket: parsed.socket, verbose: false, restricted: false, command }, terminal());
}

/** `catbird cl`. */
export async function clientCommand(args: string[]): Promise<number> {
  const parsed = parseClientArguments(args, DEFAULT_SOCKET);
  if (parsed.kind === 'exit') {
    (parsed.status === 0 ? process.stdout : process.stderr).write(parsed.text);
    return parsed.status;
  }
  return await runClient(parsed.args, terminal());
}

function terminal(): ClientStreams {
  const { stdin: input, stdout: output, stderr: errors } = process;
  return { input, output, errors, interactive: input.isTTY };
}

/** What `parse` returns, or the exit code where the options are wrong, which it says on standard error. */
function parseOptions<T>(parse: () => T): T | number {
  try {
    return parse();
  } catch (error) {
    process.stderr.write(`catbird: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function report(result: LoadResult): void {
  for (const diagnostic of [...result.errors, ...result.warnings]) {
    process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
  }
}

function welcome(socketPath: string): void {
  process.stdout
    .write(`Catbird reflects routes on 127.0.0.1 port ${DEFAULT_PORT}, AS ${DEFAULT_AS}, between clients on 127.0.0.0/8.
Its control socket is ${socketPath}. In another terminal, try:

  bin/catbird feed --to 127.0.0.1:${DEFAULT_PORT} --as ${DEFAULT_AS} --routes 1000     announce some routes
  bin/catbird cl show protocols                              see the session
  bin/catbird cl show route count                            see the routes
  birdc -s ${socketPath} show route all                      the same with BIRD's own client

Ctrl-C stops it. 'bin/catbird reflector -c bird.conf' runs your own BIRD configuration.
`);
}

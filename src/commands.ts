/** The commands that load a configuration: `reflector` and `check`. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { version } from './version.ts';
import { seededRandom } from './base/random.ts';
import { formatDiagnostic } from './birdcl-compat/conf/diagnostics.ts';
import type { Dialect, DialectChoice } from './birdcl-compat/conf/dialect.ts';
import { loadFiles, loadText, type LoadResult } from './birdcl-compat/conf/load.ts';
import { parseClientArguments } from './birdcl-compat/client/args.ts';
import { runClient, type ClientStreams } from './birdcl-compat/io/client.ts';
import { runConsole } from './birdcl-compat/io/console.ts';
import { configFiles, hostFacts } from './birdcl-compat/io/config-files.ts';
import { DEFAULT_DIALECT, parseSocketSpec, type SocketDialect } from './birdcl-compat/cli/dialect.ts';
import { ControlSockets } from './birdcl-compat/io/control-sockets.ts';
import { DEFAULT_AS, DEFAULT_CONFIG, DEFAULT_PORT } from './confd/default-config.ts';
import { Daemon } from './daemon.ts';
import { DaemonMetrics } from './daemon-metrics.ts';
import { ControlView } from './daemon-view.ts';
import { NetlinkInterfaces } from './io/host-interfaces.ts';
import { DaemonLog } from './io/log.ts';
import { startWatchdog } from './io/watchdog.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { MetricCounts } from './metrics/counts.ts';
import {
  openMetricsServer,
  parseListenAddress,
  type MetricsServer,
  type MetricsSource,
} from './metrics/io/server.ts';
import { SystemClock } from './speaker/io/system-clock.ts';
import { rehearse } from './reflector/rehearsal.ts';
import { TcpNetwork } from './speaker/io/tcp.ts';

export const DEFAULT_SOCKET = './var/catbird.ctl';
/** Stands for the path of a configuration that is in the program. */
const EMBEDDED = '(embedded default)';

const DIALECT_HELP = `  --dialect NAME      bird1 (BIRD 1.6) or bird2 (BIRD 2 and 3); without it, recognised from the file
  --family 4|6        of BIRD 1.6: read as bird or as bird6 would
`;

const REFLECTOR_HELP = `Usage: catbird reflector [-c FILE]... [-s SOCKET]... [-R] [--metrics [ADDRESS:]PORT]

Runs the route reflector in the foreground until SIGTERM or SIGINT; SIGHUP reads the configuration again.
  -c, --config FILE   BIRD configuration; without it, an embedded one that reflects between clients on 127.0.0.0/8.
                      Given twice, both files make one configuration: bird.cfg and bird6.cfg of a node
  -s, --socket PATH[:WORD[,WORD]...]
                      control socket for birdc, birdcl and 'catbird cl' (default ${DEFAULT_SOCKET}). Words: bird1, bird2
                      or bird3, whose answers it gives; ipv4 or ipv6, to show that family alone; restrict. Without
                      words it is BIRD 2's, except that as many sockets as files of BIRD 1.6 each answer as BIRD 1.6
                      would that reads the file in its place
  --metrics [ADDRESS:]PORT
                      serve Prometheus metrics at /metrics and the state at /healthz, over HTTP, on 127.0.0.1 unless an
                      address is given; the variable CATBIRD_METRICS says the same
  -R                  take over after a restart: neighbours with graceful restart keep the routes meanwhile
${DIALECT_HELP}  -h, --help          this text
`;

const CHECK_HELP = `Usage: catbird check -c FILE... [-s SOCKET]

Parses and checks a BIRD configuration. Prints nothing and exits 0 where it is good; otherwise says what is wrong and
where, in BIRD's form, and exits 1. Several files are checked as one configuration.
  -s, --socket PATH   ask the daemon with this control socket what taking the file over would do to each protocol
  --explain           render templates and check what they give; 'catbird check --explain --help' has the flags
${DIALECT_HELP}`;

/** `catbird reflector`. Resolves with the exit code when the daemon has shut down. */
export async function reflectorCommand(args: string[]): Promise<number> {
  const options = {
    config: { type: 'string', short: 'c', multiple: true },
    socket: { type: 'string', short: 's', multiple: true },
    ...DIALECT_OPTIONS,
    recover: { type: 'boolean', short: 'R' },
    metrics: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const parsed = parseOptions(() => parseArgs({ args, options }).values);
  if (typeof parsed === 'number') return parsed;
  if (parsed.help) {
    process.stdout.write(REFLECTOR_HELP);
    return 0;
  }
  const choice = dialectChoice(parsed);
  if (typeof choice === 'number') return choice;
  const wanted = parsed.metrics ?? process.env['CATBIRD_METRICS'];
  const metrics = wanted ? parseListenAddress(wanted) : undefined;
  if (wanted && !metrics) {
    process.stderr.write(
      `catbird: metrics are served at ADDRESS:PORT, [IPV6]:PORT or PORT, not at '${wanted}'\n`,
    );
    return 1;
  }
  return await runReflector(
    parsed.config ?? [EMBEDDED],
    choice,
    parsed.socket ?? [DEFAULT_SOCKET],
    parsed.recover ?? false,
    metrics,
  );
}

const DIALECT_OPTIONS = { dialect: { type: 'string' }, family: { type: 'string' } } as const;

/** What `--dialect` and `--family` say, or the exit code where they say nothing that makes sense. */
function dialectChoice(options: { dialect?: string; family?: string }): DialectChoice | number {
  const { dialect, family } = options;
  const wrong =
    dialect !== undefined && dialect !== 'bird1' && dialect !== 'bird2'
      ? `--dialect is bird1 or bird2, not '${dialect}'`
      : family !== undefined && family !== '4' && family !== '6'
        ? `--family is 4 or 6, not '${family}'`
        : undefined;
  if (wrong !== undefined) {
    process.stderr.write(`catbird: ${wrong}\n`);
    return 1;
  }
  return {
    ...(dialect !== undefined && { version: dialect === 'bird1' ? 1 : 2 }),
    ...(family !== undefined && { family: family === '4' ? 0 : 1 }),
  };
}

async function runReflector(
  paths: readonly string[],
  choice: DialectChoice,
  socketPaths: readonly string[],
  recover: boolean,
  metricsAt: ReturnType<typeof parseListenAddress>,
): Promise<number> {
  const path = paths[0]!;
  // 'configure "FILE"' names another file; without it, all of the command line are read again.
  const load = (wanted: string): LoadResult => loadAll(wanted === path ? paths : [wanted], choice);
  const first = load(path);
  report(first);
  if (!first.config) return 1;
  const log = new DaemonLog();
  const watchdog = startWatchdog((heldMs) => {
    log.write('warning', `something held the event loop for ${heldMs} ms`);
  });
  let reconfigured: (config: DaemonConfig) => void = () => undefined;
  const configured = (config: DaemonConfig): void => {
    reconfigured(config);
    log.configure(config);
    watchdog.configure(config.watchdogWarningMs);
  };
  configured(first.config);
  rehearse();
  const clock = new SystemClock();
  const random = seededRandom(crypto.getRandomValues(new Uint32Array(1))[0]!);
  const interfaces = openInterfaces(clock, log.write);
  const counts = metricsAt && new MetricCounts();
  const daemon = new Daemon({
    clock,
    network: new TcpNetwork(),
    random,
    log: log.write,
    ...(interfaces && { interfaces }),
    ...(counts && { counts }),
  });
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
    ...(counts && {
      reloaded: (good) => {
        counts.reloaded(good);
      },
    }),
    log: log.write,
  });
  const sockets = new ControlSockets(view, (text) => {
    log.write('error', text);
  });
  const specs = socketPaths.map((text, i) =>
    parseSocketSpec(text, socketDialect(first.dialects, socketPaths.length, i)),
  );
  let started = false;
  let metrics: MetricsServer | undefined;
  const served = (made: MetricCounts): Promise<MetricsSource> =>
    metricsSource(daemon, view, made, () => started);
  try {
    for (const spec of specs) await sockets.open(spec);
    if (metricsAt && counts)
      metrics = await openMetricsServer(metricsAt.host, metricsAt.port, await served(counts));
    await daemon.start(first.config, recover);
    started = true;
    await sockets.configure(first.config.cli);
    reconfigured = (config) => void sockets.configure(config.cli);
  } catch (error) {
    process.stderr.write(`catbird: ${error instanceof Error ? error.message : String(error)}\n`);
    sockets.close();
    metrics?.close();
    return 1;
  }
  const listening = specs.map((spec) => spec.path);
  if (path === EMBEDDED) welcome(listening[0]!);
  log.write('info', `started with ${paths.join(', ')}, control socket ${listening.join(', ')}`);
  if (metrics) log.write('info', `metrics at ${metrics.url}`);
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
  sockets.close();
  // What is left are timers of a daemon that is no more.
  process.exit(0);
}

/** The host's interfaces, or nothing and a warning where the system tells of none. */
function openInterfaces(clock: SystemClock, log: DaemonLog['write']): NetlinkInterfaces | undefined {
  try {
    return new NetlinkInterfaces(clock);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log('warning', `interfaces are not known (${why}): next hops of static routes count as reachable`);
    return undefined;
  }
}

/** What the daemon serves over HTTP. */
async function metricsSource(
  daemon: Daemon,
  view: ControlView,
  counts: MetricCounts,
  isStarted: () => boolean,
): Promise<MetricsSource> {
  // The library takes memory that a daemon without metrics need not spend.
  const { processMetrics } = await import('./metrics/io/process-metrics.ts');
  const own = new DaemonMetrics({ daemon, counts, version: version(), nodeVersion: process.version });
  const ofProcess = processMetrics();
  return {
    async *scrape() {
      if (isStarted()) yield* own.scrape();
      yield await ofProcess();
    },
    unhealthy: () => {
      if (!isStarted()) return 'starting';
      return view.status().state === 'shutting-down' ? 'shutting down' : undefined;
    },
  };
}

/** The dialect of a socket that names none: as many sockets as files of BIRD 1.6 stand for its daemons. */
function socketDialect(files: readonly Dialect[], sockets: number, i: number): SocketDialect {
  const file = files[i];
  if (sockets !== files.length || file?.version !== 1) return DEFAULT_DIALECT;
  return { ...DEFAULT_DIALECT, version: 1, family: file.family };
}

function loadAll(paths: readonly string[], choice: DialectChoice): LoadResult {
  return paths[0] === EMBEDDED
    ? loadText(EMBEDDED, DEFAULT_CONFIG, configFiles, hostFacts())
    : loadFiles(paths, configFiles, hostFacts(), choice);
}

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

/** The daemon in the real world: clock, sockets, signals and log. */
import { version } from './version.ts';
import { NO_PAUSE, type Pause } from './base/clock.ts';
import { seededRandom } from './base/random.ts';
import type { Dialect, DialectChoice } from './birdcl-compat/conf/dialect.ts';
import type { LoadResult } from './birdcl-compat/conf/load.ts';
import { hostFacts } from './birdcl-compat/io/config-files.ts';
import { DEFAULT_DIALECT, parseSocketSpec, type SocketDialect } from './birdcl-compat/cli/dialect.ts';
import { ControlSockets } from './birdcl-compat/io/control-sockets.ts';
import { DEFAULT_AS, DEFAULT_PORT } from './confd/default-config.ts';
import { loadAll, report } from './configuration-files.ts';
import { EMBEDDED } from './configuration-options.ts';
import { messageOf } from './confd/io/processor.ts';
import type { RenderSettings } from './confd/io/render-messages.ts';
import type { RenderThread } from './confd/io/render-thread.ts';
import { Daemon } from './daemon.ts';
import { DaemonMetrics } from './daemon-metrics.ts';
import { originsOf, type RenderedConfiguration } from './daemon-rendered.ts';
import { ControlView } from './daemon-view.ts';
import { NetlinkInterfaces } from './io/host-interfaces.ts';
import { DaemonLog } from './io/log.ts';
import { startWatchdog } from './io/watchdog.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { MetricCounts } from './metrics/counts.ts';
import type { ListenAddress } from './metrics/listen-address.ts';
import { openMetricsServer, type MetricsServer, type MetricsSource } from './metrics/io/server.ts';
import { recordFiles } from './mrt/io/record-files.ts';
import { startRendered, type RenderedStart } from './rendered-start.ts';
import { SystemClock } from './speaker/io/system-clock.ts';
import { rehearse } from './reflector/rehearsal.ts';
import { rehearseAnswers } from './answers-rehearsal.ts';
import { rehearseReading } from './configuration-rehearsal.ts';
import { TcpNetwork } from './speaker/io/tcp.ts';

export interface ReflectorOptions {
  readonly paths: readonly string[];
  /** Absent where the configuration is in files. */
  readonly templates?: { readonly settings: RenderSettings; readonly thread: RenderThread };
  readonly choice: DialectChoice;
  readonly socketPaths: readonly string[];
  readonly recover: boolean;
  readonly metricsAt: ListenAddress | undefined;
}

/** What others see of the daemon. */
interface Surface {
  readonly daemon: Daemon;
  readonly view: ControlView;
  readonly sockets: ControlSockets;
}

/** Runs the daemon. Resolves with the exit code when it has shut down. */
export async function runReflector(options: ReflectorOptions): Promise<number> {
  const { paths, templates, choice, socketPaths, recover, metricsAt } = options;
  const path = paths[0]!;
  // 'configure "FILE"' names another file; without it, all of the command line are read again.
  const load = (wanted: string): LoadResult => loadAll(wanted === path ? paths : [wanted], choice);
  const log = new DaemonLog();
  const clock = new SystemClock();
  const counts = metricsAt && new MetricCounts();
  let stop: (graceful: boolean) => void = () => undefined;
  const stopped = new Promise<boolean>((settle) => {
    stop = settle;
  });
  const terminate = (): void => {
    stop(false);
  };
  process.once('SIGTERM', terminate);
  process.once('SIGINT', terminate);
  let rendered: RenderedConfiguration | undefined;
  let configured: (config: DaemonConfig) => void = () => undefined;
  let made: Surface | undefined;
  /** The daemon with its control sockets, which is made where it waits for a configuration, or has one. */
  const makeSurface = (): Surface => {
    const random = seededRandom(crypto.getRandomValues(new Uint32Array(1))[0]!);
    const interfaces = openInterfaces(clock, log.write);
    const daemon = new Daemon({
      clock,
      network: new TcpNetwork(),
      random,
      recordFiles,
      log: log.write,
      ...(interfaces && { interfaces }),
      ...(counts && { counts }),
    });
    const view = new ControlView({
      daemon,
      clock,
      hostname: hostFacts().hostname,
      path,
      load,
      watchLog: (classes, line) => log.watch(classes, line),
      residentBytes: () => process.memoryUsage.rss(),
      configured: (config) => {
        configured(config);
      },
      shutdown: stop,
      ...(counts && {
        reloaded: (good) => {
          counts.reloaded(good);
        },
      }),
      log: log.write,
      rendered,
      origins: rendered && originsOf(rendered, () => daemon.config),
    });
    const sockets = new ControlSockets(view, (text) => {
      log.write('error', text);
    });
    // From here on others may say something, which must not end the daemon.
    process.on('uncaughtException', (error) => {
      log.write('bug', error.stack ?? error.message);
    });
    process.on('SIGHUP', () => {
      void view.hangup();
    });
    return { daemon, view, sockets };
  };
  const surface = (): Surface => (made ??= makeSurface());
  let listening: string[] | undefined;
  /** Opens the control sockets, where they are not open, and has them answer as it befits files of these dialects. */
  const listen = async (files: readonly Dialect[]): Promise<string[]> => {
    const specs = socketPaths.map((text, i) =>
      parseSocketSpec(text, socketDialect(files, socketPaths.length, i)),
    );
    const { sockets } = surface();
    for (const spec of specs)
      if (listening) sockets.setDialect(spec);
      else await sockets.open(spec);
    return (listening = specs.map((spec) => spec.path));
  };
  let start: RenderedStart | undefined;
  if (templates) {
    try {
      start = await startRendered({
        ...templates,
        choice,
        clock,
        log: log.write,
        stopped,
        known: (one) => {
          rendered = one;
        },
        waiting: async () => {
          const sockets = await listen([]);
          log.write(
            'info',
            `until then, control socket ${sockets.join(', ')} answers 'show status' and 'configure'`,
          );
        },
        ...(counts && {
          count: (good) => {
            counts.rendered(good);
          },
        }),
      });
    } catch (error) {
      process.stderr.write(`catbird: ${messageOf(error)}\n`);
      made?.sockets.close();
      return 1;
    }
    // Told to end while it was waiting.
    if (!start) {
      made?.sockets.close();
      process.exit(0);
    }
  }
  const first = start?.first ?? load(path);
  if (!start) report(first);
  if (!first.config) return 1;
  if (!start) await rehearseAll(NO_PAUSE);
  const watchdog = startWatchdog((heldMs) => {
    log.write('warning', `something held the event loop for ${heldMs} ms`);
  });
  let reconfigured: (config: DaemonConfig) => void = () => undefined;
  configured = (config) => {
    reconfigured(config);
    log.configure(config);
    watchdog.configure(config.watchdogWarningMs);
  };
  configured(first.config);
  const { daemon, view, sockets } = surface();
  let started = false;
  let metrics: MetricsServer | undefined;
  const served = (made: MetricCounts): Promise<MetricsSource> =>
    metricsSource(daemon, view, made, () => started, start?.rendered);
  try {
    await listen(first.dialects);
    if (metricsAt && counts)
      metrics = await openMetricsServer(metricsAt.host, metricsAt.port, await served(counts));
    await daemon.start(first.config, recover);
    started = true;
    await sockets.configure(first.config.cli);
    reconfigured = (config) => void sockets.configure(config.cli);
    start?.rendered.attach(view);
    start?.started(true);
    start?.attach(daemon);
  } catch (error) {
    process.stderr.write(`catbird: ${messageOf(error)}\n`);
    sockets.close();
    metrics?.close();
    await start?.stop();
    return 1;
  }
  if (path === EMBEDDED) welcome(listening![0]!);
  log.write('info', `started with ${paths.join(', ')}, control socket ${listening!.join(', ')}`);
  if (metrics) log.write('info', `metrics at ${metrics.url}`);
  // The thread needed both processors before; neighbours begin to connect only now.
  if (start) void rehearseAll(() => new Promise((settle) => setImmediate(settle)));
  const graceful = await stopped;
  log.write('info', 'shutting down');
  await Promise.all([start?.stop(), daemon.shutdown(graceful)]);
  sockets.close();
  // What is left are timers of a daemon that is no more.
  process.exit(0);
}

/** What a run-time compiler meets for the first time takes several times as long. */
async function rehearseAll(pause: Pause): Promise<void> {
  await rehearse(pause);
  await rehearseAnswers(await rehearseReading(hostFacts(), pause), pause);
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
  rendered: RenderedConfiguration | undefined,
): Promise<MetricsSource> {
  // The library takes memory that a daemon without metrics need not spend.
  const { processMetrics } = await import('./metrics/io/process-metrics.ts');
  const own = new DaemonMetrics({
    daemon,
    counts,
    version: version(),
    nodeVersion: process.version,
    ...(rendered && { rendered: () => rendered.view() }),
  });
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

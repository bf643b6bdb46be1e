/** `catbird confd`: renders the templates of confd's template resources, once or for as long as it runs. */
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { openStore } from './confd/io/stores.ts';
import type { Level, WriteLog } from './confd/io/processor.ts';
import { messageOf, Processor } from './confd/io/processor.ts';
import { systemWorld } from './confd/io/world.ts';
import type { ConfdOptions, LogLevel } from './confd/options.ts';
import { confdOptions, LOG_LEVELS, parseConfigFile, parseFlags, USAGE, UsageError } from './confd/options.ts';
import { isBelow } from './confd/store.ts';
import type { Store } from './confd/store.ts';
import { formatTime } from './confd/template/go-time.ts';
import { applyChanges } from './confd/watch.ts';
import { SystemClock } from './speaker/io/system-clock.ts';

/** The release of confd whose flags and functions these are. */
const CONFD_VERSION = '0.16.0';
const DEFAULT_CONFIG_FILE = '/etc/confd/confd.toml';
const RFC3339 = '2006-01-02T15:04:05Z07:00';
const SIGNAL_NAMES = { SIGINT: 'interrupt', SIGTERM: 'terminated' } as const;

/** Resolves with the exit code. */
export async function confdCommand(args: string[]): Promise<number> {
  if (args.some((arg) => /^(-h|--?help)$/.test(arg))) {
    process.stdout.write(USAGE);
    return 0;
  }
  let log = logger('info');
  let options: ConfdOptions;
  try {
    const flags = parseFlags(args);
    if (flags.get('version') === true) {
      process.stdout.write(`confd ${CONFD_VERSION} (Catbird, Node ${process.version})\n`);
      return 0;
    }
    options = confdOptions(flags, configFile(flags.get('config-file') as string | undefined), environment);
    log = logger(options.logLevel);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n'catbird confd -help' lists the flags.\n`);
      return 2;
    }
    log('error', messageOf(error));
    return 1;
  }
  for (const warning of options.warnings) log('warning', warning);
  let store: Store;
  try {
    store = await openStore(options, environment, (text) => {
      log('warning', text);
    });
  } catch (error) {
    log('error', messageOf(error));
    return 1;
  }
  log('info', `Backend set to ${options.backend}`);
  log('info', 'Starting confd');
  const processor = new Processor({ ...options, nodeName: environment('NODENAME') }, systemWorld, log);
  try {
    if (options.oneTime) return await runOnce(store, processor, log);
    const stop = stopSignal(log);
    await (options.watch
      ? runWatching(store, processor, log, stop)
      : runAtIntervals(store, processor, log, options, stop));
    return 0;
  } finally {
    store.close();
  }
}

export function environment(name: string): string | undefined {
  return process.env[name];
}

/** What the configuration file says: nothing where there is none and none was asked for. */
export function configFile(path: string | undefined): ReturnType<typeof parseConfigFile> {
  const used = path ?? DEFAULT_CONFIG_FILE;
  if (path === undefined && !existsSync(used)) return new Map();
  return parseConfigFile(used, readFileSync(used, 'utf8'));
}

/** Lines as confd writes them, on standard error. */
function logger(level: LogLevel): WriteLog {
  const least = LOG_LEVELS.indexOf(level);
  const host = hostname();
  return (of: Level, message) => {
    if (LOG_LEVELS.indexOf(of) > least) return;
    const wallTimeMs = systemWorld.wallTime();
    const moment = { nanoseconds: BigInt(wallTimeMs) * 1_000_000n, zone: systemWorld.zone(wallTimeMs) };
    const time = formatTime(moment, RFC3339);
    process.stderr.write(`${time} ${host} confd[${process.pid}]: ${of.toUpperCase()} ${message}\n`);
  };
}

/** Aborted by SIGINT and SIGTERM. */
function stopSignal(log: WriteLog): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      log('info', `Captured ${SIGNAL_NAMES[signal]}. Exiting...`);
      stop.abort();
    });
  }
  return stop.signal;
}

async function runOnce(store: Store, processor: Processor, log: WriteLog): Promise<number> {
  const failed = await processAll(store, processor, log);
  return failed > 0 ? 1 : 0;
}

/** Loads the resources, reads their keys and brings their files up to date. Returns how many failed. */
async function processAll(store: Store, processor: Processor, log: WriteLog): Promise<number> {
  try {
    const { resources, errors } = await processor.load();
    const snapshot = await store.read(resources.flatMap(({ paths }) => paths));
    return errors + (await processor.process(resources, snapshot));
  } catch (error) {
    log('error', messageOf(error));
    return 1;
  }
}

async function runAtIntervals(
  store: Store,
  processor: Processor,
  log: WriteLog,
  { interval }: ConfdOptions,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    await processAll(store, processor, log);
    await new Promise<void>((settle) => {
      const timer = setTimeout(settle, interval * 1000);
      stop.addEventListener('abort', () => {
        clearTimeout(timer);
        settle();
      });
    });
  }
}

async function runWatching(
  store: Store,
  processor: Processor,
  log: WriteLog,
  stop: AbortSignal,
): Promise<void> {
  const { resources } = await processor.load();
  const paths = resources.flatMap((resource) => resource.paths);
  let isFirst = true;
  const subscription = applyChanges(
    store.watch(paths),
    new SystemClock(),
    async (snapshot, changed) => {
      // Even what has no keys is to be written once.
      const concerned = resources.filter(
        (resource) =>
          isFirst || [...changed].some((key) => resource.paths.some((path) => isBelow(key, path))),
      );
      isFirst = false;
      await processor.process(concerned, snapshot);
    },
    (reason) => {
      log('error', reason);
    },
  );
  await new Promise<void>((settle) => {
    stop.addEventListener('abort', () => {
      settle();
    });
  });
  subscription.unsubscribe();
}

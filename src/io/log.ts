/**
 * Where log lines go: pino's JSON where a program reads standard error, one readable line each on a terminal and in
 * files. BIRD's `log` option says which classes go where.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import { formatTime } from '../birdcl-compat/cli/time.ts';
import type { DaemonConfig, LogClass } from '../birdcl-compat/conf/lowered.ts';
import type { LogLevel } from '../daemon.ts';
import { openSyslog } from './syslog.ts';

const PINO_LEVEL: Readonly<Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  remote: 'info',
  auth: 'warn',
  warning: 'warn',
  error: 'error',
  bug: 'error',
  fatal: 'fatal',
};

/** Name of lines in the system's log where the configuration gives none. */
const PROGRAM = 'catbird';

/** Until a configuration says otherwise. */
const DEFAULT_CLASSES: ReadonlySet<LogClass> = new Set<LogClass>([
  'info',
  'remote',
  'warning',
  'error',
  'auth',
  'fatal',
  'bug',
]);

interface Sink {
  readonly classes: ReadonlySet<LogClass>;
  write(level: LogLevel, text: string): void;
  /** Nothing is written after this. */
  close?(): void;
}

/** Control characters of terminals, and line ends: a neighbour or a client must not write lines of its own. */
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;

/** The log of one daemon. */
export class DaemonLog {
  #sinks: Sink[] = [stderrSink(DEFAULT_CLASSES, () => formatTime({}, 'log', Date.now(), Date.now()))];
  readonly #watchers = new Set<Sink>();

  /** Writes a line wherever its class goes. */
  readonly write = (level: LogLevel, given: string): void => {
    // Where an exception came from takes several lines; it is no text of somebody else's.
    const text = level === 'bug' ? given : given.replace(CONTROL, ' ');
    for (const sink of this.#sinks) if (sink.classes.has(level)) sink.write(level, text);
    for (const sink of this.#watchers) if (sink.classes.has(level)) sink.write(level, text);
  };

  /** Calls `line` with each line of the classes, until the function that it returns is called. */
  watch(classes: ReadonlySet<LogClass>, line: (text: string) => void): () => void {
    const sink: Sink = {
      classes,
      write: (_level, text) => {
        line(text);
      },
    };
    this.#watchers.add(sink);
    return () => this.#watchers.delete(sink);
  }

  /** Follows a configuration's `log` and `timeformat log`; without any `log`, lines go to standard error. */
  configure({ log, timeFormats }: Pick<DaemonConfig, 'log' | 'timeFormats'>): void {
    const stamp = (): string => {
      const now = Date.now();
      return formatTime(timeFormats, 'log', now, now);
    };
    for (const sink of this.#sinks) sink.close?.();
    this.#sinks = log.map(({ classes, to }) => {
      switch (to.kind) {
        case 'file':
          return fileSink(classes, stamp, to.path, to.limitBytes, to.backup);
        case 'syslog':
          return { classes, ...openSyslog(to.name ?? PROGRAM) };
        case 'stderr':
          return stderrSink(classes, stamp);
      }
    });
    if (log.length === 0) this.#sinks = [stderrSink(DEFAULT_CLASSES, stamp)];
  }
}

function stderrSink(classes: ReadonlySet<LogClass>, stamp: () => string): Sink {
  if (process.stderr.isTTY) {
    return {
      classes,
      write: (level, text) => process.stderr.write(`${stamp()} ${level.padEnd(7)} ${text}\n`),
    };
  }
  const logger: Logger = pino({ level: 'trace', base: null }, pino.destination({ dest: 2, sync: true }));
  return { classes, write: (level, text) => logger[PINO_LEVEL[level]]({ class: level }, text) };
}

/** Lines are written before the call returns, so that the last ones of a process are there too. */
function fileSink(
  classes: ReadonlySet<LogClass>,
  stamp: () => string,
  path: string,
  limitBytes = Number.POSITIVE_INFINITY,
  backup?: string,
): Sink {
  let file = openLog(path);
  let written = file === undefined ? 0 : fstatSync(file).size;
  const rotate = (): void => {
    if (file !== undefined) closeSync(file);
    try {
      if (backup !== undefined) renameSync(path, backup);
    } catch (error) {
      complain(path, error);
    }
    file = openLog(path);
    written = 0;
  };
  return {
    classes,
    write: (level, text) => {
      const line = Buffer.from(`${stamp()} <${level.toUpperCase()}> ${text}\n`);
      if (written + line.length > limitBytes) rotate();
      if (file === undefined) return;
      try {
        written += writeSync(file, line);
      } catch (error) {
        complain(path, error);
        closeSync(file);
        file = undefined;
      }
    },
    close: () => {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

/** Opens for appending; undefined where that fails, which standard error is told. */
function openLog(path: string): number | undefined {
  try {
    return openSync(path, 'a');
  } catch (error) {
    complain(path, error);
    return undefined;
  }
}

function complain(path: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`catbird: cannot log to ${path}: ${reason}\n`);
}

/**
 * Where log lines go: pino's JSON where a program reads them, one readable line each on a terminal. BIRD's `log`
 * option says which classes go where.
 */
import { createWriteStream, renameSync, statSync, type WriteStream } from 'node:fs';
import { pino, type Logger } from 'pino';
import type { LogClass, LogTarget } from '../birdcl-compat/conf/lowered.ts';
import type { LogLevel } from '../daemon.ts';

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
}

/** The log of one daemon. */
export class DaemonLog {
  #sinks: Sink[] = [stderrSink(DEFAULT_CLASSES)];

  /** Writes a line wherever its class goes. */
  readonly write = (level: LogLevel, text: string): void => {
    for (const sink of this.#sinks) if (sink.classes.has(level)) sink.write(level, text);
  };

  /** Follows a configuration's `log` options; without any, lines go to standard error. */
  configure(targets: readonly LogTarget[]): void {
    if (targets.length === 0) return;
    this.#sinks = targets.map(({ classes, to }) => {
      // A daemon in the foreground has no syslog socket of its own: its supervisor collects standard error.
      if (to.kind === 'file') return fileSink(classes, to.path, to.limitBytes, to.backup);
      return stderrSink(classes);
    });
  }
}

function stderrSink(classes: ReadonlySet<LogClass>): Sink {
  if (process.stderr.isTTY) {
    return {
      classes,
      write: (level, text) => process.stderr.write(`${stamp()} ${level.padEnd(7)} ${text}\n`),
    };
  }
  const logger: Logger = pino({ level: 'trace', base: null }, pino.destination({ dest: 2, sync: true }));
  return { classes, write: (level, text) => logger[PINO_LEVEL[level]]({ class: level }, text) };
}

function fileSink(classes: ReadonlySet<LogClass>, path: string, limitBytes?: number, backup?: string): Sink {
  let stream: WriteStream = createWriteStream(path, { flags: 'a' });
  stream.on('error', () => undefined);
  let written = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return {
    classes,
    write: (level, text) => {
      const line = `${stamp()} <${level.toUpperCase()}> ${text}\n`;
      written += line.length;
      if (limitBytes !== undefined && written > limitBytes) {
        stream.end();
        if (backup !== undefined) renameSync(path, backup);
        stream = createWriteStream(path, { flags: 'w' });
        stream.on('error', () => undefined);
        written = line.length;
      }
      stream.write(line);
    },
  };
}

function stamp(): string {
  return new Date().toISOString().replace('T', ' ').replace('Z', '');
}

/** The local syslog daemon, through the C library, which finds its socket and words the header. */
import koffi from 'koffi';
import type { LogLevel } from '../daemon.ts';

const LOG_PID = 1;
const LOG_NDELAY = 8;
const LOG_DAEMON = 3 << 3;
const PRIORITY = { critical: 2, error: 3, warning: 4, info: 6, debug: 7 } as const;

/** The priorities that BIRD gives its classes. */
const PRIORITY_OF: Readonly<Record<LogLevel, number>> = {
  debug: PRIORITY.debug,
  trace: PRIORITY.debug,
  info: PRIORITY.info,
  remote: PRIORITY.error,
  warning: PRIORITY.warning,
  error: PRIORITY.error,
  auth: PRIORITY.error,
  fatal: PRIORITY.critical,
  bug: PRIORITY.critical,
};

export interface Syslog {
  write(level: LogLevel, text: string): void;
}

/**
 * Opens the log under a name, which the lines carry. The C library has one such name for a process: the last one
 * opened counts.
 */
export function openSyslog(name: string): Syslog {
  const library = koffi.load(null);
  const open = library.func('void openlog(void *name, int options, int facility)') as (
    name: Uint8Array,
    options: number,
    facility: number,
  ) => void;
  const write = library.func('void syslog(int priority, const char *format, ...)') as (
    priority: number,
    format: string,
    ...rest: string[]
  ) => void;
  // The library keeps the pointer: the bytes live as long as the closure below.
  const kept = Buffer.from(`${name}\0`);
  open(kept, LOG_PID | LOG_NDELAY, LOG_DAEMON);
  return {
    write: (level, text) => {
      if (kept.length > 0) write(PRIORITY_OF[level], '%s', 'str', text);
    },
  };
}

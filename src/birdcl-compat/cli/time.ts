/** Times as BIRD writes them: strftime patterns, with another one for times long past. */
import { DAYS, MONTHS } from '../../base/calendar.ts';
import type { TimeFormat, TimeFormatUse } from '../conf/lowered.ts';

/** BIRD 2's formats where the configuration sets none. */
const DEFAULTS: Readonly<Record<TimeFormatUse, TimeFormat>> = {
  base: { recent: '%F %T.%3f' },
  log: { recent: '%F %T.%3f' },
  protocol: { recent: '%T.%3f', old: '%F', limitS: 20 * 3600 },
  route: { recent: '%T.%3f', old: '%F', limitS: 20 * 3600 },
};

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Conversions of strftime in the C locale, and BIRD's `%f` with digits. */
const CONVERSIONS: Readonly<Record<string, (date: Date) => string>> = {
  '%': () => '%',
  a: (date) => DAYS[date.getDay()]!.slice(0, 3),
  A: (date) => DAYS[date.getDay()]!,
  b: (date) => MONTHS[date.getMonth()]!.slice(0, 3),
  B: (date) => MONTHS[date.getMonth()]!,
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2),
  D: (date) => strftime('%m/%d/%y', date),
  F: (date) => strftime('%Y-%m-%d', date),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  m: (date) => two(date.getMonth() + 1),
  M: (date) => two(date.getMinutes()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  R: (date) => strftime('%H:%M', date),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => two(date.getSeconds()),
  T: (date) => strftime('%H:%M:%S', date),
  y: (date) => two(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  z: (date) => {
    const offset = -date.getTimezoneOffset();
    const absolute = Math.abs(offset);
    return `${offset < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}${two(absolute % 60)}`;
  },
};

/** A date by a strftime pattern in local time; what is not known stays as it is. */
export function strftime(pattern: string, date: Date): string {
  return pattern.replace(/%(\d)?([%a-zA-Z])/g, (whole, digits: string | undefined, letter: string) => {
    if (letter === 'f') {
      return String(date.getMilliseconds())
        .padStart(3, '0')
        .padEnd(6, '0')
        .slice(0, Number(digits ?? 6));
    }
    return CONVERSIONS[letter]?.(date) ?? whole;
  });
}

/** A wall-clock time in milliseconds, by the configuration's format for the use. */
export function formatTime(
  formats: Readonly<Partial<Record<TimeFormatUse, TimeFormat>>>,
  use: TimeFormatUse,
  timeMs: number,
  nowMs: number,
): string {
  const format = formats[use] ?? DEFAULTS[use];
  const isOld = format.old !== undefined && nowMs - timeMs > (format.limitS ?? 0) * 1000;
  return strftime(isOld ? format.old! : format.recent, new Date(timeMs));
}

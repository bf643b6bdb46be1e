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
  c: (date) => strftime('%a %b %e %T %Y', date),
  C: (date) => two(Math.floor(date.getFullYear() / 100)),
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2),
  D: (date) => strftime('%m/%d/%y', date),
  F: (date) => strftime('%Y-%m-%d', date),
  g: (date) => two(isoWeek(date).year % 100),
  G: (date) => String(isoWeek(date).year),
  h: (date) => strftime('%b', date),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  j: (date) => String(dayOfYear(date) + 1).padStart(3, '0'),
  k: (date) => String(date.getHours()).padStart(2),
  l: (date) => String(date.getHours() % 12 || 12).padStart(2),
  m: (date) => two(date.getMonth() + 1),
  M: (date) => two(date.getMinutes()),
  n: () => '\n',
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  P: (date) => (date.getHours() < 12 ? 'am' : 'pm'),
  r: (date) => strftime('%I:%M:%S %p', date),
  R: (date) => strftime('%H:%M', date),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => two(date.getSeconds()),
  t: () => '\t',
  T: (date) => strftime('%H:%M:%S', date),
  u: (date) => String(date.getDay() || 7),
  // Weeks from the first Sunday, and from the first Monday on.
  U: (date) => two(Math.floor((dayOfYear(date) + 7 - date.getDay()) / 7)),
  V: (date) => two(isoWeek(date).week),
  w: (date) => String(date.getDay()),
  W: (date) => two(Math.floor((dayOfYear(date) + 7 - ((date.getDay() + 6) % 7)) / 7)),
  x: (date) => strftime('%D', date),
  X: (date) => strftime('%T', date),
  y: (date) => two(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  z: (date) => {
    const offset = -date.getTimezoneOffset();
    const absolute = Math.abs(offset);
    return `${offset < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}${two(absolute % 60)}`;
  },
};

/** Days since the first of January. */
function dayOfYear(date: Date): number {
  // In UTC, where all days have 24 hours.
  const day = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((day - Date.UTC(date.getFullYear(), 0, 1)) / 86_400_000);
}

/** ISO 8601: a week belongs to the year that its Thursday is in. */
function isoWeek(date: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 4 - (date.getDay() || 7));
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}

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

/** Go's `time.Time`, as far as templates use it. */
import { DAYS, MONTHS } from '../../base/calendar.ts';
import type { GoType } from './types.ts';
import { BOOL, INT, INT64, STRING } from './types.ts';
import type { Value } from './values.ts';
import { GoFunc, GoInteger, GoStruct } from './values.ts';

/** How `String` writes a time. */
const STRING_LAYOUT = '2006-01-02 15:04:05.999999999 -0700 MST';

/** A place's time at a moment. */
export interface Zone {
  /** `UTC`, `CET`. */
  readonly name: string;
  /** East of Greenwich. */
  readonly offsetMinutes: number;
}

const UTC: Zone = { name: 'UTC', offsetMinutes: 0 };

/** A moment as a place's clock shows it. */
export interface Moment {
  /** Nanoseconds since 1970-01-01T00:00:00Z. */
  readonly nanoseconds: bigint;
  readonly zone: Zone;
}

const BILLION = 1_000_000_000n;

/** The fields of a calendar and clock. */
function fieldsOf({ nanoseconds, zone }: Moment): { date: Date; fraction: number } {
  const fraction = ((nanoseconds % BILLION) + BILLION) % BILLION;
  const seconds = Number((nanoseconds - fraction) / BILLION);
  return { date: new Date((seconds + zone.offsetMinutes * 60) * 1000), fraction: Number(fraction) };
}

function yearDay(date: Date): number {
  return (
    (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) -
      Date.UTC(date.getUTCFullYear(), 0, 1)) /
      86_400_000 +
    1
  );
}

const two = (number: number): string => String(number).padStart(2, '0');
const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12;

function offset(zone: Zone, colons: boolean, minutes: boolean, seconds: boolean): string {
  const size = Math.abs(zone.offsetMinutes);
  const parts = [
    two(Math.floor(size / 60)),
    ...(minutes ? [two(size % 60)] : []),
    ...(seconds ? ['00'] : []),
  ];
  return (zone.offsetMinutes < 0 ? '-' : '+') + parts.join(colons ? ':' : '');
}

type Render = (date: Date, moment: Moment) => string;

/** Elements of a layout; of those that begin alike, the longer ones first. */
const ELEMENTS: readonly (readonly [pattern: string, render: Render])[] = [
  ['January', (date) => MONTHS[date.getUTCMonth()]!],
  ['Jan(?![a-z])', (date) => MONTHS[date.getUTCMonth()]!.slice(0, 3)],
  ['Monday', (date) => DAYS[date.getUTCDay()]!],
  ['Mon(?![a-z])', (date) => DAYS[date.getUTCDay()]!.slice(0, 3)],
  ['MST', (_, { zone }) => zone.name],
  ['002', (date) => String(yearDay(date)).padStart(3, '0')],
  ['01', (date) => two(date.getUTCMonth() + 1)],
  ['02', (date) => two(date.getUTCDate())],
  ['03', (date) => two(hour12(date))],
  ['04', (date) => two(date.getUTCMinutes())],
  ['05', (date) => two(date.getUTCSeconds())],
  ['06', (date) => two(date.getUTCFullYear() % 100)],
  ['15', (date) => two(date.getUTCHours())],
  ['1', (date) => String(date.getUTCMonth() + 1)],
  ['2006', (date) => String(date.getUTCFullYear()).padStart(4, '0')],
  ['2', (date) => String(date.getUTCDate())],
  ['_2006', (date) => `_${String(date.getUTCFullYear()).padStart(4, '0')}`],
  ['__2', (date) => String(yearDay(date)).padStart(3)],
  ['_2', (date) => String(date.getUTCDate()).padStart(2)],
  ['3', (date) => String(hour12(date))],
  ['4', (date) => String(date.getUTCMinutes())],
  ['5', (date) => String(date.getUTCSeconds())],
  ['PM', (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM')],
  ['pm', (date) => (date.getUTCHours() < 12 ? 'am' : 'pm')],
  ['-070000', (_, { zone }) => offset(zone, false, true, true)],
  ['-07:00:00', (_, { zone }) => offset(zone, true, true, true)],
  ['-0700', (_, { zone }) => offset(zone, false, true, false)],
  ['-07:00', (_, { zone }) => offset(zone, true, true, false)],
  ['-07', (_, { zone }) => offset(zone, false, false, false)],
  ['Z070000', (_, { zone }) => (zone.offsetMinutes === 0 ? 'Z' : offset(zone, false, true, true))],
  ['Z07:00:00', (_, { zone }) => (zone.offsetMinutes === 0 ? 'Z' : offset(zone, true, true, true))],
  ['Z0700', (_, { zone }) => (zone.offsetMinutes === 0 ? 'Z' : offset(zone, false, true, false))],
  ['Z07:00', (_, { zone }) => (zone.offsetMinutes === 0 ? 'Z' : offset(zone, true, true, false))],
  ['Z07', (_, { zone }) => (zone.offsetMinutes === 0 ? 'Z' : offset(zone, false, false, false))],
];
const LAYOUT = new RegExp(
  `${ELEMENTS.map(([pattern]) => `(${pattern})`).join('|')}|([.,](?:0+|9+)(?!\\d))`,
  'g',
);

/** A moment in a layout of Go: the reference time `Mon Jan 2 15:04:05 MST 2006`, written as wanted. */
export function formatTime(moment: Moment, layout: string): string {
  const { date, fraction } = fieldsOf(moment);
  return layout.replace(LAYOUT, (text, ...groups: (string | undefined)[]) => {
    const which = ELEMENTS.findIndex((_, i) => groups[i] !== undefined);
    if (which >= 0) return ELEMENTS[which]![1](date, moment);
    const digits = String(fraction)
      .padStart(9, '0')
      .slice(0, text.length - 1)
      .padEnd(text.length - 1, '0');
    if (text[1] === '0') return text[0]! + digits;
    const short = digits.replace(/0+$/, '');
    return short === '' ? '' : text[0]! + short;
  });
}

const TIME: GoType = { kind: 'struct', name: 'time.Time', fields: [] };
const MONTH: GoType = { kind: 'integer', name: 'time.Month', bits: 64, signed: true };
const WEEKDAY: GoType = { kind: 'integer', name: 'time.Weekday', bits: 64, signed: true };

/** @param local the zone of a moment given in milliseconds since 1970 */
export function timeValue(moment: Moment, local: (wallTimeMs: number) => Zone): GoStruct {
  const { date, fraction } = fieldsOf(moment);
  const number = (value: number): GoFunc => new GoFunc([], INT, () => BigInt(value));
  const unix = (unit: bigint): GoFunc =>
    new GoFunc([], INT64, () => new GoInteger(INT64, floorDivide(moment.nanoseconds, unit)));
  const inZone = (zone: Zone): Value => timeValue({ ...moment, zone }, local);
  const shift = (years: bigint, months: bigint, days: bigint): Value => {
    const moved = new Date(date);
    moved.setUTCFullYear(
      date.getUTCFullYear() + Number(years),
      date.getUTCMonth() + Number(months),
      date.getUTCDate() + Number(days),
    );
    const nanoseconds = moment.nanoseconds + BigInt(moved.getTime() - date.getTime()) * 1_000_000n;
    return timeValue({ ...moment, nanoseconds }, local);
  };
  const asString = (): string => formatTime(moment, STRING_LAYOUT);
  return new GoStruct(
    TIME,
    {},
    {
      Format: new GoFunc([STRING], STRING, (layout: string) => formatTime(moment, layout)),
      String: new GoFunc([], STRING, asString),
      Year: number(date.getUTCFullYear()),
      Month: new GoFunc([], MONTH, () => named(MONTH, date.getUTCMonth() + 1, MONTHS[date.getUTCMonth()]!)),
      Day: number(date.getUTCDate()),
      Hour: number(date.getUTCHours()),
      Minute: number(date.getUTCMinutes()),
      Second: number(date.getUTCSeconds()),
      Nanosecond: number(fraction),
      Weekday: new GoFunc([], WEEKDAY, () => named(WEEKDAY, date.getUTCDay(), DAYS[date.getUTCDay()]!)),
      YearDay: number(yearDay(date)),
      Unix: unix(BILLION),
      UnixMilli: unix(1_000_000n),
      UnixMicro: unix(1000n),
      UnixNano: unix(1n),
      UTC: new GoFunc([], TIME, () => inZone(UTC)),
      Local: new GoFunc([], TIME, () => inZone(local(Number(moment.nanoseconds / 1_000_000n)))),
      AddDate: new GoFunc([INT, INT, INT], TIME, shift),
      IsZero: new GoFunc([], BOOL, () => false),
    },
    asString,
  );
}

function named(type: GoType, value: number, name: string): GoInteger {
  return new GoInteger(type, BigInt(value), name);
}

function floorDivide(value: bigint, unit: bigint): bigint {
  const whole = value / unit;
  return value % unit < 0n ? whole - 1n : whole;
}

/** The rows of the table of sessions: what is known of each, which ones are shown, and in which order. */
import { durationText, lagText, rateText, shortNumber } from './numbers.ts';
import type { ChannelRow, ProtocolRow } from './parse-protocols.ts';
import type { SessionRates } from './rates.ts';
import type { Style } from './text.ts';

export interface SessionRow extends ProtocolRow {
  /** Since it came into its state; undefined where the daemon's times cannot be read. */
  readonly forMs: number | undefined;
  readonly imported: number;
  readonly exported: number;
  readonly rates: SessionRates;
  /** Of its channel that is furthest behind; undefined where the daemon does not tell. */
  readonly lagBytes: number | undefined;
  /** Some channel is brought up to date by a walk over the table. */
  readonly walking: boolean;
}

export function total(
  channels: readonly ChannelRow[],
  key: 'imported' | 'exported' | 'received' | 'sent',
): number {
  return channels.reduce((sum, channel) => sum + channel[key], 0);
}

/** What is shown: each of these leaves out more or other rows. */
export const SHOWN = ['sessions', 'established', 'not established', 'all protocols'] as const;
export type Shown = (typeof SHOWN)[number];

export function isUp(row: ProtocolRow): boolean {
  return row.bgpState === 'Established';
}

/** The listening end of a range of neighbours, which is no session. */
export function isRange(row: ProtocolRow): boolean {
  return row.bgpState === 'Passive' && row.neighbour.includes('/');
}

function fits(row: SessionRow, shown: Shown): boolean {
  switch (shown) {
    case 'all protocols':
      return true;
    case 'sessions':
      return row.bgpState !== undefined;
    case 'established':
      return isUp(row);
    case 'not established':
      return row.bgpState !== undefined && !isUp(row) && !isRange(row);
  }
}

export function stateText(row: ProtocolRow): string {
  return row.bgpState ?? row.state;
}

export function stateStyle(row: ProtocolRow): Style {
  const text = stateText(row);
  if (text === 'Established' || text === 'up') return 'good';
  if (text === 'Down' || text === 'down') return 'bad';
  return text === 'Passive' ? 'plain' : 'warn';
}

export interface Column {
  readonly title: string;
  /** Least width; columns without numbers take what is left. */
  readonly width: number;
  readonly right: boolean;
  /** Shown where the screen has at least so many columns. */
  readonly from: number;
  /** Compared when rows are sorted; numbers have the largest first. */
  readonly value: (row: SessionRow) => string | number;
  readonly text: (row: SessionRow, width: number) => string;
}

function sessionLag({ lagBytes, walking }: SessionRow): string {
  if (lagBytes === undefined) return '-';
  if (walking) return 'walk';
  return lagText(lagBytes);
}

const number = (title: string, width: number, value: (row: SessionRow) => number): Column => ({
  title,
  width,
  right: true,
  from: 0,
  value,
  text: (row, room) => shortNumber(value(row), room),
});

export const COLUMNS: readonly Column[] = [
  { title: 'Name', width: 14, right: false, from: 0, value: (row) => row.name, text: (row) => row.name },
  {
    title: 'Neighbour',
    width: 16,
    right: false,
    from: 100,
    value: (row) => row.neighbour,
    text: (row) => row.neighbour,
  },
  {
    title: 'AS',
    width: 10,
    right: true,
    from: 120,
    value: (row) => -Number(row.neighbourAs),
    text: (row) => row.neighbourAs,
  },
  { title: 'State', width: 11, right: false, from: 0, value: stateText, text: stateText },
  {
    title: 'For',
    width: 6,
    right: true,
    from: 0,
    value: (row) => row.forMs ?? 0,
    text: (row) => (row.forMs === undefined ? '-' : durationText(row.forMs)),
  },
  number('In', 7, (row) => row.imported),
  number('Out', 7, (row) => row.exported),
  {
    title: 'In/s',
    width: 5,
    right: true,
    from: 0,
    value: (row) => row.rates.received.latest ?? 0,
    text: (row, room) => rateText(row.rates.received.latest, room),
  },
  {
    title: 'Out/s',
    width: 5,
    right: true,
    from: 0,
    value: (row) => row.rates.sent.latest ?? 0,
    text: (row, room) => rateText(row.rates.sent.latest, room),
  },
  {
    title: 'Lag',
    width: 5,
    right: true,
    from: 0,
    value: (row) => row.lagBytes ?? 0,
    text: sessionLag,
  },
];

export interface Order {
  /** Index in `COLUMNS`. */
  readonly column: number;
  readonly reversed: boolean;
}

/** The rows to show, sorted; rows that are equal stay in the order of the daemon. */
export function shownSessions(
  rows: readonly SessionRow[],
  { shown, filter, order }: { readonly shown: Shown; readonly filter: string; readonly order: Order },
): SessionRow[] {
  const wanted = filter.toLowerCase();
  const matches = (row: SessionRow): boolean =>
    wanted === '' ||
    [row.name, row.neighbour, row.description, stateText(row), `AS${row.neighbourAs}`].some((text) =>
      text.toLowerCase().includes(wanted),
    );
  const { value } = COLUMNS[order.column]!;
  const sign = order.reversed ? -1 : 1;
  return rows
    .filter((row) => fits(row, shown) && matches(row))
    .map((row) => ({ row, key: value(row) }))
    .sort((a, b) => sign * compare(a.key, b.key))
    .map(({ row }) => row);
}

/** Text as people count (`node2` before `node10`), numbers from the largest down. */
function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number') return (b as number) - a;
  return naturally.compare(a, b as string);
}

const naturally = new Intl.Collator('en', { numeric: true });

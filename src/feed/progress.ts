/** How far a feed is, in words: a bar for a terminal, a line for a log, a summary at the end. */
import { formatIp } from '../base/ip.ts';
import type { Endpoint } from '../speaker/transport.ts';
import type { FeedEvent, FeedTotals } from './feed.ts';

export type FeedProgress = Extract<FeedEvent, { type: 'progress' }>;

const BAR_MOST = 40;
const BAR_LEAST = 8;
/** Before this, a rate says nothing yet. */
const RATE_AFTER_MS = 500;

/**
 * One line of at most `columns` characters: activity, bar, share, routes, rate, time left. Parts that cannot be known
 * or have no room are left out.
 */
export function progressLine(progress: FeedProgress, columns: number): string {
  const { routes, elapsedMs } = progress;
  const share = shareOf(progress);
  const parts = [
    ...(share === undefined ? [] : [`${Math.floor(share * 100)}%`]),
    `${grouped(routes)} routes`,
    ...(elapsedMs >= RATE_AFTER_MS ? [`${grouped(rateOf(routes, elapsedMs))}/s`] : []),
    ...(share !== undefined && share > 0 && share < 1 && elapsedMs >= RATE_AFTER_MS
      ? [`${duration((elapsedMs / share) * (1 - share))} left`]
      : []),
  ];
  return bar(progress.activity, share, parts.join('  '), columns);
}

/** The same while a recording is looked through before anything is sent. */
export function readingLine(done: Pick<FeedProgress, 'position' | 'total'>, columns: number): string {
  const share = shareOf(done);
  const text = share === undefined ? `${grouped(done.position)} bytes` : `${Math.floor(share * 100)}%`;
  return bar('reading', share, text, columns);
}

function bar(activity: string, share: number | undefined, text: string, columns: number): string {
  const room = columns - activity.length - text.length - 4;
  if (share === undefined || room < BAR_LEAST) return `${activity}  ${text}`.slice(0, columns);
  const width = Math.min(BAR_MOST, room);
  const filled = Math.round(share * width);
  return `${activity} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${text}`;
}

/** Share of the work that is done, 0 to 1; undefined where the total is not known. */
function shareOf({ position, total }: Pick<FeedProgress, 'position' | 'total'>): number | undefined {
  return total === undefined ? undefined : Math.min(1, position / Math.max(1, total));
}

function rateOf(routes: number, elapsedMs: number): number {
  return Math.round((routes * 1000) / Math.max(1, elapsedMs));
}

/** One sentence about all that was sent. */
export function summaryLine(totals: FeedTotals): string {
  const rate = rateOf(totals.announced + totals.withdrawn, totals.elapsedMs);
  const withdrawn = totals.withdrawn > 0 ? `, ${grouped(totals.withdrawn)} withdrawn` : '';
  return (
    `${grouped(totals.announced)} routes announced${withdrawn} in ${grouped(totals.messages)} messages ` +
    `(${grouped(totals.bytes)} bytes), ${duration(totals.elapsedMs)}, ${grouped(rate)} routes/s; ` +
    `the neighbour holds ${grouped(totals.remaining)} networks`
  );
}

/** What was left out of a recording, by reason. */
export type LeftOut = readonly (readonly [reason: string, count: number])[];

/**
 * The same for programs: one line of JSON. Times are in seconds.
 * @param error why not everything was sent
 */
export function jsonSummary(totals: FeedTotals, leftOut: LeftOut, error?: string): string {
  const { elapsedMs, ...counts } = totals;
  const summary = { ...counts, seconds: elapsedMs / 1000, leftOut: Object.fromEntries(leftOut) };
  return JSON.stringify(error === undefined ? summary : { ...summary, error });
}

/** `1234567` as `1,234,567`. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `0.42 s`, `12.3 s`, `2 min 5 s`, `1 h 2 min`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `192.0.2.1 port 179` */
export function formatEndpoint({ address, port, zone }: Endpoint): string {
  return `${formatIp(address)}${zone === undefined ? '' : `%${zone}`} port ${port}`;
}

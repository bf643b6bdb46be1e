/** Lines of `show protocols` that the dialects share but for their columns. */
import { formatIp } from '../../base/ip.ts';
import { formatPrefix } from '../filter/values.ts';
import type { BgpView, ChannelStats, ChannelView, LimitView } from './daemon-view.ts';

/** Stands for a counter that a row has not. */
export const NONE = '---';

/** Counters in columns of ten; those that a row has not are dashes. */
export function counters(label: string, values: readonly (number | typeof NONE)[]): string {
  return `${label.padEnd(20)}${values.map((value) => String(value).padStart(10)).join(' ')}`;
}

const COUNTER_HEADING = 'Route change stats:     received   rejected   filtered    ignored   accepted';
const WIDE_HEADING =
  'Route change stats:     received   rejected   filtered    ignored   RX limit      limit   accepted';

/** What came of updates and withdrawals in each direction. */
export function counterLines(stats: ChannelStats): string[] {
  const { importUpdates: iu, importWithdraws: iw, exportUpdates: eu, exportWithdraws: ew } = stats;
  return [
    COUNTER_HEADING,
    `  ${counters('Import updates:', [iu.received, iu.rejected, iu.filtered, iu.ignored, iu.accepted])}`,
    `  ${counters('Import withdraws:', [iw.received, iw.rejected, NONE, iw.ignored, iw.accepted])}`,
    `  ${counters('Export updates:', [eu.received, eu.rejected, eu.filtered, NONE, eu.accepted])}`,
    `  ${counters('Export withdraws:', [ew.received, NONE, NONE, NONE, ew.accepted])}`,
  ];
}

/** BIRD 3 counts what limits keep out apart; here that is in the column of rejected routes. */
export function wideCounterLines(stats: ChannelStats): string[] {
  const { importUpdates: iu, importWithdraws: iw, exportUpdates: eu, exportWithdraws: ew } = stats;
  return [
    WIDE_HEADING,
    `  ${counters('Import updates:', [iu.received, iu.rejected, iu.filtered, iu.ignored, 0, 0, iu.accepted])}`,
    `  ${counters('Import withdraws:', [iw.received, iw.rejected, NONE, iw.ignored, NONE, NONE, iw.accepted])}`,
    `  ${counters('Export updates:', [eu.received, eu.rejected, eu.filtered, eu.ignored, NONE, 0, eu.accepted])}`,
    `  ${counters('Export withdraws:', [ew.received, NONE, NONE, ew.ignored, NONE, NONE, ew.accepted])}`,
  ];
}

/** `3 imported, 1 filtered, 2 exported, 3 preferred` */
export function routesText({ stats, importKeepFiltered }: ChannelView): string {
  const filtered = importKeepFiltered ? `, ${stats.filtered} filtered` : '';
  return `${stats.imported} imported${filtered}, ${stats.exported} exported, ${stats.preferred} preferred`;
}

/** One line of `show protocols`: fields padded to widths, the last one as it is, two blanks behind the others. */
export function protocolLine(widths: readonly number[], ...fields: readonly string[]): string {
  const padded = widths.map((width, i) => fields[i]!.padEnd(width));
  return `${padded.join(' ')}  ${fields[widths.length]}`;
}

/** A limit and what happens when it is reached. */
export function limitLines(indent: string, label: string, limit: LimitView | undefined): string[] {
  if (!limit) return [];
  return [
    `${indent}${label.padEnd(16)}${limit.limit}${limit.hit ? ' [HIT]' : ''}`,
    `${indent}  Action:       ${limit.action}`,
  ];
}

/** State of a session and who is at its other end. */
export function neighborLines(bgp: BgpView): string[] {
  const state = `  BGP state:          ${bgp.state}`;
  if (bgp.neighborRange) return [state, `    Neighbor range:   ${formatPrefix(bgp.neighborRange)}`];
  const zone = bgp.neighborInterface === undefined ? '' : `%${bgp.neighborInterface}`;
  return [
    state,
    `    Neighbor address: ${bgp.neighborAddress ? formatIp(bgp.neighborAddress) : '::'}${zone}`,
  ];
}

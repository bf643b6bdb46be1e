/** The members of a fleet as a table that fits the terminal, with lines below it about what is not as it should be. */
import { numberAt, objectAt, plainText, textAt, textsAt } from '../../base/json.ts';
import type { FleetMember } from './members.ts';
import { isCurrent } from './members.ts';

const HEAD = ['NAME', 'ADDRESS', 'CLUSTER ID', 'VERSION', 'SINCE', 'UP', 'REVISION', 'CONFIG'];
const [NAME, ADDRESS] = [0, 1];
const GAP = '  ';
/** Sessions that are named below the table, for each member. */
const SHOWN_SESSIONS = 10;

/**
 * @param width columns of the terminal; where the table does not fit, addresses, then names too, have lines of their own
 * @param nowMs wall-clock milliseconds
 */
export function fleetTable(members: readonly FleetMember[], width: number, nowMs: number): string[] {
  const rows = members.map((member) => rowOf(member, nowMs));
  const cells = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const total = (without: readonly number[]): number =>
    widths.reduce(
      (sum, each, column) => sum + (without.includes(column) ? 0 : each + GAP.length),
      -GAP.length,
    );
  const apart = total([]) <= width ? [] : total([ADDRESS]) <= width ? [ADDRESS] : [NAME, ADDRESS];
  const lines: string[] = [];
  cells.forEach((row, i) => {
    if (apart.includes(NAME)) lines.push(row[NAME]!);
    const kept = row.flatMap((cell, column) =>
      apart.includes(column) ? [] : [column === row.length - 1 ? cell : cell.padEnd(widths[column]!)],
    );
    lines.push((apart.includes(NAME) ? GAP : '') + kept.join(GAP));
    if (i === 0) return;
    const addresses = textsAt(members[i - 1]!.member, 'addresses');
    lines.push(...addresses.slice(apart.includes(ADDRESS) ? 0 : 1).map((one) => GAP + one));
  });
  for (const member of members) {
    const remarks = remarksOf(member);
    if (remarks.length > 0)
      lines.push('', `${plainText(member.name)}:`, ...remarks.flatMap((text) => folded(GAP + text, width)));
  }
  return lines;
}

/** A line in pieces that fit, those after the first further in. Words that are longer than a line stay whole. */
function folded(line: string, width: number): string[] {
  const indent = ' '.repeat(line.length - line.trimStart().length);
  const lines: string[] = [];
  let current = '';
  for (const word of line.trim().split(' ')) {
    const isOver = current !== '' && current.length + 1 + word.length > width;
    if (isOver) lines.push(current);
    if (isOver) current = `${indent}${GAP}${GAP}${word}`;
    else current = current === '' ? indent + word : `${current} ${word}`;
  }
  return [...lines, current];
}

function rowOf({ name, member, summary }: FleetMember, nowMs: number): string[] {
  const sessions = objectAt(summary, 'sessions');
  const configuration = objectAt(summary, 'configuration');
  const [up, configured] = [numberAt(sessions, 'up'), numberAt(sessions, 'configured')];
  const dynamic = numberAt(sessions, 'dynamic') ?? 0;
  const started = Date.parse(textAt(member, 'started') ?? '');
  return [
    plainText(name),
    textsAt(member, 'addresses')[0] ?? '-',
    textsAt(member, 'cluster_ids').join(',') || '-',
    textAt(member, 'version') ?? '-',
    Number.isNaN(started) ? '-' : age(nowMs - started),
    up === undefined || configured === undefined ? '-' : `${up}/${configured}${dynamic ? `+${dynamic}` : ''}`,
    textAt(configuration, 'revision') ?? '-',
    textAt(configuration, 'state') ?? 'unknown',
  ];
}

/** `45s`, `12m`, `3h04m`, `12d03h` */
function age(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h${two(Math.floor((s % 3600) / 60))}m`;
  return `${Math.floor(s / 86_400)}d${two(Math.floor((s % 86_400) / 3600))}h`;
}

function remarksOf(one: FleetMember): string[] {
  const configuration = objectAt(one.summary, 'configuration');
  const remarks: string[] = [];
  if (!one.member) remarks.push('what it has written of itself cannot be read');
  const refused = objectAt(configuration, 'refused');
  if (refused) {
    const keys = textsAt(refused, 'keys');
    const more = (numberAt(refused, 'key_count') ?? keys.length) - keys.length;
    const changed = `${keys.join(', ')}${more > 0 ? ` and ${more} more keys` : ''}`;
    remarks.push(
      `refused since ${textAt(refused, 'since') ?? '-'}: revision ${textAt(refused, 'revision') ?? '-'}` +
        (changed === '' ? '' : `, after ${changed}`),
      `${GAP}${textAt(refused, 'reason') ?? '-'}`,
    );
  }
  const lost = objectAt(configuration, 'lost');
  if (lost)
    remarks.push(
      `keys cannot be read since ${textAt(lost, 'since') ?? '-'}: ${textAt(lost, 'reason') ?? '-'}`,
    );
  const held = textAt(configuration, 'held');
  if (held !== undefined) remarks.push(`renderings wait ${held}`);
  const [revision, seen] = [textAt(configuration, 'revision'), textAt(configuration, 'seen')];
  if (!isCurrent(one) && revision !== undefined && seen !== undefined && revision !== seen)
    remarks.push(`has revision ${revision} in force, and has read ${seen}`);
  const sessions = objectAt(one.summary, 'sessions');
  const down = (numberAt(sessions, 'configured') ?? 0) - (numberAt(sessions, 'up') ?? 0);
  const shown = one.sessions.slice(0, SHOWN_SESSIONS);
  for (const session of shown) {
    const error = textAt(session, 'last_error');
    remarks.push(
      `${textAt(session, 'name') ?? '-'} (${textAt(session, 'neighbor') ?? '-'}) is not up since ` +
        `${textAt(session, 'since') ?? '-'}${error === undefined ? '' : `: ${error}`}`,
    );
  }
  if (shown.length > 0 && down > shown.length)
    remarks.push(`${down - shown.length} more sessions are not up`);
  return remarks;
}

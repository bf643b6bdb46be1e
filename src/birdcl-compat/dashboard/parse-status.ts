/** `show status` and `show status groups` as values, and times. */
import type { AnswerLine } from './answer.ts';

export interface StatusFacts {
  /** `BIRD 2.0.12` */
  readonly version: string;
  readonly routerId: string;
  readonly hostname: string;
  /** As the daemon writes them, in its time zone. */
  readonly now: string;
  readonly boot: string;
  /** `Daemon is up and running` */
  readonly state: string;
  /** Lines of a graceful restart that is under way. */
  readonly recovery: string;
}

const STATUS = 13;
const RECOVERY = 24;
const VERSION = 1000;

export function parseStatus(lines: Iterable<AnswerLine>): StatusFacts {
  const facts = { version: '', routerId: '', hostname: '', now: '', boot: '', state: '', recovery: '' };
  const prefixes = [
    ['Router ID is ', 'routerId'],
    ['Hostname is ', 'hostname'],
    ['Current server time is ', 'now'],
    ['Last reboot on ', 'boot'],
  ] as const;
  for (const { code, text } of lines) {
    if (code === VERSION) facts.version = text;
    else if (code === STATUS) facts.state = text;
    else if (code === RECOVERY && facts.recovery === '') facts.recovery = text.trim();
    for (const [prefix, key] of prefixes) if (text.startsWith(prefix)) facts[key] = text.slice(prefix.length);
  }
  return facts;
}

/**
 * Milliseconds of a time as daemons write it, on a clock that is only good for differences.
 * @param nowMs the daemon's present, on the same clock: a time of day is of today or yesterday
 * @returns undefined where the configuration has times written in another form
 */
export function parseTime(text: string, nowMs = 0): number | undefined {
  const match = /^(?:(\d{4})-(\d\d)-(\d\d))?(?:(?:^|[ T])(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/.exec(text);
  if (!match || text === '') return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = ''] = match;
  const ofDay =
    ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + Number(`0.${fraction}0`) * 1000;
  if (year !== undefined) return Date.UTC(Number(year), Number(month) - 1, Number(day)) + ofDay;
  const midnight = Math.floor(nowMs / DAY_MS) * DAY_MS;
  return midnight + ofDay > nowMs + 1000 ? midnight - DAY_MS + ofDay : midnight + ofDay;
}

const DAY_MS = 86_400_000;

export interface GroupMember {
  readonly protocol: string;
  readonly lagBytes: number;
  /** `current`, `behind`, `walking the table` */
  readonly state: string;
}

export interface Group {
  readonly number: string;
  readonly table: string;
  readonly channel: string;
  readonly neighbours: string;
  readonly filter: string;
  readonly routes: number;
  readonly waiting: number;
  readonly sent: string;
  readonly logBytes: number;
  readonly members: readonly GroupMember[];
}

const MEMBER = /^ {4}(\S+)\s+(\d+) bytes {2}(.+)$/;
const FIELD = /^ {2}([^:]+):\s+(.*)$/;

/** Catbird's `show status groups`. */
export function parseGroups(lines: Iterable<AnswerLine>): Group[] {
  const found: { number: string; fields: Map<string, string>; members: GroupMember[] }[] = [];
  for (const { text } of lines) {
    const head = /^Group (\d+)$/.exec(text);
    const group = found.at(-1);
    if (head) found.push({ number: head[1]!, fields: new Map(), members: [] });
    else if (group) {
      const member = MEMBER.exec(text);
      const field = FIELD.exec(text);
      if (member)
        group.members.push({ protocol: member[1]!, lagBytes: Number(member[2]), state: member[3]! });
      else if (field) group.fields.set(field[1]!, field[2]!);
    }
  }
  return found.map(({ number, fields, members }) => {
    const text = (name: string): string => fields.get(name) ?? '';
    const count = (name: string): number => Number(/^\d+/.exec(text(name))?.[0] ?? 0);
    return {
      number,
      table: text('Table'),
      channel: text('Channel'),
      neighbours: text('Neighbours'),
      filter: text('Output filter'),
      routes: count('Routes'),
      waiting: count('Waiting'),
      sent: text('Sent'),
      logBytes: count('Log'),
      members,
    };
  });
}

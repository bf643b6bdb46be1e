/** `show protocols all`, of BIRD 1.6, 2 and 3 alike, as values. */
import type { AnswerLine } from './answer.ts';

export interface ChannelRow {
  readonly name: string;
  readonly state: string;
  readonly imported: number;
  readonly exported: number;
  /** Routes announced and withdrawn by the neighbour, and towards it, since the session came up. */
  readonly received: number;
  readonly sent: number;
}

export interface ProtocolRow {
  readonly name: string;
  /** `BGP`, `Static`, … */
  readonly kind: string;
  readonly state: string;
  /** As the daemon writes it. */
  readonly since: string;
  /** What stands behind: the state of a session, and its last error. */
  readonly info: string;
  /** Of a session: `Established`, `Active`, …. */
  readonly bgpState: string | undefined;
  readonly lastError: string;
  readonly neighbour: string;
  readonly neighbourAs: string;
  readonly description: string;
  /** Bytes that wait to be sent, where the daemon counts them (BIRD 3). */
  readonly pendingBytes: number | undefined;
  readonly channels: readonly ChannelRow[];
  /** All that the daemon says about it. */
  readonly details: readonly string[];
}

const PROTOCOL = 1002;
const DETAIL = 1006;

/** A time is one word, or a date and a time where `timeformat` asks for both. */
const ROW =
  /^(\S+)\s+(\S+)\s+(\S+)\s+(up|start|down|stop|flush|wait|feed)\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?|\S+)\s*(.*)$/;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Building extends Writable<Omit<ProtocolRow, 'channels' | 'details'>> {
  readonly channels: Writable<ChannelRow>[];
  readonly details: string[];
}

/** Rows in the order of the answer. */
export function parseProtocols(lines: Iterable<AnswerLine>): ProtocolRow[] {
  const found: Building[] = [];
  for (const { code, text } of lines) {
    if (code === PROTOCOL) {
      const match = ROW.exec(text);
      if (match) found.push(newRow(match));
    } else if (code === DETAIL) {
      const row = found.at(-1);
      if (!row) continue;
      if (text.trim() !== '') row.details.push(text);
      readDetail(row, text);
    }
  }
  return found;
}

function newRow([, name = '', kind = '', , state = '', since = '', info = '']: RegExpExecArray): Building {
  const [first = '', ...rest] = info.trim().split(/\s+/);
  // A session that is down has only its last error there.
  const isBgp = kind === 'BGP';
  return {
    name,
    kind,
    state,
    since,
    info: info.trim(),
    bgpState: isBgp ? (state === 'down' ? 'Down' : first) : undefined,
    lastError: isBgp ? (state === 'down' ? info.trim() : rest.join(' ')) : '',
    neighbour: '',
    neighbourAs: '',
    description: '',
    pendingBytes: undefined,
    channels: [],
    details: [],
  };
}

/** What a label sets; labels are the same in all versions. */
const LABELS: Readonly<Record<string, (row: Building, value: string) => void>> = {
  Description: (row, value) => (row.description = value),
  'BGP state': (row, value) => (row.bgpState = value),
  'Neighbor address': (row, value) => (row.neighbour = value),
  'Neighbor range': (row, value) => (row.neighbour = value),
  'Neighbor AS': (row, value) => (row.neighbourAs = value),
  'TX pending': (row, value) => (row.pendingBytes = firstNumber(value)),
  'Last error': (row, value) => (row.lastError = value),
  State: (row, value) => {
    const channel = row.channels.at(-1);
    if (channel) channel.state = value;
  },
  Routes: (row, value) => {
    const channel = channelOf(row);
    channel.imported = numberBefore(value, 'imported');
    channel.exported = numberBefore(value, 'exported');
  },
  'Import updates': (row, value) => (channelOf(row).received += firstNumber(value)),
  'Import withdraws': (row, value) => (channelOf(row).received += firstNumber(value)),
  'Export updates': (row, value) => (channelOf(row).sent += lastNumber(value)),
  'Export withdraws': (row, value) => (channelOf(row).sent += lastNumber(value)),
};

function readDetail(row: Building, text: string): void {
  const channel = /^ {2}Channel (\S+)/.exec(text);
  if (channel) {
    row.channels.push(newChannel(channel[1]!));
    return;
  }
  const at = text.indexOf(':');
  if (at < 0) return;
  const label = text.slice(0, at).trim();
  if (Object.hasOwn(LABELS, label)) LABELS[label]!(row, text.slice(at + 1).trim());
}

function newChannel(name: string): Writable<ChannelRow> {
  return { name, state: 'UP', imported: 0, exported: 0, received: 0, sent: 0 };
}

/** BIRD 1.6 has one channel and does not name it. */
function channelOf(row: Building): Writable<ChannelRow> {
  const channel = row.channels.at(-1) ?? newChannel('');
  if (row.channels.length === 0) row.channels.push(channel);
  return channel;
}

function numberBefore(text: string, word: string): number {
  return Number(new RegExp(`(\\d+) ${word}`).exec(text)?.[1] ?? 0);
}

function firstNumber(text: string): number {
  return Number(/^\d+/.exec(text)?.[0] ?? 0);
}

/** The column `accepted`. */
function lastNumber(text: string): number {
  return Number(/\d+$/.exec(text)?.[0] ?? 0);
}

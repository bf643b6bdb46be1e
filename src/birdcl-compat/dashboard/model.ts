/** What the dashboard knows and shows. Answers of the daemon and keys change it; views read it; `io/` does the rest. */
import { FIRST_ERROR, type AnswerLine } from './answer.ts';
import { List } from './list.ts';
import { parseProtocols, type ProtocolRow } from './parse-protocols.ts';
import { parseGroups, parseStatus, parseTime, type Group, type StatusFacts } from './parse-status.ts';
import type { Route } from './parse-routes.ts';
import { RouteWindow } from './route-window.ts';
import { Rate, SessionRates } from './rates.ts';
import {
  isUp,
  shownSessions,
  stateText,
  total,
  type Order,
  type SessionRow,
  type Shown,
} from './sessions.ts';

export const VIEWS = ['sessions', 'groups', 'routes', 'log'] as const;
/** `session`, `group` and `route` are pages about one of them. */
export type View = (typeof VIEWS)[number] | 'session' | 'group' | 'route' | 'help';

/** The view that a page belongs to. */
const HOME: Readonly<Record<View, View>> = {
  sessions: 'sessions',
  session: 'sessions',
  groups: 'groups',
  group: 'groups',
  routes: 'routes',
  route: 'routes',
  log: 'log',
  help: 'help',
};

export function homeOf(view: View): View {
  return HOME[view];
}

/** What a key asks for that the model cannot do itself. */
export type Effect =
  | { readonly type: 'quit' }
  | { readonly type: 'suspend' }
  /** A command that changes something, confirmed. */
  | { readonly type: 'command'; readonly command: string }
  /** `show route` with these arguments, from the start. */
  | { readonly type: 'routes'; readonly arguments: string };

export interface Question {
  readonly command: string;
  readonly title: string;
  readonly text: string;
}

export interface Prompt {
  readonly kind: 'filter sessions' | 'filter log' | 'find routes';
  text: string;
}

export interface LogLine {
  /** When it came, on this machine's clock: `12:34:56`. */
  readonly time: string;
  readonly text: string;
  /** Seen by the dashboard, not said by the daemon. */
  readonly own: boolean;
}

export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'up' }
  /** What is shown is of the past. */
  | { readonly state: 'lost'; readonly reason: string };

export interface DashboardOptions {
  readonly socket: string;
  readonly restricted: boolean;
  readonly unicode: boolean;
}

const LOG_LINES = 2000;
/** Changes of state that are told one by one; more at once are counted. */
const TOLD_CHANGES = 50;
/** Lines above the list: title, totals, tabs. And below: keys. */
export const FIXED_ROWS = 4;

export class Dashboard {
  readonly options: DashboardOptions;
  width = 80;
  height = 24;
  connection: Connection = { state: 'connecting' };
  /** Seconds that an answer is waited for, where that is long. */
  waitingS = 0;
  paused = false;
  view: View = 'sessions';
  /** Views to go back to. */
  readonly back: View[] = [];
  prompt: Prompt | undefined;
  question: Question | undefined;
  message: { readonly text: string; readonly bad: boolean } | undefined;

  status: StatusFacts | undefined;
  sessions: readonly SessionRow[] = [];
  readonly received = new Rate();
  readonly sent = new Rate();
  /** Undefined where the daemon has none to tell of. */
  groups: readonly Group[] | undefined;
  readonly log: LogLine[] = [];

  shown: Shown = 'sessions';
  filter = '';
  order: Order = { column: 0, reversed: false };
  logFilter = '';
  routeArguments = '';
  routes: RouteWindow | undefined;

  readonly sessionList = new List();
  readonly groupList = new List();
  readonly memberList = new List();
  readonly routeList = new List();
  readonly page = new List();
  /** Lines that the log is scrolled back; 0 follows it. */
  logBack = 0;
  /** Of the session and the group that are looked at. */
  sessionName = '';
  groupNumber = '';

  readonly #rates = new Map<string, SessionRates>();
  /** By protocol: how far its furthest channel is behind. */
  readonly #lags = new Map<string, { bytes: number; walking: boolean }>();
  #protocols: readonly ProtocolRow[] = [];
  #rows: readonly SessionRow[] | undefined;

  constructor(options: DashboardOptions) {
    this.options = options;
  }

  /** Rows of the screen between what is above and below. */
  get bodyRows(): number {
    return Math.max(1, this.height - FIXED_ROWS);
  }

  /** Sessions that are shown, in their order. */
  get rows(): readonly SessionRow[] {
    return (this.#rows ??= shownSessions(this.sessions, this));
  }

  get session(): SessionRow | undefined {
    return this.sessions.find(({ name }) => name === this.sessionName);
  }

  get group(): Group | undefined {
    return this.groups?.find(({ number }) => number === this.groupNumber);
  }

  /** Members of the group that is looked at, the furthest behind first. */
  get members(): Group['members'] {
    return [...(this.group?.members ?? [])].sort((a, b) => b.lagBytes - a.lagBytes);
  }

  get logLines(): readonly LogLine[] {
    const wanted = this.logFilter.toLowerCase();
    return wanted === '' ? this.log : this.log.filter(({ text }) => text.toLowerCase().includes(wanted));
  }

  // --- what comes from the daemon -----------------------------------------------------------------------------------

  /** A connection stands; what was not asked for yet is told anew. */
  connected(time: string): void {
    if (this.status && this.connection.state === 'lost') this.note(time, 'connected again');
    this.connection = { state: 'up' };
    for (const rates of this.#rates.values()) {
      rates.received.interrupt();
      rates.sent.interrupt();
    }
  }

  lost(reason: string, time: string): void {
    if (this.connection.state === 'up') this.note(time, `the connection is lost: ${reason}`);
    this.connection = { state: 'lost', reason };
    this.waitingS = 0;
  }

  takeStatus(lines: Iterable<AnswerLine>): void {
    this.status = parseStatus(lines);
  }

  /**
   * Takes `show protocols all`.
   * @param atMs monotonic time of the answer
   * @param time of day, for the log
   */
  takeProtocols(lines: Iterable<AnswerLine>, atMs: number, time: string): void {
    const protocols = parseProtocols(lines);
    this.#tellChanges(protocols, time);
    this.#protocols = protocols;
    for (const { name, bgpState, channels } of protocols) {
      if (bgpState === undefined) continue;
      let rates = this.#rates.get(name);
      if (!rates) this.#rates.set(name, (rates = new SessionRates()));
      rates.received.read(total(channels, 'received'), atMs);
      rates.sent.read(total(channels, 'sent'), atMs);
    }
    if (this.#rates.size > protocols.length) {
      const known = new Set(protocols.map(({ name }) => name));
      for (const name of this.#rates.keys()) if (!known.has(name)) this.#rates.delete(name);
    }
    let received: number | undefined;
    let sent = 0;
    for (const rates of this.#rates.values()) {
      if (rates.received.latest === undefined) continue;
      received = (received ?? 0) + rates.received.latest;
      sent += rates.sent.latest ?? 0;
    }
    if (received !== undefined) {
      this.received.push(received);
      this.sent.push(sent);
    }
    this.#makeRows();
  }

  /** Takes `show status groups`, or that there is no such thing. */
  takeGroups(lines: Iterable<AnswerLine> | undefined): void {
    this.groups = lines && parseGroups(lines);
    this.#lags.clear();
    for (const { members } of this.groups ?? []) {
      for (const { protocol, lagBytes, state } of members) {
        const known = this.#lags.get(protocol);
        const walking = state.startsWith('walking') || known?.walking === true;
        this.#lags.set(protocol, { bytes: Math.max(lagBytes, known?.bytes ?? 0), walking });
      }
    }
    this.groupList.move(0, this.groups?.length ?? 0, this.bodyRows - 1);
    this.memberList.move(0, this.members.length, this.bodyRows - 4);
    this.#makeRows();
  }

  #makeRows(): void {
    const nowMs = parseTime(this.status?.now ?? '');
    const none = new SessionRates();
    this.sessions = this.#protocols.map((protocol) => {
      const since = nowMs === undefined ? undefined : parseTime(protocol.since, nowMs);
      const lag = this.#lags.get(protocol.name);
      return {
        ...protocol,
        forMs: nowMs === undefined || since === undefined ? undefined : nowMs - since,
        imported: total(protocol.channels, 'imported'),
        exported: total(protocol.channels, 'exported'),
        rates: this.#rates.get(protocol.name) ?? none,
        lagBytes: !isUp(protocol) ? undefined : this.groups ? (lag?.bytes ?? 0) : protocol.pendingBytes,
        walking: lag?.walking ?? false,
      };
    });
    this.arrange();
  }

  /** Sorts and filters anew; the selection stays with its session. */
  arrange(): void {
    const selected = this.#rows?.[this.sessionList.selected]?.name;
    this.#rows = undefined;
    const found = this.rows.findIndex(({ name }) => name === selected);
    const index = found >= 0 ? found : this.sessionList.selected;
    // Whoever looks at the first rows goes on looking at the first rows.
    const first = this.sessionList.top === 0 && this.sessionList.selected === 0;
    this.sessionList.select(first ? 0 : index, this.rows.length, this.bodyRows - 1);
  }

  #tellChanges(now: readonly ProtocolRow[], time: string): void {
    if (this.#protocols.length === 0) return;
    const before = new Map(this.#protocols.map((row) => [row.name, row]));
    const changes: string[] = [];
    for (const row of now) {
      const old = before.get(row.name);
      before.delete(row.name);
      const state = stateText(row);
      const error = row.lastError === '' ? '' : ` (${row.lastError})`;
      if (!old) changes.push(`${row.name} is new: ${state}`);
      else if (stateText(old) !== state) changes.push(`${row.name}: ${stateText(old)} -> ${state}${error}`);
      else if (isUp(row) && cameUpAgain(old, row)) changes.push(`${row.name}: came up again${error}`);
    }
    for (const name of before.keys()) changes.push(`${name} is gone`);
    for (const text of changes.slice(0, TOLD_CHANGES)) this.note(time, text);
    if (changes.length > TOLD_CHANGES) this.note(time, `and ${changes.length - TOLD_CHANGES} other changes`);
  }

  /** A line of the log that the dashboard writes itself. */
  note(time: string, text: string): void {
    this.#addLog({ time, text, own: true });
  }

  takeNotice(time: string, text: string): void {
    this.#addLog({ time, text, own: false });
  }

  #addLog(line: LogLine): void {
    this.log.push(line);
    const gone = this.log.length > LOG_LINES;
    if (gone) this.log.shift();
    // Somebody who reads further up is not moved.
    if (this.logBack > 0 && !gone) this.logBack++;
  }

  takeRoute(route: Route): void {
    const gone = this.routes?.add(route) ?? 0;
    if (gone === 0) return;
    this.routeList.selected = Math.max(0, this.routeList.selected - gone);
    this.routeList.top = Math.max(0, this.routeList.top - gone);
  }

  /** The answer to a command that was confirmed. */
  answered(lines: readonly AnswerLine[], time: string): void {
    const texts = lines.map(({ text }) => text.trim()).filter((text) => text !== '');
    // An error of one protocol is followed by the end of the answer, which is none.
    const bad = lines.some(({ code }) => code >= FIRST_ERROR);
    this.message = { text: texts.join('; ') || 'done', bad };
    this.note(time, this.message.text);
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.arrange();
    this.groupList.move(0, this.groups?.length ?? 0, this.bodyRows - 1);
    this.routeList.move(0, this.routes?.routes.length ?? 0, 1);
  }
}

/** Between two looks. A time of day that turns into a date, as times do when they are long past, says nothing. */
function cameUpAgain(old: ProtocolRow, row: ProtocolRow): boolean {
  return old.since !== row.since && old.since.includes(':') === row.since.includes(':');
}

/** What one connection has of its own, and what handlers of commands may use and change. */
import type { TimeFormat, TimeFormatUse } from '../conf/lowered.ts';
import type { Cursor } from '../conf/cursor.ts';
import { TOKEN } from '../conf/lexer.ts';
import type { DaemonView } from './daemon-view.ts';
import type { SocketDialect } from './dialect.ts';
import type { Answer } from './replies.ts';
import { formatTime } from './time.ts';

export interface Session {
  readonly view: DaemonView;
  readonly dialect: SocketDialect;
  restricted: boolean;
  /** The last time that was formatted: neighbouring rows mostly have the same. */
  lastTime?: {
    readonly use: TimeFormatUse;
    readonly timeMs: number;
    readonly nowMs: number;
    readonly text: string;
  };
  /** Of `timeformat`, instead of those of the configuration. */
  timeFormat: TimeFormat | undefined;
  /** Where log lines go that `echo` asks for. */
  readonly notice: (text: string) => void;
  stopEcho: (() => void) | undefined;
}

/** Reads the arguments and answers. Throws `CommandError` or `ConfError`, before anything is done. */
export type Handler = (cursor: Cursor, session: Session) => Answer;

/** BIRD 1.6 has no fractions of seconds unless the configuration asks for them. */
const DEFAULTS_1: Readonly<Record<TimeFormatUse, TimeFormat>> = {
  base: { recent: '%F %T' },
  log: { recent: '%F %T' },
  protocol: { recent: '%T', old: '%F', limitS: 20 * 3600 },
  route: { recent: '%T', old: '%F', limitS: 20 * 3600 },
};

/** A wall-clock time (milliseconds) as this connection is shown it. */
export function sessionTime(session: Session, use: TimeFormatUse, timeMs: number, nowMs: number): string {
  const { lastTime } = session;
  if (lastTime?.use === use && lastTime.timeMs === timeMs && lastTime.nowMs === nowMs) return lastTime.text;
  const text = formatSessionTime(session, use, timeMs, nowMs);
  session.lastTime = { use, timeMs, nowMs, text };
  return text;
}

function formatSessionTime(session: Session, use: TimeFormatUse, timeMs: number, nowMs: number): string {
  const { view, dialect, timeFormat } = session;
  if (timeFormat) return formatTime({ [use]: timeFormat }, use, timeMs, nowMs);
  const own = view.waiting === undefined ? view.config.timeFormats : {};
  const formats = dialect.version === 1 ? { ...DEFAULTS_1, ...own } : own;
  return formatTime(formats, use, timeMs, nowMs);
}

/** Fails where arguments go on. */
export function end(cursor: Cursor): void {
  if (cursor.kind !== TOKEN.end) cursor.unexpected();
}

/** A handler without arguments. */
export function bare(run: (session: Session) => Answer): Handler {
  return (cursor, session) => {
    end(cursor);
    return run(session);
  };
}

/** A table's name as the dialect has it: BIRD 1.6 has one `master` a family. */
export function tableName(session: Pick<Session, 'dialect'>, name: string): string {
  return session.dialect.version === 1 && (name === 'master4' || name === 'master6') ? 'master' : name;
}

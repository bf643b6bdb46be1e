/** What goes into the log and to whom: `debug`, `dump`, `echo` and `timeformat`. */
import { debugFlags, flags } from '../conf/arguments.ts';
import type { Cursor } from '../conf/cursor.ts';
import { TOKEN } from '../conf/lexer.ts';
import { LOG_CLASSES, LOGGED_FLAGS, type TimeFormat } from '../conf/lowered.ts';
import { parseSelector, selectProtocols } from './arguments.ts';
import type { DumpKind, ProtocolView } from './daemon-view.ts';
import { CODE, CommandError, last, more } from './replies.ts';
import type { Answer } from './replies.ts';
import { end, type Handler, type Session } from './session.ts';

function channelOf(cursor: Cursor, protocols: readonly ProtocolView[]): 'ipv4' | 'ipv6' {
  const [protocol] = protocols;
  const name = cursor.name('a channel');
  const found = protocol?.channels.find((channel) => channel.name === name);
  if (!found) throw new CommandError(CODE.parseError, `Channel ${protocol?.name}.${name} not found`);
  return found.name;
}

export const runDebug: Handler = (cursor, session) => {
  const { view, dialect } = session;
  const selector = parseSelector(cursor, false);
  const protocols = selectProtocols(session, selector);
  const isChannel =
    dialect.version > 1 && typeof selector === 'object' && 'name' in selector && cursor.accept('.');
  const channel = isChannel ? channelOf(cursor, protocols) : undefined;
  const wanted = debugFlags.evaluate(debugFlags.parse(cursor), view.config.symbols);
  end(cursor);
  return (function* (): Answer {
    for (const { name } of protocols) view.setDebug(name, channel, wanted);
    const silent = [...wanted].filter((flag) => !LOGGED_FLAGS.has(flag));
    // `all` means all that there is.
    if (silent.length > 0 && silent.length === wanted.size) {
      yield more(CODE.protocolDetail, `Nothing is logged of: ${silent.join(', ')}`);
    }
    yield last(CODE.ok);
  })();
};

/** The log is the place for all of it, so a file that BIRD 2.16 would write to is refused. */
export function dumpHandler(kind: DumpKind): Handler {
  return (cursor, { view }) => {
    if (cursor.kind === TOKEN.text) {
      throw new CommandError(
        CODE.parseError,
        'not built: dumps into files; without a file they go into the log',
      );
    }
    end(cursor);
    return (function* (): Answer {
      for (const line of view.dump(kind)) {
        if (line !== undefined) view.note('debug', line);
        yield undefined;
      }
      yield last(CODE.ok);
    })();
  };
}

const logClasses = flags(LOG_CLASSES, true);

export const runEcho: Handler = (cursor, session: Session) => {
  const classes = logClasses.evaluate(logClasses.parse(cursor), session.view.config.symbols);
  // BIRD's buffer size; here a client that does not read loses lines instead.
  if (cursor.kind === TOKEN.number) {
    const bytes = cursor.number();
    if (bytes < 256 || bytes > 65536) throw new CommandError(CODE.parseError, 'Invalid log buffer size');
  }
  end(cursor);
  session.stopEcho?.();
  session.stopEcho = classes.size > 0 ? session.view.watchLog(classes, session.notice) : undefined;
  return [last(CODE.ok)];
};

/** BIRD's named formats: `short` ones have the date where the time is long past. */
function isoFormat(cursor: Cursor): TimeFormat {
  const short = cursor.acceptWord('short');
  if (!short) cursor.expectWord('long');
  const fraction = cursor.acceptWord('ms') ? '.%3f' : cursor.acceptWord('us') ? '.%6f' : '';
  return short ? { recent: `%T${fraction}`, old: '%F', limitS: 20 * 3600 } : { recent: `%F %T${fraction}` };
}

export const runTimeformat: Handler = (cursor, session) => {
  let format: TimeFormat;
  if (cursor.acceptWord('iso')) format = isoFormat(cursor);
  else {
    const recent = cursor.string('a format in quotes, or iso');
    if (cursor.kind === TOKEN.number) {
      const limitS = cursor.number();
      format = { recent, old: cursor.string('a format in quotes'), limitS };
    } else format = { recent };
  }
  end(cursor);
  session.timeFormat = format;
  delete session.lastTime;
  return [last(CODE.ok)];
};

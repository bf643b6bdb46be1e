/** The commands of one connection: the table's rows with their handlers. */
import { evaluateConstant } from '../filter/constant.ts';
import { parseExpression } from '../filter/parse.ts';
import { formatValue } from '../filter/format.ts';
import { Cursor } from '../conf/cursor.ts';
import { ConfError } from '../conf/diagnostics.ts';
import { Tokens, TOKEN } from '../conf/lexer.ts';
import { absentProtocol, noMplsDomain } from './absent-protocols.ts';
import { actionHandler } from './act.ts';
import { eachProtocol, parseSelector } from './arguments.ts';
import { COMMAND_TABLE, type CommandSpec } from './command-table.ts';
import {
  configureHandler,
  runConfigureCheck,
  runConfigureConfirm,
  runConfigureStatus,
  runConfigureUndo,
} from './configure.ts';
import { DUMP_KINDS, type DaemonView } from './daemon-view.ts';
import { DEFAULT_DIALECT, VERSION_TEXT, type SocketDialect } from './dialect.ts';
import { FamilyView } from './family-view.ts';
import type { CliHandler } from './protocol.ts';
import { CODE, CommandError, last } from './replies.ts';
import type { Answer, Reply } from './replies.ts';
import { jsonHandler } from './json.ts';
import { JSON_WORD } from './json-word.ts';
import { parseShowRoute } from './route-arguments.ts';
import { bare, end, type Handler, type Session } from './session.ts';
import { showExplained } from './show-explained.ts';
import { showInterfaces, showInterfacesSummary } from './show-interfaces.ts';
import { showGroups } from './show-groups.ts';
import { showProtocols } from './show-protocols.ts';
import { runAddRoa, runDeleteRoa, runFlushRoa, runShowRoa } from './roa.ts';
import { showRoute } from './show-route.ts';
import { showStatic } from './show-static.ts';
import { runShowSymbols, showMemory, showStatus } from './show-status.ts';
import { runMrtDump, runMrtdump } from './mrt-dumps.ts';
import { dumpHandler, runDebug, runEcho, runTimeformat } from './tracing.ts';

function* down(view: DaemonView): Answer {
  yield last(CODE.shutdownOrdered, 'Shutdown requested');
  view.shutdown(false);
}

function* gracefulRestart(view: DaemonView): Answer {
  yield last(CODE.gracefulRestartOrdered, 'Graceful restart requested');
  view.shutdown(true);
}

function protocolsHandler(all: boolean): Handler {
  return (cursor, session) => {
    const selector = parseSelector(cursor, true);
    end(cursor);
    return showProtocols(session, eachProtocol(session, selector), all);
  };
}

const evaluate: Handler = (cursor, { view }) => {
  const term = parseExpression(cursor);
  end(cursor);
  const { type, value } = evaluateConstant(term, view.config.symbols);
  return [last(CODE.evaluation, formatValue(type, value))];
};

const restrict = bare((session) => {
  session.restricted = true;
  return [last(CODE.restricted, 'Access restricted')];
});

/** By the first words of commands: the row with the most words that fits is taken. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  'show status': bare(showStatus),
  'show status groups': bare(showGroups),
  'show memory': bare((session) => showMemory(session, session.view.memory())),
  'show interfaces': bare(({ view }) => showInterfaces(view)),
  'show interfaces summary': bare(({ view }) => showInterfacesSummary(view)),
  'show static': (cursor, { view }) => showStatic(cursor, view),
  'show symbols': runShowSymbols,
  'show protocols': protocolsHandler(false),
  'show protocols all': protocolsHandler(true),
  'show route': (cursor, session) => {
    const request = parseShowRoute(cursor, session);
    return request.explain ? showExplained(session, request) : showRoute(session, request);
  },
  'show bfd': absentProtocol('BFD'),
  'show ospf': absentProtocol('OSPF'),
  'show rip': absentProtocol('RIP'),
  'show babel': absentProtocol('Babel'),
  'show mpls': noMplsDomain,
  'show roa': runShowRoa,
  'add roa': runAddRoa,
  'delete roa': runDeleteRoa,
  'flush roa': runFlushRoa,
  enable: actionHandler('enable'),
  disable: actionHandler('disable'),
  restart: actionHandler('restart'),
  reload: actionHandler('reload'),
  'reload in': actionHandler('reload in'),
  'reload out': actionHandler('reload out'),
  configure: configureHandler(false),
  'configure soft': configureHandler(true),
  'configure check': runConfigureCheck,
  'configure confirm': runConfigureConfirm,
  'configure undo': runConfigureUndo,
  'configure status': runConfigureStatus,
  debug: runDebug,
  mrtdump: runMrtdump,
  'mrt dump': runMrtDump,
  ...Object.fromEntries(DUMP_KINDS.map((kind) => [`dump ${kind}`, dumpHandler(kind)])),
  echo: runEcho,
  timeformat: runTimeformat,
  eval: evaluate,
  restrict,
  down: bare(({ view }) => down(view)),
  'graceful restart': bare(({ view }) => gracefulRestart(view)),
};

/** Commands that need no configuration. */
const EARLY: ReadonlySet<string> = new Set([
  ...['show status', 'configure', 'configure check', 'down', 'restrict', 'echo', 'timeformat'],
]);

/** The handler of a row: its own, or that of the words it begins with. */
function handlerOf({ words }: CommandSpec): Handler {
  const parts = words.split(' ');
  for (let count = parts.length; count > 0; count--) {
    const handler = HANDLERS[parts.slice(0, count).join(' ')];
    if (handler) return handler;
  }
  throw new Error(`the command '${words}' has no handler`);
}

/** All commands, in the words of a user. */
export const COMMAND_WORDS: readonly string[] = COMMAND_TABLE.map(({ words }) => words);

const TABLE = COMMAND_TABLE.map((spec) => ({
  spec,
  words: spec.words.split(' '),
  run: handlerOf(spec),
  runJson: jsonHandler(spec.words, handlerOf(spec)),
})).sort((a, b) => b.words.length - a.words.length);

function find(cursor: Cursor, version: number): (typeof TABLE)[number] {
  const table = TABLE.filter(({ spec: { versions } }) => version >= versions[0] && version <= versions[1]);
  for (const row of table) {
    const { words } = row;
    if (words.every((word, i) => cursor.kindAfter(i) === TOKEN.word && cursor.textAfter(i) === word)) {
      cursor.at += words.length;
      return row;
    }
  }
  const first = cursor.word();
  const next = table.filter(({ words }) => words[0] === first && words.length > 1);
  if (next.length > 0) cursor.at++;
  return cursor.unexpected(
    undefined,
    next.length > 0 ? next.map(({ words }) => words[1]!) : table.map(({ words }) => words[0]!),
  );
}

/** The commands of one connection. */
export class Commands implements CliHandler {
  readonly #session: Session;

  /** @param notice takes lines that are no part of an answer */
  constructor(view: DaemonView, notice: (text: string) => void, dialect: SocketDialect = DEFAULT_DIALECT) {
    this.#session = {
      view: dialect.family === undefined ? view : new FamilyView(view, dialect.family),
      dialect,
      restricted: dialect.restricted,
      timeFormat: undefined,
      notice,
      stopEcho: undefined,
    };
    if (this.#debug > 0) view.note('info', 'CLI connect');
  }

  /** `debug commands`; nothing before there is a configuration. */
  get #debug(): number {
    const { view } = this.#session;
    return view.waiting === undefined ? view.config.debugCommands : 0;
  }

  greeting(): Reply {
    return last(CODE.welcome, `BIRD ${VERSION_TEXT[this.#session.dialect.version]} ready.`);
  }

  handle(request: string): Answer {
    const { view, dialect } = this.#session;
    if (this.#debug > 1) view.note('trace', `CLI: ${request}`);
    const tokens = new Tokens();
    tokens.addFile('', request, undefined);
    const cursor = new Cursor(tokens);
    try {
      const asJson = cursor.acceptWord(JSON_WORD);
      const { spec, run, runJson } = find(cursor, dialect.version);
      if (spec.changes && this.#session.restricted) return [last(CODE.accessDenied, 'Access denied')];
      if (view.waiting !== undefined && !EARLY.has(spec.words))
        return [last(CODE.configurationError, view.waiting)];
      return (asJson ? runJson : run)(cursor, this.#session);
    } catch (error) {
      if (error instanceof CommandError) return [last(error.code, error.message)];
      if (!(error instanceof ConfError)) return [this.failed(error)];
      const code = error.message === 'Runtime error' ? CODE.evaluationFailed : CODE.parseError;
      return [last(code, error.hint === undefined ? error.message : `${error.message} (${error.hint})`)];
    }
  }

  failed(error: unknown): Reply {
    this.#session.view.reportBug(error);
    return last(CODE.parseError, 'Internal error, see the log');
  }

  closed(): void {
    const { view, stopEcho } = this.#session;
    stopEcho?.();
    if (this.#debug > 0) view.note('info', 'CLI connection closed');
  }
}

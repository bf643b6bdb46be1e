/** Commands of the control socket: a table from words to what they do. */
import { formatIpv4 } from '../../base/ip.ts';
import { evaluateConstant } from '../filter/constant.ts';
import { parseExpression } from '../filter/parse.ts';
import { formatValue } from '../filter/format.ts';
import { flags } from '../conf/arguments.ts';
import { Cursor } from '../conf/cursor.ts';
import { ConfError, oneLine, type Diagnostic } from '../conf/diagnostics.ts';
import { Tokens, TOKEN } from '../conf/lexer.ts';
import { LOG_CLASSES } from '../conf/lowered.ts';
import type { ConfigSymbol } from '../conf/scope.ts';
import { optionalText, parseSelector, selectProtocols } from './arguments.ts';
import type {
  ConfigureResult,
  ConfigureStatus,
  DaemonView,
  MemoryRow,
  ProtocolAction,
  ProtocolActionResult,
} from './daemon-view.ts';
import type { CliHandler } from './protocol.ts';
import { CODE, CommandError, last, more } from './replies.ts';
import type { Answer, Reply } from './replies.ts';
import { parseShowRoute } from './route-arguments.ts';
import { showInterfaces, showInterfacesSummary } from './show-interfaces.ts';
import { showProtocols } from './show-protocols.ts';
import { showStatic } from './show-static.ts';
import { showRoute } from './show-route.ts';
import { formatTime } from './time.ts';

/** What a command may use and change. */
interface Session {
  readonly view: DaemonView;
  restricted: boolean;
  /** Where log lines go that `echo` asks for. */
  readonly notice: (text: string) => void;
  stopEcho: (() => void) | undefined;
}

interface Command {
  readonly words: string;
  /** Refused after `restrict`. */
  readonly changes: boolean;
  /** Reads the arguments and answers. Throws `CommandError` or `ConfError`, before anything is done. */
  readonly run: (cursor: Cursor, session: Session) => Answer;
}

/** BIRD's default for `configure timeout`, seconds. */
const UNDO_TIMEOUT_S = 300;

function end(cursor: Cursor): void {
  if (cursor.kind !== TOKEN.end) cursor.unexpected();
}

function* showStatus(view: DaemonView): Answer {
  const status = view.status();
  const time = (ms: number): string => formatTime(view.config.timeFormats, 'base', ms, status.nowMs);
  yield more(CODE.version, `BIRD ${view.version}`);
  yield more(CODE.uptime, `Router ID is ${formatIpv4(status.routerId)}`);
  yield more(CODE.uptime, `Hostname is ${status.hostname}`);
  yield more(CODE.uptime, `Current server time is ${time(status.nowMs)}`);
  yield more(CODE.uptime, `Last reboot on ${time(status.bootMs)}`);
  yield more(CODE.uptime, `Last reconfiguration on ${time(status.configuredMs)}`);
  if (status.gracefulRestart) {
    const { protocols, waitS } = status.gracefulRestart;
    yield more(CODE.gracefulRestart, 'Graceful restart recovery in progress');
    yield more(CODE.gracefulRestart, `  Waiting for ${protocols} channels to recover`);
    yield more(
      CODE.gracefulRestart,
      `  Wait timer is ${waitS.toFixed(3)}/${view.config.gracefulRestartWaitS}`,
    );
  }
  const text = {
    up: 'Daemon is up and running',
    reconfiguring: 'Reconfiguration in progress',
    'shutting-down': 'Shutdown in progress',
  };
  yield last(CODE.status, text[status.state]);
}

/** A size as BIRD writes it: at most four digits, one decimal, and a unit. */
function size(bytes: number): string {
  const units = [' B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 10_000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1).padStart(6)} ${units[unit]!}`;
}

function* showMemory(rows: readonly MemoryRow[]): Answer {
  yield more(CODE.memory, 'BIRD memory usage');
  yield more(CODE.memory, `${''.padEnd(17)} Effective    Overhead`);
  for (const { name, effectiveBytes, overheadBytes } of rows) {
    yield more(CODE.memory, `${name.padEnd(17)} ${size(effectiveBytes)}   ${size(overheadBytes)}`);
  }
  yield last(CODE.ok);
}

const SYMBOL_CLASS: Readonly<Record<ConfigSymbol['kind'], string>> = {
  constant: 'constant',
  filter: 'filter',
  function: 'function',
  table: 'routing table',
  attribute: 'custom attribute',
  protocol: 'protocol',
  template: 'protocol template',
};

/** Words of `show symbols` that choose a kind. */
const SYMBOL_WORDS: readonly ConfigSymbol['kind'][] = ['table', 'filter', 'function', 'protocol', 'template'];

function* showSymbols(view: DaemonView, kind: ConfigSymbol['kind'] | undefined): Answer {
  for (const [name, symbol] of view.config.symbols.entries()) {
    if (kind !== undefined && symbol.kind !== kind) continue;
    yield more(CODE.symbol, `${name.padEnd(8)}\t${SYMBOL_CLASS[symbol.kind]}`);
  }
  yield last(CODE.ok);
}

function runShowSymbols(cursor: Cursor, { view }: Session): Answer {
  const kind = SYMBOL_WORDS.find((word) => cursor.acceptWord(word));
  if (kind !== undefined || cursor.kind === TOKEN.end) {
    end(cursor);
    return showSymbols(view, kind);
  }
  const name = cursor.name('a symbol');
  end(cursor);
  const symbol = view.config.symbols.get(name);
  return [last(CODE.symbol, symbol ? `${name.padEnd(8)}\t${SYMBOL_CLASS[symbol.kind]}` : 'symbol not known')];
}

const ACTION_REPLY: Readonly<Record<ProtocolAction, readonly [number, string]>> = {
  enable: [CODE.enabled, 'enabled'],
  disable: [CODE.disabled, 'disabled'],
  restart: [CODE.restarted, 'restarted'],
  reload: [CODE.reloading, 'reloading'],
  'reload in': [CODE.reloading, 'reloading'],
  'reload out': [CODE.reloading, 'reloading'],
};

function actionReply(action: ProtocolAction, result: ProtocolActionResult, name: string): Reply | undefined {
  switch (result) {
    case 'done': {
      const [code, text] = ACTION_REPLY[action];
      return more(code, `${name}: ${text}`);
    }
    case 'already-disabled':
      return more(CODE.alreadyDisabled, `${name}: already disabled`);
    case 'already-enabled':
      return more(CODE.alreadyEnabled, `${name}: already enabled`);
    case 'failed':
      return more(CODE.reloadFailed, `${name}: reload failed`);
    case 'nothing':
      return undefined;
  }
}

function actionCommand(action: ProtocolAction): Command {
  return {
    words: action,
    changes: true,
    run(cursor, { view }) {
      const selector = parseSelector(cursor, false);
      const message = action.startsWith('reload') ? undefined : optionalText(cursor);
      end(cursor);
      const protocols = selectProtocols(view, selector);
      return (function* (): Answer {
        for (const { name } of protocols) {
          const reply = actionReply(action, view.act(action, name, message), name);
          if (reply) yield reply;
        }
        yield last(CODE.ok);
      })();
    },
  };
}

/** As BIRD says it: a file that cannot be read at all has no place in it. */
function errorLine(error: Diagnostic): string {
  return error.location.line === 0
    ? error.message.replace(/^Unable to open configuration file /, '')
    : oneLine(error);
}

function configureReply(result: ConfigureResult): Reply {
  switch (result.kind) {
    case 'failed': {
      const [error] = result.errors;
      return last(CODE.configurationError, error ? errorLine(error) : 'configuration error');
    }
    case 'done':
      return last(CODE.reconfigured, 'Reconfigured');
    case 'progress':
      return last(CODE.reconfiguring, 'Reconfiguration in progress');
    case 'queued':
      return last(CODE.reconfigurationQueued, 'Reconfiguration already in progress, queueing new config');
    case 'unqueued':
      return last(CODE.unqueued, 'Reconfiguration already in progress, removing queued config');
    case 'confirmed':
      return last(CODE.confirmed, 'Reconfiguration confirmed');
    case 'shutting-down':
      return last(CODE.reconfigurationIgnored, 'Reconfiguration ignored, shutting down');
    case 'nothing':
      return last(CODE.nothingToDo, 'Nothing to do');
  }
}

function configureCommand(words: string, soft: boolean): Command {
  return {
    words,
    changes: true,
    run(cursor, { view, notice }) {
      const path = optionalText(cursor);
      let timeoutS: number | undefined;
      if (cursor.acceptWord('timeout'))
        timeoutS = cursor.kind === TOKEN.number ? cursor.number() : UNDO_TIMEOUT_S;
      end(cursor);
      return (function* (): Answer {
        yield more(CODE.readingConfiguration, `Reading configuration from ${path ?? view.configPath()}`);
        const result = view.configure({
          ...(path !== undefined && { path }),
          soft,
          ...(timeoutS !== undefined && { timeoutS, notice }),
        });
        const refused = result.kind === 'failed' || result.kind === 'shutting-down';
        if (timeoutS !== undefined && timeoutS > 0 && !refused) {
          yield more(CODE.undoScheduled, `Undo scheduled in ${timeoutS} s`);
        }
        yield configureReply(result);
      })();
    },
  };
}

function* check(view: DaemonView, path: string): Answer {
  yield more(CODE.readingConfiguration, `Reading configuration from ${path}`);
  const { errors, effects } = view.check(path);
  const [error] = errors;
  // Not BIRD's; its clients print lines of any code.
  for (const effect of effects) yield more(CODE.protocolDetail, effect);
  yield error
    ? last(CODE.configurationError, errorLine(error))
    : last(CODE.configurationOk, 'Configuration OK');
}

function* configureStatus(view: DaemonView): Answer {
  const { state, undoInS } = view.configureStatus();
  const [code, text] = CONFIGURE_STATES[state];
  yield more(code, text);
  if (undoInS !== undefined) {
    yield more(CODE.undoScheduled, `Configuration unconfirmed, undo in ${undoInS.toFixed(3)} s`);
  }
  yield last(CODE.ok);
}

const CONFIGURE_STATES: Readonly<Record<ConfigureStatus['state'], readonly [number, string]>> = {
  done: [CODE.reconfigured, 'Daemon is up and running'],
  progress: [CODE.reconfiguring, 'Reconfiguration in progress'],
  queued: [CODE.reconfigurationQueued, 'Reconfiguration in progress, next one enqueued'],
  'shutting-down': [CODE.reconfigurationIgnored, 'Shutdown in progress'],
};

function* down(view: DaemonView): Answer {
  yield last(CODE.shutdownOrdered, 'Shutdown requested');
  view.shutdown(false);
}

function* gracefulRestart(view: DaemonView): Answer {
  yield last(CODE.gracefulRestartOrdered, 'Graceful restart requested');
  view.shutdown(true);
}

const logClasses = flags(LOG_CLASSES, true);

function echo(cursor: Cursor, session: Session): Answer {
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
}

/** A command without arguments. */
function plain(words: string, changes: boolean, run: (session: Session) => Answer): Command {
  return {
    words,
    changes,
    run(cursor, session) {
      end(cursor);
      return run(session);
    },
  };
}

const COMMANDS: readonly Command[] = [
  plain('show status', false, ({ view }) => showStatus(view)),
  plain('show memory', false, ({ view }) => showMemory(view.memory())),
  plain('show interfaces', false, ({ view }) => showInterfaces(view)),
  plain('show interfaces summary', false, ({ view }) => showInterfacesSummary(view)),
  { words: 'show static', changes: false, run: (cursor, { view }) => showStatic(cursor, view) },
  { words: 'show symbols', changes: false, run: runShowSymbols },
  ...['show protocols', 'show protocols all'].map((words): Command => ({
    words,
    changes: false,
    run(cursor, { view }) {
      const selector = parseSelector(cursor, true);
      end(cursor);
      return showProtocols(view, selectProtocols(view, selector), words.endsWith('all'));
    },
  })),
  {
    words: 'show route',
    changes: false,
    run: (cursor, { view }) => showRoute(view, parseShowRoute(cursor, view)),
  },
  actionCommand('enable'),
  actionCommand('disable'),
  actionCommand('restart'),
  actionCommand('reload'),
  actionCommand('reload in'),
  actionCommand('reload out'),
  configureCommand('configure', false),
  configureCommand('configure soft', true),
  {
    words: 'configure check',
    changes: true,
    run(cursor, { view }) {
      const path = optionalText(cursor) ?? view.configPath();
      end(cursor);
      return check(view, path);
    },
  },
  plain('configure status', false, ({ view }) => configureStatus(view)),
  plain('configure confirm', true, ({ view }) => [configureReply(view.confirm())]),
  plain('configure undo', true, ({ view }) => [
    more(CODE.undoRequested, 'Undo requested'),
    configureReply(view.undo()),
  ]),
  plain('down', true, ({ view }) => down(view)),
  plain('graceful restart', true, ({ view }) => gracefulRestart(view)),
  plain('restrict', false, (session) => {
    session.restricted = true;
    return [last(CODE.restricted, 'Access restricted')];
  }),
  { words: 'echo', changes: false, run: echo },
  {
    words: 'eval',
    changes: false,
    run(cursor, { view }) {
      const term = parseExpression(cursor);
      end(cursor);
      const { type, value } = evaluateConstant(term, view.config.symbols);
      return [last(CODE.evaluation, formatValue(type, value))];
    },
  },
];

/** All commands, in the words of a user. */
export const COMMAND_WORDS: readonly string[] = COMMANDS.map(({ words }) => words);

const TABLE = COMMANDS.map((command) => ({ command, words: command.words.split(' ') })).sort(
  (a, b) => b.words.length - a.words.length,
);

function find(cursor: Cursor): Command {
  for (const { command, words } of TABLE) {
    if (words.every((word, i) => cursor.kindAfter(i) === TOKEN.word && cursor.textAfter(i) === word)) {
      cursor.at += words.length;
      return command;
    }
  }
  const first = cursor.word();
  const next = TABLE.filter(({ words }) => words[0] === first && words.length > 1);
  if (next.length > 0) cursor.at++;
  return cursor.unexpected(
    undefined,
    next.length > 0 ? next.map(({ words }) => words[1]!) : TABLE.map(({ words }) => words[0]!),
  );
}

/** The commands of one connection. */
export class Commands implements CliHandler {
  readonly #session: Session;

  /** @param notice takes lines that are no part of an answer */
  constructor(view: DaemonView, notice: (text: string) => void) {
    this.#session = { view, restricted: false, notice, stopEcho: undefined };
    if (view.config.debugCommands > 0) view.note('info', 'CLI connect');
  }

  greeting(): Reply {
    return last(CODE.welcome, `BIRD ${this.#session.view.version} ready.`);
  }

  handle(request: string): Answer {
    const { view } = this.#session;
    if (view.config.debugCommands > 1) view.note('trace', `CLI: ${request}`);
    const tokens = new Tokens();
    tokens.addFile('', request, undefined);
    const cursor = new Cursor(tokens);
    try {
      const command = find(cursor);
      if (command.changes && this.#session.restricted) return [last(CODE.accessDenied, 'Access denied')];
      return command.run(cursor, this.#session);
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
    if (view.config.debugCommands > 0) view.note('info', 'CLI connection closed');
  }
}

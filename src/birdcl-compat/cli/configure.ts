/** `configure` in all its forms. */
import { oneLine, type Diagnostic } from '../conf/diagnostics.ts';
import { TOKEN } from '../conf/lexer.ts';
import { optionalText } from './arguments.ts';
import type { ConfigureResult, ConfigureStatus, DaemonView } from './daemon-view.ts';
import { CODE, last, more, whenThere } from './replies.ts';
import type { Answer, Reply } from './replies.ts';
import { bare, end, type Handler } from './session.ts';

/** BIRD's default for `configure timeout`, seconds. */
const UNDO_TIMEOUT_S = 300;

/** As BIRD says it: a file that cannot be read at all has no place in it. */
function errorLine(error: Diagnostic): string {
  return error.location.line === 0
    ? error.message.replace(/^Unable to open configuration file /, '')
    : oneLine(error);
}

type Outcome = Exclude<ConfigureResult['kind'], 'failed'>;

const OUTCOME: Readonly<Record<Outcome, readonly [number, string]>> = {
  done: [CODE.reconfigured, 'Reconfigured'],
  progress: [CODE.reconfiguring, 'Reconfiguration in progress'],
  queued: [CODE.reconfigurationQueued, 'Reconfiguration already in progress, queueing new config'],
  unqueued: [CODE.unqueued, 'Reconfiguration already in progress, removing queued config'],
  confirmed: [CODE.confirmed, 'Reconfiguration confirmed'],
  'shutting-down': [CODE.reconfigurationIgnored, 'Reconfiguration ignored, shutting down'],
  nothing: [CODE.nothingToDo, 'Nothing to do'],
};

function configureReply(result: ConfigureResult): Reply {
  if (result.kind === 'failed') {
    const [error] = result.errors;
    return last(CODE.configurationError, error ? errorLine(error) : 'configuration error');
  }
  return last(...OUTCOME[result.kind]);
}

export function configureHandler(soft: boolean): Handler {
  return (cursor, { view, notice }) => {
    const path = optionalText(cursor);
    let timeoutS: number | undefined;
    if (cursor.acceptWord('timeout'))
      timeoutS = cursor.kind === TOKEN.number ? cursor.number() : UNDO_TIMEOUT_S;
    end(cursor);
    return (function* (): Answer {
      yield more(CODE.readingConfiguration, `Reading configuration from ${path ?? view.configPath()}`);
      const result = yield* whenThere(
        view.configure({
          ...(path !== undefined && { path }),
          soft,
          ...(timeoutS !== undefined && { timeoutS, notice }),
        }),
      );
      const refused = result.kind === 'failed' || result.kind === 'shutting-down';
      if (timeoutS !== undefined && timeoutS > 0 && !refused) {
        yield more(CODE.undoScheduled, `Undo scheduled in ${timeoutS} s`);
      }
      yield configureReply(result);
    })();
  };
}

export const runConfigureCheck: Handler = (cursor, { view }) => {
  const path = optionalText(cursor) ?? view.configPath();
  end(cursor);
  return check(view, path);
};

function* check(view: DaemonView, path: string): Answer {
  yield more(CODE.readingConfiguration, `Reading configuration from ${path}`);
  const { errors, effects } = yield* whenThere(view.check(path));
  const [error] = errors;
  // Not BIRD's; its clients print lines of any code.
  for (const effect of effects) yield more(CODE.protocolDetail, effect);
  yield error
    ? last(CODE.configurationError, errorLine(error))
    : last(CODE.configurationOk, 'Configuration OK');
}

const STATES: Readonly<Record<ConfigureStatus['state'], readonly [number, string]>> = {
  done: [CODE.reconfigured, 'Daemon is up and running'],
  progress: [CODE.reconfiguring, 'Reconfiguration in progress'],
  queued: [CODE.reconfigurationQueued, 'Reconfiguration in progress, next one enqueued'],
  'shutting-down': [CODE.reconfigurationIgnored, 'Shutdown in progress'],
};

function* status(view: DaemonView): Answer {
  const { state, undoInS } = view.configureStatus();
  yield more(...STATES[state]);
  if (undoInS !== undefined) {
    yield more(CODE.undoScheduled, `Configuration unconfirmed, undo in ${undoInS.toFixed(3)} s`);
  }
  yield last(CODE.ok);
}

export const runConfigureStatus = bare(({ view }) => status(view));
export const runConfigureConfirm = bare(({ view }) => [configureReply(view.confirm())]);
export const runConfigureUndo = bare(({ view }) => [
  more(CODE.undoRequested, 'Undo requested'),
  configureReply(view.undo()),
]);

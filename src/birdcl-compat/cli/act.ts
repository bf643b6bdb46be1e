/** `enable`, `disable`, `restart` and `reload`. */
import { optionalText, parseSelector, selectProtocols } from './arguments.ts';
import type { ProtocolAction, ProtocolActionResult, ProtocolView } from './daemon-view.ts';
import { CODE, last, more } from './replies.ts';
import type { Answer, Reply } from './replies.ts';
import { end, type Handler, type Session } from './session.ts';

const ACTION_REPLY: Readonly<Record<ProtocolAction, readonly [number, string]>> = {
  enable: [CODE.enabled, 'enabled'],
  disable: [CODE.disabled, 'disabled'],
  restart: [CODE.restarted, 'restarted'],
  reload: [CODE.reloading, 'reloading'],
  'reload in': [CODE.reloading, 'reloading'],
  'reload out': [CODE.reloading, 'reloading'],
};

const RESULT_REPLY: Readonly<
  Record<Exclude<ProtocolActionResult, 'done' | 'nothing'>, readonly [number, string]>
> = {
  'already-disabled': [CODE.alreadyDisabled, 'already disabled'],
  'already-enabled': [CODE.alreadyEnabled, 'already enabled'],
  failed: [CODE.reloadFailed, 'reload failed'],
};

function actionReply(action: ProtocolAction, result: ProtocolActionResult, name: string): Reply | undefined {
  if (result === 'nothing') return undefined;
  const [code, text] = result === 'done' ? ACTION_REPLY[action] : RESULT_REPLY[result];
  return more(code, `${name}: ${text}`);
}

function* act(
  session: Session,
  action: ProtocolAction,
  protocols: readonly ProtocolView[],
  message: string | undefined,
): Answer {
  for (const { name, kind } of protocols) {
    let result = session.view.act(action, name, message);
    // BIRD 1.6 has nothing in these that could send routes again.
    if (session.dialect.version === 1 && kind !== 'BGP' && action.startsWith('reload') && result === 'done') {
      result = 'failed';
    }
    const reply = actionReply(action, result, name);
    if (reply) yield reply;
  }
  yield last(CODE.ok);
}

export function actionHandler(action: ProtocolAction): Handler {
  return (cursor, session) => {
    const selector = parseSelector(cursor, false);
    const message = action.startsWith('reload') ? undefined : optionalText(cursor);
    end(cursor);
    return act(session, action, selectProtocols(session, selector), message);
  };
}

/** `show static [NAME]`, in BIRD's words: routes as they are configured, and which next hops are out of use. */
import { formatIp } from '../../base/ip.ts';
import type { Cursor } from '../conf/cursor.ts';
import { TOKEN } from '../conf/lexer.ts';
import type { StaticHop, StaticProtocolConfig, StaticRoute } from '../conf/lowered.ts';
import { formatPrefix } from '../filter/values.ts';
import type { DaemonView } from './daemon-view.ts';
import { CODE, CommandError, last, more } from './replies.ts';
import type { Answer } from './replies.ts';

const DESTINATION_WORD = {
  blackhole: 'blackhole',
  unreachable: 'unreachable',
  prohibit: 'prohibited',
} as const;

function hopText({ address, interface: link, onlink }: StaticHop, active: boolean): string {
  const dormant = active ? '' : ' (dormant)';
  if (!address) return `\tdev ${link}${dormant}`;
  const zone = link === undefined ? '' : `%${link}`;
  return `\tvia ${formatIp(address)}${zone}${onlink ? ' onlink' : ''}${dormant}`;
}

function* routeLines(view: DaemonView, protocol: string, { prefix, target }: StaticRoute): Iterable<string> {
  const net = formatPrefix(prefix);
  if (target.kind === 'recursive') yield `${net}\trecursive ${formatIp(target.via)}`;
  else if (target.kind === 'via') {
    yield net;
    for (const hop of target.hops) yield hopText(hop, view.isActiveHop(protocol, hop));
  } else yield `${net}\t${DESTINATION_WORD[target.kind]}`;
}

/**
 * Reads an optional name; the static protocols that are meant. Throws `CommandError` where it is none, or where none
 * runs.
 */
export function parseStatics(cursor: Cursor, view: DaemonView): readonly StaticProtocolConfig[] {
  const statics = view.config.protocols.filter(
    (protocol): protocol is StaticProtocolConfig => protocol.kind === 'static',
  );
  const ended = (): boolean => cursor.kind === TOKEN.end;
  if (!ended()) {
    const name = cursor.name('a protocol');
    if (!ended()) cursor.unexpected();
    const named = statics.find((protocol) => protocol.name === name);
    if (named) return [named];
    const known = view.config.protocols.some((protocol) => protocol.name === name);
    throw new CommandError(
      CODE.parseError,
      known ? `${name}: Not a Static protocol` : `${name} is not a protocol`,
    );
  }
  const states = new Map(Array.from(view.protocols(), ({ name, state }) => [name, state]));
  const running = statics.filter(({ name }) => states.get(name) !== 'down');
  if (running.length === 0) throw new CommandError(CODE.parseError, 'There is no Static protocol running');
  return running;
}

export function showStatic(cursor: Cursor, view: DaemonView): Answer {
  return answer(view, parseStatics(cursor, view));
}

function* answer(view: DaemonView, protocols: readonly StaticProtocolConfig[]): Answer {
  for (const [i, { name, routes }] of protocols.entries()) {
    if (i > 0) yield more(CODE.staticRoute, '');
    for (const route of routes) {
      for (const line of routeLines(view, name, route)) yield more(CODE.staticRoute, line);
    }
  }
  yield last(CODE.ok);
}

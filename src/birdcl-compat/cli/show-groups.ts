/** `show status groups`: neighbours that are sent the same bytes, and how far behind each of them is. */
import type { GroupView } from './daemon-view.ts';
import { CODE, last, more } from './replies.ts';
import type { Answer } from './replies.ts';
import { tableName, type Session } from './session.ts';

const WORD = { current: 'current', walking: 'walking the table', behind: 'behind' } as const;

function field(label: string, value: string | number): string {
  return `  ${`${label}:`.padEnd(18)}${value}`;
}

function* groupLines(session: Session, group: GroupView): Iterable<string> {
  const { members } = group;
  const behind = members.filter(({ state }) => state !== 'current').length;
  yield `Group ${group.number}`;
  yield field('Table', tableName(session, group.table));
  yield field('Channel', group.channel);
  yield field('Neighbours', group.neighbours);
  yield field('Output filter', group.exportFilter);
  if (group.addPath) yield field('ADD-PATH', 'all paths');
  yield field('Routes', group.routes);
  yield field('Waiting', `${group.pendingNetworks} networks`);
  yield field('Sent', `${group.announced} updates, ${group.withdrawn} withdraws`);
  yield field('Log', `${group.logBytes} bytes`);
  yield field('Members', `${members.length}, ${behind} not current`);
  for (const { protocol, lagBytes, state } of members) {
    yield `    ${protocol.padEnd(24)} ${`${lagBytes} bytes`.padStart(16)}  ${WORD[state]}`;
  }
}

export function* showGroups(session: Session): Answer {
  for (const group of session.view.groups()) {
    for (const line of groupLines(session, group)) yield more(CODE.protocolDetail, line);
    yield more(CODE.protocolDetail, '');
  }
  yield last(CODE.ok);
}

/** A dashboard without a terminal and without a socket: it is fed answers, and its screen is read as text. */
import { FakeClient, FakeDaemon } from '../cli/test-support.ts';
import type { SocketDialect } from '../cli/dialect.ts';
import { AnswerReader, type AnswerLine } from './answer.ts';
import { pressKey } from './keys.ts';
import { Dashboard, type Effect } from './model.ts';
import { plainText } from './text.ts';
import { render } from './view.ts';

export const TIME = '12:00:00';

/** The lines of an answer as they stand on the socket. */
export function answerLines(text: string): AnswerLine[] {
  return [...new AnswerReader().read(text)].filter((line) => 'code' in line);
}

export function board(options: Partial<Dashboard['options']> = {}): Dashboard {
  const made = new Dashboard({ socket: '/run/bird.ctl', restricted: false, unicode: false, ...options });
  made.connected(TIME);
  return made;
}

/** What the daemon of the tests of commands answers, in a dialect. */
export function feed(made: Dashboard, dialect?: SocketDialect, atMs = 0): Dashboard {
  const client = new FakeClient(new FakeDaemon(), dialect);
  made.takeStatus(answerLines(client.ask('show status')));
  made.takeProtocols(answerLines(client.ask('show protocols all')), atMs, TIME);
  made.takeGroups(answerLines(client.ask('show status groups')));
  return made;
}

/** `show protocols all` of sessions that are up. */
export function manySessions(
  count: number,
  received = 0,
  established = (_i: number): boolean => true,
): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const up = established(i);
    const state = up ? 'up    ' : 'start ';
    const head = `node${i + 1}      BGP        ---        ${state} 11:00:00.000  ${up ? 'Established   ' : 'Active        Socket: Connection refused'}`;
    return [
      `1002-${head}`,
      `1006-  BGP state:          ${up ? 'Established' : 'Active'}`,
      `     Neighbor address: 10.0.${i >> 8}.${i & 255}`,
      '     Neighbor AS:      65000',
      '   Channel ipv4',
      '     State:          UP',
      `     Routes:         ${i} imported, ${2 * i} exported, ${i} preferred`,
      '     Route change stats:     received   rejected   filtered    ignored   accepted',
      `       Import updates:     ${received}          0          0          0          0`,
      '       Import withdraws:          0          0        ---          0          0',
      '       Export updates:            0          0          0        ---          0',
      '       Export withdraws:          0        ---        ---        ---          0',
      ' ',
    ].join('\n');
  });
  return `2002-Name       Proto      Table      State  Since         Info\n${rows.join('\n')}\n0000 \n`;
}

export const STATUS =
  '1000-BIRD 2.0.12\n1011-Router ID is 192.0.2.1\n Hostname is rr\n Current server time is 2026-01-02 12:00:00.000\n' +
  ' Last reboot on 2026-01-01 10:00:00.000\n Last reconfiguration on 2026-01-01 10:00:00.000\n0013 Daemon is up and running\n';

/** Presses keys; returns what the last one asked for. */
export function press(made: Dashboard, ...keys: readonly string[]): Effect | undefined {
  let effect: Effect | undefined;
  for (const key of keys) effect = pressKey(made, key);
  return effect;
}

/** The screen as lines without what pads them. */
export function screen(made: Dashboard): string[] {
  return plainText(render(made)).trimEnd().split('\n');
}

import { describe, expect, it } from 'vitest';
import { bgpError, type BgpError } from '../wire/errors.ts';
import type { FsmAction } from './action.ts';
import { EVENT_NUMBER, type EventName, type FsmEvent } from './event.ts';
import { FSM_STATES, type FsmState } from './state.ts';
import { step, type FsmContext } from './step.ts';

const CONTEXT: FsmContext = {
  passive: false,
  connectDelayTimeS: 5,
  connectRetryTimeS: 120,
  startupHoldTimeS: 240,
  holdTimeS: 90,
  keepaliveTimeS: 30,
};

/** The errors that events bring; their codes are checked in what is sent. */
const ERRORS: { readonly [name in EventName]?: BgpError } = {
  ManualStop: bgpError(6, 2),
  AutomaticStop: bgpError(6, 1),
  BGPHeaderErr: bgpError(1, 2),
  BGPOpenMsgErr: bgpError(2, 6),
  UpdateMsgErr: bgpError(3, 1),
  RouteRefreshMsgErr: bgpError(7, 1),
  NotifMsg: bgpError(4, 0),
  NotifMsgVerErr: bgpError(2, 1),
};

function event(name: EventName, error = ERRORS[name]): FsmEvent {
  return { type: name, ...(error && { error }) } as FsmEvent;
}

/** Actions in a line: `notify 6.2`, `hold 90`, `-hold`, `drop`, … */
function words(actions: readonly FsmAction[]): string {
  return actions
    .map((action) => {
      switch (action.type) {
        case 'startTimer':
          return `${action.timer} ${action.seconds}`;
        case 'stopTimer':
          return `-${action.timer}`;
        case 'sendNotification':
          return `notify ${action.error.code}.${action.error.subcode}`;
        default:
          return action.type;
      }
    })
    .join(', ');
}

const RELEASE = '-connectRetry, -hold, -keepalive, drop';
/** Back to Idle after an error that the neighbour is told. */
const fail = (error: string): string => `Idle: notify ${error}, countRetry, damp, ${RELEASE}`;
/** Back to Idle without a word. */
const quit = (first: string): string => `Idle: ${first}${RELEASE}`;
const CONNECT = 'Connect: connectRetry 120, connect';
const OPEN = 'OpenSent: -connectRetry, sendOpen, hold 240';

/**
 * What each event does in each state, after RFC 4271 section 8.2.2; `=` keeps the state and does nothing.
 * Columns: Idle, Connect, Active, OpenSent, OpenConfirm, Established.
 */
const START = ['=', '=', '=', '=', '='];
const WITHOUT = quit('countRetry, damp, ');
const TABLE: { readonly [name in EventName]: readonly string[] } = {
  ManualStart: ['Active: clearRetries, connectRetry 5', ...START],
  ManualStop: [
    '=',
    quit('clearRetries, '),
    quit('clearRetries, '),
    quit('notify 6.2, clearRetries, '),
    quit('notify 6.2, clearRetries, '),
    quit('notify 6.2, clearRetries, '),
  ],
  AutomaticStart: ['Active: clearRetries, connectRetry 5', ...START],
  ManualStart_with_PassiveTcpEstablishment: ['Active: clearRetries', ...START],
  AutomaticStart_with_PassiveTcpEstablishment: ['Active: clearRetries', ...START],
  AutomaticStart_with_DampPeerOscillations: ['Active: clearRetries, connectRetry 5', ...START],
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: ['Active: clearRetries', ...START],
  AutomaticStop: ['=', WITHOUT, WITHOUT, fail('6.1'), fail('6.1'), fail('6.1')],
  ConnectRetryTimer_Expires: [
    '=',
    'Connect: drop, connectRetry 120, connect',
    CONNECT,
    fail('5.0'),
    fail('5.0'),
    fail('5.0'),
  ],
  HoldTimer_Expires: ['=', WITHOUT, WITHOUT, fail('4.0'), fail('4.0'), fail('4.0')],
  KeepaliveTimer_Expires: [
    '=',
    WITHOUT,
    WITHOUT,
    fail('5.0'),
    'OpenConfirm: sendKeepalive, keepalive 30',
    'Established: sendKeepalive, keepalive 30',
  ],
  DelayOpenTimer_Expires: ['=', WITHOUT, WITHOUT, fail('5.0'), fail('5.0'), fail('5.0')],
  IdleHoldTimer_Expires: [
    'Active: clearRetries, connectRetry 5',
    WITHOUT,
    WITHOUT,
    fail('5.0'),
    fail('5.0'),
    fail('5.0'),
  ],
  TcpConnection_Valid: ['=', '=', '=', '=', '=', '='],
  Tcp_CR_Invalid: ['=', '=', '=', '=', '=', '='],
  Tcp_CR_Acked: ['=', OPEN, OPEN, '=', '=', '='],
  TcpConnectionConfirmed: ['=', OPEN, OPEN, '=', '=', '='],
  TcpConnectionFails: [
    '=',
    quit('countRetry, '),
    quit('countRetry, '),
    'Active: -hold, drop, connectRetry 5',
    quit('countRetry, '),
    quit('countRetry, '),
  ],
  BGPOpen: [
    '=',
    WITHOUT,
    WITHOUT,
    'OpenConfirm: -connectRetry, sendKeepalive, hold 90, keepalive 30',
    fail('5.2'),
    fail('5.3'),
  ],
  BGPOpen_with_DelayOpenTimer_running: ['=', WITHOUT, WITHOUT, fail('5.0'), fail('5.0'), fail('5.0')],
  BGPHeaderErr: ['=', WITHOUT, WITHOUT, fail('1.2'), fail('1.2'), fail('1.2')],
  BGPOpenMsgErr: ['=', WITHOUT, WITHOUT, fail('2.6'), fail('5.2'), fail('5.3')],
  OpenCollisionDump: [
    '=',
    WITHOUT,
    WITHOUT,
    quit('notify 6.7, countRetry, '),
    quit('notify 6.7, countRetry, '),
    quit('notify 6.7, countRetry, '),
  ],
  NotifMsgVerErr: ['=', quit(''), quit(''), quit(''), quit(''), quit('')],
  NotifMsg: ['=', WITHOUT, WITHOUT, WITHOUT, WITHOUT, WITHOUT],
  KeepAliveMsg: [
    '=',
    WITHOUT,
    WITHOUT,
    fail('5.1'),
    'Established: hold 90, established',
    'Established: hold 90',
  ],
  UpdateMsg: ['=', WITHOUT, WITHOUT, fail('5.1'), fail('5.2'), 'Established: hold 90'],
  UpdateMsgErr: ['=', WITHOUT, WITHOUT, fail('5.1'), fail('5.2'), fail('3.1')],
  SendHoldTimer_Expires: ['=', WITHOUT, WITHOUT, fail('8.0'), fail('8.0'), fail('8.0')],
  RouteRefreshMsg: ['=', WITHOUT, WITHOUT, fail('5.1'), fail('5.2'), '='],
  RouteRefreshMsgErr: ['=', WITHOUT, WITHOUT, fail('5.1'), fail('5.2'), fail('7.1')],
};

function described(state: FsmState, result: ReturnType<typeof step>): string {
  if (result.state === state && result.actions.length === 0) return '=';
  return `${result.state}: ${words(result.actions)}`;
}

describe('the state machine', () => {
  const rows = (Object.keys(EVENT_NUMBER) as EventName[]).flatMap((name) =>
    FSM_STATES.map((state, column) => [name, state, TABLE[name][column]!] as const),
  );

  it('numbers every event of RFC 4271 section 8.1 and RFC 9687', () => {
    const numbers = Object.values(EVENT_NUMBER).filter((number) => number !== undefined);
    expect(numbers).toEqual(Array.from({ length: 29 }, (_, i) => i + 1));
  });

  it.each(rows)('%s in %s', (name, state, expected) => {
    expect(described(state, step(state, event(name), CONTEXT))).toBe(expected);
  });

  it.each<[string, FsmState, FsmEvent, Partial<FsmContext>, string]>([
    [
      'connects at once on a start by hand without delay',
      'Idle',
      event('ManualStart'),
      { connectDelayTimeS: 0 },
      'Connect: clearRetries, connectRetry 120, connect',
    ],
    [
      'waits a second at least when it starts again by itself',
      'Idle',
      event('AutomaticStart'),
      { connectDelayTimeS: 0 },
      'Active: clearRetries, connectRetry 1',
    ],
    [
      'never connects when passive',
      'Idle',
      event('ManualStart'),
      { passive: true, connectDelayTimeS: 0 },
      'Active: clearRetries, -connectRetry',
    ],
    [
      'stays passive when a timer says otherwise',
      'Active',
      event('ConnectRetryTimer_Expires'),
      { passive: true },
      '=',
    ],
    [
      'forgets an accepted connection that breaks',
      'OpenSent',
      event('TcpConnectionFails'),
      { passive: true },
      quit('countRetry, '),
    ],
    [
      'runs no timers with a hold time of 0',
      'OpenSent',
      event('BGPOpen'),
      { holdTimeS: 0, keepaliveTimeS: 0 },
      'OpenConfirm: -connectRetry, sendKeepalive, -hold',
    ],
    [
      'is established with a hold time of 0',
      'OpenConfirm',
      event('KeepAliveMsg'),
      { holdTimeS: 0, keepaliveTimeS: 0 },
      'Established: established',
    ],
    [
      'does not wait after a Cease of the neighbour',
      'Established',
      event('NotifMsg', bgpError(6, 2)),
      {},
      quit('countRetry, '),
    ],
    [
      'closes without a word where none is given',
      'Established',
      { type: 'ManualStop' },
      {},
      quit('clearRetries, '),
    ],
  ])('%s', (_name, state, fsmEvent, options, expected) => {
    expect(described(state, step(state, fsmEvent, { ...CONTEXT, ...options }))).toBe(expected);
  });
});

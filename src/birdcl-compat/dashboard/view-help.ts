/** What keys there are. */
import type { Dashboard } from './model.ts';
import { fit, line, span, type Frame, type Line } from './text.ts';

type Section = readonly [title: string, keys: readonly (readonly [key: string, text: string])[]];

export const HELP: readonly Section[] = [
  [
    'Everywhere',
    [
      ['1 2 3 4, Tab', 'sessions, update groups, routes, log'],
      ['arrows, j k', 'move; PgUp PgDn by a page, Home End (g G) to the ends'],
      ['Enter', 'the page about what is selected'],
      ['Esc', 'back; takes a filter away'],
      ['Space, p', 'stop looking, and go on'],
      ['?', 'this help'],
      ['q, Ctrl-C', 'leave'],
    ],
  ],
  [
    'Sessions',
    [
      ['< >', 'sort by the column to the left or right'],
      ['o', 'the other order'],
      ['/', 'only those with this text in name, neighbour, AS, state or more'],
      ['u', 'sessions, established, not established, all protocols'],
      ['r', 'routes from the session'],
      ['x', 'routes that it is sent'],
    ],
  ],
  [
    'A session, after a question',
    [
      ['E D', 'enable, disable'],
      ['R', 'restart'],
      ['L I O', 'reload both ways, in, out'],
    ],
  ],
  [
    'Routes',
    [
      ['/', '10.0.0.0/8: it and all within; =10.0.0.0/8: it alone;'],
      ['', "10.1.2.3: the longest match; or arguments of 'show route':"],
      ['', 'protocol p1, where bgp_path.len > 3, table t, export p1'],
      ['e', 'change what was asked for'],
      ['a', 'all routes'],
      ['n N', 'on the page of a route: the next one, the one before'],
      ['Ctrl-L', 'ask again'],
    ],
  ],
  [
    'Columns of sessions',
    [
      ['For', 'time in this state'],
      ['In, Out', 'routes taken from the neighbour, and sent to it'],
      ['In/s, Out/s', 'changes a second, announced or withdrawn'],
      ['Lag', 'bytes that it has yet to take; walk: it is sent the whole table'],
      ['Activity', 'In/s and Out/s together, the newest on the right'],
    ],
  ],
  ['Log', [['*', 'seen by the dashboard; other lines are what the daemon logs']]],
];

function lines(): Line[] {
  return HELP.flatMap(([title, keys]) => [
    line(` ${title}`, 'heading'),
    ...keys.map(([key, text]) => [span(`   ${fit(key, 14)}`, 'bold'), span(text)]),
  ]);
}

export function helpRows(_board: Dashboard): number {
  return lines().length;
}

export function helpView(board: Dashboard): Frame {
  return lines().slice(board.page.top, board.page.top + board.bodyRows);
}

/** The whole screen: what is the same in all views, and the view between. */
import { homeOf, VIEWS, type Dashboard, type View } from './model.ts';
import { durationText, rateText, shortNumber, sparkline } from './numbers.ts';
import { parseTime } from './parse-status.ts';
import { isRange, isUp } from './sessions.ts';
import {
  clean,
  fitLine,
  line,
  lineLength,
  overlay,
  span,
  spread,
  wrap,
  type Frame,
  type Line,
} from './text.ts';
import { groupsView, groupView } from './view-groups.ts';
import { helpView } from './view-help.ts';
import { logView } from './view-log.ts';
import { routesView } from './view-routes.ts';
import { routeView } from './view-route.ts';
import { sessionsView } from './view-sessions.ts';
import { sessionView } from './view-session.ts';

const LEAST = { width: 40, height: 10 } as const;

const TITLES: Readonly<Record<(typeof VIEWS)[number], string>> = {
  sessions: 'Sessions',
  groups: 'Groups',
  routes: 'Routes',
  log: 'Log',
};

const BODIES: Readonly<Record<View, (board: Dashboard) => Frame>> = {
  sessions: (board) => sessionsView(board, board.bodyRows),
  session: sessionView,
  groups: groupsView,
  group: groupView,
  routes: routesView,
  route: routeView,
  log: logView,
  help: helpView,
};

const ACTION_HINT = 'E/D/R/L enable, disable, restart, reload';
/** The most important first: what does not fit is left out. */
const HINTS: Readonly<Record<View, readonly string[]>> = {
  sessions: [
    '? help',
    'Enter details',
    '< > o sort',
    '/ filter',
    'u which',
    'r/x routes',
    ACTION_HINT,
    'q leave',
  ],
  session: ['? help', 'Esc back', 'r routes from it', 'x routes to it', ACTION_HINT],
  groups: ['? help', 'Enter members', 'q leave'],
  group: ['? help', 'Esc back', 'Enter session', ACTION_HINT],
  routes: ['? help', 'Enter attributes', '/ find', 'e change', 'a all', 'Esc back'],
  route: ['? help', 'Esc back', 'n N next, previous'],
  log: ['? help', '/ filter', 'End newest', 'q leave'],
  help: ['Esc back', 'arrows scroll'],
};

/** A frame of exactly the size of the screen. */
export function render(board: Dashboard): Frame {
  const { width, height } = board;
  if (width < LEAST.width || height < LEAST.height) {
    const text = `The terminal is too small: ${LEAST.width} columns and ${LEAST.height} lines are needed. q leaves.`;
    return filled(
      wrap(text, Math.max(1, width)).map((words) => line(words)),
      width,
      height,
    );
  }
  const body = filled(BODIES[board.view](board), width, board.bodyRows);
  const frame = [...head(board), ...body, foot(board)].map((spans) => fitLine(spans, width));
  return board.question ? overlay(frame, questionBox(board), width) : frame;
}

/** A frame for paper: all sessions, or all groups, with what is above them. */
export function printed(board: Dashboard): Frame {
  const [title, totals] = head(board);
  const body =
    board.view === 'sessions' ? sessionsView(board, board.rows.length + 3) : BODIES[board.view](board);
  return [title!, totals!, line(''), ...body].map((spans) => fitLine(spans, board.width));
}

function filled(lines: Frame, width: number, height: number): Frame {
  const empty = Array.from({ length: Math.max(0, height - lines.length) }, () => line(''));
  return [...lines.slice(0, height), ...empty].map((spans) => fitLine(spans, width));
}

function head(board: Dashboard): readonly Line[] {
  return [titleLine(board), totalsLine(board), tabLine(board)];
}

function titleLine(board: Dashboard): Line {
  const { status, connection, options, width } = board;
  const name = status
    ? [status.hostname, status.routerId].filter((text) => text !== '').join(' ')
    : options.socket;
  const left = [span(` catbird top  ${name}`, 'title')];
  if (connection.state !== 'up') {
    const text = connection.state === 'lost' ? 'NOT CONNECTED, trying again' : 'connecting';
    return spread(left, [span(`${text} `, 'title')], width, 'title');
  }
  if (board.waitingS > 0) {
    return spread(left, [span(`NO ANSWER for ${board.waitingS} s `, 'title')], width, 'title');
  }
  if (!status) return fitLine(left, width);
  const nowMs = parseTime(status.now);
  const bootMs = parseTime(status.boot, nowMs);
  const up = nowMs === undefined || bootMs === undefined ? '' : `up ${durationText(nowMs - bootMs)}  `;
  const kind = board.groups ? `Catbird as ${status.version}` : status.version;
  const paused = board.paused ? 'PAUSED  ' : '';
  return spread(left, [span(`${paused}${kind}  ${up}${clockTime(status.now)} `, 'title')], width, 'title');
}

/** The time of day in a time as the daemon writes it. */
function clockTime(text: string): string {
  return /\d\d:\d\d:\d\d/.exec(text)?.[0] ?? text;
}

function totalsLine(board: Dashboard): Line {
  const { connection } = board;
  if (connection.state === 'lost') {
    const old = board.status ? ` Below is what was at ${clockTime(board.status.now)}.` : '';
    return line(` ${connection.reason}.${old}`, 'bad');
  }
  if (!board.status) return line('');
  const sessions = board.sessions.filter((row) => row.bgpState !== undefined && !isRange(row));
  const up = sessions.filter(isUp).length;
  const down = sessions.length - up;
  const sum = (key: 'imported' | 'exported'): string =>
    shortNumber(
      sessions.reduce((all, row) => all + row[key], 0),
      7,
    );
  const { recovery, state } = board.status;
  const remark = recovery !== '' ? recovery : state === 'Daemon is up and running' ? '' : state;
  const states = [
    span(` ${up} of ${sessions.length} established`, down === 0 ? 'good' : 'plain'),
    span(down === 0 ? '' : `, ${down} not`, 'warn'),
  ];
  if (remark !== '') return [...states, span(`  ${remark}`, 'warn')];
  const rate = (label: string, routes: string, { latest }: Dashboard['received']): Line => [
    span(`  ${label} ${routes} (${rateText(latest, 6)}/s) `),
  ];
  const received = rate('in', sum('imported'), board.received);
  const sent = rate('out', sum('exported'), board.sent);
  const room = board.width - lineLength([...states, ...received, ...sent]) - 1;
  const spark = Math.min(20, Math.floor(room / 2));
  const graph = ({ history }: Dashboard['received']): Line =>
    spark < 4 ? [] : [span(sparkline(history, spark, board.options.unicode), 'accent')];
  return [...states, ...received, ...graph(board.received), ...sent, ...graph(board.sent)];
}

function tabLine(board: Dashboard): Line {
  const home = homeOf(board.view);
  const tabs = VIEWS.flatMap((view, i) => {
    const text = ` ${i + 1} ${TITLES[view]} `;
    // Brackets say it where the terminal cannot.
    return home === view ? [span(`[${text.trim()}]`, 'bold')] : [span(text)];
  });
  return spread([span(' '), ...tabs], [span(`${contextText(board)} `)], board.width);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** What decides which rows are shown. */
function contextText(board: Dashboard): string {
  switch (board.view) {
    case 'sessions': {
      const filter = board.filter === '' ? '' : `, with '${board.filter}'`;
      const { length } = board.rows;
      const what = board.shown === 'sessions' ? count(length, 'session') : `${length} ${board.shown}`;
      return `${what}${filter}`;
    }
    case 'log':
      return [
        board.logFilter === '' ? '' : `with '${board.logFilter}'`,
        board.logBack > 0 ? `${board.logBack} lines back` : '',
      ]
        .filter((text) => text !== '')
        .join(', ');
    case 'groups':
      return board.groups ? count(board.groups.length, 'group') : '';
    case 'session':
    case 'group':
    case 'routes':
    case 'route':
    case 'help':
      return '';
  }
}

const PROMPTS = {
  'filter sessions': 'Only sessions with:',
  'filter log': 'Only lines with:',
  'find routes': 'show route:',
} as const;

function foot(board: Dashboard): Line {
  const { prompt, message, width } = board;
  if (prompt) {
    const label = ` ${PROMPTS[prompt.kind]} `;
    // The end of a long text is what is being typed.
    const room = width - label.length - 2;
    return [span(label, 'bold'), span(prompt.text.slice(-room)), span('_', 'bold')];
  }
  if (message) return line(` ${clean(message.text)}`, message.bad ? 'bad' : 'good');
  const spans: Line[number][] = [];
  for (const hint of HINTS[board.view]) {
    const text = hint.replace(/^(\S+(?: [<>ox](?= ))*)(.*)$/, '$1');
    const rest = hint.slice(text.length);
    if (lineLength(spans) + hint.length + 3 > width) continue;
    spans.push(span(spans.length === 0 ? ' ' : '   '), span(text, 'bold'), span(rest));
  }
  return spans;
}

/** Asks before something is done. */
function questionBox({ question, options: { unicode }, width }: Dashboard): readonly Line[] {
  const inner = Math.min(60, width - 8);
  const texts = [
    [question!.title, 'bold'],
    ['', 'plain'],
    ...wrap(question!.text, inner).map((text) => [text, 'plain'] as const),
    ['', 'plain'],
    ['y  yes      any other key  no', 'bold'],
  ] as const;
  const [corner, dash, side] = unicode ? ['╔╗╚╝', '═', '║'] : ['++++', '-', '|'];
  const edge = (from: number): Line => line(`${corner[from]}${dash.repeat(inner + 4)}${corner[from + 1]}`);
  return [
    edge(0),
    ...texts.map(([text, style]) => [
      span(`${side}  `),
      span(text.slice(0, inner).padEnd(inner), style),
      span(`  ${side}`),
    ]),
    edge(2),
  ];
}

/** What keys do. Names of keys are those of the terminal library: `up`, `pagedown`, `C-c`, or the character itself. */
import { routeArguments } from './parse-routes.ts';
import { routeListRows } from './view-routes.ts';
import { helpRows } from './view-help.ts';
import { sessionPageRows } from './view-session.ts';
import { routePageRows } from './view-route.ts';
import { homeOf, VIEWS, type Dashboard, type Effect, type View } from './model.ts';
import { RouteWindow } from './route-window.ts';
import { COLUMNS, SHOWN } from './sessions.ts';
import { clean } from './text.ts';

/** Longest text that can be typed: a request has at most 4094 characters. */
const LONGEST_TEXT = 1000;

/** Changes the model as the key asks; returns what somebody else has to do. */
export function pressKey(board: Dashboard, key: string): Effect | undefined {
  if (key === 'C-c') return { type: 'quit' };
  if (key === 'C-z') return { type: 'suspend' };
  if (board.question) return answerQuestion(board, key);
  if (board.prompt) return type(board, key);
  board.message = undefined;
  return (VIEW_KEYS[board.view]?.(board, key) ?? anywhere(board, key)) || undefined;
}

/** `false`: the key is known here and asks for nothing more. Undefined: not known here. */
type Handled = Effect | false | undefined;

function answerQuestion(board: Dashboard, key: string): Effect | undefined {
  const { command } = board.question!;
  board.question = undefined;
  return key === 'y' || key === 'Y' ? { type: 'command', command } : undefined;
}

// --- typing ---------------------------------------------------------------------------------------------------------

function type(board: Dashboard, key: string): Effect | undefined {
  const prompt = board.prompt!;
  if (key === 'escape') {
    board.prompt = undefined;
    if (prompt.kind !== 'find routes') apply(board, prompt.kind, '');
  } else if (key === 'return' || key === 'enter') {
    board.prompt = undefined;
    if (prompt.kind === 'find routes') return showRoutes(board, routeArguments(prompt.text));
  } else {
    if (key === 'backspace') prompt.text = prompt.text.slice(0, -1);
    else if (key === 'C-u') prompt.text = '';
    else if (key === 'space') prompt.text += ' ';
    else if ([...key].length === 1 && prompt.text.length < LONGEST_TEXT) prompt.text += clean(key);
    if (prompt.kind !== 'find routes') apply(board, prompt.kind, prompt.text);
  }
  return undefined;
}

/** Filters count while they are typed. */
function apply(board: Dashboard, kind: 'filter sessions' | 'filter log', text: string): void {
  if (kind === 'filter log') {
    board.logFilter = text;
    board.logBack = 0;
    return;
  }
  board.filter = text;
  board.arrange();
}

// --- everywhere -----------------------------------------------------------------------------------------------------

function open(board: Dashboard, view: View): Handled {
  if (view !== board.view) board.back.push(board.view);
  board.view = view;
  board.page.top = 0;
  return false;
}

/** One of the four views, from anywhere. */
function turnTo(board: Dashboard, view: View): Handled {
  board.back.length = 0;
  board.view = view;
  if (view === 'routes' && !board.routes) return showRoutes(board, '');
  return false;
}

/** Shows the view of routes with other ones. */
export function showRoutes(board: Dashboard, wanted: string): Effect {
  if (board.view !== 'routes') board.back.push(board.view);
  board.view = 'routes';
  board.routeArguments = wanted;
  board.routes = new RouteWindow();
  board.routeList.selected = board.routeList.top = 0;
  return { type: 'routes', arguments: wanted };
}

function anywhere(board: Dashboard, key: string): Handled {
  switch (key) {
    case 'q':
      return { type: 'quit' };
    case '?':
    case 'h':
    case 'f1':
      return open(board, 'help');
    case 'escape':
    case 'left':
    case 'backspace':
      board.view = board.back.pop() ?? homeOf(board.view);
      if (board.view === 'help') board.view = 'sessions';
      return false;
    case 'tab':
    case 'S-tab': {
      const at = VIEWS.indexOf(homeOf(board.view) as (typeof VIEWS)[number]);
      const step = key === 'tab' ? 1 : VIEWS.length - 1;
      return turnTo(board, VIEWS[(at + step) % VIEWS.length]!);
    }
    case '1':
    case '2':
    case '3':
    case '4':
      return turnTo(board, VIEWS[Number(key) - 1]!);
    case 'p':
    case 'space':
    case ' ':
      board.paused = !board.paused;
      return false;
    default:
      return undefined;
  }
}

// --- moving ---------------------------------------------------------------------------------------------------------

/** How far a key moves, where `rows` are seen; undefined where it does not. */
function distance(key: string, rows: number): number | undefined {
  switch (key) {
    case 'up':
    case 'k':
      return -1;
    case 'down':
    case 'j':
      return 1;
    case 'pageup':
    case 'C-b':
      return -Math.max(1, rows - 1);
    case 'pagedown':
    case 'C-f':
      return Math.max(1, rows - 1);
    case 'home':
    case 'g':
      return Number.NEGATIVE_INFINITY;
    case 'end':
    case 'G':
      return Number.POSITIVE_INFINITY;
    default:
      return undefined;
  }
}

function scrollPage(board: Dashboard, key: string, count: number): Handled {
  const by = distance(key, board.bodyRows);
  if (by === undefined) return undefined;
  board.page.scroll(by, count, board.bodyRows);
  return false;
}

// --- each view ------------------------------------------------------------------------------------------------------

/** Keys that change something, with what they do in the words of the question. */
const ACTIONS: Readonly<Record<string, readonly [command: string, text: string]>> = {
  E: ['enable', 'It is started, if it is disabled.'],
  D: ['disable', 'Its session is closed and stays down. Its routes are withdrawn.'],
  R: ['restart', 'Its session is closed and opened again. Its routes are withdrawn until it is back.'],
  L: ['reload', 'Filters are applied again in both directions. Its session stays up.'],
  I: ['reload in', 'The import filter is applied again. Its session stays up.'],
  O: ['reload out', 'Routes are sent again. Its session stays up.'],
};

/** Names that are no plain word are written in quotes, as in a configuration. */
function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`;
}

/** BIRD 3 has another word for it. */
function spoken({ status, groups }: Dashboard, verb: string): string {
  const isBird3 = !groups && /^BIRD v?3\./.test(status?.version ?? '');
  return isBird3 ? verb.replace(/^reload/, 'reload filters') : verb;
}

function act(board: Dashboard, key: string, name: string | undefined): Handled {
  if (!Object.hasOwn(ACTIONS, key) || name === undefined) return undefined;
  const [verb, text] = ACTIONS[key]!;
  if (board.options.restricted)
    board.message = { text: 'this session is restricted (-r): nothing can be changed', bad: true };
  else if (board.connection.state !== 'up') board.message = { text: 'there is no connection', bad: true };
  else
    board.question = {
      command: `${spoken(board, verb)} ${quoted(name)}`,
      title: `${verb[0]!.toUpperCase()}${verb.slice(1)} ${name}?`,
      text,
    };
  return false;
}

/** Keys for the session that is selected or looked at. */
function sessionKeys(board: Dashboard, key: string, name: string | undefined): Handled {
  if (name !== undefined && key === 'r') return showRoutes(board, `protocol ${quoted(name)}`);
  if (name !== undefined && key === 'x') return showRoutes(board, `export ${quoted(name)}`);
  return act(board, key, name);
}

function sessionsKeys(board: Dashboard, key: string): Handled {
  const { rows, sessionList, order } = board;
  const name = rows[sessionList.selected]?.name;
  const visible = board.bodyRows - 1;
  const by = distance(key, visible);
  if (by !== undefined) {
    sessionList.move(by, rows.length, visible);
    return false;
  }
  const sort = (column: number, reversed: boolean): Handled => {
    board.order = { column: (column + COLUMNS.length) % COLUMNS.length, reversed };
    board.arrange();
    sessionList.select(0, rows.length, visible);
    return false;
  };
  switch (key) {
    case 'return':
    case 'enter':
    case 'right':
      if (name === undefined) return false;
      board.sessionName = name;
      return open(board, 'session');
    case '<':
    case ',':
      return sort(order.column - 1, false);
    case '>':
    case '.':
      return sort(order.column + 1, false);
    case 'o':
      return sort(order.column, !order.reversed);
    case 'u':
      board.shown = SHOWN[(SHOWN.indexOf(board.shown) + 1) % SHOWN.length]!;
      board.arrange();
      return false;
    case '/':
    case 'f':
      board.prompt = { kind: 'filter sessions', text: board.filter };
      return false;
    case 'escape':
      if (board.filter === '') return undefined;
      apply(board, 'filter sessions', '');
      return false;
    default:
      return sessionKeys(board, key, name);
  }
}

function sessionPageKeys(board: Dashboard, key: string): Handled {
  return scrollPage(board, key, sessionPageRows(board)) ?? sessionKeys(board, key, board.sessionName);
}

function groupsKeys(board: Dashboard, key: string): Handled {
  const { groups = [], groupList } = board;
  const by = distance(key, board.bodyRows - 1);
  if (by !== undefined) {
    groupList.move(by, groups.length, board.bodyRows - 1);
    return false;
  }
  const number = groups[groupList.selected]?.number;
  if (number === undefined || !['return', 'enter', 'right'].includes(key)) return undefined;
  board.groupNumber = number;
  board.memberList.select(0, 0, 1);
  return open(board, 'group');
}

function groupPageKeys(board: Dashboard, key: string): Handled {
  const { members, memberList } = board;
  const visible = board.bodyRows - 4;
  const by = distance(key, visible);
  if (by !== undefined) {
    memberList.move(by, members.length, visible);
    return false;
  }
  const name = members[memberList.selected]?.protocol;
  if (name !== undefined && ['return', 'enter', 'right'].includes(key)) {
    board.sessionName = name;
    return open(board, 'session');
  }
  return sessionKeys(board, key, name);
}

function routesKeys(board: Dashboard, key: string): Handled {
  const { routes, routeList } = board;
  const visible = routeListRows(board);
  const by = distance(key, visible);
  if (by !== undefined) {
    // What is no longer held is asked for again.
    if (by === Number.NEGATIVE_INFINITY && routes && routes.dropped > 0)
      return showRoutes(board, board.routeArguments);
    routeList.move(by, routes?.routes.length ?? 0, visible);
    return false;
  }
  switch (key) {
    case 'return':
    case 'enter':
    case 'right':
      return routes?.routes[routeList.selected] ? open(board, 'route') : false;
    case '/':
    case 'f':
      board.prompt = { kind: 'find routes', text: '' };
      return false;
    case 'e':
      board.prompt = { kind: 'find routes', text: board.routeArguments.replace(/^(in|for) (?=[\da-f])/, '') };
      return false;
    case 'a':
      return showRoutes(board, '');
    case 'F5':
    case 'f5':
    case 'C-l':
      return showRoutes(board, board.routeArguments);
    default:
      return undefined;
  }
}

function routePageKeys(board: Dashboard, key: string): Handled {
  const { routes, routeList } = board;
  if (key === 'n' || key === 'N') {
    routeList.move(key === 'n' ? 1 : -1, routes?.routes.length ?? 0, routeListRows(board));
    board.page.top = 0;
    return false;
  }
  return scrollPage(board, key, routePageRows(board));
}

function logKeys(board: Dashboard, key: string): Handled {
  const visible = board.bodyRows;
  const most = Math.max(0, board.logLines.length - visible);
  const by = distance(key, visible);
  if (by !== undefined) {
    board.logBack = Math.max(0, Math.min(board.logBack - by, most));
    return false;
  }
  if (key === '/' || key === 'f') {
    board.prompt = { kind: 'filter log', text: board.logFilter };
    return false;
  }
  if (key !== 'escape' || board.logFilter === '') return undefined;
  apply(board, 'filter log', '');
  return false;
}

const VIEW_KEYS: Readonly<Partial<Record<View, (board: Dashboard, key: string) => Handled>>> = {
  sessions: sessionsKeys,
  session: sessionPageKeys,
  groups: groupsKeys,
  group: groupPageKeys,
  routes: routesKeys,
  route: routePageKeys,
  log: logKeys,
  help: (board, key) => scrollPage(board, key, helpRows(board)),
};

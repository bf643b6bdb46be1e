/** Update groups, and the members of one. */
import type { Dashboard } from './model.ts';
import { bytesText, lagText, shortNumber } from './numbers.ts';
import type { Group } from './parse-status.ts';
import { fit, fitRight, line, span, type Frame, type Line } from './text.ts';
import { marked } from './view-sessions.ts';

interface Column {
  readonly title: string;
  readonly width: number;
  readonly right?: true;
  readonly text: (group: Group, width: number) => string;
}

function behind({ members }: Group): number {
  return members.filter(({ state }) => state !== 'current').length;
}

function largestLag({ members }: Group): number {
  return members.reduce((most, { lagBytes }) => Math.max(most, lagBytes), 0);
}

const COLUMNS: readonly Column[] = [
  { title: 'Group', width: 5, right: true, text: ({ number }) => number },
  { title: 'Table', width: 9, text: ({ table }) => table },
  { title: 'Neighbours', width: 16, text: ({ neighbours }) => neighbours },
  { title: 'Filter', width: 12, text: ({ filter }) => filter },
  { title: 'Members', width: 7, right: true, text: ({ members }) => String(members.length) },
  { title: 'Behind', width: 6, right: true, text: (group) => String(behind(group)) },
  { title: 'Lag', width: 6, right: true, text: (group) => lagText(largestLag(group)) },
  { title: 'Routes', width: 8, right: true, text: ({ routes }, width) => shortNumber(routes, width) },
];
const WIDE: readonly Column[] = [
  { title: 'Waiting', width: 8, right: true, text: ({ waiting }, width) => shortNumber(waiting, width) },
  { title: 'Log', width: 7, right: true, text: ({ logBytes }) => bytesText(logBytes) },
];

function cells(columns: readonly Column[], text: (column: Column) => string): string {
  return ` ${columns.map((column) => (column.right ? fitRight : fit)(text(column), column.width)).join(' ')}`;
}

export function groupsView(board: Dashboard): Frame {
  const { groups, groupList } = board;
  if (!groups) {
    const text = !board.status
      ? ['Asking the daemon ...']
      : [
          "This daemon does not tell of update groups: 'show status groups' is Catbird's.",
          'Of lag, only BIRD 3 tells what waits to be written to a neighbour.',
        ];
    return [line(''), ...text.map((words) => line(`  ${words}`))];
  }
  const columns = board.width >= 100 ? [...COLUMNS, ...WIDE] : COLUMNS;
  const body: Line[] = [
    line(
      cells(columns, ({ title }) => title),
      'heading',
    ),
  ];
  if (groups.length === 0)
    body.push(line(''), line('  No session is established, so there are no update groups.'));
  const { top, selected } = groupList;
  for (const [i, group] of groups.slice(top, top + board.bodyRows - 1).entries()) {
    const text = cells(columns, (column) => column.text(group, column.width));
    const spans = line(text, behind(group) > 0 ? 'warn' : 'plain');
    body.push(top + i === selected ? marked(spans, board.width) : spans);
  }
  return body;
}

export function groupView(board: Dashboard): Frame {
  const { group, members, memberList } = board;
  if (!group) return [line(''), line(`  Group ${board.groupNumber} has no members any more.`)];
  const waiting = group.waiting === 0 ? 'no changes wait' : `${group.waiting} changed networks wait`;
  const body: Line[] = [
    [
      span(` Group ${group.number}`, 'bold'),
      span(`  ${group.channel} of ${group.table}, ${group.neighbours}, filter ${group.filter}`),
    ],
    line(` ${group.routes} routes, ${waiting}, sent ${group.sent}, ${bytesText(group.logBytes)} of log`),
    line(''),
    line(` ${fit('Member', 32)} ${fitRight('Behind', 10)}  State`, 'heading'),
  ];
  const { top, selected } = memberList;
  for (const [i, { protocol, lagBytes, state }] of members.slice(top, top + board.bodyRows - 4).entries()) {
    const spans = [
      span(` ${fit(protocol, 32)} ${fitRight(lagText(lagBytes), 10)}  `),
      span(state, state === 'current' ? 'good' : 'warn'),
    ];
    body.push(top + i === selected ? marked(spans, board.width) : spans);
  }
  return body;
}

/** The table of sessions. */
import type { Dashboard } from './model.ts';
import { sparkline } from './numbers.ts';
import { COLUMNS, isRange, isUp, stateStyle, type Column, type SessionRow } from './sessions.ts';
import { clean, fit, fitLine, fitRight, line, restyled, span, type Frame, type Line } from './text.ts';

/** The longest name is shown whole if it has up to so many characters more than the column. */
const NAME_ROOM = 24;
/** A sparkline that is shorter says nothing; a longer one has more of the past than one looks at. */
const SPARK = { least: 6, most: 40 } as const;

interface Layout {
  readonly columns: readonly { readonly column: Column; readonly index: number; readonly width: number }[];
  readonly spark: number;
}

/** Shares out the width: names and addresses get what they need, the sparkline what is left. */
function layout(board: Dashboard): Layout {
  const columns = COLUMNS.flatMap((column, index) =>
    board.width < column.from ? [] : [{ column, index, width: column.width }],
  );
  let room = board.width - 1 - columns.reduce((sum, { width }) => sum + width + 1, 0) - SPARK.least;
  for (const entry of columns) {
    if (entry.column.right || room <= 0) continue;
    let longest = entry.width;
    for (const row of board.rows) longest = Math.max(longest, entry.column.text(row, 99).length);
    const extra = Math.min(longest - entry.width, NAME_ROOM, room);
    entry.width += extra;
    room -= extra;
  }
  return { columns, spark: Math.min(SPARK.most, SPARK.least + Math.max(0, room)) };
}

function heading(board: Dashboard, { columns, spark }: Layout): Line {
  const mark = (index: number): string =>
    index !== board.order.column
      ? ''
      : board.order.reversed
        ? board.options.unicode
          ? '▲'
          : '^'
        : board.options.unicode
          ? '▼'
          : 'v';
  const texts = columns.map(({ column, index, width }) =>
    (column.right ? fitRight : fit)(`${column.title}${mark(index)}`, width),
  );
  return line(` ${texts.join(' ')} ${fit('Activity', spark)}`, 'heading');
}

/** Columns that say something of a session that is up only; the others are told why it is not. */
const FIRST_LIVE = 'In';

function rowLine(board: Dashboard, row: SessionRow, { columns, spark }: Layout): Line {
  const spans = [span(' ')];
  const live = isUp(row) || row.bgpState === undefined;
  for (const { column, width } of columns) {
    if (column.title === FIRST_LIVE && !live) {
      const text = row.lastError !== '' ? row.lastError : isRange(row) ? `accepts ${row.neighbour}` : '';
      const left = board.width - spans.reduce((sum, { text: done }) => sum + done.length, 0);
      spans.push(span(fit(`  ${clean(text)}`, left), row.lastError === '' ? 'plain' : 'warn'));
      return spans;
    }
    const text = column.text(row, width);
    const style =
      column.title === 'State' ? stateStyle(row) : column.title === 'Lag' && row.lagBytes ? 'warn' : 'plain';
    spans.push(span((column.right ? fitRight : fit)(text, width), style), span(' '));
  }
  const graph = row.bgpState === undefined ? '' : sparkline(row.rates.activity, spark, board.options.unicode);
  spans.push(span(fit(graph, spark), 'accent'));
  return spans;
}

/** What stands in place of rows where there are none. */
function emptyText(board: Dashboard): string {
  if (!board.status)
    return board.connection.state === 'lost' ? 'Nothing is known yet.' : 'Asking the daemon ...';
  if (board.filter !== '') return `No session matches '${board.filter}'. Esc takes the filter away.`;
  if (board.shown === 'not established') return 'All sessions are established. u shows others.';
  return board.shown === 'established'
    ? 'No session is established. u shows others.'
    : 'There are no sessions.';
}

/** @param rows how many lines there are for it; more for a frame that is printed */
export function sessionsView(board: Dashboard, rows: number): Frame {
  const found = layout(board);
  const body: Line[] = [heading(board, found)];
  const { top, selected } = board.sessionList;
  if (board.rows.length === 0) body.push(line(''), line(`  ${emptyText(board)}`));
  for (const [i, row] of board.rows.slice(top, top + rows - 1).entries()) {
    const spans = rowLine(board, row, found);
    const isSelected = top + i === selected;
    body.push(isSelected ? marked(spans, board.width) : spans);
  }
  return body;
}

/** The selected row: seen without colours too. */
export function marked(spans: Line, width: number): Line {
  const whole = fitLine(restyled(spans, 'selected'), width);
  const text = whole.map((piece) => piece.text).join('');
  return [span(`>${text.slice(1)}`, 'selected')];
}

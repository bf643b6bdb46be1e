/** The page of one session: what matters first, then all that the daemon says about it. */
import type { Dashboard } from './model.ts';
import { bytesText, durationText, rateText, sparkline } from './numbers.ts';
import type { Rate } from './rates.ts';
import { isUp, stateStyle, stateText } from './sessions.ts';
import { line, span, type Frame, type Line } from './text.ts';

const LABEL = 12;

function labelled(label: string, ...rest: Line): Line {
  return [span(` ${label.padEnd(LABEL)}`, 'heading'), ...rest];
}

function rateLine(label: string, routes: number, rate: Rate, board: Dashboard): Line {
  const width = Math.max(0, Math.min(60, board.width - 40));
  const text = `${String(routes).padStart(9)} routes ${rateText(rate.latest, 7).padStart(8)}/s  `;
  return labelled(label, span(text), span(sparkline(rate.history, width, board.options.unicode), 'accent'));
}

/** How far each update group's member is, where the daemon tells. */
function lagLines(board: Dashboard, name: string): Line[] {
  return (board.groups ?? []).flatMap((group) =>
    group.members
      .filter(({ protocol }) => protocol === name)
      .map(({ lagBytes, state }) =>
        labelled(
          'Group',
          span(`${group.number} (${group.channel}, ${group.members.length} members): ${state}`),
          span(lagBytes > 0 ? `, ${bytesText(lagBytes)} behind` : '', 'warn'),
        ),
      ),
  );
}

function pageLines(board: Dashboard): Line[] {
  const { session } = board;
  if (!session) return [line(''), line(`  ${board.sessionName} is not there any more.`)];
  const forText = session.forMs === undefined ? '' : ` for ${durationText(session.forMs)}`;
  const lines: Line[] = [
    [
      span(` ${session.name}`, 'bold'),
      span('  '),
      span(stateText(session), stateStyle(session)),
      span(`${forText}${session.description === '' ? '' : `   ${session.description}`}`),
    ],
  ];
  if (session.bgpState !== undefined) {
    const as = session.neighbourAs === '' ? '' : `, AS ${session.neighbourAs}`;
    lines.push(labelled('Neighbour', span(`${session.neighbour}${as}`)));
  }
  if (session.lastError !== '') lines.push(labelled('Last error', span(session.lastError, 'warn')));
  if (isUp(session)) {
    lines.push(rateLine('In', session.imported, session.rates.received, board));
    lines.push(rateLine('Out', session.exported, session.rates.sent, board));
    lines.push(...lagLines(board, session.name));
  }
  lines.push(line(''));
  for (const text of session.details) lines.push(line(` ${text}`));
  return lines;
}

export function sessionPageRows(board: Dashboard): number {
  return pageLines(board).length;
}

export function sessionView(board: Dashboard): Frame {
  const lines = pageLines(board);
  return lines.slice(board.page.top, board.page.top + board.bodyRows);
}

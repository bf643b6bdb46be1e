/** The log: what the daemon says since the dashboard looks, and changes that the dashboard saw itself. */
import type { Dashboard, LogLine } from './model.ts';
import { line, span, type Frame, type Line } from './text.ts';

function logLine({ time, text, own }: LogLine): Line {
  return [span(` ${time} `, 'accent'), span(own ? '* ' : '  ', 'heading'), span(text)];
}

export function logView(board: Dashboard): Frame {
  const lines = board.logLines;
  if (lines.length === 0) {
    const text =
      board.logFilter !== ''
        ? `Nothing in the log has '${board.logFilter}'. Esc takes the filter away.`
        : 'Nothing has happened since the dashboard began to look.';
    return [line(''), line(`  ${text}`)];
  }
  const end = Math.max(0, lines.length - board.logBack);
  return lines.slice(Math.max(0, end - board.bodyRows), end).map(logLine);
}

/** The page of one route with all its attributes, however many. */
import type { Dashboard } from './model.ts';
import { line, type Frame, type Line } from './text.ts';
import { attributeLines, routeTitle } from './view-routes.ts';

function pageLines(board: Dashboard): Line[] {
  const route = board.routes?.routes[board.routeList.selected];
  if (!route) return [line(''), line('  The route is not held any more. Esc goes back.')];
  return [...routeTitle(route), line(''), ...attributeLines(route, board.width)];
}

export function routePageRows(board: Dashboard): number {
  return pageLines(board).length;
}

export function routeView(board: Dashboard): Frame {
  return pageLines(board).slice(board.page.top, board.page.top + board.bodyRows);
}

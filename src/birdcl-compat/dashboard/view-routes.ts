/** Routes as they stream in: a row each, and below all attributes of the one that is selected. */
import type { Dashboard } from './model.ts';
import { attributeOf, nextHopOf, type Route } from './parse-routes.ts';
import { fit, line, span, wrap, type Frame, type Line } from './text.ts';
import { marked } from './view-sessions.ts';

/** Lines above the list: what was asked for, and the titles of columns. */
const ABOVE = 2;
/** Lines of what is selected, above its attributes. */
const TITLE = 2;

/** Rows for the list; the rest is for attributes. */
export function routeListRows(board: Dashboard): number {
  return Math.max(1, board.bodyRows - ABOVE - TITLE - attributeRows(board));
}

function attributeRows(board: Dashboard): number {
  return Math.min(12, Math.max(2, Math.floor(board.bodyRows / 2) - TITLE));
}

/** Lines of attributes with names in a column. */
export function attributeLines(route: Route, width: number): Line[] {
  const label = 18;
  return route.details.flatMap((detail) => {
    const at = detail.startsWith('via ') || detail.startsWith('dev ') ? -1 : detail.indexOf(':');
    const name = at < 0 ? 'via' : detail.slice(0, at);
    const value = at < 0 ? detail.replace(/^via /, '') : detail.slice(at + 1).trim();
    return wrap(value, Math.max(10, width - label - 3)).map((text, i) => [
      span(`  ${fit(i === 0 ? name : '', label)} `, 'accent'),
      span(text),
    ]);
  });
}

/** What is known of a route besides its attributes: two lines. */
export function routeTitle(route: Route): readonly [Line, Line] {
  const from = route.from === '' ? '' : ` from ${route.from}`;
  const table = route.table === '' ? '' : `, in table ${route.table}`;
  return [
    [
      span(` ${route.network}`, 'bold'),
      span(route.best ? ' best' : '', 'good'),
      span(` ${route.info}  ${route.protocol}${from}`),
    ],
    line(`  ${route.destination}, since ${route.since.replace(/\.\d+$/, '')}${table}`),
  ];
}

function columns(width: number): { network: number; hop: number; protocol: number; pref: number } {
  // An IPv6 prefix needs more.
  const extra = Math.max(0, Math.min(20, Math.floor((width - 80) / 3)));
  return { network: 19 + extra, hop: 16 + extra, protocol: 12 + Math.floor(extra / 2), pref: 5 };
}

function routeRow(route: Route, width: number): string {
  const { network, hop, protocol, pref } = columns(width);
  const texts = [
    `${route.best ? '*' : ' '} ${fit(route.network, network)}`,
    fit(nextHopOf(route), hop),
    fit(route.protocol, protocol),
    fit(attributeOf(route, 'local_pref'), pref),
    attributeOf(route, 'as_path'),
  ];
  return fit(` ${texts.join(' ')}`, width);
}

function headingRow(width: number): string {
  const { network, hop, protocol, pref } = columns(width);
  return `   ${fit('Network', network)} ${fit('Next hop', hop)} ${fit('Protocol', protocol)} ${fit('Pref', pref)} AS path`;
}

/** How much has come, and what is held of it. */
function progressText(board: Dashboard): string {
  const { routes, routeList } = board;
  if (!routes || routes.seen === 0) return '';
  const at = routes.dropped + routeList.selected + 1;
  return `${at} of ${routes.seen}${routes.complete ? '' : '+'}${routes.dropped > 0 ? ', g starts anew' : ''}`;
}

function emptyLines(board: Dashboard): Line[] {
  const { routes } = board;
  if (!routes) return [];
  if (!routes.complete) return [line(''), line('  Asking the daemon ...')];
  const text = routes.remark === '' ? 'There are no such routes.' : routes.remark;
  const help =
    'Type / and then 10.0.0.0/8 (and all within), =10.0.0.0/8 (that one), 10.1.2.3 (the longest match), or';
  return [
    line(''),
    line(`  ${text}`, routes.remark === '' ? 'plain' : 'bad'),
    line(''),
    ...wrap(`${help} any arguments of 'show route'.`, board.width - 4).map((words) => line(`  ${words}`)),
  ];
}

export function routesView(board: Dashboard): Frame {
  const { routes, routeList, width } = board;
  const asked = ` show route ${board.routeArguments === '' ? '' : `${board.routeArguments} `}all`;
  const progress = progressText(board);
  const room = width - progress.length - 2;
  const body: Line[] = [
    [span(fit(asked, room), 'bold'), span(` ${progress}`)],
    line(headingRow(width), 'heading'),
  ];
  const rows = routeListRows(board);
  const held = routes?.routes ?? [];
  if (held.length === 0) return [...body, ...emptyLines(board)];
  const { top, selected } = routeList;
  for (let i = top; i < top + rows; i++) {
    const route = held[i];
    if (!route) body.push(line(''));
    else {
      const spans = line(routeRow(route, width));
      body.push(i === selected ? marked(spans, width) : spans);
    }
  }
  const route = held[selected];
  if (!route) return body;
  const attributes = attributeLines(route, width);
  const shown = attributeRows(board);
  const more = attributes.length > shown ? ` (${attributes.length - shown + 1} more lines: Enter)` : '';
  body.push(...routeTitle(route));
  const kept = attributes.length > shown ? attributes.slice(0, shown - 1) : attributes;
  body.push(...kept);
  if (more !== '') body.push(line(` ${more}`, 'accent'));
  return body;
}

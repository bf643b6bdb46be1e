/** `show route`: rows are made one at a time, so that a table of any size costs no memory. */
import { formatIp, sameIp } from '../../base/ip.ts';
import { asAt } from '../../rib/attrs/as-path.ts';
import { LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import type { Policy } from '../../rib/policy.ts';
import { NO_ATTRS } from '../../rib/policy.ts';
import { formatPrefix } from '../filter/values.ts';
import { AttributeTexts } from './attribute-lines.ts';
import type { RouteQuery, RouteView } from './daemon-view.ts';
import { CODE, last, more } from './replies.ts';
import type { Answer, Reply } from './replies.ts';
import { sessionTime, tableName, type Session } from './session.ts';

export interface ShowRoute {
  /** One walk for each table. */
  readonly queries: readonly RouteQuery[];
  /** The tables were named, so their headings are shown even where nothing is found. */
  readonly tablesNamed: boolean;
  /** Show routes of this protocol only. */
  readonly protocol?: string;
  /** `where` or `filter`: show what it accepts, as it leaves it. */
  readonly policy?: Policy;
  readonly all: boolean;
  readonly count: 'no' | 'stats' | 'count';
  /** Say why, instead of showing the routes. */
  readonly explain: boolean;
}

/** `(100/20) [AS65001i]`; BIRD 2 says nothing of next hops that cannot be reached. */
function routeInfo(row: RouteView, texts: AttributeTexts): string {
  const { store, dialect } = texts;
  if (row.source !== 'BGP') {
    const at = store.valueAt(row.attrs, LOCAL_ATTR.igpMetric);
    return at < 0 ? ` (${row.preference})` : ` (${row.preference}/${asAt(store.bytes, at)})`;
  }
  const marks = (row.suppressed ? '-' : '') + (row.stale ? 's' : '');
  let metric = '';
  if (row.igpMetric === 'unreachable') metric = dialect.version === 1 ? '/-' : '';
  else if (row.igpMetric !== undefined) metric = row.igpMetric === 'unknown' ? '/?' : `/${row.igpMetric}`;
  return ` (${row.preference}${marks}${metric}) [${texts.origin(row.attrs)}]`;
}

/** `via 10.0.0.1 on eth0`, as the one line of BIRD 1.6 has it. */
function viaOf(row: RouteView): string {
  const [hop, second] = row.nextHops;
  if (row.destination !== 'unicast') return row.destination;
  if (second) return 'multipath';
  if (!hop?.address) return `dev ${hop?.interface ?? '?'}`;
  return `via ${formatIp(hop.address)} on ${hop.interface ?? '?'}`;
}

/** The lines of one route, without its attributes. */
export function routeLines(
  session: Session,
  texts: AttributeTexts,
  row: RouteView,
  nowMs: number,
  named: boolean,
): Reply[] {
  const { dialect } = session;
  const time = sessionTime(session, 'route', row.changedMs, nowMs);
  const via = row.nextHops[0]?.address;
  const from = row.from && !(via && sameIp(via, row.from)) ? ` from ${formatIp(row.from)}` : '';
  const old = dialect.version === 1;
  const name = (named ? formatPrefix(row.prefix) : '').padEnd(old ? 18 : 20);
  const star = row.primary ? ' *' : '';
  const info = routeInfo(row, texts);
  const to = old ? viaOf(row) : row.destination;
  const lines = [more(CODE.route, `${name} ${to} [${row.protocol} ${time}${from}]${star}${info}`)];
  if (old && row.nextHops.length < 2) return lines;
  for (const hop of row.nextHops) {
    const weight = row.nextHops.length > 1 ? ` weight ${hop.weight ?? 1}` : '';
    const on = hop.interface === undefined ? '' : ` on ${hop.interface}`;
    const onlink = hop.onlink ? ' onlink' : '';
    const text = hop.address
      ? `\tvia ${formatIp(hop.address)}${on}${onlink}${weight}`
      : `\tdev ${hop.interface ?? '?'}${onlink}`;
    lines.push(more(CODE.route, text));
  }
  return lines;
}

interface Counts {
  shown: number;
  routes: number;
  networks: number;
}

/** Whether only the size of whole tables is asked for, which is known without a walk. */
export function isPlainCount({ count, queries, policy, protocol }: ShowRoute): boolean {
  const whole = ({ match, export: wanted, received, primaryOnly, filtered }: RouteQuery): boolean =>
    !match && !wanted && received === undefined && !primaryOnly && !filtered;
  return count === 'count' && !policy && protocol === undefined && queries.every(whole);
}

function countLine({ shown, routes, networks }: Counts): string {
  return `${shown} of ${routes} routes for ${networks} networks`;
}

export function* showRoute(session: Session, request: ShowRoute): Answer {
  const { view, dialect } = session;
  const old = dialect.version === 1;
  const known = isPlainCount(request);
  const texts = new AttributeTexts(session);
  const { nowMs } = view.status();
  const total: Counts = { shown: 0, routes: 0, networks: 0 };
  let headings = 0;
  const heading = function* (table: string): Iterable<Reply> {
    if (old || request.count === 'count') return;
    if (headings++ > 0) yield more(CODE.route, '');
    yield more(CODE.route, `Table ${tableName(session, table)}:`);
  };
  const single = request.queries[0]?.match && request.queries[0].match.mode !== 'in';
  for (const query of request.queries) {
    const counts: Counts = { shown: 0, routes: 0, networks: 0 };
    let headed = false;
    if (request.tablesNamed && !single) {
      headed = true;
      yield* heading(query.table);
    }
    let named = true;
    if (known) {
      const { routes, networks } = view.counts(query.table);
      Object.assign(counts, { shown: routes, routes, networks });
    }
    for (const found of known ? [] : view.routes(query)) {
      if (!found) {
        yield undefined;
        continue;
      }
      counts.routes++;
      if (found.firstOfNetwork) {
        counts.networks++;
        named = true;
      }
      const row = select(session, request, query, found);
      if (!row) {
        yield undefined;
        continue;
      }
      counts.shown++;
      if (request.count === 'count') {
        yield undefined;
        continue;
      }
      if (!headed) {
        headed = true;
        yield* heading(query.table);
      }
      // Millions of lines: 'yield*' takes its time with each.
      for (const line of routeLines(session, texts, row, nowMs, named)) yield line;
      if (request.all) for (const line of texts.lines(row)) yield line;
      named = false;
    }
    if (request.count !== 'no' && !single && !old) {
      if (!headed) yield* heading(query.table);
      yield more(CODE.route, `${countLine(counts)} in table ${query.table}`);
    }
    total.shown += counts.shown;
    total.routes += counts.routes;
    total.networks += counts.networks;
  }
  if (single && total.routes === 0) {
    yield last(CODE.routeNotFound, old ? 'Network not in table' : 'Network not found');
  } else if (request.count !== 'no' && !single && old) yield last(CODE.routeCount, countLine(total));
  else if (request.count !== 'no' && request.queries.length > 1 && !single) {
    if (headings > 0) yield more(CODE.route, '');
    yield last(CODE.routeCount, `Total: ${countLine(total)} in ${request.queries.length} tables`);
  } else yield last(CODE.ok);
}

/** The row as it is to be shown, or undefined. */
export function select(
  { view }: Session,
  request: ShowRoute,
  query: RouteQuery,
  row: RouteView,
): RouteView | undefined {
  if (query.export && !row.exported) return undefined;
  if (request.protocol !== undefined && row.protocol !== request.protocol) return undefined;
  if (!request.policy) return row;
  const attrs = request.policy.evaluate(row.attrs, row.context);
  if (attrs === NO_ATTRS) return undefined;
  return attrs === row.attrs ? row : { ...row, attrs, preference: view.attributes.preference[attrs]! };
}

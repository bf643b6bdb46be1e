/** `show route`: rows are made one at a time, so that a table of any size costs no memory. */
import { formatIp, ipFromBytes, sameIp } from '../../base/ip.ts';
import type { AttrStore } from '../../rib/attrs/store.ts';
import { ATTRIBUTES } from '../../rib/attrs/table.ts';
import { ATTR, DESTINATION, FLAG, LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import { HAS } from '../../rib/attrs/store.ts';
import { asAt } from '../../rib/attrs/as-path.ts';
import type { Policy } from '../../rib/policy.ts';
import { NO_ATTRS } from '../../rib/policy.ts';
import { AsPath } from '../filter/as-path.ts';
import { formatPrefix } from '../filter/values.ts';
import type { DaemonView, RouteQuery, RouteView } from './daemon-view.ts';
import { CODE, last, more } from './replies.ts';
import type { Answer, Reply } from './replies.ts';
import { formatTime } from './time.ts';

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
}

/** Length at which a list of communities goes on in the next line. */
const WRAP = 480;

/** RFC 4271 section 4.3: BIRD's letters for ORIGIN. */
const ORIGIN_LETTER = 'ie?';
/** BIRD's words for where routes come from. */
const SOURCE_WORD = { BGP: 'BGP', static: 'static', device: 'device' } as const;

/** `(100/20) [AS65001i]` */
function routeInfo(row: RouteView, store: AttrStore): string {
  if (row.source !== 'BGP') {
    const at = store.valueAt(row.attrs, LOCAL_ATTR.igpMetric);
    return at < 0 ? ` (${row.preference})` : ` (${row.preference}/${asAt(store.bytes, at)})`;
  }
  const marks = (row.suppressed ? '-' : '') + (row.stale ? 's' : '');
  let metric = '';
  if (row.igpMetric !== undefined) {
    metric =
      row.igpMetric === 'unreachable' ? '/-' : row.igpMetric === 'unknown' ? '/?' : `/${row.igpMetric}`;
  }
  const at = store.valueAt(row.attrs, ATTR.asPath);
  const origin = at < 0 ? 0 : new AsPath(store.bytes.subarray(at, at + store.foundLength)).last;
  const letter = (store.flags[row.attrs]! & HAS.origin) === 0 ? '' : ORIGIN_LETTER[store.origin[row.attrs]!]!;
  return ` (${row.preference}${marks}${metric}) [${origin === 0 ? '' : `AS${origin}`}${letter}]`;
}

function* routeLines(view: DaemonView, row: RouteView, nowMs: number, named: boolean): Iterable<Reply> {
  const store = view.attributes;
  const time = formatTime(view.config.timeFormats, 'route', row.changedMs, nowMs);
  const via = row.nextHops[0]?.address;
  const from = row.from && !(via && sameIp(via, row.from)) ? ` from ${formatIp(row.from)}` : '';
  const name = (named ? formatPrefix(row.prefix) : '').padEnd(20);
  const star = row.primary ? ' *' : '';
  yield more(
    CODE.route,
    `${name} ${row.destination} [${row.protocol} ${time}${from}]${star}${routeInfo(row, store)}`,
  );
  for (const hop of row.nextHops) {
    const weight = row.nextHops.length > 1 ? ` weight ${hop.weight ?? 1}` : '';
    const on = hop.interface === undefined ? '' : ` on ${hop.interface}`;
    const onlink = hop.onlink ? ' onlink' : '';
    yield more(
      CODE.route,
      hop.address
        ? `\tvia ${formatIp(hop.address)}${on}${onlink}${weight}`
        : `\tdev ${hop.interface ?? '?'}${onlink}`,
    );
  }
}

/** The value of an attribute over as many lines as it needs. */
function* wrapped(name: string, value: string): Iterable<string> {
  let line = `\t${name}: `;
  const items = value.match(/\([^)]*\)|\{[^}]*\}|\S+/g) ?? [];
  let empty = true;
  for (const item of items) {
    if (!empty && line.length + item.length > WRAP) {
      yield line;
      line = '\t\t';
      empty = true;
    }
    line += empty ? item : ` ${item}`;
    empty = false;
  }
  yield line;
}

/** What a static route leads to is no attribute of it, although BGP sends it as one. */
function isOwnNextHop(
  store: AttrStore,
  { source, nextHops, attrs }: RouteView,
  code: number,
  at: number,
  length: number,
): boolean {
  if (source === 'BGP' || (code !== ATTR.nextHop && code !== ATTR.mpReach)) return false;
  const address = ipFromBytes(store.bytes, at, length >= 16 ? 16 : 4);
  if (nextHops.some((hop) => hop.address && sameIp(hop.address, address))) return true;
  const destination = store.valueAt(attrs, LOCAL_ATTR.destination);
  return destination >= 0 && store.bytes[destination] === DESTINATION.recursive;
}

function* attributeLines(store: AttrStore, row: RouteView): Iterable<Reply> {
  yield more(CODE.routeDetail, `\tType: ${SOURCE_WORD[row.source]} univ`);
  const found: [number, number, number, number][] = [];
  store.forEach(row.attrs, (code, flags, at, length) => found.push([code, flags, at, length]));
  for (const [code, flags, at, length] of found) {
    if (code === LOCAL_ATTR.igpMetric) yield more(CODE.attribute, `\tigp_metric: ${asAt(store.bytes, at)}`);
    if (code > 255 || isOwnNextHop(store, row, code, at, length)) continue;
    const known = ATTRIBUTES[code];
    // The next hop is shown under one name, whatever family it has.
    const name = code === ATTR.mpReach ? 'next_hop' : known?.name;
    if (known && name !== undefined) {
      for (const line of wrapped(`BGP.${name}`, known.format(store.bytes, at, length))) {
        yield more(CODE.attribute, line);
      }
    } else {
      const bytes = Array.from(store.bytes.subarray(at, at + length), (byte) =>
        byte.toString(16).padStart(2, '0'),
      );
      const mark = flags & FLAG.transitive ? ' [t]' : '';
      for (const line of wrapped(`BGP.${code.toString(16).padStart(2, '0')}${mark}`, bytes.join(' '))) {
        yield more(CODE.attribute, line);
      }
    }
  }
}

interface Counts {
  shown: number;
  routes: number;
  networks: number;
}

export function* showRoute(view: DaemonView, request: ShowRoute): Answer {
  const { nowMs } = view.status();
  const total: Counts = { shown: 0, routes: 0, networks: 0 };
  let headings = 0;
  const heading = function* (table: string): Iterable<Reply> {
    if (request.count === 'count') return;
    if (headings++ > 0) yield more(CODE.route, '');
    yield more(CODE.route, `Table ${table}:`);
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
    for (const found of view.routes(query)) {
      if (!found) {
        yield undefined;
        continue;
      }
      counts.routes++;
      if (found.firstOfNetwork) {
        counts.networks++;
        named = true;
      }
      const row = select(view, request, query, found);
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
      yield* routeLines(view, row, nowMs, named);
      if (request.all) yield* attributeLines(view.attributes, row);
      named = false;
    }
    if (request.count !== 'no' && !single) {
      if (!headed) yield* heading(query.table);
      yield more(
        CODE.route,
        `${counts.shown} of ${counts.routes} routes for ${counts.networks} networks in table ${query.table}`,
      );
    }
    total.shown += counts.shown;
    total.routes += counts.routes;
    total.networks += counts.networks;
  }
  if (single && total.routes === 0) yield last(CODE.routeNotFound, 'Network not found');
  else if (request.count !== 'no' && request.queries.length > 1 && !single) {
    if (headings > 0) yield more(CODE.route, '');
    const { shown, routes, networks } = total;
    yield last(
      CODE.routeCount,
      `Total: ${shown} of ${routes} routes for ${networks} networks in ${request.queries.length} tables`,
    );
  } else yield last(CODE.ok);
}

/** The row as it is to be shown, or undefined. */
function select(
  view: DaemonView,
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

/** `show route`: rows are made one at a time, so that a table of any size costs no memory. */
import { formatIp, sameIp } from '../../base/ip.ts';
import type { AttrStore } from '../../rib/attrs/store.ts';
import { ATTRIBUTES } from '../../rib/attrs/table.ts';
import { ATTR, FLAG, LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import { HAS } from '../../rib/attrs/store.ts';
import { asAt } from '../../rib/attrs/as-path.ts';
import type { Policy } from '../../rib/policy.ts';
import { NO_ATTRS } from '../../rib/policy.ts';
import { AsPath } from '../filter/as-path.ts';
import { formatPrefix } from '../filter/values.ts';
import type { RouteQuery, RouteView } from './daemon-view.ts';
import type { SocketDialect } from './dialect.ts';
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

/** Length at which a list of communities goes on in the next line. */
const WRAP = 480;

/** RFC 4271 section 4.3: BIRD's letters for ORIGIN. */
const ORIGIN_LETTER = 'ie?';
/** BIRD's words for where routes come from. */
const SOURCE_WORD = { BGP: 'BGP', static: 'static', device: 'device' } as const;

/** `(100/20) [AS65001i]`; BIRD 2 says nothing of next hops that cannot be reached. */
function routeInfo(row: RouteView, store: AttrStore, dialect: SocketDialect): string {
  if (row.source !== 'BGP') return ` (${row.preference})`;
  const marks = (row.suppressed ? '-' : '') + (row.stale ? 's' : '');
  let metric = '';
  if (row.igpMetric === 'unreachable') metric = dialect.version === 1 ? '/-' : '';
  else if (row.igpMetric !== undefined) metric = row.igpMetric === 'unknown' ? '/?' : `/${row.igpMetric}`;
  const at = store.valueAt(row.attrs, ATTR.asPath);
  const origin = at < 0 ? 0 : new AsPath(store.bytes.subarray(at, at + store.foundLength)).last;
  const letter = (store.flags[row.attrs]! & HAS.origin) === 0 ? '' : ORIGIN_LETTER[store.origin[row.attrs]!]!;
  return ` (${row.preference}${marks}${metric}) [${origin === 0 ? '' : `AS${origin}`}${letter}]`;
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
export function routeLines(session: Session, row: RouteView, nowMs: number, named: boolean): Reply[] {
  const { view, dialect } = session;
  const time = sessionTime(session, 'route', row.changedMs, nowMs);
  const via = row.nextHops[0]?.address;
  const from = row.from && !(via && sameIp(via, row.from)) ? ` from ${formatIp(row.from)}` : '';
  const old = dialect.version === 1;
  const name = (named ? formatPrefix(row.prefix) : '').padEnd(old ? 18 : 20);
  const star = row.primary ? ' *' : '';
  const info = routeInfo(row, view.attributes, dialect);
  const to = old ? viaOf(row) : row.destination;
  const lines = [more(CODE.route, `${name} ${to} [${row.protocol} ${time}${from}]${star}${info}`)];
  if (old && row.nextHops.length < 2) return lines;
  for (const hop of row.nextHops) {
    const weight = row.nextHops.length > 1 ? ` weight ${hop.weight ?? 1}` : '';
    const on = hop.interface === undefined ? '' : ` on ${hop.interface}`;
    const text = hop.address ? `\tvia ${formatIp(hop.address)}` : `\tdev ${hop.interface ?? '?'}`;
    lines.push(more(CODE.route, `${text}${hop.address ? on : ''}${weight}`));
  }
  return lines;
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

/** What an attribute is called in an answer. `known` is BIRD 2's name without its prefix. */
function attributeName(code: number, flags: number, known: string | undefined, newNames: boolean): string {
  const number = code.toString(16).padStart(2, '0');
  if (newNames) {
    if (known === undefined) return `bgp_unknown_0x${number}`;
    return known === 'as_path' ? 'bgp_path' : `bgp_${known}`;
  }
  if (known !== undefined) return `BGP.${known}`;
  return `BGP.${number}${flags & FLAG.transitive ? ' [t]' : ''}`;
}

/** Lines that come before those of BGP's attributes. */
function* generalLines(row: RouteView, { version, newNames }: SocketDialect): Iterable<Reply> {
  const source = SOURCE_WORD[row.source];
  if (!newNames) {
    yield more(CODE.routeDetail, `\tType: ${source} ${version === 1 ? 'unicast ' : ''}univ`);
    return;
  }
  yield more(CODE.attribute, `\tpreference: ${row.preference}`);
  if (row.from) yield more(CODE.attribute, `\tfrom: ${formatIp(row.from)}`);
  yield more(CODE.attribute, `\tsource: ${source}`);
}

export function* attributeLines({ view, dialect }: Session, row: RouteView): Iterable<Reply> {
  const store: AttrStore = view.attributes;
  yield* generalLines(row, dialect);
  const found: [number, number, number, number][] = [];
  store.forEach(row.attrs, (code, flags, at, length) => found.push([code, flags, at, length]));
  // An IPv6 next hop stands where an IPv4 one would.
  const order = (code: number): number => (code === ATTR.mpReach ? ATTR.nextHop : code);
  found.sort(([a], [b]) => order(a) - order(b));
  for (const [code, flags, at, length] of found) {
    if (code === LOCAL_ATTR.igpMetric) yield more(CODE.attribute, `\tigp_metric: ${asAt(store.bytes, at)}`);
    if (code > 255) continue;
    // Where a static route leads has been said already; BGP gives it the attribute when it is sent.
    if (row.source !== 'BGP' && order(code) === ATTR.nextHop) continue;
    const known = ATTRIBUTES[code];
    // The next hop is shown under one name, whatever family it has.
    const name = attributeName(
      code,
      flags,
      code === ATTR.mpReach ? 'next_hop' : known?.name,
      dialect.newNames,
    );
    const value = known
      ? known.format(store.bytes, at, length)
      : Array.from(store.bytes.subarray(at, at + length), (byte) => byte.toString(16).padStart(2, '0')).join(
          ' ',
        );
    for (const line of wrapped(name, value)) yield more(CODE.attribute, line);
  }
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
      for (const line of routeLines(session, row, nowMs, named)) yield line;
      if (request.all) yield* attributeLines(session, row);
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

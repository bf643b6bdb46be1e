/**
 * `show route … explain`: why a network's best path is the best, and at which gate it stopped on its way to a
 * neighbour. The lines have codes that every client of BIRD prints.
 */
import type { ExplainQuery, ExplainView, GateView, RouteQuery, RouteView } from './daemon-view.ts';
import { CODE, CommandError, last, more } from './replies.ts';
import type { Answer, Reply } from './replies.ts';
import { tableName, type Session } from './session.ts';
import { AttributeTexts } from './attribute-lines.ts';
import { routeLines, type ShowRoute } from './show-route.ts';

const MARK: Readonly<Record<GateView['result'], string>> = {
  passed: 'ok',
  stopped: 'STOPPED',
  waiting: 'waiting',
};

/** Width of a gate's name and of its mark. */
const NAME = 15;
const RESULT = 8;

function* gateLines(gates: readonly GateView[]): Iterable<Reply> {
  for (const { name, result, text } of gates) {
    yield more(CODE.routeDetail, `\t${name.padEnd(NAME)} ${MARK[result].padEnd(RESULT)} ${text}`);
  }
}

function* explained(session: Session, request: ShowRoute, view: ExplainView): Iterable<Reply> {
  const { nowMs } = session.view.status();
  const texts = new AttributeTexts(session);
  let named = true;
  const show = function* (route: RouteView): Iterable<Reply> {
    yield* routeLines(session, texts, route, nowMs, named);
    named = false;
    if (request.all) yield* texts.lines(route);
  };
  if (session.dialect.version > 1) yield more(CODE.route, `Table ${tableName(session, view.table)}:`);
  if (view.best) {
    yield* show(view.best);
    const decided = view.others.length === 0 ? 'only path' : `best of ${view.others.length + 1} paths`;
    yield more(CODE.routeDetail, `\t${'decision'.padEnd(NAME)} ${'best'.padEnd(RESULT)} ${decided}`);
  }
  for (const { route, reason, rule, against } of view.others) {
    yield* show(route);
    const winner = against === undefined ? 'the best path' : `the path from ${against}`;
    const text = `${winner} has: ${reason} (${rule})`;
    yield more(CODE.routeDetail, `\t${'decision'.padEnd(NAME)} ${'lost'.padEnd(RESULT)} ${text}`);
  }
  for (const route of view.filtered) {
    yield* show(route);
    const text = 'not eligible: the import filter, or a limit, rejected it';
    yield more(CODE.routeDetail, `\t${'import'.padEnd(NAME)} ${MARK.stopped.padEnd(RESULT)} ${text}`);
  }
  for (const { route, gates, sent } of view.exports ?? []) {
    const [query] = request.queries;
    const wanted = query?.export;
    const to = wanted ? `${wanted.protocol}.${wanted.channel}` : '';
    yield more(
      CODE.routeDetail,
      `\tto ${to}, the path from ${route.protocol}: ${sent ? 'sent' : 'not sent'}`,
    );
    yield* gateLines(gates);
  }
}

/** Pipes have no gates but their filter. */
function neighborChannel({
  protocol,
  channel,
}: NonNullable<RouteQuery['export']>): NonNullable<ExplainQuery['export']> {
  if (channel === 'pri' || channel === 'sec')
    throw new CommandError(CODE.parseError, "'explain' is about neighbours; of a pipe see 'noexport'");
  return { protocol, channel };
}

/** What there is to say of the networks that are asked about, a table each. */
export function* explainedNetworks(session: Session, request: ShowRoute): Iterable<ExplainView> {
  for (const { table, match, export: wanted } of request.queries) {
    if (!match || match.mode === 'in')
      throw new CommandError(CODE.parseError, 'Only one network can be explained');
    const target = wanted && neighborChannel(wanted);
    const view = session.view.explain({
      table,
      match: { mode: match.mode, prefix: match.prefix },
      ...(target && { export: target }),
    });
    if (view) yield view;
  }
}

export function* showExplained(session: Session, request: ShowRoute): Answer {
  let found = 0;
  for (const view of explainedNetworks(session, request)) {
    if (found++ > 0 && session.dialect.version > 1) yield more(CODE.route, '');
    yield* explained(session, request, view);
  }
  const nothing = session.dialect.version === 1 ? 'Network not in table' : 'Network not found';
  yield found === 0 ? last(CODE.routeNotFound, nothing) : last(CODE.ok);
}

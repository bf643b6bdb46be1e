/** ROA tables of BIRD 1.6: shown; they change by configuration alone. */
import type { Cursor } from '../conf/cursor.ts';
import { TOKEN } from '../conf/lexer.ts';
import { netWithin } from '../filter/compare.ts';
import { formatPrefix, type Prefix } from '../filter/values.ts';
import type { NetTable } from '../filter/validation.ts';
import { CODE, CommandError, last, more } from './replies.ts';
import type { Answer } from './replies.ts';
import type { Handler, Session } from './session.ts';

export interface RoaView {
  readonly prefix: Prefix;
  readonly maxLength: number;
  readonly as: number;
}

export interface RoaQuery {
  readonly mode: 'all' | 'exact' | 'in' | 'for';
  readonly prefix?: Prefix;
  readonly as?: number;
}

function tables({ view, dialect }: Session): NetTable[] {
  const kinds = dialect.family === undefined ? ['roa4', 'roa6'] : [dialect.family === 0 ? 'roa4' : 'roa6'];
  return [...view.config.symbols.entries()].flatMap(([, symbol]) =>
    symbol.kind === 'table' && symbol.table.lookup && kinds.includes(symbol.table.lookup.kind)
      ? [symbol.table.lookup]
      : [],
  );
}

/** The entries of a table, those that a query asks for. */
export function* roaViews(table: NetTable, { mode, prefix, as }: RoaQuery): Iterable<RoaView> {
  for (const { net } of table) {
    if (net.asn === undefined || net.maxLength === undefined) continue;
    const own: Prefix = { ip: net.ip, length: net.length };
    if (prefix && prefix.ip.version !== own.ip.version) continue;
    if (mode === 'exact' && formatPrefix(own) !== formatPrefix(prefix!)) continue;
    if (mode === 'in' && !netWithin(own, prefix!)) continue;
    if (mode === 'for' && !netWithin(prefix!, own)) continue;
    if (as !== undefined && net.asn !== as) continue;
    yield { prefix: own, maxLength: net.maxLength, as: net.asn };
  }
}

/** Arguments of `show roa`. Throws `CommandError` or `ConfError`. */
export function parseRoaQuery(cursor: Cursor, session: Session): { table: NetTable; query: RoaQuery } {
  let [table] = tables(session);
  if (!table) throw new CommandError(CODE.parseError, 'No ROA table defined');
  let query: RoaQuery = { mode: 'all' };
  while (cursor.kind !== TOKEN.end) {
    if (cursor.acceptWord('as')) query = { ...query, as: cursor.number() };
    else if (cursor.acceptWord('table')) {
      const name = cursor.name('a table');
      const named = tables(session).find((candidate) => candidate.name === name);
      if (!named) throw new CommandError(CODE.parseError, `${name} is not a ROA table`);
      table = named;
    } else {
      if (query.mode !== 'all') throw new CommandError(CODE.parseError, 'Only one prefix expected');
      const mode = cursor.acceptWord('in') ? 'in' : cursor.acceptWord('for') ? 'for' : 'exact';
      query = { ...query, mode, prefix: cursor.prefixOf(cursor.address()) };
    }
  }
  return { table, query };
}

export const runShowRoa: Handler = (cursor, session) => {
  const { table, query } = parseRoaQuery(cursor, session);
  return (function* (): Answer {
    let found = 0;
    const rows = [...roaViews(table, query)];
    if (query.mode === 'for') rows.sort((a, b) => b.prefix.length - a.prefix.length);
    for (const { prefix, maxLength, as } of rows) {
      found++;
      yield more(CODE.roa, `${formatPrefix(prefix)} max ${maxLength} as ${as}`);
    }
    // BIRD 1.6.8 forgets to end this answer, and its clients wait for ever.
    if (query.mode === 'exact' && found === 0) yield last(CODE.routeNotFound, 'Network not in table');
    else yield last(CODE.ok);
  })();
};

export const refuseRoaChange: Handler = (_cursor, session) => {
  if (tables(session).length === 0) throw new CommandError(CODE.parseError, 'No ROA table defined');
  throw new CommandError(
    CODE.parseError,
    "not built: ROA tables change by configuration; edit the file and 'configure'",
  );
};

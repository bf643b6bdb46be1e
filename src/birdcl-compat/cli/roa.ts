/** ROA tables of BIRD 1.6: shown, and changed by hand. */
import type { Cursor } from '../conf/cursor.ts';
import { TOKEN } from '../conf/lexer.ts';
import { netWithin } from '../filter/compare.ts';
import { formatPrefix, type Prefix } from '../filter/values.ts';
import type { Net } from '../filter/nets.ts';
import type { NetTable } from '../filter/validation.ts';
import { CODE, CommandError, last, more } from './replies.ts';
import type { Answer } from './replies.ts';
import { end, type Handler, type Session } from './session.ts';

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
      table = tableNamed(cursor.name('a table'), session);
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

/** `[table NAME]` at the end: the first table where none is named. Throws `CommandError` or `ConfError`. */
function parseTable(cursor: Cursor, session: Session): NetTable {
  const table = cursor.acceptWord('table') ? tableNamed(cursor.name('a table'), session) : tables(session)[0];
  if (!table) throw new CommandError(CODE.parseError, 'No ROA table defined');
  end(cursor);
  return table;
}

function tableNamed(name: string, session: Session): NetTable {
  const found = tables(session).find((table) => table.name === name);
  if (!found) throw new CommandError(CODE.parseError, `${name} is not a ROA table`);
  return found;
}

/** `PREFIX max N as N [table NAME]`. */
function parseChange(cursor: Cursor, session: Session): { table: NetTable; net: Net } {
  const prefix = cursor.prefixOf(cursor.address());
  cursor.expectWord('max');
  const maxLength = cursor.number();
  cursor.expectWord('as');
  const asn = cursor.number('an AS number');
  const table = parseTable(cursor, session);
  const kind = prefix.ip.version === 4 ? 'roa4' : 'roa6';
  if (table.kind !== kind)
    throw new CommandError(CODE.parseError, `${table.name} has prefixes of the other IP version`);
  return { table, net: { ...prefix, kind, maxLength, asn } };
}

const DONE: Answer = [last(CODE.ok)];

export const runAddRoa: Handler = (cursor, session) => {
  const { table, net } = parseChange(cursor, session);
  if (table.addByHand(net)) return DONE;
  throw new CommandError(CODE.parseError, `${table.name} has as many entries as may be added by command`);
};

export const runDeleteRoa: Handler = (cursor, session) => {
  const { table, net } = parseChange(cursor, session);
  table.removeByHand(net);
  return DONE;
};

export const runFlushRoa: Handler = (cursor, session) => {
  parseTable(cursor, session).flushByHand();
  return DONE;
};

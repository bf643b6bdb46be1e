/**
 * `json show …`: the answer of a `show` command as JSON, an object a line. A request of Catbird's own, which BIRD's
 * clients never send. Lines have code 1900; an object that is too long for one is continued from lines with code 1901.
 */
import type { Cursor } from '../conf/cursor.ts';
import type { NetTable } from '../filter/validation.ts';
import { formatPrefix } from '../filter/values.ts';
import { eachProtocol, parseSelector } from './arguments.ts';
import { VERSION_TEXT } from './dialect.ts';
import {
  explainValue,
  groupValue,
  interfaceValue,
  memoryValue,
  protocolValue,
  routeValue,
  staticValue,
  statusValue,
  type Json,
} from './json-values.ts';
import { CODE, CommandError, last, more, type Answer, type Reply } from './replies.ts';
import { parseShowRoute } from './route-arguments.ts';
import { end, type Handler, type Session } from './session.ts';
import { explainedNetworks } from './show-explained.ts';
import { isPlainCount, select, type ShowRoute } from './show-route.ts';
import { parseRoaQuery, roaViews } from './roa.ts';
import { parseStatics } from './show-static.ts';
import { parseSymbols, symbolViews } from './show-status.ts';

/** Characters of an object in one line; clients have buffers of 4096 bytes, and characters have up to three. */
const PIECE = 1300;

/** Values of an answer; undefined is a place to pause. */
type Values = Iterable<Json | undefined>;
type ValueHandler = (cursor: Cursor, session: Session) => Values;

function* lines(value: Json): Iterable<Reply> {
  const text = JSON.stringify(value);
  let at = 0;
  while (text.length - at > PIECE) {
    // A pair of surrogates is one character.
    const code = text.charCodeAt(at + PIECE - 1);
    const to = at + PIECE - (code >= 0xd800 && code < 0xdc00 ? 1 : 0);
    yield more(CODE.jsonPart, text.slice(at, to));
    at = to;
  }
  yield more(CODE.json, text.slice(at));
}

function* answer(values: Values): Answer {
  try {
    for (const value of values) {
      if (value === undefined) yield undefined;
      else yield* lines(value);
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    yield last(error.code, error.message);
    return;
  }
  yield last(CODE.ok);
}

function bare(make: (session: Session) => Values): ValueHandler {
  return (cursor, session) => {
    end(cursor);
    return make(session);
  };
}

function protocols(all: boolean): ValueHandler {
  return (cursor, session) => {
    const selector = parseSelector(cursor, true);
    end(cursor);
    const found = eachProtocol(session, selector);
    return (function* (): Values {
      for (const protocol of found) yield protocolValue(protocol, all);
    })();
  };
}

interface Counts {
  shown: number;
  routes: number;
  networks: number;
}

/** Routes, then, for `stats` and `count`, the numbers of each table. */
function* routes(session: Session, request: ShowRoute): Values {
  const { view } = session;
  const known = isPlainCount(request);
  let seen = 0;
  for (const query of request.queries) {
    const counts: Counts = { shown: 0, routes: 0, networks: 0 };
    if (known) {
      const { routes: all, networks } = view.counts(query.table);
      Object.assign(counts, { shown: all, routes: all, networks });
    }
    for (const found of known ? [] : view.routes(query)) {
      if (found) {
        counts.routes++;
        if (found.firstOfNetwork) counts.networks++;
      }
      const row = found && select(session, request, query, found);
      if (row) counts.shown++;
      if (row && request.count !== 'count') yield routeValue(row, query.table, view.attributes, request.all);
      else yield undefined;
    }
    seen += counts.routes;
    if (request.count !== 'no') yield { table: query.table, ...counts };
  }
  const [query] = request.queries;
  const single = query?.match && query.match.mode !== 'in';
  if (single && seen === 0) throw new CommandError(CODE.routeNotFound, 'Network not found');
}

function* explained(session: Session, request: ShowRoute): Values {
  let found = 0;
  for (const view of explainedNetworks(session, request)) {
    found++;
    yield explainValue(view, session.view.attributes, request.all);
  }
  if (found === 0) throw new CommandError(CODE.routeNotFound, 'Network not found');
}

function* roas(table: NetTable, query: Parameters<typeof roaViews>[1]): Values {
  for (const { prefix, maxLength, as } of roaViews(table, query)) {
    yield { table: table.name, prefix: formatPrefix(prefix), max_length: maxLength, as };
  }
}

/** By the words of commands. Those without a value here answer an error whatever the form, or are refused. */
const VALUES: Readonly<Record<string, ValueHandler>> = {
  'show status': bare(({ view, dialect }) => [statusValue(view.status(), VERSION_TEXT[dialect.version])]),
  'show memory': bare(({ view }) => view.memory().map(memoryValue)),
  'show status groups': bare(({ view }) => view.groups().map(groupValue)),
  'show interfaces': bare(({ view }) => view.interfaces().map(interfaceValue)),
  'show interfaces summary': bare(({ view }) => view.interfaces().map(interfaceValue)),
  'show static': (cursor, { view }) =>
    parseStatics(cursor, view).flatMap(({ name, routes: own }) =>
      own.map((route) => staticValue(name, route, (hop) => view.isActiveHop(name, hop))),
    ),
  'show protocols': protocols(false),
  'show protocols all': protocols(true),
  'show route': (cursor, session) => {
    const request = parseShowRoute(cursor, session);
    return request.explain ? explained(session, request) : routes(session, request);
  },
  'show symbols': (cursor, session) => {
    const wanted = parseSymbols(cursor, session);
    return symbolViews(session, wanted).map((symbol) => ({ ...symbol }));
  },
  'show roa': (cursor, session) => {
    const { table, query } = parseRoaQuery(cursor, session);
    return roas(table, query);
  },
};

/** Commands that answer an error whatever they are asked: they do so in words. */
const ERRORS_ONLY = /^show (bfd|ospf|rip|babel|mpls)( |$)/;

/**
 * The handler of a command with `json` before it.
 * @param words of the command, in full
 * @param run the command's handler without
 */
export function jsonHandler(words: string, run: Handler): Handler {
  const make = Object.hasOwn(VALUES, words) ? VALUES[words] : undefined;
  if (make) return (cursor, session) => answer(make(cursor, session));
  if (ERRORS_ONLY.test(words)) return run;
  const message = words.startsWith('show ')
    ? `'${words}' has no answer in JSON`
    : "Only 'show' commands have answers in JSON";
  return () => {
    throw new CommandError(CODE.parseError, message);
  };
}

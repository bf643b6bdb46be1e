/** What goes into MRT files (RFC 6396): `mrtdump` of sessions, `mrt dump` of tables. */
import { mrtdumpFlags } from '../conf/arguments.ts';
import type { Cursor } from '../conf/cursor.ts';
import { TOKEN } from '../conf/lexer.ts';
import { matchesPattern } from '../conf/router-id.ts';
import { checkWhere } from '../filter/check.ts';
import { FilterCompiler } from '../filter/compile.ts';
import { parseExpression } from '../filter/parse.ts';
import type { FilterProgram } from '../filter/program.ts';
import { parseSelector, selectProtocols } from './arguments.ts';
import type { TableDumpRequest } from './daemon-view.ts';
import { CODE, CommandError, last, more } from './replies.ts';
import type { Answer } from './replies.ts';
import { parseFilter, tableOf } from './route-arguments.ts';
import { end, tableName, type Handler, type Session } from './session.ts';

/** Answered once for all protocols. */
const NO_FILE = 'Nothing is dumped: the configuration has no \'mrtdump "FILE";\'';

export const runMrtdump: Handler = (cursor, session) => {
  const { view } = session;
  const protocols = selectProtocols(session, parseSelector(cursor, false));
  const wanted = mrtdumpFlags.evaluate(mrtdumpFlags.parse(cursor), view.config.symbols);
  end(cursor);
  return (function* (): Answer {
    let hasFile = true;
    for (const { name } of protocols) hasFile = view.setMrtdump(name, wanted);
    if (!hasFile && wanted.size > 0) yield more(CODE.protocolDetail, NO_FILE);
    yield last(CODE.ok);
  })();
};

interface Draft {
  /** Weighs more than the pattern where both are given, as in BIRD. */
  table?: string;
  pattern?: string;
  program?: FilterProgram;
  path?: string;
}

/** In any order and any number, of which the last counts, as in BIRD. */
function parseDump(cursor: Cursor, { view }: Session): Draft {
  const draft: Draft = {};
  while (cursor.kind !== TOKEN.end) {
    if (cursor.acceptWord('table')) {
      if (cursor.kind === TOKEN.text) draft.pattern = cursor.string('a pattern');
      else draft.table = tableOf(cursor, view);
    } else if (cursor.acceptWord('to')) draft.path = cursor.string('the name of a file, in quotes');
    else if (cursor.acceptWord('where'))
      draft.program = checkWhere(parseExpression(cursor), view.config.symbols);
    else if (cursor.acceptWord('filter')) draft.program = parseFilter(cursor, view);
    else cursor.unexpected(undefined, ['table', 'to', 'filter', 'where']);
  }
  return draft;
}

function tablesOf(session: Session, { table, pattern }: Draft): TableDumpRequest['tables'] {
  return session.view.config.tables
    .map(({ name }) => ({ name, shown: tableName(session, name) }))
    .filter(({ name, shown }) => (table === undefined ? matchesPattern(pattern!, shown) : name === table));
}

export const runMrtDump: Handler = (cursor, session) => {
  const { view } = session;
  const draft = parseDump(cursor, session);
  const { table, pattern, program, path } = draft;
  if (table === undefined && pattern === undefined)
    throw new CommandError(CODE.parseError, 'Table not specified');
  if (path === undefined) throw new CommandError(CODE.parseError, 'File not specified');
  const compiler = new FilterCompiler(view.attributes, { error: () => undefined, print: () => undefined });
  const failures: string[] = [];
  const request = {
    tables: tablesOf(session, draft),
    path,
    ...(program && { policy: compiler.policy(program) }),
    failed: (text: string) => void failures.push(text),
  };
  return (function* (): Answer {
    const run = view.dumpTables(request);
    try {
      yield run.done;
      for (const text of failures) yield more(CODE.runtimeError, text);
      yield last(CODE.ok);
    } finally {
      // Where the client has gone meanwhile, as in BIRD.
      run.cancel();
    }
  })();
};

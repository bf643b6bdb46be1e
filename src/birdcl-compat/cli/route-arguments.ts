/** Arguments of `show route`, from words to walks through tables. */
import { checkFilter, checkWhere } from '../filter/check.ts';
import { FilterCompiler } from '../filter/compile.ts';
import { isTypeWord, parseExpression, parseFilterBody } from '../filter/parse.ts';
import type { FilterProgram } from '../filter/program.ts';
import type { Prefix } from '../filter/values.ts';
import type { Cursor } from '../conf/cursor.ts';
import { TOKEN } from '../conf/lexer.ts';
import type { DaemonView, ProtocolView, RouteQuery } from './daemon-view.ts';
import { CODE, CommandError } from './replies.ts';
import type { ShowRoute } from './show-route.ts';

type ExportMode = NonNullable<RouteQuery['export']>['mode'];
const EXPORT_MODES: readonly ExportMode[] = ['export', 'preexport', 'noexport', 'exported'];
const WORDS = [
  'all',
  'primary',
  'filtered',
  'for',
  'in',
  'table',
  'protocol',
  'where',
  'filter',
  'count',
  'stats',
  ...EXPORT_MODES,
];

interface Draft {
  match?: NonNullable<RouteQuery['match']>;
  tables: string[] | undefined;
  program?: FilterProgram;
  export?: { mode: ExportMode; protocol: ProtocolView; channel: string | undefined };
  protocol?: ProtocolView;
  all: boolean;
  primaryOnly: boolean;
  filtered: boolean;
  count: ShowRoute['count'];
}

function fail(message: string): never {
  throw new CommandError(CODE.parseError, message);
}

function parseProtocol(cursor: Cursor, view: DaemonView): ProtocolView {
  const name = cursor.name('a protocol');
  const found = view.protocols().find((protocol) => protocol.name === name);
  return found ?? fail(`${name} is not a protocol`);
}

/** An address, or a network. */
function parseTarget(cursor: Cursor, view: DaemonView): Prefix {
  if (cursor.isAddress()) {
    const ip = cursor.address();
    return cursor.isPunctuation('/') ? cursor.prefixOf(ip) : { ip, length: ip.words.length * 32 };
  }
  const name = cursor.name('an address or network');
  const symbol = view.config.symbols.get(name);
  if (symbol?.kind === 'constant' && symbol.type === 'prefix') return symbol.value as Prefix;
  if (symbol?.kind === 'constant' && symbol.type === 'ip') {
    const ip = symbol.value as Prefix['ip'];
    return { ip, length: ip.words.length * 32 };
  }
  return fail('IP address or network constant expected');
}

function setMatch(draft: Draft, mode: 'exact' | 'for' | 'in', prefix: Prefix): void {
  if (draft.match) fail('Only one prefix expected');
  draft.match = { mode, prefix };
}

function parseTable(cursor: Cursor, view: DaemonView, draft: Draft): void {
  const all = view.config.tables.map(({ name }) => name);
  if (cursor.acceptWord('all')) {
    draft.tables = all;
    return;
  }
  const word = cursor.name('a table');
  // `master` of BIRD 1.6 is a name of `master4` or `master6`.
  const symbol = view.config.symbols.get(word);
  const name = symbol?.kind === 'table' ? symbol.table.name : word;
  if (!all.includes(name)) fail('Table name required');
  draft.tables = [...(draft.tables ?? []), name];
}

/** Ways out of tables to a protocol: its channels, and both ends of a pipe. */
function outlets({ channels, pipe }: ProtocolView): {
  readonly name: NonNullable<RouteQuery['export']>['channel'];
  readonly table: string;
  readonly isDown: boolean;
}[] {
  if (!pipe) return channels.map(({ name, table, state }) => ({ name, table, isDown: state === 'DOWN' }));
  const { table, peerTable, exports, imports } = pipe;
  return [
    { name: 'pri', table, isDown: exports.state === 'down' },
    { name: 'sec', table: peerTable, isDown: imports.state === 'down' },
  ];
}

function parseExport(cursor: Cursor, view: DaemonView, draft: Draft, mode: ExportMode): void {
  if (draft.export) fail('Export specified twice');
  const protocol = parseProtocol(cursor, view);
  let channel: string | undefined;
  if (cursor.accept('.')) {
    channel = cursor.name('a channel');
    if (!outlets(protocol).some(({ name }) => name === channel)) {
      fail(`Channel ${protocol.name}.${channel} not found`);
    }
  }
  draft.export = { mode, protocol, channel };
}

function parseFilter(cursor: Cursor, view: DaemonView): FilterProgram {
  if (cursor.isPunctuation('{') || isTypeWord(cursor.word()))
    return checkFilter(parseFilterBody(cursor), view.config.symbols);
  const { at } = cursor;
  return view.config.symbols.require(cursor.name('a filter'), at, ['filter'], 'Filter name required').filter;
}

function parseOne(cursor: Cursor, view: DaemonView, draft: Draft): void {
  if (cursor.isAddress()) {
    setMatch(draft, 'exact', cursor.prefixOf(cursor.address()));
    return;
  }
  const word = cursor.word();
  const mode = EXPORT_MODES.find((candidate) => candidate === word);
  if (mode) {
    cursor.at++;
    parseExport(cursor, view, draft, mode);
    return;
  }
  const setProgram = (program: FilterProgram): void => {
    if (draft.program) fail('Filter specified twice');
    draft.program = program;
  };
  cursor.at++;
  switch (word) {
    case 'for':
    case 'in':
      setMatch(draft, word, parseTarget(cursor, view));
      break;
    case 'table':
      parseTable(cursor, view, draft);
      break;
    case 'protocol':
      if (draft.protocol) fail('Protocol specified twice');
      draft.protocol = parseProtocol(cursor, view);
      break;
    case 'where':
      setProgram(checkWhere(parseExpression(cursor), view.config.symbols));
      break;
    case 'filter':
      setProgram(parseFilter(cursor, view));
      break;
    case 'all':
      draft.all = true;
      break;
    case 'primary':
      draft.primaryOnly = true;
      break;
    case 'filtered':
      draft.filtered = true;
      break;
    case 'count':
    case 'stats':
      draft.count = word;
      break;
    default: {
      cursor.at--;
      const symbol = word === undefined ? undefined : view.config.symbols.get(word);
      if (symbol?.kind !== 'constant' || symbol.type !== 'prefix') return cursor.unexpected(undefined, WORDS);
      setMatch(draft, 'exact', parseTarget(cursor, view));
    }
  }
}

/** Tables to walk, and for each the channel of `export`. */
function walks(view: DaemonView, draft: Draft): RouteQuery[] {
  const { primaryOnly, filtered, match } = draft;
  const base = { primaryOnly, filtered, ...(match && { match }) };
  const wanted = draft.export;
  let queries: RouteQuery[];
  if (wanted) {
    const channels = outlets(wanted.protocol).filter(
      ({ name, isDown, table }) =>
        (wanted.channel ?? name) === name && !isDown && (draft.tables?.includes(table) ?? true),
    );
    queries = channels.map(({ name, table }) => ({
      ...base,
      table,
      export: { mode: wanted.mode, protocol: wanted.protocol.name, channel: name },
    }));
  } else {
    const tables = draft.tables ??
      (draft.protocol && outlets(draft.protocol).map(({ table }) => table)) ?? ['master4', 'master6'];
    queries = [...new Set(tables)].map((table) => ({ ...base, table }));
  }
  if (match) {
    const family = match.prefix.ip.version === 4 ? 0 : 1;
    const fits = ({ table }: RouteQuery): boolean =>
      view.config.tables.find(({ name }) => name === table)?.family === family;
    const misfit = queries.find((query) => !fits(query));
    if (misfit && draft.tables) fail(`Incompatible type of prefix/ip for table ${misfit.table}`);
    queries = queries.filter(fits);
  }
  if (queries.length === 0) fail('No valid tables');
  return queries;
}

/** Reads all arguments. Throws `CommandError` or `ConfError`. */
export function parseShowRoute(cursor: Cursor, view: DaemonView): ShowRoute {
  const draft: Draft = { tables: undefined, all: false, primaryOnly: false, filtered: false, count: 'no' };
  while (cursor.kind !== TOKEN.end) parseOne(cursor, view, draft);
  if (draft.filtered && (draft.export || draft.primaryOnly)) fail('Incompatible show route options');
  const compiler = new FilterCompiler(view.attributes, { error: () => undefined, print: () => undefined });
  return {
    queries: walks(view, draft),
    tablesNamed: draft.tables !== undefined,
    ...(draft.protocol && { protocol: draft.protocol.name }),
    ...(draft.program && { policy: compiler.policy(draft.program) }),
    all: draft.all,
    count: draft.count,
  };
}

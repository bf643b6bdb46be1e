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
import type { Session } from './session.ts';
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
  'explain',
  'import',
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
  explain: boolean;
  /** `import table`: routes as this protocol sent them. */
  received?: { protocol: ProtocolView; channel: ChannelName };
}

function fail(message: string): never {
  throw new CommandError(CODE.parseError, message);
}

function parseProtocol(cursor: Cursor, view: DaemonView): ProtocolView {
  const name = cursor.name('a protocol');
  const [found] = view.protocols((wanted) => wanted === name);
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
  if (cursor.acceptWord('all')) draft.tables = view.config.tables.map(({ name }) => name);
  else draft.tables = [...(draft.tables ?? []), tableOf(cursor, view)];
}

/** The name of a table that has routes. */
export function tableOf(cursor: Cursor, view: DaemonView): string {
  const word = cursor.name('a table');
  // `master` of BIRD 1.6 is a name of `master4` or `master6`.
  const symbol = view.config.symbols.get(word);
  const name = symbol?.kind === 'table' ? symbol.table.name : word;
  if (!view.config.tables.some((table) => table.name === name)) fail('Table name required');
  return name;
}

type ChannelName = NonNullable<RouteQuery['export']>['channel'];

/** Ways out of tables to a protocol: its channels, and both ends of a pipe. */
function outlets({ channels, pipe }: ProtocolView): {
  readonly name: ChannelName;
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

/** `.CHANNEL` */
function parseChannelOf(cursor: Cursor, protocol: ProtocolView): ChannelName {
  cursor.expect('.');
  const name = cursor.name('a channel');
  const found = outlets(protocol).find((candidate) => candidate.name === name);
  return found?.name ?? fail(`Channel ${protocol.name}.${name} not found`);
}

/** `NAME.CHANNEL` */
function parseChannel(cursor: Cursor, view: DaemonView): { protocol: ProtocolView; channel: ChannelName } {
  const protocol = parseProtocol(cursor, view);
  return { protocol, channel: parseChannelOf(cursor, protocol) };
}

function parseExport(cursor: Cursor, view: DaemonView, draft: Draft, mode: ExportMode): void {
  if (mode === 'export' && cursor.acceptWord('table')) {
    if (draft.export) fail('Export specified twice');
    draft.export = { mode: 'exported', ...parseChannel(cursor, view) };
    return;
  }
  if (draft.export) fail('Export specified twice');
  const protocol = parseProtocol(cursor, view);
  const channel = cursor.isPunctuation('.') ? parseChannelOf(cursor, protocol) : undefined;
  draft.export = { mode, protocol, channel };
}

/** What follows the word `filter`. */
export function parseFilter(cursor: Cursor, view: DaemonView): FilterProgram {
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
    case 'import':
      cursor.expectWord('table');
      draft.received = parseChannel(cursor, view);
      if (draft.received.protocol.pipe) fail('A pipe keeps no import table');
      break;
    case 'explain':
      draft.explain = true;
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

/** `master4` and `master6`, as far as there are such. */
function defaultTables(view: DaemonView): string[] {
  const known = view.config.tables.map(({ name }) => name);
  return ['master4', 'master6'].filter((name) => known.includes(name));
}

/** Tables to walk, and for each the channel of `export`. */
function walks({ view, dialect }: Session, draft: Draft): RouteQuery[] {
  const { primaryOnly, filtered, match } = draft;
  const base = { primaryOnly, filtered, ...(match && { match }) };
  const wanted = draft.export;
  let queries: RouteQuery[];
  if (draft.received) {
    const { protocol, channel } = draft.received;
    const table = protocol.channels.find(({ name }) => name === channel)!.table;
    queries = [{ ...base, table, received: protocol.name }];
  } else if (wanted) {
    const channels = outlets(wanted.protocol).filter(
      ({ name, isDown, table }) =>
        (wanted.channel ?? name) === name && !isDown && (draft.tables?.includes(table) ?? true),
    );
    if (channels.length === 0 && dialect.version === 1) {
      throw new CommandError(CODE.protocolDown, 'Protocol is down');
    }
    queries = channels.map(({ name, table }) => ({
      ...base,
      table,
      export: { mode: wanted.mode, protocol: wanted.protocol.name, channel: name },
    }));
  } else {
    const tables =
      draft.tables ??
      (draft.protocol && outlets(draft.protocol).map(({ table }) => table)) ??
      defaultTables(view);
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
export function parseShowRoute(cursor: Cursor, session: Session): ShowRoute {
  const { view } = session;
  const draft: Draft = {
    tables: undefined,
    all: false,
    primaryOnly: false,
    filtered: false,
    count: 'no',
    explain: false,
  };
  while (cursor.kind !== TOKEN.end) parseOne(cursor, view, draft);
  if (draft.filtered && (draft.export || draft.primaryOnly)) fail('Incompatible show route options');
  if (draft.explain) {
    if (!draft.match || draft.match.mode === 'in')
      fail("'explain' is about one network: give its prefix, or 'for' an address");
    if (draft.export && draft.export.mode !== 'export') fail("'explain' goes with 'export'");
  }
  const compiler = new FilterCompiler(view.attributes, { error: () => undefined, print: () => undefined });
  return {
    queries: walks(session, draft),
    tablesNamed: draft.tables !== undefined,
    ...(draft.protocol && { protocol: draft.protocol.name }),
    ...(draft.program && { policy: compiler.policy(draft.program) }),
    all: draft.all,
    count: draft.count,
    explain: draft.explain,
  };
}

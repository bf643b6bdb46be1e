/** `show status`, `show memory` and `show symbols`. */
import { formatIpv4 } from '../../base/ip.ts';
import type { Cursor } from '../conf/cursor.ts';
import { TOKEN } from '../conf/lexer.ts';
import type { ConfigSymbol } from '../conf/scope.ts';
import type { MemoryRow, RenderedView } from './daemon-view.ts';
import { VERSION_TEXT } from './dialect.ts';
import { CODE, last, more } from './replies.ts';
import type { Answer } from './replies.ts';
import { end, sessionTime, type Handler, type Session } from './session.ts';

const STATE_TEXT = {
  waiting: 'There is no configuration yet',
  up: 'Daemon is up and running',
  reconfiguring: 'Reconfiguration in progress',
  'shutting-down': 'Shutdown in progress',
};

export function* showStatus(session: Session): Answer {
  const { view, dialect } = session;
  const status = view.status();
  const time = (ms: number): string => sessionTime(session, 'base', ms, status.nowMs);
  yield more(CODE.version, `BIRD ${VERSION_TEXT[dialect.version]}`);
  if (status.routerId !== undefined) yield more(CODE.uptime, `Router ID is ${formatIpv4(status.routerId)}`);
  if (dialect.version > 1) yield more(CODE.uptime, `Hostname is ${status.hostname}`);
  yield more(CODE.uptime, `Current server time is ${time(status.nowMs)}`);
  yield more(CODE.uptime, `Last reboot on ${time(status.bootMs)}`);
  if (status.configuredMs !== undefined)
    yield more(CODE.uptime, `Last reconfiguration on ${time(status.configuredMs)}`);
  if (status.gracefulRestart) {
    const { protocols, waitS } = status.gracefulRestart;
    const old = dialect.version === 1;
    yield more(CODE.gracefulRestart, 'Graceful restart recovery in progress');
    yield more(
      CODE.gracefulRestart,
      `  Waiting for ${protocols} ${old ? 'protocols' : 'channels'} to recover`,
    );
    yield more(
      CODE.gracefulRestart,
      `  Wait timer is ${waitS.toFixed(old ? 0 : 3)}/${view.config.gracefulRestartWaitS}`,
    );
  }
  if (status.rendered) {
    const { rendered, state } = status;
    const isWaiting = state === 'waiting';
    for (const text of renderedLines(rendered, isWaiting, (ms) => time(ms))) yield more(CODE.uptime, text);
  }
  yield last(CODE.status, STATE_TEXT[status.state]);
}

/** Lines of Catbird's own about a configuration that is rendered. */
function renderedLines(view: RenderedView, isWaiting: boolean, time: (ms: number) => string): string[] {
  const { store, revision, isLastGood, lost, problem, held } = view;
  const from = isLastGood ? 'the last good one, kept from' : 'rendered from';
  const lines = [
    isWaiting
      ? `Waiting for a good configuration from ${store}`
      : `Configuration is ${from} ${store}, revision ${revision}`,
  ];
  if (lost) lines.push(`Keys cannot be read since ${time(lost.sinceMs)}: ${lost.reason}`);
  if (problem) {
    const more = problem.keyCount - problem.keys.length;
    const keys = `${problem.keys.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
    const about = problem.keyCount > 0 ? ` (${keys})` : '';
    lines.push(
      `Rendering refused since ${time(problem.sinceMs)}, revision ${problem.revision}${about}: ${problem.text}`,
    );
  }
  if (held) lines.push(`New renderings are held, ${held.because}${held.waits ? '; one waits' : ''}`);
  return lines.map((line) => line.replace(/\s+/g, ' '));
}

/** A size as BIRD writes it: at most four digits, one decimal, and a unit. */
function size(bytes: number): string {
  const units = [' B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 10_000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1).padStart(6)} ${units[unit]!}`;
}

/** BIRD 1.6 has no decimals. */
function wholeSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 10_000 && unit < 3; unit++) value = Math.floor((value + 512) / 1024);
  return `${String(value).padStart(4)} ${' kMG'[unit]!}B`;
}

export function* showMemory({ dialect }: Session, rows: readonly MemoryRow[]): Answer {
  yield more(CODE.memory, 'BIRD memory usage');
  if (dialect.version > 1) yield more(CODE.memory, `${''.padEnd(17)} Effective    Overhead`);
  for (const { name, effectiveBytes, overheadBytes } of rows) {
    const sizes =
      dialect.version === 1
        ? wholeSize(effectiveBytes + overheadBytes)
        : `${size(effectiveBytes)}   ${size(overheadBytes)}`;
    yield more(CODE.memory, `${name.padEnd(17)} ${sizes}`);
  }
  yield last(CODE.ok);
}

const SYMBOL_CLASS: Readonly<Record<ConfigSymbol['kind'], string>> = {
  constant: 'constant',
  filter: 'filter',
  function: 'function',
  table: 'routing table',
  attribute: 'custom attribute',
  protocol: 'protocol',
  template: 'protocol template',
};

/** Words of `show symbols` that choose a kind. */
const SYMBOL_WORDS = ['table', 'filter', 'function', 'protocol', 'template'] as const;

/** A name of the configuration with what it stands for, in the dialect's words. */
export interface SymbolView {
  readonly name: string;
  readonly class: string;
}

function isRoa(symbol: ConfigSymbol): boolean {
  return symbol.kind === 'table' && (symbol.table.net === 'roa4' || symbol.table.net === 'roa6');
}

function classOf(symbol: ConfigSymbol, version: number): string {
  return version === 1 && isRoa(symbol) ? 'ROA table' : SYMBOL_CLASS[symbol.kind];
}

/** What `show symbols` is asked for: a kind, one name, or all. */
export type SymbolQuery = { readonly kind: string } | { readonly name: string } | 'all';

/** Arguments of `show symbols`. Throws `ConfError`. */
export function parseSymbols(cursor: Cursor, { dialect }: Session): SymbolQuery {
  const words: readonly string[] = dialect.version === 1 ? [...SYMBOL_WORDS, 'roa'] : SYMBOL_WORDS;
  const kind = words.find((word) => cursor.acceptWord(word));
  const query =
    kind !== undefined ? { kind } : cursor.kind === TOKEN.end ? 'all' : { name: cursor.name('a symbol') };
  end(cursor);
  return query;
}

/** The names that are asked for. */
export function symbolViews({ view, dialect }: Session, query: SymbolQuery): SymbolView[] {
  if (query !== 'all' && 'name' in query) {
    const symbol = view.config.symbols.get(query.name);
    return [{ name: query.name, class: symbol ? classOf(symbol, dialect.version) : 'undefined' }];
  }
  const fits = (symbol: ConfigSymbol): boolean => {
    if (query === 'all') return true;
    if (dialect.version === 1 && isRoa(symbol)) return query.kind === 'roa';
    return symbol.kind === query.kind;
  };
  return [...view.config.symbols.entries()]
    .filter(([, symbol]) => fits(symbol))
    .map(([name, symbol]) => ({ name, class: classOf(symbol, dialect.version) }));
}

function symbolLine({ name, class: text }: SymbolView): string {
  return `${name.padEnd(8)}\t${text}`;
}

function* showSymbols(rows: readonly SymbolView[]): Answer {
  for (const symbol of rows) yield more(CODE.symbol, symbolLine(symbol));
  yield last(CODE.ok);
}

export const runShowSymbols: Handler = (cursor, session) => {
  const query = parseSymbols(cursor, session);
  const rows = symbolViews(session, query);
  // BIRD ends the answer about one name with its line.
  if (query !== 'all' && 'name' in query) return [last(CODE.symbol, symbolLine(rows[0]!))];
  return showSymbols(rows);
};

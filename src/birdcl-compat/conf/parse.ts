/** The parser's top level: statements of a configuration. */
import {
  parseExpression,
  parseFilterDefinition,
  parseFunctionDefinition,
  parseNewName,
} from '../filter/parse.ts';
import type { NameNode, ProtocolNode, StatementNode } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { ConfError } from './diagnostics.ts';
import { bgp } from './grammar/bgp.ts';
import { skipBlock } from './grammar/channel.ts';
import { device } from './grammar/device.ts';
import { globals } from './grammar/global.ts';
import { parseLanguageStatement } from './grammar/language.ts';
import { holdsNetChannel, netStatic } from './grammar/net-tables.ts';
import type { ProtocolDraft, ProtocolGrammar } from './grammar/protocol.ts';
import { staticProtocol } from './grammar/static.ts';
import { tableOptions } from './grammar/table.ts';
import type { TableDraft } from './grammar/table.ts';
import { TOKEN } from './lexer.ts';
import type { OptionNode } from './rules.ts';

/** Erases what kind of draft a grammar works on; each only ever meets its own. */
function erase<Draft extends ProtocolDraft>(grammar: ProtocolGrammar<Draft>): ProtocolGrammar<ProtocolDraft> {
  return grammar as unknown as ProtocolGrammar<ProtocolDraft>;
}

const PROTOCOLS: ReadonlyMap<string, ProtocolGrammar<ProtocolDraft>> = new Map(
  [erase(bgp), erase(staticProtocol), erase(device)].map((grammar) => [grammar.word, grammar]),
);

const NET_STATIC = erase(netStatic);

const NOT_A_SPEAKER = 'Catbird is a BGP speaker; keep BIRD for this protocol';
const NOT_YET = 'Catbird reflects BGP routes and has no such protocol yet';

/** Protocols of BIRD that are not here, and why. */
const REFUSED_PROTOCOLS: Readonly<Record<string, string>> = {
  direct: NOT_YET,
  kernel: NOT_YET,
  pipe: NOT_YET,
  bfd: NOT_YET,
  rpki: NOT_YET,
  mrt: NOT_YET,
  bmp: NOT_YET,
  aggregator: NOT_YET,
  l3vpn: NOT_YET,
  evpn: NOT_YET,
  perf: NOT_A_SPEAKER,
  ospf: NOT_A_SPEAKER,
  rip: NOT_A_SPEAKER,
  babel: NOT_A_SPEAKER,
  radv: NOT_A_SPEAKER,
};

const TABLE_TYPES: Readonly<Record<string, 0 | 1 | undefined>> = { ipv4: 0, ipv6: 1 };

const REFUSED_STATEMENTS: Readonly<Record<string, string>> = {
  threads: "'threads' is not built yet",
  cli: "'cli' is not built yet",
  mpls: "'mpls' is not built yet",
};

const STATEMENT_WORDS = [
  'define',
  'filter',
  'function',
  'template',
  'protocol',
  'include',
  ...Object.keys(TABLE_TYPES),
];

/**
 * Reads statements until the end of the text. Statements that were read before an error stay in `into`, so that
 * they can still be checked. Throws `ConfError`.
 */
export function parseConfig(cursor: Cursor, into: StatementNode[]): void {
  while (cursor.kind !== TOKEN.end) {
    if (cursor.accept(';')) continue;
    into.push(parseStatement(cursor));
  }
}

function parseStatement(cursor: Cursor): StatementNode {
  const word = cursor.word();
  switch (word) {
    case 'define':
      return parseDefine(cursor);
    case 'filter':
      cursor.at++;
      return { kind: 'filter', filter: parseFilterDefinition(cursor) };
    case 'function':
      cursor.at++;
      return { kind: 'function', function: parseFunctionDefinition(cursor) };
    case 'protocol':
    case 'template':
      return parseProtocol(cursor, word === 'template');
    case 'include':
      return cursor.fail("'include' must be the first word of its line", 'write it as: include "file";');
    default:
      break;
  }
  const statement = parseLanguageStatement(cursor);
  if (statement) return { kind: 'language', statement };
  if (word !== undefined && word in TABLE_TYPES) return parseTable(cursor);
  const { at } = cursor;
  const option = globals.parse(cursor);
  if (option) return { kind: 'global', option: { ...option, end: cursor.expect(';') } };
  const refusal = REFUSED_STATEMENTS[word ?? ''];
  if (refusal !== undefined) throw new ConfError(at, refusal);
  return cursor.unexpected(undefined, [...STATEMENT_WORDS, ...globals.firstWords()]);
}

function parseName(cursor: Cursor, what: string): NameNode {
  const { at } = cursor;
  return { name: cursor.name(what), at };
}

function parseDefine(cursor: Cursor): StatementNode {
  cursor.at++;
  const { at } = cursor;
  const name = { name: parseNewName(cursor, 'a name'), at };
  cursor.expect('=');
  const value = parseExpression(cursor);
  cursor.expect(';');
  return { kind: 'define', name, value };
}

function parseTable(cursor: Cursor): StatementNode {
  const family = TABLE_TYPES[cursor.textAfter(0)]!;
  cursor.at++;
  cursor.expectWord('table');
  const name = parseName(cursor, 'a table name');
  const sorted = cursor.acceptWord('sorted');
  const options: OptionNode<TableDraft>[] = [];
  if (cursor.accept('{')) tableOptions.parseBlock(cursor, options);
  return { kind: 'table', name, family, sorted, options };
}

function parseProtocol(cursor: Cursor, template: boolean): StatementNode {
  const { at } = cursor;
  cursor.at++;
  const word = cursor.word();
  const grammar = word === 'static' && holdsNetChannel(cursor) ? NET_STATIC : PROTOCOLS.get(word ?? '');
  if (!grammar) {
    const why = REFUSED_PROTOCOLS[word ?? ''];
    if (why === undefined) {
      cursor.unexpected('a protocol', [...PROTOCOLS.keys(), ...Object.keys(REFUSED_PROTOCOLS)]);
    }
    const wordAt = cursor.at;
    while (!cursor.isPunctuation('{')) {
      if (cursor.kind === TOKEN.end) cursor.unexpected("'{'");
      cursor.at++;
    }
    skipBlock(cursor);
    return { kind: 'refused', at: wordAt, message: `not built yet: ${word}`, hint: why };
  }
  cursor.at++;
  const name =
    cursor.isPunctuation('{') || cursor.isWord('from') ? undefined : parseName(cursor, "a name or '{'");
  const from = cursor.acceptWord('from') ? parseName(cursor, 'the name of a template') : undefined;
  cursor.expect('{');
  const options: OptionNode<ProtocolDraft>[] = [];
  grammar.rules.parseBlock(cursor, options);
  const node: ProtocolNode = {
    kind: 'protocol',
    at,
    grammar,
    template,
    ...(name && { name }),
    ...(from && { from }),
    options,
    end: cursor.at - 1,
  };
  return node;
}

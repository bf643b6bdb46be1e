/** The parser's top level: statements of a configuration. */
import type { Net } from '../filter/nets.ts';
import {
  parseExpression,
  parseFilterDefinition,
  parseFunctionDefinition,
  parseNewName,
} from '../filter/parse.ts';
import type { NameNode, ProtocolNode, StatementNode } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { bfd } from './grammar/bfd.ts';
import { bgp } from './grammar/bgp.ts';
import { bmp } from './grammar/bmp.ts';
import { skipBlock } from './grammar/channel.ts';
import { device, direct, kernel } from './grammar/device.ts';
import { globals, globals1 } from './grammar/global.ts';
import { parseLanguageStatement } from './grammar/language.ts';
import { parseMplsDomain } from './grammar/mpls.ts';
import { mrt } from './grammar/mrt.ts';
import { holdsNetChannel, netStatic } from './grammar/net-tables.ts';
import { aggregator, pipe } from './grammar/pipe.ts';
import { rulesFor } from './grammar/protocol.ts';
import type { ProtocolDraft, ProtocolGrammar } from './grammar/protocol.ts';
import { rpki } from './grammar/rpki.ts';
import { staticProtocol } from './grammar/static.ts';
import { tableOptions } from './grammar/table.ts';
import type { TableDraft } from './grammar/table.ts';
import { bridge, evpn, l3vpn } from './grammar/vpn.ts';
import { TOKEN } from './lexer.ts';
import { NET_TYPES } from './net-types.ts';
import type { NetType } from './net-types.ts';
import type { OptionNode } from './rules.ts';

/** Erases what kind of draft a grammar works on; each only ever meets its own. */
function erase<Draft extends ProtocolDraft>(grammar: ProtocolGrammar<Draft>): ProtocolGrammar<ProtocolDraft> {
  return grammar as unknown as ProtocolGrammar<ProtocolDraft>;
}

const PROTOCOLS: ReadonlyMap<string, ProtocolGrammar<ProtocolDraft>> = new Map(
  [
    erase(bgp),
    erase(staticProtocol),
    erase(device),
    erase(direct),
    erase(kernel),
    erase(pipe),
    erase(mrt),
    ...[bfd, rpki, bmp, aggregator, l3vpn, evpn, bridge].map(erase),
  ].map((grammar) => [grammar.word, grammar]),
);

const NET_STATIC = erase(netStatic);

/** Protocols of BIRD that Catbird will not have, with all that belongs to them. */
const NOT_FOR_A_SPEAKER = ['ospf', 'rip', 'babel', 'radv', 'perf'];

const STATEMENT_WORDS = ['define', 'filter', 'function', 'template', 'protocol', 'include'];

/** Words that begin the definition of a table in BIRD 2. */
const TABLE_WORDS: ReadonlySet<string> = new Set(NET_TYPES.map((type) => type.split(' ')[0]!));

/**
 * Reads statements until the end of the text, each handed to `take` before the next one is read: BIRD reads in one
 * pass, and syntax trees need not be kept. Throws `ConfError`.
 */
export function parseConfig(cursor: Cursor, take: (statement: StatementNode) => void): void {
  while (cursor.kind !== TOKEN.end) {
    if (cursor.accept(';')) continue;
    const statement = parseStatement(cursor);
    try {
      if (statement.kind === 'protocol') parseOptions(cursor, statement);
    } finally {
      // What is before an error in the options of a protocol is checked all the same.
      take(statement);
    }
  }
}

/** A block that repeats another one: the lexer has found all that is to be known of it. */
function parseRepetition(cursor: Cursor): StatementNode {
  const { at, tokens } = cursor;
  const of = tokens.values[at]!;
  cursor.at++;
  const name = parseName(cursor, 'a name');
  const slots = cursor.at;
  cursor.at += tokens.slotsOf(of).length;
  cursor.expect('}');
  return { kind: 'repetition', at, of, name, slots };
}

function parseStatement(cursor: Cursor): StatementNode {
  if (cursor.kind === TOKEN.repeat) return parseRepetition(cursor);
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
  const table = cursor.dialect.version === 1 ? parseTable1(cursor) : parseTable(cursor);
  if (table) return table;
  const rules = cursor.dialect.version === 1 ? globals1 : globals;
  const option = rules.parse(cursor);
  if (option) {
    // The block of a thread group needs no `;`.
    option.end = option.rule.words === 'thread group' ? cursor.at - 1 : cursor.expect(';');
    return { kind: 'global', option };
  }
  return cursor.unexpected(undefined, [...STATEMENT_WORDS, ...TABLE_WORDS, ...rules.firstWords()]);
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

/** `ipv4 table NAME { … }`, or `mpls domain NAME { … }`; undefined, and nothing read, for something else. */
function parseTable(cursor: Cursor): StatementNode | undefined {
  const word = cursor.word();
  if (word === undefined || !TABLE_WORDS.has(word)) return undefined;
  const { at } = cursor;
  cursor.at++;
  if (word === 'mpls' && cursor.acceptWord('domain')) {
    parseMplsDomain(cursor);
    return { kind: 'refused', at, message: 'MPLS domains are not built yet', hint: 'Catbird has no labels' };
  }
  const net = (word === 'ipv6' && cursor.acceptWord('sadr') ? 'ipv6 sadr' : word) as NetType;
  cursor.expectWord('table');
  const name = parseName(cursor, 'a table name');
  const sorted = cursor.acceptWord('sorted');
  const options: OptionNode<TableDraft>[] = [];
  if (cursor.accept('{')) tableOptions.parseBlock(cursor, options);
  return { kind: 'table', at, name, net, sorted, options };
}

/** `table NAME` and `roa table NAME { roa 10.0.0.0/8 max 24 as 65000; … }` of BIRD 1.6. */
function parseTable1(cursor: Cursor): StatementNode | undefined {
  const { at } = cursor;
  const family = cursor.dialect.version === 1 ? cursor.dialect.family : 0;
  if (cursor.acceptWord('table')) {
    const name = parseName(cursor, 'a table name');
    const sorted = cursor.acceptWord('sorted');
    return { kind: 'table', at, name, net: family === 0 ? 'ipv4' : 'ipv6', sorted, options: [] };
  }
  if (!cursor.acceptWord('roa')) return undefined;
  cursor.expectWord('table');
  const name = parseName(cursor, 'a table name');
  const net = family === 0 ? 'roa4' : 'roa6';
  const origins: Net[] = [];
  if (cursor.accept('{')) {
    while (!cursor.accept('}')) origins.push(parseRoa(cursor, net));
  }
  return { kind: 'table', at, name, net, sorted: false, options: [], origins };
}

function parseRoa(cursor: Cursor, kind: 'roa4' | 'roa6'): Net {
  cursor.expectWord('roa');
  const prefix = cursor.prefixOf(cursor.address());
  cursor.expectWord('max');
  const maxLength = cursor.number();
  cursor.expectWord('as');
  const asn = cursor.number('an AS number');
  cursor.expect(';');
  if (maxLength < prefix.length) cursor.fail(`Invalid max prefix length ${maxLength}`);
  return { ...prefix, kind, maxLength, asn };
}

function parseProtocol(cursor: Cursor, template: boolean): StatementNode {
  const { at, dialect } = cursor;
  cursor.at++;
  const word = cursor.word();
  const grammar = word === 'static' && holdsNetChannel(cursor) ? NET_STATIC : PROTOCOLS.get(word ?? '');
  const rules = grammar && rulesFor(grammar, dialect);
  if (!rules) return skipProtocol(cursor);
  const kindAt = cursor.at++;
  const named = !cursor.isPunctuation('{') && !cursor.isWord('from');
  const name = named ? parseName(cursor, "a name or '{'") : undefined;
  const from = cursor.acceptWord('from') ? parseName(cursor, 'the name of a template') : undefined;
  return {
    kind: 'protocol',
    at,
    kindAt,
    grammar,
    template,
    ...(name && { name }),
    ...(from && { from }),
    options: [],
  };
}

/** Reads the braces of a protocol, whose head is already read. */
function parseOptions(cursor: Cursor, node: ProtocolNode): void {
  cursor.expect('{');
  rulesFor(node.grammar, cursor.dialect)!.parseBlock(cursor, node.options, true);
  node.end = cursor.at - 1;
}

/** Goes past a protocol that no BGP speaker has; anything else that is no protocol is an error. */
function skipProtocol(cursor: Cursor): StatementNode {
  const word = cursor.word() ?? '';
  if (!NOT_FOR_A_SPEAKER.includes(word)) {
    cursor.unexpected('a protocol', [...PROTOCOLS.keys(), ...NOT_FOR_A_SPEAKER]);
  }
  const { at } = cursor;
  while (!cursor.isPunctuation('{')) {
    if (cursor.kind === TOKEN.end) cursor.unexpected("'{'");
    cursor.at++;
  }
  skipBlock(cursor);
  const hint = 'Catbird is a BGP speaker; keep BIRD for this protocol';
  return { kind: 'refused', at, message: `not built yet: ${word}`, hint };
}

/** Protocols that tell others of routes: `mrt` dumps tables into files (RFC 6396), `bmp` monitors (RFC 7854). */
import { address, bool, bounded, number, policy, table, text } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import type { Expression } from '../../filter/ast.ts';
import { addressOf, textOf } from '../constants.ts';
import { ConfError } from '../diagnostics.ts';
import { TOKEN } from '../lexer.ts';
import { accepted } from '../rules.ts';
import type { Rule } from '../rules.ts';
import { notBuilt, noting } from './not-built.ts';
import type { NotBuiltDraft } from './not-built.ts';

/** The name of a table, or a pattern of names in quotes. */
const tables: ArgumentKind<{ name: string; at: number } | undefined, unknown> = {
  parse(cursor) {
    if (cursor.kind !== TOKEN.text) return table.parse(cursor);
    cursor.at++;
    return undefined;
  },
  evaluate: (node, scope) => node && table.evaluate(node, scope),
};

/** `filter …` and `where …`, the first word not read yet. */
function filterRule(words: 'filter' | 'where'): Rule<NotBuiltDraft> {
  return {
    words,
    parse(cursor) {
      cursor.at--;
      return policy.parse(cursor);
    },
    apply: (_draft, node, { scope }) => {
      policy.evaluate(node as ReturnType<typeof policy.parse>, scope);
    },
  };
}

export const mrt = notBuilt({
  word: 'mrt',
  rules: [
    noting(accepted('table', tables)),
    filterRule('filter'),
    filterRule('where'),
    noting(accepted('filename', text)),
    noting(accepted('period', number)),
    accepted('always add path', bool),
  ],
  required: [
    ['table', 'Table not specified'],
    ['filename', 'File not specified'],
    ['period', 'Period not specified'],
  ],
  checksTemplates: true,
  hint: 'Catbird writes no MRT dumps yet',
});

const stationPort = bounded(1, 65_535, 'Invalid BMP monitoring station port number');

/** `station address ip 10.0.0.1 port 1790` */
const station: Rule<NotBuiltDraft> = {
  words: 'station address',
  parse(cursor) {
    const parts: { ip?: Expression; port?: Expression } = {};
    for (;;) {
      if (cursor.acceptWord('ip')) parts.ip = address.parse(cursor);
      else if (cursor.acceptWord('port')) parts.port = stationPort.parse(cursor);
      else return parts;
    }
  },
  apply(draft, argument, { scope }) {
    const { ip, port } = argument as { ip?: Expression; port?: Expression };
    if (ip) {
      addressOf(ip, scope);
      draft.given.add('ip');
    }
    if (port) {
      stationPort.evaluate(port, scope);
      draft.given.add('port');
    }
  },
};

/** RFC 1213 DisplayString. */
const displayText: ArgumentKind<Expression, string> = {
  parse: (cursor) => text.parse(cursor),
  evaluate(node, scope) {
    const value = textOf(node, scope);
    if (value === '') throw new ConfError(node.at, 'String is empty');
    if (value.length > 255) throw new ConfError(node.at, 'Invalid string length');
    return value;
  },
};

export const bmp = notBuilt({
  word: 'bmp',
  rules: [
    accepted('local address', address),
    station,
    accepted('system description', displayText),
    accepted('system name', displayText),
    accepted('monitoring rib in pre_policy', bool),
    accepted('monitoring rib in post_policy', bool),
    accepted('tx buffer limit', bounded(1, 0xffff_ffff, 'BMP TX buffer limit must be at least 1 megabyte')),
  ],
  required: [
    ['ip', 'Station IP address not specified'],
    ['port', 'Station port number not specified'],
  ],
  hint: 'Catbird reports to no monitoring station yet',
});

/** The protocol that tells a monitoring station of routes: `bmp` (RFC 7854). */
import { address, bool, bounded, text } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import type { Expression } from '../../filter/ast.ts';
import { addressOf, textOf } from '../constants.ts';
import { ConfError } from '../diagnostics.ts';
import { accepted } from '../rules.ts';
import type { Rule } from '../rules.ts';
import { notBuilt } from './not-built.ts';
import type { NotBuiltDraft } from './not-built.ts';

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

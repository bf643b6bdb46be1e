/** BFD (RFC 5880): `protocol bfd`, and the `bfd { … }` option of `protocol bgp`. */
import {
  bool,
  none,
  number,
  parseAddressExpression,
  parseScopedAddress,
  parseTextExpression,
  time,
} from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import type { Expression } from '../../filter/ast.ts';
import { addressOf, textOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { accepted, RuleTable } from '../rules.ts';
import type { OptionNode, Rule } from '../rules.ts';
import { interfaceNames } from './interfaces.ts';
import { channelRules1, newChannel, onlyChannel, onlyChannelRules } from './channel.ts';
import type { ChannelDraft } from './channel.ts';
import { notBuilt } from './not-built.ts';
import type { NotBuiltDraft } from './not-built.ts';
import { password, passwords } from './passwords.ts';
import { protocolRules1, threadGroup } from './protocol.ts';

const authentication: ArgumentKind<string, string> = {
  parse(cursor) {
    const meticulous = cursor.acceptWord('meticulous');
    if (!meticulous) {
      for (const word of ['none', 'simple']) if (cursor.acceptWord(word)) return word;
    }
    cursor.expectWord('keyed');
    for (const word of ['md5', 'sha1']) if (cursor.acceptWord(word)) return word;
    return cursor.unexpected("'md5' or 'sha1'", ['md5', 'sha1']);
  },
  evaluate: (node) => node,
};

/** Options of a session, of an interface or of `multihop`. */
const sessionRules: readonly Rule<object>[] = [
  accepted('interval', time),
  accepted('min rx interval', time),
  accepted('min tx interval', time),
  accepted('idle tx interval', time),
  accepted('multiplier', number),
  accepted('passive', bool),
  accepted('authentication', authentication),
  accepted('password', password),
  accepted('key', password),
  accepted('passwords', passwords),
];

const sessionOptions = new RuleTable<object>(sessionRules);
/** `bfd { … }` of a neighbour may say `graceful` too. */
const neighborOptions = new RuleTable<object>([...sessionRules, accepted('graceful', none)]);

function parseOptions(cursor: Cursor, rules: RuleTable<object>): OptionNode<object>[] {
  const options: OptionNode<object>[] = [];
  if (cursor.accept('{')) rules.parseBlock(cursor, options);
  return options;
}

/** `bfd`, `bfd graceful` and `bfd { … }` of a neighbour: whether it is on. */
export const bfdOptions: ArgumentKind<
  { on: ReturnType<typeof bool.parse>; options: OptionNode<object>[] },
  boolean
> = {
  parse(cursor) {
    if (cursor.isPunctuation('{'))
      return { on: { on: true }, options: parseOptions(cursor, neighborOptions) };
    const on = cursor.acceptWord('graceful') ? { on: true } : bool.parse(cursor);
    return { on, options: [] };
  },
  evaluate: ({ on }, scope) => bool.evaluate(on, scope),
};

/** An `apply` that checks the options in its braces. */
const checkOptions: Rule<NotBuiltDraft>['apply'] = (_draft, node, context) => {
  for (const item of node as OptionNode<object>[]) item.rule.apply({}, item.argument, context, item);
};

const interfaceRule: Rule<NotBuiltDraft> = {
  words: 'interface',
  parse: (cursor) => ({
    patterns: interfaceNames.parse(cursor),
    options: parseOptions(cursor, sessionOptions),
  }),
  apply: (draft, node, context, place) => {
    const { patterns, options } = node as {
      patterns: ReturnType<typeof interfaceNames.parse>;
      options: OptionNode<object>[];
    };
    interfaceNames.evaluate(patterns, context.scope);
    checkOptions(draft, options, context, place);
  },
};

interface NeighborNode {
  readonly address: Expression;
  readonly interface: boolean;
  readonly device?: Expression;
  readonly local?: Expression;
  readonly multihop: ReturnType<typeof bool.parse>;
}

/** `neighbor 10.0.0.1 dev "eth0" local 10.0.0.2 multihop on` */
const neighborRule: Rule<NotBuiltDraft> = {
  words: 'neighbor',
  parse(cursor): NeighborNode {
    const { address, interface: name } = parseScopedAddress(cursor);
    const device = name === undefined && cursor.acceptWord('dev') ? parseTextExpression(cursor) : undefined;
    const local = cursor.acceptWord('local') ? parseAddressExpression(cursor) : undefined;
    const multihop = cursor.acceptWord('multihop') ? bool.parse(cursor) : { on: false };
    return {
      address,
      interface: name !== undefined || device !== undefined,
      ...(device && { device }),
      ...(local && { local }),
      multihop,
    };
  },
  apply(_draft, argument, { scope }, { at }) {
    const node = argument as NeighborNode;
    addressOf(node.address, scope);
    if (node.device) textOf(node.device, scope);
    if (node.local) addressOf(node.local, scope);
    if (!bool.evaluate(node.multihop, scope)) return;
    if (node.interface) throw new ConfError(at, 'Neighbor cannot set both interface and multihop');
    if (!node.local) throw new ConfError(at, 'Multihop neighbor requires specified local address');
  },
};

const ACCEPT_WORDS = ['ipv4', 'ipv6', 'direct', 'multihop'];

const acceptRule: Rule<NotBuiltDraft> = {
  words: 'accept',
  parse(cursor) {
    while (ACCEPT_WORDS.some((word) => cursor.acceptWord(word)));
  },
  apply: () => undefined,
};

const rules: readonly Rule<NotBuiltDraft>[] = [
  interfaceRule,
  { words: 'multihop', parse: (cursor) => parseOptions(cursor, sessionOptions), apply: checkOptions },
  neighborRule,
];

export const bfd = notBuilt({
  word: 'bfd',
  rules: [
    ...rules,
    acceptRule,
    accepted('strict bind', bool),
    accepted('zero udp6 checksum rx', bool),
    threadGroup('express thread group'),
  ],
  rules1: [
    ...protocolRules1<NotBuiltDraft>(),
    ...onlyChannelRules<NotBuiltDraft, ChannelDraft>(channelRules1()),
    ...rules,
  ],
  create: (context) => onlyChannel(context, (type) => newChannel(type, 0, context)),
  hint: 'Catbird notices a lost neighbour by TCP and the hold timer',
});

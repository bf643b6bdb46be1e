/** Protocols between tables of VPNs: `l3vpn` (RFC 4364), `evpn` (RFC 7432) and the `bridge` that goes with it. */
import { address, bool, bounded, number, text, time } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import type { Expression } from '../../filter/ast.ts';
import { parseExpression } from '../../filter/parse.ts';
import type { Cursor } from '../cursor.ts';
import { TOKEN } from '../lexer.ts';
import { PLAIN_CHANNELS } from '../net-types.ts';
import { accepted, RuleTable } from '../rules.ts';
import type { OptionNode, Rule } from '../rules.ts';
import { mplsChannelRule } from './mpls.ts';
import { notBuilt, noting, plainChannels } from './not-built.ts';
import type { NotBuiltDraft } from './not-built.ts';
import { failAtEnd } from './protocol.ts';

const distinguisher: ArgumentKind<undefined, undefined> = {
  parse(cursor) {
    if (cursor.kind !== TOKEN.rd) cursor.unexpected('a route distinguisher');
    cursor.at++;
    return undefined;
  },
  evaluate: () => undefined,
};

/** `(rt, 1, 2)`, a set of such, `all` or `none`. */
const targets: ArgumentKind<Expression | undefined, undefined> = {
  parse(cursor: Cursor) {
    if (cursor.acceptWord('all') || cursor.acceptWord('none')) return undefined;
    return parseExpression(cursor);
  },
  evaluate: () => undefined,
};

const routeTargets: Rule<NotBuiltDraft>[] = [
  noting(accepted('rd', distinguisher), 'rd'),
  noting(accepted('route distinguisher', distinguisher), 'rd'),
  noting(accepted('import target', targets), 'import'),
  noting(accepted('export target', targets), 'export'),
  {
    words: 'route target',
    parse: (cursor) => targets.parse(cursor),
    apply: (draft) => {
      draft.given.add('import').add('export');
    },
  },
];

/** BIRD's checks of distinguisher and targets, after those of the channels. */
function checkTargets({ given }: NotBuiltDraft, context: Parameters<typeof failAtEnd>[0]): void {
  if (!given.has('rd')) failAtEnd(context, 'Route distinguisher not specified');
  if (!given.has('import') && !given.has('export')) failAtEnd(context, 'Route target not specified');
  if (!given.has('import')) failAtEnd(context, 'Import target not specified');
  if (!given.has('export')) failAtEnd(context, 'Export target not specified');
}

const plain = PLAIN_CHANNELS.filter(({ net }) => net !== 'mpls' && net !== 'neighbor');
const NO_VPN = 'Catbird carries ipv4 and ipv6 unicast';

export const l3vpn = notBuilt({
  word: 'l3vpn',
  rules: [...plainChannels(plain), noting(mplsChannelRule()), ...routeTargets],
  check(draft, context) {
    const has = (words: string): boolean => draft.channels.some(({ type }) => type.words === words);
    if (has('ipv4') !== has('vpn4')) {
      failAtEnd(context, 'For IPv4 L3VPN, both IPv4 and VPNv4 channels must be specified');
    }
    if (has('ipv6') !== has('vpn6')) {
      failAtEnd(context, 'For IPv6 L3VPN, both IPv6 and VPNv6 channels must be specified');
    }
    if (!draft.given.has('mpls')) failAtEnd(context, 'MPLS channel not specified');
    checkTargets(draft, context);
  },
  checksTemplates: true,
  hint: NO_VPN,
});

/** An option with options of its own in braces. */
function nested<Node>(
  words: string,
  kind: ArgumentKind<Node, unknown> | undefined,
  rules: Rule<object>[],
): Rule<NotBuiltDraft> {
  const table = new RuleTable<object>(rules);
  return {
    words,
    parse(cursor) {
      const argument = kind?.parse(cursor);
      const options: OptionNode<object>[] = [];
      if (cursor.accept('{')) table.parseBlock(cursor, options);
      return { argument, options };
    },
    apply(_draft, node, context) {
      const { argument, options } = node as { argument: Node; options: OptionNode<object>[] };
      kind?.evaluate(argument, context.scope);
      for (const item of options) item.rule.apply({}, item.argument, context, item);
    },
  };
}

export const evpn = notBuilt({
  word: 'evpn',
  rules: [
    ...plainChannels(plain),
    mplsChannelRule(),
    ...routeTargets,
    accepted('vni', number),
    accepted('vid', bounded(0, 4095, 'VID must be in range 0-4095')),
    accepted('tag', number),
    nested('encapsulation vxlan', undefined, [
      accepted('tunnel device', text),
      accepted('router address', address),
      accepted('default', bool),
    ]),
    nested('vlan', number, [
      accepted('range', number),
      accepted('vni', bounded(0, 2 ** 24 - 1, 'VNI must be less than 2^24')),
      accepted('vid', bounded(0, 4095, 'VID must be less than 2^12')),
    ]),
  ],
  check(draft, context) {
    const has = (words: string): boolean => draft.channels.some(({ type }) => type.words === words);
    if (!has('eth')) failAtEnd(context, 'Ethernet channel not specified');
    if (!has('evpn')) failAtEnd(context, 'EVPN channel not specified');
    checkTargets(draft, context);
  },
  checksTemplates: true,
  hint: NO_VPN,
});

export const bridge = notBuilt({
  word: 'bridge',
  rules: [
    ...plainChannels(plain),
    noting(accepted('bridge device', text)),
    accepted('vlan filtering', bool),
    accepted('scan time', time),
  ],
  check(draft, context) {
    if (draft.channels.length === 0) failAtEnd(context, 'Channel not specified');
    if (!draft.given.has('bridge device')) failAtEnd(context, 'Bridge device not specified');
  },
  checksTemplates: true,
  hint: NO_VPN,
});

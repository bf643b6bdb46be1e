/** `protocol static`: routes of the configuration. */
import { formatPrefix } from '../../filter/values.ts';
import type { IpAddress } from '../../../base/ip.ts';
import type { Prefix } from '../../filter/values.ts';
import type { Expression, Statement } from '../../filter/ast.ts';
import { checkStatements } from '../../filter/check.ts';
import { ACCEPT_ALL } from '../../filter/program.ts';
import {
  bool,
  limit,
  parseAtomExpression,
  parseOptionalBlock,
  parseScopedAddress,
  prefix,
  startsAtomExpression,
  table,
} from '../arguments.ts';
import { addressOf, numberOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { TOKEN } from '../lexer.ts';
import type { StaticRoute } from '../lowered.ts';
import { refused, RuleTable } from '../rules.ts';
import type { Context, Rule } from '../rules.ts';
import { channelOwnerRules, channelRules, finishChannel, newChannel } from './channel.ts';
import type { ChannelDraft } from './channel.ts';
import { newProtocol, protocolRules } from './protocol.ts';
import type { ProtocolDraft, ProtocolGrammar } from './protocol.ts';

/** BIRD's preference of static routes. */
const STATIC_PREFERENCE = 200;

interface StaticDraft extends ProtocolDraft {
  channels: ChannelDraft[];
  routes: { route: StaticRoute; at: number }[];
}

interface HopNode {
  readonly at: number;
  readonly address?: Expression;
  readonly interface?: string;
  readonly onlink: { on: boolean; expression?: Expression };
  readonly weight?: Expression;
}

interface RouteNode {
  readonly network: Expression;
  readonly target: StaticRoute['target']['kind'];
  readonly targetAt: number;
  readonly via?: Expression;
  readonly hops: readonly HopNode[];
  readonly statements: readonly Statement[] | undefined;
}

/** Words for routes without a next hop; `drop` and `reject` are old ones. */
const DESTINATIONS: Readonly<Record<string, 'blackhole' | 'unreachable' | 'prohibit'>> = {
  blackhole: 'blackhole',
  drop: 'blackhole',
  unreachable: 'unreachable',
  reject: 'unreachable',
  prohibit: 'prohibit',
};

function parseHop(cursor: Cursor): HopNode {
  const at = cursor.expectWord('via');
  const hop: { address?: Expression; interface?: string } =
    cursor.kind === TOKEN.text ? { interface: cursor.string('an interface') } : parseScopedAddress(cursor);
  let onlink: HopNode['onlink'] = { on: false };
  let weight: Expression | undefined;
  for (;;) {
    if (cursor.acceptWord('onlink')) {
      const ends = cursor.isWord('via') || cursor.isWord('weight') || cursor.isPunctuation('{');
      onlink = ends ? { on: true } : bool.parse(cursor);
    } else if (cursor.acceptWord('weight')) weight = parseAtomExpression(cursor);
    else if (cursor.isWord('mpls')) cursor.fail("'mpls' is not built yet", 'Catbird has no MPLS labels yet');
    else if (cursor.isWord('bfd')) cursor.fail("'bfd' is not built yet", 'Catbird has no BFD yet');
    else break;
  }
  return { at, ...hop, onlink, ...(weight && { weight }) };
}

function parseRoute(cursor: Cursor): RouteNode {
  const network = prefix.parse(cursor);
  const targetAt = cursor.at;
  const word = cursor.word();
  const destination = DESTINATIONS[word ?? ''];
  if (destination) {
    cursor.at++;
    return { network, target: destination, targetAt, hops: [], statements: parseOptionalBlock(cursor) };
  }
  if (word === 'recursive') {
    cursor.at++;
    const { address } = parseScopedAddress(cursor);
    if (cursor.isWord('mpls')) cursor.fail("'mpls' is not built yet", 'Catbird has no MPLS labels yet');
    return {
      network,
      target: 'recursive',
      targetAt,
      via: address,
      hops: [],
      statements: parseOptionalBlock(cursor),
    };
  }
  if (word !== 'via') {
    if (startsAtomExpression(cursor) || word !== undefined) {
      cursor.unexpected('a next hop or destination', ['via', 'recursive', ...Object.keys(DESTINATIONS)]);
    }
    cursor.fail(
      'Unexpected or missing nexthop/type',
      "say where it leads: 'via …', 'blackhole', 'unreachable' or 'prohibit'",
    );
  }
  const hops: HopNode[] = [];
  while (cursor.isWord('via')) hops.push(parseHop(cursor));
  return { network, target: 'via', targetAt, hops, statements: parseOptionalBlock(cursor) };
}

/** The address of the one next hop that a route of Catbird has. */
function lowerHop([node, second]: readonly HopNode[], context: Context): IpAddress {
  const { at, address, weight, onlink } = node!;
  const amount = weight ? numberOf(weight, context.scope) : 1;
  if (amount < 1 || amount > 256) throw new ConfError(weight!.at, 'Weight must be in range 1-256');
  if (!address || node!.interface !== undefined) {
    throw new ConfError(
      at,
      'next hops through an interface are not built yet',
      'BGP carries addresses only: give that of a router',
    );
  }
  if (second) {
    throw new ConfError(second.at, 'several next hops are not built yet', 'a route of Catbird has one');
  }
  if (bool.evaluate(onlink, context.scope)) {
    context.warn(at, "'onlink' has no effect: Catbird looks no neighbours up");
  }
  return addressOf(address, context.scope);
}

function lowerRoute(node: RouteNode, context: Context): StaticRoute {
  const network: Prefix = prefix.evaluate(node.network, context.scope);
  const target: StaticRoute['target'] =
    node.target === 'via'
      ? { kind: 'via', via: lowerHop(node.hops, context) }
      : node.target === 'recursive'
        ? { kind: 'recursive', via: addressOf(node.via!, context.scope) }
        : { kind: node.target };
  if (!node.statements || node.statements.length === 0) return { prefix: network, target };
  return { prefix: network, target, attributes: checkStatements(node.statements, context.scope) };
}

const route: Rule<StaticDraft> = {
  words: 'route',
  parse: parseRoute,
  apply: (draft, node, context, { at }) => {
    draft.routes.push({ route: lowerRoute(node as RouteNode, context), at });
  },
};

const UNLIMITED = 'the routes of a static protocol are those of the file';

/** Rows of all channels, without those that mean nothing for routes that are there from the start. */
export const staticChannelOptions = new RuleTable<ChannelDraft>([
  ...channelRules<ChannelDraft>().filter(({ words }) => !/ limit$|keep filtered$/.test(words)),
  ...['receive limit', 'import limit', 'export limit'].map((words) =>
    refused<ChannelDraft, unknown, unknown>(words, limit as never, UNLIMITED, (value) => value === undefined),
  ),
  refused(
    'import keep filtered',
    bool,
    'Catbird drops what the import filter of a static protocol rejects',
    (value) => !value,
  ),
]);

export const staticProtocol: ProtocolGrammar<StaticDraft> = {
  word: 'static',
  defaultName: 'static',
  rules: new RuleTable<StaticDraft>([
    ...protocolRules<StaticDraft>(),
    ...channelOwnerRules<StaticDraft, ChannelDraft>(staticChannelOptions, (owner, family, context, at) => {
      if (owner.channels.length > 0) throw new ConfError(at, 'Different channel type');
      return newChannel(family, STATIC_PREFERENCE, context);
    }),
    refused('check link', bool, 'Catbird does not watch links', (value) => !value),
    refused('igp table', table, 'Catbird has no forwarding table: it resolves no next hops'),
    route,
  ]),
  create: (debug) => ({ ...newProtocol(debug), channels: [], routes: [] }),
  copy: (draft) => ({
    ...draft,
    channels: draft.channels.map((channel) => ({ ...channel, inherited: true })),
    routes: [...draft.routes],
  }),
  finish(draft, context) {
    const channel = draft.channels[0];
    if (!channel) {
      throw new ConfError(context.end, 'Channel not specified', "add 'ipv4;' or 'ipv6;' to the protocol");
    }
    for (const { route: entry, at } of draft.routes) {
      if ((entry.prefix.ip.version === 4 ? 0 : 1) !== channel.family.index) {
        throw new ConfError(
          context.end,
          `Route ${formatPrefix(entry.prefix)} incompatible with channel type`,
          `the channel is ${channel.family.name}`,
          at,
        );
      }
    }
    return {
      kind: 'static',
      name: draft.name,
      disabled: draft.disabled,
      ...(draft.description === undefined ? {} : { description: draft.description }),
      debug: draft.debug,
      // A static protocol's routes go into its table unless the channel says otherwise.
      channel: finishChannel({ ...channel, importFilter: channel.importFilter ?? ACCEPT_ALL }),
      routes: draft.routes.map(({ route: entry }) => entry),
    };
  },
};

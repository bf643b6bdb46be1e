/** `protocol static`: routes of the configuration. */
import { formatPrefix } from '../../filter/values.ts';
import type { Expression, Statement } from '../../filter/ast.ts';
import { checkStatements } from '../../filter/check.ts';
import { ACCEPT_ALL } from '../../filter/program.ts';
import {
  bool,
  limit,
  parseAddressExpression,
  parseAtomExpression,
  parseOptionalBlock,
  parseScopedAddress,
  parseTextExpression,
  table,
} from '../arguments.ts';
import { addressOf, constant, numberOf, textOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { TOKEN } from '../lexer.ts';
import type { StaticHop, StaticRoute } from '../lowered.ts';
import { PLAIN_CHANNELS } from '../net-types.ts';
import { field, noticed, refused, RuleTable } from '../rules.ts';
import type { Context, Rule } from '../rules.ts';
import {
  channelOwnerRules,
  channelRules,
  channelRules1,
  finishChannel,
  newChannel,
  onlyChannel,
  onlyChannelRules,
} from './channel.ts';
import type { ChannelDraft } from './channel.ts';
import { mplsChannelRule } from './mpls.ts';
import { parseNetwork } from './networks.ts';
import type { Network, NetworkNode } from './networks.ts';
import { failAtEnd, newProtocol, protocolBase, protocolRules, protocolRules1 } from './protocol.ts';
import type { ProtocolDraft, ProtocolGrammar } from './protocol.ts';

/** BIRD's preference of static routes. */
const STATIC_PREFERENCE = 200;
/** MPLS labels have 20 bits. */
const MAX_LABEL = 0xf_ffff;

interface StaticDraft extends ProtocolDraft {
  channels: ChannelDraft[];
  routes: DraftRoute[];
  checkLink: boolean;
}

/** A route whose network has the type of the channel is checked when all channels are known. */
interface DraftRoute {
  readonly network: Network;
  /** Absent where Catbird does not carry such networks. */
  readonly route?: StaticRoute;
  readonly label?: Expression;
  readonly at: number;
}

export interface HopNode {
  readonly at: number;
  readonly address?: Expression;
  /** Of the form `via "eth0"`. */
  readonly device?: Expression;
  /** Of the forms `via 10.0.0.1%eth0` and `via 10.0.0.1 dev "eth0"`. */
  readonly interface?: string | Expression;
  readonly onlink: { on: boolean; expression?: Expression };
  readonly weight?: Expression;
  readonly bfd?: { on: boolean; expression?: Expression };
  readonly labels: readonly Expression[];
}

type Destination = Exclude<StaticRoute['target']['kind'], 'via'>;

interface RouteNode {
  readonly network: NetworkNode;
  /** Absent for a route that only filters or providers give a meaning. */
  readonly target?: StaticRoute['target']['kind'];
  readonly label?: Expression;
  readonly via?: Expression;
  readonly labels: readonly Expression[];
  readonly hops: readonly HopNode[];
  readonly numbers: readonly Expression[];
  readonly bfd?: { on: boolean; expression?: Expression };
  readonly statements: readonly Statement[] | undefined;
}

/** Words for routes without a next hop; `drop` and `reject` are old ones. */
const DESTINATIONS: Readonly<Record<string, Destination>> = {
  blackhole: 'blackhole',
  drop: 'blackhole',
  unreachable: 'unreachable',
  reject: 'unreachable',
  prohibit: 'prohibit',
};

/** `mpls 100/200` */
export function parseLabels(cursor: Cursor): Expression[] {
  const labels = [parseAtomExpression(cursor, 'an MPLS label')];
  while (cursor.accept('/')) labels.push(parseAtomExpression(cursor, 'an MPLS label'));
  return labels;
}

/** What may stand behind a switch of a next hop, where the switch itself is left out. */
const HOP_WORDS = ['via', 'weight', 'mpls', 'bfd', 'onlink', 'dev'];

function parseHopSwitch(cursor: Cursor): { on: boolean; expression?: Expression } {
  const ends = cursor.isPunctuation('{') || HOP_WORDS.some((word) => cursor.isWord(word));
  return ends ? { on: true } : bool.parse(cursor);
}

function parseHop(cursor: Cursor): HopNode {
  const at = cursor.expectWord('via');
  let hop: HopNode = { at, onlink: { on: false }, labels: [] };
  if (cursor.kind === TOKEN.text) hop = { ...hop, device: parseTextExpression(cursor) };
  else hop = { ...hop, ...parseScopedAddress(cursor) };
  for (;;) {
    if (cursor.acceptWord('onlink')) hop = { ...hop, onlink: parseHopSwitch(cursor) };
    else if (cursor.acceptWord('weight')) hop = { ...hop, weight: parseAtomExpression(cursor) };
    else if (cursor.acceptWord('mpls')) hop = { ...hop, labels: parseLabels(cursor) };
    else if (cursor.acceptWord('bfd')) hop = { ...hop, bfd: parseHopSwitch(cursor) };
    else if (cursor.acceptWord('dev')) hop = { ...hop, interface: parseTextExpression(cursor) };
    else return hop;
  }
}

/** BIRD 1.6 has `bfd` among the statements of a route. */
function parseRouteBlock(cursor: Cursor): Pick<RouteNode, 'statements' | 'bfd'> {
  if (cursor.isPunctuation('{') && cursor.kindAfter(1) === TOKEN.word && cursor.textAfter(1) === 'bfd') {
    cursor.at += 2;
    const bfd = bool.parse(cursor);
    cursor.expect(';');
    cursor.expect('}');
    return { bfd, statements: undefined };
  }
  return { statements: parseOptionalBlock(cursor) };
}

/** What stands behind the network of a route: destination, next hops, or providers (`numbers`). */
export function parseTarget(
  cursor: Cursor,
): Pick<RouteNode, 'target' | 'via' | 'hops' | 'labels' | 'numbers'> {
  const nothing = { hops: [], labels: [], numbers: [] };
  const word = cursor.word();
  const destination = DESTINATIONS[word ?? ''];
  if (destination) {
    cursor.at++;
    return { ...nothing, target: destination };
  }
  switch (word) {
    case 'recursive': {
      cursor.at++;
      const via = parseAddressExpression(cursor);
      const labels = cursor.acceptWord('mpls') ? parseLabels(cursor) : [];
      return { ...nothing, target: 'recursive', via, labels };
    }
    case 'transit':
      cursor.at++;
      return nothing;
    case 'providers': {
      cursor.at++;
      const numbers: Expression[] = [];
      do numbers.push(parseAtomExpression(cursor, 'an AS number'));
      while (cursor.accept(','));
      return { ...nothing, numbers };
    }
    default: {
      // BIRD 1.6 says that several follow.
      if (cursor.dialect.version === 1 && cursor.acceptWord('multipath') && !cursor.isWord('via'))
        cursor.unexpected("'via'");
      const hops: HopNode[] = [];
      while (cursor.isWord('via')) hops.push(parseHop(cursor));
      return { ...nothing, target: 'via', hops };
    }
  }
}

function parseRoute(cursor: Cursor): RouteNode {
  const network = parseNetwork(cursor);
  const label = cursor.acceptWord('mpls') ? parseAtomExpression(cursor, 'an MPLS label') : undefined;
  const { at } = cursor;
  const target = parseTarget(cursor);
  if (cursor.at === at && !cursor.isPunctuation(';') && !cursor.isPunctuation('{')) {
    cursor.unexpected('a next hop or destination', ['via', 'recursive', ...Object.keys(DESTINATIONS)]);
  }
  if (cursor.at === at && (cursor.dialect.version === 1 || cursor.isPunctuation('{'))) {
    cursor.unexpected('a next hop or destination');
  }
  return { network, ...(label && { label }), ...target, ...parseRouteBlock(cursor) };
}

/** What BIRD checks of a next hop, whatever the network. */
export function checkHop({ weight, onlink, bfd, labels, interface: name }: HopNode, context: Context): void {
  const { scope } = context;
  const amount = weight ? numberOf(weight, scope) : 1;
  if (amount < 1 || amount > 256) throw new ConfError(weight!.at, 'Weight must be in range 1-256');
  if (name !== undefined && typeof name !== 'string') textOf(name, scope);
  const detects = bfd !== undefined && bool.evaluate(bfd, scope);
  if (detects && bool.evaluate(onlink, scope)) {
    throw new ConfError(
      bfd.expression?.at ?? labels[0]?.at ?? 0,
      "Options 'bfd' and 'onlink' cannot be combined",
    );
  }
  for (const label of labels) numberOf(label, scope);
}

function lowerHop(hop: HopNode, context: Context): StaticHop {
  checkHop(hop, context);
  const { scope } = context;
  const { at, address, device, interface: link, bfd, labels, onlink, weight } = hop;
  if (labels.length > 0) {
    context.refuse(labels[0]!.at, "'mpls' is not built yet", 'Catbird has no MPLS labels yet');
  }
  if (bfd && bool.evaluate(bfd, scope)) {
    context.refuse(at, "'bfd' is not built yet", 'Catbird has no BFD yet');
  }
  const base = { onlink: bool.evaluate(onlink, scope), weight: weight ? numberOf(weight, scope) : 1 };
  if (device) return { ...base, interface: textOf(device, scope) };
  // `via NAME` may be a constant that holds the name of an interface.
  const { type } = constant(address!, scope);
  if (type === 'string') return { ...base, interface: textOf(address!, scope) };
  const name = link === undefined || typeof link === 'string' ? link : textOf(link, scope);
  return { ...base, address: addressOf(address!, scope), ...(name !== undefined && { interface: name }) };
}

function lowerTarget(node: RouteNode, context: Context): StaticRoute['target'] | undefined {
  switch (node.target) {
    case undefined:
      return undefined;
    case 'via': {
      if (node.hops.length === 0) return undefined;
      return { kind: 'via', hops: node.hops.map((hop) => lowerHop(hop, context)) };
    }
    case 'recursive':
      for (const label of node.labels) numberOf(label, context.scope);
      return { kind: 'recursive', via: addressOf(node.via!, context.scope) };
    default:
      return { kind: node.target };
  }
}

function lowerRoute(node: RouteNode, context: Context, at: number): DraftRoute {
  const { scope } = context;
  const network = node.network.evaluate(scope);
  if (node.label && numberOf(node.label, scope) > MAX_LABEL) {
    throw new ConfError(node.label.at, 'MPLS label must be less than 2^20');
  }
  for (const number of node.numbers) numberOf(number, scope);
  if (node.bfd && bool.evaluate(node.bfd, scope)) {
    context.refuse(at, "'bfd' is not built yet", 'Catbird has no BFD yet');
  }
  const target = lowerTarget(node, context);
  const attributes =
    node.statements && node.statements.length > 0 ? checkStatements(node.statements, scope) : undefined;
  const base = { network, at, ...(node.label && { label: node.label }) };
  if (!target || !network.prefix) {
    // ROA and ASPA entries have no next hop; an IP prefix without one is BIRD's error.
    if (!target && network.prefix) {
      throw new ConfError(
        at,
        'Unexpected or missing nexthop/type',
        "say where it leads: 'via …', 'blackhole', 'unreachable' or 'prohibit'",
      );
    }
    return base;
  }
  return { ...base, route: { prefix: network.prefix, target, ...(attributes && { attributes }) } };
}

const route: Rule<StaticDraft> = {
  words: 'route',
  parse: parseRoute,
  apply: (draft, node, context, { at }) => {
    draft.routes.push(lowerRoute(node as RouteNode, context, at));
  },
};

const UNLIMITED = 'the routes of a static protocol are those of the file';

/** Rows of options that mean nothing for routes of the daemon's own: refused where they would count. */
export function unlimitedRows<Draft>(why = UNLIMITED): Rule<Draft>[] {
  return [
    ...['receive limit', 'import limit', 'export limit'].map((words) =>
      refused<Draft, unknown, unknown>(words, limit as never, why, (value) => value === undefined),
    ),
    refused(
      'import keep filtered',
      bool,
      'Catbird drops what the import filter of such a protocol rejects',
      (value) => !value,
    ),
  ];
}

/** Rows of a channel, with those above in place of the ones that count elsewhere. */
export function unlimited<Draft extends ChannelDraft>(
  rules: readonly Rule<Draft>[],
  why?: string,
): Rule<Draft>[] {
  return [
    ...rules.filter(({ words }) => !/ limit$|keep filtered$/.test(words)),
    ...unlimitedRows<Draft>(why),
  ];
}

export const staticChannelOptions = new RuleTable<ChannelDraft>(unlimited(channelRules<ChannelDraft>()));

const NO_RESOLVING = 'Catbird resolves no next hops, it announces them as they are';

/** Rows of options that ask for a forwarding table. */
export function forwardingRows<Draft>(): Rule<Draft>[] {
  return [noticed('igp table', table, NO_RESOLVING)];
}

const staticOptions: Rule<StaticDraft>[] = [
  field<StaticDraft, 'checkLink', Parameters<typeof bool.evaluate>[0]>('check link', bool, 'checkLink'),
  ...forwardingRows<StaticDraft>(),
  route,
];

export const staticProtocol: ProtocolGrammar<StaticDraft> = {
  word: 'static',
  defaultName: 'static',
  checksTemplates: true,
  rules: new RuleTable<StaticDraft>([
    ...protocolRules<StaticDraft>(),
    ...channelOwnerRules<StaticDraft, ChannelDraft>({
      types: PLAIN_CHANNELS.filter(({ net }) => net !== 'mpls'),
      rules: staticChannelOptions,
      create: (owner, type, context, at) => {
        if (owner.channels.length > 0) throw new ConfError(at, 'Different channel type');
        return newChannel(type, STATIC_PREFERENCE, context);
      },
    }),
    mplsChannelRule(),
    ...staticOptions,
  ]),
  rules1: new RuleTable<StaticDraft>([
    ...protocolRules1<StaticDraft>(),
    ...onlyChannelRules<StaticDraft, ChannelDraft>(channelRules1()),
    ...staticOptions,
  ]),
  create: (debug, context) => ({
    ...newProtocol(debug),
    channels: onlyChannel(context, (type) => newChannel(type, STATIC_PREFERENCE, context)),
    routes: [],
    checkLink: false,
  }),
  copy: (draft) => ({
    ...draft,
    channels: draft.channels.map((channel) => ({ ...channel, inherited: true })),
    routes: [...draft.routes],
  }),
  finish(draft, context) {
    const channel = draft.channels[0];
    if (!channel) {
      failAtEnd(context, 'Channel not specified', "add 'ipv4;' or 'ipv6;' to the protocol");
    }
    for (const { network, at } of draft.routes) {
      if (network.net === channel.type.net) continue;
      const name = network.prefix ? formatPrefix(network.prefix) : `of type ${network.net}`;
      throw new ConfError(
        context.end,
        `Route ${name} incompatible with channel type`,
        `the channel is ${channel.type.words}`,
        at,
      );
    }
    if (!channel.type.family) return undefined;
    return {
      kind: 'static',
      ...protocolBase(draft),
      checkLink: draft.checkLink,
      // A static protocol's routes go into its table unless the channel says otherwise.
      channel: finishChannel({ ...channel, importFilter: channel.importFilter ?? ACCEPT_ALL }),
      routes: draft.routes.flatMap(({ route: entry }) => entry ?? []),
    };
  },
};

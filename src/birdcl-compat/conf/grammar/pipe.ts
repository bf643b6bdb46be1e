/** Protocols between two tables of one type: `pipe` and `aggregator`. */
import { bounded, none, policy, table } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import { parseBlock, parseExpression } from '../../filter/parse.ts';
import { ACCEPT_ALL } from '../../filter/program.ts';
import type { Prefix } from '../../filter/values.ts';
import { ConfError } from '../diagnostics.ts';
import type { AnyTableConfig } from '../lowered.ts';
import { CHANNEL_TYPES } from '../net-types.ts';
import { accepted, field, noticed, option, RuleTable } from '../rules.ts';
import type { Context, Rule } from '../rules.ts';
import { channelRules, channelRules1, finishChannel, newChannel, onlyChannelRules } from './channel.ts';
import type { ChannelDraft } from './channel.ts';
import { parseNetwork } from './networks.ts';
import type { NetworkNode } from './networks.ts';
import { notBuilt, noting } from './not-built.ts';
import type { NotBuiltDraft } from './not-built.ts';
import { failAtEnd, newProtocol, protocolBase, protocolRules, protocolRules1 } from './protocol.ts';
import type { FinishContext, ProtocolDraft, ProtocolGrammar } from './protocol.ts';

/** What both kinds of protocol have: a table of their own, and another one. */
interface JoinDraft extends ProtocolDraft {
  channels: ChannelDraft[];
  peer?: AnyTableConfig | undefined;
}

interface PipeDraft extends JoinDraft {
  /** Networks that may come from the peer table; undefined: all. */
  importWithin?: Prefix | undefined;
  maxGeneration: number;
}

/** How many pipes a route may go through, by default. */
const MAX_GENERATION = 16;

/** The options of the one channel; the table says of which type it is. */
function ownChannel<Draft extends JoinDraft>(rules: readonly Rule<ChannelDraft>[]): Rule<Draft>[] {
  return onlyChannelRules<Draft, ChannelDraft>([
    option('table', table, (channel, value) => (channel.table = value)),
    ...rules.filter(({ words }) => words !== 'table' && words !== 'debug' && words !== 'preference'),
    noticed(
      'preference',
      bounded(0, 65535, 'Value out of range (0-65535)'),
      'routes keep theirs; set it in a filter',
    ),
  ]);
}

function peerTable<Draft extends JoinDraft>(): Rule<Draft> {
  return option('peer table', table, (draft: Draft, value) => {
    draft.peer = value;
  });
}

function unnamedChannel(context: Context): ChannelDraft[] {
  const { dialect } = context;
  const channel = newChannel(CHANNEL_TYPES[dialect.version === 1 ? dialect.family : 0]!, 0, context);
  // BIRD 2 has no default here, BIRD 1.6 that of every protocol.
  return [dialect.version === 1 ? channel : { ...channel, table: undefined }];
}

interface ImportInNode {
  readonly network: NetworkNode;
  readonly policy: ReturnType<typeof policy.parse>;
  readonly at: number;
}

/** Routes of a part of the table only: `import in 10.0.0.0/8 all` of BIRD 3. */
const importIn: Rule<PipeDraft> = {
  words: 'import in',
  parse: (cursor): ImportInNode => {
    const { at } = cursor;
    return { at, network: parseNetwork(cursor), policy: policy.parse(cursor) };
  },
  apply(draft, argument, { scope }) {
    const node = argument as ImportInNode;
    const { net, prefix } = node.network.evaluate(scope);
    const channel = draft.channels[0]!;
    if (channel.table && channel.table.net !== net) {
      throw new ConfError(node.at, 'Incompatible export prefilter type');
    }
    draft.importWithin = prefix;
    channel.importFilter = policy.evaluate(node.policy, scope);
  },
};

function checkPipe(draft: PipeDraft, context: FinishContext): void {
  const channel = draft.channels[0]!;
  const old = context.dialect.version === 1;
  if (!channel.table) failAtEnd(context, 'Primary routing table not specified');
  if (!draft.peer) {
    failAtEnd(
      context,
      old ? 'Name of peer routing table not specified' : 'Secondary routing table not specified',
      "add 'peer table NAME;'",
    );
  }
  if (channel.table === draft.peer) failAtEnd(context, 'Primary table and peer table must be different');
  if (channel.table.net !== draft.peer.net) {
    failAtEnd(context, 'Primary table and peer table must have the same type');
  }
  if (channel.receiveLimit) failAtEnd(context, 'Pipe protocol does not support receive limits');
  if (channel.importKeepFiltered) failAtEnd(context, 'Pipe protocol prohibits keeping filtered routes');
}

/** In BIRD 1.6 a pipe may lead best routes only, as routes of its own. */
const opaque: Rule<PipeDraft> = {
  words: 'mode opaque',
  parse: () => undefined,
  apply: (_draft, _node, context, { at }) =>
    context.refuse(at, "'mode opaque' is not built yet", 'pipes of Catbird lead all routes, as in BIRD 2'),
};

export const pipe: ProtocolGrammar<PipeDraft> = {
  word: 'pipe',
  defaultName: 'pipe',
  checksTemplates: true,
  rules: new RuleTable<PipeDraft>([
    ...protocolRules<PipeDraft>(),
    ...ownChannel<PipeDraft>(channelRules<ChannelDraft>()),
    peerTable(),
    importIn,
    field('max generation', bounded(1, 254, 'Max generation must be in range 1..254'), 'maxGeneration'),
  ]),
  rules1: new RuleTable<PipeDraft>([
    ...protocolRules1<PipeDraft>(),
    ...ownChannel<PipeDraft>(channelRules1<ChannelDraft>()),
    peerTable(),
    opaque,
    accepted('mode transparent', none),
  ]),
  create: (debug, context) => ({
    ...newProtocol(debug),
    channels: unnamedChannel(context),
    maxGeneration: MAX_GENERATION,
  }),
  copy: (draft) => ({ ...draft, channels: draft.channels.map((channel) => ({ ...channel })) }),
  finish(draft, context) {
    checkPipe(draft, context);
    const channel = draft.channels[0]!;
    const { net, family } = channel.table!;
    if (family === undefined) {
      if (!context.template) {
        context.refuse(
          context.kindAt,
          `a pipe of ${net} tables is not built yet`,
          'Catbird carries ipv4 and ipv6 unicast',
        );
      }
      return undefined;
    }
    // BIRD 1.6 exports nothing unless it is said; a pipe of BIRD 2 is open both ways.
    const exportFilter = channel.exportFilter ?? (context.dialect.version === 1 ? undefined : ACCEPT_ALL);
    return {
      kind: 'pipe',
      ...protocolBase(draft),
      channel: finishChannel({
        ...channel,
        type: CHANNEL_TYPES.find((type) => type.net === net)!,
        importFilter: channel.importFilter ?? ACCEPT_ALL,
        exportFilter,
      }),
      peerTable: draft.peer!.name,
      maxGeneration: draft.maxGeneration,
      ...(draft.importWithin && { importWithin: draft.importWithin }),
    };
  },
};

/** `aggregate on net, bgp_path, (bgp_med + 1)` */
const aggregateOn: Rule<NotBuiltDraft> = {
  words: 'aggregate on',
  parse(cursor) {
    let net = false;
    do {
      if (cursor.isWord('net')) net = true;
      parseExpression(cursor);
    } while (cursor.accept(','));
    return net;
  },
  apply(draft, net, _context, { at }) {
    if (draft.given.has('aggregate on')) throw new ConfError(at, 'Only one aggregate on clause allowed');
    if (net !== true) throw new ConfError(at, "'NET' must be present");
    draft.given.add('aggregate on');
  },
};

/** The function that makes one route of many; its statements are read, not checked. */
const mergeBy: ArgumentKind<undefined, undefined> = {
  parse(cursor) {
    parseBlock(cursor);
    return undefined;
  },
  evaluate: () => undefined,
};

export const aggregator = notBuilt({
  word: 'aggregator',
  rules: [
    ...ownChannel<NotBuiltDraft>(channelRules<ChannelDraft>()),
    peerTable(),
    aggregateOn,
    noting(accepted('merge by', mergeBy)),
  ],
  create: unnamedChannel,
  check(draft: NotBuiltDraft & JoinDraft, context) {
    const source = draft.channels[0]!.table;
    if (!draft.peer) failAtEnd(context, 'Source table not specified');
    if (!source) failAtEnd(context, 'Destination table not specified');
    if (draft.peer.net !== source.net) failAtEnd(context, 'Both tables must be of the same type');
  },
  checksTemplates: true,
  hint: 'Catbird aggregates no routes',
});

/** Protocols between two tables of one type: `pipe` and `aggregator`. */
import { bounded, none, policy, table } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import { parseBlock, parseExpression } from '../../filter/parse.ts';
import { ConfError } from '../diagnostics.ts';
import type { AnyTableConfig } from '../lowered.ts';
import { CHANNEL_TYPES } from '../net-types.ts';
import { accepted, option } from '../rules.ts';
import type { Context, Rule } from '../rules.ts';
import { channelRules, channelRules1, newChannel, onlyChannelRules } from './channel.ts';
import type { ChannelDraft } from './channel.ts';
import { parseNetwork } from './networks.ts';
import { notBuilt, noting } from './not-built.ts';
import type { NotBuiltDraft } from './not-built.ts';
import { failAtEnd, protocolRules1 } from './protocol.ts';
import type { FinishContext } from './protocol.ts';

interface PipeDraft extends NotBuiltDraft {
  peer?: AnyTableConfig;
}

/** The options of the one channel; the table says of which type it is. */
function ownChannel(rules: readonly Rule<ChannelDraft>[]): Rule<NotBuiltDraft>[] {
  return onlyChannelRules<NotBuiltDraft, ChannelDraft>([
    option('table', table, (channel, value) => (channel.table = value)),
    ...rules.filter(({ words }) => words !== 'table' && words !== 'debug'),
  ]);
}

const peerTable: Rule<NotBuiltDraft> = option('peer table', table, (draft, value) => {
  (draft as PipeDraft).peer = value;
});

function unnamedChannel(context: Context): ChannelDraft[] {
  const { dialect } = context;
  const channel = newChannel(CHANNEL_TYPES[dialect.version === 1 ? dialect.family : 0]!, 0, context);
  // BIRD 2 has no default here, BIRD 1.6 that of every protocol.
  return [dialect.version === 1 ? channel : { ...channel, table: undefined }];
}

/** Routes of a part of the table only: `import in 10.0.0.0/8 all` of BIRD 3. */
const importIn: Rule<NotBuiltDraft> = {
  words: 'import in',
  parse: (cursor) => ({ network: parseNetwork(cursor), policy: policy.parse(cursor) }),
  apply(_draft, argument, { scope }) {
    const node = argument as {
      network: ReturnType<typeof parseNetwork>;
      policy: ReturnType<typeof policy.parse>;
    };
    node.network.evaluate(scope);
    policy.evaluate(node.policy, scope);
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

export const pipe = notBuilt({
  word: 'pipe',
  rules: [
    ...ownChannel(channelRules<ChannelDraft>()),
    peerTable,
    importIn,
    accepted('max generation', bounded(1, 254, 'Max generation must be in range 1..254')),
  ],
  rules1: [
    ...protocolRules1<NotBuiltDraft>(),
    ...ownChannel(channelRules1<ChannelDraft>()),
    peerTable,
    accepted('mode opaque', none),
    accepted('mode transparent', none),
  ],
  create: unnamedChannel,
  check: checkPipe,
  checksTemplates: true,
  hint: 'Catbird moves no routes between its tables yet',
});

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
    ...ownChannel(channelRules<ChannelDraft>()),
    peerTable,
    aggregateOn,
    noting(accepted('merge by', mergeBy)),
  ],
  create: unnamedChannel,
  check(draft: PipeDraft, context) {
    const source = draft.channels[0]!.table;
    if (!draft.peer) failAtEnd(context, 'Source table not specified');
    if (!source) failAtEnd(context, 'Destination table not specified');
    if (draft.peer.net !== source.net) failAtEnd(context, 'Both tables must be of the same type');
  },
  checksTemplates: true,
  hint: 'Catbird aggregates no routes',
});

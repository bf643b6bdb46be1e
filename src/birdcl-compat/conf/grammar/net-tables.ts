/** Tables of networks that filters look into (`roa_check`, `aspa_check`), and the static protocols that fill them. */
import { AttrStore } from '../../../rib/attrs/store.ts';
import type { Expression, Statement } from '../../filter/ast.ts';
import { checkStatements } from '../../filter/check.ts';
import { parseNetwork } from '../../filter/parse.ts';
import { fillTable } from '../../filter/net-table-fill.ts';
import { formatNet, NET_KINDS, netType } from '../../filter/nets.ts';
import type { Net, NetKind } from '../../filter/nets.ts';
import { ACCEPT_ALL } from '../../filter/program.ts';
import type { FilterProgram } from '../../filter/program.ts';
import { NO_PROVIDER } from '../../filter/validation.ts';
import type { NetEntry, NetTable } from '../../filter/validation.ts';
import { bool, debugFlags, parseOptionalBlock, policy } from '../arguments.ts';
import { constant, numberOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { TOKEN } from '../lexer.ts';
import type { NetType } from '../net-types.ts';
import { accepted, applyOptions, noticed, option, RuleTable } from '../rules.ts';
import type { Context, OptionNode, Rule } from '../rules.ts';
import { mplsChannelRule } from './mpls.ts';
import { newProtocol, protocolRules } from './protocol.ts';
import type { ProtocolDraft, ProtocolGrammar } from './protocol.ts';
import { checkHop, forwardingRows, parseLabels, parseTarget, unlimitedRows } from './static.ts';
import type { HopNode } from './static.ts';

/** Words of a channel, and what it carries. */
const CHANNEL_KINDS: ReadonlyMap<string, NetKind> = new Map(
  (Object.keys(NET_KINDS) as NetKind[]).map((kind) => [NET_KINDS[kind].word, kind]),
);

interface NetChannel {
  readonly kind: NetKind;
  readonly at: number;
  table: NetTable | undefined;
  importFilter: FilterProgram;
}

interface EntryNode {
  readonly network: Expression;
  /** Checked, and then of no use: nothing is forwarded. */
  readonly hops: readonly HopNode[];
  readonly labels: readonly Expression[];
  readonly providers?: readonly Expression[];
  readonly statements: readonly Statement[] | undefined;
}

interface NetStaticDraft extends ProtocolDraft {
  channels: NetChannel[];
  entries: { entry: NetEntry; attributes?: FilterProgram; at: number }[];
}

/** Whether the braces that begin after the next tokens hold a channel of networks that are no IP prefixes. */
export function holdsNetChannel(cursor: Cursor): boolean {
  let depth = 0;
  for (let i = 0; cursor.at + i < cursor.tokens.length; i++) {
    const text = cursor.kindAfter(i) === TOKEN.punctuation ? cursor.textAfter(i) : '';
    if (text === '{') depth++;
    if (text === '}' && --depth <= 0) return false;
    if (depth !== 1 || (text !== '{' && text !== ';' && text !== '}')) continue;
    const words = [cursor.textAfter(i + 1), `${cursor.textAfter(i + 1)} ${cursor.textAfter(i + 2)}`];
    const after = words.map((word) => word.split(' ').length + 1 + i);
    const starts = (at: number): boolean => [';', '{'].includes(cursor.textAfter(at));
    if (words.some((word, j) => CHANNEL_KINDS.has(word) && starts(after[j]!))) return true;
  }
  return false;
}

const channelOptions = new RuleTable<NetChannel>([
  {
    words: 'table',
    parse: (cursor) => ({ at: cursor.at, name: cursor.name('a table name') }),
    apply(channel, node, context) {
      const { name, at } = node as { name: string; at: number };
      const { lookup } = context.scope.require(name, at, ['table'], 'Table name required').table;
      if (lookup?.kind !== channel.kind) throw new ConfError(at, 'Incompatible table type');
      channel.table = lookup;
    },
  },
  option('import', policy, (channel: NetChannel, value) => (channel.importFilter = value)),
  // Nothing is exported to a static protocol, and its routes are those of the file.
  accepted('export', policy),
  ...unlimitedRows<NetChannel>(),
  noticed('debug', debugFlags, 'channels log nothing yet'),
]);

function channelRule(kind: NetKind): Rule<NetStaticDraft> {
  return {
    words: NET_KINDS[kind].word,
    parse(cursor) {
      const options: OptionNode<NetChannel>[] = [];
      if (cursor.accept('{')) channelOptions.parseBlock(cursor, options);
      return options;
    },
    apply(draft, node, context, { at }) {
      if (draft.channels.length > 0) throw new ConfError(at, 'Different channel type');
      const { word } = NET_KINDS[kind];
      const { lookup: table } = context.scope.defaultTables.get(word as NetType) ?? {};
      const channel: NetChannel = { kind, at, table, importFilter: ACCEPT_ALL };
      applyOptions(channel, node as OptionNode<NetChannel>[], context);
      draft.channels.push(channel);
    },
  };
}

function parseEntry(cursor: Cursor): EntryNode {
  const { at } = cursor;
  const isName =
    cursor.kind === TOKEN.quotedWord ||
    (cursor.kind === TOKEN.word && !CHANNEL_KINDS.has(cursor.textAfter(0)));
  const network: Expression = isName
    ? { kind: 'symbol', at, name: cursor.name('a network') }
    : parseNetwork(cursor);
  const labels = cursor.acceptWord('mpls') ? parseLabels(cursor) : [];
  const isTransit = cursor.isWord('transit');
  const providerAt = cursor.at;
  const { hops, numbers } = parseTarget(cursor);
  let providers: readonly Expression[] | undefined;
  if (isTransit) providers = [{ kind: 'constant', at: providerAt, type: 'int', value: NO_PROVIDER }];
  else if (numbers.length > 0) providers = numbers;
  const statements = parseOptionalBlock(cursor);
  return { network, hops, labels, ...(providers && { providers }), statements };
}

function lowerEntry(node: EntryNode, context: Context): NetStaticDraft['entries'][number] {
  const { type, value } = constant(node.network, context.scope);
  if (type !== 'prefix') throw new ConfError(node.network.at, 'Network expected');
  const net = value as Net;
  for (const hop of node.hops) checkHop(hop, context);
  for (const label of node.labels) numberOf(label, context.scope);
  if (node.providers && net.kind !== 'aspa') {
    throw new ConfError(node.network.at, 'Provider settings available only for ASPA');
  }
  const providers = node.providers?.map((provider) => numberOf(provider, context.scope));
  const attributes = node.statements ? checkStatements(node.statements, context.scope) : undefined;
  return {
    entry: { net, ...(providers && { providers }) },
    ...(attributes && { attributes }),
    at: node.network.at,
  };
}

const route: Rule<NetStaticDraft> = {
  words: 'route',
  parse: parseEntry,
  apply: (draft, node, context) => {
    draft.entries.push(lowerEntry(node as EntryNode, context));
  },
};

/** `protocol static` with a channel of networks that are no IP prefixes. */
export const netStatic: ProtocolGrammar<NetStaticDraft> = {
  word: 'static',
  defaultName: 'static',
  rules: new RuleTable<NetStaticDraft>([
    ...protocolRules<NetStaticDraft>(),
    ...[...CHANNEL_KINDS.values()].map(channelRule),
    mplsChannelRule(),
    // Nothing of these networks is forwarded.
    accepted('check link', bool),
    ...forwardingRows<NetStaticDraft>(),
    route,
  ]),
  create: (debug) => ({ ...newProtocol(debug), channels: [], entries: [] }),
  finish(draft, context) {
    const channel = draft.channels[0]!;
    const wanted = NET_KINDS[channel.kind];
    for (const { entry, at } of draft.entries) {
      if (netType(entry.net) === wanted.number) continue;
      throw new ConfError(
        context.end,
        `Route ${formatNet(entry.net)} incompatible with channel type`,
        `the channel is ${wanted.word}`,
        at,
      );
    }
    if (!channel.table) throw new ConfError(channel.at, 'Routing table not specified');
    const isLookedInto = channel.kind === 'roa4' || channel.kind === 'roa6' || channel.kind === 'aspa';
    context.warn(
      channel.at,
      isLookedInto
        ? `protocol ${draft.name} is not shown among the protocols: its routes are for checks in filters`
        : `protocol ${draft.name} does nothing: Catbird carries no ${wanted.word} routes`,
    );
    if (draft.disabled) return undefined;
    fillTable({
      table: channel.table,
      store: new AttrStore(),
      entries: draft.entries,
      filter: channel.importFilter,
      protocol: draft.name,
      failed: (at, message) => {
        context.warn(at, message);
      },
      ...(context.assertHook && { assertHook: context.assertHook }),
    });
    return undefined;
  },
};

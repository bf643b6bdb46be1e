/** Channels, `ipv4 { … }` and others: the options that every protocol's channels have. */
import { REJECT_ALL } from '../../filter/program.ts';
import type { FilterProgram } from '../../filter/program.ts';
import { bool, bounded, debugFlags, limit, policy, table } from '../arguments.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import type { AnyTableConfig, ChannelConfig, LimitConfig } from '../lowered.ts';
import { CHANNEL_TYPES } from '../net-types.ts';
import type { ChannelType } from '../net-types.ts';
import { applyOptions, option, refused, RuleTable } from '../rules.ts';
import type { Context, OptionNode, Rule } from '../rules.ts';

export interface ChannelDraft {
  readonly type: ChannelType;
  /** Copied from a template, so it may be given again. */
  inherited: boolean;
  table: AnyTableConfig | undefined;
  importFilter: FilterProgram | undefined;
  exportFilter: FilterProgram | undefined;
  receiveLimit: LimitConfig | undefined;
  importLimit: LimitConfig | undefined;
  exportLimit: LimitConfig | undefined;
  importKeepFiltered: boolean;
  preference: number;
}

/** What `debug` of channels answers. */
export const CHANNEL_DEBUG =
  "'debug' of channels logs nothing yet; see 'debug' of the protocol and 'show protocols all'";

export function newChannel(type: ChannelType, preference: number, context: Context): ChannelDraft {
  return {
    type,
    inherited: false,
    table: context.scope.defaultTables.get(type.net),
    importFilter: undefined,
    exportFilter: undefined,
    receiveLimit: undefined,
    importLimit: undefined,
    exportLimit: undefined,
    importKeepFiltered: false,
    preference,
  };
}

export function channelRules<Draft extends ChannelDraft>(): Rule<Draft>[] {
  return [
    option('table', table, (channel: Draft, value, _context, at) => {
      if (value.net !== channel.type.net) throw new ConfError(at + 1, 'Incompatible table type');
      channel.table = value;
    }),
    option('import', policy, (channel: Draft, value) => (channel.importFilter = value)),
    option('export', policy, (channel: Draft, value) => (channel.exportFilter = value)),
    option('receive limit', limit, (channel: Draft, value) => (channel.receiveLimit = value)),
    option('import limit', limit, (channel: Draft, value) => (channel.importLimit = value)),
    option('export limit', limit, (channel: Draft, value) => (channel.exportLimit = value)),
    option('import keep filtered', bool, (channel: Draft, value) => (channel.importKeepFiltered = value)),
    option('preference', bounded(0, 65535, 'Value out of range (0-65535)'), (channel: Draft, value) => {
      channel.preference = value;
    }),
    refused('rpki reload', bool, 'Catbird has no ROA tables yet, so nothing would reload', () => true),
    option('debug', debugFlags, (_channel: Draft, value, context, at) => {
      if (value.size > 0) context.warn(at, CHANNEL_DEBUG);
    }),
  ];
}

/** Options in braces, or none at all. */
interface ChannelNode<Draft> {
  readonly options: OptionNode<Draft>[];
  /** Token that ends the channel. */
  readonly end: number;
}

interface ChannelOwner<Draft> {
  channels: Draft[];
}

/** How a protocol makes and checks its channels. */
export interface ChannelUse<Owner, Draft> {
  readonly types: readonly ChannelType[];
  readonly rules: RuleTable<Draft>;
  create(owner: Owner, type: ChannelType, context: Context, at: number): Draft;
  /** Channels whose routes Catbird does not carry are checked and passed over. */
  readonly anyType?: boolean;
}

/** Rows for the channels of a protocol in BIRD 2. */
export function channelOwnerRules<Owner extends ChannelOwner<Draft>, Draft extends ChannelDraft>({
  types,
  rules,
  create,
  anyType,
}: ChannelUse<Owner, Draft>): Rule<Owner>[] {
  return types.map((type) => ({
    words: type.words,
    parse: (cursor) => parseChannel(cursor, rules),
    apply: (owner, node, context, { at }) => {
      const { options, end } = node as ChannelNode<Draft>;
      let channel = owner.channels.find((candidate) => candidate.type === type);
      if (channel && !channel.inherited) throw new ConfError(at, `Multiple ${type.words} channels`);
      if (!channel) {
        channel = create(owner, type, context, at);
        owner.channels.push(channel);
      }
      channel.inherited = false;
      applyOptions(channel, options, context);
      if (!channel.table) throw new ConfError(end, 'Routing table not specified');
      if (!type.family && !anyType) {
        const hint = 'Catbird carries ipv4 and ipv6 unicast';
        context.refuse(at, `'${type.words}' channels are not built yet`, hint);
      }
    },
  }));
}

/** Options of channels that BIRD 1.6 has too; there they stand in the protocol. */
export function channelRules1<Draft extends ChannelDraft>(): Rule<Draft>[] {
  return channelRules<Draft>().filter(({ words }) => words !== 'debug' && words !== 'rpki reload');
}

/** Rows of BIRD 1.6, where the options of the one channel are those of the protocol. */
export function onlyChannelRules<Owner extends ChannelOwner<Draft>, Draft extends ChannelDraft>(
  rules: readonly Rule<Draft>[],
): Rule<Owner>[] {
  return rules.map(({ words, parse, apply }) => ({
    words,
    parse,
    apply: (owner, node, context, place) => apply(owner.channels[0]!, node, context, place),
  }));
}

/** Channels as a protocol of BIRD 1.6 has them: the one of the daemon's family. */
export function onlyChannel<Draft>({ dialect }: Context, create: (type: ChannelType) => Draft): Draft[] {
  return dialect.version === 1 ? [create(CHANNEL_TYPES[dialect.family]!)] : [];
}

function parseChannel<Draft>(cursor: Cursor, rules: RuleTable<Draft>): ChannelNode<Draft> {
  const options: OptionNode<Draft>[] = [];
  if (cursor.accept('{')) rules.parseBlock(cursor, options);
  return { options, end: cursor.at - 1 };
}

/** Goes past balanced braces, where there are any. */
export function skipBlock(cursor: Cursor): undefined {
  if (!cursor.isPunctuation('{')) return undefined;
  let depth = 0;
  do {
    if (cursor.isPunctuation('{')) depth++;
    else if (cursor.isPunctuation('}')) depth--;
    if (cursor.at >= cursor.tokens.length - 1) cursor.unexpected("'}'");
    cursor.at++;
  } while (depth > 0);
  return undefined;
}

/** The lowered form of what all channels have. */
export function finishChannel(channel: ChannelDraft): ChannelConfig {
  const family = channel.type.family!;
  return {
    family: family.index,
    name: family.name,
    table: channel.table!.name,
    importFilter: channel.importFilter ?? REJECT_ALL,
    exportFilter: channel.exportFilter ?? REJECT_ALL,
    ...(channel.receiveLimit && { receiveLimit: channel.receiveLimit }),
    ...(channel.importLimit && { importLimit: channel.importLimit }),
    ...(channel.exportLimit && { exportLimit: channel.exportLimit }),
    importKeepFiltered: channel.importKeepFiltered,
    preference: channel.preference,
  };
}

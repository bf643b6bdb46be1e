/** Channels: `ipv4 { … }` and `ipv6 { … }`, the options that every protocol's channels have. */
import { IPV4, IPV6 } from '../../../base/family.ts';
import type { Family } from '../../../base/family.ts';
import { REJECT_ALL } from '../../filter/program.ts';
import type { FilterProgram } from '../../filter/program.ts';
import { bool, bounded, debugFlags, limit, policy, table } from '../arguments.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import type { ChannelConfig, LimitConfig, TableConfig } from '../lowered.ts';
import { applyOptions, option, refused, RuleTable } from '../rules.ts';
import type { Context, OptionNode, Rule } from '../rules.ts';

export interface ChannelDraft {
  readonly family: Family;
  /** Copied from a template, so it may be given again. */
  inherited: boolean;
  table: TableConfig | undefined;
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

export function newChannel(family: Family, preference: number, context: Context): ChannelDraft {
  const master = context.scope.get(family.index === 0 ? 'master4' : 'master6');
  return {
    family,
    inherited: false,
    table: master?.kind === 'table' ? master.table : undefined,
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
      if (value.family !== channel.family.index) throw new ConfError(at + 1, 'Incompatible table type');
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

/** Rows for the `ipv4` and `ipv6` channels of a protocol. */
export function channelOwnerRules<Owner extends ChannelOwner<Draft>, Draft extends ChannelDraft>(
  rules: RuleTable<Draft>,
  create: (owner: Owner, family: Family, context: Context, at: number) => Draft,
): Rule<Owner>[] {
  const carried = [IPV4, IPV6].map((family): Rule<Owner> => ({
    words: family.name,
    parse: (cursor) => parseChannel(cursor, rules),
    apply: (owner, node, context, { at }) => {
      let channel = owner.channels.find((candidate) => candidate.family === family);
      if (channel && !channel.inherited) throw new ConfError(at, `Multiple ${family.name} channels`);
      if (!channel) {
        channel = create(owner, family, context, at);
        owner.channels.push(channel);
      }
      channel.inherited = false;
      applyOptions(channel, (node as ChannelNode<Draft>).options, context);
    },
  }));
  return [...carried, ...NOT_CARRIED.map((words) => notCarried<Owner>(words))];
}

const NOT_CARRIED = [
  'ipv4 multicast',
  'ipv4 mpls',
  'ipv6 multicast',
  'ipv6 mpls',
  'ipv6 sadr',
  'vpn4',
  'vpn4 mpls',
  'vpn4 multicast',
  'vpn6',
  'vpn6 mpls',
  'vpn6 multicast',
  'flow4',
  'flow6',
  'roa4',
  'roa6',
  'mpls',
  'evpn',
];

function notCarried<Owner>(words: string): Rule<Owner> {
  return {
    words,
    parse: skipBlock,
    apply: (_owner, _node, _context, { at }) => {
      throw new ConfError(
        at,
        `'${words}' channels are not built yet`,
        'Catbird carries ipv4 and ipv6 unicast',
      );
    },
  };
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
  return {
    family: channel.family.index,
    name: channel.family.name,
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

/** Options of the channels of `protocol bgp`. */
import { address, bool, bounded, choice, none, number, settleTime, table } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import type { Expression } from '../../filter/ast.ts';
import { ConfError } from '../diagnostics.ts';
import type { NextHopScope } from '../lowered.ts';
import { accepted, noticed, option, refused, RuleTable } from '../rules.ts';
import type { Rule } from '../rules.ts';
import type { BgpChannelDraft } from './bgp-draft.ts';
import { channelRules, channelRules1 } from './channel.ts';

/** `next hop self`, `next hop keep`: a switch, or one kind of source. */
const nextHopScope: ArgumentKind<NextHopScope | { on: boolean; expression?: Expression }, NextHopScope> = {
  parse(cursor) {
    if (cursor.acceptWord('ibgp')) return 'ibgp';
    if (cursor.acceptWord('ebgp')) return 'ebgp';
    return bool.parse(cursor);
  },
  evaluate(node, scope) {
    if (typeof node === 'string') return node;
    return bool.evaluate(node, scope) ? 'all' : 'no';
  },
};

const NO_RESOLVING = 'Catbird resolves no next hops, it takes all as reachable';
/** RFC 9494: seconds in 24 bits. */
const STALE_TIMES = 2 ** 24 - 1;

/** Options that BIRD 1.6 has too, worded alike. */
const commonRules: Rule<BgpChannelDraft>[] = [
  option('add paths', bool, (channel, value) => {
    channel.addPathReceive = value;
    channel.addPathSend = value;
  }),
  option('add paths rx', none, (channel) => {
    channel.addPathReceive = true;
    channel.addPathSend = false;
  }),
  option('add paths tx', none, (channel) => {
    channel.addPathReceive = false;
    channel.addPathSend = true;
  }),
  option('missing lladdr', choice('self', 'drop', 'ignore'), (_channel, _value, context, at) => {
    context.warn(at, "'missing lladdr' is deprecated and has no effect, remove it");
  }),
  option('gateway', choice('direct', 'recursive'), (channel, value) => (channel.gateway = value)),
  option('secondary', bool, (channel, value, context, at) => {
    channel.secondary = value;
    // BIRD would go on to the next path.
    const why = 'where the export filter rejects the best path, none is sent';
    if (value) context.warn(at, `'secondary' has no effect: ${why}`);
  }),
  option('igp table', table, (channel, value, context, at) => {
    if (value.family === undefined) throw new ConfError(at + 2, 'Mismatched IGP table type');
    if (value.family === 0) channel.igpTable4 = value;
    else channel.igpTable6 = value;
    // The table that BIRD would ask anyway makes no difference.
    if (value !== context.scope.defaultTables.get(value.net) && value !== channel.table) {
      context.warn(at, `'igp table' has no effect: ${NO_RESOLVING}`);
    }
  }),
];

export const bgpChannelOptions = new RuleTable<BgpChannelDraft>([
  ...channelRules<BgpChannelDraft>(),
  ...commonRules,
  // Both tables are always kept (Adj-RIB-In and Adj-RIB-Out), so that there is nothing to turn on.
  accepted('import table', bool),
  accepted('export table', bool),
  option('next hop self', nextHopScope, (channel, value) => (channel.nextHopSelf = value)),
  option('next hop keep', nextHopScope, (channel, value) => (channel.nextHopKeep = value)),
  option('next hop address', address, (channel, value) => (channel.nextHopAddress = value)),
  noticed('next hop prefer', choice('global', 'local'), 'Catbird passes both IPv6 next hops on as they came'),
  refused(
    'link local next hop format',
    choice('native', 'single', 'double'),
    'Catbird sends a link-local next hop beside the global one',
    (value) => value === 'native',
  ),
  option('extended next hop', bool, (channel, value) => (channel.extendedNextHop = value)),
  option('require extended next hop', bool, (channel, value) => (channel.requireExtendedNextHop = value)),
  option('require add paths', bool, (channel, value) => (channel.requireAddPath = value)),
  option('mandatory', bool, (channel, value) => (channel.mandatory = value)),
  option('validate', bool, (channel, _value, _context, at) => {
    if (!channel.type.words.startsWith('flow')) {
      throw new ConfError(at, 'Validate option limited to flowspec channels');
    }
  }),
  option('base table', table, (channel, value, _context, at) => {
    if (!channel.type.words.startsWith('flow')) {
      throw new ConfError(at, 'Base table option limited to flowspec channels');
    }
    if (value.net !== (channel.type.net === 'flow4' ? 'ipv4' : 'ipv6')) {
      throw new ConfError(at + 2, 'Mismatched base table type');
    }
    channel.baseTable = value;
  }),
  option('graceful restart', bool, (channel, value) => (channel.gracefulRestart = value)),
  option('long lived graceful restart', bool, (channel, value) => (channel.longLived = value)),
  option('long lived stale time', staleTime('Long-lived'), (channel, value) => (channel.staleTimeS = value)),
  option('min long lived stale time', staleTime('Min long-lived'), (channel, value) => {
    channel.minStaleTimeS = value;
  }),
  option('max long lived stale time', staleTime('Max long-lived'), (channel, value) => {
    channel.maxStaleTimeS = value;
  }),
  option('aigp', bool, (channel, value) => (channel.aigp = value)),
  option('aigp originate', none, (channel) => {
    channel.aigp = true;
    channel.aigpOriginate = true;
  }),
  refused(
    'cost',
    bounded(1, 0xffff_ffff, 'Cost must be positive'),
    'it is the metric that AIGP adds for this neighbour, which Catbird does not',
  ),
  noticed('export settle time', settleTime, 'changes are sent as soon as they are decided'),
]);

function staleTime(which: string): ReturnType<typeof bounded> {
  return bounded(0, STALE_TIMES, `${which} stale time must be less than 2^24`);
}

/** BIRD 1.6 has switches without a value for these, and turns the other one off. */
const nextHopRules1: Rule<BgpChannelDraft>[] = [
  option('next hop self', none, (channel) => {
    channel.nextHopSelf = 'all';
    channel.nextHopKeep = 'no';
  }),
  option('next hop keep', none, (channel) => {
    channel.nextHopKeep = 'all';
    channel.nextHopSelf = 'no';
  }),
];

/** Options of the channel that a `protocol bgp` of BIRD 1.6 is. */
export const bgpChannelRules1: readonly Rule<BgpChannelDraft>[] = [
  ...channelRules1<BgpChannelDraft>(),
  ...commonRules,
  ...nextHopRules1,
  option('route limit', number, (channel, value, context, at) => {
    context.warn(at, "'route limit' is deprecated, use 'import limit'");
    channel.importLimit = { limit: value, action: 'restart' };
  }),
];

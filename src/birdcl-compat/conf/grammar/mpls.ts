/** MPLS: label domains and `mpls` channels. Read whole and refused: Catbird has no labels. */
import { bounded, choice } from '../arguments.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { option, RuleTable } from '../rules.ts';
import type { OptionNode, Rule } from '../rules.ts';
import { CHANNEL_TYPES } from '../net-types.ts';
import { channelRules, newChannel } from './channel.ts';
import type { ChannelDraft } from './channel.ts';

const LABELS = 2 ** 20;
const MPLS = CHANNEL_TYPES.find(({ words }) => words === 'mpls')!;

interface RangeDraft {
  start: number | undefined;
  length: number | undefined;
}

const rangeOptions = new RuleTable<RangeDraft>([
  option('start', bounded(0, LABELS - 1, 'MPLS label range start must be less than 2^20'), (range, value) => {
    range.start = value;
  }),
  option(
    'length',
    bounded(1, LABELS - 1, 'MPLS label range length must be less than 2^20'),
    (range, value) => {
      range.length = value;
    },
  ),
]);

/** Reads what stands behind `mpls domain`. */
export function parseMplsDomain(cursor: Cursor): readonly (readonly OptionNode<RangeDraft>[])[] {
  cursor.name('a name');
  const ranges: OptionNode<RangeDraft>[][] = [];
  if (!cursor.accept('{')) return ranges;
  while (!cursor.accept('}')) {
    cursor.expectWord('label');
    cursor.expectWord('range');
    cursor.name('a name');
    const options: OptionNode<RangeDraft>[] = [];
    if (cursor.accept('{')) rangeOptions.parseBlock(cursor, options);
    ranges.push(options);
    cursor.expect(';');
  }
  return ranges;
}

const names = { parse: (cursor: Cursor) => cursor.name('a name'), evaluate: (node: string) => node };

const mplsChannelOptions = new RuleTable<ChannelDraft>([
  ...channelRules<ChannelDraft>(),
  option('domain', names, () => undefined),
  option('label range', names, () => undefined),
  option('label policy', choice('static', 'prefix', 'aggregate', 'vrf'), () => undefined),
]);

/** The `mpls` channel beside a protocol's own. */
export function mplsChannelRule<Owner>(): Rule<Owner> {
  return {
    words: 'mpls',
    parse(cursor) {
      const options: OptionNode<ChannelDraft>[] = [];
      if (cursor.accept('{')) mplsChannelOptions.parseBlock(cursor, options);
      return options;
    },
    apply(_owner, node, context, { at, end }) {
      const channel = newChannel(MPLS, 0, context);
      for (const item of node as OptionNode<ChannelDraft>[]) {
        item.rule.apply(channel, item.argument, context, item);
      }
      if (!channel.table) throw new ConfError(end, 'Routing table not specified');
      context.refuse(at, "'mpls' channels are not built yet", 'Catbird carries ipv4 and ipv6 unicast');
    },
  };
}

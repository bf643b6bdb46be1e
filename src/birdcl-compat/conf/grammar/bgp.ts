/** `protocol bgp`: its options as BIRD words them. `bgp-finish.ts` says what they mean together. */
import { BGP_CHANNELS } from '../net-types.ts';
import { RuleTable } from '../rules.ts';
import { bgpChannelOptions, bgpChannelRules1 } from './bgp-channel.ts';
import { newBgp, newBgpChannel } from './bgp-draft.ts';
import type { BgpChannelDraft, BgpDraft } from './bgp-draft.ts';
import { finishBgp } from './bgp-finish.ts';
import { bgpRepeats } from './bgp-repeats.ts';
import type { BgpIdentity } from './bgp-repeats.ts';
import { routeRules, routeRules1 } from './bgp-routes.ts';
import { sessionRules, sessionRules1 } from './bgp-session.ts';
import { channelOwnerRules, onlyChannelRules } from './channel.ts';
import { mplsChannelRule } from './mpls.ts';
import { protocolRules, protocolRules1 } from './protocol.ts';
import type { ProtocolGrammar } from './protocol.ts';

export const bgp: ProtocolGrammar<BgpDraft, BgpIdentity> = {
  word: 'bgp',
  defaultName: 'bgp',
  rules: new RuleTable<BgpDraft>([
    ...protocolRules<BgpDraft>(),
    ...sessionRules,
    ...routeRules,
    ...channelOwnerRules<BgpDraft, BgpChannelDraft>({
      types: BGP_CHANNELS.filter(({ words }) => words !== 'mpls'),
      rules: bgpChannelOptions,
      create: (_owner, type, context) => newBgpChannel(type, context),
    }),
    mplsChannelRule(),
  ]),
  rules1: new RuleTable<BgpDraft>([
    ...protocolRules1<BgpDraft>(),
    ...sessionRules1,
    ...routeRules1,
    ...onlyChannelRules<BgpDraft, BgpChannelDraft>(bgpChannelRules1),
  ]),
  create: newBgp,
  copy: (draft) => ({
    ...draft,
    channels: draft.channels.map((channel) => ({ ...channel, inherited: true })),
  }),
  repeats: bgpRepeats,
  finish: finishBgp,
};

/** Types of networks that tables and channels can have in BIRD, and which of them Catbird carries. */
import { IPV4, IPV6 } from '../../base/family.ts';
import type { Family } from '../../base/family.ts';

export const NET_TYPES = [
  'ipv4',
  'ipv6',
  'ipv6 sadr',
  'vpn4',
  'vpn6',
  'roa4',
  'roa6',
  'flow4',
  'flow6',
  'eth',
  'aspa',
  'evpn',
  'mpls',
  'neighbor',
] as const;
export type NetType = (typeof NET_TYPES)[number];

/** A kind of channel, under the words that begin it. */
export interface ChannelType {
  readonly words: string;
  readonly net: NetType;
  /** Absent where Catbird does not carry such routes. */
  readonly family?: Family;
  /** BGP alone has it: a SAFI of its own, or labels. */
  readonly bgpOnly?: true;
}

export const CHANNEL_TYPES: readonly ChannelType[] = [
  { words: 'ipv4', net: 'ipv4', family: IPV4 },
  { words: 'ipv6', net: 'ipv6', family: IPV6 },
  { words: 'ipv6 sadr', net: 'ipv6 sadr' },
  { words: 'vpn4', net: 'vpn4' },
  { words: 'vpn6', net: 'vpn6' },
  { words: 'roa4', net: 'roa4' },
  { words: 'roa6', net: 'roa6' },
  { words: 'flow4', net: 'flow4' },
  { words: 'flow6', net: 'flow6' },
  { words: 'eth', net: 'eth' },
  { words: 'aspa', net: 'aspa' },
  { words: 'evpn', net: 'evpn' },
  { words: 'mpls', net: 'mpls' },
  { words: 'neighbors', net: 'neighbor' },
  { words: 'ipv4 multicast', net: 'ipv4', bgpOnly: true },
  { words: 'ipv6 multicast', net: 'ipv6', bgpOnly: true },
  { words: 'ipv4 mpls', net: 'ipv4', bgpOnly: true },
  { words: 'ipv6 mpls', net: 'ipv6', bgpOnly: true },
  { words: 'vpn4 mpls', net: 'vpn4', bgpOnly: true },
  { words: 'vpn6 mpls', net: 'vpn6', bgpOnly: true },
  { words: 'vpn4 multicast', net: 'vpn4', bgpOnly: true },
  { words: 'vpn6 multicast', net: 'vpn6', bgpOnly: true },
];

/** Channels that a `protocol bgp` may have; plain `vpn4` and `vpn6` need `mpls` or `multicast` behind them. */
export const BGP_CHANNELS: readonly ChannelType[] = CHANNEL_TYPES.filter(
  ({ net, bgpOnly }) =>
    bgpOnly || ['ipv4', 'ipv6', 'flow4', 'flow6', 'evpn', 'mpls', 'neighbor'].includes(net),
);

/** Channels of all other protocols. */
export const PLAIN_CHANNELS: readonly ChannelType[] = CHANNEL_TYPES.filter(({ bgpOnly }) => !bgpOnly);

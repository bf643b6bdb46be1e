/**
 * Networks of the filter language beyond plain IP prefixes: VPN, ROA, flowspec, source-specific, Ethernet, MPLS, ASPA,
 * EVPN and neighbour entries. One table says for each kind what BIRD numbers it, how it is written and how it sorts.
 */
import type { IpAddress } from '../../base/ip.ts';
import { formatIp } from '../../base/ip.ts';
import { formatFlow } from './flowspec.ts';
import type { FlowSpec } from './flowspec.ts';
import { compareIp, formatPrefix, formatRd } from './values.ts';
import type { Prefix } from './values.ts';

export type NetKind =
  | 'vpn4'
  | 'vpn6'
  | 'roa4'
  | 'roa6'
  | 'flow4'
  | 'flow6'
  | 'sadr'
  | 'eth'
  | 'mpls'
  | 'aspa'
  | 'evpn'
  | 'neighbor';

/** RFC 7432 section 7: EVPN route types, with BIRD's words and numbers. */
export const EVPN_TYPE = { ead: 1, mac: 2, imet: 3, es: 4 } as const;
export type EvpnType = keyof typeof EVPN_TYPE;

/** What an EVPN route has besides its route distinguisher. */
export interface EvpnRoute {
  readonly type: EvpnType;
  /** Ethernet tag; 0 for ES routes, which have none. */
  readonly tag: number;
  /** Ethernet segment identifier, ten bytes in hexadecimal. */
  readonly esi?: string;
  readonly mac?: number;
  /** The host's address of a MAC route; absent for `*`. */
  readonly ip?: IpAddress;
  readonly routerIp?: IpAddress;
}

/** A network of any kind; `kind` is absent for IPv4 and IPv6 prefixes. */
export interface Net extends Prefix {
  readonly kind?: NetKind;
  /** VPN, EVPN. */
  readonly rd?: bigint;
  /** ROA: the longest prefix that it covers. */
  readonly maxLength?: number;
  /** ROA, ASPA. */
  readonly asn?: number;
  /** Source-specific: where packets come from. */
  readonly source?: Prefix;
  readonly flow?: FlowSpec;
  /** Ethernet: a 48-bit number. */
  readonly mac?: number;
  /** Ethernet: 0 is none. */
  readonly vlan?: number;
  readonly label?: number;
  readonly evpn?: EvpnRoute;
  readonly interfaceIndex?: number;
}

/** What `.ip` of a network gives that has no address. */
export const NO_ADDRESS: IpAddress = Object.freeze({ version: 6, words: [0, 0, 0, 0] });

/** Address and length of networks that are no prefixes. */
export const NO_PREFIX: Prefix = Object.freeze({ ip: NO_ADDRESS, length: 0 });

type SortKey = number | bigint | string | IpAddress;

interface KindInfo {
  /** BIRD's `NET_` number. */
  readonly number: number;
  /** BIRD's words for channels and tables. */
  readonly word: string;
  format(net: Net): string;
  /** What networks of this kind are ordered by, most significant first. */
  key(net: Net): readonly SortKey[];
}

const IP_TYPE_NUMBER = { 4: 1, 6: 2 } as const;

/** `12:34:56:78:9a:bc` */
export function formatMac(mac: number): string {
  return formatBytes(mac.toString(16).padStart(12, '0'));
}

/** Hexadecimal bytes with colons between. */
export function formatBytes(hex: string): string {
  return hex.replace(/..(?=.)/g, '$&:');
}

function formatEvpn({ rd, evpn }: Net): string {
  const { type, tag, esi, mac, ip, routerIp } = evpn!;
  const parts = ['evpn', type, formatRd(rd!)];
  if (type !== 'es') parts.push(String(tag));
  if (esi !== undefined) parts.push(formatBytes(esi));
  if (mac !== undefined) parts.push(formatMac(mac), ip ? formatIp(ip) : '*');
  if (routerIp) parts.push(formatIp(routerIp));
  return parts.join(' ');
}

const prefixKey = ({ ip, length }: Prefix): SortKey[] => [ip, length];
const formatVpn = (net: Net): string => `${formatRd(net.rd!)} ${formatPrefix(net)}`;
const vpnKey = (net: Net): SortKey[] => [net.rd!, ...prefixKey(net)];
const formatRoa = (net: Net): string => `${formatPrefix(net)}-${net.maxLength!} AS${net.asn!}`;
const roaKey = (net: Net): SortKey[] => [...prefixKey(net), net.maxLength!, net.asn!];
const formatFlowNet = (net: Net): string => formatFlow(net.flow!);
const flowKey = (net: Net): SortKey[] => [...prefixKey(net), formatFlow(net.flow!)];

export const NET_KINDS: Readonly<Record<NetKind, KindInfo>> = {
  vpn4: { number: 3, word: 'vpn4', format: formatVpn, key: vpnKey },
  vpn6: { number: 4, word: 'vpn6', format: formatVpn, key: vpnKey },
  roa4: { number: 5, word: 'roa4', format: formatRoa, key: roaKey },
  roa6: { number: 6, word: 'roa6', format: formatRoa, key: roaKey },
  flow4: { number: 7, word: 'flow4', format: formatFlowNet, key: flowKey },
  flow6: { number: 8, word: 'flow6', format: formatFlowNet, key: flowKey },
  sadr: {
    number: 9,
    word: 'ipv6 sadr',
    format: (net) => `${formatPrefix(net)} from ${formatPrefix(net.source!)}`,
    key: (net) => [...prefixKey(net), ...prefixKey(net.source!)],
  },
  eth: {
    number: 10,
    word: 'eth',
    format: ({ mac, vlan }) => formatMac(mac!) + (vlan === 0 ? '' : ` vlan ${vlan!}`),
    key: ({ mac, vlan }) => [vlan!, mac!],
  },
  mpls: { number: 11, word: 'mpls', format: ({ label }) => String(label!), key: ({ label }) => [label!] },
  aspa: { number: 12, word: 'aspa', format: ({ asn }) => String(asn!), key: ({ asn }) => [asn!] },
  evpn: {
    number: 13,
    word: 'evpn',
    format: formatEvpn,
    key: (net) => [EVPN_TYPE[net.evpn!.type], net.rd!, net.evpn!.tag, net.evpn!.ip ? 1 : 0, formatEvpn(net)],
  },
  neighbor: {
    number: 14,
    word: 'neighbor',
    format: ({ ip, interfaceIndex }) => `${formatIp(ip)}%${interfaceIndex!}`,
    key: ({ ip, interfaceIndex }) => [ip, interfaceIndex!],
  },
};

/** BIRD's `NET_` number of a network's kind. */
export function netType(net: Net): number {
  return net.kind === undefined ? IP_TYPE_NUMBER[net.ip.version] : NET_KINDS[net.kind].number;
}

export function formatNet(net: Net): string {
  return net.kind === undefined ? formatPrefix(net) : NET_KINDS[net.kind].format(net);
}

function compareKey(a: SortKey, b: SortKey): number {
  if (typeof a === 'object' && typeof b === 'object') return compareIp(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Orders networks as BIRD does: by kind, then by what the kind sorts by. */
export function compareNet(a: Net, b: Net): number {
  if (a.kind === undefined && b.kind === undefined && a.ip.version === b.ip.version) {
    return compareIp(a.ip, b.ip) || a.length - b.length;
  }
  const difference = netType(a) - netType(b);
  if (difference !== 0 || a.kind === undefined) return difference;
  const { key } = NET_KINDS[a.kind];
  const [left, right] = [key(a), key(b)];
  for (let i = 0; i < left.length; i++) {
    const order = compareKey(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return 0;
}

/** Kinds that prefix sets match by address and length; the others are in none. */
const IN_PREFIX_SETS: ReadonlySet<NetKind | undefined> = new Set([undefined, 'vpn4', 'vpn6', 'roa4', 'roa6']);
/** Kinds whose address and length say which addresses they are about. */
const ADDRESSED: ReadonlySet<NetKind | undefined> = new Set([...IN_PREFIX_SETS, 'flow4', 'flow6', 'sadr']);

export function hasAddresses(net: Net): boolean {
  return ADDRESSED.has(net.kind);
}

export function matchesPrefixSets(net: Net): boolean {
  return IN_PREFIX_SETS.has(net.kind);
}

/** What a `protocol bgp` gathers while its options are applied, with BIRD's defaults. */
import type { IpAddress } from '../../../base/ip.ts';
import type { Role } from '../../../speaker/wire/iana.ts';
import type { Prefix } from '../../filter/values.ts';
import type { AnyTableConfig, DebugFlags, NextHopScope } from '../lowered.ts';
import type { ChannelType } from '../net-types.ts';
import type { Context } from '../rules.ts';
import { newChannel, onlyChannel } from './channel.ts';
import type { ChannelDraft } from './channel.ts';
import { newProtocol, type ProtocolDraft } from './protocol.ts';

export const BGP_PORT = 179;
const BGP_PREFERENCE = 100;

export interface BgpChannelDraft extends ChannelDraft {
  addPathReceive: boolean;
  addPathSend: boolean;
  nextHopSelf: NextHopScope;
  nextHopKeep: NextHopScope | undefined;
  nextHopAddress: IpAddress | undefined;
  extendedNextHop: boolean;
  mandatory: boolean;
  gateway: 'direct' | 'recursive' | undefined;
  igpTable4: AnyTableConfig | undefined;
  igpTable6: AnyTableConfig | undefined;
  /** For flow specifications. */
  baseTable: AnyTableConfig | undefined;
  secondary: boolean;
  gracefulRestart: boolean | undefined;
  aigp: boolean | undefined;
  aigpOriginate: boolean;
  longLived: boolean | undefined;
  staleTimeS: number | undefined;
  minStaleTimeS: number | undefined;
  maxStaleTimeS: number | undefined;
  requireExtendedNextHop: boolean;
  requireAddPath: boolean;
}

export interface BgpDraft extends ProtocolDraft {
  channels: BgpChannelDraft[];
  localAs: number;
  localAddress: IpAddress | undefined;
  localPort: number;
  remoteAs: number;
  peerType: 'internal' | 'external' | undefined;
  remoteAddress: IpAddress | undefined;
  remoteRange: Prefix | undefined;
  remotePort: number;
  interface: string | undefined;
  /** Of BIRD 2.14 on: sessions through interfaces of these names. */
  interfaceRange: boolean;
  onlink: boolean;
  rsClient: boolean;
  bfd: boolean;
  confederation: number;
  confederationMember: boolean;
  localRole: Role | undefined;
  requireRoles: boolean;
  /** TCP-AO keys are given. */
  keys: boolean;
  authentication: 'none' | 'md5' | 'ao' | undefined;
  longLived: 'off' | 'aware' | 'on' | undefined;
  minRestartTimeS: number;
  maxRestartTimeS: number;
  staleTimeS: number;
  minStaleTimeS: number;
  maxStaleTimeS: number;
  rrClient: boolean;
  rrClusterId: number | undefined;
  /** Undefined: by kind of session. 0 is direct. */
  multihop: number | undefined;
  dynamicName: string;
  dynamicDigits: number;
  dynamicLimit: number;
  strictBind: boolean;
  passive: boolean;
  disableReceive: boolean;
  password: string | undefined;
  ttlSecurity: boolean;
  checkLink: boolean | undefined;
  holdTimeS: number;
  minHoldTimeS: number;
  startupHoldTimeS: number;
  keepaliveTimeS: number | undefined;
  minKeepaliveTimeS: number;
  sendHoldTimeS: number | undefined;
  connectRetryTimeS: number;
  connectDelayTimeS: number;
  errorWaitTimeS: [number, number];
  errorForgetTimeS: number;
  disableAfterError: boolean;
  /** Cease subcodes; 0 stands for the others too. */
  disableAfterCease: readonly number[];
  capabilities: boolean;
  enableAs4: boolean;
  enableRouteRefresh: boolean;
  enableEnhancedRouteRefresh: boolean;
  enableExtendedMessages: boolean;
  advertiseHostname: boolean;
  gracefulRestart: 'off' | 'aware' | 'on';
  gracefulRestartTimeS: number;
  allowLocalAs: number;
  allowLocalPref: boolean;
  allowMed: boolean;
  allowAsSets: boolean;
  enforceFirstAs: boolean;
  interpretCommunities: boolean;
  pathMetric: boolean;
  medMetric: boolean;
  igpMetric: boolean;
  preferOlder: boolean;
  deterministicMed: boolean;
  defaultLocalPref: number;
  defaultMed: number;
  requireRouteRefresh: boolean;
  requireEnhancedRouteRefresh: boolean;
  requireAs4: boolean;
  requireExtendedMessages: boolean;
  requireHostname: boolean;
  requireGracefulRestart: boolean;
  requireLongLived: boolean;
}

/** Sessions of one range at once, where the configuration sets no `dynamic limit` (BIRD has no limit). */
const DEFAULT_DYNAMIC_LIMIT = 10_000;

export function newBgpChannel(type: ChannelType, context: Context): BgpChannelDraft {
  return {
    ...newChannel(type, BGP_PREFERENCE, context),
    addPathReceive: false,
    addPathSend: false,
    nextHopSelf: 'no',
    nextHopKeep: undefined,
    nextHopAddress: undefined,
    extendedNextHop: false,
    mandatory: false,
    gateway: undefined,
    igpTable4: undefined,
    igpTable6: undefined,
    baseTable: undefined,
    secondary: false,
    gracefulRestart: undefined,
    aigp: undefined,
    aigpOriginate: false,
    longLived: undefined,
    staleTimeS: undefined,
    minStaleTimeS: undefined,
    maxStaleTimeS: undefined,
    requireExtendedNextHop: false,
    requireAddPath: false,
  };
}

export function newBgp(debug: DebugFlags, context: Context): BgpDraft {
  return {
    ...newProtocol(debug),
    channels: onlyChannel(context, (type) => newBgpChannel(type, context)),
    localAs: 0,
    localAddress: undefined,
    localPort: BGP_PORT,
    remoteAs: 0,
    peerType: undefined,
    remoteAddress: undefined,
    remoteRange: undefined,
    remotePort: BGP_PORT,
    interface: undefined,
    interfaceRange: false,
    onlink: false,
    rsClient: false,
    bfd: false,
    confederation: 0,
    confederationMember: false,
    localRole: undefined,
    requireRoles: false,
    keys: false,
    authentication: undefined,
    longLived: undefined,
    minRestartTimeS: 0,
    maxRestartTimeS: 0xffff_ffff,
    staleTimeS: 3600,
    minStaleTimeS: 0,
    maxStaleTimeS: 0xffff_ffff,
    rrClient: false,
    rrClusterId: undefined,
    multihop: undefined,
    dynamicName: 'dynbgp',
    dynamicDigits: 0,
    dynamicLimit: DEFAULT_DYNAMIC_LIMIT,
    strictBind: false,
    passive: false,
    disableReceive: false,
    password: undefined,
    ttlSecurity: false,
    checkLink: undefined,
    holdTimeS: 240,
    minHoldTimeS: 0,
    startupHoldTimeS: 240,
    keepaliveTimeS: undefined,
    minKeepaliveTimeS: 0,
    sendHoldTimeS: undefined,
    connectRetryTimeS: 120,
    connectDelayTimeS: 5,
    errorWaitTimeS: [60, 300],
    errorForgetTimeS: 300,
    disableAfterError: false,
    disableAfterCease: [],
    capabilities: true,
    enableAs4: true,
    enableRouteRefresh: true,
    enableEnhancedRouteRefresh: true,
    enableExtendedMessages: false,
    advertiseHostname: false,
    gracefulRestart: 'aware',
    gracefulRestartTimeS: 120,
    allowLocalAs: 0,
    allowLocalPref: false,
    allowMed: false,
    allowAsSets: true,
    enforceFirstAs: false,
    interpretCommunities: true,
    pathMetric: true,
    medMetric: false,
    igpMetric: true,
    preferOlder: false,
    deterministicMed: false,
    defaultLocalPref: 100,
    defaultMed: 0,
    requireRouteRefresh: false,
    requireEnhancedRouteRefresh: false,
    requireAs4: false,
    requireExtendedMessages: false,
    requireHostname: false,
    requireGracefulRestart: false,
    requireLongLived: false,
  };
}

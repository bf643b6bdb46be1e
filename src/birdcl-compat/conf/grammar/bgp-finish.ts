/** What the options of a `protocol bgp` mean together: BIRD's checks and dependent defaults, then RFC words. */
import type { FamilyConfig, RequiredCapabilities, SessionConfig } from '../../../speaker/config.ts';
import type { IpAddress } from '../../../base/ip.ts';
import { ACCEPT_ALL, REJECT_ALL } from '../../filter/program.ts';
import type { Dialect } from '../dialect.ts';
import type { BgpChannelConfig, BgpProtocolConfig } from '../lowered.ts';
import type { BgpChannelDraft, BgpDraft } from './bgp-draft.ts';
import { failAtEnd } from './protocol.ts';
import type { FinishContext } from './protocol.ts';

/** Where a neighbour without `multihop` may be: one hop away for external sessions, anywhere for internal ones. */
const INTERNAL_MULTIHOP = 64;
/** RFC 9687 section 3.1: the greater of 8 minutes and twice the hold time. */
const SEND_HOLD_TIME_S = 480;

/** Seconds of an upper bound that is not configured. */
const UNBOUNDED = 0xffff_ffff;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the checks have found out. */
interface Facts {
  readonly internal: boolean;
  /** In the own AS or confederation. */
  readonly interior: boolean;
  readonly multihop: number;
  readonly remoteAs: SessionConfig['remoteAs'];
  readonly linkLocal: boolean;
  readonly checkLink: boolean;
}

export function isLinkLocal(address: IpAddress | undefined): boolean {
  return address !== undefined && address.version === 6 && address.words[0]! >>> 22 === 0xfe80 >>> 6;
}

interface Check {
  readonly fails: (draft: BgpDraft, facts: Facts) => boolean;
  readonly message: string | ((draft: BgpDraft) => string);
  readonly hint?: string;
  /** BIRD 1.6 does not check it. */
  readonly since2?: true;
}

/** BIRD's checks, in BIRD's order. */
const CHECKS: readonly Check[] = [
  { fails: (d) => d.localAs === 0, message: 'Local AS number must be set', hint: "add 'local as N;'" },
  {
    fails: (d) => !d.remoteAddress && !d.remoteRange,
    message: 'Neighbor must be configured',
    hint: "add 'neighbor ADDRESS as N;'",
  },
  {
    fails: (d) => !d.localAddress && !d.interfaceRange && d.interface === undefined && d.strictBind,
    message: 'Local address must be configured for strict bind',
  },
  {
    fails: (d) => d.remoteAs === 0 && d.peerType === undefined,
    message: 'Remote AS number (or peer type) must be set',
    hint: "add 'as N', 'internal' or 'external' to the neighbor",
  },
  {
    fails: (d, { internal }) => d.peerType === 'internal' && !internal,
    message: 'IBGP cannot have different ASNs',
  },
  {
    fails: (d, { internal }) => d.peerType === 'external' && internal,
    message: 'EBGP cannot have the same ASNs',
  },
  {
    fails: (d, { linkLocal }) => d.interface === undefined && linkLocal,
    message: 'Link-local addresses require defined interface',
    hint: "write the address as 'fe80::1%eth0', or add 'interface \"eth0\";'",
  },
  {
    fails: (d) => !(d.capabilities && d.enableAs4) && d.remoteAs > 0xffff,
    message: 'Neighbor AS number out of range (AS4 not available)',
  },
  {
    fails: (d) => d.interface !== undefined && d.interfaceRange,
    message: 'Interface and interface range cannot be configured together',
  },
  { fails: (d) => d.interfaceRange && !d.strictBind, message: 'Interface range needs strict bind' },
  {
    fails: (d, { internal }) => !internal && d.rrClient,
    message: 'Only internal neighbor can be RR client',
    hint: 'its AS is not the local one',
  },
  {
    fails: (d, { internal }) => internal && d.rsClient,
    message: 'Only external neighbor can be RS client',
    hint: 'its AS is the local one',
  },
  {
    fails: (d, { internal }) => internal && d.localRole !== undefined,
    message: 'Local role cannot be set on IBGP sessions',
  },
  {
    fails: (d) => d.requireRoles && d.localRole === undefined,
    message: 'Local role must be set if roles are required',
  },
  {
    fails: (d) => d.confederation === 0 && d.confederationMember,
    message: 'Confederation ID must be set for member sessions',
  },
  {
    fails: (_d, { multihop, linkLocal }) => multihop > 0 && linkLocal,
    message: 'Multihop BGP cannot be used with link-local addresses',
    hint: "add 'direct;'",
  },
  {
    fails: (d, { multihop }) => multihop > 0 && (d.interface !== undefined || d.interfaceRange),
    message: 'Multihop BGP cannot be bound to interface',
    hint: "add 'direct;'",
  },
  {
    fails: (_d, { multihop, checkLink }) => multihop > 0 && checkLink,
    message: 'Multihop BGP cannot depend on link state',
  },
  {
    fails: (d, { multihop }) => multihop > 0 && d.bfd && !d.localAddress,
    message: 'Multihop BGP with BFD requires specified local address',
  },
  {
    fails: (d, { multihop }) => multihop > 0 && d.onlink,
    message: 'Multihop BGP cannot be configured onlink',
  },
  {
    fails: (d) =>
      d.onlink &&
      d.interface === undefined &&
      !d.interfaceRange &&
      !d.passive &&
      d.remoteAddress !== undefined,
    message: 'Active onlink BGP must have interface configured',
  },
  {
    fails: (d) => d.gracefulRestart === 'off' && (d.longLived === 'on' || d.longLived === 'aware'),
    message: 'Long-lived graceful restart requires basic graceful restart',
  },
  {
    fails: (d, { internal }) => internal && d.enforceFirstAs,
    message: 'Enforce first AS check is requires EBGP sessions',
  },
  {
    fails: (d) => (d.keepaliveTimeS ?? 0) > d.holdTimeS,
    message: 'Keepalive time must be at most hold time',
    since2: true,
  },
  {
    fails: (d) => (d.sendHoldTimeS ?? 0) > 0 && d.sendHoldTimeS! < d.holdTimeS,
    message: 'Send hold time must be zero or at least hold time',
  },
  {
    fails: (d) => d.minHoldTimeS > d.holdTimeS,
    message: (d) => `Min hold time (${d.minHoldTimeS}) exceeds hold time (${d.holdTimeS})`,
  },
  {
    fails: (d) => d.minKeepaliveTimeS > keepaliveTime(d),
    message: (d) =>
      `Min keepalive time (${d.minKeepaliveTimeS}) exceeds keepalive time (${keepaliveTime(d)})`,
  },
  {
    fails: (d) => d.minRestartTimeS > d.maxRestartTimeS,
    message: (d) =>
      `Min graceful restart time (${d.minRestartTimeS}) exceeds max graceful restart time (${d.maxRestartTimeS})`,
  },
  {
    fails: (d) => d.minStaleTimeS > d.maxStaleTimeS,
    message: (d) =>
      `Min long-lived stale time (${d.minStaleTimeS}) exceeds max long-lived stale time (${d.maxStaleTimeS})`,
  },
  {
    fails: (d) => d.authentication === 'md5' && d.password === undefined,
    message: 'MD5 authentication and password option should be used together',
  },
  {
    fails: (d) => d.authentication === 'ao' && d.password !== undefined,
    message: 'MD5 authentication and password option should be used together',
  },
  {
    fails: (d) => (d.authentication === 'ao') !== d.keys,
    message: 'AO authentication and keys option should be used together',
  },
  {
    fails: (d) => d.authentication === 'ao' && d.remoteRange !== undefined,
    message: 'AO authentication not supported on dynamic BGP sessions',
  },
];

/** BIRD's notices about options that keep a session from ever coming up, or that have no effect alone. */
const WARNINGS: readonly { readonly when: (draft: BgpDraft) => boolean; readonly message: string }[] = [
  {
    when: (d) => d.requireEnhancedRouteRefresh && !(d.enableRouteRefresh && d.enableEnhancedRouteRefresh),
    message: 'Enhanced refresh required but disabled',
  },
  { when: (d) => d.requireAs4 && !d.enableAs4, message: 'AS4 support required but disabled' },
  {
    when: (d) => d.requireExtendedMessages && !d.enableExtendedMessages,
    message: 'Extended messages required but not enabled',
  },
  {
    when: (d) => d.requireGracefulRestart && d.gracefulRestart === 'off',
    message: 'Graceful restart required but not enabled',
  },
  {
    when: (d) => d.requireLongLived && longLivedMode(d) === 'off',
    message: 'Long-lived graceful restart required but not enabled',
  },
  {
    when: (d) => d.localRole !== undefined && d.confederationMember,
    message: 'BGP roles are not recommended to be used within AS confederations',
  },
  {
    when: (d) => d.channels.some((channel) => channel.requireExtendedNextHop && !channel.extendedNextHop),
    message: 'Extended next hop required but not enabled',
  },
  {
    when: (d) =>
      d.channels.some((channel) => channel.requireAddPath && !channel.addPathReceive && !channel.addPathSend),
    message: 'ADD-PATH required but not enabled',
  },
];

function keepaliveTime(draft: BgpDraft): number {
  return draft.keepaliveTimeS ?? Math.floor(draft.holdTimeS / 3);
}

/** RFC 9494: whoever understands graceful restart understands its long-lived kind. */
function longLivedMode({ longLived, gracefulRestart }: BgpDraft): 'off' | 'aware' | 'on' {
  return longLived ?? (gracefulRestart === 'off' ? 'off' : 'aware');
}

function factsOf(draft: BgpDraft, dialect: Dialect): Facts {
  const asNumber = draft.remoteAs === 0 && draft.peerType === 'internal' ? draft.localAs : draft.remoteAs;
  const internal = draft.localAs === asNumber;
  const multihop = draft.multihop ?? (internal ? INTERNAL_MULTIHOP : 0);
  return {
    internal,
    interior: internal || draft.confederationMember,
    multihop,
    remoteAs: asNumber === 0 ? 'external' : asNumber,
    linkLocal: isLinkLocal(draft.localAddress) || isLinkLocal(draft.remoteAddress),
    checkLink: draft.checkLink ?? (dialect.version === 2 && multihop === 0),
  };
}

function finishBgpChannel(
  channel: BgpChannelDraft,
  draft: BgpDraft,
  facts: Facts,
  context: FinishContext,
): BgpChannelConfig | undefined {
  const fail = (message: string, hint?: string): never => failAtEnd(context, message, hint);
  const { words: name, net, family } = channel.type;
  // BIRD 1.6 takes all and sends nothing where nothing is said; so do sessions within an AS or confederation.
  const explicit = context.dialect.version === 2 && !facts.interior;
  if (!channel.importFilter && explicit) {
    fail('EBGP requires explicit import policy', `add 'import all;' or a filter to the ${name} channel`);
  }
  if (!channel.exportFilter && explicit) {
    fail('EBGP requires explicit export policy', `add 'export all;' or a filter to the ${name} channel`);
  }
  const gateway = channel.gateway ?? (facts.multihop > 0 ? 'recursive' : 'direct');
  if (facts.multihop > 0 && gateway === 'direct') fail('Multihop BGP cannot use direct gateway mode');
  const isFlow = name.startsWith('flow');
  const mismatch = net === 'ipv4' || net === 'vpn4' ? channel.igpTable6 : channel.igpTable4;
  if (!isFlow && gateway === 'recursive' && mismatch && !channel.extendedNextHop) {
    fail('Mismatched IGP table type');
  }
  if (gateway === 'recursive' && channel.table!.sorted) fail('BGP in recursive mode prohibits sorted table');
  if (draft.deterministicMed && channel.table!.sorted)
    fail('BGP with deterministic MED prohibits sorted table');
  if (channel.secondary && !channel.table!.sorted) fail('BGP with secondary option requires sorted table');
  const [least, most] = [
    channel.minStaleTimeS ?? draft.minStaleTimeS,
    channel.maxStaleTimeS ?? draft.maxStaleTimeS,
  ];
  if (least > most) fail(`Min long-lived stale time (${least}) exceeds max long-lived stale time (${most})`);
  if (!family) return undefined;
  // A session that must stay down after an error cannot be restarted by a limit.
  const restartForbidden = channel.importLimit?.action === 'restart' && draft.disableAfterError;
  const importLimit = restartForbidden
    ? { ...channel.importLimit!, action: 'disable' as const }
    : channel.importLimit;
  const resolves = (index: 0 | 1): boolean => family.index === index || channel.extendedNextHop;
  const igpTable = (index: 0 | 1): string | undefined => {
    if (gateway !== 'recursive' || !resolves(index)) return undefined;
    const chosen = index === 0 ? channel.igpTable4 : channel.igpTable6;
    if (chosen) return chosen.name;
    return family.index === index ? channel.table!.name : index === 0 ? 'master4' : 'master6';
  };
  const igpTable4 = igpTable(0);
  const igpTable6 = igpTable(1);
  const config: Mutable<BgpChannelConfig> = {
    family: family.index,
    name: family.name,
    table: channel.table!.name,
    importFilter: channel.importFilter ?? ACCEPT_ALL,
    exportFilter: channel.exportFilter ?? REJECT_ALL,
    importKeepFiltered: channel.importKeepFiltered,
    preference: channel.preference,
    addPathReceive: channel.addPathReceive,
    addPathSend: channel.addPathSend,
    nextHopSelf: channel.nextHopSelf,
    // A reflector leaves the next hop alone (RFC 4456 section 10), so does a route server (RFC 7947 section 2.2.1).
    nextHopKeep: channel.nextHopKeep ?? (draft.rrClient ? 'ibgp' : draft.rsClient ? 'all' : 'no'),
    extendedNextHop: channel.extendedNextHop,
    mandatory: channel.mandatory,
    gateway,
    gracefulRestart: channel.gracefulRestart ?? draft.gracefulRestart === 'on',
    longLived: channel.longLived ?? longLivedMode(draft) === 'on',
    staleTimeS: channel.staleTimeS ?? draft.staleTimeS,
    minStaleTimeS: least,
    maxStaleTimeS: most,
    aigp: channel.aigp ?? facts.interior,
    aigpOriginate: channel.aigpOriginate,
    requireExtendedNextHop: channel.requireExtendedNextHop,
    requireAddPath: channel.requireAddPath,
  };
  if (channel.receiveLimit) config.receiveLimit = channel.receiveLimit;
  if (importLimit) config.importLimit = importLimit;
  if (channel.exportLimit) config.exportLimit = channel.exportLimit;
  if (channel.nextHopAddress) config.nextHopAddress = channel.nextHopAddress;
  if (igpTable4 !== undefined) config.igpTable4 = igpTable4;
  if (igpTable6 !== undefined) config.igpTable6 = igpTable6;
  return config;
}

function familyConfig(channel: BgpChannelConfig): FamilyConfig {
  const config: Mutable<FamilyConfig> = {
    family: channel.family,
    addPathReceive: channel.addPathReceive,
    addPathSend: channel.addPathSend,
    extendedNextHop: channel.extendedNextHop,
    gracefulRestart: channel.gracefulRestart,
    mandatory: channel.mandatory,
  };
  // A reflector forwards nothing, so a restart of it changes no forwarding: all that there was is preserved.
  if (channel.gracefulRestart || channel.longLived) config.forwardingPreserved = true;
  if (channel.longLived) {
    config.longLived = true;
    config.staleTimeS = channel.staleTimeS;
  }
  if (channel.minStaleTimeS > 0) config.minStaleTimeS = channel.minStaleTimeS;
  if (channel.maxStaleTimeS < UNBOUNDED) config.maxStaleTimeS = channel.maxStaleTimeS;
  if (channel.requireExtendedNextHop) config.requireExtendedNextHop = true;
  if (channel.requireAddPath) config.requireAddPath = true;
  return config;
}

/** What `require …` asks for; undefined for nothing. */
function requirements(draft: BgpDraft): RequiredCapabilities | undefined {
  const nothing = !(
    draft.requireRouteRefresh ||
    draft.requireEnhancedRouteRefresh ||
    draft.requireAs4 ||
    draft.requireExtendedMessages ||
    draft.requireHostname ||
    draft.requireGracefulRestart ||
    draft.requireLongLived
  );
  if (nothing) return undefined;
  return {
    routeRefresh: draft.requireRouteRefresh,
    enhancedRouteRefresh: draft.requireEnhancedRouteRefresh,
    as4: draft.requireAs4,
    extendedMessages: draft.requireExtendedMessages,
    hostname: draft.requireHostname,
    gracefulRestart: draft.requireGracefulRestart,
    longLivedGracefulRestart: draft.requireLongLived,
  };
}

function sessionTemplate(
  draft: BgpDraft,
  facts: Facts,
  channels: readonly BgpChannelConfig[],
  context: FinishContext,
): Mutable<Omit<SessionConfig, 'name' | 'remoteAddress'>> {
  const template: Mutable<Omit<SessionConfig, 'name' | 'remoteAddress'>> = {
    routerId: draft.routerId ?? context.routerId,
    localAs: draft.localAs,
    remoteAs: facts.remoteAs,
    remotePort: draft.remotePort,
    passive: draft.passive,
    ttlSecurity: draft.ttlSecurity,
    holdTimeS: draft.holdTimeS,
    startupHoldTimeS: draft.startupHoldTimeS,
    connectRetryTimeS: draft.connectRetryTimeS,
    connectDelayTimeS: draft.connectDelayTimeS,
    errorWaitTimeS: draft.errorWaitTimeS,
    errorForgetTimeS: draft.errorForgetTimeS,
    disableAfterError: draft.disableAfterError,
    sendHoldTimeS: draft.sendHoldTimeS ?? Math.max(SEND_HOLD_TIME_S, 2 * draft.holdTimeS),
    families: channels.map(familyConfig),
    capabilities: draft.capabilities,
    as4: draft.enableAs4,
    routeRefresh: draft.enableRouteRefresh,
    enhancedRouteRefresh: draft.enableEnhancedRouteRefresh,
    extendedMessages: draft.enableExtendedMessages,
    gracefulRestart: draft.gracefulRestart,
    gracefulRestartTimeS: draft.gracefulRestartTimeS,
    longLived: longLivedMode(draft),
  };
  if (draft.minRestartTimeS > 0) template.minRestartTimeS = draft.minRestartTimeS;
  if (draft.maxRestartTimeS < UNBOUNDED) template.maxRestartTimeS = draft.maxRestartTimeS;
  if (draft.confederation !== 0 && !facts.interior) template.publicAs = draft.confederation;
  if (draft.confederationMember && !facts.internal) template.confederationMember = true;
  if (draft.localRole !== undefined) template.role = draft.localRole;
  if (draft.disableReceive) template.disableReceive = true;
  if (draft.requireRoles) template.requireRole = true;
  if (draft.interface !== undefined) template.interface = draft.interface;
  if (draft.localAddress) template.localAddress = draft.localAddress;
  if (facts.multihop > 0) template.multihop = facts.multihop;
  if (draft.password !== undefined) template.password = draft.password;
  if (draft.keepaliveTimeS !== undefined) template.keepaliveTimeS = draft.keepaliveTimeS;
  if (draft.minHoldTimeS > 0) template.minHoldTimeS = draft.minHoldTimeS;
  if (draft.minKeepaliveTimeS > 0) template.minKeepaliveTimeS = draft.minKeepaliveTimeS;
  if (draft.disableAfterCease.length > 0) template.disableAfterCease = draft.disableAfterCease;
  const require = requirements(draft);
  if (require) template.require = require;
  if (draft.advertiseHostname) template.hostname = draft.hostname ?? context.hostname;
  return template;
}

/** Where connections are accepted: `local … port` of the protocol, or `listen bgp` of BIRD 1.6 for all of them. */
export function listener(
  draft: Pick<BgpDraft, 'localAddress' | 'localPort' | 'strictBind'>,
  { listen }: FinishContext,
): { localPort: number; strictBind: boolean } {
  const own = listen.address !== undefined && draft.localAddress !== undefined;
  return {
    localPort: listen.port ?? draft.localPort,
    strictBind: draft.strictBind || (own && isSameIp(listen.address!, draft.localAddress!)),
  };
}

function isSameIp(a: IpAddress, b: IpAddress): boolean {
  return a.version === b.version && a.words.every((word, i) => word === b.words[i]);
}

/** Checks a session's options together and lowers them. Errors are at the closing brace, as BIRD's are. */
export function finishBgp(draft: BgpDraft, context: FinishContext): BgpProtocolConfig {
  const facts = factsOf(draft, context.dialect);
  for (const { fails, message, hint, since2 } of CHECKS) {
    if ((since2 && context.dialect.version === 1) || !fails(draft, facts)) continue;
    failAtEnd(context, typeof message === 'string' ? message : message(draft), hint);
  }
  if (draft.channels.some(({ type }) => type.net === 'neighbor') && !draft.remoteRange) {
    failAtEnd(context, 'Neighbor channel requires dynamic BGP (neighbor range option)');
  }
  if (draft.keepaliveTimeS !== undefined && draft.keepaliveTimeS > draft.holdTimeS / 2) {
    context.warn(context.end, 'Keepalive time should be at most 1/2 of hold time');
  }
  for (const { when, message } of WARNINGS) if (when(draft)) context.warn(context.end, message);
  const channels = draft.channels.flatMap(
    (channel) => finishBgpChannel(channel, draft, facts, context) ?? [],
  );
  const listen = listener(draft, context);
  const template = sessionTemplate(draft, facts, channels, context);
  const config: Mutable<BgpProtocolConfig> = {
    kind: 'bgp',
    name: draft.name,
    disabled: draft.disabled,
    debug: draft.debug,
    mrtdump: draft.mrtdump,
    session: draft.remoteRange
      ? {
          kind: 'range',
          config: {
            name: draft.name,
            prefix: { address: draft.remoteRange.ip, length: draft.remoteRange.length },
            dynamicName: draft.dynamicName,
            dynamicDigits: draft.dynamicDigits,
            limit: draft.dynamicLimit,
            template,
          },
        }
      : {
          kind: 'single',
          config: Object.assign(template, { name: draft.name, remoteAddress: draft.remoteAddress! }),
        },
    internal: facts.internal,
    localAs: draft.localAs,
    remoteAs: facts.remoteAs,
    routerId: template.routerId,
    localPort: listen.localPort,
    strictBind: listen.strictBind,
    rrClient: draft.rrClient,
    rsClient: draft.rsClient,
    clusterId: draft.rrClusterId ?? template.routerId,
    channels,
    decision: {
      pathMetric: draft.pathMetric,
      medMetric: draft.medMetric,
      igpMetric: draft.igpMetric,
      preferOlder: draft.preferOlder,
      defaultLocalPref: draft.defaultLocalPref,
      defaultMed: draft.defaultMed,
    },
    allowLocalAs: draft.allowLocalAs,
    allowLocalPref: draft.allowLocalPref,
    allowMed: draft.allowMed,
    allowAsSets: draft.allowAsSets,
    enforceFirstAs: draft.enforceFirstAs,
    interpretCommunities: draft.interpretCommunities,
  };
  if (draft.confederation !== 0) config.confederation = draft.confederation;
  if (draft.description !== undefined) config.description = draft.description;
  return config;
}

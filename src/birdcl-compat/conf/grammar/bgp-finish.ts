/** What the options of a `protocol bgp` mean together: BIRD's checks and dependent defaults, then RFC words. */
import type { FamilyConfig, RequiredCapabilities, SessionConfig } from '../../../speaker/config.ts';
import type { IpAddress } from '../../../base/ip.ts';
import { ACCEPT_ALL, REJECT_ALL } from '../../filter/program.ts';
import { ConfError } from '../diagnostics.ts';
import type { BgpChannelConfig, BgpProtocolConfig } from '../lowered.ts';
import type { BgpChannelDraft, BgpDraft } from './bgp.ts';
import { finishChannel } from './channel.ts';
import type { FinishContext } from './protocol.ts';

/** Where a neighbour without `multihop` may be: one hop away for external sessions, anywhere for internal ones. */
const INTERNAL_MULTIHOP = 64;
/** RFC 9687 section 3.1: the greater of 8 minutes and twice the hold time. */
const SEND_HOLD_TIME_S = 480;

/** What the checks have found out. */
interface Facts {
  readonly internal: boolean;
  readonly multihop: number;
  readonly remoteAs: SessionConfig['remoteAs'];
  readonly linkLocal: boolean;
  readonly checkLink: boolean;
}

function isLinkLocal(address: IpAddress | undefined): boolean {
  return address !== undefined && address.version === 6 && address.words[0]! >>> 22 === 0xfe80 >>> 6;
}

interface Check {
  readonly fails: (draft: BgpDraft, facts: Facts) => boolean;
  readonly message: string | ((draft: BgpDraft) => string);
  readonly hint?: string;
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
    fails: (d) => !d.localAddress && d.strictBind,
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
    fails: (d, { internal }) => !internal && d.rrClient,
    message: 'Only internal neighbor can be RR client',
    hint: 'its AS is not the local one',
  },
  {
    fails: (_d, { multihop, linkLocal }) => multihop > 0 && linkLocal,
    message: 'Multihop BGP cannot be used with link-local addresses',
    hint: "add 'direct;'",
  },
  {
    fails: (d, { multihop }) => multihop > 0 && d.interface !== undefined,
    message: 'Multihop BGP cannot be bound to interface',
    hint: "add 'direct;'",
  },
  {
    fails: (_d, { multihop, checkLink }) => multihop > 0 && checkLink,
    message: 'Multihop BGP cannot depend on link state',
  },
  {
    fails: (d, { internal }) => internal && d.enforceFirstAs,
    message: 'Enforce first AS check is requires EBGP sessions',
  },
  {
    fails: (d) => (d.keepaliveTimeS ?? 0) > d.holdTimeS,
    message: 'Keepalive time must be at most hold time',
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

function factsOf(draft: BgpDraft): Facts {
  const asNumber = draft.remoteAs === 0 && draft.peerType === 'internal' ? draft.localAs : draft.remoteAs;
  const internal = draft.localAs === asNumber;
  const multihop = draft.multihop ?? (internal ? INTERNAL_MULTIHOP : 0);
  return {
    internal,
    multihop,
    remoteAs: asNumber === 0 ? 'external' : asNumber,
    linkLocal: isLinkLocal(draft.localAddress) || isLinkLocal(draft.remoteAddress),
    checkLink: draft.checkLink ?? multihop === 0,
  };
}

function finishBgpChannel(
  channel: BgpChannelDraft,
  draft: BgpDraft,
  facts: Facts,
  context: FinishContext,
): BgpChannelConfig {
  const fail = (message: string, hint?: string): never => {
    throw new ConfError(context.end, message, hint);
  };
  const { name } = channel.family;
  if (!channel.table) fail('Routing table not specified');
  if (!channel.importFilter && !facts.internal) {
    fail('EBGP requires explicit import policy', `add 'import all;' or a filter to the ${name} channel`);
  }
  if (!channel.exportFilter && !facts.internal) {
    fail('EBGP requires explicit export policy', `add 'export all;' or a filter to the ${name} channel`);
  }
  const gateway = channel.gateway ?? (facts.multihop > 0 ? 'recursive' : 'direct');
  if (facts.multihop > 0 && gateway === 'direct') fail('Multihop BGP cannot use direct gateway mode');
  const mismatch = name === 'ipv4' ? channel.igpTable6 : channel.igpTable4;
  if (gateway === 'recursive' && mismatch && !channel.extendedNextHop) fail('Mismatched IGP table type');
  if (gateway === 'recursive' && channel.table!.sorted) fail('BGP in recursive mode prohibits sorted table');
  if (draft.deterministicMed && channel.table!.sorted)
    fail('BGP with deterministic MED prohibits sorted table');
  // A session that must stay down after an error cannot be restarted by a limit.
  const restartForbidden = channel.importLimit?.action === 'restart' && draft.disableAfterError;
  const importLimit = restartForbidden
    ? { ...channel.importLimit!, action: 'disable' as const }
    : channel.importLimit;
  const resolves = (family: 0 | 1): boolean => channel.family.index === family || channel.extendedNextHop;
  const igpTable = (family: 0 | 1): string | undefined => {
    if (gateway !== 'recursive' || !resolves(family)) return undefined;
    const chosen = family === 0 ? channel.igpTable4 : channel.igpTable6;
    if (chosen) return chosen.name;
    return channel.family.index === family ? channel.table!.name : family === 0 ? 'master4' : 'master6';
  };
  const igpTable4 = igpTable(0);
  const igpTable6 = igpTable(1);
  return {
    ...finishChannel({
      ...channel,
      importLimit,
      importFilter: channel.importFilter ?? ACCEPT_ALL,
      exportFilter: channel.exportFilter ?? REJECT_ALL,
    }),
    addPathReceive: channel.addPathReceive,
    addPathSend: channel.addPathSend,
    nextHopSelf: channel.nextHopSelf,
    // A reflector leaves the next hop alone (RFC 4456 section 10).
    nextHopKeep: channel.nextHopKeep ?? (draft.rrClient ? 'ibgp' : 'no'),
    ...(channel.nextHopAddress && { nextHopAddress: channel.nextHopAddress }),
    extendedNextHop: channel.extendedNextHop,
    mandatory: channel.mandatory,
    gateway,
    ...(igpTable4 === undefined ? {} : { igpTable4 }),
    ...(igpTable6 === undefined ? {} : { igpTable6 }),
    gracefulRestart: channel.gracefulRestart ?? draft.gracefulRestart === 'on',
    aigp: channel.aigp ?? facts.internal,
    requireExtendedNextHop: channel.requireExtendedNextHop,
    requireAddPath: channel.requireAddPath,
  };
}

function familyConfig(channel: BgpChannelConfig): FamilyConfig {
  return {
    family: channel.family,
    addPathReceive: channel.addPathReceive,
    addPathSend: channel.addPathSend,
    extendedNextHop: channel.extendedNextHop,
    gracefulRestart: channel.gracefulRestart,
    mandatory: channel.mandatory,
    // A reflector forwards nothing, so a restart of it changes no forwarding: all that there was is preserved.
    ...(channel.gracefulRestart && { forwardingPreserved: true }),
    ...(channel.requireExtendedNextHop && { requireExtendedNextHop: true }),
    ...(channel.requireAddPath && { requireAddPath: true }),
  };
}

/** What `require …` asks for; undefined for nothing. */
function requirements(draft: BgpDraft): RequiredCapabilities | undefined {
  const require: RequiredCapabilities = {
    routeRefresh: draft.requireRouteRefresh,
    enhancedRouteRefresh: draft.requireEnhancedRouteRefresh,
    as4: draft.requireAs4,
    extendedMessages: draft.requireExtendedMessages,
    hostname: draft.requireHostname,
    gracefulRestart: draft.requireGracefulRestart,
  };
  return Object.values(require).includes(true) ? require : undefined;
}

function sessionTemplate(
  draft: BgpDraft,
  facts: Facts,
  channels: readonly BgpChannelConfig[],
  context: FinishContext,
): Omit<SessionConfig, 'name' | 'remoteAddress'> {
  return {
    routerId: draft.routerId ?? context.routerId,
    localAs: draft.localAs,
    remoteAs: facts.remoteAs,
    remotePort: draft.remotePort,
    ...(draft.interface !== undefined && { interface: draft.interface }),
    ...(draft.localAddress && { localAddress: draft.localAddress }),
    passive: draft.passive,
    ...(facts.multihop > 0 && { multihop: facts.multihop }),
    ttlSecurity: draft.ttlSecurity,
    ...(draft.password !== undefined && { password: draft.password }),
    holdTimeS: draft.holdTimeS,
    ...(draft.keepaliveTimeS !== undefined && { keepaliveTimeS: draft.keepaliveTimeS }),
    startupHoldTimeS: draft.startupHoldTimeS,
    ...(draft.minHoldTimeS > 0 && { minHoldTimeS: draft.minHoldTimeS }),
    ...(draft.minKeepaliveTimeS > 0 && { minKeepaliveTimeS: draft.minKeepaliveTimeS }),
    connectRetryTimeS: draft.connectRetryTimeS,
    connectDelayTimeS: draft.connectDelayTimeS,
    errorWaitTimeS: draft.errorWaitTimeS,
    errorForgetTimeS: draft.errorForgetTimeS,
    disableAfterError: draft.disableAfterError,
    ...(draft.disableAfterCease.length > 0 && { disableAfterCease: draft.disableAfterCease }),
    sendHoldTimeS: draft.sendHoldTimeS ?? Math.max(SEND_HOLD_TIME_S, 2 * draft.holdTimeS),
    families: channels.map(familyConfig),
    capabilities: draft.capabilities,
    as4: draft.enableAs4,
    routeRefresh: draft.enableRouteRefresh,
    enhancedRouteRefresh: draft.enableEnhancedRouteRefresh,
    extendedMessages: draft.enableExtendedMessages,
    gracefulRestart: draft.gracefulRestart,
    gracefulRestartTimeS: draft.gracefulRestartTimeS,
    ...(requirements(draft) && { require: requirements(draft)! }),
    ...(draft.advertiseHostname && { hostname: context.hostname }),
  };
}

/** Checks a session's options together and lowers them. Errors are at the closing brace, as BIRD's are. */
export function finishBgp(draft: BgpDraft, context: FinishContext): BgpProtocolConfig {
  const facts = factsOf(draft);
  for (const { fails, message, hint } of CHECKS) {
    if (!fails(draft, facts)) continue;
    throw new ConfError(context.end, typeof message === 'string' ? message : message(draft), hint);
  }
  if (draft.keepaliveTimeS !== undefined && draft.keepaliveTimeS > draft.holdTimeS / 2) {
    context.warn(context.end, 'Keepalive time should be at most 1/2 of hold time');
  }
  for (const { when, message } of WARNINGS) if (when(draft)) context.warn(context.end, message);
  const channels = draft.channels.map((channel) => finishBgpChannel(channel, draft, facts, context));
  const template = sessionTemplate(draft, facts, channels, context);
  return {
    kind: 'bgp',
    name: draft.name,
    disabled: draft.disabled,
    ...(draft.description === undefined ? {} : { description: draft.description }),
    debug: draft.debug,
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
          config: { ...template, name: draft.name, remoteAddress: draft.remoteAddress! },
        },
    internal: facts.internal,
    localAs: draft.localAs,
    remoteAs: facts.remoteAs,
    routerId: template.routerId,
    localPort: draft.localPort,
    strictBind: draft.strictBind,
    rrClient: draft.rrClient,
    clusterId: draft.rrClusterId ?? template.routerId,
    channels,
    decision: {
      pathMetric: draft.pathMetric,
      medMetric: draft.medMetric,
      igpMetric: draft.igpMetric,
      preferOlder: draft.preferOlder,
      defaultLocalPref: draft.defaultLocalPref,
    },
    allowLocalAs: draft.allowLocalAs,
    allowLocalPref: draft.allowLocalPref,
    allowMed: draft.allowMed,
    allowAsSets: draft.allowAsSets,
    enforceFirstAs: draft.enforceFirstAs,
    interpretCommunities: draft.interpretCommunities,
  };
}

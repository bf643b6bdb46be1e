/** Protocols as `show protocols [all]` shows them. */
import { FAMILIES } from './base/family.ts';
import type {
  BgpView,
  CapabilitiesView,
  ChannelView,
  ProtocolView,
} from './birdcl-compat/cli/daemon-view.ts';
import type {
  AnyProtocolConfig,
  BgpChannelConfig,
  BgpProtocolConfig,
  ChannelConfig,
} from './birdcl-compat/conf/lowered.ts';
import type { Daemon } from './daemon.ts';
import type { LimitKind, Peer, PeerChannel } from './reflector/peer.ts';
import type { SessionStatus } from './speaker/session-status.ts';
import type { Capabilities } from './speaker/wire/capabilities.ts';

const NOTHING = { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 };

/** Protocols that only have a name. */
const PASSIVE = { device: 'Device', direct: 'Direct', kernel: 'Kernel' } as const;

/** In the order of the configuration; sessions of a range follow it. */
export function protocolViews(daemon: Daemon): ProtocolView[] {
  const sessions = new Map<string, SessionStatus[]>();
  for (const session of daemon.speaker.sessions()) {
    const key = session.range ?? session.name;
    const list = sessions.get(key);
    if (list) list.push(session);
    else sessions.set(key, [session]);
  }
  return daemon.config.protocols.flatMap((protocol) => {
    if (protocol.kind !== 'bgp') return [plainView(daemon, protocol)];
    const own = (sessions.get(protocol.name) ?? []).map((status) => sessionView(daemon, protocol, status));
    return protocol.session.kind === 'range' ? [rangeView(daemon, protocol), ...own] : own;
  });
}

function plainView(daemon: Daemon, protocol: Exclude<AnyProtocolConfig, BgpProtocolConfig>): ProtocolView {
  const enabled = daemon.isEnabled(protocol.name);
  const base = {
    name: protocol.name,
    state: enabled ? ('up' as const) : ('down' as const),
    sinceMs: daemon.startedAt,
    ...(protocol.description !== undefined && { description: protocol.description }),
  };
  if (protocol.kind !== 'static') return { ...base, kind: PASSIVE[protocol.kind], channels: [] };
  const imported = !enabled ? 0 : protocol.routes.length;
  return {
    ...base,
    kind: 'Static',
    channels: [
      {
        ...channelBase(protocol.channel, enabled),
        stats: {
          imported,
          filtered: 0,
          exported: 0,
          preferred: imported,
          importUpdates: { ...NOTHING, received: imported, accepted: imported },
          importWithdraws: NOTHING,
          exportUpdates: NOTHING,
          exportWithdraws: NOTHING,
        },
      },
    ],
  };
}

function channelBase(
  channel: ChannelConfig,
  up: boolean,
  hit: ReadonlySet<LimitKind> = new Set(),
): Omit<ChannelView, 'stats'> {
  const view = (
    kind: LimitKind,
    limit: ChannelConfig['importLimit'],
  ): { limit: number; action: 'warn' | 'block' | 'restart' | 'disable'; hit: boolean } | undefined =>
    limit && { ...limit, hit: hit.has(kind) };
  const receive = view('receive', channel.receiveLimit);
  const imports = view('import', channel.importLimit);
  const exports = view('export', channel.exportLimit);
  return {
    name: channel.name,
    state: up ? 'UP' : 'DOWN',
    table: channel.table,
    preference: channel.preference,
    importFilter: channel.importFilter.name,
    exportFilter: channel.exportFilter.name,
    importKeepFiltered: channel.importKeepFiltered,
    ...(receive && { receiveLimit: receive }),
    ...(imports && { importLimit: imports }),
    ...(exports && { exportLimit: exports }),
  };
}

function rangeView(daemon: Daemon, protocol: BgpProtocolConfig): ProtocolView {
  const status = daemon.speaker.ranges().find((range) => range.name === protocol.name);
  const enabled = status?.enabled ?? false;
  return {
    name: protocol.name,
    kind: 'BGP',
    state: enabled ? 'start' : 'down',
    sinceMs: status?.since ?? daemon.startedAt,
    ...(protocol.description !== undefined && { description: protocol.description }),
    bgp: {
      state: enabled ? 'Passive' : 'Down',
      ...(protocol.session.kind === 'range' && {
        neighborRange: {
          ip: protocol.session.config.prefix.address,
          length: protocol.session.config.prefix.length,
        },
      }),
      neighborAs: typeof protocol.remoteAs === 'number' ? protocol.remoteAs : 0,
      localAs: protocol.localAs,
    },
    channels: protocol.channels.map((channel) => bgpChannelView(channel, undefined, undefined)),
  };
}

/** A session's view. What only `show protocols all` shows is made when it is asked for. */
function sessionView(daemon: Daemon, protocol: BgpProtocolConfig, status: SessionStatus): ProtocolView {
  return {
    name: status.name,
    kind: 'BGP',
    state: status.phase,
    sinceMs: status.since,
    ...(protocol.description !== undefined && { description: protocol.description }),
    ...(status.message !== undefined && { message: status.message }),
    bgp: bgpView(protocol, status),
    get channels() {
      const peer = daemon.reflector.peers.get(status.name);
      return protocol.channels.map((channel) =>
        bgpChannelView(channel, peer, peer?.channels[channel.family]),
      );
    },
  };
}

function bgpView(protocol: BgpProtocolConfig, status: SessionStatus): BgpView {
  const { config, negotiated } = status;
  return {
    state: status.state,
    neighborAddress: config.remoteAddress,
    ...(config.interface !== undefined && { neighborInterface: config.interface }),
    ...(config.remotePort !== 179 &&
      protocol.session.kind === 'single' && { neighborPort: config.remotePort }),
    neighborAs: negotiated?.remoteAs ?? (typeof config.remoteAs === 'number' ? config.remoteAs : 0),
    localAs: config.localAs,
    ...(status.errorWait && { errorWait: status.errorWait }),
    ...(status.connectDelay && { connectDelay: status.connectDelay }),
    ...(status.lastError !== undefined && { lastError: status.lastError }),
    ...(negotiated &&
      status.local && {
        get session() {
          return establishedView(protocol, status, negotiated, status.local!);
        },
      }),
  };
}

function establishedView(
  protocol: BgpProtocolConfig,
  status: SessionStatus,
  negotiated: NonNullable<SessionStatus['negotiated']>,
  local: NonNullable<SessionStatus['local']>,
): NonNullable<BgpView['session']> {
  return {
    neighborId: negotiated.remoteRouterId,
    local: capabilitiesView(status.localCapabilities),
    neighbor: capabilitiesView(status.neighborCapabilities),
    internal: negotiated.internal,
    multihop: status.config.multihop !== undefined,
    routeReflectorClient: protocol.rrClient,
    as4: negotiated.as4,
    sourceAddress: local.address,
    holdTimer: status.holdTimer ?? { remainsS: 0, ofS: negotiated.holdTimeS },
    keepaliveTimer: status.keepaliveTimer ?? { remainsS: 0, ofS: negotiated.keepaliveTimeS },
  };
}

function bgpChannelView(
  config: BgpChannelConfig,
  peer: Peer | undefined,
  channel: PeerChannel | undefined,
): ChannelView {
  const base = channelBase(config, channel !== undefined, channel?.limitsHit);
  const own = config.nextHopAddress ?? peer?.session.local.address;
  const usable = own && (own.version === 4) === (config.family === 0);
  const igp = {
    ...(config.igpTable4 !== undefined && { igpTable4: config.igpTable4 }),
    ...(config.igpTable6 !== undefined && { igpTable6: config.igpTable6 }),
  };
  if (!channel) {
    const stats = {
      imported: 0,
      filtered: 0,
      exported: 0,
      preferred: 0,
      importUpdates: NOTHING,
      importWithdraws: NOTHING,
      exportUpdates: NOTHING,
      exportWithdraws: NOTHING,
    };
    return { ...base, ...igp, stats };
  }
  const { adjRibIn, member } = channel;
  const { counters } = adjRibIn;
  const group = member?.group;
  const exported = peer?.exported(channel) ?? 0;
  const announced = group?.counters.announced ?? 0;
  const withdrawn = group?.counters.withdrawn ?? 0;
  return {
    ...base,
    ...igp,
    ...(usable && { nextHop: own }),
    stats: {
      imported: adjRibIn.imported,
      filtered: adjRibIn.filtered,
      exported,
      preferred: adjRibIn.table.preferredOf(adjRibIn.source),
      importUpdates: {
        received: counters.updatesReceived,
        rejected: counters.updatesRejected,
        filtered: counters.updatesFiltered,
        ignored: counters.updatesIgnored,
        accepted: counters.updatesAccepted,
      },
      importWithdraws: {
        received: counters.withdrawsReceived,
        rejected: counters.withdrawsRejected,
        filtered: 0,
        ignored: counters.withdrawsIgnored,
        accepted: counters.withdrawsAccepted,
      },
      exportUpdates: { ...NOTHING, received: announced, accepted: announced },
      exportWithdraws: { ...NOTHING, received: withdrawn, accepted: withdrawn },
    },
  };
}

function capabilitiesView(capabilities: Capabilities | undefined): CapabilitiesView {
  const families = capabilities?.families ?? [];
  const named = (wanted: (family: (typeof families)[number]) => boolean): string[] =>
    families
      .filter(wanted)
      .map(
        ({ afi, safi }) =>
          FAMILIES.find((family) => family.afi === afi && family.safi === safi)?.name ?? `${afi}/${safi}`,
      );
  const restart = capabilities?.gracefulRestart;
  return {
    families: named((family) => family.multiprotocol),
    routeRefresh: capabilities?.routeRefresh ?? false,
    extendedNextHop: named((family) => family.extendedNextHop),
    extendedMessages: capabilities?.extendedMessages ?? false,
    ...(restart && {
      gracefulRestart: {
        timeS: restart.restartTimeS,
        restarting: restart.restarting,
        supported: named((family) => family.gracefulRestart),
        preserved: named((family) => family.forwardingPreserved),
      },
    }),
    as4: capabilities?.as4 !== undefined,
    addPathReceive: named((family) => family.addPathReceive),
    addPathSend: named((family) => family.addPathSend),
    enhancedRefresh: capabilities?.enhancedRouteRefresh ?? false,
    ...(capabilities?.hostname !== undefined && { hostname: capabilities.hostname }),
  };
}

/** Protocols as `show protocols [all]` shows them. */
import { FAMILIES } from './base/family.ts';
import type {
  BgpView,
  CapabilitiesView,
  ChannelView,
  PipeFlowView,
  ProtocolView,
} from './birdcl-compat/cli/daemon-view.ts';
import type {
  AnyProtocolConfig,
  BgpChannelConfig,
  BgpProtocolConfig,
  ChannelConfig,
  LimitConfig,
  PipeProtocolConfig,
} from './birdcl-compat/conf/lowered.ts';
import type { Daemon } from './daemon.ts';
import type { KeptAdjRibIn, Restarting } from './reflector/kept.ts';
import type { PipeStatus } from './daemon-pipes.ts';
import type { PipeFlow } from './rib/sources/pipe-flow.ts';
import type { LimitKind, Peer, PeerChannel } from './reflector/peer.ts';
import type { AdjRibIn } from './rib/adj-rib-in.ts';
import type { SessionStatus } from './speaker/session-status.ts';
import { ROLE_NAMES, type Capabilities } from './speaker/wire/capabilities.ts';

const NOTHING = { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 };

/** Protocols that only have a name. */
const PASSIVE = { device: 'Device', kernel: 'Kernel' } as const;

/**
 * In the order of the configuration; sessions of a range follow it. Each is made when it is taken.
 * @param isWanted whether those of a name are; all are without it
 */
export function* protocolViews(
  daemon: Daemon,
  isWanted: (name: string) => boolean = () => true,
): Generator<ProtocolView> {
  for (const protocol of daemon.config.protocols) {
    const { name } = protocol;
    if (protocol.kind !== 'bgp') {
      if (isWanted(name))
        yield protocol.kind === 'pipe' ? pipeView(daemon, protocol) : plainView(daemon, protocol);
      continue;
    }
    if (isWanted(name)) {
      const view =
        protocol.session.kind === 'range'
          ? rangeView(daemon, protocol)
          : sessionNamed(daemon, protocol, name);
      if (view) yield view;
    }
    for (const session of daemon.speaker.namesInRange(name)) {
      const view = isWanted(session) ? sessionNamed(daemon, protocol, session) : undefined;
      if (view) yield view;
    }
  }
}

/** Undefined where it has gone meanwhile. */
function sessionNamed(daemon: Daemon, protocol: BgpProtocolConfig, name: string): ProtocolView | undefined {
  const status = daemon.speaker.session(name);
  return status && sessionView(daemon, protocol, status);
}

function pipeView(daemon: Daemon, protocol: PipeProtocolConfig): ProtocolView {
  const { name, description, channel, peerTable } = protocol;
  const status = daemon.pipes.status(name);
  const flow = (
    kind: 'import' | 'export',
    filter: string,
    limit: LimitConfig | undefined,
    running: PipeFlow | undefined,
  ): PipeFlowView => ({
    state: running ? (running.isFeeding ? 'feed' : 'up') : 'down',
    filter,
    ...(limit && { limit: { ...limit, hit: isHit(status, kind, limit, running) } }),
    ...(running && { stats: flowStats(running) }),
  });
  return {
    name,
    kind: 'Pipe',
    state: status?.up ? 'up' : 'down',
    sinceMs: status?.sinceMs ?? daemon.startedAt,
    ...(description !== undefined && { description }),
    pipe: {
      table: channel.table,
      peerTable,
      family: channel.name,
      imports: flow('import', channel.importFilter.name, channel.importLimit, status?.pipe?.back),
      exports: flow('export', channel.exportFilter.name, channel.exportLimit, status?.pipe?.out),
    },
    channels: [],
  };
}

/** Until there is room again. */
function isHit(
  status: PipeStatus | undefined,
  kind: 'import' | 'export',
  { limit }: LimitConfig,
  flow: PipeFlow | undefined,
): boolean {
  return status?.hit.has(kind) === true && (flow === undefined || flow.routes >= limit);
}

function flowStats({ routes, counters }: PipeFlow): NonNullable<PipeFlowView['stats']> {
  return {
    routes,
    updates: {
      received: counters.updatesReceived,
      rejected: counters.updatesRejected,
      filtered: counters.updatesFiltered,
      ignored: counters.updatesIgnored,
      accepted: counters.updatesAccepted,
    },
    withdraws: { ...NOTHING, received: counters.withdrawsReceived, accepted: counters.withdrawsAccepted },
  };
}

function plainView(
  daemon: Daemon,
  protocol: Exclude<AnyProtocolConfig, BgpProtocolConfig | PipeProtocolConfig>,
): ProtocolView {
  const base = {
    name: protocol.name,
    sinceMs: daemon.sinceOf(protocol.name),
    ...(protocol.description !== undefined && { description: protocol.description }),
  };
  if (protocol.kind === 'direct') {
    const status = daemon.direct.status(protocol.name);
    return localView('Direct', base, protocol.channels, status);
  }
  if (protocol.kind === 'static') {
    const status = daemon.statics.status(protocol.name);
    return localView('Static', base, [protocol.channel], status && [status]);
  }
  if (protocol.kind === 'mrt')
    return { ...base, kind: 'MRT', state: daemon.mrt.stateOf(protocol.name), channels: [] };
  return { ...base, kind: PASSIVE[protocol.kind], state: protocol.disabled ? 'down' : 'up', channels: [] };
}

/** Routes of a channel that come from the daemon itself. */
interface LocalStatus {
  readonly imported: number;
  readonly preferred: number;
  readonly counters: { readonly updates: number; readonly filtered: number; readonly withdraws: number };
}

/** A protocol whose routes are its own; `status` is that of each channel, undefined where it is down. */
function localView(
  kind: 'Direct' | 'Static',
  base: Pick<ProtocolView, 'name' | 'sinceMs' | 'description'>,
  channels: readonly ChannelConfig[],
  status: readonly LocalStatus[] | undefined,
): ProtocolView {
  return {
    ...base,
    kind,
    state: status ? 'up' : 'down',
    channels: channels.map((channel, i) => {
      const { imported = 0, preferred = 0, counters } = status?.[i] ?? {};
      const { updates = 0, filtered = 0, withdraws = 0 } = counters ?? {};
      return {
        ...channelBase(channel, status !== undefined),
        stats: {
          imported,
          filtered: 0,
          exported: 0,
          preferred,
          importUpdates: { ...NOTHING, received: updates, filtered, accepted: updates - filtered },
          importWithdraws: { ...NOTHING, received: withdraws, accepted: withdraws },
          exportUpdates: NOTHING,
          exportWithdraws: NOTHING,
        },
      };
    }),
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

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

/** A session's view. What only `show protocols all` shows is made when it is asked for. */
function sessionView(daemon: Daemon, protocol: BgpProtocolConfig, status: SessionStatus): ProtocolView {
  const restart = daemon.reflector.restartOf(status.name);
  const peer = daemon.reflector.peers.get(status.name);
  const isRestarting =
    restart !== undefined || peer?.channels.some((channel) => channel?.staleTimer) === true;
  const view: Mutable<ProtocolView> = {
    name: status.name,
    kind: 'BGP',
    state: status.phase,
    sinceMs: status.since,
    bgp: bgpView(protocol, status, isRestarting ? restartTimer(daemon, restart) : undefined),
    get channels() {
      return protocol.channels.map((channel) => {
        const running = peer?.channels[channel.family];
        const kept = restart?.kept.find(({ family }) => family === channel.family);
        const view = bgpChannelView(channel, peer, running, kept);
        if (!isRestarting) return view;
        const until = kept?.longLivedUntil ?? running?.longLivedUntil;
        const isKept = kept !== undefined || running?.staleTimer !== undefined;
        return {
          ...view,
          neighborRestart: until !== undefined ? 'Long-lived' : isKept ? 'Regular' : 'None',
          ...(until !== undefined && { staleTimerS: daemon.remainsS(until) }),
        } as const;
      });
    },
  };
  if (protocol.description !== undefined) view.description = protocol.description;
  if (status.message !== undefined) view.message = status.message;
  return view;
}

function bgpView(
  protocol: BgpProtocolConfig,
  status: SessionStatus,
  neighborRestart: BgpView['neighborRestart'],
): BgpView {
  const { config, negotiated, local } = status;
  const view: Mutable<BgpView> = {
    state: status.state,
    neighborAddress: config.remoteAddress,
    neighborAs: negotiated?.remoteAs ?? (typeof config.remoteAs === 'number' ? config.remoteAs : 0),
    localAs: config.localAs,
    get session() {
      return negotiated && local && establishedView(protocol, status, negotiated, local);
    },
  };
  if (config.interface !== undefined) view.neighborInterface = config.interface;
  if (config.remotePort !== 179 && status.direction === 'outgoing') view.neighborPort = config.remotePort;
  if (neighborRestart) view.neighborRestart = neighborRestart;
  if (status.errorWait) view.errorWait = status.errorWait;
  if (status.connectDelay) view.connectDelay = status.connectDelay;
  if (status.lastError !== undefined) view.lastError = status.lastError;
  return view;
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
    routeServerClient: protocol.rsClient,
    as4: negotiated.as4,
    sourceAddress: local.address,
    holdTimer: status.holdTimer ?? { remainsS: 0, ofS: negotiated.holdTimeS },
    keepaliveTimer: status.keepaliveTimer ?? { remainsS: 0, ofS: negotiated.keepaliveTimeS },
  };
}

function restartTimer(
  daemon: Daemon,
  restart: Restarting | undefined,
): NonNullable<NonNullable<ProtocolView['bgp']>['neighborRestart']> {
  return restart?.timer ? { remainsS: daemon.remainsS(restart.until) } : {};
}

/** @param kept what the channel had before its neighbour began to restart */
function bgpChannelView(
  config: BgpChannelConfig,
  peer: Peer | undefined,
  channel: PeerChannel | undefined,
  kept?: KeptAdjRibIn,
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
      ...importStats(kept?.adjRibIn),
      exported: 0,
      exportUpdates: NOTHING,
      exportWithdraws: NOTHING,
    };
    return { ...base, ...(kept && { state: 'START' as const }), ...igp, stats };
  }
  const { adjRibIn, member } = channel;
  const group = member?.group;
  const exported = peer?.exported(channel) ?? 0;
  const announced = group?.counters.announced ?? 0;
  const withdrawn = group?.counters.withdrawn ?? 0;
  return {
    ...base,
    ...igp,
    ...(usable && { nextHop: own }),
    stats: {
      ...importStats(adjRibIn),
      exported,
      exportUpdates: { ...NOTHING, received: announced, accepted: announced },
      exportWithdraws: { ...NOTHING, received: withdrawn, accepted: withdrawn },
    },
  };
}

type ImportStats = Pick<
  ChannelView['stats'],
  'imported' | 'filtered' | 'preferred' | 'importUpdates' | 'importWithdraws'
>;

function importStats(adjRibIn: AdjRibIn | undefined): ImportStats {
  if (!adjRibIn)
    return { imported: 0, filtered: 0, preferred: 0, importUpdates: NOTHING, importWithdraws: NOTHING };
  const { counters } = adjRibIn;
  return {
    imported: adjRibIn.imported,
    filtered: adjRibIn.filtered,
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
    ...(capabilities?.longLivedGracefulRestart && {
      longLived: {
        timeS: Math.max(0, ...families.map(({ longLived }) => longLived?.staleTimeS ?? 0)),
        listed: families.some(({ longLived }) => longLived),
        supported: named(({ longLived }) => longLived !== undefined && longLived.staleTimeS > 0),
        preserved: named(({ longLived }) => longLived?.forwardingPreserved === true),
      },
    }),
    ...(capabilities?.hostname !== undefined && { hostname: capabilities.hostname }),
    ...(capabilities?.role !== undefined && { role: ROLE_NAMES[capabilities.role] ?? '?' }),
  };
}

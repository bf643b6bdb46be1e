/** `show protocols` and `show protocols all` as BIRD 1.6 has them: one table a protocol, no channels. */
import { formatIp, formatIpv4 } from '../../base/ip.ts';
import type { BgpView, CapabilitiesView, ChannelView, ProtocolView, TimerView } from './daemon-view.ts';
import { counterLines, limitLines, neighborLines, protocolLine, routesText } from './protocol-lines.ts';

/** Widths of all columns but the last. */
const WIDTHS = [8, 8, 8, 5, 11];

function columns(...fields: readonly string[]): string {
  return protocolLine(WIDTHS, ...fields);
}

export const HEADING_1 = columns('name', 'proto', 'table', 'state', ' since', 'info');

/** Preferences of protocols that have no channel here. */
const PREFERENCE: Readonly<Record<ProtocolView['kind'], number>> = {
  BGP: 100,
  Static: 200,
  Device: 240,
  Direct: 240,
  Kernel: 10,
  Pipe: 70,
  MRT: 0,
};

/** BIRD 1.6 has one table a family, called `master`. */
function tableOf({ channels: [channel] }: ProtocolView): string {
  const table = channel?.table ?? 'master';
  return table === 'master4' || table === 'master6' ? 'master' : table;
}

/** One line of `show protocols`. */
export function row1(protocol: ProtocolView, since: string, info: string): string {
  return columns(protocol.name, protocol.kind, tableOf(protocol), protocol.state, ` ${since}`, info);
}

const ZERO = { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 };

/** Stands for the routes of a protocol that has none. */
function emptyChannel({ kind, state }: ProtocolView): ChannelView {
  return {
    name: 'ipv4',
    state: state === 'down' ? 'DOWN' : 'UP',
    table: 'master',
    preference: PREFERENCE[kind],
    importFilter: 'ACCEPT',
    exportFilter: 'REJECT',
    importKeepFiltered: false,
    stats: {
      imported: 0,
      filtered: 0,
      exported: 0,
      preferred: 0,
      importUpdates: ZERO,
      importWithdraws: ZERO,
      exportUpdates: ZERO,
      exportWithdraws: ZERO,
    },
  };
}

/** Lines of `show protocols all`. */
export function* details1(protocol: ProtocolView): Iterable<string> {
  if (protocol.description !== undefined) yield `  Description:    ${protocol.description}`;
  if (protocol.message !== undefined) yield `  Message:        ${protocol.message}`;
  if (protocol.routerId !== undefined) yield `  Router ID:      ${formatIpv4(protocol.routerId)}`;
  if (protocol.origin !== undefined) yield `  Rendered by:    ${protocol.origin}`;
  const channel = protocol.channels[0] ?? emptyChannel(protocol);
  yield `  Preference:     ${channel.preference}`;
  yield `  Input filter:   ${channel.importFilter}`;
  yield `  Output filter:  ${channel.exportFilter}`;
  yield* limitLines('  ', 'Receive limit:', channel.receiveLimit);
  yield* limitLines('  ', 'Import limit:', channel.importLimit);
  yield* limitLines('  ', 'Export limit:', channel.exportLimit);
  if (protocol.state !== 'down') {
    yield `  Routes:         ${routesText(channel)}`;
    for (const line of counterLines(channel.stats)) yield `  ${line}`;
  }
  if (protocol.bgp) yield* bgpDetails(protocol.bgp, channel);
}

function timer({ remainsS, ofS }: TimerView): string {
  return `${Math.floor(remainsS)}/${ofS}`;
}

function* bgpDetails(bgp: BgpView, channel: ChannelView): Iterable<string> {
  yield* neighborLines(bgp);
  yield `    Neighbor AS:      ${bgp.neighborAs}`;
  if (bgp.errorWait) yield `    Error wait:       ${timer(bgp.errorWait)}`;
  if (bgp.connectDelay) yield `    Connect delay:    ${timer(bgp.connectDelay)}`;
  const { session } = bgp;
  if (session) {
    yield `    Neighbor ID:      ${formatIpv4(session.neighborId)}`;
    yield `    Neighbor caps:    ${capabilities(session.neighbor)}`;
    const words = [
      session.internal ? 'internal' : 'external',
      session.multihop ? 'multihop' : '',
      session.routeReflectorClient ? 'route-reflector' : '',
      session.as4 ? 'AS4' : '',
      session.local.addPathReceive.length > 0 && session.neighbor.addPathSend.length > 0 ? 'add-path-rx' : '',
      session.local.addPathSend.length > 0 && session.neighbor.addPathReceive.length > 0 ? 'add-path-tx' : '',
      session.local.extendedMessages && session.neighbor.extendedMessages ? 'ext-messages' : '',
    ];
    yield `    Session:          ${words.filter((word) => word !== '').join(' ')}`;
    yield `    Source address:   ${formatIp(session.sourceAddress)}`;
    if (channel.importLimit) {
      const { imported, filtered } = channel.stats;
      yield `    Route limit:      ${imported + filtered}/${channel.importLimit.limit}`;
    }
    yield `    Hold timer:       ${timer(session.holdTimer)}`;
    yield `    Keepalive timer:  ${timer(session.keepaliveTimer)}`;
  }
  if (bgp.lastError !== undefined) yield `    Last error:       ${bgp.lastError}`;
}

/** `refresh enhanced-refresh restart-aware AS4` */
function capabilities(side: CapabilitiesView): string {
  const restart = side.gracefulRestart;
  const words = [
    side.routeRefresh ? 'refresh' : '',
    side.enhancedRefresh ? 'enhanced-refresh' : '',
    restart ? (restart.supported.length > 0 ? 'restart-able' : 'restart-aware') : '',
    side.longLived ? (side.longLived.supported.length > 0 ? 'llgr-able' : 'llgr-aware') : '',
    side.as4 ? 'AS4' : '',
    side.addPathReceive.length > 0 ? 'add-path-rx' : '',
    side.addPathSend.length > 0 ? 'add-path-tx' : '',
    side.extendedMessages ? 'ext-messages' : '',
  ];
  return words.filter((word) => word !== '').join(' ');
}

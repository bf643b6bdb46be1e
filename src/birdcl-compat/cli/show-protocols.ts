/** `show protocols` and `show protocols all`, in BIRD 2's columns. */
import { formatIp, formatIpv4 } from '../../base/ip.ts';
import { formatPrefix } from '../filter/values.ts';
import type {
  BgpView,
  CapabilitiesView,
  ChannelView,
  DaemonView,
  LimitView,
  PipeFlowView,
  PipeView,
  ProtocolView,
  TimerView,
} from './daemon-view.ts';
import { CODE, last, more } from './replies.ts';
import type { Answer } from './replies.ts';
import { formatTime } from './time.ts';

/** Text of the rightmost column. */
function info({ bgp, pipe, state }: ProtocolView): string {
  if (pipe) return `${pipe.table} <=> ${pipe.peerTable}`;
  if (!bgp) return '';
  const error = bgp.lastError ?? '';
  return state === 'down' ? error : `${bgp.state.padEnd(14)}${error}`;
}

function columns(
  name: string,
  kind: string,
  table: string,
  state: string,
  since: string,
  rest: string,
): string {
  return `${name.padEnd(10)} ${kind.padEnd(10)} ${table.padEnd(10)} ${state.padEnd(6)} ${since.padEnd(12)}  ${rest}`;
}

/** A protocol with one channel has a main table. */
function mainTable({ kind, channels }: ProtocolView): string {
  return kind !== 'BGP' && channels.length === 1 ? channels[0]!.table : '---';
}

export function* showProtocols(view: DaemonView, protocols: readonly ProtocolView[], all: boolean): Answer {
  const { nowMs } = view.status();
  yield more(CODE.protocolHeading, columns('Name', 'Proto', 'Table', 'State', 'Since', 'Info'));
  for (const protocol of protocols) {
    const since = formatTime(view.config.timeFormats, 'protocol', protocol.sinceMs, nowMs);
    const { name, kind, state } = protocol;
    yield more(CODE.protocol, columns(name, kind, mainTable(protocol), state, since, info(protocol)));
    if (!all) continue;
    for (const line of details(protocol)) yield more(CODE.protocolDetail, line);
    yield more(CODE.protocolDetail, '');
  }
  yield last(CODE.ok);
}

function* details(protocol: ProtocolView): Iterable<string> {
  if (protocol.description !== undefined) yield `  Description:    ${protocol.description}`;
  if (protocol.message !== undefined) yield `  Message:        ${protocol.message}`;
  if (protocol.routerId !== undefined) yield `  Router ID:      ${formatIpv4(protocol.routerId)}`;
  if (protocol.bgp) yield* bgpDetails(protocol.bgp);
  if (protocol.pipe) yield* pipeDetails(protocol.pipe);
  for (const channel of protocol.channels) yield* channelDetails(channel, protocol.kind === 'BGP');
}

function timer({ remainsS, ofS }: TimerView): string {
  return `${remainsS.toFixed(3)}/${ofS}`;
}

function* bgpDetails(bgp: BgpView): Iterable<string> {
  yield `  BGP state:          ${bgp.state}`;
  if (bgp.neighborRange) yield `    Neighbor range:   ${formatPrefix(bgp.neighborRange)}`;
  else {
    const zone = bgp.neighborInterface === undefined ? '' : `%${bgp.neighborInterface}`;
    yield `    Neighbor address: ${bgp.neighborAddress ? formatIp(bgp.neighborAddress) : '::'}${zone}`;
  }
  if (bgp.neighborPort !== undefined) yield `    Neighbor port:    ${bgp.neighborPort}`;
  yield `    Neighbor AS:      ${bgp.neighborAs}`;
  yield `    Local AS:         ${bgp.localAs}`;
  if (bgp.neighborRestart) yield '    Neighbor graceful restart active';
  if (bgp.errorWait) yield `    Error wait:       ${timer(bgp.errorWait)}`;
  if (bgp.connectDelay) yield `    Connect delay:    ${timer(bgp.connectDelay)}`;
  const restartS = bgp.neighborRestart?.remainsS;
  const { session } = bgp;
  if (!session && restartS !== undefined) yield `    Restart timer:    ${restartS.toFixed(3)}/-`;
  if (session) {
    yield `    Neighbor ID:      ${formatIpv4(session.neighborId)}`;
    yield '    Local capabilities';
    yield* capabilities(session.local);
    yield '    Neighbor capabilities';
    yield* capabilities(session.neighbor);
    const words = [
      session.internal ? 'internal' : 'external',
      session.multihop ? 'multihop' : '',
      session.routeReflectorClient ? 'route-reflector' : '',
      session.routeServerClient ? 'route-server' : '',
      session.as4 ? 'AS4' : '',
    ];
    yield `    Session:          ${words.filter((word) => word !== '').join(' ')}`;
    yield `    Source address:   ${formatIp(session.sourceAddress)}`;
    yield `    Hold timer:       ${timer(session.holdTimer)}`;
    yield `    Keepalive timer:  ${timer(session.keepaliveTimer)}`;
  }
  if (bgp.lastError !== undefined) yield `    Last error:       ${bgp.lastError}`;
}

function* capabilities(side: CapabilitiesView): Iterable<string> {
  const families = (label: string, list: readonly string[]): string =>
    `        ${[`${label}:`, ...list].join(' ')}`;
  if (side.families.length > 0) {
    yield '      Multiprotocol';
    yield families('AF announced', side.families);
  }
  if (side.routeRefresh) yield '      Route refresh';
  if (side.extendedNextHop.length > 0) {
    yield '      Extended next hop';
    yield families('IPv6 nexthop', side.extendedNextHop);
  }
  if (side.extendedMessages) yield '      Extended message';
  const restart = side.gracefulRestart;
  if (restart) {
    yield '      Graceful restart';
    if (restart.supported.length > 0) {
      yield `        Restart time: ${restart.timeS}`;
      if (restart.restarting) yield '        Restart recovery';
      yield families('AF supported', restart.supported);
      yield families('AF preserved', restart.preserved);
    }
  }
  if (side.as4) yield '      4-octet AS numbers';
  if (side.addPathReceive.length > 0 || side.addPathSend.length > 0) {
    yield '      ADD-PATH';
    yield families('RX', side.addPathReceive);
    yield families('TX', side.addPathSend);
  }
  if (side.enhancedRefresh) yield '      Enhanced refresh';
  if (side.longLived) {
    yield '      Long-lived graceful restart';
    if (side.longLived.listed) {
      yield `        LL stale time: ${side.longLived.timeS}`;
      yield families('AF supported', side.longLived.supported);
      yield families('AF preserved', side.longLived.preserved);
    }
  }
  if (side.hostname !== undefined) yield `      Hostname: ${side.hostname}`;
  if (side.role !== undefined) yield `      Role: ${side.role}`;
}

function* limitDetails(label: string, limit: LimitView | undefined): Iterable<string> {
  if (!limit) return;
  yield `    ${label.padEnd(16)}${limit.limit}${limit.hit ? ' [HIT]' : ''}`;
  yield `      Action:       ${limit.action}`;
}

function* pipeDetails({ table, peerTable, imports, exports }: PipeView): Iterable<string> {
  yield '  Channel main';
  yield `    Table:          ${table}`;
  yield `    Peer table:     ${peerTable}`;
  yield `    Import state:   ${imports.state}`;
  yield `    Export state:   ${exports.state}`;
  yield `    Import filter:  ${imports.filter}`;
  yield `    Export filter:  ${exports.filter}`;
  yield* limitDetails('Import limit:', imports.limit);
  yield* limitDetails('Export limit:', exports.limit);
  if (!imports.stats || !exports.stats) return;
  yield `  Routes:         ${imports.stats.routes} imported, ${exports.stats.routes} exported`;
  yield '  Route change stats:     received   rejected   filtered    ignored   accepted';
  yield* flowCounters('Import', imports.stats);
  yield* flowCounters('Export', exports.stats);
}

function* flowCounters(
  label: string,
  { updates, withdraws }: NonNullable<PipeFlowView['stats']>,
): Iterable<string> {
  const { received, rejected, filtered, ignored, accepted } = updates;
  const line = (text: string): string => text.slice(2);
  yield line(counters(`${label} updates:`, received, rejected, filtered, ignored, accepted));
  yield line(
    counters(
      `${label} withdraws:`,
      withdraws.received,
      withdraws.rejected,
      NONE,
      withdraws.ignored,
      withdraws.accepted,
    ),
  );
}

const NONE = '---';

/** Five counters in columns of ten; those that a row has not are dashes. */
function counters(label: string, ...values: (number | typeof NONE)[]): string {
  return `      ${label.padEnd(20)}${values.map((value) => String(value).padStart(10)).join(' ')}`;
}

function* channelDetails(channel: ChannelView, isBgp: boolean): Iterable<string> {
  yield `  Channel ${channel.name}`;
  yield `    State:          ${channel.state}`;
  yield `    Table:          ${channel.table}`;
  yield `    Preference:     ${channel.preference}`;
  yield `    Input filter:   ${channel.importFilter}`;
  yield `    Output filter:  ${channel.exportFilter}`;
  yield* limitDetails('Receive limit:', channel.receiveLimit);
  yield* limitDetails('Import limit:', channel.importLimit);
  yield* limitDetails('Export limit:', channel.exportLimit);
  if (channel.state !== 'DOWN') {
    const { stats } = channel;
    const filtered = channel.importKeepFiltered ? `, ${stats.filtered} filtered` : '';
    yield `    Routes:         ${stats.imported} imported${filtered}, ${stats.exported} exported, ${stats.preferred} preferred`;
    yield '    Route change stats:     received   rejected   filtered    ignored   accepted';
    const { importUpdates: iu, importWithdraws: iw, exportUpdates: eu, exportWithdraws: ew } = stats;
    yield counters('Import updates:', iu.received, iu.rejected, iu.filtered, iu.ignored, iu.accepted);
    yield counters('Import withdraws:', iw.received, iw.rejected, NONE, iw.ignored, iw.accepted);
    yield counters('Export updates:', eu.received, eu.rejected, eu.filtered, NONE, eu.accepted);
    yield counters('Export withdraws:', ew.received, NONE, NONE, NONE, ew.accepted);
  }
  if (!isBgp) return;
  if (channel.neighborRestart) yield `    Neighbor GR:    ${channel.neighborRestart}`;
  if (channel.staleTimerS !== undefined) yield `    LL stale timer: ${channel.staleTimerS.toFixed(3)}/-`;
  if (channel.state === 'UP' && channel.nextHop) yield `    BGP Next hop:   ${formatIp(channel.nextHop)}`;
  if (channel.igpTable4 !== undefined) yield `    IGP IPv4 table: ${channel.igpTable4}`;
  if (channel.igpTable6 !== undefined) yield `    IGP IPv6 table: ${channel.igpTable6}`;
}

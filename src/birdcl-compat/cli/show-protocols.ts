/** `show protocols` and `show protocols all`, in the columns of BIRD 2 and 3; `show-protocols1.ts` has those of 1.6. */
import { formatIp, formatIpv4 } from '../../base/ip.ts';
import type {
  BgpView,
  CapabilitiesView,
  ChannelView,
  PipeFlowView,
  PipeView,
  ProtocolView,
  TimerView,
} from './daemon-view.ts';
import { CODE, last, more } from './replies.ts';
import type { Answer } from './replies.ts';
import { sessionTime, type Session } from './session.ts';
import {
  counterLines,
  counters,
  limitLines,
  NONE,
  neighborLines,
  protocolLine,
  routesText,
  wideCounterLines,
} from './protocol-lines.ts';
import { details1, HEADING_1, row1 } from './show-protocols1.ts';

/** Text of the rightmost column. */
export function protocolInfo({ bgp, pipe, state }: ProtocolView): string {
  if (pipe) return `${pipe.table} <=> ${pipe.peerTable}`;
  if (!bgp) return '';
  const error = bgp.lastError ?? '';
  return state === 'down' ? error : `${bgp.state.padEnd(14)}${error}`;
}

/** Widths of all columns but the last. */
const WIDTHS = [10, 10, 10, 6, 12];

function columns(...fields: readonly string[]): string {
  return protocolLine(WIDTHS, ...fields);
}

const HEADING = columns('Name', 'Proto', 'Table', 'State', 'Since', 'Info');

/** A protocol with one channel has a main table. */
function mainTable({ kind, channels }: ProtocolView): string {
  return kind !== 'BGP' && channels.length === 1 ? channels[0]!.table : '---';
}

export function* showProtocols(session: Session, protocols: Iterable<ProtocolView>, all: boolean): Answer {
  const { view, dialect } = session;
  const { nowMs } = view.status();
  const old = dialect.version === 1;
  yield more(CODE.protocolHeading, old ? HEADING_1 : HEADING);
  for (const protocol of protocols) {
    const since = sessionTime(session, 'protocol', protocol.sinceMs, nowMs);
    const { name, kind, state } = protocol;
    const text = protocolInfo(protocol);
    const line = old
      ? row1(protocol, since, text)
      : columns(name, kind, mainTable(protocol), state, since, text);
    yield more(CODE.protocol, line);
    if (!all) continue;
    const lines = old ? details1(protocol) : details(protocol, dialect.version === 3);
    for (const detail of lines) yield more(CODE.protocolDetail, detail);
    yield more(CODE.protocolDetail, '');
  }
  yield last(CODE.ok);
}

/** @param wide as BIRD 3 has it */
function* details(protocol: ProtocolView, wide: boolean): Iterable<string> {
  const label = (text: string): string => `  ${text.padEnd(wide ? 20 : 16)}`;
  if (protocol.description !== undefined) yield `${label('Description:')}${protocol.description}`;
  if (protocol.message !== undefined) yield `${label('Message:')}${protocol.message}`;
  if (protocol.routerId !== undefined) yield `${label('Router ID:')}${formatIpv4(protocol.routerId)}`;
  // Not BIRD's: there only where templates rendered the configuration.
  if (protocol.origin !== undefined) yield `${label('Rendered by:')}${protocol.origin}`;
  if (protocol.bgp) yield* bgpDetails(protocol.bgp);
  if (protocol.pipe) yield* pipeDetails(protocol.pipe);
  for (const channel of protocol.channels) yield* channelDetails(channel, protocol.kind === 'BGP', wide);
}

function timer({ remainsS, ofS }: TimerView): string {
  return `${remainsS.toFixed(3)}/${ofS}`;
}

function* bgpDetails(bgp: BgpView): Iterable<string> {
  yield* neighborLines(bgp);
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

const IMPORT_STATE = { DOWN: 'DOWN', START: 'DOWN', UP: 'UP', FLUSHING: 'FLUSHING' } as const;

function* pipeDetails({ table, peerTable, imports, exports }: PipeView): Iterable<string> {
  yield '  Channel main';
  yield `    Table:          ${table}`;
  yield `    Peer table:     ${peerTable}`;
  yield `    Import state:   ${imports.state}`;
  yield `    Export state:   ${exports.state}`;
  yield `    Import filter:  ${imports.filter}`;
  yield `    Export filter:  ${exports.filter}`;
  yield* limitLines('    ', 'Import limit:', imports.limit);
  yield* limitLines('    ', 'Export limit:', exports.limit);
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
  yield `    ${counters(`${label} updates:`, [received, rejected, filtered, ignored, accepted])}`;
  const { received: gone, rejected: kept, ignored: unknown, accepted: taken } = withdraws;
  yield `    ${counters(`${label} withdraws:`, [gone, kept, NONE, unknown, taken])}`;
}

function* channelDetails(channel: ChannelView, isBgp: boolean, wide: boolean): Iterable<string> {
  yield `  Channel ${channel.name}`;
  yield `    State:          ${channel.state}`;
  if (wide) {
    yield `    Import state:   ${IMPORT_STATE[channel.state]}`;
    // Other protocols take no routes.
    yield `    Export state:   ${isBgp && channel.state === 'UP' ? 'READY' : 'DOWN'}`;
  }
  yield `    Table:          ${channel.table}`;
  yield `    Preference:     ${channel.preference}`;
  yield `    Input filter:   ${channel.importFilter}`;
  yield `    Output filter:  ${channel.exportFilter}`;
  yield* limitLines('    ', 'Receive limit:', channel.receiveLimit);
  yield* limitLines('    ', 'Import limit:', channel.importLimit);
  yield* limitLines('    ', 'Export limit:', channel.exportLimit);
  if (channel.state !== 'DOWN') {
    yield `    Routes:         ${routesText(channel)}`;
    const lines = wide ? wideCounterLines(channel.stats) : counterLines(channel.stats);
    for (const line of lines) yield `    ${line}`;
  }
  if (!isBgp) return;
  if (channel.neighborRestart) yield `    Neighbor GR:    ${channel.neighborRestart}`;
  if (channel.staleTimerS !== undefined) yield `    LL stale timer: ${channel.staleTimerS.toFixed(3)}/-`;
  if (channel.state === 'UP' && channel.nextHop) yield `    BGP Next hop:   ${formatIp(channel.nextHop)}`;
  if (channel.igpTable4 !== undefined) yield `    IGP IPv4 table: ${channel.igpTable4}`;
  if (channel.igpTable6 !== undefined) yield `    IGP IPv6 table: ${channel.igpTable6}`;
}

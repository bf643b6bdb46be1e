/** The facts of `show` commands as JSON values. Names are part of the interface: `docs/commands.md` lists them. */
import { scopeOf } from '../../base/interfaces.ts';
import { formatIp, formatIpv4 } from '../../base/ip.ts';
import { ATTR } from '../../rib/attrs/codes.ts';
import type { AttrStore } from '../../rib/attrs/store.ts';
import { ATTRIBUTES } from '../../rib/attrs/table.ts';
import type { StaticHop, StaticRoute } from '../conf/lowered.ts';
import { formatPrefix } from '../filter/values.ts';
import type {
  BgpView,
  CapabilitiesView,
  ChannelView,
  ExplainView,
  GroupView,
  InterfaceView,
  LimitView,
  MemoryRow,
  PipeFlowView,
  PipeView,
  ProtocolView,
  RouteView,
  StatusView,
  TimerView,
  UpdateCounters,
} from './daemon-view.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

type Fields = Readonly<Record<string, Json | undefined>>;

/** An object without the fields that are undefined: a fact that there is not has no name in the answer. */
function object(fields: Fields): Json {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}

/** RFC 3339, in UTC, with milliseconds. */
function time(ms: number): string {
  return new Date(ms).toISOString();
}

function optional<T>(value: T | undefined, make: (value: T) => Json): Json | undefined {
  return value === undefined ? undefined : make(value);
}

/** `shutting-down` as a name: `shutting_down`. */
function nameOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
}

/** @param version of BIRD, as the socket calls itself */
export function statusValue(status: StatusView, version: string): Json {
  return object({
    version,
    router_id: optional(status.routerId, formatIpv4),
    hostname: status.hostname,
    time: time(status.nowMs),
    started: time(status.bootMs),
    configured: optional(status.configuredMs, time),
    state: nameOf(status.state),
    graceful_restart: optional(status.gracefulRestart, ({ protocols, waitS }) => ({
      waiting: protocols,
      wait_s: waitS,
    })),
    rendered: optional(status.rendered, (rendered) =>
      object({
        store: rendered.store,
        templates: rendered.folder,
        revision: rendered.revision,
        in_force: rendered.inForce,
        connected: rendered.connected,
        last_good: rendered.isLastGood,
        changed: time(rendered.changedMs),
        lost: optional(rendered.lost, ({ reason, sinceMs }) => ({ reason, since: time(sinceMs) })),
        refused: optional(rendered.problem, (problem) => ({
          reason: problem.text,
          revision: problem.revision,
          keys: problem.keys,
          key_count: problem.keyCount,
          since: time(problem.sinceMs),
        })),
        held: optional(rendered.held, ({ because, waits }) => ({ because, waits })),
      }),
    ),
  });
}

export function memoryValue({ name, effectiveBytes, overheadBytes }: MemoryRow): Json {
  return { name: nameOf(name), effective_bytes: effectiveBytes, overhead_bytes: overheadBytes };
}

function timer({ remainsS, ofS }: TimerView): Json {
  return { remains_s: remainsS, of_s: ofS };
}

function capabilities(side: CapabilitiesView): Json {
  return object({
    families: side.families,
    route_refresh: side.routeRefresh,
    enhanced_refresh: side.enhancedRefresh,
    extended_messages: side.extendedMessages,
    extended_next_hop: side.extendedNextHop,
    as4: side.as4,
    add_path_receive: side.addPathReceive,
    add_path_send: side.addPathSend,
    graceful_restart: optional(side.gracefulRestart, ({ timeS, restarting, supported, preserved }) => ({
      time_s: timeS,
      restarting,
      supported,
      preserved,
    })),
    long_lived_graceful_restart: optional(side.longLived, ({ listed, timeS, supported, preserved }) =>
      object({ time_s: listed ? timeS : undefined, supported, preserved }),
    ),
    role: side.role,
    hostname: side.hostname,
  });
}

/** What `show protocols` says of a session; the rest is for `show protocols all`. */
function bgpFields(bgp: BgpView): Fields {
  return {
    state: bgp.state,
    neighbor_address: optional(bgp.neighborAddress, formatIp),
    neighbor_interface: bgp.neighborInterface,
    neighbor_range: optional(bgp.neighborRange, formatPrefix),
    neighbor_port: bgp.neighborPort,
    neighbor_as: bgp.neighborAs,
    local_as: bgp.localAs,
    last_error: bgp.lastError,
  };
}

function bgpDetails(bgp: BgpView): Fields {
  const { session } = bgp;
  return {
    ...bgpFields(bgp),
    neighbor_restart: optional(bgp.neighborRestart, ({ remainsS }) => object({ remains_s: remainsS })),
    error_wait: optional(bgp.errorWait, timer),
    connect_delay: optional(bgp.connectDelay, timer),
    session:
      session &&
      object({
        neighbor_id: formatIpv4(session.neighborId),
        internal: session.internal,
        multihop: session.multihop,
        route_reflector_client: session.routeReflectorClient,
        route_server_client: session.routeServerClient,
        as4: session.as4,
        source_address: formatIp(session.sourceAddress),
        hold_timer: timer(session.holdTimer),
        keepalive_timer: timer(session.keepaliveTimer),
        local_capabilities: capabilities(session.local),
        neighbor_capabilities: capabilities(session.neighbor),
      }),
  };
}

function counters({ received, rejected, filtered, ignored, accepted }: UpdateCounters): Json {
  return { received, rejected, filtered, ignored, accepted };
}

function limit({ limit: count, action, hit }: LimitView): Json {
  return { limit: count, action, hit };
}

function channelValue(channel: ChannelView): Json {
  const { stats } = channel;
  return object({
    name: channel.name,
    state: nameOf(channel.state),
    table: channel.table,
    preference: channel.preference,
    import_filter: channel.importFilter,
    export_filter: channel.exportFilter,
    receive_limit: optional(channel.receiveLimit, limit),
    import_limit: optional(channel.importLimit, limit),
    export_limit: optional(channel.exportLimit, limit),
    imported: stats.imported,
    filtered: stats.filtered,
    exported: stats.exported,
    preferred: stats.preferred,
    import_updates: counters(stats.importUpdates),
    import_withdraws: counters(stats.importWithdraws),
    export_updates: counters(stats.exportUpdates),
    export_withdraws: counters(stats.exportWithdraws),
    neighbor_restart: optional(channel.neighborRestart, nameOf),
    stale_timer_s: channel.staleTimerS,
    next_hop: optional(channel.nextHop, formatIp),
    igp_table_ipv4: channel.igpTable4,
    igp_table_ipv6: channel.igpTable6,
  });
}

function flowValue({ state, filter, limit: most, stats }: PipeFlowView): Json {
  return object({
    state,
    filter,
    limit: optional(most, limit),
    routes: stats?.routes,
    updates: optional(stats?.updates, counters),
    withdraws: optional(stats?.withdraws, counters),
  });
}

function pipeValue({ table, peerTable, imports, exports }: PipeView): Json {
  return { table, peer_table: peerTable, imports: flowValue(imports), exports: flowValue(exports) };
}

export function interfaceValue({ interface: each, preferred }: InterfaceView): Json {
  return object({
    name: each.name,
    index: each.index,
    master: each.master,
    admin_up: each.adminUp,
    link_up: each.linkUp,
    multi_access: each.multiAccess,
    broadcast: each.broadcast,
    multicast: each.multicast,
    loopback: each.loopback,
    mtu: each.mtu,
    addresses: each.addresses.map((address) =>
      object({
        address: formatIp(address.ip),
        length: address.length,
        opposite: optional(address.opposite, formatIp),
        scope: scopeOf(address.ip),
        secondary: address.secondary,
        preferred: preferred.includes(address),
      }),
    ),
  });
}

/** @param isActive whether a next hop of the protocol is in use */
export function staticValue(
  protocol: string,
  { prefix, target }: StaticRoute,
  isActive: (hop: StaticHop) => boolean,
): Json {
  return object({
    protocol,
    prefix: formatPrefix(prefix),
    kind: target.kind,
    recursive: target.kind === 'recursive' ? formatIp(target.via) : undefined,
    next_hops:
      target.kind === 'via'
        ? target.hops.map((hop) =>
            object({
              address: optional(hop.address, formatIp),
              interface: hop.interface,
              onlink: hop.onlink,
              weight: hop.weight,
              active: isActive(hop),
            }),
          )
        : undefined,
  });
}

export function groupValue(group: GroupView): Json {
  return {
    number: group.number,
    table: group.table,
    channel: group.channel,
    neighbors: nameOf(group.neighbours),
    export_filter: group.exportFilter,
    add_path: group.addPath,
    routes: group.routes,
    waiting_networks: group.pendingNetworks,
    log_bytes: group.logBytes,
    announced: group.announced,
    withdrawn: group.withdrawn,
    members: group.members.map(({ protocol, lagBytes, state }) => ({ protocol, lag_bytes: lagBytes, state })),
  };
}

/** @param all with all that `show protocols all` says */
export function protocolValue(protocol: ProtocolView, all: boolean): Json {
  const base: Fields = {
    name: protocol.name,
    kind: nameOf(protocol.kind),
    state: protocol.state,
    since: time(protocol.sinceMs),
  };
  const { bgp } = protocol;
  if (!all) return object({ ...base, bgp: bgp && object(bgpFields(bgp)) });
  return object({
    ...base,
    description: protocol.description,
    message: protocol.message,
    router_id: optional(protocol.routerId, formatIpv4),
    bgp: bgp && object(bgpDetails(bgp)),
    pipe: optional(protocol.pipe, pipeValue),
    channels: protocol.channels.map(channelValue),
  });
}

function numberOrText(text: string): Json {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** `(65001,1) (rt, 65001, 7)`: a list a community. */
function communities(text: string): Json {
  return Array.from(text.matchAll(/\(([^)]*)\)/g), (match) =>
    match[1]!.split(',').map((part) => numberOrText(part.trim())),
  );
}

/** `65001 {65002 65003}`: numbers; sets are lists, and parts of a confederation (RFC 5065) are as BIRD writes them. */
function asPath(text: string): Json {
  return (text.match(/\([^)]*\)|\{[^}]*\}|\S+/g) ?? []).map((part) =>
    part.startsWith('{') ? part.slice(1, -1).trim().split(/\s+/).map(numberOrText) : numberOrText(part),
  );
}

function aggregator(text: string): Json {
  const [address, as] = text.split(' AS');
  return { address: address!, as: Number(as) };
}

const words = (text: string): Json => text.split(' ').filter((word) => word !== '');

/** By BIRD's name of an attribute: its value, from BIRD's text for it. Others are numbers, or that text. */
const ATTRIBUTE_VALUE: Readonly<Record<string, (text: string) => Json>> = {
  origin: (text) => text.toLowerCase(),
  as_path: asPath,
  as4_path: asPath,
  next_hop: words,
  cluster_list: words,
  atomic_aggr: () => true,
  aggregator,
  as4_aggregator: aggregator,
  community: communities,
  ext_community: communities,
  large_community: communities,
};

/** BGP's attributes by BIRD's names; those that Catbird does not know are `unknown_0x63`, in hexadecimal digits. */
function attributesValue(store: AttrStore, attrs: number): Json {
  const fields: Record<string, Json> = {};
  store.forEach(attrs, (code, _flags, at, length) => {
    if (code > 255) return;
    const known = ATTRIBUTES[code];
    if (!known) {
      const name = `unknown_0x${code.toString(16).padStart(2, '0')}`;
      fields[name] = store.bytes.subarray(at, at + length).toHex();
      return;
    }
    const text = known.format(store.bytes, at, length);
    // An IPv6 next hop goes by the name of an IPv4 one.
    const name = code === ATTR.mpReach ? 'next_hop' : known.name;
    fields[name] = (ATTRIBUTE_VALUE[name] ?? numberOrText)(text);
  });
  return fields;
}

/** @param all with the attributes, as `show route all` */
export function routeValue(route: RouteView, table: string, store: AttrStore, all: boolean): Json {
  return object({
    table,
    prefix: formatPrefix(route.prefix),
    destination: route.destination,
    protocol: route.protocol,
    source: nameOf(route.source),
    since: time(route.changedMs),
    from: optional(route.from, formatIp),
    next_hops: route.nextHops.map((hop) =>
      object({ address: optional(hop.address, formatIp), interface: hop.interface, weight: hop.weight }),
    ),
    primary: route.primary,
    preference: route.preference,
    igp_metric: route.igpMetric,
    stale: route.stale,
    suppressed: route.suppressed,
    attributes: all ? attributesValue(store, route.attrs) : undefined,
  });
}

/** Why a network's best path is the best, and where it stopped on its way. */
export function explainValue(view: ExplainView, store: AttrStore, all: boolean): Json {
  const route = (row: RouteView): Json => routeValue(row, view.table, store, all);
  return object({
    table: view.table,
    prefix: formatPrefix(view.prefix),
    best: optional(view.best, route),
    others: view.others.map((other) =>
      object({ route: route(other.route), reason: other.reason, rule: other.rule, against: other.against }),
    ),
    filtered: view.filtered.map(route),
    exports: optional(view.exports, (exports) =>
      exports.map(({ route: row, sent, gates }) => ({
        route: route(row),
        sent,
        gates: gates.map(({ name, result, text }) => ({ name: nameOf(name), result, text })),
      })),
    ),
  });
}

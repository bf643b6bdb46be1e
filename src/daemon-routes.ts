/** Routes of the tables as the control socket shows them: walked lazily, a network at a time. */
import { FAMILIES } from './base/family.ts';
import type { IpAddress } from './base/ip.ts';
import { ipFromBytes } from './base/ip.ts';
import type { RouteQuery, RouteView } from './birdcl-compat/cli/daemon-view.ts';
import { FILTER_ATTR } from './birdcl-compat/filter/attributes.ts';
import type { Prefix } from './birdcl-compat/filter/values.ts';
import { ATTR } from './rib/attrs/codes.ts';
import { HAS } from './rib/attrs/store.ts';
import { maskWords } from './rib/network-table.ts';
import { NO_ATTRS, type PolicyContext } from './rib/policy.ts';
import { destinationOf } from './rib/route-tracer.ts';
import { SOURCE_KIND } from './rib/source-registry.ts';
import type { RoutingTable } from './rib/table.ts';
import type { PeerChannel } from './reflector/peer.ts';
import type { PipeProtocols } from './daemon-pipes.ts';
import type { StaticProtocols } from './daemon-statics.ts';
import type { PipeFlow } from './rib/sources/pipe-flow.ts';
import type { Reflector } from './reflector/reflector.ts';

/** Who knows the routes. */
interface RouteOwners {
  readonly reflector: Reflector;
  readonly pipes: PipeProtocols;
  readonly statics: StaticProtocols;
}

/** Networks that a walk may pass over before it lets others run. */
const PAUSE_EVERY = 512;

type Mutable = { -readonly [Field in keyof RouteView]: RouteView[Field] };

/**
 * The routes that a query asks for, those of a network together and the best first. A table may change between two
 * of them: each network is shown as it is when the walk comes by.
 * @param changedMs wall-clock milliseconds of a path's `changedAt`
 */
export function* walkRoutes(
  { reflector, pipes, statics }: RouteOwners,
  query: RouteQuery,
  changedMs: (changedAtS: number) => number,
): Iterable<RouteView | undefined> {
  const table = reflector.tables.get(query.table);
  if (!table) return;
  const channel = query.export && outletOf(reflector, pipes, query.export);
  if (query.export && !channel) return;
  const context: PolicyContext = {
    family: table.family.index,
    netWords: table.nets.words,
    netAt: 0,
    netLength: 0,
    source: { protocol: '', kind: 'bgp', internal: true },
  };
  const isPlain = !query.filtered && query.received === undefined && !channel;
  let passed = 0;
  for (const net of networks(table, query)) {
    if (net === 0 || !table.nets.isUsed(net)) {
      if (++passed % PAUSE_EVERY === 0) yield undefined;
      continue;
    }
    const first = table.firstPath[net]!;
    if (first !== 0 && isPlain && table.paths.next[first] === 0) {
      // One path, which is the best: most networks of most tables.
      if (table.paths.attrs[first] !== NO_ATTRS && (!query.primaryOnly || table.best[net] === first))
        yield plainRow(table, net, first, context, statics, changedMs);
      continue;
    }
    for (const row of networkRows(table, net, query, channel, context, statics, changedMs)) yield row;
  }
}

/** Numbers of the networks that match; 0 stands for one that does not. */
function* networks(table: RoutingTable, query: RouteQuery): Iterable<number> {
  const { nets } = table;
  const { match } = query;
  if (!match) {
    for (let net = 1; net < nets.end; net++) yield net;
    return;
  }
  const { prefix, mode } = match;
  if (prefix.ip.words.length !== table.family.words) return;
  const words = Uint32Array.from(prefix.ip.words);
  if (mode === 'exact') yield nets.find(words, 0, prefix.length);
  else if (mode === 'for') yield nets.longestMatch(words, prefix.length, (net) => table.firstPath[net] !== 0);
  else {
    for (let net = 1; net < nets.end; net++) yield isWithin(table, net, words, prefix.length) ? net : 0;
  }
}

function isWithin(table: RoutingTable, net: number, words: Uint32Array, length: number): boolean {
  const { nets, family } = table;
  if (!nets.isUsed(net) || nets.length[net]! < length) return false;
  const own = nets.words.slice(net * family.words, (net + 1) * family.words);
  maskWords(own, length);
  return own.every((word, i) => word === words[i]);
}

/** The one network that is meant; 0 where the table has none with a path. */
export function findNetwork(table: RoutingTable, match: { mode: 'exact' | 'for'; prefix: Prefix }): number {
  for (const net of networks(table, { table: table.name, match, primaryOnly: false, filtered: false }))
    return net;
  return 0;
}

/** Makes rows for a person of paths. */
export class RouteDescriber {
  readonly #table: RoutingTable;
  readonly #statics: StaticProtocols;
  readonly #changedMs: (changedAtS: number) => number;

  constructor(table: RoutingTable, statics: StaticProtocols, changedMs: (changedAtS: number) => number) {
    this.#table = table;
    this.#statics = statics;
    this.#changedMs = changedMs;
  }

  route(net: number, row: number, attrs: number, firstOfNetwork: boolean): RouteView {
    const { nets, family, sources, paths } = this.#table;
    const width = family.words;
    const words = nets.words.slice(net * width, (net + 1) * width);
    const prefix: Prefix = {
      ip: { version: width === 1 ? 4 : 6, words: Array.from(words) },
      length: nets.length[net]!,
    };
    const context: PolicyContext = {
      family: family.index,
      netWords: words,
      netAt: 0,
      netLength: prefix.length,
      source: sources.info(paths.source[row]!),
    };
    return describe(
      this.#table,
      row,
      prefix,
      firstOfNetwork,
      attrs,
      true,
      context,
      this.#statics,
      this.#changedMs,
    );
  }
}

/** A neighbour's channel, or a direction of a pipe. */
type Outlet = PeerChannel | PipeFlow;

function outletOf(
  reflector: Reflector,
  pipes: PipeProtocols,
  wanted: NonNullable<RouteQuery['export']>,
): Outlet | undefined {
  if (wanted.channel === 'pri' || wanted.channel === 'sec')
    return pipes.flow(wanted.protocol, wanted.channel);
  return exportChannel(reflector, { protocol: wanted.protocol, channel: wanted.channel });
}

export function exportChannel(
  reflector: Reflector,
  wanted: { readonly protocol: string; readonly channel: 'ipv4' | 'ipv6' },
): PeerChannel | undefined {
  const peer = reflector.peers.get(wanted.protocol);
  return peer?.channels.find((channel) => channel && FAMILIES[channel.policy.family].name === wanted.channel);
}

function* networkRows(
  table: RoutingTable,
  net: number,
  query: RouteQuery,
  channel: Outlet | undefined,
  context: PolicyContext,
  statics: StaticProtocols,
  changedMs: (changedAtS: number) => number,
): Iterable<RouteView> {
  const { paths, decision, family, nets } = table;
  const rows: number[] = [];
  for (let row = table.firstPath[net]!; row !== 0; row = paths.next[row]!) {
    if (query.received !== undefined) {
      if (table.sources.info(paths.source[row]!).protocol === query.received) rows.push(row);
    } else if ((paths.attrs[row] === NO_ATTRS) === query.filtered) rows.push(row);
  }
  if (rows.length === 0) return;
  if (rows.length > 1 && !query.filtered && query.received === undefined)
    rows.sort((a, b) => decision.compare(b, a));
  // What the last flush chose stands first, whatever is waiting for the next one.
  const best = rows.indexOf(table.best[net]!);
  if (best > 0) rows.unshift(...rows.splice(best, 1));
  const shown = query.primaryOnly ? rows.filter((row) => row === table.best[net]) : rows;
  const width = family.words;
  const words = Array.from(nets.words.subarray(net * width, (net + 1) * width));
  const prefix: Prefix = { ip: { version: width === 1 ? 4 : 6, words }, length: nets.length[net]! };
  let isFirst = true;
  for (const row of shown) {
    const answer = channel && exportedThrough(table, net, row, query.export!.mode, channel);
    context.netWords = nets.words;
    context.netAt = net * width;
    context.netLength = prefix.length;
    context.source = table.sources.info(paths.source[row]!);
    const attrs =
      answer?.attrs ??
      (query.filtered || query.received !== undefined ? paths.received[row]! : paths.attrs[row]!);
    const view = describe(
      table,
      row,
      prefix,
      isFirst,
      attrs,
      answer?.exported ?? true,
      context,
      statics,
      changedMs,
    );
    // BIRD marks the first route of a network, also where all of them were filtered.
    if (query.filtered && isFirst && table.best[net] === 0) view.primary = true;
    yield view;
    isFirst = false;
  }
}

function plainRow(
  table: RoutingTable,
  net: number,
  row: number,
  context: PolicyContext,
  statics: StaticProtocols,
  changedMs: (changedAtS: number) => number,
): RouteView {
  const { paths, family, nets, sources } = table;
  const width = family.words;
  const at = net * width;
  const words = width === 1 ? [nets.words[at]!] : Array.from(nets.words.subarray(at, at + width));
  const prefix: Prefix = { ip: { version: width === 1 ? 4 : 6, words }, length: nets.length[net]! };
  context.netWords = nets.words;
  context.netAt = at;
  context.netLength = prefix.length;
  context.source = sources.info(paths.source[row]!);
  return describe(table, row, prefix, true, paths.attrs[row]!, true, context, statics, changedMs);
}

interface Exported {
  readonly exported: boolean;
  readonly attrs: number;
}

function exportedThrough(
  table: RoutingTable,
  net: number,
  row: number,
  mode: NonNullable<RouteQuery['export']>['mode'],
  outlet: Outlet,
): Exported {
  return 'adjRibIn' in outlet ? exportedAs(table, net, row, mode, outlet) : pipedAs(table, row, mode, outlet);
}

/** A pipe leads all routes of a network but those that it brought itself. */
function pipedAs(
  { paths }: RoutingTable,
  row: number,
  mode: NonNullable<RouteQuery['export']>['mode'],
  flow: PipeFlow,
): Exported {
  const own = paths.attrs[row]!;
  const candidate = paths.via[row] !== flow.opposite;
  if (mode === 'preexport') return { exported: candidate, attrs: own };
  const attrs = mode === 'exported' ? flow.broughtAs(row) : flow.explain(row);
  if (mode === 'noexport') return { exported: candidate && attrs === NO_ATTRS, attrs: own };
  return { exported: candidate && attrs !== NO_ATTRS, attrs: attrs === NO_ATTRS ? own : attrs };
}

/** Whether a route is (`export`, `exported`), would be (`preexport`) or is not (`noexport`) sent, and as what. */
function exportedAs(
  table: RoutingTable,
  net: number,
  row: number,
  mode: NonNullable<RouteQuery['export']>['mode'],
  channel: PeerChannel,
): Exported {
  const { paths } = table;
  const own = paths.attrs[row]!;
  const { member } = channel;
  if (!member) return { exported: false, attrs: own };
  const { group } = member;
  const candidate =
    (group.encoding.addPath || row === table.best[net]) && paths.source[row] !== member.source;
  const { gate, attrs } = candidate
    ? group.rules.explain(row)
    : { gate: 'no best path' as const, attrs: NO_ATTRS };
  if (mode === 'preexport')
    return { exported: candidate && (gate === 'sent' || gate === 'export policy'), attrs: own };
  if (mode === 'noexport') return { exported: candidate && attrs === NO_ATTRS, attrs: own };
  if (mode === 'exported') {
    const slot = group.encoding.addPath ? row : net;
    const sent = group.adjRibOut.attrs[slot] ?? NO_ATTRS;
    return { exported: sent !== NO_ATTRS && candidate, attrs: sent === NO_ATTRS ? own : sent };
  }
  return { exported: attrs !== NO_ATTRS, attrs: attrs === NO_ATTRS ? own : attrs };
}

function describe(
  table: RoutingTable,
  row: number,
  prefix: Prefix,
  firstOfNetwork: boolean,
  attrs: number,
  exported: boolean,
  context: PolicyContext,
  statics: StaticProtocols,
  changedMs: (changedAtS: number) => number,
): Mutable {
  const { paths, store, sources } = table;
  const source = paths.source[row]!;
  const { info, kind, address } = sources.options(source);
  const unresolved = kind === SOURCE_KIND.client || kind === SOURCE_KIND.nonClient;
  const destination = destinationOf(table, source, attrs);
  const hops = destination === 'unicast' ? nextHops(table, source, prefix, attrs, statics) : [];
  // Made field by field: objects that are spread into this one take most of the time of millions.
  const view: Mutable = {
    prefix,
    firstOfNetwork,
    destination,
    protocol: info.protocol,
    changedMs: changedMs(paths.changedAt[row]!),
    nextHops: hops,
    primary: row === table.best[paths.net[row]!],
    preference: store.preference[attrs]!,
    stale: (store.flags[attrs]! & HAS.longLivedStale) !== 0,
    suppressed: false,
    attrs,
    source: info.kind === 'bgp' ? 'BGP' : info.kind === 'static' ? 'static' : 'device',
    exported,
    context,
  };
  if (address) view.from = address;
  if (unresolved) view.igpMetric = 'unreachable';
  return view;
}

/** Where a route leads: the next hops of its static protocol, a link, or what its attributes say. */
function nextHops(
  table: RoutingTable,
  source: number,
  prefix: Prefix,
  attrs: number,
  statics: StaticProtocols,
): RouteView['nextHops'] {
  const known = statics.hopsOf(source, prefix);
  if (known) {
    return known.map(({ hop, interface: found }) => {
      const { address, weight, onlink } = hop;
      const name = found?.name ?? hop.interface;
      return { ...(address && { address }), ...(name !== undefined && { interface: name }), weight, onlink };
    });
  }
  const address = nextHop(table, attrs);
  const isLocal = table.sources.kind[source] === SOURCE_KIND.local;
  const link = isLocal ? table.store.value(attrs, FILTER_ATTR.interfaceName) : undefined;
  if (!address && !link) return [];
  if (!link) return [{ address: address! }];
  return [{ ...(address && { address }), interface: new TextDecoder().decode(link) }];
}

function nextHop(table: RoutingTable, attrs: number): IpAddress | undefined {
  const { store } = table;
  const code = store.flags[attrs]! & HAS.nextHop6 ? ATTR.mpReach : ATTR.nextHop;
  const value = store.value(attrs, code);
  return value && ipFromBytes(value, 0, value.length >= 16 ? 16 : 4);
}

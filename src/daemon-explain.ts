/** Answers of `show route … explain`: what the tables and groups say, in words. */
import { formatIpv4 } from './base/ip.ts';
import type {
  ExplainQuery,
  ExplainView,
  GateView,
  LosingPath,
  RouteView,
} from './birdcl-compat/cli/daemon-view.ts';
import { NO_ATTRS } from './rib/policy.ts';
import { STEPS } from './rib/decide.ts';
import { SOURCE_KIND, type SourceKind } from './rib/source-registry.ts';
import {
  EXPORT_GATES,
  explainExport,
  type ExportExplanation,
  type ExportGateName,
} from './reflector/explain-export.ts';
import type { PeerChannel } from './reflector/peer.ts';
import type { Daemon } from './daemon.ts';
import { exportChannel, findNetwork, RouteDescriber } from './daemon-routes.ts';

const KIND_TEXT: Readonly<Record<SourceKind, string>> = {
  [SOURCE_KIND.local]: 'a local protocol',
  [SOURCE_KIND.external]: 'an external neighbour',
  [SOURCE_KIND.confederation]: 'a neighbour of the confederation',
  [SOURCE_KIND.nonClient]: 'a non-client',
  [SOURCE_KIND.client]: 'a client',
};

/** What the export filter of a protocol's channel says to a path, and where; undefined where that is not known. */
export type FilterPlace = (
  protocol: string,
  channel: PeerChannel,
  attrs: number,
  route: RouteView,
) => { readonly text: string } | undefined;

export function explainNetwork(
  { reflector, statics }: Pick<Daemon, 'reflector' | 'statics'>,
  query: ExplainQuery,
  changedMs: (changedAtS: number) => number,
  filterPlace: FilterPlace,
): ExplainView | undefined {
  const table = reflector.tables.get(query.table);
  if (!table) return undefined;
  const net = findNetwork(table, query.match);
  if (net === 0) return undefined;
  const channel = query.export && exportChannel(reflector, query.export);
  if (query.export && !channel) return undefined;
  const { paths, decision } = table;
  const describer = new RouteDescriber(table, statics, changedMs);
  const losers = new Map<number, { step: number; winner: number }>();
  const first = table.firstPath[net]!;
  decision.explain(first, (row, step, winner) => losers.set(row, { step, winner }));
  const best = table.best[net]!;
  const others: LosingPath[] = [];
  const filtered: RouteView[] = [];
  const eligible: number[] = [];
  for (let row = first; row !== 0; row = paths.next[row]!) {
    if (paths.attrs[row] === NO_ATTRS) {
      filtered.push(describer.route(net, row, paths.received[row]!, false));
      continue;
    }
    eligible.push(row);
    const loser = losers.get(row);
    if (!loser) continue;
    const { rule, reason } = STEPS[loser.step]!;
    others.push({
      route: describer.route(net, row, paths.attrs[row]!, false),
      reason,
      rule,
      ...(loser.winner !== best && { against: table.sources.info(paths.source[loser.winner]!).protocol }),
    });
  }
  if (eligible.length === 0 && filtered.length === 0) return undefined;
  const bestRoute = best === 0 ? undefined : describer.route(net, best, paths.attrs[best]!, true);
  const explain = (row: number): NonNullable<ExplainView['exports']>[number] | undefined => {
    const answer = explainExport(channel!, row);
    if (!answer) return undefined;
    const route = describer.route(net, row, paths.attrs[row]!, row === best);
    const place = filterPlace(query.export!.protocol, channel!, paths.attrs[row]!, route);
    return { route, sent: answer.onWire !== NO_ATTRS, gates: gates(channel!, row, answer, place?.text) };
  };
  return {
    prefix: (bestRoute ?? others[0]?.route ?? filtered[0]!).prefix,
    table: query.table,
    ...(bestRoute && { best: bestRoute }),
    others,
    filtered,
    ...(channel && {
      exports: (channel.member?.group.encoding.addPath
        ? eligible
        : eligible.filter((row) => row === best)
      ).flatMap((row) => explain(row) ?? []),
    }),
  };
}

/** The gates up to the one that the path stopped at, with what each has to say. */
function gates(
  channel: PeerChannel,
  row: number,
  answer: ExportExplanation,
  filterText: string | undefined,
): GateView[] {
  const text = describeGates(channel, row, answer, filterText);
  const list: GateView[] = [];
  for (const name of EXPORT_GATES) {
    const stopped = name === answer.stoppedAt;
    // What the neighbour has is worth knowing whatever the gates say.
    if (name === 'on the wire' || (answer.stoppedAt !== undefined && name === 'update group')) continue;
    list.push({ name, result: stopped ? 'stopped' : 'passed', text: text(name, stopped) });
    if (stopped) break;
  }
  const agrees = answer.onWire === answer.attrs;
  list.push({
    name: 'on the wire',
    result:
      !agrees || answer.waitsFor !== undefined
        ? 'waiting'
        : answer.onWire === NO_ATTRS
          ? 'stopped'
          : 'passed',
    text: text('on the wire', false),
  });
  return list;
}

function describeGates(
  channel: PeerChannel,
  row: number,
  answer: ExportExplanation,
  filterText: string | undefined,
): (gate: ExportGateName, stopped: boolean) => string {
  const group = channel.member!.group;
  const { table, target } = group;
  const source = table.paths.source[row]!;
  const kind = table.sources.kind[source]! as 0 | 1 | 2 | 3;
  const addPath = group.encoding.addPath;
  const cluster = target.clusterId === 0 ? 'none' : formatIpv4(target.clusterId);
  const limit = channel.policy.exportLimit;
  return (gate, stopped) => {
    switch (gate) {
      case 'best path':
        if (addPath) return 'all paths are sent (ADD-PATH)';
        return stopped ? 'another path is better' : 'it is the best of its network';
      case 'split horizon':
        return stopped
          ? 'it came from this neighbour'
          : `it came from ${table.sources.info(source).protocol}`;
      case 'reflection': {
        const from = `from ${KIND_TEXT[kind]} to ${KIND_TEXT[target.kind]}`;
        return stopped ? `${from}: not reflected (RFC 4456 section 6)` : from;
      }
      case 'cluster list':
        return stopped
          ? `it has been in the neighbour's cluster ${cluster} (RFC 4456 section 8)`
          : `the neighbour's cluster: ${cluster}`;
      case 'communities':
        return stopped ? 'a well-known community keeps it back (RFC 1997)' : 'none keeps it back';
      case 'only to customers':
        return stopped
          ? 'it came from a provider, a peer or a route server (RFC 9234)'
          : 'no role keeps it back';
      case 'export filter':
        return filterText ?? `${target.policy.name}: ${stopped ? 'reject' : 'accept'}`;
      case 'next hop':
        return stopped ? 'there is no address of our own to put in' : 'usable';
      case 'export limit':
        if (!limit) return 'none';
        return `${limit.count} routes, action ${limit.action}${stopped ? ": reached when the route came; 'reload out' tries again" : ''}`;
      case 'update group':
        return groupText(group);
      case 'on the wire':
        return wireText(answer);
      default:
        return gate satisfies never;
    }
  };
}

function groupText(group: NonNullable<PeerChannel['member']>['group']): string {
  const members = group.members.size;
  const stale = group.stale ? ', which holds what another filter let through until it is reloaded' : '';
  return `shared with ${members - 1} other ${members === 2 ? 'neighbour' : 'neighbours'}${stale}`;
}

function wireText({ onWire, attrs, waitsFor }: ExportExplanation): string {
  const state = onWire === NO_ATTRS ? 'not announced' : 'announced';
  if (waitsFor !== undefined) return `${state}; waits for ${waitsFor}`;
  if (onWire !== attrs) return `${state}; not yet as the gates say`;
  return state;
}

/** Metrics of the daemon: nothing is kept for them but what `MetricCounts` counts; a scrape reads the rest where it is. */
import { formatIp } from './base/ip.ts';
import type { ProtocolView, RenderedView } from './birdcl-compat/cli/daemon-view.ts';
import type { Daemon } from './daemon.ts';
import { protocolViews } from './daemon-protocols.ts';
import type { MetricCounts } from './metrics/counts.ts';
import { head, histogramLines, labels, line } from './metrics/exposition.ts';
import { CONVERGENCE, FAMILIES } from './metrics/families.ts';
import type { ChannelRow, GroupRow, ProtocolRow, SessionRow, Snapshot } from './metrics/snapshot.ts';
import type { UpdateGroup } from './reflector/update-group.ts';
import type { SessionStatus } from './speaker/session-status.ts';

/** Characters of lines that are made together. */
const PIECE = 4096;

export interface DaemonMetricsOptions {
  readonly daemon: Daemon;
  readonly counts: MetricCounts;
  readonly version: string;
  readonly nodeVersion: string;
  readonly rendered?: () => RenderedView;
}

export class DaemonMetrics {
  readonly #options: DaemonMetricsOptions;
  /** Numbers of update groups, which have no names. */
  readonly #numbers = new WeakMap<UpdateGroup, number>();
  #nextNumber = 1;

  constructor(options: DaemonMetricsOptions) {
    this.#options = options;
  }

  /** The text of a scrape, some lines or nothing at a time: whoever takes them may pause in between. */
  *scrape(): Iterable<string> {
    const { daemon, counts, version, nodeVersion, rendered } = this.#options;
    const protocols: ProtocolRow[] = [];
    const channels: ChannelRow[] = [];
    for (const view of protocolViews(daemon)) {
      protocols.push(protocolRow(view));
      channels.push(...this.#channelRows(view));
      yield '';
    }
    const sessions: SessionRow[] = [];
    for (const status of daemon.speaker.sessions()) {
      sessions.push(sessionRow(status));
      yield '';
    }
    const { store } = daemon.reflector;
    const snapshot: Snapshot = {
      version,
      nodeVersion,
      startedS: daemon.startedAt / 1000,
      configuredS: daemon.reconfiguredAt / 1000,
      protocols,
      sessions,
      channels,
      tables: [...daemon.reflector.tables.values()].map((table) => ({
        labels: labels({ table: table.name, family: table.family.name }),
        routes: table.accepted,
        networks: table.routes,
        pending: table.pending,
        memoryBytes: table.memoryBytes,
      })),
      groups: this.#groupRows(),
      attributeSets: store.size,
      attributeBytes: store.memoryBytes,
      counts,
      rendered: rendered?.(),
    };
    for (const { name, type, help, samples } of FAMILIES) {
      let text = head(name, type, help);
      for (const sample of samples(snapshot)) {
        text += line(name, sample);
        if (text.length < PIECE) continue;
        yield text;
        text = '';
      }
      yield text;
    }
    yield head(CONVERGENCE.name, 'histogram', CONVERGENCE.help);
    yield histogramLines(CONVERGENCE.name, counts.convergence);
  }

  #channelRows({ name, channels }: ProtocolView): ChannelRow[] {
    const peer = this.#options.daemon.reflector.peers.get(name);
    return channels.map((view) => ({
      labels: labels({ protocol: name, channel: view.name }),
      view,
      lagBytes: peer?.channels[view.name === 'ipv4' ? 0 : 1]?.member?.lagBytes,
    }));
  }

  #groupRows(): GroupRow[] {
    return Array.from(this.#options.daemon.reflector.groups.values(), (group) => {
      let walking = 0;
      let lagBytes = 0;
      for (const member of group.members) {
        if (member.walking) walking++;
        else lagBytes = Math.max(lagBytes, member.lagBytes);
      }
      const { announced, withdrawn, resyncs } = group.counters;
      return {
        labels: labels({ group: this.#numberOf(group), table: group.table.name }),
        members: group.members.size,
        walking,
        lagBytes,
        pending: group.pending,
        routes: group.adjRibOut.routes,
        memoryBytes: group.memoryBytes,
        announced,
        withdrawn,
        resyncs,
      };
    });
  }

  #numberOf(group: UpdateGroup): number {
    let number = this.#numbers.get(group);
    if (number === undefined) this.#numbers.set(group, (number = this.#nextNumber++));
    return number;
  }
}

function protocolRow({ name, kind, state }: ProtocolView): ProtocolRow {
  return { labels: labels({ protocol: name }), kind: kind.toLowerCase(), up: state === 'up' };
}

function sessionRow(status: SessionStatus): SessionRow {
  const { name, state, config, negotiated, establishedAt, range, counters } = status;
  const established = state === 'Established';
  return {
    labels: labels({ protocol: name }),
    name,
    state,
    established,
    establishedAtS: established && establishedAt !== undefined ? establishedAt / 1000 : undefined,
    neighbor: formatIp(config.remoteAddress),
    remoteAs: negotiated?.remoteAs ?? (typeof config.remoteAs === 'number' ? config.remoteAs : 0),
    localAs: config.localAs,
    range: range ?? '',
    counters,
  };
}

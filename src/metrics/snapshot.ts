/** What metrics are made from, read from the daemon when somebody asks. Labels are ready to be written. */
import type { ChannelView, RenderedView } from '../birdcl-compat/cli/daemon-view.ts';
import type { SessionCounters } from '../speaker/counters.ts';
import type { MetricCounts } from './counts.ts';

export interface ProtocolRow {
  /** `{protocol="node1"}` */
  readonly labels: string;
  readonly kind: string;
  readonly up: boolean;
}

export interface SessionRow {
  readonly labels: string;
  readonly name: string;
  /** State of the state machine, or BIRD's word for a session that waits. */
  readonly state: string;
  readonly established: boolean;
  /** Seconds since 1970; undefined while it is not Established. */
  readonly establishedAtS: number | undefined;
  readonly neighbor: string;
  readonly remoteAs: number;
  readonly localAs: number;
  readonly range: string;
  readonly counters: Readonly<SessionCounters>;
}

export interface ChannelRow {
  /** `{protocol="node1",channel="ipv4"}` */
  readonly labels: string;
  readonly view: ChannelView;
  /** Bytes of the update group's log that the neighbour has not been handed; undefined where it is in none. */
  readonly lagBytes: number | undefined;
}

export interface TableRow {
  readonly labels: string;
  readonly routes: number;
  readonly networks: number;
  readonly pending: number;
  readonly memoryBytes: number;
}

export interface GroupRow {
  readonly labels: string;
  readonly members: number;
  readonly walking: number;
  /** Of the member that is furthest behind. */
  readonly lagBytes: number;
  readonly pending: number;
  readonly routes: number;
  readonly memoryBytes: number;
  readonly announced: number;
  readonly withdrawn: number;
  readonly resyncs: number;
}

export interface Snapshot {
  readonly version: string;
  readonly nodeVersion: string;
  readonly startedS: number;
  readonly configuredS: number;
  readonly protocols: readonly ProtocolRow[];
  readonly sessions: readonly SessionRow[];
  readonly channels: readonly ChannelRow[];
  readonly tables: readonly TableRow[];
  readonly groups: readonly GroupRow[];
  readonly attributeSets: number;
  readonly attributeBytes: number;
  readonly counts: MetricCounts;
  /** Where the configuration is rendered from templates. */
  readonly rendered: RenderedView | undefined;
}

/**
 * Every metric, a row each. Names follow Prometheus: a unit at the end, `_total` for what only grows. Labels name
 * sessions, channels, tables and groups, never routes. `docs/monitoring/README.md` lists them.
 */
import type { UpdateCounters } from '../birdcl-compat/cli/daemon-view.ts';
import { labels, withLabel, type MetricType, type Sample } from './exposition.ts';
import type { ChannelRow, GroupRow, SessionRow, Snapshot, TableRow } from './snapshot.ts';

export interface MetricFamily {
  readonly name: string;
  readonly type: Exclude<MetricType, 'histogram'>;
  readonly help: string;
  readonly samples: (snapshot: Snapshot) => Iterable<Sample>;
}

/** The one histogram. */
export const CONVERGENCE = {
  name: 'catbird_convergence_seconds',
  help: 'Time from the arrival of the first change of a batch to the write of the batch to a neighbour, by batch and neighbour.',
} as const;

type Value<Row> = (row: Row) => number | undefined;

function* rowsOf<Row extends { readonly labels: string }>(
  rows: readonly Row[],
  pick: Value<Row>,
): Iterable<Sample> {
  for (const row of rows) {
    const value = pick(row);
    if (value !== undefined) yield { labels: row.labels, value };
  }
}

function one(name: string, type: MetricFamily['type'], help: string, pick: Value<Snapshot>): MetricFamily {
  return {
    name,
    type,
    help,
    samples: (snapshot) => {
      const value = pick(snapshot);
      return value === undefined ? [] : [{ labels: '', value }];
    },
  };
}

function session(
  name: string,
  type: MetricFamily['type'],
  help: string,
  pick: Value<SessionRow>,
): MetricFamily {
  return { name, type, help, samples: ({ sessions }) => rowsOf(sessions, pick) };
}

function channel(
  name: string,
  type: MetricFamily['type'],
  help: string,
  pick: Value<ChannelRow>,
): MetricFamily {
  return { name, type, help, samples: ({ channels }) => rowsOf(channels, pick) };
}

function table(name: string, help: string, pick: Value<TableRow>): MetricFamily {
  return { name, type: 'gauge', help, samples: ({ tables }) => rowsOf(tables, pick) };
}

function group(name: string, type: MetricFamily['type'], help: string, pick: Value<GroupRow>): MetricFamily {
  return { name, type, help, samples: ({ groups }) => rowsOf(groups, pick) };
}

type Direction = 'Received' | 'Sent';

/** Messages of each session by what they are; what is neither is an OPEN, a KEEPALIVE or a ROUTE-REFRESH. */
function messages(direction: Direction): MetricFamily {
  return {
    name: `catbird_bgp_messages_${direction.toLowerCase()}_total`,
    type: 'counter',
    help: `BGP messages ${direction.toLowerCase()}, by type.`,
    *samples({ sessions }) {
      for (const { labels: base, counters } of sessions) {
        const updates = counters[`updates${direction}`];
        const notifications = counters[`notifications${direction}`];
        const other = counters[`messages${direction}`] - updates - notifications;
        yield { labels: withLabel(base, 'type', 'update'), value: updates };
        yield { labels: withLabel(base, 'type', 'notification'), value: notifications };
        yield { labels: withLabel(base, 'type', 'other'), value: Math.max(0, other) };
      }
    },
  };
}

const RESULTS = ['accepted', 'rejected', 'filtered', 'ignored'] as const;

/** What became of what neighbours sent. */
function imports(name: string, help: string, pick: (row: ChannelRow) => UpdateCounters): MetricFamily {
  return {
    name,
    type: 'counter',
    help,
    *samples({ channels }) {
      for (const row of channels) {
        const counters = pick(row);
        for (const result of RESULTS)
          yield { labels: withLabel(row.labels, 'result', result), value: counters[result] };
      }
    },
  };
}

const STATES = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established', 'Passive', 'Down'];
const LIMITS = ['receive', 'import', 'export'] as const;

export const FAMILIES: readonly MetricFamily[] = [
  {
    name: 'catbird_build_info',
    type: 'gauge',
    help: 'Always 1; the labels say which Catbird runs.',
    samples: ({ version, nodeVersion }) => [
      { labels: labels({ version, node_version: nodeVersion }), value: 1 },
    ],
  },
  one(
    'catbird_start_time_seconds',
    'gauge',
    'When the daemon started, in seconds since 1970.',
    (s) => s.startedS,
  ),
  {
    name: 'catbird_config_reloads_total',
    type: 'counter',
    help: 'Configurations that were read again, by what became of them.',
    samples: ({ counts }) => [
      { labels: labels({ result: 'applied' }), value: counts.reloadsApplied },
      { labels: labels({ result: 'failed' }), value: counts.reloadsFailed },
    ],
  },
  one(
    'catbird_config_last_reload_successful',
    'gauge',
    '1 where the last configuration that was read is in force, 0 where it was refused.',
    (s) => Number(!s.counts.lastReloadFailed),
  ),
  one(
    'catbird_config_last_reload_success_timestamp_seconds',
    'gauge',
    'When the configuration in force was taken over, in seconds since 1970.',
    (s) => s.configuredS,
  ),
  {
    name: 'catbird_template_renderings_total',
    type: 'counter',
    help: 'Renderings of the templates that the configuration comes from, by whether they gave a good one.',
    samples: ({ rendered, counts }) =>
      rendered
        ? [
            { labels: labels({ result: 'good' }), value: counts.rendersGood },
            { labels: labels({ result: 'refused' }), value: counts.rendersBad },
          ]
        : [],
  },
  one(
    'catbird_template_last_rendering_refused',
    'gauge',
    '1 where the last rendering was refused, so that an older configuration is in force.',
    ({ rendered }) => rendered && Number(rendered.problem !== undefined),
  ),
  one(
    'catbird_template_last_good_timestamp_seconds',
    'gauge',
    'When a good rendering last came, in seconds since 1970.',
    ({ rendered }) => rendered && rendered.changedMs / 1000,
  ),
  one(
    'catbird_store_connected',
    'gauge',
    '1 where the keys of the templates can be read.',
    ({ rendered }) => rendered && Number(rendered.connected),
  ),
  one(
    'catbird_store_revision',
    'gauge',
    'Revision of the keys that were last rendered.',
    ({ rendered }) => rendered && Number(rendered.revision),
  ),
  one(
    'catbird_bugs_total',
    'counter',
    'Exceptions that were caught: bugs of Catbird, which the log tells of.',
    (s) => s.counts.bugs,
  ),
  {
    name: 'catbird_protocol_up',
    type: 'gauge',
    help: '1 where a protocol is up.',
    *samples({ protocols }) {
      for (const row of protocols)
        yield { labels: withLabel(row.labels, 'kind', row.kind), value: Number(row.up) };
    },
  },
  {
    name: 'catbird_bgp_sessions',
    type: 'gauge',
    help: 'BGP sessions by state.',
    *samples({ sessions }) {
      const counts = new Map(STATES.map((state) => [state, 0]));
      for (const { state } of sessions) counts.set(state, (counts.get(state) ?? 0) + 1);
      for (const [state, value] of counts) yield { labels: labels({ state: state.toLowerCase() }), value };
    },
  },
  {
    name: 'catbird_bgp_session_info',
    type: 'gauge',
    help: 'Always 1; the labels say who is at the other end of a session.',
    *samples({ sessions }) {
      for (const { labels: base, neighbor, remoteAs, localAs, range } of sessions) {
        const who = withLabel(withLabel(base, 'neighbor', neighbor), 'remote_as', remoteAs);
        yield { labels: withLabel(withLabel(who, 'local_as', localAs), 'range', range), value: 1 };
      }
    },
  },
  session('catbird_bgp_session_up', 'gauge', '1 where a session is Established.', (row) =>
    Number(row.established),
  ),
  session(
    'catbird_bgp_session_established_timestamp_seconds',
    'gauge',
    'When a session that is up became Established, in seconds since 1970.',
    (row) => row.establishedAtS,
  ),
  session(
    'catbird_bgp_session_established_total',
    'counter',
    'How often a session became Established.',
    (row) => row.counters.established,
  ),
  {
    name: 'catbird_bgp_session_state_changes_total',
    type: 'counter',
    help: 'Changes of the state machine (RFC 4271 section 8), by the state that was entered.',
    *samples({ sessions, counts }) {
      for (const { name, labels: base } of sessions) {
        for (const [state, value] of counts.stateChanges.get(name) ?? [])
          yield { labels: withLabel(base, 'state', state.toLowerCase()), value };
      }
    },
  },
  one(
    'catbird_bgp_connections_refused_total',
    'counter',
    'Connections that were not accepted.',
    (s) => s.counts.refusedConnections,
  ),
  messages('Received'),
  messages('Sent'),
  session(
    'catbird_bgp_received_bytes_total',
    'counter',
    'Bytes of BGP received.',
    (row) => row.counters.bytesReceived,
  ),
  session('catbird_bgp_sent_bytes_total', 'counter', 'Bytes of BGP sent.', (row) => row.counters.bytesSent),
  channel('catbird_channel_up', 'gauge', '1 where a channel is up.', ({ view }) =>
    Number(view.state === 'UP'),
  ),
  channel(
    'catbird_channel_imported_routes',
    'gauge',
    'Routes that came in and that the import filter took.',
    ({ view }) => view.stats.imported,
  ),
  channel(
    'catbird_channel_filtered_routes',
    'gauge',
    'Routes that came in, that the import filter rejected, and that are kept.',
    ({ view }) => view.stats.filtered,
  ),
  channel(
    'catbird_channel_preferred_routes',
    'gauge',
    'Routes that came in and are the best of their networks.',
    ({ view }) => view.stats.preferred,
  ),
  channel(
    'catbird_channel_exported_routes',
    'gauge',
    'Routes that are sent.',
    ({ view }) => view.stats.exported,
  ),
  imports(
    'catbird_channel_import_updates_total',
    'Routes announced by neighbours, by what became of them.',
    ({ view }) => view.stats.importUpdates,
  ),
  imports(
    'catbird_channel_import_withdraws_total',
    'Routes withdrawn by neighbours, by what became of that.',
    ({ view }) => view.stats.importWithdraws,
  ),
  {
    name: 'catbird_channel_limit_reached',
    type: 'gauge',
    help: '1 where a limit of routes has been reached.',
    *samples({ channels }) {
      for (const { labels: base, view } of channels) {
        for (const limit of LIMITS) {
          const found = view[`${limit}Limit`];
          if (found) yield { labels: withLabel(base, 'limit', limit), value: Number(found.hit) };
        }
      }
    },
  },
  channel(
    'catbird_channel_lag_bytes',
    'gauge',
    'Bytes of updates that are ready and that the neighbour has not been handed.',
    (row) => row.lagBytes,
  ),
  table('catbird_table_routes', 'Routes in a table.', (row) => row.routes),
  table('catbird_table_networks', 'Networks in a table that have a best route.', (row) => row.networks),
  table(
    'catbird_table_pending_networks',
    'Networks that changed and wait for a decision.',
    (row) => row.pending,
  ),
  table('catbird_table_memory_bytes', 'Memory of a table.', (row) => row.memoryBytes),
  one('catbird_attribute_sets', 'gauge', 'Different sets of path attributes.', (s) => s.attributeSets),
  one(
    'catbird_attribute_memory_bytes',
    'gauge',
    'Memory of the sets of path attributes.',
    (s) => s.attributeBytes,
  ),
  one(
    'catbird_update_groups',
    'gauge',
    'Update groups: neighbours of one are sent the same bytes.',
    (s) => s.groups.length,
  ),
  group('catbird_update_group_members', 'gauge', 'Neighbours in an update group.', (row) => row.members),
  group(
    'catbird_update_group_walking_members',
    'gauge',
    'Neighbours that are being brought up to date from the table: new ones, and those that fell behind.',
    (row) => row.walking,
  ),
  group(
    'catbird_update_group_lag_bytes',
    'gauge',
    'Bytes that the neighbour furthest behind has not been handed.',
    (row) => row.lagBytes,
  ),
  group(
    'catbird_update_group_pending_networks',
    'gauge',
    'Networks that wait because most neighbours of the group are behind.',
    (row) => row.pending,
  ),
  group('catbird_update_group_routes', 'gauge', 'Routes that the group sends.', (row) => row.routes),
  group('catbird_update_group_memory_bytes', 'gauge', 'Memory of an update group.', (row) => row.memoryBytes),
  group(
    'catbird_update_group_announced_routes_total',
    'counter',
    'Routes that were encoded to be announced, once for all of the group.',
    (row) => row.announced,
  ),
  group(
    'catbird_update_group_withdrawn_routes_total',
    'counter',
    'Routes that were encoded to be withdrawn, once for all of the group.',
    (row) => row.withdrawn,
  ),
  group(
    'catbird_update_group_resyncs_total',
    'counter',
    'How often a neighbour had fallen out of the log and was brought up to date from the table.',
    (row) => row.resyncs,
  ),
];

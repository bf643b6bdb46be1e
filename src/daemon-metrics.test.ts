/** Scrapes of a daemon on a simulated network, read by a parser that knows nothing of how they are made. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { load } from './birdcl-compat/conf/test-support.ts';
import { Daemon } from './daemon.ts';
import { DaemonMetrics } from './daemon-metrics.ts';
import { MetricCounts } from './metrics/counts.ts';
import { processMetrics } from './metrics/io/process-metrics.ts';
import { ATTR, FLAG } from './rib/attrs/codes.ts';
import { AttrEditor } from './rib/attrs/edit.ts';
import { openPolicy, SimRouter } from './reflector/sim/router.ts';
import { SimWorld } from './speaker/sim/speakers.ts';

const MONITORING = join(import.meta.dirname, '../docs/monitoring');

interface Family {
  type: string;
  help: string;
  readonly samples: {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly value: number;
  }[];
}

/** Reads the text format as its description says; throws where it is violated. */
function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current: Family | undefined;
  let name = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (comment) {
      const [, word, of, rest] = comment as unknown as [string, string, string, string];
      if (word === 'HELP') {
        if (families.has(of)) throw new Error(`${of} comes twice`);
        name = of;
        families.set(of, (current = { type: '', help: rest, samples: [] }));
      } else if (of === name) current!.type = rest;
      else throw new Error(`TYPE of ${of} within ${name}`);
      continue;
    }
    const sample =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/.exec(line);
    if (!sample || !current) throw new Error(`not a line of the text format: ${line}`);
    const base = current.type === 'histogram' ? sample[1]!.replace(/_(bucket|sum|count)$/, '') : sample[1]!;
    if (base !== name) throw new Error(`${sample[1]} within ${name}`);
    const labels = Object.fromEntries(
      Array.from((sample[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g), (match) => [
        match[1]!,
        match[2]!.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
      ]),
    );
    const value = Number(sample[3]!.replace('+Inf', 'Infinity'));
    if (Number.isNaN(value) && !/^nan$/i.test(sample[3]!)) throw new Error(`not a number: ${line}`);
    current.samples.push({ name: sample[1]!, labels, value });
  }
  return families;
}

let sim: SimWorld;
let daemon: Daemon;
let counts: MetricCounts;
let metrics: DaemonMetrics;

function configuration(names: readonly string[]): string {
  const sessions = names.map(
    (name, i) => `protocol bgp ${name} from clients { neighbor 10.0.0.${i + 1} as 65000; }`,
  );
  return `router id 1.1.1.100;
protocol static anchors { ipv4; route 10.9.0.0/16 blackhole; }
template bgp clients {
  local 10.0.0.100 as 65000; rr client; hold time 9; connect delay time 1; ipv4 { import all; export all; import limit 2 action block; };
}
${sessions.join('\n')}
`;
}

beforeEach(() => {
  sim = new SimWorld(3);
  counts = new MetricCounts();
  daemon = new Daemon({
    clock: sim.clock,
    network: sim.network.host('10.0.0.100'),
    random: sim.random,
    log: () => undefined,
    counts,
  });
  metrics = new DaemonMetrics({ daemon, counts, version: '1.2.3', nodeVersion: 'v26' });
});

async function client(number: number): Promise<SimRouter> {
  const router = new SimRouter(sim, { address: `10.0.0.${number}`, routerId: `1.1.1.${number}` });
  await router.listen();
  router.policies.set('rr', openPolicy());
  router.addNeighbor('rr', { address: '10.0.0.100', as: 65000 } as SimRouter, {});
  return router;
}

function announce(router: SimRouter, ...prefixes: string[]): void {
  const attrs = new AttrEditor(router.reflector.store)
    .edit(0)
    .set(ATTR.origin, FLAG.transitive, Uint8Array.of(0))
    .set(ATTR.asPath, FLAG.transitive, new Uint8Array(0))
    .set(ATTR.nextHop, FLAG.transitive, Uint8Array.of(10, 0, 0, 1))
    .commit();
  for (const prefix of prefixes) router.setRoute(prefix, attrs);
}

function scrape(): Map<string, Family> {
  return parseExposition([...metrics.scrape()].join(''));
}

/** The value of the one series with these labels. */
function value(
  families: Map<string, Family>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  const found = (families.get(name) ?? families.get(base))?.samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, wanted]) => sample.labels[key] === wanted),
  );
  expect(`${name}: ${found?.length}`).toMatch(/: [01]$/);
  return found?.[0]?.value;
}

describe('a scrape', () => {
  test('tells what the daemon does', async () => {
    await daemon.start(load(configuration(['a', 'b', 'c'])).config!);
    const [a] = [await client(1), await client(2)];
    announce(a, '172.16.0.0/16', '172.17.1.0/24', '172.18.0.0/16');
    sim.clock.runFor(30_000);
    const families = scrape();
    expect(value(families, 'catbird_build_info', { version: '1.2.3' })).toBe(1);
    expect(value(families, 'catbird_bgp_sessions', { state: 'established' })).toBe(2);
    expect(value(families, 'catbird_bgp_session_up', { protocol: 'a' })).toBe(1);
    expect(value(families, 'catbird_bgp_session_up', { protocol: 'c' })).toBe(0);
    expect(
      value(families, 'catbird_bgp_session_info', {
        protocol: 'b',
        neighbor: '10.0.0.2',
        remote_as: '65000',
      }),
    ).toBe(1);
    expect(
      value(families, 'catbird_bgp_session_state_changes_total', { protocol: 'a', state: 'established' }),
    ).toBe(1);
    expect(
      value(families, 'catbird_bgp_messages_received_total', { protocol: 'a', type: 'update' }),
    ).toBeGreaterThan(0);
    expect(value(families, 'catbird_channel_imported_routes', { protocol: 'a', channel: 'ipv4' })).toBe(2);
    expect(value(families, 'catbird_channel_exported_routes', { protocol: 'b' })).toBe(3);
    expect(value(families, 'catbird_channel_limit_reached', { protocol: 'a', limit: 'import' })).toBe(1);
    expect(
      value(families, 'catbird_channel_import_updates_total', { protocol: 'a', result: 'rejected' }),
    ).toBe(1);
    expect(value(families, 'catbird_table_routes', { table: 'master4' })).toBe(3);
    expect(value(families, 'catbird_update_group_members', { table: 'master4' })).toBe(2);
    expect(value(families, 'catbird_update_group_lag_bytes', { table: 'master4' })).toBe(0);
    expect(value(families, 'catbird_attribute_sets')).toBeGreaterThan(0);
  });

  test('measures a batch once for each neighbour that it is written to', async () => {
    await daemon.start(load(configuration(['a', 'b', 'c'])).config!);
    const [a] = [await client(1), await client(2), await client(3)];
    sim.clock.runFor(30_000);
    const before = value(scrape(), 'catbird_convergence_seconds_count')!;
    announce(a, '172.16.0.0/16', '172.17.1.0/24');
    sim.clock.runFor(5000);
    const families = scrape();
    expect(value(families, 'catbird_convergence_seconds_count')! - before).toBe(2);
    expect(value(families, 'catbird_convergence_seconds_bucket', { le: '+Inf' })).toBe(
      value(families, 'catbird_convergence_seconds_count'),
    );
    // Simulated time passes on the way to a neighbour, not in the daemon.
    expect(value(families, 'catbird_convergence_seconds_sum')).toBeLessThan(1);
    const buckets = families
      .get('catbird_convergence_seconds')!
      .samples.filter(({ labels }) => 'le' in labels);
    for (const [i, { value: count }] of buckets.entries())
      expect(count).toBeGreaterThanOrEqual(buckets[i - 1]?.value ?? 0);
  });

  test('has as many series whatever the number of routes, and those of sessions that are gone no more', async () => {
    const series = (): number => [...scrape().values()].reduce((sum, { samples }) => sum + samples.length, 0);
    await daemon.start(load(configuration(['a', 'b'])).config!);
    const [a] = [await client(1), await client(2)];
    announce(a, '172.16.0.0/16');
    sim.clock.runFor(30_000);
    const few = series();
    announce(a, ...Array.from({ length: 500 }, (_, i) => `100.64.${i >> 1}.${(i & 1) * 128}/25`));
    sim.clock.runFor(5000);
    expect(series()).toBe(few);
    void daemon.reconfigure(load(configuration(['a'])).config!);
    sim.clock.runFor(5000);
    expect(series()).toBeLessThan(few);
    expect([...counts.stateChanges.keys()]).toEqual(['a']);
  });

  test('keeps to the conventions', async () => {
    await daemon.start(load(configuration(['a'])).config!);
    const families = scrape();
    expect(families.size).toBeGreaterThan(40);
    for (const [name, { type, help, samples }] of families) {
      expect(name).toMatch(/^catbird_[a-z0-9_]+$/);
      expect(`${name} ${type}`).toMatch(/ (counter|gauge|histogram)$/);
      expect(`${name}: ${help}`).toMatch(/: .+\.$/);
      // What only grows says so, nothing else does; units are base units, at the end.
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|percent|minutes)(_|$)/);
      for (const { labels } of samples)
        for (const label of Object.keys(labels)) expect(label).toMatch(/^[a-z_]+$/);
      const keys = samples.map((sample) => JSON.stringify([sample.name, sample.labels]));
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  test('counts configurations that were read again', async () => {
    await daemon.start(load(configuration([])).config!);
    counts.reloaded(true);
    counts.reloaded(false);
    const families = scrape();
    expect(value(families, 'catbird_config_reloads_total', { result: 'applied' })).toBe(1);
    expect(value(families, 'catbird_config_reloads_total', { result: 'failed' })).toBe(1);
    expect(value(families, 'catbird_config_last_reload_successful')).toBe(0);
  });
});

describe('what comes with it', () => {
  /** Names of metrics in an expression; functions, labels and words of PromQL are none. */
  const namesIn = (expression: string): string[] =>
    expression
      .match(/\b(catbird|nodejs|process)_[a-z0-9_]+/g)
      ?.map((name) => name.replace(/_(bucket|sum|count)$/, '')) ?? [];

  async function known(): Promise<Set<string>> {
    await daemon.start(load(configuration(['a'])).config!);
    return new Set([...scrape().keys(), ...parseExposition(await processMetrics()()).keys()]);
  }

  test('alert rules ask for metrics that exist', async () => {
    const names = await known();
    const rules = parse(readFileSync(join(MONITORING, 'alerts.yml'), 'utf8')) as {
      groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
    };
    const all = rules.groups.flatMap((group) => group.rules);
    expect(all.length).toBeGreaterThan(5);
    for (const { alert, expr, annotations } of all) {
      expect(annotations.summary).not.toBe('');
      for (const name of namesIn(expr)) expect([alert, name, names.has(name)]).toEqual([alert, name, true]);
    }
  });

  test('so does the dashboard, in every panel', async () => {
    const names = await known();
    const board = JSON.parse(readFileSync(join(MONITORING, 'grafana-dashboard.json'), 'utf8')) as {
      panels: { id: number; title: string; targets: { expr: string }[] }[];
    };
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    for (const { title, targets } of board.panels) {
      const used = targets.flatMap(({ expr }) => namesIn(expr));
      expect([title, used.length > 0]).toEqual([title, true]);
      for (const name of used) expect([title, name, names.has(name)]).toEqual([title, name, true]);
    }
  });

  test('the documentation lists every metric', async () => {
    await daemon.start(load(configuration([])).config!);
    const text = readFileSync(join(MONITORING, 'README.md'), 'utf8');
    for (const name of scrape().keys()) expect(text).toContain(`\`${name}\``);
  });
});

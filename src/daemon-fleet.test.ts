/** What a daemon on a simulated network tells its fleet, and how often. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { RenderedView } from './birdcl-compat/cli/daemon-view.ts';
import { load } from './birdcl-compat/conf/test-support.ts';
import type { FleetReport } from './confd/fleet/report.ts';
import { MAX_TROUBLES } from './confd/fleet/report.ts';
import { configurationReport, FleetReporter } from './daemon-fleet.ts';
import { Daemon } from './daemon.ts';
import { openPolicy, SimRouter } from './reflector/sim/router.ts';
import { SimWorld } from './speaker/sim/speakers.ts';

const VIEW: RenderedView = {
  store: 'the store',
  folder: '/t',
  revision: '9',
  inForce: '9',
  connected: true,
  isLastGood: false,
  changedMs: 0,
};

let sim: SimWorld;
let daemon: Daemon;
let reporter: FleetReporter;
let view: RenderedView;
let sent: FleetReport[];

function configuration(neighbors: number): string {
  const sessions = Array.from(
    { length: neighbors },
    (_, i) => `protocol bgp n${i} from clients { neighbor 10.0.${i >> 8}.${i & 255} as 65000; }`,
  );
  return `router id 1.1.1.100;
protocol static anchors { ipv4; route 10.9.0.0/16 blackhole; }
template bgp clients { local as 65000; rr client; rr cluster id 5.5.5.5; connect delay time 1; password "hunter2"; ipv4; }
protocol bgp off from clients { disabled; neighbor 10.1.0.1 as 65000; }
protocol bgp any from clients { neighbor range 10.2.0.0/16 as 65000; }
${sessions.join('\n')}
`;
}

beforeEach(() => {
  sim = new SimWorld(3);
  view = VIEW;
  sent = [];
  const network = sim.network.host('10.0.0.100');
  daemon = new Daemon({ clock: sim.clock, network, random: sim.random, log: () => undefined });
  reporter = new FleetReporter({
    clock: sim.clock,
    rendered: () => view,
    send: (report) => sent.push(report),
  });
});

async function start(neighbors: number): Promise<void> {
  await daemon.start(load(configuration(neighbors)).config!);
  reporter.start();
  reporter.attach(daemon);
}

test('before the daemon runs it is starting, with what is refused', () => {
  view = {
    ...VIEW,
    problem: { text: 'secret', publicText: 'wrong', revision: '9', keys: ['/a'], keyCount: 1, sinceMs: 5 },
  };
  reporter.start();
  expect(sent[0]).toMatchObject({
    configuration: { state: 'starting', seen: '9', refused: { reason: 'wrong', keys: ['/a'] } },
    sessions: { configured: 0 },
  });
  expect(JSON.stringify(sent)).not.toContain('secret');
});

test('who it is, sessions as they go, and nothing while nothing happens', async () => {
  await start(3);
  await sim.clock.runFor(1500);
  expect(sent.at(-1)).toMatchObject({
    routerId: '1.1.1.100',
    as: [65000],
    addresses: [],
    clusterIds: ['5.5.5.5'],
    sessions: { configured: 3, up: 0, disabled: 1, dynamic: 0 },
    networks: 1,
    routes: 1,
    configuration: { state: 'current', revision: '9' },
  });
  expect(sent.at(-1)!.sessions.troubles.map(({ name }) => name)).toEqual(['n0', 'n1', 'n2']);
  const router = new SimRouter(sim, { address: '10.0.0.1', routerId: '1.1.1.1' });
  const ranged = new SimRouter(sim, { address: '10.2.0.1', routerId: '1.1.1.2' });
  for (const one of [router, ranged]) {
    await one.listen();
    one.policies.set('rr', openPolicy());
    one.addNeighbor('rr', { address: '10.0.0.100', as: 65000 } as SimRouter, { password: 'hunter2' });
  }
  sim.clock.runFor(60_000);
  expect(sent.at(-1)).toMatchObject({
    addresses: ['10.0.0.100'],
    sessions: { configured: 3, up: 1, dynamic: 1 },
  });
  expect(sent.at(-1)!.sessions.troubles.map(({ name }) => name)).toEqual(['n0', 'n2']);
  expect(JSON.stringify(sent)).not.toContain('hunter2');
});

test('a thousand sessions that are not up are a bounded report', async () => {
  await start(1000);
  sim.clock.runFor(30_000);
  expect(sent.at(-1)!.sessions).toMatchObject({ configured: 1000, up: 0 });
  expect(sent.at(-1)!.sessions.troubles).toHaveLength(MAX_TROUBLES);
  expect(sent.length).toBeLessThanOrEqual(32);
});

test('after its end nothing more is told', async () => {
  await start(1);
  reporter.stop();
  const before = sent.length;
  view = { ...VIEW, revision: '10' };
  sim.clock.runFor(30_000);
  expect(sent).toHaveLength(before);
});

describe('the state of the configuration', () => {
  const problem = { text: '', publicText: '', revision: '9', keys: [], keyCount: 0, sinceMs: 0 };
  test.each([
    ['current', VIEW],
    ['refused', { ...VIEW, problem, isLastGood: true }],
    ['held', { ...VIEW, held: { because: 'x', waits: true } }],
    ['current', { ...VIEW, held: { because: 'x', waits: false } }],
    ['last good', { ...VIEW, isLastGood: true, connected: false }],
    ['unread', { ...VIEW, connected: false, lost: { reason: 'x', sinceMs: 0 } }],
  ])('%s', (state, of) => {
    expect(configurationReport(of, true).state).toBe(state);
  });

  test('is held where something else is in force', () => {
    const { inForce: _, ...other } = VIEW;
    expect(configurationReport(other, true)).toEqual({ state: 'held', seen: '9' });
  });
});

/** `show route … explain`, `debug` and `dump` on a daemon that runs, on simulated time. */
import { beforeEach, describe, expect, test } from 'vitest';
import { load } from './birdcl-compat/conf/test-support.ts';
import { FakeClient } from './birdcl-compat/cli/test-support.ts';
import { Daemon } from './daemon.ts';
import { ControlView } from './daemon-view.ts';
import { ATTR, FLAG } from './rib/attrs/codes.ts';
import { u32Bytes } from './rib/attrs/edit.ts';
import { openPolicy, SimRouter } from './reflector/sim/router.ts';
import { attrs } from './reflector/sim/star.ts';
import { SimWorld } from './speaker/sim/speakers.ts';

const TEXT = `router id 1.1.1.100;
function refuses(int len) { if len > 28 then reject; return false; }
filter out {
  if net ~ [ 172.16.1.0/24 ] then {
    reject;
  }
  if refuses(net.len) then reject;
  if net ~ [ 172.16.2.0/24 ] then bgp_med = 7;
  accept;
}
template bgp clients {
  local 10.0.0.100 as 65000; rr client; hold time 9; connect delay time 1;
  ipv4 { import where net.len < 32; export filter out; };
}
protocol bgp a from clients { neighbor 10.0.0.1 as 65000; }
protocol bgp b from clients { neighbor 10.0.0.2 as 65000; }
`;

let sim: SimWorld;
let client: FakeClient;
let lines: string[];
let a: SimRouter;

beforeEach(async () => {
  sim = new SimWorld(3);
  lines = [];
  const { config } = load(TEXT);
  const log = (level: string, text: string): void => {
    lines.push(`${level}: ${text}`);
  };
  const daemon = new Daemon({
    clock: sim.clock,
    network: sim.network.host('10.0.0.100'),
    random: sim.random,
    log,
  });
  await daemon.start(config!);
  const routers: SimRouter[] = [];
  for (const number of [1, 2]) {
    const router = new SimRouter(sim, { address: `10.0.0.${number}`, routerId: `1.1.1.${number}` });
    await router.listen();
    router.policies.set('rr', openPolicy());
    router.addNeighbor('rr', { address: '10.0.0.100', as: 65000 } as SimRouter, {});
    routers.push(router);
  }
  a = routers[0]!;
  const b = routers[1]!;
  for (const prefix of ['172.16.0.0/24', '172.16.1.0/24', '172.16.2.0/24', '172.16.3.0/30', '172.16.4.0/32'])
    a.setRoute(prefix, attrs(a));
  b.setRoute(
    '172.16.0.0/24',
    attrs(b, (editor) => editor.set(ATTR.localPref, FLAG.transitive, u32Bytes(50))),
  );
  sim.clock.runFor(30_000);
  const view = new ControlView({
    daemon,
    clock: sim.clock,
    hostname: 'rr',
    path: 'bird.conf',
    load: () => ({ errors: [], warnings: [], dialects: [] }),
    watchLog: () => () => undefined,
    residentBytes: () => 1,
    configured: () => undefined,
    shutdown: () => undefined,
    log,
  });
  client = new FakeClient(view);
});

/** The line of a gate, without its name's padding. */
function gate(answer: string, name: string): string | undefined {
  const line = answer.split('\n').find((text) => text.includes(`\t${name.padEnd(15)} `));
  return line?.slice(line.indexOf('\t') + 17).replace(/ {2,}/, ' ');
}

describe('explain', () => {
  test.each([
    ['172.16.0.0/24', 'ok out: accept at bird.conf:9', 'ok announced'],
    ['172.16.1.0/24', 'STOPPED out: reject at bird.conf:5', 'STOPPED not announced'],
    ['172.16.2.0/24', 'ok out: accept, with changes at bird.conf:9', 'ok announced'],
    ['172.16.3.0/30', 'STOPPED out: reject at bird.conf:2', 'STOPPED not announced'],
  ])('%s to b stops or passes at a line of the filter', (prefix, filter, wire) => {
    const answer = client.ask(`show route ${prefix} export b explain`);
    expect(gate(answer, 'export filter')).toBe(filter);
    expect(gate(answer, 'on the wire')).toBe(wire);
    expect(gate(answer, 'split horizon')).toBe('ok it came from a');
    expect(gate(answer, 'reflection')).toBe('ok from a client to a client');
  });

  test('says which step decided, and what was not taken', () => {
    expect(client.ask('show route 172.16.0.0/24 explain')).toMatch(
      /lost {5}the best path has: higher local preference \(RFC 4271 9\.1\.1\)\n0000 \n$/,
    );
    expect(gate(client.ask('show route 172.16.4.0/32 explain'), 'import')).toContain('STOPPED not eligible');
    expect(gate(client.ask('show route 172.16.0.0/24 export a explain'), 'split horizon')).toBe(
      'STOPPED it came from this neighbour',
    );
    expect(client.ask('show route 172.99.0.0/16 export a explain')).toBe('8001 Network not found\n');
  });
});

test('tables are counted without a walk, and what a neighbour sent is there before its filter', () => {
  expect(client.ask('show route count table master4')).toBe(
    '1007-5 of 5 routes for 4 networks in table master4\n0000 \n',
  );
  a.setRoute('172.16.0.0/24', undefined);
  a.setRoute('172.16.1.0/24', undefined);
  sim.clock.runFor(5000);
  expect(client.ask('show route count table master4')).toContain('1007-3 of 3 routes for 3 networks');
  const sent = client.ask('show route import table a.ipv4').split('\n');
  expect(sent.filter((line) => line.includes('[a '))).toHaveLength(3);
});

test('debug counts for the daemon that runs, for protocols and channels', () => {
  const traced = (request: string): string[] => {
    expect(client.ask(request)).toBe('0000 \n');
    lines = [];
    a.setRoute('172.16.9.0/24', attrs(a));
    sim.clock.runFor(5000);
    a.setRoute('172.16.9.0/24', undefined);
    sim.clock.runFor(5000);
    return lines.filter((line) => line.startsWith('trace'));
  };
  expect(traced('debug a { routes }')).toEqual([
    expect.stringContaining('trace: a.ipv4 > added [best] 172.16.9.0/24'),
    expect.stringContaining('trace: a.ipv4 > removed [sole] 172.16.9.0/24'),
  ]);
  expect(traced('debug a.ipv4 off')).toEqual([]);
  expect(traced('debug "?" off')).toEqual([]);
  expect(traced('debug b.ipv4 { routes }').length).toBe(2);
  expect(traced('debug all { packets }').some((line) => line.includes('a: '))).toBe(true);
});

test.each([
  ['resources', 'debug: Routing tables: '],
  ['sockets', 'debug: a: 10.0.0.100 port '],
  ['events', 'debug: table master4: 0 networks to decide'],
  ['interfaces', 'debug: a: any interface'],
  ['neighbors', 'debug: a: 10.0.0.1, AS 65000, up, Established'],
  ['attributes', 'debug: attribute sets: '],
  ['routes', 'debug: table master4 (ipv4): 5 routes, 4 networks, '],
  ['protocols', 'debug: a: BGP, up ipv4 4 imported'],
  ['filter all', 'debug: filter out: 4 statements from bird.conf:4'],
])('dump %s', (kind, line) => {
  lines = [];
  expect(client.ask(`dump ${kind}`)).toBe('0000 \n');
  expect(lines.map((text) => text.slice(0, line.length))).toContain(line);
});

test('restarted statics and reloads answer as in BIRD', () => {
  expect(client.ask('reload a')).toBe('0015-a: reloading\n0000 \n');
  expect(client.ask('disable b')).toBe('0009-b: disabled\n0000 \n');
  expect(client.ask('reload b')).toBe('0008-b: already disabled\n0000 \n');
});

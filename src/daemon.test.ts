/** The daemon on a simulated network, driven by configurations as a person writes them. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Daemon } from './daemon.ts';
import { describePlan } from './daemon-plan.ts';
import { ATTR, FLAG } from './rib/attrs/codes.ts';
import { AttrEditor } from './rib/attrs/edit.ts';
import { DECISION } from './rib/source-registry.ts';
import { openPolicy, SimRouter } from './reflector/sim/router.ts';
import type { SessionConfig } from './speaker/config.ts';
import { familyConfig, SimWorld } from './speaker/sim/speakers.ts';
import { configOf } from './test-support.ts';

const UP_MS = 30_000;

let sim: SimWorld;
let daemon: Daemon;
let lines: string[];

function newDaemon(): Daemon {
  return new Daemon({
    clock: sim.clock,
    network: host,
    random: sim.random,
    log: (level, text) => lines.push(`${level}: ${text}`),
  });
}

let host: ReturnType<SimWorld['network']['host']>;

beforeEach(() => {
  sim = new SimWorld(3);
  host = sim.network.host('10.0.0.100');
  lines = [];
  daemon = newDaemon();
});

/** A reflector with clients `a` and `b`. */
function text(options = '', filter = 'accept;', extra = ''): string {
  return `router id 1.1.1.100;
filter taken { ${filter} }
template bgp clients {
  local 10.0.0.100 as 65000; rr client; hold time 9; connect delay time 1; ${options}
  ipv4 { import filter taken; export all; };
}
protocol bgp a from clients { neighbor 10.0.0.1 as 65000; ${extra} }
protocol bgp b from clients { neighbor 10.0.0.2 as 65000; }
`;
}

async function client(number: number, options: Partial<SessionConfig> = {}): Promise<SimRouter> {
  const router = new SimRouter(sim, { address: `10.0.0.${number}`, routerId: `1.1.1.${number}` });
  await router.listen();
  router.policies.set('rr', openPolicy());
  const rr = { address: '10.0.0.100', as: 65000 } as SimRouter;
  router.addNeighbor('rr', rr, options);
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

/** How many networks a router has from `rr`. */
function heard(router: SimRouter): number {
  return router.reflector.peers.get('rr')?.channels[0]?.adjRibIn.imported ?? 0;
}

async function start(configuration = text()): Promise<[SimRouter, SimRouter]> {
  await daemon.start(configOf(configuration));
  const pair: [SimRouter, SimRouter] = [await client(1), await client(2)];
  announce(pair[0], '172.16.0.0/16', '172.17.1.0/24');
  sim.clock.runFor(UP_MS);
  return pair;
}

function sessionsMade(): number[] {
  return ['a', 'b'].map((name) => daemon.speaker.session(name)!.counters.established);
}

describe('another configuration', () => {
  test('that means the same touches nothing', async () => {
    await start(text('', 'if net.len > 30 then reject; accept;'));
    const policy = daemon.reflector.peers.get('a')!.policy;
    const next = configOf(
      `# a comment\n\n${text('', 'if (net.len > 30) then\n    reject; # hosts\n  accept;')}`,
    );
    expect([...daemon.plan(next).changes]).toEqual([]);
    void daemon.reconfigure(next);
    sim.clock.runFor(UP_MS);
    expect(sessionsMade()).toEqual([1, 1]);
    expect(daemon.reflector.peers.get('a')!.policy).toBe(policy);
    expect(daemon.reflector.groups.size).toBe(1);
  });

  test('with another import filter changes routes, not sessions', async () => {
    const [, b] = await start();
    expect(heard(b)).toBe(2);
    for (const [filter, expected] of [
      ['if net.len > 20 then reject; accept;', 1],
      ['accept;', 2],
    ] as const) {
      const next = configOf(text('', filter));
      expect(daemon.plan(next).changes.get('a')).toBe('reconfigured');
      void daemon.reconfigure(next);
      sim.clock.runFor(UP_MS);
      expect(heard(b)).toBe(expected);
    }
    expect(sessionsMade()).toEqual([1, 1]);
    expect(b.speaker.session('rr')!.counters.established).toBe(1);
  });

  test('softly changes no route before a reload', async () => {
    const [, b] = await start();
    void daemon.reconfigure(configOf(text('', 'if net.len > 20 then reject; accept;')), true);
    sim.clock.runFor(UP_MS);
    expect(heard(b)).toBe(2);
    expect(daemon.act('reload in', 'a', undefined)).toBe('done');
    sim.clock.runFor(UP_MS);
    expect(heard(b)).toBe(1);
  });

  // As BIRD's bgp_reconfigure, channel_reconfigure and bgp_channel_reconfigure class them.
  test.each([
    ['description "x";', 'in place (description)'],
    ['debug { states };', 'in place (debug)'],
    ['ipv4 { preference 50; };', 'in place (ipv4 preference); its routes are looked at again'],
    ['ipv4 { import none; };', 'in place (ipv4 import); its routes are looked at again'],
    ['ipv4 { import keep filtered; };', 'in place (ipv4 import keep filtered)'],
    ['ipv4 { import limit 9; };', 'in place (ipv4 import limit)'],
    ['ipv4 { receive limit 9; };', 'in place (ipv4 receive limit)'],
    ['ipv4 { export limit 9; };', 'in place (ipv4 export limit)'],
    ['ipv4 { export none; };', 'in place (ipv4 export); the neighbour is sent the difference'],
    ['ipv4 { next hop self; };', 'in place (ipv4 next hop self); the neighbour is sent the difference'],
    ['ipv4 { next hop keep; };', 'in place (ipv4 next hop keep); the neighbour is sent the difference'],
    [
      'ipv4 { next hop address 10.0.0.9; };',
      'in place (ipv4 next hop address); the neighbour is sent the difference',
    ],
    ['ipv4 { aigp off; };', 'in place (ipv4 aigp); the neighbour is asked for its routes again'],
    ['ipv4 { mandatory; };', 'in place (ipv4 mandatory)'],
    ['ipv4 { require add paths; };', 'in place (ipv4 require add paths)'],
    ['ipv4 { add paths rx; };', 'restarts (ipv4 add paths)'],
    ['ipv4 { extended next hop; };', 'restarts (ipv4 extended next hop, ipv4 igp table)'],
    ['ipv4 { table t; };', 'restarts (ipv4 table, ipv4 igp table)'],
    ['ipv4 { graceful restart; };', 'restarts (ipv4 graceful restart)'],
    ['ipv6 { import all; };', 'restarts (ipv6 channel)'],
    ['rr client off;', 'restarts (rr client)'],
    ['rr cluster id 1.2.3.4;', 'restarts (rr cluster id)'],
    ['hold time 30;', 'restarts (hold time)'],
    ['keepalive time 3;', 'restarts (keepalive time)'],
    ['router id 9.9.9.9;', 'restarts (router id, rr cluster id)'],
    ['local 10.0.0.100 port 1790 as 65000;', 'restarts (local port)'],
    ['password "x";', 'restarts (password)'],
    ['path metric off;', 'restarts (path metric)'],
    ['allow local as 2;', 'restarts (allow local as)'],
    ['require route refresh;', 'restarts (require route refresh)'],
    ['enable as4 off;', 'restarts (enable as4)'],
    ['passive;', 'restarts (passive)'],
    ['error wait time 5, 9;', 'restarts (error wait time)'],
    ['disabled;', 'is disabled'],
  ])('with %s in it', async (extra, expected) => {
    await start(`ipv4 table t;\n${text()}`);
    const next = configOf(`ipv4 table t;\n${text('', 'accept;', extra)}`);
    const plan = daemon.plan(next);
    const inPlace = expected.startsWith('in place');
    expect(describePlan(plan)).toEqual([
      `a ${inPlace ? 'is changed ' : ''}${expected}`,
      '1 protocol stays as it is',
    ]);
    void daemon.reconfigure(next);
    sim.clock.runFor(UP_MS);
    expect(sessionsMade()[1]).toBe(1);
    expect(plan.changes.get('a')).toBe(
      inPlace ? 'reconfigured' : expected === 'is disabled' ? 'disabled' : 'restarted',
    );
    if (inPlace) expect(sessionsMade()[0]).toBe(1);
  });

  test('names what is added, removed and renamed; the rest stays', async () => {
    await start();
    const next = configOf(
      text().replace('protocol bgp a', 'protocol bgp c') + 'protocol static s { ipv4; }\n',
    );
    expect(describePlan(daemon.plan(next))).toEqual([
      'c, s are added',
      'a is removed',
      '1 protocol stays as it is',
    ]);
    void daemon.reconfigure(next);
    sim.clock.runFor(UP_MS);
    expect(lines.filter((line) => line.startsWith('info: ') && line.includes('protocol'))).toEqual([
      'info: Removing protocol a',
      'info: Adding protocol c',
      'info: Adding protocol s',
    ]);
    expect([...daemon.reflector.peers.keys()].sort()).toEqual(['b', 'c']);
    expect(daemon.speaker.session('b')!.counters.established).toBe(1);
  });

  test('without a channel that the neighbour has not agreed to keeps the session', async () => {
    await start(text('', 'accept;', 'ipv6 { import all; };'));
    const next = configOf(text());
    expect(describePlan(daemon.plan(next))[0]).toBe('a is changed in place (ipv6 channel)');
    void daemon.reconfigure(next);
    sim.clock.runFor(UP_MS);
    expect(sessionsMade()).toEqual([1, 1]);
    expect(daemon.speaker.session('a')!.config.families).toHaveLength(1);
    // The one that is in use is another matter, and so is one that has to be there.
    const mandatory = configOf(text('', 'accept;', 'ipv6 { import all; mandatory; };'));
    expect(describePlan(daemon.plan(mandatory))[0]).toBe('a restarts (ipv6 channel)');
  });

  test('with another router ID restarts protocols that have none of their own', async () => {
    const own = text('', 'accept;', 'router id 1.1.1.100; rr cluster id 1.1.1.100;');
    const [, b] = await start(own);
    const next = configOf(own.replace('router id 1.1.1.100', 'router id 1.1.1.200'));
    expect(describePlan(daemon.plan(next))).toEqual([
      'b restarts (router id, rr cluster id)',
      '1 protocol stays as it is',
    ]);
    void daemon.reconfigure(next);
    sim.clock.runFor(UP_MS);
    expect([heard(b), b.speaker.session('rr')!.negotiated!.remoteRouterId]).toEqual([2, 0x010101c8]);
    expect(daemon.speaker.session('a')!.counters.established).toBe(1);
  });

  test('makes tables and takes them away, with the routes in them', async () => {
    const [, b] = await start(`ipv4 table t;\n${text('', 'accept;', 'ipv4 { table t; };')}`);
    expect([heard(b), daemon.reflector.table('t').routes]).toEqual([0, 2]);
    void daemon.reconfigure(configOf(text()));
    sim.clock.runFor(UP_MS);
    expect([...daemon.reflector.tables.keys()]).toEqual(['master4', 'master6']);
    expect(heard(b)).toBe(2);
    // The same name for another family is another table.
    void daemon.reconfigure(configOf(`ipv6 table t;\n${text()}`));
    expect(daemon.reflector.table('t').family.name).toBe('ipv6');
    void daemon.reconfigure(configOf(`ipv4 table t;\n${text()}`));
    expect(daemon.reflector.table('t').family.name).toBe('ipv4');
    sim.clock.runFor(UP_MS);
    expect(sessionsMade()).toEqual([1, 1]);
  });

  test('changes static routes one by one', async () => {
    const statics = (routes: string, options = ''): string =>
      `${text()}protocol static s { ipv4 { ${options} }; ${routes} }\n`;
    const [, b] = await start(statics('route 10.1.0.0/16 blackhole; route 10.2.0.0/16 blackhole;'));
    expect(heard(b)).toBe(4);
    const { counters } = b.reflector.peers.get('rr')!.channels[0]!.adjRibIn;
    const before = { ...counters };
    void daemon.reconfigure(
      configOf(statics('route 10.1.0.0/16 blackhole; route 10.3.0.0/16 via 10.0.0.9;')),
    );
    sim.clock.runFor(UP_MS);
    expect(counters.updatesReceived - before.updatesReceived).toBe(1);
    expect(counters.withdrawsReceived - before.withdrawsReceived).toBe(1);
    void daemon.reconfigure(
      configOf(
        statics('route 10.1.0.0/16 blackhole; route 10.3.0.0/16 via 10.0.0.9;', 'import where net.len > 16;'),
      ),
    );
    sim.clock.runFor(UP_MS);
    expect(heard(b)).toBe(2);
    expect(lines).toContain('info: Reloading channel s.ipv4');
    void daemon.reconfigure(configOf(statics('disabled; route 10.1.0.0/16 blackhole;')));
    void daemon.reconfigure(configOf(statics('route 10.1.0.0/16 blackhole;')));
    sim.clock.runFor(UP_MS);
    expect(heard(b)).toBe(3);
    expect(lines.filter((line) => /abling protocol s/.test(line))).toEqual([
      'info: Disabling protocol s',
      'info: Enabling protocol s',
    ]);
  });

  test('enables again what was disabled by hand, as BIRD does', async () => {
    const [, b] = await start();
    expect(daemon.act('disable', 'a', undefined)).toBe('done');
    sim.clock.runFor(UP_MS);
    expect(heard(b)).toBe(0);
    const next = configOf(text());
    expect(describePlan(daemon.plan(next))).toEqual(['a is enabled', '1 protocol stays as it is']);
    void daemon.reconfigure(next);
    sim.clock.runFor(UP_MS);
    expect(heard(b)).toBe(2);
    expect(lines).toContain('info: Enabling protocol a');
  });

  test('takes time where sessions end, and none where nothing does', async () => {
    await start();
    expect(daemon.reconfigure(configOf(text('', 'reject;')))).toBeUndefined();
    const reconfiguring = daemon.reconfigure(configOf(text('hold time 30;')));
    expect(reconfiguring).toBeInstanceOf(Promise);
    sim.clock.runFor(1000);
    await reconfiguring;
    expect(lines.filter((line) => line.includes('Restarting'))).toEqual([
      'info: Restarting protocol a',
      'info: Restarting protocol b',
    ]);
  });

  test('in a range goes to the sessions that were made from it', async () => {
    const range = (options: string, channel = ''): string => `router id 1.1.1.100;
protocol bgp nodes {
  local 10.0.0.100 as 65000; rr client; hold time 9; ${options}
  neighbor range 10.0.0.0/24 as 65000; dynamic name "n";
  ipv4 { import all; export all; ${channel} };
}
`;
    await daemon.start(configOf(range('')));
    const [a, b] = [await client(1), await client(2)];
    announce(a, '172.16.0.0/16', '172.17.1.0/24');
    sim.clock.runFor(UP_MS);
    expect(heard(b)).toBe(2);
    void daemon.reconfigure(configOf(range('dynamic limit 5;', 'export where net.len > 16;')));
    sim.clock.runFor(UP_MS);
    expect([heard(b), b.speaker.session('rr')!.counters.established]).toEqual([1, 1]);
    expect(daemon.speaker.ranges()[0]!.config.limit).toBe(5);
    expect(lines.filter((line) => line.includes('Reloading'))).toEqual([
      'info: Reloading channel n1.ipv4',
      'info: Reloading channel n2.ipv4',
    ]);
    void daemon.reconfigure(configOf(range('hold time 30;')));
    sim.clock.runFor(UP_MS);
    expect([heard(b), b.speaker.session('rr')!.counters.established]).toEqual([2, 2]);
  });

  test('softly says what it does not do', async () => {
    await start();
    void daemon.reconfigure(configOf(text('', 'reject;', 'ipv4 { export none; };')), true);
    expect(lines.filter((line) => line.includes('Channel'))).toEqual([
      'info: Channel a.ipv4 changed import',
      'info: Channel a.ipv4 changed export',
      'info: Channel b.ipv4 changed import',
    ]);
  });

  test('says in which text a filter fails', async () => {
    const [a] = await start();
    void daemon.reconfigure(configOf(`\n\n${text('', 'if bgp_med / 0 > 1 then reject; accept;')}`));
    announce(a, '172.18.0.0/16');
    sim.clock.runFor(UP_MS);
    expect(lines.filter((line) => line.startsWith('error: filter taken')).join('\n')).toContain(
      'bird.conf:4:',
    );
  });
});

describe('debug', () => {
  /** Lines of the log about protocol `a`. */
  function traced(): string[] {
    return lines.filter((line) => line.startsWith('trace: a')).map((line) => line.slice('trace: '.length));
  }

  test.each([
    ['off', []],
    ['{ states }', ['a: Initializing', 'a: State changed to start', 'a: State changed to up']],
    [
      '{ events }',
      [
        'a: Started',
        'a: outgoing connection Idle -> Active',
        'a: incoming connection Idle -> Active',
        'a: incoming connection Active -> OpenSent',
        'a: incoming connection OpenSent -> OpenConfirm',
        'a: outgoing connection Active -> Idle',
        'a: incoming connection OpenConfirm -> Established',
        'a: BGP session established',
      ],
    ],
    [
      '{ packets }',
      [
        'a: Sending OPEN(ver=4,as=65000,hold=9,id=01010164)',
        'a: Got OPEN(as=65000,hold=9,id=1.1.1.1)',
        'a: Sending KEEPALIVE',
        'a: Got KEEPALIVE',
        'a: Got UPDATE',
        'a: Got UPDATE',
        'a: Got END-OF-RIB',
        'a: Sending END-OF-RIB',
      ],
    ],
    [
      '{ routes }',
      [
        'a.ipv4 > added [best] 172.16.0.0/16 0L 1G unreachable',
        'a.ipv4 > added [best] 172.17.1.0/24 0L 1G unreachable',
      ],
    ],
    [
      '{ filters }',
      [
        'a.ipv4 < rejected by protocol 172.16.0.0/16 0L 1G unreachable',
        'a.ipv4 < rejected by protocol 172.17.1.0/24 0L 1G unreachable',
      ],
    ],
  ])('%s says which lines of a session are logged', async (flags, expected) => {
    await daemon.start(configOf(text('passive;', 'accept;', `debug ${flags};`)));
    const a = await client(1);
    announce(a, '172.16.0.0/16', '172.17.1.0/24');
    sim.clock.runUntilTrue(() => daemon.reflector.peers.has('a'), UP_MS);
    sim.clock.runFor(1000);
    expect(traced().sort()).toEqual([...expected].sort());
  });

  test('{ events } tells how we connect', async () => {
    await daemon.start(configOf(text('', 'accept;', 'debug { events };')));
    sim.network.host('10.0.0.1');
    sim.clock.runFor(5000);
    expect(
      traced()
        .filter((line) => !line.includes('->'))
        .slice(0, 3),
    ).toEqual([
      'a: Started',
      'a: Connect delayed by 1 seconds',
      'a: Connecting to 10.0.0.1 from local address 10.0.0.100',
    ]);
  });

  test('tells what becomes of routes, once it is switched on', async () => {
    const [a, b] = await start();
    void daemon.reconfigure(configOf(text('debug { routes, filters };')));
    expect(traced()).toEqual([]);
    announce(b, '172.18.0.0/16');
    sim.clock.runFor(100);
    a.setRoute('172.17.1.0/24', undefined);
    sim.clock.runFor(100);
    void daemon.reconfigure(
      configOf(
        text(
          'debug { routes, filters };',
          'if net.len < 17 then reject; accept;',
          'ipv4 { export where net.len > 16; };',
        ),
      ),
    );
    sim.clock.runFor(100);
    expect(traced()).toEqual([
      'a.ipv4 < added 172.18.0.0/16 0L 1G unreachable',
      'a.ipv4 > removed [sole] 172.17.1.0/24 0L 2G unreachable',
      'a.ipv4 > filtered out 172.16.0.0/16 0L 2G unreachable',
      'a.ipv4 < filtered out 172.18.0.0/16 0L 1G unreachable',
      'a.ipv4 < removed 172.18.0.0/16 0L 1G unreachable',
    ]);
    void daemon.reconfigure(configOf(text()));
    lines.length = 0;
    announce(b, '172.19.0.0/16');
    sim.clock.runFor(100);
    expect(traced()).toEqual([]);
  });
});

test.each([
  ['', DECISION.pathMetric | DECISION.igpMetric],
  ['path metric off; igp metric off;', 0],
  [
    'med metric; prefer older;',
    DECISION.pathMetric | DECISION.igpMetric | DECISION.medMetric | DECISION.preferOlder,
  ],
])('the options of the decision, %s', async (options, expected) => {
  await start(text(options));
  const { source } = daemon.reflector.peers.get('a')!.channels[0]!.adjRibIn;
  expect(daemon.reflector.sources.decision[source]).toBe(expected);
});

describe('a graceful restart of our own', () => {
  const graceful: Partial<SessionConfig> = {
    gracefulRestart: 'on',
    families: [familyConfig(0, { gracefulRestart: true, forwardingPreserved: true })],
    connectRetryTimeS: 2,
  };

  test('keeps neighbours from losing a route, and sends nothing before all are back', async () => {
    const configuration = text('graceful restart; connect retry time 2;');
    await daemon.start(configOf(configuration));
    const [a, b] = [await client(1, graceful), await client(2, graceful)];
    announce(a, '172.16.0.0/16', '172.17.1.0/24');
    sim.clock.runFor(UP_MS);
    expect(heard(b)).toBe(2);
    const down = daemon.shutdown(true);
    sim.clock.runFor(1000);
    await down;
    daemon = newDaemon();
    await daemon.start(configOf(configuration), true);
    expect(daemon.recovery).toMatchObject({ protocols: 2, waitS: 240 });
    let least = 2;
    const done = sim.clock.runUntilTrue(() => {
      least = Math.min(least, b.reflector.table('master4').nets.size);
      return daemon.recovery === undefined;
    }, UP_MS);
    expect([done, least]).toEqual([true, 2]);
    expect(daemon.speaker.restarting).toBe(false);
    sim.clock.runFor(UP_MS);
    expect(heard(b)).toBe(2);
    expect(lines).toContain('info: Graceful restart done');
    expect(b.reports).toEqual([]);
  });

  test('does not wait for ever', async () => {
    await daemon.start(configOf(`graceful restart wait 20;\n${text('graceful restart;')}`), true);
    const a = await client(1, graceful);
    daemon.reconfiguredAt = 0;
    sim.clock.runFor(19_000);
    expect(daemon.recovery?.protocols).toBe(1);
    expect(daemon.reflector.exportIsDeferred).toBe(true);
    sim.clock.runFor(1500);
    expect(daemon.recovery).toBeUndefined();
    expect(lines).toContain('info: Graceful restart timeout');
    expect(a.speaker.session('rr')!.state).toBe('Established');
  });
});

import { describe, expect, it } from 'vitest';
import { formatDiagnostic, oneLine } from './diagnostics.ts';
import type { BgpProtocolConfig, DaemonConfig, StaticProtocolConfig } from './lowered.ts';
import type { SessionConfig } from '../../speaker/config.ts';
import { ACCEPTED, neighbor, REFLECTOR, REFUSED } from './samples.ts';
import { HOST, load, verdict } from './test-support.ts';

function config(text: string, files = {}): DaemonConfig {
  const result = load(text, files);
  expect(result.errors.map(formatDiagnostic)).toEqual([]);
  return result.config!;
}

function bgp(text: string, name: string): BgpProtocolConfig {
  const found = config(text).protocols.find((protocol) => protocol.name === name);
  if (found?.kind !== 'bgp') throw new Error(`no BGP protocol ${name}`);
  return found;
}

describe('accepted configurations', () => {
  it.each(ACCEPTED)('$name', ({ text }) => {
    expect(verdict(text)).toBe('OK');
  });
});

describe('refused configurations', () => {
  it.each(REFUSED)('$name', ({ text, error }) => {
    expect(verdict(text)).toBe(error);
  });

  it('show the line, a caret and a likely fix', () => {
    const [error] = load(neighbor('hodl time 3;')).errors;
    expect(formatDiagnostic(error!)).toBe(
      [
        "bird.conf:6:3 syntax error, unexpected 'hodl'",
        '    hodl time 3;',
        '    ^^^^',
        "  did you mean 'hold'?",
      ].join('\n'),
    );
  });

  it('point at the line that an error at the closing brace is about', () => {
    const text = 'router id 1.2.3.4;\nprotocol static {\n ipv6;\n route 10.0.0.0/8 blackhole;\n}\n';
    expect(load(text).errors[0]!.hint).toBe('the channel is ipv6; see bird.conf:4:2');
  });

  it('report errors in the order of the text, those of the checker before a later syntax error', () => {
    const { errors } = load('define a = 10.0.0.0/8 + 1;\nrouter id 1.2.3.4;\nprotocol nonsense { }\n');
    expect(errors.map(({ location }) => location.line)).toEqual([1, 3]);
  });
});

describe('notices', () => {
  it.each([
    ['check link', neighbor('direct; check link;'), "6:11 warning: 'check link' has no effect: a lost link"],
    [
      'deterministic med off',
      neighbor('deterministic med off;'),
      "6:3 warning: 'deterministic med off' has no effect",
    ],
    [
      'debug of interfaces',
      neighbor('debug { packets, interfaces };'),
      "6:3 warning: 'debug' logs states, routes, filters, events, packets; nothing is logged yet for interfaces",
    ],
    ['debug of channels', neighbor('', 'debug all;'), "7:10 warning: 'debug' of channels logs nothing yet"],
    [
      'requirements that cannot be met',
      neighbor('require as4; enable as4 off;'),
      '8:1 warning: AS4 support required but disabled',
    ],
    [
      'add paths that are required of nobody',
      neighbor('', 'require add paths;'),
      '8:1 warning: ADD-PATH required but not enabled',
    ],
  ])('say that %s does nothing', (_name, text, expected) => {
    const { config: accepted, warnings } = load(text);
    expect(accepted).toBeDefined();
    expect(warnings.map(oneLine)).toEqual([expect.stringContaining(`bird.conf:${expected}`) as never]);
  });

  it('stay away where an option asks for what is done anyway', () => {
    const quiet = 'check link off; deterministic med on; debug { states, events }; require as4;';
    expect(load(neighbor(quiet, 'import table; export table off;')).warnings).toEqual([]);
  });
});

describe('what options become', () => {
  it('a reflector with defaults of BIRD', () => {
    const protocol = bgp(neighbor(''), 'n1');
    expect(protocol.session).toEqual({
      kind: 'single',
      config: {
        name: 'n1',
        routerId: 0xc0000201,
        localAs: 64512,
        remoteAs: 64512,
        remoteAddress: { version: 4, words: [0x0a000001] },
        remotePort: 179,
        passive: false,
        multihop: 64,
        ttlSecurity: false,
        holdTimeS: 240,
        startupHoldTimeS: 240,
        connectRetryTimeS: 120,
        connectDelayTimeS: 5,
        errorWaitTimeS: [60, 300],
        errorForgetTimeS: 300,
        disableAfterError: false,
        sendHoldTimeS: 480,
        families: [
          {
            family: 0,
            addPathReceive: false,
            addPathSend: false,
            extendedNextHop: false,
            gracefulRestart: false,
            mandatory: false,
          },
        ],
        capabilities: true,
        as4: true,
        routeRefresh: true,
        enhancedRouteRefresh: true,
        extendedMessages: false,
        gracefulRestart: 'aware',
        gracefulRestartTimeS: 120,
        longLived: 'aware',
      },
    });
    expect(protocol).toMatchObject({
      internal: true,
      rrClient: false,
      clusterId: 0xc0000201,
      allowLocalAs: 0,
      interpretCommunities: true,
      decision: { defaultLocalPref: 100, pathMetric: true, medMetric: false },
    });
    expect(protocol.channels[0]).toMatchObject({
      table: 'master4',
      preference: 100,
      importFilter: { kind: 'accept' },
      exportFilter: { kind: 'reject' },
      nextHopKeep: 'no',
      gateway: 'recursive',
      igpTable4: 'master4',
      aigp: true,
    });
  });

  it('a protocol that inherits', () => {
    const protocol = bgp(REFLECTOR, 'Mesh_10_0_0_2');
    expect(protocol).toMatchObject({
      rrClient: true,
      clusterId: 0xc0000207,
      internal: true,
      localPort: 1790,
    });
    if (protocol.session.kind !== 'single') throw new Error('a single session');
    expect(protocol.session.config).toMatchObject({
      remoteAs: 64512,
      remotePort: 1790,
      passive: true,
      password: 'secret',
      connectRetryTimeS: 15,
      errorWaitTimeS: [5, 60],
      gracefulRestart: 'on',
      extendedMessages: true,
    });
    const [ipv4, ipv6] = protocol.channels;
    expect(ipv4).toMatchObject({
      addPathSend: true,
      addPathReceive: false,
      nextHopKeep: 'all',
      importKeepFiltered: true,
    });
    expect(ipv4!.importLimit).toBeUndefined();
    expect(ipv4!.receiveLimit).toEqual({ limit: 2000, action: 'disable' });
    expect(ipv4!.importFilter).toMatchObject({ kind: 'filter', name: 'clients_in' });
    expect(ipv6).toMatchObject({ importFilter: { kind: 'accept' }, nextHopKeep: 'ibgp' });
    expect(bgp(REFLECTOR, 'node1').channels[0]!.importLimit).toEqual({ limit: 1000, action: 'block' });
  });

  it('a range of neighbours', () => {
    expect(bgp(REFLECTOR, 'dyn').session).toMatchObject({
      kind: 'range',
      config: {
        prefix: { address: { version: 4, words: [0x0a000000] }, length: 24 },
        dynamicName: 'dyn_',
        dynamicDigits: 3,
        limit: 10_000,
      },
    });
    const limited = REFLECTOR.replace('dynamic name digits 3;', 'dynamic limit 5;');
    expect(bgp(limited, 'dyn').session).toMatchObject({ config: { limit: 5 } });
  });

  it('options of sessions that are not BIRD 2.0 yet, or rare', () => {
    const text = neighbor(
      'min hold time 30; min keepalive time 5; require route refresh; disable after cease { prefix limit hit, cease }; graceful restart;',
      'require add paths; add paths tx; require extended next hop; extended next hop;',
    );
    const { session } = bgp(text, 'n1');
    expect(session.config).toMatchObject({
      minHoldTimeS: 30,
      minKeepaliveTimeS: 5,
      require: { routeRefresh: true, as4: false },
      disableAfterCease: [1, 0],
      families: [{ requireAddPath: true, requireExtendedNextHop: true, forwardingPreserved: true }],
    });
  });

  it('long-lived graceful restart', () => {
    const text = neighbor(
      'long lived graceful restart; long lived stale time 60; max long lived stale time 90; min graceful restart time 7; require long lived graceful restart;',
      'min long lived stale time 9;',
    );
    const { session, channels } = bgp(text, 'n1');
    expect(session.config).toMatchObject({
      longLived: 'on',
      minRestartTimeS: 7,
      require: { longLivedGracefulRestart: true, gracefulRestart: false },
      families: [
        { longLived: true, staleTimeS: 60, minStaleTimeS: 9, maxStaleTimeS: 90, gracefulRestart: false },
      ],
    });
    expect(channels[0]).toMatchObject({ staleTimeS: 60, minStaleTimeS: 9, maxStaleTimeS: 90 });
    const off = bgp(neighbor('graceful restart off;'), 'n1');
    expect(off.session.config).toMatchObject({ longLived: 'off' });
    const one = bgp(neighbor('long lived graceful restart;', 'long lived graceful restart off;'), 'n1');
    expect(one.channels[0]!.longLived).toBe(false);
  });

  it.each([
    ['peer', 4],
    ['provider', 0],
    ['customer', 3],
    ['rs_server', 1],
    ['rs_client', 2],
  ])('role %s', (word, role) => {
    const text = neighbor(`local role ${word}; require roles;`, 'import all; export all;');
    const { session } = bgp(text.replace('10.0.0.1 as 64512', '10.0.0.1 as 1'), 'n1');
    expect(session.config).toMatchObject({ role, requireRole: true });
  });

  it('a confederation, seen from within the member AS, from another one and from outside', () => {
    const of = (options: string, as: number): BgpProtocolConfig => {
      const text = neighbor(`confederation 65000; ${options}`, 'import all; export all;');
      return bgp(text.replace('10.0.0.1 as 64512', `10.0.0.1 as ${as}`), 'n1');
    };
    const [own, member, outside] = [of('', 64512), of('confederation member;', 64513), of('', 64513)];
    const facts = [own, member, outside].map(({ session, confederation, channels }) => {
      const { publicAs, confederationMember } = session.config as SessionConfig;
      return [confederation, publicAs, confederationMember, channels[0]!.aigp];
    });
    expect(facts).toEqual([
      [65000, undefined, undefined, true],
      [65000, undefined, true, true],
      [65000, 65000, undefined, false],
    ]);
  });

  it('a host name of its own', () => {
    const { session } = bgp(neighbor('hostname "edge"; advertise hostname; disable rx;'), 'n1');
    expect(session.config).toMatchObject({ hostname: 'edge', disableReceive: true });
  });

  it('an external neighbour', () => {
    const protocol = bgp(REFLECTOR, 'upstream');
    expect(protocol).toMatchObject({ internal: false, rrClient: false });
    if (protocol.session.kind !== 'single') throw new Error('a single session');
    expect(protocol.session.config.multihop).toBeUndefined();
    expect(protocol.channels[0]).toMatchObject({ nextHopSelf: 'all', gateway: 'direct', aigp: false });
  });

  it('options of the daemon', () => {
    const daemon = config(REFLECTOR);
    expect(daemon).toMatchObject({
      routerId: 0xc0000201,
      hostname: 'rr1',
      gracefulRestartWaitS: 100,
      watchdogWarningMs: 2000,
      timeFormats: { protocol: { recent: '%F %T.%3f' } },
    });
    expect(daemon.log.map(({ to, classes }) => [to, classes.size])).toEqual([
      [{ kind: 'stderr' }, 9],
      [{ kind: 'syslog', name: 'bird' }, 7],
    ]);
    expect(daemon.tables.map(({ name, family }) => [name, family])).toEqual([
      ['master4', 0],
      ['master6', 1],
      ['extra', 0],
    ]);
    expect(daemon.protocols.map(({ name }) => name)).toEqual([
      'device1',
      'anchors',
      'node1',
      'Mesh_10_0_0_2',
      'dyn',
      'upstream',
    ]);
  });

  it('static routes', () => {
    const anchors = config(REFLECTOR).protocols[1] as StaticProtocolConfig;
    expect(anchors.channel).toMatchObject({
      table: 'master4',
      preference: 200,
      importFilter: { kind: 'accept' },
    });
    expect(anchors.routes.map(({ target }) => target)).toEqual([
      { kind: 'blackhole' },
      { kind: 'via', hops: [{ address: { version: 4, words: [0xc00002fe] }, onlink: false, weight: 1 }] },
      { kind: 'recursive', via: { version: 4, words: [0x0a000001] } },
      { kind: 'unreachable' },
    ]);
    expect(anchors.routes[1]!.attributes).toMatchObject({ kind: 'filter', end: 'accept' });
  });

  it('debugging of protocols, from the line on', () => {
    const text = `debug protocols { states, events };\n${neighbor('')}debug protocols off;\n`;
    expect([...bgp(text, 'n1').debug]).toEqual(['states', 'events']);
  });

  it('a log file with a limit', () => {
    const text = `log "/var/log/bird.log" 1000 "/var/log/bird.old" { debug };\n${neighbor('')}`;
    expect(config(text).log[0]!.to).toEqual({
      kind: 'file',
      path: '/var/log/bird.log',
      limitBytes: 1000,
      backup: '/var/log/bird.old',
    });
  });
});

describe('the router ID that nobody gave', () => {
  const text = 'protocol device {}\n';
  const address = (word: number): { version: 4; words: number[] } => ({ version: 4, words: [word] });

  it('is the lowest address of the host', () => {
    const interfaces = [
      { name: 'lo', address: address(0x7f000001) },
      { name: 'eth1', address: address(0x0a000009) },
      { name: 'eth0', address: address(0x0a000005) },
    ];
    expect(load(text, {}, { ...HOST, interfaces }).config!.routerId).toBe(0x0a000005);
    const from = load(`router id from "eth1";\n${text}`, {}, { ...HOST, interfaces });
    expect(from.config!.routerId).toBe(0x0a000009);
    const without = load(`router id from -10.0.0.5/32, "*";\n${text}`, {}, { ...HOST, interfaces });
    expect(without.config!.routerId).toBe(0x0a000009);
  });

  it('is asked for where the host has none', () => {
    expect(verdict(text)).toBe('bird.conf:1:1 Cannot determine router ID, please configure it manually');
  });
});

describe('include', () => {
  const main = 'include "more/*.conf";\ninclude "last.conf";\nrouter id ID;\n';

  it('takes files of a pattern in order, relative to the file', () => {
    const files = {
      './more/b.conf': 'define ID = A;\n',
      './more/a.conf': 'define A = 192.0.2.9;\n',
      './last.conf': 'protocol device { }\n',
    };
    expect(config(main, files).routerId).toBe(0xc0000209);
  });

  it('names the included file in errors', () => {
    const files = { './more/a.conf': '\n  nonsense;\n', './last.conf': '' };
    expect(verdict(main, files)).toBe("./more/a.conf:2:3 syntax error, unexpected 'nonsense'");
  });

  it('says which file is missing, and where it was asked for', () => {
    expect(verdict(main)).toBe(
      'bird.conf:2:10 Unable to open included file ./last.conf: No such file or directory',
    );
  });

  it('ends a loop of files', () => {
    expect(verdict('include "a.conf";\n', { './a.conf': 'include "a.conf";\n' })).toContain(
      'Max include depth reached',
    );
  });
});

describe('files that include each other', () => {
  it('end at the depth where BIRD gives up, however often each includes the other', () => {
    const again = 'include "a.conf";\n'.repeat(50);
    const { errors } = load(again, { './a.conf': again });
    expect(errors[0]!.message).toBe('Max include depth reached');
  });
});

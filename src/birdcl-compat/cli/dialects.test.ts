/** Answers in the words of each version of BIRD. The lines of BIRD 1.6 and 3 were compared with 1.6.8 and 3.3.2. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_DIALECT, parseSocketSpec, type SocketDialect } from './dialect.ts';
import { COMMAND_TABLE } from './command-table.ts';
import { FakeClient, FakeDaemon } from './test-support.ts';

const BIRD_1: SocketDialect = { ...DEFAULT_DIALECT, version: 1, family: 0 };
const BIRD_3: SocketDialect = { ...DEFAULT_DIALECT, version: 3, newNames: true };

function ask(dialect: SocketDialect, ...requests: string[]): string {
  const client = new FakeClient(new FakeDaemon(), dialect);
  return requests.map((request) => client.ask(request)).at(-1)!;
}

function lines(...text: string[]): string {
  return text.map((line) => `${line}\n`).join('');
}

describe('BIRD 1.6', () => {
  it('greets with its version, which Calico looks for', () => {
    expect(new FakeClient(new FakeDaemon(), BIRD_1).text).toBe('0001 BIRD v1.6.8 ready.\n');
  });

  it('show status', () => {
    expect(ask(BIRD_1, 'show status')).toBe(
      lines(
        '1000-BIRD v1.6.8',
        '1011-Router ID is 192.0.2.1',
        ' Current server time is 2026-01-02 03:04:06',
        ' Last reboot on 2026-01-02 03:04:05',
        ' Last reconfiguration on 2026-01-02 03:04:05',
        '0013 Daemon is up and running',
      ),
    );
  });

  it('show protocols', () => {
    expect(ask(BIRD_1, 'timeformat iso long', 'show protocols')).toBe(
      lines(
        '2002-name     proto    table    state  since       info',
        '1002-device1  Device   master   up     2026-01-02 03:04:05.678  ',
        ' anchors  Static   master   up     2026-01-02 03:04:05.678  ',
        ' node1    BGP      master   up     2026-01-02 03:04:05.678  Established   ',
        ' Mesh_10_0_0_2 BGP      master   start  2026-01-02 03:04:05.678  Active        Socket: Connection refused',
        '0000 ',
      ),
    );
  });

  it('show protocols all', () => {
    expect(ask(BIRD_1, 'show protocols all node1').split('\n').slice(2)).toEqual([
      '1006-  Description:    node one',
      '   Preference:     100',
      '   Input filter:   clients_in',
      '   Output filter:  (unnamed)',
      '   Import limit:   1000',
      '     Action:       block',
      '   Routes:         3 imported, 1 filtered, 2 exported, 3 preferred',
      '   Route change stats:     received   rejected   filtered    ignored   accepted',
      '     Import updates:              4          0          1          0          3',
      '     Import withdraws:            0          0        ---          0          0',
      '     Export updates:              3          1          0        ---          2',
      '     Export withdraws:            0        ---        ---        ---          0',
      '   BGP state:          Established',
      '     Neighbor address: 10.0.0.1',
      '     Neighbor AS:      64512',
      '     Neighbor ID:      10.0.0.1',
      '     Neighbor caps:    refresh enhanced-refresh restart-aware AS4',
      '     Session:          internal multihop route-reflector AS4',
      '     Source address:   192.0.2.1',
      '     Route limit:      4/1000',
      '     Hold timer:       74/90',
      '     Keepalive timer:  12/30',
      ' ',
      '0000 ',
      '',
    ]);
  });

  it('show route is one line a route, without headings', () => {
    const [first, second] = ask(BIRD_1, 'show route').split('\n');
    expect(first).toMatch(
      /^1007-10\.65\.0\.0\/16 {6,}via 10\.0\.0\.1 on eth0 \[node1 \S+( \S+)? from 10\.0\.0\.9\] \* \(100s?\/5\) \[/,
    );
    expect(second).toMatch(/^ {20}blackhole \[anchors .*\] \(50\)$/);
    expect(ask(BIRD_1, 'show route all for 10.65.1.1')).toContain('1008-\tType: BGP unicast univ\n');
  });

  it.each([
    ['show route count', '0014 6 of 6 routes for 3 networks\n'],
    ['show route table master count', '9001 Table name required\n'],
    ['show route 10.99.0.0/16', '8001 Network not in table\n'],
    ['show route export Mesh_10_0_0_2', '8005 Protocol is down\n'],
    ['show protocols nobody', '9002 nobody is not a protocol\n'],
    [
      'show memory',
      '1018-BIRD memory usage\n Routing tables:    125 kB\n Total:              50 MB\n0000 \n',
    ],
    ['show roa', '9001 No ROA table defined\n'],
    ['add roa 10.0.0.0/8 max 16 as 1', '9001 No ROA table defined\n'],
    ['reload anchors', '0000 \n'],
  ])('%s', (request, answer) => {
    expect(ask(BIRD_1, request)).toBe(answer);
  });

  it.each(['configure status', 'show mpls ranges', 'graceful restart', 'dump filter all'])(
    'has no %s',
    (request) => {
      expect(ask(BIRD_1, request)).toMatch(/^9001 syntax error/);
    },
  );

  it('shows one family alone', () => {
    const six: SocketDialect = { ...BIRD_1, family: 1 };
    expect(ask(six, 'show protocols')).not.toContain('node1');
    expect(ask(six, 'show protocols')).toContain('device1');
    expect(ask(six, 'show route')).toBe('0000 \n');
    expect(ask(six, 'show route count')).toBe('0014 0 of 0 routes for 0 networks\n');
  });
});

describe('BIRD 3', () => {
  it('has seven columns of counters and states of both directions', () => {
    const answer = ask(BIRD_3, 'show protocols all node1');
    expect(answer).toContain('1006-  Description:        node one\n');
    expect(answer).toContain('     Import state:   UP\n     Export state:   READY\n');
    expect(answer).toContain('received   rejected   filtered    ignored   RX limit      limit   accepted\n');
    expect(answer).toContain(
      'Import withdraws:            0          0        ---          0        ---        ---          0\n',
    );
  });

  it('names attributes in its way', () => {
    const answer = ask(BIRD_3, 'show route all for 10.65.1.1');
    expect(answer).toMatch(/1012-\tpreference: 100\n \tfrom: 10\.0\.0\.9\n \tsource: BGP\n/);
    expect(answer).toContain('\tbgp_path: ');
    expect(answer).not.toContain('BGP.');
    const mixed = { ...DEFAULT_DIALECT, newNames: true };
    expect(ask(mixed, 'show route all for 10.65.1.1')).toContain('\tbgp_path: ');
    expect(ask(mixed, 'show protocols all node1')).not.toContain('RX limit');
  });
});

describe('protocols that there are none of', () => {
  it.each([
    ['show bfd sessions', '9001 There is no BFD protocol running\n'],
    ['show bfd sessions node1', '9001 node1: Not a BFD protocol\n'],
    ['show ospf', '9001 There is no OSPF protocol running\n'],
    ['show ospf lsadb area 1 type 2 self', '9001 There is no OSPF protocol running\n'],
    ['show ospf topology all', '9001 There is no OSPF protocol running\n'],
    ['show rip neighbors node1', '9001 node1: Not a RIP protocol\n'],
    ['show babel entries', '9001 There is no Babel protocol running\n'],
    ['show mpls ranges', '9001 No MPLS domain defined\n'],
  ])('%s answers as BIRD does', (request, answer) => {
    expect(ask(DEFAULT_DIALECT, request)).toBe(answer);
  });
});

describe('logs', () => {
  function logged(...requests: string[]): string[] {
    const daemon = new FakeDaemon();
    const client = new FakeClient(daemon);
    for (const request of requests) expect(client.ask(request)).toBe('0000 \n');
    return daemon.log;
  }

  it('debug sets what protocols and channels log', () => {
    expect(logged('debug "node*" { states, routes }', 'debug node1.ipv4 all', 'debug all off')).toEqual([
      'debug node1 states routes',
      'debug node1.ipv4 states routes filters interfaces events packets',
      'debug device1 ',
      'debug anchors ',
      'debug node1 ',
      'debug Mesh_10_0_0_2 ',
    ]);
  });

  it('dump goes into them', () => {
    expect(logged('dump filter all', 'dump routes')).toEqual([
      'debug: all about filter all',
      'debug: all about routes',
    ]);
  });

  it.each([
    ['debug "zz*" all', '8003 No protocols match\n'],
    ['debug node1.ipv6 all', '9001 Channel node1.ipv6 not found\n'],
    ['debug node1 { interfaces }', '1006-Nothing is logged of: interfaces\n0000 \n'],
    ['mrtdump all off', '0000 \n'],
    ['mrtdump all all', '0000 \n'],
    ['mrtdump "zz*" all', '8003 No protocols match\n'],
    [
      'mrtdump anchors { states }',
      '1006-Nothing is dumped: the configuration has no \'mrtdump "FILE";\'\n0000 \n',
    ],
    ['mrtdump anchors off', '0000 \n'],
    ['mrt dump', '9001 Table not specified\n'],
    ['mrt dump to "x"', '9001 Table not specified\n'],
    ['mrt dump table master4', '9001 File not specified\n'],
    ['mrt dump table nosuch to "x"', '9001 Table name required\n'],
    ['dump routes "file"', '9001 not built: dumps into files; without a file they go into the log\n'],
  ])('%s', (request, answer) => {
    expect(ask(DEFAULT_DIALECT, request)).toBe(answer);
  });
});

describe('timeformat', () => {
  it.each([
    ['timeformat iso short', '03:04:05'],
    ['timeformat iso short us', '03:04:05.678000'],
    ['timeformat iso long ms', '2026-01-02 03:04:05.678'],
    ['timeformat "at %H"', 'at 03'],
    ['timeformat "%j %U %V %W %u %w %C %g %G %l %P"', '002 00 01 00 5 5 20 26 2026  3 am'],
    ['timeformat "%c, %x %X %r"', 'Fri Jan  2 03:04:05 2026, 01/02/26 03:04:05 03:04:05 AM'],
    ['timeformat "%T" 1 "%F"', '03:04:05'],
  ])('%s', (format, time) => {
    expect(ask(DEFAULT_DIALECT, format, 'show status')).toContain(` Last reboot on ${time}\n`);
  });
});

describe('a restricted connection', () => {
  // BIRD 2.19.2 answers so; `configure status`, `echo`, `eval`, `timeformat` and all that shows stay open.
  const refused = [
    'configure',
    'configure soft',
    'configure check',
    'configure confirm',
    'configure undo',
    'enable',
    'disable',
    'restart',
    'reload',
    'reload in',
    'reload out',
    'debug',
    'mrtdump',
    'mrt dump',
    'down',
    'graceful restart',
    'add roa',
    'delete roa',
    'flush roa',
  ];

  it('is refused what changes something, and nothing else', () => {
    const dumps = COMMAND_TABLE.map(({ words }) => words).filter((words) => words.startsWith('dump '));
    expect(
      COMMAND_TABLE.filter(({ changes }) => changes)
        .map(({ words }) => words)
        .sort(),
    ).toEqual([...refused, ...dumps].sort());
    const restricted = { ...DEFAULT_DIALECT, restricted: true };
    expect(ask(restricted, 'disable node1')).toBe('8007 Access denied\n');
    expect(ask(restricted, 'eval 1')).toBe('0023 1\n');
    expect(ask(restricted, 'restrict')).toBe('0016 Access restricted\n');
  });
});

describe('explain', () => {
  it('has lines of codes that clients print, and ends as any answer', () => {
    const answer = ask(DEFAULT_DIALECT, 'show route 10.65.1.0/24 export node1 explain').split('\n');
    expect(answer[0]).toBe('1007-Table master4:');
    expect(answer.slice(3)).toEqual([
      '1008-\tdecision        best     best of 2 paths',
      expect.stringMatching(/^1007- {21}blackhole \[anchors /),
      '1008-\tdecision        lost     the best path has: higher preference (BIRD)',
      ' \tto node1.ipv4, the path from node1: not sent',
      ' \tbest path       ok       it is the best of its network',
      ' \texport filter   STOPPED  clients_out: reject at bird.conf:7',
      '0000 ',
      '',
    ]);
  });

  it.each([
    ['show route explain', "9001 'explain' is about one network: give its prefix, or 'for' an address\n"],
    [
      'show route in 10.0.0.0/8 explain',
      "9001 'explain' is about one network: give its prefix, or 'for' an address\n",
    ],
    ['show route 10.65.1.0/24 noexport node1 explain', "9001 'explain' goes with 'export'\n"],
  ])('%s', (request, answer) => {
    expect(ask(DEFAULT_DIALECT, request)).toBe(answer);
  });
});

describe('the words of a socket', () => {
  it.each([
    ['/run/bird.ctl', '/run/bird.ctl', DEFAULT_DIALECT],
    ['/run/bird6.ctl:bird1,ipv6', '/run/bird6.ctl', { ...BIRD_1, family: 1 }],
    ['/run/lg.ctl:restrict', '/run/lg.ctl', { ...DEFAULT_DIALECT, restricted: true }],
    ['x:bird3', 'x', BIRD_3],
    ['/run/a:b.ctl', '/run/a:b.ctl', DEFAULT_DIALECT],
    ['/run/a:bird9', '/run/a:bird9', DEFAULT_DIALECT],
  ])('%s', (text, path, dialect) => {
    expect(parseSocketSpec(text)).toEqual({ path, dialect });
  });

  it('leave what the files say where they are about restriction alone', () => {
    expect(parseSocketSpec('x:restrict', BIRD_1).dialect).toEqual({ ...BIRD_1, restricted: true });
    expect(parseSocketSpec('x:bird2', BIRD_1).dialect).toEqual(DEFAULT_DIALECT);
  });
});

import { describe, expect, it } from 'vitest';
import { FakeClient, FakeDaemon } from './test-support.ts';

function ask(...requests: string[]): string {
  const client = new FakeClient(new FakeDaemon());
  return requests.map((request) => client.ask(request)).at(-1)!;
}

function lines(...text: string[]): string {
  return text.map((line) => `${line}\n`).join('');
}

describe('show', () => {
  it('status', () => {
    expect(ask('show status')).toBe(
      lines(
        '1000-BIRD 2.0.12',
        '1011-Router ID is 192.0.2.1',
        ' Hostname is rr1',
        ' Current server time is 2026-01-02 03:04:06.678',
        ' Last reboot on 2026-01-02 03:04:05.678',
        ' Last reconfiguration on 2026-01-02 03:04:05.678',
        '0013 Daemon is up and running',
      ),
    );
  });

  it('protocols', () => {
    expect(ask('show protocols')).toBe(
      lines(
        '2002-Name       Proto      Table      State  Since         Info',
        '1002-device1    Device     ---        up     2026-01-02 03:04:05.678  ',
        ' anchors    Static     master4    up     2026-01-02 03:04:05.678  ',
        ' node1      BGP        ---        up     2026-01-02 03:04:05.678  Established   ',
        ' Mesh_10_0_0_2 BGP        ---        start  2026-01-02 03:04:05.678  Active        Socket: Connection refused',
        '0000 ',
      ),
    );
  });

  it('protocols all, of one', () => {
    expect(ask('show protocols all node1')).toBe(
      lines(
        '2002-Name       Proto      Table      State  Since         Info',
        '1002-node1      BGP        ---        up     2026-01-02 03:04:05.678  Established   ',
        '1006-  Description:    node one',
        '   BGP state:          Established',
        '     Neighbor address: 10.0.0.1',
        '     Neighbor AS:      64512',
        '     Local AS:         64512',
        '     Neighbor ID:      10.0.0.1',
        '     Local capabilities',
        '       Multiprotocol',
        '         AF announced: ipv4',
        '       Route refresh',
        '       Graceful restart',
        '       4-octet AS numbers',
        '       Enhanced refresh',
        '     Neighbor capabilities',
        '       Multiprotocol',
        '         AF announced: ipv4',
        '       Route refresh',
        '       Graceful restart',
        '       4-octet AS numbers',
        '       Enhanced refresh',
        '     Session:          internal multihop route-reflector AS4',
        '     Source address:   192.0.2.1',
        '     Hold timer:       74.500/90',
        '     Keepalive timer:  12.250/30',
        '   Channel ipv4',
        '     State:          UP',
        '     Table:          master4',
        '     Preference:     100',
        '     Input filter:   clients_in',
        '     Output filter:  (unnamed)',
        '     Import limit:   1000',
        '       Action:       block',
        '     Routes:         3 imported, 1 filtered, 2 exported, 3 preferred',
        '     Route change stats:     received   rejected   filtered    ignored   accepted',
        '       Import updates:              4          0          1          0          3',
        '       Import withdraws:            0          0        ---          0          0',
        '       Export updates:              3          1          0        ---          2',
        '       Export withdraws:            0        ---        ---        ---          0',
        '     BGP Next hop:   192.0.2.1',
        '     IGP IPv4 table: master4',
        ' ',
        '0000 ',
      ),
    );
  });

  it.each([
    ['show protocols "node*"', 3],
    ['show protocols "*"', 6],
    ['show protocols all "Mesh*"', 19],
  ])('%s', (request, count) => {
    expect(ask(request).split('\n').length - 1).toBe(count);
  });

  it.each([
    ['show protocols "zzz*"', '8003 No protocols match\n'],
    ['show protocols nobody', "9001 syntax error, unexpected 'nobody', expecting a protocol\n"],
    ['show protocols master4', '9001 Protocol name required: master4 is not a protocol\n'],
    ['show protocols node1 more', "9001 syntax error, unexpected 'more'\n"],
  ])('%s', (request, answer) => {
    expect(ask(request)).toBe(answer);
  });

  it('memory', () => {
    expect(ask('show memory')).toBe(
      lines(
        '1018-BIRD memory usage',
        '                   Effective    Overhead',
        ' Routing tables:   5000.0  B    120.6 kB',
        ' Total:              50.0 MB      0.0  B',
        '0000 ',
      ),
    );
  });

  it('update groups', () => {
    expect(ask('show status groups')).toBe(
      lines(
        '1006-Group 3',
        '   Table:            master4',
        '   Channel:          ipv4',
        '   Neighbours:       internal clients',
        '   Output filter:    clients_out',
        '   Routes:           2',
        '   Waiting:          1 networks',
        '   Sent:             40 updates, 2 withdraws',
        '   Log:              262144 bytes',
        '   Members:          2, 1 not current',
        '     node1                             0 bytes  current',
        '     Mesh_10_0_0_2                  8192 bytes  behind',
        ' ',
        '0000 ',
      ),
    );
  });

  it('symbols', () => {
    expect(ask('show symbols function')).toBe('1010-is_rack \tfunction\n mark    \tfunction\n0000 \n');
    expect(ask('show symbols MY_AS')).toBe('1010 MY_AS   \tconstant\n');
  });
});

const ROUTE = [
  '10.65.1.0/24         unicast [node1 03:04:05.678 from 10.0.0.9] * (100/5) [i]',
  '\tvia 10.0.0.1 on eth0',
  '                     blackhole [anchors 03:04:05.678] (50)',
];

describe('show route', () => {
  it('with headings', () => {
    const answer = ask('show route table master4').split('\n');
    expect(answer.slice(0, 5)).toEqual([
      '1007-Table master4:',
      ' 10.65.0.0/16         unicast [node1 03:04:05.678 from 10.0.0.9] * (100/5) [i]',
      ' \tvia 10.0.0.1 on eth0',
      '                      blackhole [anchors 03:04:05.678] (50)',
      ` ${ROUTE[0]!}`,
    ]);
    expect(answer.slice(-2)).toEqual(['0000 ', '']);
  });

  it('for one address, the network and its attributes', () => {
    expect(ask('show route for 10.66.0.1 all protocol node1')).toBe(
      lines(
        '1007-Table master4:',
        ' 10.66.0.0/16         unicast [node1 03:04:05.678 from 10.0.0.9] * (100/5) [i]',
        ' \tvia 10.0.0.1 on eth0',
        '1008-\tType: BGP univ',
        '1012-\tBGP.origin: IGP',
        ' \tBGP.as_path: 65001 65002 65003 {7 8}',
        ' \tBGP.next_hop: 10.0.0.1',
        ' \tBGP.med: 50',
        ' \tBGP.local_pref: 100',
        ' \tBGP.community: (1,2) (65000,1)',
        ' \tBGP.originator_id: 1.2.3.4',
        ' \tBGP.ext_community: (rt, 1, 2) (ro, 0.10.0.0, 5)',
        ' \tBGP.large_community: (1, 2, 3) (4, 5, 6)',
        '0000 ',
      ),
    );
  });

  it.each([
    ['show route 10.65.1.0/24', [`1007-Table master4:`, ...ROUTE.map((line) => ` ${line}`), '0000 ']],
    ['show route 10.99.0.0/16', ['8001 Network not found']],
    ['show route for 2001:db8::1', ['8001 Network not found']],
    [
      'show route count',
      [
        '1007-6 of 6 routes for 3 networks in table master4',
        ' 0 of 0 routes for 0 networks in table master6',
        '0014 Total: 6 of 6 routes for 3 networks in 2 tables',
      ],
    ],
    ['show route table master4 count', ['1007-6 of 6 routes for 3 networks in table master4', '0000 ']],
    [
      'show route table master4 protocol anchors count',
      ['1007-3 of 6 routes for 3 networks in table master4', '0000 '],
    ],
    ['show route in 10.65.0.0/16 count', ['1007-4 of 4 routes for 2 networks in table master4', '0000 ']],
    [
      'show route where net.len = 24 count table master4',
      ['1007-2 of 6 routes for 3 networks in table master4', '0000 '],
    ],
    [
      'show route filter clients_in count table master4',
      ['1007-4 of 6 routes for 3 networks in table master4', '0000 '],
    ],
    ['show route export node1 count', ['1007-2 of 6 routes for 3 networks in table master4', '0000 ']],
    ['show route export node1.ipv4 count', ['1007-2 of 6 routes for 3 networks in table master4', '0000 ']],
    ['show route noexport Mesh_10_0_0_2', ['9001 No valid tables']],
    ['show route export node1.ipv6', ['9001 Channel node1.ipv6 not found']],
    ['show route protocol nobody', ['9001 nobody is not a protocol']],
    ['show route table nowhere', ['9001 Table name required']],
    ['show route table master6 10.0.0.0/8', ['9001 Incompatible type of prefix/ip for table master6']],
    ['show route filtered primary', ['9001 Incompatible show route options']],
    ['show route where 1', ['9001 Condition of if must be of type bool, got type int']],
    ['show route 10.0.0.1/8', ['9001 Invalid IPv4 prefix 10.0.0.1/8, maybe you wanted 10.0.0.0/8']],
    ['show route primray', ["9001 syntax error, unexpected 'primray' (did you mean 'primary'?)"]],
  ])('%s', (request, answer) => {
    expect(ask(request)).toBe(lines(...answer));
  });
});

describe('what changes something', () => {
  it.each([
    ['disable node1 "bye"', '0009-node1: disabled\n0000 \n', 'disable node1 bye'],
    ['enable node1', '0010-node1: already enabled\n0000 \n', 'enable node1'],
    ['restart "n*"', '0012-node1: restarted\n0000 \n', 'restart node1'],
    ['reload in node1', '0015-node1: reloading\n0000 \n', 'reload in node1'],
    ['reload anchors', '0000 \n', 'reload anchors'],
    [
      'configure',
      '0002-Reading configuration from /etc/bird.conf\n0003 Reconfigured\n',
      'configure {"soft":false}',
    ],
    [
      'configure soft timeout 20',
      '0002-Reading configuration from /etc/bird.conf\n0022-Undo scheduled in 20 s\n0003 Reconfigured\n',
      'configure {"soft":true,"timeoutS":20}',
    ],
    [
      'configure "x.conf"',
      '0002-Reading configuration from x.conf\n8002 x.conf:3:4 syntax error\n',
      'configure {"path":"x.conf","soft":false}',
    ],
    [
      'configure check',
      '0002-Reading configuration from /etc/bird.conf\n1006-node1 restarts (hold time)\n0020 Configuration OK\n',
      undefined,
    ],
    [
      'configure timeout',
      '0002-Reading configuration from /etc/bird.conf\n0022-Undo scheduled in 300 s\n0003 Reconfigured\n',
      'configure {"soft":false,"timeoutS":300}',
    ],
    [
      'configure timeout 0',
      '0002-Reading configuration from /etc/bird.conf\n0003 Reconfigured\n',
      'configure {"soft":false,"timeoutS":0}',
    ],
    ['configure undo', '0021-Undo requested\n0019 Nothing to do\n', undefined],
    [
      'configure check "y.conf"',
      '0002-Reading configuration from y.conf\n8002 y.conf:3:4 syntax error\n',
      undefined,
    ],
    [
      'configure check "none.conf"',
      '0002-Reading configuration from none.conf\n8002 none.conf: No such file or directory\n',
      undefined,
    ],
    ['configure confirm', '0018 Reconfiguration confirmed\n', undefined],
    ['down', '0007 Shutdown requested\n', 'shutdown'],
    ['graceful restart', '0025 Graceful restart requested\n', 'shutdown, graceful'],
  ])('%s', (request, answer, logged) => {
    const daemon = new FakeDaemon();
    expect(new FakeClient(daemon).ask(request)).toBe(answer);
    expect(daemon.log).toEqual(logged === undefined ? [] : [logged]);
    expect(ask('restrict', request)).toBe('8007 Access denied\n');
  });

  it('says that a configuration is undone to who asked for it', () => {
    const daemon = new FakeDaemon();
    const client = new FakeClient(daemon);
    client.ask('configure timeout 5');
    client.text = '';
    daemon.undoing();
    expect(client.text).toBe('+Config timeout expired, starting undo\n');
  });

  it('tells whether a configuration is under way, to restricted clients too', () => {
    expect(ask('restrict', 'configure status')).toBe(
      '0004-Reconfiguration in progress\n0022-Configuration unconfirmed, undo in 4.998 s\n0000 \n',
    );
  });

  it('ends the daemon only after the answer was written', () => {
    const daemon = new FakeDaemon();
    const client = new FakeClient(daemon);
    daemon.shutdown = () => daemon.log.push(client.text);
    client.text = '';
    client.session.received('down\n');
    expect(daemon.log).toEqual(['0007 Shutdown requested\n']);
  });
});

describe('others', () => {
  it('eval', () => {
    expect(ask('eval MY_AS + 1')).toBe('0023 64513\n');
    expect(ask('eval 1 / 0')).toBe('8008 Runtime error (Mother told me not to divide by 0)\n');
  });

  it.each([
    [0, []],
    [1, ['info: CLI connect', 'info: CLI connection closed']],
    [2, ['info: CLI connect', 'trace: CLI: restrict', 'info: CLI connection closed']],
  ])('are logged as debug commands %i says', (level, lines) => {
    const daemon = new FakeDaemon();
    Object.assign(daemon, { config: { ...daemon.config, debugCommands: level } });
    const client = new FakeClient(daemon);
    client.ask('restrict');
    client.session.closed();
    expect(daemon.log).toEqual(lines);
  });

  it('echo sends log lines beside answers, until the connection ends', () => {
    const daemon = new FakeDaemon();
    const client = new FakeClient(daemon);
    expect(client.ask('echo { warning, error }')).toBe('+a log line\n0000 \n');
    client.session.closed();
    expect(daemon.log).toEqual(['watch warning error', 'unwatch']);
  });
});

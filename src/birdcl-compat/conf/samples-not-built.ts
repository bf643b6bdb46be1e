/** Configurations that BIRD takes and Catbird reads whole, to refuse what it cannot do. */

export interface NotBuiltSample {
  readonly name: string;
  readonly text: string;
  /** `line:column message` of each thing that is refused, in order. */
  readonly refused: readonly string[];
  /** BIRD 2.0.12 does not have it yet. */
  readonly newer?: boolean;
}

const HEAD = 'router id 192.0.2.1;\nprotocol device {}\n';

function protocol(kind: string, body: string, before = ''): string {
  return `${before}${HEAD}protocol ${kind} {\n${body}\n}\n`;
}

export const NOT_BUILT: readonly NotBuiltSample[] = [
  {
    name: 'a limit on routes that filters look into',
    text: protocol(
      'static',
      'roa4 { table r; import limit 5; };\nroute 10.0.0.0/8 max 9 as 1;',
      'roa4 table r;\n',
    ),
    refused: ["5:17 'import limit' is not built yet"],
  },
  {
    name: 'a limit on the networks of the host',
    text: protocol('direct', 'ipv4 { import limit 5; };'),
    refused: ["4:8 'import limit' is not built yet"],
  },
  {
    name: 'a pipe of tables of another type',
    text: protocol(
      'pipe',
      'table r1; peer table r2; import all; export all;',
      'roa4 table r1; roa4 table r2;\n',
    ),
    refused: ['4:10 a pipe of roa4 tables is not built yet'],
  },
  {
    name: 'bfd',
    text: protocol(
      'bfd b',
      'accept ipv4 direct; strict bind; interface "eth*" { interval 1 s; multiplier 5; passive; };\n' +
        'multihop { min rx interval 10 ms; min tx interval 20 ms; idle tx interval 1 s;\n' +
        'authentication meticulous keyed sha1; password "x" { id 3; from "2020-01-01"; }; };\n' +
        'neighbor 10.0.0.1 dev "eth0" local 10.0.0.2;',
    ),
    refused: ['3:10 not built yet: bfd'],
  },
  {
    name: 'rpki',
    text: protocol(
      'rpki',
      'roa4 { table r; }; remote "cache.example" port 3323; retry keep 90; refresh 900; expire keep 172800;\n' +
        'transport tcp;',
      'roa4 table r;\n',
    ),
    refused: ['4:10 not built yet: rpki'],
  },
  {
    name: 'mrt of other routes',
    text: protocol('mrt', 'table f; filename "/tmp/x"; period 60;', 'flow4 table f;\n'),
    refused: ['4:10 dumps of flow4 tables are not built yet'],
  },
  {
    name: 'bmp',
    text: protocol(
      'bmp',
      'station address ip 10.0.0.1 port 1790; monitoring rib in pre_policy; tx buffer limit 4;\n' +
        'system name "x"; system description "y"; local address 10.0.0.2;',
    ),
    refused: ['3:10 not built yet: bmp'],
    newer: true,
  },
  {
    name: 'aggregator',
    text: protocol(
      'aggregator',
      'table master4; peer table t; import all; export all; aggregate on net, bgp_path; merge by { accept; };',
      'ipv4 table t;\n',
    ),
    refused: ['4:10 not built yet: aggregator'],
    newer: true,
  },
  {
    name: 'l3vpn and MPLS',
    text: protocol(
      'l3vpn',
      'ipv4 { table master4; }; vpn4 { table v; }; mpls { label policy vrf; };\n' +
        'rd 65000:1; import target [ (rt, 1, 2) ]; export target (rt, 1, 2);',
      'mpls domain d { label range r { start 100; length 10; }; };\nmpls table m;\nvpn4 table v;\n',
    ),
    refused: [
      '1:1 MPLS domains are not built yet',
      "7:45 'mpls' channels are not built yet",
      '6:10 not built yet: l3vpn',
    ],
    newer: true,
  },
  {
    name: 'evpn and bridge',
    text: protocol(
      'evpn',
      'eth { table e; }; evpn { table v; }; rd 65000:1; route target (rt, 1, 2); vni 5;\n' +
        'encapsulation vxlan { tunnel device "vx0"; router address 10.0.0.1; }; vlan 10 { range 2; };\n}\n' +
        'protocol bridge {\n eth { table e; }; bridge device "br0"; vlan filtering;',
      'eth table e;\nevpn table v;\n',
    ),
    refused: ['5:10 not built yet: evpn', '9:10 not built yet: bridge'],
    newer: true,
  },
  {
    name: 'what BGP sessions cannot do',
    text: protocol(
      'bgp b',
      'local 10.0.0.9 as 1;\nneighbor 10.0.0.1 as 2;\nvrf "red";\n' +
        'ipv4 { import all; export all; cost 5; };',
    ),
    refused: ["6:1 'vrf' is not built yet", "7:32 'cost' is not built yet"],
  },
  {
    name: 'what newer BGP sessions cannot do',
    text: protocol(
      'bgp b',
      'local 10.0.0.9 as 1;\nneighbor 10.0.0.1 as 2;\nauthentication ao;\n' +
        'keys { key { id 1; secret "x"; algorithm cmac aes128; preferred; }; };',
    ),
    refused: ["6:1 'authentication ao' is not built yet", "7:1 'keys' is not built yet"],
    newer: true,
  },
  {
    name: 'logs that go elsewhere',
    text: `log udp 10.0.0.1 port 514 all;\nlog fixed "/tmp/x" 100000 all;\n${HEAD}`,
    refused: ["1:5 'log udp' is not built yet", "2:5 'log fixed' is not built yet"].map((line) =>
      line.replace(':5', ':1'),
    ),
    newer: true,
  },
];

/** What is accepted with a notice on each of these lines. */
export const NOTICED: readonly {
  readonly name: string;
  readonly text: string;
  /** `line:column` and what the notice is about. */
  readonly notices: readonly string[];
  readonly newer?: boolean;
}[] = [
  {
    name: 'BFD without a BFD protocol',
    text: protocol('bgp b', 'local 10.0.0.9 as 1;\nneighbor 10.0.0.1 as 1;\nbfd graceful;'),
    notices: ["6:1 'bfd' has no effect without 'protocol bfd'"],
  },
  {
    name: 'BFD options without a BFD protocol',
    text: protocol(
      'bgp b',
      'local 10.0.0.9 as 1;\nneighbor 10.0.0.1 as 1;\nbfd { interval 1 s; graceful; };',
    ),
    notices: ["6:1 'bfd' has no effect without 'protocol bfd'"],
    newer: true,
  },
  {
    name: 'roles within a confederation',
    text: protocol(
      'bgp b',
      'local 10.0.0.9 as 1;\nneighbor 10.0.0.1 as 2;\nconfederation 9; confederation member; local role peer;',
    ),
    notices: ['7:1 BGP roles are not recommended to be used within AS confederations'],
    newer: true,
  },
  {
    name: 'static routes of other types',
    text: protocol(
      'static',
      'flow4 { table f; };\nroute flow4 { dst 10.0.0.0/8; proto = 6 || > 17 && < 20; dport 80, 443, 8000..8100;\n' +
        'tcp flags !0x2/0x2 && 0x10/0x10; fragment !is_fragment || last_fragment; dscp >= 10; };\n}\n' +
        'protocol static {\n roa6 { table r; };\n route 2001:db8::/32 max 48 as 65000;',
      'flow4 table f;\nroa6 table r;\n',
    ),
    notices: [
      '1:1 table f stays empty',
      '6:1 protocol static1 does nothing',
      '11:2 protocol static2 is not shown',
    ],
  },
  {
    name: 'kernel and direct',
    text: `${HEAD}protocol kernel k4 {\n  ipv4 { export all; };\n  learn; persist on; scan time 20; kernel table 5; metric 64;\n  merge paths on limit 4; graceful restart;\n}\nprotocol kernel { ipv6; disabled; }\nprotocol direct {\n  ipv4; ipv6 sadr { table t1; };\n  interface "eth*", -"lo", 10.0.0.0/8; check link;\n}\n`.replace(
      HEAD,
      `ipv6 sadr table t1;\n${HEAD}`,
    ),
    notices: ['1:1 table t1 stays empty', "4:10 'protocol kernel' has no effect"],
  },
  {
    name: 'dumps of sessions without a file',
    text: `mrtdump protocols all;\n${HEAD}protocol bgp {\n  mrtdump off;\n  local as 1; neighbor 10.0.0.1 as 1; direct;\n  ipv4;\n}\nprotocol bgp {\n  local as 1; neighbor 10.0.0.2 as 1; direct;\n  ipv4;\n}\n`,
    notices: ["9:10 'mrtdump' of protocols has no effect without a file: add 'mrtdump \"FILE\";'"],
  },
  {
    name: 'timing and links',
    text: `debug latency on;\nwatchdog timeout 5 s;\nipv4 table t {\n  gc period 5 s;\n}\n${HEAD}protocol static {\n  ipv4 { table t; };\n  check link;\n  igp table master4;\n  route 10.0.0.0/8 via 10.1.1.1 via 10.1.1.2;\n}\n`,
    notices: [
      "1:1 'debug latency' has no effect",
      "2:1 'watchdog timeout' has no effect",
      "4:3 'gc period' has no effect",
      "11:3 'igp table' has no effect",
    ],
  },
  {
    name: 'paths behind the best one',
    text: `ipv4 table t sorted;\n${HEAD}protocol bgp {\n  local as 1; neighbor 10.0.0.1 as 1; direct;\n  ipv4 { table t; secondary; };\n}\nprotocol static {\n  ipv4;\n  route 10.0.0.0/8 via "eth0";\n}\n`,
    notices: ["6:19 'secondary' has no effect"],
  },
  {
    name: 'threads and control sockets',
    text: `threads 4;\ncli "/tmp/x.ctl" { restrict; };\n${HEAD}`,
    notices: ["1:1 'threads' has no effect"],
    newer: true,
  },
  {
    name: 'settings of BIRD 3',
    text: `thread group g { threads 2; max time 5 ms; }\nipv4 table t { export settle time 1 s 2 s; cork threshold 5 6; thread group g; };\n${HEAD}`,
    notices: [
      "1:1 'thread group' has no effect",
      "2:16 'export settle time' has no effect",
      "2:44 'cork threshold' has no effect",
      "2:64 'thread group' has no effect",
    ],
    newer: true,
  },
];

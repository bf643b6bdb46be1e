/** Configurations for tests; real BIRD is asked about each of them too. */

/** A text that both accept. */
export interface Accepted {
  readonly name: string;
  readonly text: string;
}

/** A text that both refuse on the same line. */
export interface Refused {
  readonly name: string;
  readonly text: string;
  /** The whole first line of the answer. */
  readonly error: string;
  /** BIRD accepts it: Catbird refuses what it cannot do. */
  readonly onlyHere?: boolean;
  /** BIRD's line where it differs: BIRD gives line 1, or the last line, for what it misses at the end of a file. */
  readonly birdLine?: string;
}

const HEAD = 'router id 192.0.2.1;\nprotocol device {}\n';

/** A neighbour with options in its braces. */
export function neighbor(options: string, channel = ''): string {
  return `${HEAD}protocol bgp n1 {\n  local as 64512;\n  neighbor 10.0.0.1 as 64512;\n  ${options}\n  ipv4 { ${channel} };\n}\n`;
}

function filter(body: string): string {
  return `${HEAD}filter f {\n  ${body}\n}\n`;
}

export const REFLECTOR = `# A reflector for a rack
log stderr all;
log syslog name "bird" { info, remote, warning, error, auth, fatal, bug };
router id 192.0.2.1;
debug protocols { states };
timeformat protocol iso long ms;
watchdog warning 2 s;
graceful restart wait 100;
hostname "rr1";

define MY_AS = 64512;
define CLIENTS = [ 10.0.0.1..10.0.0.9, 10.0.0.20 ];

ipv4 table extra;

function is_rack() {
  return net ~ [ 10.65.0.0/16+, 10.66.0.0/16{24,28} ];
}

function mark(int n)
int k;
{
  k = n + 1;
  bgp_community.add((MY_AS, k));
}

filter clients_in {
  if ! is_rack() then reject;
  if bgp_path.len > 20 then { print "long ", net; reject; }
  if bgp_path ~ [= * 666 * =] then reject;
  if (64512, 666) ~ bgp_community then reject;
  if bgp_community ~ [ (64512, 1..9), (65000, *) ] then bgp_local_pref = 200;
  if bgp_ext_community ~ [ (rt, 1, *) ] then bgp_med = 5;
  if bgp_large_community ~ [ (1, 2, *) ] then unset(bgp_med);
  case bgp_origin {
    ORIGIN_IGP: mark(1);
    ORIGIN_EGP, ORIGIN_INCOMPLETE: mark(2);
    else: reject;
  }
  accept;
}

protocol device { scan time 10; }

protocol static anchors {
  ipv4;
  route 10.65.0.0/16 blackhole;
  route 192.0.2.0/24 via 192.0.2.254 { bgp_community.add((64512, 3)); };
  route 198.51.100.0/24 recursive 10.0.0.1;
  route 203.0.113.0/24 unreachable;
}

template bgp clients {
  local 192.0.2.1 port 1790 as MY_AS;
  rr client;
  rr cluster id 192.0.2.7;
  multihop;
  hold time 90;
  keepalive time 30;
  connect retry time (10 + 5);
  connect delay time 1;
  error wait time 5, 60;
  graceful restart;
  password "secret";
  enable extended messages;
  ipv4 {
    import filter clients_in;
    export where source = RTS_BGP && bgp_local_pref > 50;
    import limit 1000 action block;
    export limit 1000 action block;
    receive limit 2000;
    import keep filtered;
    add paths tx;
    next hop keep;
    extended next hop;
  };
  ipv6 {
    import all;
    export all;
  };
}

protocol bgp node1 from clients {
  neighbor 10.0.0.1 as MY_AS;
  description "node one";
}

protocol bgp Mesh_10_0_0_2 from clients {
  neighbor 10.0.0.2 port 1790 internal;
  passive on;
  ipv4 { import limit off; };
}

protocol bgp dyn from clients {
  neighbor range 10.0.0.0/24 as MY_AS;
  dynamic name "dyn_";
  dynamic name digits 3;
}

protocol bgp upstream {
  local as 64512;
  neighbor 10.9.9.9 as 64999;
  ipv4 { import where net.len <= 24; export none; next hop self; };
}
`;

export const ACCEPTED: readonly Accepted[] = [
  { name: 'a whole reflector', text: REFLECTOR },
  { name: 'comments of both kinds', text: `/* one\ntwo */ ${HEAD} # three\n` },
  { name: 'constant from an expression', text: `define A = 2 * (3 + 4);\n${neighbor('hold time A;')}` },
  { name: 'router id from a constant', text: 'define ID = 10.1.2.3;\nrouter id ID;\nprotocol device {}\n' },
  { name: 'router id as a number', text: 'router id 3232235777;\nprotocol device {}\n' },
  { name: 'symbol in apostrophes', text: neighbor('').replace('n1', "'node-1.rack:2'") },
  {
    name: 'protocols without names',
    text: `${HEAD}protocol device;\n`.replace('device;', 'static { ipv4; }'),
  },
  {
    name: 'booleans in every spelling',
    text: neighbor(
      'passive on; rr client yes; ttl security off; path metric 1; med metric no; igp metric 0;',
    ),
  },
  { name: 'direct internal neighbour', text: neighbor('direct; check link;') },
  { name: 'multihop with a number', text: neighbor('multihop 4;') },
  { name: 'source address and strict bind', text: neighbor('source address 10.0.0.9; strict bind;') },
  { name: 'link-local neighbour', text: neighbor('direct;').replace('10.0.0.1', "fe80::1%'eth0.5'") },
  {
    name: 'all timers',
    text: neighbor(
      'startup hold time 9; connect retry time 3; connect delay time 0; error wait time 1, 2; error forget time 9; hold time 0;',
    ),
  },
  {
    name: 'what BGP may not do',
    text: neighbor(
      'capabilities; enable as4 off; enable route refresh off; interpret communities off; allow local as; allow local as 2; allow bgp_local_pref; allow as sets;',
    ),
  },
  {
    name: 'defaults of attributes',
    text: neighbor('default bgp_med 7; default bgp_local_pref 5; deterministic med; prefer older;'),
  },
  {
    name: 'long-lived graceful restart',
    text: neighbor(
      'long lived graceful restart; long lived stale time 60;',
      'long lived graceful restart off; long lived stale time 16777215;',
    ),
  },
  { name: 'awareness of long-lived graceful restart', text: neighbor('long lived graceful restart aware;') },
  {
    name: 'a role',
    text: neighbor('local role rs_server; require roles;', 'import all; export all;').replace(
      /neighbor 10\.0\.0\.1 as \d+/,
      'neighbor 10.0.0.1 as 64999',
    ),
  },
  {
    name: 'a confederation',
    text: neighbor('confederation 65000; confederation member;').replace(
      /neighbor 10\.0\.0\.1 as \d+/,
      'neighbor 10.0.0.1 as 64999',
    ),
  },
  {
    name: 'graceful restart in full',
    text: neighbor('graceful restart aware; graceful restart time 10;', 'graceful restart;'),
  },
  { name: 'hostname and description', text: neighbor('advertise hostname; description "x";') },
  { name: 'disabled with debug', text: neighbor('disabled; debug { states, routes, filters };') },
  {
    name: 'limits with actions',
    text: neighbor(
      '',
      'import limit 10 action warn; receive limit 11 action restart; export limit 12; export limit off;',
    ),
  },
  { name: 'tables of import and export', text: neighbor('', 'import table; export table on;') },
  { name: 'add paths', text: neighbor('', 'add paths rx; add paths on;') },
  {
    name: 'next hop options',
    text: neighbor(
      '',
      'next hop self ibgp; next hop keep ebgp; next hop address 10.0.0.7; extended next hop; mandatory;',
    ),
  },
  {
    name: 'gateway and igp table',
    text: neighbor('', 'gateway recursive; igp table master4; preference 70; aigp off;'),
  },
  {
    name: 'Cease that disables',
    text: neighbor(
      'disable after cease; disable after cease { cease, prefix limit hit, connection rejected };',
    ),
  },
  {
    name: 'options that ask for what is done anyway',
    text: neighbor('deterministic med off; check link off; setkey on;', 'secondary off; import table off;'),
  },
  {
    name: 'debugging that logs nothing',
    text: `debug channels all;\ndebug protocols all;\ndebug commands 2;\n${neighbor('debug all;', 'debug { routes };')}`,
  },
  {
    name: 'logs of all kinds',
    text: `log syslog name "bird" all;\nlog "/tmp/bird.log" 1000 "/tmp/bird.old" { debug, trace };\n${HEAD}`,
  },
  {
    name: 'time formats and watchdog',
    text: `timeformat base iso short us;\ntimeformat log "%F %T" 3600 "%F";\nwatchdog warning 5 s;\nwatchdog timeout 0 s;\n${HEAD}`,
  },
  {
    name: 'static channel with limits that are off',
    text: `${HEAD}protocol static { ipv4 { import limit off; export limit off; preference 150; }; check link off; route 10.0.0.0/8 via 10.1.1.1 onlink weight 3; }\n`,
  },
  {
    name: 'a pipe',
    text: `ipv4 table t;\n${HEAD}protocol pipe { table master4; peer table t; import where net.len > 8; export all; import limit 9 action block; export limit 5; debug { routes }; }\n`,
  },
  {
    name: 'a pipe that inherits',
    text: `ipv6 table t;\n${HEAD}template pipe twins { table master6; peer table t; import none; }\nprotocol pipe p from twins { export where net.len = 32; description "x"; }\n`,
  },
  {
    name: 'dumps of tables',
    text: `ipv4 table t;\n${HEAD}define WHERE = "/tmp/x";\nprotocol mrt { table "*"; filename "/tmp/%N-%F"; period 60; where net.len < 20; always add path on; }\nprotocol mrt m { table t; filename WHERE; period (30 * 2); filter { accept; }; always add path; debug { events }; }\n`,
  },
  {
    name: 'dumps of tables that inherit',
    text: `${HEAD}template mrt often { table master4; filename "/tmp/x"; period 3; }\nprotocol mrt from often { period 9; }\n`,
  },
  {
    name: 'dumps of sessions',
    text: `mrtdump "/tmp/x";\nmrtdump protocols { states, messages };\n${HEAD}protocol static { ipv4; mrtdump { states }; }\n`,
  },
  {
    name: 'interfaces of device',
    text: 'router id 1.2.3.4;\nprotocol device {\n  scan time 5;\n  interface "eth*" { preferred 10.0.0.1; };\n}\n',
  },
  { name: 'table with options', text: `ipv4 table t { sorted; }\n${HEAD}` },
  { name: 'filter in place', text: neighbor('', 'import filter { if net.len > 24 then reject; accept; };') },
  {
    name: 'filter in place with declarations',
    text: neighbor('', 'import filter int i; { i = 1; accept; };'),
  },
  {
    name: 'nested blocks and else',
    text: filter('if net.len = 8 then { accept; } else if net.len = 9 then reject; else accept;'),
  },
  { name: 'for over a path', text: filter('for int a in bgp_path do if a = 1 then reject; accept;') },
  {
    name: 'for over communities',
    text: filter('for pair c in bgp_community do { if c.asn = 1 then reject; } accept;'),
  },
  {
    name: 'path operations',
    text: filter('bgp_path.prepend(1); bgp_path.delete([1..2]); bgp_path = prepend(bgp_path, 3); accept;'),
  },
  {
    name: 'list operations',
    text: filter(
      'bgp_community.empty; bgp_community.delete([(1,*)]); bgp_ext_community.add((ro, 1, 2)); bgp_large_community.filter([(1,*,*)]); bgp_community = add(-empty-, (1,2)); accept;',
    ),
  },
  { name: 'path masks', text: filter('if bgp_path ~ [= 1 ? 2..3 [4, 5] * =] then accept; reject;') },
  {
    name: 'comparison of unlike values',
    text: filter('if bgp_originator_id = 10.0.0.1 then accept; if from = 10.0.0.1 then reject; accept;'),
  },
  { name: 'strings', text: filter('if proto ~ "bgp*" then accept; if proto = "x" then reject; accept;') },
  { name: 'defined', text: filter('if defined(bgp_med) && ! defined(bgp_aggregator) then accept; reject;') },
  { name: 'preference', text: filter('preference = 50; if preference > 3 then accept; reject;') },
  { name: 'IPv6 sets', text: filter('if net ~ [2001:db8::/32{48,64}, ::/0] then accept; reject;') },
  { name: 'set of addresses', text: filter('if from ~ [10.0.0.1, 10.0.0.5..10.0.0.9] then accept; reject;') },
  {
    name: 'recursive function',
    text: `function f(int a) {\n  if a = 0 then return 0;\n  return f(a - 1);\n}\n${HEAD}`,
  },
  { name: 'quad constants', text: filter('quad q; q = 1.2.3.4; bgp_originator_id = q; accept;') },
  { name: 'print', text: filter('print "a", net, bgp_path; printn "b"; accept "yes";') },
  {
    name: 'static routes of all kinds',
    text: `${HEAD}protocol static { ipv6; route 2001:db8::/32 via 2001:db8:1::1 weight 2; route ::/0 prohibit; check link off; }\n`,
  },
];

export const REFUSED: readonly Refused[] = [
  {
    name: 'unknown option',
    text: neighbor('holdtime 3;'),
    error: "bird.conf:6:3 syntax error, unexpected 'holdtime'",
  },
  {
    name: 'hold time of 2',
    text: neighbor('hold time 2;'),
    error: 'bird.conf:6:13 Hold time must be in range 3-65535 or zero',
  },
  {
    name: 'unknown constant',
    text: neighbor('hold time FOO;'),
    error: "bird.conf:6:13 syntax error, unexpected 'FOO': Constant expected",
  },
  {
    name: 'missing semicolon',
    text: neighbor('hold time 3\n  passive;'),
    error: "bird.conf:7:3 syntax error, unexpected 'passive', expecting ';'",
  },
  {
    name: 'prefix with host bits',
    text: 'define x = 10.0.0.1/8;\n',
    error: 'bird.conf:1:21 Invalid IPv4 prefix 10.0.0.1/8, maybe you wanted 10.0.0.0/8',
  },
  {
    name: 'address out of range',
    text: 'define x = 10.0.0.300;\n',
    error: 'bird.conf:1:12 Invalid IPv4 address 10.0.0.300',
  },
  {
    name: 'condition that is a number',
    text: filter('if 1 then accept; reject;'),
    error: 'bird.conf:4:6 Condition of if must be of type bool, got type int',
  },
  {
    name: 'unknown template',
    text: `${HEAD}protocol bgp x from nothing { }\n`,
    error: "bird.conf:3:21 syntax error, unexpected 'nothing': Template or protocol name expected",
  },
  {
    name: 'no neighbour',
    text: `${HEAD}protocol bgp x {\n  local as 1;\n}\n`,
    error: 'bird.conf:5:1 Neighbor must be configured',
  },
  {
    name: 'no local AS',
    text: `${HEAD}protocol bgp x {\n  neighbor 10.0.0.1 as 1;\n}\n`,
    error: 'bird.conf:5:1 Local AS number must be set',
  },
  {
    name: 'external client',
    text: `${HEAD}protocol bgp x {\n  local as 1; neighbor 10.0.0.1 as 2;\n  rr client;\n}\n`,
    error: 'bird.conf:6:1 Only internal neighbor can be RR client',
  },
  {
    name: 'external without policy',
    text: `${HEAD}protocol bgp x {\n  local as 1; neighbor 10.0.0.1 as 2;\n  ipv4;\n}\n`,
    error: 'bird.conf:6:1 EBGP requires explicit import policy',
  },
  { name: 'channel twice', text: neighbor('ipv4;'), error: 'bird.conf:7:3 Multiple ipv4 channels' },
  {
    name: 'two neighbours',
    text: neighbor('neighbor 10.0.0.2 as 3;'),
    error: 'bird.conf:6:3 Only one neighbor per BGP instance is allowed',
  },
  {
    name: 'name defined twice',
    text: 'define a = 1;\ndefine a = 2;\n',
    error: "bird.conf:2:8 Symbol 'a' already defined",
  },
  {
    name: 'unknown filter',
    text: neighbor('', 'import filter nofilter;'),
    error: "bird.conf:7:24 syntax error, unexpected 'nofilter': Filter name required",
  },
  {
    name: 'no protocol',
    text: 'router id 1.2.3.4;\n',
    error: 'bird.conf:1:1 No protocol is specified in the config file',
  },
  { name: 'unterminated string', text: 'log "abc\n;', error: 'bird.conf:1:5 Unterminated string' },
  {
    name: 'unterminated comment',
    text: `${HEAD}/* abc\n`,
    error: 'bird.conf:3:1 Unterminated comment',
    birdLine: '4',
  },
  { name: 'unknown character', text: 'router id 1.2.3.4; @\n', error: 'bird.conf:1:20 Unknown character' },
  {
    name: 'number out of range',
    text: 'define a = 4294967296;\n',
    error: 'bird.conf:1:12 Number out of range',
  },
  {
    name: 'read-only attribute',
    text: filter('net = 10.0.0.0/8;'),
    error: 'bird.conf:4:3 This static attribute is read-only.',
  },
  {
    name: 'function that is none',
    text: `define a = 1;\n${filter('a(1);')}`,
    error: "bird.conf:5:3 You can't call something which is not a function. Really.",
  },
  {
    name: 'wrong number of arguments',
    text: `function g(int a) { return a; }\n${filter('if g(1, 2) = 1 then accept;')}`,
    error: "bird.conf:5:6 Function 'g' expects 1 arguments, got 2 arguments",
  },
  {
    name: 'assignment of another type',
    text: filter('bgp_med = "x";'),
    error: 'bird.conf:4:13 Value of bgp_med must be of type int, got type string',
  },
  {
    name: 'mixed prefix set',
    text: 'define a = [10.0.0.0/8, 2001:db8::/32];\n',
    error: 'bird.conf:1:25 Mixed IPv4/IPv6 prefixes in prefix set',
  },
  {
    name: 'pattern of wrong lengths',
    text: 'define a = [10.0.0.0/8{30,20}];\n',
    error: 'bird.conf:1:29 Invalid prefix pattern range: {30, 20}',
  },
  {
    name: 'pair out of range',
    text: filter('if bgp_community ~ [(70000, 1)] then accept;'),
    error: 'bird.conf:4:23 Value 70000 out of range (0-65535)',
  },
  {
    name: 'pair range the wrong way round',
    text: filter('if bgp_community ~ [(0, 5)..(1, 1)] then accept;'),
    error: 'bird.conf:4:23 From value cannot be higher that To value in pair sets',
  },
  {
    name: 'multihop out of range',
    text: neighbor('multihop 256;'),
    error: 'bird.conf:6:12 Multihop must be in range 1-255',
  },
  {
    name: 'port out of range',
    text: neighbor('local port 70000;'),
    error: 'bird.conf:6:14 Invalid port number',
  },
  {
    name: 'multihop and direct gateway',
    text: neighbor('multihop;', 'gateway direct;'),
    error: 'bird.conf:8:1 Multihop BGP cannot use direct gateway mode',
  },
  {
    name: 'keepalive over hold time',
    text: neighbor('hold time 9; keepalive time 20;'),
    error: 'bird.conf:8:1 Keepalive time must be at most hold time',
  },
  {
    name: 'route of the other family',
    text: `${HEAD}protocol static {\n  ipv6;\n  route 10.0.0.0/8 blackhole;\n}\n`,
    error: 'bird.conf:6:1 Route 10.0.0.0/8 incompatible with channel type',
  },
  {
    name: 'dumps of no table',
    text: `${HEAD}protocol mrt {\n filename "x"; period 5;\n}\n`,
    error: 'bird.conf:5:1 Table not specified',
  },
  {
    name: 'dumps into no file',
    text: `${HEAD}protocol mrt {\n table "x"; period 5;\n}\n`,
    error: 'bird.conf:5:1 File not specified',
  },
  {
    name: 'dumps without a period',
    text: `${HEAD}protocol mrt {\n table "x"; filename "x";\n}\n`,
    error: 'bird.conf:5:1 Period not specified',
  },
  {
    name: 'a pipe with a limit on what it receives',
    text: `ipv4 table t;\n${HEAD}protocol pipe {\n table master4; peer table t; receive limit 5;\n}\n`,
    error: 'bird.conf:6:1 Pipe protocol does not support receive limits',
  },
  {
    name: 'a pipe that keeps filtered routes',
    text: `ipv4 table t;\n${HEAD}protocol pipe {\n table master4; peer table t; import keep filtered;\n}\n`,
    error: 'bird.conf:6:1 Pipe protocol prohibits keeping filtered routes',
  },
  {
    name: 'static without channel',
    text: `${HEAD}protocol static {\n}\n`,
    error: 'bird.conf:4:1 Channel not specified',
  },
  {
    name: 'unknown protocol',
    text: 'protocol bgpp x { }\n',
    error: "bird.conf:1:10 syntax error, unexpected 'bgpp', expecting a protocol",
  },
  {
    name: 'missing brace',
    text: `${HEAD}protocol bgp x {\n  local as 1;\n`,
    error: 'bird.conf:5:1 syntax error, unexpected end of file',
    birdLine: '1',
  },
  {
    name: 'a protocol that Catbird has not',
    text: `${HEAD}protocol ospf { }\n`,
    error: 'bird.conf:3:10 not built yet: ospf',
    onlyHere: true,
  },
  {
    name: 'a VRF',
    text: neighbor('vrf "red";'),
    error: "bird.conf:6:3 'vrf' is not built yet",
    onlyHere: true,
  },
  {
    name: 'secondary without a sorted table',
    text: neighbor('', 'secondary;'),
    error: 'bird.conf:8:1 BGP with secondary option requires sorted table',
  },
  {
    name: 'an MPLS channel',
    text: `vpn4 table v;\n${neighbor('vpn4 mpls { import all; };')}`,
    error: "bird.conf:7:3 'vpn4 mpls' channels are not built yet",
    onlyHere: true,
  },
  {
    name: 'an MPLS channel without a table',
    text: neighbor('vpn4 mpls { import all; };'),
    error: 'bird.conf:6:27 Routing table not specified',
  },
  ...(
    [
      [
        'a limit on static routes',
        `${HEAD}protocol static {\n  ipv4 { import limit 5; };\n}\n`,
        '4:10',
        "'import limit' is not built yet",
      ],
    ] as const
  ).map(([name, text, at, message]) => ({ name, text, error: `bird.conf:${at} ${message}`, onlyHere: true })),
  {
    name: 'a set that cannot match',
    text: filter('if 5 ~ [(1,2)] then accept;'),
    error: "bird.conf:4:6 '~' cannot be applied to types int and set",
    onlyHere: true,
  },
];

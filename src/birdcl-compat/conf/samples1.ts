/** Configurations of BIRD 1.6 for tests; a real one is asked about each of them where it can be had. */
import type { FamilyIndex } from '../../base/family.ts';

export interface Sample1 {
  readonly name: string;
  /** Which of the two daemons reads it. */
  readonly family: FamilyIndex;
  readonly text: string;
  /** The whole first line of the answer; absent where it is accepted. */
  readonly error?: string;
  /** BIRD accepts it: Catbird refuses what it cannot do. */
  readonly onlyHere?: boolean;
  /** BIRD's line where it differs: it gives line 1 for what it finds when all is read. */
  readonly birdLine?: string;
  /** Nothing in it tells the dialects apart. */
  readonly ambiguous?: boolean;
}

const HEAD = 'router id 192.0.2.1;\nprotocol device { scan time 2; }\n';

/** A neighbour of `bird` with options in its braces. */
function neighbor(options: string): string {
  return `${HEAD}protocol bgp n1 {\n  local as 64512;\n  neighbor 10.0.0.1 as 64512;\n  ${options}\n}\n`;
}

/** A node that peers with a reflector, as generators of configurations write it. */
export const NODE = `${HEAD}
listen bgp port 1790;
table other sorted;

function is_pool() {
  return net ~ [ 10.65.0.0/16+ ];
}

filter pools {
  if is_pool() then accept;
  reject;
}

protocol kernel {
  learn;
  persist;
  scan time 2;
  import all;
  export filter pools;
  graceful restart;
  merge paths on;
}

protocol direct {
  debug { states };
  interface -"cali*", "*";
}

protocol static {
  route 10.65.1.0/26 blackhole;
  route 10.65.2.0/26 via 10.0.0.2;
}

template bgp peers {
  description "peer";
  local as 64512;
  multihop;
  gateway recursive;
  import all;
  export filter pools;
  next hop self;
  source address 192.0.2.1;
  add paths on;
  graceful restart;
}

protocol bgp Node_1 from peers {
  neighbor 10.0.0.1 as 64512;
  rr client;
  passive on;
}

protocol bgp Edge {
  local 192.0.2.1 as 64512;
  neighbor 10.0.0.9 port 1179 as 65001;
  next hop keep;
  import limit 100 action restart;
  preference 90;
  table other;
  gateway direct;
}
`;

export const SAMPLES_1: readonly Sample1[] = [
  { name: 'a node', family: 0, text: NODE },
  {
    name: 'ROA tables',
    family: 0,
    text: `roa table r {\n  roa 10.0.0.0/8 max 24 as 65000;\n}\n${HEAD}filter f { if roa_check(r, net, 65000) = ROA_VALID then accept; reject; }\n`,
  },
  {
    name: 'a node of bird6',
    family: 1,
    text: `${HEAD}protocol static {\n  route 2001:db8::/32 via fe80::1%eth0;\n}\nprotocol bgp p {\n  local as 1;\n  neighbor 2001:db8::2 as 2;\n  import all;\n}\n`,
  },
  {
    name: 'a filter that wants to end the daemon',
    family: 0,
    text: neighbor('import filter { if net.len > 28 then quitbird; accept; };'),
  },
  {
    name: 'the table master, sorted',
    family: 0,
    text: `table master sorted;\n${neighbor('direct; secondary off;')}`,
  },
  {
    name: 'limits and old time formats',
    ambiguous: true,
    family: 0,
    text: `timeformat log old short;\n${neighbor('route limit 10; hold time 2;')}`,
  },
  {
    name: 'an interface in apostrophes',
    ambiguous: true,
    family: 1,
    text: `${HEAD}protocol bgp p {\n local as 1;\n neighbor fe80::1%'eth0.1' as 2;\n}\n`,
  },
  {
    name: 'a multipath route',
    family: 0,
    text: `${HEAD}protocol static {\n  route 10.0.0.0/8 multipath via 10.1.1.1 weight 2 via 10.1.1.2;\n}\n`,
  },
  {
    name: 'a pipe',
    family: 0,
    text: `table t;\n${HEAD}protocol pipe {\n  peer table t;\n  mode transparent;\n  import all;\n  export none;\n}\n`,
  },
  {
    name: 'dumps of tables and sessions',
    family: 0,
    text: `table t;\nmrtdump "/tmp/x";\nmrtdump protocols { states };\n${HEAD}protocol mrt {\n  filename "/tmp/%N";\n  period 60;\n}\nprotocol mrt {\n  table t;\n  filename "/tmp/t";\n  period 60;\n  where net.len > 8;\n}\nprotocol mrt {\n  table "*";\n  filename "/tmp/t";\n  period 60;\n  always add path;\n}\n`,
  },
  {
    name: 'an opaque pipe',
    family: 0,
    text: `table t;\n${HEAD}protocol pipe {\n  peer table t;\n  mode opaque;\n}\n`,
    error: "bird.conf:6:3 'mode opaque' is not built yet",
    onlyHere: true,
  },
  {
    name: 'BFD',
    family: 0,
    text: `${HEAD}protocol bfd {\n  import all;\n  interface "eth*" { min rx interval 20 ms; };\n  neighbor 10.0.0.1 local 10.0.0.2 multihop;\n}\n`,
    error: 'bird.conf:3:10 not built yet: bfd',
    onlyHere: true,
  },
  {
    name: 'a channel',
    family: 0,
    text: neighbor('ipv4 { import all; };'),
    error: "bird.conf:6:3 syntax error, unexpected 'ipv4'",
  },
  {
    name: 'a switch for a client',
    family: 0,
    text: neighbor('rr client on;'),
    error: "bird.conf:6:13 syntax error, unexpected 'on', expecting ';'",
  },
  {
    name: 'IPv6 for bird',
    family: 0,
    text: neighbor('source address 2001:db8::1;'),
    error: 'bird.conf:6:18 This is an IPv4 router, therefore IPv6 addresses are not supported',
  },
  {
    name: 'IPv4 for bird6',
    family: 1,
    text: neighbor(''),
    error: "bird.conf:5:12 syntax error, unexpected '10.0.0.1', expecting an IPv6 address",
  },
  {
    name: 'bird6 without a router ID',
    birdLine: '1',
    family: 1,
    text: 'protocol device { }\n',
    error: 'bird.conf:1:1 Router ID must be configured manually on IPv6 routers',
  },
  {
    name: 'a pipe into its own table',
    birdLine: '1',
    family: 0,
    text: `${HEAD}protocol pipe {\n  peer table master;\n}\n`,
    error: 'bird.conf:5:1 Primary table and peer table must be different',
  },
  {
    name: 'a local address without an AS',
    family: 0,
    text: neighbor('local 10.0.0.9;'),
    error: "bird.conf:6:17 syntax error, unexpected ';', expecting 'as'",
  },
  {
    name: 'a protocol of BIRD 2',
    family: 0,
    text: `${HEAD}protocol rpki {\n}\n`,
    error: "bird.conf:3:10 syntax error, unexpected 'rpki', expecting a protocol",
  },
];

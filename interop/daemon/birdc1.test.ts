/** What BIRD 1.6.8 and Catbird answer its clients, on sockets in the dialect of 1.6. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe } from 'vitest';
import { compareAnswers, type Difference } from './birdc-comparison.ts';
import { COMMANDS, DIFFERENCES, SYNTAX } from './birdc-commands.ts';

/** Holds `bird`, `birdc` and `birdcl` of BIRD 1.6.8 for IPv4. */
const DIRECTORY = process.env['BIRD1_DIRECTORY'] ?? '';

function isBird(): boolean {
  if (DIRECTORY === '') return false;
  const { stderr, error } = spawnSync(join(DIRECTORY, 'bird'), ['--version'], { encoding: 'utf8' });
  return error === undefined && /BIRD version 1\.6\.8/.test(stderr);
}

/** Routes that both are sent, with attributes of all kinds. */
function feeder(port: number, bird: number, catbird: number): string {
  const peer = (name: string, address: string, to: number): string => `
protocol bgp ${name} {
  local 127.0.0.2 as 65000; neighbor ${address} port ${to} as 65000; multihop; passive;
  import all; export all;
}`;
  return `router id 10.0.0.2;
listen bgp address 127.0.0.2 port ${port};
filter decorated {
  if net = 10.1.0.0/16 then { bgp_med = 50; bgp_community.add((65001,1)); bgp_community.add((65001,2)); }
  if net = 10.2.0.0/24 then {
    bgp_large_community.add((65001,2,3)); bgp_ext_community.add((rt,65001,7)); bgp_path.prepend(65010); bgp_path.prepend(65020);
  }
  if net = 10.3.0.0/24 then { bgp_origin = ORIGIN_INCOMPLETE; bgp_local_pref = 250; }
  accept;
}
protocol device {}
protocol static {
  import filter decorated;
  route 10.1.0.0/16 blackhole;
  route 10.2.0.0/24 blackhole;
  route 10.3.0.0/24 blackhole;
  route 10.77.0.0/16 blackhole;
  route 192.168.0.0/24 blackhole;
}
${peer('to_bird', '127.0.0.1', bird)}
${peer('to_catbird', '127.0.0.3', catbird)}
`;
}

/** The configuration of both that are compared. */
function subject(address: string, port: number, from: number): string {
  return `router id 10.0.0.1;
log stderr all;
listen bgp address ${address} port ${port};
define MYNET = 10.1.0.0/16;
define MYIP = 10.1.2.3;
define NUM = 5;
roa table origins { roa 10.1.0.0/16 max 24 as 65001; roa 10.2.0.0/16 max 24 as 65001; }
filter taken { if net ~ 10.77.0.0/16 then reject; accept; }
function twice(int x) { return x * 2; }
protocol device dev1 {}
protocol static anchors {
  description "anchors here";
  import all;
  route 10.9.0.0/16 blackhole; route 10.9.1.0/24 unreachable; route 10.9.2.0/24 prohibit;
}
template bgp clients { local ${address} as 65000; multihop; rr client; rr cluster id 10.0.0.1; }
protocol bgp node1 from clients {
  description "node one"; neighbor 127.0.0.2 port ${from} as 65000;
  import filter taken; export all; import keep filtered; import limit 1000 action block;
}
protocol bgp off1 from clients { disabled; neighbor 127.0.0.5 as 65000; import none; export none; }
`;
}

/** Tables of route origins, and how they change. */
const ROA_COMMANDS = [
  'show roa 10.1.0.0/16',
  'add roa 10.8.0.0/16 max 20 as 65007',
  'add roa 10.8.0.0/16 max 20 as 65007',
  'add roa 10.8.0.0/16 max 24 as 65008 table origins',
  'show roa 10.8.0.0/16 as 65007',
  'show roa for 10.8.1.0/24 as 65008',
  'show roa in 10.8.0.0/16 as 65007',
  'eval roa_check(origins, 10.8.0.0/20, 65007)',
  'eval roa_check(origins, 10.8.0.0/24, 65007)',
  'show symbols roa',
  'configure',
  'eval roa_check(origins, 10.8.0.0/24, 65008)',
  'delete roa 10.8.0.0/16 max 20 as 65007',
  'delete roa 10.8.0.0/16 max 20 as 65007',
  'show roa as 65007',
  'delete roa 10.1.0.0/16 max 24 as 65001',
  'show roa as 65001 in 10.1.0.0/16',
  'flush roa',
  'show roa as 65008',
  'eval roa_check(origins, 10.8.0.0/24, 65008)',
  'flush roa table origins',
  'flush roa table anchors',
  'add roa 10.8.0.0/16 max 20 as 1 table taken',
  'add roa 10.8.0.0/16 max 20',
  'delete roa 10.8.0.0/16',
];

const GRAMMAR = 'the grammar of BIRD 2 is taken on every socket';
const FORK = 'calico/node takes the version only where it begins with a v, as in its fork of BIRD';
const NUMBERS = 'enumerations have the numbers of BIRD 2 in every dialect';
const OWN: readonly Difference[] = [
  { of: 'BIRD', command: /^eval roa_check/, line: /^0023 \(enum 35\)\d$/, reason: NUMBERS },
  { of: 'Catbird', command: /^eval roa_check/, line: /^0023 \(enum 34\)\d$/, reason: NUMBERS },
  { of: 'BIRD', command: /^show status$/, line: /^1000-BIRD 1\.6\.8$/, reason: FORK },
  {
    of: 'BIRD',
    command: /^mrt dump table nosuch/,
    line: /^9001 Table name expected$/,
    reason: SYNTAX,
  },
  { of: 'Catbird', command: /^show status$/, line: /^1000-BIRD v1\.6\.8$/, reason: FORK },
  {
    of: 'BIRD',
    command: /nosuch$/,
    line: /^9001 nosuch(: variable expected\.| is not a table)$/,
    reason: SYNTAX,
  },
  { of: 'Catbird', command: /^show route in /, line: /^(1007-|8001 )/, reason: GRAMMAR },
  { of: 'Catbird', command: /^show route exported /, line: /^1007-/, reason: GRAMMAR },
  { of: 'Catbird', command: /^show route table all$/, line: /^1007-/, reason: GRAMMAR },
  { of: 'Catbird', command: /^show route MYNET$/, line: /^1007-/, reason: GRAMMAR },
  {
    of: 'BIRD',
    command: /^show route (exported|MYNET)/,
    line: /^9001 IP address expected$/,
    reason: GRAMMAR,
  },
];

describe.skipIf(!isBird())('birdc of 1.6 (skipped where BIRD1_DIRECTORY holds no BIRD 1.6.8)', () => {
  compareAnswers({
    bird: join(DIRECTORY, 'bird'),
    birdc: join(DIRECTORY, 'birdc'),
    birdcl: join(DIRECTORY, 'birdcl'),
    feeder,
    subject,
    commands: [
      ...COMMANDS.map((command) => command.replace('master4', 'master').replace('.ipv4', '')),
      ...ROA_COMMANDS,
    ],
    differences: [...DIFFERENCES, ...OWN],
    ready: '4 imported, 1 filtered, 3 exported, 4 preferred',
  });
});

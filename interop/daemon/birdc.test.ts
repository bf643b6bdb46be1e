/** What BIRD 2.0.12 and Catbird answer its clients. */
import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';
import { compareAnswers, type Difference } from './birdc-comparison.ts';
import { COMMANDS, DIFFERENCES, SYNTAX } from './birdc-commands.ts';

const VERSION = /BIRD version 2\.0\.12/;

function isBird(): boolean {
  const { stderr, error } = spawnSync('bird', ['--version'], { encoding: 'utf8' });
  return error === undefined && VERSION.test(stderr);
}

/** Routes that both are sent, with attributes of all kinds. */
function feeder(port: number, bird: number, catbird: number): string {
  const peer = (name: string, address: string, to: number): string => `
protocol bgp ${name} {
  local 127.0.0.2 port ${port} as 65000; neighbor ${address} port ${to} as 65000; multihop; passive;
  ipv4 { import all; export all; };
}`;
  return `router id 10.0.0.2;
protocol device {}
protocol static {
  ipv4;
  route 10.1.0.0/16 blackhole { bgp_med = 50; bgp_community.add((65001,1)); bgp_community.add((65001,2)); };
  route 10.2.0.0/24 blackhole {
    bgp_large_community.add((65001,2,3)); bgp_ext_community.add((rt,65001,7)); bgp_path.prepend(65010); bgp_path.prepend(65020);
  };
  route 10.3.0.0/24 blackhole { bgp_origin = ORIGIN_INCOMPLETE; bgp_local_pref = 250; };
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
define MYNET = 10.1.0.0/16;
define MYIP = 10.1.2.3;
define NUM = 5;
filter taken { if net ~ 10.77.0.0/16 then reject; accept; }
function twice(int x) { return x * 2; }
protocol device dev1 {}
protocol static anchors {
  description "anchors here";
  ipv4 { import all; };
  route 10.9.0.0/16 blackhole; route 10.9.1.0/24 unreachable; route 10.9.2.0/24 prohibit;
}
protocol static anchors6 { ipv6; route 2001:db8:9::/48 blackhole; }
template bgp clients { local ${address} port ${port} as 65000; multihop; rr client; rr cluster id 10.0.0.1; }
protocol bgp node1 from clients {
  description "node one"; neighbor 127.0.0.2 port ${from} as 65000;
  ipv4 { import filter taken; export all; import keep filtered; import limit 1000 action block; };
}
protocol bgp off1 from clients { disabled; neighbor 127.0.0.5 as 65000; ipv4 { import none; export none; }; }
`;
}

const OWN: readonly Difference[] = [
  { of: 'BIRD', command: /NUM/, line: /^9001 Protocol name required$/, reason: SYNTAX },
  {
    of: 'Catbird',
    command: /NUM/,
    line: /^9001 Protocol name required: NUM is not a protocol$/,
    reason: SYNTAX,
  },
  {
    of: 'BIRD',
    command: /import table/,
    line: /^9001 No import table/,
    reason: 'an Adj-RIB-In is always kept',
  },
  { of: 'Catbird', command: /import table/, line: /^1007-/, reason: 'an Adj-RIB-In is always kept' },
];

describe.skipIf(!isBird())('birdc (skipped where bird and birdc 2.0.12 are not installed)', () => {
  compareAnswers({
    bird: 'bird',
    birdc: 'birdc',
    birdcl: 'birdcl',
    feeder,
    subject,
    commands: COMMANDS,
    differences: [...DIFFERENCES, ...OWN],
    ready: '4 imported, 1 filtered, 3 exported, 4 preferred',
  });
});

/** What is compared, in the language of BIRD 2 and 3. */

/** Routes that both are sent, with attributes of all kinds. */
export function feeder(port: number, bird: number, catbird: number): string {
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
export function subject(address: string, port: number, from: number): string {
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

/** Large pieces of BIRD configuration that rows of the benchmark read or run. */

/** `16.0.0.0/24` and the networks after it, `step` apart: those that the load generator makes up. */
function networks(count: number, step: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const word = 0x10000000 + i * step * 256;
    return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.0/24`;
  });
}

/**
 * An import filter of 20 terms that every made-up route passes: a set of 10,000 prefixes, of which each hundredth route is
 * one, and tests of paths and communities. It reads the network, so no daemon can remember an answer.
 */
export function heavyFilter(): string {
  const communities = Array.from(
    { length: 12 },
    (_, i) =>
      `  if bgp_community ~ [ (${100 + i}, *), (${300 + i}, 10..2000), (${500 + i}, ${i}) ] then reject;`,
  );
  const paths = Array.from({ length: 4 }, (_, i) => `  if bgp_path ~ [= * ${64000 + i} * =] then reject;`);
  return `define some_networks = [ ${networks(10_000, 100).join(', ')} ];
filter heavy {
  if net ~ some_networks && bgp_path.len > 60 then reject;
${communities.join('\n')}
${paths.join('\n')}
  if (65535, 666) ~ bgp_community then reject;
  if bgp_path.len > 100 || bgp_path.first = 64999 then reject;
  if net.len > 24 || net ~ [ 10.0.0.0/8+, 192.168.0.0/16+, 172.16.0.0/12+ ] then reject;
  accept;
}
`;
}

/** So many internal neighbours, each in a protocol of its own. */
export function manyProtocols(count: number): string {
  const blocks = Array.from(
    { length: count },
    (_, i) => `protocol bgp node${i} {
  description "node ${i}";
  local 127.0.0.1 as 65000;
  neighbor 127.${64 + (i >> 16)}.${(i >> 8) & 255}.${i & 255} as 65000;
  rr client;
  rr cluster id 10.0.0.1;
  passive;
  hold time 90;
  ipv4 { import all; export where source = RTS_BGP; };
}
`,
  );
  return `router id 10.0.0.1;\nprotocol device {}\n${blocks.join('')}`;
}

/** A filter with a set of so many prefixes. */
export function largeSet(count: number): string {
  const lines = networks(count, 3).map((prefix, i) => `  ${prefix}${i % 3 === 0 ? '{24,28}' : ''}`);
  return `router id 10.0.0.1;
protocol device {}
define many_networks = [
${lines.join(',\n')}
];
filter members { if net ~ many_networks then accept; reject; }
`;
}

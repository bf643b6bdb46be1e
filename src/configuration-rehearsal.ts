/**
 * Reading made-up configurations before others are read. The run-time compiler has seen the code then, so that a
 * large configuration that comes later holds the event loop for about half as long.
 */
import { NO_PAUSE } from './base/clock.ts';
import { describePlan, planChanges } from './daemon-plan.ts';
import { configFiles } from './birdcl-compat/io/config-files.ts';
import { loadText } from './birdcl-compat/conf/load.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import type { HostFacts } from './birdcl-compat/conf/router-id.ts';

/** Found by measuring: more of any gains little. */
const ROUNDS = 12;
const BLOCKS = 200;
const PREFIXES = 750;

/** What a plan would ask of a daemon that runs nothing. */
const IDLE = {
  isEnabled: () => true,
  isUp: () => false,
  staleTimesFit: () => true,
  canRefresh: () => true,
};

/**
 * Reads as many configurations as are worth it, in some 0.1 s. Resolves with the last one.
 * @param pause lets other work be done in between
 */
export async function rehearseReading(host: HostFacts, pause = NO_PAUSE): Promise<DaemonConfig> {
  let before: DaemonConfig | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const { config } = loadText('(rehearsal)', madeUp(round), configFiles, host);
    if (before && config) describePlan(planChanges(before, config, IDLE));
    before = config;
    await pause();
  }
  return before!;
}

/** Many sessions that differ in what they are called and whom they reach, and a large set of prefixes. */
function madeUp(round: number): string {
  const prefixes: string[] = [];
  for (let i = 0; i < PREFIXES; i++) {
    prefixes.push(`10.${(i >> 6) & 255}.${(i & 63) * 4}.0/22${i % 3 === 0 ? '{22,28}' : ''}`);
  }
  const blocks: string[] = [];
  for (let i = 0; i < BLOCKS; i++) {
    blocks.push(`protocol bgp round${round}_${i} {
  description "client ${i}";
  local 192.0.2.1 as 65000;
  neighbor 198.51.${i >> 8}.${i & 255} as 65000;
  rr client;
  passive;
  ipv4 { import where net ~ networks; export where source = RTS_BGP; };
}
`);
  }
  return `router id 192.0.2.1;
protocol device { }
define networks = [
${prefixes.join(',\n')}
];
${blocks.join('')}`;
}

/** What a reconfiguration of a thousand sessions touches. */
import { expect, test } from 'vitest';
import { load } from './birdcl-compat/conf/test-support.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { Daemon } from './daemon.ts';
import { SimRouter } from './reflector/sim/router.ts';
import { attrs } from './reflector/sim/star.ts';
import { SimWorld } from './speaker/sim/speakers.ts';

const SESSIONS = 1000;
const ROUTES = 3;
const UP_MS = 60_000;

/** Each filter says which routes it looks at. */
function text(filterOf: (number: number) => string): string {
  const protocols = Array.from({ length: SESSIONS }, (_, i) => {
    const filter = `filter { print "seen"; ${filterOf(i)} }`;
    return `protocol bgp p${i} from clients { neighbor ${address(i)} as 65000; ipv4 { import ${filter}; }; }`;
  });
  return `router id 1.1.1.100;
template bgp clients {
  local 10.9.0.1 as 65000; rr client; passive; hold time 240; connect delay time 1;
  ipv4 { export all; };
}
${protocols.join('\n')}
`;
}

function address(number: number): string {
  return `10.0.${number >> 8}.${number & 255}`;
}

function config(from: string): DaemonConfig {
  const { config: loaded, errors } = load(from);
  if (!loaded) throw new Error(errors[0]!.message);
  return loaded;
}

test('a thousand sessions: nothing changed touches nothing, one import filter one protocol', async () => {
  const sim = new SimWorld(5);
  const lines: string[] = [];
  const daemon = new Daemon({
    clock: sim.clock,
    network: sim.network.host('10.9.0.1'),
    random: sim.random,
    log: (_level, line) => lines.push(line),
  });
  await daemon.start(config(text(() => 'accept;')));
  const rr = { address: '10.9.0.1', as: 65000 } as SimRouter;
  const clients = Array.from({ length: SESSIONS }, (_, i) => {
    const made = new SimRouter(sim, { address: address(i), routerId: `2.0.${i >> 8}.${i & 255}` });
    made.addNeighbor('rr', rr, { holdTimeS: 240 });
    for (let route = 0; route < ROUTES && i < 20; route++) {
      made.setRoute(`172.${16 + route}.${i}.0/24`, attrs(made));
    }
    return made;
  });
  sim.clock.runFor(UP_MS);
  expect(daemon.reflector.peers.size).toBe(SESSIONS);
  const [first, last] = [clients[0]!, clients.at(-1)!];
  const heard = (router: SimRouter): number =>
    router.reflector.peers.get('rr')!.channels[0]!.adjRibIn.imported;
  expect([heard(first), heard(last)]).toEqual([19 * ROUTES, 20 * ROUTES]);

  /** What all clients have been sent since the last time, and how many routes filters have looked at. */
  const touched = (): Record<string, number> => {
    const sum = (read: (client: SimRouter) => number): number =>
      clients.reduce((total, client) => total + read(client), 0);
    const counters = (client: SimRouter) => client.reflector.peers.get('rr')!.channels[0]!.adjRibIn.counters;
    const now = {
      updates: sum((client) => counters(client).updatesReceived),
      withdrawals: sum((client) => counters(client).withdrawsReceived),
      sessions: sum((client) => client.speaker.session('rr')!.counters.established),
      looks: lines.filter((line) => line.includes('seen')).length,
    };
    const delta = Object.entries(now).map(([key, value]) => [key, value - (before[key] ?? 0)] as const);
    before = now;
    return Object.fromEntries(delta);
  };
  let before: Record<string, number> = {};
  touched();

  const same = `# a comment\n\n${text(() => 'accept /* as ever */ ;')}`;
  expect(daemon.reconfigure(config(same))).toBeUndefined();
  sim.clock.runFor(UP_MS);
  expect(touched()).toEqual({ updates: 0, withdrawals: 0, sessions: 0, looks: 0 });

  const oneChanged = text((i) => (i === 3 ? 'if net ~ [172.17.0.0/16+] then reject; accept;' : 'accept;'));
  expect(daemon.reconfigure(config(oneChanged))).toBeUndefined();
  sim.clock.runFor(UP_MS);
  // One route is rejected now: all are sent the same withdrawal.
  expect(touched()).toEqual({ updates: 0, withdrawals: SESSIONS, sessions: 0, looks: ROUTES });
});

/** What `explainExport` says of a route is what the neighbour was sent, in random stars on simulated time. */
import { expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { ATTR, FLAG, WELL_KNOWN_COMMUNITY } from '../rib/attrs/codes.ts';
import { u32Bytes } from '../rib/attrs/edit.ts';
import { NO_ATTRS } from '../rib/attrs/store.ts';
import { familyConfig, SimWorld } from '../speaker/sim/speakers.ts';
import { explainExport } from './explain-export.ts';
import { randomFilters, SimPolicies } from './sim/policies.ts';
import { openChannel, openPolicy, SimRouter } from './sim/router.ts';
import { attrs, CLIENT, heard, joinReflector } from './sim/star.ts';

const UP_MS = 60_000;
const NEIGHBORS = 7;
const PREFIXES = 24;

interface Outcome {
  /** What explain and the neighbour do not agree about. */
  readonly disagreements: string[];
  /** How often a route stopped at each gate; `sent` where at none. */
  readonly gates: Map<string, number>;
}

async function runStar(seed: number): Promise<Outcome> {
  const random = seededRandom(seed);
  const sim = new SimWorld(seed);
  const rr = new SimRouter(sim, { address: '10.0.0.100', routerId: '1.1.1.100' });
  await rr.listen();
  const policies = new SimPolicies(rr.reflector.store);
  const routers = new Map<string, SimRouter>();
  for (let i = 1; i <= NEIGHBORS; i++) {
    const kind = random.below(4);
    const external = kind === 3;
    const { exportFilter, nextHopSelf } = randomFilters(random);
    const addPath = random.chance(0.25);
    const channel = openChannel(0, {
      exportPolicy: policies.policy(exportFilter),
      nextHopSelf: nextHopSelf ? 'all' : 'no',
      ...(random.chance(0.2) && { exportLimit: { count: 5, action: 'block' as const } }),
    });
    const policy = { ...(kind < 2 ? CLIENT : {}), channels: [channel] };
    const ends = (receive: boolean, send: boolean): ReturnType<typeof familyConfig>[] => [
      { ...familyConfig(0), addPathReceive: receive, addPathSend: send },
    ];
    const of = new SimRouter(sim, {
      address: `10.0.0.${i}`,
      routerId: `1.1.1.${i}`,
      ...(external && { as: 65100 + i }),
    });
    await of.listen();
    // What it has goes out whatever its communities say.
    of.policies.set('rr', openPolicy({ interpretCommunities: false }));
    rr.policies.set(`n${i}`, openPolicy(policy));
    rr.addNeighbor(`n${i}`, of, { families: ends(false, addPath) });
    of.addNeighbor('rr', rr, { families: ends(addPath, false) });
    routers.set(`n${i}`, of);
  }
  for (const of of routers.values()) {
    for (let i = 0; i < PREFIXES; i++) {
      if (!random.chance(0.25)) continue;
      const set = attrs(of, (editor) => {
        if (random.chance(0.5)) editor.set(ATTR.med, FLAG.optional, u32Bytes(random.below(3)));
        if (random.chance(0.15)) {
          const value = random.chance(0.5) ? WELL_KNOWN_COMMUNITY.noAdvertise : WELL_KNOWN_COMMUNITY.noExport;
          editor.set(ATTR.communities, FLAG.optional | FLAG.transitive, u32Bytes(value >>> 0));
        }
        if (random.chance(0.15)) editor.set(ATTR.clusterList, FLAG.optional, u32Bytes(CLIENT.clusterId!));
      });
      of.setRoute(`172.16.${i}.0/24`, set);
    }
  }
  sim.clock.runFor(UP_MS);
  const gates = new Map<string, number>();
  const disagreements: string[] = [];
  const table = rr.reflector.table('master4');
  const { paths, nets } = table;
  for (const [name, of] of routers) {
    const channel = rr.reflector.peers.get(name)?.channels[0];
    if (!channel) {
      disagreements.push(`${name} is not up`);
      continue;
    }
    const held = heard(of, 'rr').map((line) => line.split(' ')[0]!);
    for (let net = 1; net < nets.end; net++) {
      if (!nets.isUsed(net)) continue;
      let sent = 0;
      for (let row = table.firstPath[net]!; row !== 0; row = paths.next[row]!) {
        if (paths.attrs[row] === NO_ATTRS) continue;
        const answer = explainExport(channel, row)!;
        const gate = answer.stoppedAt ?? 'sent';
        gates.set(gate, (gates.get(gate) ?? 0) + 1);
        if (answer.stoppedAt === undefined) sent++;
        const place = `seed ${seed}, ${nets.format(net)} to ${name}, row ${row}`;
        if (answer.waitsFor !== undefined) disagreements.push(`${place}: waits for ${answer.waitsFor}`);
        if (answer.onWire !== answer.attrs)
          disagreements.push(`${place}: ${gate}, but on the wire ${answer.onWire}`);
      }
      const has = held.filter((prefix) => prefix === nets.format(net)).length;
      if (has !== sent)
        disagreements.push(`seed ${seed}, ${nets.format(net)}: ${name} has ${has}, explained ${sent}`);
    }
  }
  return { disagreements, gates };
}

test('explained gates are what neighbours have, in random stars', async () => {
  const gates = new Map<string, number>();
  const disagreements: string[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const outcome = await runStar(seed);
    disagreements.push(...outcome.disagreements);
    for (const [gate, count] of outcome.gates) gates.set(gate, (gates.get(gate) ?? 0) + count);
  }
  expect(disagreements).toEqual([]);
  // All that can stop a route here did, so the test is about something.
  expect([...gates.keys()].sort()).toEqual([
    'best path',
    'cluster list',
    'communities',
    'export filter',
    'export limit',
    'reflection',
    'sent',
    'split horizon',
  ]);
}, 60_000);

test('a neighbour whose session is new is said to wait', async () => {
  const sim = new SimWorld(5);
  const rr = new SimRouter(sim, { address: '10.0.0.100', routerId: '1.1.1.100' });
  await rr.listen();
  const a = await joinReflector(sim, rr, 'a', 1);
  await joinReflector(sim, rr, 'b', 2);
  sim.clock.runFor(UP_MS);
  a.setRoute('172.16.0.0/24', attrs(a));
  const table = rr.reflector.table('master4');
  const seen = new Set<string>();
  for (let step = 0; step < 4000; step++) {
    sim.clock.runFor(1);
    for (let row = 1; row < table.paths.end; row++) {
      const channel = rr.reflector.peers.get('b')!.channels[0]!;
      if (table.paths.attrs[row] === NO_ATTRS) continue;
      const { waitsFor, onWire } = explainExport(channel, row)!;
      seen.add(`${waitsFor ?? 'nothing'}, ${onWire === NO_ATTRS ? 'not announced' : 'announced'}`);
    }
  }
  expect(seen).toContain('nothing, announced');
});

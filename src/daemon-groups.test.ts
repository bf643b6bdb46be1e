/** `show status groups` of a daemon that runs, on simulated time. */
import { expect, test } from 'vitest';
import { load } from './birdcl-compat/conf/test-support.ts';
import { Daemon } from './daemon.ts';
import { GroupNumbers, groupViews } from './daemon-groups.ts';
import { openPolicy, SimRouter } from './reflector/sim/router.ts';
import { attrs } from './reflector/sim/star.ts';
import { SimWorld } from './speaker/sim/speakers.ts';

const TEXT = `router id 1.1.1.100;
filter most { if net.len > 28 then reject; accept; }
template bgp clients {
  local 10.0.0.100 as 65000; rr client; hold time 9; connect delay time 1;
  ipv4 { import all; export filter most; };
}
protocol bgp a from clients { neighbor 10.0.0.1 as 65000; }
protocol bgp b from clients { neighbor 10.0.0.2 as 65000; }
protocol bgp c { local 10.0.0.100 as 65000; neighbor 10.0.0.3 as 65000; connect delay time 1;
  ipv4 { import all; export all; }; }
`;

test('neighbours that are sent the same share a group, which keeps its number when others go', async () => {
  const sim = new SimWorld(5);
  const daemon = new Daemon({
    clock: sim.clock,
    network: sim.network.host('10.0.0.100'),
    random: sim.random,
    log: () => undefined,
  });
  await daemon.start(load(TEXT).config!);
  const routers: SimRouter[] = [];
  for (const number of [1, 2, 3]) {
    const router = new SimRouter(sim, { address: `10.0.0.${number}`, routerId: `1.1.1.${number}` });
    await router.listen();
    router.policies.set('rr', openPolicy());
    router.addNeighbor('rr', { address: '10.0.0.100', as: 65000 } as SimRouter, {});
    routers.push(router);
  }
  routers[0]!.setRoute('172.16.0.0/24', attrs(routers[0]!));
  routers[0]!.setRoute('172.16.1.0/30', attrs(routers[0]!));
  sim.clock.runFor(30_000);

  const numbers = new GroupNumbers();
  const seen = groupViews(daemon, numbers);
  const current = (protocol: string): object => ({ protocol, lagBytes: 0, state: 'current' });
  const clients = seen.find(({ neighbours }) => neighbours === 'internal clients')!;
  const others = seen.find(({ neighbours }) => neighbours === 'internal')!;
  expect(seen).toHaveLength(2);
  expect(clients).toMatchObject({
    table: 'master4',
    channel: 'ipv4',
    exportFilter: 'most',
    addPath: false,
    routes: 1,
    pendingNetworks: 0,
    announced: 1,
    withdrawn: 0,
  });
  expect(clients.members.map(({ protocol }) => protocol).sort()).toEqual(['a', 'b']);
  expect(clients.members).toContainEqual(current('a'));
  expect(others).toMatchObject({ exportFilter: 'ACCEPT', routes: 2, members: [current('c')] });

  for (const name of ['a', 'b']) daemon.act('disable', name, undefined);
  sim.clock.runFor(5000);
  expect(groupViews(daemon, numbers).map(({ number }) => number)).toEqual([others.number]);
  daemon.act('enable', 'a', undefined);
  sim.clock.runFor(30_000);
  expect(groupViews(daemon, numbers).map(({ number }) => number)).toEqual([others.number, 3]);
});

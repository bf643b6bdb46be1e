import { describe, expect, it } from 'vitest';
import { addressOf, rangeClient, rangeConfig, sessionConfig, SimWorld } from './sim/speakers.ts';

describe('a range of neighbours', () => {
  it('gets a session for each that connects, up to its limit', async () => {
    const world = new SimWorld(30);
    const rr = await world.speaker(['10.0.0.1'], { dynamicRemovalTimeS: 60 });
    rr.speaker.addRange(rangeConfig());
    const clients = [];
    for (const address of ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.2.0.1']) {
      clients.push(await rangeClient(world, address));
      world.clock.runFor(5000);
    }
    const [first, , third, stranger] = clients;
    expect(rr.speaker.sessions().map(({ name, state, range: from }) => [name, state, from])).toEqual([
      ['dyn01', 'Established', 'clients'],
      ['dyn02', 'Established', 'clients'],
    ]);
    expect([third!.state('rr') === 'Established', stranger!.state('rr') === 'Established']).toEqual([
      false,
      false,
    ]);
    const reasons = new Set(rr.all('refused').map(({ reason }) => reason));
    expect(reasons).toEqual(
      new Set([
        'range clients has reached its limit of 2 sessions',
        'no neighbour is configured with this address',
      ]),
    );
    // One that leaves makes room for another, at once.
    first!.speaker.disable('rr');
    world.clock.runFor(10_000);
    expect(third!.state('rr')).toBe('Established');
    expect(rr.speaker.sessions().map(({ name }) => name)).toEqual(['dyn02', 'dyn03']);
    expect(rr.speaker.ranges()).toMatchObject([{ name: 'clients', sessions: 2, enabled: true }]);
  });

  it('forgets a session some time after it went down, and knows a neighbour that is back before', async () => {
    const world = new SimWorld(31);
    const rr = await world.speaker(['10.0.0.1'], { dynamicRemovalTimeS: 200 });
    rr.speaker.addRange(rangeConfig());
    const one = await rangeClient(world, '10.1.0.1');
    world.clock.runFor(5000);
    one.speaker.restart('rr');
    world.clock.runFor(20_000);
    expect(rr.speaker.sessions().map(({ name, state }) => [name, state])).toEqual([['dyn01', 'Established']]);
    one.speaker.disable('rr');
    world.clock.runFor(190_000);
    expect(rr.speaker.sessions()).toMatchObject([
      { name: 'dyn01', info: 'Passive       Received: Administrative shutdown' },
    ]);
    world.clock.runFor(11_000);
    expect(rr.speaker.sessions()).toEqual([]);
  });

  it('takes the longest range, and a neighbour configured by itself before any', async () => {
    const world = new SimWorld(32);
    const rr = await world.speaker(['10.0.0.1']);
    rr.speaker.addRange(rangeConfig());
    rr.speaker.addRange(
      rangeConfig({
        name: 'close',
        dynamicName: 'close',
        prefix: { address: addressOf('10.1.1.0'), length: 24 },
      }),
    );
    rr.speaker.addSession(
      sessionConfig({ name: 'one', remoteAddress: addressOf('10.1.1.9'), passive: true }),
    );
    for (const address of ['10.1.1.1', '10.1.2.1', '10.1.1.9']) await rangeClient(world, address);
    world.clock.runFor(30_000);
    expect(
      rr.speaker
        .sessions()
        .map(({ name, state }) => `${name} ${state}`)
        .sort(),
    ).toEqual(['close01 Established', 'dyn01 Established', 'one Established']);
  });

  it('that is disabled or removed takes its sessions with it', async () => {
    const world = new SimWorld(33);
    const rr = await world.speaker(['10.0.0.1']);
    rr.speaker.addRange(rangeConfig());
    const one = await rangeClient(world, '10.1.0.1');
    world.clock.runFor(10_000);
    rr.speaker.disable('clients', 'closed');
    world.clock.runFor(30_000);
    expect(rr.speaker.sessions()).toEqual([]);
    expect(one.all('notificationReceived')[0]).toMatchObject({ text: 'Administrative shutdown: "closed"' });
    rr.speaker.enable('clients');
    world.clock.runFor(60_000);
    expect(one.state('rr')).toBe('Established');
    rr.speaker.removeRange('clients', 'deconfigured');
    world.clock.runFor(500);
    expect(one.status('rr').lastError).toBe('Received: Peer de-configured');
    expect(rr.speaker.ranges()).toEqual([]);
  });
});

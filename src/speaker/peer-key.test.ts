import { describe, expect, it } from 'vitest';
import { parseIpv4 } from '../base/ip.ts';
import { addressOf, sessionConfig, SimWorld, type SimSpeaker } from './sim/speakers.ts';

/** A speaker with two addresses, and a neighbour 10.0.0.2 that connects to one of them with a password. */
async function server(world: SimWorld): Promise<SimSpeaker> {
  return world.speaker(['10.0.0.1', '10.0.1.1']);
}

async function client(world: SimWorld, remote: string, password: string | undefined): Promise<SimSpeaker> {
  const speaker = await world.speaker(['10.0.0.2']);
  const own = { name: 'rr', remoteAddress: addressOf(remote), routerId: parseIpv4('10.0.0.2')! };
  speaker.speaker.addSession(
    sessionConfig({ ...own, connectDelayTimeS: 0, ...(password !== undefined && { password }) }),
  );
  return speaker;
}

const NEIGHBOR = { remoteAddress: addressOf('10.0.0.2'), passive: true };

describe('passwords', () => {
  it.each([
    ['10.0.0.1', 'one', true],
    ['10.0.0.1', 'two', false],
    ['10.0.1.1', 'two', true],
    ['10.0.1.1', 'one', false],
    ['10.0.1.1', undefined, false],
  ])('of two sessions with a neighbour do not mix: to %s with %s', async (remote, password, works) => {
    const world = new SimWorld(1);
    const rr = await server(world);
    const first = { name: 'first', localAddress: addressOf('10.0.0.1'), password: 'one' };
    const second = { name: 'second', localAddress: addressOf('10.0.1.1'), password: 'two' };
    for (const own of [first, second]) rr.speaker.addSession(sessionConfig({ ...NEIGHBOR, ...own }));
    const neighbor = await client(world, remote, password);
    world.clock.runFor(20_000);
    expect(neighbor.state('rr') === 'Established').toBe(works);
  });

  it('are taken away with their session, unless another goes on using the same', async () => {
    const world = new SimWorld(2);
    const rr = await server(world);
    for (const name of ['first', 'second']) {
      rr.speaker.addSession(sessionConfig({ ...NEIGHBOR, name, password: 'shared' }));
    }
    rr.speaker.removeSession('first', 'deconfigured');
    const neighbor = await client(world, '10.0.0.1', 'shared');
    world.clock.runFor(20_000);
    expect(neighbor.state('rr')).toBe('Established');
    rr.speaker.removeSession('second', 'changed');
    rr.speaker.addSession(sessionConfig({ ...NEIGHBOR, name: 'open' }));
    neighbor.speaker.removeSession('rr', 'changed');
    const own = { name: 'rr', remoteAddress: addressOf('10.0.0.1'), routerId: 2, connectDelayTimeS: 0 };
    neighbor.speaker.addSession(sessionConfig(own));
    world.clock.runFor(20_000);
    expect(neighbor.state('rr')).toBe('Established');
  });

  it('that a listener cannot take keep the session down, and say so', async () => {
    const world = new SimWorld(3);
    const rr = await world.speaker(['10.0.0.1']);
    const { host } = rr;
    const listen = host.listen.bind(host);
    host.listen = async (options, accepted) => {
      const listener = await listen(options, accepted);
      listener.setPeer = () => {
        throw new Error('Cannot set the TCP MD5 key');
      };
      return listener;
    };
    await rr.speaker.listen({ address: addressOf('10.0.0.1'), port: 1179 });
    rr.speaker.addSession(sessionConfig({ ...NEIGHBOR, name: 'keyed', password: 'x' }));
    rr.speaker.addSession(sessionConfig({ ...NEIGHBOR, name: 'open' }));
    expect(rr.status('keyed')).toMatchObject({
      phase: 'down',
      info: 'Error: Kernel MD5 auth failed',
      enabled: false,
    });
    expect(rr.state('open')).toBe('Passive');
    expect(rr.all('notice')).toMatchObject([{ session: 'keyed', text: 'Cannot set the TCP MD5 key' }]);
  });
});

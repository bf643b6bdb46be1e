import { describe, expect, it } from 'vitest';
import { SimWorld } from './sim/speakers.ts';

describe('two speakers over the simulated network', () => {
  it.each([
    ['both active', false, false],
    ['only the first active', false, true],
    ['only the second active', true, false],
  ])('establish a session: %s', async (_name, passiveA, passiveB) => {
    const world = new SimWorld(1);
    const [a, b] = await world.pair({ passive: passiveA }, { passive: passiveB });
    expect(
      world.clock.runUntilTrue(
        () => a.state('b') === 'Established' && b.state('a') === 'Established',
        30_000,
      ),
    ).toBe(true);
    world.clock.runFor(600_000);
    expect([a.state('b'), b.state('a')]).toEqual(['Established', 'Established']);
    expect([a.status('b').counters.established, b.status('a').counters.established]).toEqual([1, 1]);
    expect(world.network.link(a.host, b.host).connections).toBe(1);
  });
});

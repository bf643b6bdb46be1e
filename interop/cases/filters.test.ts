/** Random filters on random routes: a real BIRD and Catbird must give the same verdicts and the same attributes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReflectorProcess } from '../daemon/process.ts';
import { compare, makeCase } from '../differential/compare.ts';
import { Container, LAB_IMAGE } from '../lab/container.ts';

const FILTERS = 100;
const ROUTES = 100;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe.skipIf(LAB_IMAGE === undefined)('filters of BIRD 2', () => {
  let box: Container;

  beforeAll(async () => {
    box = await Container.start('filters');
  });

  afterAll(async () => {
    await box.stop();
  });

  test.each(SEEDS)(`${FILTERS} filters on ${ROUTES} routes of seed %i`, async (seed) => {
    const made = makeCase(seed, FILTERS, ROUTES);
    box.write('bird.conf', made.config);
    await box.spawn('bird', 'bird -f -c /lab/bird.conf -s /lab/bird.ctl -P /lab/bird.run');
    const catbird = await ReflectorProcess.start(() => made.config);
    try {
      await expect.poll(() => box.has('bird.ctl'), { timeout: 10_000 }).toBe(true);
      const { differences, accepted } = await compare(made.filters, box.path('bird.ctl'), catbird.socket);
      expect(differences).toEqual([]);
      // Neither a filter that rejects everything nor a daemon without routes proves anything.
      expect(accepted).toBeGreaterThan(1000);
    } finally {
      await catbird.stop();
      await box.kill('bird');
      box.remove('bird.ctl');
    }
  });
});

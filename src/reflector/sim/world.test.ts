import { expect, test } from 'vitest';
import { ReflectionWorld } from './world.ts';

/** Worlds of one test; several tests show progress and share the time limit. */
const BATCH = 50;
const BATCHES = 6;

test.each(Array.from({ length: BATCHES }, (_, i) => 1 + i * BATCH))(
  'worlds from seed %i on converge to what the oracle says, and empty themselves',
  async (first) => {
    for (let seed = first; seed < first + BATCH; seed++) {
      const { faults } = await new ReflectionWorld(seed).run();
      expect(faults, `npm run sim -- --seed ${seed}`).toEqual([]);
    }
  },
  120_000,
);

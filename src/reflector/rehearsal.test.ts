import { expect, test } from 'vitest';
import { rehearse } from './rehearsal.ts';

test('the made-up routes go all the way to the other neighbour, and back', async () => {
  const { announced, withdrawn, left } = await rehearse();
  expect(announced).toBe(36_000);
  expect(withdrawn).toBe(36_000);
  expect(left).toBe(0);
});

import { expect, test } from 'vitest';
import { rehearseAnswers } from './answers-rehearsal.ts';
import { rehearseReading } from './configuration-rehearsal.ts';

test('a client that is not there is told of hundreds of protocols, several times', async () => {
  const config = await rehearseReading({ hostname: 'host', interfaces: [] });
  expect(config.protocols.length).toBeGreaterThan(150);
  // A line of each is some 60 characters.
  expect(await rehearseAnswers(config)).toBeGreaterThan(6 * 150 * 60);
});

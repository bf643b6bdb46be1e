import { expect, test } from 'vitest';
import { protocolViews } from './daemon-protocols.ts';
import { Daemon } from './daemon.ts';
import { SimWorld } from './speaker/sim/speakers.ts';
import { configOf } from './test-support.ts';

const text = (...names: readonly string[]): string => `router id 1.1.1.1;
protocol device dev { }
${names
  .map(
    (name, i) =>
      `protocol bgp ${name} { local 10.0.0.1 as 65000; neighbor 10.0.1.${i + 1} as 65000; passive; ipv4; }`,
  )
  .join('\n')}
`;

async function daemon(...names: readonly string[]): Promise<Daemon> {
  const sim = new SimWorld(1);
  const made = new Daemon({
    clock: sim.clock,
    network: sim.network.host('10.0.0.1'),
    random: sim.random,
    log: () => undefined,
  });
  await made.start(configOf(text(...names)));
  return made;
}

test('views are of the protocols that are asked for', async () => {
  const views = protocolViews(await daemon('a', 'b', 'c'), (name) => name !== 'b');
  expect(Array.from(views, ({ name }) => name)).toEqual(['dev', 'a', 'c']);
});

test('a session that goes while views are taken is left out', async () => {
  const rr = await daemon('a', 'b', 'c');
  const views = protocolViews(rr);
  expect([views.next().value?.name, views.next().value?.name]).toEqual(['dev', 'a']);
  void rr.reconfigure(configOf(text('a')));
  expect([...views]).toEqual([]);
});

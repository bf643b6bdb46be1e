import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import type { Transport } from '../transport.ts';
import { transportContract, type TransportHarness } from '../transport.contract.ts';
import { SimClock } from './clock.ts';
import { SimNetwork, type LinkFaults, type SimHost, type SimLink } from './network.ts';
import { addressOf } from './speakers.ts';

interface Sim {
  readonly clock: SimClock;
  readonly a: SimHost;
  readonly b: SimHost;
  readonly link: SimLink;
}

function simulation(faults: Partial<LinkFaults> = {}): Sim {
  const clock = new SimClock();
  const network = new SimNetwork(clock, seededRandom(7));
  const a = network.host('10.0.0.1');
  const b = network.host('10.0.0.2', '2001:db8::2');
  const link = network.link(a, b);
  link.set(faults);
  return { clock, a, b, link };
}

function harness(faults: Partial<LinkFaults>): TransportHarness {
  const { clock, a, b } = simulation(faults);
  return {
    client: a,
    server: b,
    address: addressOf('10.0.0.2'),
    refused: { address: addressOf('10.0.0.2'), port: 9 },
    foreign: addressOf('10.0.0.1'),
    until: (condition) => {
      expect(clock.runUntilTrue(condition, 3_600_000)).toBe(true);
      return Promise.resolve();
    },
    rest: () => {
      clock.runFor(60_000);
      return Promise.resolve();
    },
  };
}

describe.each<[string, Partial<LinkFaults>]>([
  ['without faults', {}],
  ['with delay and a small window', { delayMs: [1, 40], windowBytes: 30_000 }],
  ['in chopped reads', { maxChunk: 1500, delayMs: [0, 3] }],
])('the transport contract on the simulated network, %s', (_name, faults) => {
  transportContract(() => harness(faults));
});

async function connection(
  sim: Sim,
): Promise<{ client: Transport; server: Transport; read: () => number; closes: Error[] }> {
  let server: Transport | undefined;
  let client: Transport | undefined;
  let read = 0;
  const closes: Error[] = [];
  await sim.b.listen({ local: { address: addressOf('10.0.0.2'), port: 179 } }, (transport) => {
    server = transport;
    transport.onData = (bytes) => (read += bytes.length);
    transport.onClose = (error) => closes.push(error ?? new Error('none'));
  });
  sim.a.connect(
    { remote: { address: addressOf('10.0.0.2'), port: 179 } },
    (transport) => (client = transport),
    () => undefined,
  );
  sim.clock.settle();
  return { client: client!, server: server!, read: () => read, closes };
}

describe('faults of a link', () => {
  it('deliver nothing during a stall, and all of it afterwards', async () => {
    const sim = simulation();
    const { client, read } = await connection(sim);
    let taken = false;
    sim.link.set({ stalled: true });
    client.write([new Uint8Array(100_000)], () => (taken = true));
    sim.clock.runFor(1000);
    expect([read(), taken, client.pendingBytes]).toEqual([0, false, 100_000 - 65_536]);
    sim.link.heal();
    sim.clock.runFor(1);
    expect([read(), taken, client.pendingBytes]).toEqual([100_000, true, 0]);
  });

  it('reset both sides', async () => {
    const sim = simulation();
    const { client, closes } = await connection(sim);
    const own: unknown[] = [];
    client.onClose = (error) => own.push(error);
    sim.link.reset();
    sim.clock.settle();
    expect(own).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(closes).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(sim.link.connections).toBe(0);
  });

  it('leave a side alone with a connection whose other end vanished', async () => {
    const sim = simulation();
    const { client, closes } = await connection(sim);
    let taken = 0;
    sim.link.vanish(sim.b);
    for (let i = 0; i < 3; i++) client.write([new Uint8Array(60_000)], () => taken++);
    sim.clock.runFor(3_600_000);
    expect(taken).toBe(1);
    expect(client.pendingBytes).toBe(180_000 - 65_536);
    expect(closes).toMatchObject([{ message: 'Host lost' }]);
  });

  it('keep an attempt waiting during a stall, until it times out', () => {
    const sim = simulation({ stalled: true });
    let error: Error | undefined;
    sim.a.connect(
      { remote: { address: addressOf('10.0.0.2'), port: 179 } },
      () => expect.unreachable(),
      (cause) => (error = cause),
    );
    sim.clock.runFor(126_000);
    expect(error).toBeUndefined();
    sim.clock.runFor(10_000);
    expect(error).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('are the same again from the same seed', () => {
    const trace = (): number[] => {
      const clock = new SimClock();
      const network = new SimNetwork(clock, seededRandom(3));
      const a = network.host('10.0.0.1');
      const b = network.host('10.0.0.2');
      network.link(a, b).set({ delayMs: [1, 9], maxChunk: 17 });
      const sizes: number[] = [];
      void b.listen({ local: { address: addressOf('10.0.0.2'), port: 179 } }, (transport) => {
        transport.onData = (bytes) => sizes.push(clock.now(), bytes.length);
      });
      a.connect(
        { remote: { address: addressOf('10.0.0.2'), port: 179 } },
        (transport) => transport.write([new Uint8Array(1000)]),
        () => undefined,
      );
      clock.runFor(10_000);
      return sizes;
    };
    expect(trace().length).toBeGreaterThan(50);
    expect(trace()).toEqual(trace());
  });
});

describe('keys on the simulated network', () => {
  it.each([
    ['the same key', 'secret', 'secret', true],
    ['another key', 'secret', 'public', false],
    ['a key where none is expected', undefined, 'secret', false],
    ['no key where one is expected', 'secret', undefined, false],
  ])('connect with %s', async (_name, expected, offered, works) => {
    const sim = simulation();
    let outcome = 'none';
    const listener = await sim.b.listen(
      { local: { address: addressOf('10.0.0.2'), port: 179 } },
      () => undefined,
    );
    const peer = { address: addressOf('10.0.0.0'), prefixLength: 24 };
    listener.setPeer({ ...peer, ...(expected && { password: expected }) });
    sim.a.connect(
      { remote: listener.local, ...(offered && { password: offered }) },
      () => (outcome = 'connected'),
      () => (outcome = 'failed'),
    );
    sim.clock.runFor(5000);
    expect(outcome).toBe(works ? 'connected' : 'none');
    listener.removePeer(peer);
    sim.clock.runFor(5000);
    expect(outcome === 'connected').toBe(works || offered === undefined);
  });
});

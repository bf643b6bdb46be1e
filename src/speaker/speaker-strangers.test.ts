import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionConfig } from './config.ts';
import {
  addressOf,
  familyConfig,
  rangeClient,
  rangeConfig,
  sessionConfig,
  SimWorld,
  type SimSpeaker,
} from './sim/speakers.ts';
import type { Transport } from './transport.ts';
import { HEADER_LENGTH, MESSAGE } from './wire/iana.ts';
import { encodeKeepalive, encodeRouteRefresh, newMessage } from './wire/message.ts';
import { encodeOpen, localCapabilities, localOpen } from './wire/open.ts';

const MINUTE = 60_000;

const UPDATE = newMessage(MESSAGE.update, 4);

/** A host that speaks TCP to a speaker, and BGP only as far as a test wants. */
async function stranger(
  world: SimWorld,
  target: string,
  host = world.network.host('10.0.0.2'),
): Promise<{ transport: Transport; received: () => string[]; closed: () => boolean }> {
  let transport: Transport | undefined;
  const chunks: Uint8Array[] = [];
  let closed = false;
  host.connect(
    { remote: { address: addressOf(target), port: 179 } },
    (it) => {
      transport = it;
      it.onData = (bytes) => chunks.push(bytes.slice());
      it.onClose = () => (closed = true);
    },
    () => undefined,
  );
  world.clock.settle();
  /** Messages that arrived: type, and for NOTIFICATIONs code, subcode and data. */
  const received = (): string[] => {
    const stream = Buffer.concat(chunks);
    const found: string[] = [];
    for (let at = 0; at < stream.length; at += stream.readUInt16BE(at + 16)) {
      const type = stream[at + 18]!;
      const body = stream.subarray(at + HEADER_LENGTH, at + stream.readUInt16BE(at + 16));
      found.push(type === MESSAGE.notification ? `notification ${body.toString('hex')}` : String(type));
    }
    return found;
  };
  return { transport: transport!, received, closed: () => closed };
}

async function listening(world: SimWorld, options: Partial<SessionConfig> = {}): Promise<SimSpeaker> {
  const speaker = await world.speaker(['10.0.0.1']);
  speaker.speaker.addSession(
    sessionConfig({ name: 'b', remoteAddress: addressOf('10.0.0.2'), passive: true, ...options }),
  );
  return speaker;
}

function openBytes(options: Partial<SessionConfig> = {}): Uint8Array {
  const config = sessionConfig({ name: 'x', remoteAddress: addressOf('10.0.0.1'), routerId: 9, ...options });
  return encodeOpen(localOpen(config, localCapabilities(config, false)));
}

/** `bytes` with one byte changed. */
function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

describe('a neighbour that sends nonsense', () => {
  it.each<[string, readonly Uint8Array[], string]>([
    ['a wrong marker', [changed(openBytes(), 3, 0)], '0101'],
    ['a length of 18', [changed(openBytes(), 17, 18)], '01020012'],
    ['an unknown type', [changed(openBytes(), 18, 77)], '01034d'],
    ['version 3', [changed(openBytes(), HEADER_LENGTH, 3)], '02010004'],
    ['another AS', [openBytes({ localAs: 65001 })], '02020000fde9'],
    ['a hold time of 2', [openBytes({ holdTimeS: 2 })], '02060002'],
    ['identifier 0', [openBytes({ routerId: 0 })], '020300000000'],
    ['a KEEPALIVE before its OPEN', [encodeKeepalive()], '0501'],
    ['an UPDATE before its OPEN', [UPDATE], '0501'],
    ['an UPDATE before its KEEPALIVE', [openBytes(), UPDATE], '0502'],
    ['a second OPEN', [openBytes(), openBytes()], '0502'],
    ['an OPEN when established', [openBytes(), encodeKeepalive(), openBytes()], '0503'],
    ['a ROUTE-REFRESH before its KEEPALIVE', [openBytes(), encodeRouteRefresh(0, 0)], '0502'],
    ['a wrong marker when established', [openBytes(), encodeKeepalive(), changed(UPDATE, 0, 1)], '0101'],
  ])('is told what is wrong with %s', async (_name, messages, notification) => {
    const world = new SimWorld(40);
    const a = await listening(world);
    const { transport, received, closed } = await stranger(world, '10.0.0.1');
    transport.write(messages);
    world.clock.runFor(100);
    expect(received().at(-1)).toBe(`notification ${notification}`);
    expect(received().filter((message) => message.startsWith('notification')).length).toBe(1);
    expect(closed()).toBe(true);
    expect(a.status('b')).toMatchObject({ phase: 'start', errorWait: { ofS: 60 } });
    expect(a.speaker.halfOpenConnections).toBe(0);
  });

  it('is told nothing in answer to a NOTIFICATION', async () => {
    const world = new SimWorld(41);
    const a = await listening(world);
    const { transport, received, closed } = await stranger(world, '10.0.0.1');
    transport.write([
      changed(changed(newMessage(MESSAGE.notification, 2), HEADER_LENGTH, 6), HEADER_LENGTH + 1, 5),
    ]);
    world.clock.runFor(100);
    expect([received(), closed()]).toEqual([['1'], true]);
    expect(a.status('b')).toMatchObject({ lastError: 'Received: Connection rejected', state: 'Passive' });
  });

  it('has ROUTE-REFRESH ignored for families and subtypes that were not agreed on', async () => {
    const world = new SimWorld(42);
    const a = await listening(world, { families: [familyConfig(0)] });
    const { transport } = await stranger(world, '10.0.0.1');
    const refreshes = [encodeRouteRefresh(1, 0), changed(encodeRouteRefresh(0, 0), HEADER_LENGTH + 2, 9)];
    transport.write([openBytes(), encodeKeepalive(), ...refreshes, encodeRouteRefresh(0, 2)]);
    world.clock.runFor(100);
    expect(a.latest.refreshes).toEqual([[0, 2]]);
    expect(a.all('notice').length).toBe(2);
    expect(a.state('b')).toBe('Established');
  });
});

describe('random bytes', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom(
      openBytes(),
      encodeKeepalive(),
      UPDATE,
      encodeRouteRefresh(0, 0),
      encodeRouteRefresh(0, 1),
    ),
    fc.tuple(fc.constantFrom(1, 2, 3, 4, 5), fc.uint8Array({ maxLength: 80 })).map(([type, body]) => {
      const bytes = newMessage(type, body.length);
      bytes.set(body, HEADER_LENGTH);
      return bytes;
    }),
  );

  it('end in an answer that BGP knows, never in a bug, and leave the session usable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.boolean(), async (pieces, friendly) => {
        const world = new SimWorld(60);
        const host = world.network.host('10.0.0.2');
        const a = await listening(world);
        const { transport, received, closed } = await stranger(world, '10.0.0.1', host);
        transport.write(friendly ? [openBytes(), encodeKeepalive(), ...pieces] : pieces);
        world.clock.runFor(400_000);
        expect(a.all('bug')).toEqual([]);
        // Either the connection was closed, with at most one NOTIFICATION, or it is fine; the hold time has passed.
        expect([closed(), a.speaker.halfOpenConnections]).toEqual([true, 0]);
        expect(received().filter((message) => message.startsWith('notification')).length).toBeLessThanOrEqual(
          1,
        );
        const again = await stranger(world, '10.0.0.1', host);
        again.transport.write([openBytes(), encodeKeepalive()]);
        world.clock.runFor(1000);
        expect(a.state('b')).toBe('Established');
      }),
      { numRuns: 300 },
    );
  });
});

describe('connections without an OPEN', () => {
  it('end after a while, without a wait for the session', async () => {
    const world = new SimWorld(50);
    const a = await listening(world);
    const { received, closed } = await stranger(world, '10.0.0.1');
    world.clock.runFor(59_000);
    expect([a.speaker.halfOpenConnections, closed()]).toEqual([1, false]);
    world.clock.runFor(2000);
    expect([a.speaker.halfOpenConnections, closed()]).toEqual([0, true]);
    expect(received()).toEqual(['1', 'notification 0400']);
    expect(a.status('b')).toMatchObject({ state: 'Passive', phase: 'start' });
  });

  it('give way to a newer one when they have been silent for a while, and not before', async () => {
    const world = new SimWorld(51);
    const host = world.network.host('10.0.0.2');
    const a = await listening(world);
    const first = await stranger(world, '10.0.0.1', host);
    const second = await stranger(world, '10.0.0.1', host);
    world.clock.runFor(6000);
    expect([first.closed(), second.closed(), a.speaker.refusedConnections]).toEqual([false, true, 1]);
    const third = await stranger(world, '10.0.0.1', host);
    third.transport.write([openBytes(), encodeKeepalive()]);
    world.clock.runFor(1000);
    expect([first.closed(), a.state('b')]).toEqual([true, 'Established']);
  });

  it('are bounded in number, and leave other sessions alone', async () => {
    const world = new SimWorld(52);
    const rr = await world.speaker(['10.0.0.1'], { maxHalfOpen: 100 });
    rr.speaker.addRange(rangeConfig({ limit: 50_000 }));
    rr.speaker.addSession(
      sessionConfig({ name: 'one', remoteAddress: addressOf('10.2.0.1'), passive: true }),
    );
    const one = await rangeClient(world, '10.2.0.1');
    world.clock.runFor(10_000);
    for (let i = 0; i < 1000; i++) {
      const host = world.network.host(`10.1.${i >> 8}.${i & 255}`);
      await stranger(world, '10.0.0.1', host);
    }
    world.clock.runFor(1000);
    expect(rr.speaker.halfOpenConnections).toBe(100);
    expect(rr.speaker.sessions().length).toBe(101);
    expect(rr.speaker.refusedConnections).toBe(900);
    // However many are refused, they are reported once a second.
    expect(rr.all('refused').length).toBeLessThan(4);
    world.clock.runFor(10 * MINUTE);
    expect([rr.speaker.halfOpenConnections, rr.speaker.sessions().length]).toEqual([0, 1]);
    expect([one.state('rr'), one.status('rr').counters.established]).toEqual(['Established', 1]);
  });
});

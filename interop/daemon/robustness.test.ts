/** What a neighbour says wrong ends its own session with the right NOTIFICATION, and touches nothing else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { ReflectorProcess } from './process.ts';
import { CAPABILITIES, KEEPALIVE, MARKER, message, open, RawPeer } from './raw-peer.ts';

const CONFIG = (port: number): string => `
router id 10.255.0.1;
protocol device { }
protocol bgp clients {
  local 127.0.0.1 port ${port} as 65000;
  strict bind;
  multihop;
  rr client;
  passive;
  neighbor range 127.0.0.0/8 as 65000;
  dynamic name "c";
  error wait time 1, 1;
  ipv4 { import all; export all; };
}
`;

let daemon: ReflectorProcess;
let bystander: RawPeer;
let next = 0;

/** Each offender calls from its own address: the last one's error wait does not touch it. */
function address(): string {
  next++;
  return `127.1.${next >> 8}.${next & 255}`;
}

beforeAll(async () => {
  daemon = await ReflectorProcess.start(CONFIG);
  bystander = await RawPeer.establish(daemon.port, '127.9.9.9', 0x09090909);
}, 30_000);

afterAll(async () => {
  bystander.destroy();
  await daemon.stop();
});

async function answerTo(...messages: Uint8Array[]): Promise<RawPeer> {
  const peer = await RawPeer.connect(daemon.port, address());
  for (const bytes of messages) peer.send(bytes);
  await peer.until(() => peer.notification !== undefined || peer.closed).catch(() => undefined);
  return peer;
}

async function answerInSession(...messages: Uint8Array[]): Promise<RawPeer> {
  const peer = await RawPeer.establish(daemon.port, address(), 0x01000000 + next);
  for (const bytes of messages) peer.send(bytes);
  await peer.until(() => peer.notification !== undefined || peer.closed).catch(() => undefined);
  return peer;
}

async function expectBystanderUp(): Promise<void> {
  expect(daemon.isRunning).toBe(true);
  expect(bystander.closed).toBe(false);
  expect(await daemon.ask('show protocols all')).toContain('Neighbor address: 127.9.9.9');
}

describe('before the session is up', () => {
  const rows: [name: string, message: Uint8Array, notification: [number, number]][] = [
    ['a marker that is none', Uint8Array.from([...MARKER.slice(1), 0, 0, 29, 1]), [1, 1]],
    ['a length below the header', message(1, [], 18), [1, 2]],
    ['a length above the limit', message(2, [], 4097), [1, 2]],
    ['an OPEN that is too short', message(1, [4, 0, 0]), [1, 2]],
    ['a type that does not exist', message(9), [1, 3]],
    ['version 3', open(1, { version: 3 }), [2, 1]],
    ['another AS', open(1, { as: 64999, parameters: [] }), [2, 2]],
    ['router ID 0', open(0), [2, 3]],
    ["the reflector's own router ID", open(0x0aff0001), [2, 3]],
    ['a hold time of 2', open(1, { holdTime: 2 }), [2, 6]],
    ['an unknown optional parameter', open(1, { parameters: [77, 1, 0] }), [2, 4]],
    ['parameters that run past the end', open(1, { parameters: [2, 200, 1] }), [2, 0]],
    ['an UPDATE instead of an OPEN', message(2, [0, 0, 0, 0]), [5, 1]],
    ['a KEEPALIVE instead of an OPEN', KEEPALIVE, [5, 1]],
  ];
  test.each(rows)('%s', async (_name, bytes, notification) => {
    const peer = await answerTo(bytes);
    expect(peer.notification).toEqual(notification);
    await expectBystanderUp();
  });
});

describe('in an established session', () => {
  const rows: [name: string, message: Uint8Array, notification: [number, number]][] = [
    ['a second OPEN', open(0x01010101), [5, 3]],
    ['a KEEPALIVE with a body', message(4, [1]), [1, 2]],
    ['an UPDATE whose lengths do not fit', message(2, [0, 9, 0, 0]), [3, 1]],
    ['a prefix of 33 bits', message(2, [0, 6, 33, 1, 2, 3, 4, 5, 0, 0]), [3, 10]],
    ['a marker that is none', Uint8Array.from([...MARKER.slice(1), 0, 0, 19, 4]), [1, 1]],
  ];
  test.each(rows)('%s', async (_name, bytes, notification) => {
    const peer = await answerInSession(bytes);
    expect(peer.notification).toEqual(notification);
    await expectBystanderUp();
  });

  test('an UPDATE with a malformed attribute is treated as a withdrawal: the session stays (RFC 7606)', async () => {
    const peer = await RawPeer.establish(daemon.port, address(), 0x01000000 + next);
    peer.send(message(2, [0, 0, 0, 4, 0x40, 1, 1, 9, 8, 10]));
    await expect.poll(() => daemon.ask('show route 10.0.0.0/8')).toContain('Network not found');
    peer.send(KEEPALIVE);
    await expectBystanderUp();
    expect(peer.closed).toBe(false);
    peer.destroy();
  });
});

test('random bytes, chopped and not, end their connection and nothing else', async () => {
  const random = seededRandom(4711);
  for (let i = 0; i < 60; i++) {
    const bytes = Uint8Array.from({ length: 1 + random.below(300) }, () => random.below(256));
    if (random.chance(0.5)) bytes.set(MARKER.slice(0, bytes.length));
    const peer = await (random.chance(0.5)
      ? RawPeer.connect(daemon.port, address())
      : RawPeer.establish(daemon.port, address(), 0x02000000 + next));
    for (let at = 0; at < bytes.length; at += 7) peer.send(bytes.subarray(at, at + 7));
    await new Promise((later) => setTimeout(later, 2));
    peer.destroy();
  }
  await expectBystanderUp();
  expect(daemon.log).not.toMatch(/"class":"bug"/);
});

test('OPENs with random capabilities are answered or refused', async () => {
  const random = seededRandom(815);
  for (let i = 0; i < 60; i++) {
    const capabilities = Array.from({ length: random.below(40) }, () => random.below(256));
    const parameters = random.chance(0.5)
      ? [...CAPABILITIES, 2, capabilities.length, ...capabilities]
      : capabilities;
    const peer = await answerOnce(open(0x03000000 + i, { parameters }));
    expect(peer.received.length).toBeGreaterThan(0);
    peer.destroy();
  }
  await expectBystanderUp();
});

/** Resolves with the first message of whatever type, or when the connection ends. */
async function answerOnce(bytes: Uint8Array): Promise<RawPeer> {
  const peer = await RawPeer.connect(daemon.port, address());
  peer.send(bytes);
  await peer.until(() => peer.received.length > 0).catch(() => undefined);
  return peer;
}

test('ten thousand half-open connections are bounded, and the session beside them lives', async () => {
  const before = daemon.residentBytes;
  const peers: RawPeer[] = [];
  // As many at once as this process may have files; the rest in further rounds.
  for (let round = 0; round < 10; round++) {
    const batch = await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        RawPeer.connect(daemon.port, `127.${20 + round}.${i >> 8}.${i & 255}`),
      ),
    );
    peers.push(...batch);
    if (round % 2 === 1) for (const peer of peers.splice(0)) peer.destroy();
  }
  await expectBystanderUp();
  const newcomer = await RawPeer.establish(daemon.port, '127.8.8.8', 0x08080808);
  expect(newcomer.closed).toBe(false);
  newcomer.destroy();
  for (const peer of peers) peer.destroy();
  expect(daemon.residentBytes - before).toBeLessThan(120 * 1024 * 1024);
}, 60_000);

test('the control socket survives garbage, a line of a megabyte, and clients that vanish', async () => {
  for (const text of ['\u0000\u0001\u0002', 'x'.repeat(1_000_000), 'show route', '(((((((((((((', '"']) {
    const answer = await daemon.ask(text).catch(() => 'closed');
    expect(answer).toMatch(/^(9\d{3}|8\d{3}|0\d{3}|1\d{3}|closed)/);
  }
  await expectBystanderUp();
});

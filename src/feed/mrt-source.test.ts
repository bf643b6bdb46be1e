import { describe, expect, it } from 'vitest';
import { parseIp } from '../base/ip.ts';
import { seededRandom } from '../base/random.ts';
import { MrtSource } from './mrt-source.ts';
import { FeedError } from './source.ts';
import {
  asPath,
  attribute,
  batchesOf,
  bgp4mp,
  describe as describeMessages,
  fullMpReach,
  joined,
  localPref,
  memorySource,
  message,
  messagesOf,
  mpUnreach,
  nextHop,
  nlri,
  origin,
  peerIndex,
  record,
  rib,
  shortMpReach,
  tableDump,
  target,
  u16Bytes,
  u32Bytes,
  update,
} from './test-support.ts';
import type { Target } from './target.ts';

interface Played {
  readonly lines: string[];
  readonly messages: Uint8Array[];
  readonly notices: string[];
  readonly leftOut: Record<string, number>;
}

interface PlayOptions {
  readonly peer?: string;
  readonly to?: Target;
  readonly rereadable?: boolean;
  readonly chunkLength?: number;
}

async function play(recording: Uint8Array, options: PlayOptions = {}): Promise<Played> {
  const notices: string[] = [];
  const { to = target(), peer } = options;
  const input = memorySource(recording, options.chunkLength, options.rereadable);
  const source = new MrtSource(input, peer === undefined ? undefined : parseIp(peer)!, (text) =>
    notices.push(text),
  );
  await source.prepare(() => undefined);
  const messages = messagesOf(await batchesOf(source, to));
  return {
    lines: describeMessages(messages, to),
    messages,
    notices,
    leftOut: Object.fromEntries(source.leftOut),
  };
}

async function failure(recording: Uint8Array, options: PlayOptions = {}): Promise<string> {
  const error: unknown = await play(recording, options).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(FeedError);
  return (error as FeedError).message;
}

const ADD_PATH = { addPath: true, extendedNextHop: true };
const WITH_ADD_PATH = target({ families: [ADD_PATH, ADD_PATH] });

const ATTRS_2 = [...origin(), ...asPath(2, 64500, 64501), ...nextHop('192.0.2.7'), ...localPref(100)];
const ATTRS_4 = [...origin(), ...asPath(4, 64500, 4200000001), ...nextHop('192.0.2.7'), ...localPref(100)];
const ATTRS_6 = [
  ...origin(),
  ...asPath(4, 64500),
  ...localPref(100),
  ...fullMpReach(2, '2001:db8::7', nlri('2001:db8:1::/48'), nlri('2001:db8:2::/48')),
];

describe('recorded UPDATEs', () => {
  const plain = update([], ATTRS_4, nlri('10.1.0.0/16'));
  const withId = [0, 0, 0, 5, ...nlri('10.1.0.0/16')];

  it.each<[string, Uint8Array, Target, string[]]>([
    [
      'BGP4MP_MESSAGE_AS4',
      bgp4mp(16, 4, plain),
      target(),
      ['+10.1.0.0/16 via 192.0.2.7 path 64500 4200000001'],
    ],
    ['BGP4MP_ET', bgp4mp(17, 4, plain), target(), ['+10.1.0.0/16 via 192.0.2.7 path 64500 4200000001']],
    [
      'BGP4MP_MESSAGE, AS numbers of two octets',
      bgp4mp(16, 1, update([], ATTRS_2, nlri('10.1.0.0/16'))),
      target(),
      ['+10.1.0.0/16 via 192.0.2.7 path 64500 64501'],
    ],
    [
      'AS4_PATH of an old neighbour is joined with AS_PATH',
      bgp4mp(
        16,
        1,
        update(
          [],
          [
            ...origin(),
            ...asPath(2, 64500, 23456),
            ...nextHop('192.0.2.7'),
            ...attribute(0xc0, 17, [2, 1, ...u32Bytes(4200000001)]),
          ],
          nlri('10.1.0.0/16'),
        ),
      ),
      target(),
      ['+10.1.0.0/16 via 192.0.2.7 path 64500 4200000001'],
    ],
    [
      'MP_REACH_NLRI and MP_UNREACH_NLRI',
      joined(
        bgp4mp(16, 4, update([], ATTRS_6, [])),
        bgp4mp(16, 4, update([], mpUnreach(2, nlri('2001:db8:1::/48')), [])),
      ),
      target(),
      [
        '+2001:db8:1::/48 via 2001:db8::7 path 64500',
        '+2001:db8:2::/48 via 2001:db8::7 path 64500',
        '-2001:db8:1::/48',
      ],
    ],
    [
      'a message that withdraws and announces',
      bgp4mp(16, 4, update(nlri('10.9.0.0/16'), ATTRS_4, nlri('10.1.0.0/16'))),
      target(),
      ['-10.9.0.0/16', '+10.1.0.0/16 via 192.0.2.7 path 64500 4200000001'],
    ],
    [
      'BGP4MP_MESSAGE_AS4_ADDPATH into a session with path identifiers',
      bgp4mp(16, 9, update([], ATTRS_4, withId)),
      WITH_ADD_PATH,
      ['+10.1.0.0/16#5 via 192.0.2.7 path 64500 4200000001'],
    ],
    [
      'BGP4MP_MESSAGE_ADDPATH into a session without them',
      bgp4mp(16, 8, update([], ATTRS_2, withId)),
      target(),
      ['+10.1.0.0/16 via 192.0.2.7 path 64500 64501'],
    ],
    [
      'no path identifiers into a session with them',
      bgp4mp(16, 4, plain),
      WITH_ADD_PATH,
      ['+10.1.0.0/16#0 via 192.0.2.7 path 64500 4200000001'],
    ],
    [
      'OPEN, KEEPALIVE, state changes and sent messages are passed over',
      joined(
        record(16, 5, [...u32Bytes(1), ...u32Bytes(2), 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 0, 5, 0, 6]),
        bgp4mp(16, 1, message(1, [4, 0, 1, 0, 90, 1, 1, 1, 1, 0])),
        bgp4mp(16, 4, message(4, [])),
        bgp4mp(16, 7, plain),
        bgp4mp(16, 4, plain),
      ),
      target(),
      ['+10.1.0.0/16 via 192.0.2.7 path 64500 4200000001'],
    ],
  ])('%s', async (_name, recording, to, lines) => {
    const played = await play(recording, { to });
    expect(played.lines).toEqual(lines);
    expect(played.leftOut).toEqual({});
  });

  it('go out byte for byte where the session agrees with the recorded one', async () => {
    const odd = [...ATTRS_4, ...attribute(0xe0, 99, [1, 2, 3]), ...attribute(0x80, 10, [1, 1, 1, 1])];
    const messages = [
      update([], odd, nlri('10.1.0.0/16')),
      update(nlri('10.1.0.0/16'), [], []),
      update([], [], []),
      update([], ATTRS_6, []),
      update([], mpUnreach(2), []),
    ];
    const played = await play(joined(...messages.map((bytes) => bgp4mp(17, 4, bytes))));
    expect(played.messages.map((bytes) => [...bytes])).toEqual(messages);
  });

  it('get a LOCAL_PREF towards internal neighbours, and none towards external ones', async () => {
    const bare = [...origin(), ...asPath(4, 64500), ...nextHop('192.0.2.7')];
    const recording = bgp4mp(16, 4, update([], bare, nlri('10.1.0.0/16')));
    const internal = await play(recording);
    expect([...internal.messages[0]!]).toEqual(update([], [...bare, ...localPref(100)], nlri('10.1.0.0/16')));
    const external = await play(recording, { to: target({ internal: false }) });
    expect([...external.messages[0]!]).toEqual(update([], bare, nlri('10.1.0.0/16')));
  });

  it('are made fit for a neighbour without 4-octet AS numbers', async () => {
    const aggregator = attribute(0xc0, 7, [...u32Bytes(4200000009), 192, 0, 2, 5]);
    const recording = bgp4mp(16, 4, update([], [...ATTRS_4, ...aggregator], nlri('10.1.0.0/16')));
    const played = await play(recording, { to: target({ as4: false }) });
    expect([...played.messages[0]!]).toEqual(
      update(
        [],
        [
          ...origin(),
          ...asPath(2, 64500, 23456),
          ...nextHop('192.0.2.7'),
          ...localPref(100),
          ...attribute(0xc0, 7, [...u16Bytes(23456), 192, 0, 2, 5]),
          ...attribute(0xc0, 17, [2, 2, ...u32Bytes(64500), ...u32Bytes(4200000001)]),
          ...attribute(0xc0, 18, [...u32Bytes(4200000009), 192, 0, 2, 5]),
        ],
        nlri('10.1.0.0/16'),
      ),
    );
  });

  it('get the next hop that was asked for, in the family it is of', async () => {
    const recording = joined(
      bgp4mp(16, 4, update([], ATTRS_4, nlri('10.1.0.0/16'))),
      bgp4mp(16, 4, update([], ATTRS_6, [])),
    );
    const four = await play(recording, { to: target({ forcedNextHop: Uint8Array.of(10, 0, 0, 1) }) });
    expect(four.lines.map((line) => line.split(' ')[2])).toEqual(['10.0.0.1', '2001:db8::7', '2001:db8::7']);
    const hop6 = target().nextHop6;
    const six = await play(recording, { to: target({ forcedNextHop: hop6 }) });
    expect(six.lines.map((line) => line.split(' ')[2])).toEqual(['192.0.2.7', '2001:db8::1', '2001:db8::1']);
  });

  it('that are longer than the session allows are split', async () => {
    const many = Array.from({ length: 1200 }, (_, i) => nlri(`10.${i >> 8}.${i & 255}.0/24`));
    const long = update([], ATTRS_4, many.flat());
    expect(long.length).toBeGreaterThan(4096);
    const played = await play(bgp4mp(16, 4, long));
    expect(played.lines).toHaveLength(1200);
    expect(Math.max(...played.messages.map(({ length }) => length))).toBeLessThanOrEqual(4096);
    const whole = await play(bgp4mp(16, 4, long), { to: target({ maxLength: 65_535 }) });
    expect([...whole.messages[0]!]).toEqual(long);
  });

  it.each<[string, number[], Target, Record<string, number>]>([
    [
      'a family that the neighbour did not agree to',
      update([], ATTRS_6, []),
      target({ families: [{ addPath: false, extendedNextHop: false }, undefined] }),
      { 'routes of a family that the neighbour did not agree to': 2 },
    ],
    [
      'a family that nobody here carries',
      update([], [...origin(), ...asPath(4), ...attribute(0x80, 14, [0, 25, 65, 4, 1, 1, 1, 1, 0, 9])], []),
      target(),
      { 'routes of a family that Catbird does not carry': 1 },
    ],
    [
      'an IPv6 next hop that the neighbour does not understand',
      update([], [...origin(), ...asPath(4), ...fullMpReach(1, '2001:db8::7', nlri('10.1.0.0/16'))], []),
      target({ families: [{ addPath: false, extendedNextHop: false }, undefined] }),
      { 'IPv4 routes with an IPv6 next hop, which the neighbour does not understand': 1 },
    ],
    ['lengths that do not fit', update([], [0x40, 1, 9, 0], []), target(), { 'malformed UPDATE': 1 }],
    [
      'a prefix that is too long',
      update([], ATTRS_4, [33, 1, 2, 3, 4, 5]),
      target(),
      { 'malformed UPDATE': 1 },
    ],
    [
      'an AS path that cannot be converted',
      update(
        [],
        [...origin(), ...attribute(0x40, 2, [2, 9, 1]), ...nextHop('192.0.2.7')],
        nlri('10.0.0.0/8'),
      ),
      target({ as4: false }),
      { 'UPDATE whose AS path or aggregator cannot be converted': 1 },
    ],
  ])('are left out and counted: %s', async (_name, bytes, to, leftOut) => {
    const good = bgp4mp(16, 4, update([], ATTRS_4, nlri('10.1.0.0/16')));
    const played = await play(joined(good, bgp4mp(16, 4, bytes), good), { to });
    expect(played.leftOut).toEqual(leftOut);
    expect(played.messages).toHaveLength(2);
    expect(played.notices[0]).toMatch(/^at byte \d+: /);
  });

  it('of one peer can be chosen; a mix is pointed out', async () => {
    const of = (address: string, prefix: string): Uint8Array =>
      bgp4mp(16, 4, update([], ATTRS_4, nlri(prefix)), { address });
    const recording = joined(
      of('192.0.2.7', '10.1.0.0/16'),
      of('2001:db8::8', '10.2.0.0/16'),
      of('192.0.2.7', '10.3.0.0/16'),
    );
    expect((await play(recording)).notices).toEqual([
      'UPDATEs of 2 peers were mixed; --peer takes those of one',
    ]);
    const chosen = await play(recording, { peer: '2001:db8::8' });
    expect(chosen.lines).toEqual(['+10.2.0.0/16 via 192.0.2.7 path 64500 4200000001']);
    expect(await failure(recording, { peer: '192.0.2.8' })).toBe(
      'there is nothing from peer 192.0.2.8 in the recording; it has UPDATEs of 192.0.2.7 (AS 64500), 2001:db8::8 (AS 64500)',
    );
  });
});

describe('table dumps', () => {
  const v6 = [...origin(), ...asPath(4, 64500, 64502), ...shortMpReach('2001:db8::7')];
  const peers = peerIndex(['192.0.2.7', 64500], ['2001:db8::8', 4200000001]);
  const entry = (
    peer: number,
    attributes: readonly number[],
  ): { peer: number; attributes: readonly number[] } => ({
    peer,
    attributes,
  });

  it.each<[string, Uint8Array, Target, string[]]>([
    [
      'RIB_IPV4_UNICAST',
      rib(2, '10.1.0.0/16', [entry(0, ATTRS_4)]),
      target(),
      ['+10.1.0.0/16 via 192.0.2.7 path 64500 4200000001'],
    ],
    [
      'RIB_IPV6_UNICAST with the short MP_REACH_NLRI of the RFC',
      rib(4, '2001:db8:1::/48', [entry(0, v6)]),
      target(),
      ['+2001:db8:1::/48 via 2001:db8::7 path 64500 64502'],
    ],
    [
      'RIB_IPV6_UNICAST with a whole MP_REACH_NLRI',
      rib(4, '2001:db8:1::/48', [entry(0, ATTRS_6)]),
      target(),
      ['+2001:db8:1::/48 via 2001:db8::7 path 64500'],
    ],
    [
      'RIB_IPV4_UNICAST with an IPv6 next hop (RFC 8950)',
      rib(2, '10.1.0.0/16', [entry(0, v6)]),
      target(),
      ['+10.1.0.0/16 via 2001:db8::7 path 64500 64502'],
    ],
    [
      'RIB_GENERIC',
      rib(6, '2001:db8:1::/48', [entry(0, v6)], 2),
      target(),
      ['+2001:db8:1::/48 via 2001:db8::7 path 64500 64502'],
    ],
    [
      'RIB_IPV4_UNICAST_ADDPATH',
      rib(8, '10.1.0.0/16', [
        { peer: 0, attributes: ATTRS_4, pathId: 7 },
        { peer: 0, attributes: ATTRS_4, pathId: 9 },
      ]),
      WITH_ADD_PATH,
      [
        '+10.1.0.0/16#7 via 192.0.2.7 path 64500 4200000001',
        '+10.1.0.0/16#9 via 192.0.2.7 path 64500 4200000001',
      ],
    ],
    [
      'RIB_IPV6_UNICAST_ADDPATH',
      rib(10, '2001:db8:1::/48', [{ peer: 0, attributes: v6, pathId: 7 }]),
      WITH_ADD_PATH,
      ['+2001:db8:1::/48#7 via 2001:db8::7 path 64500 64502'],
    ],
    [
      'the default route',
      rib(2, '0.0.0.0/0', [entry(0, ATTRS_4)]),
      target(),
      ['+0.0.0.0/0 via 192.0.2.7 path 64500 4200000001'],
    ],
  ])('%s', async (_name, bytes, to, lines) => {
    expect((await play(joined(peers, bytes), { to })).lines).toEqual(lines);
  });

  it('TABLE_DUMP, both families', async () => {
    const recording = joined(
      tableDump('10.1.0.0/16', '192.0.2.7', 64500, ATTRS_2),
      tableDump('10.2.0.0/15', '192.0.2.8', 64501, ATTRS_2),
      tableDump('10.4.0.0/16', '192.0.2.7', 64500, ATTRS_2),
      tableDump('2001:db8:1::/48', '2001:db8::8', 64502, [
        ...origin(),
        ...asPath(2, 64502),
        ...shortMpReach('2001:db8::8'),
      ]),
    );
    const played = await play(recording);
    expect(played.lines).toEqual([
      '+10.1.0.0/16 via 192.0.2.7 path 64500 64501',
      '+10.4.0.0/16 via 192.0.2.7 path 64500 64501',
    ]);
    expect(played.notices).toEqual(['taking the 2 routes of 192.0.2.7 (AS 64500), of 3 peers']);
    const six = await play(recording, { peer: '2001:db8::8' });
    expect(six.lines).toEqual(['+2001:db8:1::/48 via 2001:db8::8 path 64502']);
  });

  it('gather routes with the same attributes into one message', async () => {
    const other = [...origin(2), ...asPath(4, 64500), ...nextHop('192.0.2.7'), ...localPref(100)];
    const records = Array.from({ length: 100 }, (_, i) =>
      rib(2, `10.${i}.0.0/16`, [entry(0, i % 2 === 0 ? ATTRS_4 : other)]),
    );
    const played = await play(joined(peers, ...records));
    expect(played.messages).toHaveLength(2);
    expect(played.lines).toHaveLength(100);
  });

  it('are of the first peer with the most routes, or of the one that is asked for', async () => {
    const recording = joined(
      peers,
      rib(2, '10.1.0.0/16', [entry(0, ATTRS_4), entry(1, ATTRS_4)]),
      rib(2, '10.2.0.0/16', [entry(1, ATTRS_4)]),
    );
    expect((await play(recording)).lines).toHaveLength(2);
    expect((await play(recording, { peer: '192.0.2.7' })).lines).toHaveLength(1);
    expect(await failure(recording, { peer: '192.0.2.9' })).toBe(
      'the recording has no peer 192.0.2.9; it has 192.0.2.7 (AS 64500), 2001:db8::8 (AS 4200000001)',
    );
    expect(await failure(recording, { rereadable: false })).toMatch(/choose one with --peer/);
    expect((await play(recording, { rereadable: false, peer: '2001:db8::8' })).lines).toHaveLength(2);
  });

  it('may be followed by UPDATEs of the same peer', async () => {
    const recording = joined(
      peers,
      rib(2, '10.1.0.0/16', [entry(0, ATTRS_4)]),
      bgp4mp(16, 4, update(nlri('10.1.0.0/16'), [], [])),
      bgp4mp(16, 4, update(nlri('10.1.0.0/16'), [], []), { address: '192.0.2.9' }),
    );
    expect((await play(recording)).lines).toEqual([
      '+10.1.0.0/16 via 192.0.2.7 path 64500 4200000001',
      '-10.1.0.0/16',
    ]);
  });

  it('leave out what is malformed or of a kind that is not played', async () => {
    const good = rib(2, '10.1.0.0/16', [entry(0, ATTRS_4)]);
    const cut = record(13, 2, [...u32Bytes(1), 16, 10, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 99, 1]);
    const noHop = rib(4, '2001:db8:1::/48', [entry(0, origin())]);
    const played = await play(
      joined(peers, good, cut, noHop, rib(3, '10.1.0.0/16', []), rib(2, '10.3.0.0/16', [entry(9, ATTRS_4)])),
    );
    expect(played.lines).toHaveLength(1);
    expect(played.leftOut).toEqual({
      'malformed table record': 1,
      'routes without a usable next hop': 1,
      'record without unicast routes': 1,
      'route of a peer that is not in the peer index': 1,
    });
  });
});

describe('recordings that are none', () => {
  const good = bgp4mp(16, 4, update([], ATTRS_4, nlri('10.1.0.0/16')));

  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /it is empty$/],
    ['text', new TextEncoder().encode('10.0.0.0/8 via 192.0.2.1'), /^this is not an MRT file: .* type \d+$/],
    ['cut in a header', good.slice(0, 11), /^bad MRT at byte 0: it ends in the middle/],
    ['cut in a record', joined(good, good.slice(0, -1)), new RegExp(`^bad MRT at byte ${good.length}: `)],
    [
      'a length that cannot be',
      joined(good, Uint8Array.from([0, 0, 0, 0, 0, 16, 0, 4, 255, 255, 255, 255])),
      new RegExp(`^bad MRT at byte ${good.length}: a record of type 16 with 4294967295 bytes$`),
    ],
    [
      'no room for microseconds',
      Uint8Array.from([0, 0, 0, 0, 0, 17, 0, 4, 0, 0, 0, 2, 1, 1]),
      /microseconds$/,
    ],
    ['nothing with routes', record(16, 0, [1, 2, 3]), /^there are no routes in the recording$/],
  ])('%s', async (_name, recording, text) => {
    expect(await failure(recording)).toMatch(text);
    expect(await failure(recording, { rereadable: false })).toMatch(text);
  });

  it('however damaged, end in messages that are well formed or in words for the user', async () => {
    const random = seededRandom(7);
    const sound = joined(
      peerIndex(['192.0.2.7', 64500]),
      rib(2, '10.1.0.0/16', [{ peer: 0, attributes: ATTRS_4 }]),
      rib(8, '10.1.0.0/16', [{ peer: 0, attributes: ATTRS_4, pathId: 1 }]),
      rib(4, '2001:db8:1::/48', [{ peer: 0, attributes: ATTRS_6 }]),
      tableDump('10.1.0.0/16', '192.0.2.7', 64500, ATTRS_2),
      bgp4mp(16, 4, update(nlri('10.9.0.0/16'), ATTRS_4, nlri('10.1.0.0/16'))),
      bgp4mp(17, 1, update([], ATTRS_2, nlri('10.1.0.0/16'))),
      bgp4mp(17, 4, update([], ATTRS_6, [])),
    );
    const targets = [target(), WITH_ADD_PATH, target({ as4: false, internal: false })];
    let refused = 0;
    for (let round = 0; round < 1500; round++) {
      const damaged = sound.slice(0, random.chance(0.2) ? random.below(sound.length) : sound.length);
      for (let i = 1 + random.below(4); i > 0; i--) damaged[random.below(damaged.length)] = random.below(256);
      try {
        await play(damaged, { to: random.pick(targets), chunkLength: 1 + random.below(200) });
      } catch (error) {
        if (!(error instanceof FeedError)) throw new Error(`round ${round}`, { cause: error });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(1400);
  });
});

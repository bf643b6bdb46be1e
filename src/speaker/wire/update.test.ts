import { beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { FAMILIES, type FamilyIndex } from '../../base/family.ts';
import { formatPrefix, parsePrefix } from '../../base/prefix.ts';
import { ATTR } from '../../rib/attrs/codes.ts';
import { AttrStore } from '../../rib/attrs/store.ts';
import { NlriBatch } from '../../rib/nlri-batch.ts';
import type { Negotiated, NegotiatedFamily } from '../negotiated.ts';
import { UpdateDecoder, type UpdateSink } from './update.ts';

/** What a sink was told, one line a call. */
class Recorder implements UpdateSink {
  readonly lines: string[] = [];
  readonly texts: string[] = [];
  readonly #store: AttrStore;
  constructor(store: AttrStore) {
    this.#store = store;
  }
  announce(family: FamilyIndex, batch: NlriBatch, attrs: number): void {
    this.#store.retain(attrs);
    this.lines.push(`announce ${prefixes(family, batch)} attrs ${attrs}`);
  }
  withdraw(family: FamilyIndex, batch: NlriBatch): void {
    this.lines.push(`withdraw ${prefixes(family, batch)}`);
  }
  endOfRib(family: FamilyIndex): void {
    this.lines.push(`end of rib ${FAMILIES[family].name}`);
  }
  faults(texts: readonly string[]): void {
    this.texts.push(...texts);
  }
}

function prefixes(family: FamilyIndex, batch: NlriBatch): string {
  const { words: width } = FAMILIES[family];
  const out: string[] = [];
  for (let i = 0; i < batch.count; i++) {
    const words = batch.words.slice(i * width, (i + 1) * width);
    const id = batch.pathId[i] === 0 ? '' : `#${batch.pathId[i]}`;
    out.push(formatPrefix({ family: FAMILIES[family], words, length: batch.length[i]! }) + id);
  }
  return out.join(',');
}

const FAMILY: NegotiatedFamily = {
  family: 0,
  addPathReceive: false,
  addPathSend: false,
  extendedNextHop: false,
  gracefulRestart: false,
  forwardingPreserved: false,
};

const INTERNAL: Negotiated = {
  localAs: 65000,
  remoteAs: 65000,
  localRouterId: 1,
  remoteRouterId: 2,
  internal: true,
  holdTimeS: 90,
  keepaliveTimeS: 30,
  as4: true,
  families: [FAMILY, { ...FAMILY, family: 1 }],
  routeRefresh: true,
  enhancedRouteRefresh: true,
  maxSendLength: 4096,
  maxReceiveLength: 4096,
};

let store: AttrStore;
let sink: Recorder;

beforeEach(() => {
  store = new AttrStore();
  sink = new Recorder(store);
});

function decoder(negotiated: Partial<Negotiated> = {}, extendedNextHop = false): UpdateDecoder {
  return new UpdateDecoder(
    {
      store,
      negotiated: { ...INTERNAL, ...negotiated },
      batch: new NlriBatch(),
      allowLocalPref: false,
      aigp: false,
      defaultLocalPref: 100,
      extendedNextHop,
    },
    sink,
  );
}

const attribute = (flags: number, code: number, ...value: number[]): number[] => [
  flags,
  code,
  value.length,
  ...value,
];
const ORIGIN_IGP = attribute(0x40, 1, 0);
const AS_PATH = attribute(0x40, 2, 2, 1, 0, 0, 0xfd, 0xea);
const NEXT_HOP = attribute(0x40, 3, 10, 0, 0, 1);
const LOCAL_PREF = attribute(0x40, 5, 0, 0, 0, 50);
const SOUND = [...ORIGIN_IGP, ...AS_PATH, ...NEXT_HOP, ...LOCAL_PREF];
const TEN = [8, 10];

/** The body of an UPDATE. */
function body(withdrawn: number[], attributes: number[], nlri: number[]): Uint8Array {
  const u16 = (value: number): number[] => [value >> 8, value & 255];
  return Uint8Array.from([
    ...u16(withdrawn.length),
    ...withdrawn,
    ...u16(attributes.length),
    ...attributes,
    ...nlri,
  ]);
}

describe('sound messages', () => {
  const mpReach = (...value: number[]): number[] => attribute(0x80, 14, ...value);
  const address6 = [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 1];
  const rows: [name: string, message: Uint8Array, told: string[]][] = [
    ['announcement', body([], SOUND, TEN), ['announce 10.0.0.0/8 attrs 1']],
    ['withdrawal', body(TEN, [], []), ['withdraw 10.0.0.0/8']],
    ['both', body([16, 172, 16], SOUND, TEN), ['withdraw 172.16.0.0/16', 'announce 10.0.0.0/8 attrs 1']],
    ['host bits are cleared', body([], SOUND, [12, 10, 255]), ['announce 10.240.0.0/12 attrs 1']],
    ['End-of-RIB of IPv4', body([], [], []), ['end of rib ipv4']],
    ['End-of-RIB of IPv6', body([], attribute(0x80, 15, 0, 2, 1), []), ['end of rib ipv6']],
    [
      'IPv6 announcement',
      body(
        [],
        [...mpReach(0, 2, 1, 16, ...address6, 0, 32, 0x20, 1, 0xd, 0xb8), ...ORIGIN_IGP, ...AS_PATH],
        [],
      ),
      ['announce 2001:db8::/32 attrs 1'],
    ],
    ['IPv6 withdrawal', body([], attribute(0x80, 15, 0, 2, 1, 16, 0x20, 1), []), ['withdraw 2001::/16']],
    ['a family that was not agreed on is ignored', body([], attribute(0x80, 15, 0, 25, 70, 1, 2), []), []],
  ];
  test.each(rows)('%s', (_name, message, told) => {
    expect(decoder().decode(message, 0, message.length)).toBeUndefined();
    expect(sink.lines).toEqual(told);
    expect(sink.texts).toEqual([]);
  });

  test('the same attributes again are the same set, parsed or not', () => {
    const message = body([], SOUND, TEN);
    const subject = decoder();
    subject.decode(message, 0, message.length);
    subject.decode(message, 0, message.length);
    expect(sink.lines[1]).toBe(sink.lines[0]);
    expect(store.size).toBe(1);
  });

  test('LOCAL_PREF is added where it is missing, and codes are put in order', () => {
    const message = body([], [...NEXT_HOP, ...AS_PATH, ...ORIGIN_IGP], TEN);
    decoder().decode(message, 0, message.length);
    const codes: number[] = [];
    store.forEach(1, (code) => codes.push(code));
    expect(codes).toEqual([ATTR.origin, ATTR.asPath, ATTR.nextHop, ATTR.localPref]);
    expect(store.localPref[1]).toBe(100);
  });

  test('unknown attributes: transitive ones are kept and marked Partial, others are ignored', () => {
    const message = body([], [...SOUND, ...attribute(0xc0, 99, 1, 2), ...attribute(0x80, 98, 3)], TEN);
    decoder().decode(message, 0, message.length);
    const kept: [number, number][] = [];
    store.forEach(1, (code, flags) => kept.push([code, flags]));
    expect(kept.at(-1)).toEqual([99, 0xe0]);
    expect(kept).toHaveLength(5);
  });

  test('RFC 7911: path identifiers', () => {
    const message = body([0, 0, 0, 7, ...TEN], SOUND, [0, 0, 0, 9, ...TEN]);
    decoder({ families: [{ ...FAMILY, addPathReceive: true }] }).decode(message, 0, message.length);
    expect(sink.lines).toEqual(['withdraw 10.0.0.0/8#7', 'announce 10.0.0.0/8#9 attrs 1']);
  });

  test('RFC 8950: IPv4 routes with an IPv6 next hop, where that was agreed', () => {
    const message = body(
      [],
      [...mpReach(0, 1, 1, 16, ...address6, 0, ...TEN), ...ORIGIN_IGP, ...AS_PATH],
      [],
    );
    expect(decoder({}, true).decode(message, 0, message.length)).toBeUndefined();
    expect(sink.lines).toEqual(['announce 10.0.0.0/8 attrs 1']);
    expect(store.value(1, ATTR.mpReach)).toEqual(Uint8Array.from(address6));
    expect(decoder().decode(message, 0, message.length)).toMatchObject({ code: 3, subcode: 9 });
  });

  test('RFC 6793: a neighbour with 2-octet AS numbers', () => {
    const attributes = [
      ...ORIGIN_IGP,
      ...attribute(0x40, 2, 2, 2, 0, 9, 0x5b, 0xa0),
      ...NEXT_HOP,
      ...attribute(0xc0, 17, 2, 1, 0, 1, 0x11, 0x70),
    ];
    const message = body([], attributes, TEN);
    decoder({ as4: false, internal: false }).decode(message, 0, message.length);
    expect(store.value(1, ATTR.asPath)).toEqual(Uint8Array.of(2, 2, 0, 0, 0, 9, 0, 1, 0x11, 0x70));
    expect(store.value(1, ATTR.as4Path)).toBeUndefined();
  });
});

describe('RFC 7606: treat as withdraw', () => {
  const rows: [name: string, attributes: number[], fault: RegExp][] = [
    ['ORIGIN of 3', [...attribute(0x40, 1, 3), ...AS_PATH, ...NEXT_HOP], /origin: invalid value/],
    ['ORIGIN of two bytes', [...attribute(0x40, 1, 0, 0), ...AS_PATH, ...NEXT_HOP], /origin: invalid length/],
    ['wrong flags', [...attribute(0xc0, 1, 0), ...AS_PATH, ...NEXT_HOP], /origin: conflicting flags/],
    ['malformed AS_PATH', [...ORIGIN_IGP, ...attribute(0x40, 2, 9, 1, 0, 0, 0, 1), ...NEXT_HOP], /as_path/],
    ['no NEXT_HOP', [...ORIGIN_IGP, ...AS_PATH], /missing mandatory attribute next_hop/],
    ['no ORIGIN', [...AS_PATH, ...NEXT_HOP], /missing mandatory attribute origin/],
    ['NEXT_HOP of three bytes', [...ORIGIN_IGP, ...AS_PATH, ...attribute(0x40, 3, 1, 2, 3)], /next_hop/],
    ['NEXT_HOP is multicast', [...ORIGIN_IGP, ...AS_PATH, ...attribute(0x40, 3, 224, 0, 0, 1)], /next_hop/],
    ['MED of three bytes', [...SOUND, ...attribute(0x80, 4, 1, 2, 3)], /med/],
    [
      'LOCAL_PREF of one byte',
      [...ORIGIN_IGP, ...AS_PATH, ...NEXT_HOP, ...attribute(0x40, 5, 1)],
      /local_pref/,
    ],
    ['communities of six bytes', [...SOUND, ...attribute(0xc0, 8, 1, 2, 3, 4, 5, 6)], /community/],
    ['empty communities', [...SOUND, ...attribute(0xc0, 8)], /community/],
    [
      'extended communities of nine bytes',
      [...SOUND, ...attribute(0xc0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9)],
      /ext_community/,
    ],
    [
      'large communities of eight bytes',
      [...SOUND, ...attribute(0xc0, 32, 1, 2, 3, 4, 5, 6, 7, 8)],
      /large_community/,
    ],
    ['ORIGINATOR_ID of three bytes', [...SOUND, ...attribute(0x80, 9, 1, 2, 3)], /originator_id/],
    ['CLUSTER_LIST of five bytes', [...SOUND, ...attribute(0x80, 10, 1, 2, 3, 4, 5)], /cluster_list/],
    ['unknown well-known', [...SOUND, ...attribute(0x40, 77, 1)], /unknown well-known/],
    ['attribute runs past the list', [...SOUND, 0x80, 4, 9, 0], /runs past its end/],
  ];
  test.each(rows)('%s', (_name, attributes, fault) => {
    const message = body([], attributes, TEN);
    expect(decoder().decode(message, 0, message.length)).toBeUndefined();
    expect(sink.lines).toEqual(['withdraw 10.0.0.0/8']);
    expect(sink.texts.join('\n')).toMatch(fault);
  });
});

describe('RFC 7606: attribute discard', () => {
  const rows: [name: string, attributes: number[], code: number][] = [
    ['AGGREGATOR of six bytes', attribute(0xc0, 7, 1, 2, 3, 4, 5, 6), ATTR.aggregator],
    ['ATOMIC_AGGREGATE with a value', attribute(0x40, 6, 1), ATTR.atomicAggregate],
    ['a second LOCAL_PREF', attribute(0x40, 5, 0, 0, 0, 1), 0],
  ];
  test.each(rows)('%s', (_name, extra, code) => {
    const message = body([], [...SOUND, ...extra], TEN);
    expect(decoder().decode(message, 0, message.length)).toBeUndefined();
    expect(sink.lines).toEqual(['announce 10.0.0.0/8 attrs 1']);
    expect(sink.texts).toHaveLength(1);
    expect(store.localPref[1]).toBe(50);
    if (code !== 0) expect(store.value(1, code)).toBeUndefined();
  });

  test('internal attributes from an external neighbour', () => {
    const message = body(
      [],
      [...SOUND, ...attribute(0x80, 9, 1, 2, 3, 4), ...attribute(0x80, 10, 1, 2, 3, 4)],
      TEN,
    );
    decoder({ internal: false }).decode(message, 0, message.length);
    expect(store.value(1, ATTR.originatorId)).toBeUndefined();
    expect(store.value(1, ATTR.clusterList)).toBeUndefined();
    expect(store.localPref[1]).toBe(100);
  });
});

describe('session reset', () => {
  const rows: [name: string, message: Uint8Array, subcode: number][] = [
    ['shorter than its length fields', Uint8Array.of(0, 0, 0), 1],
    ['withdrawn routes run past the end', Uint8Array.of(0, 9, 0, 0), 1],
    ['attributes run past the end', Uint8Array.of(0, 0, 0, 9), 1],
    ['a prefix of 33 bits', body([], SOUND, [33, 1, 2, 3, 4, 5]), 10],
    ['a prefix that is cut off', body([], SOUND, [24, 1]), 10],
    [
      'two MP_UNREACH_NLRI',
      body([], [...attribute(0x80, 15, 0, 2, 1, 0), ...attribute(0x80, 15, 0, 2, 1)], []),
      1,
    ],
    [
      'an IPv6 next hop of five bytes',
      body([], [...ORIGIN_IGP, ...AS_PATH, ...attribute(0x80, 14, 0, 2, 1, 5, 1, 2, 3, 4, 5, 0)], []),
      9,
    ],
  ];
  test.each(rows)('%s', (_name, message, subcode) => {
    expect(decoder().decode(message, 0, message.length)).toMatchObject({ code: 3, subcode });
  });
});

test('IPv6 canonical bytes cannot be forged with a short type 14 attribute', () => {
  const sound = body(
    [],
    [
      ...attribute(0x80, 14, 0, 2, 1, 16, 0x20, 1, ...new Array<number>(13).fill(0), 1, 0, 16, 0x20, 1),
      ...ORIGIN_IGP,
      ...AS_PATH,
      ...LOCAL_PREF,
    ],
    [],
  );
  decoder().decode(sound, 0, sound.length);
  const canonical = store.bytes.slice(store.at[1], store.at[1]! + store.length[1]!);
  const forged = body([], [...canonical], TEN);
  decoder().decode(forged, 0, forged.length);
  expect(sink.lines.slice(1).some((line) => line.startsWith('announce'))).toBe(false);
});

test('no bytes make the decoder throw, and nothing is kept of what it refuses', () => {
  const some = fc.uint8Array({ maxLength: 200 });
  const attributes = fc.array(
    fc.tuple(
      fc.constantFrom(0x40, 0x80, 0xc0, 0x50, 0x90),
      fc.integer({ min: 0, max: 40 }),
      fc.uint8Array({ maxLength: 30 }),
    ),
    { maxLength: 8 },
  );
  const structured = fc.tuple(attributes, some).map(([list, nlri]) =>
    body(
      [],
      list.flatMap(([flags, code, value]) =>
        flags & 0x10 ? [flags, code, 0, value.length, ...value] : [flags, code, value.length, ...value],
      ),
      [...nlri],
    ),
  );
  fc.assert(
    fc.property(fc.oneof(some, structured), fc.boolean(), fc.boolean(), (bytes, internal, as4) => {
      decoder({ internal, as4 }, true).decode(bytes, 0, bytes.length);
    }),
    { numRuns: 3000 },
  );
});

test('prefixes parse as people write them', () => {
  expect(parsePrefix('10.0.0.0/8')).toMatchObject({ length: 8 });
  expect(parsePrefix('10.0.0.1/8')).toBeUndefined();
  expect(parsePrefix('10.0.0.0/33')).toBeUndefined();
});

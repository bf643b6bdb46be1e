/** What is encoded is decoded again: the two were written from the same RFCs, but by different code. */
import { describe, expect, test } from 'vitest';
import { FAMILIES, IPV4, IPV6, type Family, type FamilyIndex } from '../base/family.ts';
import { formatPrefix, parsePrefix } from '../base/prefix.ts';
import { ATTR, FLAG } from '../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../rib/attrs/edit.ts';
import { AttrStore } from '../rib/attrs/store.ts';
import { NetworkTable } from '../rib/network-table.ts';
import { NlriBatch } from '../rib/nlri-batch.ts';
import { UpdateDecoder, type UpdateSink } from '../speaker/wire/update.ts';
import { HEADER_LENGTH, type Reflection } from '../speaker/wire/update-encode.ts';
import { GroupLog, nothingGathered } from './group-log.ts';
import { Packer, type Encoding } from './packer.ts';

interface Heard {
  readonly announced: Map<string, number>;
  readonly withdrawn: string[];
}

const PLAIN: Encoding = { family: IPV4, as4: true, addPath: false, extendedNextHop: false, maxLength: 4096 };

class Bench {
  readonly store = new AttrStore();
  readonly editor = new AttrEditor(this.store);
  readonly log = new GroupLog();
  readonly nets: NetworkTable;
  readonly packer: Packer;
  readonly encoding: Encoding;
  #cursor = this.log.cursor();

  constructor(encoding: Partial<Encoding> = {}) {
    this.encoding = { ...PLAIN, ...encoding };
    this.nets = new NetworkTable(this.encoding.family);
    this.packer = new Packer(this.encoding, this.store, this.nets);
  }

  /** A set with the mandatory attributes; `path` in a sequence. */
  attrs(path: readonly number[], change: (editor: AttrEditor) => void = () => undefined): number {
    this.editor
      .edit(0)
      .set(ATTR.origin, FLAG.transitive, Uint8Array.of(0))
      .set(
        ATTR.asPath,
        FLAG.transitive,
        Uint8Array.of(2, path.length, ...path.flatMap((asn) => [...u32Bytes(asn)])),
      )
      .set(ATTR.nextHop, FLAG.transitive, Uint8Array.of(10, 0, 0, 1))
      .set(ATTR.localPref, FLAG.transitive, u32Bytes(100));
    change(this.editor);
    const attrs = this.editor.commit();
    this.store.retain(attrs);
    return attrs;
  }

  net(text: string): number {
    const { words, length } = parsePrefix(text)!;
    return this.nets.add(words, 0, length);
  }

  announce(attrs: number, nets: readonly number[], reflection?: Reflection): boolean {
    if (!this.packer.announce(this.log, attrs, 0, reflection)) return false;
    this.fill(nets, 1000);
    return true;
  }

  /** Writes routes with path identifiers that are the network's number plus `offset`. */
  fill(nets: readonly number[], offset: number): void {
    const ids = Uint32Array.from(nets, (net) => net + offset);
    for (let at = 0; at < nets.length;) at = this.packer.fill(Uint32Array.from(nets), ids, at, nets.length);
  }

  /** The messages since the last call. */
  messages(): Uint8Array[] {
    const gathered = nothingGathered();
    this.log.gather(this.#cursor, 0, 1 << 24, gathered);
    const out: Uint8Array[] = [];
    for (const chunk of gathered.chunks) {
      for (let at = 0; at < chunk.length;) {
        const length = (chunk[at + 16]! << 8) | chunk[at + 17]!;
        out.push(chunk.subarray(at, at + length));
        at += length;
      }
    }
    expect(out).toHaveLength(gathered.messages);
    return out;
  }

  /** What a neighbour makes of the messages, its attribute numbers being those of this bench's store. */
  hear(messages: readonly Uint8Array[]): Heard {
    const { family, as4, addPath, extendedNextHop } = this.encoding;
    const announced = new Map<string, number>();
    const withdrawn: string[] = [];
    const texts = (index: FamilyIndex, batch: NlriBatch): string[] => describeBatch(FAMILIES[index], batch);
    const sink: UpdateSink = {
      announce: (index, batch, attrs) => {
        this.store.retain(attrs);
        for (const text of texts(index, batch)) announced.set(text, attrs);
      },
      withdraw: (index, batch) => {
        withdrawn.push(...texts(index, batch));
      },
      endOfRib: () => undefined,
      faults: (faults) => {
        throw new Error(faults.join('\n'));
      },
    };
    const common = {
      addPathSend: false,
      extendedNextHop: false,
      gracefulRestart: false,
      forwardingPreserved: false,
    };
    const decoder = new UpdateDecoder(
      {
        store: this.store,
        negotiated: {
          localAs: 1,
          remoteAs: 1,
          localRouterId: 1,
          remoteRouterId: 2,
          internal: true,
          holdTimeS: 90,
          keepaliveTimeS: 30,
          as4,
          families: [{ family: family.index, addPathReceive: addPath, ...common }],
          routeRefresh: true,
          enhancedRouteRefresh: false,
          maxSendLength: 4096,
          maxReceiveLength: 65535,
        },
        batch: new NlriBatch(),
        allowLocalPref: false,
        aigp: true,
        defaultLocalPref: 100,
        extendedNextHop,
      },
      sink,
    );
    for (const message of messages) {
      expect([...message.subarray(0, 16)]).toEqual(new Array<number>(16).fill(0xff));
      expect(message[18]).toBe(2);
      expect(message.length).toBeLessThanOrEqual(this.encoding.maxLength);
      expect(decoder.decode(message, HEADER_LENGTH, message.length)).toBeUndefined();
    }
    return { announced, withdrawn };
  }
}

function describeBatch(family: Family, batch: NlriBatch): string[] {
  return Array.from({ length: batch.count }, (_, i) => {
    const words = batch.words.slice(i * family.words, (i + 1) * family.words);
    const id = batch.pathId[i] ? `#${batch.pathId[i]}` : '';
    return formatPrefix({ family, words, length: batch.length[i]! }) + id;
  });
}

const ALL_LENGTHS = Array.from(
  { length: 33 },
  (_, bits) => `${bits === 0 ? '0.0.0.0' : '128.0.0.0'}/${bits}`,
);

describe('announcements', () => {
  test('prefixes of every length, with attributes as they were', () => {
    const bench = new Bench();
    const attrs = bench.attrs([65001, 4200000000], (editor) =>
      editor.set(ATTR.largeCommunities, FLAG.optional | FLAG.transitive, new Uint8Array(12).fill(7)),
    );
    bench.announce(
      attrs,
      ALL_LENGTHS.map((text) => bench.net(text)),
    );
    const { announced } = bench.hear(bench.messages());
    expect([...announced.keys()]).toEqual(ALL_LENGTHS);
    expect(new Set(announced.values())).toEqual(new Set([attrs]));
  });

  test('messages are as full as they can be, and never longer than agreed', () => {
    const bench = new Bench();
    const nets = Array.from({ length: 5000 }, (_, i) => bench.net(`10.${i >> 8}.${i & 255}.0/24`));
    bench.announce(bench.attrs([1]), nets);
    const messages = bench.messages();
    const headAndAttributes = 23 + 4 + 9 + 7 + 7;
    expect(messages).toHaveLength(Math.ceil(5000 / Math.floor((4096 - headAndAttributes) / 4)));
    expect(bench.hear(messages).announced.size).toBe(5000);
  });

  test('extended messages hold more', () => {
    const bench = new Bench({ maxLength: 65535 });
    bench.announce(
      bench.attrs([1]),
      Array.from({ length: 5000 }, (_, i) => bench.net(`10.${i >> 8}.${i & 255}.0/24`)),
    );
    expect(bench.messages()).toHaveLength(1);
  });

  test('attributes that leave no room are refused', () => {
    const bench = new Bench();
    const attrs = bench.attrs([1], (editor) =>
      editor.set(99, FLAG.optional | FLAG.transitive, new Uint8Array(4080)),
    );
    expect(bench.announce(attrs, [bench.net('10.0.0.0/8')])).toBe(false);
    expect(bench.messages()).toEqual([]);
  });

  test('RFC 7911: path identifiers', () => {
    const bench = new Bench({ addPath: true });
    const net = bench.net('10.0.0.0/8');
    bench.announce(bench.attrs([1]), [net]);
    expect([...bench.hear(bench.messages()).announced.keys()]).toEqual([`10.0.0.0/8#${net + 1000}`]);
  });

  test.each([
    ['IPv6', IPV6, false, ['2001:db8::/32', '2001:db8::1/128', '::/0']],
    ['IPv4 over IPv6, RFC 8950', IPV4, true, ['10.0.0.0/8', '192.0.2.0/25']],
  ] as const)(
    '%s: MP_REACH_NLRI comes first (RFC 7606 section 5.1)',
    (_name, family, extendedNextHop, texts) => {
      const bench = new Bench({ family, extendedNextHop });
      const attrs = bench.attrs([1], (editor) =>
        editor.remove(ATTR.nextHop).set(ATTR.mpReach, FLAG.optional, new Uint8Array(16).fill(0x20)),
      );
      bench.announce(
        attrs,
        texts.map((text) => bench.net(text)),
      );
      const messages = bench.messages();
      expect(messages[0]![HEADER_LENGTH + 5]).toBe(ATTR.mpReach);
      const { announced } = bench.hear(messages);
      expect([...announced.keys()]).toEqual(texts);
      expect(new Set(announced.values())).toEqual(new Set([attrs]));
    },
  );
});

describe('withdrawals', () => {
  test.each([
    ['IPv4', IPV4, ['10.0.0.0/8', '0.0.0.0/0']],
    ['IPv6', IPV6, ['2001:db8::/32', '::/0']],
  ] as const)('%s', (_name, family, texts) => {
    const bench = new Bench({ family });
    bench.packer.withdraw(bench.log, 0);
    bench.fill(
      texts.map((text) => bench.net(text)),
      0,
    );
    expect(bench.hear(bench.messages()).withdrawn).toEqual(texts);
  });
});

describe('RFC 4456: reflection', () => {
  const reflected = (
    build: (editor: AttrEditor) => void,
    reflection: Reflection,
  ): [number[], number[], number] => {
    const bench = new Bench();
    const attrs = bench.attrs([1], build);
    bench.announce(attrs, [bench.net('10.0.0.0/8')], reflection);
    const got = [...bench.hear(bench.messages()).announced.values()][0]!;
    const { store } = bench;
    const clusters = store.value(got, ATTR.clusterList);
    const list = clusters ? Array.from(new Uint8Array(clusters), (byte) => byte) : [];
    // Everything else is untouched.
    const rest = (set: number): number =>
      new AttrEditor(store).edit(set).remove(ATTR.originatorId).remove(ATTR.clusterList).commit();
    expect(rest(got)).toBe(rest(attrs));
    return [[store.originatorId[got]!], list.filter((_, i) => i % 4 === 3), list.length / 4];
  };

  test('ORIGINATOR_ID and CLUSTER_LIST are made', () => {
    expect(reflected(() => undefined, { originatorId: 9, cluster: 5, innerCluster: 0 })).toEqual([
      [9],
      [5],
      1,
    ]);
  });

  test('ORIGINATOR_ID is kept, CLUSTER_LIST grows in front', () => {
    const build = (editor: AttrEditor): void => {
      editor
        .set(ATTR.originatorId, FLAG.optional, u32Bytes(7))
        .set(ATTR.clusterList, FLAG.optional, Uint8Array.of(...u32Bytes(1), ...u32Bytes(2)))
        .set(ATTR.largeCommunities, FLAG.optional | FLAG.transitive, new Uint8Array(24));
    };
    expect(reflected(build, { originatorId: 9, cluster: 6, innerCluster: 5 })).toEqual([
      [7],
      [6, 5, 1, 2],
      4,
    ]);
  });

  test('a CLUSTER_LIST of more than 255 bytes gets a longer header', () => {
    const build = (editor: AttrEditor): void => {
      editor.set(ATTR.clusterList, FLAG.optional, new Uint8Array(63 * 4).fill(1));
    };
    expect(reflected(build, { originatorId: 9, cluster: 6, innerCluster: 0 })[2]).toBe(64);
  });
});

describe('RFC 6793: neighbours with 2-octet AS numbers', () => {
  test('wide numbers go in AS4_PATH and AS4_AGGREGATOR and come back whole', () => {
    const bench = new Bench({ as4: false });
    const attrs = bench.attrs([65001, 4200000000], (editor) =>
      editor.set(
        ATTR.aggregator,
        FLAG.optional | FLAG.transitive,
        Uint8Array.of(...u32Bytes(4200000001), 1, 2, 3, 4),
      ),
    );
    bench.announce(attrs, [bench.net('10.0.0.0/8')]);
    expect([...bench.hear(bench.messages()).announced.values()]).toEqual([attrs]);
  });

  test('paths that fit are sent without AS4_PATH', () => {
    const bench = new Bench({ as4: false });
    bench.announce(bench.attrs([65001]), [bench.net('10.0.0.0/8')]);
    const [message] = bench.messages();
    expect(message!.length).toBe(23 + 4 + 7 + 7 + 7 + 2);
  });
});

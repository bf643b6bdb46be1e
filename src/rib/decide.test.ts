import { describe, expect, test } from 'vitest';
import { IPV4 } from '../base/family.ts';
import { ATTR, FLAG, LOCAL_ATTR } from './attrs/codes.ts';
import { AttrEditor, u32Bytes } from './attrs/edit.ts';
import { AttrStore } from './attrs/store.ts';
import { STEPS, type NextHopResolver } from './decide.ts';
import {
  DECISION,
  DEFAULT_DECISION,
  SOURCE_KIND,
  SourceRegistry,
  type SourceOptions,
} from './source-registry.ts';
import { RoutingTable } from './table.ts';

/** A path in a few words; what is left out is as in every other one. */
interface PathSpec {
  preference?: number;
  localPref?: number;
  asPath?: number[];
  origin?: number;
  med?: number;
  aigp?: number;
  originatorId?: number;
  clusters?: number;
  nextHop?: number;
  /** With LLGR_STALE. */
  stale?: boolean;
  defaultMed?: number;
  kind?: SourceOptions['kind'];
  routerId?: number;
  address?: number;
  pathId?: number;
  decision?: number;
}

class Bench {
  readonly store = new AttrStore();
  readonly sources = new SourceRegistry();
  readonly table: RoutingTable;
  #count = 0;

  constructor(resolver?: NextHopResolver) {
    this.table = new RoutingTable({
      name: 'master4',
      family: IPV4,
      store: this.store,
      sources: this.sources,
      seconds: () => 0,
      changed: () => undefined,
      ...(resolver ? { resolver } : {}),
    });
  }

  add(spec: PathSpec): number {
    const asPath = spec.asPath ?? [64500, 64501];
    const editor = new AttrEditor(this.store)
      .edit(0)
      .set(ATTR.origin, FLAG.transitive, Uint8Array.of(spec.origin ?? 0))
      .set(
        ATTR.asPath,
        FLAG.transitive,
        Uint8Array.of(2, asPath.length, ...asPath.flatMap((asn) => [...u32Bytes(asn)])),
      )
      .set(ATTR.nextHop, FLAG.transitive, u32Bytes(spec.nextHop ?? 0x0a000001))
      .set(ATTR.localPref, FLAG.transitive, u32Bytes(spec.localPref ?? 100));
    if (spec.med !== undefined) editor.set(ATTR.med, FLAG.optional, u32Bytes(spec.med));
    if (spec.stale) editor.set(ATTR.communities, FLAG.optional | FLAG.transitive, u32Bytes(0xffff0006));
    if (spec.aigp !== undefined) {
      editor.set(ATTR.aigp, FLAG.optional, Uint8Array.of(1, 0, 11, 0, 0, 0, 0, ...u32Bytes(spec.aigp)));
    }
    if (spec.originatorId !== undefined)
      editor.set(ATTR.originatorId, FLAG.optional, u32Bytes(spec.originatorId));
    if (spec.clusters) editor.set(ATTR.clusterList, FLAG.optional, new Uint8Array(spec.clusters * 4));
    if (spec.preference !== undefined) editor.set(LOCAL_ATTR.preference, 0, u32Bytes(spec.preference));
    const attrs = editor.commit();
    const source = this.sources.add({
      info: { protocol: `p${++this.#count}`, kind: 'bgp', internal: spec.kind !== SOURCE_KIND.external },
      kind: spec.kind ?? SOURCE_KIND.client,
      routerId: spec.routerId ?? 50,
      address: { version: 4, words: [spec.address ?? 0x0a000050] },
      clusterId: 0,
      decision: spec.decision ?? DEFAULT_DECISION,
      defaultMed: spec.defaultMed ?? 0,
    });
    const net = this.table.addNet(Uint32Array.of(0x0a000000), 0, 8);
    return this.table.addPath(net, source, spec.pathId ?? 0, attrs, attrs);
  }

  best(): number {
    this.table.flush(10);
    return this.table.best[1]!;
  }
}

/** Each row is better than all rows after it, for the reason it names. */
const BEST_FIRST: [reason: string, spec: PathSpec][] = [
  ['higher preference', { preference: 200, localPref: 1 }],
  ['not long-lived stale', { localPref: 1, asPath: [1, 2, 3, 4, 5, 6] }],
  ['higher local preference', { stale: true, localPref: 200, asPath: [1, 2, 3, 4, 5] }],
  ['shorter AS path', { stale: true, asPath: [64500], origin: 2 }],
  ['lower origin', { stale: true, asPath: [64500, 1], origin: 0, med: 5, kind: SOURCE_KIND.external }],
  ['lower MED from the same neighbouring AS', { stale: true, asPath: [64500, 1], origin: 1, med: 1 }],
  [
    'external over internal',
    { stale: true, asPath: [64500, 1], origin: 1, med: 2, kind: SOURCE_KIND.external, routerId: 90 },
  ],
  [
    'lower router ID or ORIGINATOR_ID',
    { stale: true, asPath: [64500, 1], origin: 1, med: 2, routerId: 90, originatorId: 7, clusters: 9 },
  ],
  ['shorter CLUSTER_LIST', { stale: true, asPath: [64500, 1], origin: 1, med: 2, routerId: 10, clusters: 1 }],
  [
    'lower neighbour address',
    { stale: true, asPath: [64500, 1], origin: 1, med: 2, routerId: 10, clusters: 2, address: 1 },
  ],
  ['last', { stale: true, asPath: [64500, 1], origin: 1, med: 2, routerId: 10, clusters: 2, address: 2 }],
];

describe('each step decides', () => {
  test.each(BEST_FIRST.slice(0, -1).map(([reason], i) => [reason, i] as const))('%s', (reason, i) => {
    const bench = new Bench();
    const rows = BEST_FIRST.slice(i, i + 2).map(([, spec]) => bench.add(spec));
    const { decision } = bench.table;
    expect(decision.compare(rows[0]!, rows[1]!)).toBeGreaterThan(0);
    expect(STEPS[decision.decidedBy]!.reason).toBe(reason);
    expect(decision.compare(rows[1]!, rows[0]!)).toBeLessThan(0);
  });

  test('every row is better than every later one', () => {
    const bench = new Bench();
    const rows = BEST_FIRST.map(([, spec]) => bench.add(spec));
    for (let i = 0; i < rows.length; i++) {
      for (let k = i + 1; k < rows.length; k++) {
        expect(bench.table.decision.compare(rows[i]!, rows[k]!), `${i} before ${k}`).toBeGreaterThan(0);
      }
    }
  });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  );
}

describe('MED does not depend on the order of arrival', () => {
  // The example of RFC 4271 section 9.1.2.2 c and of every text on deterministic MED: pairwise comparison goes round.
  const a: PathSpec = { asPath: [1, 9], med: 10, routerId: 30 };
  const b: PathSpec = { asPath: [2, 9], med: 0, routerId: 20 };
  const c: PathSpec = { asPath: [1, 9], med: 5, routerId: 40 };
  test.each(permutations([0, 1, 2]).map((order) => [order.join(' '), order] as const))(
    'order %s',
    (_text, order) => {
      const bench = new Bench();
      const rows: number[] = [];
      for (const i of order) rows[i] = bench.add([a, b, c][i]!);
      expect(bench.best()).toBe(rows[1]);
    },
  );

  test('`med metric` compares MED of all neighbours', () => {
    const bench = new Bench();
    const decision = DEFAULT_DECISION | DECISION.medMetric;
    bench.add({ ...b, med: 7, decision });
    const low = bench.add({ ...c, decision });
    expect(bench.best()).toBe(low);
  });
});

describe('next hops', () => {
  const metrics: NextHopResolver = {
    resolvable: () => true,
    metric: () => 10,
  };

  test('a reflector without a forwarding table takes all next hops as equal', () => {
    const bench = new Bench();
    bench.add({ nextHop: 1, routerId: 9 });
    const low = bench.add({ nextHop: 2, routerId: 8 });
    expect(bench.best()).toBe(low);
  });

  test('the nearer next hop wins, and one that nothing resolves loses', () => {
    const bench: Bench = new Bench({
      resolvable: (attrs) => bench.store.localPref[attrs] === 100,
      metric: (attrs) => bench.store.bytes[bench.store.nextHop[attrs]! + 3]!,
    });
    bench.add({ nextHop: 1, localPref: 200 });
    bench.add({ nextHop: 3, routerId: 1 });
    const near = bench.add({ nextHop: 2, routerId: 9 });
    expect(bench.best()).toBe(near);
  });

  test('RFC 7311: the lower accumulated metric wins, none loses', () => {
    const bench = new Bench(metrics);
    bench.add({ asPath: [1] });
    bench.add({ aigp: 200, asPath: [1, 2] });
    const low = bench.add({ aigp: 100, asPath: [1, 2, 3] });
    expect(bench.best()).toBe(low);
  });
});

test('paths that policy rejected are not chosen', () => {
  const bench = new Bench();
  const only = bench.add({ routerId: 9 });
  const rejected = bench.add({ routerId: 1 });
  bench.table.replaceAttrs(rejected, bench.table.paths.received[rejected]!, 0);
  expect(bench.best()).toBe(only);
});

describe('a missing MED', () => {
  const external = { asPath: [64500, 1], kind: SOURCE_KIND.external };
  test.each<[string, PathSpec, PathSpec, number]>([
    ['is 0', { ...external }, { ...external, med: 1 }, 1],
    ['is what its source says', { ...external, defaultMed: 5 }, { ...external, med: 4 }, -1],
    ['is that of either source', { ...external, defaultMed: 5 }, { ...external, defaultMed: 6 }, 1],
    ['counts only where there is none', { ...external, med: 3, defaultMed: 9 }, { ...external, med: 4 }, 1],
  ])('%s', (_name, a, b, order) => {
    const bench = new Bench();
    const rows = [bench.add(a), bench.add(b)];
    expect(Math.sign(bench.table.decision.compare(rows[0]!, rows[1]!))).toBe(order);
    expect(bench.best()).toBe(rows[order > 0 ? 0 : 1]);
  });
});

test('a path from the own confederation is no external one', () => {
  const bench = new Bench();
  const [member, outside, inside] = [SOURCE_KIND.confederation, SOURCE_KIND.external, SOURCE_KIND.client].map(
    (kind) => bench.add({ kind, routerId: 90 - kind }),
  );
  const { decision } = bench.table;
  expect(decision.compare(outside!, member!)).toBeGreaterThan(0);
  expect(STEPS[decision.decidedBy]!.reason).toBe('external over internal');
  expect(decision.compare(inside!, member!)).toBeGreaterThan(0);
  expect(STEPS[decision.decidedBy]!.reason).toBe('lower router ID or ORIGINATOR_ID');
});

/** Reasons why paths lose are given by the steps that decide, with and without groups of MED. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { IPV4 } from '../base/family.ts';
import { parseIp } from '../base/ip.ts';
import { ATTR, FLAG, LOCAL_ATTR } from './attrs/codes.ts';
import { AttrEditor, u32Bytes } from './attrs/edit.ts';
import { AttrStore } from './attrs/store.ts';
import { STEPS } from './decide.ts';
import { SOURCE_KIND, SourceRegistry } from './source-registry.ts';
import { RoutingTable } from './table.ts';

interface Made {
  readonly table: RoutingTable;
  readonly net: number;
}

/** Paths of one network: MED, the neighbouring AS and the router ID of each. */
function made(paths: readonly (readonly [med: number, as: number, routerId: number])[]): Made {
  const store = new AttrStore();
  const sources = new SourceRegistry();
  const table = new RoutingTable({
    name: 'master4',
    family: IPV4,
    store,
    sources,
    seconds: () => 0,
    changed: () => undefined,
  });
  const net = table.addNet(Uint32Array.of(0x0a000000), 0, 8);
  for (const [med, as, routerId] of paths) {
    const address = parseIp(`10.0.0.${routerId}`)!;
    const source = sources.add({
      info: { protocol: `p${routerId}`, kind: 'bgp', address, internal: false },
      kind: SOURCE_KIND.external,
      routerId,
      address,
      clusterId: 0,
    });
    const attrs = new AttrEditor(store)
      .edit(0)
      .set(ATTR.origin, FLAG.transitive, Uint8Array.of(0))
      .set(ATTR.asPath, FLAG.transitive, Uint8Array.of(2, 1, 0, 0, as >> 8, as & 255))
      .set(ATTR.nextHop, FLAG.transitive, Uint8Array.of(10, 0, 0, routerId))
      .set(ATTR.med, FLAG.optional, u32Bytes(med))
      .set(LOCAL_ATTR.preference, 0, u32Bytes(100))
      .commit();
    table.addPath(net, source, 0, attrs, attrs);
  }
  table.flush(10);
  return { table, net };
}

function reasons({ table, net }: Made): string[] {
  const name = (row: number): string => table.sources.info(table.paths.source[row]!).protocol;
  const lines: string[] = [];
  const best = table.decision.explain(table.firstPath[net]!, (row, step, winner) => {
    lines.push(`${name(row)} < ${name(winner)}: ${STEPS[step]!.reason}`);
  });
  expect(best).toBe(table.best[net]);
  return lines.sort();
}

describe('why paths lose', () => {
  test('between two', () => {
    expect(
      reasons(
        made([
          [10, 65001, 1],
          [20, 65001, 2],
        ]),
      ),
    ).toEqual(['p2 < p1: lower MED from the same neighbouring AS']);
  });

  test('by MED to a path that is itself not the best', () => {
    // p3 loses to p2 of its own AS; p1 of the other AS is the best for its router ID.
    expect(
      reasons(
        made([
          [50, 65001, 1],
          [10, 65002, 2],
          [20, 65002, 3],
        ]),
      ),
    ).toEqual([
      'p2 < p1: lower router ID or ORIGINATOR_ID',
      'p3 < p2: lower MED from the same neighbouring AS',
    ]);
  });

  test('every loser has a reason, whatever the paths', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const paths = Array.from(
        { length: 1 + random.below(6) },
        (_, i) => [random.below(3), 65001 + random.below(2), i + 1] as const,
      );
      expect(reasons(made(paths))).toHaveLength(paths.length - 1);
    }
  });
});

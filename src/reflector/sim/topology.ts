/** Networks to simulate: reflector pairs, two-level hierarchies, meshes of reflectors, with their clients. */
import type { Random } from '../../base/random.ts';

export interface SimRouterSpec {
  readonly name: string;
  readonly as: number;
  readonly index: number;
}

/** A session; `a` treats `b` as a client in its cluster, or the other way round, or neither. */
export interface SimSessionSpec {
  readonly a: string;
  readonly b: string;
  readonly aReflectsFor: boolean;
  readonly bReflectsFor: boolean;
}

export interface Topology {
  readonly kind: string;
  readonly routers: readonly SimRouterSpec[];
  readonly sessions: readonly SimSessionSpec[];
  /** Cluster IDs by router, where it is a reflector. */
  readonly clusters: ReadonlyMap<string, number>;
}

const INTERNAL_AS = 65000;

/** A random network; the same random numbers give the same one. */
export function randomTopology(random: Random): Topology {
  const routers: SimRouterSpec[] = [];
  const sessions: SimSessionSpec[] = [];
  const clusters = new Map<string, number>();
  const add = (name: string, as = INTERNAL_AS): string => {
    routers.push({ name, as, index: routers.length + 1 });
    return name;
  };
  const plain = (a: string, b: string): void => {
    sessions.push({ a, b, aReflectsFor: false, bReflectsFor: false });
  };
  const client = (reflector: string, of: string): void => {
    sessions.push({ a: reflector, b: of, aReflectsFor: true, bReflectsFor: false });
  };
  const reflector = (name: string, cluster: number): string => {
    clusters.set(name, cluster);
    return add(name);
  };
  const kind = random.pick(['pair', 'hierarchy', 'mesh'] as const);
  const leaves: string[] = [];
  let tops: string[];
  if (kind === 'pair') {
    // Two reflectors, in one cluster or each in its own, that are each other's plain neighbours.
    const shared = random.chance(0.5);
    tops = [reflector('rr1', 1), reflector('rr2', shared ? 1 : 2)];
    plain(tops[0]!, tops[1]!);
    for (let i = 1, count = 2 + random.below(4); i <= count; i++) {
      const leaf = add(`c${i}`);
      leaves.push(leaf);
      for (const top of tops) if (random.chance(0.8)) client(top, leaf);
      if (!sessions.some((session) => session.b === leaf)) client(tops[0]!, leaf);
    }
  } else if (kind === 'hierarchy') {
    tops = [reflector('top1', 1), reflector('top2', 2)];
    plain(tops[0]!, tops[1]!);
    for (let m = 1, middles = 2 + random.below(2); m <= middles; m++) {
      const middle = reflector(`mid${m}`, 10 + m);
      client(tops[0]!, middle);
      if (random.chance(0.7)) client(tops[1]!, middle);
      for (let i = 1, count = 1 + random.below(3); i <= count; i++) {
        const leaf = add(`c${m}${i}`);
        leaves.push(leaf);
        client(middle, leaf);
      }
    }
  } else {
    tops = Array.from({ length: 3 + random.below(2) }, (_, i) => reflector(`rr${i + 1}`, i + 1));
    for (let i = 0; i < tops.length; i++) for (let k = i + 1; k < tops.length; k++) plain(tops[i]!, tops[k]!);
    for (const top of tops) {
      for (let i = 1, count = 1 + random.below(2); i <= count; i++) {
        const leaf = add(`${top}c${i}`);
        leaves.push(leaf);
        client(top, leaf);
        const other = random.pick(tops);
        if (other !== top && random.chance(0.3)) client(other, leaf);
      }
    }
  }
  for (let i = 1, count = random.below(3); i <= count; i++) {
    const outside = add(`ext${i}`, INTERNAL_AS + i);
    plain(random.pick(tops), outside);
  }
  return { kind, routers, sessions, clusters };
}

/**
 * The decision process, RFC 4271 section 9.1.2 with RFC 4456 section 9 and RFC 7311, in BIRD's order.
 * Each step is a row; the answer names the row that decided, so that people can be told why.
 *
 * MED is no pairwise order: it counts between paths of one neighbouring AS only. `best` therefore takes the
 * paths that the earlier steps leave equal, removes those that MED beats within their AS, and only then goes on,
 * which gives the same answer whatever the order of arrival.
 */
import { compareIp } from '../base/ip.ts';
import { aigpMetric } from './attrs/aigp.ts';
import { ATTR } from './attrs/codes.ts';
import { HAS, type AttrStore } from './attrs/store.ts';
import type { PathTable } from './paths.ts';
import { DECISION, SOURCE_KIND, type SourceRegistry } from './source-registry.ts';

/** Metric to a next hop that nothing resolves, or whose route has none. */
export const IGP_METRIC_UNKNOWN = 0xffffffff;

/** How far next hops are. A reflector without a forwarding table has no resolver: all are equally far. */
export interface NextHopResolver {
  /** Whether the next hop of an attribute set can be reached at all. */
  resolvable(attrs: number): boolean;
  /** The metric of the route to it, `IGP_METRIC_UNKNOWN` where there is none. */
  metric(attrs: number): number;
}

export interface DecisionStep {
  /** Where the rule stands. */
  readonly rule: string;
  /** Completes "better because of …". */
  readonly reason: string;
}

export const STEPS = [
  { rule: 'BIRD', reason: 'higher preference' },
  { rule: 'RFC 4271 9.1.2.1', reason: 'resolvable next hop' },
  { rule: 'RFC 9494 4.3', reason: 'not long-lived stale' },
  { rule: 'RFC 4271 9.1.1', reason: 'higher local preference' },
  { rule: 'RFC 7311 4.1', reason: 'lower accumulated IGP metric' },
  { rule: 'RFC 4271 9.1.2.2 a', reason: 'shorter AS path' },
  { rule: 'RFC 4271 9.1.2.2 b', reason: 'lower origin' },
  { rule: 'RFC 4271 9.1.2.2 c', reason: 'lower MED from the same neighbouring AS' },
  { rule: 'RFC 4271 9.1.2.2 d, RFC 5065 5.3', reason: 'external over internal' },
  { rule: 'RFC 4271 9.1.2.2 e', reason: 'lower IGP metric to the next hop' },
  { rule: 'BIRD prefer older', reason: 'older path' },
  { rule: 'RFC 4271 9.1.2.2 f, RFC 4456 9', reason: 'lower router ID or ORIGINATOR_ID' },
  { rule: 'RFC 4456 9', reason: 'shorter CLUSTER_LIST' },
  { rule: 'RFC 4271 9.1.2.2 g', reason: 'lower neighbour address' },
  { rule: 'RFC 7911 5', reason: 'lower path identifier' },
] as const satisfies readonly DecisionStep[];

const MED_STEP = 7;
const ONLY_PATH = -1;

const AIGP_UNKNOWN = 0xffff_ffff_ffff_ffffn;

export class DecisionProcess {
  readonly #store: AttrStore;
  readonly #paths: PathTable;
  readonly #sources: SourceRegistry;
  readonly #resolver: NextHopResolver | undefined;
  /** Index in `STEPS` of what decided the last `compare`; -1 where nothing did. */
  decidedBy = ONLY_PATH;

  constructor(store: AttrStore, paths: PathTable, sources: SourceRegistry, resolver?: NextHopResolver) {
    this.#store = store;
    this.#paths = paths;
    this.#sources = sources;
    this.#resolver = resolver;
  }

  /** The best of the paths chained from row `first`, 0 where none is eligible. */
  best(first: number): number {
    const { attrs, next } = this.#paths;
    let best = 0;
    let count = 0;
    for (let row = first; row !== 0; row = next[row]!) {
      if (attrs[row] === 0) continue;
      count++;
      if (best === 0 || this.compare(row, best) > 0) best = row;
    }
    // Between two paths comparing them is exact; with more, MED needs groups.
    return count > 2 && this.#medMatters(first) ? this.#bestByGroups(first) : best;
  }

  /**
   * Calls `lost` for each eligible path that is not the best one, in the order of the chain: with the step (an index of
   * `STEPS`) and the path that decided against it.
   * @returns the best path, as `best` does
   */
  explain(first: number, lost: (row: number, step: number, winner: number) => void): number {
    const { attrs, next } = this.#paths;
    const best = this.best(first);
    let count = 0;
    for (let row = first; row !== 0; row = next[row]!) if (attrs[row] !== 0) count++;
    if (count > 2 && this.#medMatters(first)) return this.#bestByGroups(first, lost);
    for (let row = first; row !== 0; row = next[row]!) {
      if (row === best || attrs[row] === 0) continue;
      this.compare(best, row);
      lost(row, this.decidedBy, best);
    }
    return best;
  }

  /** Positive where path `a` is better than `b`, negative where worse; `decidedBy` says which step told. */
  compare(a: number, b: number): number {
    const before = this.#compareBeforeMed(a, b);
    if (before !== 0) return before;
    const med = this.#compareMed(a, b);
    if (med !== 0) {
      this.decidedBy = MED_STEP;
      return med;
    }
    return this.#compareAfterMed(a, b);
  }

  #medMatters(first: number): boolean {
    const { attrs, next } = this.#paths;
    let seen = -1;
    for (let row = first; row !== 0; row = next[row]!) {
      const set = attrs[row]!;
      if (set === 0) continue;
      const med = this.#sources.withDefaultMed === 0 ? this.#store.med[set]! : this.#med(row);
      if (seen >= 0 && med !== seen) return true;
      seen = med;
    }
    return false;
  }

  /** RFC 4271 section 9.1.2.2 as it is written: leave out what MED beats, then compare the rest. */
  #bestByGroups(first: number, lost?: (row: number, step: number, winner: number) => void): number {
    const { attrs, next } = this.#paths;
    let leader = 0;
    for (let row = first; row !== 0; row = next[row]!) {
      if (attrs[row] !== 0 && (leader === 0 || this.#compareBeforeMed(row, leader) > 0)) leader = row;
    }
    let best = 0;
    for (let row = first; row !== 0; row = next[row]!) {
      if (attrs[row] === 0 || this.#compareBeforeMed(row, leader) !== 0) continue;
      const beaten = this.#beatenByMed(row, first, leader) !== 0;
      if (!beaten && (best === 0 || this.#compareAfterMed(row, best) > 0)) best = row;
    }
    if (lost) this.#explainGroups(first, leader, best, lost);
    return best;
  }

  /** A path that MED prefers to `row`, among those that the steps before leave; 0 where there is none. */
  #beatenByMed(row: number, first: number, leader: number): number {
    const { attrs, next } = this.#paths;
    for (let other = first; other !== 0; other = next[other]!) {
      const beats =
        other !== row &&
        attrs[other] !== 0 &&
        this.#compareMed(other, row) > 0 &&
        this.#compareBeforeMed(other, leader) === 0;
      if (beats) return other;
    }
    return 0;
  }

  #explainGroups(
    first: number,
    leader: number,
    best: number,
    lost: (row: number, step: number, winner: number) => void,
  ): void {
    const { attrs, next } = this.#paths;
    for (let row = first; row !== 0; row = next[row]!) {
      if (row === best || attrs[row] === 0) continue;
      if (this.#compareBeforeMed(best, row) !== 0) {
        lost(row, this.decidedBy, best);
        continue;
      }
      const beatenBy = this.#beatenByMed(row, first, leader);
      if (beatenBy !== 0) lost(row, MED_STEP, beatenBy);
      else {
        this.#compareAfterMed(best, row);
        lost(row, this.decidedBy, best);
      }
    }
  }

  #compareBeforeMed(a: number, b: number): number {
    const store = this.#store;
    const x = this.#paths.attrs[a]!;
    const y = this.#paths.attrs[b]!;
    if (x === y) return 0;
    let order = store.preference[x]! - store.preference[y]!;
    if (order !== 0) return this.#decide(0, order);
    const resolver = this.#resolver;
    if (resolver) {
      order = Number(resolver.resolvable(x)) - Number(resolver.resolvable(y));
      if (order !== 0) return this.#decide(1, order);
    }
    const f = store.flags[x]!;
    const g = store.flags[y]!;
    if ((f ^ g) & HAS.longLivedStale) return this.#decide(2, f & HAS.longLivedStale ? -1 : 1);
    order = store.localPref[x]! - store.localPref[y]!;
    if (order !== 0) return this.#decide(3, order);
    if ((f | g) & HAS.aigp) {
      const m = this.#totalAigp(x);
      const n = this.#totalAigp(y);
      if (m !== n) return this.#decide(4, m < n ? 1 : -1);
    }
    const options = this.#sources.decision[this.#paths.source[a]!]!;
    if (options & DECISION.pathMetric) {
      order = store.asPathLength[y]! - store.asPathLength[x]!;
      if (order !== 0) return this.#decide(5, order);
    }
    order = store.origin[y]! - store.origin[x]!;
    return order === 0 ? 0 : this.#decide(6, order);
  }

  #compareMed(a: number, b: number): number {
    const store = this.#store;
    const x = this.#paths.attrs[a]!;
    const y = this.#paths.attrs[b]!;
    const hasDefaults = this.#sources.withDefaultMed !== 0;
    if ((x === y || store.med[x] === store.med[y]) && !hasDefaults) return 0;
    const always = this.#sources.decision[this.#paths.source[a]!]! & DECISION.medMetric;
    if (!always && store.neighborAs[x] !== store.neighborAs[y]) return 0;
    return hasDefaults ? this.#med(b) - this.#med(a) : store.med[y]! - store.med[x]!;
  }

  /** A path's MED, or what its source is configured to take for it. */
  #med(row: number): number {
    const store = this.#store;
    const attrs = this.#paths.attrs[row]!;
    return store.flags[attrs]! & HAS.med
      ? store.med[attrs]!
      : this.#sources.defaultMed[this.#paths.source[row]!]!;
  }

  #compareAfterMed(a: number, b: number): number {
    const store = this.#store;
    const sources = this.#sources;
    const paths = this.#paths;
    const x = paths.attrs[a]!;
    const y = paths.attrs[b]!;
    const s = paths.source[a]!;
    const t = paths.source[b]!;
    const options = sources.decision[s]!;
    let order =
      Number(sources.kind[s] === SOURCE_KIND.external) - Number(sources.kind[t] === SOURCE_KIND.external);
    if (order !== 0) return this.#decide(8, order);
    const resolver = this.#resolver;
    if (resolver && options & DECISION.igpMetric && x !== y) {
      order = resolver.metric(y) - resolver.metric(x);
      if (order !== 0) return this.#decide(9, order);
    }
    const isOtherAs = sources.kind[s]! >= SOURCE_KIND.external && sources.kind[s]! < SOURCE_KIND.nonClient;
    if (options & DECISION.preferOlder && isOtherAs) {
      order = paths.changedAt[b]! - paths.changedAt[a]!;
      if (order !== 0) return this.#decide(10, order);
    }
    order = this.#originator(y, t) - this.#originator(x, s);
    if (order !== 0) return this.#decide(11, order);
    order = store.clusterListLength[y]! - store.clusterListLength[x]!;
    if (order !== 0) return this.#decide(12, order);
    if (s !== t) {
      const own = sources.options(s).address;
      const other = sources.options(t).address;
      if (own && other) {
        order = compareIp(other, own);
        if (order !== 0) return this.#decide(13, order);
      }
      // BIRD keeps the older one of two local routes: that is the one that came through fewer pipes.
      if (!own && !other && paths.generation.length > 0) {
        order = paths.generation[b]! - paths.generation[a]!;
        if (order !== 0) return this.#decide(12, order);
      }
      // Sources without addresses, or two sessions with one neighbour: the name decides, so that it is stable.
      return this.#decide(13, sources.info(s).protocol < sources.info(t).protocol ? 1 : -1);
    }
    return this.#decide(14, paths.pathId[b]! - paths.pathId[a]!);
  }

  #originator(attrs: number, source: number): number {
    return this.#store.flags[attrs]! & HAS.originatorId
      ? this.#store.originatorId[attrs]!
      : this.#sources.routerId[source]!;
  }

  /** RFC 7311 section 4.1: the metric in the attribute plus that to the next hop; unknown counts as the largest. */
  #totalAigp(attrs: number): bigint {
    const store = this.#store;
    const at = store.valueAt(attrs, ATTR.aigp);
    const metric = at < 0 ? undefined : aigpMetric(store.bytes, at, store.foundLength);
    const step = this.#resolver?.metric(attrs) ?? IGP_METRIC_UNKNOWN;
    if (metric === undefined || step === IGP_METRIC_UNKNOWN) return AIGP_UNKNOWN;
    const total = metric + BigInt(Math.max(1, step));
    return total < AIGP_UNKNOWN ? total : AIGP_UNKNOWN;
  }

  #decide(step: number, order: number): number {
    this.decidedBy = step;
    return order;
  }
}

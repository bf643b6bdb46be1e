/**
 * Adj-RIB-In: what one session announced for one family, before and after import policy.
 *
 * Routes that the policy rejects are kept (with no attributes after policy), so that another policy can be tried
 * without asking the neighbour again.
 */
import type { FamilyIndex } from '../base/family.ts';
import { ATTR, WELL_KNOWN_COMMUNITY } from './attrs/codes.ts';
import { hasCommunity } from './attrs/communities.ts';
import { AttrEditor, withCommunity } from './attrs/edit.ts';
import { HAS } from './attrs/store.ts';
import type { NlriBatch } from './nlri-batch.ts';
import { PATH } from './paths.ts';
import { NO_ATTRS, type Policy, type PolicyContext } from './policy.ts';
import type { RouteTracer } from './route-tracer.ts';
import type { RoutingTable } from './table.ts';

/** BIRD's `Import updates` and `Import withdraws` columns, counted per prefix. */
export interface ImportCounters {
  updatesReceived: number;
  updatesRejected: number;
  updatesFiltered: number;
  updatesIgnored: number;
  updatesAccepted: number;
  withdrawsReceived: number;
  withdrawsRejected: number;
  withdrawsIgnored: number;
  withdrawsAccepted: number;
}

/** RFC 7911 gives no bound to the identifiers of one prefix; this one keeps chains of paths short. */
const MAX_PATHS_PER_NETWORK = 256;

/** What a route loses when it is announced anew. */
const STALE_MARKS = PATH.stale | PATH.leaving | PATH.longLived;

export interface AdjRibInOptions {
  readonly table: RoutingTable;
  /** Registered in the table's sources. */
  readonly source: number;
  readonly policy: Policy;
  /** BIRD `receive limit`: routes kept, filtered ones included. */
  readonly receiveLimit?: number;
  /** BIRD `import limit`: routes that import policy accepted. */
  readonly importLimit?: number;
  /** Called when a route would exceed a limit. Returns whether to take it all the same (action `warn`). */
  readonly limitHit?: (limit: 'receive' | 'import') => boolean;
}

export class AdjRibIn {
  readonly table: RoutingTable;
  readonly source: number;
  readonly family: FamilyIndex;
  /** Routes that import policy accepted. */
  imported = 0;
  /** Routes that it rejected. */
  filtered = 0;
  readonly counters: ImportCounters = {
    updatesReceived: 0,
    updatesRejected: 0,
    updatesFiltered: 0,
    updatesIgnored: 0,
    updatesAccepted: 0,
    withdrawsReceived: 0,
    withdrawsRejected: 0,
    withdrawsIgnored: 0,
    withdrawsAccepted: 0,
  };
  /** Takes a line about each route; undefined where nobody wants to know. */
  tracer: RouteTracer | undefined;
  #policy: Policy;
  #options: AdjRibInOptions;
  readonly #context: PolicyContext;
  #editor: AttrEditor | undefined;
  /** Where `sweepStale`, `clear` and `reapply` stand in the rows of the path table. */
  #cursor = 1;

  constructor(options: AdjRibInOptions) {
    this.#options = options;
    this.table = options.table;
    this.source = options.source;
    this.family = options.table.family.index;
    this.#policy = options.policy;
    this.#context = {
      family: this.family,
      netWords: options.table.nets.words,
      netAt: 0,
      netLength: 0,
      source: options.table.sources.info(options.source),
    };
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** Takes the networks of `batch` as announced with attributes `attrs` (a number of the table's store). */
  announce(batch: NlriBatch, attrs: number): void {
    const { table, source } = this;
    const width = table.family.words;
    const counters = this.counters;
    const policy = this.#policy;
    const { words, length, pathId } = batch;
    let accepted = policy.readsNetwork ? NO_ATTRS : policy.evaluate(attrs, this.#context);
    counters.updatesReceived += batch.count;
    table.touch();
    for (let i = 0; i < batch.count; i++) {
      if (policy.readsNetwork) accepted = this.#evaluate(attrs, words, i * width, length[i]!);
      this.#set(words, i * width, length[i]!, pathId[i]!, attrs, accepted, source);
    }
  }

  /** Takes the networks of `batch` as withdrawn. */
  withdraw(batch: NlriBatch): void {
    const { table } = this;
    const width = table.family.words;
    this.counters.withdrawsReceived += batch.count;
    for (let i = 0; i < batch.count; i++) {
      this.#withdrawOne(batch.words, i * width, batch.length[i]!, batch.pathId[i]!);
    }
  }

  /** Routes kept, before policy. */
  get received(): number {
    return this.imported + this.filtered;
  }

  /** Marks every route as one that has to be announced again to stay (RFC 4724 section 4.2, RFC 7313 section 4). */
  markStale(): void {
    const { paths } = this.table;
    for (let row = 1; row < paths.end; row++)
      if (paths.source[row] === this.source) paths.flags[row]! |= PATH.stale;
  }

  /**
   * The neighbour is lost again, before it has announced everything since the last time: what is stale from then goes
   * (RFC 4724 section 4.2), by `sweepLeaving`; the others are stale now.
   */
  markStaleAgain(): void {
    const { paths } = this.table;
    for (let row = 1; row < paths.end; row++) {
      if (paths.source[row] !== this.source) continue;
      paths.flags[row]! |= paths.flags[row]! & PATH.stale ? PATH.leaving : PATH.stale;
    }
  }

  /** Removes what `markStaleAgain` has left over, in slices. */
  sweepLeaving(rows: number): boolean {
    const { paths } = this.table;
    return this.#walk(rows, (row) => {
      if (paths.flags[row]! & PATH.leaving) this.#remove(row);
    });
  }

  /**
   * RFC 9494 section 4.2: stale routes become long-lived ones, with LLGR_STALE among their communities, except those
   * with NO_LLGR, which go. In slices. What policy rejects and keeps is looked at as it was received.
   */
  makeLongLived(rows: number): boolean {
    const { table } = this;
    const { paths } = table;
    // Of this slice alone: a set that no route has by its end may be another one in the next.
    const made = new Map<number, number>();
    table.touch();
    return this.#walk(rows, (row) => {
      if ((paths.flags[row]! & (PATH.stale | PATH.longLived)) !== PATH.stale) return;
      const attrs = paths.attrs[row]!;
      const received = paths.received[row]!;
      if (this.#hasNoLlgr(attrs === NO_ATTRS ? received : attrs)) {
        this.#remove(row);
        return;
      }
      paths.flags[row]! |= PATH.longLived;
      if (attrs === NO_ATTRS) return;
      let marked = made.get(attrs);
      if (marked === undefined) made.set(attrs, (marked = this.#withStale(attrs)));
      if (marked !== attrs) table.replaceAttrs(row, received, marked);
    });
  }

  #hasNoLlgr(attrs: number): boolean {
    const { store } = this.table;
    if ((store.flags[attrs]! & HAS.wellKnownCommunity) === 0) return false;
    const at = store.valueAt(attrs, ATTR.communities);
    return hasCommunity(store.bytes, at, store.foundLength, WELL_KNOWN_COMMUNITY.noLlgr);
  }

  #withStale(attrs: number): number {
    this.#editor ??= new AttrEditor(this.table.store);
    return withCommunity(this.#editor, attrs, WELL_KNOWN_COMMUNITY.llgrStale);
  }

  /** Starts a pass over the routes for `sweepStale`, `clear` or `reapply`. */
  rewind(): void {
    this.#cursor = 1;
  }

  /** Removes stale routes; looks at `rows` rows of the path table. Returns whether the pass is over. */
  sweepStale(rows: number): boolean {
    const { paths } = this.table;
    return this.#walk(rows, (row) => {
      if (paths.flags[row]! & PATH.stale) this.#remove(row);
    });
  }

  /** Removes all routes, likewise in slices. */
  clear(rows: number): boolean {
    return this.#walk(rows, (row) => {
      this.#remove(row);
    });
  }

  /** Changes the policy; `reapply` brings the routes in line with it. */
  setPolicy(policy: Policy): void {
    this.#policy = policy;
    this.rewind();
  }

  setLimits(limits: Pick<AdjRibInOptions, 'receiveLimit' | 'importLimit' | 'limitHit'>): void {
    const { receiveLimit: _r, importLimit: _i, limitHit: _l, ...rest } = this.#options;
    this.#options = { ...rest, ...limits };
  }

  /** Evaluates the policy again for all routes, in slices. */
  reapply(rows: number): boolean {
    const { table } = this;
    const { paths, nets } = table;
    const width = table.family.words;
    table.touch();
    return this.#walk(rows, (row) => {
      const received = paths.received[row]!;
      const net = paths.net[row]!;
      let attrs = this.#evaluate(received, nets.words, net * width, nets.length[net]!);
      if (attrs !== NO_ATTRS && paths.flags[row]! & PATH.longLived) attrs = this.#withStale(attrs);
      const isNew = attrs !== NO_ATTRS && paths.attrs[row] === NO_ATTRS;
      if (isNew && !this.#mayImport()) attrs = NO_ATTRS;
      if (attrs === paths.attrs[row]) return;
      if (attrs === NO_ATTRS) this.tracer?.imported('filtered out', net, row, this.source, received);
      this.#count(paths.attrs[row]!, -1);
      this.#count(attrs, 1);
      table.replaceAttrs(row, received, attrs);
      if (attrs !== NO_ATTRS) this.tracer?.imported('added', net, row, this.source, received);
    });
  }

  #walk(rows: number, visit: (row: number) => void): boolean {
    const { paths } = this.table;
    const stop = Math.min(paths.end, this.#cursor + rows);
    let row = this.#cursor;
    for (; row < stop; row++) if (paths.source[row] === this.source) visit(row);
    this.#cursor = row;
    return row >= paths.end;
  }

  #evaluate(attrs: number, words: Uint32Array, at: number, length: number): number {
    const context = this.#context;
    context.netWords = words;
    context.netAt = at;
    context.netLength = length;
    return this.#policy.evaluate(attrs, context);
  }

  #set(
    words: Uint32Array,
    at: number,
    length: number,
    pathId: number,
    received: number,
    attrs: number,
    source: number,
  ): void {
    const { table, counters } = this;
    const { paths } = table;
    const net = table.addNet(words, at, length);
    const old = table.firstPath[net] === 0 ? 0 : table.findPath(net, source, pathId);
    if (old !== 0 && attrs !== NO_ATTRS && paths.attrs[old] === NO_ATTRS && !this.#mayImport()) {
      // It was kept although the policy rejected it; now the limit does.
      attrs = NO_ATTRS;
      counters.updatesRejected++;
    } else if (attrs === NO_ATTRS) counters.updatesFiltered++;
    else if (old !== 0 && paths.received[old] === received && paths.attrs[old] === attrs)
      counters.updatesIgnored++;
    else counters.updatesAccepted++;
    if (old === 0 && !this.#mayAdd(net, attrs)) {
      counters.updatesRejected++;
      this.tracer?.imported('ignored [limit]', net, 0, source, received);
      table.mark(net);
      return;
    }
    if (this.tracer && attrs === NO_ATTRS) this.#traceRejected(net, old, received);
    if (old !== 0) this.#count(paths.attrs[old]!, -1);
    this.#count(attrs, 1);
    if (old === 0) {
      const row = table.addPath(net, source, pathId, received, attrs);
      if (attrs !== NO_ATTRS) this.tracer?.imported('added', net, row, source, received);
      return;
    }
    paths.flags[old]! &= ~STALE_MARKS;
    const isSame = paths.received[old] === received && paths.attrs[old] === attrs;
    if (!isSame) table.replaceAttrs(old, received, attrs);
    if (attrs !== NO_ATTRS) this.tracer?.imported(isSame ? 'ignored' : 'added', net, old, source, received);
  }

  /** What comes in is not taken; what was there before goes. */
  #traceRejected(net: number, old: number, received: number): void {
    const { tracer, source, table } = this;
    tracer?.imported('filtered out', net, old, source, received);
    if (old !== 0 && table.paths.attrs[old] !== NO_ATTRS) tracer?.removed(net, old, source);
  }

  #mayAdd(net: number, attrs: number): boolean {
    const { receiveLimit, limitHit } = this.#options;
    if (receiveLimit !== undefined && this.received >= receiveLimit && !limitHit?.('receive')) return false;
    if (attrs !== NO_ATTRS && !this.#mayImport()) return false;
    const { paths, firstPath } = this.table;
    let own = 0;
    for (let row = firstPath[net]!; row !== 0; row = paths.next[row]!) {
      if (paths.source[row] === this.source && ++own >= MAX_PATHS_PER_NETWORK) return false;
    }
    return true;
  }

  /** Whether one route more may be accepted; what follows where not is under way when it returns. */
  #mayImport(): boolean {
    const { importLimit, limitHit } = this.#options;
    return importLimit === undefined || this.imported < importLimit || limitHit?.('import') === true;
  }

  #withdrawOne(words: Uint32Array, at: number, length: number, pathId: number): void {
    const { table, counters } = this;
    const net = table.nets.find(words, at, length);
    const row = net === 0 ? 0 : table.findPath(net, this.source, pathId);
    if (row === 0) {
      counters.withdrawsIgnored++;
      return;
    }
    counters.withdrawsAccepted++;
    this.#remove(row);
  }

  #remove(row: number): void {
    if (this.tracer && this.table.paths.attrs[row] !== NO_ATTRS)
      this.tracer.removed(this.table.paths.net[row]!, row, this.source);
    this.#count(this.table.paths.attrs[row]!, -1);
    this.table.removePath(row);
  }

  #count(attrs: number, by: 1 | -1): void {
    if (attrs === NO_ATTRS) this.filtered += by;
    else this.imported += by;
  }
}

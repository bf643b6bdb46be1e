/**
 * One direction of a pipe: the routes of one table, as a filter leaves them, are routes of another one too, with the
 * source that they have. A piped route is a row of its own, which remembers the flow that it came through (`via`) and
 * through how many (`generation`).
 *
 * A table has one route of a source and path identifier for each network. Where several chains of pipes lead there, the
 * shortest one counts, then the pipe that was started first; what loses is offered again when the other is gone. No pipe
 * leads a route back into the table where it is at home, and none on where it has gone through too many. That is why
 * rings of pipes come to rest, in one state whatever the order of events.
 */
import type { Subscription } from 'rxjs';
import { NetQueue } from '../net-queue.ts';
import { PATH } from '../paths.ts';
import { NO_ATTRS, type Policy, type PolicyContext } from '../policy.ts';
import type { RoutingTable } from '../table.ts';

/** BIRD's counters of updates, of one direction. */
export interface FlowCounters {
  updatesReceived: number;
  /** Routes that the pipe itself or another one brought, or that would go back home. */
  updatesRejected: number;
  updatesFiltered: number;
  /** Nothing changed, or another chain of pipes is shorter. */
  updatesIgnored: number;
  updatesAccepted: number;
  withdrawsReceived: number;
  withdrawsAccepted: number;
}

export interface FlowOptions {
  readonly from: RoutingTable;
  readonly to: RoutingTable;
  /** The flow's number in the `via` column, never 0. */
  readonly number: number;
  /** Of flows into one table at one distance, that of the lower rank counts. */
  readonly rank: number;
  readonly policy: Policy;
  /** Routes that have gone through so many pipes go no further (BIRD `max generation`). */
  readonly maxGeneration: number;
  /** Routes that the flow may bring into its table; undefined: any number. */
  readonly limit?: number;
  /** Called where a route would exceed the limit. Returns whether to take it all the same (action `warn`). */
  readonly limitHit?: () => boolean;
  /** The flow has something to do. */
  readonly wake: (flow: PipeFlow) => void;
  /** Other flows that lead into the same table. */
  readonly rivals: (flow: PipeFlow) => readonly PipeFlow[];
  readonly flowOf: (number: number) => PipeFlow;
}

const NOT_FEEDING = 0;

export class PipeFlow {
  readonly from: RoutingTable;
  readonly to: RoutingTable;
  readonly number: number;
  readonly rank: number;
  /** The number of the pipe's other direction; 0 before it is there. */
  opposite = 0;
  /** Routes that the flow has brought into its table. */
  routes = 0;
  readonly counters: FlowCounters = {
    updatesReceived: 0,
    updatesRejected: 0,
    updatesFiltered: 0,
    updatesIgnored: 0,
    updatesAccepted: 0,
    withdrawsReceived: 0,
    withdrawsAccepted: 0,
  };
  #options: FlowOptions;
  #policy: Policy;
  readonly #queue: NetQueue;
  #following: Subscription | undefined;
  /** The next network of a pass over the whole table; `NOT_FEEDING` outside of one. */
  #feedAt = 1;
  /** The next row to look at while the flow goes; 0 while it does not. */
  #clearAt = 0;
  readonly #context: PolicyContext;
  /** What the policy said last, for routes that come in runs of one set. Forgotten between slices. */
  readonly #last = { attrs: NO_ATTRS, source: 0, passed: NO_ATTRS };
  /** By source: the row of the target's network at hand, and for which network it was written. */
  #rowOf = new Uint32Array(64);
  #stamp = new Uint32Array(64);
  #round = 0;

  /** The flow starts with a pass over the table that it comes from. */
  constructor(options: FlowOptions) {
    const { from, to } = options;
    this.#options = options;
    this.from = from;
    this.to = to;
    this.number = options.number;
    this.rank = options.rank;
    this.#policy = options.policy;
    this.#queue = new NetQueue(from);
    this.#context = {
      family: from.family.index,
      netWords: from.nets.words,
      netAt: 0,
      netLength: 0,
      source: { protocol: '', kind: 'static', internal: false },
    };
    to.paths.trackPipes();
    this.#following = from.changes.subscribe(({ nets, count }) => {
      for (let i = 0; i < count; i++) this.#queue.push(nets[i]!);
      options.wake(this);
    });
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** Whether a pass over the whole table is under way. */
  get isFeeding(): boolean {
    return this.#feedAt !== NOT_FEEDING;
  }

  /** Whether `run` has nothing to do. */
  get isIdle(): boolean {
    return this.#clearAt === 0 && !this.isFeeding && this.#queue.size === 0;
  }

  /** Whether the flow was stopped and its last route is gone. */
  get isGone(): boolean {
    return this.#following === undefined && this.#clearAt === 0;
  }

  get memoryBytes(): number {
    return this.#queue.memoryBytes + this.#rowOf.byteLength * 2;
  }

  /** Looks at all routes again, in slices. */
  refeed(): void {
    if (!this.#following) return;
    this.#feedAt = 1;
    this.#options.wake(this);
  }

  /** Takes another policy; it counts for routes that change, and after `refeed` for all. */
  setPolicy(policy: Policy): void {
    this.#policy = policy;
  }

  /** Takes another limit. */
  setLimit(limit: Pick<FlowOptions, 'limit' | 'limitHit'>): void {
    const { limit: _limit, limitHit: _limitHit, ...rest } = this.#options;
    this.#options = { ...rest, ...limit };
  }

  /** Takes the flow's routes out of its table, in slices. */
  stop(): void {
    if (!this.#following) return;
    this.#following.unsubscribe();
    this.#following = undefined;
    this.#queue.clear();
    this.#feedAt = NOT_FEEDING;
    this.#clearAt = 1;
    this.#options.wake(this);
  }

  /** A network of this flow's table has lost what another flow brought: maybe this one has it too. */
  offerAgain(words: Uint32Array, at: number, length: number): void {
    if (!this.#following) return;
    const net = this.from.nets.find(words, at, length);
    if (net === 0) return;
    this.#queue.push(net);
    this.#options.wake(this);
  }

  /** What the policy makes of a route of the table that the flow comes from. */
  explain(row: number): number {
    const { paths, nets, family } = this.from;
    const net = paths.net[row]!;
    this.#last.attrs = NO_ATTRS;
    return this.#evaluate(paths.attrs[row]!, paths.source[row]!, net * family.words, nets.length[net]!);
  }

  /** The attributes with which the flow has brought a route into its table; `NO_ATTRS` where it has not. */
  broughtAs(row: number): number {
    const { from, to } = this;
    const { paths, nets, family } = from;
    const net = paths.net[row]!;
    const target = to.nets.find(nets.words, net * family.words, nets.length[net]!);
    const known = target === 0 ? 0 : to.findPath(target, paths.source[row]!, paths.pathId[row]!);
    return known !== 0 && to.paths.via[known] === this.number ? to.paths.attrs[known]! : NO_ATTRS;
  }

  /**
   * Does a slice of what there is to do.
   * @param rows so many routes, roughly
   * @returns how many were looked at
   */
  run(rows: number): number {
    this.#last.attrs = NO_ATTRS;
    this.to.touch();
    if (this.#clearAt !== 0) return this.#clear(rows);
    let looked = 0;
    while (looked < rows && this.#queue.size > 0) {
      const net = this.#queue.take();
      looked += this.#sync(net);
      this.#queue.done(net);
    }
    while (looked < rows && this.isFeeding) {
      const net = this.#feedAt++;
      if (net >= this.from.nets.end) this.#feedAt = NOT_FEEDING;
      else looked += this.from.firstPath[net] === 0 ? 1 : this.#sync(net);
    }
    return looked;
  }

  /** Brings a network of the target in line with what it is here. Returns the number of routes that were looked at. */
  #sync(net: number): number {
    const { from, to } = this;
    const at = net * from.family.words;
    const length = from.nets.length[net]!;
    const target = to.nets.find(from.nets.words, at, length);
    let looked = 1;
    let own = 0;
    this.#round = (this.#round + 1) >>> 0;
    if (this.#round === 0) {
      // All numbers were used: none may be mistaken for one of before.
      this.#stamp.fill(0);
      this.#round = 1;
    }
    if (target !== 0) {
      if (this.#rowOf.length < to.sources.end) this.#grow();
      const { next, source, via } = to.paths;
      for (let row = to.firstPath[target]!; row !== 0; row = next[row]!) {
        looked++;
        this.#rowOf[source[row]!] = row;
        this.#stamp[source[row]!] = this.#round;
        if (via[row] === this.number) own++;
      }
    }
    const paths = from.paths;
    for (let row = from.firstPath[net]!; row !== 0; row = paths.next[row]!) {
      looked++;
      if (paths.attrs[row] !== NO_ATTRS && this.#offer(row, target, at, length)) own--;
    }
    // Every route of the flow that is not offered any more goes.
    if (own > 0 || target !== 0) this.#settle(target, own > 0);
    return looked;
  }

  /** Offers a route to the target. Returns whether a row that the flow has there already stands for it. */
  #offer(row: number, target: number, at: number, length: number): boolean {
    const { from, to, counters } = this;
    const { paths } = from;
    const attrs = paths.attrs[row]!;
    const source = paths.source[row]!;
    const pathId = paths.pathId[row]!;
    const steps = paths.generation[row] ?? 0;
    const known = this.#known(target, source, pathId);
    const { via, received, generation } = to.paths;
    const isOwn = known !== 0 && via[known] === this.number;
    // A pass over everything says what it found; between passes only what changed counts.
    const counts = this.isFeeding || !isOwn || received[known] !== attrs;
    if (counts) counters.updatesReceived++;
    const isOurs = this.opposite !== 0 && paths.via[row] === this.opposite;
    const isHome = to.sources.home[source] === to.number;
    if (isOurs || isHome || steps >= this.#options.maxGeneration) {
      counters.updatesRejected++;
      return false;
    }
    const passed = this.#evaluate(attrs, source, at, length);
    if (passed === NO_ATTRS) {
      counters.updatesFiltered++;
      return false;
    }
    if (known === 0) {
      if (this.#mayAdd()) this.#add(target, source, pathId, at, length, attrs, passed, steps + 1);
      return false;
    }
    if (!isOwn) {
      this.#contest(known, attrs, passed, steps + 1);
      return false;
    }
    to.paths.flags[known]! |= PATH.offered;
    if (received[known] === attrs && to.paths.attrs[known] === passed) {
      if (counts) counters.updatesIgnored++;
    } else {
      counters.updatesAccepted++;
      to.replaceAttrs(known, attrs, passed);
    }
    const before = generation[known]!;
    if (before !== steps + 1) {
      generation[known] = steps + 1;
      to.mark(to.paths.net[known]!);
      if (steps + 1 > before && to.paths.flags[known]! & PATH.contested) this.#askRivals(at, length);
    }
    return true;
  }

  #known(target: number, source: number, pathId: number): number {
    if (target === 0 || this.#stamp[source] !== this.#round) return 0;
    const row = this.#rowOf[source]!;
    // A source with several path identifiers has several rows.
    return this.to.paths.pathId[row] === pathId ? row : this.to.findPath(target, source, pathId);
  }

  #add(
    target: number,
    source: number,
    pathId: number,
    at: number,
    length: number,
    attrs: number,
    passed: number,
    generation: number,
  ): void {
    const { to } = this;
    const { paths } = to;
    const net = to.addNet(this.from.nets.words, at, length);
    const row = to.addPath(net, source, pathId, attrs, passed);
    paths.via[row] = this.number;
    paths.generation[row] = generation;
    // A network that is new there has nothing that could have to go.
    if (target !== 0) paths.flags[row]! |= PATH.offered;
    this.routes++;
    this.counters.updatesAccepted++;
  }

  /** Another flow, or the source itself, has brought the same route. */
  #contest(row: number, attrs: number, passed: number, generation: number): void {
    const { to, counters } = this;
    const { paths } = to;
    const holder = paths.via[row]!;
    if (holder === 0) {
      counters.updatesRejected++;
      return;
    }
    const other = this.#options.flowOf(holder);
    paths.flags[row]! |= PATH.contested;
    const theirs = paths.generation[row]!;
    const wins = generation < theirs || (generation === theirs && this.rank < other.rank);
    if (!wins || !this.#mayAdd()) {
      counters.updatesIgnored++;
      return;
    }
    other.routes--;
    this.routes++;
    counters.updatesAccepted++;
    paths.via[row] = this.number;
    paths.generation[row] = generation;
    paths.flags[row]! |= PATH.offered;
    to.replaceAttrs(row, attrs, passed);
  }

  /** Removes what was not offered, and forgets what was. */
  #settle(target: number, mayRemove: boolean): void {
    const { to } = this;
    const { next, via, flags } = to.paths;
    for (let row = to.firstPath[target]!; row !== 0;) {
      const following = next[row]!;
      if (via[row] === this.number) {
        if (flags[row]! & PATH.offered) flags[row]! &= ~PATH.offered;
        else if (mayRemove) {
          this.counters.withdrawsReceived++;
          this.#remove(row);
        }
      }
      row = following;
    }
  }

  #remove(row: number): void {
    const { to } = this;
    const { paths, nets } = to;
    const net = paths.net[row]!;
    const contested = (paths.flags[row]! & PATH.contested) !== 0;
    this.routes--;
    this.counters.withdrawsAccepted++;
    to.removePath(row);
    if (contested) this.#askRivals(net * to.family.words, nets.length[net]!, nets.words);
  }

  #askRivals(at: number, length: number, words = this.from.nets.words): void {
    for (const rival of this.#options.rivals(this)) rival.offerAgain(words, at, length);
  }

  #mayAdd(): boolean {
    const { limit, limitHit } = this.#options;
    if (limit === undefined || this.routes < limit || limitHit?.() === true) return true;
    this.counters.updatesRejected++;
    return false;
  }

  #evaluate(attrs: number, source: number, at: number, length: number): number {
    const policy = this.#policy;
    const last = this.#last;
    if (!policy.readsNetwork && last.attrs === attrs && (!policy.readsSource || last.source === source)) {
      return last.passed;
    }
    const context = this.#context;
    context.netWords = this.from.nets.words;
    context.netAt = at;
    context.netLength = length;
    context.source = this.from.sources.info(source);
    last.attrs = attrs;
    last.source = source;
    last.passed = policy.evaluate(attrs, context);
    return last.passed;
  }

  #clear(rows: number): number {
    const { paths } = this.to;
    const start = this.#clearAt;
    const stop = Math.min(paths.end, start + rows);
    for (let row = start; row < stop; row++) if (paths.via[row] === this.number) this.#remove(row);
    // The rows after it may all have gone with the last one.
    this.#clearAt = stop >= paths.end ? 0 : stop;
    return stop - start;
  }

  #grow(): void {
    const size = Math.max(this.to.sources.end, this.#rowOf.length * 2);
    this.#rowOf = new Uint32Array(size);
    this.#stamp = new Uint32Array(size);
  }
}

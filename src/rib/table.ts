/**
 * A routing table of one family: networks, their paths from all sources, the best of them (Loc-RIB), and a stream
 * of what changed. Changes only mark networks; `flush` decides and tells, a batch at a time, so that many
 * changes of one network between two flushes cost one decision.
 */
import { Subject, type Observable } from 'rxjs';
import { widened, type Column } from '../base/columns.ts';
import type { Family } from '../base/family.ts';
import type { AttrStore } from './attrs/store.ts';
import { DecisionProcess, type NextHopResolver } from './decide.ts';
import { NetworkTable } from './network-table.ts';
import { PATH, PathTable } from './paths.ts';
import type { SourceRegistry } from './source-registry.ts';
import type { ChangeBatch } from './streams.ts';

export interface TableOptions {
  /** BIRD's name: `master4`, `master6`, or configured. */
  readonly name: string;
  /** Tells tables that share their sources apart; not 0. Needed where pipes are. */
  readonly number?: number;
  readonly family: Family;
  readonly store: AttrStore;
  readonly sources: SourceRegistry;
  /** Monotonic seconds, for the age of routes. */
  readonly seconds: () => number;
  /** Called when the first network since the last complete flush was marked. */
  readonly changed: () => void;
  readonly hashSeed?: number;
  readonly resolver?: NextHopResolver;
}

export class RoutingTable {
  readonly name: string;
  readonly number: number;
  readonly family: Family;
  readonly store: AttrStore;
  readonly sources: SourceRegistry;
  readonly nets: NetworkTable;
  readonly paths = new PathTable();
  readonly decision: DecisionProcess;
  /** First path of each network, 0 for none. */
  firstPath: Uint32Array;
  /** Best path of each network as of the last flush, 0 for none. */
  best: Uint32Array;
  /** Networks that have a best path. */
  routes = 0;
  /** Paths that policies took. */
  accepted = 0;
  /** Holders besides paths (update groups that sent the network), by network. */
  #holds: Uint16Array;
  #marked: Uint8Array;
  /** Source of each network's best path, 0 for none; and how many networks each source is best for. */
  #bestSource: Uint16Array;
  #preferred = new Uint32Array(64);
  #dirty = new Uint32Array(1 << 10);
  #dirtyHead = 0;
  #dirtyTail = 0;
  readonly #changes = new Subject<ChangeBatch>();
  readonly #seconds: () => number;
  #now = 0;
  readonly #changed: () => void;

  constructor(options: TableOptions) {
    this.name = options.name;
    this.number = options.number ?? 0;
    this.family = options.family;
    this.store = options.store;
    this.sources = options.sources;
    this.nets = new NetworkTable(options.family, options.hashSeed);
    this.decision = new DecisionProcess(options.store, this.paths, options.sources, options.resolver);
    this.firstPath = new Uint32Array(this.nets.capacity);
    this.best = new Uint32Array(this.nets.capacity);
    this.#holds = new Uint16Array(this.nets.capacity);
    this.#marked = new Uint8Array(this.nets.capacity);
    this.#bestSource = new Uint16Array(this.nets.capacity);
    this.#seconds = options.seconds;
    this.#changed = options.changed;
  }

  /** Batches of changed networks, delivered synchronously by `flush`. */
  get changes(): Observable<ChangeBatch> {
    return this.#changes;
  }

  /** Networks that wait for the next flush. */
  get pending(): number {
    return this.#dirtyTail - this.#dirtyHead;
  }

  get memoryBytes(): number {
    return (
      this.nets.memoryBytes + this.paths.memoryBytes + this.firstPath.length * 13 + this.#dirty.byteLength
    );
  }

  /** The path of a source for a network and identifier, or 0. */
  findPath(net: number, source: number, pathId: number): number {
    const paths = this.paths;
    for (let row = this.firstPath[net]!; row !== 0; row = paths.next[row]!) {
      if (paths.source[row] === source && paths.pathId[row] === pathId) return row;
    }
    return 0;
  }

  /**
   * The number of a network, added where it is not there. Without a path it goes when `mark` has had it looked at.
   * @param words address words, host bits zero, from `at` on
   */
  addNet(words: Uint32Array, at: number, length: number): number {
    const net = this.nets.add(words, at, length);
    if (net >= this.firstPath.length) this.#grow();
    return net;
  }

  /** Takes the time that paths which change from now on are given; called once a message. */
  touch(): void {
    this.#now = this.#seconds();
  }

  /**
   * Adds a path that is not there yet.
   * @param net the network's number, from `addNet`
   * @param received attributes as received
   * @param attrs attributes after import policy, 0 where it rejected
   * @returns the path's row
   */
  addPath(net: number, source: number, pathId: number, received: number, attrs: number): number {
    const paths = this.paths;
    const row = paths.add(net, source, pathId);
    paths.next[row] = this.firstPath[net]!;
    this.firstPath[net] = row;
    this.replaceAttrs(row, received, attrs);
    return row;
  }

  /** Gives a path other attributes and marks its network. */
  replaceAttrs(row: number, received: number, attrs: number): void {
    const { paths, store } = this;
    store.retain(received);
    if (attrs !== 0) store.retain(attrs);
    if (paths.received[row] !== 0) store.release(paths.received[row]!);
    if (paths.attrs[row] !== 0) store.release(paths.attrs[row]!);
    this.accepted += Number(attrs !== 0) - Number(paths.attrs[row] !== 0);
    paths.received[row] = received;
    paths.attrs[row] = attrs;
    paths.changedAt[row] = this.#now;
    this.mark(paths.net[row]!);
  }

  /** Takes a path out of its network. */
  removePath(row: number): void {
    const { paths, store } = this;
    const net = paths.net[row]!;
    let at = this.firstPath[net]!;
    if (at === row) this.firstPath[net] = paths.next[row]!;
    else {
      while (paths.next[at] !== row) at = paths.next[at]!;
      paths.next[at] = paths.next[row]!;
    }
    const attrs = paths.attrs[row]!;
    store.release(paths.received[row]!);
    if (attrs !== 0) {
      store.release(attrs);
      this.accepted--;
    }
    // Until the next flush the network's best path may still be this row.
    paths.attrs[row] = 0;
    if (paths.holds[row] === 0) paths.remove(row);
    else {
      paths.received[row] = 0;
      paths.next[row] = 0;
      paths.source[row] = 0;
      if (paths.via.length > 0) paths.via[row] = 0;
      paths.flags[row] = PATH.dead;
    }
    this.mark(net);
  }

  /** An update group keeps a row's number for the identifier that it sent. */
  holdPath(row: number): void {
    this.paths.holds[row]!++;
  }

  releasePath(row: number): void {
    if (--this.paths.holds[row]! === 0 && this.paths.flags[row]! & PATH.dead) this.paths.remove(row);
  }

  /** An update group keeps a network's number although it may have no path left. */
  holdNet(net: number): void {
    this.#holds[net]!++;
  }

  releaseNet(net: number): void {
    if (--this.#holds[net]! === 0) this.#freeIfUnused(net);
  }

  /** How many networks have a best path from this source, as of the last flush. */
  preferredOf(source: number): number {
    return this.#preferred[source] ?? 0;
  }

  /** Puts a network into the next batch. */
  mark(net: number): void {
    if (this.#marked[net] !== 0) return;
    this.#marked[net] = 1;
    if (this.#dirtyTail === this.#dirty.length) this.#makeRoom();
    this.#dirty[this.#dirtyTail++] = net;
    if (this.#dirtyTail - this.#dirtyHead === 1) this.#changed();
  }

  /**
   * Decides for up to `limit` marked networks and delivers them as one batch.
   * @returns whether marked networks are left
   */
  flush(limit: number): boolean {
    const start = this.#dirtyHead;
    const end = Math.min(this.#dirtyTail, start + limit);
    if (start === end) return false;
    const dirty = this.#dirty;
    const { firstPath, best, decision } = this;
    const { next, attrs, source } = this.paths;
    if (this.#preferred.length < this.sources.end) this.#preferred = this.#widerPreferred();
    for (let i = start; i < end; i++) {
      const net = dirty[i]!;
      this.#marked[net] = 0;
      const first = firstPath[net]!;
      // Most networks of a reflector have one path; it needs no comparison.
      const row = first !== 0 && next[first] === 0 ? (attrs[first] === 0 ? 0 : first) : decision.best(first);
      const old = best[net]!;
      if (row === 0 && old === 0) continue;
      const from = this.#bestSource[net]!;
      const to = row === 0 ? 0 : source[row]!;
      if (from !== to) {
        this.#preferred[from]!--;
        this.#preferred[to]!++;
        this.#bestSource[net] = to;
      }
      this.routes += Number(row !== 0) - Number(old !== 0);
      best[net] = row;
    }
    this.#dirtyHead = end;
    this.#changes.next({ table: this, nets: dirty.subarray(start, end), count: end - start });
    for (let i = start; i < end; i++) this.#freeIfUnused(dirty[i]!);
    if (this.#dirtyHead < this.#dirtyTail) return true;
    this.#dirtyHead = 0;
    this.#dirtyTail = 0;
    return false;
  }

  #widerPreferred(): Uint32Array<ArrayBuffer> {
    const grown = new Uint32Array(Math.max(this.sources.end, this.#preferred.length * 2));
    grown.set(this.#preferred);
    return grown;
  }

  #freeIfUnused(net: number): void {
    if (
      this.firstPath[net] === 0 &&
      this.#holds[net] === 0 &&
      this.#marked[net] === 0 &&
      this.best[net] === 0
    ) {
      // A network that two entries of one batch free is freed once: its length column tells.
      if (this.nets.isUsed(net)) this.nets.remove(net);
    }
  }

  #makeRoom(): void {
    const pending = this.#dirtyTail - this.#dirtyHead;
    // A flush in progress reads the old array, so what is pending moves to a fresh one.
    const moved = new Uint32Array(Math.max(this.#dirty.length, pending * 2));
    moved.set(this.#dirty.subarray(this.#dirtyHead, this.#dirtyTail));
    this.#dirty = moved;
    this.#dirtyHead = 0;
    this.#dirtyTail = pending;
  }

  #grow(): void {
    const size = this.nets.capacity;
    const wider = <T extends Column>(column: T): T => widened(column, size);
    this.firstPath = wider(this.firstPath);
    this.best = wider(this.best);
    this.#holds = wider(this.#holds);
    this.#marked = wider(this.#marked);
    this.#bestSource = wider(this.#bestSource);
  }
}

/**
 * Adj-RIB-Out of an update group: what its members were sent, by slot. A slot is a network, or a path's row
 * where the group sends all paths (RFC 7911). A slot that was withdrawn stays known until every member has passed
 * the segment with the withdrawal, so that a member that fell behind can still be told.
 */
import { widened, NumberList } from '../base/columns.ts';
import type { RoutingTable } from '../rib/table.ts';

const INITIAL = 1 << 10;
/** Entries that the list of withdrawn slots may have besides two for each slot that is still withdrawn. */
const LIST_SLACK = 1 << 16;

export class AdjRibOut {
  readonly addPath: boolean;
  /** Attributes sent, 0 for none. */
  attrs = new Uint32Array(INITIAL);
  /** Source of the path that was sent. */
  source = new Uint16Array(INITIAL);
  /** The log segment of the slot's last message; 0 where the group knows nothing of the slot. */
  segment = new Uint32Array(INITIAL);
  /** Slots that are announced now. */
  routes = 0;
  /** Slots that are announced now, by source: a member is not sent those of its own. */
  bySource = new Uint32Array(64);
  /** Slots that are withdrawn, but not forgotten yet. */
  tombstones = 0;
  /** Slots in the order in which they were withdrawn; also ones that were announced or forgotten since. */
  readonly #withdrawn = new NumberList();
  /** Where a pass of `forgetWithdrawn` stands in the list: entries before `#kept` stay, up to `#seen` they are done. */
  #kept = 0;
  #seen = 0;
  /** One more than the highest slot that was ever used. */
  end = 1;
  readonly #table: RoutingTable;
  /** With ADD-PATH: rows sent for each network, chained. */
  #firstRow = new Uint32Array(0);
  #nextRow = new Uint32Array(0);

  constructor(table: RoutingTable, addPath: boolean) {
    this.#table = table;
    this.addPath = addPath;
  }

  get memoryBytes(): number {
    return this.attrs.length * 10 + this.#firstRow.byteLength + this.#nextRow.byteLength;
  }

  netOf(slot: number): number {
    return this.addPath ? this.#table.paths.net[slot]! : slot;
  }

  /** Makes room for all slots of the table as it is now. */
  fit(): void {
    const { nets, paths } = this.#table;
    const size = this.addPath ? paths.capacity : nets.capacity;
    if (this.attrs.length < size) {
      this.attrs = widened(this.attrs, size);
      this.source = widened(this.source, size);
      this.segment = widened(this.segment, size);
    }
    if (this.addPath) {
      if (this.#nextRow.length < size) this.#nextRow = widened(this.#nextRow, size);
      if (this.#firstRow.length < nets.capacity) this.#firstRow = widened(this.#firstRow, nets.capacity);
    }
  }

  /** Notes that the slot was announced with `attrs` in log segment `segment`. */
  announce(slot: number, attrs: number, source: number, segment: number): void {
    const table = this.#table;
    const old = this.attrs[slot]!;
    table.store.retain(attrs);
    if (source >= this.bySource.length)
      this.bySource = widened(this.bySource, Math.max(source + 1, this.bySource.length * 2));
    this.bySource[source]!++;
    if (old !== 0) {
      table.store.release(old);
      this.bySource[this.source[slot]!]!--;
    } else {
      this.routes++;
      if (this.segment[slot] === 0) this.#hold(slot);
      else this.tombstones--;
    }
    this.attrs[slot] = attrs;
    this.source[slot] = source;
    this.segment[slot] = segment;
    if (slot >= this.end) this.end = slot + 1;
  }

  /** Notes that the slot was withdrawn in log segment `segment`. */
  withdraw(slot: number, segment: number): void {
    this.#table.store.release(this.attrs[slot]!);
    this.bySource[this.source[slot]!]!--;
    this.attrs[slot] = 0;
    this.source[slot] = 0;
    this.segment[slot] = segment;
    this.routes--;
    this.tombstones++;
    this.#note(slot);
  }

  /**
   * Forgets slots that were withdrawn before log segment `before`; a pass over all of them is made in slices.
   * @param limit about how many slots to look at
   * @returns whether the pass has to go on
   */
  forgetWithdrawn(before: number, limit: number): boolean {
    const list = this.#withdrawn;
    const end = Math.min(list.length, this.#seen + limit);
    for (; this.#seen < end; this.#seen++) {
      const slot = list.items[this.#seen]!;
      if (!this.#isTombstone(slot)) continue;
      if (this.segment[slot]! < before) {
        this.tombstones--;
        this.#release(slot);
      } else list.items[this.#kept++] = slot;
    }
    if (this.#seen < list.length) return true;
    list.length = this.#kept;
    this.#kept = 0;
    this.#seen = 0;
    return false;
  }

  #isTombstone(slot: number): boolean {
    return this.attrs[slot] === 0 && this.segment[slot] !== 0;
  }

  #note(slot: number): void {
    const list = this.#withdrawn;
    list.push(slot);
    if (list.length < 2 * this.tombstones + LIST_SLACK) return;
    // Slots that come and go while some member is behind fill the list with entries that mean nothing any more.
    list.length = 0;
    this.#kept = 0;
    this.#seen = 0;
    for (let at = 1; at < this.end; at++) if (this.#isTombstone(at)) list.push(at);
  }

  /** A copy that is kept from now on by itself; it holds the networks, paths and attributes too. */
  fork(): AdjRibOut {
    const table = this.#table;
    const copy = new AdjRibOut(table, this.addPath);
    copy.attrs = this.attrs.slice();
    copy.source = this.source.slice();
    copy.segment = this.segment.slice();
    copy.bySource = this.bySource.slice();
    copy.routes = this.routes;
    copy.tombstones = this.tombstones;
    copy.end = this.end;
    copy.#firstRow = this.#firstRow.slice();
    copy.#nextRow = this.#nextRow.slice();
    for (let slot = 1; slot < this.end; slot++) {
      if (this.segment[slot] === 0) continue;
      table.holdNet(this.netOf(slot));
      if (this.addPath) table.holdPath(slot);
      if (this.attrs[slot] !== 0) table.store.retain(this.attrs[slot]!);
      else copy.#withdrawn.push(slot);
    }
    return copy;
  }

  /** Whether both say that the same was sent. */
  equals(other: AdjRibOut): boolean {
    if (this.routes !== other.routes) return false;
    for (let slot = 1; slot < this.end; slot++) {
      if (this.attrs[slot] !== (other.attrs[slot] ?? 0) || this.source[slot] !== (other.source[slot] ?? 0)) {
        return false;
      }
    }
    return true;
  }

  /** Lets go of everything: the group is over. */
  clear(): void {
    for (let slot = 1; slot < this.end; slot++) {
      if (this.segment[slot] === 0) continue;
      if (this.attrs[slot] !== 0) this.#table.store.release(this.attrs[slot]!);
      this.attrs[slot] = 0;
      this.#release(slot);
    }
    this.routes = 0;
    this.tombstones = 0;
    this.#withdrawn.length = 0;
    this.#kept = 0;
    this.#seen = 0;
    this.bySource.fill(0);
  }

  /** With ADD-PATH: calls `visit` for each row of a network that the group knows, withdrawn ones included. */
  forEachRow(net: number, visit: (row: number) => void): void {
    for (let row = this.#firstRow[net]!; row !== 0;) {
      const next = this.#nextRow[row]!;
      visit(row);
      row = next;
    }
  }

  #hold(slot: number): void {
    const table = this.#table;
    const net = this.netOf(slot);
    table.holdNet(net);
    if (!this.addPath) return;
    table.holdPath(slot);
    this.#nextRow[slot] = this.#firstRow[net]!;
    this.#firstRow[net] = slot;
  }

  #release(slot: number): void {
    const table = this.#table;
    const net = this.netOf(slot);
    this.segment[slot] = 0;
    if (this.addPath) {
      if (this.#firstRow[net] === slot) this.#firstRow[net] = this.#nextRow[slot]!;
      else {
        let row = this.#firstRow[net]!;
        while (this.#nextRow[row] !== slot) row = this.#nextRow[row]!;
        this.#nextRow[row] = this.#nextRow[slot]!;
      }
      table.releasePath(slot);
    }
    table.releaseNet(net);
  }
}

/** Typed arrays that grow: the columns of which tables are made. */

export type Column = Uint8Array | Uint16Array | Uint32Array;

/** Above this many entries capacities double; below they grow fourfold, so that less is copied. */
const DOUBLE_FROM = 1 << 20;

/**
 * The capacity after `capacity`. Room that is not used yet costs address space, not memory: fresh pages are zero
 * until they are written.
 */
export function nextCapacity(capacity: number): number {
  return capacity * (capacity < DOUBLE_FROM ? 4 : 2);
}

/** A longer copy of a column, zero behind what there was. */
export function widened<T extends Column>(column: T, length: number): T {
  const grown = new (column.constructor as new (length: number) => T)(length);
  grown.set(column);
  return grown;
}

/** A list of 32-bit numbers that grows. */
export class NumberList {
  length = 0;
  items = new Uint32Array(256);

  push(value: number): void {
    if (this.length === this.items.length) this.items = widened(this.items, nextCapacity(this.length));
    this.items[this.length++] = value;
  }
}

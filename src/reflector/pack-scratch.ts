/** Room for what is being packed. Packing is synchronous, so that all groups of a reflector share one. */
import { Buckets } from './buckets.ts';

export class PackScratch {
  /** Routes of a batch by attributes and source. */
  readonly buckets = new Buckets();
  /** Withdrawals for one member alone, by its source. */
  readonly targeted = new Buckets();
  /** The bucket being packed: its slots, and the networks that they stand for. */
  slots = new Uint32Array(0);
  nets = new Uint32Array(0);

  /** Makes room for so many slots. */
  fit(count: number): void {
    if (this.slots.length >= count) return;
    this.slots = new Uint32Array(count);
    this.nets = new Uint32Array(count);
  }
}

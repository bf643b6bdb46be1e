/** Networks of a table that wait for somebody, each once. Waiting networks keep their numbers. */
import { widened } from '../base/columns.ts';
import type { RoutingTable } from './table.ts';

export class NetQueue {
  readonly #table: RoutingTable;
  #waiting = new Uint8Array(1 << 10);
  #nets = new Uint32Array(1 << 8);
  #head = 0;
  #tail = 0;

  constructor(table: RoutingTable) {
    this.#table = table;
  }

  get size(): number {
    return this.#tail - this.#head;
  }

  get memoryBytes(): number {
    return this.#waiting.byteLength + this.#nets.byteLength;
  }

  push(net: number): void {
    if (net >= this.#waiting.length) this.#waiting = widened(this.#waiting, this.#table.nets.capacity);
    if (this.#waiting[net] !== 0) return;
    this.#waiting[net] = 1;
    this.#table.holdNet(net);
    if (this.#tail === this.#nets.length) this.#makeRoom();
    this.#nets[this.#tail++] = net;
  }

  /** The network that waits longest; the queue must not be empty. It keeps its number until `done`. */
  take(): number {
    const net = this.#nets[this.#head++]!;
    this.#waiting[net] = 0;
    if (this.#head === this.#tail) {
      this.#head = 0;
      this.#tail = 0;
    }
    return net;
  }

  /** A network that was taken has been looked after. */
  done(net: number): void {
    this.#table.releaseNet(net);
  }

  clear(): void {
    while (this.size > 0) this.done(this.take());
  }

  #makeRoom(): void {
    const pending = this.#nets.subarray(this.#head, this.#tail);
    const room = pending.length * 2 > this.#nets.length ? this.#nets.length * 2 : this.#nets.length;
    const moved = new Uint32Array(room);
    moved.set(pending);
    this.#nets = moved;
    this.#head = 0;
    this.#tail = pending.length;
  }
}

/** Simulated time: nothing happens but what is asked for, in the same order every time. */
import type { Clock, Timer } from '../../base/clock.ts';

interface Entry {
  readonly at: number;
  readonly order: number;
  fire: (() => void) | undefined;
}

/** 2026-01-01T00:00:00Z: where simulated wall-clock time begins. */
const WALL_TIME_ORIGIN = 1_767_225_600_000;

/** More calls of `soon` than this without time passing are taken for a loop that never ends. */
const MAX_TURNS = 10_000_000;

export class SimClock implements Clock {
  #now = 0;
  #order = 0;
  /** A binary heap by time, then by order of insertion. */
  readonly #heap: Entry[] = [];
  #soon: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return WALL_TIME_ORIGIN + this.#now;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const entry: Entry = { at: this.#now + Math.max(0, delayMs), order: this.#order++, fire };
    this.#push(entry);
    return {
      cancel: () => {
        entry.fire = undefined;
      },
    };
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Milliseconds until the next timer; undefined where none is pending. */
  get nextTimerInMs(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0] && this.#heap[0].at - this.#now;
  }

  /** Does everything that is due until time has to pass, without letting it pass. */
  settle(): void {
    for (let turns = 0; this.#soon.length > 0 || this.nextTimerInMs === 0; turns++) {
      if (turns > MAX_TURNS) throw new Error('Simulation does not come to rest');
      this.#turn();
    }
  }

  /** Lets `ms` pass, doing all that falls due, in order. Time stands at exactly that point afterwards. */
  runFor(ms: number): void {
    this.runUntil(this.#now + ms);
  }

  /** As `runFor`, up to a point in time. */
  runUntil(time: number): void {
    this.settle();
    for (;;) {
      const inMs = this.nextTimerInMs;
      if (inMs === undefined || this.#now + inMs > time) break;
      this.#now += inMs;
      this.settle();
    }
    this.#now = Math.max(this.#now, time);
  }

  /**
   * Lets time pass until `reached` holds.
   * @returns whether it does, before `limitMs` have passed
   */
  runUntilTrue(reached: () => boolean, limitMs: number): boolean {
    const end = this.#now + limitMs;
    this.settle();
    while (!reached()) {
      const inMs = this.nextTimerInMs;
      if (inMs === undefined || this.#now + inMs > end) {
        this.#now = end;
        return reached();
      }
      this.#now += inMs;
      this.settle();
    }
    return true;
  }

  /** As the event loop does: what was asked for `soon` first, else the timer that is due. */
  #turn(): void {
    if (this.#soon.length > 0) {
      const queue = this.#soon;
      this.#soon = [];
      for (const run of queue) run();
      return;
    }
    this.#pop()?.fire?.();
  }

  #dropCancelled(): void {
    while (this.#heap.length > 0 && this.#heap[0]!.fire === undefined) this.#pop();
  }

  #before(a: Entry, b: Entry): boolean {
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

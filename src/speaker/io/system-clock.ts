/** Real time. */
import type { Clock, Timer } from '../../base/clock.ts';

export class SystemClock implements Clock {
  now(): number {
    return performance.now();
  }

  wallTime(): number {
    return Date.now();
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timeout = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  }

  soon(run: () => void): void {
    setImmediate(run);
  }
}

/** Real time. */
import type { Clock, Timer } from '../../base/clock.ts';

/** Node fires timers that are longer at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export class SystemClock implements Clock {
  now(): number {
    return performance.now();
  }

  wallTime(): number {
    return Date.now();
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    let timeout: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      timeout =
        leftMs > LONGEST_TIMEOUT_MS
          ? setTimeout(() => arm(leftMs - LONGEST_TIMEOUT_MS), LONGEST_TIMEOUT_MS)
          : setTimeout(fire, leftMs);
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timeout) };
  }

  soon(run: () => void): void {
    setImmediate(run);
  }
}

/** Tells of anything that holds the event loop for long (BIRD `watchdog warning`). */

export interface Watchdog {
  /** Sets how long the loop may be held, in milliseconds; 0 turns the watchdog off. */
  configure(limitMs: number): void;
}

/** Looked at this often at most. */
const PERIOD_MS = 500;

/** @param report is told how long the loop stood still, in milliseconds */
export function startWatchdog(report: (heldMs: number) => void): Watchdog {
  let timer: NodeJS.Timeout | undefined;
  return {
    configure(limitMs) {
      clearInterval(timer);
      timer = undefined;
      if (limitMs === 0) return;
      const period = Math.max(1, Math.min(PERIOD_MS, limitMs / 2));
      let last = performance.now();
      timer = setInterval(() => {
        const now = performance.now();
        const held = now - last - period;
        last = now;
        if (held >= limitMs) report(Math.round(held));
      }, period);
      timer.unref();
    },
  };
}

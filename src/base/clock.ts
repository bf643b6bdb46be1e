/** Time as the core sees it. Production has one real clock, tests and simulation a simulated one. */

/** A pending timer. Cancelling one that has fired or was cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic time in milliseconds, with an arbitrary origin. */
  now(): number;
  /** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z, for people and records only. */
  wallTime(): number;
  /** Calls `fire` once, `delayMs` from now. */
  setTimer(delayMs: number, fire: () => void): Timer;
  /** Calls `run` after the input that is being handled now, before any timer (Node's `setImmediate`). */
  soon(run: () => void): void;
}

/** Lets other work be done: resolves after it. Called in between long work, every few milliseconds. */
export type Pause = () => Promise<void>;

/** For long work that nothing waits behind. */
export const NO_PAUSE: Pause = () => Promise.resolve();

/** Time stands still, and nothing comes of its own accord: for what is only tried out. */
export const STOPPED_CLOCK: Clock = {
  now: () => 0,
  wallTime: () => 0,
  setTimer: () => ({ cancel: () => undefined }),
  soon: () => undefined,
};

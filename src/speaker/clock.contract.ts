/** What every `Clock` must do, run against real and simulated time. */
import { expect, it } from 'vitest';
import type { Clock } from '../base/clock.ts';

export interface ClockHarness {
  readonly clock: Clock;
  /** Lets this much time pass, and a little more. */
  pass(ms: number): Promise<void>;
}

/** Declares the tests; call inside `describe`. */
export function clockContract(open: () => ClockHarness): void {
  it('fires timers once, by time and then by order, not before their time', async () => {
    const { clock, pass } = open();
    const start = clock.now();
    const fired: string[] = [];
    let latest = 0;
    clock.setTimer(30, () => {
      latest = clock.now();
      fired.push('late');
    });
    clock.setTimer(5, () => fired.push('first'));
    clock.setTimer(5, () => fired.push('second'));
    clock.setTimer(0, () => fired.push('at once'));
    expect(fired).toEqual([]);
    await pass(60);
    expect(fired).toEqual(['at once', 'first', 'second', 'late']);
    // Node's timers may be up to a millisecond early.
    expect(latest - start).toBeGreaterThanOrEqual(29);
    await pass(60);
    expect(fired.length).toBe(4);
  });

  it('does not fire what was cancelled, and lets anything be cancelled twice', async () => {
    const { clock, pass } = open();
    let fired = 0;
    const cancelled = clock.setTimer(5, () => expect.unreachable());
    cancelled.cancel();
    cancelled.cancel();
    const kept = clock.setTimer(5, () => fired++);
    await pass(20);
    kept.cancel();
    expect(fired).toBe(1);
  });

  it('runs `soon` before timers that start now, and never synchronously', async () => {
    const { clock, pass } = open();
    const order: string[] = [];
    clock.setTimer(10, () => order.push('timer'));
    clock.soon(() => {
      order.push('soon');
      clock.soon(() => order.push('sooner or later'));
    });
    clock.soon(() => order.push('then'));
    expect(order).toEqual([]);
    await pass(30);
    expect(order).toEqual(['soon', 'then', 'sooner or later', 'timer']);
  });

  it('goes forward, on both scales alike', async () => {
    const { clock, pass } = open();
    const now = clock.now();
    const wall = clock.wallTime();
    await pass(50);
    expect(clock.now() - now).toBeGreaterThanOrEqual(49);
    expect(Math.abs(clock.now() - now - (clock.wallTime() - wall))).toBeLessThan(20);
    expect(wall).toBeGreaterThan(Date.UTC(2020, 0));
  });
}

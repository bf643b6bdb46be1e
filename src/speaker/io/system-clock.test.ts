import { afterEach, describe, expect, it, vi } from 'vitest';
import { clockContract } from '../clock.contract.ts';
import { SystemClock } from './system-clock.ts';

describe('the clock contract on real time', () => {
  clockContract(() => ({
    clock: new SystemClock(),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 25)),
  }));
});

describe('real time', () => {
  afterEach(() => vi.useRealTimers());

  it('waits for longer than Node can in one go', () => {
    vi.useFakeTimers();
    let fired = 0;
    const days = 24 * 3600 * 1000;
    new SystemClock().setTimer(60 * days, () => fired++);
    const cancelled = new SystemClock().setTimer(60 * days, () => expect.unreachable());
    vi.advanceTimersByTime(59 * days);
    cancelled.cancel();
    expect(fired).toBe(0);
    vi.advanceTimersByTime(2 * days);
    expect(fired).toBe(1);
  });
});

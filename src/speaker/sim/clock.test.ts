import { describe, expect, it } from 'vitest';
import { clockContract } from '../clock.contract.ts';
import { SimClock } from './clock.ts';

describe('the clock contract on simulated time', () => {
  clockContract(() => {
    const clock = new SimClock();
    return {
      clock,
      pass: (ms) => {
        clock.runFor(ms);
        return Promise.resolve();
      },
    };
  });
});

describe('simulated time', () => {
  it('stands still while things happen, and stops exactly where it is told', () => {
    const clock = new SimClock();
    const seen: number[] = [];
    clock.setTimer(10, () => {
      seen.push(clock.now());
      clock.setTimer(0, () => seen.push(clock.now()));
      clock.soon(() => seen.push(clock.now()));
    });
    clock.setTimer(11, () => seen.push(clock.now()));
    clock.runUntil(10);
    expect([clock.now(), seen]).toEqual([10, [10, 10, 10]]);
    clock.runFor(0.5);
    expect([clock.now(), clock.nextTimerInMs]).toEqual([10.5, 0.5]);
    clock.runFor(100);
    expect([clock.now(), seen.length, clock.nextTimerInMs]).toEqual([110.5, 4, undefined]);
  });

  it('runs until something is true, or gives up', () => {
    const clock = new SimClock();
    let count = 0;
    const again = (): void => {
      count++;
      clock.setTimer(10, again);
    };
    again();
    expect(clock.runUntilTrue(() => count === 5, 1000)).toBe(true);
    expect(clock.now()).toBe(40);
    expect(clock.runUntilTrue(() => count < 0, 1000)).toBe(false);
    expect(clock.now()).toBe(1040);
  });

  it('fires many timers in order', () => {
    const clock = new SimClock();
    const times = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 1009);
    const fired: number[] = [];
    const timers = times.map((time) => clock.setTimer(time, () => fired.push(time)));
    timers.forEach((timer, i) => i % 3 === 0 && timer.cancel());
    clock.runFor(2000);
    expect(fired).toEqual(times.filter((_, i) => i % 3 !== 0).sort((a, b) => a - b));
  });
});

import { describe, expect, it } from 'vitest';
import { ArrivalTimes, BatchMarks } from './batch-times.ts';

describe('when changes of a batch arrived', () => {
  it('is when the first one did, or the turn before where more waits', () => {
    let now = 100;
    const times = new ArrivalTimes(() => now);
    times.begin();
    now = 110;
    times.flushing(10, 4);
    expect(times.sinceMs).toBe(100);
    now = 120;
    // Six are left, and four came since the turn at 110.
    times.flushing(10, 4);
    expect(times.sinceMs).toBe(100);
    now = 130;
    times.flushing(6, 4);
    expect(times.sinceMs).toBe(100);
    now = 140;
    times.flushing(2, 4);
    expect(times.sinceMs).toBe(110);
    now = 500;
    times.begin();
    now = 501;
    times.flushing(1, 4);
    expect(times.sinceMs).toBe(500);
  });
});

describe('marks in a log', () => {
  function marks(): { made: BatchMarks; seen: number[]; at: (ms: number) => void } {
    const seen: number[] = [];
    let now = 0;
    const made = new BatchMarks({ now: () => now, sinceMs: () => 0, observe: (ms) => seen.push(ms) });
    return { made, seen, at: (ms) => (now = ms) };
  }

  it('tell each member each batch once, when it has been written all of it', () => {
    const { made, seen, at } = marks();
    made.add(100, 10);
    made.add(200, 20);
    at(50);
    made.passed(0, 150);
    expect(seen).toEqual([40]);
    made.passed(150, 150);
    at(60);
    made.passed(150, 200);
    expect(seen).toEqual([40, 40]);
    made.passed(0, 1000);
    expect(seen).toEqual([40, 40, 40, 50]);
  });

  it('are none where a batch changed nothing, and the oldest go', () => {
    const { made, seen } = marks();
    made.add(100, 0);
    made.add(100, 0);
    made.passed(0, 100);
    expect(seen).toHaveLength(1);
    for (let i = 1; i <= 1000; i++) made.add(100 + i, 0);
    made.passed(0, 2000);
    expect(seen).toHaveLength(1 + 64);
  });
});

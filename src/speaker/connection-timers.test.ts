import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { ConnectionTimers } from './connection-timers.ts';
import { SimClock } from './sim/clock.ts';

interface Bench {
  readonly clock: SimClock;
  readonly timers: ConnectionTimers;
  readonly fired: string[];
  readonly events: { readingPaused: boolean };
}

function bench(seed = 1): Bench {
  const clock = new SimClock();
  const fired: string[] = [];
  const events = {
    readingPaused: false,
    connectRetryExpired: () => fired.push(`connectRetry ${clock.now()}`),
    keepaliveExpired: () => fired.push(`keepalive ${clock.now()}`),
    holdExpired: () => fired.push(`hold ${clock.now()}`),
    sendHoldExpired: () => fired.push(`sendHold ${clock.now()}`),
  };
  return { clock, fired, events, timers: new ConnectionTimers(clock, seededRandom(seed), events) };
}

describe('the timers of a connection', () => {
  it('shorten connect retry and keepalive by up to a quarter, each time anew', () => {
    for (const name of ['connectRetry', 'keepalive'] as const) {
      const times: number[] = [];
      for (let seed = 0; seed < 200; seed++) {
        const { clock, timers, fired } = bench(seed);
        timers.start(name, 100);
        clock.runFor(100_000);
        expect(fired.length).toBe(1);
        times.push(Number(fired[0]!.split(' ')[1]));
      }
      expect(Math.min(...times)).toBeGreaterThanOrEqual(75_000);
      expect(Math.min(...times)).toBeLessThan(77_000);
      expect(Math.max(...times)).toBeGreaterThan(98_000);
    }
  });

  it('keep the hold time to the millisecond, from the last message on', () => {
    const { clock, timers, fired } = bench();
    timers.start('hold', 9);
    clock.runFor(8000);
    timers.heard();
    clock.runFor(8999);
    expect([fired, timers.remainsMs('hold')]).toEqual([[], 1]);
    clock.runFor(1);
    expect(fired).toEqual(['hold 17000']);
    clock.runFor(100_000);
    expect(fired.length).toBe(1);
  });

  it('count what is read in the two turns after the hold time has passed', () => {
    for (const turns of [1, 2, 3]) {
      const { clock, timers, fired } = bench();
      const soon = (left: number): void => (left === 0 ? timers.heard() : clock.soon(() => soon(left - 1)));
      // Bytes that were in the socket while we were late are read in the turns after the timer has fired.
      const setTimer = clock.setTimer.bind(clock);
      clock.setTimer = (delayMs, fire) =>
        setTimer(delayMs, () => {
          if (clock.now() === 9000) soon(turns);
          fire();
        });
      timers.start('hold', 9);
      clock.runFor(9000);
      expect([turns, fired.length]).toEqual([turns, turns <= 2 ? 0 : 1]);
    }
  });

  it('do not judge the neighbour while we do not read', () => {
    const { clock, timers, fired, events } = bench();
    timers.start('hold', 9);
    events.readingPaused = true;
    clock.runFor(60_000);
    expect(fired).toEqual([]);
    events.readingPaused = false;
    clock.runFor(1000);
    expect(fired.length).toBe(1);
  });

  it('watch writes only while one is pending, and from the last progress on', () => {
    const { clock, timers, fired } = bench();
    timers.watchSending(30);
    clock.runFor(100_000);
    timers.writeStarted();
    timers.writeStarted();
    clock.runFor(29_000);
    timers.writeFinished();
    clock.runFor(29_000);
    expect(fired).toEqual([]);
    timers.writeFinished();
    clock.runFor(100_000);
    expect(fired).toEqual([]);
    timers.writeStarted();
    clock.runFor(30_000);
    expect(fired).toEqual(['sendHold 288000']);
  });

  it('are still after a stop', () => {
    const { clock, timers, fired } = bench();
    timers.start('hold', 9);
    timers.start('keepalive', 3);
    timers.start('connectRetry', 3);
    timers.watchSending(10);
    timers.writeStarted();
    timers.stopAll();
    clock.runFor(100_000);
    expect([fired, clock.nextTimerInMs, timers.remainsMs('hold')]).toEqual([[], undefined, undefined]);
  });
});

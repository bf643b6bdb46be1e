/**
 * The timers of one connection. The hold timers cost a time stamp per read or write, not a timer: they are checked
 * when they would run out at the earliest.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { FsmTimer } from './fsm/action.ts';

export interface TimerEvents {
  connectRetryExpired(): void;
  keepaliveExpired(): void;
  holdExpired(): void;
  sendHoldExpired(): void;
  /** Whether we ourselves keep from reading, so that silence says nothing of the neighbour. */
  readonly readingPaused: boolean;
}

interface Running {
  readonly timer: Timer;
  readonly deadline: number;
}

/** How often a hold timer that may not be judged is looked at again. */
const POSTPONED_MS = 1000;

/** A watch on something that has to happen again and again within a time. */
class Watch {
  /** When it last happened. */
  lastAt = 0;
  limitMs = 0;
  timer: Timer | undefined;
}

export class ConnectionTimers {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #events: TimerEvents;
  readonly #running = new Map<FsmTimer, Running>();
  readonly #hold = new Watch();
  readonly #sendHold = new Watch();
  #writesPending = 0;

  constructor(clock: Clock, random: Random, events: TimerEvents) {
    this.#clock = clock;
    this.#random = random;
    this.#events = events;
  }

  /**
   * Starts a timer anew. ConnectRetry and keepalive timers are shortened by a random factor of 0.75 to 1.0 (RFC 4271
   * section 10); the hold time is a promise to the neighbour and is not.
   */
  start(name: FsmTimer, seconds: number): void {
    if (name === 'hold') {
      this.#hold.limitMs = seconds * 1000;
      this.heard();
      this.#hold.timer?.cancel();
      this.#watchHold(this.#hold.limitMs);
      return;
    }
    this.stop(name);
    const delayMs = seconds * 1000 * (0.75 + 0.25 * this.#random.float());
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#running.delete(name);
      if (name === 'keepalive') this.#events.keepaliveExpired();
      else this.#events.connectRetryExpired();
    });
    this.#running.set(name, { timer, deadline: this.#clock.now() + delayMs });
  }

  stop(name: FsmTimer): void {
    if (name === 'hold') {
      this.#stopWatch(this.#hold);
      return;
    }
    this.#running.get(name)?.timer.cancel();
    this.#running.delete(name);
  }

  /** A KEEPALIVE or UPDATE arrived: the hold timer starts anew. */
  heard(): void {
    this.#hold.lastAt = this.#clock.now();
  }

  /** RFC 9687: from now on a write that the neighbour does not take within `seconds` ends the session; 0: never. */
  watchSending(seconds: number): void {
    this.#sendHold.limitMs = seconds * 1000;
    if (this.#writesPending > 0) this.#watchSendHold();
  }

  writeStarted(): void {
    this.#writesPending++;
    if (this.#writesPending === 1) {
      this.#sendHold.lastAt = this.#clock.now();
      this.#watchSendHold();
    }
  }

  writeFinished(): void {
    this.#writesPending--;
    this.#sendHold.lastAt = this.#clock.now();
  }

  /** Milliseconds until a timer runs out; undefined where it does not run. */
  remainsMs(name: FsmTimer): number | undefined {
    const deadline =
      name === 'hold'
        ? this.#hold.timer && this.#hold.lastAt + this.#hold.limitMs
        : this.#running.get(name)?.deadline;
    return deadline === undefined ? undefined : Math.max(0, deadline - this.#clock.now());
  }

  stopAll(): void {
    this.stop('connectRetry');
    this.stop('keepalive');
    this.stop('hold');
    this.#stopWatch(this.#sendHold);
    this.#sendHold.limitMs = 0;
    this.#writesPending = 0;
  }

  #stopWatch(watch: Watch): void {
    watch.timer?.cancel();
    watch.timer = undefined;
  }

  #watchHold(delayMs: number): void {
    const timer = this.#clock.setTimer(delayMs, () => {
      const leftMs = this.#leftMs(this.#hold);
      if (leftMs > 0) {
        this.#watchHold(leftMs);
        return;
      }
      // We may be late ourselves: what is in the socket already counts, so two turns of reading pass first.
      this.#afterTwoTurns(() => {
        if (this.#hold.timer !== timer) return;
        if (this.#events.readingPaused) this.#watchHold(POSTPONED_MS);
        else if (this.#leftMs(this.#hold) > 0) this.#watchHold(this.#leftMs(this.#hold));
        else {
          this.#hold.timer = undefined;
          this.#events.holdExpired();
        }
      });
    });
    this.#hold.timer = timer;
  }

  #watchSendHold(): void {
    if (this.#sendHold.limitMs === 0 || this.#sendHold.timer) return;
    const timer = this.#clock.setTimer(Math.max(0, this.#leftMs(this.#sendHold)), () => {
      this.#afterTwoTurns(() => {
        if (this.#sendHold.timer !== timer) return;
        this.#sendHold.timer = undefined;
        if (this.#writesPending === 0) return;
        if (this.#leftMs(this.#sendHold) > 0) this.#watchSendHold();
        else this.#events.sendHoldExpired();
      });
    });
    this.#sendHold.timer = timer;
  }

  #leftMs(watch: Watch): number {
    return watch.lastAt + watch.limitMs - this.#clock.now();
  }

  #afterTwoTurns(run: () => void): void {
    this.#clock.soon(() => this.#clock.soon(run));
  }
}

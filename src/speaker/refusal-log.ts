/** Reports refused connections without letting a flood of them become a flood of reports. */
import type { Clock, Timer } from '../base/clock.ts';
import type { IpAddress } from '../base/ip.ts';

const REPORT_INTERVAL_MS = 1000;

export class RefusalLog {
  /** All refusals so far. */
  total = 0;
  readonly #clock: Clock;
  readonly #report: (address: IpAddress, reason: string, count: number) => void;
  #timer: Timer | undefined;
  #pending = 0;
  #latest: { readonly address: IpAddress; readonly reason: string } | undefined;

  /** @param report called at once for the first refusal, then at most once a second with how many there were */
  constructor(clock: Clock, report: (address: IpAddress, reason: string, count: number) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  note(address: IpAddress, reason: string): void {
    this.total++;
    this.#pending++;
    this.#latest = { address, reason };
    if (!this.#timer) this.#flush();
  }

  /** Stops its timer. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#pending === 0 || !this.#latest) return;
    this.#report(this.#latest.address, this.#latest.reason, this.#pending);
    this.#pending = 0;
    this.#timer = this.#clock.setTimer(REPORT_INTERVAL_MS, () => this.#flush());
  }
}

/**
 * The configuration in force, the one before it, and the one that waits: BIRD's `configure` with its confirmation and
 * undo. Files are read elsewhere.
 */
import type { Clock, Timer } from './base/clock.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import type { LogLevel } from './daemon.ts';
import { describeBug } from './daemon-events.ts';

export interface ConfigurationsOptions {
  readonly clock: Clock;
  /** Brings the daemon in line with a configuration; a promise where that takes time. */
  readonly apply: (config: DaemonConfig, soft: boolean) => Promise<void> | undefined;
  readonly current: () => DaemonConfig;
  readonly log: (level: LogLevel, text: string) => void;
  /** What the undo or its timer has gone back from is not in force any more. */
  readonly undone?: () => void;
}

interface Transition {
  readonly config: DaemonConfig;
  /** Routes stay as they are where only filters change. */
  readonly soft: boolean;
}

export type CommitResult = 'done' | 'progress' | 'queued';

export class Configurations {
  readonly #options: ConfigurationsOptions;
  /** What an undo goes back to, and how the step to the present one was made. */
  #previous: Transition | undefined;
  #undoAvailable = false;
  #undoTimer: { readonly timer: Timer; readonly deadline: number } | undefined;
  #inProgress = false;
  #queued: Transition | 'undo' | undefined;
  #whenDone: (() => void)[] = [];

  constructor(options: ConfigurationsOptions) {
    this.#options = options;
  }

  /** `progress`: some protocol is still on its way; `queued`: another configuration waits behind that. */
  get state(): CommitResult {
    if (!this.#inProgress) return 'done';
    return this.#queued ? 'queued' : 'progress';
  }

  /** Resolves when nothing is under way and nothing waits. */
  async done(): Promise<void> {
    while (this.#inProgress) await new Promise<void>((settle) => this.#whenDone.push(settle));
  }

  /** Seconds until an unconfirmed configuration is undone; undefined where nothing is to be confirmed. */
  get undoInS(): number | undefined {
    return this.#undoTimer && Math.max(0, this.#undoTimer.deadline - this.#options.clock.now()) / 1000;
  }

  /** Whoever asks for another configuration gives up going back behind this one, whether or not the other is good. */
  forgetPrevious(): void {
    this.#stopTimer();
    this.#undoAvailable = false;
    this.#previous = undefined;
  }

  /**
   * Takes another configuration, or queues it while one is under way.
   * @param timeoutS goes back by itself unless confirmed in so many seconds; 0: does not
   * @param undoing called where it does
   */
  commit(config: DaemonConfig, soft: boolean, timeoutS: number, undoing: () => void): CommitResult {
    this.#undoAvailable = true;
    this.#stopTimer();
    if (timeoutS > 0) {
      const { clock, log } = this.#options;
      const timer = clock.setTimer(timeoutS * 1000, () => {
        log('info', 'Config timeout expired, starting undo');
        undoing();
        this.undo();
      });
      this.#undoTimer = { timer, deadline: clock.now() + timeoutS * 1000 };
    }
    if (!this.#inProgress) return this.#start({ config, soft });
    const also = this.#queued ? ', ignoring the one already queued' : '';
    this.#options.log('info', `Queueing new configuration${also}`);
    this.#queued = { config, soft };
    return 'queued';
  }

  /** Keeps the configuration that waits for confirmation; false where none does. */
  confirm(): boolean {
    const waits = this.#undoTimer !== undefined;
    this.#stopTimer();
    return waits;
  }

  /** Goes back once; what was undone is not come back to. `unqueued`: the one that was waiting is dropped instead. */
  undo(): CommitResult | 'unqueued' | 'nothing' {
    if (!this.#undoAvailable || !this.#previous) return 'nothing';
    this.#undoAvailable = false;
    this.#stopTimer();
    this.#options.undone?.();
    if (!this.#inProgress) return this.#start('undo');
    if (this.#queued) {
      this.#queued = undefined;
      this.#options.log('info', 'Removing queued configuration');
      return 'unqueued';
    }
    this.#options.log('info', 'Queueing undo configuration');
    this.#queued = 'undo';
    return 'queued';
  }

  #start(step: Transition | 'undo'): 'done' | 'progress' {
    const { current, apply, log } = this.#options;
    const { config, soft } = step === 'undo' ? this.#previous! : step;
    this.#previous = { config: current(), soft };
    this.#inProgress = true;
    log('info', 'Reconfiguring');
    let applying: Promise<void> | undefined;
    try {
      applying = apply(config, soft);
    } catch (error) {
      this.#inProgress = false;
      throw error;
    }
    if (!applying) {
      this.#finish();
      return 'done';
    }
    // A bug of ours must not keep every configuration after it waiting.
    const failed = (error: unknown): void => {
      log('bug', describeBug(error));
    };
    void applying.catch(failed).then(() => {
      this.#finish();
    });
    return 'progress';
  }

  #finish(): void {
    const { log } = this.#options;
    this.#inProgress = false;
    log('info', 'Reconfigured');
    const queued = this.#queued;
    if (!queued) {
      for (const settle of this.#whenDone.splice(0)) settle();
      return;
    }
    this.#queued = undefined;
    log('info', 'Reconfiguring to queued configuration');
    this.#start(queued);
  }

  #stopTimer(): void {
    this.#undoTimer?.timer.cancel();
    this.#undoTimer = undefined;
  }
}

/**
 * One feed: a session to a neighbour, the routes of a source sent through it as fast as the neighbour takes them (or
 * at a rate), and an orderly end. What happens is told to `env.report`.
 */
import { FAMILIES } from '../base/family.ts';
import type { Clock } from '../base/clock.ts';
import type { IpAddress } from '../base/ip.ts';
import type { Random } from '../base/random.ts';
import type { SessionConfig } from '../speaker/config.ts';
import type { EstablishedSession, RouteReceiver } from '../speaker/session-port.ts';
import { Speaker } from '../speaker/speaker.ts';
import type { SpeakerEvent } from '../speaker/speaker-event.ts';
import type { Network } from '../speaker/transport.ts';
import { endOfRib } from '../speaker/wire/update-encode.ts';
import { Announced } from './announced.ts';
import type { Batch, BatchLimits } from './batch.ts';
import { FeedError, type RouteSource } from './source.ts';
import { targetOf, type Target } from './target.ts';

export interface FeedPlan {
  readonly session: SessionConfig;
  readonly source: RouteSource;
  /** Next hop of made-up routes, or put in place of the recorded ones. */
  readonly nextHop: IpAddress | undefined;
  /** Routes a second, announced or withdrawn; undefined: as fast as the neighbour takes them. */
  readonly rate: number | undefined;
  /** How many times everything is withdrawn and announced again. */
  readonly flaps: number;
  /** Leave when everything was sent, rather than when `stop` is called. */
  readonly once: boolean;
  /** Withdraw everything before leaving. */
  readonly withdraw: boolean;
}

export interface FeedTotals {
  readonly messages: number;
  readonly announced: number;
  readonly withdrawn: number;
  readonly bytes: number;
  /** Networks that the neighbour holds from this feed. */
  readonly remaining: number;
  /** Since the session was Established. */
  readonly elapsedMs: number;
}

/** Before there is a session. */
export const NOTHING_SENT: FeedTotals = {
  messages: 0,
  announced: 0,
  withdrawn: 0,
  bytes: 0,
  remaining: 0,
  elapsedMs: 0,
};

export type FeedEvent =
  | { readonly type: 'connecting' }
  | { readonly type: 'established'; readonly session: EstablishedSession }
  | {
      readonly type: 'progress';
      readonly activity: 'announcing' | 'withdrawing';
      /** How far it is, in a unit of the source's; the total is undefined where it cannot be known. */
      readonly position: number;
      readonly total: number | undefined;
      /** Routes announced or withdrawn, and time taken, since the activity began. */
      readonly routes: number;
      readonly elapsedMs: number;
    }
  /** The kernel has everything that was to be announced. */
  | { readonly type: 'sent'; readonly totals: FeedTotals }
  /** The kernel has the withdrawals that precede leaving. */
  | { readonly type: 'withdrawn'; readonly totals: FeedTotals };

export interface FeedEnv {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  readonly report: (event: FeedEvent) => void;
}

/** `complete`: all was sent; `interrupted`: `stop` came first. */
export interface FeedOutcome {
  readonly end: 'complete' | 'interrupted';
  readonly totals: FeedTotals;
}

const WRITE_BYTES = 131_072;
/** With a limited rate, writes are that many a second. */
const PACED_WRITES = 20;

/** What a wait gives when `stop` was called meanwhile. */
const STOPPED = Symbol('stopped');

interface Waiting {
  stop(): void;
  fail(error: FeedError): void;
}

export class Feed {
  readonly #env: FeedEnv;
  readonly #plan: FeedPlan;
  readonly #speaker: Speaker;
  readonly #announced = new Announced();
  readonly #waiting = new Set<Waiting>();
  #onEstablished: (session: EstablishedSession) => void = () => undefined;
  #stopped = false;
  #failure: FeedError | undefined;
  #established = false;
  /** What the latest NOTIFICATION said. */
  #notification: string | undefined;
  /** The write that the kernel has not taken yet; never settles where the session ends first. */
  #underWay: Promise<void> = Promise.resolve();
  #startedAt = 0;
  #messages = 0;
  #announcedRoutes = 0;
  #withdrawnRoutes = 0;
  #bytes = 0;

  constructor(env: FeedEnv, plan: FeedPlan) {
    this.#env = env;
    this.#plan = plan;
    this.#speaker = new Speaker({
      clock: env.clock,
      network: env.network,
      random: env.random,
      events: {
        established: (session) => {
          this.#onEstablished(session);
          return IGNORE_ROUTES;
        },
      },
    });
    this.#speaker.happenings.subscribe((event) => {
      this.#happened(event);
    });
  }

  get totals(): FeedTotals {
    return {
      messages: this.#messages,
      announced: this.#announcedRoutes,
      withdrawn: this.#withdrawnRoutes,
      bytes: this.#bytes,
      remaining: this.#announced.size,
      elapsedMs: this.#established ? this.#env.clock.now() - this.#startedAt : 0,
    };
  }

  /**
   * Connects, sends everything and leaves.
   * Rejects with a `FeedError` where the session cannot be had or ends, or the source is unusable; the session is
   * closed by then.
   */
  async run(): Promise<FeedOutcome> {
    try {
      const end = await this.#run();
      const { totals } = this;
      await this.#speaker.shutdown();
      return { end, totals };
    } catch (error) {
      await this.#speaker.shutdown();
      throw error;
    }
  }

  /** Leaves soon: in the middle of sending, or when everything was sent and the routes have been left in place. */
  stop(): void {
    this.#stopped = true;
    for (const waiting of [...this.#waiting]) waiting.stop();
  }

  async #run(): Promise<FeedOutcome['end']> {
    const { source, nextHop, flaps, once, withdraw } = this.#plan;
    this.#env.report({ type: 'connecting' });
    const session = await this.#unlessStopped<EstablishedSession>((resolve) => {
      this.#onEstablished = resolve;
      this.#speaker.addSession(this.#plan.session);
    });
    if (session === STOPPED) return 'interrupted';
    this.#startedAt = this.#env.clock.now();
    this.#established = true;
    this.#env.report({ type: 'established', session });
    const target = targetOf(session, nextHop);
    const limits = this.#limits();
    await this.#send(session, target, source.batches(target, limits), 'announcing');
    if (!this.#stopped) await this.#endOfRib(session, target);
    for (let flap = 0; flap < flaps && !this.#stopped; flap++) {
      await this.#send(session, target, this.#announced.withdrawals(target, limits), 'withdrawing');
      await this.#send(session, target, source.batches(target, limits), 'announcing');
    }
    const complete = !this.#stopped;
    if (complete) {
      this.#env.report({ type: 'sent', totals: this.totals });
      if (!once) await this.#unlessStopped<never>(() => undefined);
    }
    if (withdraw) {
      // A second `stop` ends this too.
      this.#stopped = false;
      await this.#settled(this.#underWay);
      await this.#send(session, target, this.#announced.withdrawals(target, limits), 'withdrawing');
      if (!this.#stopped) this.#env.report({ type: 'withdrawn', totals: this.totals });
    }
    return complete ? 'complete' : 'interrupted';
  }

  #limits(): BatchLimits {
    const { rate } = this.#plan;
    const routes =
      rate === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(rate / PACED_WRITES));
    return { bytes: WRITE_BYTES, routes };
  }

  /** Writes batches, one at a time, the next one being made meanwhile. */
  async #send(
    session: EstablishedSession,
    target: Target,
    batches: AsyncGenerator<Batch>,
    activity: 'announcing' | 'withdrawing',
  ): Promise<void> {
    const pace = new Pace(this.#env.clock.now(), this.#plan.rate);
    const since = this.totals;
    try {
      for (;;) {
        const next = await this.#settled(batches.next());
        if (next === STOPPED || next.done === true) break;
        await this.#settled(this.#underWay);
        await this.#delay(pace.waitMs(this.#env.clock.now()));
        if (this.#stopped) break;
        const batch = next.value;
        this.#write(session, batch.bytes, batch.messages);
        pace.sent(batch.announced + batch.withdrawn);
        this.#account(batch, target);
        this.#reportProgress(activity, since);
      }
      await this.#settled(this.#underWay);
      await this.#delay(pace.waitMs(this.#env.clock.now()));
    } finally {
      await batches.return(undefined);
    }
  }

  /** Starts a write; the one before it is done. */
  #write(session: EstablishedSession, bytes: Uint8Array, messages: number): void {
    this.#underWay = new Promise((resolve) => {
      session.write([bytes], messages, resolve);
    });
  }

  #account(batch: Batch, target: Target): void {
    this.#announced.apply(batch, target);
    this.#messages += batch.messages;
    this.#announcedRoutes += batch.announced;
    this.#withdrawnRoutes += batch.withdrawn;
    this.#bytes += batch.bytes.length;
  }

  #reportProgress(activity: 'announcing' | 'withdrawing', since: FeedTotals): void {
    const { source } = this.#plan;
    const { totals } = this;
    const announcing = activity === 'announcing';
    this.#env.report({
      type: 'progress',
      activity,
      position: announcing ? source.position : since.remaining - totals.remaining,
      total: announcing ? source.total : since.remaining,
      routes: totals.announced + totals.withdrawn - since.announced - since.withdrawn,
      elapsedMs: totals.elapsedMs - since.elapsedMs,
    });
  }

  /** RFC 4724 section 2: says that the first lot of routes is complete. */
  async #endOfRib(session: EstablishedSession, target: Target): Promise<void> {
    for (const family of FAMILIES) {
      if (!target.families[family.index] || this.#stopped) continue;
      this.#write(session, endOfRib(family), 1);
      await this.#settled(this.#underWay);
    }
  }

  // --- waiting --------------------------------------------------------------------------------------------------

  /** Waits for `resolve` being called, `stop`, or the end of the session, which rejects. */
  #unlessStopped<T>(
    start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T | typeof STOPPED> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#stopped) return Promise.resolve(STOPPED);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        stop: () => settle(() => resolve(STOPPED)),
        fail: (error) => settle(() => reject(error)),
      };
      const settle = (how: () => void): void => {
        this.#waiting.delete(waiting);
        how();
      };
      this.#waiting.add(waiting);
      start(
        (value) => settle(() => resolve(value)),
        (error) => settle(() => reject(error)),
      );
    });
  }

  #settled<T>(promise: Promise<T>): Promise<T | typeof STOPPED> {
    return this.#unlessStopped((resolve, reject) => {
      promise.then(resolve, reject);
    });
  }

  async #delay(delayMs: number): Promise<void> {
    if (delayMs <= 0) return;
    await this.#unlessStopped<undefined>((resolve) => {
      this.#env.clock.setTimer(delayMs, () => resolve(undefined));
    });
  }

  // --- the session ----------------------------------------------------------------------------------------------

  #happened(event: SpeakerEvent): void {
    switch (event.type) {
      case 'notificationReceived':
        this.#notification = `the neighbour refused: ${event.text} (NOTIFICATION ${codes(event)})`;
        break;
      case 'notificationSent':
        this.#notification = `the neighbour is not what was expected: ${event.text} (NOTIFICATION ${codes(event)})`;
        break;
      case 'fsmState':
        // The cause is known when the event has been dealt with.
        if (event.from !== 'Idle' && (event.to === 'Idle' || event.to === 'Active') && !this.#established) {
          this.#env.clock.soon(() => this.#fail(this.#whyNotEstablished(event.from)));
        }
        break;
      case 'ended':
        this.#fail(this.#notification ?? `the session ended: ${event.reason}`);
        break;
      case 'bug':
        this.#fail(`internal error: ${String(event.cause)}`);
        break;
      case 'sessionAdded':
      case 'sessionRemoved':
      case 'phase':
      case 'established':
      case 'notice':
      case 'refused':
      case 'packet':
        break;
      default:
        event satisfies never;
    }
  }

  #whyNotEstablished(from: string): string {
    const lastError = this.#speaker.session(this.#plan.session.name)?.lastError ?? '';
    const cause = lastError.replace(/^Socket: /, '');
    if (from === 'Connect' || from === 'Active') return `cannot connect: ${cause || 'no answer'}`;
    if (this.#notification !== undefined) return this.#notification;
    return `the neighbour closed the connection without a word (${cause || 'closed'}): does it know this address as a neighbour, or wait after an error?`;
  }

  #fail(text: string): void {
    if (this.#failure) return;
    this.#failure = new FeedError(text);
    for (const waiting of [...this.#waiting]) waiting.fail(this.#failure);
  }
}

/** What the neighbour announces to a feed is of no interest. */
const IGNORE_ROUTES: RouteReceiver = {
  update: () => undefined,
  routeRefresh: () => undefined,
  readComplete: () => undefined,
  ended: () => undefined,
};

function codes({
  error,
}: Extract<SpeakerEvent, { type: 'notificationSent' | 'notificationReceived' }>): string {
  return `${error.code}/${error.subcode}`;
}

/** Keeps sending to a number of routes a second, on average since the start. */
class Pace {
  readonly #startedAt: number;
  readonly #rate: number | undefined;
  #routes = 0;

  constructor(now: number, rate: number | undefined) {
    this.#startedAt = now;
    this.#rate = rate;
  }

  sent(routes: number): void {
    this.#routes += routes;
  }

  /** Milliseconds until more may be sent. */
  waitMs(now: number): number {
    return this.#rate === undefined ? 0 : this.#startedAt + (this.#routes * 1000) / this.#rate - now;
  }
}

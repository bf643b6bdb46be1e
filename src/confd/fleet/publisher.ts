/**
 * Keeps the keys of one member in a store: under a lease, at most one transaction a second, and all of them again when the
 * lease was lost. One request is under way at a time, and what is to be written is only ever the latest report, so that a
 * store that is away costs nothing.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { KeyLease, LeaseStore } from '../store.ts';
import { memberKey } from './keys.ts';
import type { FleetReport, Registration } from './report.ts';
import { entriesOf } from './report.ts';

/** Between two transactions. */
const WRITE_MS = 1000;
/** etcd takes 128 in a transaction unless it is told otherwise. */
export const MAX_OPERATIONS = 100;
/** Pause before the next attempt, doubled with each failure up to the longest. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;
/** Renewals in the time that a lease lasts. */
const RENEWALS = 3;

export interface PublisherOptions {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly who: Registration;
  readonly log: (level: 'info' | 'warning', text: string) => void;
}

export class FleetPublisher {
  readonly #options: PublisherOptions;
  readonly #key: string;
  #wanted: ReadonlyMap<string, string> | undefined;
  #lease: KeyLease | undefined;
  /** What has been written under the lease. */
  readonly #written = new Map<string, string>();
  /** Something may be to be written. */
  #isDirty = false;
  #renewAt = 0;
  #writeAt = 0;
  /** Nothing is tried before. */
  #retryAt = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #isFailing = false;
  #timer: Timer | undefined;
  #turn: Promise<void> | undefined;
  #stopped = false;
  /** Whoever has the name. */
  #rival: { readonly id: string; readonly sinceMs: number; warned: boolean } | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#key = memberKey(options.who.name);
  }

  /** Takes what is to be told from now on. */
  report(report: FleetReport): void {
    this.#wanted = entriesOf(this.#options.who, report);
    this.#isDirty = true;
    this.#plan();
  }

  /** Gives the lease up, so that all keys are gone. Resolves when that is done or has failed; never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#turn;
    await this.#dropLease();
    this.#options.store.close();
  }

  #plan(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#turn || this.#stopped || !this.#wanted) return;
    const { clock } = this.#options;
    const next = this.#lease ? Math.min(this.#renewAt, this.#isDirty ? this.#writeAt : Infinity) : -Infinity;
    const delayMs = Math.max(0, Math.max(next, this.#retryAt) - clock.now());
    this.#timer = clock.setTimer(delayMs, () => {
      this.#turn = this.#act().finally(() => {
        this.#turn = undefined;
        this.#plan();
      });
    });
  }

  async #act(): Promise<void> {
    const { clock, log, store } = this.#options;
    try {
      if (!this.#lease) await this.#register();
      else if (clock.now() >= this.#renewAt) await this.#renew(this.#lease);
      else await this.#write(this.#lease);
      this.#pauseMs = FIRST_PAUSE_MS;
      if (this.#isFailing && this.#lease)
        log('info', `${store.name} takes the state of this reflector again`);
      if (this.#lease) this.#isFailing = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#isFailing) log('warning', `The fleet cannot be told of this reflector: ${reason}`);
      this.#isFailing = true;
      this.#retryAt = clock.now() + this.#pauseMs;
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  async #register(): Promise<void> {
    const { store, clock, who, log } = this.#options;
    const value = this.#wanted!.get(this.#key)!;
    const lease = await store.grant(who.ttlS);
    let other: string | undefined;
    try {
      other = await lease.claim(this.#key, value, (text) => idOf(text) === who.id);
    } catch (error) {
      await lease.revoke().catch(() => undefined);
      throw error;
    }
    if (other !== undefined) {
      await lease.revoke();
      this.#retryAt = clock.now() + this.#renewalMs;
      this.#noticeRival(other);
      return;
    }
    this.#rival = undefined;
    this.#lease = lease;
    this.#written.clear();
    this.#written.set(this.#key, value);
    this.#isDirty = true;
    this.#renewAt = clock.now() + this.#renewalMs;
    this.#writeAt = clock.now() + WRITE_MS;
    log('info', `Registered in the fleet of ${store.name} as ${who.name}`);
  }

  /** Somebody has the name: what is left of a process that was killed, until its lease ends, or another reflector. */
  #noticeRival(value: string): void {
    const { clock, who, log } = this.#options;
    const id = idOf(value) ?? '';
    if (this.#rival?.id !== id) {
      this.#rival = { id, sinceMs: clock.now(), warned: false };
      log(
        'info',
        `The fleet has a member ${who.name} already (${describe(value)}): waiting for its lease to end`,
      );
      return;
    }
    const { ttl } = parsed(value);
    const lastsMs = (typeof ttl === 'number' ? Math.max(ttl, who.ttlS) : who.ttlS) * 1000;
    if (this.#rival.warned || clock.now() - this.#rival.sinceMs <= lastsMs) return;
    this.#rival.warned = true;
    log(
      'warning',
      `Another reflector is in the fleet as ${who.name} (${describe(value)}), so this one is not shown: ` +
        'give one of them another NODENAME',
    );
  }

  async #renew(lease: KeyLease): Promise<void> {
    const isAlive = await lease.renew(this.#key);
    this.#renewAt = this.#options.clock.now() + this.#renewalMs;
    if (!isAlive) await this.#lost();
  }

  async #write(lease: KeyLease): Promise<void> {
    const wanted = this.#wanted!;
    const puts = new Map<string, string>();
    const removals: string[] = [];
    for (const [key, value] of wanted) {
      if (puts.size === MAX_OPERATIONS) break;
      if (this.#written.get(key) !== value) puts.set(key, value);
    }
    for (const key of this.#written.keys()) {
      if (puts.size + removals.length === MAX_OPERATIONS) break;
      if (!wanted.has(key)) removals.push(key);
    }
    const size = puts.size + removals.length;
    if (size > 0) {
      const isOurs = await lease.write(this.#key, puts, removals);
      this.#writeAt = this.#options.clock.now() + WRITE_MS;
      if (!isOurs) {
        await this.#lost();
        return;
      }
      for (const [key, value] of puts) this.#written.set(key, value);
      for (const key of removals) this.#written.delete(key);
    }
    this.#isDirty = size === MAX_OPERATIONS || this.#wanted !== wanted;
  }

  async #lost(): Promise<void> {
    const { log, store } = this.#options;
    log('info', `The lease of this reflector in ${store.name} is lost: registering again`);
    await this.#dropLease();
  }

  async #dropLease(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    this.#written.clear();
    await lease?.revoke().catch(() => undefined);
  }

  get #renewalMs(): number {
    return (this.#options.who.ttlS * 1000) / RENEWALS;
  }
}

function parsed(value: string): Readonly<Record<string, unknown>> {
  try {
    const made: unknown = JSON.parse(value);
    return typeof made === 'object' && made !== null ? (made as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function idOf(value: string): string | undefined {
  const { id } = parsed(value);
  return typeof id === 'string' ? id : undefined;
}

/** `on host rr1, since 2026-01-01T00:00:00.000Z` */
function describe(value: string): string {
  const { host, started } = parsed(value);
  const word = (one: unknown): string =>
    typeof one === 'string' ? one.slice(0, 100).replace(/[^\x20-\x7e]/g, '?') : 'unknown';
  return `on host ${word(host)}, since ${word(started)}`;
}

/** Pipes of the configuration, as they run. */
import type { Clock, Timer } from './base/clock.ts';
import type { LimitConfig, PipeProtocolConfig } from './birdcl-compat/conf/lowered.ts';
import type { PolicyBook } from './daemon-policies.ts';
import type { LogLevel } from './daemon.ts';
import { maskWords } from './rib/network-table.ts';
import { NO_ATTRS, type Policy } from './rib/policy.ts';
import type { PipeFlow } from './rib/sources/pipe-flow.ts';
import type { Pipe } from './rib/sources/pipes.ts';
import type { Reflector } from './reflector/reflector.ts';

/** A pipe that a limit of action `restart` ended comes back after this long, as BIRD has it. */
const RESTART_AFTER_MS = 1000;

/** BIRD names the two ends of a pipe so. */
export type PipeEndName = 'pri' | 'sec';

interface RunningPipe {
  config: PipeProtocolConfig;
  pipe: Pipe;
  /** Limits that were reached, until a reload or another configuration. */
  readonly hit: Set<'import' | 'export'>;
}

/** What `show protocols all` says of a pipe. */
export interface PipeStatus {
  readonly up: boolean;
  /** Wall-clock milliseconds. */
  readonly sinceMs: number;
  readonly pipe?: Pipe;
  readonly hit: ReadonlySet<'import' | 'export'>;
}

export interface PipeProtocolsOptions {
  readonly reflector: Reflector;
  readonly filters: PolicyBook;
  readonly clock: Clock;
  readonly log: (level: LogLevel, text: string) => void;
}

export class PipeProtocols {
  readonly #options: PipeProtocolsOptions;
  readonly #running = new Map<string, RunningPipe>();
  /** Pipes that a limit has ended for a while. */
  readonly #waiting = new Map<string, Timer>();
  /** When a pipe last came up or went down, and the limits that had been reached then. */
  readonly #last = new Map<string, { sinceMs: number; hit: ReadonlySet<'import' | 'export'> }>();

  constructor(options: PipeProtocolsOptions) {
    this.#options = options;
  }

  /** Whether the pipe is up, or will be by itself. */
  isRunning(name: string): boolean {
    return this.#running.has(name) || this.#waiting.has(name);
  }

  start(config: PipeProtocolConfig): void {
    const { reflector, clock } = this.#options;
    const { name, channel, peerTable, maxGeneration } = config;
    this.#waiting.get(name)?.cancel();
    this.#waiting.delete(name);
    const hit = new Set<'import' | 'export'>();
    const pipe = reflector.pipes.add(
      {
        table: reflector.table(channel.table),
        policy: this.#exportPolicy(config),
        ...this.#limit(name, 'import', channel.importLimit, hit),
      },
      {
        table: reflector.table(peerTable),
        policy: this.#importPolicy(config),
        ...this.#limit(name, 'export', channel.exportLimit, hit),
      },
      maxGeneration,
    );
    this.#running.set(name, { config, pipe, hit });
    this.#last.set(name, { sinceMs: clock.wallTime(), hit });
  }

  /** Takes what the pipe has brought out of both tables. */
  stop(name: string): void {
    this.#waiting.get(name)?.cancel();
    this.#waiting.delete(name);
    const running = this.#running.get(name);
    if (!running) return;
    this.#options.reflector.pipes.remove(running.pipe);
    this.#running.delete(name);
    this.#last.set(name, { sinceMs: this.#options.clock.wallTime(), hit: running.hit });
  }

  /** The protocol is no longer configured. */
  forget(name: string): void {
    this.stop(name);
    this.#last.delete(name);
  }

  /**
   * Takes other filters and limits; routes are looked at again where they count.
   * @param soft filters count for routes that change from now on
   */
  reconfigure(config: PipeProtocolConfig, soft: boolean): void {
    const running = this.#running.get(config.name);
    if (!running) {
      // One that waits comes back as what it is now.
      if (this.#waiting.has(config.name)) this.start(config);
      return;
    }
    const { pipe, hit, config: before } = running;
    const { name, channel } = config;
    running.config = config;
    hit.clear();
    const { back, out } = pipe;
    back.setLimit(this.#limit(name, 'import', channel.importLimit, hit));
    out.setLimit(this.#limit(name, 'export', channel.exportLimit, hit));
    const sameWithin = JSON.stringify(before.importWithin) === JSON.stringify(config.importWithin);
    this.#repolicy(back, this.#importPolicy(config), soft, sameWithin);
    this.#repolicy(out, this.#exportPolicy(config), soft, true);
    this.#verify(name, 'import', back, channel.importLimit, hit);
    this.#verify(name, 'export', out, channel.exportLimit, hit);
  }

  /** BIRD's `reload`. Returns whether the pipe is up. */
  reload(name: string, direction: 'in' | 'out' | 'both'): boolean {
    const running = this.#running.get(name);
    if (!running) return false;
    const { pipe, hit } = running;
    if (direction !== 'out') {
      hit.delete('import');
      pipe.back.refeed();
    }
    if (direction !== 'in') {
      hit.delete('export');
      pipe.out.refeed();
    }
    return true;
  }

  status(name: string): PipeStatus | undefined {
    const running = this.#running.get(name);
    const last = this.#last.get(name);
    if (!last) return undefined;
    return { up: running !== undefined, ...last, ...(running && { pipe: running.pipe }) };
  }

  /** What leaves a table through a pipe: its own one (`pri`) or its peer table (`sec`). */
  flow(name: string, end: PipeEndName): PipeFlow | undefined {
    const running = this.#running.get(name);
    return end === 'pri' ? running?.pipe.out : running?.pipe.back;
  }

  #exportPolicy({ channel }: PipeProtocolConfig): Policy {
    return this.#options.filters.policy(channel.exportFilter);
  }

  #importPolicy({ channel, importWithin }: PipeProtocolConfig): Policy {
    const policy = this.#options.filters.policy(channel.importFilter);
    return importWithin ? within(policy, importWithin.ip.words, importWithin.length) : policy;
  }

  #repolicy(flow: PipeFlow, policy: Policy, soft: boolean, sameNetworks: boolean): void {
    const { policy: before } = flow;
    if (before === policy || (sameNetworks && innerOf(before) === innerOf(policy))) return;
    flow.setPolicy(policy);
    if (!soft) flow.refeed();
  }

  #limit(
    name: string,
    kind: 'import' | 'export',
    config: LimitConfig | undefined,
    hit: Set<'import' | 'export'>,
  ): { limit?: number; limitHit?: () => boolean } {
    if (!config) return {};
    return { limit: config.limit, limitHit: () => this.#limitHit(name, kind, config, hit) };
  }

  /** Where the flow has more than a limit that is new allows. */
  #verify(
    name: string,
    kind: 'import' | 'export',
    flow: PipeFlow,
    config: LimitConfig | undefined,
    hit: Set<'import' | 'export'>,
  ): void {
    if (config && flow.routes > config.limit) this.#limitHit(name, kind, config, hit);
  }

  /** Returns whether the route is taken all the same. */
  #limitHit(
    name: string,
    kind: 'import' | 'export',
    { limit, action }: LimitConfig,
    hit: Set<'import' | 'export'>,
  ): boolean {
    const { log, clock } = this.#options;
    if (!hit.has(kind)) {
      hit.add(kind);
      log('warning', `Protocol ${name} hits route ${kind} limit (${limit}), action: ${action}`);
      const running = this.#running.get(name);
      if ((action === 'restart' || action === 'disable') && running) {
        clock.soon(() => {
          this.#end(name, running.pipe, action);
        });
      }
    }
    return action === 'warn';
  }

  #end(name: string, pipe: Pipe, action: 'restart' | 'disable'): void {
    const running = this.#running.get(name);
    if (running?.pipe !== pipe) return;
    this.stop(name);
    if (action === 'disable') return;
    const { config } = running;
    const timer = this.#options.clock.setTimer(RESTART_AFTER_MS, () => {
      this.start(config);
    });
    this.#waiting.set(name, timer);
  }
}

interface WithinPolicy extends Policy {
  readonly inner: Policy;
}

function innerOf(policy: Policy): Policy {
  return 'inner' in policy ? (policy as WithinPolicy).inner : policy;
}

/** A policy that rejects networks outside of a prefix and leaves the others to another policy. */
function within(inner: Policy, words: readonly number[], length: number): WithinPolicy {
  const masked = new Uint32Array(words.length);
  return {
    name: inner.name,
    inner,
    readsNetwork: true,
    readsSource: inner.readsSource,
    evaluate(attrs, context) {
      if (context.netLength < length) return NO_ATTRS;
      for (let i = 0; i < masked.length; i++) masked[i] = context.netWords[context.netAt + i]!;
      maskWords(masked, length);
      for (let i = 0; i < masked.length; i++) if (masked[i] !== words[i]! >>> 0) return NO_ATTRS;
      return inner.evaluate(attrs, context);
    },
  };
}

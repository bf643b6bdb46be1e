/**
 * The configuration that comes from templates: takes renderings as they come, has those that differ checked and applied,
 * and knows what is to be said about all that.
 */
import type { LoadResult } from './birdcl-compat/conf/load.ts';
import { formatDiagnostic, oneLine, publicLine } from './birdcl-compat/conf/diagnostics.ts';
import type { ConfigurationOrigins, RenderedView } from './birdcl-compat/cli/daemon-view.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import type { Location } from './birdcl-compat/conf/source.ts';
import type { Clock } from './base/clock.ts';
import type { ProtocolOrigins } from './confd/protocol-origins.ts';
import type { ChangedKeys, Purpose, Rendering } from './confd/renderings.ts';
import { withoutValues } from './confd/fleet/report.ts';
import { meanTheSame } from './confd/significant.ts';
import type { LogLevel } from './daemon.ts';

/** Which texts a configuration is made of, by `dest`. */
interface UsedTexts {
  readonly own: ReadonlySet<string>;
  /** Those that it could be made of when they change; undefined: any of them may come to be. */
  readonly used: ReadonlySet<string> | undefined;
}

/** A configuration from texts. */
export interface LoadedTexts extends UsedTexts {
  readonly result: LoadResult;
}

/** What applies configurations. */
export interface RenderedTarget {
  /** Why renderings that come by themselves are to wait, as `undone`; undefined where they are not. */
  readonly heldBecause: string | undefined;
  /** Applies a configuration; resolves when nothing is under way any more, with whether it was taken. */
  takeOver(loaded: LoadResult): Promise<boolean>;
}

export interface RenderedOptions {
  readonly clock: Clock;
  /** Where templates are, for messages. */
  readonly folder: string;
  readonly load: (texts: ReadonlyMap<string, string>) => LoadedTexts;
  readonly log: (level: LogLevel, text: string) => void;
  /** Has all read and rendered again; it comes to `receive` for the purpose. */
  readonly refresh: (purpose: Exclude<Purpose, 'change'>) => void;
  /** A rendering is good, or was refused: for metrics. */
  readonly rendered?: (good: boolean) => void;
}

type GoodRendering = Rendering & { readonly kind: 'good' };

/** What a rendering gave: a configuration, or why not. */
interface Attempt {
  readonly result: LoadResult;
  /** Of the rendering, where there is one. */
  readonly rendering: Rendering;
  readonly from: UsedTexts;
}

const NO_TEXTS: UsedTexts = { own: new Set(), used: undefined };

interface Waiter {
  readonly take: (attempt: Attempt) => void;
}

export class RenderedConfiguration {
  readonly #options: RenderedOptions;
  #target: RenderedTarget | undefined;
  /** Name of the store; undefined until it is watched. */
  store = '';
  #lost: { readonly reason: string; readonly sinceMs: number } | undefined;
  #connectedBefore = false;
  #revision = 0n;
  #problem: RenderedView['problem'];
  #wrongAt: Location | undefined;
  /** What is in force came from these texts; undefined: it did not come from a rendering. */
  #inForce:
    | {
        readonly texts: ReadonlyMap<string, string>;
        readonly from: UsedTexts;
        /** The latest that means the same. */
        readonly revision: bigint;
        /** The latest whose texts are these, to the letter. */
        readonly textsRevision: bigint;
      }
    | undefined;
  /** Of the texts in force, as soon as they are known. */
  #origins: ProtocolOrigins = new Map();
  #isLastGood = false;
  /** Came while renderings are held. */
  #pending: GoodRendering | undefined;
  /** Before the daemon has started, the first rendering waits for somebody. */
  #first: ((attempt: Attempt, settle: (inForce: boolean) => void) => void) | undefined;
  readonly #waiting: Record<'asked' | 'check', Waiter[]> = { asked: [], check: [] };
  /** Of the rendering that `refresh` has given; called when that was taken or refused. */
  #verdict: ((inForce: boolean) => void) | undefined;
  #changedAtMs: number;

  constructor(options: RenderedOptions) {
    this.#options = options;
    this.#changedAtMs = options.clock.wallTime();
  }

  /** Where the protocols of a revision come from. */
  originsFound(origins: ProtocolOrigins, revision: bigint): void {
    // Other texts have other lines.
    if (this.#inForce?.textsRevision === revision) this.#origins = origins;
  }

  /** Where the line comes from on which a protocol of the configuration in force begins; undefined: not known. */
  originAt({ file, line }: Location): string | undefined {
    return this.#origins.get(file)?.get(line);
  }

  /** The texts that the configuration in force is made of, by `dest`. */
  get ownTexts(): ReadonlySet<string> {
    return this.#inForce?.from.own ?? NO_TEXTS.own;
  }

  /** What is wrong with the last rendering, where it is a place in a text. */
  get wrongAt(): Location | undefined {
    return this.#wrongAt;
  }

  /** From now on renderings are applied; one that came before is now. */
  attach(target: RenderedTarget): void {
    this.#target = target;
    this.released();
  }

  /** The store can be read, or why it cannot. */
  connected(lost: string | undefined): void {
    const { log, clock } = this.#options;
    if (lost === undefined) {
      if (this.#lost) log('info', `Keys can be read again from ${this.store}`);
      this.#lost = undefined;
      this.#connectedBefore = true;
      return;
    }
    if (this.#lost?.reason !== lost) {
      const then = this.#target ? '; the configuration stays in force' : '';
      log('warning', `Keys cannot be read: ${lost}${then}`);
    }
    this.#lost = { reason: lost, sinceMs: this.#lost?.sinceMs ?? clock.wallTime() };
  }

  /** Takes a rendering. Resolves with whether it is in force, when nothing of it is under way any more. */
  async receive(rendering: Rendering, purpose: Purpose): Promise<boolean> {
    if (purpose !== 'check' && (rendering.kind === 'good' || rendering.revision > 0n))
      this.#revision = rendering.revision;
    if (purpose === 'check') {
      this.#waiting.check.shift()?.take(this.#attempt(rendering));
      return false;
    }
    if (purpose === 'asked') {
      const attempt = this.#attempt(rendering);
      this.#judge(attempt);
      const waiter = this.#waiting.asked.shift();
      if (!this.#target) {
        waiter?.take(attempt);
        return await this.#offer(attempt);
      }
      if (!waiter) return false;
      return await new Promise<boolean>((settle) => {
        this.#verdict = settle;
        waiter.take(attempt);
      });
    }
    if (rendering.kind === 'good') {
      this.#changedAtMs = this.#options.clock.wallTime();
      if (this.#isInForce(rendering)) {
        const { revision } = rendering;
        const known = this.#inForce!;
        const textsRevision = isSame(known.texts, rendering.texts) ? revision : known.textsRevision;
        this.#inForce = { ...known, revision, textsRevision };
        this.#pending = undefined;
        this.#isLastGood = false;
        this.#judge({ rendering, result: { errors: [], warnings: [], dialects: [] }, from: NO_TEXTS });
        return true;
      }
    }
    return await this.#apply(rendering);
  }

  /** The first rendering, and what is to be told of it when it is in force or not. Once. */
  first(take: (attempt: Attempt, settle: (inForce: boolean) => void) => void): void {
    this.#first = take;
  }

  /** Reads and renders all again. Whatever comes of it, `concluded` is to be called then. */
  refresh(): Promise<LoadResult> {
    return this.#ask('asked');
  }

  /** The same, to look at it. */
  check(): Promise<LoadResult> {
    return this.#ask('check');
  }

  #ask(purpose: 'asked' | 'check'): Promise<LoadResult> {
    return new Promise((settle) => {
      this.#waiting[purpose].push({
        take: (attempt) => {
          if (purpose === 'asked') this.#candidate = attempt;
          settle(attempt.result);
        },
      });
      this.#options.refresh(purpose);
    });
  }

  #candidate: Attempt | undefined;

  /** What `refresh` gave was taken, or not. */
  concluded(inForce: boolean): void {
    const attempt = this.#candidate;
    this.#candidate = undefined;
    if (inForce && attempt?.rendering.kind === 'good') this.#take(attempt.rendering, attempt.from);
    const settle = this.#verdict;
    this.#verdict = undefined;
    settle?.(inForce);
  }

  /** Texts from elsewhere are in force: those of the last run. */
  adopt(texts: ReadonlyMap<string, string>, from: UsedTexts, revision: bigint): void {
    this.#inForce = { texts, from, revision, textsRevision: revision };
    this.#isLastGood = true;
    this.#revision = revision;
    // A rendering is nothing to start with any more.
    this.#first = undefined;
  }

  /** Something else is in force: a file, or what was before. */
  displaced(): void {
    this.#inForce = undefined;
    this.#origins = new Map();
    this.#isLastGood = false;
  }

  /** Renderings are not held any more: what came meanwhile is applied. */
  released(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (!pending || this.#isInForce(pending)) return;
    void this.#apply(pending);
  }

  view(): RenderedView {
    const held = this.#target?.heldBecause;
    return {
      store: this.store,
      folder: this.#options.folder,
      revision: String(this.#revision),
      connected: this.#connectedBefore && this.#lost === undefined,
      isLastGood: this.#isLastGood,
      changedMs: this.#changedAtMs,
      ...(this.#inForce && { inForce: String(this.#inForce.revision) }),
      ...(this.#lost && { lost: this.#lost }),
      ...(this.#problem && { problem: this.#problem }),
      ...(held !== undefined && { held: { because: held, waits: this.#pending !== undefined } }),
    };
  }

  async #apply(rendering: Rendering): Promise<boolean> {
    const attempt = this.#attempt(rendering);
    this.#judge(attempt);
    if (!this.#target) return await this.#offer(attempt);
    if (rendering.kind === 'bad' || !attempt.result.config) return false;
    if (this.#target.heldBecause !== undefined) {
      this.#options.log('info', `A new rendering waits: ${this.#target.heldBecause}`);
      this.#pending = rendering;
      return false;
    }
    this.#pending = undefined;
    this.#options.log(
      'info',
      `Reconfiguring to revision ${rendering.revision}${describeKeys(rendering.changed)}`,
    );
    // Noted first: what is displaced while it is being applied counts.
    this.#take(rendering, attempt.from);
    try {
      return await this.#target.takeOver(attempt.result);
    } catch (error) {
      // A bug of ours must not keep every rendering after it waiting.
      this.#options.log('bug', error instanceof Error ? (error.stack ?? error.message) : String(error));
      this.displaced();
      return false;
    }
  }

  /** To whoever waits for something to start with. */
  async #offer(attempt: Attempt): Promise<boolean> {
    const first = this.#first;
    if (!first) {
      if (attempt.rendering.kind === 'good' && attempt.result.config) this.#pending = attempt.rendering;
      return false;
    }
    return await new Promise<boolean>((settle) => {
      first(attempt, (inForce) => {
        if (inForce && attempt.rendering.kind === 'good') this.#take(attempt.rendering, attempt.from);
        settle(inForce);
      });
    });
  }

  #take({ texts, revision }: GoodRendering, from: UsedTexts): void {
    this.#inForce = { texts, from, revision, textsRevision: revision };
    this.#origins = new Map();
    this.#isLastGood = false;
    this.#pending = undefined;
  }

  #attempt(rendering: Rendering): Attempt {
    if (rendering.kind === 'bad') {
      return { rendering, result: refusal(this.#options.folder, rendering.reason), from: NO_TEXTS };
    }
    try {
      const { result, own, used } = this.#options.load(rendering.texts);
      return { rendering, result, from: { own, used } };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { rendering, result: refusal(this.#options.folder, reason), from: NO_TEXTS };
    }
  }

  /** Logs and remembers what is wrong, or that nothing is any more. */
  #judge({ rendering, result }: Attempt): void {
    const { log, rendered, clock } = this.#options;
    const [error] = result.errors;
    this.#wrongAt = rendering.kind === 'good' ? error?.location : undefined;
    rendered?.(!error);
    if (!error) {
      if (this.#problem) log('info', `The rendering of revision ${rendering.revision} is good again`);
      this.#problem = undefined;
      for (const warning of result.warnings) log('warning', oneLine(warning));
      return;
    }
    const text = rendering.kind === 'bad' ? rendering.reason : oneLine(error);
    const keys = describeKeys(rendering.changed);
    const then = this.#target ? '; the configuration stays as it is' : '';
    log('error', `The rendering of revision ${rendering.revision}${keys} is refused${then}:`);
    // Several lines are written as such: the line of the text with the place below it.
    for (const line of (rendering.kind === 'bad' ? text : formatDiagnostic(error)).split('\n'))
      log('error', line);
    this.#problem = {
      text,
      publicText: rendering.kind === 'bad' ? withoutValues(text) : publicLine(error),
      revision: String(rendering.revision),
      keys: rendering.changed.names,
      keyCount: rendering.changed.count,
      sinceMs: this.#problem?.sinceMs ?? clock.wallTime(),
    };
  }

  /** Whether a rendering means what is in force. */
  #isInForce({ texts }: GoodRendering): boolean {
    const known = this.#inForce;
    if (!known) return false;
    if (
      !known.from.used &&
      (known.texts.size !== texts.size || ![...texts.keys()].every((dest) => known.texts.has(dest)))
    )
      return false;
    for (const dest of known.from.used ?? texts.keys()) {
      const [before, now] = [known.texts.get(dest), texts.get(dest)];
      if (before === now) continue;
      if (before === undefined || now === undefined || !meanTheSame(before, now)) return false;
    }
    return true;
  }
}

/** What the view of a daemon asks whose configuration is rendered. */
export function originsOf(
  rendered: RenderedConfiguration,
  config: () => DaemonConfig | undefined,
): ConfigurationOrigins {
  return {
    explainProtocol: (name) => {
      const place = config()?.placeOf(name);
      return place && rendered.originAt(place);
    },
  };
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([dest, text]) => b.get(dest) === text);
}

/** ` (/a, /b and 3 more keys changed)` */
export function describeKeys({ names, count }: ChangedKeys): string {
  if (count === 0) return '';
  const more = count - names.length;
  return ` (${names.join(', ')}${more > 0 ? ` and ${more} more keys` : ''} changed)`;
}

/** What is said of a rendering that gave no text. */
export function refusal(folder: string, message: string): LoadResult {
  const location = { file: folder, line: 0, column: 0 };
  return { errors: [{ severity: 'error', message, location, width: 1 }], warnings: [], dialects: [] };
}

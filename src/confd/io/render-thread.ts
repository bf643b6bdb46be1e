/** The side of the daemon of the thread that renders. */
import { Worker } from 'node:worker_threads';
import type { FleetReport } from '../fleet/report.ts';
import type { ProtocolOrigins } from '../protocol-origins.ts';
import type { Purpose, Rendering } from '../renderings.ts';
import type { Level } from './processor.ts';
import type { FromRenderer, RenderSettings, ToRenderer, Verdict } from './render-messages.ts';

/** Who is told of what the thread does. */
export interface RenderThreadHandlers {
  /** Takes a rendering. Resolves with what became of it; must not reject. */
  readonly deliver: (rendering: Rendering, purpose: Purpose) => Promise<Verdict>;
  readonly connected: (lost: string | undefined) => void;
  /** Where the protocols of the rendering of a revision come from, which is in force. */
  readonly origins: (origins: ProtocolOrigins, revision: bigint) => void;
  readonly log: (level: Level, text: string) => void;
}

/** New objects of a rendering live shortly; the small new space that suits the daemon would have them copied. */
const YOUNG_MB = 64;
/** What keys and texts of a store that is filled to its bounds need; beyond it the thread ends, not the daemon. */
const OLD_MB = 2048;
const RESTART_MS = 5000;
/** How long the daemon waits for files to be written and its registration to go. */
const LEAVE_MS = 1500;

type Told = Exclude<FromRenderer, { kind: 'started' | 'failed' }>;

export class RenderThread {
  readonly #settings: RenderSettings;
  readonly #oldMb: number;
  readonly #restartMs: number;
  #handlers: RenderThreadHandlers | undefined;
  #worker: Worker | undefined;
  #texts: ReadonlyMap<string, string> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** What is awaited of the thread. */
  #asked: Exclude<Purpose, 'change'>[] = [];
  /** For a thread that is started again. */
  #report: FleetReport | undefined;
  #left: (() => void) | undefined;
  /** The name of the store, of the first thread. */
  readonly #first: Promise<string>;
  /** What came before anybody was to be told. */
  readonly #early: Told[] = [];

  /** The thread begins at once, so that it loads, reads and renders beside whoever is to follow it. */
  constructor(settings: RenderSettings, { oldMb = OLD_MB, restartMs = RESTART_MS } = {}) {
    this.#settings = settings;
    this.#oldMb = oldMb;
    this.#restartMs = restartMs;
    this.#first = this.#run();
    // Whoever follows is told.
    this.#first.catch(() => undefined);
  }

  /**
   * Tells somebody what the thread does, from its beginning. Resolves with the name of the store. Rejects where the
   * resources, or the options of the store, are wrong; the thread has ended then.
   */
  async follow(handlers: RenderThreadHandlers): Promise<string> {
    this.#handlers = handlers;
    for (const message of this.#early.splice(0)) this.#received(message, handlers);
    try {
      return await this.#first;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Has everything read and rendered again; it is delivered for the purpose. */
  refresh(purpose: Exclude<Purpose, 'change'>): void {
    this.#asked.push(purpose);
    if (this.#worker) this.#post({ kind: 'refresh', purpose });
    else this.#refuseAsked('templates are not rendered at the moment, see the log');
  }

  /** Has the fleet told of the daemon, where it registers. */
  report(report: FleetReport): void {
    this.#report = report;
    this.#post({ kind: 'report', report });
  }

  /** Nothing is delivered any more. Resolves when what was taken is kept and nothing registered, or that takes too long. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const worker = this.#worker;
    if (!worker) return;
    await new Promise<void>((settle) => {
      const timer = setTimeout(settle, LEAVE_MS);
      this.#left = () => {
        clearTimeout(timer);
        settle();
      };
      this.#post({ kind: 'leave' });
    });
    this.#worker = undefined;
    void worker.terminate();
  }

  #post(message: ToRenderer): void {
    this.#worker?.postMessage(message);
  }

  #run(): Promise<string> {
    return new Promise((settle, fail) => {
      const worker = new Worker(new URL('./render-worker.ts', import.meta.url), {
        workerData: this.#settings,
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, maxOldGenerationSizeMb: this.#oldMb },
      });
      this.#worker = worker;
      this.#texts = new Map();
      worker.on('message', (message: FromRenderer) => {
        if (this.#worker !== worker) return;
        if (message.kind === 'started') {
          if (this.#report) this.report(this.#report);
          settle(message.store);
        } else if (message.kind === 'failed') fail(new Error(message.reason));
        else if (this.#handlers) this.#received(message, this.#handlers);
        else this.#early.push(message);
      });
      worker.on('error', (thrown: unknown) => {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        fail(error);
        this.#ended(worker, error.message);
      });
      worker.on('exit', (code) => {
        fail(new Error(`exit code ${code}`));
        this.#ended(worker, `exit code ${code}`);
      });
    });
  }

  #received(message: Told, { log, connected, deliver, origins }: RenderThreadHandlers): void {
    if (this.#stopped && message.kind !== 'left') return;
    switch (message.kind) {
      case 'log':
        log(message.level, message.text);
        return;
      case 'left':
        this.#left?.();
        return;
      case 'connected':
        connected(message.lost);
        return;
      case 'origins':
        origins(message.origins, message.revision);
        return;
      case 'rendering': {
        const { purpose, revision, changed, result } = message;
        const at = purpose === 'change' ? -1 : this.#asked.indexOf(purpose);
        if (at >= 0) this.#asked.splice(at, 1);
        let rendering: Rendering;
        if ('reason' in result) rendering = { kind: 'bad', reason: result.reason, revision, changed };
        else {
          const texts = new Map(
            result.dests.map((dest) => [dest, result.texts.get(dest) ?? this.#texts.get(dest)!]),
          );
          this.#texts = texts;
          rendering = { kind: 'good', texts, revision, changed };
        }
        void deliver(rendering, purpose).then(({ inForce, wrongAt, ownTexts }) => {
          const place = wrongAt && { file: wrongAt.file, line: wrongAt.line };
          this.#post({ kind: 'verdict', inForce, wrongAt: place, ownTexts });
        });
        return;
      }
      default:
        message satisfies never;
    }
  }

  /** The thread has ended by itself: a bug, or no memory left. What is in force stays, and it is tried again. */
  #ended(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#left?.();
    // What is not followed yet has failed.
    if (this.#stopped || !this.#handlers) return;
    const { connected, log } = this.#handlers;
    log('error', `the thread that renders templates has ended: ${reason}`);
    connected(`the thread that renders templates has ended: ${reason}`);
    this.#refuseAsked(reason);
    this.#timer = setTimeout(() => {
      this.#run().catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        const failed = this.#worker;
        if (!failed) return;
        this.#ended(failed, why);
        void failed.terminate();
      });
    }, this.#restartMs);
  }

  #refuseAsked(reason: string): void {
    for (const purpose of this.#asked.splice(0)) {
      const changed = { names: [], count: 0 };
      void this.#handlers?.deliver({ kind: 'bad', reason, revision: 0n, changed }, purpose);
    }
  }
}

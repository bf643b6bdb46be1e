/** Tracing beside rendering: a second at thousands of neighbours, in which changes of keys are not to wait. */
import { Worker } from 'node:worker_threads';
import type { ProtocolOrigins, TextPlace } from '../protocol-origins.ts';
import type { KeyRevision } from '../provenance.ts';
import type { LoadedResource } from '../renderings.ts';
import type { Snapshot } from '../store.ts';

/** How long no other configuration may have come into force: while many come, nobody reads where they come from. */
const QUIET_MS = 500;
const LIMITS = { maxYoungGenerationSizeMb: 64, maxOldGenerationSizeMb: 2048 };

export interface TraceOrder {
  readonly loaded: readonly LoadedResource[];
  readonly snapshot: Snapshot;
  /** Of keys that the store does not have as they are. */
  readonly sources: ReadonlyMap<string, readonly KeyRevision[]>;
  /** It was refused: where its text is wrong is wanted, or why there is no text. */
  readonly refused?: { readonly place: TextPlace | undefined };
}

/** Of the protocols, or, in words, of what was refused: empty where that is not known. */
export type TraceAnswer = ProtocolOrigins | string;

export class Tracing {
  readonly #found: (answer: TraceAnswer, revision: bigint) => void;
  readonly #failed: (reason: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #worker: Worker | undefined;

  constructor(found: (answer: TraceAnswer, revision: bigint) => void, failed: (reason: string) => void) {
    this.#found = found;
    this.#failed = failed;
  }

  /** Gives up what is under way: something else comes, which has no processor to spare. */
  cancel(): void {
    clearTimeout(this.#timer);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  /** Traces what an order gives, unless another one comes soon. */
  later(order: () => TraceOrder): void {
    this.cancel();
    this.#timer = setTimeout(() => {
      this.#run(order());
    }, QUIET_MS);
  }

  #run(order: TraceOrder): void {
    const worker = new Worker(new URL('./trace-worker.ts', import.meta.url), {
      workerData: order,
      resourceLimits: LIMITS,
    });
    this.#worker = worker;
    worker.on('message', (answer: TraceAnswer) => {
      if (this.#worker === worker) this.#found(answer, order.snapshot.revision);
    });
    worker.on('error', (error: unknown) => {
      if (this.#worker === worker) this.#failed(error instanceof Error ? error.message : String(error));
    });
  }
}

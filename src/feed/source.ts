/** Where the routes to play come from. */
import type { Batch, BatchLimits } from './batch.ts';
import type { Target } from './target.ts';

export interface RouteSource {
  /** How far `batches` is, in routes or bytes, and how far there is to go; undefined where it cannot be known, as with a pipe. */
  readonly total: number | undefined;
  readonly position: number;
  /** What was left out since `batches` was called, by reason. */
  readonly leftOut: readonly (readonly [reason: string, count: number])[];
  /**
   * All routes as messages for `target`, from the start at each call.
   * The generator throws a `FeedError` where the source turns out to be unusable.
   */
  batches(target: Target, limits: BatchLimits): AsyncGenerator<Batch>;
}

/** What went wrong, in words for the user; everything else that is thrown is a bug of ours. */
export class FeedError extends Error {}

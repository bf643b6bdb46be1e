/** Where the routes to play come from. */
import type { Batch, BatchLimits } from './batch.ts';
import type { Target } from './target.ts';

export interface RouteSource {
  /** What `total` and `position` count. */
  readonly unit: 'routes' | 'bytes';
  /** Undefined where it cannot be known, as with a pipe. */
  readonly total: number | undefined;
  readonly position: number;
  /**
   * All routes as messages for `target`, from the start at each call.
   * The generator throws a `FeedError` where the source turns out to be unusable.
   */
  batches(target: Target, limits: BatchLimits): AsyncGenerator<Batch>;
}

/** What went wrong, in words for the user; everything else that is thrown is a bug of ours. */
export class FeedError extends Error {}

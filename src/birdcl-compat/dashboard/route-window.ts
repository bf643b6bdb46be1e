/** The part of an endless list of routes that is held: what was asked for last, bounded in routes and in bytes. */
import type { Route } from './parse-routes.ts';

/** Routes that are held at most, and characters of theirs. */
const MOST_ROUTES = 2000;
const MOST_CHARACTERS = 8_000_000;
/** Routes that are fetched beyond the one that is looked at. */
const AHEAD = 500;

function sizeOf(route: Route): number {
  return route.details.reduce((sum, text) => sum + text.length, 200);
}

export class RouteWindow {
  readonly routes: Route[] = [];
  /** Routes in front of the first one held that are not held any more. */
  dropped = 0;
  /** No more will come. */
  complete = false;
  /** What the daemon said instead of routes, or behind them. */
  remark = '';
  #characters = 0;

  /** How many routes have come. */
  get seen(): number {
    return this.dropped + this.routes.length;
  }

  /**
   * Takes one more route.
   * @returns how many in front were let go for it
   */
  add(route: Route): number {
    this.routes.push(route);
    this.#characters += sizeOf(route);
    let gone = 0;
    while (
      this.routes.length > MOST_ROUTES ||
      (this.#characters > MOST_CHARACTERS && this.routes.length > 1)
    ) {
      this.#characters -= sizeOf(this.routes.shift()!);
      gone++;
    }
    this.dropped += gone;
    return gone;
  }

  /** Whether more is to be read, for somebody who looks at a row of what is held. */
  wantsMore(selected: number): boolean {
    const ahead = this.routes.length - selected;
    // Large routes: what is looked at must not be let go for what comes.
    const isFull = this.#characters > MOST_CHARACTERS / 2;
    return !this.complete && ahead < (isFull ? Math.min(AHEAD, this.routes.length / 2) : AHEAD);
  }
}

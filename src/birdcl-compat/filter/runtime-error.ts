/** How a filter ends without a verdict of its own. */

/** A filter failed on a route: it is rejected, and the message logged with the place in the text. */
export class FilterError extends Error {
  /** Token of the expression. */
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** Thrown where a function that is called inside an expression accepts or rejects the route. */
export const VERDICT_REACHED = new Error('verdict reached');

export const VERDICT = { none: 0, accept: 1, reject: 2 } as const;

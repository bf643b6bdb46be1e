/** Where releases of BIRD contradict each other in what the same filter does. The newest counts, unless another is asked for. */

export interface Behaviour {
  /** The last release of BIRD that behaves so. */
  readonly bird: string;
  /** Overlapping ranges and equal elements of a set literal stay apart in `format` and `=`. */
  readonly setsAsWritten: boolean;
  /**
   * `aspa_check` of a path from a provider: draft 16 as BIRD 2.17 read it, without the hop from the neighbour and
   * with AS_SETs.
   */
  readonly aspaDraft16: boolean;
}

/** From the newest to the oldest. */
export const BEHAVIOURS: readonly [Behaviour, ...Behaviour[]] = [
  { bird: '2.19', setsAsWritten: false, aspaDraft16: false },
  { bird: '2.17', setsAsWritten: true, aspaDraft16: true },
];

export const NEWEST: Behaviour = BEHAVIOURS[0];

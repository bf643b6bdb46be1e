/** Seeded random numbers, so that a simulation or a generated table can be repeated from its seed. */
export interface Random {
  /** A float in [0, 1). */
  float(): number;
  /** An integer in [0, bound). `bound` is at least 1. */
  below(bound: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One element of a list that is not empty. */
  pick<T>(items: readonly T[]): T;
}

/**
 * A sfc32 generator (Chris Doty-Humphrey's PractRand family), seeded from one 32-bit integer.
 * @param seed any integer; only its low 32 bits count
 */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed >>> 0;
  let d = 1;
  const next = (): number => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  const float = (): number => next() / 0x1_0000_0000;
  const below = (bound: number): number => Math.floor(float() * bound);
  return {
    float,
    below,
    chance: (probability) => float() < probability,
    pick: (items) => items[below(items.length)]!,
  };
}

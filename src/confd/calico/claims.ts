/** What sources want to have in the translated tree: of several for the same place the first in rank is there. */

/** A key of the store that a translated key comes from. */
export interface Source {
  readonly key: string;
  readonly revision: bigint;
}

export interface Claim {
  /** What is claimed; of claims with the same place one wins. Usually the key itself. */
  readonly place: string;
  /** The least one wins; ties are broken by `owner`. */
  readonly rank: number;
  /** In the order of which claims of the same rank come. */
  readonly owner: string;
  readonly key: string;
  readonly value: string;
  readonly sources: readonly Source[];
}

export class ClaimTable {
  readonly #places = new Map<string, Set<Claim>>();
  /** The winners, by their keys. */
  readonly #winners = new Map<string, Claim>();
  readonly #winnerAt = new Map<string, Claim>();
  readonly #touched = new Set<string>();

  /** Takes back claims and makes others; `settle` has the effect. */
  replace(before: readonly Claim[], after: readonly Claim[]): void {
    for (const claim of before) {
      const claims = this.#places.get(claim.place);
      claims?.delete(claim);
      if (claims?.size === 0) this.#places.delete(claim.place);
      this.#touched.add(claim.place);
    }
    for (const claim of after) {
      let claims = this.#places.get(claim.place);
      if (!claims) this.#places.set(claim.place, (claims = new Set()));
      claims.add(claim);
      this.#touched.add(claim.place);
    }
  }

  get winners(): ReadonlyMap<string, Claim> {
    return this.#winners;
  }

  /** Decides what was touched; returns the keys that may have changed. */
  settle(): ReadonlySet<string> {
    const changed = new Set<string>();
    for (const place of this.#touched) {
      const before = this.#winnerAt.get(place);
      if (before) {
        changed.add(before.key);
        this.#winners.delete(before.key);
      }
      let best: Claim | undefined;
      for (const claim of this.#places.get(place) ?? []) if (!best || isBefore(claim, best)) best = claim;
      if (best) {
        changed.add(best.key);
        this.#winners.set(best.key, best);
        this.#winnerAt.set(place, best);
      } else {
        this.#winnerAt.delete(place);
      }
    }
    this.#touched.clear();
    return changed;
  }
}

function isBefore(a: Claim, b: Claim): boolean {
  return a.rank !== b.rank ? a.rank < b.rank : a.owner < b.owner;
}

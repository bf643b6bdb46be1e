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

/** Several claims for a place. */
class Contest {
  readonly claims: Set<Claim>;
  /** Undefined until it is decided again. */
  winner: Claim | undefined;

  constructor(first: Claim) {
    this.claims = new Set([first]);
    this.winner = first;
  }

  add(claim: Claim): void {
    this.claims.add(claim);
    if (this.winner && isBefore(claim, this.winner)) this.winner = claim;
  }

  delete(claim: Claim): void {
    this.claims.delete(claim);
    if (this.winner === claim) this.winner = undefined;
  }

  decide(): Claim | undefined {
    if (this.winner) return this.winner;
    for (const claim of this.claims) if (!this.winner || isBefore(claim, this.winner)) this.winner = claim;
    return this.winner;
  }
}

/** Places between two pauses. */
const SLICE = 2000;

export class ClaimTable {
  /** Most places have one claim. */
  readonly #places = new Map<string, Claim | Contest>();
  /** Places that were touched, with who won there before. */
  readonly #touched = new Map<string, Claim | undefined>();
  /** What stands at each key. */
  readonly #winners = new Map<string, Claim>();
  /** Keys of the store itself, which come before all that is claimed. */
  readonly #own = new Set<string>();
  /** Winners that are not seen because of those. */
  readonly #hidden = new Map<string, Claim>();
  #changed = new Map<string, Claim | undefined>();

  get winners(): ReadonlyMap<string, Claim> {
    return this.#winners;
  }

  /** Makes claims; `settle` has the effect. */
  add(claims: Iterable<Claim>): void {
    for (const claim of claims) {
      const { place } = claim;
      const there = this.#touch(place);
      if (!there) this.#places.set(place, claim);
      else if (there instanceof Contest) there.add(claim);
      else {
        const contest = new Contest(there);
        contest.add(claim);
        this.#places.set(place, contest);
      }
    }
  }

  /** Takes claims back; `settle` has the effect. */
  remove(claims: Iterable<Claim>): void {
    for (const claim of claims) {
      const { place } = claim;
      const there = this.#touch(place);
      if (there === claim) this.#places.delete(place);
      else if (there instanceof Contest) {
        there.delete(claim);
        if (there.claims.size === 0) this.#places.delete(place);
      }
    }
  }

  /** Sets or removes what the store itself has at a key. */
  setOwn(key: string, claim: Claim | undefined): void {
    this.#note(key);
    const isOwn = this.#own.has(key);
    if (claim) {
      const seen = this.#winners.get(key);
      if (seen && !isOwn) this.#hidden.set(key, seen);
      this.#own.add(key);
      this.#winners.set(key, claim);
    } else if (isOwn) {
      const hidden = this.#hidden.get(key);
      this.#own.delete(key);
      this.#hidden.delete(key);
      if (hidden) this.#winners.set(key, hidden);
      else this.#winners.delete(key);
    }
  }

  /** Decides what was touched; returns the keys that may have changed, with what was there before. */
  *settle(): Generator<void, ReadonlyMap<string, Claim | undefined>> {
    let done = 0;
    for (const [place, before] of this.#touched) {
      const there = this.#places.get(place);
      const best = there instanceof Contest ? there.decide() : there;
      if (before !== best) {
        if (before) {
          this.#note(before.key);
          this.#seen(before.key).delete(before.key);
        }
        if (best) {
          this.#note(best.key);
          this.#seen(best.key).set(best.key, best);
        }
      }
      if (++done % SLICE === 0) yield;
    }
    this.#touched.clear();
    const changed = this.#changed;
    this.#changed = new Map();
    return changed;
  }

  /** What is at a place, of which is kept who has won. */
  #touch(place: string): Claim | Contest | undefined {
    const there = this.#places.get(place);
    if (!this.#touched.has(place)) this.#touched.set(place, there instanceof Contest ? there.winner : there);
    return there;
  }

  /** Where a winner of a key is kept. */
  #seen(key: string): Map<string, Claim> {
    return this.#own.has(key) ? this.#hidden : this.#winners;
  }

  #note(key: string): void {
    if (!this.#changed.has(key)) this.#changed.set(key, this.#winners.get(key));
  }
}

function isBefore(a: Claim, b: Claim): boolean {
  return a.rank !== b.rank ? a.rank < b.rank : a.owner < b.owner;
}

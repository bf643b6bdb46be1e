/**
 * Sets of names as numbers: 0 is the empty one. A set is a name or the union of two others, so that making one takes the
 * same time however many names are in it; names are gathered when somebody asks.
 */
export class Origins {
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** By number: both parts of a union; of a name, -1 and its index. */
  readonly #left: number[] = [-1];
  readonly #right: number[] = [-1];
  readonly #unions = new Map<number, Map<number, number>>();

  /** The set of one name. */
  of(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#left.push(-1) - 1;
      this.#right.push(this.#names.push(name) - 1);
      this.#numbers.set(name, number);
    }
    return number;
  }

  union(a: number, b: number): number {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const [low, high] = a < b ? [a, b] : [b, a];
    // What has been added once is often added again.
    if (this.#left[high]! > 0 && (this.#left[high] === low || this.#right[high] === low)) return high;
    let known = this.#unions.get(low);
    if (!known) this.#unions.set(low, (known = new Map()));
    let number = known.get(high);
    if (number === undefined) {
      number = this.#left.push(low) - 1;
      this.#right.push(high);
      known.set(high, number);
    }
    return number;
  }

  unionOf(numbers: Iterable<number>): number {
    let all = 0;
    for (const number of numbers) all = this.union(all, number);
    return all;
  }

  /** The names of several sets, each once, those of the first set first. */
  names(...sets: readonly number[]): string[] {
    const seen = new Set<number>([0]);
    const found: string[] = [];
    const waiting = sets.toReversed();
    for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
      if (seen.has(number)) continue;
      seen.add(number);
      const left = this.#left[number]!;
      const right = this.#right[number]!;
      if (left < 0) found.push(this.#names[right]!);
      else waiting.push(right, left);
    }
    return found;
  }
}

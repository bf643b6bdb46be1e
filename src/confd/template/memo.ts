/**
 * What the rounds of loops wrote at the last rendering. Of thousands of nodes mostly one has changed: the rounds of the
 * others see the same variables and read the same keys, so that they write the same again, and need not be run.
 */
import type { KeyTree } from './key-tree.ts';
import { folderKey } from './key-funcs.ts';
import type { Run } from './run.ts';

/** Characters of texts and names of keys that are kept at most; what is beyond is rendered every time. */
const MAX_KEPT = 64 * 1024 * 1024;

/** What a round did. */
interface Round {
  readonly text: string;
  /** Keys that were looked for, and folders, with a slash at their end, that were listed. */
  readonly reads: readonly string[];
  /** Rounds of loops that were begun in it, and characters that were written: for the limits. */
  readonly rounds: number;
  readonly output: number;
}

/** A round that is being run. */
interface Open {
  readonly parts: string[];
  readonly reads: string[];
}

/** The rounds of one loop in the text, at the last rendering and at this one, by what they see. */
interface Site {
  rendering: number;
  before: ReadonlyMap<string, ReadonlyMap<string, Round>>;
  now: Map<string, Map<string, Round>>;
}

const NOTHING: ReadonlyMap<string, ReadonlyMap<string, Round>> = new Map();

export class RoundMemo {
  readonly #sites = new Map<object, Site>();
  readonly #open: Open[] = [];
  #rendering = 0;
  #keys: KeyTree | undefined;
  /** Keys that are other than at the last rendering, and the folders around them. */
  #changed: ReadonlySet<string> = new Set();
  #finished = true;
  #kept = 0;

  /** Everything that is read until `finish` is of these keys. */
  begin(keys: KeyTree): void {
    const changed = this.#keys && this.#finished ? keys.changesSince(this.#keys) : undefined;
    // What was rendered before the last rendering counts no more.
    this.#rendering += changed ? 1 : 2;
    this.#changed = changed ? withFolders(changed) : new Set();
    this.#keys = keys;
    this.#finished = false;
    this.#open.length = 0;
    this.#kept = 0;
    for (const [loop, site] of this.#sites)
      if (site.rendering < this.#rendering - 1) this.#sites.delete(loop);
  }

  /** Nothing failed. */
  finish(): void {
    this.#finished = true;
  }

  /** A key was looked for, or a folder listed. */
  read(what: string): void {
    this.#open.at(-1)?.reads.push(what);
  }

  /** Takes what a round writes; false where none is being run. */
  take(text: string): boolean {
    const open = this.#open.at(-1);
    if (!open) return false;
    open.parts.push(text);
    return true;
  }

  /**
   * Runs a round, or finds what it would write.
   * @param loop stands for the loop in the text
   * @param outside what the rounds see of the variables outside
   * @param inside what this one alone sees
   */
  round(run: Run, loop: object, outside: string, inside: string, body: () => void): string {
    const { before, now } = this.#siteOf(loop);
    let rounds = now.get(outside);
    if (!rounds) now.set(outside, (rounds = new Map()));
    // Several rounds may see the same.
    let round = rounds.get(inside);
    if (!round) {
      const last = before.get(outside)?.get(inside);
      if (last && !this.#isOutdated(last)) {
        round = last;
        this.#keep(rounds, inside, round);
      }
    }
    if (round) {
      run.spend(round.rounds, round.output);
      const reads = this.#open.at(-1)?.reads;
      if (reads) for (const read of round.reads) reads.push(read);
      return round.text;
    }
    const { budget } = run;
    const [roundsBefore, outputBefore] = [budget.rounds, budget.output];
    const open: Open = { parts: [], reads: [] };
    this.#open.push(open);
    body();
    this.#open.pop();
    const text = open.parts.length === 1 ? open.parts[0]! : open.parts.join('');
    this.#keep(rounds, inside, {
      text,
      reads: open.reads,
      rounds: budget.rounds - roundsBefore,
      output: budget.output - outputBefore,
    });
    const reads = this.#open.at(-1)?.reads;
    if (reads) for (const read of open.reads) reads.push(read);
    return text;
  }

  #siteOf(loop: object): Site {
    let site = this.#sites.get(loop);
    if (site?.rendering === this.#rendering) return site;
    const before = site?.rendering === this.#rendering - 1 ? site.now : NOTHING;
    site = { rendering: this.#rendering, before, now: new Map() };
    this.#sites.set(loop, site);
    return site;
  }

  #isOutdated({ reads }: Round): boolean {
    for (const read of reads) if (this.#changed.has(read)) return true;
    return false;
  }

  #keep(rounds: Map<string, Round>, inside: string, round: Round): void {
    let size = round.text.length + inside.length;
    for (const read of round.reads) size += read.length;
    if (this.#kept + size > MAX_KEPT) return;
    this.#kept += size;
    rounds.set(inside, round);
  }
}

/** Keys and all folders that they are in, each with a slash at its end. */
function withFolders(keys: Iterable<string>): Set<string> {
  const all = new Set<string>();
  for (const key of keys) {
    all.add(key);
    // A key may be a folder too.
    let path = folderKey(key);
    while (!all.has(path)) {
      all.add(path);
      path = path.slice(0, path.lastIndexOf('/', path.length - 2) + 1);
      if (path === '') break;
    }
  }
  return all;
}

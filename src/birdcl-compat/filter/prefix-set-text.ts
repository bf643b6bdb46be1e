/**
 * BIRD's text of prefix sets. BIRD keeps them in a trie of four-bit steps and prints its nodes, so the text depends on
 * which nodes that trie has: one for each pattern, at its length rounded down to four (and, where it goes on beyond the
 * step, at that rounded up), and one wherever two of them part. This finds the nodes from the patterns.
 */
import { formatIp } from '../../base/ip.ts';
import type { PrefixRange } from './prefix-set.ts';
import { maskIp } from './values.ts';

const STEP = 4;

/** A part of a pattern: lengths `low` to `high` below or on the way to a node. */
interface Entry {
  readonly words: readonly number[];
  /** Length of the node's prefix. */
  readonly length: number;
  readonly low: number;
  readonly high: number;
  /** Positions inside the node, see `position`. */
  readonly local: number;
}

interface TrieNode {
  readonly words: readonly number[];
  readonly length: number;
  /** Entries of the node itself, then all those below. */
  readonly own: readonly Entry[];
  readonly below: readonly Entry[];
  readonly children: readonly TrieNode[];
}

function bits(words: readonly number[], from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) value = (value << 1) | ((words[i >> 5]! >>> (31 - (i & 31))) & 1);
  return value;
}

function commonLength(a: readonly number[], b: readonly number[], most: number): number {
  for (let i = 0; i < most; i++) if (bits(a, i, 1) !== bits(b, i, 1)) return i;
  return most;
}

function mask(words: readonly number[], length: number): readonly number[] {
  return maskIp({ version: words.length === 1 ? 4 : 6, words }, length).words;
}

/** Inside a node, subprefixes are numbered as in a binary heap: 1 is the node's own prefix. */
function position(words: readonly number[], length: number, nodeLength: number): number {
  const depth = length - nodeLength;
  return (1 << depth) + bits(words, nodeLength, depth);
}

/** All positions `depth` levels below a position, as bits. */
function level(at: number, depth: number): number {
  return ((2 ** (1 << depth) - 1) * 2 ** (at << depth)) >>> 0;
}

/** The parts of one pattern. */
function entries({ prefix, low, high }: PrefixRange): Entry[] {
  const { words } = prefix.ip;
  const length = Math.min(prefix.length, high);
  const down = length - (length % STEP);
  if (length === down) return [{ words: mask(words, length), length, low, high, local: 0 }];
  const up = down + STEP;
  const list: Entry[] = [];
  if (low < up) {
    let local = 0;
    for (let i = 0; i < STEP; i++) {
      const wanted = down + i;
      if (wanted < low || wanted > high) continue;
      local |= level(position(words, Math.min(wanted, length), down), Math.max(0, wanted - length));
    }
    list.push({ words: mask(words, down), length: down, low, high: down, local });
  }
  if (up <= high) {
    const open = up - length;
    for (let i = 0; i < 1 << open; i++) {
      const filled = [...mask(words, length)];
      const at = (up - 1) >> 5;
      filled[at] = (filled[at]! | (i << (31 - ((up - 1) & 31)))) >>> 0;
      list.push({ words: filled, length: up, low: Math.max(low, up), high, local: 0 });
    }
  }
  return list;
}

/** The node at a prefix, with what is at it and below it. Entries are sorted and all within the prefix. */
function build(words: readonly number[], length: number, list: readonly Entry[]): TrieNode {
  const own = list.filter((entry) => entry.length === length);
  const below = list.filter((entry) => entry.length > length);
  const groups = new Map<number, Entry[]>();
  for (const entry of below) {
    const branch = bits(entry.words, length, STEP);
    groups.set(branch, [...(groups.get(branch) ?? []), entry]);
  }
  const children = [...groups]
    .sort(([a], [b]) => a - b)
    .map(([, group]) => {
      const first = group[0]!;
      let common = Math.min(...group.map((entry) => entry.length));
      for (const entry of group) common = commonLength(first.words, entry.words, common);
      common -= common % STEP;
      return build(mask(first.words, common), common, group);
    });
  return { words, length, own, below, children };
}

function formatAt(words: readonly number[]): string {
  return formatIp({ version: words.length === 1 ? 4 : 6, words });
}

function setBit(words: number[], length: number): void {
  words[(length - 1) >> 5]! |= 1 << (31 - ((length - 1) & 31));
  words[(length - 1) >> 5]! >>>= 0;
}

function describe(node: TrieNode, out: string[]): void {
  const { words, length, own, below } = node;
  const accepted: number[] = words.map(() => 0);
  const width = words.length * 32;
  let local = 0;
  for (const { low, high, local: positions } of own) {
    for (let i = Math.max(low, 1); i <= high; i++) setBit(accepted, i);
    local |= positions;
    for (let i = 0; i < STEP; i++) if (low <= length + i && length + i <= high) local |= level(1, i);
  }
  for (const entry of below) {
    for (let i = Math.max(entry.low, 1); i <= Math.min(entry.high, length); i++) setBit(accepted, i);
    for (let i = Math.max(length, 1, entry.low); i < length + STEP && i <= entry.high; i++) {
      local |= 1 << position(entry.words, i, length);
    }
  }
  if (accepted.some((word) => word !== 0)) out.push(`${formatAt(words)}/${length}{${formatAt(accepted)}}`);
  describeLocal(words, length, local >>> 0, accepted, width, out);
  for (const child of node.children) describe(child, out);
}

/** Subprefixes inside a node that its accepted lengths do not cover, whole levels below one another joined. */
function describeLocal(
  words: readonly number[],
  length: number,
  positions: number,
  accepted: readonly number[],
  width: number,
  out: string[],
): void {
  let local = positions;
  for (let i = length === 0 ? 1 : 0; i < STEP && length + i <= width; i++) {
    if (bits(accepted, length + i - 1, 1) === 1) local &= ~level(1, i);
  }
  for (let at = 2; local !== 0 && at < 1 << STEP; at++) {
    if ((local & (1 << at)) === 0) continue;
    const depth = 31 - Math.clz32(at);
    const prefixLength = length + depth;
    const prefix = [...words];
    const lengths: number[] = words.map(() => 0);
    for (let i = 0; i < depth; i++) if ((at >> (depth - 1 - i)) & 1) setBit(prefix, length + i + 1);
    for (let i = 0; depth + i < STEP; i++) {
      const wanted = level(at, i);
      if ((local & wanted) >>> 0 !== wanted) break;
      local &= ~wanted;
      setBit(lengths, prefixLength + i);
    }
    out.push(`${formatAt(prefix)}/${prefixLength}{${formatAt(lengths)}}`);
  }
}

/** The text of a set, `[10.0.0.0/8{1.0.0.0}, …]`: after each prefix a mask of the lengths that match. */
export function formatTrie(patterns: readonly PrefixRange[]): string {
  const first = patterns[0];
  if (!first) return '[]';
  const { words } = first.prefix.ip;
  const out: string[] = [];
  if (patterns.some(({ low }) => low === 0)) out.push(`${formatAt(words.map(() => 0))}/0`);
  const root = words.map(() => 0);
  describe(build(root, 0, patterns.flatMap(entries)), out);
  return `[${out.join(', ')}]`;
}

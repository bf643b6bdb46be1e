import { expect, test } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import { AsPath, PathMask, type MaskItem } from './as-path.ts';
import { ValueSet } from './sets.ts';

test.each<[string, number[], number, number]>([
  ['a sequence of a confederation alone', [3, 1, 0, 0, 0, 9], 9, 9],
  ['one before a plain sequence', [3, 1, 0, 0, 0, 9, 2, 1, 0, 0, 0, 8], 8, 8],
  ['a set of a confederation behind', [2, 1, 0, 0, 0, 8, 4, 1, 0, 0, 0, 9], 0, 8],
])('the last AS of %s', (_name, bytes, last, lastNonAggregated) => {
  const found = new AsPath(Uint8Array.from(bytes));
  expect([found.last, found.lastNonAggregated]).toEqual([last, lastNonAggregated]);
});

/** A path of sequences with so many AS numbers each. */
function path(asNumbers: readonly number[], ...lengths: number[]): AsPath {
  const bytes: number[] = [];
  let at = 0;
  for (const length of lengths) {
    const part = asNumbers.slice(at, (at += length));
    if (length > 0)
      bytes.push(
        2,
        length,
        ...part.flatMap((as) => [as >>> 24, (as >>> 16) & 255, (as >>> 8) & 255, as & 255]),
      );
  }
  return new AsPath(Uint8Array.from(bytes));
}

function item(kind: number, value: number): MaskItem {
  if (kind === 0) return { kind: 'any' };
  if (kind === 1) return { kind: 'one' };
  if (kind === 2) return { kind: 'set', set: new ValueSet('int', [{ from: 1, to: value }]) };
  return { kind: 'range', from: value, to: value };
}

test('a path of one sequence matches and tells what the same one in two segments does', () => {
  const random = seededRandom(5);
  const verdicts = new Set<boolean>();
  for (let round = 0; round < 20_000; round++) {
    const asNumbers = Array.from({ length: 2 + random.below(5) }, () => 1 + random.below(3));
    const cut = 1 + random.below(asNumbers.length - 1);
    const whole = path(asNumbers, asNumbers.length);
    const split = path(asNumbers, cut, asNumbers.length - cut);
    expect([whole.plainLength, split.plainLength]).toEqual([asNumbers.length, -1]);
    const items = Array.from({ length: random.below(6) }, () => ({
      item: item(random.below(4), 1 + random.below(3)),
      repeat: false,
    }));
    const mask = new PathMask(items);
    verdicts.add(mask.match(whole));
    const as = random.below(5);
    const set = new ValueSet('int', [{ from: as, to: as }]);
    const seen = (of: AsPath): unknown[] => [
      mask.match(of),
      ...[of.length, of.first, of.last, of.lastNonAggregated, of.contains(as), of.matchesSet(set)],
    ];
    expect(seen(whole)).toEqual(seen(split));
  }
  expect(verdicts.size).toBe(2);
});

import { expect, test } from 'vitest';
import { diffLines } from './line-diff.ts';
import { seededRandom } from './random.ts';

const shown = (a: string, b: string): string =>
  diffLines([...a], [...b])
    .map(({ kind, a: i, b: j }) => (kind === 'same' ? a[i]! : kind === 'removed' ? `-${a[i]!}` : `+${b[j]!}`))
    .join(' ');

test.each([
  ['abc', 'abc', 'a b c'],
  ['abc', 'axc', 'a -b +x c'],
  ['', 'ab', '+a +b'],
  ['ab', '', '-a -b'],
  ['abcabba', 'cbabac', '-a -b c +b a b -b a +c'],
])('%s to %s', (a, b, expected) => {
  expect(shown(a, b)).toBe(expected);
});

test('of made-up lists it is a way from one to the other, and a shortest one', () => {
  const random = seededRandom(7);
  for (let round = 0; round < 500; round++) {
    const list = (): string[] => Array.from({ length: random.below(12) }, () => random.pick(['a', 'b', 'c']));
    const a = list();
    const b = list();
    const changes = diffLines(a, b);
    const of = (kinds: string): typeof changes => changes.filter(({ kind }) => kinds.includes(kind));
    expect(of('same removed').map((change) => a[change.a])).toEqual(a);
    expect(of('same added').map((change) => b[change.b])).toEqual(b);
    expect(of('same').every((change) => a[change.a] === b[change.b])).toBe(true);
    const common = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        common[i]![j] =
          a[i] === b[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    expect(of('same')).toHaveLength(common[0]![0]!);
  }
});

import { describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { meanTheSame } from './significant.ts';

describe('meanTheSame', () => {
  test.each([
    ['', '', true],
    ['a;\n', 'a;', true],
    ['a;\nb;\n', '# c\na;\n\n  b;\n', true],
    ['a;\n# 12:00\nb;\n', 'a;\n# 12:01\nb;\n', true],
    ['a;\n# x\n', 'a;\n# x\n# y', true],
    ['a;\nb;\n', 'a;\nc;\n', false],
    ['a;\nb;\n', 'a;\n', false],
    ['a; # x\n', 'a; # y\n', false],
    ['/* a;\n# */ b;\n', '/* a;\n# c */ b;\n', false],
    ['ab\n', 'aab\n', false],
    ['# a\nb\n', '# a\n# b\n', false],
  ])('%j and %j: %j', (a, b, same) => {
    expect(meanTheSame(a, b)).toBe(same);
    expect(meanTheSame(b, a)).toBe(same);
  });

  test('made-up texts, compared line by line', () => {
    const random = seededRandom(7);
    const lines = ['a;', 'b;', '  a;', '# a;', '', '  ', '# b'];
    const made = (): string[] =>
      Array.from({ length: random.below(6) }, () => lines[random.below(lines.length)]!);
    const plain = (text: readonly string[]): string[] =>
      text.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    let same = 0;
    for (let i = 0; i < 5000; i++) {
      const [a, b] = [made(), made()];
      const expected = plain(a).join('\n') === plain(b).join('\n');
      if (expected) same++;
      expect(meanTheSame(a.join('\n'), b.join('\n')), JSON.stringify([a, b])).toBe(expected);
    }
    expect(same).toBeGreaterThan(300);
  });
});

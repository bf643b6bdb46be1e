import { expect, test } from 'vitest';
import { parseSelector } from './selector.ts';

const LABELS = new Map([
  ['a', 'x'],
  ['b.c/d-e', 'long text'],
  ['has', ''],
]);

test.each([
  ['', true],
  ['all()', true],
  ['global( )', true],
  ['has(a)', true],
  ['!has(z)', true],
  ['!!has(z)', false],
  ["a == 'x'", true],
  ['a=="y"', false],
  ["z == 'x'", false],
  ["z != 'x'", true],
  ["a != 'x'", false],
  ["a in {'y', 'x'}", true],
  ['a in {}', false],
  ["a not in {'x'}", false],
  ["z notin {'x'}", true],
  ["b.c/d-e contains 'g t'", true],
  ["b.c/d-e starts with 'long'", true],
  ["b.c/d-e endswith 'text'", true],
  ["a == 'y' || a == 'x' && has(b.c/d-e)", true],
  ["(a == 'y' || a == 'x') && has(z)", false],
  ["has == ''", true],
])('%s', (text, expected) => {
  expect(parseSelector(text)(LABELS)).toBe(expected);
});

test.each([
  'a',
  'a =',
  "a = 'x'",
  'a == x',
  "a in 'x'",
  "a in {'x'",
  '(all()',
  'all() all()',
  "a == 'x",
  '&& a',
  '!'.repeat(3),
  '('.repeat(1000),
])('%s is refused', (text) => {
  expect(() => parseSelector(text)).toThrow(/^selector: /);
});

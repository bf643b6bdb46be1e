import { describe, expect, it } from 'vitest';
import { FilterComparer, fingerprint } from './same.ts';
import { programOf } from './test-support.ts';

function same(a: string, b: string): boolean {
  const [x, y] = [programOf(a), programOf(b)];
  const result = new FilterComparer().same(x, y);
  expect(new FilterComparer().same(y, x)).toBe(result);
  if (result) expect(fingerprint(x)).toBe(fingerprint(y));
  return result;
}

const G = 'function g(int a) { if a > 1 then return g(a - 1); return a; }\n';

describe('filters that mean the same', () => {
  it.each([
    ['the same text elsewhere', 'filter f { accept; }', '\n\n  filter f {\n accept; }'],
    [
      'comments and spaces',
      'filter f { if net.len > 3 then accept; reject; }',
      'filter f { /* x */ if net.len>3 then accept; reject; }',
    ],
    [
      'another name of a constant',
      'define A = 3;\nfilter f { if net.len > A then accept; reject; }',
      'define B = 3;\nfilter f { if net.len > B then accept; reject; }',
    ],
    [
      'a constant and its value',
      'define A = [1, 2];\nfilter f { if bgp_med ~ A then accept; reject; }',
      'filter f { if bgp_med ~ [2, 1..2] then accept; reject; }',
    ],
    [
      'a number and its name',
      'define A = 3;\nfilter f { if net.len > A then accept; reject; }',
      'filter f { if net.len > 3 then accept; reject; }',
    ],
    [
      'a string and its name',
      'define A = "x";\nfilter f { if proto = A then accept; reject; }',
      'filter f { if proto = "x" then accept; reject; }',
    ],
    [
      'a prefix set and its name, in another order',
      'define A = [10.0.0.0/8+, 11.0.0.0/8{9,24}];\nfilter f { if net ~ A then accept; reject; }',
      'filter f { if net ~ [11.0.0.0/8{9,24}, 10.0.0.0/8+] then accept; reject; }',
    ],
    [
      'a set of communities in another order',
      'filter f { if bgp_community ~ [(1,2), (3,*)] then accept; reject; }',
      'filter f { if bgp_community ~ [(3,*), (1,2)] then accept; reject; }',
    ],
    [
      'definitions in another order',
      'define A = 1;\ndefine B = 2;\nfunction h() { return A; }\nfunction g() { return B; }\nfilter f { bgp_med = g() + h(); accept; }',
      'function g() { return B; }\nfunction h() { return A; }\nfilter f { bgp_med = g() + h(); accept; }'.replace(
        'function g',
        'define B = 2;\ndefine A = 1;\nfunction g',
      ),
    ],
    [
      'parentheses that change nothing',
      'filter f { if (net.len > 3) && (bgp_med < 9) then accept; reject; }',
      'filter f { if net.len > 3 && bgp_med < 9 then accept; reject; }',
    ],
    [
      'another name of a parameter',
      'function g(int a) { return a > 3; }\nfilter f { if g(4) then accept; reject; }',
      'function g(int b) { return b > 3; }\nfilter f { if g(4) then accept; reject; }',
    ],
    [
      'another name of a variable',
      'filter f { int a = 1; bgp_med = a; accept; }',
      'filter f { int b = 1; bgp_med = b; accept; }',
    ],
    [
      'the order of a prefix set',
      'filter f { if net ~ [10.0.0.0/8, 11.0.0.0/8+] then accept; reject; }',
      'filter f { if net ~ [11.0.0.0/8+, 10.0.0.0/8] then accept; reject; }',
    ],
    [
      'functions that recurse',
      `${G}filter f { bgp_med = g(3); accept; }`,
      `${G.replaceAll('g(', 'h(')}filter f { bgp_med = h(3); accept; }`,
    ],
    [
      'cases',
      'filter f { case bgp_med { 1, 2: accept; else: reject; } }',
      'filter f { case bgp_med { 1..2: accept; else: reject; } }',
    ],
  ])('%s', (_name, a, b) => {
    expect(same(a, b)).toBe(true);
  });
});

describe('filters that do not', () => {
  it.each([
    ['another verdict', 'filter f { accept; }', 'filter f { reject; }'],
    ['one statement more', 'filter f { accept; }', 'filter f { bgp_med = 1; accept; }'],
    [
      'a constant of another value',
      'define A = 3;\nfilter f { if net.len > A then accept; reject; }',
      'define A = 4;\nfilter f { if net.len > A then accept; reject; }',
    ],
    [
      'a constant of another type',
      'define A = 3;\nfilter f { print A; accept; }',
      'define A = 0.0.0.3;\nfilter f { print A; accept; }',
    ],
    [
      'a member of a set',
      'filter f { if net ~ [10.0.0.0/8] then accept; reject; }',
      'filter f { if net ~ [10.0.0.0/8+] then accept; reject; }',
    ],
    [
      'a function that does something else',
      `${G}filter f { bgp_med = g(3); accept; }`,
      `${G.replace('a > 1', 'a > 2')}filter f { bgp_med = g(3); accept; }`,
    ],
    [
      'two variables the other way round',
      'filter f { int a = 1; int b = 2; bgp_med = a; accept; }',
      'filter f { int a = 1; int b = 2; bgp_med = b; accept; }',
    ],
    [
      'a function that a function calls',
      'function h() { return 1; }\nfunction g() { return h(); }\nfilter f { bgp_med = g(); accept; }',
      'function h() { return 2; }\nfunction g() { return h(); }\nfilter f { bgp_med = g(); accept; }',
    ],
    [
      'a constant in a function',
      'define A = 1;\nfunction g() { return A; }\nfilter f { bgp_med = g(); accept; }',
      'define A = 2;\nfunction g() { return A; }\nfilter f { bgp_med = g(); accept; }',
    ],
    [
      'a constant that a constant is made of',
      'define A = 1;\ndefine B = [A, 7];\nfilter f { if bgp_med ~ B then accept; reject; }',
      'define A = 2;\ndefine B = [A, 7];\nfilter f { if bgp_med ~ B then accept; reject; }',
    ],
    [
      'the length that a prefix set takes',
      'filter f { if net ~ [10.0.0.0/8{9,24}] then accept; reject; }',
      'filter f { if net ~ [10.0.0.0/8{9,25}] then accept; reject; }',
    ],
    [
      'two arguments the other way round',
      'function g(int a; int b) { return a - b; }\nfilter f { bgp_med = g(2, 1); accept; }',
      'function g(int b; int a) { return a - b; }\nfilter f { bgp_med = g(2, 1); accept; }',
    ],
    ['another attribute', 'filter f { bgp_med = 1; accept; }', 'filter f { bgp_local_pref = 1; accept; }'],
    [
      'an operator',
      'filter f { if net.len > 3 then accept; reject; }',
      'filter f { if net.len < 3 then accept; reject; }',
    ],
    [
      'statements of a case',
      'filter f { case bgp_med { 1: accept; else: reject; } }',
      'filter f { case bgp_med { 1: reject; else: reject; } }',
    ],
    [
      'a string',
      'filter f { if proto = "a" then accept; reject; }',
      'filter f { if proto = "b" then accept; reject; }',
    ],
  ])('%s', (_name, a, b) => {
    expect(same(a, b)).toBe(false);
  });
});

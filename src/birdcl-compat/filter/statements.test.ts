/** Which definitions are accepted, and what the others are told. */
import { describe, expect, it } from 'vitest';
import { oneLine } from '../conf/diagnostics.ts';
import { load } from '../conf/test-support.ts';
import { ACCEPTED, ACCEPTED_LATER, REFUSED, REFUSED_LATER } from './statements.ts';
import { completed, errorOf } from './test-support.ts';

describe('definitions', () => {
  it.each([...ACCEPTED, ...ACCEPTED_LATER])('%s is accepted', (text) => {
    const error = errorOf(text);
    expect(error && oneLine(error)).toBeUndefined();
  });

  it.each([...REFUSED, ...REFUSED_LATER])('%s is refused', (text) => {
    expect(errorOf(text)?.location.line).toBeGreaterThan(2);
  });
});

describe('notices', () => {
  const rows: readonly (readonly [text: string, notice: string])[] = [
    ['filter f { gw = 10.0.0.1; accept; }', "'gw' has no effect"],
    ['filter f { ospf_metric1 = 5; accept; }', "'ospf_metric1' has no effect"],
    ['filter f { if bgp_community ~ [(1,2,3)] then accept; reject; }', 'this always fails'],
    ['filter f { if bgp_community < bgp_community then accept; reject; }', 'this always fails'],
    ['filter f { case 1 { 1.2.3.4: accept; } reject; }', 'never matches a value of type int'],
    ['define x = [1, 1.2.3.4];', 'never matches in a set of type int'],
    ['ipv4 table r;\nfilter f { if roa_check(r) = ROA_VALID then accept; reject; }', 'this always fails'],
  ];

  it.each(rows)('%s says "%s" with the line', (text, notice) => {
    const { warnings } = load(completed(text));
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining(notice)]);
    expect(warnings[0]!.location.line).toBeGreaterThan(2);
  });

  it('says it once, though a function that calls itself is looked at again', () => {
    const text =
      'function f1(int a) { if a = 0 then { gw = 10.0.0.1; return 0; } return f1(a - 1) + f1(a - 2); }';
    expect(load(completed(text)).warnings).toHaveLength(1);
  });

  it('says nothing of attributes that Catbird carries', () => {
    const text = 'filter f { bgp_med = 5; preference = 4; igp_metric = 3; from = 10.0.0.1; accept; }';
    expect(load(completed(text)).warnings).toEqual([]);
  });
});

/** Texts, numbers and times, and lines of answers of different daemons. */
import { describe, expect, it } from 'vitest';
import { AnswerReader } from './answer.ts';
import { bytesText, durationText, rateText, shortNumber, sparkline } from './numbers.ts';
import { attributeOf, nextHopOf, RouteReader, type Route } from './parse-routes.ts';
import { parseTime } from './parse-status.ts';
import { RouteWindow } from './route-window.ts';
import { answerLines } from './test-support.ts';
import { clean, cut, fit, line, overlay, plainText, span, wrap } from './text.ts';

describe('numbers', () => {
  it.each([
    [0, 5, '0'],
    [12_345, 5, '12345'],
    [123_456, 5, '123k'],
    [1_234_567, 5, '1235k'],
    [1_234_567, 4, '1.2M'],
    [999_999_999, 7, '1000M'],
    [16_000_000_000, 7, '16000M'],
  ])('%d in %d characters is %s', (value, width, text) => {
    expect(shortNumber(value, width)).toBe(text);
    expect(text.length).toBeLessThanOrEqual(width);
  });

  it.each([
    [0, '0B'],
    [999, '999B'],
    [8192, '8.0kB'],
    [262_144, '256kB'],
    [16 * 1024 * 1024, '16MB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it.each([
    [0, '0s'],
    [59_999, '59s'],
    [60_000, '1m00'],
    [3_599_000, '59m59'],
    [2 * 3_600_000 + 780_000, '2h13'],
    [86_400_000, '1d00'],
    [16 * 86_400_000, '2w2'],
  ])('%d ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });

  it('rates: unknown, none, small, large', () => {
    expect([undefined, 0, 0.25, 9.9, 12.4, 123_456].map((rate) => rateText(rate, 5))).toEqual([
      '-',
      '0',
      '0.3',
      '9.9',
      '12',
      '123k',
    ]);
  });

  it('sparklines: the newest on the right, zero lowest, anything more than zero higher', () => {
    expect(sparkline([0, 1, 100, 50], 6, true)).toBe('  ▁▂█▅');
    expect(sparkline([0, 1, 100, 50], 3, false)).toBe(':@+');
    expect(sparkline([0, 0], 2, true)).toBe('▁▁');
    expect(sparkline([], 3, true)).toBe('   ');
  });
});

describe('times', () => {
  const at = (text: string): number => parseTime(text)!;
  const now = at('2026-01-02 03:04:05.678');

  it.each([
    ['2026-01-02 03:04:05.678', 0],
    ['2026-01-02 03:04:04', 1678],
    ['03:04:05.178', 500],
    ['03:04:05', 678],
    // Later than now: of yesterday.
    ['04:04:05.678', 23 * 3_600_000],
    ['2026-01-01', 97_445_678],
  ])('%s was %d ms ago', (text, ago) => {
    expect(Math.round(now - parseTime(text, now)!)).toBe(ago);
  });

  it.each([[''], ['soon'], ['1767323045'], ['Jan 2']])('%j is not understood', (text) => {
    expect(parseTime(text, now)).toBeUndefined();
  });
});

function routesOf(text: string): Route[] {
  const reader = new RouteReader();
  return answerLines(text).flatMap((answer) => reader.take(answer) ?? []);
}

describe('routes', () => {
  it('of BIRD 1.6, in one line', () => {
    const routes =
      routesOf(`1007-10.1.0.0/16        via 10.0.0.1 on eth0 [node1 03:04:05 from 10.0.0.9] * (100/5) [AS65001i]
1008-\tType: BGP unicast univ
1012-\tBGP.origin: IGP
 \tBGP.as_path: 65002 65001
1007-                   blackhole [s4 03:04:05] (200)
1008-\tType: static unicast univ
0000 
`);
    expect(routes.map((route) => [route.network, route.protocol, route.best, nextHopOf(route)])).toEqual([
      ['10.1.0.0/16', 'node1', true, '10.0.0.1'],
      ['10.1.0.0/16', 's4', false, 'blackhole'],
    ]);
    expect(attributeOf(routes[0]!, 'as_path')).toBe('65002 65001');
  });

  it('of BIRD 3, with its names', () => {
    const [route] = routesOf(`1007-Table master4:
 1.0.0.0/24           unreachable [fed 04:05:38.966 from 127.0.0.31] * (100) [AS65001i]
1012-\tpreference: 100
 \tfrom: 127.0.0.31
 \tsource: BGP
 \tbgp_origin: IGP
 \tbgp_path: 65001
 \tbgp_next_hop: 192.0.2.5
0000 
`);
    expect([nextHopOf(route!), attributeOf(route!, 'as_path'), route!.from]).toEqual([
      '192.0.2.5',
      '65001',
      '127.0.0.31',
    ]);
  });

  it('come whole whatever their last line is, and an error is no route', () => {
    expect(routesOf('1007-10.1.0.0/16          blackhole [s4 03:04:05.000] * (200)\n0000 \n')).toHaveLength(
      1,
    );
    expect(routesOf('8001 Network not found\n')).toEqual([]);
    expect(routesOf('1007-Table master4:\n2 of 2 routes for 2 networks\n'.replace('\n2', '\n 2'))).toEqual(
      [],
    );
  });

  it('are held up to a number, and up to a size', () => {
    const [route] = routesOf('1007-10.1.0.0/16          blackhole [s4 03:04:05.000] * (200)\n0000 \n');
    const many = new RouteWindow();
    for (let i = 0; i < 5000; i++) many.add(route!);
    expect([many.routes.length, many.dropped, many.seen]).toEqual([2000, 3000, 5000]);
    const large = new RouteWindow();
    for (let i = 0; i < 1000; i++) large.add({ ...route!, details: ['x'.repeat(200_000)] });
    expect(large.routes.length).toBeLessThan(50);
    expect(large.wantsMore(0)).toBe(false);
    expect(large.wantsMore(large.routes.length - 1)).toBe(true);
  });
});

describe('lines of answers', () => {
  it('have the code of the line before where they repeat it, and may come in pieces', () => {
    const reader = new AnswerReader();
    const lines = ['10', '02-a\n b\n', '+log', ' line\n0000 \n'].flatMap((text) => [...reader.read(text)]);
    expect(lines).toEqual([
      { code: 1002, text: 'a', last: false },
      { code: 1002, text: 'b', last: false },
      { notice: 'log line' },
      { code: 0, text: '', last: true },
    ]);
  });
});

describe('text', () => {
  it('is cleaned of what moves a cursor or takes another number of cells', () => {
    expect(clean('a\tb')).toBe('a    b');
    expect(clean('\x1b[2J\x07\x9b\r\n')).toBe('?[2J????');
    expect(clean('é ▁ 你 😀 \u202e e\u0301')).toBe('é ▁ ? ? ? e?');
  });

  it('is cut with a mark, wrapped at words, and covered by boxes', () => {
    expect([fit('abc', 5), fit('abcdef', 4), fit('abc', 1)]).toEqual(['abc  ', 'abc~', 'a']);
    expect(wrap('one two three-four-five', 7)).toEqual(['one two', 'three-f', 'our-fiv', 'e']);
    expect(cut([span('abc'), span('def', 'bold')], 2, 4)).toEqual([span('c'), span('d', 'bold')]);
    const frame = overlay([line('aaaaa'), line('bbbbb'), line('ccccc')], [line('XX')], 5);
    expect(plainText(frame)).toBe('aaaaa\nbXXbb\nccccc\n');
  });
});

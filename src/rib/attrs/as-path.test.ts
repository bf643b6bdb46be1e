import { describe, expect, test } from 'vitest';
import {
  asPathLength,
  checkAsPath,
  countAs,
  firstAs,
  formatAsPath,
  mergeAs4Path,
  narrowAsPath,
  needsAs4,
  prependAs,
  stripConfed,
  widenAsPath,
} from './as-path.ts';

const SEQUENCE = 2;
const SET = 1;
const CONFED_SEQUENCE = 3;

function path(...segments: (readonly [type: number, ...asns: number[]])[]): Uint8Array {
  return Uint8Array.from(
    segments.flatMap(([type, ...asns]) => [
      type,
      asns.length,
      ...asns.flatMap((asn) => [asn >>> 24, (asn >>> 16) & 255, (asn >>> 8) & 255, asn & 255]),
    ]),
  );
}

describe('measures of a path', () => {
  const rows: [name: string, bytes: Uint8Array, length: number, first: number, text: string][] = [
    ['empty', path(), 0, 0, ''],
    ['a sequence', path([SEQUENCE, 65001, 4200000000]), 2, 65001, '65001 4200000000'],
    ['a set counts as one', path([SEQUENCE, 1], [SET, 2, 3, 4]), 2, 1, '1 {2 3 4}'],
    ['a leading set has no first AS', path([SET, 2, 3]), 1, 0, '{2 3}'],
    ['confederation segments count nothing', path([CONFED_SEQUENCE, 9, 8], [SEQUENCE, 7]), 1, 7, '(9 8) 7'],
  ];
  test.each(rows)('%s', (_name, bytes, length, first, text) => {
    expect(asPathLength(bytes, 0, bytes.length)).toBe(length);
    expect(firstAs(bytes, 0, bytes.length)).toBe(first);
    expect(formatAsPath(bytes, 0, bytes.length)).toBe(text);
  });

  test('an AS is counted in every segment', () => {
    const bytes = path([SEQUENCE, 5, 6], [SET, 5]);
    expect(countAs(bytes, 0, bytes.length, 5)).toBe(2);
    expect(countAs(bytes, 0, bytes.length, 7)).toBe(0);
  });
});

describe('RFC 7606 section 7.2: malformed paths', () => {
  const rows: [name: string, bytes: number[], fault: string | undefined][] = [
    ['sound', [SEQUENCE, 1, 0, 0, 0, 1], undefined],
    ['unknown type', [5, 1, 0, 0, 0, 1], 'unknown segment type'],
    ['overrun', [SEQUENCE, 2, 0, 0, 0, 1], 'truncated segment'],
    ['underrun of one octet', [SEQUENCE, 1, 0, 0, 0, 1, 2], 'truncated segment'],
    ['no AS numbers', [SEQUENCE, 0], 'empty segment'],
    ['confederation outside one', [CONFED_SEQUENCE, 1, 0, 0, 0, 1], 'confederation segment'],
  ];
  test.each(rows)('%s', (_name, bytes, fault) => {
    expect(checkAsPath(Uint8Array.from(bytes), 0, bytes.length, 4, false)).toBe(fault);
  });
});

describe('RFC 6793: old neighbours', () => {
  test('widening and narrowing are inverse for small numbers', () => {
    const wide = path([SEQUENCE, 1, 65535], [SET, 23456]);
    const narrow = narrowAsPath(wide, 0, wide.length);
    expect([...widenAsPath(narrow, 0, narrow.length)]).toEqual([...wide]);
    expect(needsAs4(wide, 0, wide.length)).toBe(false);
  });

  test('numbers that do not fit become AS_TRANS', () => {
    const wide = path([SEQUENCE, 70000]);
    expect(needsAs4(wide, 0, wide.length)).toBe(true);
    expect([...narrowAsPath(wide, 0, wide.length)]).toEqual([SEQUENCE, 1, 23456 >> 8, 23456 & 255]);
  });

  const merges: [name: string, old: Uint8Array, as4: Uint8Array, merged: string][] = [
    ['as long', path([SEQUENCE, 23456, 2]), path([SEQUENCE, 70000, 2]), '70000 2'],
    ['an old speaker prepended', path([SEQUENCE, 9, 23456, 2]), path([SEQUENCE, 70000, 2]), '9 70000 2'],
    ['longer than AS_PATH: ignored', path([SEQUENCE, 9]), path([SEQUENCE, 70000, 2]), '9'],
    ['a set counts as one', path([SEQUENCE, 9], [SET, 1, 2]), path([SET, 70000, 2]), '9 {70000 2}'],
  ];
  test.each(merges)('AS4_PATH %s', (_name, old, as4, merged) => {
    const result = mergeAs4Path(old, as4);
    expect(formatAsPath(result, 0, result.length)).toBe(merged);
  });
});

test('prepending extends the leading sequence or starts one', () => {
  const text = (bytes: Uint8Array): string => formatAsPath(bytes, 0, bytes.length);
  expect(text(prependAs(path(), 1))).toBe('1');
  expect(text(prependAs(path([SEQUENCE, 2]), 1, 2))).toBe('1 1 2');
  expect(text(prependAs(path([SET, 2]), 1))).toBe('1 {2}');
  const full = path([SEQUENCE, ...Array.from({ length: 255 }, () => 7)]);
  expect(prependAs(full, 1).subarray(0, 2)).toEqual(Uint8Array.of(SEQUENCE, 1));
});

test('confederation segments are left out towards the outside', () => {
  const bytes = path([CONFED_SEQUENCE, 1], [SEQUENCE, 2]);
  expect([...stripConfed(bytes, 0, bytes.length)]).toEqual([...path([SEQUENCE, 2])]);
});

import { describe, expect, it } from 'vitest';
import type { FeedTotals } from './feed.ts';
import { duration, grouped, jsonSummary, progressLine, readingLine, summaryLine } from './progress.ts';

const HALF = {
  type: 'progress',
  activity: 'announcing',
  position: 500,
  total: 1000,
  routes: 12345,
  elapsedMs: 2000,
} as const;

const TOTALS: FeedTotals = {
  messages: 167,
  announced: 1000,
  withdrawn: 0,
  bytes: 17_294,
  remaining: 1000,
  elapsedMs: 500,
};

describe('progress', () => {
  it.each([
    [
      'half done',
      HALF,
      100,
      `announcing [${'#'.repeat(20)}${'.'.repeat(20)}] 50%  12,345 routes  6,173/s  2.00 s left`,
    ],
    ['a narrow terminal', HALF, 60, 'announcing  50%  12,345 routes  6,173/s  2.00 s left'],
    ['hardly any room', HALF, 20, 'announcing  50%  12,'],
    [
      'just begun',
      { ...HALF, elapsedMs: 10, position: 0 },
      80,
      `announcing [${'.'.repeat(40)}] 0%  12,345 routes`,
    ],
    ['done', { ...HALF, position: 1000 }, 80, `announcing [${'#'.repeat(38)}] 100%  12,345 routes  6,173/s`],
    ['a pipe', { ...HALF, total: undefined }, 80, 'announcing  12,345 routes  6,173/s'],
  ])('%s', (_name, progress, columns, line) => {
    expect(progressLine(progress, columns)).toBe(line);
    expect(line.length).toBeLessThanOrEqual(columns);
  });

  it('of looking through a recording', () => {
    expect(readingLine({ position: 1, total: 4 }, 80)).toBe(
      `reading [${'#'.repeat(10)}${'.'.repeat(30)}] 25%`,
    );
    expect(readingLine({ position: 1234, total: undefined }, 80)).toBe('reading  1,234 bytes');
  });

  it.each([
    [0, '0.00 s'],
    [9994, '9.99 s'],
    [12_345, '12.3 s'],
    [125_000, '2 min 5 s'],
    [3_725_000, '1 h 2 min'],
  ])('%i ms are %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1234567, '1,234,567'],
  ])('%i is %s', (value, text) => {
    expect(grouped(value)).toBe(text);
  });
});

describe('summary', () => {
  it('for people', () => {
    expect(summaryLine(TOTALS)).toBe(
      '1,000 routes announced in 167 messages (17,294 bytes), 0.50 s, 2,000 routes/s; the neighbour holds 1,000 networks',
    );
    expect(summaryLine({ ...TOTALS, withdrawn: 20 })).toContain('1,000 routes announced, 20 withdrawn in');
  });

  it('for programs, on one line', () => {
    const text = jsonSummary(TOTALS, [['malformed UPDATE', 2]], 'the session ended');
    expect(text).not.toContain('\n');
    expect(JSON.parse(text)).toEqual({
      messages: 167,
      announced: 1000,
      withdrawn: 0,
      bytes: 17_294,
      remaining: 1000,
      seconds: 0.5,
      leftOut: { 'malformed UPDATE': 2 },
      error: 'the session ended',
    });
  });
});

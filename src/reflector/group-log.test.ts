import { expect, test } from 'vitest';
import { EVERYONE, GroupLog, nothingGathered, type LogCursor } from './group-log.ts';

const SEGMENT = 64;

/** Writes messages of 16 bytes that all hold `value`. */
function write(log: GroupLog, ...values: number[]): void {
  for (const value of values) {
    const segment = log.reserve(16);
    segment.bytes.fill(value, segment.used, segment.used + 16);
    log.commit(16, EVERYONE, EVERYONE);
  }
}

/** First bytes of the messages behind a cursor. */
function read(log: GroupLog, cursor: LogCursor): number[] {
  const gathered = nothingGathered();
  log.gather(cursor, EVERYONE, Number.MAX_SAFE_INTEGER, gathered);
  log.release(gathered.pinned);
  return gathered.chunks.flatMap((chunk) => Array.from(chunk).filter((_, i) => i % 16 === 0));
}

test('a fork has what was written before it, and nothing that is written to the other one later', () => {
  const log = new GroupLog(SEGMENT);
  const cursor = log.cursor();
  write(log, 1, 2, 3, 4, 5, 6);
  const fork = log.fork();
  expect([fork.end, fork.firstSegment]).toEqual([log.end, log.firstSegment]);
  write(log, 7);
  write(fork, 8);
  expect(read(fork, { ...cursor })).toEqual([1, 2, 3, 4, 5, 6, 8]);
  expect(read(log, { ...cursor })).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('neither of two forks writes over what the other one still has', () => {
  const log = new GroupLog(SEGMENT);
  const cursor = log.cursor();
  write(log, 1, 2, 3, 4, 5, 6);
  const fork = log.fork();
  // The first log drops all segments and begins others.
  for (let round = 0; round < 4; round++) {
    write(log, 9, 9, 9, 9);
    log.trim(log.tail.id);
  }
  expect(read(fork, { ...cursor })).toEqual([1, 2, 3, 4, 5, 6]);
});

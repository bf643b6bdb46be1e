/** Asks BIRD itself about the samples: what it accepts, and on which line it finds an error. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCEPTED, REFUSED } from './samples.ts';

const version = spawnSync('bird', ['--version'], { encoding: 'utf8' });
const installed =
  version.error === undefined && (version.stderr + version.stdout).includes('BIRD version 2.');

describe.skipIf(!installed)('BIRD 2 (skipped where `bird` is not installed)', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'catbird-bird-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** BIRD's verdict on a text: `OK`, or the line of its error. */
  function ask(text: string): string {
    const path = join(directory, 'bird.conf');
    writeFileSync(path, text);
    const run = spawnSync('bird', ['-p', '-c', path], { encoding: 'utf8' });
    if (run.status === 0) return 'OK';
    return /bird\.conf:(\d+):/.exec(run.stderr)?.[1] ?? run.stderr;
  }

  it.each(ACCEPTED)('accepts $name', ({ text }) => {
    expect(ask(text)).toBe('OK');
  });

  it.each(REFUSED.filter(({ onlyHere }) => !onlyHere))(
    'refuses $name on the same line',
    ({ text, error, birdLine }) => {
      expect(ask(text)).toBe(birdLine ?? /bird\.conf:(\d+):/.exec(error)![1]);
    },
  );
});

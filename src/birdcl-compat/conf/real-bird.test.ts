/** Asks BIRD itself about the samples: what it accepts, and on which line it finds an error. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCEPTED, REFUSED } from './samples.ts';
import { NOT_BUILT, NOTICED } from './samples-not-built.ts';
import { SAMPLES_1 } from './samples1.ts';

const version = spawnSync('bird', ['--version'], { encoding: 'utf8' });
const installed =
  version.error === undefined && (version.stderr + version.stdout).includes('BIRD version 2.');

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'catbird-bird-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A daemon's verdict on a text: `OK`, or the line of its error. */
function ask(program: string, text: string): string {
  const path = join(directory, 'bird.conf');
  writeFileSync(path, text);
  const run = spawnSync(program, ['-p', '-c', path], { encoding: 'utf8' });
  if (run.status === 0) return 'OK';
  return /bird\.conf:(\d+):/.exec(run.stderr)?.[1] ?? run.stderr;
}

describe.skipIf(!installed)('BIRD 2 (skipped where `bird` is not installed)', () => {
  it.each(ACCEPTED)('accepts $name', ({ text }) => {
    expect(ask('bird', text)).toBe('OK');
  });

  it.each([...NOT_BUILT, ...NOTICED].filter(({ newer }) => !newer))(
    'accepts what Catbird cannot do: $name',
    ({ text }) => {
      expect(ask('bird', text)).toBe('OK');
    },
  );

  it.each(REFUSED.filter(({ onlyHere }) => !onlyHere))(
    'refuses $name on the same line',
    ({ text, error, birdLine }) => {
      expect(ask('bird', text)).toBe(birdLine ?? /bird\.conf:(\d+):/.exec(error)![1]);
    },
  );
});

/** Where `bird` and `bird6` of BIRD 1.6 are: they have the name of BIRD 2's daemon, so that both are not installed. */
const BIRD_1 = process.env['BIRD1_DIRECTORY'];

describe.skipIf(BIRD_1 === undefined)('BIRD 1.6 (skipped where $BIRD1_DIRECTORY is not set)', () => {
  it.each(SAMPLES_1)('says the same of $name', ({ text, family, error, onlyHere, birdLine }) => {
    const program = join(BIRD_1!, family === 0 ? 'bird' : 'bird6');
    const line = birdLine ?? /bird\.conf:(\d+):/.exec(error ?? '')?.[1];
    const expected = error === undefined || onlyHere ? 'OK' : line;
    expect(ask(program, text)).toBe(expected);
  });
});

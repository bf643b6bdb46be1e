/** What BIRD 2.0.12 and Catbird answer its clients. */
import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';
import { compareAnswers, type Difference } from './birdc-comparison.ts';
import { COMMANDS, DIFFERENCES, SYNTAX } from './birdc-commands.ts';
import { feeder, subject } from './birdc-subjects.ts';

const VERSION = /BIRD version 2\.0\.12/;

function isBird(): boolean {
  const { stderr, error } = spawnSync('bird', ['--version'], { encoding: 'utf8' });
  return error === undefined && VERSION.test(stderr);
}

const OWN: readonly Difference[] = [
  { of: 'BIRD', command: /NUM/, line: /^9001 Protocol name required$/, reason: SYNTAX },
  {
    of: 'Catbird',
    command: /NUM/,
    line: /^9001 Protocol name required: NUM is not a protocol$/,
    reason: SYNTAX,
  },
  {
    of: 'BIRD',
    command: /import table/,
    line: /^9001 No import table/,
    reason: 'an Adj-RIB-In is always kept',
  },
  { of: 'Catbird', command: /import table/, line: /^1007-/, reason: 'an Adj-RIB-In is always kept' },
];

describe.skipIf(!isBird())('birdc (skipped where bird and birdc 2.0.12 are not installed)', () => {
  compareAnswers({
    bird: 'bird',
    birdc: 'birdc',
    birdcl: 'birdcl',
    feeder,
    subject,
    commands: COMMANDS,
    differences: [...DIFFERENCES, ...OWN],
    ready: '4 imported, 1 filtered, 3 exported, 4 preferred',
  });
});

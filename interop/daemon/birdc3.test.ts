/** What BIRD 3 and Catbird answer its clients, on sockets in the dialect of BIRD 3. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe } from 'vitest';
import { compareAnswers, type Difference } from './birdc-comparison.ts';
import { COMMANDS, DIFFERENCES } from './birdc-commands.ts';
import { feeder, subject } from './birdc-subjects.ts';

/** Holds `bird`, `birdc` and `birdcl` of BIRD 3. */
const DIRECTORY = process.env['BIRD3_DIRECTORY'] ?? '';

function isBird(): boolean {
  if (DIRECTORY === '') return false;
  const { stderr, error } = spawnSync(join(DIRECTORY, 'bird'), ['--version'], { encoding: 'utf8' });
  return error === undefined && /BIRD version 3\./.test(stderr);
}

const INTERNAL = 'facts about the insides of BIRD 3';
const WANTED = 'Catbird says what was met, and asks the same of all dialects';
const KEPT = 'an Adj-RIB-In is always kept, and shown with the routes as they are used';

const OWN: readonly Difference[] = [
  {
    of: 'BIRD',
    command: /^show protocols/,
    line: /^1006- +(Created:|Pending \d|TX pending:|Send hold timer:)/,
    reason: INTERNAL,
  },
  { of: 'BIRD', command: /^show memory/, line: /^1028-/, reason: INTERNAL },
  { of: 'BIRD', command: /^show route/, line: /^1008-\tInternal route handling values/, reason: INTERNAL },
  { of: 'BIRD', command: /^show route/, line: /^1012-\thostentry:/, reason: INTERNAL },
  { of: 'BIRD', command: /NUM/, line: /^9001 Protocol name required$/, reason: WANTED },
  { of: 'Catbird', command: /NUM/, line: /^9001 Protocol name required: NUM is not a/, reason: WANTED },
  { of: 'BIRD', command: /export off1$/, line: /^9001 Requested 'show route export'/, reason: WANTED },
  { of: 'Catbird', command: /export off1$/, line: /^9001 No valid tables$/, reason: WANTED },
  { of: 'Catbird', command: /^show symbols nosuch$/, line: /^1010 nosuch +\tundefined$/, reason: WANTED },
  { of: 'BIRD', command: /import table/, line: /^1007-/, reason: KEPT },
  { of: 'Catbird', command: /import table/, line: /^1007-/, reason: KEPT },
  {
    of: 'BIRD',
    command: /^configure/,
    line: /^0004 Reconfiguration in progress$/,
    reason: 'threads of BIRD 3 take part; Catbird is done when it answers',
  },
  {
    of: 'Catbird',
    command: /^configure/,
    line: /^0003 Reconfigured$/,
    reason: 'threads of BIRD 3 take part; Catbird is done when it answers',
  },
];

describe.skipIf(!isBird())('birdc of 3 (skipped where BIRD3_DIRECTORY holds no BIRD 3)', () => {
  compareAnswers({
    bird: join(DIRECTORY, 'bird'),
    birdc: join(DIRECTORY, 'birdc'),
    birdcl: join(DIRECTORY, 'birdcl'),
    feeder,
    subject,
    socketWords: ':bird3',
    commands: COMMANDS,
    differences: [...DIFFERENCES, ...OWN],
    ready: '4 imported, 1 filtered, 3 exported, 4 preferred',
  });
});

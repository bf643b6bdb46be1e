import { expect, test } from 'vitest';
import { commandLine, runCommand } from './commands.ts';

test.each([
  ['birdc configure', ['birdc', 'configure']],
  ['  bird -p -c /tmp/x  ', ['bird', '-p', '-c', '/tmp/x']],
  ['pkill -HUP bird || true', ['/bin/sh', '-c', 'pkill -HUP bird || true']],
  ['echo "a b"', ['/bin/sh', '-c', 'echo "a b"']],
  ['A=1 run', ['/bin/sh', '-c', 'A=1 run']],
  ['exit 3', ['/bin/sh', '-c', 'exit 3']],
  ['', ['/bin/sh', '-c', '']],
])('%j', (text, words) => {
  expect(commandLine(text)).toEqual(words);
});

test.each([
  ['true', 0, ''],
  ['false', 1, ''],
  ['exit 3', 3, ''],
  ['echo out; echo err >&2', 0, 'out\nerr\n'],
  ['no-such-program-anywhere x', 127, 'no-such-program-anywhere: not found\n'],
  ['/', 126, 'spawn / EACCES\n'],
  ['kill -9 $$', 128, 'ended by SIGKILL\n'],
])('%j ends with %i', async (text, code, output) => {
  expect(await runCommand(text)).toEqual({ code, output });
});

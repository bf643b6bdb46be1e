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

test('a command that takes too long is ended, with what it has started', async () => {
  const { code, output } = await runCommand('echo $$; sleep 1000 & sleep 1000', 200);
  const [group, last] = output.split('\n');
  expect([code, last]).toEqual([124, 'ended after 0.2 s']);
  // Nobody of its group is left.
  for (;;) {
    try {
      process.kill(-Number(group), 0);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ESRCH' });
      break;
    }
    await new Promise((next) => setTimeout(next, 10));
  }
});

test('one that ends in time has its own result', async () => {
  expect(await runCommand('echo x; exit 3', 60_000)).toEqual({ code: 3, output: 'x\n' });
  expect(await runCommand('no-such-program-anywhere', 60_000)).toMatchObject({ code: 127 });
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

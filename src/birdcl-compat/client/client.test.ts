import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDaemon } from '../cli/test-support.ts';
import { runClient } from '../io/client.ts';
import { openControlSocket } from '../io/control-socket.ts';
import type { ControlSocket } from '../io/control-socket.ts';
import { parseClientArguments } from './args.ts';
import { ReplyReader } from './replies.ts';

describe('arguments', () => {
  it.each([
    [[], { socket: 'd', verbose: false, restricted: false }],
    [['show', 'status'], { socket: 'd', verbose: false, restricted: false, command: 'show status' }],
    [['-s', 'x', '-r', '-v', 'down'], { socket: 'x', verbose: true, restricted: true, command: 'down' }],
    [['-rvsx'], { socket: 'x', verbose: true, restricted: true }],
    [['-l'], { socket: 'bird.ctl', verbose: false, restricted: false }],
    [['--', '-v'], { socket: 'd', verbose: false, restricted: false, command: '-v' }],
  ])('%j', (argv, args) => {
    expect(parseClientArguments(argv, 'd')).toEqual({ kind: 'run', args });
  });

  it.each([
    [['-x'], 1, 'unknown option -x'],
    [['-s'], 1, 'option -s needs a socket'],
    [['-h'], 0, 'Usage'],
  ])('%j ends the program', (argv, status, text) => {
    const parsed = parseClientArguments(argv, 'd');
    expect(parsed).toMatchObject({ kind: 'exit', status });
    expect(parsed.kind === 'exit' && parsed.text).toContain(text);
  });
});

describe('lines from the daemon', () => {
  it('are shown as birdc shows them', () => {
    const text = '1007-a\n b\n+log\n0000 \n8001 no\ngarbage\n';
    expect(new ReplyReader(false).read(text).map(({ show }) => show)).toEqual([
      'a',
      'b',
      '>>> log',
      undefined,
      'no',
      '??? <garbage>',
    ]);
    expect(new ReplyReader(true).read('1007-a\n b\n').map(({ show }) => show)).toEqual(['1007-a', '     b']);
  });
});

describe('a session', () => {
  let directory: string;
  let control: ControlSocket;
  let daemon: FakeDaemon;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'catbird-cl-'));
    daemon = new FakeDaemon();
    control = await openControlSocket(join(directory, 'ctl'), daemon);
  });
  afterEach(() => {
    control.close();
    rmSync(directory, { recursive: true });
  });

  async function run(argv: string[], input = ''): Promise<{ status: number; out: string; errors: string }> {
    const parsed = parseClientArguments(['-s', join(directory, 'ctl'), ...argv], '');
    if (parsed.kind !== 'run') throw new Error(parsed.text);
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    stdin.end(input);
    const status = await runClient(parsed.args, {
      input: stdin,
      output: stdout,
      errors: stderr,
      interactive: false,
    });
    const text = async (stream: PassThrough): Promise<string> => {
      stream.end();
      return (await stream.toArray()).join('');
    };
    return { status, out: await text(stdout), errors: await text(stderr) };
  }

  it('of one command', async () => {
    const { status, out } = await run(['show', 'protocols', 'node1']);
    expect(status).toBe(0);
    expect(out).toMatch(/^BIRD 2\.0\.12 ready\.\nName .*\nnode1 .*\n$/);
  });

  it('fails with the reply', async () => {
    expect(await run(['show', 'route', '10.99.0.0/16'])).toMatchObject({ status: 1 });
  });

  it('is restricted before the command', async () => {
    const { out, status } = await run(['-r', 'down']);
    expect(out).toBe('BIRD 2.0.12 ready.\nAccess restricted\nAccess denied\n');
    expect([status, daemon.log]).toEqual([1, []]);
  });

  it('reads commands from its input, one after the other', async () => {
    const { status, out } = await run([], 'show route 10.99.0.0/16\n\neval 1 + 1\n');
    expect(out).toBe('BIRD 2.0.12 ready.\nNetwork not found\n2\n');
    expect(status).toBe(0);
  });

  it('ends at quit', async () => {
    expect(await run([], 'quit\neval 1\n')).toMatchObject({ status: 0, out: 'BIRD 2.0.12 ready.\n' });
  });

  it('says where nobody listens', async () => {
    control.close();
    const { status, errors } = await run(['show', 'status']);
    expect(status).toBe(1);
    expect(errors).toContain('Unable to connect to server control socket');
  });
});

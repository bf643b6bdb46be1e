import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDaemon, prefixOf } from '../cli/test-support.ts';
import { runClient } from '../io/client.ts';
import { openControlSocket } from '../io/control-socket.ts';
import type { ControlSocket } from '../io/control-socket.ts';
import { parseClientArguments } from './args.ts';
import { ReplyReader } from './replies.ts';

describe('arguments', () => {
  it.each([
    [[], {}],
    [['show', 'status'], { command: 'show status' }],
    [['-s', 'x', '-r', '-v', 'down'], { socket: 'x', verbose: true, restricted: true, command: 'down' }],
    [['-rvsx'], { socket: 'x', verbose: true, restricted: true }],
    [['-l'], { socket: 'bird.ctl' }],
    [['-s', 'x', '-l'], { socket: 'x' }],
    [['--', '-v'], { command: '-v' }],
    [['--json', '--pager', 'show', 'status'], { json: true, pager: true, command: 'show status' }],
  ])('%j', (argv, args) => {
    const plain = { socket: 'd', verbose: false, restricted: false, json: false, pager: false };
    expect(parseClientArguments(argv, 'd')).toEqual({ kind: 'run', args: { ...plain, ...args } });
  });

  it.each([
    [['-x'], 1, 'unknown option -x'],
    [['--jsn'], 1, 'unknown option --jsn'],
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

  it('expands abbreviations, and says what is ambiguous without asking', async () => {
    const { status, out } = await run(['sh', 'pr', 'node1']);
    expect([status, out]).toEqual([0, expect.stringMatching(/\nnode1 .*\n$/)]);
    const ambiguous = await run(['re', 'all']);
    expect(ambiguous.status).toBe(1);
    expect(ambiguous.out).toMatch(/possible expansions are:\nrestart .*\n(.*\n)*reload .*\n(.*\n)*restrict /);
    expect(daemon.log).toEqual([]);
  });

  it('has help without a daemon that knows it', async () => {
    const { status, out } = await run(['show rip ?']);
    expect([status, out]).toEqual([0, expect.stringContaining('show rip interfaces')]);
  });

  it('prints answers in JSON, and nothing else', async () => {
    const { status, out, errors } = await run(['--json', '-r', 'show', 'prot']);
    expect([status, errors]).toEqual([0, '']);
    const names = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names).toEqual(['device1', 'anchors', 'node1', 'Mesh_10_0_0_2']);
    const failed = await run(['--json', 'show', 'route', '10.99.0.0/16']);
    expect(failed).toEqual({ status: 1, out: '', errors: 'Network not found\n' });
    const wrong = await run(['--json', 'show', 'route', 'nonsense']);
    expect(wrong.errors).not.toContain('has no JSON');
  });

  it('waits for whoever reads its output', async () => {
    control.close();
    daemon = new FakeDaemon(
      Array.from({ length: 30_000 }, (_, i) => prefixOf(`10.${i >> 8}.${i & 255}.0/24`)),
    );
    control = await openControlSocket(join(directory, 'ctl'), daemon);
    const parsed = parseClientArguments(['-s', join(directory, 'ctl'), 'show', 'route'], '');
    if (parsed.kind !== 'run') throw new Error(parsed.text);
    const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const ended = runClient(parsed.args, { input, output, errors });
    let before = -1;
    // What fits into the buffers on the way is asked for, no more.
    while (daemon.walked === 0 || daemon.walked !== before) {
      before = daemon.walked;
      await new Promise((next) => setTimeout(next, 50));
    }
    expect(daemon.walked).toBeLessThan(30_000);
    output.resume();
    expect(await ended).toBe(0);
    expect(daemon.walked).toBe(30_000);
  });

  it('ends where nobody reads its output any more', async () => {
    const parsed = parseClientArguments(['-s', join(directory, 'ctl'), 'show', 'protocols'], '');
    if (parsed.kind !== 'run') throw new Error(parsed.text);
    const output = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const streams = { input: new PassThrough(), output, errors: new PassThrough() };
    expect(await runClient(parsed.args, streams)).toBe(1);
  });

  it('says where nobody listens', async () => {
    control.close();
    const { status, errors } = await run(['show', 'status']);
    expect(status).toBe(1);
    expect(errors).toContain('Unable to connect to server control socket');
  });
});

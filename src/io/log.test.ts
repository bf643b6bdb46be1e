import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogTarget } from '../birdcl-compat/conf/lowered.ts';
import { DaemonLog } from './log.ts';
import { startWatchdog } from './watchdog.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'catbird-log-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, options: object = {}): LogTarget {
  return { classes: new Set(['info', 'bug']), to: { kind: 'file', path: join(folder, name), ...options } };
}

async function content(name: string): Promise<string> {
  return await vi.waitFor(() => {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(text).not.toBe('');
    return text;
  });
}

describe('a log file', () => {
  it('takes the classes of its line, with the time as timeformat log has it', async () => {
    const log = new DaemonLog();
    log.configure({ log: [file('a')], timeFormats: { log: { recent: 'at %Y' } } });
    log.write('trace', 'not asked for');
    log.write('info', 'hello');
    expect(await content('a')).toBe(`at ${new Date().getFullYear()} <INFO> hello\n`);
  });

  it('has one line for each, whatever others have put into the text', async () => {
    const log = new DaemonLog();
    const seen: string[] = [];
    log.configure({ log: [file('a')], timeFormats: { log: { recent: 'T' } } });
    log.watch(new Set(['info']), (line) => seen.push(line));
    log.write('info', 'CLI: show\u001b[2J route\nT <INFO> made up\u009b');
    expect(await content('a')).toBe('T <INFO> CLI: show [2J route T <INFO> made up \n');
    expect(seen).toEqual(['CLI: show [2J route T <INFO> made up ']);
  });

  it('is moved aside when it is full', async () => {
    const log = new DaemonLog();
    const limits = { limitBytes: 60, backup: join(folder, 'old') };
    log.configure({ log: [file('a', limits)], timeFormats: { log: { recent: 'T' } } });
    log.write('info', 'x'.repeat(40));
    log.write('info', 'y'.repeat(40));
    expect(await content('old')).toContain('xxx');
    expect(await content('a')).toContain('yyy');
  });

  it('is written no more once another configuration has none', async () => {
    const log = new DaemonLog();
    log.configure({ log: [file('a')], timeFormats: {} });
    log.write('info', 'before');
    await content('a');
    log.configure({ log: [file('b')], timeFormats: {} });
    log.write('info', 'after');
    await content('b');
    expect(await content('a')).not.toContain('after');
  });
});

describe('standard error', () => {
  /** What a process writes there that logs in all classes of BIRD, with its exit status. */
  function run(program: string): string {
    const script = `
      const { DaemonLog } = await import(${JSON.stringify(join(import.meta.dirname, 'log.ts'))});
      const log = new DaemonLog();
      log.write('trace', 'not without debug');
      log.write('remote', 'session closed');
      log.configure({ log: [{ classes: new Set(['trace', 'auth']), to: { kind: 'stderr' } }], timeFormats: {} });
      log.write('trace', 'asked for');
      log.write('remote', 'not asked for');
      log.write('auth', 'refused "x"');`;
    const node = `${process.execPath} --input-type=module -e "$SCRIPT"`;
    const command =
      program === 'terminal' ? ['script', '-qec', node, '/dev/null'] : ['sh', '-c', `${node} 2>&1`];
    const { stdout } = spawnSync(command[0]!, command.slice(1), {
      encoding: 'utf8',
      env: { ...process.env, SCRIPT: script },
    });
    return stdout;
  }

  it('is JSON, a line each, where a program reads it', () => {
    const lines = run('program')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ class: name, msg, level }) => [name, msg, level])).toEqual([
      ['remote', 'session closed', 30],
      ['trace', 'asked for', 10],
      ['auth', 'refused "x"', 40],
    ]);
    expect(lines[0]!['time']).toBeTypeOf('number');
  });

  it.skipIf(spawnSync('script', ['--version']).error !== undefined)(
    'is for people at a terminal (skipped where the program script is missing)',
    () => {
      const lines = run('terminal').trim().split(/\r?\n/);
      expect(lines).toEqual([
        expect.stringMatching(/^\S+ \S+ remote  session closed$/),
        expect.stringMatching(/ trace   asked for$/),
        expect.stringMatching(/ auth    refused "x"$/),
      ]);
    },
  );
});

it('the watchdog tells how long the loop was held, and is quiet once it is off', async () => {
  const held: number[] = [];
  const watchdog = startWatchdog((ms) => held.push(ms));
  const hold = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const end = performance.now() + 80;
    while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  watchdog.configure(40);
  await hold();
  expect(held).toHaveLength(1);
  expect(held[0]).toBeGreaterThanOrEqual(40);
  watchdog.configure(0);
  await hold();
  expect(held).toHaveLength(1);
});

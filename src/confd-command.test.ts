/** `catbird confd` as a program, on a tree of files. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const MAIN = resolve(import.meta.dirname, 'main.ts');

let folder: string;
const running: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'catbird-confd-'));
  for (const part of ['conf.d', 'templates', 'keys', 'out']) mkdirSync(join(folder, part));
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue;
    const gone = new Promise((settle) => child.once('exit', settle));
    child.kill('SIGKILL');
    await gone;
  }
  rmSync(folder, { recursive: true, force: true });
});

const put = (path: string, text: string): void => {
  writeFileSync(join(folder, path), text);
};
const get = (path: string): string => readFileSync(join(folder, path), 'utf8');

function resource(name: string, more = '', keys = '"/app"'): void {
  put(
    `conf.d/${name}.toml`,
    `[template]\nsrc = "${name}.tmpl"\ndest = "${join(folder, 'out', name)}"\nkeys = [${keys}]\n${more}\n`,
  );
}

interface Run {
  readonly child: ChildProcess;
  readonly log: () => string;
  /** Resolves when the log has a text. */
  logged(text: string): Promise<void>;
  readonly code: Promise<number | null>;
}

function start(...args: string[]): Run {
  const all = ['confd', '-confdir', folder, '-backend', 'tree', '-file', join(folder, 'keys'), ...args];
  const child = spawn(process.execPath, [MAIN, ...all], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let text = '';
  const waiting: { text: string; wake: () => void }[] = [];
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const one of waiting) if (text.includes(one.text)) one.wake();
  };
  child.stderr.on('data', take);
  child.stdout.on('data', take);
  return {
    child,
    log: () => text,
    logged: (wanted) =>
      new Promise((wake) => {
        if (text.includes(wanted)) wake();
        else waiting.push({ text: wanted, wake });
      }),
    code: new Promise((settle) => child.once('close', settle)),
  };
}

async function once(...args: string[]): Promise<{ code: number | null; log: string }> {
  const run = start('-onetime', ...args);
  return { code: await run.code, log: run.log() };
}

describe('once', () => {
  beforeEach(() => {
    mkdirSync(join(folder, 'keys/app'));
    put('keys/app/name', 'web\n');
    put('templates/a.tmpl', 'name {{getv "/app/name"}}\n');
  });

  test('writes the file with its mode, checks the staged one first and reloads afterwards', async () => {
    const record = join(folder, 'record');
    resource(
      'a',
      `mode = "0640"\ncheck_cmd = "grep -c web {{.src}} >> ${record}"\nreload_cmd = "echo reload >> ${record}"`,
    );
    const { code, log } = await once();
    expect(code).toBe(0);
    expect(get('out/a')).toBe('name web\n');
    expect(statSync(join(folder, 'out/a')).mode & 0o7777).toBe(0o640);
    expect(get('record')).toBe('1\nreload\n');
    expect(readdirSync(join(folder, 'out'))).toEqual(['a']);
    expect(log).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\S+ \S+ confd\[\d+\]: INFO Backend set to tree$/m);
    expect(log).toContain(`INFO Target config ${join(folder, 'out/a')} has been updated`);
    const again = await once();
    expect(again.log).not.toContain('updated');
    expect(get('record')).toBe('1\nreload\n');
  });

  test('a check that fails leaves the old file, runs no reload, and the exit code is 1', async () => {
    put('out/a', 'old');
    resource('a', `check_cmd = "false"\nreload_cmd = "touch ${join(folder, 'reloaded')}"`);
    const { code, log } = await once();
    expect(code).toBe(1);
    expect(get('out/a')).toBe('old');
    expect(log).toContain('ERROR Config check failed: exit status 1');
    expect(existsSync(join(folder, 'reloaded'))).toBe(false);
    expect(readdirSync(join(folder, 'out'))).toEqual(['a']);
  });

  test('a wrong template, and a wrong resource, do not stop the others', async () => {
    resource('a');
    resource('b');
    put('templates/b.tmpl', 'x\n{{getv "/none"}}');
    put('conf.d/c.toml', '[template]\nsrc = "c"');
    resource('d');
    const { code, log } = await once();
    expect(code).toBe(1);
    expect(get('out/a')).toBe('name web\n');
    expect(log).toContain(
      'template: b.tmpl:2:2: executing "b.tmpl" at <getv "/none">: error calling getv: key does not exist: /none',
    );
    expect(log).toContain('empty dest');
    expect(log).toContain(`Missing template: ${join(folder, 'templates/d.tmpl')}`);
    expect(readdirSync(join(folder, 'out'))).toEqual(['a']);
  });

  test('-noop changes nothing, -sync-only runs nothing, -keep-stage-file leaves the stage file', async () => {
    resource('a', `check_cmd = "false"`);
    const noop = await once('-noop');
    expect(noop.log).toContain('WARNING Noop mode enabled.');
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
    const sync = await once('-sync-only');
    expect(sync.code).toBe(0);
    expect(readdirSync(join(folder, 'out'))).toEqual(['a']);
    const keep = await once('-keep-stage-file');
    expect(keep.log).toContain('Keeping staged file:');
    expect(readdirSync(join(folder, 'out'))).toHaveLength(2);
  });

  test('a reload that fails is an error, and the file is there', async () => {
    resource('a', 'reload_cmd = "no-such-program-anywhere"');
    const { code, log } = await once();
    expect(code).toBe(1);
    expect(log).toContain('reload_cmd failed: exit status 127');
    expect(get('out/a')).toBe('name web\n');
  });

  test('keys that cannot be read', async () => {
    resource('a');
    put('keys/bad.yaml', 'a: [');
    const { code, log } = await once();
    expect(code).toBe(1);
    expect(log).toContain(join(folder, 'keys/bad.yaml'));
  });

  test('flags that are wrong: exit code 2', async () => {
    expect(await once('-nope')).toMatchObject({
      code: 2,
      log: expect.stringContaining('not defined: -nope'),
    });
  });
});

test('-watch follows changes, of the resources that they concern, and ends with SIGTERM', async () => {
  mkdirSync(join(folder, 'keys/app'));
  mkdirSync(join(folder, 'keys/other'));
  put('keys/app/name', 'one');
  put('keys/other/name', 'x');
  put('templates/a.tmpl', '{{getv "/app/name"}}');
  put('templates/b.tmpl', '{{getv "/other/name"}}');
  const record = join(folder, 'record');
  resource('a', `reload_cmd = "cat ${join(folder, 'out/a')} >> ${record}"`);
  resource('b', '', '"/other"');
  const run = start('-watch', '-log-level', 'debug');
  await run.logged(`Target config ${join(folder, 'out/b')} has been updated`);
  expect(get('out/a')).toBe('one');
  put('keys/app/name', 'two');
  await new Promise<void>((settle) => {
    const look = (): void => {
      if (get('out/a') === 'two') settle();
      else setTimeout(look, 10);
    };
    look();
  });
  expect(run.log()).not.toContain(`Target config ${join(folder, 'out/b')} in sync`);
  run.child.kill('SIGTERM');
  expect(await run.code).toBe(0);
  expect(run.log()).toContain('INFO Captured terminated. Exiting...');
  expect(get('record')).toBe('onetwo');
});

/** `catbird render`, `catbird diff` and `catbird check --explain` as programs, on a tree of files. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const MAIN = resolve(import.meta.dirname, 'main.ts');
const TEMPLATE = `router id 10.0.0.1;
{{range gets "/peers/*"}}{{$p := json .Value}}
protocol bgp {{base .Key}} {
  local as {{getv "/as"}};
  neighbor {{$p.ip}} as {{$p.as}};
  password "{{$p.password}}";
}
{{end}}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'catbird-origin-'));
  put('templates/bird.tmpl', TEMPLATE);
  const dest = join(folder, 'out/bird.cfg');
  put('conf.d/bird.toml', `[template]\nsrc = "bird.tmpl"\ndest = "${dest}"\nprefix = "/c"\nkeys = ["/"]\n`);
  put('keys/c/as', '64512');
  put('keys/c/peers/p1', '{"ip":"10.0.0.2","as":"64512","password":"geheim"}');
  put('keys/c/peers/p2', '{"ip":"10.0.0.3","as":"64512","password":"geheim"}');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const flags = ['-confdir', folder, '-backend', 'tree', '-file', join(folder, 'keys')];
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args, ...flags], {
    encoding: 'utf8',
  });
  const plain = (text: string): string => text.replaceAll(folder, 'F').replace(/revision \d+/g, 'revision N');
  return { code: status, out: plain(stdout), err: plain(stderr) };
}

describe('render', () => {
  test('lines with their origins, aligned, within 80 columns, without passwords; nothing is written', () => {
    const { code, out, err } = run('render');
    expect(err).toBe('');
    expect(code).toBe(0);
    const lines = out.split('\n');
    expect(lines[0]).toBe('# F/out/bird.cfg');
    const width = lines[1]!.indexOf(' | ');
    const aligned = (text: string, origin: string): string => `${text.padEnd(width)} | ${origin}`;
    expect(lines).toContain(aligned('router id 10.0.0.1;', 'bird.tmpl:1'));
    expect(lines).toContain(aligned('  neighbor 10.0.0.2 as 64512;', 'bird.tmpl:5 /c/peers/p1 (revision N)'));
    expect(lines).toContain(aligned('  local as 64512;', 'bird.tmpl:4 /c/as (revision N)'));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(out).not.toContain('geheim');
    expect(readdirSync(folder).sort()).toEqual(['conf.d', 'keys', 'templates']);
  });

  test('--plain, --show-secrets', () => {
    expect(run('render', '--plain', '--show-secrets').out).toContain('  password "geheim";\n}\n');
    expect(run('render', '--plain').out).toContain(
      '  password "********";\n}\n'.replace('"********"', '********'),
    );
  });

  test('--json', () => {
    const { out } = run('render', '--json', '--only', 'bird.cfg');
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { text: string; templateLine: number; keys: unknown[] });
    const line = lines.find(({ text }) => text.includes('10.0.0.3'))!;
    expect(line).toMatchObject({
      template: 'bird.tmpl',
      templateLine: 5,
      keys: [{ key: '/c/peers/p2', revision: expect.stringMatching(/^\d+$/), role: 'value' }],
    });
  });

  test('a template that fails names the keys', () => {
    put('keys/c/peers/p2', 'no JSON');
    const { code, err } = run('render');
    expect(code).toBe(1);
    expect(err).toContain('error calling json: invalid character');
    expect(err).toContain('it has to do with /c/peers/p2 (revision N)');
  });

  test.each([
    [['--only', 'none'], "no template resource has the file, src or dest 'none'", 1],
    [['-nope'], 'not defined: -nope', 2],
    [['--json=1'], '--json takes no value', 1],
  ])('%s is refused', (args, message, code) => {
    expect(run('render', ...args)).toMatchObject({ code, err: expect.stringContaining(message) });
  });
});

describe('diff', () => {
  test('a changed key: lines, keys, protocols', () => {
    const { code, out, err } = run(
      'diff',
      '--set',
      '/c/peers/p2={"ip":"10.0.0.9","as":"64512","password":"neu"}',
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('--- F/out/bird.cfg\n+++ F/out/bird.cfg (changed)\n@@ ');
    expect(out).toContain('-  neighbor 10.0.0.3 as 64512;\n');
    expect(out).toContain('+  neighbor 10.0.0.9 as 64512;\n');
    expect(out).toContain('#   + /c/peers/p2 (revision N)\n');
    expect(out).toContain('p2 restarts (neighbor, password)');
    expect(out).toContain('1 protocol stays as it is\n');
    expect(out).not.toContain('neu');
  });

  test('keys that go and come', () => {
    put('new', '{"ip":"10.0.0.4","as":"64512","password":""}');
    const { out } = run(
      'diff',
      '--unset',
      '/c/peers/p1',
      '--from-file',
      `/c/peers/p3=${join(folder, 'new')}`,
    );
    expect(out).toMatch(/p3 is (added|new)|p3 /);
    expect(out).toMatch(/^-protocol bgp p1 \{$/m);
    expect(out).toMatch(/^\+protocol bgp p3 \{$/m);
  });

  test('no change', () => {
    const { code, out } = run('diff', '--set', '/c/as=64512');
    expect(code).toBe(0);
    expect(out).toContain('No line changes.\n');
    expect(out).toContain('2 protocols stay as they are');
  });

  test('a configuration that would be wrong names the key', () => {
    const { code, err } = run('diff', '--set', '/c/as=none');
    expect(code).toBe(1);
    expect(err).toMatch(/^F\/out\/bird\.cfg:\d+:\d+ /m);
    expect(err).toContain('rendered by bird.tmpl:4 from /c/as (revision N)');
  });
});

describe('check --explain', () => {
  test('protocols with their origins', () => {
    const { code, out, err } = run('check', '--explain');
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'p1  F/out/bird.cfg:3',
        '    rendered by bird.tmpl:3 from /c/peers/p1 (revision N)',
        'p2  F/out/bird.cfg:9',
        '    rendered by bird.tmpl:3 from /c/peers/p2 (revision N)',
        '',
      ].join('\n'),
    );
  });

  test('errors with their origins', () => {
    put('keys/c/peers/p2', '{"ip":"ten","as":"64512","password":""}');
    const { code, err } = run('check', '--explain', '-c', 'bird.cfg');
    expect(code).toBe(1);
    expect(err).toContain('rendered by bird.tmpl:5 from /c/peers/p2 (revision N)');
  });
});

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseResource } from '../resource.ts';
import { FileWriter } from './file-writer.ts';
import type { WrittenFile } from './file-writer.ts';

let folder: string;
let lines: string[];
let writer: FileWriter;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'catbird-writer-'));
  lines = [];
  writer = new FileWriter((level, text) => lines.push(`${level}: ${text.replaceAll(folder, 'F')}`), 300);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string): string => join(folder, name);
const textOf = (name: string): string => readFileSync(path(name), 'utf8');

function file(text: string, commands: Readonly<Record<string, string>>, isOwn = false): WrittenFile {
  const more = Object.entries(commands).map(([name, command]) => `${name} = '''${command}'''\n`);
  const toml = `[template]\nsrc = "t"\ndest = "${path('out/side')}"\nkeys = ["/"]\n${more.join('')}`;
  return {
    resource: parseResource('t.toml', toml, { prefix: '', nodeName: undefined }).resource,
    text,
    isOwn,
  };
}

test('what is checked is the new text, before it is in place; what is told afterwards, once', async () => {
  const check_cmd = `grep -q good {{.src}} && test ! -e ${path('out/side')}`;
  const commands = { check_cmd, reload_cmd: `cat ${path('out/side')} >> ${path('reloads')}` };
  writer.write([file('good 1\n', commands)]);
  await writer.idle();
  writer.write([file('good 1\n', commands)]);
  await writer.idle();
  expect(textOf('reloads')).toBe('good 1\n');
  expect(statSync(path('out/side')).mode & 0o777).toBe(0o600);
  expect(lines).toEqual(['info: F/out/side has changed, its reload_cmd has run']);
});

test('a check that fails leaves the old file, and nothing beside it', async () => {
  writer.write([file('good\n', {})]);
  await writer.idle();
  const commands = { check_cmd: 'echo why >&2; exit 3', reload_cmd: `touch ${path('reloads')}` };
  writer.write([file('bad\n', commands)]);
  await writer.idle();
  expect(textOf('out/side')).toBe('good\n');
  expect(readdirSync(path('out'))).toEqual(['side']);
  expect(existsSync(path('reloads'))).toBe(false);
  expect(lines).toEqual([
    'warning: F/out/side: "why\\n"',
    'warning: F/out/side cannot be written: Config check failed: exit status 3',
  ]);
});

test('a command that does not end is ended; only the newest of what waits meanwhile is written', async () => {
  const reload_cmd = `cat ${path('out/side')} >> ${path('reloads')}; sleep 1000`;
  for (const text of ['1\n', '2\n', '3\n']) writer.write([file(text, { reload_cmd })]);
  await writer.idle();
  expect(textOf('reloads')).toBe('1\n3\n');
  expect(lines.filter((line) => line.includes('reload_cmd failed: exit status 124'))).toHaveLength(2);
});

test("the daemon's own files are written without commands", async () => {
  writer.write([file('x\n', { check_cmd: 'false', reload_cmd: `touch ${path('reloads')}` }, true)]);
  await writer.idle();
  expect(textOf('out/side')).toBe('x\n');
  expect(existsSync(path('reloads'))).toBe(false);
});

test('when the daemon ends, no command begins, and their files stay for the next start', async () => {
  writer.stop();
  writer.write([file('x\n', { reload_cmd: `touch ${path('reloads')}` })]);
  await writer.idle();
  expect(existsSync(path('out/side'))).toBe(false);
  writer.write([file('x\n', {})]);
  await writer.idle();
  expect(textOf('out/side')).toBe('x\n');
});

test('what cannot be written is said, and does not keep others', async () => {
  const other = { ...file('x\n', {}), resource: { ...file('', {}).resource, dest: path('a-file/side') } };
  writeFileSync(path('a-file'), '');
  writer.write([other, file('y\n', {})]);
  await writer.idle();
  expect(lines[0]).toMatch(/^warning: F\/a-file\/side cannot be written: E/);
  expect(textOf('out/side')).toBe('y\n');
});

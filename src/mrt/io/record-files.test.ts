import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordFiles } from './record-files.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'catbird-records-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('appends to what is there', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'a');
  for (const text of ['bc', 'd']) {
    const file = await recordFiles.open(path);
    await file.append(Buffer.from(text));
    await file.close();
  }
  expect(readFileSync(path, 'utf8')).toBe('abcd');
});

test('says in the words of the system why a file cannot be opened', async () => {
  await expect(recordFiles.open(join(folder, 'none/file'))).rejects.toThrow(/^No such file or directory$/);
  await expect(recordFiles.open(folder)).rejects.toThrow(/^Illegal operation on a directory$/);
  const loop = join(folder, 'loop');
  symlinkSync(loop, loop);
  await expect(recordFiles.open(loop)).rejects.toThrow(/^Too many symbolic links/);
});

test('does not wait for the reader of a pipe', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(recordFiles.open(pipe)).rejects.toThrow(/^No such device or address$/);
});

test('a full disk is an error in words', async () => {
  const file = await recordFiles.open('/dev/full');
  await expect(file.append(Buffer.from('x'))).rejects.toThrow(/^No space left on device$/);
  await file.close();
});

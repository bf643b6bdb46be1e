import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
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

test('what was written of records that do not fit is taken back', () => {
  const path = join(folder, 'short');
  const module = join(import.meta.dirname, 'record-files.ts');
  const script = `
    const { recordFiles } = await import(${JSON.stringify(module)});
    const file = await recordFiles.open(${JSON.stringify(path)});
    const outcomes = [];
    for (let i = 0; i < 3; i++)
      outcomes.push(await file.append(Buffer.alloc(3000)).then(() => 'written', ({ message }) => message));
    await file.close();
    console.log(outcomes.join(', '));`;
  // No file of the process may be longer than 8 KiB: of the third write 2,192 bytes fit.
  const command = `ulimit -f 8 && exec "$0" --input-type=module -e "$1"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', command, process.execPath, script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(stdout).toBe('written, written, File too large\n');
  expect(statSync(path).size).toBe(6000);
});

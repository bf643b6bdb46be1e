import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SecretFolder } from './secrets.ts';

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'catbird-secrets-'));
  folder = join(root, 'secrets');
  mkdirSync(join(folder, 'bgp'), { recursive: true });
  writeFileSync(join(folder, 'bgp/a'), 'first\n');
  writeFileSync(join(root, 'outside'), 'no');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

test('a secret is the text of a file, without its last line feed', () => {
  const secrets = new SecretFolder(folder);
  writeFileSync(join(folder, 'bgp/b'), 'two\n\n');
  expect(secrets.get({ name: 'bgp', key: 'a' })).toBe('first');
  expect(secrets.get({ name: 'bgp', key: 'b' })).toBe('two\n');
  expect(secrets.get({ name: 'bgp', key: 'none' })).toBeUndefined();
  expect(secrets.get({ name: 'none', key: 'a' })).toBeUndefined();
});

test.each([
  ['..', 'outside'],
  ['bgp', '../../outside'],
  ['../secrets/bgp', 'a'],
  ['.', 'bgp'],
  ['', 'bgp'],
  ['bgp', ''],
  ['bgp', 'a\0'],
  ['bgp', 'a'.repeat(254)],
])('names do not lead elsewhere: %j, %j', (name, key) => {
  expect(new SecretFolder(folder).get({ name, key })).toBeUndefined();
});

test('what is too long is no password', () => {
  writeFileSync(join(folder, 'bgp/long'), 'x'.repeat(4097));
  expect(new SecretFolder(folder).get({ name: 'bgp', key: 'long' })).toBeUndefined();
});

test('a secret that was asked for is told to have changed, when it is replaced, comes or goes', async () => {
  const secrets = new SecretFolder(folder, 5);
  const ref = { name: 'bgp', key: 'a' };
  expect(secrets.get(ref)).toBe('first');
  expect(secrets.get({ name: 'bgp', key: 'later' })).toBeUndefined();

  let change = firstValueFrom(secrets.changes);
  // As Kubernetes replaces what it mounts: the folder becomes a link to another one.
  mkdirSync(join(root, 'next'));
  writeFileSync(join(root, 'next/a'), 'second');
  renameSync(join(folder, 'bgp'), join(root, 'old'));
  symlinkSync(join(root, 'next'), join(folder, 'bgp'));
  await change;
  expect(secrets.get(ref)).toBe('second');
  expect(secrets.get({ name: 'bgp', key: 'later' })).toBeUndefined();

  change = firstValueFrom(secrets.changes);
  writeFileSync(join(root, 'next/later'), 'there');
  await change;
  expect(secrets.get({ name: 'bgp', key: 'later' })).toBe('there');
  expect(secrets.get(ref)).toBe('second');

  change = firstValueFrom(secrets.changes);
  rmSync(join(root, 'next/a'));
  await change;
  expect(secrets.get(ref)).toBeUndefined();
});

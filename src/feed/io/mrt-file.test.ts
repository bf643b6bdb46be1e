/** Recordings on disk, and what is made of them compared with what bgpdump reads. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { MrtSource } from '../mrt-source.ts';
import { FeedError } from '../source.ts';
import {
  asPath,
  batchesOf,
  bgp4mp,
  describe as describeMessages,
  fullMpReach,
  joined,
  localPref,
  messagesOf,
  nextHop,
  nlri,
  origin,
  peerIndex,
  rib,
  shortMpReach,
  tableDump,
  target,
  update,
} from '../test-support.ts';
import { MrtFile } from './mrt-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'catbird-feed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ATTRS_4 = [...origin(), ...asPath(4, 64500, 4200000001), ...nextHop('192.0.2.7'), ...localPref(100)];
const ATTRS_2 = [...origin(), ...asPath(2, 64500, 64501), ...nextHop('192.0.2.7'), ...localPref(100)];
const RECORDING = joined(
  ...Array.from({ length: 2000 }, (_, i) =>
    bgp4mp(17, 4, update([], ATTRS_4, nlri(`10.${i >> 8}.${i & 255}.0/24`))),
  ),
);

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function linesOf(path: string): Promise<string[]> {
  const source = new MrtSource(await MrtFile.open(path), undefined, () => undefined);
  await source.prepare(() => undefined);
  return describeMessages(messagesOf(await batchesOf(source, target())), target());
}

function has(program: string): boolean {
  return spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined;
}

function bzip2(bytes: Uint8Array): Uint8Array {
  return execFileSync('bzip2', ['-c'], { input: bytes });
}

describe('recordings on disk', () => {
  it('are read plain and packed with gzip', async () => {
    const plain = await linesOf(file('plain.mrt', RECORDING));
    expect(plain).toHaveLength(2000);
    expect(await linesOf(file('packed.mrt.gz', gzipSync(RECORDING)))).toEqual(plain);
  });

  it.skipIf(!has('bzip2'))('are read packed with bzip2', async () => {
    expect(await linesOf(file('packed.mrt.bz2', bzip2(RECORDING)))).toHaveLength(2000);
    const cut = file('cut.bz2', bzip2(RECORDING).slice(0, 300));
    await expect(linesOf(cut)).rejects.toThrow(/^bad bzip2 data: /);
  });

  it.each<[string, () => string, RegExp]>([
    ['missing', () => join(folder, 'none'), /^cannot read .*none: there is no such file$/],
    ['a directory', () => folder, /: it is a directory$/],
    [
      'cut gzip',
      () => file('cut.gz', gzipSync(RECORDING).slice(0, 200)),
      /^bad gzip data: they end too early$/,
    ],
    ['damaged gzip', () => file('bad.gz', gzipSync(RECORDING).fill(255, 20, 60)), /^bad gzip data: /],
  ])('that are %s are refused in words', async (_name, path, text) => {
    const error: unknown = await linesOf(path()).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(FeedError);
    expect((error as FeedError).message).toMatch(text);
  });
});

/** `bgpdump -m` in the form of `describeMessages`. */
function bgpdump(path: string): string[] {
  const text = execFileSync('bgpdump', ['-m', path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('|'))
    .map(([, , kind, , , prefix, path, , hop]) =>
      kind === 'W' ? `-${prefix}` : `+${prefix} via ${hop} path ${path}`,
    );
}

const v6 = [...origin(), ...asPath(4, 64500), ...localPref(100)];

describe.skipIf(!has('bgpdump'))('bgpdump reads the same', () => {
  it.each<[string, Uint8Array]>([
    ['BGP4MP_MESSAGE_AS4', bgp4mp(16, 4, update(nlri('10.9.0.0/16'), ATTRS_4, nlri('10.1.0.0/16')))],
    ['BGP4MP_MESSAGE', bgp4mp(16, 1, update([], ATTRS_2, nlri('10.1.0.0/16')))],
    ['BGP4MP_ET', bgp4mp(17, 4, update([], ATTRS_4, nlri('10.1.0.0/16')))],
    [
      'MP_REACH_NLRI',
      bgp4mp(16, 4, update([], [...v6, ...fullMpReach(2, '2001:db8::7', nlri('2001:db8:1::/48'))], [])),
    ],
    ['TABLE_DUMP', tableDump('10.1.0.0/16', '192.0.2.7', 64500, ATTRS_2)],
    [
      'TABLE_DUMP_V2',
      joined(
        peerIndex(['192.0.2.7', 64500]),
        rib(2, '10.1.0.0/16', [{ peer: 0, attributes: ATTRS_4 }]),
        rib(4, '2001:db8:1::/48', [{ peer: 0, attributes: [...v6, ...shortMpReach('2001:db8::7')] }]),
      ),
    ],
  ])('%s', async (name, recording) => {
    const path = file(`${name}.mrt`, recording);
    const ours = await linesOf(path);
    expect(ours.length).toBeGreaterThan(0);
    expect(ours).toEqual(bgpdump(path));
  });
});

const FEED = join(import.meta.dirname, '../../../../shared/data/mrt/as3856-full-feed');

describe.skipIf(!existsSync(`${FEED}.updates.mrt.gz`))('a real full table', () => {
  it('is sent as it was recorded, every route of it', async () => {
    const ours = await linesOf(`${FEED}.updates.mrt.gz`);
    const expected = gunzipSync(readFileSync(`${FEED}.expected.txt.gz`))
      .toString()
      .split('\n')
      .map((line) => line.split('|'))
      .filter(([, , kind]) => kind === 'A' || kind === 'W')
      .map(([, , kind, , , prefix, path, , hop]) =>
        kind === 'W' ? `-${prefix}` : `+${prefix} via ${hop} path ${path?.replaceAll(',', ' ')}`,
      );
    expect(ours).toHaveLength(expected.length);
    const different = ours.findIndex((line, i) => line !== expected[i]);
    expect(different < 0 ? [] : [ours[different], expected[different]]).toEqual([]);
  });
});

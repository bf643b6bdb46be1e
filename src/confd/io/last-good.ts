/** The last rendering that was in force, kept on disk for a start without the store. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { moveIntoPlace, removeFile, stageFile } from './destination.ts';

export interface LastGood {
  /** By `dest`. */
  readonly texts: ReadonlyMap<string, string>;
  /** Of the store, and what the store was called. */
  readonly revision: bigint;
  readonly store: string;
  /** Of the templates. */
  readonly folder: string;
}

const FORMAT = 1;

/** Writes it whole or not at all, readable by its owner alone: there are passwords in it. */
export async function saveLastGood(
  path: string,
  { texts, revision, store, folder }: LastGood,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const content = JSON.stringify({
    format: FORMAT,
    store,
    folder,
    revision: String(revision),
    texts: Object.fromEntries(texts),
  });
  const ownership = { mode: 0o600, uid: process.geteuid!(), gid: process.getegid!() };
  const staged = await stageFile(path, Buffer.from(`${content}\n`), ownership);
  try {
    await moveIntoPlace(staged, path, ownership);
  } finally {
    await removeFile(staged);
  }
}

/** Undefined where there is none. Rejects with what is wrong with the file. */
export async function readLastGood(path: string): Promise<LastGood | undefined> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new Error(`${path} is damaged: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const { format, store, folder, revision, texts } = (value ?? {}) as Record<string, unknown>;
  const isGood =
    format === FORMAT &&
    typeof store === 'string' &&
    typeof folder === 'string' &&
    typeof revision === 'string' &&
    /^\d+$/.test(revision) &&
    typeof texts === 'object' &&
    texts !== null &&
    Object.values(texts).every((text) => typeof text === 'string');
  if (!isGood) throw new Error(`${path} is not what this release of Catbird has written`);
  return {
    texts: new Map(Object.entries(texts as Record<string, string>)),
    revision: BigInt(revision),
    store,
    folder,
  };
}

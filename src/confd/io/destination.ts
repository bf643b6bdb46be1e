/** Files that templates are rendered to: staged beside their place, compared, and moved there whole. */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface Ownership {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

interface FileState extends Ownership {
  readonly md5: string;
}

/** The mode and owner that a file is to have: what is asked for, else what it has, else what new files have. */
export async function wantedOwnership(
  path: string,
  mode: number | undefined,
  uid: number | undefined,
  gid: number | undefined,
): Promise<Ownership> {
  const present = mode === undefined ? await stateOf(path) : undefined;
  return {
    mode: mode ?? present?.mode ?? 0o644,
    uid: uid ?? process.geteuid!(),
    gid: gid ?? process.getegid!(),
  };
}

/** Writes a text to a new file in the folder of its place. Returns the new file's path. */
export async function stageFile(path: string, content: Uint8Array, ownership: Ownership): Promise<string> {
  const staged = join(dirname(path), `.${basename(path)}${randomBytes(5).toString('hex')}`);
  const file = await open(staged, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.chmod(ownership.mode);
    await file.chown(ownership.uid, ownership.gid);
    await file.sync();
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return staged;
}

async function stateOf(path: string): Promise<FileState | undefined> {
  try {
    const { mode, uid, gid } = await stat(path);
    const md5 = createHash('md5')
      .update(await readFile(path))
      .digest('hex');
    return { mode: mode & 0o7777, uid, gid, md5 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What a file has other than the staged one: nothing where they are alike; one line for each, in confd's words. */
export async function differences(staged: string, path: string): Promise<string[]> {
  const is = await stateOf(path);
  if (!is) return [`${path} does not exist`];
  const should = (await stateOf(staged))!;
  const mode = (value: number): string => `0${value.toString(8)}`;
  return [
    ...(is.uid === should.uid ? [] : [`${path} has UID ${is.uid} should be ${should.uid}`]),
    ...(is.gid === should.gid ? [] : [`${path} has GID ${is.gid} should be ${should.gid}`]),
    ...(is.mode === should.mode ? [] : [`${path} has mode ${mode(is.mode)} should be ${mode(should.mode)}`]),
    ...(is.md5 === should.md5 ? [] : [`${path} has md5sum ${is.md5} should be ${should.md5}`]),
  ];
}

/** Puts the staged file in its place. A file that is mounted there cannot be replaced: it is written to. */
export async function moveIntoPlace(staged: string, path: string, ownership: Ownership): Promise<void> {
  try {
    await rename(staged, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    await writeFile(path, await readFile(staged));
    await chmod(path, ownership.mode);
    await chown(path, ownership.uid, ownership.gid);
    return;
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** Real files that records are appended to. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';
import type { RecordFile, RecordFiles } from '../record-file.ts';

/** A pipe without a reader fails at once instead of holding one of the few threads that files have. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
const MODE = 0o666;

class AppendedFile implements RecordFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async append(records: Uint8Array): Promise<void> {
    let written = 0;
    try {
      while (written < records.length) {
        const { bytesWritten } = await this.#handle.write(records, written, records.length - written);
        written += bytesWritten;
      }
    } catch (error) {
      await this.#takeBack(written).catch(() => undefined);
      throw inWords(error);
    }
  }

  /** A record that was cut short would make nonsense of all that is appended later. */
  async #takeBack(bytes: number): Promise<void> {
    if (bytes === 0) return;
    const { size } = await this.#handle.stat();
    await this.#handle.truncate(size - bytes);
  }

  async close(): Promise<void> {
    try {
      await this.#handle.close();
    } catch (error) {
      throw inWords(error);
    }
  }
}

export const recordFiles: RecordFiles = {
  async open(path) {
    let handle: FileHandle;
    try {
      handle = await open(path, FLAGS, MODE);
    } catch (error) {
      throw inWords(error);
    }
    const status = await handle.stat();
    if (status.isFile() || status.isCharacterDevice()) return new AppendedFile(handle);
    await handle.close();
    throw new Error('Not a regular file');
  },
};

/** The words that the C library has for an error, as far as those of Node differ in the first letter only. */
function inWords(error: unknown): Error {
  const known =
    error instanceof Error && 'errno' in error && typeof error.errno === 'number'
      ? getSystemErrorMap().get(error.errno)
      : undefined;
  if (!known) return error instanceof Error ? error : new Error(String(error));
  const [, text] = known;
  return new Error(text.charAt(0).toUpperCase() + text.slice(1), { cause: error });
}

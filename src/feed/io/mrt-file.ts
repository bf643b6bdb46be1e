/** MRT files on disk or from a pipe, plain or packed. */
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ChunkSource } from '../mrt-source.ts';
import { FeedError } from '../source.ts';

const READ_BYTES = 262_144;
const UNPACKED_BYTES = 131_072;

type Chunks = AsyncGenerator<Uint8Array>;

/** How packed files start, and what unpacks them. */
const PACKINGS: readonly {
  readonly magic: readonly number[];
  readonly unpack: (packed: Chunks) => Chunks;
}[] = [
  // RFC 1952 section 2.3.1
  { magic: [0x1f, 0x8b], unpack: gunzip },
  // `BZh`
  { magic: [0x42, 0x5a, 0x68], unpack: bunzip2 },
];
const LONGEST_MAGIC = 3;

/** What the system says about files, for people. */
const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

export class MrtFile implements ChunkSource {
  readonly name: string;
  readonly rereadable: boolean;
  readonly total: number | undefined;
  position = 0;
  readonly #path: string;

  private constructor(path: string, size: number | undefined) {
    this.#path = path;
    this.name = path === '-' ? 'standard input' : path;
    // A named pipe has no size and can be read only once either.
    this.rereadable = size !== undefined;
    this.total = size;
  }

  /** @param path `-` for standard input. Rejects with a `FeedError` where there is no such file. */
  static async open(path: string): Promise<MrtFile> {
    if (path === '-') return new MrtFile(path, undefined);
    try {
      const status = await stat(path);
      if (status.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      return new MrtFile(path, status.isFile() ? status.size : undefined);
    } catch (error) {
      throw fileError(path, error);
    }
  }

  async *chunks(): Chunks {
    this.position = 0;
    const packed = this.#read();
    const { head, rest } = await split(packed, LONGEST_MAGIC);
    const packing = PACKINGS.find(({ magic }) => magic.every((byte, i) => head[i] === byte));
    yield* packing ? packing.unpack(rest) : rest;
  }

  async *#read(): Chunks {
    const stream =
      this.#path === '-' ? process.stdin : createReadStream(this.#path, { highWaterMark: READ_BYTES });
    try {
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        this.position += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw fileError(this.name, error);
    }
  }
}

/** The first bytes, and the whole stream with them. */
async function split(chunks: Chunks, length: number): Promise<{ head: Uint8Array; rest: Chunks }> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < length) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Uint8Array.from([...head, ...next.value]);
  }
  async function* rest(): Chunks {
    if (head.length > 0) yield head;
    yield* chunks;
  }
  return { head, rest: rest() };
}

async function* gunzip(packed: Chunks): Chunks {
  const unpacked = pipeline(
    Readable.from(packed),
    createGunzip({ chunkSize: UNPACKED_BYTES }),
    // Errors are seen by the loop below.
    () => undefined,
  );
  try {
    yield* unpacked as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof FeedError) throw error;
    const code = codeOf(error);
    const text =
      code === 'Z_BUF_ERROR' ? 'they end too early' : error instanceof Error ? error.message : code;
    throw new FeedError(`bad gzip data: ${text}`);
  }
}

/** Through the program `bzip2`: no library for it is both small and well kept. */
async function* bunzip2(packed: Chunks): Chunks {
  const child = spawn('bzip2', ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  const ended = new Promise<number | Error>((resolve) => {
    child.once('error', resolve);
    child.once('close', (code) => resolve(code ?? -1));
  });
  const failed = new Promise<unknown>((resolve) => {
    pipeline(Readable.from(packed), child.stdin, resolve);
  });
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>;
    const result = await ended;
    if (result === 0) return;
    if (result instanceof Error) {
      throw new FeedError(
        "it is packed with bzip2, and the program 'bzip2' is not installed (Debian: apt-get install bzip2)",
      );
    }
    const cause = await failed;
    if (cause instanceof FeedError) throw cause;
    throw new FeedError(`bad bzip2 data: ${complaint.trim().split('\n')[0] ?? `exit code ${result}`}`);
  } finally {
    child.kill();
  }
}

function fileError(name: string, error: unknown): FeedError {
  const code = codeOf(error);
  const text = FILE_ERRORS[code] ?? (error instanceof Error ? error.message : String(error));
  return new FeedError(`cannot read ${name}: ${text}`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Files in memory, and records as lines that tests compare. */
import { formatIp, ipFromBytes } from '../base/ip.ts';
import type { RecordFile, RecordFiles } from './record-file.ts';

export interface ReadRecord {
  readonly seconds: number;
  readonly type: number;
  readonly subtype: number;
  readonly body: Buffer;
}

/** The records of a file. Throws where it does not end with a whole one. */
export function readRecords(file: Uint8Array): ReadRecord[] {
  const bytes = Buffer.from(file);
  const records: ReadRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 12 + bytes.readUInt32BE(at + 8);
    if (end > bytes.length) throw new Error(`a record at ${at} ends at ${end}, behind the file`);
    const [seconds, type, subtype] = [
      bytes.readUInt32BE(at),
      bytes.readUInt16BE(at + 4),
      bytes.readUInt16BE(at + 6),
    ];
    records.push({ seconds, type, subtype, body: bytes.subarray(at + 12, end) });
    at = end;
  }
  return records;
}

/** One entry of a RIB record. */
export interface ReadEntry {
  readonly peer: number;
  readonly originated: number;
  readonly pathId: number | undefined;
  readonly attributes: Buffer;
}

/** A RIB record of TABLE_DUMP_V2 (RFC 6396 section 4.3.2, RFC 8050 section 4.1). */
export function readRib({ subtype, body }: ReadRecord): {
  readonly sequence: number;
  readonly prefix: string;
  readonly entries: readonly ReadEntry[];
} {
  const addPath = subtype >= 8;
  const length = body[4]!;
  const octets = (length + 7) >> 3;
  const address = Buffer.alloc(subtype === 2 || subtype === 8 ? 4 : 16);
  body.copy(address, 0, 5, 5 + octets);
  const prefix = `${formatIp(ipFromBytes(address, 0, address.length === 4 ? 4 : 16))}/${length}`;
  let at = 5 + octets;
  const count = body.readUInt16BE(at);
  at += 2;
  const entries: ReadEntry[] = [];
  for (let i = 0; i < count; i++) {
    const peer = body.readUInt16BE(at);
    const originated = body.readUInt32BE(at + 2);
    const pathId = addPath ? body.readUInt32BE(at + 6) : undefined;
    at += addPath ? 10 : 6;
    const end = at + 2 + body.readUInt16BE(at);
    entries.push({ peer, originated, pathId, attributes: body.subarray(at + 2, end) });
    at = end;
  }
  if (at !== body.length) throw new Error(`${prefix}: ${body.length - at} bytes too many`);
  return { sequence: body.readUInt32BE(0), prefix, entries };
}

/** The peers of a PEER_INDEX_TABLE: `10.0.0.1 65000 192.0.2.1`, identifier, AS and address. */
export function readPeers({ body }: ReadRecord): { readonly view: string; readonly peers: string[] } {
  const nameEnd = 6 + body.readUInt16BE(4);
  let at = nameEnd + 2;
  const peers: string[] = [];
  for (let left = body.readUInt16BE(nameEnd); left > 0; left--) {
    const width = body[at]! & 1 ? 16 : 4;
    const id = formatIp(ipFromBytes(body, at + 1, 4));
    const address = formatIp(ipFromBytes(body, at + 5, width));
    const as = body[at]! & 2 ? body.readUInt32BE(at + 5 + width) : body.readUInt16BE(at + 5 + width);
    peers.push(`${id} ${as} ${address}`);
    at += 5 + width + (body[at]! & 2 ? 4 : 2);
  }
  return { view: body.subarray(6, nameEnd).toString(), peers };
}

/** Files in memory. */
export class MemoryFiles implements RecordFiles {
  readonly contents = new Map<string, Buffer>();
  /** What opening and writing fail with. */
  openError: string | undefined;
  writeError: string | undefined;
  /** Writes that are under way wait until it is resolved. */
  gate: Promise<void> = Promise.resolve();
  opened = 0;
  isOpen = 0;

  async open(path: string): Promise<RecordFile> {
    await Promise.resolve();
    if (this.openError !== undefined) throw new Error(this.openError);
    this.opened++;
    this.isOpen++;
    if (!this.contents.has(path)) this.contents.set(path, Buffer.alloc(0));
    let isWriting = false;
    return {
      append: async (records) => {
        if (isWriting) throw new Error('two writes at once');
        isWriting = true;
        await this.gate;
        isWriting = false;
        if (this.writeError !== undefined) throw new Error(this.writeError);
        this.contents.set(path, Buffer.concat([this.contents.get(path) ?? Buffer.alloc(0), records]));
      },
      close: async () => {
        await Promise.resolve();
        this.isOpen--;
      },
    };
  }

  records(path: string): ReadRecord[] {
    return readRecords(this.contents.get(path) ?? Buffer.alloc(0));
  }
}

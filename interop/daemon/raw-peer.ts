/** A neighbour that can say anything: bytes in, messages out, no rules kept. */
import { createConnection, type Socket } from 'node:net';

export const MARKER: readonly number[] = new Array<number>(16).fill(0xff);

/** A whole message of a type, with the right length unless another one is asked for. */
export function message(type: number, body: readonly number[] = [], length = 19 + body.length): Uint8Array {
  return Uint8Array.from([...MARKER, length >> 8, length & 255, type, ...body]);
}

/** An OPEN that a reflector of AS 65000 takes; `parameters` as in RFC 4271 section 4.2. */
export function open(
  routerId: number,
  { version = 4, as = 65000, holdTime = 90, parameters = CAPABILITIES }: Partial<OpenFields> = {},
): Uint8Array {
  return message(1, [
    version,
    as >> 8,
    as & 255,
    holdTime >> 8,
    holdTime & 255,
    routerId >>> 24,
    (routerId >>> 16) & 255,
    (routerId >>> 8) & 255,
    routerId & 255,
    parameters.length,
    ...parameters,
  ]);
}

interface OpenFields {
  version: number;
  as: number;
  holdTime: number;
  parameters: readonly number[];
}

/** Multiprotocol IPv4 unicast and 4-octet AS 65000. */
export const CAPABILITIES: readonly number[] = [2, 6, 1, 4, 0, 1, 0, 1, 2, 6, 65, 4, 0, 0, 0xfd, 0xe8];

export const KEEPALIVE = message(4);

export class RawPeer {
  readonly received: Uint8Array[] = [];
  closed = false;
  /** Is told of each message after it was received. */
  onMessage: ((bytes: Uint8Array) => void) | undefined;
  /** Resolves when the connection is closed. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      while (this.#rest.length >= 19) {
        const length = this.#rest.readUInt16BE(16);
        if (this.#rest.length < length) break;
        const bytes = Uint8Array.from(this.#rest.subarray(0, length));
        this.received.push(bytes);
        this.#rest = this.#rest.subarray(length);
        this.onMessage?.(bytes);
      }
      this.#wake();
    });
    socket.on('error', () => undefined);
    this.ended = new Promise((settle) => {
      socket.on('close', () => {
        this.closed = true;
        this.#wake();
        settle();
      });
    });
  }

  static async connect(port: number, localAddress: string): Promise<RawPeer> {
    const socket = createConnection({ port, host: '127.0.0.1', localAddress });
    const peer = new RawPeer(socket);
    await new Promise((done, fail) => {
      socket.once('connect', done);
      socket.once('error', fail);
    });
    return peer;
  }

  /** Connects and goes through OPEN and KEEPALIVE. */
  static async establish(port: number, localAddress: string, routerId: number): Promise<RawPeer> {
    const peer = await RawPeer.connect(port, localAddress);
    peer.send(open(routerId));
    await peer.until(() => peer.received.some((bytes) => bytes[18] === 1));
    peer.send(KEEPALIVE);
    await peer.until(() => peer.received.some((bytes) => bytes[18] === 4));
    return peer;
  }

  send(bytes: Uint8Array): void {
    if (!this.closed) this.#socket.write(bytes);
  }

  /** Code and subcode of the NOTIFICATION that ended the connection; undefined where it ended without a word. */
  get notification(): [number, number] | undefined {
    const found = this.received.find((bytes) => bytes[18] === 3);
    return found && [found[19]!, found[20]!];
  }

  /** Resolves when `reached` holds; rejects after ten seconds, or when the connection ends first. */
  async until(reached: () => boolean): Promise<void> {
    const limit = setTimeout(() => {
      this.closed = true;
      this.#wake();
    }, 10_000);
    while (!reached() && !this.closed) await new Promise<void>((wake) => (this.#wake = wake));
    clearTimeout(limit);
    if (!reached()) throw new Error('the connection ended, or nothing came for ten seconds');
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** The real network: TCP over Node's sockets, with the options that Node lacks set on their descriptors. */
import { createServer, Socket, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { formatIp, parseIp, type IpAddress } from '../../base/ip.ts';
import type {
  AcceptedTransport,
  ConnectAttempt,
  ConnectOptions,
  Endpoint,
  Listener,
  ListenerPeer,
  ListenOptions,
  Network,
  Transport,
} from '../transport.ts';
import {
  bindToDevice,
  closeSocket,
  duplicateSocket,
  openTcpSocket,
  setInternetworkControl,
  setMd5Key,
  setMinTtl,
  setTtl,
} from './socket-options.ts';

/** One read takes at most this much, and a socket that fills it waits for the next turn of the event loop. */
const READ_BUFFER_LENGTH = 131_072;

const MAX_TTL = 255;

/** Connections that the kernel completes while we are busy. */
const LISTEN_BACKLOG = 4096;

/** Node keeps the descriptor there; it has no public accessor. */
interface WithHandle {
  readonly _handle: { readonly fd: number } | null;
}

function descriptorOf(owner: Socket | Server): number {
  const handle = (owner as unknown as WithHandle)._handle;
  if (!handle || handle.fd < 0) throw new Error('The socket is closed');
  return handle.fd;
}

/** An address with its zone, as Node takes it. */
function hostOf(address: IpAddress, zone: string | undefined): string {
  const text = formatIp(address);
  return zone !== undefined && isLinkLocal(address) ? `${text}%${zone}` : text;
}

function isLinkLocal(address: IpAddress): boolean {
  return address.version === 6 && address.words[0]! >>> 22 === 0xfe80 >>> 6;
}

function endpointOf(text: string | undefined, port: number | undefined): Endpoint {
  const [address = '', zone] = (text ?? '').split('%');
  return { address: parseIp(address) ?? { version: 4, words: [0] }, port: port ?? 0, ...(zone && { zone }) };
}

export class TcpNetwork implements Network {
  /**
   * All sockets read into this one buffer: its bytes are handed on during the read and not kept. It is no Buffer, whose
   * `slice` would not copy.
   */
  readonly #readBuffer = new Uint8Array(READ_BUFFER_LENGTH);
  readonly #completions = new Completions();

  connect(
    options: ConnectOptions,
    connected: (transport: Transport) => void,
    failed: (error: Error) => void,
  ): ConnectAttempt {
    let transport: TcpTransport;
    try {
      transport = this.#openTransport(options);
    } catch (error) {
      const pending = setImmediate(() => failed(error instanceof Error ? error : new Error(String(error))));
      return { cancel: () => clearImmediate(pending) };
    }
    let settled = false;
    transport.onClose = (error) => {
      settled = true;
      failed(error ?? new Error('Connection closed'));
    };
    transport.connect(options, () => {
      settled = true;
      transport.onClose = () => undefined;
      connected(transport);
    });
    return {
      cancel: () => {
        if (settled) return;
        transport.onClose = () => undefined;
        transport.destroy();
      },
    };
  }

  #openTransport(options: ConnectOptions): TcpTransport {
    const { address } = options.remote;
    const fd = openTcpSocket(address.version);
    try {
      setInternetworkControl(fd, address.version);
      if (options.ttl !== undefined) setTtl(fd, address.version, options.ttl);
      if (options.minTtl !== undefined) setMinTtl(fd, address.version, options.minTtl);
      if (options.device !== undefined) bindToDevice(fd, options.device);
      if (options.password !== undefined) {
        setMd5Key(fd, { address, prefixLength: address.words.length * 32, password: options.password });
      }
      return new TcpTransport(fd, this.#readBuffer, this.#completions, false);
    } catch (error) {
      closeSocket(fd);
      throw error;
    }
  }

  listen(options: ListenOptions, accepted: (transport: AcceptedTransport) => void): Promise<Listener> {
    const { local, acceptFailed = (): void => undefined } = options;
    const host = hostOf(local.address, local.zone);
    return new Promise((resolve, reject) => {
      const server = createServer({ pauseOnConnect: true }, (socket) => {
        const transport = this.#adopt(socket, acceptFailed);
        if (transport) accepted(transport);
      });
      server.once('error', (error) => reject(listenError(error, host, local.port)));
      server.listen({ host, port: local.port, ipv6Only: true, backlog: LISTEN_BACKLOG }, () => {
        try {
          const fd = descriptorOf(server);
          setInternetworkControl(fd, local.address.version);
          // A neighbour with GTSM drops our answer to its SYN unless that has the largest TTL (RFC 5082 section 3); the
          // sessions set their own when they have accepted.
          setTtl(fd, local.address.version, MAX_TTL);
        } catch (error) {
          server.close();
          reject(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        // Errors of single connections (too many open files, aborted in the queue) leave the listener as it is.
        server.removeAllListeners('error');
        server.on('error', acceptFailed);
        resolve(new TcpListener(server, local));
      });
    });
  }

  /** Takes over an accepted socket under a descriptor of its own, so that it reads into the shared buffer. */
  #adopt(socket: Socket, failed: (error: Error) => void): TcpTransport | undefined {
    socket.on('error', () => undefined);
    try {
      const fd = duplicateSocket(descriptorOf(socket));
      return new TcpTransport(fd, this.#readBuffer, this.#completions, true);
    } catch (error) {
      // The connection is gone already, or we are out of descriptors: the other side will try again.
      failed(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    } finally {
      socket.destroy();
    }
  }
}

/** Says what is wrong and what to do about it. */
function listenError(error: Error, host: string, port: number): Error {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const hints: Readonly<Record<string, string>> = {
    EACCES: `port ${port} needs root or the capability CAP_NET_BIND_SERVICE`,
    EADDRINUSE: `the address is in use: another BGP daemon may run (see: ss -ltnp sport = :${port})`,
    EADDRNOTAVAIL: `the address is on none of this machine's interfaces (${Object.keys(networkInterfaces()).join(', ')})`,
  };
  const reason = hints[code] ?? error.message;
  return Object.assign(new Error(`Cannot listen on ${host} port ${port}: ${reason}`, { cause: error }), {
    code,
  });
}

/**
 * Tells writers that their writes are done, once per turn of the event loop: a reader that is as fast as we are could
 * otherwise keep one writer busy for ever.
 */
class Completions {
  #queue: (() => void)[] = [];

  add(done: () => void): void {
    this.#queue.push(done);
    if (this.#queue.length > 1) return;
    setImmediate(() => {
      const queue = this.#queue;
      this.#queue = [];
      for (const run of queue) run();
    });
  }
}

class TcpListener implements Listener {
  readonly local: Endpoint;
  readonly #server: Server;

  constructor(server: Server, asked: Endpoint) {
    this.#server = server;
    const bound = server.address();
    this.local = typeof bound === 'object' && bound ? { ...asked, port: bound.port } : asked;
  }

  setPeer(peer: ListenerPeer): void {
    setMd5Key(descriptorOf(this.#server), peer);
  }

  removePeer({ address, prefixLength }: ListenerPeer): void {
    setMd5Key(descriptorOf(this.#server), { address, prefixLength });
  }

  close(): void {
    this.#server.close();
  }
}

/** `manualStart` keeps the constructor from reading a socket that is not connected yet; Node does not document it. */
interface SocketOptions {
  readonly fd: number;
  readonly manualStart: true;
  readonly onread: {
    readonly buffer: Uint8Array;
    readonly callback: (length: number, buffer: Uint8Array) => boolean;
  };
}

class TcpTransport implements AcceptedTransport {
  local: Endpoint;
  remote: Endpoint;
  onData: (bytes: Uint8Array) => void = () => undefined;
  onClose: (error?: Error) => void = () => undefined;
  readonly #socket: Socket;
  readonly #completions: Completions;
  #paused = false;
  #discarding = false;
  #destroyed = false;
  #error: Error | undefined;

  /** @param fd a socket of its own; from here on the transport's */
  constructor(fd: number, buffer: Uint8Array, completions: Completions, isConnected: boolean) {
    this.#completions = completions;
    const options: SocketOptions = {
      fd,
      manualStart: true,
      onread: { buffer, callback: (length) => this.#read(buffer, length) },
    };
    this.#socket = new Socket(options);
    this.#socket.on('error', (error) => {
      this.#error = error;
    });
    this.#socket.on('close', () => {
      if (!this.#destroyed) this.onClose(this.#error);
    });
    this.local = endpointOf(this.#socket.localAddress, this.#socket.localPort);
    this.remote = endpointOf(this.#socket.remoteAddress, this.#socket.remotePort);
    if (!isConnected) return;
    this.#socket.setNoDelay(true);
    setImmediate(() => this.#startReading());
  }

  /** Connects; what goes wrong is told to `onClose`. */
  connect({ remote, localAddress }: ConnectOptions, connected: () => void): void {
    const socket = this.#socket;
    socket.once('connect', () => {
      this.local = { ...endpointOf(socket.localAddress, socket.localPort) };
      this.remote = { ...endpointOf(socket.remoteAddress, socket.remotePort) };
      socket.setNoDelay(true);
      connected();
    });
    socket.connect({
      host: hostOf(remote.address, remote.zone),
      port: remote.port,
      ...(localAddress && { localAddress: hostOf(localAddress, remote.zone) }),
    });
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  setTtl(options: { ttl?: number; minTtl?: number }): void {
    const { version } = this.remote.address;
    if (options.ttl !== undefined) setTtl(descriptorOf(this.#socket), version, options.ttl);
    if (options.minTtl !== undefined) setMinTtl(descriptorOf(this.#socket), version, options.minTtl);
  }

  write(chunks: readonly Uint8Array[], done?: () => void): void {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded || chunks.length === 0) return;
    const last = chunks.length - 1;
    // Corked chunks go to the kernel in one writev.
    if (last > 0) socket.cork();
    for (let i = 0; i < last; i++) socket.write(chunks[i]!);
    socket.write(chunks[last]!, (error) => {
      if (!error && done) this.#completions.add(() => !this.#socket.destroyed && done());
    });
    if (last > 0) socket.uncork();
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#startReading();
  }

  end(): void {
    this.#discarding = true;
    this.resume();
    this.#socket.end();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#socket.destroy();
    setImmediate(() => this.onClose(this.#error));
  }

  #startReading(): void {
    if (!this.#paused && !this.#socket.destroyed) this.#socket.resume();
  }

  /** One read. Returning false stops reading, until `resume`. */
  #read(buffer: Uint8Array, length: number): boolean {
    if (!this.#discarding && !this.#destroyed) this.onData(buffer.subarray(0, length));
    if (this.#paused) return false;
    if (length < buffer.length) return true;
    // There is more; the other sockets come first.
    setImmediate(() => this.#startReading());
    return false;
  }
}

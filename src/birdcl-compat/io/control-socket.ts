/** The control socket: a Unix stream socket with BIRD's mode, one `CliSession` a connection. */
import { chmodSync, existsSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import { Commands } from '../cli/commands.ts';
import type { DaemonView } from '../cli/daemon-view.ts';
import { DEFAULT_DIALECT, type SocketDialect } from '../cli/dialect.ts';
import { CliSession } from '../cli/protocol.ts';
import type { CliTransport } from '../cli/protocol.ts';

/** BIRD's mode: its owner and group may connect. */
const SOCKET_MODE = 0o660;
/** Connections at once; more are closed. */
const MAX_CONNECTIONS = 128;

export interface ControlSocket {
  readonly path: string;
  /** Of connections that come from now on. */
  dialect: SocketDialect;
  /** Stops listening and closes all connections; the file goes. */
  close(): void;
}

/** Bytes of an answer that may wait for a client to read, so that neither waits for the other at every turn. */
const MAX_UNREAD = 128 * 1024;

/** Whether somebody answers at a socket file. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

/** Makes way for a socket: a file that a dead process left is taken away. */
async function clear(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is not a socket`);
  if (await isAlive(path)) throw new Error(`${path} is in use by another process`);
  unlinkSync(path);
}

/** With those above it. Node's own recursion does not end where the system refuses with ENOENT, as below /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function serve(socket: Socket, view: DaemonView, dialect: SocketDialect): void {
  socket.setEncoding('utf8');
  const transport: CliTransport = {
    write: (text) => socket.write(text),
    soon: (run) => setImmediate(run),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
  const held: { session?: CliSession } = {};
  const session = new CliSession(
    transport,
    new Commands(view, (text) => held.session?.notice(text), dialect),
  );
  held.session = session;
  socket.on('data', (text: string) => session.received(text));
  socket.on('drain', () => session.drained());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => session.closed());
}

/**
 * Listens at `path`. Rejects, with a message that names the path, where another process does, or where the file
 * cannot be made.
 */
export async function openControlSocket(
  path: string,
  view: DaemonView,
  dialect: SocketDialect = DEFAULT_DIALECT,
): Promise<ControlSocket> {
  makeFolder(dirname(path));
  await clear(path);
  const sockets = new Set<Socket>();
  const opened: ControlSocket = {
    path,
    dialect,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  const server: Server = createServer({ highWaterMark: MAX_UNREAD }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, view, opened.dialect);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`Cannot listen at ${path}: ${error.message}`, { cause: error })),
    );
    // The file is made during the call, and must not be open to others even for a moment.
    const umask = process.umask(0o777 & ~SOCKET_MODE);
    server.listen(path, resolve);
    process.umask(umask);
  });
  chmodSync(path, SOCKET_MODE);
  return opened;
}

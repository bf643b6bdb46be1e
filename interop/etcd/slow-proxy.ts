/** A wire to a port of this machine that passes on what comes late, or not at all. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class SlowProxy {
  /** How long each piece of an answer is held back; undefined: for ever. Of pieces that come from now on. */
  delayMs: number | undefined = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(port: number): Promise<SlowProxy> {
    const server = createServer();
    const proxy = new SlowProxy(server);
    server.on('connection', (near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) {
        proxy.#sockets.add(socket);
        socket.on('error', () => undefined);
      }
      near.on('data', (chunk) => far.write(chunk));
      far.on('data', (chunk) => {
        if (proxy.delayMs !== undefined) setTimeout(() => near.write(chunk), proxy.delayMs);
      });
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    return proxy;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (!address || typeof address === 'string') throw new Error('the proxy is closed');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((settle) => this.#server.close(settle));
  }
}

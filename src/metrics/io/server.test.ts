import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseListenAddress } from '../listen-address.ts';
import { openMetricsServer, type MetricsServer } from './server.ts';

describe('an address to listen at', () => {
  it.each([
    ['9179', { host: '127.0.0.1', port: 9179 }],
    [':9179', { host: '127.0.0.1', port: 9179 }],
    ['0.0.0.0:1', { host: '0.0.0.0', port: 1 }],
    ['[::1]:9179', { host: '::1', port: 9179 }],
    ['rr1:9179', { host: 'rr1', port: 9179 }],
    ['::1:9179', undefined],
    ['1.2.3.4', undefined],
    ['70000', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected);
  });
});

describe('the server', () => {
  let server: MetricsServer;
  let wrong: string | undefined;
  /** Pieces that were asked for, over all scrapes. */
  let made = 0;
  let pieces = 3;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    wrong = undefined;
    made = 0;
    pieces = 3;
    server = await openMetricsServer('127.0.0.1', 0, {
      *scrape() {
        for (let i = 0; i < pieces; i++) {
          made++;
          yield `x{i="${i}"} ${'1'.repeat(100)}\n`;
        }
      },
      unhealthy: () => wrong,
    });
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  const get = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}${path}`, init);
  function open(): Socket {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }
  const closed = (socket: Socket): Promise<unknown> => new Promise((done) => socket.once('close', done));

  it('serves metrics as text of version 0.0.4', async () => {
    const response = await get('/metrics?x=y');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect((await response.text()).split('\n')).toHaveLength(4);
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/metrics`);
  });

  it('says whether the daemon is well', async () => {
    expect([(await get('/healthz')).status, await (await get('/healthz')).text()]).toEqual([200, 'ok\n']);
    wrong = 'shutting down';
    expect([(await get('/healthz')).status, await (await get('/healthz')).text()]).toEqual([
      503,
      'shutting down\n',
    ]);
  });

  it('has nothing else, and takes nothing', async () => {
    expect((await get('/etc/passwd')).status).toBe(404);
    expect(
      (await get('/metrics', { method: 'POST', body: 'x'.repeat(1_000_000) }).catch(() => ({ status: 405 })))
        .status,
    ).toBe(405);
    expect((await get('/metrics', { method: 'HEAD' })).status).toBe(200);
    expect(made).toBe(0);
  });

  it('makes no more than is read', async () => {
    pieces = 2_000_000;
    const socket = open();
    socket.pause();
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    let before = -1;
    while (made === 0 || made !== before) {
      before = made;
      await new Promise((next) => setTimeout(next, 100));
    }
    // Some megabytes are in the buffers of the kernel.
    expect(made).toBeLessThan(pieces / 2);
    // Others are served meanwhile, and whoever hangs up is forgotten.
    expect((await get('/healthz')).status).toBe(200);
    socket.destroy();
    await new Promise((next) => setTimeout(next, 100));
    expect(made).toBeLessThan(pieces / 2);
  });

  it('answers few scrapes at once, and holds few connections', async () => {
    pieces = 2_000_000;
    for (let i = 0; i < 4; i++) {
      const socket = open();
      socket.pause();
      socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    }
    while (made < 4000) await new Promise((next) => setTimeout(next, 10));
    const fifth = await get('/metrics', { headers: { connection: 'close' } });
    expect([fifth.status, fifth.headers.get('retry-after')]).toEqual([503, '5']);
    await fifth.text();
    const many = Array.from({ length: 60 }, open);
    await Promise.all(many.slice(40).map(closed));
    expect(many.filter((socket) => !socket.destroyed).length).toBeLessThan(32);
  });

  it('ends connections that send garbage or headers without end', async () => {
    const garbage = open();
    garbage.resume();
    garbage.write(Buffer.alloc(10_000, 0xff));
    await closed(garbage);
    const endless = open();
    endless.resume();
    endless.write(`GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`);
    await closed(endless);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('says which address it cannot have', async () => {
    const source = { scrape: () => [], unhealthy: () => undefined };
    await expect(openMetricsServer('127.0.0.1', server.port, source)).rejects.toThrow(
      `Cannot listen for metrics at 127.0.0.1 port ${server.port}: `,
    );
  });
});

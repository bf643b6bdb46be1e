/** What every `Network` and `Transport` must do, run against real TCP and against the simulation. */
import { afterEach, expect, it } from 'vitest';
import type { AcceptedTransport, Endpoint, Listener, Network, Transport } from './transport.ts';

export interface TransportHarness {
  readonly client: Network;
  readonly server: Network;
  /** Where the server may listen; port 0 lets it choose. */
  readonly address: Endpoint['address'];
  /** An address of the server on which nothing can listen that is asked for by `refused`. */
  readonly refused: Endpoint;
  /** An address that is not this server's. */
  readonly foreign: Endpoint['address'];
  /** Lets things happen until the condition holds; fails after a while. */
  until(condition: () => boolean): Promise<void>;
  /** Lets things happen for a short while. */
  rest(): Promise<void>;
}

class End {
  readonly transport: Transport;
  readonly pieces: Uint8Array[] = [];
  closes: (Error | undefined)[] = [];

  constructor(transport: Transport) {
    this.transport = transport;
    // The bytes are valid during the call only.
    transport.onData = (bytes) => this.pieces.push(bytes.slice());
    transport.onClose = (error) => this.closes.push(error);
  }

  get length(): number {
    return this.pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.pieces));
  }
}

/** A chunk whose every byte tells where it stood. */
function pattern(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => ((from + i) * 2654435761) >>> 24);
}

/** Compared by hand: a report of differing megabytes helps nobody. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Declares the tests; call inside `describe`. */
export function transportContract(open: () => Promise<TransportHarness> | TransportHarness): void {
  const listeners: Listener[] = [];
  const ends: End[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end.transport.destroy();
    for (const listener of listeners.splice(0)) listener.close();
  });

  async function listen(
    harness: TransportHarness,
    accepted: (transport: AcceptedTransport) => void,
  ): Promise<Listener> {
    const listener = await harness.server.listen({ local: { address: harness.address, port: 0 } }, accepted);
    listeners.push(listener);
    return listener;
  }

  async function pair(harness: TransportHarness): Promise<[End, End]> {
    let server: End | undefined;
    let client: End | undefined;
    const listener = await listen(harness, (transport) => {
      server = new End(transport);
      ends.push(server);
    });
    harness.client.connect(
      { remote: listener.local },
      (transport) => {
        client = new End(transport);
        ends.push(client);
      },
      (error) => {
        throw error;
      },
    );
    await harness.until(() => server !== undefined && client !== undefined);
    return [client!, server!];
  }

  it('delivers a stream in order, both ways, and tells when writes are taken', async () => {
    const harness = await open();
    const [client, server] = await pair(harness);
    const taken: string[] = [];
    client.transport.write([pattern(10), pattern(3000, 10), pattern(1, 3010)], () => taken.push('first'));
    client.transport.write([pattern(5, 3011)], () => taken.push('second'));
    server.transport.write([pattern(100_000)], () => taken.push('third'));
    expect(taken).toEqual([]);
    await harness.until(() => server.length === 3016 && client.length === 100_000 && taken.length === 3);
    expect(sameBytes(server.bytes, pattern(3016))).toBe(true);
    expect(sameBytes(client.bytes, pattern(100_000))).toBe(true);
    expect(taken.indexOf('first')).toBeLessThan(taken.indexOf('second'));
    expect(client.transport.pendingBytes).toBe(0);
  });

  it('tells both ends who they are', async () => {
    const harness = await open();
    const [client, server] = await pair(harness);
    expect(client.transport.remote).toEqual(server.transport.local);
    expect(server.transport.remote).toEqual(client.transport.local);
    expect(server.transport.local.address).toEqual(harness.address);
  });

  it('holds back what arrives while paused, and pushes back on the writer', async () => {
    const harness = await open();
    const [client, server] = await pair(harness);
    server.transport.pause();
    let taken = false;
    const length = 32 * 1024 * 1024;
    client.transport.write([pattern(1000), new Uint8Array(length)], () => (taken = true));
    await harness.rest();
    expect(server.length).toBe(0);
    expect(taken).toBe(false);
    expect(client.transport.pendingBytes).toBeGreaterThan(0);
    server.transport.resume();
    await harness.until(() => taken && server.length === length + 1000);
    expect(sameBytes(server.bytes.subarray(0, 1000), pattern(1000))).toBe(true);
  });

  it('can pause from within a delivery', async () => {
    const harness = await open();
    const [client, server] = await pair(harness);
    server.transport.onData = (bytes) => {
      server.pieces.push(bytes.slice());
      server.transport.pause();
    };
    client.transport.write([pattern(500_000)]);
    await harness.until(() => server.pieces.length === 1);
    await harness.rest();
    expect(server.pieces.length).toBe(1);
    server.transport.resume();
    await harness.until(() => server.pieces.length === 2);
  });

  it('sends what is pending before it ends, and closes both ends once', async () => {
    const harness = await open();
    const [client, server] = await pair(harness);
    client.transport.write([pattern(200_000)]);
    client.transport.end();
    await harness.until(() => server.closes.length === 1 && client.closes.length === 1);
    expect(sameBytes(server.bytes, pattern(200_000))).toBe(true);
    expect(server.closes).toEqual([undefined]);
    await harness.rest();
    expect([server.closes.length, client.closes.length]).toEqual([1, 1]);
  });

  it('throws away what arrives after end', async () => {
    const harness = await open();
    const [client, server] = await pair(harness);
    server.transport.write([pattern(1000)]);
    client.transport.end();
    await harness.until(() => client.closes.length === 1);
    expect(client.length).toBe(0);
  });

  it('closes both ends when one is destroyed, telling neither synchronously', async () => {
    const harness = await open();
    const [client, server] = await pair(harness);
    client.transport.destroy();
    expect(client.closes.length).toBe(0);
    client.transport.write([pattern(10)], () => expect.unreachable());
    await harness.until(() => server.closes.length === 1 && client.closes.length === 1);
    client.transport.destroy();
    await harness.rest();
    expect([server.closes.length, client.closes.length, server.length]).toEqual([1, 1, 0]);
  });

  it('says that a connection was refused, later', async () => {
    const harness = await open();
    let error: Error | undefined;
    harness.client.connect(
      { remote: harness.refused },
      () => expect.unreachable(),
      (cause) => (error = cause),
    );
    expect(error).toBeUndefined();
    await harness.until(() => error !== undefined);
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('calls nobody after an attempt was cancelled', async () => {
    const harness = await open();
    const listener = await listen(harness, () => undefined);
    for (const remote of [listener.local, harness.refused]) {
      const attempt = harness.client.connect(
        { remote },
        () => expect.unreachable(),
        () => expect.unreachable(),
      );
      attempt.cancel();
    }
    await harness.rest();
  });

  it('leaves a connection alone when its attempt is cancelled afterwards', async () => {
    const harness = await open();
    const listener = await listen(harness, (transport) => ends.push(new End(transport)));
    let client: End | undefined;
    const attempt = harness.client.connect(
      { remote: listener.local },
      (transport) => ends.push((client = new End(transport))),
      () => expect.unreachable(),
    );
    await harness.until(() => client !== undefined);
    attempt.cancel();
    await harness.rest();
    expect(client!.closes).toEqual([]);
  });

  it('refuses to listen twice, and names the address', async () => {
    const harness = await open();
    const listener = await listen(harness, () => undefined);
    await expect(harness.server.listen({ local: listener.local }, () => undefined)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringMatching(`port ${listener.local.port}`) as string,
    });
    const foreign = { address: harness.foreign, port: 0 };
    await expect(harness.server.listen({ local: foreign }, () => undefined)).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
  });

  it('accepts nothing after a listener was closed', async () => {
    const harness = await open();
    const listener = await listen(harness, () => expect.unreachable());
    listener.close();
    let error: Error | undefined;
    harness.client.connect(
      { remote: listener.local },
      () => expect.unreachable(),
      (cause) => (error = cause),
    );
    await harness.until(() => error !== undefined);
  });
}

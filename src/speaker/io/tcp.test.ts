import { afterEach, describe, expect, it } from 'vitest';
import { parseIp, type IpAddress } from '../../base/ip.ts';
import { transportContract } from '../transport.contract.ts';
import type { AcceptedTransport, ConnectOptions, Listener, ListenerPeer, Transport } from '../transport.ts';
import { md5Refusal } from './md5-support.ts';
import { TcpNetwork } from './tcp.ts';

const DEADLINE_MS = 10_000;

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > end) expect.fail('Condition does not come true');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

describe.each(['127.0.0.1', '::1'])('the transport contract on TCP over %s', (text) => {
  const address = parseIp(text)!;
  const network = new TcpNetwork();
  transportContract(() => ({
    client: network,
    server: network,
    address,
    refused: { address, port: 1 },
    foreign: parseIp(text === '::1' ? '2001:db8::1' : '192.0.2.1')!,
    until,
    rest,
  }));
});

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const run of cleanup.splice(0)) run();
});

async function listen(
  address: IpAddress,
  accepted: (transport: AcceptedTransport) => void = () => undefined,
): Promise<Listener> {
  const listener = await new TcpNetwork().listen({ local: { address, port: 0 } }, (transport) => {
    cleanup.push(() => transport.destroy());
    accepted(transport);
  });
  cleanup.push(() => listener.close());
  return listener;
}

/** The connection, or undefined where none is made within `waitMs`. */
async function connect(options: ConnectOptions, waitMs = DEADLINE_MS): Promise<Transport | undefined> {
  let transport: Transport | undefined;
  let failed = false;
  const attempt = new TcpNetwork().connect(
    options,
    (it) => (transport = it),
    () => (failed = true),
  );
  const end = performance.now() + waitMs;
  while (!transport && !failed && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 5));
  attempt.cancel();
  cleanup.push(() => transport?.destroy());
  return transport;
}

const refusal = md5Refusal();

describe.skipIf(refusal !== undefined)(
  `TCP MD5 on loopback${refusal === undefined ? '' : ` (skipped: ${refusal})`}`,
  () => {
    const one = (text: string): Omit<ListenerPeer, 'password'> => {
      const address = parseIp(text)!;
      return { address, prefixLength: address.words.length * 32 };
    };
    const wide = (text: string, prefixLength: number): Omit<ListenerPeer, 'password'> => ({
      address: parseIp(text)!,
      prefixLength,
    });

    it.each<[string, string, string, Omit<ListenerPeer, 'password'>, string | undefined, boolean]>([
      ['the right key of a peer', '127.0.0.1', '127.0.31.2', one('127.0.31.2'), 'sesame', true],
      ['the wrong key of a peer', '127.0.0.1', '127.0.31.2', one('127.0.31.2'), 'simsim', false],
      ['no key from a peer that has one', '127.0.0.1', '127.0.31.2', one('127.0.31.2'), undefined, false],
      ['no key from another peer', '127.0.0.1', '127.0.31.3', one('127.0.31.2'), undefined, true],
      ['the right key within a range', '127.0.0.1', '127.0.31.77', wide('127.0.31.0', 24), 'sesame', true],
      ['the wrong key within a range', '127.0.0.1', '127.0.31.77', wide('127.0.31.0', 24), 'simsim', false],
      ['no key from outside a range', '127.0.0.1', '127.0.32.1', wide('127.0.31.0', 24), undefined, true],
      [
        'the right key on a listener on any address',
        '0.0.0.0',
        '127.0.31.2',
        one('127.0.31.2'),
        'sesame',
        true,
      ],
      ['the right key over IPv6', '::1', '::1', one('::1'), 'sesame', true],
      ['the wrong key over IPv6', '::1', '::1', one('::1'), 'simsim', false],
      ['the right key within an IPv6 range', '::', '::1', wide('::', 64), 'sesame', true],
      ['no key within an IPv6 range', '::', '::1', wide('::', 64), undefined, false],
    ])('with %s', async (_name, local, source, peer, offered, works) => {
      const listener = await listen(parseIp(local)!);
      listener.setPeer({ ...peer, password: 'sesame' });
      const remote = {
        address: parseIp(local === '::' ? '::1' : local === '0.0.0.0' ? '127.0.0.1' : local)!,
      };
      const options = {
        remote: { ...remote, port: listener.local.port },
        localAddress: parseIp(source)!,
        ...(offered !== undefined && { password: offered }),
      };
      expect((await connect(options, works ? DEADLINE_MS : 300)) !== undefined).toBe(works);
      listener.removePeer(peer);
      listener.removePeer(peer);
      const { password: _password, ...open } = { password: '', ...options };
      expect((await connect(open)) !== undefined).toBe(true);
    });

    it('with a key too long says so', async () => {
      const listener = await listen(parseIp('127.0.0.1')!);
      const peer = { ...one('127.0.31.2'), password: 'x'.repeat(81) };
      expect(() => listener.setPeer(peer)).toThrow(
        /127\.0\.31\.2\/32 has 81 bytes; TCP MD5 takes 80 at most/,
      );
    });
  },
);

describe.each([
  ['127.0.0.1', 'IPv4'],
  ['::1', 'IPv6'],
])('GTSM over %s', (text) => {
  const address = parseIp(text)!;

  it.each([
    ['255 where 255 is needed', 255, 255, true],
    ['254 where 255 is needed', 254, 255, false],
    ['254 where 254 is needed', 254, 254, true],
    ['1 where nothing is needed', 1, undefined, true],
  ])('a sender with TTL %s', async (_name, ttl, minTtl, works) => {
    let received = 0;
    const listener = await listen(address, (transport) => {
      if (minTtl !== undefined) transport.setTtl({ minTtl });
      transport.onData = (bytes) => (received += bytes.length);
    });
    const client = await connect({ remote: { address, port: listener.local.port }, ttl });
    client!.write([new Uint8Array(10)]);
    if (works) await until(() => received === 10);
    else await rest();
    expect(received).toBe(works ? 10 : 0);
  });

  it('lets a neighbour that needs 255 connect to us', async () => {
    const listener = await listen(address);
    expect(
      await connect({ remote: { address, port: listener.local.port }, ttl: 255, minTtl: 255 }),
    ).toBeDefined();
  });
});

describe('the real network', () => {
  it('binds to an interface, and says so where there is none of that name', async () => {
    const listener = await listen(parseIp('127.0.0.1')!);
    const remote = listener.local;
    expect(await connect({ remote, device: 'lo' })).toBeDefined();
    let error: Error | undefined;
    new TcpNetwork().connect(
      { remote, device: 'nosuch0' },
      () => expect.unreachable(),
      (cause) => (error = cause),
    );
    await until(() => error !== undefined);
    expect(error!.message).toBe('Cannot bind to interface nosuch0: no such device (ENODEV)');
  });

  it('keeps IPv4 and IPv6 apart, so that both can listen on a port', async () => {
    const six = await listen(parseIp('::')!);
    const four = await new TcpNetwork().listen(
      { local: { address: parseIp('127.0.31.9')!, port: six.local.port } },
      () => undefined,
    );
    four.close();
    expect(four.local.port).toBe(six.local.port);
  });

  it('reads from one neighbour at most 128 KiB in a turn', async () => {
    let server: AcceptedTransport | undefined;
    const listener = await listen(parseIp('127.0.0.1')!, (transport) => {
      transport.pause();
      server = transport;
    });
    const client = await connect({ remote: listener.local });
    client!.write([new Uint8Array(4_000_000)]);
    await until(() => server !== undefined);
    await rest();
    let inTurn = 0;
    let most = 0;
    let total = 0;
    const count = (): void => {
      inTurn = 0;
      if (total < 4_000_000) setImmediate(count);
    };
    server!.onData = (bytes) => {
      inTurn += bytes.length;
      total += bytes.length;
      most = Math.max(most, inTurn);
    };
    count();
    server!.resume();
    await until(() => total === 4_000_000);
    expect(most).toBeLessThanOrEqual(131_072);
  });
});

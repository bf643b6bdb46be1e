import { afterEach, describe, expect, it } from 'vitest';
import { parseIp, parseIpv4 } from '../../base/ip.ts';
import { seededRandom } from '../../base/random.ts';
import type { RangeConfig, SessionConfig } from '../config.ts';
import { addressOf, RecordingReceiver, sessionConfig } from '../sim/speakers.ts';
import { Speaker } from '../speaker.ts';
import { SystemClock } from './system-clock.ts';
import { closeSocket, openTcpSocket, setMd5Key } from './socket-options.ts';
import { TcpNetwork } from './tcp.ts';

const DEADLINE_MS = 10_000;
const MOMENT_MS = 500;

/** Why this kernel takes no TCP MD5 keys; undefined where it does. */
function md5Refusal(): string | undefined {
  const fd = openTcpSocket(4);
  try {
    setMd5Key(fd, { address: parseIp('127.0.0.1')!, prefixLength: 32, password: 'probe' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    closeSocket(fd);
  }
}

const speakers: Speaker[] = [];
afterEach(async () => {
  await Promise.all(speakers.splice(0).map((speaker) => speaker.shutdown()));
});

function newSpeaker(): Speaker {
  const speaker = new Speaker({
    clock: new SystemClock(),
    network: new TcpNetwork(),
    random: seededRandom(1),
    events: { established: (session) => new RecordingReceiver(session) },
  });
  speakers.push(speaker);
  return speaker;
}

async function becomes(condition: () => boolean, waitMs: number): Promise<boolean> {
  const end = performance.now() + waitMs;
  while (!condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  return condition();
}

interface Case {
  readonly server: string;
  readonly client: string;
  readonly serverOptions?: Partial<SessionConfig>;
  readonly clientOptions?: Partial<SessionConfig>;
  /** The server has no neighbour, but a range of them. */
  readonly range?: string;
  readonly works: boolean;
}

const refusal = md5Refusal();
const keyed = refusal === undefined ? it : it.skip;
const note = refusal === undefined ? '' : ` (skipped: ${refusal})`;

describe('sessions over real TCP', () => {
  const run = async (test: Case): Promise<void> => {
    const server = newSpeaker();
    const client = newSpeaker();
    const listener = await server.listen({ address: addressOf(test.server), port: 0 });
    const toClient = sessionConfig({
      name: 'client',
      remoteAddress: addressOf(test.client),
      routerId: parseIpv4('192.0.2.2')!,
      passive: true,
      ...test.serverOptions,
    });
    if (test.range === undefined) server.addSession(toClient);
    else {
      const { name: _name, remoteAddress: _address, ...template } = toClient;
      const [address, length] = test.range.split('/');
      const prefix: RangeConfig['prefix'] = { address: addressOf(address!), length: Number(length) };
      server.addRange({ name: 'range', prefix, dynamicName: 'client', dynamicDigits: 0, limit: 1, template });
    }
    client.addSession(
      sessionConfig({
        name: 'server',
        remoteAddress: addressOf(test.server),
        remotePort: listener.local.port,
        localAddress: addressOf(test.client),
        connectDelayTimeS: 0,
        ...test.clientOptions,
      }),
    );
    const isUp = (): boolean =>
      client.session('server')!.state === 'Established' && server.sessions()[0]?.state === 'Established';
    expect(await becomes(isUp, test.works ? DEADLINE_MS : MOMENT_MS)).toBe(test.works);
    if (test.works) expect(server.sessions()[0]).toMatchObject({ phase: 'up', direction: 'incoming' });
  };

  it.each<[string, Case]>([
    ['IPv4', { server: '127.0.0.1', client: '127.0.33.2', works: true }],
    ['IPv6', { server: '::1', client: '::1', works: true }],
    ['a range of IPv4', { server: '127.0.0.1', client: '127.0.33.2', range: '127.0.33.0/24', works: true }],
    [
      'a range elsewhere',
      { server: '127.0.0.1', client: '127.0.33.2', range: '127.0.34.0/24', works: false },
    ],
    ['a range of IPv6', { server: '::1', client: '::1', range: '::/64', works: true }],
    [
      'GTSM on both sides',
      {
        server: '127.0.0.1',
        client: '127.0.33.2',
        serverOptions: { ttlSecurity: true, multihop: 1 },
        clientOptions: { ttlSecurity: true, multihop: 1 },
        works: true,
      },
    ],
    [
      'GTSM against a neighbour without it',
      {
        server: '127.0.0.1',
        client: '127.0.33.2',
        serverOptions: { ttlSecurity: true, multihop: 1 },
        works: false,
      },
    ],
  ])('%s', (_name, test) => run(test));

  const same = { serverOptions: { password: 'sesame' }, clientOptions: { password: 'sesame' } };
  const other = { serverOptions: { password: 'sesame' }, clientOptions: { password: 'simsim' } };
  keyed.each<[string, Case]>([
    ['IPv4', { server: '127.0.0.1', client: '127.0.33.3', ...same, works: true }],
    ['IPv6', { server: '::1', client: '::1', ...same, works: true }],
    [
      'a range of IPv4',
      { server: '127.0.0.1', client: '127.0.33.3', range: '127.0.33.0/24', ...same, works: true },
    ],
    ['a range of IPv6', { server: '::1', client: '::1', range: '::/64', ...same, works: true }],
    ['different passwords', { server: '127.0.0.1', client: '127.0.33.3', ...other, works: false }],
    [
      'a password on one side',
      { server: '127.0.0.1', client: '127.0.33.3', serverOptions: same.serverOptions, works: false },
    ],
  ])(`with TCP MD5: %s${note}`, (_name, test) => run(test));
});

/**
 * A real full-table feed through a real process: what a client receives is compared byte by byte with what was recorded,
 * and its set of prefixes with what bgpdump reads from the recording. Needs ../shared/data/mrt.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ReflectorProcess } from './process.ts';
import { open, RawPeer } from './raw-peer.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DATA = resolve(ROOT, '../shared/data/mrt');
const FEED = `${DATA}/as3856-full-feed.updates.mrt.gz`;
const EXPECTED = `${DATA}/as3856-full-feed.expected.txt.gz`;
const AS = 3856;
const CLUSTER = '0a0b0c0d';
const FEEDER = '127.3.3.3';
const FEEDER_ID = '7f030303';

const CONFIG = (port: number): string => `
router id 10.255.0.1;
protocol device { }
protocol bgp clients {
  local 127.0.0.1 port ${port} as ${AS};
  strict bind;
  multihop;
  rr client;
  rr cluster id 10.11.12.13;
  passive;
  neighbor range 127.0.0.0/8 as ${AS};
  dynamic name "c";
  ipv4 { import all; export all; };
}
`;

/** Attributes as hexadecimal text by type code. */
type Attributes = ReadonlyMap<number, string>;

/** Follows UPDATEs: what a neighbour that got them holds. Shares no code with what it checks. */
class Holder {
  readonly routes = new Map<string, Attributes>();

  update(message: Uint8Array): void {
    const view = Buffer.from(message.buffer, message.byteOffset, message.length);
    const withdrawnEnd = 21 + view.readUInt16BE(19);
    const attributesEnd = withdrawnEnd + 2 + view.readUInt16BE(withdrawnEnd);
    for (const prefix of prefixes(view, 21, withdrawnEnd)) this.routes.delete(prefix);
    if (attributesEnd === view.length) return;
    const attributes = new Map<number, string>();
    for (let at = withdrawnEnd + 2; at < attributesEnd;) {
      const extended = (view[at]! & 0x10) !== 0;
      const length = extended ? view.readUInt16BE(at + 2) : view[at + 2]!;
      const start = at + (extended ? 4 : 3);
      attributes.set(
        view[at + 1]!,
        `${(view[at]! & 0xe0).toString(16)} ${view.toString('hex', start, start + length)}`,
      );
      at = start + length;
    }
    for (const prefix of prefixes(view, attributesEnd, view.length)) this.routes.set(prefix, attributes);
  }
}

function* prefixes(view: Buffer, at: number, end: number): Iterable<string> {
  while (at < end) {
    const bits = view[at]!;
    const octets = Math.ceil(bits / 8);
    const address = [0, 1, 2, 3].map((i) => (i < octets ? view[at + 1 + i]! : 0)).join('.');
    yield `${address}/${bits}`;
    at += 1 + octets;
  }
}

/** What the recorded session's other end held: BGP4MP_ET records (RFC 6396 section 4.4 and 3). */
function recorded(): Holder {
  const holder = new Holder();
  const file = gunzipSync(readFileSync(FEED));
  for (let at = 0; at < file.length;) {
    const [type, subtype, length] = [
      file.readUInt16BE(at + 4),
      file.readUInt16BE(at + 6),
      file.readUInt32BE(at + 8),
    ];
    const start = at + 12 + (type === 17 ? 4 : 0);
    const end = at + 12 + length;
    at = end;
    const as4 = subtype === 4;
    if (subtype !== 1 && !as4) continue;
    const message = file.subarray(start + (as4 ? 8 : 4) + 4 + 8, end);
    if (message[18] === 2) holder.update(message);
  }
  return holder;
}

/** Prefixes that remain, by bgpdump. */
function expectedPrefixes(): Set<string> {
  const left = new Set<string>();
  for (const line of gunzipSync(readFileSync(EXPECTED)).toString().split('\n')) {
    const [, , kind, , , prefix] = line.split('|');
    if (kind === 'A') left.add(prefix!);
    else if (kind === 'W') left.delete(prefix!);
  }
  return left;
}

test.skipIf(!existsSync(FEED))(
  'all of a real feed arrives, every attribute as it was sent (skipped without ../shared/data/mrt)',
  async () => {
    const daemon = await ReflectorProcess.start(CONFIG);
    const capabilities = [2, 6, 1, 4, 0, 1, 0, 1, 2, 6, 65, 4, 0, 0, AS >> 8, AS & 255];
    const client = await RawPeer.connect(daemon.port, '127.4.4.4');
    client.send(open(0x7f040404, { as: AS, parameters: capabilities }));
    await client.until(() => client.received.some((bytes) => bytes[18] === 1));
    const keepalive =
      client.received.find((bytes) => bytes[18] === 4) ??
      Uint8Array.from([...new Array<number>(16).fill(255), 0, 19, 4]);
    client.send(keepalive);
    const target = `127.0.0.1:${daemon.port}`;
    const feeder = spawn(
      resolve(ROOT, 'bin/catbird'),
      ['feed', '--mrt', FEED, '--to', target, '--as', String(AS), '--local-address', FEEDER],
      { stdio: 'ignore' },
    );
    try {
      const wanted = expectedPrefixes();
      await expect
        .poll(() => daemon.ask('show route count'), { timeout: 60_000, interval: 500 })
        .toContain(`${wanted.size} of ${wanted.size} routes`);
      const holder = new Holder();
      let taken = 0;
      const drain = (): number => {
        for (; taken < client.received.length; taken++) {
          const message = client.received[taken]!;
          if (message[18] === 2) holder.update(message);
        }
        return holder.routes.size;
      };
      await expect.poll(drain, { timeout: 60_000, interval: 200 }).toBe(wanted.size);
      expect(wanted.size).toBe(577_703);

      const source = recorded();
      const differences: string[] = [];
      for (const prefix of wanted) {
        const got = holder.routes.get(prefix);
        const sent = source.routes.get(prefix);
        if (!got || !sent) differences.push(`${prefix} ${got ? 'was not recorded' : 'is missing'}`);
        else differences.push(...compare(prefix, sent, got));
      }
      expect(differences.slice(0, 20)).toEqual([]);
    } finally {
      feeder.kill();
      client.destroy();
      await daemon.stop();
    }
  },
  180_000,
);

/** RFC 4456 section 8: ORIGINATOR_ID kept or made, the cluster in front of CLUSTER_LIST, the rest untouched. */
function compare(prefix: string, sent: Attributes, got: Attributes): string[] {
  const want = new Map(sent);
  want.set(9, sent.get(9) ?? `80 ${FEEDER_ID}`);
  want.set(10, `80 ${CLUSTER}${sent.get(10)?.slice(3) ?? ''}`);
  const out: string[] = [];
  for (const code of new Set([...want.keys(), ...got.keys()])) {
    if (want.get(code) !== got.get(code))
      out.push(`${prefix} attribute ${code}: ${want.get(code)} became ${got.get(code)}`);
  }
  return out;
}

/** The MRT files of BIRD 2.0.12 and of Catbird, record for record: the same configuration, the same neighbours. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPeers, readRecords, readRib, type ReadRecord } from '../../src/mrt/test-support.ts';
import { freePort } from './process.ts';

const CATBIRD = resolve(import.meta.dirname, '../../bin/catbird');
const VERSION = /BIRD version 2\.0\.12/;

function isBird(): boolean {
  const { stderr, error } = spawnSync('bird', ['--version'], { encoding: 'utf8' });
  return error === undefined && VERSION.test(stderr);
}

/** BIRD has one session with an address; each of the two that are compared has this one too. */
function second(address: string): string {
  return address.replace('127.0.0.', '127.0.1.');
}

/** Neighbours of all kinds of both; they call, so that both see connections begin in the same way. */
function neighbours(port: number, subjects: Readonly<Record<string, readonly [string, number]>>): string {
  const sessions = Object.entries(subjects).map(
    ([name, [address, to]]) => `
protocol bgp ebgp_${name} { local 127.0.0.2 port ${port} as 4200000001; neighbor ${address} port ${to} as 65000; multihop;
  connect delay time 1;
  ipv4 { import all; export all; next hop address 192.0.2.1; add paths on; };
  ipv6 { import all; export all; next hop address 2001:db8::2; }; }
protocol bgp ibgp_${name} { local 127.0.0.4 port ${port} as 65000; neighbor ${second(address)} port ${to} as 65000; multihop;
  connect delay time 1;
  ipv4 { table inside; import none; export all; next hop address 192.0.2.2; }; }`,
  );
  return `router id 10.0.0.2;
protocol device {}
ipv4 table inside;
protocol static {
  ipv4;
  route 10.1.0.0/16 blackhole { bgp_med = 50; bgp_community.add((65001,2)); bgp_community.add((65001,1)); };
  route 10.2.0.0/24 blackhole {
    bgp_large_community.add((65001,2,3)); bgp_ext_community.add((rt,65001,7)); bgp_path.prepend(65010); bgp_path.prepend(4200000000);
  };
  route 10.3.3.128/25 blackhole { bgp_origin = ORIGIN_INCOMPLETE; };
}
protocol static {
  ipv6;
  route 2001:db8:1::/48 blackhole { bgp_ext_community.add((rt,65001,7)); bgp_large_community.add((65001,2,3)); };
  route 2001:db8:2::1/128 blackhole { bgp_community.add((65001,1)); };
}
protocol static {
  ipv4 { table inside; };
  route 10.1.0.0/16 blackhole { bgp_local_pref = 250; bgp_med = 7; };
  route 10.5.0.0/24 blackhole { bgp_community.add((65001,1)); };
  route 0.0.0.0/0 blackhole;
}
${sessions.join('')}
`;
}

function subject(address: string, port: number, from: number): string {
  return `router id 10.0.0.1;
mrtdump "messages.mrt";
mrtdump protocols all;
ipv4 table extra;
filter changed { bgp_med = 99; bgp_community.add((1,2)); if net ~ 10.1.0.0/16 then reject; accept; }
protocol device {}
protocol static s1 {
  ipv4 { import all; };
  route 10.9.0.0/16 blackhole; route 10.9.1.0/24 unreachable; route 10.1.0.0/16 prohibit;
}
protocol static s2 { ipv4 { table extra; }; route 172.16.0.0/12 blackhole; }
protocol bgp outside { local ${address} port ${port} as 65000; neighbor 127.0.0.2 port ${from} as 4200000001; multihop; passive;
  ipv4 { import all; export none; add paths rx; }; ipv6 { import all; export none; }; }
protocol bgp within { local ${second(address)} port ${port} as 65000; neighbor 127.0.0.4 port ${from} as 65000; multihop; passive; rr client;
  ipv4 { import all; export none; }; }
protocol bgp quiet { local ${address} port ${port} as 65000; neighbor 127.0.0.6 as 65001; multihop; passive; mrtdump off; ipv4 { import all; export none; }; }
protocol bgp off1 { disabled; local ${address} port ${port} as 65000; neighbor 127.0.0.5 as 65000; multihop; ipv4; }
protocol bgp many { local ${address} port ${port} as 65000; neighbor range 127.9.0.0/16 as 65009; multihop; ipv4 { import all; export none; }; }
protocol mrt often { table "*"; filename "often-%N-%Y.mrt"; period 4; always add path on; where net.len < 25; }
`;
}

const DUMPS: readonly (readonly [file: string, arguments: string])[] = [
  ['plain.mrt', 'table master4 to "plain.mrt"'],
  ['ipv6.mrt', 'table master6 to "ipv6.mrt"'],
  ['all.mrt', 'table "*" to "all.mrt"'],
  ['each-extra.mrt', 'table "*" to "each-%N.mrt"'],
  ['where.mrt', 'table master4 to "where.mrt" where net.len > 16'],
  ['filter.mrt', 'table "*4" to "filter.mrt" filter changed'],
];

/** Attributes as `flags code value`. BIRD leaves the flags of some at zero, which no message could have. */
function attributes(bytes: Buffer): string {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const isLong = (bytes[at]! & 0x10) !== 0;
    const value = at + (isLong ? 4 : 3);
    const length = isLong ? bytes.readUInt16BE(at + 2) : bytes[at + 2]!;
    texts.push(`${bytes[at + 1]}=${bytes.subarray(value, value + length).toString('hex')}`);
    at = value + length;
  }
  return texts.join(' ');
}

/** Records of a table dump as lines, sorted: BIRD walks a hash table. */
function tableLines(records: readonly ReadRecord[]): string[] {
  const lines: string[] = [];
  let view = '';
  for (const record of records) {
    expect(record.type).toBe(13);
    if (record.subtype === 1) {
      const index = readPeers(record);
      ({ view } = index);
      lines.push(
        `${view}: collector ${record.body.subarray(0, 4).toString('hex')} ${index.peers.join(', ')}`,
      );
      continue;
    }
    const { prefix, entries } = readRib(record);
    const texts = entries.map(
      ({ peer, pathId, attributes: bytes }) => `peer ${peer} path ${pathId} ${attributes(bytes)}`,
    );
    // The best one is the first; the order of the others has no meaning.
    const rest = texts.slice(1).sort();
    lines.push(`${view}: ${record.subtype} ${prefix} ${[texts[0], ...rest].join('; ')}`);
  }
  return lines.sort();
}

/** Records of sessions as lines, by neighbour; what is the own address, in hexadecimal, looks the same. */
function messageLines(records: readonly ReadRecord[], own: RegExp): Map<string, string[]> {
  const byPeer = new Map<string, string[]>();
  for (const { type, subtype, body } of records) {
    const asLength = subtype === 1 || subtype === 8 ? 2 : 4;
    const peer = body.readUIntBE(0, asLength) === 65000 ? 'within' : 'outside';
    const line = `${type} ${subtype} ${body.toString('hex').replace(own, '$1SELF')}`;
    byPeer.set(peer, [...(byPeer.get(peer) ?? []), line]);
  }
  return byPeer;
}

/** What birdc prints where all went well. */
const NOTHING_SAID = '0001 BIRD 2.0.12 ready.\n';

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 120 && !condition(); tries++)
    await new Promise((next) => setTimeout(next, 250));
}

describe.skipIf(!isBird())('MRT files (skipped where bird and birdc 2.0.12 are not installed)', () => {
  let folder: string;
  const children: ChildProcess[] = [];
  const birds = { bird: '127.0.0.1', catbird: '127.0.0.3' } as const;
  type Name = keyof typeof birds;

  const ask = (name: Name | 'feeder', command: string): string =>
    spawnSync('birdc', ['-v', '-s', join(folder, `${name}.ctl`), ...command.split(' ')], {
      encoding: 'utf8',
      timeout: 10_000,
      input: '',
    }).stdout;

  const records = (name: Name, file: string): ReadRecord[] =>
    readRecords(readFileSync(join(folder, name, file)));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'catbird-mrt-'));
    const [from, bird, catbird] = [await freePort(), await freePort(), await freePort()];
    writeFileSync(
      join(folder, 'feeder.conf'),
      neighbours(from, { bird: [birds.bird, bird], catbird: [birds.catbird, catbird] }),
    );
    for (const [name, port] of [
      ['bird', bird],
      ['catbird', catbird],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, `${name}.conf`), subject(birds[name], port, from));
    }
    const start = (program: string, name: string, args: readonly string[], cwd: string): void => {
      const files = ['-c', join(folder, `${name}.conf`), '-s', join(folder, `${name}.ctl`)];
      children.push(spawn(program, [...args, ...files], { stdio: 'ignore', cwd }));
    };
    start('bird', 'bird', ['-f', '-P', join(folder, 'bird.pid')], join(folder, 'bird'));
    start(CATBIRD, 'catbird', ['reflector'], join(folder, 'catbird'));
    await until(() => Object.keys(birds).every((name) => ask(name as Name, 'show status').includes('is up')));
    start('bird', 'feeder', ['-f', '-P', join(folder, 'feeder.pid')], folder);
    const imports = (name: Name, protocol: string): string =>
      [...ask(name, `show protocols all ${protocol}`).matchAll(/(\d+) imported/g)].join(' ');
    const isReady = (name: Name): boolean =>
      imports(name, 'outside') === '3 imported,3 2 imported,2' && imports(name, 'within') === '3 imported,3';
    await until(() => isReady('bird') && isReady('catbird'));
  }, 60_000);

  afterAll(() => {
    for (const child of children) child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(DUMPS)('of tables: %s', (file, command) => {
    const [theirs, ours] = (['bird', 'catbird'] as const).map((name) => {
      expect(ask(name, `mrt dump ${command}`)).toBe(NOTHING_SAID);
      return records(name, file);
    });
    expect(tableLines(ours!)).toEqual(tableLines(theirs!));
    expect(ours!.length).toBeGreaterThan(1);
    // RFC 6396 section 4.3.2: sequence numbers begin at zero; those of each table here, those of the command in BIRD.
    let next = 0;
    for (const record of ours!) {
      if (record.subtype === 1) next = 0;
      else expect(readRib(record).sequence).toBe(next++);
    }
  });

  test('of tables, every so often', async () => {
    const files = ['master4', 'master6', 'extra'].map(
      (table) => `often-${table}-${new Date().getFullYear()}.mrt`,
    );
    await until(() =>
      Object.keys(birds).every((name) => files.every((file) => existsSync(join(folder, name, file)))),
    );
    // Both append to the same file each time.
    const last = (name: Name, file: string): ReadRecord[] => {
      const all = records(name, file);
      return all.slice(all.findLastIndex(({ subtype }) => subtype === 1));
    };
    const whole = (name: Name): boolean => files.every((file) => records(name, file).length > 1);
    await until(() => whole('bird') && whole('catbird'));
    for (const name of Object.keys(birds)) ask(name as Name, 'disable often');
    for (const file of files)
      expect(tableLines(last('catbird', file))).toEqual(tableLines(last('bird', file)));
  }, 60_000);

  test('of messages and states', async () => {
    const own = { bird: /(7f00000[24])7f00(00|01)01/, catbird: /(7f00000[24])7f00(00|01)03/ };
    const lines = (name: Name): Map<string, string[]> =>
      messageLines(records(name, 'messages.mrt'), own[name]);
    for (const command of ['mrtdump within off', 'mrtdump "out*" { states }'])
      for (const name of Object.keys(birds)) expect(ask(name as Name, command)).toBe(NOTHING_SAID);
    for (const name of Object.keys(birds)) ask('feeder', `disable ebgp_${name}`);
    // The NOTIFICATION is not among what is dumped by then; the change of state is the last of the session.
    const closed = (name: Name): boolean => lines(name).get('outside')?.at(-1)?.endsWith('00060001') === true;
    await until(() => closed('bird') && closed('catbird'));
    const [theirs, ours] = [lines('bird'), lines('catbird')];
    for (const peer of ['outside', 'within']) {
      expect(ours.get(peer)).toEqual(theirs.get(peer));
      // OPEN, KEEPALIVE, UPDATEs and End-of-RIB, three changes of state.
      expect(ours.get(peer)!.length).toBeGreaterThan(7);
    }
  }, 60_000);
});

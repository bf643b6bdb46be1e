/** Interfaces, direct and static routes of the same host, as Catbird and as BIRD show them: in one network namespace. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const BIN = resolve(import.meta.dirname, '../../bin/catbird');

const NETWORK = `
ip link set lo up
ip link add e1 type veth peer name p1
ip link add e2 type veth peer name p2
ip link add e3 type veth peer name p3
ip link add e4 type veth peer name p4
ip link add br0 type bridge
for i in e1 e2 p1 p2 br0 e4; do echo 0 > /proc/sys/net/ipv6/conf/$i/accept_dad; ip link set $i up; done
ip link set e2 mtu 1400
ip link set e4 master br0
ip addr add 10.1.0.1/24 dev e1
ip addr add 10.1.0.2/24 dev e1
ip addr add 10.6.0.1/24 brd + dev e1
ip addr add 2001:db8::1/64 dev e1
ip addr add 10.2.0.1/32 dev e2
ip addr add 192.0.2.0 peer 192.0.2.1 dev e2
ip addr add 10.3.0.1/30 dev e3
ip addr add 10.4.0.0/31 dev br0
`;

const CONFIG = `router id 10.0.0.1;
protocol device { scan time 1; interface "e1" { preferred 10.6.0.1; }; }
protocol direct d1 { ipv4; ipv6; interface -"br*", "*"; }
protocol static st { ipv4;
  route 10.9.0.0/16 via 10.1.0.9; route 10.10.0.0/16 via "e1"; route 10.11.0.0/16 via 10.99.0.1;
  route 10.12.0.0/16 via 10.1.0.9 weight 2 via 10.1.0.8 via 10.77.0.1;
  route 10.14.0.0/16 via 10.99.0.1%e1 onlink; route 10.15.0.0/16 blackhole; route 10.16.0.0/16 via "nope";
  route 10.17.0.0/16 via 10.1.0.1; route 10.18.0.0/16 via "e1" weight 3 via 10.1.0.5;
  route 10.21.0.0/16 via 10.1.0.9%e1; route 10.23.0.0/16 via 192.0.2.1; route 10.24.0.0/16 via 10.3.0.2;
  route 10.25.0.0/16 via 10.6.0.255; route 10.26.0.0/16 via 10.6.0.0; route 10.27.0.0/16 via 127.0.0.1;
  route 10.28.0.0/16 via 10.4.0.1; route 10.29.0.0/16 via 10.3.0.1; }
protocol static linked { ipv4; check link; route 10.30.0.0/16 via 10.4.0.1; route 10.31.0.0/16 via 10.1.0.7; }
protocol static s6 { ipv6; route 2001:db8:9::/48 via 2001:db8::5; route 2001:db8:a::/48 via fe80::1%e1;
  route 2001:db8:b::/48 via fe80::1%e9; route 2001:db8:c::/48 via "e1"; }
`;

const COMMANDS = [
  'show interfaces',
  'show interfaces summary',
  'show static',
  'show static linked',
  'show route table all all',
  'show protocols all d1',
];

/** Runs both in a namespace of their own; what happens meanwhile is in `change`. Prints marked answers. */
function script(folder: string): string {
  const ask = (program: string, socket: string, moment: string): string =>
    COMMANDS.map(
      (c) => `echo "@@ ${program} ${moment} ${c}"; birdc -s ${folder}/${socket} "${c}" | tail -n +2`,
    ).join('\n');
  const both = (moment: string): string =>
    `${ask('bird', 'bird.ctl', moment)}\n${ask('catbird', 'catbird.ctl', moment)}`;
  const await_ = (socket: string): string =>
    `for i in $(seq 100); do birdc -s ${folder}/${socket} show status 2>/dev/null | grep -q 'up and' && break; sleep 0.1; done`;
  return `set -e
${NETWORK}
bird -f -c ${folder}/bird.conf -s ${folder}/bird.ctl -P ${folder}/pid 2>/dev/null & bird=$!
${BIN} reflector -c ${folder}/bird.conf -s ${folder}/catbird.ctl 2>${folder}/log & catbird=$!
trap 'kill $bird $catbird' EXIT
${await_('bird.ctl')}
${await_('catbird.ctl')}
sleep 1.5
${both('first')}
ip link set e1 down
ip addr add 10.7.0.1/24 dev e2
ip link del e4
sleep 1.5
${both('then')}
`;
}

const canRun =
  spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'x1', 'type', 'veth', 'peer', 'name', 'x2']).status ===
    0 && (spawnSync('bird', ['--version'], { encoding: 'utf8' }).stderr ?? '').includes('BIRD version 2.0');

/** Without times, and blocks in an order of their own: that of interfaces and tables is each program's. */
function comparable(answer: string): string[] {
  const blocks: string[] = [];
  for (const line of answer.split('\n').map((text) => text.trimEnd())) {
    const text = line.replace(/\d\d:\d\d:\d\d\.\d{3}/, 'TIME');
    if (text === '') continue;
    if (/^[\t ]/.test(text) && blocks.length > 0) blocks.push(`${blocks.pop()!}\n${text}`);
    else blocks.push(text);
  }
  return blocks.sort();
}

describe.skipIf(!canRun)(
  'BIRD says the same (skipped without BIRD 2.0, or root and network namespaces)',
  () => {
    const answers = new Map<string, string>();
    let folder = '';

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'catbird-links-'));
      writeFileSync(join(folder, 'bird.conf'), CONFIG);
      writeFileSync(join(folder, 'run.sh'), script(folder));
      const child = spawn('unshare', ['-n', 'bash', join(folder, 'run.sh')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (text: Buffer) => (output += text.toString()));
      await new Promise((done) => child.once('exit', done));
      for (const part of output.split(/^@@ /m).slice(1)) {
        const end = part.indexOf('\n');
        answers.set(part.slice(0, end), part.slice(end + 1));
      }
    }, 60_000);
    afterAll(() => rmSync(folder, { recursive: true }));

    for (const moment of ['first', 'then']) {
      test.each(COMMANDS)(`${moment}: %s`, (command) => {
        const said = answers.get(`bird ${moment} ${command}`);
        expect(said?.split('\n').length).toBeGreaterThan(1);
        expect(comparable(answers.get(`catbird ${moment} ${command}`)!)).toEqual(comparable(said!));
      });
    }
  },
);

/** Origins that are added by hand: filters see them, and they stay over reconfigurations. */
import { beforeEach, expect, test } from 'vitest';
import { Commands } from './birdcl-compat/cli/commands.ts';
import { DEFAULT_DIALECT } from './birdcl-compat/cli/dialect.ts';
import { load } from './birdcl-compat/conf/test-support.ts';
import { Daemon } from './daemon.ts';
import { SimWorld } from './speaker/sim/speakers.ts';
import { configOf, viewOf } from './test-support.ts';

const CONFIG = `router id 1.1.1.1;
roa4 table origins;
roa4 table others;
protocol device { }
protocol static { roa4 { table origins; }; route 10.1.0.0/16 max 24 as 65001; }
ipv4 table master4;
protocol static anchors {
  ipv4 { import filter { if roa_check(origins, net, 65007) = ROA_VALID then accept; reject; }; };
  route 10.8.0.0/20 blackhole;
}
`;

let text: string;
let ask: (command: string) => string;

beforeEach(async () => {
  text = CONFIG;
  const sim = new SimWorld(1);
  const daemon = new Daemon({
    clock: sim.clock,
    network: sim.network.host('1.1.1.1'),
    random: sim.random,
    log: () => undefined,
  });
  const view = viewOf(daemon, sim.clock, { load: () => load(text) });
  await daemon.start(configOf(text));
  // ROA tables are changed by commands of 1.6 alone.
  const commands = new Commands(view, () => undefined, { ...DEFAULT_DIALECT, version: 1 });
  ask = (command) => {
    const lines: string[] = [];
    for (const reply of commands.handle(command)) {
      if (reply && !(reply instanceof Promise)) lines.push(`${reply.code} ${reply.text}`);
    }
    return lines.join('\n');
  };
});

const count = (): string => ask('show route count');

test('filters see what is added, and no more what is taken out', () => {
  expect(ask('eval roa_check(origins, 10.8.0.0/20, 65007)')).toContain(')0');
  expect(ask('add roa 10.8.0.0/16 max 20 as 65007')).toBe('0 ');
  expect(ask('eval roa_check(origins, 10.8.0.0/20, 65007)')).toContain(')1');
  expect(count()).toContain('0 of 0 routes');
  ask('reload anchors');
  expect(count()).toContain('1 of 1 routes');
  ask('delete roa 10.8.0.0/16 max 20 as 65007');
  ask('reload anchors');
  expect(count()).toContain('0 of 0 routes');
});

test('it stays over a reconfiguration, for old filters and new ones', () => {
  ask('add roa 10.8.0.0/16 max 20 as 65007');
  ask('reload anchors');
  text = CONFIG.replace('10.1.0.0/16', '10.2.0.0/16');
  ask('configure');
  expect(ask('show roa')).toBe('1019 10.2.0.0/16 max 24 as 65001\n1019 10.8.0.0/16 max 20 as 65007\n0 ');
  ask('reload anchors');
  expect(count()).toContain('1 of 1 routes');
  ask('flush roa');
  ask('reload anchors');
  expect(count()).toContain('0 of 0 routes');
  expect(ask('show roa')).toBe('1019 10.2.0.0/16 max 24 as 65001\n0 ');
});

test('what is in the configuration is not taken out by hand', () => {
  ask('delete roa 10.1.0.0/16 max 24 as 65001');
  ask('flush roa');
  expect(ask('show roa')).toBe('1019 10.1.0.0/16 max 24 as 65001\n0 ');
});

test('tables with the same entries are two all the same', () => {
  ask('add roa 10.8.0.0/16 max 20 as 65007 table others');
  ask('reload anchors');
  expect(count()).toContain('0 of 0 routes');
});

test.each([
  ['add roa 10.8.0.0/16 max 20', "9001 syntax error, unexpected end of the command, expecting 'as'"],
  ['add roa 10.8.0.0/16 max 20 as 1 table nosuch', '9001 nosuch is not a ROA table'],
  ['add roa 2001:db8::/32 max 48 as 1', '9001 origins has prefixes of the other IP version'],
  ['flush roa table origins now', "9001 syntax error, unexpected 'now'"],
])('%s changes nothing', (command, answer) => {
  expect(ask(command)).toContain(answer);
  expect(ask('show roa').split('\n')).toHaveLength(2);
});

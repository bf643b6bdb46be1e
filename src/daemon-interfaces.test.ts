/** Direct and static routes while interfaces come and go, on a simulated clock. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { HostInterface, HostInterfaces, InterfaceAddress } from './base/interfaces.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { Daemon } from './daemon.ts';
import { addressOf, SimWorld } from './speaker/sim/speakers.ts';
import { configOf, answerOf } from './test-support.ts';

/** Interfaces that the test sets. */
class FakeInterfaces implements HostInterfaces {
  current: HostInterface[] = [];
  scans = 0;
  readonly #watchers = new Set<() => void>();

  get watchers(): number {
    return this.#watchers.size;
  }

  scan(): void {
    this.scans++;
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => {
      this.#watchers.delete(changed);
    };
  }

  set(...interfaces: HostInterface[]): void {
    this.current = interfaces;
    for (const changed of this.#watchers) changed();
  }
}

function link(
  name: string,
  index: number,
  addresses: string[],
  options: Partial<HostInterface> = {},
): HostInterface {
  return {
    index,
    name,
    adminUp: true,
    linkUp: true,
    multiAccess: true,
    broadcast: true,
    multicast: true,
    loopback: false,
    mtu: 1500,
    addresses: addresses.map((text): InterfaceAddress => {
      const [ip, length] = text.split('/') as [string, string];
      return { ip: addressOf(ip), length: Number(length), isPeer: false, secondary: false };
    }),
    ...options,
  };
}

let sim: SimWorld;
let daemon: Daemon;
let host: FakeInterfaces;

beforeEach(() => {
  sim = new SimWorld(7);
  host = new FakeInterfaces();
  daemon = new Daemon({
    clock: sim.clock,
    network: sim.network.host('10.0.0.100'),
    random: sim.random,
    interfaces: host,
    log: () => undefined,
  });
});

const config = (text: string): DaemonConfig => configOf(`router id 10.0.0.1;\n${text}`);

function ask(command: string): string[] {
  return answerOf(daemon, sim.clock, command).map((line) => line.replace(/\d\d:\d\d:\d\d\.\d{3}/, 'TIME'));
}

/** `network next-hop…` of each route of both tables. */
function routes(): string[] {
  const found: string[] = [];
  for (const line of ask('show route')) {
    if (line.startsWith('Table')) continue;
    if (line.startsWith('\t')) found.push(`${found.pop()!} ${line.trim()}`);
    else if (line !== '') found.push(line.split(' ')[0]!);
  }
  return found.sort();
}

function change(...interfaces: HostInterface[]): string[] {
  host.set(...interfaces);
  sim.clock.runFor(100);
  return routes();
}

async function start(text: string): Promise<void> {
  await daemon.start(config(text));
  sim.clock.runFor(100);
}

async function reconfigure(text: string): Promise<void> {
  const done = daemon.reconfigure(config(text));
  sim.clock.runFor(1000);
  await done;
}

const DEVICE = 'protocol device { }\n';

describe('direct', () => {
  test('has the networks of interfaces while they are there', async () => {
    await start(`${DEVICE}protocol direct { ipv4; ipv6; interface -"cali*", "*"; }`);
    expect(routes()).toEqual([]);
    const e1 = link('e1', 2, ['10.1.0.1/24', '2001:db8::1/64', 'fe80::1/64', '127.0.0.2/8']);
    const cali = link('cali1', 3, ['10.2.0.1/24']);
    expect(change(e1, cali)).toEqual(['10.1.0.0/24 dev e1', '2001:db8::/64 dev e1']);
    // A second interface with the same network is a second route.
    expect(change(e1, link('e2', 4, ['10.1.0.2/24']))).toHaveLength(3);
    expect(change(link('e1', 2, ['10.1.0.1/24'], { adminUp: false }))).toEqual([]);
    expect(change(link('other', 2, ['10.1.0.1/24']))).toEqual(['10.1.0.0/24 dev other']);
    expect(change()).toEqual([]);
    sim.clock.runFor(5000);
    expect(daemon.reflector.store.size).toBe(0);
  });

  test('asks its filter, which knows source and interface', async () => {
    const filter = 'import filter { if source = RTS_DEVICE && ifname = "e1" then accept; reject; }';
    await start(`${DEVICE}protocol direct d { ipv4 { ${filter}; }; }`);
    expect(change(link('e1', 2, ['10.1.0.1/24']), link('e2', 3, ['10.2.0.1/24']))).toEqual([
      '10.1.0.0/24 dev e1',
    ]);
    await reconfigure(
      `${DEVICE}protocol direct d { ipv4 { preference 7; import where net = 10.2.0.0/24; }; }`,
    );
    expect(routes()).toEqual(['10.2.0.0/24 dev e2']);
    expect(ask('show route')[1]).toContain('(7)');
    expect(ask('show protocols d')[1]).toMatch(/^d {10}Direct {5}master4 /);
    expect(daemon.act('disable', 'd', undefined)).toBe('done');
    sim.clock.runFor(100);
    expect(routes()).toEqual([]);
  });

  test('with check link follows the link', async () => {
    await start(`${DEVICE}protocol direct { ipv4; check link; }`);
    expect(change(link('e1', 2, ['10.1.0.1/24'], { linkUp: false }))).toEqual([]);
    expect(change(link('e1', 2, ['10.1.0.1/24']))).toHaveLength(1);
  });

  test('has nothing without a device protocol', async () => {
    await start('protocol direct { ipv4; }');
    expect(change(link('e1', 2, ['10.1.0.1/24']))).toEqual([]);
    expect(host.watchers).toBe(0);
    await reconfigure(`${DEVICE}protocol direct { ipv4; }`);
    expect(routes()).toHaveLength(1);
    await reconfigure('protocol direct { ipv4; }');
    expect(routes()).toEqual([]);
  });
});

describe('device', () => {
  test('asks for everything every scan time, until the daemon ends', async () => {
    await start('protocol device { scan time 5; }');
    const { scans } = host;
    sim.clock.runFor(20_000);
    expect(host.scans - scans).toBe(4);
    await reconfigure('protocol device { scan time 0; }');
    const before = host.scans;
    sim.clock.runFor(60_000);
    expect(host.scans).toBe(before);
    await daemon.shutdown();
    expect(host.watchers).toBe(0);
  });

  test('says which addresses stand for an interface', async () => {
    await start('protocol device { interface "e*" { preferred 10.2.0.1; preferred fe80::2; }; }');
    change(
      link('e1', 2, ['10.1.0.1/24', '10.2.0.1/24', '2001:db8::1/64', 'fe80::1/64', 'fe80::2/64']),
      link('t1', 3, ['10.3.0.1/24'], {
        multiAccess: false,
        broadcast: false,
        adminUp: false,
        linkUp: false,
        master: 9,
      }),
    );
    expect(ask('show interfaces')).toEqual([
      'e1 up (index=2)',
      '\tMultiAccess Broadcast Multicast AdminUp LinkUp MTU=1500',
      '\t10.1.0.1/24 (scope site)',
      '\t10.2.0.1/24 (Preferred, scope site)',
      '\t2001:db8::1/64 (Preferred, scope univ)',
      '\tfe80::1/64 (scope link)',
      '\tfe80::2/64 (Preferred, scope link)',
      't1 down (index=3 master=#9)',
      '\tPtP Multicast AdminDown LinkDown MTU=1500',
      '\t10.3.0.1/24 (Preferred, scope site)',
    ]);
    expect(ask('show interfaces summary')).toEqual([
      'Interface  State  IPv4 address       IPv6 address',
      'e1         up     10.2.0.1/24        2001:db8::1/64',
      't1         down   10.3.0.1/24        ',
    ]);
  });
});

describe('static', () => {
  const text = (options = ''): string => `protocol static s { ipv4; ${options}
    route 10.9.0.0/16 via 10.1.0.9 via 10.2.0.9 weight 2 { bgp_med = 1; }; route 10.8.0.0/16 via "e2"; route 10.7.0.0/16 via 10.3.0.1%e2 onlink; }`;
  const e1 = link('e1', 2, ['10.1.0.1/24']);
  const e2 = link('e2', 3, ['10.2.0.1/24']);

  test('routes have the next hops that are reachable', async () => {
    await start(DEVICE + text());
    expect(routes()).toEqual([]);
    expect(change(e1)).toEqual(['10.9.0.0/16 via 10.1.0.9 on e1']);
    expect(change(e1, e2)).toEqual([
      '10.7.0.0/16 via 10.3.0.1 on e2 onlink',
      '10.8.0.0/16 dev e2',
      '10.9.0.0/16 via 10.2.0.9 on e2 weight 2 via 10.1.0.9 on e1 weight 1',
    ]);
    expect(change(link('e1', 2, []), e2)).toContain('10.9.0.0/16 via 10.2.0.9 on e2');
    expect(ask('show static')).toEqual([
      '10.9.0.0/16',
      '\tvia 10.1.0.9 (dormant)',
      '\tvia 10.2.0.9',
      '10.8.0.0/16',
      '\tdev e2',
      '10.7.0.0/16',
      '\tvia 10.3.0.1%e2 onlink',
    ]);
    expect(change()).toEqual([]);
  });

  test('with check link need a link', async () => {
    await start(DEVICE + text());
    const down = link('e2', 3, ['10.2.0.1/24'], { linkUp: false });
    expect(change(e1, down)).toHaveLength(3);
    await reconfigure(DEVICE + text('check link;'));
    expect(routes()).toEqual(['10.9.0.0/16 via 10.1.0.9 on e1']);
    expect(change(e1, e2)).toHaveLength(3);
  });

  test('count as reachable where interfaces are not known', async () => {
    await start(text());
    expect(routes()).toEqual([
      '10.7.0.0/16 via 10.3.0.1 on e2 onlink',
      '10.8.0.0/16 dev e2',
      '10.9.0.0/16 via 10.2.0.9 weight 2 via 10.1.0.9 weight 1',
    ]);
  });

  test('are asked for by name', async () => {
    await start(
      `${DEVICE}${text()}\nprotocol static off { disabled; ipv4; route 10.0.0.0/8 prohibit; route 11.0.0.0/8 recursive 1.1.1.1; }`,
    );
    expect(ask('show static off')).toEqual(['10.0.0.0/8\tprohibited', '11.0.0.0/8\trecursive 1.1.1.1']);
    expect(ask('show static device1')).toEqual(['device1: Not a Static protocol']);
    expect(ask('show static nobody')).toEqual(['nobody is not a protocol']);
    daemon.act('disable', 's', undefined);
    expect(ask('show static')).toEqual(['There is no Static protocol running']);
  });
});

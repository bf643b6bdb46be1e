/**
 * The daemons that can be measured: how each is found, configured and started as a process of our own, on a
 * loopback port above 1024, with no system service, kernel table or shared socket involved.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from './processes.ts';

export const CLIENT_RANGE = '127.64.0.0/16';

export interface Setup {
  readonly directory: string;
  readonly port: number;
  /** The AS of the daemon and of every client. */
  readonly as: number;
  /** Hold time that the daemon offers, in seconds. */
  readonly holdTimeS: number;
  /** Definitions of a filter `heavy` for routes that come in, in BIRD's language. */
  readonly filter?: string;
}

/** The control socket of a daemon that speaks BIRD's language. */
export function controlSocket(setup: Setup): string {
  return join(setup.directory, 'bird.ctl');
}

export interface Daemon {
  readonly name: string;
  readonly title: string;
  readonly binary: string;
  readonly versionArguments: readonly string[];
  /** Writes the configuration into `setup.directory` and returns the command line. */
  prepare(setup: Setup): string[];
}

const ROOT = join(import.meta.dirname, '../..');

function birdConfig(setup: Setup): string {
  return `${setup.filter ?? ''}log stderr { warning, error, fatal, bug };
router id 10.0.0.1;
protocol device {}
protocol bgp lab {
  local 127.0.0.1 port ${setup.port} as ${setup.as};
  neighbor range ${CLIENT_RANGE} as ${setup.as};
  dynamic name "c";
  rr client;
  rr cluster id 10.0.0.1;
  passive;
  hold time ${setup.holdTimeS};
  ipv4 { import ${setup.filter === undefined ? 'all' : 'filter heavy'}; export all; };
}
`;
}

function writeConfig(setup: Setup, name: string, text: string): string {
  const path = join(setup.directory, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

export const DAEMONS: readonly Daemon[] = [
  {
    // No route reflector, but what the load generator and the kernel take: the floor of every row.
    name: 'relay',
    title: 'Relay',
    binary: programPath('relay'),
    versionArguments: [],
    prepare: (setup) => [String(setup.port), String(setup.as), String(setup.holdTimeS)],
  },
  {
    name: 'bird',
    title: 'BIRD',
    binary: '/usr/sbin/bird',
    versionArguments: ['--version'],
    prepare: (setup) => [
      '-f',
      ...['-c', writeConfig(setup, 'bird.conf', birdConfig(setup))],
      ...['-s', controlSocket(setup), '-P', join(setup.directory, 'bird.pid')],
    ],
  },
  {
    name: 'catbird',
    title: 'Catbird',
    binary: join(ROOT, 'bin/catbird'),
    versionArguments: ['--version'],
    prepare: (setup) => [
      'reflector',
      ...['-c', writeConfig(setup, 'bird.conf', birdConfig(setup))],
      ...['-s', controlSocket(setup)],
    ],
  },
  {
    name: 'frr',
    title: 'FRR',
    binary: '/usr/lib/frr/bgpd',
    versionArguments: ['--version'],
    prepare(setup) {
      const config = `router bgp ${setup.as}
 bgp router-id 10.0.0.1
 bgp cluster-id 10.0.0.1
 timers bgp ${Math.floor(setup.holdTimeS / 3)} ${setup.holdTimeS}
 neighbor lab peer-group
 neighbor lab remote-as ${setup.as}
 neighbor lab passive
 bgp listen limit 5000
 bgp listen range ${CLIENT_RANGE} peer-group lab
 address-family ipv4 unicast
  neighbor lab route-reflector-client
 exit-address-family
`;
      return [
        ...['-n', '-Z', '-S', '-p', String(setup.port), '-l', '127.0.0.1', '-P', '0'],
        ...['-f', writeConfig(setup, 'bgpd.conf', config), '-i', join(setup.directory, 'pid')],
        ...['--vty_socket', setup.directory],
      ];
    },
  },
  {
    name: 'openbgpd',
    title: 'OpenBGPD',
    binary: '/usr/sbin/bgpd',
    versionArguments: ['-V'],
    prepare(setup) {
      // Its children are confined to the home directory of its user, which the package's service would make.
      if (!existsSync('/run/openbgpd')) mkdirSync('/run/openbgpd', { recursive: true });
      const config = `AS ${setup.as}
router-id 10.0.0.1
listen on 127.0.0.1 port ${setup.port}
socket "${join(setup.directory, 'sock')}"
fib-update no
nexthop qualify via default
neighbor ${CLIENT_RANGE} {
  remote-as ${setup.as}
  passive
  route-reflector 10.0.0.1
  holdtime ${setup.holdTimeS}
}
allow from any
allow to any
`;
      return ['-d', '-f', writeConfig(setup, 'bgpd.conf', config)];
    },
  },
  {
    name: 'gobgp',
    title: 'GoBGP',
    binary: '/usr/bin/gobgpd',
    versionArguments: ['--version'],
    prepare(setup) {
      const config = `[global.config]
as = ${setup.as}
router-id = "10.0.0.1"
port = ${setup.port}
local-address-list = ["127.0.0.1"]
[[peer-groups]]
[peer-groups.config]
peer-group-name = "lab"
peer-as = ${setup.as}
[peer-groups.timers.config]
hold-time = ${setup.holdTimeS}
[peer-groups.transport.config]
passive-mode = true
[peer-groups.route-reflector.config]
route-reflector-client = true
route-reflector-cluster-id = "10.0.0.1"
[[peer-groups.afi-safis]]
[peer-groups.afi-safis.config]
afi-safi-name = "ipv4-unicast"
[[dynamic-neighbors]]
[dynamic-neighbors.config]
prefix = "${CLIENT_RANGE}"
peer-group = "lab"
`;
      const api = `127.0.0.1:${setup.port + 1}`;
      return [
        '-f',
        writeConfig(setup, 'gobgpd.toml', config),
        '--api-hosts',
        api,
        '--pprof-disable',
        '-l',
        'warn',
      ];
    },
  },
];

/** Whether the daemon is installed here. */
export function isInstalled(daemon: Daemon): boolean {
  return existsSync(daemon.binary);
}

/** `show interfaces` and `show interfaces summary`, in BIRD's columns and words. */
import { scopeOf, type InterfaceAddress } from '../../base/interfaces.ts';
import { formatIp } from '../../base/ip.ts';
import type { DaemonView, InterfaceView } from './daemon-view.ts';
import { CODE, last, more } from './replies.ts';
import type { Answer } from './replies.ts';

function withLength({ ip, length }: InterfaceAddress): string {
  return `${formatIp(ip)}/${length}`;
}

/** `10.0.0.1/24 (Preferred, opposite 10.0.0.2, scope site)` */
function addressText(address: InterfaceAddress, { preferred }: InterfaceView): string {
  const { ip, opposite, secondary } = address;
  const rank = preferred.includes(address) ? 'Preferred, ' : secondary ? 'Secondary, ' : '';
  const other = opposite ? `opposite ${formatIp(opposite)}, ` : '';
  return `${withLength(address)} (${rank}${other}scope ${scopeOf(ip)})`;
}

function flagsText(view: InterfaceView): string {
  const { multiAccess, broadcast, multicast, adminUp, linkUp, loopback, mtu } = view.interface;
  const words = [
    multiAccess ? 'MultiAccess' : 'PtP',
    broadcast && 'Broadcast',
    multicast && 'Multicast',
    adminUp ? 'AdminUp' : 'AdminDown',
    linkUp ? 'LinkUp' : 'LinkDown',
    loopback && 'Loopback Ignored',
    `MTU=${mtu}`,
  ];
  return words.filter((word) => word !== false).join(' ');
}

function state({ interface: { adminUp } }: InterfaceView): string {
  return adminUp ? 'up' : 'down';
}

export function* showInterfaces(view: DaemonView): Answer {
  const interfaces = view.interfaces();
  for (const each of interfaces) {
    const { name, index, master, addresses } = each.interface;
    const owner =
      interfaces.find((other) => other.interface.index === master)?.interface.name ?? `#${master}`;
    const belongs = master === undefined ? '' : ` master=${owner}`;
    yield more(CODE.interface, `${name} ${state(each)} (index=${index}${belongs})`);
    yield more(CODE.interfaceFlags, `\t${flagsText(each)}`);
    for (const version of [4, 6]) {
      for (const address of addresses) {
        if (address.ip.version === version) {
          yield more(CODE.interfaceAddress, `\t${addressText(address, each)}`);
        }
      }
    }
  }
  yield last(CODE.ok);
}

export function* showInterfacesSummary(view: DaemonView): Answer {
  const columns = (name: string, up: string, ipv4: string, ipv6: string): string =>
    `${name.padEnd(10)} ${up.padEnd(6)} ${ipv4.padEnd(18)} ${ipv6}`;
  yield more(CODE.interfaceHeading, columns('Interface', 'State', 'IPv4 address', 'IPv6 address'));
  for (const each of view.interfaces()) {
    const { preferred } = each;
    const ipv4 = preferred.find(({ ip }) => ip.version === 4);
    const ipv6 = preferred.find(({ ip }) => ip.version === 6 && scopeOf(ip) !== 'link');
    const texts = [ipv4, ipv6].map((address) => (address ? withLength(address) : '')) as [string, string];
    yield more(CODE.interfaceSummary, columns(each.interface.name, state(each), ...texts));
  }
  yield last(CODE.ok);
}

/** Scopes of addresses, and over which interface a neighbour is reached. What BIRD says: interop/daemon/interfaces.test.ts. */
import { describe, expect, test } from 'vitest';
import { findNeighbour, scopeOf, type HostInterface, type InterfaceAddress } from './interfaces.ts';
import { parseIp } from './ip.ts';

test.each([
  ['127.0.0.1', 'host'],
  ['169.254.1.1', 'link'],
  ['10.0.0.1', 'site'],
  ['172.31.255.255', 'site'],
  ['172.32.0.0', 'univ'],
  ['192.168.1.1', 'site'],
  ['192.0.2.1', 'univ'],
  ['::1', 'host'],
  ['fe80::1', 'link'],
  ['fec0::1', 'site'],
  ['fd00::1', 'site'],
  ['2001:db8::1', 'univ'],
])('%s reaches no further than %s', (text, scope) => {
  expect(scopeOf(parseIp(text)!)).toBe(scope);
});

function address(text: string, options: Partial<InterfaceAddress> = {}): InterfaceAddress {
  const [ip, length] = text.split('/') as [string, string];
  return { ip: parseIp(ip)!, length: Number(length), isPeer: false, secondary: false, ...options };
}

function link(name: string, adminUp: boolean, ...addresses: InterfaceAddress[]): HostInterface {
  return {
    index: 1,
    name,
    adminUp,
    linkUp: adminUp,
    multiAccess: true,
    broadcast: true,
    multicast: true,
    loopback: false,
    mtu: 1500,
    addresses,
  };
}

const HOST = [
  link('e1', true, address('10.1.0.1/24', { broadcast: parseIp('10.1.0.255')! }), address('2001:db8::1/64')),
  link('e2', true, address('10.1.0.129/25')),
  link('e3', false, address('10.3.0.1/24')),
  link('p1', true, address('192.0.2.0/32', { isPeer: true, opposite: parseIp('192.0.2.1')! })),
  link('l1', true, address('10.4.0.0/31')),
];

describe('a neighbour', () => {
  test.each([
    ['in a network', '10.1.0.9', undefined, false, 'e1'],
    ['in two networks, of which the longer counts', '10.1.0.200', undefined, false, 'e2'],
    ['in no network', '10.99.0.1', undefined, false, undefined],
    ['behind an interface that is down', '10.3.0.9', undefined, false, undefined],
    ['that is the host, though the interface is down', '10.3.0.1', undefined, false, 'e3'],
    ['that is the network', '10.1.0.0', 'e1', false, undefined],
    ['that is the broadcast address', '10.1.0.255', 'e1', false, undefined],
    ['in a network of two', '10.4.0.1', undefined, false, 'l1'],
    ['at the other end', '192.0.2.1', undefined, false, 'p1'],
    ['on a link that is not its own', '10.1.0.9', 'e2', false, undefined],
    ['on a link that is said to be its own', '10.99.0.1', 'e2', true, 'e2'],
    ['on such a link that is down', '10.99.0.1', 'e3', true, undefined],
    ['that is a link', undefined, 'e1', false, 'e1'],
    ['that is a link that is down', undefined, 'e3', false, undefined],
    ['that is a link that is not there', undefined, 'e9', false, undefined],
    ['of a link', 'fe80::9', 'e1', true, 'e1'],
    ['of a link that is not named', 'fe80::9', undefined, true, undefined],
    ['on the host alone', '127.0.0.1', 'e1', true, undefined],
    ['of IPv6', '2001:db8::77', undefined, false, 'e1'],
  ] as const)('%s', (_name, ip, over, onlink, expected) => {
    const query = { ...(ip && { address: parseIp(ip)! }), ...(over && { interface: over }), onlink };
    expect(findNeighbour(HOST, query)?.name).toBe(expected);
  });
});

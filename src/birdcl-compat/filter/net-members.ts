/** Members of networks at run time, `net.rd` and the like. What a kind of network lacks is a run-time error, as in BIRD. */
import type { IpAddress } from '../../base/ip.ts';
import { flowPrefix } from './flowspec.ts';
import { EVPN_TYPE, NO_ADDRESS } from './nets.ts';
import type { EvpnRoute, Net } from './nets.ts';
import { FilterError } from './runtime-error.ts';
import type { Prefix } from './values.ts';

function need<T>(value: T | undefined, at: number, message: string): T {
  if (value === undefined) throw new FilterError(at, message);
  return value;
}

function evpnOf(net: Net, at: number): EvpnRoute {
  return need(net.evpn, at, 'EVPN address expected');
}

/** The address; of EVPN MAC routes that of the host. */
export function netIp(net: Net): IpAddress {
  return net.evpn?.type === 'mac' ? (net.evpn.ip ?? NO_ADDRESS) : net.ip;
}

export function netRd(net: Net, at: number): bigint {
  return need(net.rd, at, 'VPN or EVPN address expected');
}

export function netMaxLength(net: Net, at: number): number {
  return need(net.maxLength, at, 'ROA expected');
}

export function netAsn(net: Net, at: number): number {
  return need(net.asn, at, 'ROA or ASPA expected');
}

/** Where packets of a flow or source-specific route come from. */
export function netSource(net: Net, at: number): Prefix {
  if (net.flow) return flowPrefix(net.flow, 2);
  return need(net.source, at, 'Flow or SADR expected');
}

/** Where packets of a flow or source-specific route go to. */
export function netDestination(net: Net, at: number): Prefix {
  if (net.flow) return flowPrefix(net.flow, 1);
  need(net.source, at, 'Flow or SADR expected');
  return { ip: net.ip, length: net.length };
}

export function netMac(net: Net, at: number): number {
  return need(net.mac ?? net.evpn?.mac, at, 'Ethernet or EVPN MAC expected');
}

export function netVlan(net: Net, at: number): number {
  return need(net.vlan, at, 'Ethernet address expected');
}

export function netEvpnType(net: Net, at: number): number {
  return EVPN_TYPE[evpnOf(net, at).type];
}

export function netEvpnTag(net: Net, at: number): number {
  const { type, tag } = evpnOf(net, at);
  if (type === 'es') throw new FilterError(at, 'EVPN EAD/MAC/IMET address expected');
  return tag;
}

export function netEvpnEsi(net: Net, at: number): string {
  return need(evpnOf(net, at).esi, at, 'EVPN EAD/ES address expected');
}

export function netRouterIp(net: Net, at: number): IpAddress {
  return need(evpnOf(net, at).routerIp, at, 'EVPN IMET/ES address expected');
}

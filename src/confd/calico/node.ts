/** Nodes: what BGP needs to know about each. */
import { addressInNetwork } from './addresses.ts';
import type { Fields } from './fields.ts';
import type { Labels } from './selector.ts';

export interface Node {
  readonly name: string;
  readonly labels: Labels;
  /** Addresses and networks; empty where it has none. */
  readonly addressV4: string;
  readonly addressV6: string;
  readonly networkV4: string;
  readonly networkV6: string;
  readonly asNumber: number | undefined;
  readonly clusterId: string;
}

export interface ReadNode {
  readonly node: Node;
  /** What was left out because it is no address. */
  readonly problem: string | undefined;
}

/** Throws an error that says what is wrong. */
export function readNode(name: string, resource: Fields): ReadNode {
  const bgp = resource.object('spec')?.object('bgp');
  const problems: string[] = [];
  const address = (field: string): { address: string; network: string } => {
    const text = bgp?.text(field) ?? '';
    const found = text === '' ? undefined : addressInNetwork(text);
    if (text !== '' && !found) problems.push(`spec.bgp.${field} is no address`);
    return found ?? { address: '', network: '' };
  };
  const v4 = address('ipv4Address');
  const v6 = address('ipv6Address');
  const node: Node = {
    name,
    labels: resource.object('metadata')?.textMap('labels') ?? new Map(),
    addressV4: v4.address,
    addressV6: v6.address,
    networkV4: v4.network,
    networkV6: v6.network,
    asNumber: bgp?.asNumber('asNumber'),
    clusterId: bgp?.text('routeReflectorClusterID') ?? '',
  };
  return { node, problem: problems.length > 0 ? problems.join('; ') : undefined };
}

/** Names below `/calico/bgp/v1/host/NAME`, with their values. Addresses are there even where they are empty. */
export function nodeKeys(node: Node): Readonly<Record<string, string | undefined>> {
  return {
    ip_addr_v4: node.addressV4,
    ip_addr_v6: node.addressV6,
    network_v4: node.networkV4 || undefined,
    network_v6: node.networkV6 || undefined,
    as_num: node.asNumber?.toString(),
    rr_cluster_id: node.clusterId,
  };
}

/** `BGPPeer`: which neighbours it gives one node, forwards and in return. */
import { canonicalAddress, versionOf } from './addresses.ts';
import type { Claim, Source } from './claims.ts';
import type { Fields } from './fields.ts';
import type { Node } from './node.ts';
import type { SecretRef } from './secrets.ts';
import { secretRef } from './secrets.ts';
import type { Selector } from './selector.ts';
import { parseSelector } from './selector.ts';

const BGP_PORT = 179;

/** Peerings of all nodes come before those of one, and what is said before what follows from it. */
const RANK = { global: 0, forward: 1, reverse: 2 } as const;

export interface Peer {
  readonly name: string;
  /** The nodes that have it: all without any of these. */
  readonly node: string;
  readonly nodeSelector: NamedSelector | undefined;
  /** Whom they have it with: nodes, or an address. */
  readonly peerSelector: NamedSelector | undefined;
  readonly address: string;
  /** As it is written, for comparing with those of nodes. */
  readonly host: string;
  readonly port: number;
  readonly asNumber: number;
  readonly localAs: number;
  readonly password: SecretRef | undefined;
  readonly sourceAddress: string;
  readonly keepNextHop: boolean;
  readonly nextHopMode: string;
  readonly restartTime: string;
  readonly keepaliveTime: string;
  readonly allowedLocalAs: number;
  readonly ttlSecurity: number;
  readonly reachableBy: string;
  readonly filters: readonly string[] | null;
  readonly isReversed: boolean;
}

export interface NamedSelector {
  readonly text: string;
  readonly matches: Selector;
}

/** Whether something is other where the local node is, or the configuration of all nodes. */
export interface Dependence {
  readonly local: boolean;
  readonly configuration: boolean;
}

/** What peers are worked out from besides themselves. */
export interface PeerWorld {
  /** The node whose configuration it is. */
  readonly localName: string;
  readonly local: Node | undefined;
  readonly asNumber: number;
  readonly listenPort: number;
  listenPortOf(node: string): number | undefined;
  nodesWithAddress(address: string): readonly Node[];
  nodesMatching(selector: NamedSelector | undefined): readonly Node[];
  node(name: string): Node | undefined;
  password(ref: SecretRef): string | undefined;
  /** The keys of resources: of the peer, of a node with its configuration, and of others that it depends on. */
  sources(peer: string, node: string | undefined, others: Dependence): readonly Source[];
}

/** Throws an error that says what is wrong. */
export function readPeer(name: string, resource: Fields): Peer {
  const spec = resource.object('spec');
  if (!spec) throw new Error('it has no spec');
  if (spec.text('localWorkloadSelector') !== '')
    throw new Error('spec.localWorkloadSelector is not supported: workloads of a node are not known here');
  const { host, port } = hostAndPort(spec.text('peerIP'));
  const peerSelector = selectorOf(spec, 'peerSelector');
  const address = canonicalAddress(host) ?? '';
  if (!peerSelector && address === '')
    throw new Error('it needs spec.peerIP, an address, or spec.peerSelector');
  const reachableBy = spec.text('reachableBy');
  if (!peerSelector && reachableBy !== '') {
    const through = canonicalAddress(reachableBy);
    if (through === undefined) throw new Error('spec.reachableBy is no address');
    if (versionOf(through) !== versionOf(address))
      throw new Error('spec.reachableBy is not of the family of spec.peerIP');
  }
  const nextHopMode = spec.text('nextHopMode');
  return {
    name,
    node: spec.text('node'),
    nodeSelector: selectorOf(spec, 'nodeSelector'),
    peerSelector,
    address,
    host,
    port,
    asNumber: spec.asNumber('asNumber') ?? 0,
    localAs: spec.asNumber('localASNumber') ?? 0,
    password: secretRef(spec.object('password')),
    sourceAddress: spec.oneOf('sourceAddress', ['UseNodeIP', 'None']) ?? 'UseNodeIP',
    keepNextHop: nextHopMode === '' && (spec.flag('keepOriginalNextHop') ?? false),
    nextHopMode,
    restartTime: spec.seconds('maxRestartTime')?.toString() ?? '',
    keepaliveTime: spec.seconds('keepaliveTime')?.toString() ?? '',
    allowedLocalAs: spec.number('numAllowedLocalASNumbers', 0x7fff_ffff) ?? 0,
    ttlSecurity: spec.number('ttlSecurity', 255) ?? 0,
    reachableBy,
    filters: spec.texts('filters') ?? null,
    isReversed: spec.oneOf('reversePeering', ['Auto', 'Manual']) !== 'Manual',
  };
}

function selectorOf(spec: Fields, name: string): NamedSelector | undefined {
  const text = spec.text(name);
  if (text === '') return undefined;
  try {
    return { text, matches: parseSelector(text) };
  } catch (error) {
    throw new Error(`spec.${name}: ${(error as Error).message}`, { cause: error });
  }
}

/** `10.0.0.1`, `10.0.0.1:500`, `aa::1`, `[aa::1]:500`. */
function hostAndPort(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return match && port <= 65535 ? { host: match[1] ?? match[2]!, port } : { host: text, port: 0 };
}

export function isGlobal(peer: Peer): boolean {
  return peer.node === '' && !peer.nodeSelector;
}

/** All that a peer claims, piece by piece: each with the node that it is with, of an address with ''. */
export function* peerClaims(peer: Peer, world: PeerWorld): Generator<[node: string, claims: Claim[]]> {
  if (isOfLocal(peer, world)) {
    if (!peer.peerSelector) yield ['', [addressClaim(peer, world)]];
    else
      for (const node of world.nodesMatching(peer.peerSelector))
        yield [node.name, forward(peer, node, world)];
  }
  if (!isWithLocal(peer, world)) return;
  const isForward = hasForward(peer, world);
  if (peer.nodeSelector || peer.node === '') {
    for (const node of world.nodesMatching(peer.nodeSelector))
      if (!isForward(node)) yield [node.name, reverse(peer, node, world)];
    return;
  }
  const node = world.node(peer.node);
  if (node && !isForward(node)) yield [node.name, reverse(peer, node, world)];
}

/** Which nodes it is with forwards: with those it need not be in return. */
function hasForward(peer: Peer, world: PeerWorld): (node: Node) => boolean {
  const { peerSelector } = peer;
  return peerSelector && isOfLocal(peer, world) ? ({ labels }) => peerSelector.matches(labels) : () => false;
}

/** The part of `peerClaims` with one node. */
export function peerClaimsWith(peer: Peer, node: Node, world: PeerWorld): Claim[] {
  if (hasForward(peer, world)(node)) return forward(peer, node, world);
  const isOwner = peer.nodeSelector
    ? peer.nodeSelector.matches(node.labels)
    : peer.node === '' || peer.node === node.name;
  return isOwner && isWithLocal(peer, world) ? reverse(peer, node, world) : [];
}

/** Whether the local node is one that has the peer. */
function isOfLocal(peer: Peer, { localName, local }: PeerWorld): boolean {
  if (peer.nodeSelector) return local !== undefined && peer.nodeSelector.matches(local.labels);
  return peer.node === '' || peer.node === localName;
}

/** Whether the local node is whom others have the peer with, and so is to have them in return. */
function isWithLocal(peer: Peer, world: PeerWorld): boolean {
  const { local } = world;
  if (!local || !peer.isReversed) return false;
  if (peer.peerSelector) return peer.peerSelector.matches(local.labels);
  return hasAddress(peer, local, world);
}

/** Whether a peer with an address is with a node: by address, AS number and, where one is named, port. */
function hasAddress(peer: Peer, node: Node, world: PeerWorld): boolean {
  if (node.addressV4 !== peer.host && node.addressV6 !== peer.host) return false;
  if ((node.asNumber ?? world.asNumber) !== (peer.asNumber || world.asNumber)) return false;
  if (peer.port === 0) return true;
  const port = world.listenPortOf(node.name);
  if (port !== undefined && port !== peer.port) return false;
  return world.listenPort === 0 || world.listenPort === peer.port;
}

function addressClaim(peer: Peer, world: PeerWorld): Claim {
  const withAddress = world.nodesWithAddress(peer.host);
  const node = peer.port === 0 ? withAddress.find((one) => hasAddress(peer, one, world)) : undefined;
  const port = node ? (world.listenPortOf(node.name) ?? world.listenPort) : peer.port;
  return claim(
    peer,
    peer.address,
    port,
    isGlobal(peer) ? 'global' : 'forward',
    withAddress[0],
    world,
    {
      as_num: String(peer.asNumber),
      calico_node: withAddress.length > 0,
      num_allow_local_as: peer.allowedLocalAs,
    },
    { local: peer.nodeSelector !== undefined, configuration: withAddress.length > 0 },
  );
}

function forward(peer: Peer, node: Node, world: PeerWorld): Claim[] {
  return nodeClaims(peer, node, isGlobal(peer) ? 'global' : 'forward', true, true, world);
}

function reverse(peer: Peer, node: Node, world: PeerWorld): Claim[] {
  const isAny = peer.peerSelector !== undefined;
  const version = versionOf(peer.host);
  return nodeClaims(peer, node, 'reverse', isAny || version === 4, isAny || version === 6, world);
}

function nodeClaims(
  peer: Peer,
  node: Node,
  kind: keyof typeof RANK,
  isV4: boolean,
  isV6: boolean,
  world: PeerWorld,
): Claim[] {
  const port = world.listenPortOf(node.name) ?? world.listenPort;
  const addresses = [isV4 ? node.addressV4 : '', isV6 ? node.addressV6 : ''].filter((one) => one !== '');
  return addresses.map((address) =>
    claim(
      peer,
      address,
      port,
      kind,
      node,
      world,
      {
        as_num: String(node.asNumber ?? world.asNumber),
        rr_cluster_id: node.clusterId,
      },
      { local: kind === 'reverse' || peer.nodeSelector !== undefined, configuration: true },
    ),
  );
}

function claim(
  peer: Peer,
  address: string,
  port: number,
  kind: keyof typeof RANK,
  node: Node | undefined,
  world: PeerWorld,
  own: Readonly<Record<string, string | number | boolean>>,
  dependence: Dependence,
): Claim {
  const place = `/peer_v${versionOf(address)}/${address}${port === 0 || port === BGP_PORT ? '' : `-${port}`}`;
  const folder = kind === 'global' ? '/calico/bgp/v1/global' : `/calico/bgp/v1/host/${world.localName}`;
  const value = {
    ip: address,
    as_num: '0',
    local_as_num: String(peer.localAs),
    rr_cluster_id: '',
    password: peer.password ? (world.password(peer.password) ?? null) : null,
    source_addr: peer.sourceAddress,
    port,
    keep_next_hop: peer.keepNextHop,
    restart_time: peer.restartTime,
    keepalive_time: peer.keepaliveTime,
    calico_node: false,
    num_allow_local_as: 0,
    ttl_security: peer.ttlSecurity,
    reachable_by: peer.reachableBy,
    filters: peer.filters,
    passive_mode: false,
    local_bgp_peer: false,
    next_hop_mode: peer.nextHopMode,
    ...own,
  };
  return {
    place,
    rank: RANK[kind],
    owner: `${peer.name}/${node?.name ?? ''}`,
    key: folder + place,
    value: JSON.stringify(value),
    sources: world.sources(peer.name, node?.name, dependence),
  };
}

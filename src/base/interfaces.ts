/** Interfaces of the host and their addresses, and who asks for them. */
import { ipToBytes, sameIp, type IpAddress } from './ip.ts';

/** How far an address reaches, least first, in BIRD's words. */
export const SCOPES = ['host', 'link', 'site', 'org', 'univ'] as const;
export type AddressScope = (typeof SCOPES)[number];

export interface InterfaceAddress {
  readonly ip: IpAddress;
  /** Of the network of the address; that of the other end where there is a peer. */
  readonly length: number;
  /** The one other address of the link. */
  readonly opposite?: IpAddress;
  /** The network is that of the other end alone, not one that both are in. */
  readonly isPeer: boolean;
  readonly broadcast?: IpAddress;
  /** Not the first of its network on the interface. */
  readonly secondary: boolean;
}

export interface HostInterface {
  readonly index: number;
  readonly name: string;
  readonly adminUp: boolean;
  readonly linkUp: boolean;
  readonly multiAccess: boolean;
  readonly broadcast: boolean;
  readonly multicast: boolean;
  readonly loopback: boolean;
  readonly mtu: number;
  /** Index of the bridge, bond or VRF that it belongs to. */
  readonly master?: number;
  readonly addresses: readonly InterfaceAddress[];
}

/** Who knows the interfaces. */
export interface HostInterfaces {
  readonly current: readonly HostInterface[];
  /** Asks again now, whatever was told. */
  scan(): void;
  /** Calls `changed` after each change, until the function that it returns is called. */
  watch(changed: () => void): () => void;
}

/** RFC 4291, RFC 1918 and others: as BIRD classes addresses. */
export function scopeOf(ip: IpAddress): AddressScope {
  const bytes = ipToBytes(ip);
  const [a, b] = [bytes[0]!, bytes[1]!];
  if (ip.version === 4) {
    if (a === 127) return 'host';
    if (a === 169 && b === 254) return 'link';
    const isPrivate = a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168);
    return isPrivate ? 'site' : 'univ';
  }
  if (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) return 'host';
  if (a === 0xfe && b >> 6 === 2) return 'link';
  if ((a === 0xfe && b >> 6 === 3) || (a & 0xfe) === 0xfc) return 'site';
  return 'univ';
}

/** Clears the host bits of an address. */
export function networkOf(ip: IpAddress, length: number): IpAddress {
  const words = ip.words.map((word, i) => {
    const keep = Math.min(32, Math.max(0, length - i * 32));
    return keep === 0 ? 0 : (word & (0xffffffff << (32 - keep))) >>> 0;
  });
  return { version: ip.version, words } as IpAddress;
}

/** The network that an address of an interface makes reachable. */
export function connectedNetwork({ ip, length, opposite, isPeer }: InterfaceAddress): IpAddress {
  return networkOf(isPeer ? opposite! : ip, length);
}

function contains(address: InterfaceAddress, ip: IpAddress): boolean {
  if (address.ip.version !== ip.version) return false;
  return sameIp(connectedNetwork(address), networkOf(ip, address.length));
}

/** How near a neighbour is: `own` is an address of the host itself. */
interface Connection {
  readonly own: boolean;
  readonly length: number;
}

/** Whether and how an address is reached over one interface. */
function connection(ip: IpAddress, { adminUp, addresses }: HostInterface): Connection | undefined {
  // An own address is reached even where its interface is down.
  if (addresses.some((address) => sameIp(address.ip, ip))) return { own: true, length: 0 };
  if (!adminUp) return undefined;
  let found: InterfaceAddress | undefined;
  for (const address of addresses) {
    const { isPeer, opposite, length, broadcast } = address;
    const reaches = isPeer ? sameIp(opposite!, ip) : contains(address, ip);
    if (!reaches || (found && found.length >= length)) continue;
    const isNetwork = sameIp(networkOf(ip, length), ip);
    const isBroadcast = broadcast !== undefined && sameIp(broadcast, ip);
    if (!isPeer && ip.version === 4 && length < 31 && (isNetwork || isBroadcast)) return undefined;
    found = address;
  }
  return found && { own: false, length: found.length };
}

/** What a neighbour is asked for. */
export interface NeighbourQuery {
  /** Undefined: the link itself. */
  readonly address?: IpAddress;
  /** Its name; undefined: any. */
  readonly interface?: string;
  /** Reached over that interface whatever the addresses there. */
  readonly onlink: boolean;
}

/** The interface over which a neighbour is reached now, undefined where there is none. */
export function findNeighbour(
  interfaces: readonly HostInterface[],
  { address, interface: name, onlink }: NeighbourQuery,
): HostInterface | undefined {
  if (address && scopeOf(address) === 'host') return undefined;
  if (name !== undefined) {
    const named = interfaces.find((candidate) => candidate.name === name);
    if (!named) return undefined;
    if (!address) return named.adminUp ? named : undefined;
    if (connection(address, named)) return named;
    return onlink && named.adminUp ? named : undefined;
  }
  // An address of a link means nothing without the link.
  if (!address || scopeOf(address) === 'link') return undefined;
  let best: { found: HostInterface; to: Connection } | undefined;
  for (const found of interfaces) {
    const to = connection(address, found);
    if (!to) continue;
    const nearer =
      !best || (to.own && !best.to.own) || (to.own === best.to.own && to.length > best.to.length);
    if (nearer) best = { found, to };
  }
  return best?.found;
}

/** What Linux says of interfaces over rtnetlink (rtnetlink(7)), as values. All numbers are in the host's byte order. */
import { ipFromBytes, sameIp, type IpAddress } from '../base/ip.ts';
import { networkOf, type HostInterface, type InterfaceAddress } from '../base/interfaces.ts';

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const HEADER = 16;
const IFINFOMSG = 16;
const IFADDRMSG = 8;

const IFLA = { name: 3, mtu: 4, master: 10 } as const;
const IFA = { address: 1, local: 2, broadcast: 4, flags: 8 } as const;
const IFF = {
  up: 1,
  broadcast: 2,
  loopback: 8,
  pointToPoint: 16,
  multicast: 0x1000,
  lowerUp: 0x10000,
} as const;
const IFA_F_SECONDARY = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** The request for all links, or all addresses. */
export function dumpRequest(what: 'links' | 'addresses', sequence: number): Uint8Array {
  const request = new Uint8Array(HEADER + IFINFOMSG);
  const view = new DataView(request.buffer);
  view.setUint32(0, request.length, true);
  view.setUint16(4, what === 'links' ? RTM_GETLINK : RTM_GETADDR, true);
  view.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, true);
  view.setUint32(8, sequence, true);
  return request;
}

type Link = Omit<HostInterface, 'addresses'> & { readonly addresses: InterfaceAddress[] };

/** Interfaces as the answers to the two requests describe them. */
export class InterfaceDump {
  readonly #links = new Map<number, Link>();

  /** In the order in which the kernel names them. */
  get interfaces(): HostInterface[] {
    return [...this.#links.values()];
  }

  /**
   * Takes what one `recv` gave: whole messages, those to other requests left out.
   * @returns `done` after the last message of an answer; the kernel's error number where it refused
   */
  take(bytes: Uint8Array, sequence: number): 'more' | 'done' | number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + HEADER <= bytes.length;) {
      const length = view.getUint32(at, true);
      if (length < HEADER || at + length > bytes.length) return 'more';
      if (view.getUint32(at + 8, true) === sequence) {
        const type = view.getUint16(at + 4, true);
        if (type === NLMSG_DONE) return 'done';
        if (type === NLMSG_ERROR) return -view.getInt32(at + HEADER, true);
        if (type === RTM_NEWLINK) this.#link(view, at + HEADER, at + length);
        if (type === RTM_NEWADDR) this.#address(view, at + HEADER, at + length);
      }
      at += align(length);
    }
    return 'more';
  }

  #link(view: DataView, at: number, end: number): void {
    if (at + IFINFOMSG > end) return;
    const index = view.getInt32(at + 4, true);
    const flags = view.getUint32(at + 8, true);
    let name = '';
    let mtu = 0;
    let master: number | undefined;
    attributes(view, at + IFINFOMSG, end, (type, value) => {
      if (type === IFLA.name) name = new TextDecoder().decode(value).replace(/\0.*$/s, '');
      else if (type === IFLA.mtu && value.length >= 4) mtu = u32(value);
      else if (type === IFLA.master && value.length >= 4) master = u32(value);
    });
    const has = (flag: number): boolean => (flags & flag) !== 0;
    const loopback = has(IFF.loopback);
    this.#links.set(index, {
      index,
      name,
      adminUp: has(IFF.up),
      linkUp: has(IFF.lowerUp),
      multiAccess: loopback || !has(IFF.pointToPoint),
      broadcast: has(IFF.broadcast) && !loopback && !has(IFF.pointToPoint),
      multicast: has(IFF.multicast),
      loopback,
      mtu,
      ...(master !== undefined && { master }),
      addresses: [],
    });
  }

  #address(view: DataView, at: number, end: number): void {
    if (at + IFADDRMSG > end) return;
    const link = this.#links.get(view.getUint32(at + 4, true));
    const family = view.getUint8(at);
    if (!link || (family !== AF_INET && family !== AF_INET6)) return;
    const size = family === AF_INET ? 4 : 16;
    const found = new Map<number, Uint8Array>();
    attributes(view, at + IFADDRMSG, end, (type, value) => {
      found.set(type, value);
    });
    const ipOf = (type: number): IpAddress | undefined => {
      const value = found.get(type);
      return value?.length === size ? ipFromBytes(value, 0, size) : undefined;
    };
    const other = ipOf(IFA.address);
    const ip = ipOf(IFA.local) ?? other;
    if (!ip || !other) return;
    const flags = found.get(IFA.flags);
    const secondary = ((flags ? u32(flags) : view.getUint8(at + 2)) & IFA_F_SECONDARY) !== 0;
    // Other flags share the bit in IPv6, where it says that an address is temporary: BIRD takes it so as well.
    const broadcast = ipOf(IFA.broadcast);
    link.addresses.push(
      addressOf(ip, other, view.getUint8(at + 1), secondary, link.broadcast ? broadcast : undefined),
    );
  }
}

/** As BIRD reads an address: who is opposite follows from a peer, or from the length of a network of two. */
function addressOf(
  ip: IpAddress,
  other: IpAddress,
  length: number,
  secondary: boolean,
  broadcast: IpAddress | undefined,
): InterfaceAddress {
  const bits = ip.version === 4 ? 32 : 128;
  const base = { ip, length, secondary, ...(broadcast && { broadcast }) };
  if (!sameIp(ip, other)) return { ...base, isPeer: true, opposite: other };
  const last = ip.words.at(-1)!;
  const flipped = (mask: number): IpAddress =>
    ({ version: ip.version, words: [...ip.words.slice(0, -1), (last ^ mask) >>> 0] }) as IpAddress;
  if (length === bits - 1) return { ...base, isPeer: false, opposite: flipped(1) };
  const isHost = !sameIp(networkOf(ip, length), ip) && (last & 3) !== 3;
  if (length === bits - 2 && isHost) return { ...base, isPeer: false, opposite: flipped(3) };
  return { ...base, isPeer: false };
}

function attributes(
  view: DataView,
  start: number,
  end: number,
  visit: (type: number, value: Uint8Array) => void,
): void {
  for (let at = start; at + 4 <= end;) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > end) return;
    // The upper two bits are flags.
    const type = view.getUint16(at + 2, true) & 0x3fff;
    visit(type, new Uint8Array(view.buffer, view.byteOffset + at + 4, length - 4));
    at += align(length);
  }
}

function align(length: number): number {
  return (length + 3) & ~3;
}

function u32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}

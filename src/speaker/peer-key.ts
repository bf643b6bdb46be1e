/** The TCP MD5 keys of neighbours and ranges, as listeners need them (RFC 2385). */
import { sameIp, type IpAddress } from '../base/ip.ts';
import type { RangeConfig, SessionConfig } from './config.ts';
import type { Listener, ListenerPeer } from './transport.ts';

/** A neighbour's or range's key, and the local address it is meant for. */
export interface PeerKey {
  readonly peer: ListenerPeer;
  readonly localAddress: IpAddress | undefined;
}

/** The key of one neighbour. */
export function sessionKey({ remoteAddress, localAddress, password }: SessionConfig): PeerKey {
  const prefixLength = remoteAddress.version === 4 ? 32 : 128;
  return {
    peer: { address: remoteAddress, prefixLength, ...(password !== undefined && { password }) },
    localAddress,
  };
}

/** The key of all neighbours of a range. */
export function rangeKey({ prefix, template: { password, localAddress } }: RangeConfig): PeerKey {
  return {
    peer: {
      address: prefix.address,
      prefixLength: prefix.length,
      ...(password !== undefined && { password }),
    },
    localAddress,
  };
}

function samePeer(a: ListenerPeer, b: ListenerPeer): boolean {
  return a.prefixLength === b.prefixLength && sameIp(a.address, b.address);
}

/** Whether connections that the key is for can arrive at the listener. */
function concerns({ peer, localAddress }: PeerKey, { local }: Listener): boolean {
  if (peer.address.version !== local.address.version) return false;
  const isAny = local.address.words.every((word) => word === 0);
  return isAny || !localAddress || sameIp(localAddress, local.address);
}

/** Gives the key to a listener that its peer may connect to. Throws where the listener cannot take it. */
export function installKey(key: PeerKey, listener: Listener): void {
  if (key.peer.password !== undefined && concerns(key, listener)) listener.setPeer(key.peer);
}

/**
 * Takes the key away from a listener.
 * @param others the keys that stay; one for the same peer takes its place
 */
export function removeKey(key: PeerKey, listener: Listener, others: readonly PeerKey[]): void {
  if (key.peer.password === undefined || !concerns(key, listener)) return;
  const heir = others.find(
    (other) =>
      other.peer.password !== undefined && samePeer(other.peer, key.peer) && concerns(other, listener),
  );
  if (heir) listener.setPeer(heir.peer);
  else listener.removePeer(key.peer);
}

/** The session that routes are encoded for: what the OPENs agreed on, as far as UPDATEs depend on it. */
import { FAMILIES } from '../base/family.ts';
import { ipToBytes, type IpAddress } from '../base/ip.ts';
import type { EstablishedSession } from '../speaker/session-port.ts';

export interface TargetFamily {
  /** Routes carry a path identifier (RFC 7911). */
  readonly addPath: boolean;
  /** IPv4 routes may have an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop: boolean;
}

export interface Target {
  readonly as4: boolean;
  readonly internal: boolean;
  readonly localAs: number;
  readonly remoteAs: number;
  /** Longest message in bytes. */
  readonly maxLength: number;
  /** By family index; undefined where the neighbour did not agree to the family. */
  readonly families: readonly (TargetFamily | undefined)[];
  /** Next hop of routes that come without one: 4 bytes, 16 bytes. */
  readonly nextHop4: Uint8Array;
  readonly nextHop6: Uint8Array;
  /** Put in place of whatever next hop of its length a recorded route has. */
  readonly forcedNextHop: Uint8Array | undefined;
}

/** A neighbour on the same machine would take its own loopback address for its own next hop. RFC 5737. */
const LOOPBACK_NEXT_HOP = [192, 0, 2, 1];

/** @param nextHop the one that was asked for; otherwise routes have the session's local address */
export function targetOf(session: EstablishedSession, nextHop: IpAddress | undefined): Target {
  const { negotiated } = session;
  const families = FAMILIES.map((family) => {
    const agreed = negotiated.families.find((candidate) => candidate.family === family.index);
    return agreed && { addPath: agreed.addPathSend, extendedNextHop: agreed.extendedNextHop };
  });
  const local = ipToBytes(session.local.address);
  const asked = nextHop && ipToBytes(nextHop);
  const own4 = local.length === 16 || local[0] === 127 ? Uint8Array.from(LOOPBACK_NEXT_HOP) : local;
  const nextHop4 = asked?.length === 4 ? asked : own4;
  const own6 = local.length === 16 && !isLoopback6(local) ? local : mapped(nextHop4);
  return {
    as4: negotiated.as4,
    internal: negotiated.internal,
    localAs: negotiated.localAs,
    remoteAs: negotiated.remoteAs,
    maxLength: negotiated.maxSendLength,
    families,
    nextHop4,
    nextHop6: asked?.length === 16 ? asked : own6,
    forcedNextHop: asked,
  };
}

function isLoopback6(bytes: Uint8Array): boolean {
  return bytes.every((byte, i) => byte === (i === 15 ? 1 : 0));
}

/** ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
function mapped(ipv4: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[10] = 0xff;
  bytes[11] = 0xff;
  bytes.set(ipv4, 12);
  return bytes;
}

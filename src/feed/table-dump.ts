/** Routes from table dumps: TABLE_DUMP and TABLE_DUMP_V2 (RFC 6396 sections 4.2 and 4.3, RFC 8050 section 4). */
import { familyOf, FAMILIES, IPV4, IPV6, SAFI, type Family } from '../base/family.ts';
import { ipFromBytes, type IpAddress } from '../base/ip.ts';
import { TABLE_DUMP_V2 } from '../mrt/codes.ts';
import type { MrtRecord } from './mrt.ts';
import { nlriEnd } from './update-writer.ts';
import { u16, u32 } from './update-view.ts';

interface RibSubtype {
  readonly family: Family;
  readonly addPath: boolean;
}

const V2_RIB: Readonly<Record<number, RibSubtype>> = {
  [TABLE_DUMP_V2.ribIpv4Unicast]: { family: IPV4, addPath: false },
  [TABLE_DUMP_V2.ribIpv6Unicast]: { family: IPV6, addPath: false },
  [TABLE_DUMP_V2.ribIpv4UnicastAddPath]: { family: IPV4, addPath: true },
  [TABLE_DUMP_V2.ribIpv6UnicastAddPath]: { family: IPV6, addPath: true },
};

/** A neighbour of the collector. */
export interface CollectorPeer {
  readonly address: IpAddress;
  readonly as: number;
}

/** One path to one network. `attributes` points into the record. */
export interface TableRoute {
  readonly family: Family;
  /** Length in bits and address, as in an UPDATE. */
  readonly nlri: Uint8Array;
  /** Undefined where the dump has no path identifiers. */
  readonly pathId: number | undefined;
  /** AS numbers in the attributes have four octets. */
  readonly as4: boolean;
  readonly attributes: Uint8Array;
}

/** Whether the record is the list of peers that the following ones refer to. */
export function isPeerIndex(record: MrtRecord): boolean {
  return record.subtype === TABLE_DUMP_V2.peerIndexTable;
}

/** The peers of a PEER_INDEX_TABLE in their order, or undefined where it is malformed. RFC 6396 section 4.3.1. */
export function decodePeerIndex({ bytes, start, end }: MrtRecord): CollectorPeer[] | undefined {
  // Collector ID, length of the view name, the name, number of peers.
  if (end - start < 8) return undefined;
  const countAt = start + 6 + u16(bytes, start + 4);
  if (countAt + 2 > end) return undefined;
  const peers: CollectorPeer[] = [];
  let at = countAt + 2;
  for (let left = u16(bytes, countAt); left > 0; left--) {
    const type = bytes[at]!;
    const addressLength = type & 1 ? 16 : 4;
    const asLength = type & 2 ? 4 : 2;
    const addressAt = at + 5;
    const asAt = addressAt + addressLength;
    if (asAt + asLength > end) return undefined;
    peers.push({
      address: ipFromBytes(bytes, addressAt, addressLength),
      as: asLength === 4 ? u32(bytes, asAt) : u16(bytes, asAt),
    });
    at = asAt + asLength;
  }
  return peers;
}

/** `malformed`: what the visitor got before that stands. `other`: no unicast routes in it. */
export type TableOutcome = 'sound' | 'malformed' | 'other';

/** Visits the routes of a TABLE_DUMP_V2 record other than the peer index. RFC 6396 section 4.3.2 to 4.3.4. */
export function forEachV2Route(
  record: MrtRecord,
  visit: (peerIndex: number, route: TableRoute) => void,
): TableOutcome {
  const { bytes, start, end, subtype } = record;
  const generic = subtype === TABLE_DUMP_V2.ribGeneric || subtype === TABLE_DUMP_V2.ribGenericAddPath;
  const rib = generic ? genericFamily(record) : V2_RIB[subtype];
  if (!rib) return 'other';
  const { family, addPath } = rib;
  // Sequence number, and in RIB_GENERIC address family and subsequent address family.
  const nlriAt = start + (generic ? 7 : 4);
  const countAt = nlriEnd(bytes, nlriAt, false);
  if (!(countAt + 2 <= end) || bytes[nlriAt]! > family.bits) return 'malformed';
  const nlri = bytes.subarray(nlriAt, countAt);
  let at = countAt + 2;
  for (let left = u16(bytes, countAt); left > 0; left--) {
    // Peer index, time of origin, path identifier, length of the attributes.
    const lengthAt = at + (addPath ? 10 : 6);
    const attributesAt = lengthAt + 2;
    if (attributesAt > end) return 'malformed';
    const peerIndex = u16(bytes, at);
    const pathId = addPath ? u32(bytes, at + 6) : undefined;
    at = attributesAt + u16(bytes, lengthAt);
    if (at > end) return 'malformed';
    visit(peerIndex, { family, nlri, pathId, as4: true, attributes: bytes.subarray(attributesAt, at) });
  }
  return 'sound';
}

function genericFamily({ bytes, start, end, subtype }: MrtRecord): RibSubtype | undefined {
  if (end - start < 8) return undefined;
  const family = familyOf(u16(bytes, start + 4), bytes[start + 6]!);
  return family && { family, addPath: subtype === TABLE_DUMP_V2.ribGenericAddPath };
}

/** The route of a TABLE_DUMP record; its subtype is the address family. RFC 6396 section 4.2. */
export function decodeV1Route(
  record: MrtRecord,
): { readonly peer: CollectorPeer; readonly route: TableRoute } | 'malformed' | 'other' {
  const { bytes, start, end } = record;
  const family = familyOf(record.subtype, SAFI.unicast);
  if (!family) return 'other';
  const addressLength = FAMILIES[family.index].bits / 8;
  // View and sequence number; address and length of the prefix; status and time; address and AS of the peer.
  const prefixAt = start + 4;
  const bitsAt = prefixAt + addressLength;
  const peerAt = bitsAt + 6;
  const asAt = peerAt + addressLength;
  const attributesAt = asAt + 4;
  if (attributesAt > end) return 'malformed';
  const bits = bytes[bitsAt]!;
  const attributesEnd = attributesAt + u16(bytes, asAt + 2);
  if (bits > family.bits || attributesEnd > end) return 'malformed';
  const nlri = Uint8Array.of(bits, ...bytes.subarray(prefixAt, prefixAt + ((bits + 7) >> 3)));
  const attributes = bytes.subarray(attributesAt, attributesEnd);
  return {
    peer: { address: ipFromBytes(bytes, peerAt, addressLength), as: u16(bytes, asAt) },
    route: { family, nlri, pathId: undefined, as4: false, attributes },
  };
}

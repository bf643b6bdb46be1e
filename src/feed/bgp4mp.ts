/** BGP4MP records: messages of a live session (RFC 6396 section 4.4, RFC 8050 section 3). */
import { AFI } from '../base/family.ts';
import { ipFromBytes, type IpAddress } from '../base/ip.ts';
import { BGP4MP } from '../mrt/codes.ts';
import { HEADER_LENGTH, MESSAGE } from '../speaker/wire/iana.ts';
import type { MrtRecord } from './mrt.ts';
import { u16, u32 } from './update-view.ts';

/** An UPDATE as recorded. */
export interface RecordedUpdate {
  readonly kind: 'update';
  readonly peer: IpAddress;
  readonly peerAs: number;
  /** AS numbers in its attributes have four octets. */
  readonly as4: boolean;
  /** Its routes have path identifiers. */
  readonly addPath: boolean;
  /** The whole message is `bytes[start, end)`, header included. */
  readonly start: number;
  readonly end: number;
}

export type Bgp4mp =
  | RecordedUpdate
  /** A state change, another message than an UPDATE, or one that the collector itself sent. */
  | { readonly kind: 'other' }
  | { readonly kind: 'malformed'; readonly text: string };

interface Subtype {
  readonly as4: boolean;
  readonly addPath: boolean;
}

/** Subtypes with messages that were received. */
const RECEIVED: Readonly<Record<number, Subtype>> = {
  [BGP4MP.message]: { as4: false, addPath: false },
  [BGP4MP.messageAs4]: { as4: true, addPath: false },
  [BGP4MP.messageAddPath]: { as4: false, addPath: true },
  [BGP4MP.messageAs4AddPath]: { as4: true, addPath: true },
};

const OTHER: Bgp4mp = { kind: 'other' };

/** What a record of type BGP4MP or BGP4MP_ET holds. */
export function decodeBgp4mp(record: MrtRecord): Bgp4mp {
  const subtype = RECEIVED[record.subtype];
  if (!subtype) return OTHER;
  const { bytes, end } = record;
  const asLength = subtype.as4 ? 4 : 2;
  // Peer AS, local AS, interface index, address family.
  const familyAt = record.start + 2 * asLength + 2;
  if (familyAt + 2 > end) return malformed('cut short');
  const afi = u16(bytes, familyAt);
  if (afi !== AFI.ipv4 && afi !== AFI.ipv6) return malformed(`address family ${afi}`);
  const addressLength = afi === AFI.ipv4 ? 4 : 16;
  const peerAt = familyAt + 2;
  const start = peerAt + 2 * addressLength;
  if (start + HEADER_LENGTH > end) return malformed('cut short');
  for (let i = start; i < start + 16; i++) if (bytes[i] !== 0xff) return malformed('no BGP marker');
  const length = u16(bytes, start + 16);
  if (length < HEADER_LENGTH || start + length > end) return malformed(`a BGP message of ${length} bytes`);
  if (bytes[start + 18] !== MESSAGE.update) return OTHER;
  return {
    kind: 'update',
    peer: ipFromBytes(bytes, peerAt, addressLength),
    peerAs: subtype.as4 ? u32(bytes, record.start) : u16(bytes, record.start),
    as4: subtype.as4,
    addPath: subtype.addPath,
    start,
    end: start + length,
  };
}

function malformed(text: string): Bgp4mp {
  return { kind: 'malformed', text: `BGP4MP record: ${text}` };
}

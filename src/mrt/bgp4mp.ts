/** Messages and changes of state of sessions as BGP4MP records (RFC 6396 section 4.4, RFC 8050 section 3). */
import { AFI, familyOf } from '../base/family.ts';
import type { IpAddress } from '../base/ip.ts';
import { ATTR, FLAG } from '../rib/attrs/codes.ts';
import type { SessionConfig } from '../speaker/config.ts';
import { stateRank, type FsmState } from '../speaker/fsm/state.ts';
import type { Negotiated } from '../speaker/negotiated.ts';
import { knownRemoteAs, type RecordedConnection } from '../speaker/session-recorder.ts';
import { AS_TRANS, HEADER_LENGTH, MESSAGE } from '../speaker/wire/iana.ts';
import { BGP4MP, MRT } from './codes.ts';
import type { RecordWriter } from './record-writer.ts';

/** More than all that a record has besides a message. */
const FIXED_LENGTH = 64;

/** RFC 6396 section 4.4.1: states are numbered from 1 on, in the order of `FSM_STATES`. */
function stateNumber(state: FsmState): number {
  return stateRank(state) + 1;
}

/** A record of a change of state, always with 4-octet AS numbers, as BIRD writes it. */
export function writeStateChange(
  writer: RecordWriter,
  config: SessionConfig,
  connection: RecordedConnection,
  interfaceIndex: number,
  change: { readonly from: FsmState; readonly to: FsmState; readonly seconds: number },
): void {
  const { from, to, seconds } = change;
  writer.begin(MRT.bgp4mp, BGP4MP.stateChangeAs4, seconds);
  writer.reserve(FIXED_LENGTH);
  const { negotiated, transport } = connection;
  writer.u32(knownRemoteAs(config, from === 'Established' || to === 'Established' ? negotiated : undefined));
  writer.u32(config.localAs);
  // While it is being made the connection has the addresses of the configuration.
  const isMade = to === 'Connect' && transport === undefined;
  const remote = isMade ? config.remoteAddress : transport?.remote.address;
  const local = isMade ? config.localAddress : transport?.local.address;
  endpoints(writer, config.remoteAddress.version, interfaceIndex, remote, local);
  writer.u16(stateNumber(from));
  writer.u16(stateNumber(to));
  writer.end();
}

/**
 * A record of a message that was received.
 * @param bytes the message is `bytes[start, end)`, header included
 */
export function writeMessage(
  writer: RecordWriter,
  config: SessionConfig,
  connection: RecordedConnection,
  interfaceIndex: number,
  seconds: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  // BIRD takes over what was negotiated when the session is Established.
  const negotiated = connection.state === 'Established' ? connection.negotiated : undefined;
  const as4 = negotiated?.as4 ?? false;
  const addPath = negotiated !== undefined && hasPathIds(negotiated, bytes, start, end);
  const subtype = addPath
    ? as4
      ? BGP4MP.messageAs4AddPath
      : BGP4MP.messageAddPath
    : as4
      ? BGP4MP.messageAs4
      : BGP4MP.message;
  writer.begin(MRT.bgp4mp, subtype, seconds);
  writer.reserve(FIXED_LENGTH + end - start);
  const peerAs = knownRemoteAs(config, negotiated);
  if (as4) {
    writer.u32(peerAs);
    writer.u32(config.localAs);
  } else {
    writer.u16(peerAs > 0xffff ? AS_TRANS : peerAs);
    writer.u16(config.localAs > 0xffff ? AS_TRANS : config.localAs);
  }
  const { transport } = connection;
  endpoints(
    writer,
    config.remoteAddress.version,
    interfaceIndex,
    transport?.remote.address,
    transport?.local.address,
  );
  writer.copy(bytes, start, end);
  writer.end();
}

/** Interface index, address family and both addresses; one that is not known is zero. */
function endpoints(
  writer: RecordWriter,
  version: 4 | 6,
  interfaceIndex: number,
  remote: IpAddress | undefined,
  local: IpAddress | undefined,
): void {
  writer.u16(interfaceIndex > 0xffff ? 0 : interfaceIndex);
  writer.u16(version === 4 ? AFI.ipv4 : AFI.ipv6);
  for (let i = 0; i < (version === 4 ? 1 : 4); i++) writer.u32(remote?.words[i] ?? 0);
  for (let i = 0; i < (version === 4 ? 1 : 4); i++) writer.u32(local?.words[i] ?? 0);
}

/** Whether the routes of a message come with path identifiers: RFC 8050 has subtypes of their own for these. */
function hasPathIds({ families }: Negotiated, bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start + HEADER_LENGTH - 1] !== MESSAGE.update) return false;
  let some = false;
  let all = true;
  for (const { addPathReceive } of families) {
    some ||= addPathReceive;
    all &&= addPathReceive;
  }
  if (!some || all) return some;
  const family = familyOfUpdate(bytes, start, end);
  return families.some((entry) => entry.family === family && entry.addPathReceive);
}

/**
 * The family of the routes of an UPDATE, from where they stand in it: what is malformed belongs to none. One with IPv4
 * routes of its own counts as IPv4 whatever its attributes hold.
 */
function familyOfUpdate(bytes: Uint8Array, start: number, end: number): number | undefined {
  let at = start + HEADER_LENGTH;
  if (end - at < 4) return undefined;
  const withdrawn = u16(bytes, at);
  const attributes = u16(bytes, at + 2);
  at += 4;
  const left = end - at;
  if (withdrawn !== 0 || attributes < left || attributes === 0) return 0;
  if (attributes > left) return undefined;
  while (at + 3 <= end) {
    const isLong = (bytes[at]! & FLAG.extendedLength) !== 0;
    const code = bytes[at + 1]!;
    const value = at + (isLong ? 4 : 3);
    const length = isLong ? u16(bytes, at + 2) : bytes[at + 2]!;
    if (value + length > end) return undefined;
    if (code === ATTR.mpReach || code === ATTR.mpUnreach) {
      if (length < 3) return undefined;
      return familyOf(u16(bytes, value), bytes[value + 2]!)?.index;
    }
    at = value + length;
  }
  return undefined;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

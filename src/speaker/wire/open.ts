/** OPEN (RFC 4271 section 4.2): encoding, decoding, the checks of section 6.2, and what two OPENs agree on. */
import { FAMILIES, type FamilyIndex } from '../../base/family.ts';
import type { FamilyConfig, RequiredCapabilities, SessionConfig } from '../config.ts';
import type { Negotiated, NegotiatedFamily } from '../negotiated.ts';
import {
  CONTRADICTORY_ROLE,
  decodeCapabilities,
  encodeCapabilities,
  familyCapabilities,
  noCapabilities,
  settleCapabilities,
  type Capabilities,
  type FamilyCapabilities,
} from './capabilities.ts';
import { bgpError, ERROR, OPEN_ERROR, type BgpError } from './errors.ts';
import {
  AS_TRANS,
  BGP_VERSION,
  HEADER_LENGTH,
  MAX_EXTENDED_MESSAGE_LENGTH,
  MAX_MESSAGE_LENGTH,
  MESSAGE,
  OPEN_PARAMETER,
  ROLE,
  type Role,
} from './iana.ts';
import { newMessage } from './message.ts';

export interface OpenMessage {
  readonly version: number;
  /** The 2-octet `My Autonomous System` field. */
  readonly as2: number;
  readonly holdTimeS: number;
  readonly routerId: number;
  readonly capabilities: Capabilities;
}

const FIXED_LENGTH = 10;
const MAX_PARAMETERS = 255;

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function openError(subcode: number, data?: Uint8Array): BgpError {
  return bgpError(ERROR.openMessage, subcode, data);
}

/** A whole OPEN. Capabilities of more than 253 bytes are sent in the form of RFC 9072. */
export function encodeOpen(open: Omit<OpenMessage, 'version'>): Uint8Array {
  const caps = encodeCapabilities(open.capabilities);
  let parameters: number[] = [];
  let length = 0;
  if (caps.length > MAX_PARAMETERS - 2) {
    const extended = caps.length + 3;
    parameters = [OPEN_PARAMETER.extendedLength, extended >>> 8, extended & 0xff];
    parameters.push(OPEN_PARAMETER.capabilities, caps.length >>> 8, caps.length & 0xff, ...caps);
    length = OPEN_PARAMETER.extendedLength;
  } else if (caps.length > 0) {
    parameters = [OPEN_PARAMETER.capabilities, caps.length, ...caps];
    length = parameters.length;
  }
  const bytes = newMessage(MESSAGE.open, FIXED_LENGTH + parameters.length);
  const view = new DataView(bytes.buffer, HEADER_LENGTH);
  view.setUint8(0, BGP_VERSION);
  view.setUint16(1, open.as2);
  view.setUint16(3, open.holdTimeS);
  view.setUint32(5, open.routerId);
  view.setUint8(9, length);
  bytes.set(parameters, HEADER_LENGTH + FIXED_LENGTH);
  return bytes;
}

/** The OPEN in the body `bytes[start, end)`, at least 10 bytes long, or the error to answer it with. */
export function decodeOpen(bytes: Uint8Array, start: number, end: number): OpenMessage | BgpError {
  const version = bytes[start]!;
  if (version !== BGP_VERSION) {
    // RFC 4271 section 6.2: the data is "a 2-octet unsigned integer, which indicates the largest, locally-supported
    // version number less than the version the remote BGP peer bid (as indicated in the received OPEN message), or if
    // the smallest, locally-supported version number is greater" that one.
    return openError(OPEN_ERROR.unsupportedVersion, Uint8Array.of(0, BGP_VERSION));
  }
  const capabilities = noCapabilities();
  const error = decodeParameters(capabilities, bytes, start + FIXED_LENGTH - 1, end);
  if (error) return error;
  settleCapabilities(capabilities);
  return {
    version,
    as2: u16(bytes, start + 1),
    holdTimeS: u16(bytes, start + 3),
    routerId: u16(bytes, start + 5) * 0x1_0000 + u16(bytes, start + 7),
    capabilities,
  };
}

/** Reads the optional parameters from their length octet at `at` on, in the form of RFC 4271 or of RFC 9072. */
function decodeParameters(
  caps: Capabilities,
  bytes: Uint8Array,
  lengthAt: number,
  end: number,
): BgpError | undefined {
  let length = bytes[lengthAt]!;
  let at = lengthAt + 1;
  // RFC 9072 section 2: a non-zero length followed by parameter type 255 announces the extended form.
  const extended = length > 0 && at < end && bytes[at] === OPEN_PARAMETER.extendedLength;
  if (extended) {
    if (end - at < 3) return openError(OPEN_ERROR.unspecific);
    length = u16(bytes, at + 1);
    at += 3;
  }
  // RFC 4271 section 6.2: "If one of the Optional Parameters in the OPEN message is recognized, but is malformed, then
  // the Error Subcode MUST be set to 0 (Unspecific)."
  if (at + length !== end) return openError(OPEN_ERROR.unspecific);
  const header = extended ? 3 : 2;
  while (at < end) {
    if (end - at < header) return openError(OPEN_ERROR.unspecific);
    const valueLength = extended ? u16(bytes, at + 1) : bytes[at + 1]!;
    const valueEnd = at + header + valueLength;
    if (valueEnd > end) return openError(OPEN_ERROR.unspecific);
    if (bytes[at] !== OPEN_PARAMETER.capabilities) {
      return openError(OPEN_ERROR.unsupportedOptionalParameter, bytes.slice(at, valueEnd));
    }
    if (!decodeCapabilities(caps, bytes, at + header, valueEnd)) return openError(OPEN_ERROR.unspecific);
    at = valueEnd;
  }
  return undefined;
}

/**
 * What this side announces. While `restarting`, the Restart State bit is set, and the Forwarding State bit for the
 * families whose configuration says that forwarding was preserved (RFC 4724 section 3).
 */
export function localCapabilities(config: SessionConfig, restarting: boolean): Capabilities {
  const caps = noCapabilities();
  if (!config.capabilities) return caps;
  caps.announced = true;
  caps.routeRefresh = config.routeRefresh;
  caps.enhancedRouteRefresh = config.enhancedRouteRefresh;
  caps.extendedMessages = config.extendedMessages;
  if (config.as4) caps.as4 = announcedAs(config);
  if (config.role !== undefined) caps.role = config.role;
  if (config.hostname !== undefined) caps.hostname = config.hostname;
  if (config.gracefulRestart !== 'off') {
    caps.gracefulRestart = { restartTimeS: config.gracefulRestartTimeS, restarting };
    caps.longLivedGracefulRestart = (config.longLived ?? 'off') !== 'off';
  }
  for (const offer of config.families) {
    const { afi, safi } = FAMILIES[offer.family];
    const family = familyCapabilities(caps, afi, safi);
    family.multiprotocol = true;
    family.extendedNextHop = offer.extendedNextHop;
    family.addPathReceive = offer.addPathReceive;
    family.addPathSend = offer.addPathSend;
    family.gracefulRestart = config.gracefulRestart === 'on' && offer.gracefulRestart;
    family.forwardingPreserved = family.gracefulRestart && restarting && offer.forwardingPreserved === true;
    if (caps.longLivedGracefulRestart && offer.longLived) {
      const forwardingPreserved = restarting && offer.forwardingPreserved === true;
      family.longLived = { forwardingPreserved, staleTimeS: offer.staleTimeS ?? 0 };
    }
  }
  settleCapabilities(caps);
  return caps;
}

/** The AS number of our OPEN (RFC 5065 section 4: outside of a confederation, that of the confederation). */
function announcedAs(config: SessionConfig): number {
  return config.publicAs ?? config.localAs;
}

/** Our OPEN for a session. */
export function localOpen(config: SessionConfig, capabilities: Capabilities): Omit<OpenMessage, 'version'> {
  const as = announcedAs(config);
  return {
    as2: as > 0xffff ? AS_TRANS : as,
    holdTimeS: config.holdTimeS,
    routerId: config.routerId,
    capabilities,
  };
}

/**
 * Checks the neighbour's OPEN against the configuration and joins it with our own.
 * @param remote what the neighbour announced; where we announce no capabilities, its own are not considered
 * @returns what was agreed on, or the error that RFC 4271 section 6.2 and its successors ask for
 */
export function negotiate(
  config: SessionConfig,
  local: Capabilities,
  remote: OpenMessage,
): Negotiated | BgpError {
  const caps = config.capabilities ? remote.capabilities : noCapabilities();
  const remoteAs = caps.as4 ?? remote.as2;
  const internal = remoteAs === config.localAs;
  if (!asIsAccepted(config, remoteAs)) {
    const wide = caps.as4 !== undefined;
    const data = wide
      ? Uint8Array.of(remoteAs >>> 24, (remoteAs >>> 16) & 0xff, (remoteAs >>> 8) & 0xff, remoteAs & 0xff)
      : Uint8Array.of(remoteAs >>> 8, remoteAs & 0xff);
    return openError(OPEN_ERROR.badPeerAs, data);
  }
  if (remote.holdTimeS === 1 || remote.holdTimeS === 2) {
    return openError(OPEN_ERROR.unacceptableHoldTime, Uint8Array.of(0, remote.holdTimeS));
  }
  const holdTimeS = Math.min(config.holdTimeS, remote.holdTimeS);
  const keepaliveS = keepaliveTimeS(config, holdTimeS);
  if (holdTimeS < (config.minHoldTimeS ?? 0) || keepaliveS < (config.minKeepaliveTimeS ?? 0)) {
    const data = Uint8Array.of(remote.holdTimeS >>> 8, remote.holdTimeS & 0xff);
    return openError(OPEN_ERROR.unacceptableHoldTime, data);
  }
  // RFC 6286 section 2.2: not zero, and within an AS not the same as ours.
  if (remote.routerId === 0 || (internal && remote.routerId === config.routerId)) {
    const id = new Uint8Array(4);
    new DataView(id.buffer).setUint32(0, remote.routerId);
    return openError(OPEN_ERROR.badBgpIdentifier, id);
  }
  if (!rolesAgree(config, caps.role)) return openError(OPEN_ERROR.roleMismatch);
  const families: NegotiatedFamily[] = [];
  const missing: FamilyIndex[] = [];
  const required = noCapabilities();
  let lacking = requireCapabilities(required, config, caps);
  for (const offer of config.families) {
    const mine = announcedFamily(local, offer.family);
    const theirs = announcedFamily(caps, offer.family);
    if (mine && theirs) {
      families.push(negotiateFamily(config, local, offer, mine, theirs));
      lacking = requireOfFamily(required, offer, theirs) || lacking;
    } else if (offer.mandatory) missing.push(offer.family);
  }
  if (families.length === 0 && missing.length === 0)
    missing.push(...config.families.map(({ family }) => family));
  for (const family of missing) {
    const { afi, safi } = FAMILIES[family];
    familyCapabilities(required, afi, safi).multiprotocol = true;
    lacking = true;
  }
  if (lacking) return openError(OPEN_ERROR.unsupportedCapability, encodeCapabilities(required));
  const extended = local.extendedMessages && caps.extendedMessages;
  const maxLength = extended ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH;
  return {
    localAs: config.localAs,
    remoteAs,
    localRouterId: config.routerId,
    remoteRouterId: remote.routerId,
    internal,
    holdTimeS,
    keepaliveTimeS: keepaliveS,
    as4: local.as4 !== undefined && caps.as4 !== undefined,
    families,
    routeRefresh: local.routeRefresh && caps.routeRefresh,
    enhancedRouteRefresh: local.enhancedRouteRefresh && caps.enhancedRouteRefresh,
    maxSendLength: maxLength,
    maxReceiveLength: maxLength,
    ...(config.publicAs !== undefined && { publicAs: config.publicAs }),
    ...(config.confederationMember && { confederationMember: true }),
    ...(caps.longLivedGracefulRestart && { longLivedAware: true }),
    ...(caps.gracefulRestart && {
      gracefulRestart: {
        ...caps.gracefulRestart,
        restartTimeS: clamp(
          caps.gracefulRestart.restartTimeS,
          config.minRestartTimeS,
          config.maxRestartTimeS,
        ),
      },
    }),
  };
}

/** What the other side must be to each role (RFC 9234 section 4.2, table 2). */
const COUNTERPART: Readonly<Record<Role, Role>> = {
  [ROLE.provider]: ROLE.customer,
  [ROLE.customer]: ROLE.provider,
  [ROLE.rsServer]: ROLE.rsClient,
  [ROLE.rsClient]: ROLE.rsServer,
  [ROLE.peer]: ROLE.peer,
};

/** RFC 9234 section 4.2. */
function rolesAgree({ role, requireRole }: SessionConfig, theirs: number | undefined): boolean {
  if (theirs === CONTRADICTORY_ROLE) return false;
  if (theirs === undefined) return requireRole !== true;
  return role === undefined || COUNTERPART[role] === theirs;
}

function clamp(value: number, low = 0, high = Number.MAX_SAFE_INTEGER): number {
  return Math.min(Math.max(value, low), high);
}

/** Writes into `required` what `require …` asks for and the neighbour did not offer; returns whether that is anything. */
function requireCapabilities(required: Capabilities, config: SessionConfig, theirs: Capabilities): boolean {
  const lacks: Readonly<Record<keyof RequiredCapabilities, boolean>> = {
    routeRefresh: !theirs.routeRefresh,
    enhancedRouteRefresh: !theirs.enhancedRouteRefresh,
    as4: theirs.as4 === undefined,
    extendedMessages: !theirs.extendedMessages,
    hostname: theirs.hostname === undefined,
    gracefulRestart: theirs.gracefulRestart === undefined,
    longLivedGracefulRestart: !theirs.longLivedGracefulRestart,
  };
  const isLacking = (name: keyof RequiredCapabilities): boolean =>
    config.require?.[name] === true && lacks[name];
  required.routeRefresh = isLacking('routeRefresh');
  required.enhancedRouteRefresh = isLacking('enhancedRouteRefresh');
  if (isLacking('as4')) required.as4 = announcedAs(config);
  required.extendedMessages = isLacking('extendedMessages');
  if (isLacking('hostname')) required.hostname = '';
  if (isLacking('gracefulRestart')) required.gracefulRestart = { restartTimeS: 0, restarting: false };
  required.longLivedGracefulRestart = isLacking('longLivedGracefulRestart');
  return (Object.keys(lacks) as (keyof RequiredCapabilities)[]).some(isLacking);
}

/** The same for one family that both sides carry. */
function requireOfFamily(required: Capabilities, offer: FamilyConfig, theirs: FamilyCapabilities): boolean {
  const extendedNextHop = offer.requireExtendedNextHop === true && !theirs.extendedNextHop;
  const wantsPaths = offer.requireAddPath === true;
  const addPathReceive = wantsPaths && offer.addPathSend && !theirs.addPathReceive;
  const addPathSend = wantsPaths && offer.addPathReceive && !theirs.addPathSend;
  if (!extendedNextHop && !addPathReceive && !addPathSend) return false;
  const family = familyCapabilities(required, theirs.afi, theirs.safi);
  family.extendedNextHop = extendedNextHop;
  family.addPathReceive = addPathReceive;
  family.addPathSend = addPathSend;
  return true;
}

function asIsAccepted(config: SessionConfig, remoteAs: number): boolean {
  // RFC 7607 section 2: AS 0 is a Bad Peer AS.
  if (remoteAs === 0) return false;
  switch (config.remoteAs) {
    case 'any':
      return true;
    case 'internal':
      return remoteAs === config.localAs;
    case 'external':
      return remoteAs !== config.localAs;
    default:
      return remoteAs === config.remoteAs;
  }
}

/** Seconds between KEEPALIVEs: the configured share of the hold time, or a third of it; 0 turns them off. */
function keepaliveTimeS(config: SessionConfig, holdTimeS: number): number {
  if (holdTimeS === 0) return 0;
  const share =
    config.keepaliveTimeS !== undefined && config.holdTimeS > 0
      ? (config.keepaliveTimeS * holdTimeS) / config.holdTimeS
      : holdTimeS / 3;
  return Math.max(1, Math.floor(share));
}

/** A speaker that announces no capabilities at all carries IPv4 unicast (RFC 4760 section 8 supposes it). */
function announcedFamily(caps: Capabilities, index: FamilyIndex): FamilyCapabilities | undefined {
  const { afi, safi } = FAMILIES[index];
  if (!caps.announced) return index === 0 ? familyCapabilities(noCapabilities(), afi, safi) : undefined;
  return caps.families.find((entry) => entry.afi === afi && entry.safi === safi && entry.multiprotocol);
}

function negotiateFamily(
  config: SessionConfig,
  local: Capabilities,
  offer: FamilyConfig,
  mine: FamilyCapabilities,
  theirs: FamilyCapabilities,
): NegotiatedFamily {
  return {
    family: offer.family,
    addPathReceive: mine.addPathReceive && theirs.addPathSend,
    addPathSend: mine.addPathSend && theirs.addPathReceive,
    extendedNextHop: mine.extendedNextHop && theirs.extendedNextHop,
    gracefulRestart: config.gracefulRestart !== 'off' && theirs.gracefulRestart,
    forwardingPreserved: theirs.gracefulRestart && theirs.forwardingPreserved,
    ...(local.longLivedGracefulRestart && longLivedOf(offer, theirs)),
  };
}

/** RFC 9494 section 4.2; a lower bound counts for a neighbour that gives no stale time too, as in BIRD. */
function longLivedOf(
  offer: FamilyConfig,
  { longLived }: FamilyCapabilities,
): Pick<NegotiatedFamily, 'longLived' | 'staleTimeS'> {
  const staleTimeS = clamp(longLived?.staleTimeS ?? 0, offer.minStaleTimeS, offer.maxStaleTimeS);
  return {
    ...(longLived && { longLived: { forwardingPreserved: longLived.forwardingPreserved } }),
    ...(staleTimeS > 0 && { staleTimeS }),
  };
}

/** Whether a decoder or a check answered with an error. */
export function isBgpError(value: object): value is BgpError {
  return 'subcode' in value;
}

/**
 * Capabilities (RFC 5492): one row per code with its decoder and encoder. Codes without a row are ignored, as
 * RFC 5492 section 3 asks; rows without an encoder are understood for display only.
 */
import { AFI } from '../../base/family.ts';
import { CAPABILITY } from './iana.ts';

/** What was announced for one address family; families that Catbird does not carry are kept for display. */
export interface FamilyCapabilities {
  readonly afi: number;
  readonly safi: number;
  multiprotocol: boolean;
  /** RFC 8950 with AFI 2 next hops. */
  extendedNextHop: boolean;
  /** RFC 4724: listed in the graceful restart capability. */
  gracefulRestart: boolean;
  /** RFC 4724: the Forwarding State bit. */
  forwardingPreserved: boolean;
  addPathReceive: boolean;
  addPathSend: boolean;
  /** RFC 9494. */
  longLived?: { readonly forwardingPreserved: boolean; readonly staleTimeS: number };
}

export interface Capabilities {
  /** Whether any capability was announced at all. */
  announced: boolean;
  readonly families: FamilyCapabilities[];
  routeRefresh: boolean;
  enhancedRouteRefresh: boolean;
  extendedMessages: boolean;
  gracefulRestart?: { readonly restartTimeS: number; readonly restarting: boolean };
  /** The AS number of the 4-octet AS capability. */
  as4?: number;
  longLivedGracefulRestart: boolean;
  hostname?: string;
  /** RFC 9234. */
  role?: number;
}

export function noCapabilities(): Capabilities {
  return {
    announced: false,
    families: [],
    routeRefresh: false,
    enhancedRouteRefresh: false,
    extendedMessages: false,
    longLivedGracefulRestart: false,
  };
}

/** The entry for a family, added where there is none yet. */
export function familyCapabilities(caps: Capabilities, afi: number, safi: number): FamilyCapabilities {
  let family = caps.families.find((entry) => entry.afi === afi && entry.safi === safi);
  if (!family) {
    family = {
      afi,
      safi,
      multiprotocol: false,
      extendedNextHop: false,
      gracefulRestart: false,
      forwardingPreserved: false,
      addPathReceive: false,
      addPathSend: false,
    };
    caps.families.push(family);
  }
  return family;
}

interface CapabilityRow {
  readonly code: number;
  /** Reads the value `bytes[start, end)`; false where its length is impossible. */
  readonly decode: (caps: Capabilities, bytes: Uint8Array, start: number, end: number) => boolean;
  /** The values to announce: none, or one capability each. */
  readonly encode?: (caps: Capabilities) => readonly (readonly number[])[];
}

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 0x1_0000 + u16(bytes, at + 2);
const put16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const put32 = (value: number): number[] => [...put16(value >>> 16), ...put16(value)];

/** A capability without a value. */
function flag(
  code: number,
  key: 'routeRefresh' | 'enhancedRouteRefresh' | 'extendedMessages',
): CapabilityRow {
  return {
    code,
    decode: (caps, _bytes, start, end) => {
      if (start !== end) return false;
      caps[key] = true;
      return true;
    },
    encode: (caps) => (caps[key] ? [[]] : []),
  };
}

const RESTART_BIT = 0x80;
const FORWARDING_BIT = 0x80;
const MAX_RESTART_TIME_S = 0xfff;
const ADD_PATH_RECEIVE = 1;
const ADD_PATH_SEND = 2;
/** No role: stands for several that differ. */
export const CONTRADICTORY_ROLE = 255;

/** In the order in which they are announced. */
const ROWS: readonly CapabilityRow[] = [
  {
    code: CAPABILITY.multiprotocol,
    decode: (caps, bytes, start, end) => {
      if (end - start !== 4) return false;
      familyCapabilities(caps, u16(bytes, start), bytes[start + 3]!).multiprotocol = true;
      return true;
    },
    encode: (caps) =>
      caps.families
        .filter((family) => family.multiprotocol)
        .map((family) => [...put16(family.afi), 0, family.safi]),
  },
  flag(CAPABILITY.routeRefresh, 'routeRefresh'),
  {
    code: CAPABILITY.extendedNextHop,
    decode: (caps, bytes, start, end) => {
      if ((end - start) % 6 !== 0) return false;
      for (let at = start; at < end; at += 6) {
        if (u16(bytes, at) !== AFI.ipv4 || u16(bytes, at + 4) !== AFI.ipv6) continue;
        familyCapabilities(caps, AFI.ipv4, u16(bytes, at + 2)).extendedNextHop = true;
      }
      return true;
    },
    encode: (caps) => {
      const families = caps.families.filter((family) => family.extendedNextHop);
      if (families.length === 0) return [];
      return [families.flatMap(({ afi, safi }) => [...put16(afi), ...put16(safi), ...put16(AFI.ipv6)])];
    },
  },
  flag(CAPABILITY.extendedMessage, 'extendedMessages'),
  {
    code: CAPABILITY.role,
    decode: (caps, bytes, start, end) => {
      if (end - start !== 1) return false;
      const role = bytes[start]!;
      // RFC 9234 section 4.2: several roles that differ are a mismatch, whatever ours is.
      caps.role = caps.role === undefined || caps.role === role ? role : CONTRADICTORY_ROLE;
      return true;
    },
    encode: (caps) => (caps.role === undefined ? [] : [[caps.role]]),
  },
  {
    code: CAPABILITY.gracefulRestart,
    decode: (caps, bytes, start, end) => {
      if ((end - start) % 4 !== 2) return false;
      // RFC 4724 section 3: of several instances only the last counts.
      for (const family of caps.families) family.gracefulRestart = family.forwardingPreserved = false;
      caps.gracefulRestart = {
        restartTimeS: u16(bytes, start) & MAX_RESTART_TIME_S,
        restarting: (bytes[start]! & RESTART_BIT) !== 0,
      };
      for (let at = start + 2; at < end; at += 4) {
        const family = familyCapabilities(caps, u16(bytes, at), bytes[at + 2]!);
        family.gracefulRestart = true;
        family.forwardingPreserved = (bytes[at + 3]! & FORWARDING_BIT) !== 0;
      }
      return true;
    },
    encode: (caps) => {
      if (!caps.gracefulRestart) return [];
      const { restartTimeS, restarting } = caps.gracefulRestart;
      const time = put16(Math.min(restartTimeS, MAX_RESTART_TIME_S));
      const value = [time[0]! | (restarting ? RESTART_BIT : 0), time[1]!];
      for (const family of caps.families) {
        if (!family.gracefulRestart) continue;
        value.push(...put16(family.afi), family.safi, family.forwardingPreserved ? FORWARDING_BIT : 0);
      }
      return [value];
    },
  },
  {
    code: CAPABILITY.as4,
    decode: (caps, bytes, start, end) => {
      if (end - start !== 4) return false;
      caps.as4 = u32(bytes, start);
      return true;
    },
    encode: (caps) => (caps.as4 === undefined ? [] : [put32(caps.as4)]),
  },
  {
    code: CAPABILITY.addPath,
    decode: (caps, bytes, start, end) => {
      if ((end - start) % 4 !== 0) return false;
      for (let at = start; at < end; at += 4) {
        const mode = bytes[at + 3]!;
        // RFC 7911 section 4: "If any other value is received, then the capability SHOULD be treated as not
        // understood and ignored."
        if (mode < 1 || mode > 3) return true;
      }
      for (let at = start; at < end; at += 4) {
        const family = familyCapabilities(caps, u16(bytes, at), bytes[at + 2]!);
        family.addPathReceive = (bytes[at + 3]! & ADD_PATH_RECEIVE) !== 0;
        family.addPathSend = (bytes[at + 3]! & ADD_PATH_SEND) !== 0;
      }
      return true;
    },
    encode: (caps) => {
      const value: number[] = [];
      for (const family of caps.families) {
        const mode =
          (family.addPathReceive ? ADD_PATH_RECEIVE : 0) | (family.addPathSend ? ADD_PATH_SEND : 0);
        if (mode !== 0) value.push(...put16(family.afi), family.safi, mode);
      }
      return value.length > 0 ? [value] : [];
    },
  },
  flag(CAPABILITY.enhancedRouteRefresh, 'enhancedRouteRefresh'),
  {
    code: CAPABILITY.longLivedGracefulRestart,
    decode: (caps, bytes, start, end) => {
      if ((end - start) % 7 !== 0) return false;
      for (const family of caps.families) delete family.longLived;
      caps.longLivedGracefulRestart = true;
      for (let at = start; at < end; at += 7) {
        familyCapabilities(caps, u16(bytes, at), bytes[at + 2]!).longLived = {
          forwardingPreserved: (bytes[at + 3]! & FORWARDING_BIT) !== 0,
          staleTimeS: (bytes[at + 4]! << 16) | u16(bytes, at + 5),
        };
      }
      return true;
    },
    encode: (caps) => {
      if (!caps.longLivedGracefulRestart) return [];
      const value: number[] = [];
      for (const { afi, safi, longLived } of caps.families) {
        if (!longLived) continue;
        const { forwardingPreserved, staleTimeS } = longLived;
        value.push(...put16(afi), safi, forwardingPreserved ? FORWARDING_BIT : 0);
        value.push((staleTimeS >>> 16) & 0xff, ...put16(staleTimeS));
      }
      return [value];
    },
  },
  {
    code: CAPABILITY.hostname,
    decode: (caps, bytes, start, end) => {
      const length = bytes[start] ?? 0;
      if (end - start < 2 || end - start < 2 + length) return false;
      const text = new TextDecoder().decode(bytes.subarray(start + 1, start + 1 + length));
      caps.hostname = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
      return true;
    },
    encode: (caps) => {
      if (caps.hostname === undefined) return [];
      const name = Array.from(new TextEncoder().encode(caps.hostname).subarray(0, 253 - 2));
      return [[name.length, ...name, 0]];
    },
  },
];

const ROW_OF_CODE: ReadonlyMap<number, CapabilityRow> = new Map(ROWS.map((row) => [row.code, row]));

/**
 * Reads the capabilities in `bytes[start, end)`, the value of one optional parameter, into `caps`; a peer may send
 * several such parameters. Returns false where a length is impossible.
 */
export function decodeCapabilities(
  caps: Capabilities,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  let at = start;
  while (at < end) {
    if (end - at < 2 || end - at < 2 + bytes[at + 1]!) return false;
    const valueEnd = at + 2 + bytes[at + 1]!;
    const row = ROW_OF_CODE.get(bytes[at]!);
    if (row && !row.decode(caps, bytes, at + 2, valueEnd)) return false;
    caps.announced = true;
    at = valueEnd;
  }
  return true;
}

/** RFC 9494 section 3.1: without the graceful restart capability, the long-lived one is disregarded. */
export function settleCapabilities(caps: Capabilities): void {
  caps.families.sort((a, b) => a.afi - b.afi || a.safi - b.safi);
  if (caps.gracefulRestart || !caps.longLivedGracefulRestart) return;
  caps.longLivedGracefulRestart = false;
  for (const family of caps.families) delete family.longLived;
}

/**
 * All capabilities to announce, each as code, length and value. RFC 5492 section 5 puts those that are missed into a
 * NOTIFICATION in the same form.
 */
export function encodeCapabilities(caps: Capabilities): Uint8Array {
  const bytes: number[] = [];
  for (const row of ROWS) {
    for (const value of row.encode?.(caps) ?? []) bytes.push(row.code, value.length, ...value);
  }
  return Uint8Array.from(bytes);
}

/** BIRD's names of address families, by `afi/safi`. */
const FAMILY_NAMES: Readonly<Record<string, string>> = {
  '1/1': 'ipv4',
  '1/2': 'ipv4-mc',
  '1/4': 'ipv4-mpls',
  '1/128': 'vpn4-mpls',
  '1/129': 'vpn4-mc',
  '1/133': 'flow4',
  '2/1': 'ipv6',
  '2/2': 'ipv6-mc',
  '2/4': 'ipv6-mpls',
  '2/128': 'vpn6-mpls',
  '2/129': 'vpn6-mc',
  '2/133': 'flow6',
};

/** BIRD's words for roles, by value. */
export const ROLE_NAMES: readonly string[] = ['provider', 'rs_server', 'rs_client', 'customer', 'peer'];

/** The lines that BIRD 2 prints below `Local capabilities` and `Neighbor capabilities`, indentation included. */
export function formatCapabilities(caps: Capabilities): string[] {
  const lines: string[] = [];
  const item = (text: string): number => lines.push(`      ${text}`);
  const detail = (text: string): number => lines.push(`        ${text}`);
  const which = (pick: (family: FamilyCapabilities) => boolean): FamilyCapabilities[] =>
    caps.families.filter(pick);
  const list = (label: string, families: readonly FamilyCapabilities[]): number =>
    detail([label, ...families.map(familyName)].join(' '));

  const multiprotocol = which((family) => family.multiprotocol);
  if (multiprotocol.length > 0) {
    item('Multiprotocol');
    list('AF announced:', multiprotocol);
  }
  if (caps.routeRefresh) item('Route refresh');
  const extendedNextHop = which((family) => family.extendedNextHop);
  if (extendedNextHop.length > 0) {
    item('Extended next hop');
    list('IPv6 nexthop:', extendedNextHop);
  }
  if (caps.extendedMessages) item('Extended message');
  if (caps.gracefulRestart) {
    item('Graceful restart');
    const supported = which((family) => family.gracefulRestart);
    if (supported.length > 0) {
      detail(`Restart time: ${caps.gracefulRestart.restartTimeS}`);
      if (caps.gracefulRestart.restarting) detail('Restart recovery');
      list('AF supported:', supported);
      list(
        'AF preserved:',
        which((family) => family.forwardingPreserved),
      );
    }
  }
  if (caps.as4 !== undefined) item('4-octet AS numbers');
  if (caps.families.some((family) => family.addPathReceive || family.addPathSend)) {
    item('ADD-PATH');
    list(
      'RX:',
      which((family) => family.addPathReceive),
    );
    list(
      'TX:',
      which((family) => family.addPathSend),
    );
  }
  if (caps.enhancedRouteRefresh) item('Enhanced refresh');
  if (caps.longLivedGracefulRestart) item('Long-lived graceful restart');
  const longLived = which((family) => family.longLived !== undefined);
  if (longLived.length > 0) {
    detail(`LL stale time: ${Math.max(...longLived.map((family) => family.longLived!.staleTimeS))}`);
    list(
      'AF supported:',
      longLived.filter((family) => family.longLived!.staleTimeS > 0),
    );
    list(
      'AF preserved:',
      longLived.filter((family) => family.longLived!.forwardingPreserved),
    );
  }
  if (caps.hostname !== undefined) item(`Hostname: ${caps.hostname}`);
  if (caps.role !== undefined) item(`Role: ${ROLE_NAMES[caps.role] ?? '?'}`);
  return lines;
}

function familyName(family: FamilyCapabilities): string {
  return FAMILY_NAMES[`${family.afi}/${family.safi}`] ?? `<${family.afi}/${family.safi}>`;
}

/** BGP errors as data: codes of https://www.iana.org/assignments/bgp-parameters, text by lookup. */

export interface BgpError {
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

const NO_DATA = new Uint8Array(0);

/** RFC 4271 section 4.5, RFC 7313, RFC 9687. */
export const ERROR = {
  messageHeader: 1,
  openMessage: 2,
  updateMessage: 3,
  holdTimerExpired: 4,
  finiteStateMachine: 5,
  cease: 6,
  routeRefreshMessage: 7,
  sendHoldTimerExpired: 8,
} as const;

export const HEADER_ERROR = { notSynchronized: 1, badLength: 2, badType: 3 } as const;

export const OPEN_ERROR = {
  unspecific: 0,
  unsupportedVersion: 1,
  badPeerAs: 2,
  badBgpIdentifier: 3,
  unsupportedOptionalParameter: 4,
  unacceptableHoldTime: 6,
  unsupportedCapability: 7,
  roleMismatch: 11,
} as const;

export const UPDATE_ERROR = {
  malformedAttributeList: 1,
  unrecognizedWellKnownAttribute: 2,
  missingWellKnownAttribute: 3,
  attributeFlags: 4,
  attributeLength: 5,
  invalidOrigin: 6,
  invalidNextHop: 8,
  optionalAttribute: 9,
  invalidNetworkField: 10,
  malformedAsPath: 11,
} as const;

/** RFC 6608. */
export const FSM_ERROR = { unspecific: 0, inOpenSent: 1, inOpenConfirm: 2, inEstablished: 3 } as const;

/** RFC 4486, RFC 8538, RFC 9384. */
export const CEASE = {
  maximumPrefixes: 1,
  administrativeShutdown: 2,
  peerDeconfigured: 3,
  administrativeReset: 4,
  connectionRejected: 5,
  otherConfigurationChange: 6,
  connectionCollision: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const;

/** RFC 7313 section 5. */
export const REFRESH_ERROR = { invalidMessageLength: 1 } as const;

export function bgpError(code: number, subcode = 0, data: Uint8Array = NO_DATA): BgpError {
  return { code, subcode, data };
}

/** BIRD's texts, which looking glasses and operators know. */
const TEXT: Readonly<Record<number, { text: string; sub: Readonly<Record<number, string>> }>> = {
  [ERROR.messageHeader]: {
    text: 'Invalid message header',
    sub: { 1: 'Connection not synchronized', 2: 'Bad message length', 3: 'Bad message type' },
  },
  [ERROR.openMessage]: {
    text: 'Invalid OPEN message',
    sub: {
      1: 'Unsupported version number',
      2: 'Bad peer AS',
      3: 'Bad BGP identifier',
      4: 'Unsupported optional parameter',
      5: 'Authentication failure',
      6: 'Unacceptable hold time',
      7: 'Required capability missing',
      8: 'No supported AFI/SAFI',
      11: 'Role mismatch',
    },
  },
  [ERROR.updateMessage]: {
    text: 'Invalid UPDATE message',
    sub: {
      1: 'Malformed attribute list',
      2: 'Unrecognized well-known attribute',
      3: 'Missing mandatory attribute',
      4: 'Invalid attribute flags',
      5: 'Invalid attribute length',
      6: 'Invalid ORIGIN attribute',
      7: 'AS routing loop',
      8: 'Invalid NEXT_HOP attribute',
      9: 'Optional attribute error',
      10: 'Invalid network field',
      11: 'Malformed AS_PATH',
    },
  },
  [ERROR.holdTimerExpired]: { text: 'Hold timer expired', sub: {} },
  [ERROR.finiteStateMachine]: {
    text: 'Finite state machine error',
    sub: {
      1: 'Unexpected message in OpenSent state',
      2: 'Unexpected message in OpenConfirm state',
      3: 'Unexpected message in Established state',
    },
  },
  [ERROR.cease]: {
    text: 'Cease',
    sub: {
      1: 'Maximum number of prefixes reached',
      2: 'Administrative shutdown',
      3: 'Peer de-configured',
      4: 'Administrative reset',
      5: 'Connection rejected',
      6: 'Other configuration change',
      7: 'Connection collision resolution',
      8: 'Out of Resources',
      9: 'Hard reset',
      10: 'BFD session down',
    },
  },
  [ERROR.routeRefreshMessage]: {
    text: 'Invalid ROUTE-REFRESH message',
    sub: { 1: 'Invalid ROUTE-REFRESH message length' },
  },
  [ERROR.sendHoldTimerExpired]: { text: 'Send hold timer expired', sub: {} },
};

/** One line for an error, as BIRD words it; unknown codes are given as numbers. */
export function errorText(code: number, subcode: number): string {
  const entry = TEXT[code];
  const text = subcode === 0 ? entry?.text : entry?.sub[subcode];
  return text ?? `Unknown error ${code}.${subcode}`;
}

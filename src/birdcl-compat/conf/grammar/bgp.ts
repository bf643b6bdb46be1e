/** `protocol bgp`: its options as BIRD words them, with BIRD's defaults. `bgp-finish.ts` says what they mean together. */
import type { Family } from '../../../base/family.ts';
import type { IpAddress } from '../../../base/ip.ts';
import type { Expression } from '../../filter/ast.ts';
import type { Prefix } from '../../filter/values.ts';
import {
  address,
  bool,
  bounded,
  choice,
  identifier,
  none,
  number,
  optionalNumber,
  parseAtomExpression,
  parseScopedAddress,
  prefix,
  table,
  text,
  twoNumbers,
} from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import { addressOf, numberOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import type { NextHopScope, TableConfig } from '../lowered.ts';
import { accepted, option, refused, RuleTable } from '../rules.ts';
import type { Rule } from '../rules.ts';
import { finishBgp } from './bgp-finish.ts';
import { channelOwnerRules, channelRules, newChannel, skipBlock } from './channel.ts';
import type { ChannelDraft } from './channel.ts';
import { newProtocol, protocolRules } from './protocol.ts';
import type { ProtocolDraft, ProtocolGrammar } from './protocol.ts';

const BGP_PORT = 179;
const BGP_PREFERENCE = 100;
/** What `multihop;` and internal sessions allow. */
export const DEFAULT_MULTIHOP = 64;

export interface BgpChannelDraft extends ChannelDraft {
  addPathReceive: boolean;
  addPathSend: boolean;
  nextHopSelf: NextHopScope;
  nextHopKeep: NextHopScope | undefined;
  nextHopAddress: IpAddress | undefined;
  extendedNextHop: boolean;
  mandatory: boolean;
  gateway: 'direct' | 'recursive' | undefined;
  igpTable4: TableConfig | undefined;
  igpTable6: TableConfig | undefined;
  gracefulRestart: boolean | undefined;
  aigp: boolean | undefined;
  requireExtendedNextHop: boolean;
  requireAddPath: boolean;
}

export interface BgpDraft extends ProtocolDraft {
  channels: BgpChannelDraft[];
  localAs: number;
  localAddress: IpAddress | undefined;
  localPort: number;
  remoteAs: number;
  peerType: 'internal' | 'external' | undefined;
  remoteAddress: IpAddress | undefined;
  remoteRange: Prefix | undefined;
  remotePort: number;
  interface: string | undefined;
  rrClient: boolean;
  rrClusterId: number | undefined;
  /** Undefined: by kind of session. 0 is direct. */
  multihop: number | undefined;
  dynamicName: string;
  dynamicDigits: number;
  dynamicLimit: number;
  strictBind: boolean;
  passive: boolean;
  password: string | undefined;
  ttlSecurity: boolean;
  checkLink: boolean | undefined;
  holdTimeS: number;
  minHoldTimeS: number;
  startupHoldTimeS: number;
  keepaliveTimeS: number | undefined;
  minKeepaliveTimeS: number;
  sendHoldTimeS: number | undefined;
  connectRetryTimeS: number;
  connectDelayTimeS: number;
  errorWaitTimeS: [number, number];
  errorForgetTimeS: number;
  disableAfterError: boolean;
  /** Cease subcodes; 0 stands for the others too. */
  disableAfterCease: readonly number[];
  capabilities: boolean;
  enableAs4: boolean;
  enableRouteRefresh: boolean;
  enableEnhancedRouteRefresh: boolean;
  enableExtendedMessages: boolean;
  advertiseHostname: boolean;
  gracefulRestart: 'off' | 'aware' | 'on';
  gracefulRestartTimeS: number;
  allowLocalAs: number;
  allowLocalPref: boolean;
  allowMed: boolean;
  allowAsSets: boolean;
  enforceFirstAs: boolean;
  interpretCommunities: boolean;
  pathMetric: boolean;
  medMetric: boolean;
  igpMetric: boolean;
  preferOlder: boolean;
  deterministicMed: boolean;
  defaultLocalPref: number;
  requireRouteRefresh: boolean;
  requireEnhancedRouteRefresh: boolean;
  requireAs4: boolean;
  requireExtendedMessages: boolean;
  requireHostname: boolean;
  requireGracefulRestart: boolean;
}

/** Sessions of one range at once, where the configuration sets no `dynamic limit` (BIRD has no limit). */
const DEFAULT_DYNAMIC_LIMIT = 10_000;

const port = bounded(1, 65535, 'Invalid port number');

interface EndpointNode {
  readonly address?: { address: Expression; interface?: string };
  readonly range?: Expression;
  readonly port?: Expression;
  readonly as?: Expression;
  readonly peerType?: 'internal' | 'external';
}

/** `port N`, `as N` and, for neighbours, `internal` and `external`, in any order. */
function parseEndpointOptions(cursor: Cursor, neighbor: boolean): EndpointNode {
  let node: EndpointNode = {};
  const words = neighbor ? ['port', 'as', 'internal', 'external'] : ['port', 'as'];
  while (!cursor.isPunctuation(';')) {
    const word = cursor.word();
    if (word === undefined || !words.includes(word)) {
      if (neighbor && word === 'onlink')
        cursor.fail("'onlink' is not built yet", 'Catbird looks no neighbours up');
      cursor.unexpected("';'", words);
    }
    cursor.at++;
    if (word === 'port') node = { ...node, port: parseAtomExpression(cursor) };
    else if (word === 'as') node = { ...node, as: parseAtomExpression(cursor, 'an AS number') };
    else node = { ...node, peerType: word as 'internal' };
  }
  return node;
}

function parseLocal(cursor: Cursor): EndpointNode {
  if (cursor.isPunctuation(';') || cursor.isWord('as') || cursor.isWord('port')) {
    return parseEndpointOptions(cursor, false);
  }
  const scoped = parseScopedAddress(cursor);
  return { address: scoped, ...parseEndpointOptions(cursor, false) };
}

function parseNeighbor(cursor: Cursor): EndpointNode {
  if (cursor.acceptWord('range')) {
    const range = prefix.parse(cursor);
    return { range, ...parseEndpointOptions(cursor, true) };
  }
  const starts = ['as', 'port', 'internal', 'external'];
  if (cursor.isPunctuation(';') || starts.includes(cursor.word() ?? ''))
    return parseEndpointOptions(cursor, true);
  const scoped = parseScopedAddress(cursor);
  if (cursor.isPunctuation('/')) {
    cursor.fail("syntax error, unexpected '/'", "for a range of neighbours write 'neighbor range …'");
  }
  return { address: scoped, ...parseEndpointOptions(cursor, true) };
}

const local: Rule<BgpDraft> = {
  words: 'local',
  parse: parseLocal,
  apply: (draft, argument, { scope }) => {
    const node = argument as EndpointNode;
    if (node.address) {
      draft.localAddress = addressOf(node.address.address, scope);
      if (node.address.interface !== undefined) draft.interface = node.address.interface;
    }
    if (node.port) draft.localPort = port.evaluate(node.port, scope);
    if (node.as) draft.localAs = numberOf(node.as, scope);
  },
};

const neighbor: Rule<BgpDraft> = {
  words: 'neighbor',
  parse: parseNeighbor,
  apply: (draft, argument, { scope }, { at }) => {
    const node = argument as EndpointNode;
    if ((node.address || node.range) && (draft.remoteAddress || draft.remoteRange)) {
      throw new ConfError(at, 'Only one neighbor per BGP instance is allowed');
    }
    if (node.address) {
      draft.remoteAddress = addressOf(node.address.address, scope);
      if (node.address.interface !== undefined) draft.interface = node.address.interface;
    }
    if (node.range) draft.remoteRange = prefix.evaluate(node.range, scope);
    if (node.port) draft.remotePort = port.evaluate(node.port, scope);
    if (node.as) draft.remoteAs = numberOf(node.as, scope);
    if (node.peerType) draft.peerType = node.peerType;
  },
};

/** `next hop self`, `next hop keep`: a switch, or one kind of source. */
const nextHopScope: ArgumentKind<NextHopScope | { on: boolean; expression?: Expression }, NextHopScope> = {
  parse(cursor) {
    if (cursor.acceptWord('ibgp')) return 'ibgp';
    if (cursor.acceptWord('ebgp')) return 'ebgp';
    return bool.parse(cursor);
  },
  evaluate(node, scope) {
    if (typeof node === 'string') return node;
    return bool.evaluate(node, scope) ? 'all' : 'no';
  },
};

const dynamicName: ArgumentKind<Expression, string> = {
  parse: (cursor) => text.parse(cursor),
  evaluate(node, scope) {
    const name = text.evaluate(node, scope);
    if (name.includes('%')) throw new ConfError(node.at, "Forbidden character '%' in dynamic name");
    if (name.length > 48) throw new ConfError(node.at, 'Dynamic name too long');
    return name;
  },
};

const bracesOrSwitch: ArgumentKind<boolean, boolean> = {
  parse(cursor) {
    if (cursor.isPunctuation('{')) {
      skipBlock(cursor);
      return true;
    }
    if (cursor.acceptWord('graceful')) return true;
    const node = bool.parse(cursor);
    return node.expression !== undefined || node.on;
  },
  evaluate: (node) => node,
};

const NO_LLGR = 'Catbird has no long-lived graceful restart yet';
const NO_RESOLVING = 'Catbird has no forwarding table: it resolves no next hops and takes all as reachable';
const off = (value: boolean): boolean => !value;
const on = (value: boolean): boolean => value;

/** BIRD's words for Cease subcodes, by subcode. */
const CEASE_WORDS = [
  'cease',
  'prefix limit hit',
  'administrative shutdown',
  'peer deconfigured',
  'administrative reset',
  'connection rejected',
  'configuration change',
  'connection collision',
  'out of resources',
].map((words) => words.split(' '));

/** A switch, or reasons in braces. */
const cease: ArgumentKind<number[] | { on: boolean; expression?: Expression }, readonly number[]> = {
  parse(cursor) {
    if (!cursor.accept('{')) return bool.parse(cursor);
    const list: number[] = [];
    do {
      const subcode = CEASE_WORDS.findIndex((words) =>
        words.every((word, i) => cursor.textAfter(i) === word),
      );
      if (subcode < 0) {
        const words = CEASE_WORDS.map((candidate) => candidate.join(' '));
        cursor.unexpected(`one of ${words.map((word) => `'${word}'`).join(', ')}`, words);
      }
      cursor.at += CEASE_WORDS[subcode]!.length;
      list.push(subcode);
    } while (cursor.accept(','));
    cursor.expect('}');
    return list;
  },
  evaluate(node, scope) {
    if (Array.isArray(node)) return node;
    return bool.evaluate(node, scope) ? CEASE_WORDS.map((_words, subcode) => subcode) : [];
  },
};

const options: Rule<BgpDraft>[] = [
  ...protocolRules<BgpDraft>(),
  local,
  neighbor,
  refused(
    'local role',
    choice('peer', 'provider', 'customer', 'rs_server', 'rs_client'),
    'Catbird has no BGP roles yet',
  ),
  refused('require roles', bool, 'Catbird has no BGP roles yet', off),
  option('interface', text, (draft, value) => (draft.interface = value)),
  option('source address', address, (draft, value) => (draft.localAddress = value)),
  option('rr client', bool, (draft, value) => (draft.rrClient = value)),
  option('rr cluster id', identifier, (draft, value) => (draft.rrClusterId = value)),
  refused('rs client', bool, 'Catbird is no route server yet', off),
  refused('confederation', number, 'Catbird has no confederations yet', (value) => value === 0),
  refused('confederation member', bool, 'Catbird has no confederations yet', off),
  option('direct', none, (draft) => (draft.multihop = 0)),
  option('multihop', optionalNumber, (draft, value, _context, at) => {
    if (value !== undefined && (value < 1 || value > 255)) {
      throw new ConfError(at + 1, 'Multihop must be in range 1-255');
    }
    draft.multihop = value ?? DEFAULT_MULTIHOP;
  }),
  option('dynamic name', dynamicName, (draft, value) => (draft.dynamicName = value)),
  option('dynamic name digits', bounded(0, 10, 'Dynamic name digits must be at most 10'), (draft, value) => {
    draft.dynamicDigits = value;
  }),
  option(
    'dynamic limit',
    bounded(1, 1_000_000, 'Dynamic limit must be in range 1-1000000'),
    (draft, value) => {
      draft.dynamicLimit = value;
    },
  ),
  option('strict bind', bool, (draft, value) => (draft.strictBind = value)),
  refused('free bind', bool, 'Catbird binds to addresses that the system has', off),
  option('password', text, (draft, value) => (draft.password = value)),
  refused('setkey', bool, 'Catbird sets keys through its own sockets, the same on each system', on),
  refused(
    'authentication',
    choice('none', 'md5', 'ao'),
    "Catbird turns MD5 on with 'password'; TCP-AO is not built yet",
    (value) => value !== 'ao',
  ),
  option('passive', bool, (draft, value) => (draft.passive = value)),
  option('ttl security', bool, (draft, value) => (draft.ttlSecurity = value)),
  option('check link', bool, (draft, value, context, at) => {
    draft.checkLink = value;
    if (value)
      context.warn(at, "'check link' has no effect: a lost link is noticed by TCP and the hold timer");
  }),
  refused('bfd', bracesOrSwitch, 'Catbird has no BFD yet', off),
  option('hold time', holdTime(), (draft, value) => (draft.holdTimeS = value)),
  option('min hold time', number, (draft, value) => (draft.minHoldTimeS = value)),
  option('startup hold time', number, (draft, value) => (draft.startupHoldTimeS = value)),
  option('keepalive time', bounded(1, 65535, 'Keepalive time must be in range 1-65535'), (draft, value) => {
    draft.keepaliveTimeS = value;
  }),
  option('min keepalive time', number, (draft, value) => (draft.minKeepaliveTimeS = value)),
  option('send hold time', number, (draft, value) => (draft.sendHoldTimeS = value)),
  option('connect retry time', number, (draft, value) => (draft.connectRetryTimeS = value)),
  option('connect delay time', number, (draft, value) => (draft.connectDelayTimeS = value)),
  option('start delay time', number, (draft, value, context, at) => {
    context.warn(at, "'start delay time' is deprecated, use 'connect delay time'");
    draft.connectDelayTimeS = value;
  }),
  option('error wait time', twoNumbers, (draft, value) => (draft.errorWaitTimeS = value)),
  option('error forget time', number, (draft, value) => (draft.errorForgetTimeS = value)),
  option('disable after error', bool, (draft, value) => (draft.disableAfterError = value)),
  option('disable after cease', cease, (draft, value) => (draft.disableAfterCease = value)),
  option('capabilities', bool, (draft, value) => (draft.capabilities = value)),
  option('enable as4', bool, (draft, value) => (draft.enableAs4 = value)),
  option('enable route refresh', bool, (draft, value) => (draft.enableRouteRefresh = value)),
  option('enable enhanced route refresh', bool, (draft, value) => (draft.enableEnhancedRouteRefresh = value)),
  option('enable extended messages', bool, (draft, value) => (draft.enableExtendedMessages = value)),
  option('advertise hostname', bool, (draft, value) => (draft.advertiseHostname = value)),
  option('require route refresh', bool, (draft, value) => (draft.requireRouteRefresh = value)),
  option(
    'require enhanced route refresh',
    bool,
    (draft, value) => (draft.requireEnhancedRouteRefresh = value),
  ),
  option('require as4', bool, (draft, value) => (draft.requireAs4 = value)),
  option('require extended messages', bool, (draft, value) => (draft.requireExtendedMessages = value)),
  option('require hostname', bool, (draft, value) => (draft.requireHostname = value)),
  option('require graceful restart', bool, (draft, value) => (draft.requireGracefulRestart = value)),
  refused('require long lived graceful restart', bool, NO_LLGR, off),
  option('graceful restart', bool, (draft, value) => (draft.gracefulRestart = value ? 'on' : 'off')),
  option('graceful restart aware', none, (draft) => (draft.gracefulRestart = 'aware')),
  option(
    'graceful restart time',
    bounded(0, 4095, 'Graceful restart time must be less than 4096'),
    (draft, value) => {
      draft.gracefulRestartTimeS = value;
    },
  ),
  refused('long lived graceful restart', bool, NO_LLGR, off),
  refused('long lived graceful restart aware', none, NO_LLGR),
  refused('long lived stale time', number, NO_LLGR),
  option('allow local as', optionalNumber, (draft, value) => (draft.allowLocalAs = value ?? 0xffff_ffff)),
  option('allow bgp_local_pref', bool, (draft, value) => (draft.allowLocalPref = value)),
  option('allow bgp_med', bool, (draft, value) => (draft.allowMed = value)),
  option('allow as sets', bool, (draft, value) => (draft.allowAsSets = value)),
  option('enforce first as', bool, (draft, value) => (draft.enforceFirstAs = value)),
  option('interpret communities', bool, (draft, value) => (draft.interpretCommunities = value)),
  option('path metric', bool, (draft, value) => (draft.pathMetric = value)),
  option('med metric', bool, (draft, value) => (draft.medMetric = value)),
  option('igp metric', bool, (draft, value) => (draft.igpMetric = value)),
  option('prefer older', bool, (draft, value) => (draft.preferOlder = value)),
  option('deterministic med', bool, (draft, value, context, at) => {
    draft.deterministicMed = value;
    if (!value) context.warn(at, "'deterministic med off' has no effect: Catbird always compares MED so");
  }),
  refused('default bgp_med', number, 'Catbird takes a missing MED as 0', (value) => value === 0),
  option('default bgp_local_pref', number, (draft, value) => (draft.defaultLocalPref = value)),
];

function holdTime(): ArgumentKind<Expression, number> {
  return {
    parse: (cursor) => number.parse(cursor),
    evaluate(node, scope) {
      const value = numberOf(node, scope);
      if ((value !== 0 && value < 3) || value > 65535) {
        throw new ConfError(node.at, 'Hold time must be in range 3-65535 or zero');
      }
      return value;
    },
  };
}

export const bgpChannelOptions = new RuleTable<BgpChannelDraft>([
  ...channelRules<BgpChannelDraft>(),
  // Both tables are always kept (Adj-RIB-In and Adj-RIB-Out), so that there is nothing to turn on.
  accepted('import table', bool),
  accepted('export table', bool),
  option('add paths', bool, (channel, value) => {
    channel.addPathReceive = value;
    channel.addPathSend = value;
  }),
  option('add paths rx', none, (channel) => {
    channel.addPathReceive = true;
    channel.addPathSend = false;
  }),
  option('add paths tx', none, (channel) => {
    channel.addPathReceive = false;
    channel.addPathSend = true;
  }),
  option('next hop self', nextHopScope, (channel, value) => (channel.nextHopSelf = value)),
  option('next hop keep', nextHopScope, (channel, value) => (channel.nextHopKeep = value)),
  option('next hop address', address, (channel, value) => (channel.nextHopAddress = value)),
  refused('next hop prefer', choice('global', 'local'), 'Catbird passes both IPv6 next hops on as they came'),
  option('extended next hop', bool, (channel, value) => (channel.extendedNextHop = value)),
  option('require extended next hop', bool, (channel, value) => (channel.requireExtendedNextHop = value)),
  option('require add paths', bool, (channel, value) => (channel.requireAddPath = value)),
  option('mandatory', bool, (channel, value) => (channel.mandatory = value)),
  option('missing lladdr', choice('self', 'drop', 'ignore'), (_channel, _value, context, at) => {
    context.warn(at, "'missing lladdr' is deprecated and has no effect, remove it");
  }),
  option('gateway', choice('direct', 'recursive'), (channel, value) => (channel.gateway = value)),
  option('igp table', table, (channel, value, _context, at) => {
    // Catbird resolves no next hop through a table, so that only the table that is asked by default makes no difference.
    if (value.name !== 'master4' && value.name !== 'master6' && value !== channel.table) {
      throw new ConfError(at, "'igp table' is not built yet", NO_RESOLVING);
    }
    if (value.family === 0) channel.igpTable4 = value;
    else channel.igpTable6 = value;
  }),
  refused('secondary', bool, 'Catbird sends the best path, or none where the export filter rejects it', off),
  refused('validate', bool, 'it is for flowspec channels, which Catbird has not yet', off),
  option('graceful restart', bool, (channel, value) => (channel.gracefulRestart = value)),
  refused('long lived graceful restart', bool, NO_LLGR, off),
  refused('long lived stale time', number, NO_LLGR),
  option('aigp', bool, (channel, value) => (channel.aigp = value)),
  refused('aigp originate', none, 'Catbird passes AIGP on and starts none'),
  refused(
    'cost',
    number,
    'it is the metric that AIGP adds for this neighbour, which Catbird does not',
    () => false,
  ),
]);

function newBgpChannel(
  _owner: BgpDraft,
  family: Family,
  context: Parameters<typeof newChannel>[2],
): BgpChannelDraft {
  return {
    ...newChannel(family, BGP_PREFERENCE, context),
    addPathReceive: false,
    addPathSend: false,
    nextHopSelf: 'no',
    nextHopKeep: undefined,
    nextHopAddress: undefined,
    extendedNextHop: false,
    mandatory: false,
    gateway: undefined,
    igpTable4: undefined,
    igpTable6: undefined,
    gracefulRestart: undefined,
    aigp: undefined,
    requireExtendedNextHop: false,
    requireAddPath: false,
  };
}

export const bgp: ProtocolGrammar<BgpDraft> = {
  word: 'bgp',
  defaultName: 'bgp',
  rules: new RuleTable<BgpDraft>([
    ...options,
    ...channelOwnerRules<BgpDraft, BgpChannelDraft>(bgpChannelOptions, newBgpChannel),
  ]),
  create: (debug) => ({
    ...newProtocol(debug),
    channels: [],
    localAs: 0,
    localAddress: undefined,
    localPort: BGP_PORT,
    remoteAs: 0,
    peerType: undefined,
    remoteAddress: undefined,
    remoteRange: undefined,
    remotePort: BGP_PORT,
    interface: undefined,
    rrClient: false,
    rrClusterId: undefined,
    multihop: undefined,
    dynamicName: 'dynbgp',
    dynamicDigits: 0,
    dynamicLimit: DEFAULT_DYNAMIC_LIMIT,
    strictBind: false,
    passive: false,
    password: undefined,
    ttlSecurity: false,
    checkLink: undefined,
    holdTimeS: 240,
    minHoldTimeS: 0,
    startupHoldTimeS: 240,
    keepaliveTimeS: undefined,
    minKeepaliveTimeS: 0,
    sendHoldTimeS: undefined,
    connectRetryTimeS: 120,
    connectDelayTimeS: 5,
    errorWaitTimeS: [60, 300],
    errorForgetTimeS: 300,
    disableAfterError: false,
    disableAfterCease: [],
    capabilities: true,
    enableAs4: true,
    enableRouteRefresh: true,
    enableEnhancedRouteRefresh: true,
    enableExtendedMessages: false,
    advertiseHostname: false,
    gracefulRestart: 'aware',
    gracefulRestartTimeS: 120,
    allowLocalAs: 0,
    allowLocalPref: false,
    allowMed: false,
    allowAsSets: true,
    enforceFirstAs: false,
    interpretCommunities: true,
    pathMetric: true,
    medMetric: false,
    igpMetric: true,
    preferOlder: false,
    deterministicMed: false,
    defaultLocalPref: 100,
    requireRouteRefresh: false,
    requireEnhancedRouteRefresh: false,
    requireAs4: false,
    requireExtendedMessages: false,
    requireHostname: false,
    requireGracefulRestart: false,
  }),
  copy: (draft) => ({
    ...draft,
    channels: draft.channels.map((channel) => ({ ...channel, inherited: true })),
  }),
  finish: finishBgp,
};

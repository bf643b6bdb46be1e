/** Options of `protocol bgp` about the session: addresses, transport, timers, capabilities. */
import type { Expression } from '../../filter/ast.ts';
import {
  address,
  bool,
  bounded,
  choice,
  none,
  number,
  optionalNumber,
  parseAddressExpression,
  parseAtomExpression,
  parseScopedAddress,
  prefix,
  quoted,
  text,
  twoNumbers,
} from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import { ROLE } from '../../../speaker/wire/iana.ts';
import { addressOf, numberOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { accepted, noticed, option, refused } from '../rules.ts';
import type { Context, Rule } from '../rules.ts';
import { bfdOptions } from './bfd.ts';
import type { BgpDraft } from './bgp-draft.ts';
import { interfaceNames } from './interfaces.ts';
import { aoKeys } from './passwords.ts';

/** What `multihop;` and internal sessions allow. */
export const DEFAULT_MULTIHOP = 64;

const port = bounded(1, 65535, 'Invalid port number');

interface EndpointNode {
  readonly address?: { address: Expression; interface?: string };
  readonly range?: Expression;
  readonly port?: Expression;
  readonly as?: Expression;
  readonly peerType?: 'internal' | 'external';
  readonly onlink?: true;
}

/** `port N`, `as N` and, for neighbours, `internal` and `external`, in any order. */
function parseEndpointOptions(cursor: Cursor, neighbor: boolean): EndpointNode {
  let node: EndpointNode = {};
  const words = endpointWords(cursor, neighbor);
  while (!cursor.isPunctuation(';')) {
    const word = cursor.word();
    if (word === undefined || !words.includes(word)) cursor.unexpected("';'", words);
    cursor.at++;
    if (word === 'port') node = { ...node, port: parseAtomExpression(cursor) };
    else if (word === 'as') node = { ...node, as: parseAtomExpression(cursor, 'an AS number') };
    else if (word === 'onlink') node = { ...node, onlink: true };
    else node = { ...node, peerType: word as 'internal' };
  }
  return node;
}

function endpointWords({ dialect }: Cursor, neighbor: boolean): readonly string[] {
  if (dialect.version === 1) return neighbor ? ['port', 'as'] : ['as'];
  return neighbor ? ['port', 'as', 'internal', 'external', 'onlink'] : ['port', 'as'];
}

function parseLocal(cursor: Cursor): EndpointNode {
  // BIRD 1.6 wants an AS number.
  const bare = cursor.dialect.version === 2 && cursor.isPunctuation(';');
  if (bare || endpointWords(cursor, false).includes(cursor.word() ?? '')) {
    return parseEndpointOptions(cursor, false);
  }
  const scoped =
    cursor.dialect.version === 1 ? { address: parseAddressExpression(cursor) } : parseScopedAddress(cursor);
  if (cursor.dialect.version === 1 && !cursor.isWord('as')) cursor.unexpected("'as'");
  return { address: scoped, ...parseEndpointOptions(cursor, false) };
}

function parseNeighbor(cursor: Cursor): EndpointNode {
  if (cursor.dialect.version === 2 && cursor.acceptWord('range')) {
    const range = prefix.parse(cursor);
    return { range, ...parseEndpointOptions(cursor, true) };
  }
  if (cursor.isPunctuation(';') || endpointWords(cursor, true).includes(cursor.word() ?? '')) {
    return parseEndpointOptions(cursor, true);
  }
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
    if (node.onlink) draft.onlink = true;
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

const off = (value: boolean): boolean => !value;
/** Seconds of a stale time are 24 bits, those of a restart time 12 (RFC 9494, RFC 4724). */
const STALE_TIMES = 2 ** 24 - 1;
const RESTART_TIMES = 4095;

/** BIRD's words for roles. */
const ROLE_WORDS = {
  peer: ROLE.peer,
  provider: ROLE.provider,
  customer: ROLE.customer,
  rs_server: ROLE.rsServer,
  rs_client: ROLE.rsClient,
} as const;

/** Options that BIRD 1.6 has too, worded alike. */
const commonRules: readonly Rule<BgpDraft>[] = [
  local,
  neighbor,
  option('direct', none, (draft) => (draft.multihop = 0)),
  option('multihop', optionalNumber, (draft, value, _context, at) => {
    if (value !== undefined && (value < 1 || value > 255)) {
      throw new ConfError(at + 1, 'Multihop must be in range 1-255');
    }
    draft.multihop = value ?? DEFAULT_MULTIHOP;
  }),
  option('source address', address, (draft, value) => (draft.localAddress = value)),
  option('password', text, (draft, value) => (draft.password = value)),
  option('passive', bool, (draft, value) => (draft.passive = value)),
  option('ttl security', bool, (draft, value) => (draft.ttlSecurity = value)),
  option('startup hold time', number, (draft, value) => (draft.startupHoldTimeS = value)),
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
  option('enable extended messages', bool, (draft, value) => (draft.enableExtendedMessages = value)),
  option('graceful restart', bool, (draft, value) => (draft.gracefulRestart = value ? 'on' : 'off')),
  option('graceful restart aware', none, (draft) => (draft.gracefulRestart = 'aware')),
  option('check link', bool, (draft, value, context, at) => {
    draft.checkLink = value;
    if (value) {
      context.warn(at, "'check link' has no effect: a lost link is noticed by TCP and the hold timer");
    }
  }),
  accepted('setkey', bool),
  option('long lived graceful restart', bool, (draft, value) => (draft.longLived = value ? 'on' : 'off')),
  option('long lived graceful restart aware', none, (draft) => (draft.longLived = 'aware')),
];

/** Options of BIRD 1.6, which checks no ranges here. */
export const sessionRules1: readonly Rule<BgpDraft>[] = [
  ...commonRules,
  option('interface', quoted, (draft, value) => (draft.interface = value)),
  option('hold time', number, (draft, value) => (draft.holdTimeS = value)),
  option('keepalive time', number, (draft, value) => (draft.keepaliveTimeS = value)),
  option('graceful restart time', number, (draft, value) => (draft.gracefulRestartTimeS = value)),
  option('long lived stale time', number, (draft, value) => (draft.staleTimeS = value)),
  refused('advertise ipv4', bool, 'Catbird always says which families it wants', (value) => value),
  option('bfd', bool, (draft, value, context, at) => setBfd(draft, value, context, at)),
  option('bfd graceful', none, (draft, _value, context, at) => setBfd(draft, true, context, at)),
];

/** Options of BIRD 2 and 3. */
export const sessionRules: readonly Rule<BgpDraft>[] = [
  ...commonRules,
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
  option('hold time', holdTime(), (draft, value) => (draft.holdTimeS = value)),
  option('min hold time', number, (draft, value) => (draft.minHoldTimeS = value)),
  option('keepalive time', bounded(1, 65535, 'Keepalive time must be in range 1-65535'), (draft, value) => {
    draft.keepaliveTimeS = value;
  }),
  option('min keepalive time', number, (draft, value) => (draft.minKeepaliveTimeS = value)),
  option('send hold time', number, (draft, value) => (draft.sendHoldTimeS = value)),
  option('enable enhanced route refresh', bool, (draft, value) => (draft.enableEnhancedRouteRefresh = value)),
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
  option('interface', text, (draft, value) => (draft.interface = value)),
  option('interface range', interfaceNames, (draft, _value, context, at) => {
    draft.interfaceRange = true;
    context.refuse(at, "'interface range' is not built yet", "give one 'interface' in each protocol");
  }),
  option('onlink', bool, (draft, value) => (draft.onlink = value)),
  option('strict bind', bool, (draft, value) => (draft.strictBind = value)),
  refused('free bind', bool, 'Catbird binds to addresses that the system has', off),
  option('authentication', choice('none', 'md5', 'ao'), (draft, value, context, at) => {
    draft.authentication = value;
    if (value === 'ao') context.refuse(at, "'authentication ao' is not built yet", 'use MD5 meanwhile');
  }),
  option('keys', aoKeys, (draft, _value, context, at) => {
    draft.keys = true;
    context.refuse(at, "'keys' is not built yet", 'Catbird has no TCP-AO; use MD5 meanwhile');
  }),
  option('bfd', bfdOptions, (draft, value, context, at) => setBfd(draft, value, context, at)),
  option(
    'local role',
    choice('peer', 'provider', 'customer', 'rs_server', 'rs_client'),
    (draft, value) => (draft.localRole = ROLE_WORDS[value]),
  ),
  option('require roles', bool, (draft, value) => (draft.requireRoles = value)),
  option('graceful restart time', restartTime('Graceful'), (draft, value) => {
    draft.gracefulRestartTimeS = value;
  }),
  option('min graceful restart time', restartTime('Min graceful'), (draft, value) => {
    draft.minRestartTimeS = value;
  }),
  option('max graceful restart time', restartTime('Max graceful'), (draft, value) => {
    draft.maxRestartTimeS = value;
  }),
  option('long lived stale time', staleTime('Long-lived'), (draft, value) => (draft.staleTimeS = value)),
  option('min long lived stale time', staleTime('Min long-lived'), (draft, value) => {
    draft.minStaleTimeS = value;
  }),
  option('max long lived stale time', staleTime('Max long-lived'), (draft, value) => {
    draft.maxStaleTimeS = value;
  }),
  option('require long lived graceful restart', bool, (draft, value) => (draft.requireLongLived = value)),
  option('disable rx', bool, (draft, value) => (draft.disableReceive = value)),
  noticed('tx size warning', number, 'BIRD 3 logs long queues; Catbird keeps none'),
];

function setBfd(draft: BgpDraft, value: boolean, context: Context, at: number): void {
  draft.bfd = value;
  // Without `protocol bfd`, BIRD's sessions wait for nothing and come up all the same; with it, that is refused.
  if (value) context.warn(at, "'bfd' has no effect without 'protocol bfd', which Catbird does not have yet");
}

function restartTime(which: string): ReturnType<typeof bounded> {
  return bounded(0, RESTART_TIMES, `${which} restart time must be less than 4096`);
}

function staleTime(which: string): ReturnType<typeof bounded> {
  return bounded(0, STALE_TIMES, `${which} stale time must be less than 2^24`);
}

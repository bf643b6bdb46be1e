/** Networks of every type, as static routes name them. IP prefixes have a value; the others are checked only. */
import type { Expression } from '../../filter/ast.ts';
import type { Prefix } from '../../filter/values.ts';
import { parseAddressExpression, parseAtomExpression, prefix } from '../arguments.ts';
import { addressOf, constant, numberOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { TOKEN } from '../lexer.ts';
import type { NetType } from '../net-types.ts';
import type { Scope } from '../scope.ts';
import { parseFlow } from './flow.ts';

/** A network whose type and value are known. */
export interface Network {
  readonly net: NetType;
  /** Of plain IP prefixes. */
  readonly prefix?: Prefix;
}

export interface NetworkNode {
  readonly at: number;
  readonly evaluate: (scope: Scope) => Network;
}

const MAC = /^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$/;

function version(net: 'vpn' | 'roa' | 'flow' | 'ipv', { ip }: Prefix): NetType {
  return `${net}${ip.version}`;
}

/** A token that looks like a MAC address; the lexer knows none. */
function expectMac(cursor: Cursor): void {
  if (!MAC.test(cursor.textAfter(0))) cursor.unexpected('a MAC address');
  cursor.at++;
}

function parsePrefixNetwork(cursor: Cursor): NetworkNode {
  const { at } = cursor;
  const value = cursor.prefixOf(cursor.address());
  if (cursor.acceptWord('max')) {
    const max = parseAtomExpression(cursor);
    cursor.expectWord('as');
    const asn = parseAtomExpression(cursor, 'an AS number');
    const evaluate = (scope: Scope): Network => {
      const length = numberOf(max, scope);
      numberOf(asn, scope);
      if (length < value.length || length > value.ip.words.length * 32) {
        throw new ConfError(max.at, `Invalid max prefix length ${length}`);
      }
      return { net: version('roa', value) };
    };
    return { at, evaluate };
  }
  if (value.ip.version === 6 && cursor.acceptWord('from')) {
    cursor.prefixOf(cursor.address());
    return { at, evaluate: () => ({ net: 'ipv6 sadr' }) };
  }
  const network = { net: version('ipv', value), prefix: value };
  return { at, evaluate: () => network };
}

/** `mpls 100`, `aspa 65000` */
function parseNumbered(cursor: Cursor, net: 'mpls' | 'aspa'): NetworkNode {
  const at = cursor.at++;
  const node = parseAtomExpression(cursor);
  return {
    at,
    evaluate: (scope) => {
      numberOf(node, scope);
      return { net };
    },
  };
}

function parseEthernet(cursor: Cursor): NetworkNode {
  const at = cursor.at++;
  expectMac(cursor);
  if (cursor.acceptWord('vlan')) cursor.number();
  return { at, evaluate: () => ({ net: 'eth' }) };
}

/** Ten bytes: an Ethernet segment identifier. */
function expectSegment(cursor: Cursor): void {
  if (cursor.kind !== TOKEN.bytes) cursor.unexpected('an Ethernet segment identifier');
  cursor.at++;
}

/** EVPN routes (RFC 7432 section 7): the words behind `evpn`, and what follows the route distinguisher. */
const EVPN_ROUTES: Readonly<Record<string, (cursor: Cursor) => Expression | undefined>> = {
  ead: (cursor) => {
    cursor.number();
    expectSegment(cursor);
    return undefined;
  },
  mac: (cursor) => {
    cursor.number();
    expectMac(cursor);
    return cursor.accept('*') ? undefined : parseAddressExpression(cursor);
  },
  imet: (cursor) => {
    cursor.number();
    return parseAddressExpression(cursor);
  },
  es: (cursor) => {
    expectSegment(cursor);
    return parseAddressExpression(cursor);
  },
};

function parseEvpn(cursor: Cursor): NetworkNode {
  const at = cursor.at++;
  const parse = EVPN_ROUTES[cursor.word() ?? ''];
  if (!parse) cursor.unexpected('a kind of EVPN route', Object.keys(EVPN_ROUTES));
  cursor.at++;
  if (cursor.kind !== TOKEN.rd) cursor.unexpected('a route distinguisher');
  cursor.at++;
  const address = parse(cursor);
  return {
    at,
    evaluate: (scope) => {
      if (address) addressOf(address, scope);
      return { net: 'evpn' };
    },
  };
}

function parseFlowNetwork(cursor: Cursor, net: 'flow4' | 'flow6'): NetworkNode {
  const at = cursor.at++;
  const check = parseFlow(cursor, net === 'flow6');
  return {
    at,
    evaluate: (scope) => {
      check(scope);
      return { net };
    },
  };
}

const BY_WORD: Readonly<Record<string, (cursor: Cursor) => NetworkNode>> = {
  flow4: (cursor) => parseFlowNetwork(cursor, 'flow4'),
  flow6: (cursor) => parseFlowNetwork(cursor, 'flow6'),
  mpls: (cursor) => parseNumbered(cursor, 'mpls'),
  aspa: (cursor) => parseNumbered(cursor, 'aspa'),
  eth: parseEthernet,
  evpn: parseEvpn,
};

/** A network of any type, or the name of one. */
export function parseNetwork(cursor: Cursor): NetworkNode {
  const { at } = cursor;
  if (cursor.isAddress()) return parsePrefixNetwork(cursor);
  if (cursor.kind === TOKEN.rd) {
    cursor.at++;
    const value = cursor.prefixOf(cursor.address());
    return { at, evaluate: () => ({ net: version('vpn', value) }) };
  }
  const parse = BY_WORD[cursor.word() ?? ''];
  if (parse) return parse(cursor);
  const node = prefix.parse(cursor);
  const evaluate = (scope: Scope): Network => {
    const { type, value } = constant(node, scope);
    if (type !== 'prefix') throw new ConfError(node.at, 'Network expected');
    return { net: version('ipv', value as Prefix), prefix: value as Prefix };
  };
  return { at, evaluate };
}

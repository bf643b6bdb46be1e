/** Parser of networks: IP prefixes and the other kinds that BIRD has. */
import type { IpAddress } from '../../base/ip.ts';
import type { Cursor } from '../conf/cursor.ts';
import { ConfError } from '../conf/diagnostics.ts';
import { TOKEN } from '../conf/lexer.ts';
import type { Constant, Expression, NetExpression } from './ast.ts';
import { FLOW_OPERATOR, FLOW_TYPES, FRAGMENT_BITS, NUMBER_OPERATORS, flowPrefix } from './flowspec.ts';
import type { FlowPart, FlowTerm, FlowTypeInfo } from './flowspec.ts';
import { NO_PREFIX } from './nets.ts';
import type { EvpnType, Net, NetKind } from './nets.ts';
import { parseAtom } from './parse-atom.ts';
import type { Terms } from './parse-atom.ts';
import { maskIp, parseRd } from './values.ts';
import type { Prefix } from './values.ts';

const NET_WORDS: ReadonlySet<string> = new Set(['flow4', 'flow6', 'eth', 'mpls', 'aspa', 'evpn', 'neighbor']);

/** Whether a network begins here that is no IP prefix: with a word of its own, and something that a symbol cannot be. */
export function startsSpecialNet(cursor: Cursor): boolean {
  const word = cursor.word();
  if (word === undefined) return false;
  if (!NET_WORDS.has(word)) return false;
  const next = cursor.kindAfter(1);
  switch (word) {
    case 'flow4':
    case 'flow6':
      return next === TOKEN.punctuation && cursor.textAfter(1) === '{';
    case 'eth':
      return next === TOKEN.mac;
    case 'evpn':
      return next === TOKEN.word;
    case 'neighbor':
      return next === TOKEN.ip4 || next === TOKEN.ip6 || next === TOKEN.word;
    default:
      return next === TOKEN.number || next === TOKEN.word || next === TOKEN.quotedWord || isOpen(cursor, 1);
  }
}

function isOpen(cursor: Cursor, after: number): boolean {
  return cursor.kindAfter(after) === TOKEN.punctuation && cursor.textAfter(after) === '(';
}

/** A route distinguisher. */
export function readRd(cursor: Cursor): bigint {
  if (cursor.kind !== TOKEN.rd) cursor.unexpected('a route distinguisher');
  const value = parseRd(cursor.textAfter(0));
  if (typeof value === 'string') cursor.fail(value);
  cursor.at++;
  return value;
}

/** An Ethernet address, as a number. */
export function readMac(cursor: Cursor): number {
  if (cursor.kind !== TOKEN.mac) cursor.unexpected('an Ethernet address');
  const value = Number.parseInt(cursor.textAfter(0).replaceAll(':', ''), 16);
  cursor.at++;
  return value;
}

/** A byte string, as its hexadecimal digits. */
export function readBytes(cursor: Cursor): string {
  if (cursor.kind !== TOKEN.bytes) cursor.unexpected('a byte string');
  const text = cursor.textAfter(0).replace(/^hex:/, '').replaceAll(':', '').toLowerCase();
  cursor.at++;
  return text;
}

/** Numbers that a network needs and that may be expressions: they are filled in where it is checked. */
type Hole = NonNullable<NetExpression['holes']>[number];

interface Draft {
  readonly net: Net;
  readonly holes: Hole[];
}

function finish(at: number, { net, holes }: Draft): Constant | NetExpression {
  if (holes.length === 0) return { kind: 'constant', at, type: 'prefix', value: net };
  return { kind: 'net', at, net, holes };
}

/** A number: filled in at once where it is a literal. */
function number(
  cursor: Cursor,
  terms: Terms,
  draft: Draft,
  field: Hole['field'],
  check?: Hole['check'],
): void {
  const value = parseAtom(cursor, terms);
  if (value.kind === 'constant' && value.type === 'int') {
    const problem = check?.(draft.net, value.value as number);
    if (problem !== undefined) throw new ConfError(value.at, problem);
    Object.assign(draft.net, { [field]: value.value });
  } else draft.holes.push({ field, value, ...(check && { check }) });
}

/** `/ length` after an address, and what may follow: `max N as N`, `from PREFIX`. */
export function parseNetAfterAddress(
  cursor: Cursor,
  at: number,
  ip: IpAddress,
  terms: Terms,
): Constant | NetExpression {
  const lengthAt = cursor.at + 1;
  if (ip.version === 6) {
    const sadr = sadrAhead(cursor);
    if (sadr) return parseSadr(cursor, at, ip);
  }
  const prefix = cursor.prefixOf(ip);
  if (!cursor.isWord('max')) return { kind: 'constant', at, type: 'prefix', value: prefix };
  cursor.at++;
  const kind: NetKind = ip.version === 4 ? 'roa4' : 'roa6';
  const draft: Draft = { net: { ...prefix, kind, maxLength: 0, asn: 0 }, holes: [] };
  const longest = ip.words.length * 32;
  number(cursor, terms, draft, 'maxLength', (net, value) =>
    value < net.length || value > longest ? `Invalid max prefix length ${value}` : undefined,
  );
  cursor.expectWord('as');
  number(cursor, terms, draft, 'asn');
  return finish(Math.min(at, lengthAt), draft);
}

function sadrAhead(cursor: Cursor): boolean {
  // `/ length from`
  return (
    cursor.kindAfter(2) === TOKEN.word && cursor.textAfter(2) === 'from' && cursor.kindAfter(3) === TOKEN.ip6
  );
}

function parseSadr(cursor: Cursor, at: number, ip: IpAddress): Constant {
  const prefix = cursor.prefixOf(ip);
  cursor.expectWord('from');
  const source = cursor.prefixOf(cursor.address());
  return { kind: 'constant', at, type: 'prefix', value: { ...prefix, kind: 'sadr', source } satisfies Net };
}

/** `RD PREFIX`, or a route distinguisher alone. */
export function parseRdOrVpn(cursor: Cursor): Constant {
  const { at } = cursor;
  const rd = readRd(cursor);
  if (!cursor.isAddress()) return { kind: 'constant', at, type: 'rd', value: rd };
  const prefix = cursor.prefixOf(cursor.address());
  const kind = prefix.ip.version === 4 ? 'vpn4' : 'vpn6';
  return { kind: 'constant', at, type: 'prefix', value: { ...prefix, kind, rd } satisfies Net };
}

/** A network that begins with a word. */
export function parseSpecialNet(cursor: Cursor, terms: Terms): Constant | NetExpression {
  const { at } = cursor;
  const word = cursor.textAfter(0);
  cursor.at++;
  switch (word) {
    case 'flow4':
      return { kind: 'constant', at, type: 'prefix', value: parseFlow(cursor, 4) };
    case 'flow6':
      return { kind: 'constant', at, type: 'prefix', value: parseFlow(cursor, 6) };
    case 'eth': {
      const mac = readMac(cursor);
      const vlan = cursor.acceptWord('vlan') ? cursor.number() : 0;
      return { kind: 'constant', at, type: 'prefix', value: { ...NO_PREFIX, kind: 'eth', mac, vlan } };
    }
    case 'evpn':
      return { kind: 'constant', at, type: 'prefix', value: parseEvpn(cursor) };
    case 'neighbor': {
      const ip = cursor.address();
      cursor.expect('%');
      const draft: Draft = { net: { ip, length: 0, kind: 'neighbor', interfaceIndex: 0 }, holes: [] };
      number(cursor, terms, draft, 'interfaceIndex');
      return finish(at, draft);
    }
    default: {
      const kind = word as 'mpls' | 'aspa';
      const field = kind === 'mpls' ? 'label' : 'asn';
      const draft: Draft = { net: { ...NO_PREFIX, kind, [field]: 0 }, holes: [] };
      number(cursor, terms, draft, field);
      return finish(at, draft);
    }
  }
}

function readEsi(cursor: Cursor): string {
  const { at } = cursor;
  const esi = readBytes(cursor);
  if (esi.length !== 20) throw new ConfError(at, `Invalid ESI length ${esi.length / 2}`);
  return esi;
}

function parseEvpn(cursor: Cursor): Net {
  const types: readonly EvpnType[] = ['ead', 'mac', 'imet', 'es'];
  const type = types.find((candidate) => cursor.isWord(candidate));
  if (type === undefined) cursor.unexpected('an EVPN route type', types);
  cursor.at++;
  const rd = readRd(cursor);
  const tag = type === 'es' ? 0 : cursor.number();
  const net = { ...NO_PREFIX, kind: 'evpn' as const, rd };
  switch (type) {
    case 'ead':
      return { ...net, evpn: { type, tag, esi: readEsi(cursor) } };
    case 'mac': {
      const mac = readMac(cursor);
      return {
        ...net,
        evpn: cursor.accept('*') ? { type, tag, mac } : { type, tag, mac, ip: cursor.address() },
      };
    }
    case 'imet':
      return { ...net, evpn: { type, tag, routerIp: cursor.address() } };
    case 'es': {
      const esi = readEsi(cursor);
      return { ...net, evpn: { type, tag, esi, routerIp: cursor.address() } };
    }
  }
}

function parseFlow(cursor: Cursor, version: 4 | 6): Net {
  cursor.expect('{');
  const parts: FlowPart[] = [];
  let before = 0;
  while (!cursor.accept('}')) {
    const part = parseFlowPart(cursor, version);
    cursor.expect(';');
    const known = parts.findIndex(({ type }) => type === part.type);
    // As in BIRD: a component that is continued at once grows, one that comes again later is passed over.
    if (known < 0) parts.push(part);
    else if (before === part.type && part.terms) {
      parts[known] = { type: part.type, terms: [...parts[known]!.terms!, ...part.terms] };
    }
    before = part.type;
  }
  parts.sort((a, b) => a.type - b.type);
  const flow = { version, parts };
  return { ...flowPrefix(flow, 1), kind: version === 4 ? 'flow4' : 'flow6', flow };
}

function parseFlowPart(cursor: Cursor, version: 4 | 6): FlowPart {
  const info = FLOW_TYPES.find(({ words }) =>
    words.split(' ').every((word, i) => cursor.kindAfter(i) === TOKEN.word && cursor.textAfter(i) === word),
  );
  if (!info)
    cursor.unexpected(
      'a flow component',
      FLOW_TYPES.map(({ words }) => words.split(' ')[0]!),
    );
  if (info.version !== undefined && info.version !== version) cursor.fail('Flow label not valid in flow4');
  cursor.at += info.words.split(' ').length;
  const { type } = info;
  switch (info.kind) {
    case 'prefix':
      return parseFlowPrefix(cursor, type, version);
    case 'number':
      return { type, terms: parseNumbers(cursor, info) };
    case 'flags':
      return { type, terms: parseTerms(cursor, (operator) => parseFlags(cursor, info, operator)) };
    case 'fragment':
      return { type, terms: parseTerms(cursor, (operator) => parseFragment(cursor, version, operator)) };
  }
}

function parseFlowPrefix(cursor: Cursor, type: number, version: 4 | 6): FlowPart {
  const { at } = cursor;
  const ip = cursor.address();
  if (ip.version !== version) throw new ConfError(at, `IPv${version} network expected`);
  const prefix: Prefix = cursor.prefixOf(ip);
  if (version === 4 || !cursor.acceptWord('offset')) return { type, prefix };
  const offset = cursor.number();
  if (offset > prefix.length)
    throw new ConfError(cursor.at - 1, 'Prefix offset is higher than prefix length');
  // The bits in front of the offset are not part of the pattern.
  const skipped = maskIp(ip, offset).words;
  const words = ip.words.map((word, i) => (word & ~skipped[i]!) >>> 0);
  return { type, prefix: { ip: { version, words }, length: prefix.length }, offset };
}

/** The bits of `&&` and `||`, or undefined where neither stands here. */
function acceptLogic(cursor: Cursor): number | undefined {
  if (cursor.accept('&&')) return FLOW_OPERATOR.and;
  return cursor.accept('||') ? 0 : undefined;
}

function readValue(cursor: Cursor, info: FlowTypeInfo): number {
  const value = cursor.number();
  const most = 2 ** info.bits! - 1;
  if (value > most) {
    throw new ConfError(cursor.at - 1, `${info.words} value ${value} out of range (0-${most})`);
  }
  return value;
}

function acceptComparison(cursor: Cursor): number | undefined {
  const word = cursor.kind === TOKEN.punctuation || cursor.kind === TOKEN.word ? cursor.textAfter(0) : '';
  const found = NUMBER_OPERATORS.indexOf(word);
  if (found < 0) return undefined;
  cursor.at++;
  return found;
}

/** `OP VALUE`, values and ranges with commas between, joined by `&&` and `||`. */
function parseNumbers(cursor: Cursor, info: FlowTypeInfo): FlowTerm[] {
  const terms: FlowTerm[] = [];
  for (let logic: number | undefined = 0; logic !== undefined;) {
    const comparison = acceptComparison(cursor);
    if (comparison !== undefined) {
      terms.push({ operator: logic | comparison, value: readValue(cursor, info) });
    } else {
      if (logic !== 0) cursor.unexpected('an operator');
      do terms.push(...parseItem(cursor, info));
      while (cursor.accept(','));
    }
    logic = acceptLogic(cursor);
  }
  return terms;
}

function parseItem(cursor: Cursor, info: FlowTypeInfo): FlowTerm[] {
  const { equal, and, lessThan, greaterThan } = FLOW_OPERATOR;
  const value = readValue(cursor, info);
  if (!cursor.accept('..')) return [{ operator: equal, value }];
  return [
    { operator: greaterThan | equal, value },
    { operator: and | lessThan | equal, value: readValue(cursor, info) },
  ];
}

/** Bitmask terms, joined by `&&`, `||` or `,`, which means `&&`. */
function parseTerms(cursor: Cursor, one: (operator: number) => FlowTerm[]): FlowTerm[] {
  const terms: FlowTerm[] = [];
  for (let logic: number | undefined = 0; logic !== undefined;) {
    terms.push(...one(logic));
    logic = acceptLogic(cursor) ?? (cursor.accept(',') ? FLOW_OPERATOR.and : undefined);
  }
  return terms;
}

/** Terms that match where the bits of `mask` have the value: those that are set, then those that are not. */
function maskTerms(operator: number, value: number, mask: number): FlowTerm[] {
  const terms: FlowTerm[] = [];
  const [set, clear] = [value & mask, ~value & mask];
  if (set !== 0) terms.push({ operator: operator ^ FLOW_OPERATOR.match, value: set });
  if (clear !== 0) {
    const joined = set === 0 ? operator : operator | FLOW_OPERATOR.and;
    terms.push({ operator: joined ^ FLOW_OPERATOR.not, value: clear });
  }
  return terms;
}

function parseFlags(cursor: Cursor, info: FlowTypeInfo, logic: number): FlowTerm[] {
  const negated = cursor.accept('!');
  const { at } = cursor;
  const value = cursor.number();
  cursor.expect('/');
  const mask = cursor.number();
  const hex = (number: number): string => `0x${number.toString(16)}`;
  const most = 2 ** info.bits! - 1;
  if (negated && value !== 0 && value !== mask) {
    throw new ConfError(at, 'For negation, value must be zero or bitmask');
  }
  if (mask > most) throw new ConfError(at, `Invalid mask ${hex(mask)}, must not exceed ${hex(most)}`);
  if ((value & ~mask) !== 0) throw new ConfError(at, `Value ${hex(value)} outside bitmask ${hex(mask)}`);
  return maskTerms(logic | (negated ? FLOW_OPERATOR.not : 0), value, mask);
}

function parseFragment(cursor: Cursor, version: 4 | 6, logic: number): FlowTerm[] {
  const negated = cursor.accept('!');
  const word = cursor.word() ?? '';
  const bit = FRAGMENT_BITS[word];
  if (bit === undefined) cursor.unexpected('a fragment flag', Object.keys(FRAGMENT_BITS));
  if (word === 'dont_fragment' && version === 6) cursor.fail('Flag dont_fragment not valid in flow6');
  cursor.at++;
  return maskTerms(logic, negated ? 0 : bit, bit);
}

/** A network of any kind that begins with an address, a route distinguisher or a word. */
export function parseNet(cursor: Cursor, terms: Terms): Expression {
  const { at } = cursor;
  if (cursor.isAddress()) return parseNetAfterAddress(cursor, at, cursor.address(), terms);
  if (cursor.kind === TOKEN.rd) {
    const literal = parseRdOrVpn(cursor);
    if (literal.type === 'rd') cursor.unexpected('a prefix after the route distinguisher');
    return literal;
  }
  if (startsSpecialNet(cursor)) return parseSpecialNet(cursor, terms);
  return cursor.unexpected('a network');
}

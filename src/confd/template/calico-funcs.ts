/** The functions that Calico's fork of confd adds, as of Calico 3.30. */
import type { Funcs } from './exec.ts';
import { readJson } from './go-json.ts';
import { basePath } from './go-path.ts';
import { NAMED_PAIRS } from './confd-funcs.ts';
import { byteLength, byteSlice } from './text.ts';
import { INT, STRING, STRINGS } from './types.ts';
import type { Value } from './values.ts';
import { GoError, GoFunc, GoMap, GoSlice } from './values.ts';
import type { GoStruct } from './values.ts';

/** The SHA-256 digest of a text. */
export type Sha256 = (text: string) => Uint8Array;

/** Longest name of a symbol of BIRD. */
const MAX_SYMBOL = 64;
/** Digits of the digest that stand for what is cut from a name. */
const DIGEST_DIGITS = 16;

const OPERATORS: Readonly<Record<string, string>> = { Equal: '=', NotEqual: '!=', In: '~', NotIn: '!~' };

/** An IPv4 address out of a name, for a router ID: none from 224.0.0.0 on, which BGP refuses. */
function hashToIpv4(sha256: Sha256, name: string): string {
  const [first, ...rest] = sha256(name).subarray(0, 4);
  return [first! > 223 ? first! - 32 : first!, ...rest].join('.');
}

function shortened(sha256: Sha256, name: string, longest: number): string {
  if (byteLength(name) <= longest) return name;
  const kept = longest - DIGEST_DIGITS - 1;
  if (kept <= 0) {
    throw new GoError(
      `max truncated string length must be greater than the minimum size of ${DIGEST_DIGITS + 1}`,
    );
  }
  const digest = Buffer.from(sha256(name)).toString('hex').toUpperCase();
  return `${byteSlice(name, 0, kept)}_${digest.slice(0, DIGEST_DIGITS)}`;
}

function functionName(sha256: Sha256, filter: string, direction: string, version: string): string {
  const way = direction.toLowerCase();
  if (way !== 'import' && way !== 'export') {
    throw new GoError(`provided direction '${direction}' does not map to either 'import' or 'export'`);
  }
  const end = `_${way}FilterV${version}`;
  return `'bgp_${shortened(sha256, filter, MAX_SYMBOL - 'bgp_'.length - byteLength(end))}${end}'`;
}

/** A member of an object of a resource; undefined where it is absent, null or nothing. */
function member(object: Value, name: string): Value {
  return object instanceof GoMap ? object.entries.get(name) : undefined;
}

function textMember(object: Value, name: string): string {
  const value = member(object, name);
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  throw new GoError(`error unmarshalling JSON: ${name} of a filter's rule is not a string`);
}

function numberMember(object: Value, name: string): number | undefined {
  const value = member(object, name);
  if (value === undefined || (typeof value === 'number' && Number.isInteger(value))) return value;
  throw new GoError(`error unmarshalling JSON: ${name} of a filter's rule is not a whole number`);
}

/** A set of the prefixes of a network, with the lengths that a rule allows. */
function prefixSet(cidr: string, lengths: Value): string {
  const length = /^[0-9a-fA-F.:]+\/(\d{1,3})$/.exec(cidr)?.[1];
  const most = cidr.includes(':') ? 128 : 32;
  if (length === undefined || Number(length) > most) {
    throw new GoError(`unexpected error when parsing cidr ${cidr}: invalid CIDR address: ${cidr}`);
  }
  const from = Math.max(Number(length), numberMember(lengths, 'min') ?? 0);
  const to = Math.min(most, numberMember(lengths, 'max') ?? most);
  return `[ ${cidr}{${from},${to}} ]`;
}

/** A rule as a statement of BIRD. */
function statement(rule: Value): string {
  const action = textMember(rule, 'action');
  if (action !== 'Accept' && action !== 'Reject') {
    throw new GoError(`unexpected action found in BGPFilter: ${action}`);
  }
  const verdict = `${action.toLowerCase()};`;
  const conditions: string[] = [];
  const cidr = textMember(rule, 'cidr');
  if (cidr !== '') {
    const operator = textMember(rule, 'matchOperator');
    if (operator === '') throw new GoError('operator not included in BGPFilter');
    const sign = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
    if (sign === undefined) throw new GoError(`unexpected operator found in BGPFilter: ${operator}`);
    const lengths = member(rule, 'prefixLength');
    conditions.push(`(net ${sign} ${lengths === undefined ? cidr : prefixSet(cidr, lengths)})`);
  }
  const source = textMember(rule, 'source');
  // Calico 3.30 writes an empty statement for a source that it does not know.
  if (source !== '' && source !== 'RemotePeers') return '';
  if (source !== '') conditions.push('((defined(source))&&(source ~ [ RTS_BGP ]))');
  const interfaceName = textMember(rule, 'interface');
  if (interfaceName !== '') conditions.push(`((defined(ifname))&&(ifname ~ "${interfaceName}"))`);
  return conditions.length === 0 ? verdict : `if (${conditions.join('&&')}) then { ${verdict} }`;
}

function rules(filter: Value, name: string): readonly Value[] {
  const value = member(member(filter, 'spec'), name);
  if (value === undefined) return [];
  if (value instanceof GoSlice) return value.items;
  throw new GoError(`error unmarshalling JSON: spec.${name} of a filter is not an array`);
}

function readFilter(text: string): Value {
  try {
    return readJson(text);
  } catch (error) {
    throw error instanceof GoError ? new GoError(`error unmarshalling JSON: ${error.message}`) : error;
  }
}

function filterFunctions(sha256: Sha256, pairs: GoSlice, version: bigint): string[] {
  if (version !== 4n && version !== 6n) throw new GoError('version must be either 4 or 6');
  const lines: string[] = [];
  for (const { fields } of pairs.items as readonly GoStruct[]) {
    const filter = readFilter(fields['Value'] as string);
    const name = basePath(fields['Key'] as string);
    const directions = (['import', 'export'] as const)
      .map((direction) => ({ direction, list: rules(filter, `${direction}V${version}`) }))
      .filter(({ list }) => list.length > 0);
    if (directions.length > 0) lines.push(`# v${version} BGPFilter ${name}`);
    for (const { direction, list } of directions) {
      lines.push(`function ${functionName(sha256, name, direction, String(version))}() {`);
      for (const rule of list) lines.push(`  ${statement(rule)}`);
      lines.push('}');
    }
  }
  return lines.length > 0 ? lines : [`# No v${version} BGPFilters configured`];
}

export function calicoFuncs(sha256: Sha256): Funcs {
  return {
    hashToIPv4: new GoFunc([STRING], STRING, (name: string) => hashToIpv4(sha256, name)),
    bgpFilterFunctionName: new GoFunc(
      [STRING, STRING, STRING],
      STRING,
      (filter: string, direction: string, version: string) =>
        functionName(sha256, filter, direction, version),
    ),
    bgpFilterBIRDFuncs: new GoFunc(
      [NAMED_PAIRS, INT],
      STRINGS,
      (pairs: GoSlice, version: bigint) => new GoSlice(STRINGS, filterFunctions(sha256, pairs, version)),
    ),
  };
}

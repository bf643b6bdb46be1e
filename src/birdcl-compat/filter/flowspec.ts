/** Flow specifications (RFC 8955, RFC 8956) as values of the filter language: their components and BIRD's text. */
import { formatPrefix } from './values.ts';
import type { Prefix } from './values.ts';

/** One component of a flow specification. */
export interface FlowPart {
  readonly type: number;
  /** Types 1 and 2. */
  readonly prefix?: Prefix;
  /** RFC 8956 section 3.1: bits that are passed over. */
  readonly offset?: number;
  /** All other types. */
  readonly terms?: readonly FlowTerm[];
}

/** An operator octet without its end bit and length, and the value after it. */
export interface FlowTerm {
  readonly operator: number;
  readonly value: number;
}

export interface FlowSpec {
  readonly version: 4 | 6;
  /** In the order of their types. */
  readonly parts: readonly FlowPart[];
}

/** RFC 8955 section 4.2.1: operator bits. */
export const FLOW_OPERATOR = {
  and: 0x40,
  lessThan: 0x04,
  greaterThan: 0x02,
  equal: 0x01,
  /** Of bitmask operators. */
  not: 0x02,
  match: 0x01,
} as const;

export type FlowValueKind = 'prefix' | 'number' | 'flags' | 'fragment';

export interface FlowTypeInfo {
  readonly type: number;
  /** BIRD's words. */
  readonly words: string;
  readonly kind: FlowValueKind;
  /** Bits that a value may have. */
  readonly bits?: number;
  /** Only of this IP version, where not of both. */
  readonly version?: 4 | 6;
}

/** RFC 8955 section 4.2.2, RFC 8956 section 3: component types. */
export const FLOW_TYPES: readonly FlowTypeInfo[] = [
  { type: 1, words: 'dst', kind: 'prefix' },
  { type: 2, words: 'src', kind: 'prefix' },
  { type: 3, words: 'proto', kind: 'number', bits: 8 },
  { type: 3, words: 'next header', kind: 'number', bits: 8 },
  { type: 4, words: 'port', kind: 'number', bits: 16 },
  { type: 5, words: 'dport', kind: 'number', bits: 16 },
  { type: 6, words: 'sport', kind: 'number', bits: 16 },
  { type: 7, words: 'icmp type', kind: 'number', bits: 8 },
  { type: 8, words: 'icmp code', kind: 'number', bits: 8 },
  { type: 9, words: 'tcp flags', kind: 'flags', bits: 12 },
  { type: 10, words: 'length', kind: 'number', bits: 16 },
  { type: 11, words: 'dscp', kind: 'number', bits: 6 },
  { type: 12, words: 'fragment', kind: 'fragment', bits: 4 },
  { type: 13, words: 'label', kind: 'number', bits: 20, version: 6 },
];

/** RFC 8955 section 4.2.2.12: bits of the fragment component, by BIRD's words. */
export const FRAGMENT_BITS: Readonly<Record<string, number>> = {
  dont_fragment: 1,
  is_fragment: 2,
  first_fragment: 4,
  last_fragment: 8,
};

/** Operators of numbers, by the comparison bits. */
export const NUMBER_OPERATORS: readonly string[] = ['false', '=', '>', '>=', '<', '<=', '!=', 'true'];
const EQUAL = NUMBER_OPERATORS.indexOf('=');
const AT_LEAST = NUMBER_OPERATORS.indexOf('>=');
const AT_MOST = NUMBER_OPERATORS.indexOf('<=');

/** The words of a type as they are written in specifications of an IP version. */
export function flowWords(type: number, version: 4 | 6): string {
  if (type === 3) return version === 4 ? 'proto' : 'next header';
  return FLOW_TYPES.find((info) => info.type === type)!.words;
}

/** Terms of numbers: ranges as `low..high`, alternatives with commas where both sides are values or ranges. */
function formatNumbers(terms: readonly FlowTerm[]): string {
  let text = '';
  let before = -1;
  for (let i = 0; i < terms.length; i++) {
    const { operator, value } = terms[i]!;
    const and = (operator & FLOW_OPERATOR.and) !== 0;
    const comparison = operator & 7;
    if (i > 0) {
      const startsItem = comparison === EQUAL || comparison === AT_LEAST;
      if (!and && startsItem && (before === EQUAL || before === AT_MOST)) text += ',';
      else text += and ? ' && ' : ' || ';
    }
    before = comparison;
    const next = terms[i + 1];
    const isRange =
      !and &&
      comparison === AT_LEAST &&
      next !== undefined &&
      (next.operator & FLOW_OPERATOR.and) !== 0 &&
      (next.operator & 7) === AT_MOST;
    if (isRange) {
      text += `${value}..${next.value}`;
      before = AT_MOST;
      i++;
    } else text += comparison === EQUAL ? String(value) : `${NUMBER_OPERATORS[comparison]!} ${value}`;
  }
  return text;
}

function formatBitmask(terms: readonly FlowTerm[], isFragment: boolean): string {
  return terms
    .map(({ operator, value }, i) => {
      const match = (operator & FLOW_OPERATOR.match) !== 0;
      const not = (operator & FLOW_OPERATOR.not) !== 0;
      let text = i === 0 ? '' : (operator & FLOW_OPERATOR.and) === 0 ? ' || ' : ' && ';
      if (match === not) text += '!';
      const name = Object.entries(FRAGMENT_BITS).find(([, bit]) => bit === value)?.[0];
      if (isFragment && name !== undefined) return text + (match ? '' : '!') + name;
      return `${text}0x${(match ? value : 0).toString(16)}/0x${value.toString(16)}`;
    })
    .join('');
}

function formatPart(part: FlowPart, version: 4 | 6): string {
  const words = flowWords(part.type, version);
  if (part.prefix) {
    const offset = part.offset ? ` offset ${part.offset}` : '';
    return `${words} ${formatPrefix(part.prefix)}${offset}; `;
  }
  const { kind } = FLOW_TYPES.find(({ type }) => type === part.type)!;
  const terms = part.terms!;
  const text = kind === 'number' ? formatNumbers(terms) : formatBitmask(terms, kind === 'fragment');
  return `${words} ${text}; `;
}

/** BIRD's text, `flow4 { dst 10.0.0.0/8; }`. */
export function formatFlow({ version, parts }: FlowSpec): string {
  return `flow${version} { ${parts.map((part) => formatPart(part, version)).join('')}}`;
}

/** The prefix of a destination (1) or source (2) component; the whole address space where it has none. */
export function flowPrefix({ version, parts }: FlowSpec, type: 1 | 2): Prefix {
  const part = parts.find((candidate) => candidate.type === type);
  return part?.prefix ?? { ip: { version, words: version === 4 ? [0] : [0, 0, 0, 0] }, length: 0 };
}

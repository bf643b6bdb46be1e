/** Which operators and methods apply to which types, and what they give. */
import type { BinaryOperator } from './ast.ts';
import type { ValueSet } from './sets.ts';
import type { Type } from './types.ts';

const ORDERED: readonly Type[] = ['int', 'bool', 'pair', 'quad', 'ec', 'lc', 'rd', 'ip', 'prefix', 'string'];

function isOrdered(type: Type): boolean {
  return ORDERED.includes(type) || type.startsWith('enum ');
}

/** Types of a list's elements, as `for` walks them. */
const ELEMENTS: Readonly<Partial<Record<Type, Type>>> = {
  bgppath: 'int',
  clist: 'pair',
  eclist: 'ec',
  lclist: 'lc',
};

export function elementType(list: Type): Type | undefined {
  return ELEMENTS[list];
}

/** Left and right types of `~` other than sets. */
const MATCHES: readonly (readonly [Type, Type])[] = [
  ['bgppath', 'bgpmask'],
  ['int', 'bgppath'],
  ['pair', 'clist'],
  ['quad', 'clist'],
  ['ip', 'clist'],
  ['ec', 'eclist'],
  ['lc', 'lclist'],
  ['string', 'string'],
  ['ip', 'prefix'],
  ['prefix', 'prefix'],
  ['prefix', 'prefix set'],
];

/** Element types of sets that a list can be matched with. */
const LIST_SETS: Readonly<Partial<Record<Type, readonly Type[]>>> = {
  clist: ['pair', 'quad', 'ip'],
  eclist: ['ec'],
  lclist: ['lc'],
  bgppath: ['int'],
};

function matchesSet(left: Type, set: ValueSet | undefined): boolean {
  const elements = LIST_SETS[left] ?? (left === 'quad' ? ['quad', 'ip'] : [left]);
  return set === undefined || set.element === 'void' || elements.includes(set.element);
}

/**
 * The type of `left operator right`, or undefined where BIRD would fail on it.
 * @param set the set on the right, where it is known
 */
export function operatorResult(
  operator: BinaryOperator,
  left: Type,
  right: Type,
  set: ValueSet | undefined,
): Type | undefined {
  switch (operator) {
    case '+':
    case '-':
    case '*':
    case '/':
      return left === 'int' && right === 'int' ? 'int' : undefined;
    case '&&':
    case '||':
      return left === 'bool' && right === 'bool' ? 'bool' : undefined;
    case '=':
    case '!=':
      // Values of different types are never the same; BIRD lets them be compared.
      return 'bool';
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const same =
        left === right || (left === 'quad' && right === 'ip') || (left === 'ip' && right === 'quad');
      return same && isOrdered(left) ? 'bool' : undefined;
    }
    case '~':
    case '!~':
      if (right === 'set') return matchesSet(left, set) ? 'bool' : undefined;
      return MATCHES.some(([a, b]) => a === left && b === right) ? 'bool' : undefined;
  }
}

export interface MethodShape {
  readonly target: Type;
  readonly args: readonly (readonly Type[])[];
  readonly result: Type;
}

function shape(target: Type, result: Type, ...args: (readonly Type[])[]): MethodShape {
  return { target, args, result };
}

const LISTS: readonly Type[] = ['clist', 'eclist', 'lclist'];

/** What can be put into, or taken out of, a list: elements, lists, sets. */
const ITEMS: Readonly<Partial<Record<Type, readonly Type[]>>> = {
  clist: ['pair', 'quad', 'ip', 'clist'],
  eclist: ['ec', 'eclist'],
  lclist: ['lc', 'lclist'],
};

/** Methods by name; one shape for each type that has the method. */
export const METHODS: ReadonlyMap<string, readonly MethodShape[]> = new Map<string, readonly MethodShape[]>([
  ['len', ['prefix', 'bgppath', ...LISTS].map((type) => shape(type as Type, 'int'))],
  ['ip', [shape('prefix', 'ip')]],
  ['type', [shape('prefix', 'enum net')]],
  ['is_v4', [shape('ip', 'bool')]],
  ['mask', [shape('ip', 'ip', ['int'])]],
  ['first', [shape('bgppath', 'int')]],
  ['last', [shape('bgppath', 'int')]],
  ['last_nonaggregated', [shape('bgppath', 'int')]],
  ['asn', [shape('pair', 'int'), shape('lc', 'int')]],
  ['data', [shape('pair', 'int')]],
  ['data1', [shape('lc', 'int')]],
  ['data2', [shape('lc', 'int')]],
  ['min', LISTS.map((type) => shape(type, elementType(type)!))],
  ['max', LISTS.map((type) => shape(type, elementType(type)!))],
  ['empty', ['bgppath' as Type, ...LISTS].map((type) => shape(type, type))],
  ['prepend', [shape('bgppath', 'bgppath', ['int'])]],
  ['add', LISTS.map((type) => shape(type, type, ITEMS[type]!))],
  [
    'delete',
    [
      ...LISTS.map((type) => shape(type, type, [...ITEMS[type]!, 'set'])),
      shape('bgppath', 'bgppath', ['int', 'set']),
    ],
  ],
  [
    'filter',
    [...LISTS.map((type) => shape(type, type, [type, 'set'])), shape('bgppath', 'bgppath', ['set'])],
  ],
]);

export function methodFor(name: string, target: Type): MethodShape | undefined {
  return METHODS.get(name)?.find((candidate) => candidate.target === target);
}

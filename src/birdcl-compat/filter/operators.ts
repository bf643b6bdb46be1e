/** Which operators apply to which types, and what they give. */
import type { BinaryOperator } from './ast.ts';
import type { ValueSet } from './sets.ts';
import { isEnum } from './types.ts';
import type { Type } from './types.ts';

const ORDERED: ReadonlySet<Type> = new Set<Type>([
  'int',
  'bool',
  'pair',
  'quad',
  'ec',
  'lc',
  'rd',
  'ip',
  'mac',
  'prefix',
  'string',
  'bgppath',
]);

function isOrdered(type: Type): boolean {
  return ORDERED.has(type) || isEnum(type);
}

/** Left and right types of `~` other than sets. */
const MATCHES: readonly (readonly [Type, Type])[] = [
  ['bgppath', 'bgpmask'],
  ['int', 'bgppath'],
  ['int', 'clist'],
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
  clist: ['int', 'pair', 'quad', 'ip'],
  eclist: ['ec'],
  lclist: ['lc'],
  bgppath: ['int'],
};

/** Whether values of a type can be looked up in sets of elements of another. */
export function setFits(left: Type, element: Type): boolean {
  const elements = LIST_SETS[left] ?? (left === 'quad' ? ['quad', 'ip'] : [left]);
  return element === 'void' || elements.includes(element);
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
    case '++':
      return left === right && (left === 'string' || left === 'bytestring') ? left : undefined;
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
      if (right === 'set') return set === undefined || setFits(left, set.element) ? 'bool' : undefined;
      return MATCHES.some(([a, b]) => a === left && b === right) ? 'bool' : undefined;
  }
}

/** Types of Go that values in templates have: as much of them as names, assignments and messages need. */

export type GoType =
  | { readonly kind: 'bool' | 'int' | 'float64' | 'string'; readonly name: string }
  /** Other whole numbers, with their width in bits. */
  | { readonly kind: 'integer'; readonly name: string; readonly bits: number; readonly signed: boolean }
  | { readonly kind: 'slice'; readonly elem: GoType; readonly name?: string }
  | { readonly kind: 'map'; readonly key: GoType; readonly elem: GoType }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly StructField[] }
  | { readonly kind: 'pointer'; readonly elem: GoType }
  | { readonly kind: 'func'; readonly name: string }
  /** `interface {}`. */
  | { readonly kind: 'interface' }
  /** `reflect.Value`: what takes any value as it is, nil included. */
  | { readonly kind: 'any value' };

export interface StructField {
  readonly name: string;
  readonly type: GoType;
}

export const BOOL: GoType = { kind: 'bool', name: 'bool' };
export const INT: GoType = { kind: 'int', name: 'int' };
export const FLOAT: GoType = { kind: 'float64', name: 'float64' };
export const STRING: GoType = { kind: 'string', name: 'string' };
export const INTERFACE: GoType = { kind: 'interface' };
export const ANY_VALUE: GoType = { kind: 'any value' };
export const UINT8: GoType = { kind: 'integer', name: 'uint8', bits: 8, signed: false };
export const UINT16: GoType = { kind: 'integer', name: 'uint16', bits: 16, signed: false };
export const INT64: GoType = { kind: 'integer', name: 'int64', bits: 64, signed: true };
export const STRINGS: GoType = { kind: 'slice', elem: STRING };
export const INTS: GoType = { kind: 'slice', elem: INT };
/** What JSON objects and arrays become. */
export const OBJECT: GoType = { kind: 'map', key: STRING, elem: INTERFACE };
export const ARRAY: GoType = { kind: 'slice', elem: INTERFACE };

/** A type as Go writes it. */
export function typeName(type: GoType): string {
  switch (type.kind) {
    case 'slice':
      return type.name ?? `[]${typeName(type.elem)}`;
    case 'map':
      return `map[${typeName(type.key)}]${typeName(type.elem)}`;
    case 'pointer':
      return `*${typeName(type.elem)}`;
    case 'interface':
      return 'interface {}';
    case 'any value':
      return 'reflect.Value';
    default:
      return type.name;
  }
}

/** Whether both are one type. */
export function sameType(a: GoType, b: GoType): boolean {
  return a === b || (a.kind === b.kind && typeName(a) === typeName(b));
}

/** Whether a value of the one type may be given where the other is wanted. */
export function assignable(from: GoType, to: GoType): boolean {
  if (to.kind === 'interface' || sameType(from, to)) return true;
  // Slices with a name, and without: the same underneath.
  const oneUnnamed = from.kind === 'slice' && to.kind === 'slice' && !(from.name && to.name);
  return oneUnnamed && sameType(from.elem, to.elem);
}

export function canBeNil(type: GoType): boolean {
  return ['interface', 'any value', 'map', 'slice', 'pointer', 'func'].includes(type.kind);
}

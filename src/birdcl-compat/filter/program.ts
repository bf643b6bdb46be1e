/** Filters and functions after their types were checked, before they are compiled for a store of attributes. */
import type { Expression, FunctionNode, Statement } from './ast.ts';
import type { AttributeInfo } from './attributes.ts';
import type { Behaviour } from './behaviour.ts';
import type { Type } from './types.ts';
import type { NetTable } from './validation.ts';
import type { Value } from './values.ts';

/** What the checker found out about names and types; the compiler reads it. */
export interface Bindings {
  readonly types: ReadonlyMap<Expression, Type>;
  /** Values of symbols that are constants, and of constant set elements. */
  readonly constants: ReadonlyMap<object, Value>;
  /** Functions that are called, by call node. */
  readonly functions: ReadonlyMap<object, FunctionProgram>;
  /** Slot of each variable use, by declaration, symbol or assignment node. */
  readonly variables: ReadonlyMap<object, number>;
  /** Attributes that are read or written, by expression or target node. */
  readonly attributes: ReadonlyMap<object, AttributeInfo>;
  /** Tables that are looked into, by node of the check. */
  readonly tables: ReadonlyMap<object, NetTable>;
  /** What fails whenever it is reached, and with which message. */
  readonly failures: ReadonlyMap<object, string>;
  /** Where releases of BIRD differ: as which one. */
  readonly behaviour: Behaviour;
}

/** Which inputs an answer can depend on. */
export interface Reads {
  readonly network: boolean;
  readonly source: boolean;
  /** Attributes are read or written: not a constant. */
  readonly attributes: boolean;
}

export interface FunctionProgram {
  readonly node: FunctionNode;
  /** `void` where no path returns a value. Set once the body was checked. */
  returns: Type;
  readonly bindings: Bindings;
  readonly reads: Reads;
}

export type FilterProgram =
  | { readonly kind: 'accept' | 'reject'; readonly name: 'ACCEPT' | 'REJECT' }
  | {
      readonly kind: 'filter';
      /** As `show protocols all` prints it. */
      readonly name: string;
      readonly body: readonly Statement[];
      /** What falling off the end means: an error in a filter, nothing for attributes of a static route. */
      readonly end: 'error' | 'accept';
      readonly bindings: Bindings;
      readonly reads: Reads;
    };

export const ACCEPT_ALL: FilterProgram = { kind: 'accept', name: 'ACCEPT' };
export const REJECT_ALL: FilterProgram = { kind: 'reject', name: 'REJECT' };

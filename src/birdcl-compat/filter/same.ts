/** Whether two filters mean the same: then a reload need not look at any route again. */
import type { Expression } from './ast.ts';
import type { Bindings, FilterProgram, FunctionProgram } from './program.ts';
import { AsPath, PathMask } from './as-path.ts';
import type { AttributeInfo } from './attributes.ts';
import { PrefixSet } from './prefix-set.ts';
import { ValueSet } from './sets.ts';
import type { NetTable } from './validation.ts';
import type { Value } from './values.ts';

/** A node of a syntax tree, seen as fields. */
type Fields = Readonly<Record<string, unknown>>;

/** Fields that say where something stands, or how it was called, but not what it means. */
const PLACES = new Set(['at', 'nameAt']);

/** Compares two programs and the functions that they call; functions compared once are remembered. */
export class FilterComparer {
  readonly #functions = new Map<FunctionProgram, Map<FunctionProgram, boolean>>();

  /** Whether every route gets the same verdict and attributes from both. Names do not matter. */
  same(a: FilterProgram, b: FilterProgram): boolean {
    if (a === b) return true;
    if (a.kind !== 'filter' || b.kind !== 'filter') return a.kind === b.kind;
    return a.end === b.end && this.#list(a.body, b.body, a.bindings, b.bindings);
  }

  /** Whether two functions do the same; names do not matter. */
  sameFunction(a: FunctionProgram, b: FunctionProgram): boolean {
    if (a === b) return true;
    const known = this.#functions.get(a)?.get(b);
    if (known !== undefined) return known;
    const results = this.#functions.get(a) ?? new Map<FunctionProgram, boolean>();
    this.#functions.set(a, results);
    // A recursive call is the same as long as the rest is.
    results.set(b, true);
    const same =
      a.returns === b.returns &&
      this.#list(a.node.parameters, b.node.parameters, a.bindings, b.bindings) &&
      this.#list(a.node.body, b.node.body, a.bindings, b.bindings);
    results.set(b, same);
    return same;
  }

  #list(a: readonly unknown[], b: readonly unknown[], x: Bindings, y: Bindings): boolean {
    return a.length === b.length && a.every((item, i) => this.#value(item, b[i], x, y));
  }

  #value(a: unknown, b: unknown, x: Bindings, y: Bindings): boolean {
    if (Array.isArray(a)) return Array.isArray(b) && this.#list(a, b, x, y);
    if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
      if (Array.isArray(b)) return false;
      return this.#node(a as Fields, b as Fields, x, y);
    }
    return a === b;
  }

  /** Syntax nodes, and the plain objects in them. */
  #node(a: Fields, b: Fields, x: Bindings, y: Bindings): boolean {
    const [known, other] = [constantOf(a, x), constantOf(b, y)];
    if (known !== undefined || other !== undefined) {
      // Constants are what they stand for, whatever they are called or however they are written.
      const sameType = typeOf(a, x) === typeOf(b, y);
      if (!sameType || !sameConstant(known, other)) return false;
      if (a['kind'] !== undefined || b['kind'] !== undefined) return true;
      // A branch of `case`: its set is constant, its statements are not.
      return this.#value(a['body'], b['body'], x, y);
    }
    const [slot, otherSlot] = [x.variables.get(a), y.variables.get(b)];
    if (slot !== otherSlot) return false;
    if (!sameAttribute(x.attributes.get(a), y.attributes.get(b))) return false;
    if (!sameTable(x.tables.get(a), y.tables.get(b))) return false;
    const [called, otherCalled] = [x.functions.get(a), y.functions.get(b)];
    if (called || otherCalled) {
      if (!called || !otherCalled || !this.sameFunction(called, otherCalled)) return false;
      return this.#value(a['args'], b['args'], x, y);
    }
    const skip = (key: string): boolean => PLACES.has(key) || (key === 'name' && slot !== undefined);
    const keys = Object.keys(a).filter((key) => !skip(key));
    if (keys.length !== Object.keys(b).filter((key) => !skip(key)).length) return false;
    return keys.every((key) => this.#value(a[key], b[key], x, y));
  }
}

/** Attributes are what they are called and of which type: their codes are those of the store. */
function sameAttribute(a: AttributeInfo | undefined, b: AttributeInfo | undefined): boolean {
  return a?.name === b?.name && a?.type === b?.type && a?.code === b?.code && a?.custom === b?.custom;
}

/** Tables that filters look into are compared by what is in them. */
function sameTable(a: NetTable | undefined, b: NetTable | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.same(b);
}

/** Whether two functions do the same, as `bt_test_same` asks. */
export function sameFunction(a: FunctionProgram, b: FunctionProgram): boolean {
  return new FilterComparer().sameFunction(a, b);
}

/** What a node stands for where that is a constant: a literal, a name, or a set whose members are. */
function constantOf(node: Fields, bindings: Bindings): Value | undefined {
  return bindings.constants.get(node) ?? (node['kind'] === 'constant' ? (node['value'] as Value) : undefined);
}

function typeOf(node: Fields, bindings: Bindings): unknown {
  return bindings.types.get(node as unknown as Expression) ?? node['type'];
}

/** A text that programs which mean the same have in common, so that few have to be compared. */
export function fingerprint(program: FilterProgram): string {
  const out: string[] = [program.kind];
  if (program.kind === 'filter') digest(program.body, program.bindings, out);
  return out.join(' ');
}

function digest(value: unknown, bindings: Bindings, out: string[]): void {
  if (Array.isArray(value)) {
    out.push('[');
    for (const item of value) digest(item, bindings, out);
    out.push(']');
    return;
  }
  if (typeof value !== 'object' || value === null) {
    out.push(String(value));
    return;
  }
  const node = value as Fields;
  const known = constantOf(node, bindings);
  if (known !== undefined) {
    // Sets and the like may be written in many ways.
    out.push(typeof known === 'object' ? '{}' : String(known));
    if (node['kind'] === undefined) digest(node['body'], bindings, out);
    return;
  }
  if (bindings.functions.has(node)) {
    out.push('call');
    digest(node['args'], bindings, out);
    return;
  }
  const slot = bindings.variables.get(node);
  for (const key in node) {
    if (!PLACES.has(key) && !(key === 'name' && slot !== undefined)) digest(node[key], bindings, out);
  }
}

function sameConstant(a: Value | undefined, b: Value | undefined): boolean {
  if (a instanceof ValueSet) return b instanceof ValueSet && a.sameMembers(b);
  if (a instanceof PrefixSet) return b instanceof PrefixSet && a.same(b);
  if (a instanceof AsPath) return b instanceof AsPath && a.same(b);
  if (a instanceof PathMask) return b instanceof PathMask && a.same(b);
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  return JSON.stringify(a, bigintText) === JSON.stringify(b, bigintText);
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

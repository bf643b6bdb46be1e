/**
 * JavaScript source of checked filters. Each program becomes one function whose parameter `r` is the `FilterRun`,
 * `o` the operators of `run.ts`, and `k` the program's constants and the functions that it calls.
 */
import type { Expression, PathMaskItem, Statement } from './ast.ts';
import type { Bindings, FunctionProgram } from './program.ts';
import { ATTRIBUTES } from './types.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';

export interface Generated {
  readonly source: string;
  /** Constants and functions, by index. */
  readonly constants: readonly (Value | FunctionProgram)[];
}

const ARITHMETIC: Readonly<Record<string, string>> = { '+': '+', '-': '-' };
const ORDER: Readonly<Record<string, string>> = { '<': '< 0', '<=': '<= 0', '>': '> 0', '>=': '>= 0' };
/** Types that JavaScript's own operators compare. */
const PLAIN = new Set<string>(['int', 'bool', 'pair', 'quad', 'string', 'ec', 'rd', 'opaque']);

function isPlain(type: Type): boolean {
  return PLAIN.has(type) || type.startsWith('enum ');
}

/** Property or function for each method; `t` stands for the target, `a` for the argument, `T` and `A` for types. */
const METHOD_SOURCE: Readonly<Record<string, string>> = {
  'len prefix': 't.length',
  'len bgppath': 't.length',
  'len clist': 't.length',
  'len eclist': 't.length',
  'len lclist': 't.length',
  'ip prefix': 't.ip',
  'type prefix': 'o.netType(t)',
  'is_v4 ip': '(t.version === 4)',
  'mask ip': 'o.maskIp(t, a)',
  'first bgppath': 't.first',
  'last bgppath': 't.last',
  'last_nonaggregated bgppath': 't.lastNonAggregated',
  'asn pair': '(t >>> 16)',
  'data pair': '(t & 65535)',
  'asn lc': 't[0]',
  'data1 lc': 't[1]',
  'data2 lc': 't[2]',
  'min clist': 'o.listExtreme(T, t, -1)',
  'min eclist': 'o.listExtreme(T, t, -1)',
  'min lclist': 'o.listExtreme(T, t, -1)',
  'max clist': 'o.listExtreme(T, t, 1)',
  'max eclist': 'o.listExtreme(T, t, 1)',
  'max lclist': 'o.listExtreme(T, t, 1)',
  'prepend bgppath': 't.prepend(a)',
  'delete bgppath': 'o.pathFilter(t, A, a, false)',
  'filter bgppath': 'o.pathFilter(t, A, a, true)',
};

function methodSource(name: string, type: Type): string {
  const source = METHOD_SOURCE[`${name} ${type}`];
  if (source !== undefined) return source;
  switch (name) {
    case 'empty':
      return type === 'bgppath' ? 'o.EMPTY_PATH' : 'o.EMPTY_LIST';
    case 'add':
      return 'o.listAdd(t, A, a)';
    default:
      return `o.listFilter(T, t, A, a, ${String(name === 'filter')})`;
  }
}

export class Generator {
  readonly #bindings: Bindings;
  readonly #constants: (Value | FunctionProgram)[] = [];
  #temporaries = 0;
  /** In a function, `return` gives a value; in a filter, a verdict. */
  readonly #isFunction: boolean;

  constructor(bindings: Bindings, isFunction: boolean) {
    this.#bindings = bindings;
    this.#isFunction = isFunction;
  }

  /** The body of a JavaScript function for statements. */
  generate(body: readonly Statement[]): Generated {
    const code = this.#statements(body);
    const slots = Math.max(-1, ...this.#slots()) + 1;
    const names = [
      ...Array.from({ length: slots }, (_, i) => `v${i}`),
      ...Array.from({ length: this.#temporaries }, (_, i) => `t${i}`),
    ];
    const declarations = names.length > 0 ? `let ${names.join(', ')};\n` : '';
    return { source: declarations + code, constants: this.#constants };
  }

  /** The body of a JavaScript function that returns an expression's value. */
  generateExpression(node: Expression): Generated {
    const source = `return ${this.#expression(node)};`;
    const names = Array.from({ length: this.#temporaries }, (_, i) => `t${i}`);
    return {
      source: (names.length > 0 ? `let ${names.join(', ')};\n` : '') + source,
      constants: this.#constants,
    };
  }

  *#slots(): Generator_<number> {
    yield* this.#bindings.variables.values();
  }

  #constant(value: Value | FunctionProgram): string {
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (typeof value === 'string') return JSON.stringify(value);
    if (typeof value === 'bigint') return `${value}n`;
    let index = this.#constants.indexOf(value);
    if (index < 0) index = this.#constants.push(value) - 1;
    return `k[${index}]`;
  }

  #temporary(): string {
    return `t${this.#temporaries++}`;
  }

  #type(node: Expression): Type {
    return this.#bindings.types.get(node)!;
  }

  #statements(body: readonly Statement[]): string {
    return body.map((statement) => this.#statement(statement)).join('\n');
  }

  #verdict(word: 'accept' | 'reject'): string {
    const number = word === 'accept' ? 1 : 2;
    return this.#isFunction ? `{ r.verdict = ${number}; return; }` : `return ${number};`;
  }

  #statement(node: Statement): string {
    switch (node.kind) {
      case 'empty':
        return '';
      case 'block':
        return `{ ${this.#statements(node.body)} }`;
      case 'variable': {
        const value = node.initial ? this.#needed(node.initial) : 'undefined';
        return `v${this.#bindings.variables.get(node)!} = ${value};`;
      }
      case 'if': {
        const otherwise = node.otherwise ? ` else { ${this.#statement(node.otherwise)} }` : '';
        return `if (${this.#needed(node.condition)}) { ${this.#statement(node.then)} }${otherwise}`;
      }
      case 'case':
        return this.#case(node);
      case 'for':
        return this.#for(node);
      case 'assign':
        return `v${this.#bindings.variables.get(node)!} = ${this.#needed(node.value)};`;
      case 'assignAttribute': {
        const { code, type } = ATTRIBUTES.get(node.name)!;
        return `r.set(${code!}, ${this.#as(node.value, type)});`;
      }
      case 'unset':
        return `r.set(${ATTRIBUTES.get(node.name)!.code!}, undefined);`;
      case 'edit': {
        const { code, type } = ATTRIBUTES.get(node.attribute)!;
        const source = methodSource(node.method, type);
        const target = `r.get(${code!}, ${node.at})`;
        return `r.set(${code!}, ${this.#fill(source, target, type, node.argument)});`;
      }
      case 'return':
        if (this.#isFunction) return `return ${this.#expression(node.value)};`;
        return `return (${this.#needed(node.value)}) ? 1 : 2;`;
      case 'verdict': {
        const print = node.print.length > 0 ? this.#print(node.print, true) : '';
        if (node.verdict === 'error') return `${print} throw new o.FilterError(${node.at}, 'error');`;
        return print + this.#verdict(node.verdict);
      }
      case 'print':
        return this.#print(node.values, node.newline);
      case 'call': {
        const call = this.#call(node.call);
        return `${call}; if (r.verdict !== 0) return${this.#isFunction ? '' : ' r.verdict'};`;
      }
    }
  }

  #print(values: readonly Expression[], flush: boolean): string {
    const parts = values.map((value) => {
      const type = this.#type(value);
      return `r.print(o.formatValue(${JSON.stringify(type)}, ${this.#expression(value)}));`;
    });
    return parts.join(' ') + (flush ? ' r.flush();' : '');
  }

  #case(node: Extract<Statement, { kind: 'case' }>): string {
    const subject = this.#temporary();
    const type = JSON.stringify(this.#type(node.subject));
    // `else:` is last whatever its place.
    const ordered = [
      ...node.branches.filter(({ items }) => items),
      ...node.branches.filter(({ items }) => !items),
    ];
    let code = `${subject} = ${this.#expression(node.subject)};\n`;
    ordered.forEach((branch, i) => {
      const body = `{ ${this.#statements(branch.body)} }`;
      if (i > 0) code += ' else ';
      if (!branch.items) code += body;
      else {
        const set = this.#constant(this.#bindings.constants.get(branch)!);
        code += `if (${subject} !== undefined && o.inSet(${type}, ${subject}, ${set})) ${body}`;
      }
    });
    return code;
  }

  #for(node: Extract<Statement, { kind: 'for' }>): string {
    const list = this.#needed(node.list);
    const items = this.#type(node.list) === 'bgppath' ? `(${list}).asNumbers()` : list;
    const item = this.#temporary();
    const variable = `v${this.#bindings.variables.get(node)!}`;
    return `for (${item} of ${items}) { ${variable} = ${item}; ${this.#statement(node.body)} } ${variable} = undefined;`;
  }

  /** An expression that must not be void. */
  #needed(node: Expression): string {
    const code = this.#expression(node);
    return this.#mayBeVoid(node) ? `r.need(${code}, ${node.at})` : code;
  }

  /** A value for an attribute; a quad may be given as an address. */
  #as(node: Expression, type: Type): string {
    const code = this.#needed(node);
    return type === 'quad' && this.#type(node) === 'ip' ? `o.quadOf(${code})` : code;
  }

  #mayBeVoid(node: Expression): boolean {
    switch (node.kind) {
      case 'attribute':
        return ATTRIBUTES.get(node.name)!.home === 'bgp' || ATTRIBUTES.get(node.name)!.home === 'local';
      case 'symbol':
        return this.#bindings.variables.has(node);
      case 'call':
        return true;
      default:
        return false;
    }
  }

  #expression(node: Expression): string {
    const known = this.#bindings.constants.get(node);
    if (known !== undefined) return this.#constant(known);
    switch (node.kind) {
      case 'constant':
        return this.#constant(node.value);
      case 'symbol':
        return `v${this.#bindings.variables.get(node)!}`;
      case 'set':
      case 'prefixSet':
        return this.#constant(this.#bindings.constants.get(node)!);
      case 'pathMask':
        return `o.maskOf([${node.items.map((item) => this.#maskItem(item)).join(', ')}])`;
      case 'tuple':
        return this.#tuple(node);
      case 'attribute':
        return this.#attribute(node);
      case 'not':
        return `!(${this.#needed(node.operand)})`;
      case 'defined':
        return `o.isDefined(${this.#expression(node.operand)})`;
      case 'binary':
        return this.#binary(node);
      case 'method':
        return this.#method(node);
      case 'builtin': {
        const target = node.args[0]!;
        const type = this.#type(target);
        if (node.name === 'format')
          return `o.formatValue(${JSON.stringify(type)}, ${this.#expression(target)})`;
        return this.#fill(methodSource(node.name, type), this.#needed(target), type, node.args[1]);
      }
      case 'call':
        return `r.called(${this.#call(node)})`;
    }
  }

  #attribute(node: Extract<Expression, { kind: 'attribute' }>): string {
    const info = ATTRIBUTES.get(node.name)!;
    if (info.code !== undefined) return `r.get(${info.code}, ${node.at})`;
    return `r.${node.name}(${node.at})`;
  }

  #tuple(node: Extract<Expression, { kind: 'tuple' }>): string {
    const parts = node.parts.map((part) => this.#needed(part));
    if (node.ec) {
      const kind = node.ec.name === 'unknown' ? String(node.ec.code!) : JSON.stringify(node.ec.name);
      const keyType = JSON.stringify(this.#type(node.parts[0]!));
      return `o.ecValue(${kind}, ${keyType}, ${parts[0]!}, ${parts[1]!}, ${node.at})`;
    }
    if (parts.length === 2) return `o.pairValue(${parts.join(', ')}, ${node.at})`;
    return `[${parts.join(', ')}]`;
  }

  #maskItem(item: PathMaskItem): string {
    switch (item.kind) {
      case 'any':
      case 'one':
        return `{ kind: '${item.kind}' }`;
      case 'repeat':
        return "'repeat'";
      case 'range':
        return `{ kind: 'range', from: ${item.from}, to: ${item.to} }`;
      case 'set':
        return this.#constant(this.#bindings.constants.get(item)!);
      case 'expression': {
        const code = this.#needed(item.expression);
        return this.#type(item.expression) === 'set' ? code : `{ number: ${code} }`;
      }
    }
  }

  #method(node: Extract<Expression, { kind: 'method' }>): string {
    const { target, name } = node;
    if (target.kind === 'attribute' && target.name === 'net' && name === 'len')
      return `r.netLength(${node.at})`;
    const type = this.#type(target);
    return this.#fill(methodSource(name, type), this.#needed(target), type, node.args[0]);
  }

  /** A method's source with its operands put in. */
  #fill(source: string, target: string, type: Type, argument: Expression | undefined): string {
    const operands: Record<string, string> = { t: target, T: JSON.stringify(type) };
    if (argument) {
      operands['a'] = this.#needed(argument);
      operands['A'] = JSON.stringify(this.#type(argument));
    }
    return source.replace(/\b[taTA]\b/g, (letter) => operands[letter] ?? letter);
  }

  #call(node: Extract<Expression, { kind: 'call' }>): string {
    const program = this.#bindings.functions.get(node)!;
    const args = node.args.map((arg) => this.#expression(arg));
    return `${this.#constant(program)}(${['r', ...args].join(', ')})`;
  }

  #binary(node: Extract<Expression, { kind: 'binary' }>): string {
    const { operator, left, right } = node;
    switch (operator) {
      case '&&':
      case '||':
        return `(${this.#needed(left)} ${operator} ${this.#needed(right)})`;
      case '+':
      case '-':
        return `((${this.#needed(left)} ${ARITHMETIC[operator]!} ${this.#needed(right)}) >>> 0)`;
      case '*':
        return `(Math.imul(${this.#needed(left)}, ${this.#needed(right)}) >>> 0)`;
      case '/':
        return `o.divide(${this.#needed(left)}, ${this.#needed(right)}, ${node.at})`;
      case '=':
        return this.#same(left, right);
      case '!=':
        return `!(${this.#same(left, right)})`;
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#ordered(operator, left, right);
      case '~':
        return this.#match(node);
      case '!~':
        return `!(${this.#match(node)})`;
    }
  }

  /** Both sides as one type: an address that meets a quad becomes one. */
  #aligned(left: Expression, right: Expression): [string, string, Type] | undefined {
    const [a, b] = [this.#type(left), this.#type(right)];
    const [x, y] = [this.#expression(left), this.#expression(right)];
    if (a === b) return [x, y, a];
    if (a === 'quad' && b === 'ip') return [x, `o.quadOf(${y})`, a];
    if (a === 'ip' && b === 'quad') return [`o.quadOf(${x})`, y, b];
    return undefined;
  }

  #same(left: Expression, right: Expression): string {
    const aligned = this.#aligned(left, right);
    // Values of different types differ, but both are evaluated.
    if (!aligned) return `(${this.#expression(left)}, ${this.#expression(right)}, false)`;
    const [x, y, type] = aligned;
    return isPlain(type) ? `(${x} === ${y})` : `o.same(${JSON.stringify(type)}, ${x}, ${y})`;
  }

  #ordered(operator: '<' | '<=' | '>' | '>=', left: Expression, right: Expression): string {
    const [x, y, type] = this.#aligned(left, right)!;
    const plain = isPlain(type) && !this.#mayBeVoid(left) && !this.#mayBeVoid(right);
    return plain
      ? `(${x} ${operator} ${y})`
      : `(o.compare(${JSON.stringify(type)}, ${x}, ${y}) ${ORDER[operator]!})`;
  }

  #match(node: Extract<Expression, { kind: 'binary' }>): string {
    const { left, right } = node;
    const [a, b] = [this.#type(left), this.#type(right)];
    if (b === 'prefix set') {
      const set = this.#needed(right);
      if (left.kind === 'attribute' && left.name === 'net') return `r.netIn(${set}, ${node.at})`;
      return `${set}.has(${this.#needed(left)})`;
    }
    const [x, y] = [this.#needed(left), this.#needed(right)];
    if (b === 'set') {
      const scalar =
        (a === 'int' || a === 'pair' || a.startsWith('enum ')) && this.#bindings.constants.has(right);
      return scalar ? `${y}.hasNumber(${x})` : `o.inSet(${JSON.stringify(a)}, ${x}, ${y})`;
    }
    if (b === 'bgpmask') return `${y}.match(${x})`;
    if (b === 'bgppath') return `${y}.contains(${x})`;
    if (b === 'string') return `o.matchesText(${x}, ${y})`;
    if (b === 'prefix') return a === 'ip' ? `o.prefixContains(${y}, ${x})` : `o.netWithin(${x}, ${y})`;
    return `o.inList(${JSON.stringify(a)}, ${x}, ${y})`;
  }
}

type Generator_<T> = globalThis.Generator<T, void>;

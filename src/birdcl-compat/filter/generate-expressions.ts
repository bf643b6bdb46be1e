/**
 * JavaScript source of checked expressions. Each program becomes one function whose parameter `r` is the `FilterRun`,
 * `o` the operators of `operators-table.ts`, and `k` the program's constants and the functions that it calls.
 */
import { ConfError } from '../conf/diagnostics.ts';
import type { Expression, PathMaskItem, TableName } from './ast.ts';
import type { AttributeInfo } from './attributes.ts';
import type { Behaviour } from './behaviour.ts';
import { callsFunction, isConstantMask, readsAttributesOnly } from './effects.ts';
import { methodFor } from './methods.ts';
import type { Bindings, FunctionProgram } from './program.ts';
import { ValueSet } from './sets.ts';
import { isEnum } from './types.ts';
import type { Type } from './types.ts';
import type { NetTable } from './validation.ts';
import type { Value } from './values.ts';

/** What the code refers to by number. */
export type Reference = Value | FunctionProgram | NetTable | Behaviour | ((...args: never[]) => unknown);

export interface Generated {
  /** Statements that are run once, when the code is made. */
  readonly preparation: string;
  readonly source: string;
  /** Constants and functions, by index. */
  readonly constants: readonly Reference[];
  /** Codes of attributes that the compiler has to fill in, by index: `c[0]`, … */
  readonly attributes: readonly AttributeInfo[];
}

const ORDER: Readonly<Record<string, string>> = { '<': '< 0', '<=': '<= 0', '>': '> 0', '>=': '>= 0' };
/** Types that JavaScript's own operators compare. */
const PLAIN = new Set<Type>([
  'int',
  'bool',
  'pair',
  'quad',
  'string',
  'bytestring',
  'mac',
  'ec',
  'rd',
  'opaque',
]);

function isPlain(type: Type): boolean {
  return PLAIN.has(type) || isEnum(type);
}

/** Types of single values that sets keep as plain numbers. */
function isNumber(type: Type): boolean {
  return type === 'int' || type === 'pair' || type === 'mac' || isEnum(type);
}

/** How static attributes are read; `p` stands for the place in the text. */
const STATIC_READ: Readonly<Record<string, string>> = {
  net: 'r.net(p)',
  from: 'r.from(p)',
  proto: 'r.proto(p)',
  source: 'r.source(p)',
  // SCOPE_UNIVERSE
  scope: '(r.get(c, p) ?? 4)',
  dest: 'r.destination(p)',
  gw: 'r.gateway(p)',
  ifname: "(r.get(c, p) ?? '')",
  ifindex: '0',
  weight: '(r.get(c, p) ?? 1)',
  gw_mpls: 'r.label(p)',
  onlink: '(r.get(c, p) ?? false)',
};

export class ExpressionGenerator {
  protected readonly bindings: Bindings;
  readonly #constants: Reference[] = [];
  readonly #attributes: AttributeInfo[] = [];
  #temporaries = 0;
  /** Values made once, by index: `q0`, … */
  readonly #prepared: string[] = [];
  /** Conditions that are remembered: stamps in `s`, answers in `a`. */
  #remembered = 0;
  /** Only constants may be read: there is no place for variables. */
  readonly #constantOnly: boolean;

  constructor(bindings: Bindings, constantOnly = false) {
    this.bindings = bindings;
    this.#constantOnly = constantOnly;
  }

  /** The body of a JavaScript function that returns an expression's value. */
  generateExpression(node: Expression): Generated {
    const code = this.expression(node);
    return this.finish(`return ${code};`, 0);
  }

  /** Puts declarations in front of code that uses `slots` variables. */
  protected finish(code: string, slots: number): Generated {
    const names = [
      ...Array.from({ length: slots }, (_, i) => `v${i}`),
      ...Array.from({ length: this.#temporaries }, (_, i) => `t${i}`),
    ];
    if (this.#remembered > 0) names.push('x');
    const declarations = names.length > 0 ? `let ${names.join(', ')};\n` : '';
    const preparation = this.#prepared.map((each, i) => `const q${i} = ${each};\n`);
    if (this.#remembered > 0) {
      preparation.push(
        `const s = new Float64Array(${this.#remembered}).fill(-1), a = new Uint8Array(${this.#remembered});\n`,
      );
    }
    return {
      preparation: preparation.join(''),
      source: declarations + code,
      constants: this.#constants,
      attributes: this.#attributes,
    };
  }

  protected constant(value: Reference): string {
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (typeof value === 'string') return JSON.stringify(value);
    if (typeof value === 'bigint') return `${value}n`;
    let index = this.#constants.indexOf(value);
    if (index < 0) index = this.#constants.push(value) - 1;
    return `k[${index}]`;
  }

  /** A value that is made when the code is, from constants alone. */
  #once(code: string): string {
    const known = this.#prepared.indexOf(code);
    return `q${known < 0 ? this.#prepared.push(code) - 1 : known}`;
  }

  /**
   * A condition. What depends on the attribute set alone is remembered for the set: routes come in groups that share one,
   * and the network is what differs between them.
   */
  protected condition(node: Expression): string {
    if (node.kind === 'binary' && (node.operator === '&&' || node.operator === '||')) {
      return `(${this.condition(node.left)} ${node.operator} ${this.condition(node.right)})`;
    }
    if (node.kind === 'not') return `!(${this.condition(node.operand)})`;
    const code = this.needed(node);
    if (!readsAttributesOnly(node, this.bindings)) return code;
    const i = this.#remembered++;
    const ask = `(x = ${code}, r.changed || (s[${i}] = r.stamp, a[${i}] = +x), x)`;
    return `(!r.changed && s[${i}] === r.stamp ? a[${i}] !== 0 : ${ask})`;
  }

  protected temporary(): string {
    return `t${this.#temporaries++}`;
  }

  protected type(node: Expression): Type {
    return this.bindings.types.get(node)!;
  }

  /** The code of an attribute: known, or filled in by the compiler. */
  protected code(info: AttributeInfo): string {
    if (!info.custom && info.code !== undefined && info.home !== 'bgp') return String(info.code);
    if (!info.custom && info.type !== 'bytestring') return String(info.code!);
    let index = this.#attributes.indexOf(info);
    if (index < 0) index = this.#attributes.push(info) - 1;
    return `c[${index}]`;
  }

  /** An expression that must not be void. */
  protected needed(node: Expression): string {
    const code = this.expression(node);
    return this.#mayBeVoid(node) ? `r.need(${code}, ${node.at})` : code;
  }

  /** A value for a place of some type; a quad may be given as an address. */
  protected as(node: Expression, type: Type): string {
    const code = this.needed(node);
    return type === 'quad' && this.type(node) === 'ip' ? `o.quadOf(${code})` : code;
  }

  #mayBeVoid(node: Expression): boolean {
    const info = this.bindings.attributes.get(node);
    if (info) return STATIC_READ[info.name] === undefined && info.name !== 'preference';
    return node.kind === 'call' || (node.kind === 'symbol' && this.bindings.variables.has(node));
  }

  protected expression(node: Expression): string {
    const known = this.bindings.constants.get(node);
    if (known !== undefined) return this.constant(known);
    const failure = this.bindings.failures.get(node);
    if (failure !== undefined) return `o.fail(${JSON.stringify(failure)}, ${node.at})`;
    const info = this.bindings.attributes.get(node);
    if (info) return this.readAttribute(info, node.at);
    switch (node.kind) {
      case 'constant':
        return this.constant(node.value);
      case 'net':
        return this.#net(node);
      case 'symbol':
        if (this.#constantOnly) {
          throw new ConfError(node.at, 'Constant expected', `'${node.name}' is a variable`);
        }
        return `v${this.bindings.variables.get(node)!}`;
      case 'set':
      case 'prefixSet':
        return this.constant(this.bindings.constants.get(node)!);
      case 'pathMask': {
        const mask = `o.maskOf([${node.items.map((item) => this.#maskItem(item)).join(', ')}], ${node.at})`;
        return isConstantMask(node.items, this.bindings) ? this.#once(mask) : mask;
      }
      case 'tuple':
        return this.#tuple(node);
      case 'attribute':
        return this.readAttribute(this.bindings.attributes.get(node)!, node.at);
      case 'not':
        return `!(${this.needed(node.operand)})`;
      case 'defined':
        return `o.isDefined(${this.expression(node.operand)})`;
      case 'binary':
        return this.#binary(node);
      case 'method':
        return this.#method(node);
      case 'builtin':
        return this.#builtin(node);
      case 'call':
        return `r.called(${this.call(node)})`;
      case 'roaCheck':
        return this.#roaCheck(node);
      case 'aspaCheck': {
        const behaviour = this.constant(this.bindings.behaviour);
        const [path, upstream] = [this.needed(node.path), this.needed(node.upstream)];
        return `o.aspaCheck(${this.#table(node)}, ${path}, ${upstream}, ${behaviour})`;
      }
    }
  }

  /** Reading an attribute of the route. */
  protected readAttribute(info: AttributeInfo, at: number): string {
    if (info.bit !== undefined) return `r.bit(${info.code!}, ${info.bit}, ${at})`;
    const special = STATIC_READ[info.name];
    if (special === undefined || info.custom) return `r.get(${this.code(info)}, ${at})`;
    return special.replace(/\b[cp]\b/g, (letter) => (letter === 'p' ? String(at) : String(info.code)));
  }

  #net(node: Extract<Expression, { kind: 'net' }>): string {
    return node.holes.reduce((code, { field, value, check }) => {
      const checker = check ? this.constant(check) : 'undefined';
      return `o.fillNet(${code}, '${field}', ${this.needed(value)}, ${checker}, ${value.at})`;
    }, this.constant(node.net));
  }

  #table(node: { readonly table: TableName }): string {
    return this.constant(this.bindings.tables.get(node)!);
  }

  #roaCheck(node: Extract<Expression, { kind: 'roaCheck' }>): string {
    const [net, asn] = node.about
      ? [this.needed(node.about[0]), this.needed(node.about[1])]
      : [`r.net(${node.at})`, `r.originOf(${node.at})`];
    return `o.roaCheck(${this.#table(node)}, ${net}, ${asn})`;
  }

  #builtin(node: Extract<Expression, { kind: 'builtin' }>): string {
    const target = node.args[0]!;
    const type = this.type(target);
    if (node.name === 'format') {
      return `o.formatValue(${JSON.stringify(type)}, ${this.expression(target)})`;
    }
    if (node.name === 'from_hex') return `o.fromHex(${this.needed(target)}, ${node.at})`;
    const { code } = methodFor(node.name, type)!;
    return this.#fill(code, this.needed(target), type, node.args[1], node.at);
  }

  #tuple(node: Extract<Expression, { kind: 'tuple' }>): string {
    const parts = node.parts.map((part) => this.needed(part));
    if (node.ec) {
      const kind = node.ec.name === 'unknown' ? String(node.ec.code!) : JSON.stringify(node.ec.name);
      const keyType = JSON.stringify(this.type(node.parts[0]!));
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
        return this.constant(this.bindings.constants.get(item)!);
      case 'expression': {
        const code = this.needed(item.expression);
        return this.type(item.expression) === 'set' ? code : `{ number: ${code} }`;
      }
    }
  }

  #method(node: Extract<Expression, { kind: 'method' }>): string {
    const { target, name } = node;
    if (target.kind === 'attribute' && target.name === 'net' && name === 'len')
      return `r.netLength(${node.at})`;
    const type = this.type(target);
    const { code } = methodFor(name, type)!;
    return this.#fill(code, this.needed(target), type, node.args[0], node.nameAt);
  }

  /** A method's code with its operands put in. */
  #fill(source: string, target: string, type: Type, argument: Expression | undefined, at: number): string {
    const operands: Record<string, string> = { t: target, T: JSON.stringify(type), p: String(at) };
    if (argument) {
      operands['a'] = this.needed(argument);
      operands['A'] = JSON.stringify(this.type(argument));
    }
    return source.replace(/\b[taTAp]\b/g, (letter) => operands[letter] ?? letter);
  }

  protected call(node: Extract<Expression, { kind: 'call' }>): string {
    const program = this.bindings.functions.get(node)!;
    const args = node.args.map((arg) => this.expression(arg));
    return `${this.constant(program)}(${['r', ...args].join(', ')})`;
  }

  #binary(node: Extract<Expression, { kind: 'binary' }>): string {
    const { operator, left, right } = node;
    switch (operator) {
      case '&&':
      case '||':
        return `(${this.needed(left)} ${operator} ${this.needed(right)})`;
      case '+':
      case '-':
        return `((${this.needed(left)} ${operator} ${this.needed(right)}) >>> 0)`;
      case '*':
        return `(Math.imul(${this.needed(left)}, ${this.needed(right)}) >>> 0)`;
      case '/':
        return `o.divide(${this.needed(left)}, ${this.needed(right)}, ${node.at})`;
      case '++':
        return `o.appendText(${this.needed(left)}, ${this.needed(right)}, ${node.at})`;
      case '=':
        return this.same(left, right);
      case '!=':
        return `!(${this.same(left, right)})`;
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
    const [a, b] = [this.type(left), this.type(right)];
    const [x, y] = [this.expression(left), this.expression(right)];
    if (a === b) return [x, y, a];
    if (a === 'quad' && b === 'ip') return [x, `o.quadOf(${y})`, a];
    if (a === 'ip' && b === 'quad') return [`o.quadOf(${x})`, y, b];
    return undefined;
  }

  protected same(left: Expression, right: Expression): string {
    const aligned = this.#aligned(left, right);
    // Values of different types differ, but both are evaluated.
    if (!aligned) return `(${this.expression(left)}, ${this.expression(right)}, false)`;
    const [x, y, type] = aligned;
    return isPlain(type) ? `(${x} === ${y})` : `o.same(${JSON.stringify(type)}, ${x}, ${y})`;
  }

  #ordered(operator: '<' | '<=' | '>' | '>=', left: Expression, right: Expression): string {
    const [x, second, type] = this.#aligned(left, right)!;
    let [first, y] = ['', second];
    // BIRD reads `a > b` as `b < a`, and so the right side first; a function may tell the difference.
    if (operator.startsWith('>') && (callsFunction(left) || callsFunction(right))) {
      y = this.temporary();
      first = `${y} = ${second}, `;
    }
    const plain = isPlain(type) && !this.#mayBeVoid(left) && !this.#mayBeVoid(right);
    return plain
      ? `(${first}${x} ${operator} ${y})`
      : `(${first}o.compare(${JSON.stringify(type)}, ${x}, ${y}) ${ORDER[operator]!})`;
  }

  #match(node: Extract<Expression, { kind: 'binary' }>): string {
    const { left, right } = node;
    if (this.type(right) === 'prefix set') {
      const set = this.needed(right);
      if (left.kind === 'attribute' && left.name === 'net') return `r.netIn(${set}, ${node.at})`;
      return `${set}.has(${this.needed(left)})`;
    }
    if (!callsFunction(node)) return this.#matchOf(node, this.needed(left), this.needed(right));
    // A function may change what the other side reads: first the left one, whatever the order in the code below.
    const first = this.temporary();
    return `(${first} = ${this.needed(left)}, ${this.#matchOf(node, first, this.needed(right))})`;
  }

  #matchOf(node: Extract<Expression, { kind: 'binary' }>, x: string, y: string): string {
    const { right } = node;
    const [a, b] = [this.type(node.left), this.type(right)];
    if (b === 'set') {
      const known = this.bindings.constants.get(right);
      if (a === 'clist' && known instanceof ValueSet && known.element !== 'ip') return `${y}.hasAny(${x})`;
      if (known === undefined) return `o.inAnySet(${JSON.stringify(a)}, ${x}, ${y}, ${node.at})`;
      return isNumber(a) ? `${y}.hasNumber(${x})` : `o.inSet(${JSON.stringify(a)}, ${x}, ${y})`;
    }
    if (b === 'bgpmask') return `${y}.match(${x})`;
    if (b === 'bgppath') return `${y}.contains(${x})`;
    if (b === 'string') return `o.matchesText(${x}, ${y})`;
    if (b === 'prefix') return a === 'ip' ? `o.netContains(${y}, ${x})` : `o.netWithin(${x}, ${y})`;
    if (a === 'pair' || a === 'quad' || a === 'ec' || a === 'int') return `${y}.includes(${x})`;
    return `o.inList(${JSON.stringify(a)}, ${x}, ${y})`;
  }
}

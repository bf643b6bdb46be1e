/** JavaScript source of checked statements, see `generate-expressions.ts`. */
import type { Expression, Statement, Target } from './ast.ts';
import { ExpressionGenerator } from './generate-expressions.ts';
import type { Generated } from './generate-expressions.ts';
import type { Bindings } from './program.ts';
import { emptyOf } from './attribute-codec.ts';
import type { AttributeInfo } from './attributes.ts';

export type { Generated };

/** How static attributes are set that do not simply take the value; `v` stands for it, `p` for the place. */
const STATIC_WRITE: Readonly<Record<string, string>> = {
  dest: 'r.setDestination(v, p)',
  gw: 'r.setGateway(v, p)',
  ifname: 'r.setInterface(v, p)',
  weight: 'r.setWeight(v, p)',
  gw_mpls: 'r.setLabels([v], p)',
  gw_mpls_stack: 'r.setLabels(v, p)',
};

export class Generator extends ExpressionGenerator {
  /** In a function, `return` gives a value; in a filter, a verdict. */
  readonly #isFunction: boolean;

  constructor(bindings: Bindings, isFunction: boolean) {
    super(bindings);
    this.#isFunction = isFunction;
  }

  /** The body of a JavaScript function for statements. */
  generate(body: readonly Statement[]): Generated {
    const code = this.#statements(body);
    const slots = [...this.bindings.variables.values()].reduce((most, slot) => Math.max(most, slot + 1), 0);
    return this.finish(code, slots);
  }

  #statements(body: readonly Statement[]): string {
    return body.map((statement) => this.#statement(statement)).join('\n');
  }

  #verdict(word: 'accept' | 'reject', at: number): string {
    const number = word === 'accept' ? 1 : 2;
    const place = `r.decidedAt = ${at};`;
    return this.#isFunction
      ? `{ ${place} r.verdict = ${number}; return; }`
      : `{ ${place} return ${number}; }`;
  }

  #statement(node: Statement): string {
    switch (node.kind) {
      case 'block':
        return `{ ${this.#statements(node.body)} }`;
      case 'variable': {
        const empty = emptyOf(node.type);
        const start = empty === undefined ? 'undefined' : this.constant(empty);
        const value = node.initial ? this.as(node.initial, node.type) : start;
        return `v${this.bindings.variables.get(node)!} = ${value};`;
      }
      case 'if': {
        const otherwise = node.otherwise ? ` else { ${this.#statement(node.otherwise)} }` : '';
        return `if (${this.condition(node.condition)}) { ${this.#statement(node.then)} }${otherwise}`;
      }
      case 'case':
        return this.#case(node);
      case 'for':
        return this.#for(node);
      case 'assign':
        return this.#assign(node.target, node.value);
      case 'unset': {
        const info = this.bindings.attributes.get(node.target)!;
        return `r.set(${this.code(info)}, undefined, ${node.at});`;
      }
      case 'return':
        if (this.#isFunction) return `return ${this.expression(node.value)};`;
        return `{ r.decidedAt = ${node.at}; return (${this.needed(node.value)}) ? 1 : 2; }`;
      case 'verdict': {
        const print = node.print.length > 0 ? this.#print(node.print, true) : '';
        if (node.verdict === 'error') return `${print} throw new o.FilterError(${node.at}, 'error');`;
        return print + this.#verdict(node.verdict, node.at);
      }
      case 'print':
        return this.#print(node.values, node.newline);
      case 'call': {
        const call = this.call(node.call);
        return `${call}; if (r.verdict !== 0) return${this.#isFunction ? '' : ' r.verdict'};`;
      }
      case 'assert':
        return `r.assert(${this.needed(node.condition)}, ${node.at}, ${JSON.stringify(node.text)});`;
      case 'checkAssign': {
        const assign = this.#assign(node.target, node.value);
        const text = JSON.stringify(node.text);
        return `${assign} r.assert(${this.same(node.value, node.target)}, ${node.at}, ${text});`;
      }
    }
  }

  #assign(target: Target, value: Expression): string {
    const info = this.bindings.attributes.get(target);
    if (info) return `${this.#write(info, this.as(value, info.type), target.at)};`;
    return `v${this.bindings.variables.get(target)!} = ${this.needed(value)};`;
  }

  #write(info: AttributeInfo, value: string, at: number): string {
    if (info.bit !== undefined) return `r.setBit(${info.code!}, ${info.bit}, ${value}, ${at})`;
    const special = info.custom ? undefined : STATIC_WRITE[info.name];
    if (special === undefined) return `r.set(${this.code(info)}, ${value}, ${at})`;
    return special.replace(/\b[vp]\b/g, (letter) => (letter === 'p' ? String(at) : value));
  }

  #print(values: readonly Expression[], flush: boolean): string {
    const parts = values.map((value) => {
      const type = this.type(value);
      return `r.print(o.formatValue(${JSON.stringify(type)}, ${this.expression(value)}));`;
    });
    return parts.join(' ') + (flush ? ' r.flush();' : '');
  }

  #case(node: Extract<Statement, { kind: 'case' }>): string {
    const subject = this.temporary();
    const type = JSON.stringify(this.type(node.subject));
    // `else:` is last whatever its place.
    const ordered = [
      ...node.branches.filter(({ items }) => items),
      ...node.branches.filter(({ items }) => !items),
    ];
    let code = `${subject} = ${this.expression(node.subject)};\n`;
    ordered.forEach((branch, i) => {
      const body = `{ ${this.#statements(branch.body)} }`;
      if (i > 0) code += ' else ';
      if (!branch.items) code += body;
      else if (this.bindings.failures.has(branch)) code += `if (false) ${body}`;
      else {
        const set = this.constant(this.bindings.constants.get(branch)!);
        code += `if (${subject} !== undefined && o.inSet(${type}, ${subject}, ${set})) ${body}`;
      }
    });
    return code;
  }

  #for(node: Extract<Statement, { kind: 'for' }>): string {
    const list = this.needed(node.list);
    const items = this.type(node.list) === 'bgppath' ? `(${list}).asNumbers()` : list;
    const item = this.temporary();
    const variable = `v${this.bindings.variables.get(node)!}`;
    const body = `r.step(${node.at}); ${variable} = ${item}; ${this.#statement(node.body)}`;
    return `for (${item} of ${items}) { ${body} } ${variable} = undefined;`;
  }
}

/** Type checking of statements. */
import { ConfError } from '../conf/diagnostics.ts';
import type { Scope } from '../conf/scope.ts';
import type { Expression, Statement, Target } from './ast.ts';
import { ExpressionChecker, TYPE_UNKNOWN } from './check-expressions.ts';
import { elementType } from './methods.ts';
import { typeName } from './types.ts';
import type { Type } from './types.ts';

export class StatementChecker extends ExpressionChecker {
  /** Only the type of the function is wanted: what depends on it is passed over. */
  probing = false;
  readonly #isFunction: boolean;

  constructor(scope: Scope, isFunction: boolean) {
    super(scope);
    this.#isFunction = isFunction;
  }

  /** Declares a parameter. */
  declare(node: object, name: string, at: number, type: Type): void {
    this.declareVariable(node, name, at, type);
  }

  body(statements: readonly Statement[]): void {
    for (const statement of statements) this.statement(statement);
  }

  statement(node: Statement): void {
    try {
      this.#statement(node);
    } catch (error) {
      if (error !== TYPE_UNKNOWN || !this.probing) throw error;
    }
  }

  #statement(node: Statement): void {
    switch (node.kind) {
      case 'block':
        this.inner(() => {
          this.body(node.body);
        });
        return;
      case 'variable':
        if (node.initial) this.expect(node.initial, node.type, `Value of '${node.name}'`);
        this.declareVariable(node, node.name, node.at, node.type);
        return;
      case 'if':
        this.expect(node.condition, 'bool', 'Condition of if');
        this.inner(() => {
          this.statement(node.then);
        });
        if (node.otherwise) {
          const { otherwise } = node;
          this.inner(() => {
            this.statement(otherwise);
          });
        }
        return;
      case 'case':
        this.#case(node);
        return;
      case 'for':
        this.#for(node);
        return;
      case 'assign':
        this.#assign(node.target, node.value);
        return;
      case 'unset':
        this.#unset(node.target);
        return;
      case 'return':
        this.#return(node.value);
        return;
      case 'verdict':
        for (const value of node.print) this.expression(value);
        if (node.print.length > 0) this.#actsOnEach();
        return;
      case 'print':
        for (const value of node.values) this.expression(value);
        this.#actsOnEach();
        return;
      case 'call':
        this.expression(node.call);
        return;
      case 'assert':
        this.expect(node.condition, 'bool', 'Argument of bt_assert');
        this.#actsOnEach();
        return;
      case 'checkAssign':
        this.#assign(node.target, node.value);
        this.expression(node.target);
        this.#actsOnEach();
        return;
    }
  }

  /** What is printed is printed for every route, so no answer is remembered for others. */
  #actsOnEach(): void {
    this.reads.network = true;
    this.reads.source = true;
  }

  #assign(target: Target, value: Expression): void {
    const bound = this.bindTarget(target, "Can't assign to symbol");
    if ('slot' in bound) {
      this.expect(value, bound.type, `Value of '${target.name}'`);
      return;
    }
    if (bound.readOnly) throw new ConfError(target.at, 'This static attribute is read-only.');
    if (bound.type === 'opaque') {
      throw new ConfError(target.at, 'Setting opaque attribute is not allowed');
    }
    this.readAttribute(bound);
    this.expect(value, bound.type, `Value of ${target.name}`);
    if (bound.noEffect !== undefined) {
      this.scope.notice(target.at, `'${target.name}' has no effect: ${bound.noEffect}`);
    }
  }

  #unset(target: Target): void {
    const bound = this.bindTarget(target, "Can't unset symbol");
    if ('slot' in bound || !bound.dynamic) {
      throw new ConfError(target.at, `Can't unset ${'slot' in bound ? 'symbol ' : ''}${target.name}`);
    }
    this.reads.attributes = true;
  }

  #case(node: Extract<Statement, { kind: 'case' }>): void {
    const type = this.expression(node.subject);
    for (const branch of node.branches) {
      if (branch.items) {
        const set = this.setOf(branch.items);
        const fits =
          set.element === 'void' || set.element === type || (type === 'quad' && set.element === 'ip');
        if (!fits) {
          const message = `case of type ${typeName(set.element)} never matches a value of type ${typeName(type)}`;
          this.scope.notice(branch.at, message);
          this.failures.set(branch, message);
        }
        this.constants.set(branch, set);
      }
      this.inner(() => {
        this.body(branch.body);
      });
    }
  }

  #for(node: Extract<Statement, { kind: 'for' }>): void {
    const list = this.expression(node.list);
    const element = elementType(list);
    if (element === undefined) {
      throw new ConfError(node.list.at, `Type ${typeName(list)} is not iterable, can't be used in FOR`);
    }
    this.inner(() => {
      if (node.type !== undefined) this.declareVariable(node, node.name, node.at, node.type);
      const meaning = this.meaning(node.name);
      if (meaning?.kind !== 'variable') this.unknown(node.name, node.at, 'Variable name required');
      const { type, slot } = meaning.variable;
      this.variables.set(node, slot);
      if (type !== element) {
        const message = `Loop variable '${node.name}' in FOR must be of type ${typeName(element)}, got ${typeName(type)}`;
        throw new ConfError(node.at, message);
      }
      this.inner(() => {
        this.statement(node.body);
      });
    });
  }

  #return(value: Expression): void {
    const type = this.expression(value);
    if (!this.#isFunction) {
      if (type !== 'bool') throw new ConfError(value.at, "Can't return non-bool from non-function");
      return;
    }
    const wanted = this.self?.declared ?? this.returns;
    if (wanted !== undefined && wanted !== type) {
      this.expect(value, wanted, 'Return value');
      return;
    }
    this.returns = type;
  }
}

/** From generated source to JavaScript functions. */
import { NO_ATTRIBUTE } from './attributes.ts';
import type { AttributeInfo } from './attributes.ts';
import { Generator } from './generate.ts';
import type { Generated, Reference } from './generate-expressions.ts';
import { OPERATORS } from './operators-table.ts';
import type { FunctionProgram } from './program.ts';
import type { FilterRun } from './run.ts';
import type { Value } from './values.ts';

/** A compiled function: the run, then the arguments. */
export type Compiled = (run: FilterRun, ...args: Value[]) => Value;

/** Makes functions of programs, each once; functions that several filters call are shared. */
export class CodeCache {
  readonly #run: FilterRun;
  readonly #functions = new Map<FunctionProgram, Compiled>();

  /** @param run knows the codes of attributes that the configuration has named */
  constructor(run: FilterRun) {
    this.#run = run;
  }

  make(generated: Generated, parameters: readonly string[]): Compiled {
    const constants = generated.constants.map((value) => (isProgram(value) ? this.function(value) : value));
    const codes = generated.attributes.map((info) => this.#code(info));
    // The source is made here from a checked tree; text of the configuration enters it as JSON strings only.
    const factory = new Function(
      'k',
      'o',
      'c',
      `"use strict"; ${generated.preparation}return function (${['r', ...parameters].join(', ')}) {\n${generated.source}\n};`,
    ) as (k: unknown, o: unknown, c: readonly number[]) => Compiled;
    return factory(constants, OPERATORS, codes);
  }

  #code({ name, type, code, custom }: AttributeInfo): number {
    if (custom && code === undefined) return this.#run.customCode(name, type) ?? NO_ATTRIBUTE;
    this.#run.declare(code!, type);
    return code!;
  }

  /** The compiled body of a function. */
  function(program: FunctionProgram): Compiled {
    const known = this.#functions.get(program);
    if (known) return known;
    // A recursive call meets this entry before the body exists.
    const made: { body?: Compiled } = {};
    this.#functions.set(program, (run, ...args) => made.body!(run, ...args));
    const { node, bindings } = program;
    const generated = new Generator(bindings, true).generate(node.body);
    const slots = node.parameters.map((parameter) => bindings.variables.get(parameter)!);
    const copies = slots.map((slot, i) => `v${slot} = p${i};`).join(' ');
    const at = generated.source.startsWith('let ') ? generated.source.indexOf('\n') + 1 : 0;
    const start = `r.step(${node.at}); ${copies}`;
    const source = `${generated.source.slice(0, at)}${start}\n${generated.source.slice(at)}`;
    const parameters = slots.map((_, i) => `p${i}`);
    made.body = this.make({ ...generated, source }, parameters);
    this.#functions.set(program, made.body);
    return made.body;
  }
}

function isProgram(value: Reference): value is FunctionProgram {
  return typeof value === 'object' && 'bindings' in value;
}

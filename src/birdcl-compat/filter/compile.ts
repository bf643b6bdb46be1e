/** From checked filters to `Policy` functions over a store of attributes. */
import type { AttrStore } from '../../rib/attrs/store.ts';
import { ACCEPT, NO_ATTRS, REJECT } from '../../rib/policy.ts';
import type { Policy } from '../../rib/policy.ts';
import { EMPTY_PATH } from './as-path.ts';
import { Generator } from './generate.ts';
import type { Generated } from './generate.ts';
import type { FilterProgram, FunctionProgram } from './program.ts';
import * as operators from './run.ts';
import { FilterError, FilterRun, VERDICT, VERDICT_REACHED } from './run.ts';
import type { FilterOutput } from './run.ts';
import { EMPTY_LIST } from './values.ts';
import type { Value } from './values.ts';

/** A compiled function: the run, then the arguments. */
type Compiled = (run: FilterRun, ...args: Value[]) => Value;

const OPERATORS = { ...operators, EMPTY_PATH, EMPTY_LIST };

/** Where a filter reports what it cannot do with a route. */
export interface FilterReports {
  /** `at` is the token of the expression; `Tokens.locate` makes a place of it. */
  error(filter: string, at: number, message: string): void;
  /** A line of `print`. */
  print: FilterOutput;
}

/** Makes functions of programs, each once; functions that several filters call are shared. */
export class CodeCache {
  readonly #functions = new Map<FunctionProgram, Compiled>();

  make(generated: Generated, parameters: readonly string[]): Compiled {
    const constants = generated.constants.map((value) => (isProgram(value) ? this.#function(value) : value));
    // The source is made here from a checked tree; text of the configuration enters it as JSON strings only.
    const factory = new Function(
      'k',
      'o',
      `"use strict"; return function (${['r', ...parameters].join(', ')}) {\n${generated.source}\n};`,
    ) as (k: unknown, o: unknown) => Compiled;
    return factory(constants, OPERATORS);
  }

  #function(program: FunctionProgram): Compiled {
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
    const source = `${generated.source.slice(0, at)}${copies}\n${generated.source.slice(at)}`;
    const parameters = slots.map((_, i) => `p${i}`);
    made.body = this.make({ source, constants: generated.constants }, parameters);
    this.#functions.set(program, made.body);
    return made.body;
  }
}

function isProgram(value: Value | FunctionProgram): value is FunctionProgram {
  return typeof value === 'object' && value !== null && 'bindings' in value;
}

export class FilterCompiler {
  readonly #run: FilterRun;
  readonly #reports: FilterReports;
  readonly #code = new CodeCache();
  readonly #policies = new Map<FilterProgram, Policy>();

  /** @param store where the routes' attributes are, and where changed ones are interned */
  constructor(store: AttrStore, reports: FilterReports) {
    this.#reports = reports;
    this.#run = new FilterRun(store, (text) => reports.print(text));
  }

  /** The policy of a filter; the same one each time. */
  policy(program: FilterProgram): Policy {
    if (program.kind !== 'filter') return program.kind === 'accept' ? ACCEPT : REJECT;
    let policy = this.#policies.get(program);
    if (!policy) {
      policy = this.#compile(program);
      this.#policies.set(program, policy);
    }
    return policy;
  }

  #compile(program: Extract<FilterProgram, { kind: 'filter' }>): Policy {
    const generated = new Generator(program.bindings, false).generate(program.body);
    const code = this.#code.make(generated, []);
    const run = this.#run;
    const { name, end } = program;
    return {
      name,
      readsNetwork: program.reads.network,
      readsSource: program.reads.source,
      evaluate: (attrs, context) => {
        run.begin(attrs, context);
        try {
          let verdict = code(run);
          if (verdict === undefined && end === 'accept') verdict = VERDICT.accept;
          if (verdict === VERDICT.accept) return run.result();
          if (verdict === undefined) {
            this.#reports.error(
              name,
              program.body[0]?.at ?? 0,
              'Filter did not return accept nor reject. Make up your mind',
            );
          }
        } catch (error) {
          if (error === VERDICT_REACHED) return run.verdict === VERDICT.accept ? run.result() : NO_ATTRS;
          if (!(error instanceof FilterError)) throw error;
          this.#reports.error(name, error.at, error.message);
        }
        return NO_ATTRS;
      },
    };
  }
}

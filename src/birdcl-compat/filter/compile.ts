/** From checked filters to `Policy` functions over a store of attributes. */
import type { AttrStore } from '../../rib/attrs/store.ts';
import { ACCEPT, NO_ATTRS, REJECT } from '../../rib/policy.ts';
import type { Policy, PolicyContext } from '../../rib/policy.ts';
import { CodeCache } from './code.ts';
import { STACK_OVERFLOW } from './evaluate.ts';
import { Generator } from './generate.ts';
import type { FilterProgram } from './program.ts';
import { FilterRun } from './run.ts';
import type { AssertHook, FilterOutput } from './run.ts';
import { FilterError, VERDICT, VERDICT_REACHED } from './runtime-error.ts';

/** Where a filter reports what it cannot do with a route. */
export interface FilterReports {
  /** `at` is the token of the expression; `Tokens.locate` makes a place of it. */
  error(filter: string, at: number, message: string): void;
  /** A line of `print`. */
  print: FilterOutput;
}

export class FilterCompiler {
  readonly #run: FilterRun;
  readonly #reports: FilterReports;
  readonly #code: CodeCache;
  readonly #policies = new Map<FilterProgram, Policy>();

  /**
   * @param store where the routes' attributes are, and where changed ones are interned
   * @param assertHook takes the outcome of `bt_assert`; without it, that is a run-time error
   */
  constructor(store: AttrStore, reports: FilterReports, assertHook?: AssertHook) {
    this.#reports = reports;
    this.#run = new FilterRun(store, (text) => {
      reports.print(text);
    });
    this.#run.assertHook = assertHook;
    this.#code = new CodeCache(this.#run);
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

  /**
   * What a filter says to one route, and the token of the statement that said it (0 where none did: the filter is
   * `all` or `none`, or failed). For questions of people; batches use `policy`.
   */
  decide(program: FilterProgram, attrs: number, context: PolicyContext): { attrs: number; at: number } {
    this.#run.decidedAt = 0;
    const result = this.policy(program).evaluate(attrs, context);
    return { attrs: result, at: this.#run.decidedAt };
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
          return this.#failed(program, error);
        }
        return NO_ATTRS;
      },
    };
  }

  /** The answer of a filter that ended with an exception. */
  #failed(program: Extract<FilterProgram, { kind: 'filter' }>, error: unknown): number {
    const { name, body } = program;
    if (error === VERDICT_REACHED) {
      if (this.#run.verdict !== VERDICT.accept) return NO_ATTRS;
      try {
        return this.#run.result();
      } catch (failure) {
        return this.#failed(program, failure);
      }
    }
    if (error instanceof FilterError) this.#reports.error(name, error.at, error.message);
    else if (error instanceof RangeError) this.#reports.error(name, body[0]?.at ?? 0, STACK_OVERFLOW);
    else throw error;
    return NO_ATTRS;
  }
}

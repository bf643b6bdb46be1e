/** Running the tests that a configuration has: `bt_test_suite` and `bt_test_same`. */
import { CodeCache } from './code.ts';
import { STACK_OVERFLOW } from './evaluate.ts';
import { VERDICT, VERDICT_REACHED, FilterError } from './runtime-error.ts';
import type { FunctionProgram } from './program.ts';
import { FilterRun } from './run.ts';
import type { FilterOutput } from './run.ts';
import { sameFunction } from './same.ts';

interface TestBase {
  /** Token of the function's name. */
  readonly at: number;
  readonly name: string;
  readonly description: string;
}

export type TestCase =
  | (TestBase & { readonly kind: 'suite'; readonly program: FunctionProgram })
  /** Whether two functions do the same; the description names the second one. */
  | (TestBase & {
      readonly kind: 'same';
      readonly programs: readonly [FunctionProgram, FunctionProgram];
      readonly expected: boolean;
    });

/** What went wrong, and where. */
export interface Failure {
  readonly at: number;
  readonly message: string;
}

export interface TestResult {
  readonly test: TestCase;
  /** Conditions of `bt_assert` that were met and looked at. */
  readonly assertions: number;
  readonly failures: readonly Failure[];
}

/** Runs one test. It goes on after conditions that do not hold; a run-time error ends it. */
export function runTest(test: TestCase, print: FilterOutput): TestResult {
  if (test.kind === 'same') {
    const same = sameFunction(...test.programs);
    const message = `${test.name} and ${test.description} are ${same ? 'the same' : 'different'}`;
    const failures = same === test.expected ? [] : [{ at: test.at, message }];
    return { test, assertions: 1, failures };
  }
  const failures: Failure[] = [];
  let assertions = 0;
  const run = new FilterRun(undefined, print);
  run.assertHook = (held, at, text) => {
    assertions++;
    if (!held) failures.push({ at, message: `Assertion (${text}) failed` });
  };
  try {
    const answer = new CodeCache(run).function(test.program)(run);
    // As in BIRD, a suite may end with a verdict or with `return true`; all else than these is no failure of its own.
    if (run.verdict === VERDICT.reject || answer === false) {
      failures.push({ at: test.at, message: `${test.name} rejected` });
    }
  } catch (error) {
    if (error === VERDICT_REACHED) {
      if (run.verdict === VERDICT.reject) failures.push({ at: test.at, message: `${test.name} rejected` });
    } else if (error instanceof FilterError) failures.push({ at: error.at, message: error.message });
    else if (error instanceof RangeError) failures.push({ at: test.at, message: STACK_OVERFLOW });
    else throw error;
  }
  return { test, assertions, failures };
}

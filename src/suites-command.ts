/** `catbird test`: runs the test suites of a configuration. */
import { parseArgs } from 'node:util';
import { formatDiagnostic } from './birdcl-compat/conf/diagnostics.ts';
import { loadFile } from './birdcl-compat/conf/load.ts';
import type { Location } from './birdcl-compat/conf/source.ts';
import { BEHAVIOURS } from './birdcl-compat/filter/behaviour.ts';
import type { Behaviour } from './birdcl-compat/filter/behaviour.ts';
import { runTest } from './birdcl-compat/filter/suites.ts';
import type { Failure, TestResult } from './birdcl-compat/filter/suites.ts';
import { configFiles, hostFacts } from './birdcl-compat/io/config-files.ts';

const RELEASES = BEHAVIOURS.map(({ bird }) => bird).join(' or ');

const HELP = `Usage: catbird test -c FILE [--json] [--bird VERSION]

Runs the bt_test_suite blocks of a BIRD configuration, compares the functions of bt_test_same, and prints each result,
then 'N passed, N failed'. The exit code is 1 where one failed or the file does not load.

  -c, --config FILE   the configuration
      --json          results as JSON lines
      --bird VERSION  where releases of BIRD contradict each other, do as this one (${RELEASES}); without it the
                      newest counts, or an older one if that is what the file was written for
  -h, --help          this text
`;

/** All results of one file, as one release of BIRD behaves. */
interface Outcome {
  readonly behaviour: Behaviour;
  readonly results: readonly TestResult[];
  /** Of `bt_assert` in import filters that ran while the file was read. */
  readonly inFilters: { assertions: number; failures: Failure[] };
  readonly printed: readonly string[];
  readonly locate: (at: number) => Location;
}

interface Options {
  readonly config: string;
  readonly json: boolean;
  readonly behaviours: readonly Behaviour[];
}

function run(path: string, behaviour: Behaviour): Outcome | undefined {
  const inFilters: Outcome['inFilters'] = { assertions: 0, failures: [] };
  const loaded = loadFile(
    path,
    configFiles,
    hostFacts(),
    {},
    {
      behaviour,
      assertHook: (held, at, text) => {
        inFilters.assertions++;
        if (!held) inFilters.failures.push({ at, message: `Assertion (${text}) failed` });
      },
    },
  );
  for (const error of loaded.errors) process.stderr.write(`${formatDiagnostic(error)}\n`);
  if (!loaded.config) return undefined;
  const { tests, locate } = loaded.config;
  const printed: string[] = [];
  const results = tests.map((test) => runTest(test, (text) => printed.push(text)));
  return { behaviour, results, inFilters, printed, locate };
}

function failures({ results, inFilters }: Outcome): number {
  return results.reduce((sum, result) => sum + result.failures.length, inFilters.failures.length);
}

/** The outcome as the newest release has it, unless an older one has fewer failures. */
function best(path: string, behaviours: readonly Behaviour[]): Outcome | undefined {
  let chosen: Outcome | undefined;
  for (const behaviour of behaviours) {
    const outcome = run(path, behaviour);
    if (!outcome) return undefined;
    if (!chosen || failures(outcome) < failures(chosen)) chosen = outcome;
    if (failures(chosen) === 0) break;
  }
  return chosen;
}

function place({ file, line, column }: Location): string {
  return `${file}:${line}:${column}`;
}

function* asText(outcome: Outcome): Iterable<string> {
  const { results, inFilters, locate, behaviour } = outcome;
  let assertions = inFilters.assertions;
  let failed = 0;
  for (const { test, assertions: count, failures: list } of results) {
    assertions += count;
    if (list.length > 0) failed++;
    const what = test.kind === 'suite' ? test.description : `${test.name} against ${test.description}`;
    yield `${list.length > 0 ? 'failed' : 'passed'}  ${what} (${test.name}, ${count} assertions)`;
    for (const { at, message } of list) yield `        ${place(locate(at))} ${message}`;
  }
  for (const { at, message } of inFilters.failures) yield `failed  ${place(locate(at))} ${message}`;
  if (inFilters.failures.length > 0) failed++;
  if (behaviour !== BEHAVIOURS[0]) {
    yield `Where releases of BIRD contradict each other, this file has it as BIRD ${behaviour.bird}.`;
  }
  yield `${assertions} assertions`;
  yield `${results.length + (inFilters.failures.length > 0 ? 1 : 0) - failed} passed, ${failed} failed`;
}

function* asJson({ results, inFilters, locate, behaviour }: Outcome): Iterable<string> {
  const placed = (list: readonly Failure[]): object[] =>
    list.map(({ at, message }) => ({ ...locate(at), message }));
  let assertions = inFilters.assertions;
  let failed = 0;
  for (const { test, assertions: count, failures: list } of results) {
    assertions += count;
    if (list.length > 0) failed++;
    const { kind, name, description } = test;
    const result = list.length > 0 ? 'failed' : 'passed';
    yield JSON.stringify({ kind, name, description, result, assertions: count, failures: placed(list) });
  }
  if (inFilters.failures.length > 0) {
    failed++;
    yield JSON.stringify({ kind: 'filters', result: 'failed', failures: placed(inFilters.failures) });
  }
  const passed = results.length + (inFilters.failures.length > 0 ? 1 : 0) - failed;
  yield JSON.stringify({ passed, failed, assertions, bird: behaviour.bird });
}

/** The options, or what to print instead of running. */
function options(args: string[]): Options | { readonly text: string; readonly code: number } {
  const known = {
    config: { type: 'string', short: 'c' },
    json: { type: 'boolean' },
    bird: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  let values;
  try {
    values = parseArgs({ args, options: known }).values;
  } catch (error) {
    return { text: `catbird: ${error instanceof Error ? error.message : String(error)}\n`, code: 1 };
  }
  if (values.help) return { text: HELP, code: 0 };
  if (values.config === undefined) return { text: HELP, code: 1 };
  const behaviours = BEHAVIOURS.filter(({ bird }) => values.bird === undefined || values.bird === bird);
  if (behaviours.length === 0) {
    return { text: `catbird: --bird ${values.bird!}: known are ${RELEASES}\n`, code: 1 };
  }
  return { config: values.config, json: values.json ?? false, behaviours };
}

/** `catbird test`. */
export async function suitesCommand(args: string[]): Promise<number> {
  const parsed = options(args);
  if ('text' in parsed) {
    (parsed.code === 0 ? process.stdout : process.stderr).write(parsed.text);
    return parsed.code;
  }
  const outcome = best(parsed.config, parsed.behaviours);
  if (!outcome) return 1;
  for (const line of outcome.printed) process.stderr.write(`${line}\n`);
  for (const line of parsed.json ? asJson(outcome) : asText(outcome)) process.stdout.write(`${line}\n`);
  return await Promise.resolve(failures(outcome) > 0 ? 1 : 0);
}

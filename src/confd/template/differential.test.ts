/** What our templates give against what the real `text/template` gives for the same text and data. */
import { afterAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import { PURE_FUNCS } from './confd-funcs.ts';
import { NAMED_PAIRS, pairValue } from './confd-funcs.ts';
import { TemplateError } from './error.ts';
import { TemplateSet } from './exec.ts';
import { compilePattern } from './go-path.ts';
import type { GoCase, GoResult } from './go-test-support.ts';
import { goMissing, GoOracle } from './go-test-support.ts';
import { timeValue } from './go-time.ts';
import { TABLES } from './samples.ts';
import { madeUpCase } from './made-up-test-support.ts';
import { encodeText } from './text.ts';
import { ARRAY, BOOL, INT, INTS, OBJECT, STRING, STRINGS } from './types.ts';
import type { Value } from './values.ts';
import { GoError, GoFunc, GoMap, GoSlice, GoStruct } from './values.ts';

/** Templates of the random generator that are compared. */
const MADE_UP = 4000;

const UTC = { name: 'UTC', offsetMinutes: 0 };

/** Functions that the program which tests compare with has too. */
const FUNCS = {
  ...Object.fromEntries(
    Object.entries(PURE_FUNCS).filter(
      ([name]) => !['reverse', 'sortByLength', 'sortKVByLength'].includes(name),
    ),
  ),
  moment: new GoFunc([INT], { kind: 'struct', name: 'time.Time', fields: [] }, (seconds: bigint) =>
    timeValue({ nanoseconds: seconds * 1_000_000_000n + 123_456_789n, zone: UTC }, () => UTC),
  ),
  match: new GoFunc([STRING, STRING], BOOL, (pattern: string, name: string) => {
    const expression = compilePattern(pattern);
    if (!expression) throw new GoError('syntax error in pattern');
    return expression.test(name);
  }),
};

/** Data of a case as the program builds them. */
function build(plain: unknown): Value {
  if (plain === null || plain === undefined) return undefined;
  if (Array.isArray(plain)) return new GoSlice(ARRAY, plain.map(build));
  if (typeof plain !== 'object') return plain as Value;
  const special = plain as Record<string, unknown>;
  if ('$int' in special) return BigInt(special['$int'] as string);
  if ('$strings' in special) return new GoSlice(STRINGS, special['$strings'] as string[]);
  if ('$ints' in special) return new GoSlice(INTS, (special['$ints'] as number[]).map(BigInt));
  if ('$pair' in special) return pair(special['$pair']);
  if ('$pairs' in special) return new GoSlice(NAMED_PAIRS, (special['$pairs'] as unknown[]).map(pair));
  return new GoMap(OBJECT, new Map(Object.entries(special).map(([key, value]) => [key, build(value)])));
}

function pair(plain: unknown): GoStruct {
  const [key, value] = plain as [string, string];
  return pairValue(key, value);
}

function ours({ text, data }: GoCase): GoResult {
  const parts: string[] = [];
  let error = '';
  try {
    const set = new TemplateSet(FUNCS);
    set.parse('t', text);
    set.execute('t', build(data), (part) => parts.push(part));
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    error = thrown.message;
  }
  return { out: encodeText(parts.join('')).toString('latin1'), error };
}

/** The library's name for its types, no addresses, and our limit. */
function normal({ out, error }: GoResult): GoResult {
  const same = (text: string): string =>
    text
      .replaceAll('main.KVPair', 'memkv.KVPair')
      .replace(/0xc[0-9a-f]{9}/g, '0xc000012000')
      .replace('template depth (100000)', 'template depth (1000)');
  return { out: same(out), error: same(error) };
}

const missing = goMissing();

describe.skipIf(missing !== undefined)(`like Go${missing === undefined ? '' : ` (${missing})`}`, () => {
  const oracle = new GoOracle();
  afterAll(() => {
    oracle.close();
  });

  function compare(cases: readonly GoCase[]): void {
    const wanted = oracle.run(cases);
    const shown = ({ out, error }: GoResult): string => `${JSON.stringify(out)} ${error}`;
    const differing = cases.flatMap(({ text }, i) => {
      const go = shown(normal(wanted[i]!));
      const we = shown(normal(ours(cases[i]!)));
      return we === go ? [] : [`${text}\n  Go:   ${go}\n  ours: ${we}`];
    });
    expect(differing.join('\n')).toBe('');
  }

  test.each(Object.entries(TABLES))('%s', (_, cases) => {
    compare(cases);
  });

  test(`${MADE_UP} made-up templates`, () => {
    const random = seededRandom(20_240_613);
    compare(Array.from({ length: MADE_UP }, () => madeUpCase(random)));
  });
});

/** `catbird test` on files of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { suitesCommand } from './suites-command.ts';

const HEAD = 'router id 192.0.2.1;\nprotocol device {}\n';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'catbird-suites-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Runs the command on a configuration. */
async function run(text: string, ...args: string[]): Promise<{ code: number; out: string[]; err: string }> {
  const path = join(directory, 'suites.conf');
  writeFileSync(path, HEAD + text);
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const joined = (calls: readonly unknown[][]): string => calls.map(([chunk]) => String(chunk)).join('');
  try {
    const code = await suitesCommand(['-c', path, ...args]);
    const lines = joined(out.mock.calls).replaceAll(`${directory}/`, '').trim().split('\n');
    return { code, out: lines, err: joined(err.mock.calls).replaceAll(`${directory}/`, '') };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

const GOOD = `
function one() { bt_assert(1 + 1 = 2); for int i in prepend(prepend(+empty+, 1), 2) do bt_assert(i > 0); }
bt_test_suite(one, "Sums");
function two() { bt_assert(1 + 1 = 2); for int i in prepend(prepend(+empty+, 1), 2) do bt_assert(i > 0); }
bt_test_same(one, two, 1);
`;

describe('catbird test', () => {
  it('prints each result and the totals', async () => {
    const { code, out, err } = await run(GOOD);
    expect(out).toEqual([
      'passed  Sums (one, 3 assertions)',
      'passed  one against two (one, 1 assertions)',
      '4 assertions',
      '2 passed, 0 failed',
    ]);
    expect([code, err]).toEqual([0, '']);
  });

  it('goes on after an assertion that does not hold, and says where it is', async () => {
    const text =
      'function f() { bt_assert(1 =\n  2); bt_assert(true); bt_assert(2 < 1); }\nbt_test_suite(f, "Wrong");';
    const { code, out } = await run(text);
    expect(code).toBe(1);
    expect(out).toEqual([
      'failed  Wrong (f, 3 assertions)',
      '        suites.conf:3:16 Assertion (1 = 2) failed',
      '        suites.conf:4:24 Assertion (2 < 1) failed',
      '3 assertions',
      '0 passed, 1 failed',
    ]);
  });

  it.each([
    ['int i = 1; bt_assert(i / (i - 1) = 0);', 'Mother told me not to divide by 0'],
    ['bt_assert(bgp_med = 5);', 'No route to access'],
    ['reject;', 'f rejected'],
    ['return false;', 'f rejected'],
    ['f();', 'Filter execution stack overflow'],
  ])('fails a suite that ends with %s', async (body, message) => {
    const { code, out } = await run(`function f() { ${body} }\nbt_test_suite(f, "Ends");`);
    expect(code).toBe(1);
    expect(out[1]).toContain(message);
  });

  it('fails functions that are not as the same as was said', async () => {
    const { out } = await run(
      `${GOOD}\nfunction three() { return 3; }\nbt_test_same(one, three, 1);\nbt_test_same(one, three, 0);`,
    );
    expect(out.slice(2)).toEqual([
      'failed  one against three (one, 1 assertions)',
      '        suites.conf:10:14 one and three are different',
      'passed  one against three (one, 1 assertions)',
      '6 assertions',
      '3 passed, 1 failed',
    ]);
  });

  it('counts what import filters of tables assert', async () => {
    const text =
      'vpn4 table v;\nprotocol static { vpn4 { table v; import filter { bt_assert(net.rd = 1:3); accept; }; }; route 1:2 10.0.0.0/8 unreachable; }';
    const { code, out } = await run(text);
    expect(code).toBe(1);
    expect(out).toEqual([
      'failed  suites.conf:4:51 Assertion (net.rd = 1:3) failed',
      '1 assertions',
      '0 passed, 1 failed',
    ]);
  });

  it('writes JSON lines', async () => {
    const { out } = await run('function f() { bt_assert(false); }\nbt_test_suite(f, "Wrong");', '--json');
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        kind: 'suite',
        name: 'f',
        description: 'Wrong',
        result: 'failed',
        assertions: 1,
        failures: [
          { file: expect.any(String) as string, line: 3, column: 16, message: 'Assertion (false) failed' },
        ],
      },
      { passed: 0, failed: 1, assertions: 1, bird: '2.19' },
    ]);
  });

  it('does as an older release where the file was written for one, and says so', async () => {
    const text = 'function f() { bt_assert(format([1, 1]) = "[1, 1]"); }\nbt_test_suite(f, "Sets");';
    expect((await run(text)).out).toEqual([
      'passed  Sets (f, 1 assertions)',
      'Where releases of BIRD contradict each other, this file has it as BIRD 2.17.',
      '1 assertions',
      '1 passed, 0 failed',
    ]);
    expect((await run(text, '--bird', '2.19')).code).toBe(1);
    expect((await run(text, '--bird', '2.17')).code).toBe(0);
    expect((await run(text, '--bird', '1.0')).err).toContain('known are 2.19 or 2.17');
  });

  it('prints what suites print apart from the results', async () => {
    const { out, err } = await run('function f() { print "seen ", 5; }\nbt_test_suite(f, "Prints");');
    expect(err).toBe('seen 5\n');
    expect(out[0]).toBe('passed  Prints (f, 0 assertions)');
  });

  it('says what does not load', async () => {
    const { code, err } = await run('bt_test_suite(nothing, "a");');
    expect(code).toBe(1);
    expect(err).toContain("suites.conf:3:15 syntax error, unexpected 'nothing'");
  });
});

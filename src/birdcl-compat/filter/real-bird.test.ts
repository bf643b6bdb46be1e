/** The same conditions on the same route, asked of BIRD's `show route where` and of compiled filters. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AttrEditor, u32Bytes } from '../../rib/attrs/edit.ts';
import { LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import { AttrStore } from '../../rib/attrs/store.ts';
import { load } from '../conf/test-support.ts';
import { FilterCompiler } from './compile.ts';
import { CONDITIONS, ROUTE_STATEMENTS } from './conditions.ts';
import { EXPRESSIONS } from './expressions.ts';
import { ACCEPTED, REFUSED } from './statements.ts';
import { completed, errorOf, programOf } from './test-support.ts';

const CONFIG = `router id 192.0.2.1;
protocol device {}
protocol static bgp1 { ipv4; route 10.65.1.0/24 blackhole { ${ROUTE_STATEMENTS} }; }
`;

const store = new AttrStore();
const errors: string[] = [];
const compiler = new FilterCompiler(store, {
  error: (_filter, _at, message) => errors.push(message),
  print: () => undefined,
});
const context = {
  family: 0 as const,
  netWords: Uint32Array.of(0x0a410100),
  netAt: 0,
  netLength: 24,
  source: { protocol: 'bgp1', kind: 'static' as const, internal: false },
};

/** The route that Catbird makes of the same configuration. */
function route(): number {
  const [protocol] = load(CONFIG).config!.protocols.slice(-1);
  if (protocol?.kind !== 'static') throw new Error('expected a static protocol');
  const bare = new AttrEditor(store).edit(0).set(LOCAL_ATTR.preference, 0, u32Bytes(200)).commit();
  return compiler.policy(protocol.routes[0]!.attributes!).evaluate(bare, context);
}

function here(condition: string): string {
  errors.length = 0;
  const policy = compiler.policy(programOf(`filter f { if ${condition} then accept; reject; }`));
  const verdict = policy.evaluate(attrs, context) === 0 ? 'no' : 'yes';
  return errors[0] ?? verdict;
}

const attrs = route();

const version = spawnSync('bird', ['--version'], { encoding: 'utf8' });
const installed =
  version.error === undefined && (version.stderr + version.stdout).includes('BIRD version 2.');

describe.skipIf(!installed)('BIRD 2 (skipped where `bird` is not installed)', () => {
  let directory: string;
  let bird: ChildProcess;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'catbird-filter-'));
    writeFileSync(join(directory, 'bird.conf'), CONFIG);
    const paths = [
      '-c',
      join(directory, 'bird.conf'),
      '-s',
      join(directory, 'ctl'),
      '-P',
      join(directory, 'pid'),
    ];
    bird = spawn('bird', ['-f', ...paths], { stdio: 'ignore' });
    for (let i = 0; i < 200 && !there('true').includes('yes'); i++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  });
  afterAll(() => {
    bird.kill();
    rmSync(directory, { recursive: true });
  });

  function there(condition: string): string {
    if (!existsSync(join(directory, 'ctl'))) return 'not up';
    const request = ['show', 'route', 'where', condition, 'count', 'table', 'master4'];
    const run = spawnSync('birdcl', ['-s', join(directory, 'ctl'), ...request], { encoding: 'utf8' });
    const count = /^(\d) of 1 routes/m.exec(run.stdout)?.[1];
    if (count === undefined) return run.stdout;
    return count === '1' ? 'yes' : 'no';
  }

  it.each(CONDITIONS)('%s', (condition) => {
    expect(here(condition)).toBe(there(condition));
  });

  // A leading minus would be an option of birdcl.
  it.each(EXPRESSIONS.map(([expression, printed]) => [`(${expression})`, printed] as const))(
    '%s prints %s',
    (expression, printed) => {
      const run = spawnSync('birdcl', ['-s', join(directory, 'ctl'), 'eval', expression], {
        encoding: 'utf8',
      });
      expect(run.stdout.split('\n').slice(1).join('\n').trim()).toBe(printed);
    },
  );

  /** Line and column of the first error in a filter, or what is wrong with no place at all; empty where none is. */
  function refusal(text: string): string {
    const path = join(directory, 'checked.conf');
    writeFileSync(path, text);
    const run = spawnSync('bird', ['-p', '-c', path], { encoding: 'utf8' });
    return run.status === 0 ? '' : (/checked\.conf:(\d+):/.exec(run.stderr)?.[1] ?? run.stderr);
  }

  it.each(ACCEPTED)('accepts %s', (text) => {
    expect(refusal(completed(text))).toBe('');
  });

  it.each(REFUSED)('refuses %s', (text) => {
    expect(refusal(completed(text))).toBe(String(errorOf(text)?.location.line));
  });
});

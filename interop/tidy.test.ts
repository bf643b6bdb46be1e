/** Rules that the compiler does not know: who may import whom, and what only shells may touch. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** Folders and what they may import besides themselves; files are listed where an entry point is meant. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  rib: ['base'],
  speaker: ['base', 'rib/attrs', 'rib/nlri-batch.ts'],
  reflector: ['base', 'rib', 'speaker'],
  confd: ['base'],
  mrt: ['base', 'rib', 'speaker'],
  feed: ['base', 'rib', 'speaker', 'mrt/codes.ts'],
  'birdcl-compat': ['base', 'rib', 'speaker', 'reflector'],
  'felix-lite': ['base', 'rib', 'confd'],
};

/** Compared with the source text outside `io/`; each with what to use instead. */
const BANNED: readonly [pattern: RegExp, instead: string][] = [
  [/\bDate\.now\(|\bnew Date\(\)/, 'clock.wallTime()'],
  [/\bperformance\.now\(/, 'clock.now()'],
  [/\bMath\.random\(/, 'a Random from base/random.ts'],
  [/(?<![.\w])set(Timeout|Interval|Immediate)\(/, 'clock.setTimer() or clock.soon()'],
  [/from 'node:/, 'an interface that the io/ folder implements'],
];

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

const files = sources(SRC).map((path) => ({
  path,
  name: relative(SRC, path),
  text: readFileSync(path, 'utf8'),
}));
const isShell = (name: string): boolean => /(^|\/)io\//.test(name) || !name.includes('/');
const isTest = (name: string): boolean => /\.test\.ts$|test-support|\.contract\.ts$|samples\.ts$/.test(name);
const isTool = (name: string): boolean => name === 'reflector/sim/run.ts';

function imports(text: string): string[] {
  return Array.from(text.matchAll(/from '(\.[^']+)'/g), (match) => match[1]!);
}

test('folders import only what they may', () => {
  const offences: string[] = [];
  for (const { path, name, text } of files) {
    const folder = name.split('/')[0]!;
    const allowed = MAY_IMPORT[folder];
    if (!allowed || isTest(name) || name.includes('/sim/')) continue;
    for (const target of imports(text)) {
      const to = relative(SRC, resolve(dirname(path), target));
      if (to.startsWith(`${folder}/`) || allowed.some((ok) => to === ok || to.startsWith(`${ok}/`))) continue;
      offences.push(`${name} -> ${to}`);
    }
  }
  expect(offences).toEqual([]);
});

describe('real time, randomness and input/output stay in io/', () => {
  test.each(BANNED)('%s', (pattern, instead) => {
    const offences = files
      .filter(({ name }) => !isShell(name) && !isTest(name) && !isTool(name))
      .flatMap(({ name, text }) =>
        text
          .split('\n')
          .flatMap((line, i) =>
            pattern.test(line) && !/^\s*(\*|\/\/)/.test(line) ? [`${name}:${i + 1}: use ${instead}`] : [],
          ),
      );
    expect(offences).toEqual([]);
  });
});

test('no import goes round in a circle', () => {
  const graph = new Map(
    files.map(({ path, text }) => [
      path,
      Array.from(text.matchAll(/^import (?!type)[^;]*?from '(\.[^']+)'/gms), (match) =>
        resolve(dirname(path), match[1]!),
      ),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, chain: string[]): void => {
    const at = chain.indexOf(path);
    if (at >= 0) circles.push([...chain.slice(at), path].map((step) => relative(SRC, step)).join(' -> '));
    if (at >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...chain, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  expect(circles).toEqual([]);
});

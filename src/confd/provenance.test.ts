/** Lines know the keys and the lines of templates that they come from. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import type { Provenance } from './provenance.ts';
import { traceText } from './provenance.ts';
import { madeUpKeys, madeUpTemplate } from './provenance-test-support.ts';
import type { RenderWorld } from './render.ts';
import { keysOf, renderText } from './render.ts';
import type { TemplateResource } from './resource.ts';
import type { Entry, Snapshot } from './store.ts';

const WORLD: RenderWorld = {
  sha256: () => new Uint8Array(32),
  resolveIp: () => Promise.resolve(['10.9.9.9']),
  resolveService: () => Promise.resolve([]),
  wallTime: () => 0,
  zone: () => ({ name: 'UTC', offsetMinutes: 0 }),
  environment: (name) => (name === 'NODENAME' ? 'n1' : undefined),
  fileExists: () => false,
};

function resourceOf(prefix = '/c'): TemplateResource {
  const none = { mode: undefined, uid: undefined, gid: undefined, checkCommand: '', reloadCommand: '' };
  return { path: 'a.toml', src: 't', dest: '/a', prefix, paths: [prefix], ...none };
}

/** Values by key, the first with revision 1, the next with 2, and so on. */
function snapshotOf(values: Readonly<Record<string, string>>): Snapshot {
  const entries = new Map<string, Entry>();
  let revision = 0n;
  for (const [key, value] of Object.entries(values)) entries.set(key, { value, revision: ++revision });
  return { revision, entries };
}

const trace = (text: string, snapshot: Snapshot, prefix = '/c'): Promise<Provenance> =>
  traceText({ name: 't', text }, resourceOf(prefix), snapshot, WORLD);

/** `TEXT <TEMPLATE LINE: KEYS`: values, then `?` and conditions, then `-` and what is beside. */
function shown(provenance: Provenance): string[] {
  const texts = provenance.text.split('\n');
  return Array.from({ length: provenance.lines }, (_, i) => {
    const { templateLine, keys } = provenance.originOf(i + 1)!;
    const mark = { value: '', condition: '?', beside: '-' };
    const names = keys.map(({ key, revision, role }) => `${mark[role]}${key.slice(3)}@${revision ?? 'none'}`);
    return `${texts[i]} <${templateLine}${names.length > 0 ? `: ${names.join(' ')}` : ''}`;
  });
}

const KEYS = {
  '/c/as': '64512',
  '/c/empty': '',
  '/c/mesh': '{"enabled":true}',
  '/c/peers/a': '{"ip":"10.0.0.1","as":"1"}',
  '/c/peers/b': '{"ip":"10.0.0.2","as":"2"}',
  '/c/host/n1/ip': '10.1.0.1',
  '/c/host/n2/ip': '10.1.0.2',
  '/c/host/n2/as': '64999',
  '/c/list': 'x,y',
};

describe('lines and their keys', () => {
  test.each<[name: string, template: string, lines: string[]]>([
    ['text alone', 'a\nb\n', ['a <1', 'b <2']],
    ['a value', 'as {{getv "/as"}};\nx', ['as 64512; <1: as@1', 'x <2']],
    ['through a variable', '{{$as := getv "/as"}}\nas {{$as}}', [' <1', 'as 64512 <2: as@1']],
    [
      'each element of a list of keys its own',
      '{{range gets "/peers/*"}}{{$data := json .Value}}\nneighbor {{$data.ip}} as {{$data.as}};{{end}}\n',
      [
        '  <1: ?peers/a@4'.trim().replace('<1', ' <1'),
        'neighbor 10.0.0.1 as 1; <2: peers/a@4 ?peers/b@5',
        'neighbor 10.0.0.2 as 2; <2: peers/b@5',
      ],
    ],
    ['a key that is not there', 'a {{getv "/none" "7"}}', ['a 7 <1: none@none']],
    ['a condition', '{{if exists "/as"}}yes\n{{else}}no\n{{end}}end', ['yes <1: ?as@1', 'end <3: -as@1']],
    [
      'a condition that leaves nothing',
      'a\n{{if exists "/none"}}x\n{{end}}end',
      ['a <1', 'end <3: -none@none'],
    ],
    ['a folder that is there', '{{if ls "/peers"}}some{{end}}', ['some <1: ?peers/@5']],
    ['names of folders', '{{range lsdir "/host"}}{{.}}\n{{end}}', ['n1 <1: host/n1/@6', 'n2 <1: host/n2/@8']],
    ['names of keys', '{{range ls "/peers"}}{{.}}\n{{end}}', ['a <1: peers/a@4', 'b <1: peers/b@5']],
    [
      "Calico's mesh",
      '{{range $host := lsdir "/host"}}{{$k := printf "/host/%s/ip" .}}{{if exists $k}}{{$ip := getv $k}}{{if eq $ip "10.1.0.2"}}n {{$ip}} as {{if exists (printf "/host/%s/as" .)}}{{getv (printf "/host/%s/as" .)}}{{else}}{{getv "/as"}}{{end}};\n{{end}}{{end}}{{end}}',
      ['n 10.1.0.2 as 64999; <1: host/n2/@8 host/n2/ip@7 host/n2/as@8 -host/n1/@6 -host/n1/ip@6'],
    ],
    [
      'templates with arguments',
      '{{define "p"}}neighbor {{.ip}}\n{{end}}{{range gets "/peers/*"}}{{template "p" json .Value}}{{end}}',
      ['neighbor 10.0.0.1 <1: peers/a@4', 'neighbor 10.0.0.2 <1: peers/b@5'],
    ],
    [
      'a variable that a branch assigned, or did not',
      '{{$x := "a"}}{{if eq (getv "/as") "1"}}{{$x = "b"}}{{end}}\nx {{$x}}',
      [' <1: -as@1', 'x a <2: as@1'],
    ],
    [
      'elements of a split value',
      '{{range split (getv "/list") ","}}{{.}}\n{{end}}',
      ['x <1: list@9', 'y <1: list@9'],
    ],
    ['an element by its index', '{{(index (gets "/peers/*") 1).Key}}', ['/peers/b <1: peers/b@5 peers/@5']],
    [
      'a reversed list',
      '{{range reverse (ls "/peers")}}{{.}}\n{{end}}',
      ['b <1: peers/b@5', 'a <1: peers/a@4'],
    ],
    ['a list as a whole', '{{join (ls "/peers") " "}}', ['a b <1: peers/@5 peers/a@4 peers/b@5']],
    ['with', '{{with getv "/as"}}as {{.}}{{end}}', ['as 64512 <1: as@1']],
    [
      'break: what follows in the loop was decided there',
      '{{range split "1 2" " "}}{{if eq (getv "/as") "1"}}{{break}}{{end}}{{.}}\n{{end}}',
      ['1 <1: ?as@1 ', '2 <1: ?as@1'].map((line) => line.trim()),
    ],
    [
      'a value of several lines',
      '{{replace (getv "/list") "," "\\n" -1}}z',
      ['x <1: list@9', 'yz <1: list@9'],
    ],
    ['an empty value', 'a{{getv "/empty"}}b', ['ab <1: empty@2']],
    ['the line of the template of a text of several', 'a\n\n\nb', ['a <1', ' <2', ' <3', 'b <4']],
    ['a pipe', '{{getv "/as" | printf "%s."}}', ['64512. <1: as@1']],
    ['and, or', '{{or (getv "/empty") (getv "/as")}}', ['64512 <1: empty@2 as@1']],
  ])('%s', async (_, template, lines) => {
    expect(shown(await trace(template, snapshotOf(KEYS)))).toEqual(lines);
  });
});

test('an error names the keys that its action read', async () => {
  const { failure } = await trace('a\n{{json (getv "/as")}}', snapshotOf(KEYS));
  expect(failure?.error.message).toContain('cannot unmarshal number');
  expect(failure?.keys).toEqual([{ key: '/c/as', revision: 1n, role: 'value' }]);
  const missing = await trace('{{getv "/none"}}', snapshotOf(KEYS));
  expect(missing.failure?.keys).toEqual([{ key: '/c/none', revision: undefined, role: 'value' }]);
});

test('keys that the store does not have as they are', async () => {
  const provenance = await traceText(
    { name: 't', text: '{{getv "/as"}}' },
    resourceOf(),
    snapshotOf(KEYS),
    WORLD,
    (key) => [{ key: `/resources${key}`, revision: 99n }],
  );
  expect(provenance.originOf(1)?.keys).toEqual([{ key: '/resources/c/as', revision: 99n, role: 'value' }]);
});

test('renderings that look up hosts begin again', async () => {
  expect(shown(await trace('{{getv "/as"}} {{lookupIP "h"}}', snapshotOf(KEYS)))).toEqual([
    '64512 [10.9.9.9] <1: as@1',
  ]);
});

describe('made-up templates', () => {
  const SEEDS = 400;

  /**
   * How many lines that do not name a key have to be removed or added, at the least, to make one text the other.
   */
  function unnamedChanges(
    [a, inA]: readonly [readonly string[], readonly boolean[]],
    [b, inB]: readonly [readonly string[], readonly boolean[]],
  ): number {
    let below = new Array<number>(b.length + 1).fill(0);
    for (let j = b.length - 1; j >= 0; j--) below[j] = below[j + 1]! + (inB[j] ? 0 : 1);
    for (let i = a.length - 1; i >= 0; i--) {
      const row = new Array<number>(b.length + 1).fill(0);
      row[b.length] = below[b.length]! + (inA[i] ? 0 : 1);
      for (let j = b.length - 1; j >= 0; j--) {
        const kept = a[i] === b[j] ? below[j + 1]! : Infinity;
        row[j] = Math.min(kept, below[j]! + (inA[i] ? 0 : 1), row[j + 1]! + (inB[j] ? 0 : 1));
      }
      below = row;
    }
    return below[0]!;
  }

  test(`${SEEDS} of them: a key changes no lines but those that name it`, async () => {
    let changed = 0;
    let unchanged = 0;
    // A text that is moved to a line of its own by one branch, across another one behind it.
    let moved = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = seededRandom(seed);
      const text = madeUpTemplate(random);
      const values = madeUpKeys(random);
      const before = await trace(text, snapshotOf(values));
      const template = { name: 't', text };
      expect(before.text, text).toBe(
        await renderText(template, keysOf(resourceOf(), snapshotOf(values)), WORLD),
      );
      for (const key of Object.keys(values)) {
        const other = { ...values, [key]: values[key] === '1' ? '2' : '1' };
        const after = await trace(text, snapshotOf(other));
        const lines = (provenance: Provenance): [string[], boolean[]] => {
          const texts = provenance.text.split('\n');
          const named = texts.map(
            (_, i) => provenance.originOf(i + 1)?.keys.some((one) => one.key === key) ?? false,
          );
          return [texts, named];
        };
        const old = lines(before);
        const where = `seed ${seed}, ${key}\n${text}\n--- ${JSON.stringify(before.text)}\n+++ ${JSON.stringify(after.text)}`;
        if (before.text === after.text) unchanged++;
        else {
          changed++;
          expect(old[1].includes(true), `not named: ${where}`).toBe(true);
          const unnamed = unnamedChanges(old, lines(after));
          expect(unnamed, where).toBeLessThanOrEqual(1);
          moved += unnamed;
        }
      }
    }
    expect(moved).toBeLessThanOrEqual(2);
    expect(changed).toBeGreaterThan(500);
    expect(unchanged).toBeGreaterThan(500);
  });
});

/** What was rendered earlier is used again, and only where nothing that it depends on has changed. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import type { Random } from '../../base/random.ts';
import type { RenderWorld } from '../render.ts';
import { ReadyTemplates, renderText } from '../render.ts';
import { KeyTree } from './key-tree.ts';

/** Counts how often templates ask for variables of the environment. */
class CountingWorld implements RenderWorld {
  asked = 0;
  time = 0;

  environment(name: string): string {
    this.asked++;
    return name.toLowerCase();
  }
  wallTime(): number {
    return this.time;
  }
  zone(): { name: string; offsetMinutes: number } {
    return { name: 'UTC', offsetMinutes: 0 };
  }
  fileExists(): boolean {
    return this.time > 0;
  }
  sha256(): Uint8Array {
    return new Uint8Array(32);
  }
  resolveIp(host: string): Promise<readonly string[]> {
    return Promise.resolve([`${host}-${this.time}`]);
  }
  resolveService(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }
}

function nodes(count: number): KeyTree {
  const keys = new Map<string, string>([['/as', '65000']]);
  for (let i = 0; i < count; i++) keys.set(`/host/n${i}/ip`, `10.0.0.${i}`);
  return new KeyTree(keys);
}

/** Renders a text with some keys, then with others; says how many rounds the second rendering ran. */
async function again(
  text: string,
  changes: readonly (readonly [string, string | undefined])[],
): Promise<{ text: string; ran: number }> {
  const world = new CountingWorld();
  const ready = new ReadyTemplates();
  const template = { name: 't', text };
  const before = nodes(100);
  await renderText(template, before, world, ready);
  world.asked = 0;
  world.time = 1000;
  const after = before.with(new Map(changes));
  const rendered = await renderText(template, after, world, ready);
  const ran = world.asked;
  expect(rendered).toBe(await renderText(template, after, world));
  return { text: rendered, ran };
}

const LOOP =
  '{{range lsdir "/host"}}{{getenv "X"}} {{getv (printf "/host/%s/ip" .)}} {{getv "/as"}}\n{{end}}';

describe('rounds that are run again', () => {
  test.each<[string, string, readonly (readonly [string, string | undefined])[], number]>([
    ['none where nothing has changed', LOOP, [], 0],
    ['one whose key has', LOOP, [['/host/n7/ip', '10.9.9.9']], 1],
    ['all where a key of all has', LOOP, [['/as', '65001']], 100],
    ['a new one', LOOP, [['/host/new/ip', '10.9.9.9']], 1],
    ['none where one has gone', LOOP, [['/host/n7/ip', undefined]], 0],
    [
      'one whose element has another value',
      '{{range gets "/host/*/ip"}}{{getenv "X"}} {{.Value}}\n{{end}}',
      [['/host/n7/ip', '10.9.9.9']],
      1,
    ],
    [
      'all where a variable outside has',
      '{{$as := getv "/as"}}{{range lsdir "/host"}}{{getenv "X"}}{{$as}}{{end}}',
      [['/as', '65001']],
      100,
    ],
    [
      'those that list a folder in which something has',
      '{{range lsdir "/host"}}{{getenv "X"}}{{range ls (printf "/host/%s" .)}}{{.}} {{end}}{{end}}',
      [['/host/n7/more', 'x']],
      1,
    ],
    [
      'in a template that is called',
      `{{define "one"}}{{getenv "X"}}{{getv (printf "/host/%s/ip" .)}}{{end}}{{range lsdir "/host"}}{{template "one" .}}{{end}}`,
      [['/host/n7/ip', '10.9.9.9']],
      1,
    ],
    [
      'the inner one alone, and what is around it',
      '{{range seq 1 2}}{{getenv "X"}}{{range lsdir "/host"}}{{getenv "X"}}{{getv (printf "/host/%s/ip" .)}}{{end}}{{end}}',
      [['/host/n7/ip', '10.9.9.9']],
      // Both outer rounds; the inner ones see the same in both.
      3,
    ],
    [
      'all that assign to what is outside',
      '{{$n := 0}}{{range lsdir "/host"}}{{getenv "X"}}{{$n = add $n 1}}{{end}}{{$n}}',
      [['/as', '65001']],
      100,
    ],
    [
      'all that may end the loop',
      '{{range lsdir "/host"}}{{getenv "X"}}{{if eq . "n50"}}{{break}}{{end}}{{.}}{{end}}',
      [['/as', '65001']],
      47,
    ],
    [
      'all that look at the clock',
      '{{range lsdir "/host"}}{{getenv "X"}}{{datetime.Unix}}{{end}}',
      [['/as', '65001']],
      100,
    ],
    [
      'all that look at files',
      '{{range lsdir "/host"}}{{getenv "X"}}{{fileExists "/x"}}{{end}}',
      [['/as', '65001']],
      100,
    ],
  ])('%s', async (_, text, changes, ran) => {
    expect((await again(text, changes)).ran).toBe(ran);
  });
});

test('after a rendering that failed, everything is run', async () => {
  const world = new CountingWorld();
  const ready = new ReadyTemplates();
  const template = { name: 't', text: `${LOOP}{{getv "/needed"}}` };
  const before = nodes(10).with(new Map([['/needed', 'x']]));
  await renderText(template, before, world, ready);
  const without = before.with(new Map([['/needed', undefined]]));
  await expect(renderText(template, without, world, ready)).rejects.toThrow('key does not exist: /needed');
  world.asked = 0;
  const rendered = await renderText(template, without.with(new Map([['/needed', 'y']])), world, ready);
  expect(world.asked).toBe(10);
  expect(rendered.endsWith('y')).toBe(true);
});

test('limits count what is not run again', async () => {
  const world = new CountingWorld();
  const ready = new ReadyTemplates();
  const loop = '{{range seq 1 2300}}{{range seq 1 2300}}{{end}}{{end}}';
  const template = { name: 't', text: `${loop}{{if eq (getv "/as") "1"}}${loop}{{end}}` };
  const before = new KeyTree(new Map([['/as', '0']]));
  await renderText(template, before, world, ready);
  const more = before.with(new Map([['/as', '1']]));
  await expect(renderText(template, more, world, ready)).rejects.toThrow('loops more than');
});

/** A template made of what loops may have in them. */
function madeUp(random: Random, depth: number, variables: readonly string[]): string {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
  const key = (): string => `"/${pick(['a', 'b'])}/${pick(['1', '2', '3', '4'])}"`;
  const folder = (): string => pick(['"/a"', '"/b"', '"/"']);
  const value = (): string =>
    pick([
      '.',
      '$',
      ...variables,
      `(getv ${key()} "-")`,
      `(exists ${key()})`,
      `(print . ${key()})`,
      `(getvs "/b/*")`,
      `(len (ls ${folder()}))`,
    ]);
  let text = '';
  const own = [...variables];
  for (let i = 0, n = 1 + random.below(4); i < n; i++) {
    switch (random.below(depth > 3 ? 4 : 9)) {
      case 0:
        text += ` ${random.below(10)}`;
        break;
      case 1:
        text += `{{${value()}}}`;
        break;
      case 2:
        own.push(`$v${own.length}`);
        text += `{{${own.at(-1)} := ${value()}}}`;
        break;
      case 3:
        if (own.length > 0) text += `{{${pick(own)} = ${value()}}}`;
        break;
      case 4:
        text += `{{if ${value()}}}${madeUp(random, depth + 1, own)}{{else}}${madeUp(random, depth + 1, own)}{{end}}`;
        break;
      case 5:
        text += `{{with $w${depth} := ${value()}}}${madeUp(random, depth + 1, [...own, `$w${depth}`])}{{end}}`;
        break;
      case 6: {
        const list = pick([`gets "/a/*"`, `ls ${folder()}`, `seq 1 3`, `lsdir "/"`, `getvs "/b/*"`]);
        const names = [`$k${depth}`, `$e${depth}`].slice(random.below(3));
        const head = names.length > 0 ? `${names.join(', ')} := ${list}` : list;
        const jump =
          random.below(4) === 0 ? `{{if ${value()}}}{{${pick(['break', 'continue'])}}}{{end}}` : '';
        text += `{{range ${head}}}${jump}${madeUp(random, depth + 1, [...own, ...names])}{{else}}none{{end}}`;
        break;
      }
      default:
        text += `{{template "called" ${value()}}}`;
    }
  }
  return text;
}

test('made-up templates under made-up changes give what a new rendering gives', async () => {
  const random = seededRandom(20260);
  const world = new CountingWorld();
  let rendered = 0;
  for (let round = 0; round < 150; round++) {
    const text = `{{define "called"}}${madeUp(random, 3, [])}{{end}}${madeUp(random, 0, [])}${madeUp(random, 0, [])}`;
    const template = { name: 't', text };
    const ready = new ReadyTemplates();
    let keys = new KeyTree(new Map([['/a/1', 'x']]));
    for (let change = 0; change < 12; change++) {
      const outcome = async (known?: ReadyTemplates): Promise<string> => {
        try {
          return await renderText(template, keys, world, known);
        } catch (error) {
          return (error as Error).message;
        }
      };
      const [own, fresh] = [await outcome(ready), await outcome()];
      expect(own, text).toBe(fresh);
      if (!fresh.startsWith('template:')) rendered++;
      const changes = new Map<string, string | undefined>();
      for (let i = random.below(3); i >= 0; i--) {
        const key = `/${random.below(2) ? 'a' : 'b'}/${1 + random.below(4)}`;
        changes.set(key, random.below(3) === 0 ? undefined : String(random.below(3)));
      }
      keys = keys.with(changes);
    }
  }
  // Most do not fail.
  expect(rendered).toBeGreaterThan(500);
});

/** Pipes between tables, against an oracle that follows each route on its own. */
import { describe, expect, test } from 'vitest';
import { IPV4, IPV6, type Family } from '../../base/family.ts';
import { seededRandom, type Random } from '../../base/random.ts';
import { LOCAL_ATTR } from '../attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../attrs/edit.ts';
import { AttrStore } from '../attrs/store.ts';
import { ACCEPT, NO_ATTRS, REJECT, type Policy } from '../policy.ts';
import { SourceRegistry } from '../source-registry.ts';
import { RoutingTable } from '../table.ts';
import { Pipes, type Pipe } from './pipes.ts';
import { StaticRoutes } from './static.ts';

/** Tables that are flushed by hand. */
class World {
  readonly store = new AttrStore();
  readonly sources = new SourceRegistry();
  readonly pipes = new Pipes(() => undefined);
  readonly tables: RoutingTable[] = [];
  readonly editor = new AttrEditor(this.store);

  constructor(names: readonly string[], family: Family = IPV4) {
    for (const [i, name] of names.entries()) {
      this.tables.push(
        new RoutingTable({
          name,
          number: i + 1,
          family,
          store: this.store,
          sources: this.sources,
          seconds: () => 0,
          changed: () => undefined,
        }),
      );
    }
  }

  /** Attributes that differ by `mark`. */
  attrs(mark: number): number {
    return this.editor.edit(NO_ATTRS).set(LOCAL_ATTR.preference, 0, u32Bytes(mark)).commit();
  }

  pipe(from: number, to: number, out: Policy = ACCEPT, back: Policy = ACCEPT, maxGeneration?: number): Pipe {
    const [a, b] = [this.tables[from]!, this.tables[to]!];
    return this.pipes.add({ table: a, policy: out }, { table: b, policy: back }, maxGeneration);
  }

  /** Runs until there is nothing to do; returns how many turns that took. */
  settle(rows = 1000, networks = 1000): number {
    for (let turns = 1; ; turns++) {
      if (turns > 100_000) throw new Error('pipes do not come to rest');
      let more = this.pipes.run(rows);
      for (const table of this.tables) if (table.flush(networks)) more = true;
      if (!more && this.pipes.isIdle) return turns;
    }
  }

  /** `net source mark generation` of each route of a table. */
  routes(index: number): string[] {
    const { nets, paths, firstPath, sources, store } = this.tables[index]!;
    const lines: string[] = [];
    for (let net = 1; net < nets.end; net++) {
      if (!nets.isUsed(net)) continue;
      for (let row = firstPath[net]!; row !== 0; row = paths.next[row]!) {
        const { protocol } = sources.info(paths.source[row]!);
        const steps = paths.generation[row] ?? 0;
        lines.push(`${nets.format(net)} ${protocol} ${store.preference[paths.attrs[row]!]} ${steps}`);
      }
    }
    return lines.sort();
  }

  /** What is left of everything. */
  left(): Record<string, number> {
    this.store.sweep();
    const sum = (count: (table: RoutingTable) => number): number =>
      this.tables.reduce((total, table) => total + count(table), 0);
    return {
      sets: this.store.size,
      paths: sum(({ paths }) => paths.size),
      nets: sum(({ nets }) => nets.size),
      routes: sum(({ routes }) => routes),
    };
  }
}

const NOTHING = { sets: 0, paths: 0, nets: 0, routes: 0 };

function word(net: number): Uint32Array {
  return Uint32Array.of(((10 << 24) | (net << 8)) >>> 0);
}

function policyOf(
  name: string,
  evaluate: (mark: number, net: number) => number | undefined,
  world: World,
): Policy {
  return {
    name,
    readsNetwork: true,
    readsSource: false,
    evaluate(attrs, { netWords, netAt }) {
      const mark = evaluate(world.store.preference[attrs]!, (netWords[netAt]! >>> 8) & 0xffff);
      return mark === undefined ? NO_ATTRS : world.attrs(mark);
    },
  };
}

test('all routes of a network pass, with their sources and attributes, both ways', () => {
  const world = new World(['t1', 't2']);
  const [a, b] = world.tables as [RoutingTable, RoutingTable];
  const [s, t, u] = [new StaticRoutes(a, 's'), new StaticRoutes(a, 't'), new StaticRoutes(b, 'u')];
  s.set(word(1), 24, world.attrs(200));
  t.set(word(1), 24, world.attrs(100));
  u.set(word(1), 24, world.attrs(50));
  const { out, back } = world.pipe(0, 1);
  world.settle();
  const both = (one: number, other: number): string[] =>
    [`10.0.1.0/24 s 200 ${one}`, `10.0.1.0/24 t 100 ${one}`, `10.0.1.0/24 u 50 ${other}`].sort();
  expect(world.routes(0)).toEqual(both(0, 1));
  expect(world.routes(1)).toEqual(both(1, 0));
  expect([out.routes, back.routes]).toEqual([2, 1]);
  s.remove(word(1), 24);
  world.settle();
  expect(world.routes(1)).toEqual(both(1, 0).filter((line) => !line.includes(' s ')));
});

test('a policy changes routes on their way, and takes effect for all with a new pass', () => {
  const world = new World(['t1', 't2']);
  const s = new StaticRoutes(world.tables[0]!, 's');
  for (let net = 1; net <= 3; net++) s.set(word(net), 24, world.attrs(net));
  world.settle();
  const odd = policyOf('odd', (mark, net) => (net % 2 === 1 ? mark + 10 : undefined), world);
  const { out } = world.pipe(0, 1, odd);
  world.settle();
  expect(world.routes(1)).toEqual(['10.0.1.0/24 s 11 1', '10.0.3.0/24 s 13 1']);
  expect(out.counters).toMatchObject({ updatesReceived: 3, updatesFiltered: 1, updatesAccepted: 2 });
  out.setPolicy(policyOf('even', (mark, net) => (net % 2 === 0 ? mark : undefined), world));
  s.set(word(4), 24, world.attrs(4));
  world.settle();
  expect(world.routes(1)).toEqual(['10.0.1.0/24 s 11 1', '10.0.3.0/24 s 13 1', '10.0.4.0/24 s 4 1']);
  out.refeed();
  world.settle();
  expect(world.routes(1)).toEqual(['10.0.2.0/24 s 2 1', '10.0.4.0/24 s 4 1']);
});

test('rings and parallel pipes take the shortest way, and another one when that is gone', () => {
  const world = new World(['t1', 't2', 't3']);
  const s = new StaticRoutes(world.tables[0]!, 's');
  s.set(word(1), 24, world.attrs(7));
  const add = policyOf('add', (mark) => mark + 1, world);
  world.pipe(0, 1, add, add);
  world.pipe(1, 2, add, add);
  const short = world.pipe(0, 2, add, add);
  world.settle();
  expect([world.routes(1), world.routes(2)]).toEqual([['10.0.1.0/24 s 8 1'], ['10.0.1.0/24 s 8 1']]);
  world.pipes.remove(short);
  world.settle();
  expect([world.routes(1), world.routes(2)]).toEqual([['10.0.1.0/24 s 8 1'], ['10.0.1.0/24 s 9 2']]);
  s.clear();
  world.settle();
  expect(world.left()).toEqual(NOTHING);
});

test('a route that only rings feed dies out', () => {
  const world = new World(['home', 't1', 't2', 't3']);
  const s = new StaticRoutes(world.tables[0]!, 's');
  s.set(word(1), 24, world.attrs(7));
  world.pipe(0, 1, ACCEPT, REJECT);
  for (const [from, to] of [
    [1, 2],
    [2, 3],
    [3, 1],
  ] as const)
    world.pipe(from, to, ACCEPT, REJECT);
  world.settle();
  expect(world.routes(3)).toEqual(['10.0.1.0/24 s 7 3']);
  s.clear();
  // One table at a time, so that the ring is fed by what is still on its way out.
  world.settle(1, 1);
  expect(world.left()).toEqual(NOTHING);
});

test.each([1, 2])('a route goes through %d pipes at most where that is the limit', (most) => {
  const world = new World(['t1', 't2', 't3', 't4']);
  new StaticRoutes(world.tables[0]!, 's').set(word(1), 24, world.attrs(7));
  for (let i = 0; i < 3; i++) world.pipe(i, i + 1, ACCEPT, ACCEPT, most);
  world.settle();
  expect([1, 2, 3].filter((i) => world.routes(i).length > 0)).toEqual([1, 2].slice(0, most));
});

test('a limit keeps routes out until there is room and they change', () => {
  const world = new World(['t1', 't2']);
  const s = new StaticRoutes(world.tables[0]!, 's');
  let asked = 0;
  for (let net = 1; net <= 4; net++) s.set(word(net), 24, world.attrs(1));
  world.settle();
  const { out } = world.pipes.add(
    { table: world.tables[0]!, policy: ACCEPT },
    { table: world.tables[1]!, policy: ACCEPT, limit: 2, limitHit: () => ++asked < 0 },
  );
  world.settle();
  expect([out.routes, asked, out.counters.updatesRejected]).toEqual([2, 2, 2]);
  s.remove(word(1), 24);
  s.set(word(4), 24, world.attrs(2));
  world.settle();
  expect(world.routes(1)).toEqual(['10.0.2.0/24 s 1 1', '10.0.4.0/24 s 2 1']);
});

test('IPv6 networks pass', () => {
  const world = new World(['t1', 't2'], IPV6);
  const s = new StaticRoutes(world.tables[0]!, 's');
  s.set(Uint32Array.of(0x20010db8, 0, 0, 0), 32, world.attrs(5));
  world.pipe(0, 1);
  world.settle();
  expect(world.routes(1)).toEqual(['2001:db8::/32 s 5 1']);
  s.clear();
  world.settle();
  expect(world.left()).toEqual(NOTHING);
});

test('a slice looks at no more routes than it may', () => {
  const world = new World(['t1', 't2']);
  const s = new StaticRoutes(world.tables[0]!, 's');
  for (let net = 1; net <= 1000; net++) s.set(word(net), 24, world.attrs(1));
  world.settle();
  const { out } = world.pipe(0, 1);
  world.pipes.run(100);
  expect(out.routes).toBeLessThanOrEqual(100);
  expect(out.isFeeding).toBe(true);
  world.settle();
  expect(out.routes).toBe(1000);
});

/** A pipe as the oracle knows it. */
interface Known {
  readonly pipe: Pipe;
  readonly from: number;
  readonly to: number;
  /** In the order in which they were started. */
  readonly rank: number;
  /** By direction: what a mark becomes. */
  readonly rules: [Rule, Rule];
}

type Rule = (mark: number, net: number) => number | undefined;

function randomRule(random: Random): Rule {
  const [kind, n] = [random.below(5), random.below(7) + 1];
  if (kind === 0) return () => undefined;
  if (kind === 1) return (mark, net) => (net % n === 0 ? undefined : mark);
  if (kind === 2) return (mark) => (mark % n === 1 ? undefined : (mark * 3 + n) % 60_000);
  if (kind === 3) return (mark) => (mark + n) % 60_000;
  return (mark) => mark;
}

/** Follows one route from its table, a pipe further at a time: the first to come to a table stays. */
function follow(pipes: readonly Known[], home: number, mark: number, net: number): Map<number, string> {
  const at = new Map<number, { mark: number; pipe?: Known }>([[home, { mark }]]);
  let reached = [home];
  for (let steps = 1; steps <= 16 && reached.length > 0; steps++) {
    const next: number[] = [];
    for (const pipe of pipes) {
      for (const [from, to, rule] of [
        [pipe.from, pipe.to, pipe.rules[0]],
        [pipe.to, pipe.from, pipe.rules[1]],
      ] as const) {
        const source = at.get(from);
        if (!reached.includes(from) || at.has(to) || source!.pipe === pipe) continue;
        const passed = rule(source!.mark, net);
        if (passed === undefined) continue;
        at.set(to, { mark: passed, pipe });
        next.push(to);
      }
    }
    reached = next;
  }
  return new Map([...at].map(([table, entry]) => [table, String(entry.mark)]));
}

/** Random routes, pipes and filters; what happens meanwhile happens in slices of random size. */
function play(seed: number): void {
  const random = seededRandom(seed);
  const tables = 2 + random.below(4);
  const world = new World(Array.from({ length: tables }, (_, i) => `t${i}`));
  const statics = Array.from({ length: 3 }, (_, i) => {
    const home = random.below(tables);
    return { home, name: `s${i}`, routes: new StaticRoutes(world.tables[home]!, `s${i}`) };
  });
  const marks = new Map<string, number>();
  let pipes: Known[] = [];
  let rank = 0;
  const rules = new Map<Policy, Rule>();
  const policy = (rule: Rule): Policy => {
    const made = policyOf('', rule, world);
    rules.set(made, rule);
    return made;
  };
  for (let event = 0; event < 120; event++) {
    const kind = random.below(10);
    if (kind < 6) {
      const [source, net] = [statics[random.below(3)]!, random.below(6)];
      const mark = random.below(3) === 0 ? 0 : 1 + random.below(50);
      if (mark === 0) source.routes.remove(word(net), 24);
      else source.routes.set(word(net), 24, world.attrs(mark));
      marks.set(`${source.name} ${net}`, mark);
    } else if (kind === 6 && pipes.length < 8) {
      const from = random.below(tables);
      const to = (from + 1 + random.below(tables - 1)) % tables;
      const pair: [Rule, Rule] = [randomRule(random), randomRule(random)];
      const pipe = world.pipe(from, to, policy(pair[0]), policy(pair[1]));
      pipes.push({ pipe, from, to, rank: rank++, rules: pair });
    } else if (kind === 7 && pipes.length > 0 && random.below(2) === 0) {
      const [gone] = pipes.splice(random.below(pipes.length), 1);
      world.pipes.remove(gone!.pipe);
    } else if (kind === 8 && pipes.length > 0) {
      const known = pipes[random.below(pipes.length)]!;
      const direction = random.below(2) as 0 | 1;
      known.rules[direction] = randomRule(random);
      const flow = direction === 0 ? known.pipe.out : known.pipe.back;
      flow.setPolicy(policy(known.rules[direction]));
      flow.refeed();
    } else {
      world.pipes.run(1 + random.below(20));
      world.tables[random.below(tables)]!.flush(1 + random.below(4));
      if (random.below(3) === 0) world.store.sweep();
    }
  }
  world.settle(1 + random.below(10), 1 + random.below(5));
  const expected = world.tables.map((): string[] => []);
  for (const { name, home } of statics) {
    for (let net = 0; net < 6; net++) {
      const mark = marks.get(`${name} ${net}`) ?? 0;
      if (mark === 0) continue;
      for (const [table, text] of follow(pipes, home, mark, net)) {
        expected[table]!.push(`10.0.${net}.0/24 ${name} ${text}`);
      }
    }
  }
  const found = world.tables.map((_, i) => world.routes(i).map((line) => line.replace(/ \d+$/, '')));
  expect(found).toEqual(expected.map((lines) => lines.sort()));
  for (const { pipe, from, to } of pipes) {
    const brought = (flow: number, table: number): number =>
      world.tables[table]!.paths.via.filter((via) => via === flow).length;
    expect([pipe.out.routes, pipe.back.routes]).toEqual([
      brought(pipe.out.number, to),
      brought(pipe.back.number, from),
    ]);
  }
  if (random.below(2) === 0) {
    for (const { pipe } of pipes) world.pipes.remove(pipe);
    pipes = [];
    for (const { routes } of statics) routes.clear();
  } else for (const { routes } of statics) routes.clear();
  world.settle();
  expect(world.left()).toEqual(NOTHING);
}

describe('what an oracle says of random tables, pipes and filters', () => {
  test.each(Array.from({ length: 300 }, (_, i) => i + 1))('seed %d', (seed) => {
    play(seed);
  });
});

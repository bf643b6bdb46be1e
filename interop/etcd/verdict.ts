/** Whether a storm went as it is to go, from what was seen of it. */
import { loadResources } from '../../src/confd/io/resources.ts';
import { systemWorld } from '../../src/confd/io/world.ts';
import { keysOf, renderText } from '../../src/confd/render.ts';
import type { LoadedResource } from '../../src/confd/renderings.ts';
import type { Snapshot } from '../../src/confd/store.ts';
import { loadTexts } from '../../src/rendered-start.ts';
import type { Sessions } from './fleet.ts';
import type { History } from './history.ts';
import { announcedBy, BROKEN, PEERS, PREFIX } from './subject.ts';

export interface Seen {
  readonly confdir: string;
  /** Where the text of the configuration would go. */
  readonly dest: string;
  /** Of the reflector. */
  readonly log: string;
  /** Texts that were kept as the last good one, by revision. */
  readonly applied: ReadonlyMap<bigint, string>;
  /** What another program renders at the end. */
  readonly fresh: string;
  /** Answers of the reflector at the end. */
  readonly protocols: string;
  readonly routes: readonly string[];
  readonly isRunning: boolean;
  readonly sessions: readonly Sessions[];
  /** What the store has at the end. */
  readonly keys: ReadonlyMap<string, string>;
  /** Revision of the last change. */
  readonly last: bigint;
  /** How long the configuration was behind after the last change, and may be. */
  readonly staleMs: number;
  readonly staleLimitMs: number;
  /** From each change until it was in force. */
  readonly lags: readonly number[];
}

export interface Verdict {
  readonly figures: readonly [what: string, figure: string][];
  readonly failures: readonly string[];
}

/** Part of the renderings whose keys may be unknown: a change that a member took without saying so, then compacted away. */
const MOST_UNKNOWN = 0.05;
/** Reasons of a NOTIFICATION for a neighbour that is not configured any more: Cease, Peer De-configured. */
const DECONFIGURED = '6.3';

export async function verdict(seen: Seen, history: History): Promise<Verdict> {
  const failures: string[] = [];
  const check = (isGood: boolean, failure: string): void => {
    if (!isGood) failures.push(failure);
  };
  const resources = await loadResources(
    seen.confdir,
    { prefix: '', nodeName: undefined },
    new Map(),
    () => undefined,
  );
  const [resource] = resources;

  const reconfigured = revisionsOf(seen.log, /Reconfiguring to revision (\d+)/g);
  const refused = revisionsOf(seen.log, /The rendering of revision (\d+).* is refused/g);
  let compared = 0;
  let unknown = 0;
  let removals = 0;
  let before: ReadonlySet<string> = new Set();
  const inForce = new Set([...reconfigured, ...seen.applied.keys()]);
  const all = [...new Set([...inForce, ...refused])].sort((a, b) => (a < b ? -1 : 1));
  for (const [revision, snapshot] of history.at(all)) {
    const text = seen.applied.get(revision);
    check(!text?.includes(BROKEN), `revision ${revision} was in force with a broken value`);
    if (!snapshot) {
      unknown++;
      continue;
    }
    const { rendered, problem } = await renderedOf(resource!, snapshot);
    if (inForce.has(revision)) {
      check(problem === undefined, `revision ${revision} was applied, though: ${problem}`);
      if (text !== undefined) {
        check(text === rendered, `revision ${revision} is not what its keys give`);
        compared++;
      }
      const present = new Set(
        PEERS.filter(({ name }) => snapshot.entries.has(addressKey(name))).map(({ name }) => name),
      );
      for (const name of before) if (!present.has(name)) removals++;
      before = present;
    } else check(problem !== undefined, `revision ${revision} was refused, though nothing is wrong with it`);
  }
  check(
    unknown <= all.length * MOST_UNKNOWN,
    `the keys of ${unknown} revisions that were rendered are not known`,
  );

  check(seen.isRunning, 'the reflector has ended');
  check(
    seen.staleMs <= seen.staleLimitMs,
    `the configuration was behind for ${seen.staleMs} ms after the last change`,
  );
  check(seen.applied.get(seen.last) === seen.fresh, 'the configuration is not what a fresh rendering gives');
  failures.push(...wrongProtocols(seen), ...wrongRoutes(seen));
  check(!/\bbug\b/.test(seen.log), 'the log speaks of a bug');

  let fleetingEnds = 0;
  for (const { peer, established, ends } of seen.sessions) {
    if (peer.isSteady)
      check(
        established === 1 && ends.length === 0,
        `${peer.name} was reset: ${ends.join(', ') || 'never up'}`,
      );
    else {
      const others = ends.filter((end) => end !== DECONFIGURED);
      check(others.length === 0, `${peer.name} was reset with ${others.join(', ')}`);
      fleetingEnds += ends.length;
    }
  }
  check(
    unknown > 0 || fleetingEnds <= removals,
    `${fleetingEnds} sessions ended, though neighbours were removed ${removals} times only`,
  );
  const steady = seen.sessions.filter(({ peer }) => peer.isSteady);
  return {
    failures,
    figures: [
      [
        'configurations applied',
        `${reconfigured.length}, ${compared} of those in force compared with a rendering of their revision`,
      ],
      ['revisions whose keys are not known', `${unknown} of ${all.length}`],
      ['renderings refused', `${refused.length}`],
      ['watches lost', `${seen.log.match(/Keys cannot be read: /g)?.length ?? 0}`],
      [
        'sessions never to be reset',
        `${steady.length}, of which reset ${steady.filter(({ ends }) => ends.length > 0).length}`,
      ],
      ['sessions of removed neighbours', `${fleetingEnds} ended, in ${removals} removals that were applied`],
      ['from a change until in force', lagFigures(seen.lags)],
      ['behind after the last change', `${seen.staleMs} ms (at most ${seen.staleLimitMs})`],
    ],
  };
}

/** Nets with the protocols that they are from, of an answer to `show route`. */
export function routesOf(answer: string): string[] {
  const routes: string[] = [];
  let net = '';
  for (const line of answer.split('\n')) {
    const [, first, protocol] = /^(?:1007-| )(\S+)?\s+\S+ \[(\S+)/.exec(line) ?? [];
    if (first !== undefined) net = first;
    if (protocol !== undefined) routes.push(`${net} ${protocol}`);
  }
  return routes.sort();
}

const addressKey = (name: string): string => `${PREFIX}/peers/${name}/address`;

async function renderedOf(
  { resource, template }: LoadedResource,
  snapshot: Snapshot,
): Promise<{ rendered?: string; problem?: string }> {
  try {
    const rendered = await renderText(template, keysOf(resource, snapshot), systemWorld);
    const { result } = loadTexts(new Map([[resource.dest, rendered]]), {});
    const [error] = result.errors;
    return { rendered, ...(error && { problem: error.message }) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function revisionsOf(log: string, pattern: RegExp): bigint[] {
  return Array.from(log.matchAll(pattern), ([, revision]) => BigInt(revision!));
}

function wrongProtocols({ protocols, keys }: Seen): string[] {
  const wrong: string[] = [];
  for (const { name } of PEERS) {
    const key = (field: string): string | undefined => keys.get(`${PREFIX}/peers/${name}/${field}`);
    const block = new RegExp(`^(?:1002-| )?${name} .*?(?=\\n(?:1002-)|\\n0000)`, 'ms').exec(protocols)?.[0];
    if (key('address') === undefined) {
      if (block) wrong.push(`${name} is there, and is not to be`);
      continue;
    }
    for (const text of [
      'Established',
      `Description:    ${key('description')}`,
      `Import limit:   ${key('limit')}`,
    ])
      if (!block?.includes(text)) wrong.push(`${name} is without '${text}' in 'show protocols all'`);
  }
  return wrong;
}

/** Routes that filters are to let pass, compared with those that are there. */
function wrongRoutes({ routes, keys }: Seen): string[] {
  const expected: string[] = [];
  for (const [i, { name }] of PEERS.entries()) {
    if (!keys.has(addressKey(name))) continue;
    const filter = `${PREFIX}/filters/${keys.get(`${PREFIX}/peers/${name}/filter`)}/`;
    const taken = new Set([...keys].filter(([key]) => key.startsWith(filter)).map(([, value]) => value));
    for (const network of announcedBy(i)) {
      const net = `10.0.${network}.0/24`;
      if (taken.has(net)) expected.push(`${net} ${name}`);
    }
  }
  expected.sort();
  if (expected.join('\n') === routes.join('\n')) return [];
  const missing = expected.filter((route) => !routes.includes(route));
  const extra = routes.filter((route) => !expected.includes(route));
  return [`routes are missing: ${missing.join(', ') || 'none'}; too many: ${extra.join(', ') || 'none'}`];
}

function lagFigures(lags: readonly number[]): string {
  const sorted = [...lags].sort((a, b) => a - b);
  const at = (part: number): string =>
    `${sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? 0} ms`;
  return `median ${at(0.5)}, 95 of 100 within ${at(0.95)}, the longest ${at(1)}`;
}

/** What two daemons that read the same configuration make of the same routes, filter by filter. */
import { ControlClient } from '../control-client.ts';
import { FilterGenerator } from './filter-generator.ts';

export interface Case {
  readonly config: string;
  readonly filters: readonly string[];
}

/** Static routes and filters of a seed. Functions come first; filters call them. */
export function makeCase(seed: number, filters: number, routes: number): Case {
  const generator = new FilterGenerator(seed);
  const prefixes = new Set<string>();
  while (prefixes.size < routes) prefixes.add(generator.prefix(prefixes.size));
  const names = Array.from({ length: filters }, (_, i) => `fil${i}`);
  const parts = [
    'router id 192.0.2.1;\nprotocol device {}\nprotocol static made { ipv4;\n',
    ...Array.from(prefixes, (prefix) => `  ${generator.route(prefix)}\n`),
    '}\n',
    ...Array.from({ length: Math.ceil(filters / 10) }, () => generator.function()),
    ...names.map((name) => generator.filter(name)),
  ];
  return { config: parts.join(''), filters: names };
}

/**
 * BIRD keeps a list that lost all members until the route is sent, and shows an attribute that was taken from a route which
 * has no other; Catbird does not.
 */
const NOTHING_LEFT = /^\tBGP\.((ext_|large_)?community:\s*|\w+: undefined)$/;

/** `show route all`, by prefix: the head without the time, and the attributes. */
function byPrefix(answer: string): Map<string, string> {
  const routes = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of answer.split('\n')) {
    const text = line.replace(/^(\d{4}[- ]| )/, '');
    const head = /^([0-9.]+\/\d+) +(.*)$/.exec(text);
    if (head) {
      current = [head[2]!.replace(/ \d\d:\d\d:\d\d(\.\d+)?/, '')];
      routes.set(head[1]!, current);
    } else if (/^\t/.test(text) && !NOTHING_LEFT.test(text)) current.push(text.trim().replace(/ +/g, ' '));
  }
  return new Map([...routes].map(([prefix, lines]) => [prefix, lines.join('\n')]));
}

export interface Difference {
  readonly filter: string;
  readonly prefix: string;
  /** What each daemon shows; undefined where it rejects the route. */
  readonly left: string | undefined;
  readonly right: string | undefined;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** Routes that both accept, over all filters. */
  readonly accepted: number;
}

/** Asks both daemons what each filter does to each route. */
export async function compare(
  filters: readonly string[],
  leftSocket: string,
  rightSocket: string,
  progress: (done: number) => void = () => undefined,
): Promise<Comparison> {
  const [left, right] = await Promise.all(
    [leftSocket, rightSocket].map((path) => ControlClient.connect(path)),
  );
  const differences: Difference[] = [];
  let accepted = 0;
  for (const [i, filter] of filters.entries()) {
    const command = `show route all filter ${filter}`;
    const [a, b] = (await Promise.all([left!.ask(command), right!.ask(command)])).map(byPrefix);
    for (const prefix of new Set([...a!.keys(), ...b!.keys()])) {
      const one = a!.get(prefix);
      const other = b!.get(prefix);
      if (one === other) accepted++;
      else differences.push({ filter, prefix, left: one, right: other });
    }
    progress(i + 1);
  }
  left!.close();
  right!.close();
  return { differences, accepted };
}

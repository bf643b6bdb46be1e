/** The rows of the benchmark: what the load generator plays, as its key=value arguments, or what is read. */
import { heavyFilter, largeSet, manyProtocols } from './configurations.ts';

export interface Row {
  readonly name: string;
  readonly title: string;
  /** Arguments of the load generator. Counts are divided by `--scale`. */
  readonly load: Readonly<Record<string, string | number>>;
  /** Phases whose times are reported, in order. */
  readonly phases: readonly string[];
  /** The row plays the recorded feed, and is left out where that is not at hand. */
  readonly recorded?: boolean;
  /** Daemons that need many minutes for the row, and are measured only where named by `--daemons`. */
  readonly notBy?: readonly string[];
  /** Several senders have paths to the same prefixes: a relay, which chooses none, cannot be measured. */
  readonly mixes?: boolean;
  /** One client stops reading for a while. */
  readonly stalls?: boolean;
  /** Definitions of a filter `heavy` that routes go through on their way in. */
  readonly filter?: () => string;
  /** The daemon reads this configuration twice and applies nothing (`configure check`); there is no load then. */
  readonly reads?: () => string;
  /** A client of the control socket asks this again and again from the start of the load on; see the phase `asked`. */
  readonly asks?: { readonly command: string; readonly lines: number };
  /** The daemons that speak BIRD's language, where the row needs it: others are left out. */
  readonly onlyBy?: readonly string[];
}

/** How long the stalled client of the `stall` row does not read, before `--stall-seconds` says otherwise. */
export const STALL_SECONDS = 60;

/** The phase of rows that ask: how long after the start of the load the lines had come. */
export const ASKED = 'asked';

/** So small that a client that stops reading is noticed soon. */
const SMALL_BUFFERS = {
  mode: 'table',
  prefixes: 1_000_000,
  sets: 166_667,
  clients: 10,
  'receive-buffer': 65_536,
};

const ONE_CLIENT = { mode: 'table', prefixes: 1_000_000, sets: 166_667, clients: 1 };
const BIRD_LANGUAGE = ['bird', 'catbird'];

export const ROWS: readonly Row[] = [
  {
    name: 'table',
    title: '1,000,000 prefixes, 166,667 attribute sets, 10 clients',
    load: { mode: 'table', prefixes: 1_000_000, sets: 166_667, clients: 10 },
    phases: ['announce', 'withdraw'],
    notBy: ['gobgp'],
  },
  {
    name: 'clients',
    title: '500,000 prefixes, 83,333 attribute sets, 50 clients',
    load: { mode: 'table', prefixes: 500_000, sets: 83_333, clients: 50 },
    phases: ['announce', 'withdraw'],
    notBy: ['gobgp'],
  },
  {
    name: 'feed',
    title: 'real feed of 577,706 prefixes, 10 clients',
    // The AS that the feed was recorded in: others find themselves in some of its paths and drop those as loops.
    load: { mode: 'recorded', clients: 10, as: 3856 },
    phases: ['announce', 'withdraw'],
    recorded: true,
    notBy: ['gobgp'],
  },
  {
    name: 'senders',
    title: '4 senders of the same 500,000 prefixes, 10 clients',
    load: { mode: 'table', senders: 4, prefixes: 500_000, sets: 83_333, clients: 10 },
    phases: ['announce', 'withdraw'],
    notBy: ['gobgp'],
    mixes: true,
  },
  {
    name: 'fabric500',
    title: 'fabric: 500 clients, 20 prefixes each, all to all',
    load: { mode: 'fabric', clients: 500, per: 20 },
    phases: ['announce', 'withdraw'],
    notBy: ['gobgp'],
  },
  {
    name: 'fabric1000',
    title: 'fabric: 1,000 clients, 20 prefixes each, all to all',
    load: { mode: 'fabric', clients: 1000, per: 20 },
    phases: ['announce', 'withdraw'],
    notBy: ['gobgp'],
  },
  {
    name: 'drop',
    title: '2 senders of the same 500,000 prefixes, 10 clients, then the preferred one drops',
    load: { mode: 'table', senders: 2, prefixes: 500_000, sets: 83_333, clients: 10 },
    phases: ['announce', 'drop0'],
    notBy: ['gobgp'],
    mixes: true,
  },
  {
    name: 'unstalled',
    title: '1,000,000 prefixes, 10 clients with small receive buffers',
    load: SMALL_BUFFERS,
    phases: ['announce'],
    notBy: ['gobgp'],
  },
  {
    name: 'stall',
    title: 'the same, but one client stops reading',
    stalls: true,
    load: SMALL_BUFFERS,
    phases: ['announce'],
    notBy: ['gobgp'],
  },
  {
    name: 'hold',
    title: '1,000,000 prefixes, 10 clients, hold time 9 s',
    load: { mode: 'table', prefixes: 1_000_000, sets: 166_667, clients: 10, hold: 9 },
    phases: ['announce'],
    notBy: ['gobgp'],
  },
  {
    name: 'small',
    title: '20,000 prefixes, 3,333 attribute sets, 10 clients',
    load: { mode: 'table', prefixes: 20_000, sets: 3333, clients: 10 },
    phases: ['announce', 'withdraw'],
  },
  {
    name: 'unfiltered',
    title: '1,000,000 prefixes, 1 client, no filter',
    load: ONE_CLIENT,
    phases: ['announce'],
    onlyBy: BIRD_LANGUAGE,
  },
  {
    name: 'filtered',
    title: 'the same through a filter of 20 terms, a set of 10,000 prefixes among them',
    load: ONE_CLIENT,
    phases: ['announce'],
    filter: heavyFilter,
    onlyBy: BIRD_LANGUAGE,
  },
  {
    name: 'show',
    title:
      '1,000,000 prefixes, 1 client, hold time 9 s; `show route` from the start of the load on: 2,000,000 lines',
    load: { ...ONE_CLIENT, hold: 9, settle: 12_000 },
    phases: ['announce', 'asked'],
    asks: { command: 'show route', lines: 2_000_000 },
    onlyBy: BIRD_LANGUAGE,
  },
  {
    name: 'showall',
    title:
      '1,000,000 prefixes, 1 client, hold time 9 s; `show route all` from the start on: 10,000,000 lines',
    load: { ...ONE_CLIENT, hold: 9, settle: 12_000 },
    phases: ['announce', 'asked'],
    asks: { command: 'show route all', lines: 10_000_000 },
    onlyBy: BIRD_LANGUAGE,
  },
  {
    name: 'protocols',
    title: 'reading 5,000 blocks `protocol bgp`',
    load: {},
    phases: ['first', 'again'],
    reads: () => manyProtocols(5000),
    onlyBy: BIRD_LANGUAGE,
  },
  {
    name: 'prefixset',
    title: 'reading a set of 100,000 prefixes',
    load: {},
    phases: ['first', 'again'],
    reads: () => largeSet(100_000),
    onlyBy: BIRD_LANGUAGE,
  },
];

/** The load generator's arguments for a row, its counts divided by `scale`. */
export function loadArguments(row: Row, scale: number, stallSeconds: number, feed: string): string[] {
  const scaled = new Set(['prefixes', 'sets']);
  const args = Object.entries(row.load).map(([key, value]) =>
    scaled.has(key) ? `${key}=${Math.max(1, Math.round(Number(value) / scale))}` : `${key}=${value}`,
  );
  args.push(`phases=${row.phases.filter((phase) => phase !== ASKED).join(',')}`);
  if (row.recorded) args.push(`file=${feed}`);
  // The client after the one sender stops reading shortly after the load has begun.
  if (row.stalls) args.push(`stall=1,50,${stallSeconds * 1000}`);
  return args;
}

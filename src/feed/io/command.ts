/** `catbird feed` on the real network, clock and terminal. */
import { parseArgs } from 'node:util';
import { parseIpv4 } from '../../base/ip.ts';
import { seededRandom } from '../../base/random.ts';
import { SystemClock } from '../../speaker/io/system-clock.ts';
import { TcpNetwork } from '../../speaker/io/tcp.ts';
import { Feed, NOTHING_SENT, type FeedPlan, type FeedTotals } from '../feed.ts';
import { MadeUpRoutes } from '../made-up.ts';
import { MrtSource } from '../mrt-source.ts';
import { feedOptions, sessionConfig, type FeedArguments, type FeedOptions } from '../options.ts';
import { jsonSummary, type LeftOut } from '../progress.ts';
import { FeedError, type RouteSource } from '../source.ts';
import { MrtFile } from './mrt-file.ts';
import { Terminal } from './terminal.ts';

const HELP = `Usage: catbird feed --to ADDRESS[:PORT] --as NUMBER --routes NUMBER [OPTIONS]
       catbird feed --to ADDRESS[:PORT] --as NUMBER --mrt FILE [OPTIONS]

Announces made-up or recorded routes to a neighbour over BGP, and stays until Ctrl-C so that they remain.

Session:
  --to ADDRESS[:PORT]    the neighbour (IPv6: [ADDRESS]:PORT); port 179 where none is given
  --as NUMBER            the neighbour's AS
  --local-as NUMBER      own AS (default: the neighbour's, an internal session)
  --local-address IP     connect from this address
  --router-id ID         own router ID (default: the local address if it was given, else one of 192.0.2.0/24)
  --password TEXT        TCP MD5 key

Made-up routes:
  --routes NUMBER        how many: 1.0.0.0/24, 1.0.1.0/24, …
  --ipv6                 IPv6 ones instead: 2400::/48, 2400:0:1::/48, …
  --sets NUMBER          attribute sets, all different
  --per NUMBER           or: routes per attribute set (default 6)
  --seed NUMBER          the same seed makes the same attributes (default 1)

Recorded routes:
  --mrt FILE             MRT file, plain, gzip or bzip2: TABLE_DUMP, TABLE_DUMP_V2, BGP4MP, BGP4MP_ET; - reads
                         standard input. UPDATEs are replayed as they stand, in the order of the recording.
  --peer ADDRESS         take the routes of this neighbour of the collector (default for tables: the first one with
                         the most routes; for UPDATEs: all)

Sending:
  --next-hop IP          next hop of made-up routes (default: the local address, or 192.0.2.1 on loopback);
                         recorded ones keep theirs unless this is given
  --rate NUMBER          routes a second on average (default: as fast as the neighbour takes them)
  --flap NUMBER          then withdraw and announce everything again, this many times
  --withdraw             withdraw everything before leaving
  --once                 leave when everything was sent

  --json                 print a summary as one line of JSON on standard output when everything was sent
  -h, --help             this text
`;

const OPTIONS = {
  to: { type: 'string' },
  as: { type: 'string' },
  'local-as': { type: 'string' },
  'local-address': { type: 'string' },
  'router-id': { type: 'string' },
  password: { type: 'string' },
  routes: { type: 'string' },
  sets: { type: 'string' },
  per: { type: 'string' },
  seed: { type: 'string' },
  ipv6: { type: 'boolean' },
  'next-hop': { type: 'string' },
  mrt: { type: 'string' },
  peer: { type: 'string' },
  rate: { type: 'string' },
  once: { type: 'boolean' },
  withdraw: { type: 'boolean' },
  flap: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Exit codes: all was sent; it was not; Ctrl-C came before all was sent (128 + SIGINT, as shells have it). */
const EXIT = { ok: 0, failed: 1, interrupted: 130 } as const;

/** `catbird feed`. Resolves with the exit code when the session is closed. */
export async function feedCommand(args: string[]): Promise<number> {
  const parsed = parseFeedArguments(args);
  if (typeof parsed === 'number') return parsed;
  const terminal = new Terminal(process.stderr, parsed.to);
  const json = (totals: FeedTotals, leftOut: LeftOut, error?: string): void => {
    if (parsed.json) process.stdout.write(`${jsonSummary(totals, leftOut, error)}\n`);
  };
  let feed: Feed | undefined;
  let source: RouteSource | undefined;
  try {
    const plan = await planOf(parsed, terminal);
    ({ source } = plan);
    feed = new Feed(
      {
        clock: new SystemClock(),
        network: new TcpNetwork(),
        random: seededRandom(crypto.getRandomValues(new Uint32Array(1))[0]!),
        report: (event) => {
          terminal.report(event);
          if (event.type !== 'sent') return;
          for (const [reason, count] of plan.source.leftOut) terminal.line(`left out: ${count} × ${reason}`);
          json(event.totals, plan.source.leftOut);
        },
      },
      plan,
    );
    return await runUntilSignal(feed);
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    terminal.line(`catbird: ${error.message}`);
    json(feed?.totals ?? NOTHING_SENT, source?.leftOut ?? [], error.message);
    return EXIT.failed;
  }
}

/** Ctrl-C stops the feed; before it has begun, the process. */
async function runUntilSignal(feed: Feed): Promise<number> {
  const stop = (): void => feed.stop();
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const { end } = await feed.run();
    return end === 'interrupted' ? EXIT.interrupted : EXIT.ok;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

function parseFeedArguments(args: string[]): FeedOptions | number {
  try {
    const { values } = parseArgs({ args, options: OPTIONS });
    const { help, ...rest } = values;
    if (help) {
      process.stdout.write(HELP);
      return EXIT.ok;
    }
    return feedOptions(rest satisfies FeedArguments, spareRouterId());
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`catbird: ${text}\n'catbird feed --help' explains the options.\n`);
    return EXIT.failed;
  }
}

/** One of 192.0.2.1 … 192.0.2.254, so that feeders on one machine differ as a rule. */
function spareRouterId(): number {
  return parseIpv4('192.0.2.0')! + 1 + (process.pid % 254);
}

async function planOf(options: FeedOptions, terminal: Terminal): Promise<FeedPlan> {
  const { routes, nextHop, rate, flaps, once, withdraw } = options;
  const rest = { nextHop, rate, flaps, once, withdraw };
  if ('madeUp' in routes) {
    const family = { family: routes.madeUp.family.index, addPathSend: false, extendedNextHop: false };
    return { session: sessionConfig(options, [family]), source: new MadeUpRoutes(routes.madeUp), ...rest };
  }
  const file = await MrtFile.open(routes.mrt.path);
  const source = new MrtSource(file, routes.mrt.peer, (text) => terminal.line(`catbird: ${text}`));
  const families = await source.prepare(() => terminal.reading(file));
  return { session: sessionConfig(options, families), source, ...rest };
}

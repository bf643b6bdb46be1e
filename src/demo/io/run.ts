/** `npm run demo`: a fabric in this process, and the dashboard on it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../base/random.ts';
import {
  DashboardSession,
  printDashboard,
  type DashboardSettings,
} from '../../birdcl-compat/io/dashboard.ts';
import { canDraw, terminalSettings } from '../../birdcl-compat/io/top.ts';
import { SystemClock } from '../../speaker/io/system-clock.ts';
import { TcpNetwork } from '../../speaker/io/tcp.ts';
import { demoClients, REFLECTORS, reflectorConfig } from '../fabric.ts';
import { DEMO_HELP, demoOptions, type DemoOptions } from '../options.ts';
import { DemoFeed } from './client.ts';
import { startReflector, type DemoReflector } from './reflector.ts';

const OPTIONS = {
  clients: { type: 'string' },
  seconds: { type: 'string' },
  'no-dashboard': { type: 'boolean' },
  'no-color': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const DASHBOARD_INTERVAL_MS = 1000;
const PRINTED_WIDTH = 100;

interface Fabric {
  /** Control sockets of the reflectors. */
  readonly sockets: readonly string[];
  close(): Promise<void>;
}

/** A port that is free on the first reflector's address. */
async function freePort(): Promise<number> {
  return await new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, REFLECTORS[0].address, () => {
      const address = probe.address();
      probe.close(() => {
        if (address && typeof address === 'object') done(address.port);
        else failed(new Error('there is no free port'));
      });
    });
  });
}

/** Starts everything; what was started is ended again where that fails. */
async function startFabric(count: number, folder: string): Promise<Fabric> {
  const clock = new SystemClock();
  const network = new TcpNetwork();
  const port = await freePort();
  const clients = demoClients(count);
  const reflectors: DemoReflector[] = [];
  try {
    for (const index of [0, 1] as const) {
      const { name } = REFLECTORS[index];
      const text = reflectorConfig(index, port, clients, join(folder, `${name}.log`));
      reflectors.push(await startReflector({ clock, network }, name, text, join(folder, `${name}.ctl`)));
    }
  } catch (error) {
    for (const reflector of reflectors) await reflector.close();
    throw error;
  }
  const random = seededRandom(1);
  const feeds = clients.flatMap((client) =>
    REFLECTORS.map(({ address }) => new DemoFeed({ clock, network, random }, client, `${address}:${port}`)),
  );
  const running = feeds.map((feed) => feed.run());
  return {
    sockets: reflectors.map(({ socket }) => socket),
    close: async () => {
      for (const feed of feeds) feed.stop();
      await Promise.all(running);
      for (const reflector of reflectors) await reflector.close();
    },
  };
}

function tell(text: string): void {
  process.stdout.write(text);
}

/** Without the dashboard: where to look, and at the end what was there. */
async function runPlainly(fabric: Fabric, settings: DashboardSettings, ended: Promise<void>): Promise<void> {
  const [first, second] = fabric.sockets;
  tell(`Two reflectors and their clients run. In another terminal:

  bin/catbird top -s ${first}
  bin/catbird cl -s ${second} show protocols
  birdc -s ${first} show route count

Ctrl-C ends them.
`);
  await ended;
  tell(`\n${await printDashboard(settings, PRINTED_WIDTH)}`);
}

async function runDemo(options: DemoOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'catbird-demo-'));
  // However the process ends.
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      end(undefined);
    });
  }
  const fabric = await startFabric(options.clients, folder);
  if (options.seconds !== undefined) setTimeout(() => end(undefined), options.seconds * 1000);
  const settings: DashboardSettings = {
    socket: fabric.sockets[0]!,
    restricted: false,
    intervalMs: DASHBOARD_INTERVAL_MS,
    view: 'sessions',
    ...terminalSettings(!options.colour),
  };
  try {
    if (options.dashboard && canDraw()) {
      const dashboard = new DashboardSession(settings);
      void ended.then(() => {
        dashboard.stop();
      });
      await dashboard.run();
    } else await runPlainly(fabric, settings, ended);
  } finally {
    await fabric.close();
  }
  return 0;
}

async function main(args: string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args, options: OPTIONS });
    if (values.help) {
      tell(DEMO_HELP);
      return 0;
    }
    return await runDemo(demoOptions(values));
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

// What is left are timers of daemons that are no more.
process.exit(await main(process.argv.slice(2)));

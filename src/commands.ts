/** The commands that load a configuration: `reflector` and `check`. */
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FAMILIES } from './base/family.ts';
import { formatIp } from './base/ip.ts';
import { seededRandom } from './base/random.ts';
import { formatDiagnostic } from './birdcl-compat/conf/diagnostics.ts';
import { loadFile, loadText, type LoadResult } from './birdcl-compat/conf/load.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { configFiles, hostFacts } from './birdcl-compat/io/config-files.ts';
import { DEFAULT_AS, DEFAULT_CONFIG, DEFAULT_PORT } from './confd/default-config.ts';
import { Daemon } from './daemon.ts';
import { DaemonLog } from './io/log.ts';
import { SystemClock } from './speaker/io/system-clock.ts';
import { TcpNetwork } from './speaker/io/tcp.ts';

const DEFAULT_SOCKET = './var/catbird.ctl';

const REFLECTOR_HELP = `Usage: catbird reflector [-c FILE] [-s SOCKET]

Runs the route reflector in the foreground until SIGTERM or SIGINT; SIGHUP reads the configuration again.
  -c, --config FILE   BIRD configuration; without it, an embedded one that reflects between clients on 127.0.0.0/8
  -s, --socket PATH   control socket (default ${DEFAULT_SOCKET})
  -h, --help
`;

const CHECK_HELP = `Usage: catbird check -c FILE

Parses and checks a BIRD configuration. Prints nothing and exits 0 where it is good; otherwise says what is wrong and
where, in BIRD's form, and exits 1.
`;

/** `catbird reflector`. Resolves with the exit code when the daemon has shut down. */
export async function reflectorCommand(args: string[]): Promise<number> {
  const options = {
    config: { type: 'string', short: 'c' },
    socket: { type: 'string', short: 's' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const parsed = parseOptions(() => parseArgs({ args, options }).values);
  if (typeof parsed === 'number') return parsed;
  if (parsed.help) {
    process.stdout.write(REFLECTOR_HELP);
    return 0;
  }
  const load = (): LoadResult =>
    parsed.config === undefined
      ? loadText('(embedded default)', DEFAULT_CONFIG, configFiles, hostFacts())
      : loadFile(parsed.config, configFiles, hostFacts());
  const first = load();
  report(first);
  if (!first.config) return 1;
  const log = new DaemonLog();
  log.configure(first.config.log);
  const clock = new SystemClock();
  const random = seededRandom(crypto.getRandomValues(new Uint32Array(1))[0]!);
  const daemon = new Daemon({ clock, network: new TcpNetwork(), random, log: log.write });
  try {
    await daemon.start(first.config);
  } catch (error) {
    process.stderr.write(`catbird: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  if (parsed.config === undefined) welcome();
  mkdirSync('var', { recursive: true });
  process.on('SIGHUP', () => {
    const again = load();
    report(again);
    if (!again.config) return;
    log.configure(again.config.log);
    void daemon.reconfigure(again.config);
  });
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  log.write('info', 'shutting down');
  await daemon.shutdown();
  return 0;
}

/** `catbird check`. */
export async function checkCommand(args: string[]): Promise<number> {
  const options = { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } } as const;
  const parsed = parseOptions(() => parseArgs({ args, options }).values);
  if (typeof parsed === 'number') return parsed;
  if (parsed.help || parsed.config === undefined) {
    (parsed.help ? process.stdout : process.stderr).write(CHECK_HELP);
    return parsed.help ? 0 : 1;
  }
  const result = loadFile(parsed.config, configFiles, hostFacts());
  report(result);
  return await Promise.resolve(result.config ? 0 : 1);
}

/** What `parse` returns, or the exit code where the options are wrong, which it says on standard error. */
function parseOptions<T>(parse: () => T): T | number {
  try {
    return parse();
  } catch (error) {
    process.stderr.write(`catbird: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function report(result: LoadResult): void {
  for (const diagnostic of [...result.errors, ...result.warnings]) {
    process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
  }
}

function welcome(): void {
  process.stdout.write(
    `Catbird reflects on 127.0.0.1 port ${DEFAULT_PORT}, AS ${DEFAULT_AS}, for clients on 127.0.0.0/8.\n`,
  );
}

export type { DaemonConfig };
void FAMILIES;
void formatIp;

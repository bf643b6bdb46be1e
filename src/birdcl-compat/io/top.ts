/** `catbird top`: its options, and whether there is a terminal to show it on. */
import { parseArgs } from 'node:util';
import { VIEWS } from '../dashboard/model.ts';
import { DashboardSession, printDashboard, type DashboardSettings } from './dashboard.ts';

const DEFAULT_INTERVAL_S = 2;
const INTERVAL_S = { least: 0.2, most: 3600 } as const;
const WIDTH_WITHOUT_TERMINAL = 80;

const help = (
  socket: string,
): string => `Usage: catbird top [-s SOCKET] [-r] [-i SECONDS] [--view NAME] [--no-color] [--once]

Shows what a running reflector does: sessions with rates and lag, update groups, routes, the log. '?' lists the keys.
It reads only the control socket, so it can look at BIRD as well, and over ssh: 'ssh -t HOST catbird top -s SOCKET'.
  -s, --socket PATH       the control socket (default ${socket})
  -r, --restricted        ask for a restricted connection: nothing can be changed
  -i, --interval SECONDS  between two looks at the daemon (default ${DEFAULT_INTERVAL_S})
      --view NAME         begin with ${VIEWS.join(', ')}
      --no-color          no colours; NO_COLOR in the environment says the same
      --once, --plain     print sessions (or --view groups) once as plain text and end
  -h, --help              this text

Without a terminal that it can draw on, it prints once.
`;

const OPTIONS = {
  socket: { type: 'string', short: 's' },
  restricted: { type: 'boolean', short: 'r' },
  interval: { type: 'string', short: 'i' },
  view: { type: 'string' },
  'no-color': { type: 'boolean' },
  once: { type: 'boolean' },
  plain: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What is wrong with the command line. */
class UsageError extends Error {}

function isUsage(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('ERR_PARSE_ARGS');
}

/** `catbird top`. Resolves with the exit code. */
export async function topCommand(args: string[], defaultSocket: string): Promise<number> {
  try {
    const { values } = parseArgs({ args, options: OPTIONS });
    if (values.help) {
      process.stdout.write(help(defaultSocket));
      return 0;
    }
    const settings = settingsOf(values, defaultSocket);
    if (values.once || values.plain || !canDraw()) return await printOnce(settings);
    return await showDashboard(settings);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const hint = isUsage(error) ? "'catbird top --help' explains the options.\n" : '';
    process.stderr.write(`catbird: ${text}\n${hint}`);
    return 1;
  }
}

function settingsOf(
  values: {
    readonly socket?: string | undefined;
    readonly restricted?: boolean | undefined;
    readonly interval?: string | undefined;
    readonly view?: string | undefined;
    readonly 'no-color'?: boolean | undefined;
  },
  defaultSocket: string,
): DashboardSettings {
  const seconds = Number(values.interval ?? DEFAULT_INTERVAL_S);
  if (!(seconds >= INTERVAL_S.least && seconds <= INTERVAL_S.most)) {
    throw new UsageError(
      `--interval takes ${INTERVAL_S.least} to ${INTERVAL_S.most} seconds, not '${values.interval}'`,
    );
  }
  const view = VIEWS.find((name) => name === (values.view ?? 'sessions'));
  if (!view) throw new UsageError(`--view is one of ${VIEWS.join(', ')}, not '${values.view}'`);
  return {
    socket: values.socket ?? defaultSocket,
    restricted: values.restricted ?? false,
    intervalMs: seconds * 1000,
    view,
    ...terminalSettings(values['no-color'] ?? false),
  };
}

/** What the environment says about the terminal. */
export function terminalSettings(noColour: boolean): Pick<DashboardSettings, 'colour' | 'unicode'> {
  const { env } = process;
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((text) => text !== undefined && text !== '') ?? '';
  return {
    // https://no-color.org
    colour: !noColour && (env.NO_COLOR ?? '') === '',
    unicode: /utf-?8/i.test(locale),
  };
}

/** Whether there is a terminal that takes cursor movements. */
export function canDraw(): boolean {
  const { TERM = 'dumb' } = process.env;
  return process.stdin.isTTY && process.stdout.isTTY && TERM !== 'dumb' && TERM !== '';
}

async function printOnce(settings: DashboardSettings): Promise<number> {
  if (settings.view === 'routes' || settings.view === 'log') {
    throw new UsageError(`sessions and groups can be printed; for ${settings.view} there is 'catbird cl'`);
  }
  const width = process.stdout.columns || Number(process.env.COLUMNS) || WIDTH_WITHOUT_TERMINAL;
  process.stdout.write(await printDashboard(settings, width));
  return 0;
}

async function showDashboard(settings: DashboardSettings): Promise<number> {
  const session = new DashboardSession(settings);
  const stop = (): void => {
    session.stop();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    await session.run();
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
  // The terminal library keeps listening to keys.
  process.stdin.destroy();
  return 0;
}

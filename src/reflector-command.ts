/**
 * The command `reflector`: its options. The thread that renders begins here, and loads what it needs while the daemon is
 * loaded, which is most of a start.
 */
import { parseArgs } from 'node:util';
import {
  DEFAULT_SOCKET,
  DIALECT_HELP,
  DIALECT_OPTIONS,
  dialectChoice,
  parseOptions,
} from './configuration-options.ts';
import { RenderThread } from './confd/io/render-thread.ts';
import { parseListenAddress } from './metrics/listen-address.ts';
import {
  TEMPLATE_HELP,
  TEMPLATE_OPTIONS,
  templateSettings,
  type TemplateSettings,
} from './template-options.ts';

const REFLECTOR_HELP = `Usage: catbird reflector [-c FILE]... [-s SOCKET]... [-R] [--metrics [ADDRESS:]PORT]

Runs the route reflector in the foreground until SIGTERM or SIGINT; SIGHUP reads the configuration again.
  -c, --config FILE   BIRD configuration; without it, and without keys, one that reflects between clients on 127.0.0.0/8.
                      Given twice, both files make one configuration: bird.cfg and bird6.cfg of a node
  -s, --socket PATH[:WORD[,WORD]...]
                      control socket for birdc, birdcl and 'catbird cl' (default ${DEFAULT_SOCKET}). Words: bird1, bird2
                      or bird3, whose answers it gives; ipv4 or ipv6, to show that family alone; restrict. Without
                      words it is BIRD 2's, except that as many sockets as files of BIRD 1.6 each answer as BIRD 1.6
                      would that reads the file in its place
  --metrics [ADDRESS:]PORT
                      serve Prometheus metrics at /metrics and the state at /healthz, over HTTP, on 127.0.0.1 unless an
                      address is given; the variable CATBIRD_METRICS says the same
  -R                  take over after a restart: neighbours with graceful restart keep the routes meanwhile
${DIALECT_HELP}${TEMPLATE_HELP}
  -h, --help          this text
`;

/** `catbird reflector`. Resolves with the exit code when the daemon has shut down. */
export async function reflectorCommand(args: string[]): Promise<number> {
  const options = {
    config: { type: 'string', short: 'c', multiple: true },
    socket: { type: 'string', short: 's', multiple: true },
    ...DIALECT_OPTIONS,
    ...TEMPLATE_OPTIONS,
    recover: { type: 'boolean', short: 'R' },
    metrics: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const parsed = parseOptions(() => parseArgs({ args, options }).values);
  if (typeof parsed === 'number') return parsed;
  if (parsed.help) {
    process.stdout.write(REFLECTOR_HELP);
    return 0;
  }
  const choice = dialectChoice(parsed);
  if (typeof choice === 'number') return choice;
  const wanted = parsed.metrics ?? process.env['CATBIRD_METRICS'];
  const metrics = wanted ? parseListenAddress(wanted) : undefined;
  if (wanted && !metrics) {
    process.stderr.write(
      `catbird: metrics are served at ADDRESS:PORT, [IPV6]:PORT or PORT, not at '${wanted}'\n`,
    );
    return 1;
  }
  let templates: TemplateSettings | undefined;
  try {
    templates = templateSettings(parsed, (name) => process.env[name]);
  } catch (error) {
    process.stderr.write(`catbird: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  const thread = templates && new RenderThread(templates);
  const { runReflector } = await import('./reflector-daemon.ts');
  return await runReflector({
    paths: parsed.config ?? [templates!.label],
    ...(templates && thread && { templates: { settings: templates, thread } }),
    choice,
    socketPaths: parsed.socket ?? [DEFAULT_SOCKET],
    recover: parsed.recover ?? false,
    metricsAt: metrics,
  });
}

/** One reflector of the demo: a whole daemon with its control socket, in this process. */
import { seededRandom } from '../../base/random.ts';
import { parseSocketSpec, DEFAULT_DIALECT } from '../../birdcl-compat/cli/dialect.ts';
import { loadText, type LoadResult } from '../../birdcl-compat/conf/load.ts';
import { configFiles, hostFacts } from '../../birdcl-compat/io/config-files.ts';
import { ControlSockets } from '../../birdcl-compat/io/control-sockets.ts';
import { Daemon } from '../../daemon.ts';
import { ControlView } from '../../daemon-view.ts';
import { DaemonLog } from '../../io/log.ts';
import { recordFiles } from '../../mrt/io/record-files.ts';
import type { Clock } from '../../base/clock.ts';
import type { Network } from '../../speaker/transport.ts';

export interface DemoReflector {
  readonly socket: string;
  /** Ends sessions and takes the socket away. */
  close(): Promise<void>;
}

/** Rejects where an address cannot be bound or the socket not be made. */
export async function startReflector(
  env: { readonly clock: Clock; readonly network: Network },
  name: string,
  text: string,
  socket: string,
): Promise<DemoReflector> {
  const { clock, network } = env;
  const load = (): LoadResult => loadText(`${name}.conf`, text, configFiles, hostFacts());
  const { config, errors } = load();
  if (!config) throw new Error(`the demo's configuration is wrong: ${errors[0]?.message ?? ''}`);
  const log = new DaemonLog();
  log.configure(config);
  const random = seededRandom(crypto.getRandomValues(new Uint32Array(1))[0]!);
  const daemon = new Daemon({ clock, network, random, recordFiles, log: log.write });
  const view = new ControlView({
    daemon,
    clock,
    hostname: name,
    path: `${name}.conf`,
    load,
    watchLog: (classes, line) => log.watch(classes, line),
    residentBytes: () => process.memoryUsage.rss(),
    configured: () => undefined,
    // 'down' ends this reflector; the rest of the demo goes on.
    shutdown: (graceful) => void daemon.shutdown(graceful),
    log: log.write,
  });
  const sockets = new ControlSockets(view, () => undefined);
  await sockets.open(parseSocketSpec(socket, DEFAULT_DIALECT));
  try {
    await daemon.start(config);
  } catch (error) {
    sockets.close();
    throw error;
  }
  return {
    socket,
    close: async () => {
      await daemon.shutdown(false);
      sockets.close();
    },
  };
}

/**
 * Answers to a made-up client before the first real one. Somebody who looks at thousands of sessions for the first time
 * since a start does not wait for the run-time compiler.
 */
import { NO_PAUSE, STOPPED_CLOCK } from './base/clock.ts';
import { seededRandom } from './base/random.ts';
import { Commands } from './birdcl-compat/cli/commands.ts';
import { CliSession } from './birdcl-compat/cli/protocol.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { ControlView } from './daemon-view.ts';
import { Daemon } from './daemon.ts';

/** Found by measuring: more gains little. */
const ROUNDS = 8;

const nothing = (): void => undefined;

/**
 * Asks a daemon of its own about the protocols of a configuration, in less than 0.1 s.
 * @param config of protocols that connect to nobody
 * @param pause lets other work be done in between
 * @returns characters that were answered
 */
export async function rehearseAnswers(config: DaemonConfig, pause = NO_PAUSE): Promise<number> {
  const daemon = new Daemon({
    clock: STOPPED_CLOCK,
    network: {
      listen: ({ local }) =>
        Promise.resolve({ local, setPeer: nothing, removePeer: nothing, close: nothing }),
      connect: () => ({ cancel: nothing }),
    },
    random: seededRandom(1),
    log: nothing,
  });
  await daemon.start(config);
  const view = new ControlView({
    daemon,
    clock: STOPPED_CLOCK,
    hostname: '',
    path: '',
    load: () => ({ errors: [], warnings: [], dialects: [] }),
    watchLog: () => nothing,
    residentBytes: () => 0,
    configured: nothing,
    shutdown: nothing,
    log: nothing,
  });
  let written = 0;
  const later: (() => void)[] = [];
  const client = new CliSession(
    {
      write: (text) => {
        written += text.length;
        return true;
      },
      soon: (run) => void later.push(run),
      pause: nothing,
      resume: nothing,
    },
    new Commands(view, nothing),
  );
  for (let round = 0; round < ROUNDS; round++) {
    client.received('show protocols\n');
    while (later.length > 0) {
      later.shift()!();
      await pause();
    }
    await pause();
  }
  client.closed();
  await daemon.shutdown();
  return written;
}

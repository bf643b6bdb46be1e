/** Helpers of the tests of the daemon. */
import { Commands } from './birdcl-compat/cli/commands.ts';
import { load } from './birdcl-compat/conf/test-support.ts';
import type { Clock } from './base/clock.ts';
import type { Daemon } from './daemon.ts';
import { ControlView, type DaemonViewOptions } from './daemon-view.ts';
import { oneLine } from './birdcl-compat/conf/diagnostics.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';

/** The configuration that a text is. Throws an error that says what is wrong with it. */
export function configOf(text: string): DaemonConfig {
  const { config, errors } = load(text);
  if (!config) throw new Error(errors.map(oneLine).join('\n'));
  return config;
}

/** A daemon as the control socket sees it. */
export function viewOf(daemon: Daemon, clock: Clock, more: Partial<DaemonViewOptions> = {}): ControlView {
  return new ControlView({
    daemon,
    clock,
    hostname: 'rr',
    path: 'bird.conf',
    load: (path) => load(path),
    watchLog: () => () => undefined,
    residentBytes: () => 0,
    configured: () => undefined,
    shutdown: () => undefined,
    log: () => undefined,
    ...more,
  });
}

/** The lines of a daemon's answer to a command of the control socket. */
export function answerOf(daemon: Daemon, clock: Clock, command: string): string[] {
  const view = viewOf(daemon, clock);
  const lines: string[] = [];
  for (const reply of new Commands(view, () => undefined).handle(command)) {
    if (reply && !(reply instanceof Promise) && !(reply.last && reply.text === '')) lines.push(reply.text);
  }
  return lines;
}

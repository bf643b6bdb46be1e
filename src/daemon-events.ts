/** What happens to sessions, as lines of the log. BIRD's `debug` of a protocol says which of its changes are told. */
import { formatIp } from './base/ip.ts';
import type { DebugFlag } from './birdcl-compat/conf/lowered.ts';
import type { LogLevel } from './daemon.ts';
import type { SessionConfig } from './speaker/config.ts';
import type { FsmState } from './speaker/fsm/state.ts';
import type { SpeakerEvent } from './speaker/speaker-event.ts';

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

/**
 * Lines for the log; none where nobody asked for them. Those of `debug` are BIRD's, and one more for each step of a
 * connection's state machine.
 * @param configOf how a session is configured, where it still is
 */
export function describeEvent(
  event: SpeakerEvent,
  hasDebug: (session: string, flag: DebugFlag) => boolean,
  configOf: (session: string) => SessionConfig | undefined,
): LogLine[] {
  const traced = (flag: DebugFlag, session: string, ...texts: string[]): LogLine[] =>
    hasDebug(session, flag) ? texts.map((text) => ({ level: 'trace', text: `${session}: ${text}` })) : [];
  switch (event.type) {
    case 'established':
      return [
        { level: 'info', text: `${event.session}: session established` },
        ...traced('events', event.session, 'BGP session established'),
      ];
    case 'ended':
      return [
        { level: 'remote', text: `${event.session}: session closed: ${event.reason}` },
        ...traced('events', event.session, 'BGP session closed'),
      ];
    case 'notificationSent':
      return [{ level: 'remote', text: `${event.session}: Error: ${event.text}` }];
    case 'notificationReceived':
      return [{ level: 'remote', text: `${event.session}: Received: ${event.text}` }];
    case 'notice':
      return [
        { level: event.level === 'warn' ? 'warning' : 'info', text: `${event.session}: ${event.text}` },
      ];
    case 'refused': {
      const { address, reason, count } = event;
      const text = `connection from ${formatIp(address)} refused: ${reason} (${count} since the last such line)`;
      return [{ level: 'auth', text }];
    }
    case 'bug':
      return [{ level: 'bug', text: `${event.session}: ${describeBug(event.cause)}` }];
    case 'phase': {
      const lines = traced('states', event.session, `State changed to ${event.phase}`);
      if (event.phase === 'start') lines.push(...traced('events', event.session, 'Started'));
      if (event.phase === 'down') lines.push(...traced('events', event.session, 'Down'));
      return lines;
    }
    case 'sessionAdded':
      return traced('states', event.session, 'Initializing');
    case 'sessionRemoved':
      return traced('states', event.session, 'Removed');
    case 'fsmState': {
      const { session, direction, from, to } = event;
      if (!hasDebug(session, 'events')) return [];
      const step = direction === 'outgoing' ? describeConnecting(from, to, configOf(session)) : undefined;
      const texts = step === undefined ? [] : [step];
      return traced('events', session, ...texts, `${direction} connection ${from} -> ${to}`);
    }
    case 'packet':
      return [{ level: 'trace', text: `${event.session}: ${event.text}` }];
    default:
      return event satisfies never;
  }
}

/** BIRD's line for a step of the connection that we open; undefined where it has none. */
function describeConnecting(
  from: FsmState,
  to: FsmState,
  config: SessionConfig | undefined,
): string | undefined {
  if (to === 'OpenSent') return 'Connected';
  if (!config || config.passive) return undefined;
  if (from === 'Idle' && to === 'Active') return `Connect delayed by ${config.connectDelayTimeS} seconds`;
  if (to !== 'Connect') return undefined;
  const local = config.localAddress ? ` from local address ${formatIp(config.localAddress)}` : '';
  return `Connecting to ${formatIp(config.remoteAddress)}${local}`;
}

/** An exception with where it came from. */
export function describeBug(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

/** What happens to sessions, as lines of the log. BIRD's `debug` of a protocol says which of its changes are told. */
import { formatIp } from './base/ip.ts';
import type { DebugFlag } from './birdcl-compat/conf/lowered.ts';
import type { LogLevel } from './daemon.ts';
import type { SpeakerEvent } from './speaker/speaker-event.ts';

/** A line for the log; undefined where nobody asked for it. */
export function describeEvent(
  event: SpeakerEvent,
  hasDebug: (session: string, flag: DebugFlag) => boolean,
): { readonly level: LogLevel; readonly text: string } | undefined {
  const traced = (flag: DebugFlag, session: string, text: string): ReturnType<typeof describeEvent> =>
    hasDebug(session, flag) ? { level: 'trace', text: `${session}: ${text}` } : undefined;
  switch (event.type) {
    case 'established':
      return { level: 'info', text: `${event.session}: session established` };
    case 'ended':
      return { level: 'remote', text: `${event.session}: session closed: ${event.reason}` };
    case 'notificationSent':
      return { level: 'remote', text: `${event.session}: Error: ${event.text}` };
    case 'notificationReceived':
      return { level: 'remote', text: `${event.session}: Received: ${event.text}` };
    case 'notice':
      return {
        level: event.level === 'warn' ? 'warning' : 'info',
        text: `${event.session}: ${event.text}`,
      };
    case 'refused': {
      const { address, reason, count } = event;
      const text = `connection from ${formatIp(address)} refused: ${reason} (${count} since the last such line)`;
      return { level: 'auth', text };
    }
    case 'bug':
      return { level: 'bug', text: `${event.session}: ${describeBug(event.cause)}` };
    case 'phase':
      return traced('states', event.session, `State changed to ${event.phase}`);
    case 'sessionAdded':
      return traced('states', event.session, 'Added');
    case 'sessionRemoved':
      return traced('states', event.session, 'Removed');
    case 'fsmState':
      return traced('events', event.session, `${event.direction} connection ${event.from} -> ${event.to}`);
    default:
      return event satisfies never;
  }
}

/** An exception with where it came from. */
export function describeBug(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

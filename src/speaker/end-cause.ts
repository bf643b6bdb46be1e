/** Why a connection or a session ended, in BIRD's words (`info` column, `Last error`). */
import { errorText, type BgpError } from './wire/errors.ts';

/** BIRD's classes of errors with the words it puts in front. */
export const CAUSE_PREFIX = {
  misc: 'Error: ',
  socket: 'Socket: ',
  received: 'Received: ',
  sent: 'BGP Error: ',
  automatic: 'Automatic shutdown: ',
  /** Stopped by hand: not shown as an error. */
  manual: '',
} as const;

export type CauseClass = keyof typeof CAUSE_PREFIX;

export interface EndCause {
  readonly class: CauseClass;
  readonly text: string;
  /** The NOTIFICATION that was sent or received, where there was one. */
  readonly error?: BgpError;
}

/** `Received: Administrative shutdown`, `Socket: Connection refused`, …; empty for a stop by hand. */
export function formatCause(cause: EndCause): string {
  return cause.class === 'manual' ? '' : CAUSE_PREFIX[cause.class] + cause.text;
}

/** The cause of a NOTIFICATION that was received or sent. */
export function notificationCause(which: 'received' | 'sent', error: BgpError): EndCause {
  return { class: which, text: errorText(error.code, error.subcode), error };
}

/** The texts of strerror, which BIRD and its users' scripts know, for what a TCP connection may meet. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ECONNABORTED: 'Software caused connection abort',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTDOWN: 'Host is down',
  EHOSTUNREACH: 'No route to host',
  ENETDOWN: 'Network is down',
  ENETUNREACH: 'Network is unreachable',
  ENODEV: 'No such device',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  ETIMEDOUT: 'Connection timed out',
};

/** The cause of a connection that broke, or that could not be made. */
export function socketCause(error: Error | undefined): EndCause {
  if (!error) return { class: 'socket', text: 'Connection closed' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { class: 'socket', text: SYSTEM_ERRORS[code] ?? error.message };
}

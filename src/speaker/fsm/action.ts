/** What the state machine asks for; `connection.ts` does it. */
import type { BgpError } from '../wire/errors.ts';

export type FsmTimer = 'connectRetry' | 'hold' | 'keepalive';

export type FsmAction =
  /** (Re)starts a timer. `seconds` is before jitter. */
  | { readonly type: 'startTimer'; readonly timer: FsmTimer; readonly seconds: number }
  | { readonly type: 'stopTimer'; readonly timer: FsmTimer }
  /** Opens a TCP connection to the neighbour. */
  | { readonly type: 'connect' }
  /** Closes the TCP connection, or gives up the attempt; what was sent before still goes out. */
  | { readonly type: 'drop' }
  | { readonly type: 'sendOpen' }
  | { readonly type: 'sendKeepalive' }
  | { readonly type: 'sendNotification'; readonly error: BgpError }
  /** The session is up. */
  | { readonly type: 'established' }
  /** RFC 4271's ConnectRetryCounter. */
  | { readonly type: 'countRetry' }
  | { readonly type: 'clearRetries' }
  /** DampPeerOscillations: the next start has to wait (BIRD `error wait time`). */
  | { readonly type: 'damp' };

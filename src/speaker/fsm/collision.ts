/** Connection collision detection (RFC 4271 section 6.8 and RFC 6286 section 2.3), over two connections of one session. */
import type { FsmState } from './state.ts';

export interface CollisionInput {
  /** Which side opened the connection on which an acceptable OPEN has just arrived. */
  readonly newConnection: 'outgoing' | 'incoming';
  /** State of the session's other connection; Idle where there is none. */
  readonly otherState: FsmState;
  readonly localRouterId: number;
  readonly remoteRouterId: number;
  readonly localAs: number;
  readonly remoteAs: number;
}

/**
 * - `keepBoth`: no collision (yet); the later OPEN of the other connection decides
 * - `stopOther`: the other one is no connection yet; the attempt is given up without a word
 * - `closeOther`, `closeNew`: that one is closed with Cease / Connection Collision Resolution
 */
export type CollisionOutcome = 'keepBoth' | 'stopOther' | 'closeOther' | 'closeNew';

/** Decides when an OPEN arrives, before its connection enters OpenConfirm. */
export function resolveCollision(input: CollisionInput): CollisionOutcome {
  switch (input.otherState) {
    case 'Idle':
    // Its OPEN has not arrived, so that the neighbour on its end is not known yet; when it arrives, this connection
    // is in OpenConfirm or further, and the collision is found there.
    case 'OpenSent':
      return 'keepBoth';
    case 'Connect':
    case 'Active':
      return 'stopOther';
    case 'OpenConfirm':
      return keepsNew(input) ? 'closeOther' : 'closeNew';
    // "Unless allowed via configuration, a connection collision with an existing BGP connection that is in the
    // Established state causes closing of the newly created connection."
    case 'Established':
      return 'closeNew';
  }
}

/** The connection that the dominant side opened is kept: the one with the higher identifier, then the higher AS. */
function keepsNew(input: CollisionInput): boolean {
  const remoteIsDominant =
    input.remoteRouterId === input.localRouterId
      ? input.remoteAs > input.localAs
      : input.remoteRouterId > input.localRouterId;
  return remoteIsDominant === (input.newConnection === 'incoming');
}

/** States of RFC 4271 section 8.2.2, in the order in which a connection goes through them. */
export const FSM_STATES = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;
export type FsmState = (typeof FSM_STATES)[number];

/** How far a state is on the way to Established: its place in `FSM_STATES`. */
export function stateRank(state: FsmState): number {
  return FSM_STATES.indexOf(state);
}

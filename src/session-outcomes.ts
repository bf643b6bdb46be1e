/** What becomes of the sessions of a running daemon when another configuration is taken over. */
import { durationText } from './birdcl-compat/dashboard/numbers.ts';
import type { PlannedOption, ProtocolChange, ReconfigurationPlan } from './daemon-plan.ts';
import type { RunningProtocol } from './running-daemon.ts';

/** `down`: it is not up, and the change does nothing about that. */
export type Outcome = 'reset' | 'ended' | 'refreshed' | 'stays' | 'starts' | 'down';

export interface SessionOutcome {
  readonly session: RunningProtocol;
  /** The protocol that the session is of: of a range, or of the same name. */
  readonly protocol: string;
  readonly outcome: Outcome;
}

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  reset: 'would be reset',
  ended: 'would end',
  refreshed: 'stays up, and would be refreshed',
  stays: 'stays up',
  starts: 'would be started',
  down: 'is down anyway',
};

/** In the order of what is to be thought about, of one session and of several. */
const SUMMARY: readonly [outcome: Outcome, one: string, several: string][] = [
  ['reset', 'session would be reset', 'sessions would be reset'],
  ['ended', 'session would end', 'sessions would end'],
  ['refreshed', 'session would be refreshed', 'sessions would be refreshed'],
  ['stays', 'session stays up', 'sessions stay up'],
  ['starts', 'session would be started', 'sessions would be started'],
  ['down', 'session is down anyway', 'sessions are down anyway'],
];

/** Outcomes of the sessions of protocols that are touched, in the order of the plan. */
export function sessionOutcomes(
  { changes, options }: ReconfigurationPlan,
  sessions: ReadonlyMap<string, readonly RunningProtocol[]>,
): SessionOutcome[] {
  const found: SessionOutcome[] = [];
  for (const [protocol, change] of changes) {
    if (change === 'added') continue;
    for (const session of sessions.get(protocol) ?? [])
      found.push({ session, protocol, outcome: outcomeOf(change, options.get(protocol) ?? [], session) });
  }
  return found;
}

function outcomeOf(
  change: Exclude<ProtocolChange, 'unchanged' | 'added'>,
  options: readonly PlannedOption[],
  { bgpState, routes }: RunningProtocol,
): Outcome {
  if (change === 'enabled') return 'starts';
  // Routes that are kept for a neighbour that restarts are something to lose.
  if (bgpState !== 'Established' && routes === 0) return 'down';
  switch (change) {
    case 'removed':
    case 'disabled':
      return 'ended';
    case 'restarted':
      return 'reset';
    case 'reconfigured':
      return options.some(({ effect }) => effect === 'refresh') ? 'refreshed' : 'stays';
  }
}

/** `session node1, Established for 3h12 with 120 routes, would be reset` */
export function outcomeLine({ session, outcome }: SessionOutcome): string {
  const { name, bgpState, state, forMs, routes } = session;
  const is = state === 'down' ? 'disabled' : (bgpState ?? state);
  const kept = bgpState === 'Established' ? '' : ' kept for its restart';
  const having =
    routes > 0 || kept === '' ? ` with ${routes} ${routes === 1 ? 'route' : 'routes'}${kept}` : '';
  return `session ${name}, ${is} for ${durationText(forMs)}${having}, ${OUTCOME_WORDS[outcome]}`;
}

/** `2 sessions would be reset, 1 session is down anyway`; empty where there are none. */
export function outcomeSummary(outcomes: readonly SessionOutcome[]): string {
  return SUMMARY.flatMap(([wanted, one, several]) => {
    const own = outcomes.filter(({ outcome }) => outcome === wanted);
    return own.length === 0 ? [] : [`${own.length} ${own.length === 1 ? one : several}`];
  }).join(', ');
}

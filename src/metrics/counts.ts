/** What the daemon counts for its metrics alone; everything else is read from where it is when somebody asks. */
import type { SpeakerEvent } from '../speaker/speaker-event.ts';
import { Histogram } from './exposition.ts';

/** Seconds. A reflector takes milliseconds; what falls out of the log's window takes seconds. */
const CONVERGENCE_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export class MetricCounts {
  readonly convergence = new Histogram(CONVERGENCE_BOUNDS);
  /** Changes of the state machine by session and state that was entered. */
  readonly stateChanges = new Map<string, Map<string, number>>();
  refusedConnections = 0;
  bugs = 0;
  reloadsApplied = 0;
  reloadsFailed = 0;
  rendersGood = 0;
  rendersBad = 0;
  /** Of the last attempt. */
  lastReloadFailed = false;

  /** Takes what happens to sessions. */
  event(event: SpeakerEvent): void {
    switch (event.type) {
      case 'fsmState': {
        const known = this.stateChanges.get(event.session) ?? new Map<string, number>();
        known.set(event.to, (known.get(event.to) ?? 0) + 1);
        this.stateChanges.set(event.session, known);
        return;
      }
      case 'sessionRemoved':
        this.stateChanges.delete(event.session);
        return;
      case 'refused':
        this.refusedConnections += event.count;
        return;
      case 'bug':
        this.bugs++;
        return;
      default:
    }
  }

  /** A rendering of templates is good, or was refused. */
  rendered(good: boolean): void {
    if (good) this.rendersGood++;
    else this.rendersBad++;
  }

  /** A configuration was read again. */
  reloaded(good: boolean): void {
    if (good) this.reloadsApplied++;
    else this.reloadsFailed++;
    this.lastReloadFailed = !good;
  }
}

/** From events of a store to applications: bursts come as one, and one is in flight at a time. */
import {
  audit,
  BehaviorSubject,
  combineLatest,
  EMPTY,
  filter,
  first,
  merge,
  mergeMap,
  Observable,
} from 'rxjs';
import type { Subscription } from 'rxjs';
import type { Clock } from '../base/clock.ts';
import type { Snapshot, StoreEvent } from './store.ts';
import { KeyView } from './store.ts';

/** How long after the first change of a burst it is applied. */
const WINDOW_MS = 20;

export interface WatchExtras {
  /** Has what is known applied once more, as soon as anything is known. */
  readonly again?: Observable<void>;
  /** Is told of all events. */
  readonly seen?: (event: StoreEvent) => void;
}

/**
 * Applies what a store tells.
 * @param apply takes all keys, and those that changed since the last call, which the first snapshot makes all; must not reject
 * @param lost is told why the store cannot be read
 */
export function applyChanges(
  events: Observable<StoreEvent>,
  clock: Clock,
  apply: (snapshot: Snapshot, changed: ReadonlySet<string>) => Promise<void>,
  lost: (reason: string) => void,
  { again = EMPTY, seen }: WatchExtras = {},
): Subscription {
  const view = new KeyView();
  let changed = new Set<string>();
  let started = false;
  const idle = new BehaviorSubject(true);
  return merge(events, again)
    .pipe(
      filter((event) => {
        if (!event) return started;
        seen?.(event);
        if (event.kind === 'lost') {
          lost(event.reason);
          return false;
        }
        const keys = view.apply(event);
        for (const key of keys) changed.add(key);
        const isFirst = !started;
        started = true;
        return isFirst || keys.length > 0;
      }),
      audit(() => combineLatest([after(clock, WINDOW_MS), idle.pipe(first((free) => free))])),
      mergeMap(async () => {
        idle.next(false);
        const batch = changed;
        changed = new Set();
        try {
          await apply(view.snapshot, batch);
        } finally {
          idle.next(true);
        }
      }),
    )
    .subscribe();
}

function after(clock: Clock, delayMs: number): Observable<true> {
  return new Observable((subscriber) => {
    const timer = clock.setTimer(delayMs, () => {
      subscriber.next(true);
      subscriber.complete();
    });
    return () => {
      timer.cancel();
    };
  });
}

/** A store without the states of a fleet: a template that reads the root would be rendered for every one of its own reports. */
import { EMPTY, mergeMap, of } from 'rxjs';
import type { Entry, Snapshot, Store } from '../store.ts';
import { isBelow } from '../store.ts';
import { STATES } from './keys.ts';

export function withoutStates(store: Store): Store {
  const concerns = (paths: readonly string[]): boolean =>
    paths.some((path) => isBelow(STATES, path) || isBelow(path, STATES));
  return {
    name: store.name,
    read: async (paths) => {
      const snapshot = await store.read(paths);
      return concerns(paths) ? seen(snapshot) : snapshot;
    },
    watch: (paths) => {
      const events = store.watch(paths);
      if (!concerns(paths)) return events;
      return events.pipe(
        mergeMap((event) => {
          if (event.kind === 'lost') return of(event);
          if (event.kind === 'snapshot') return of({ ...event, ...seen(event) });
          const changes = shown(event.changes);
          return changes.size > 0 ? of({ ...event, changes }) : EMPTY;
        }),
      );
    },
    close: () => {
      store.close();
    },
  };
}

function seen({ revision, entries }: Snapshot): Snapshot {
  return { revision, entries: shown(entries) };
}

function shown<T extends Entry | undefined>(entries: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...entries].filter(([key]) => !isBelow(key, STATES)));
}

/** Keys in the environment: `/APP/NAME` is the variable `APP_NAME`, as confd's `env` has it. */
import { NEVER, Observable, of, concat } from 'rxjs';
import type { Snapshot, Store, StoreEvent } from '../store.ts';
import { isBelow } from '../store.ts';

export class EnvironmentStore implements Store {
  readonly name = 'the environment';
  readonly #variables: Readonly<Record<string, string | undefined>>;

  constructor(variables: Readonly<Record<string, string | undefined>> = process.env) {
    this.#variables = variables;
  }

  read(paths: readonly string[]): Promise<Snapshot> {
    return Promise.resolve(this.#snapshot(paths));
  }

  /** Variables do not change while a program runs. */
  watch(paths: readonly string[]): Observable<StoreEvent> {
    return concat(of({ kind: 'snapshot' as const, ...this.#snapshot(paths) }), NEVER);
  }

  close(): void {
    // Nothing is open.
  }

  #snapshot(paths: readonly string[]): Snapshot {
    const wanted = paths.map((path) => path.toLowerCase().replaceAll('_', '/'));
    const entries = Object.entries(this.#variables).flatMap(([name, value]) => {
      const key = `/${name.toLowerCase()}`.replaceAll('_', '/');
      return value !== undefined && wanted.some((path) => isBelow(key, path))
        ? [[key, { value, revision: 1n }] as const]
        : [];
    });
    return { revision: 1n, entries: new Map(entries) };
  }
}

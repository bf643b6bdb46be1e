/** What every store that can be written to does, whatever it keeps its keys in. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Subscription } from 'rxjs';
import type { Store, StoreEvent } from './store.ts';
import { KeyView } from './store.ts';

export interface StoreUnderTest {
  readonly store: Store;
  put(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
  close(): Promise<void>;
}

/** Follows a watch, with what it knows at each moment. */
export class Follower {
  readonly events: StoreEvent[] = [];
  readonly view = new KeyView();
  readonly #subscription: Subscription;
  #waiting: (() => void)[] = [];

  constructor(store: Store, paths: readonly string[]) {
    this.#subscription = store.watch(paths).subscribe((event) => {
      this.events.push(event);
      this.view.apply(event);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  values(): Record<string, string> {
    return Object.fromEntries(
      Array.from(this.view.snapshot.entries, ([key, { value }]): [string, string] => [key, value]).sort(),
    );
  }

  /** Resolves when a condition holds after some event. */
  async until(holds: (follower: this) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((wake) => this.#waiting.push(wake));
  }

  async untilValue(key: string, value: string | undefined): Promise<void> {
    await this.until(() => this.view.snapshot.entries.get(key)?.value === value);
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }
}

export function describeStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`the store of ${name}`, () => {
    let subject: StoreUnderTest;
    const followers: Follower[] = [];
    const follow = (paths: readonly string[]): Follower => {
      const follower = new Follower(subject.store, paths);
      followers.push(follower);
      return follower;
    };
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(async () => {
      for (const follower of followers.splice(0)) follower.stop();
      subject.store.close();
      await subject.close();
    });
    const read = async (...paths: string[]): Promise<Record<string, string>> => {
      const { entries } = await subject.store.read(paths);
      return Object.fromEntries(
        Array.from(entries, ([key, { value }]): [string, string] => [key, value]).sort(),
      );
    };

    test('reads the keys below some paths, and no neighbours', async () => {
      for (const [key, value] of [
        ['/a/b', '1'],
        ['/a/c/d', '2'],
        ['/ab/x', '3'],
        ['/z', '4'],
      ] as const) {
        await subject.put(key, value);
      }
      expect(await read('/a')).toEqual({ '/a/b': '1', '/a/c/d': '2' });
      expect(await read('/a/b', '/z')).toEqual({ '/a/b': '1', '/z': '4' });
      expect(await read('/a', '/a/c')).toEqual({ '/a/b': '1', '/a/c/d': '2' });
      expect(await read('/')).toEqual({ '/a/b': '1', '/a/c/d': '2', '/ab/x': '3', '/z': '4' });
      expect(await read('/nothing')).toEqual({});
      expect(await read()).toEqual({});
    });

    test('takes values of any text', async () => {
      const value = `{"é": "日本 😀"}\n\tx`;
      await subject.put('/text', value);
      await subject.put('/empty', '');
      expect(await read('/text', '/empty')).toEqual({ '/empty': '', '/text': value });
    });

    test('revisions grow with changes, those of keys when they change', async () => {
      await subject.put('/a', '1');
      await subject.put('/b', '1');
      const before = await subject.store.read(['/']);
      await subject.put('/a', '2');
      const after = await subject.store.read(['/']);
      expect(after.revision).toBeGreaterThan(before.revision);
      expect(after.entries.get('/b')).toEqual(before.entries.get('/b'));
      expect(after.entries.get('/a')!.revision).toBeGreaterThan(before.entries.get('/a')!.revision);
    });

    test('a watch begins with a snapshot and goes on with changes', async () => {
      await subject.put('/a/x', '1');
      const follower = follow(['/a']);
      await follower.untilValue('/a/x', '1');
      await subject.put('/a/x', '2');
      await follower.untilValue('/a/x', '2');
      await subject.put('/a/y', '3');
      await follower.untilValue('/a/y', '3');
      await subject.remove('/a/x');
      await follower.untilValue('/a/x', undefined);
      expect(follower.values()).toEqual({ '/a/y': '3' });
      expect(follower.events.map(({ kind }) => kind)).toEqual(['snapshot', 'changes', 'changes', 'changes']);
      const revisions = follower.events.map((event) => (event.kind === 'lost' ? 0n : event.revision));
      expect(revisions).toEqual(revisions.toSorted((a, b) => (a < b ? -1 : 1)));
    });

    test('a watch does not tell of keys elsewhere', async () => {
      await subject.put('/a/x', '1');
      const follower = follow(['/a', '/c']);
      await follower.untilValue('/a/x', '1');
      await subject.put('/ab', 'no');
      await subject.put('/b/x', 'no');
      await subject.put('/c/x', '2');
      await follower.untilValue('/c/x', '2');
      expect(follower.values()).toEqual({ '/a/x': '1', '/c/x': '2' });
    });

    test('a watch ends in what a reading gives, whatever came between', async () => {
      const follower = follow(['/n']);
      for (let i = 0; i < 60; i++) {
        if (i % 3 === 2) await subject.remove(`/n/${i % 7}`);
        else await subject.put(`/n/${i % 7}`, String(i));
      }
      await subject.put('/n/last', 'done');
      await follower.untilValue('/n/last', 'done');
      expect(follower.values()).toEqual(await read('/n'));
    });

    test('an ended watch says nothing more', async () => {
      await subject.put('/a', '1');
      const follower = follow(['/']);
      const other = follow(['/']);
      await follower.untilValue('/a', '1');
      await other.untilValue('/a', '1');
      follower.stop();
      const { length } = follower.events;
      await subject.put('/a', '2');
      await other.untilValue('/a', '2');
      expect(follower.events).toHaveLength(length);
    });
  });
}

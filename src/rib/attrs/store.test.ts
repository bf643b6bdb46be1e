import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { ATTR, FLAG, LOCAL_ATTR } from './codes.ts';
import { AttrEditor, u32Bytes } from './edit.ts';
import { AttrStore, HAS } from './store.ts';

function storeWith(build: (editor: AttrEditor) => AttrEditor): { store: AttrStore; attrs: number } {
  const store = new AttrStore();
  return { store, attrs: build(new AttrEditor(store).edit(0)).commit() };
}

describe('interning', () => {
  test('equal attributes are one number, whatever the order they were set in', () => {
    const store = new AttrStore();
    const editor = new AttrEditor(store);
    const first = editor
      .edit(0)
      .set(ATTR.origin, FLAG.transitive, Uint8Array.of(0))
      .set(ATTR.med, FLAG.optional, u32Bytes(7))
      .commit();
    const second = editor
      .edit(0)
      .set(ATTR.med, FLAG.optional, u32Bytes(7))
      .set(ATTR.origin, FLAG.transitive, Uint8Array.of(0))
      .commit();
    expect(second).toBe(first);
    expect(store.size).toBe(1);
  });

  test('a set that differs in local attributes alone is another one', () => {
    const store = new AttrStore();
    const editor = new AttrEditor(store);
    const plain = editor.edit(0).set(ATTR.origin, FLAG.transitive, Uint8Array.of(0)).commit();
    const preferred = editor.edit(plain).set(LOCAL_ATTR.preference, 0, u32Bytes(200)).commit();
    expect(preferred).not.toBe(plain);
    expect(store.preference[plain]).toBe(100);
    expect(store.preference[preferred]).toBe(200);
    expect(store.wireLength[preferred]).toBe(store.wireLength[plain]);
  });

  test('only sets that nobody retains are swept, and their numbers come back with another generation', () => {
    const { store, attrs } = storeWith((editor) =>
      editor.set(ATTR.origin, FLAG.transitive, Uint8Array.of(1)),
    );
    store.retain(attrs);
    store.sweep();
    expect(store.size).toBe(1);
    const generation = store.generation[attrs];
    store.release(attrs);
    store.sweep();
    expect(store.size).toBe(0);
    expect(store.generation[attrs]).not.toBe(generation);
  });

  test('what decisions read stands in columns', () => {
    const { store, attrs } = storeWith((editor) =>
      editor
        .set(ATTR.origin, FLAG.transitive, Uint8Array.of(2))
        .set(ATTR.asPath, FLAG.transitive, Uint8Array.of(2, 2, 0, 0, 0, 9, 0, 0, 0, 8))
        .set(ATTR.nextHop, FLAG.transitive, Uint8Array.of(10, 0, 0, 1))
        .set(ATTR.med, FLAG.optional, u32Bytes(5))
        .set(ATTR.localPref, FLAG.transitive, u32Bytes(150))
        .set(ATTR.originatorId, FLAG.optional, u32Bytes(77))
        .set(ATTR.clusterList, FLAG.optional, Uint8Array.of(...u32Bytes(1), ...u32Bytes(2))),
    );
    expect([
      store.origin[attrs],
      store.asPathLength[attrs],
      store.neighborAs[attrs],
      store.med[attrs],
      store.localPref[attrs],
      store.originatorId[attrs],
      store.clusterListLength[attrs],
    ]).toEqual([2, 2, 9, 5, 150, 77, 2]);
    expect(store.value(attrs, ATTR.nextHop)).toEqual(Uint8Array.of(10, 0, 0, 1));
    expect(store.flags[attrs]! & HAS.communities).toBe(0);
  });

  test('values longer than 255 bytes are found', () => {
    const long = new Uint8Array(400).map((_, i) => i & 255);
    const { store, attrs } = storeWith((editor) =>
      editor
        .set(ATTR.communities, FLAG.optional | FLAG.transitive, long)
        .set(ATTR.originatorId, FLAG.optional, u32Bytes(3)),
    );
    expect(store.value(attrs, ATTR.communities)).toEqual(long);
    expect(store.value(attrs, ATTR.originatorId)).toEqual(u32Bytes(3));
    expect(store.value(attrs, ATTR.clusterList)).toBeUndefined();
  });
});

test('a store agrees with a map over any mixture of interning, retaining and releasing', () => {
  const action = fc.record({
    value: fc.uint8Array({ maxLength: 60 }),
    drop: fc.boolean(),
    sweep: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
      const store = new AttrStore();
      const held = new Map<string, number>();
      for (const { value, drop, sweep } of actions) {
        const key = value.join();
        const known = held.get(key);
        if (drop && known !== undefined) {
          store.release(known);
          held.delete(key);
        } else {
          const attrs = new AttrEditor(store).edit(0).set(200, FLAG.optional, value).commit();
          if (known === undefined) {
            store.retain(attrs);
            held.set(key, attrs);
          } else expect(attrs).toBe(known);
        }
        if (sweep) store.sweep();
      }
      store.sweep();
      expect(store.size).toBe(held.size);
      for (const [key, attrs] of held) expect(store.value(attrs, 200)!.join()).toBe(key);
    }),
  );
});

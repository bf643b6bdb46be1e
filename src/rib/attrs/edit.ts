/** Making an attribute set from another one by setting and removing attributes. */
import type { AttrStore } from './store.ts';
import { ATTR, FLAG } from './codes.ts';
import { hasCommunity } from './communities.ts';

interface Entry {
  readonly code: number;
  readonly flags: number;
  readonly value: Uint8Array;
}

/**
 * A set being changed. `edit` loads one, `set` and `remove` change it, `commit` interns the result.
 * One editor serves many edits; it is not for the path of every route, whose results policies remember.
 */
export class AttrEditor {
  readonly #store: AttrStore;
  #entries: Entry[] = [];
  #scratch = new Uint8Array(4096);

  constructor(store: AttrStore) {
    this.#store = store;
  }

  /** Starts from set `attrs`; 0 starts from nothing. */
  edit(attrs: number): this {
    this.#entries = [];
    const bytes = this.#store.bytes;
    if (attrs !== 0) {
      this.#store.forEach(attrs, (code, flags, at, length) => {
        this.#entries.push({
          code,
          flags: flags & ~FLAG.extendedLength,
          value: bytes.slice(at, at + length),
        });
      });
    }
    return this;
  }

  /** The value of an attribute as it stands now, or undefined. */
  get(code: number): Uint8Array | undefined {
    return this.#entries.find((entry) => entry.code === code)?.value;
  }

  /**
   * Sets an attribute, replacing what the set has under `code`.
   * @param flags Optional, Transitive and Partial bits; 0 for local attributes
   * @param value its canonical value; at most 65,535 bytes, 255 for local attributes
   */
  set(code: number, flags: number, value: Uint8Array): this {
    this.remove(code);
    const at = this.#entries.findIndex((entry) => entry.code > code);
    this.#entries.splice(at < 0 ? this.#entries.length : at, 0, { code, flags, value });
    return this;
  }

  remove(code: number): this {
    this.#entries = this.#entries.filter((entry) => entry.code !== code);
    return this;
  }

  /** The number of the changed set. */
  commit(): number {
    let size = 0;
    for (const entry of this.#entries) size += entry.value.length + 4;
    if (size > this.#scratch.length) this.#scratch = new Uint8Array(size * 2);
    const out = this.#scratch;
    let at = 0;
    let wireLength = 0;
    for (const { code, flags, value } of this.#entries) {
      const extended = code <= 255 && value.length > 255;
      out[at++] = extended ? flags | FLAG.extendedLength : flags;
      out[at++] = code & 255;
      if (extended) out[at++] = value.length >> 8;
      out[at++] = value.length & 255;
      out.set(value, at);
      at += value.length;
      if (code <= 255) wireLength = at;
    }
    return this.#store.intern(out, 0, at, wireLength);
  }
}

/**
 * The set with a community added, the number itself where it has it already.
 * @param editor of the store that the set is in
 */
export function withCommunity(editor: AttrEditor, attrs: number, community: number): number {
  const communities = editor.edit(attrs).get(ATTR.communities) ?? new Uint8Array(0);
  if (hasCommunity(communities, 0, communities.length, community)) return attrs;
  const value = Uint8Array.of(...communities, ...u32Bytes(community));
  return editor.set(ATTR.communities, FLAG.optional | FLAG.transitive, value).commit();
}

/** Big-endian bytes of a 32-bit value. */
export function u32Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

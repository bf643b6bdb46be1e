/**
 * Attribute sets, interned. A set is known by a number; equal sets have equal numbers, so comparing two routes'
 * attributes is comparing two integers.
 *
 * A set's identity is its canonical bytes: the wire form of its path attributes (4-octet AS numbers, ascending type
 * codes, extended length only where needed), the next hop as NEXT_HOP (IPv4) or as a type 14 entry that holds just
 * the IPv6 next hop, then attributes that stay on this box (`LOCAL_ATTR`), each `00 kind length value`.
 * What the decision process reads is parsed once per set into columns.
 *
 * Sets are counted. A set that nobody retains lives until the next `sweep`, so a number that was just made or
 * released stays good while the event that made it is handled.
 */
import { ATTR, FLAG, LOCAL_ATTR, WELL_KNOWN_COMMUNITY } from './codes.ts';
import { nextCapacity, widened, type Column } from '../../base/columns.ts';
import { asAt, asPathLength, firstAs, hasConfed } from './as-path.ts';

/** No set: the number 0 is never given out. */
export const NO_ATTRS = 0;

/** Bits of the `flags` column: which attributes a set has. */
export const HAS = {
  origin: 1,
  asPath: 2,
  nextHop: 4,
  localPref: 8,
  med: 16,
  originatorId: 32,
  clusterList: 64,
  communities: 128,
  aigp: 256,
  preference: 512,
  igpMetric: 1024,
  /** The next hop is an IPv6 address, under type 14. */
  nextHop6: 2048,
  /** Some community is a well-known one (RFC 1997). */
  wellKnownCommunity: 4096,
  /** LLGR_STALE is among the communities (RFC 9494). */
  longLivedStale: 8192,
  /** ONLY_TO_CUSTOMER (RFC 9234). */
  onlyToCustomer: 16384,
  /** AS_PATH has segments of a confederation (RFC 5065). */
  confederationPath: 32768,
} as const;

/** What RFC 4271 section 5 wants in every iBGP route, and nothing that some sessions would not accept. */
const PLAIN = HAS.origin | HAS.asPath | HAS.nextHop | HAS.localPref;
const NOT_EVERYWHERE = HAS.nextHop6 | HAS.aigp | HAS.confederationPath;

const INITIAL_SETS = 1 << 10;
const INITIAL_BYTES = 1 << 16;
/** Arena blocks are multiples of this many bytes. */
const UNIT = 16;
/** BIRD's default for routes learned by BGP. */
const BGP_PREFERENCE = 100;

export class AttrStore {
  /** The canonical bytes of all sets. Replaced when it grows: read it anew, do not keep it. */
  bytes = new Uint8Array(INITIAL_BYTES);
  /** Where a set starts in `bytes`. */
  at = new Uint32Array(INITIAL_SETS);
  /** Bytes of a set, local attributes included. */
  length = new Uint32Array(INITIAL_SETS);
  /** Bytes of its path attributes. */
  wireLength = new Uint32Array(INITIAL_SETS);
  /** Bytes of its path attributes with codes up to 8: ORIGINATOR_ID and CLUSTER_LIST belong after them. */
  headLength = new Uint16Array(INITIAL_SETS);
  /** `HAS` bits. */
  flags = new Uint16Array(INITIAL_SETS);
  origin = new Uint8Array(INITIAL_SETS);
  /** RFC 4271 section 9.1.2.2 a. */
  asPathLength = new Uint16Array(INITIAL_SETS);
  /** First AS of the path, 0 where it has none. */
  neighborAs = new Uint32Array(INITIAL_SETS);
  med = new Uint32Array(INITIAL_SETS);
  localPref = new Uint32Array(INITIAL_SETS);
  originatorId = new Uint32Array(INITIAL_SETS);
  /** Cluster IDs in CLUSTER_LIST. */
  clusterListLength = new Uint16Array(INITIAL_SETS);
  preference = new Uint16Array(INITIAL_SETS);
  /** Where the next hop's bytes start in `bytes`: 4 of them under NEXT_HOP, 16 or 32 under type 14; 0 for none. */
  nextHop = new Uint32Array(INITIAL_SETS);
  /** Length of what `valueAt` found last. */
  foundLength = 0;
  /** Goes up each time a number is given to another set: who remembers something about a set checks it. */
  generation = new Uint32Array(INITIAL_SETS);
  /** Codes of local attributes that configurations have named, by type and name; they are never given away. */
  readonly customCodes = new Map<string, number>();

  #refs = new Uint32Array(INITIAL_SETS);
  #hash = new Uint32Array(INITIAL_SETS);
  /** Bytes of the arena block a set occupies. */
  #block = new Uint32Array(INITIAL_SETS);
  #queued = new Uint8Array(INITIAL_SETS);
  #slots = new Uint32Array(INITIAL_SETS * 2);
  /** The first number to give out again, chained by `at`; 0 ends. */
  #free = 0;
  /** By block size in units: one more than where the first free block is; each holds the next one in its bytes. */
  #freeBlocks = new Uint32Array(64);
  /** Sets that were made or released to nobody since the last sweep. */
  #idle = new Uint32Array(INITIAL_SETS);
  #idleCount = 0;
  #next = 1;
  #used = 0;
  #arenaTop = 0;
  readonly #seed: number;

  /** @param seed of the hash, so that nobody outside can choose sets that collide */
  constructor(seed = 0x5bd1e995) {
    this.#seed = seed >>> 0;
  }

  /** Sets that exist now, those that await the next `sweep` included. */
  get size(): number {
    return this.#used;
  }

  /** Bytes reserved for sets and their columns. */
  get memoryBytes(): number {
    return this.bytes.byteLength + this.at.length * 57 + this.#slots.byteLength;
  }

  /** The set whose canonical bytes are `source[start, end)`, or `NO_ATTRS`. Costs a hash and a comparison. */
  find(source: Uint8Array, start: number, end: number, wireLength = end - start): number {
    const hash = this.#hashOf(source, start, end);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const attrs = this.#slots[slot]!;
      if (attrs === 0) return NO_ATTRS;
      if (this.#hash[attrs] === hash && this.#equals(attrs, source, start, end, wireLength)) return attrs;
    }
  }

  /**
   * Like `find`, for attributes as they stand in a message of an internal 4-octet session: finds only sets that
   * parsing the same bytes would give.
   */
  findReceived(source: Uint8Array, start: number, end: number): number {
    const attrs = this.find(source, start, end);
    if (attrs === NO_ATTRS) return NO_ATTRS;
    const flags = this.flags[attrs]!;
    return (flags & (PLAIN | NOT_EVERYWHERE)) === PLAIN ? attrs : NO_ATTRS;
  }

  /**
   * The number of the set with these canonical bytes, made where it does not exist.
   * @param wireLength bytes of path attributes; local attributes follow them
   */
  intern(source: Uint8Array, start: number, end: number, wireLength = end - start): number {
    const hash = this.#hashOf(source, start, end);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (; ; slot = (slot + 1) & mask) {
      const attrs = this.#slots[slot]!;
      if (attrs === 0) break;
      if (this.#hash[attrs] === hash && this.#equals(attrs, source, start, end, wireLength)) return attrs;
    }
    let attrs = this.#free;
    if (attrs !== 0) this.#free = this.at[attrs]!;
    else {
      attrs = this.#next++;
      if (attrs >= this.at.length) this.#growColumns();
    }
    this.#used++;
    this.#slots[slot] = attrs;
    const length = end - start;
    const at = this.#allocate(attrs, length);
    const bytes = this.bytes;
    for (let i = 0; i < length; i++) bytes[at + i] = source[start + i]!;
    this.at[attrs] = at;
    this.length[attrs] = length;
    this.wireLength[attrs] = wireLength;
    this.#hash[attrs] = hash;
    this.#refs[attrs] = 0;
    this.#queue(attrs);
    this.#describe(attrs);
    if (this.#used * 2 > this.#slots.length) this.#rehash(nextCapacity(this.#slots.length));
    return attrs;
  }

  retain(attrs: number): void {
    this.#refs[attrs]!++;
  }

  release(attrs: number): void {
    if (--this.#refs[attrs]! === 0 && this.#queued[attrs] === 0) this.#queue(attrs);
  }

  /** How many hold the set. */
  references(attrs: number): number {
    return this.#refs[attrs]!;
  }

  /** Sets that the next `sweep` looks at. */
  get unused(): number {
    return this.#idleCount;
  }

  /** Frees the sets that nobody retains. */
  sweep(): void {
    const idle = this.#idle;
    const count = this.#idleCount;
    for (let i = 0; i < count; i++) {
      const attrs = idle[i]!;
      this.#queued[attrs] = 0;
      if (this.#refs[attrs] === 0) this.#remove(attrs);
    }
    this.#idleCount = 0;
  }

  /**
   * Where the value of an attribute starts in `bytes`, or -1 where the set does not have it. Its length is left in
   * `foundLength`, so that looking at an attribute makes no object.
   */
  valueAt(attrs: number, code: number): number {
    const bytes = this.bytes;
    let at = this.at[attrs]!;
    if (code > 255) {
      const end = at + this.length[attrs]!;
      at += this.wireLength[attrs]!;
      for (; at < end; at += 3 + bytes[at + 2]!) {
        if (bytes[at + 1] === code - 256) {
          this.foundLength = bytes[at + 2]!;
          return at + 3;
        }
      }
      return -1;
    }
    const end = at + this.wireLength[attrs]!;
    while (at < end) {
      const extended = bytes[at]! & FLAG.extendedLength;
      const type = bytes[at + 1]!;
      if (type > code) return -1;
      const length = extended ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
      at += extended ? 4 : 3;
      if (type === code) {
        this.foundLength = length;
        return at;
      }
      at += length;
    }
    return -1;
  }

  /** The AS in ONLY_TO_CUSTOMER (RFC 9234) of a set that has it. */
  onlyToCustomer(attrs: number): number {
    return asAt(this.bytes, this.valueAt(attrs, ATTR.onlyToCustomer));
  }

  /** A copy of an attribute's value, or undefined where the set does not have it. */
  value(attrs: number, code: number): Uint8Array | undefined {
    const at = this.valueAt(attrs, code);
    return at < 0 ? undefined : this.bytes.slice(at, at + this.foundLength);
  }

  /** Calls `visit` for each attribute in the order of codes; local ones come last with codes above 255. */
  forEach(
    attrs: number,
    visit: (code: number, flags: number, valueAt: number, length: number) => void,
  ): void {
    const bytes = this.bytes;
    let at = this.at[attrs]!;
    const wireEnd = at + this.wireLength[attrs]!;
    const end = at + this.length[attrs]!;
    while (at < wireEnd) {
      const flags = bytes[at]!;
      const header = flags & FLAG.extendedLength ? 4 : 3;
      const length = flags & FLAG.extendedLength ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
      visit(bytes[at + 1]!, flags, at + header, length);
      at += header + length;
    }
    for (; at < end; at += 3 + bytes[at + 2]!) visit(256 + bytes[at + 1]!, 0, at + 3, bytes[at + 2]!);
  }

  #hashOf(source: Uint8Array, start: number, end: number): number {
    let a = this.#seed;
    let i = start;
    for (; i + 4 <= end; i += 4) {
      const word = source[i]! | (source[i + 1]! << 8) | (source[i + 2]! << 16) | (source[i + 3]! << 24);
      a = Math.imul(a ^ word, 0x9e3779b1);
      a ^= a >>> 15;
    }
    for (; i < end; i++) a = Math.imul(a ^ source[i]!, 0x9e3779b1);
    a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
    a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
    return (a ^ (a >>> 16)) >>> 0;
  }

  #equals(attrs: number, source: Uint8Array, start: number, end: number, wireLength: number): boolean {
    const length = end - start;
    if (this.length[attrs] !== length || this.wireLength[attrs] !== wireLength) return false;
    const bytes = this.bytes;
    const at = this.at[attrs]!;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== source[start + i]) return false;
    return true;
  }

  #allocate(attrs: number, length: number): number {
    const units = Math.max(1, Math.ceil(length / UNIT));
    this.#block[attrs] = units;
    const reused = units < this.#freeBlocks.length ? this.#freeBlocks[units]! : 0;
    if (reused !== 0) {
      this.#freeBlocks[units] = asAt(this.bytes, reused - 1);
      return reused - 1;
    }
    const at = this.#arenaTop;
    this.#arenaTop += units * UNIT;
    if (this.#arenaTop > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.#arenaTop));
      grown.set(this.bytes);
      this.bytes = grown;
    }
    return at;
  }

  #remove(attrs: number): void {
    this.#freeBlock(this.at[attrs]!, this.#block[attrs]!);
    this.#unlink(attrs);
    this.#used--;
    this.generation[attrs]!++;
    this.length[attrs] = 0;
    this.at[attrs] = this.#free;
    this.#free = attrs;
    if (this.#used === 0) {
      // Nothing lives in the arena: start it afresh rather than keep the holes.
      this.#arenaTop = 0;
      this.#freeBlocks.fill(0);
    }
  }

  #freeBlock(at: number, units: number): void {
    if (units >= this.#freeBlocks.length) {
      const grown = new Uint32Array(units * 2);
      grown.set(this.#freeBlocks);
      this.#freeBlocks = grown;
    }
    const next = this.#freeBlocks[units]!;
    const { bytes } = this;
    bytes[at] = next >>> 24;
    bytes[at + 1] = next >>> 16;
    bytes[at + 2] = next >>> 8;
    bytes[at + 3] = next;
    this.#freeBlocks[units] = at + 1;
  }

  #queue(attrs: number): void {
    this.#queued[attrs] = 1;
    if (this.#idleCount === this.#idle.length) {
      const grown = new Uint32Array(this.#idle.length * 2);
      grown.set(this.#idle);
      this.#idle = grown;
    }
    this.#idle[this.#idleCount++] = attrs;
  }

  /** Takes a set out of the hash table, closing the gap (linear probing needs no tombstones that way). */
  #unlink(attrs: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = this.#hash[attrs]! & mask;
    while (slots[slot] !== attrs) slot = (slot + 1) & mask;
    let gap = slot;
    for (let probe = (gap + 1) & mask; slots[probe] !== 0; probe = (probe + 1) & mask) {
      const home = this.#hash[slots[probe]!]! & mask;
      if (((probe - home) & mask) >= ((probe - gap) & mask)) {
        slots[gap] = slots[probe]!;
        gap = probe;
      }
    }
    slots[gap] = 0;
  }

  #rehash(size: number): void {
    const old = this.#slots;
    const slots = new Uint32Array(size);
    const mask = size - 1;
    for (let i = 0; i < old.length; i++) {
      const attrs = old[i]!;
      if (attrs === 0) continue;
      let slot = this.#hash[attrs]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = attrs;
    }
    this.#slots = slots;
  }

  #growColumns(): void {
    const size = nextCapacity(this.at.length);
    const grow = <T extends Column>(column: T): T => widened(column, size);
    this.at = grow(this.at);
    this.length = grow(this.length);
    this.wireLength = grow(this.wireLength);
    this.headLength = grow(this.headLength);
    this.flags = grow(this.flags);
    this.origin = grow(this.origin);
    this.asPathLength = grow(this.asPathLength);
    this.neighborAs = grow(this.neighborAs);
    this.med = grow(this.med);
    this.localPref = grow(this.localPref);
    this.originatorId = grow(this.originatorId);
    this.clusterListLength = grow(this.clusterListLength);
    this.preference = grow(this.preference);
    this.nextHop = grow(this.nextHop);
    this.generation = grow(this.generation);
    this.#refs = grow(this.#refs);
    this.#hash = grow(this.#hash);
    this.#block = grow(this.#block);
    this.#queued = grow(this.#queued);
  }

  /** Fills the columns of a new set from its bytes. */
  #describe(attrs: number): void {
    const bytes = this.bytes;
    let at = this.at[attrs]!;
    const start = at;
    const wireEnd = at + this.wireLength[attrs]!;
    let flags = 0;
    let head = 0;
    this.origin[attrs] = 0;
    this.asPathLength[attrs] = 0;
    this.neighborAs[attrs] = 0;
    this.med[attrs] = 0;
    this.localPref[attrs] = 0;
    this.originatorId[attrs] = 0;
    this.clusterListLength[attrs] = 0;
    this.preference[attrs] = BGP_PREFERENCE;
    this.nextHop[attrs] = 0;
    while (at < wireEnd) {
      const extended = bytes[at]! & FLAG.extendedLength;
      const header = extended ? 4 : 3;
      const length = extended ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
      const code = bytes[at + 1]!;
      const value = at + header;
      switch (code) {
        case ATTR.origin:
          flags |= HAS.origin;
          this.origin[attrs] = bytes[value]!;
          break;
        case ATTR.asPath:
          flags |= HAS.asPath;
          this.asPathLength[attrs] = asPathLength(bytes, value, length);
          this.neighborAs[attrs] = firstAs(bytes, value, length);
          if (hasConfed(bytes, value, length)) flags |= HAS.confederationPath;
          break;
        case ATTR.nextHop:
          flags |= HAS.nextHop;
          this.nextHop[attrs] = value;
          break;
        case ATTR.mpReach:
          flags |= HAS.nextHop6;
          this.nextHop[attrs] = value;
          break;
        case ATTR.med:
          flags |= HAS.med;
          this.med[attrs] = asAt(bytes, value);
          break;
        case ATTR.localPref:
          flags |= HAS.localPref;
          this.localPref[attrs] = asAt(bytes, value);
          break;
        case ATTR.communities:
          flags |= HAS.communities;
          for (let i = value; i < value + length; i += 4) {
            if (bytes[i] !== 0xff || bytes[i + 1] !== 0xff) continue;
            flags |= HAS.wellKnownCommunity;
            if (asAt(bytes, i) === WELL_KNOWN_COMMUNITY.llgrStale) flags |= HAS.longLivedStale;
          }
          break;
        case ATTR.originatorId:
          flags |= HAS.originatorId;
          this.originatorId[attrs] = asAt(bytes, value);
          break;
        case ATTR.clusterList:
          flags |= HAS.clusterList;
          this.clusterListLength[attrs] = length >> 2;
          break;
        case ATTR.aigp:
          flags |= HAS.aigp;
          break;
        case ATTR.onlyToCustomer:
          flags |= HAS.onlyToCustomer;
          break;
        default:
          break;
      }
      at = value + length;
      if (code <= ATTR.communities) head = at - start;
    }
    const end = start + this.length[attrs]!;
    for (; at < end; at += 3 + bytes[at + 2]!) {
      const code = 256 + bytes[at + 1]!;
      if (code === LOCAL_ATTR.preference) {
        flags |= HAS.preference;
        this.preference[attrs] = asAt(bytes, at + 3);
      } else if (code === LOCAL_ATTR.igpMetric) flags |= HAS.igpMetric;
    }
    this.headLength[attrs] = head;
    this.flags[attrs] = flags;
  }
}

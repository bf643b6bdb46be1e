/**
 * Routes of a table dump, which come one network at a time, gathered by their attributes so that an UPDATE carries
 * many. A bounded number of routes is held back at a time.
 */
import { IPV4, type Family } from '../base/family.ts';
import { ATTR, FLAG } from '../rib/attrs/codes.ts';
import type { BatchBuilder } from './batch.ts';
import { withPathId } from './nlri-field.ts';
import { recodeAttributes } from './recode.ts';
import { SKIP, type SkipReason } from './replay.ts';
import type { TableRoute } from './table-dump.ts';
import type { Target } from './target.ts';
import { readAttributes, viewMpReach, type RawAttribute } from './update-view.ts';
import { writeAnnouncements, type AttributeBlock } from './update-writer.ts';

/** Routes held back at most, unless the rate is limited. */
const MOST_HELD = 32_768;

/** Routes that came with the same bytes of attributes. */
interface Bucket {
  readonly family: Family;
  readonly as4: boolean;
  readonly attributes: Uint8Array;
  readonly nlri: Uint8Array[];
  /** Of the record of its first route. */
  readonly offset: number;
}

export class TablePacker {
  readonly #target: Target;
  readonly #out: BatchBuilder;
  readonly #skip: (reason: SkipReason, offset: number, count: number) => void;
  readonly #mostHeld: number;
  /** By hash; those with the same hash in a list. */
  #buckets = new Map<number, Bucket[]>();
  #held = 0;

  constructor(
    target: Target,
    out: BatchBuilder,
    mostRoutes: number,
    skip: (reason: SkipReason, offset: number, count: number) => void,
  ) {
    this.#target = target;
    this.#out = out;
    this.#skip = skip;
    this.#mostHeld = Math.min(MOST_HELD, mostRoutes);
  }

  /** Takes a route of the record at `offset`; its bytes are kept until the next `flush`. */
  add(route: TableRoute, offset: number): void {
    const { family, attributes, as4 } = route;
    const agreed = this.#target.families[family.index];
    if (!agreed) {
      this.#skip(SKIP.family, offset, 1);
      return;
    }
    const hash = hashOf(attributes, family.index);
    let list = this.#buckets.get(hash);
    if (!list) this.#buckets.set(hash, (list = []));
    let bucket = list.find(
      (other) => other.family === family && other.as4 === as4 && sameBytes(other.attributes, attributes),
    );
    if (!bucket) list.push((bucket = { family, as4, attributes, nlri: [], offset }));
    bucket.nlri.push(withPathId(route.nlri, agreed.addPath ? (route.pathId ?? 0) : undefined));
    if (++this.#held >= this.#mostHeld) this.flush();
  }

  /** Writes what is held back. */
  flush(): void {
    for (const list of this.#buckets.values()) for (const bucket of list) this.#write(bucket);
    this.#buckets = new Map();
    this.#held = 0;
  }

  #write({ family, as4, attributes, nlri, offset }: Bucket): void {
    const block = tableBlock(attributes, family, as4, this.#target);
    if (typeof block === 'string') {
      this.#skip(block, offset, nlri.length);
      return;
    }
    const { addPath } = this.#target.families[family.index]!;
    const { maxLength } = this.#target;
    const fits = writeAnnouncements(this.#out, family, block, joined(nlri), addPath, maxLength);
    if (!fits) this.#skip(SKIP.tooLong, offset, nlri.length);
  }
}

/** The attributes of a route in a dump as they stand in an UPDATE, or why there can be none. */
function tableBlock(
  bytes: Uint8Array,
  family: Family,
  as4: boolean,
  target: Target,
): AttributeBlock | SkipReason {
  const recorded = readAttributes(bytes, 0, bytes.length);
  if (!recorded) return SKIP.malformed;
  const mpNextHop = nextHopOf(recorded);
  const list: RawAttribute[] = recorded.filter(({ code }) => family === IPV4 || code !== ATTR.nextHop);
  const classic = family === IPV4 && (mpNextHop === undefined || mpNextHop.length === 4);
  if (classic && !list.some(({ code }) => code === ATTR.nextHop)) {
    if (!mpNextHop) return SKIP.noNextHop;
    const at = list.findIndex(({ code }) => code > ATTR.nextHop);
    const nextHop = { flags: FLAG.transitive, code: ATTR.nextHop, value: mpNextHop };
    list.splice(at < 0 ? list.length : at, 0, nextHop);
  }
  const attributes = recodeAttributes(list, as4, target);
  if (!attributes) return SKIP.malformedPath;
  if (classic) return { mpNextHop: undefined, attributes };
  if (mpNextHop?.length !== 16 && mpNextHop?.length !== 32) return SKIP.noNextHop;
  if (family === IPV4 && !target.families[family.index]!.extendedNextHop) return SKIP.extendedNextHop;
  const { forcedNextHop } = target;
  return { mpNextHop: forcedNextHop?.length === 16 ? forcedNextHop : mpNextHop, attributes };
}

/**
 * The next hop of MP_REACH_NLRI. RFC 6396 section 4.3.4 keeps only its length and itself; some collectors write the
 * whole attribute, which then starts with the zero octet of the address family.
 */
function nextHopOf(attributes: readonly RawAttribute[]): Uint8Array | undefined {
  const value = attributes.find(({ code }) => code === ATTR.mpReach)?.value;
  if (!value || value.length === 0) return undefined;
  if (value[0] === 0) return viewMpReach(value)?.nextHop;
  return value.length > value[0]! ? value.subarray(1, 1 + value[0]!) : undefined;
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

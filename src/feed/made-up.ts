/** Made-up routes: as many as wanted, in as many attribute sets, the same ones for the same seed. */
import { IPV4, IPV6, type Family } from '../base/family.ts';
import { seededRandom, type Random } from '../base/random.ts';
import { narrowAsPath, needsAs4 } from '../rib/attrs/as-path.ts';
import { ATTR, FLAG, ORIGIN, SEGMENT } from '../rib/attrs/codes.ts';
import { u32Bytes } from '../rib/attrs/edit.ts';
import { encodeNlri, maxNlriLength } from '../speaker/wire/nlri.ts';
import { writeAttribute } from '../speaker/wire/update-encode.ts';
import { BatchBuilder, type Batch, type BatchLimits } from './batch.ts';
import type { RouteSource } from './source.ts';
import type { Target } from './target.ts';
import { writeAnnouncements, type AttributeBlock } from './update-writer.ts';

export interface MadeUpOptions {
  readonly family: Family;
  readonly routes: number;
  /** Attribute sets, all different; at most one a route. */
  readonly sets: number;
  readonly seed: number;
  /** Number of the first network, so that feeds can have networks of their own. Absent: 0. */
  readonly first?: number;
}

/** Routes of a set are encoded this many at a time, or fewer where the rate is limited. */
const GROUP = 4096;

/** Prefix lengths: /24s from 1.0.0.0 on, /48s from 2400:: on. */
const BITS = { ipv4: 24, ipv6: 48 } as const;

/** First octets that are not for routes between networks: own network, loopback, private use. */
const SKIPPED_FIRST_OCTETS: ReadonlySet<number> = new Set([0, 10, 127]);
/** Multicast and what follows it (RFC 1112). */
const FIRST_MULTICAST_OCTET = 224;
const NETWORKS_PER_OCTET = 0x1_0000;
const IPV4_OCTETS = Array.from({ length: FIRST_MULTICAST_OCTET }, (_, octet) => octet).filter(
  (octet) => !SKIPPED_FIRST_OCTETS.has(octet),
);
const FIRST_IPV6_WORD = 0x2400_0000;
const IPV6_LIMIT = 0x1000_0000;

/** The most routes that can be made up of a family. */
export function madeUpLimit(family: Family): number {
  return family === IPV4 ? IPV4_OCTETS.length * NETWORKS_PER_OCTET : IPV6_LIMIT;
}

export class MadeUpRoutes implements RouteSource {
  readonly total: number;
  position = 0;
  readonly leftOut = [];
  readonly #options: MadeUpOptions;

  constructor(options: MadeUpOptions) {
    this.#options = options;
    this.total = options.routes;
  }

  /** The same routes at each call, encoded for `target`. */
  async *batches(target: Target, limits: BatchLimits): AsyncGenerator<Batch> {
    const { family, routes, sets, seed, first = 0 } = this.#options;
    const random = seededRandom(seed);
    const out = new BatchBuilder(limits);
    this.position = 0;
    const words = new Uint32Array(4);
    const group = Math.min(GROUP, limits.routes);
    const nlri = new Uint8Array(group * maxNlriLength(family, false));
    let route = 0;
    for (let set = 0; set < sets; set++) {
      const block = attributeSet(random, set, family, target);
      const setEnd = Math.floor(((set + 1) * routes) / sets);
      while (route < setEnd) {
        const end = Math.min(setEnd, route + group);
        let length = 0;
        for (; route < end; route++) {
          const bits = networkOf(family, first + route, words);
          length = encodeNlri(nlri, length, words, 0, bits, undefined);
        }
        writeAnnouncements(out, family, block, nlri.subarray(0, length), false, target.maxLength);
        this.position = route;
        if (out.isFull) yield out.take();
      }
    }
    if (!out.isEmpty) yield out.take();
  }
}

/** Writes the address of network `index` into `words`; returns its prefix length. */
function networkOf(family: Family, index: number, words: Uint32Array): number {
  if (family === IPV6) {
    words[0] = FIRST_IPV6_WORD + (index >>> 16);
    words[1] = index << 16;
    return BITS.ipv6;
  }
  const octet = IPV4_OCTETS[Math.floor(index / NETWORKS_PER_OCTET)]!;
  words[0] = (octet << 24) | ((index % NETWORKS_PER_OCTET) << 8);
  return BITS.ipv4;
}

/** Private-use AS numbers (RFC 6996); the last ones of each range are not used. */
const AS_2_OCTET = { first: 64512, count: 1022 } as const;
const AS_4_OCTET = { first: 4200000000, count: 1_000_000 } as const;

/** How often a made-up set has what it need not have; as in a full table, roughly. */
const CHANCE = { as4: 0.2, egp: 0.01, incomplete: 0.1, med: 0.3 } as const;

function attributeSet(random: Random, set: number, family: Family, target: Target): AttributeBlock {
  const out = new Uint8Array(1024);
  let at = 0;
  const put = (code: number, flags: number, value: Uint8Array): void => {
    at = writeAttribute(out, at, code, flags, value);
  };
  const { float } = random;
  const kind = float();
  const origin = kind < CHANCE.egp ? ORIGIN.egp : kind < CHANCE.incomplete ? ORIGIN.incomplete : ORIGIN.igp;
  put(ATTR.origin, FLAG.transitive, Uint8Array.of(origin));
  const path = asPath(random, target);
  put(ATTR.asPath, FLAG.transitive, target.as4 ? path : narrowAsPath(path, 0, path.length));
  if (family === IPV4) put(ATTR.nextHop, FLAG.transitive, target.nextHop4);
  if (random.chance(CHANCE.med)) put(ATTR.med, FLAG.optional, u32Bytes(random.below(200)));
  // RFC 4271 section 5.1.5: to internal neighbours only.
  if (target.internal) put(ATTR.localPref, FLAG.transitive, u32Bytes(100));
  put(ATTR.communities, FLAG.optional | FLAG.transitive, communities(random, set));
  if (!target.as4 && needsAs4(path, 0, path.length)) {
    put(ATTR.as4Path, FLAG.optional | FLAG.transitive, path);
  }
  return {
    mpNextHop: family === IPV6 ? target.nextHop6 : undefined,
    attributes: out.slice(0, at),
  };
}

/**
 * One to six AS numbers, towards external neighbours with the own one in front. Neither side's AS is among them: the
 * neighbour would take such a route for a loop (RFC 4271 section 9.1.2).
 */
function asPath(random: Random, target: Target): Uint8Array {
  const numbers = target.internal ? [] : [target.localAs];
  for (let left = 1 + random.below(6); left > 0; left--) {
    const { first, count } = random.chance(CHANCE.as4) ? AS_4_OCTET : AS_2_OCTET;
    let asn = first + random.below(count);
    while (asn === target.localAs || asn === target.remoteAs) asn = first + random.below(count);
    numbers.push(asn);
  }
  return Uint8Array.from([
    SEGMENT.asSequence,
    numbers.length,
    ...numbers.flatMap((asn) => [...u32Bytes(asn)]),
  ]);
}

/** The first one is made of the set's number, so that no two sets are the same. */
function communities(random: Random, set: number): Uint8Array {
  const values = [0x1_0000 + set];
  for (let left = random.below(6); left > 0; left--) {
    values.push(AS_2_OCTET.first * 0x1_0000 + random.below(0x1_0000));
  }
  return Uint8Array.from(values.flatMap((value) => [...u32Bytes(value)]));
}

/** Checks of routes against tables of route origins (RFC 6811) and of providers (ASPA). */
import type { AsPath } from './as-path.ts';
import type { Behaviour } from './behaviour.ts';
import type { Net, NetKind } from './nets.ts';
import { formatNet } from './nets.ts';
import { prefixContains } from './values.ts';

/** BIRD's numbers of the answers, of both checks. */
export const VALIDITY = { unknown: 0, valid: 1, invalid: 2 } as const;
export type Validity = (typeof VALIDITY)[keyof typeof VALIDITY];

/** ASPA: a customer that says it has no provider names AS 0 (draft-ietf-sidrops-aspa-profile). */
export const NO_PROVIDER = 0;

/** An entry of a table that is looked at by filters and sent to nobody. */
export interface NetEntry {
  readonly net: Net;
  /** ASPA: AS numbers of the providers. */
  readonly providers?: readonly number[];
}

/** Entries that control clients may add to a table. */
const MAX_BY_HAND = 1_000_000;

/** A table of networks that are no IP prefixes, for look-ups by filters. */
export class NetTable {
  readonly name: string;
  readonly kind: NetKind;
  /**
   * Entries that were added by hand. They stay over reconfigurations: the table of the same name in another configuration
   * has the very same ones, so that filters see them whichever of the two they look into.
   */
  #byHand: NetTable | undefined;
  readonly #entries = new Map<string, NetEntry[]>();
  /** ROA: entries by prefix length, then by the first bits of the address. */
  readonly #byLength = new Map<number, Map<string, Net[]>>();
  readonly #providers = new Map<number, Set<number>>();

  constructor(name: string, kind: NetKind) {
    this.name = name;
    this.kind = kind;
  }

  get size(): number {
    return this.#entries.size + (this.#byHand?.size ?? 0);
  }

  *[Symbol.iterator](): Iterator<NetEntry> {
    for (const entries of this.#entries.values()) yield* entries;
    if (this.#byHand) yield* this.#byHand;
  }

  /** Takes over what was added by hand to the table that had its name before. */
  succeed(table: NetTable): void {
    this.#byHand = table.#byHand ??= new NetTable(table.name, table.kind);
  }

  /** Adds an origin by hand, unless it has been before. False, and nothing is added, where there are too many. */
  addByHand(net: Net): boolean {
    this.#byHand ??= new NetTable(this.name, this.kind);
    if (this.#byHand.#entries.has(formatNet(net))) return true;
    if (this.#byHand.size >= MAX_BY_HAND) return false;
    this.#byHand.add({ net });
    return true;
  }

  /** Takes an origin out that was added by hand. */
  removeByHand(net: Net): void {
    if (this.#byHand) this.#byHand.#remove(net);
  }

  /** Takes out all that was added by hand. */
  flushByHand(): void {
    const table = this.#byHand;
    if (!table) return;
    table.#entries.clear();
    table.#byLength.clear();
  }

  #remove(net: Net): void {
    const key = formatNet(net);
    if (!this.#entries.delete(key)) return;
    const group = this.#byLength.get(net.length)!;
    const at = networkKey(net.ip.words, net.length);
    const rest = group.get(at)!.filter((each) => formatNet(each) !== key);
    if (rest.length > 0) group.set(at, rest);
    else group.delete(at);
  }

  /** Adds an entry; one that is there stays one. */
  add(entry: NetEntry): void {
    const { net, providers } = entry;
    const key = formatNet(net);
    const known = this.#entries.get(key);
    if (known) known.push(entry);
    else this.#entries.set(key, [entry]);
    if (providers) {
      const all = this.#providers.get(net.asn!) ?? new Set();
      for (const provider of providers) all.add(provider);
      this.#providers.set(net.asn!, all);
    } else if (net.maxLength !== undefined && !known) {
      const group = this.#byLength.get(net.length) ?? new Map<string, Net[]>();
      this.#byLength.set(net.length, group);
      const at = networkKey(net.ip.words, net.length);
      group.set(at, [...(group.get(at) ?? []), net]);
    }
  }

  /** Origins that cover a prefix. */
  *covering(prefix: Net): Iterable<Net> {
    if (this.#byHand) yield* this.#byHand.covering(prefix);
    for (const [length, group] of this.#byLength) {
      if (length > prefix.length) continue;
      for (const net of group.get(networkKey(prefix.ip.words, length)) ?? []) {
        if (prefixContains(net, prefix.ip)) yield net;
      }
    }
  }

  /** Providers of an AS, or undefined where it names none. */
  providersOf(as: number): ReadonlySet<number> | undefined {
    return this.#providers.get(as);
  }

  /** Whether both have the same entries, and will have the same by hand, so that filters get the same answers. */
  same(other: NetTable): boolean {
    if (this.name !== other.name || this.#byHand !== other.#byHand) return false;
    const text = (table: NetTable): string =>
      [...table]
        .map(({ net, providers }) => `${formatNet(net)} ${providers?.join(' ') ?? ''}`)
        .sort()
        .join('\n');
    return this === other || (this.kind === other.kind && text(this) === text(other));
  }
}

/** The first `length` bits of an address, as a key. */
function networkKey(words: readonly number[], length: number): string {
  return words
    .map((word, i) => {
      const bits = Math.min(32, Math.max(0, length - i * 32));
      return bits === 0 ? 0 : (word & (0xffff_ffff << (32 - bits))) >>> 0;
    })
    .join();
}

/**
 * RFC 6811 section 2: valid where an origin covers the prefix, allows its length and names the AS; invalid where some
 * cover it and none does. A prefix of another IP version than the table's is unknown.
 */
export function roaCheck(table: NetTable, prefix: Net, as: number): Validity {
  const isFour = prefix.kind === undefined && prefix.ip.version === 4;
  if (isFour !== (table.kind === 'roa4')) return VALIDITY.unknown;
  let covered = false;
  for (const { maxLength, asn } of table.covering(prefix)) {
    covered = true;
    if (asn === as && as !== 0 && prefix.length <= maxLength!) return VALIDITY.valid;
  }
  return covered ? VALIDITY.invalid : VALIDITY.unknown;
}

/** Lengths of the ramps of a path in hops, as far as they are sure and as far as they are possible. */
interface Ramps {
  /** The AS from which on the path goes up, seen from the neighbour: surely, and at best. */
  minUp: number;
  maxUp: number;
  /** How far the path goes down from the neighbour: surely, and at best. */
  minDown: number;
  maxDown: number;
}

/** The path's AS numbers without repetitions; undefined where it has segments that ASPA does not cover. */
function hops(path: AsPath, setsToo: boolean): number[] | undefined {
  if (path.hasConfederation || (!setsToo && path.hasSets) || path.length === 0) return undefined;
  return path.asNumbers().filter((as, i, all) => i === 0 || as !== all[i - 1]);
}

/**
 * draft-ietf-sidrops-aspa-verification: whether providers allow a path.
 * @param upstream the path came from a customer, a peer or a route server's client: it may only go up
 */
export function aspaCheck(
  table: NetTable,
  path: AsPath,
  upstream: boolean,
  { aspaDraft16 }: Behaviour,
): Validity {
  const list = hops(path, aspaDraft16);
  if (!list) return VALIDITY.invalid;
  const ramps: Ramps = { minUp: 0, maxUp: 0, minDown: 0, maxDown: 0 };
  let upOnly = upstream;
  for (let i = 0; i < list.length; i++) {
    const providers = table.providersOf(list[i]!);
    const up = i > 0 && (providers?.has(list[i - 1]!) ?? false);
    const down = i + 1 < list.length && (providers?.has(list[i + 1]!) ?? false);
    if (upOnly && (upstream || aspaDraft16)) {
      if (!providers) ramps.minUp = i;
      else if (i > 0 && !up) return VALIDITY.invalid;
      continue;
    }
    if (!providers) {
      if (aspaDraft16 || ramps.maxDown === i) ramps.maxDown = i + 1;
      ramps.minUp = i;
      continue;
    }
    if (down) {
      if (aspaDraft16 || ramps.maxDown === i) ramps.maxDown = i + 1;
      if (ramps.minDown === i) ramps.minDown = i + 1;
    } else if (aspaDraft16) upOnly = true;
    if (!up) ramps.minUp = ramps.maxUp = i;
  }
  // From a provider the neighbour itself may be the top, without a hop of its own.
  const top = aspaDraft16 || upstream ? 0 : 1;
  if (ramps.minUp <= ramps.minDown + top) return VALIDITY.valid;
  return ramps.maxUp <= ramps.maxDown + top ? VALIDITY.unknown : VALIDITY.invalid;
}

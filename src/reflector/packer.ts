/**
 * Packs routes into UPDATE messages, as many with the same attributes into one as fit, written straight into a
 * group's log. One packer serves one way of encoding.
 */
import type { Family } from '../base/family.ts';
import { HAS, type AttrStore } from '../rib/attrs/store.ts';
import type { NetworkTable } from '../rib/network-table.ts';
import { encodeNlri, maxNlriLength } from '../speaker/wire/nlri.ts';
import {
  attributesBound,
  HEADER_LENGTH,
  writeAttributes,
  writeHeader,
  writeMpReachHead,
  writeMpUnreachHead,
  type Reflection,
} from '../speaker/wire/update-encode.ts';
import type { GroupLog, Segment } from './group-log.ts';

/** How messages for a neighbour look: what the two OPENs agreed on. */
export interface Encoding {
  readonly family: Family;
  readonly as4: boolean;
  readonly addPath: boolean;
  /** IPv4 routes go in MP_REACH_NLRI (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** Longest message in bytes. */
  readonly maxLength: number;
}

/** Withdrawn routes length and total path attribute length. */
const LENGTHS = 4;

export class Packer {
  readonly #encoding: Encoding;
  readonly #store: AttrStore;
  readonly #nets: NetworkTable;
  readonly #nlriBound: number;
  /** Head of the messages of the bucket being packed: header, attributes, up to the NLRI. */
  #head = new Uint8Array(4096);
  #headLength = 0;
  /** What follows the NLRI: the attributes after MP_REACH_NLRI, or the empty attribute list of a withdrawal. */
  #tail = new Uint8Array(4096);
  #tailLength = 0;
  /** Where MP_REACH_NLRI or MP_UNREACH_NLRI starts in the head; -1 for classic routes. */
  #mpAt = -1;
  #log: GroupLog | undefined;
  #segment: Segment | undefined;
  #skip = 0;
  #only = 0;
  #withdrawing = false;
  /** Start and end of the message being written; `#at` is 0 where none is. */
  #start = 0;
  #at = 0;
  #open = false;

  constructor(encoding: Encoding, store: AttrStore, nets: NetworkTable) {
    this.#encoding = encoding;
    this.#store = store;
    this.#nets = nets;
    this.#nlriBound = maxNlriLength(encoding.family, encoding.addPath);
  }

  /**
   * Starts announcing routes with the attributes of set `attrs`.
   * @param skip source of the member that is not to get them
   * @returns false where the attributes leave no room for a route (they must be withdrawn then)
   */
  announce(log: GroupLog, attrs: number, skip: number, reflection: Reflection | undefined): boolean {
    const { family, as4, extendedNextHop, maxLength } = this.#encoding;
    const store = this.#store;
    const classic = family.afi === 1 && !extendedNextHop && (store.flags[attrs]! & HAS.nextHop6) === 0;
    const bound = attributesBound(store, attrs) + 128;
    if (this.#head.length < bound) this.#head = new Uint8Array(bound * 2);
    const head = this.#head;
    head[HEADER_LENGTH] = 0;
    head[HEADER_LENGTH + 1] = 0;
    const start = HEADER_LENGTH + LENGTHS;
    this.#mpAt = -1;
    this.#tailLength = 0;
    if (classic) {
      this.#headLength = writeAttributes(head, start, store, attrs, true, as4, reflection);
    } else {
      // RFC 7606 section 5.1: MP_REACH_NLRI comes first; the other attributes follow its routes.
      this.#mpAt = start;
      const nextHopAt = store.nextHop[attrs]!;
      const length = store.flags[attrs]! & HAS.nextHop6 ? store.bytes[nextHopAt - 1]! : 4;
      this.#headLength = writeMpReachHead(head, start, family, store.bytes, nextHopAt, length);
      if (this.#tail.length < bound) this.#tail = new Uint8Array(bound * 2);
      this.#tailLength = writeAttributes(this.#tail, 0, store, attrs, false, as4, reflection);
    }
    if (this.#headLength + this.#tailLength + this.#nlriBound > maxLength) return false;
    this.#begin(log, skip, 0, false);
    return true;
  }

  /** Starts withdrawing routes, from all members or (`only`) from one. */
  withdraw(log: GroupLog, only: number): void {
    const { family } = this.#encoding;
    const head = this.#head;
    let at = HEADER_LENGTH;
    this.#mpAt = -1;
    this.#tailLength = 0;
    if (family.afi === 1) {
      at += 2;
      this.#tail[0] = 0;
      this.#tail[1] = 0;
      this.#tailLength = 2;
    } else {
      head[at++] = 0;
      head[at++] = 0;
      at += 2;
      this.#mpAt = at;
      at = writeMpUnreachHead(head, at, family);
    }
    this.#headLength = at;
    this.#begin(log, 0, only, true);
  }

  /** Adds a route to what was started. */
  add(net: number, pathId: number): void {
    const { maxLength, addPath, family } = this.#encoding;
    if (this.#open && this.#at - this.#start + this.#nlriBound + this.#tailLength > maxLength) this.#close();
    if (!this.#open) this.#openMessage();
    const nets = this.#nets;
    this.#at = encodeNlri(
      this.#segment!.bytes,
      this.#at,
      nets.words,
      net * family.words,
      nets.length[net]!,
      addPath ? pathId : undefined,
    );
  }

  /** Ends what was started. */
  end(): void {
    if (this.#open) this.#close();
  }

  #begin(log: GroupLog, skip: number, only: number, withdrawing: boolean): void {
    this.#log = log;
    this.#skip = skip;
    this.#only = only;
    this.#withdrawing = withdrawing;
    this.#open = false;
  }

  #openMessage(): void {
    const segment = this.#log!.reserve(this.#encoding.maxLength);
    this.#segment = segment;
    this.#start = segment.used;
    const out = segment.bytes;
    const head = this.#head;
    const length = this.#headLength;
    const start = this.#start;
    for (let i = HEADER_LENGTH; i < length; i++) out[start + i] = head[i]!;
    this.#at = start + length;
    this.#open = true;
  }

  /** Fills in the lengths, now that they are known. */
  #close(): void {
    const out = this.#segment!.bytes;
    const start = this.#start;
    let at = this.#at;
    const lengths = start + HEADER_LENGTH;
    const nlriEnd = at;
    const tail = this.#tail;
    for (let i = 0; i < this.#tailLength; i++) out[at++] = tail[i]!;
    if (this.#mpAt >= 0) {
      const mp = start + this.#mpAt;
      writeU16(out, mp + 2, nlriEnd - mp - 4);
      writeU16(out, lengths + 2, at - lengths - LENGTHS);
    } else if (this.#withdrawing) {
      writeU16(out, lengths, nlriEnd - lengths - 2);
    } else {
      writeU16(out, lengths + 2, this.#headLength - HEADER_LENGTH - LENGTHS);
    }
    writeHeader(out, start, at - start);
    this.#log!.commit(at - start, this.#skip, this.#only);
    this.#open = false;
  }
}

function writeU16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >> 8;
  out[at + 1] = value;
}

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
import type { GroupLog } from './group-log.ts';

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
  /** Head of the messages of what was started: header, attributes, up to the NLRI. */
  #head = new Uint8Array(4096);
  #headLength = 0;
  /** What follows the NLRI: the attributes after MP_REACH_NLRI, or the empty attribute list of a withdrawal. */
  #tail = new Uint8Array(4096);
  #tailLength = 0;
  /** Where MP_REACH_NLRI or MP_UNREACH_NLRI starts in the head; -1 for classic routes. */
  #mpAt = -1;
  #log: GroupLog | undefined;
  #skip = 0;
  #only = 0;
  #withdrawing = false;

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

  /**
   * Writes one message with as many routes of what was started as fit.
   * @param nets numbers of networks, used from `from` up to `to`
   * @param pathIds path identifiers beside them, written where the encoding has them
   * @returns the index of the first route that is left, or `to`
   */
  fill(nets: Uint32Array, pathIds: Uint32Array, from: number, to: number): number {
    const { maxLength, addPath, family } = this.#encoding;
    const log = this.#log!;
    const segment = log.reserve(maxLength);
    const out = segment.bytes;
    const start = segment.used;
    const head = this.#head;
    const headLength = this.#headLength;
    for (let i = HEADER_LENGTH; i < headLength; i++) out[start + i] = head[i]!;
    const { words, length } = this.#nets;
    const width = family.words;
    const last = start + maxLength - this.#nlriBound - this.#tailLength;
    let at = start + headLength;
    let next = from;
    for (; next < to && at <= last; next++) {
      const net = nets[next]!;
      at = encodeNlri(out, at, words, net * width, length[net]!, addPath ? pathIds[next]! : undefined);
    }
    const end = this.#close(out, start, at);
    log.commit(end - start, this.#skip, this.#only);
    return next;
  }

  #begin(log: GroupLog, skip: number, only: number, withdrawing: boolean): void {
    this.#log = log;
    this.#skip = skip;
    this.#only = only;
    this.#withdrawing = withdrawing;
  }

  /** Puts the tail behind the routes and fills in the lengths, now that they are known; returns the message's end. */
  #close(out: Uint8Array, start: number, nlriEnd: number): number {
    let at = nlriEnd;
    const lengths = start + HEADER_LENGTH;
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
    return at;
  }
}

function writeU16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >> 8;
  out[at + 1] = value;
}

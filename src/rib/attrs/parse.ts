/**
 * Path attributes from the wire to their canonical form, with the error handling of RFC 7606.
 * One parser serves one session; its result fields are valid until the next call.
 */
import { ATTR, AS_TRANS, FLAG } from './codes.ts';
import { ATTRIBUTES, type AttrContext, type MalformedOutcome } from './table.ts';
import { u32Bytes } from './edit.ts';
import { mergeAs4Path, stripConfed, widenAsPath } from './as-path.ts';

/** What the attributes of one UPDATE come to. */
export interface ParseResult {
  /** The worst that RFC 7606 demands; undefined where the attributes are usable as they stand. */
  outcome: Exclude<MalformedOutcome, 'discard'> | undefined;
  /** Subcode of UPDATE Message Error, where `outcome` is `session-reset`. */
  subcode: number;
  /** What was wrong, for the log: one text an offence, discards included. */
  faults: string[];
  /** The attributes stand in the message in their canonical form already. */
  direct: boolean;
  /** MP_REACH_NLRI: AFI, SAFI, where its next hop and its NLRI are in the message; 0 AFI where absent. */
  reachAfi: number;
  reachSafi: number;
  reachNextHopAt: number;
  reachNextHopLength: number;
  reachAt: number;
  reachEnd: number;
  /** MP_UNREACH_NLRI likewise. */
  unreachAfi: number;
  unreachSafi: number;
  unreachAt: number;
  unreachEnd: number;
}

const MALFORMED_LIST = 1;
const OPTIONAL_ATTRIBUTE_ERROR = 9;

export class AttrParser {
  readonly result: ParseResult = {
    outcome: undefined,
    subcode: 0,
    faults: [],
    direct: false,
    reachAfi: 0,
    reachSafi: 0,
    reachNextHopAt: 0,
    reachNextHopLength: 0,
    reachAt: 0,
    reachEnd: 0,
    unreachAfi: 0,
    unreachSafi: 0,
    unreachAt: 0,
    unreachEnd: 0,
  };
  readonly #context: AttrContext;
  readonly #defaultLocalPref: number;
  /** Where each type code's value is in its source; -1 where not seen. */
  readonly #at = new Int32Array(256).fill(-1);
  readonly #lengths = new Uint16Array(256);
  readonly #flags = new Uint8Array(256);
  readonly #codes = new Uint8Array(256);
  #count = 0;
  /** What `canonical` made, in `canonicalBytes[0, canonicalLength)`. */
  canonicalBytes = new Uint8Array(4096);
  canonicalLength = 0;
  /** Values that are not those in the message (AS paths of old neighbours), by type code. */
  readonly #replaced = new Map<number, Uint8Array>();

  /** @param defaultLocalPref given to routes that come without LOCAL_PREF, as BIRD does */
  constructor(context: AttrContext, defaultLocalPref: number) {
    this.#context = context;
    this.#defaultLocalPref = defaultLocalPref;
  }

  /**
   * Checks the path attributes in `bytes[start, end)`.
   * @param hasNlri the UPDATE carries IPv4 routes after its attributes, which need a NEXT_HOP
   */
  parse(bytes: Uint8Array, start: number, end: number, hasNlri: boolean): ParseResult {
    const result = this.result;
    const seen = this.#at;
    const codes = this.#codes;
    for (let i = 0; i < this.#count; i++) seen[codes[i]!] = -1;
    if (this.#replaced.size > 0) this.#replaced.clear();
    if (result.faults.length > 0) result.faults = [];
    result.outcome = undefined;
    result.subcode = 0;
    result.reachAfi = 0;
    result.unreachAfi = 0;
    let direct = this.#context.as4;
    let previous = 0;
    let count = 0;
    let at = start;
    while (at < end) {
      const flags = bytes[at]!;
      const extended = flags & FLAG.extendedLength;
      const header = extended ? 4 : 3;
      // RFC 7606 section 4: the list is truncated or overrun; what stands before it cannot be trusted either.
      if (end - at < header) {
        this.#fault('treat-as-withdraw', `malformed attribute list: ${end - at} bytes are left`);
        break;
      }
      const code = bytes[at + 1]!;
      const length = extended ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
      at += header;
      if (length > end - at) {
        this.#fault('treat-as-withdraw', `malformed attribute list: attribute ${code} runs past its end`);
        break;
      }
      if (code <= previous || (extended !== 0) !== length > 255 || (flags & 0x0f) !== 0) direct = false;
      previous = code;
      if (seen[code]! >= 0) {
        // RFC 7606 section 3 g.
        if (code === ATTR.mpReach || code === ATTR.mpUnreach) {
          this.#fault('session-reset', `duplicate attribute ${code}`, MALFORMED_LIST);
        } else result.faults.push(`discarding duplicate attribute ${code}`);
      } else if (this.#accept(bytes, code, flags, at, length)) {
        seen[code] = at;
        this.#lengths[code] = length;
        this.#flags[code] = flags & (FLAG.optional | FLAG.transitive | FLAG.partial);
        codes[count++] = code;
        if (ATTRIBUTES[code] === undefined && !(flags & FLAG.partial)) direct = false;
      } else direct = false;
      at += length;
    }
    this.#count = count;
    if (result.outcome === undefined && (hasNlri || result.reachAfi !== 0)) this.#checkMandatory(hasNlri);
    result.direct = direct && result.reachAfi === 0 && result.unreachAfi === 0 && seen[ATTR.localPref]! >= 0;
    return result;
  }

  /** Checks one attribute; false where it is to be ignored. */
  #accept(bytes: Uint8Array, code: number, flags: number, at: number, length: number): boolean {
    const row = ATTRIBUTES[code];
    if (!row) {
      if (!(flags & FLAG.optional)) {
        this.#fault('treat-as-withdraw', `unknown well-known attribute ${code}`);
        return false;
      }
      // RFC 4271 section 5: unknown non-transitive attributes are quietly ignored.
      return (flags & FLAG.transitive) !== 0;
    }
    if (row.accept && !row.accept(this.#context)) return false;
    if ((flags ^ row.flags) & (FLAG.optional | FLAG.transitive)) {
      // RFC 7606 section 3 c.
      this.#malformed(row.malformed, `${row.name}: conflicting flags (${flags.toString(16)})`);
      return false;
    }
    const fault = row.check(bytes, at, length, this.#context);
    if (fault !== undefined) {
      this.#malformed(row.malformed, `${row.name}: ${fault}`);
      return false;
    }
    if (code === ATTR.mpReach) this.#reach(bytes, at, length);
    else if (code === ATTR.mpUnreach) this.#unreach(bytes, at, length);
    return true;
  }

  #reach(bytes: Uint8Array, at: number, length: number): void {
    const result = this.result;
    const nextHopLength = bytes[at + 3]!;
    if (5 + nextHopLength > length) {
      this.#fault('session-reset', 'mp_reach_nlri: next hop runs past its end', OPTIONAL_ATTRIBUTE_ERROR);
      return;
    }
    result.reachAfi = (bytes[at]! << 8) | bytes[at + 1]!;
    result.reachSafi = bytes[at + 2]!;
    result.reachNextHopAt = at + 4;
    result.reachNextHopLength = nextHopLength;
    result.reachAt = at + 5 + nextHopLength;
    result.reachEnd = at + length;
  }

  #unreach(bytes: Uint8Array, at: number, length: number): void {
    const result = this.result;
    result.unreachAfi = (bytes[at]! << 8) | bytes[at + 1]!;
    result.unreachSafi = bytes[at + 2]!;
    result.unreachAt = at + 3;
    result.unreachEnd = at + length;
  }

  #malformed(outcome: MalformedOutcome, text: string): void {
    if (outcome === 'discard') this.result.faults.push(`discarding malformed ${text}`);
    else this.#fault(outcome, `malformed ${text}`, OPTIONAL_ATTRIBUTE_ERROR);
  }

  #fault(outcome: Exclude<MalformedOutcome, 'discard'>, text: string, subcode = 0): void {
    const result = this.result;
    result.faults.push(text);
    if (result.outcome === 'session-reset') return;
    result.outcome = outcome;
    result.subcode = subcode;
  }

  /** RFC 7606 section 3 d. */
  #checkMandatory(hasNlri: boolean): void {
    const missing = (code: number): void => {
      this.#fault('treat-as-withdraw', `missing mandatory attribute ${ATTRIBUTES[code]!.name}`);
    };
    if (this.#at[ATTR.origin]! < 0) missing(ATTR.origin);
    else if (this.#at[ATTR.asPath]! < 0) missing(ATTR.asPath);
    else if (hasNlri && this.#at[ATTR.nextHop]! < 0) missing(ATTR.nextHop);
  }

  /**
   * The canonical form of what `parse` accepted, into `canonicalBytes[0, canonicalLength)`.
   * @param bytes the message that was parsed
   * @param viaMp for the routes in MP_REACH_NLRI, whose next hop stands there, rather than those after the attributes
   */
  canonicalize(bytes: Uint8Array, viaMp: boolean): void {
    if (!this.#context.as4) this.#fromOldNeighbour(bytes);
    this.#emit(bytes, viaMp);
  }

  /** RFC 6793 section 4.2.3. */
  #fromOldNeighbour(bytes: Uint8Array): void {
    const seen = this.#at;
    const value = (code: number): Uint8Array | undefined =>
      seen[code]! < 0 ? undefined : bytes.slice(seen[code], seen[code]! + this.#lengths[code]!);
    const path = value(ATTR.asPath)!;
    const wide = widenAsPath(path, 0, path.length);
    this.#replaced.set(ATTR.asPath, wide);
    const aggregator = value(ATTR.aggregator);
    const as4Aggregator = value(ATTR.as4Aggregator);
    const as4Path = value(ATTR.as4Path);
    if (aggregator) {
      const asn = (aggregator[0]! << 8) | aggregator[1]!;
      this.#replaced.set(ATTR.aggregator, Uint8Array.of(0, 0, ...aggregator));
      if (as4Aggregator) {
        // Aggregated by an old speaker: then both AS4 attributes are out of date.
        if (asn !== AS_TRANS) return;
        this.#replaced.set(ATTR.aggregator, as4Aggregator);
      }
    }
    if (as4Path) {
      const stripped = stripConfed(as4Path, 0, as4Path.length);
      this.#replaced.set(ATTR.asPath, mergeAs4Path(wide, stripped));
    }
  }

  #emit(bytes: Uint8Array, viaMp: boolean): void {
    const result = this.result;
    const codes = Array.from(this.#codes.subarray(0, this.#count));
    const nextHopCode = viaMp && result.reachNextHopLength >= 16 ? ATTR.mpReach : ATTR.nextHop;
    if (!codes.includes(ATTR.localPref)) codes.push(ATTR.localPref);
    if (!codes.includes(nextHopCode)) codes.push(nextHopCode);
    codes.sort((a, b) => a - b);
    let size = 64;
    for (const code of codes)
      size += 4 + Math.max(this.#lengths[code]!, this.#replaced.get(code)?.length ?? 0);
    if (size > this.canonicalBytes.length) this.canonicalBytes = new Uint8Array(size * 2);
    const out = this.canonicalBytes;
    let at = 0;
    const put = (code: number, flags: number, from: Uint8Array, valueAt: number, length: number): void => {
      out[at++] = length > 255 ? flags | FLAG.extendedLength : flags;
      out[at++] = code;
      if (length > 255) out[at++] = length >> 8;
      out[at++] = length & 255;
      for (let i = 0; i < length; i++) out[at++] = from[valueAt + i]!;
    };
    for (const code of codes) {
      if (code === ATTR.mpUnreach || code === ATTR.as4Path || code === ATTR.as4Aggregator) continue;
      if (code === ATTR.nextHop || code === ATTR.mpReach) {
        if (code !== nextHopCode) continue;
        const flags = ATTRIBUTES[code]!.flags;
        if (viaMp) put(code, flags, bytes, result.reachNextHopAt, result.reachNextHopLength);
        else put(code, flags, bytes, this.#at[code]!, 4);
      } else if (this.#at[code]! < 0) {
        put(code, FLAG.transitive, u32Bytes(this.#defaultLocalPref), 0, 4);
      } else {
        const replaced = this.#replaced.get(code);
        // RFC 4271 section 5: an unknown transitive attribute is passed on marked Partial.
        const flags = ATTRIBUTES[code] ? this.#flags[code]! : this.#flags[code]! | FLAG.partial;
        if (replaced) put(code, flags, replaced, 0, replaced.length);
        else put(code, flags, bytes, this.#at[code]!, this.#lengths[code]!);
      }
    }
    this.canonicalLength = at;
  }
}

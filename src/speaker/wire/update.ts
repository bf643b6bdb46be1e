/**
 * UPDATE messages in: RFC 4271 section 4.3 and 6.3, RFC 4760, errors by RFC 7606. Nothing is made per route:
 * attributes become a number, prefixes go through one reused batch into a sink.
 */
import { FAMILIES, familyOf, IPV4, type Family, type FamilyIndex } from '../../base/family.ts';
import { AttrParser, type ParseResult } from '../../rib/attrs/parse.ts';
import type { AttrStore } from '../../rib/attrs/store.ts';
import type { AttrContext } from '../../rib/attrs/table.ts';
import type { NlriBatch } from '../../rib/nlri-batch.ts';
import type { Negotiated, NegotiatedFamily } from '../negotiated.ts';
import { bgpError, ERROR, UPDATE_ERROR, type BgpError } from './errors.ts';
import { decodeNlri } from './nlri.ts';

/** Who gets the routes of a session's UPDATEs. `batch` is valid during the call. */
export interface UpdateSink {
  announce(family: FamilyIndex, batch: NlriBatch, attrs: number): void;
  withdraw(family: FamilyIndex, batch: NlriBatch): void;
  /** RFC 4724 section 2. */
  endOfRib(family: FamilyIndex): void;
  /** What was wrong with attributes that did not end the session, one text each. */
  faults(texts: readonly string[]): void;
}

export interface UpdateDecoderOptions {
  readonly store: AttrStore;
  readonly negotiated: Negotiated;
  /** Shared by all decoders of a daemon: decoding is synchronous. */
  readonly batch: NlriBatch;
  readonly allowLocalPref: boolean;
  readonly aigp: boolean;
  /** For routes that come without LOCAL_PREF. */
  readonly defaultLocalPref: number;
  /** By family index: IPv4 routes with an IPv6 next hop are accepted (RFC 8950 was offered). */
  readonly extendedNextHop: boolean;
  /** RFC 5065: the own AS is part of a confederation. Absent: no. */
  readonly confederation?: boolean;
}

const EMPTY_MP_UNREACH = 6;

export class UpdateDecoder {
  readonly #store: AttrStore;
  readonly #batch: NlriBatch;
  readonly #sink: UpdateSink;
  readonly #parser: AttrParser;
  readonly #families: (NegotiatedFamily | undefined)[];
  readonly #extendedNextHop: boolean;
  /** Attributes that came as they are kept need no parsing when they come again. */
  readonly #findRaw: boolean;

  constructor(options: UpdateDecoderOptions, sink: UpdateSink) {
    const { negotiated } = options;
    const { internal, confederationMember = false } = negotiated;
    const context: AttrContext = {
      as4: negotiated.as4,
      internal,
      confederationMember,
      confederation: options.confederation === true && (internal || confederationMember),
      allowLocalPref: options.allowLocalPref,
      aigp: options.aigp,
    };
    this.#store = options.store;
    this.#batch = options.batch;
    this.#sink = sink;
    this.#parser = new AttrParser(context, options.defaultLocalPref);
    this.#families = FAMILIES.map((family) =>
      negotiated.families.find((candidate) => candidate.family === family.index),
    );
    this.#extendedNextHop = options.extendedNextHop;
    this.#findRaw = negotiated.as4 && negotiated.internal;
  }

  /**
   * Decodes the UPDATE body `bytes[start, end)` into the sink.
   * @returns the error that must reset the session, or undefined
   */
  decode(bytes: Uint8Array, start: number, end: number): BgpError | undefined {
    if (end - start < 4) return malformedList();
    const withdrawnEnd = start + 2 + readU16(bytes, start);
    if (withdrawnEnd + 2 > end) return malformedList();
    const attrsStart = withdrawnEnd + 2;
    const attrsEnd = attrsStart + readU16(bytes, withdrawnEnd);
    if (attrsEnd > end) return malformedList();

    if (withdrawnEnd > start + 2) {
      const error = this.#withdraw(bytes, start + 2, withdrawnEnd, IPV4);
      if (error) return error;
    } else if (end === start + 4) {
      if (this.#families[IPV4.index]) this.#sink.endOfRib(IPV4.index);
      return undefined;
    }
    if (attrsEnd === attrsStart) {
      // RFC 4271 section 6.3: routes need attributes; without any, ORIGIN is missing (RFC 7606 section 3 d).
      return attrsEnd < end
        ? this.#withdrawAs(bytes, attrsEnd, end, ['missing mandatory attribute origin'])
        : undefined;
    }
    if (this.#findRaw && attrsEnd < end) {
      const known = this.#store.findReceived(bytes, attrsStart, attrsEnd);
      if (known !== 0) return this.#announceUsable(bytes, attrsEnd, end, known);
    }
    return this.#decodeAttributes(bytes, attrsStart, attrsEnd, end);
  }

  #decodeAttributes(bytes: Uint8Array, start: number, end: number, nlriEnd: number): BgpError | undefined {
    const parser = this.#parser;
    const hasNlri = nlriEnd > end;
    const result = parser.parse(bytes, start, end, hasNlri);
    if (result.faults.length > 0) this.#sink.faults(result.faults);
    if (result.outcome === 'session-reset') return bgpError(ERROR.updateMessage, result.subcode);
    const withdraw = result.outcome === 'treat-as-withdraw';
    if (withdraw && !hasNlri && result.reachAfi === 0 && result.unreachAfi === 0) {
      // RFC 7606 section 5.2: the routes that the message was about cannot be told.
      return malformedList();
    }
    if (result.unreachAfi !== 0) {
      const error = this.#unreach(bytes, result, end - start);
      if (error) return error;
    }
    if (hasNlri) {
      const error = withdraw
        ? this.#withdraw(bytes, end, nlriEnd, IPV4)
        : this.#announceClassic(bytes, start, end, nlriEnd, result);
      if (error) return error;
    }
    return result.reachAfi === 0 ? undefined : this.#reach(bytes, result, withdraw);
  }

  #announceClassic(
    bytes: Uint8Array,
    start: number,
    end: number,
    nlriEnd: number,
    result: ParseResult,
  ): BgpError | undefined {
    let attrs: number;
    if (result.direct) attrs = this.#store.intern(bytes, start, end);
    else {
      this.#parser.canonicalize(bytes, false);
      attrs = this.#store.intern(this.#parser.canonicalBytes, 0, this.#parser.canonicalLength);
    }
    return this.#announceUsable(bytes, end, nlriEnd, attrs);
  }

  /** Announces routes whose NEXT_HOP is an address that can be one; withdraws them otherwise (RFC 7606 section 7.3). */
  #announceUsable(bytes: Uint8Array, start: number, end: number, attrs: number): BgpError | undefined {
    if (usableIpv4(this.#store.bytes, this.#store.nextHop[attrs]!)) {
      return this.#announce(bytes, start, end, IPV4, attrs);
    }
    return this.#withdrawAs(bytes, start, end, ['malformed next_hop: not a unicast address']);
  }

  /** MP_REACH_NLRI, RFC 4760 section 3. Families that were not agreed on are ignored (section 6). */
  #reach(bytes: Uint8Array, result: ParseResult, withdraw: boolean): BgpError | undefined {
    const family = familyOf(result.reachAfi, result.reachSafi);
    if (!family || !this.#families[family.index]) return undefined;
    const { reachAt, reachEnd, reachNextHopAt: at, reachNextHopLength: length } = result;
    if (withdraw) return this.#withdraw(bytes, reachAt, reachEnd, family);
    const wide = family.words === 4 || this.#extendedNextHop;
    // RFC 7606 section 7.11: a next hop of the wrong length makes the rest of the attribute unreadable.
    if (!(wide && (length === 16 || length === 32)) && !(family.words === 1 && length === 4)) {
      return bgpError(ERROR.updateMessage, UPDATE_ERROR.optionalAttribute);
    }
    if (!(length === 4 ? usableIpv4(bytes, at) : usableIpv6(bytes, at))) {
      return this.#withdrawAs(
        bytes,
        reachAt,
        reachEnd,
        ['malformed next_hop: not a unicast address'],
        family,
      );
    }
    this.#parser.canonicalize(bytes, true);
    const attrs = this.#store.intern(this.#parser.canonicalBytes, 0, this.#parser.canonicalLength);
    return this.#announce(bytes, reachAt, reachEnd, family, attrs);
  }

  #unreach(bytes: Uint8Array, result: ParseResult, attrsLength: number): BgpError | undefined {
    const family = familyOf(result.unreachAfi, result.unreachSafi);
    if (!family || !this.#families[family.index]) return undefined;
    if (result.unreachAt === result.unreachEnd) {
      if (attrsLength <= EMPTY_MP_UNREACH + 1) this.#sink.endOfRib(family.index);
      return undefined;
    }
    return this.#withdraw(bytes, result.unreachAt, result.unreachEnd, family);
  }

  #announce(
    bytes: Uint8Array,
    start: number,
    end: number,
    family: Family,
    attrs: number,
  ): BgpError | undefined {
    const negotiated = this.#families[family.index];
    if (!negotiated) return undefined;
    const sound = decodeNlri(bytes, start, end, family, negotiated.addPathReceive, this.#batch);
    if (!sound) return badNetwork();
    this.#sink.announce(family.index, this.#batch, attrs);
    return undefined;
  }

  #withdraw(bytes: Uint8Array, start: number, end: number, family: Family): BgpError | undefined {
    const negotiated = this.#families[family.index];
    if (!negotiated) return undefined;
    const sound = decodeNlri(bytes, start, end, family, negotiated.addPathReceive, this.#batch);
    if (!sound) return badNetwork();
    this.#sink.withdraw(family.index, this.#batch);
    return undefined;
  }

  #withdrawAs(
    bytes: Uint8Array,
    start: number,
    end: number,
    faults: string[],
    family: Family = IPV4,
  ): BgpError | undefined {
    this.#sink.faults(faults);
    return this.#withdraw(bytes, start, end, family);
  }
}

function malformedList(): BgpError {
  return bgpError(ERROR.updateMessage, UPDATE_ERROR.malformedAttributeList);
}

function badNetwork(): BgpError {
  return bgpError(ERROR.updateMessage, UPDATE_ERROR.invalidNetworkField);
}

function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Neither 0.0.0.0/8 nor multicast nor reserved (RFC 4271 section 6.3). */
function usableIpv4(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at]!;
  return first !== 0 && first < 224;
}

/** Neither :: nor multicast. */
function usableIpv6(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === 0xff) return false;
  for (let i = 0; i < 16; i++) if (bytes[at + i] !== 0) return true;
  return false;
}

/**
 * Recorded attributes for a session that is not the recorded one: the width of AS numbers (RFC 6793), LOCAL_PREF
 * towards internal neighbours, a next hop that was asked for. Everything else stays as it was recorded.
 */
import { AS_TRANS, ATTR, FLAG } from '../rib/attrs/codes.ts';
import {
  checkAsPath,
  mergeAs4Path,
  narrowAsPath,
  needsAs4,
  stripConfed,
  widenAsPath,
} from '../rib/attrs/as-path.ts';
import { u32Bytes } from '../rib/attrs/edit.ts';
import { writeAttribute } from '../speaker/wire/update-encode.ts';
import type { Target } from './target.ts';
import { u16, type RawAttribute } from './update-view.ts';

/** RFC 4271 section 9.1.1 leaves it to configuration; this is what all implementations take. */
const DEFAULT_LOCAL_PREF = 100;

const OPTIONAL_TRANSITIVE = FLAG.optional | FLAG.transitive;

/** Whether attributes that announce routes cannot go out as they were recorded. */
export function needsRecoding(attributes: readonly RawAttribute[], as4: boolean, target: Target): boolean {
  let localPref = false;
  for (const { code, value } of attributes) {
    if (as4 !== target.as4 && (code === ATTR.asPath || code === ATTR.aggregator)) return true;
    if (code === ATTR.localPref) localPref = true;
    if (code === ATTR.nextHop && target.forcedNextHop?.length === value.length) return true;
    if (code === ATTR.mpReach && target.forcedNextHop?.length === 16) return true;
  }
  return target.internal && !localPref;
}

/**
 * The attributes but MP_REACH_NLRI and MP_UNREACH_NLRI, encoded for `target`.
 * @param as4 width of the recorded AS numbers
 * @returns undefined where AS_PATH, AS4_PATH or an aggregator is malformed and has to be converted
 */
export function recodeAttributes(
  attributes: readonly RawAttribute[],
  as4: boolean,
  target: Target,
): Uint8Array | undefined {
  const kept = attributes.filter(({ code }) => code !== ATTR.mpReach && code !== ATTR.mpUnreach);
  const wide = as4 === target.as4 ? kept : as4 ? narrow(kept) : widen(kept);
  if (!wide) return undefined;
  const { forcedNextHop } = target;
  const list = wide.map((attribute) =>
    attribute.code === ATTR.nextHop && forcedNextHop?.length === 4
      ? { ...attribute, value: forcedNextHop }
      : attribute,
  );
  if (target.internal && !list.some(({ code }) => code === ATTR.localPref)) {
    insert(list, { flags: FLAG.transitive, code: ATTR.localPref, value: u32Bytes(DEFAULT_LOCAL_PREF) });
  }
  return encode(list);
}

/** RFC 6793 section 4.2.3: as a speaker with 4-octet AS numbers understands what one without them sent. */
function widen(attributes: readonly RawAttribute[]): RawAttribute[] | undefined {
  const valueOf = (wanted: number): Uint8Array | undefined =>
    attributes.find(({ code }) => code === wanted)?.value;
  const aggregator = valueOf(ATTR.aggregator);
  if (aggregator && aggregator.length !== 6) return undefined;
  // "If the AGGREGATOR attribute … is present and is not AS_TRANS, then the AS4_AGGREGATOR attribute and the
  // AS4_PATH attribute SHALL be ignored."
  const ignoreAs4 = aggregator !== undefined && u16(aggregator, 0) !== AS_TRANS;
  const as4Path = ignoreAs4 ? undefined : valueOf(ATTR.as4Path);
  const as4Aggregator = ignoreAs4 ? undefined : valueOf(ATTR.as4Aggregator);
  if (as4Path && checkAsPath(as4Path, 0, as4Path.length, 4, true)) return undefined;
  const result: RawAttribute[] = [];
  for (const attribute of attributes) {
    const { code, value } = attribute;
    if (code === ATTR.as4Path || code === ATTR.as4Aggregator) continue;
    if (code === ATTR.asPath) {
      if (checkAsPath(value, 0, value.length, 2, true)) return undefined;
      const path = widenAsPath(value, 0, value.length);
      result.push({ ...attribute, value: as4Path ? mergeAs4Path(path, as4Path) : path });
    } else if (code === ATTR.aggregator) {
      const four = as4Aggregator?.length === 8 ? as4Aggregator : Uint8Array.of(0, 0, ...value);
      result.push({ ...attribute, value: four });
    } else result.push(attribute);
  }
  return result;
}

/** RFC 6793 section 4.2.2: for a neighbour without 4-octet AS numbers. */
function narrow(attributes: readonly RawAttribute[]): RawAttribute[] | undefined {
  const result: RawAttribute[] = [];
  const late: RawAttribute[] = [];
  for (const attribute of attributes) {
    const { code, value } = attribute;
    if (code === ATTR.as4Path || code === ATTR.as4Aggregator) continue;
    if (code === ATTR.asPath) {
      if (checkAsPath(value, 0, value.length, 4, true)) return undefined;
      result.push({ ...attribute, value: narrowAsPath(value, 0, value.length) });
      if (needsAs4(value, 0, value.length)) {
        late.push({
          flags: OPTIONAL_TRANSITIVE,
          code: ATTR.as4Path,
          value: stripConfed(value, 0, value.length),
        });
      }
    } else if (code === ATTR.aggregator) {
      if (value.length !== 8) return undefined;
      const fits = u16(value, 0) === 0;
      const asn = fits ? u16(value, 2) : AS_TRANS;
      result.push({ ...attribute, value: Uint8Array.of(asn >> 8, asn & 255, ...value.subarray(4)) });
      if (!fits) late.push({ flags: OPTIONAL_TRANSITIVE, code: ATTR.as4Aggregator, value });
    } else result.push(attribute);
  }
  for (const attribute of late) insert(result, attribute);
  return result;
}

/** Puts an attribute in its place by code. */
function insert(list: RawAttribute[], attribute: RawAttribute): void {
  const at = list.findIndex(({ code }) => code > attribute.code);
  list.splice(at < 0 ? list.length : at, 0, attribute);
}

function encode(attributes: readonly RawAttribute[]): Uint8Array {
  let size = 0;
  for (const { value } of attributes) size += value.length + 4;
  const out = new Uint8Array(size);
  let at = 0;
  for (const { code, flags, value } of attributes) {
    at = writeAttribute(out, at, code, flags & ~FLAG.extendedLength, value);
  }
  return out.subarray(0, at);
}

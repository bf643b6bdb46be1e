/**
 * Recorded UPDATEs out again: byte for byte where the session agrees with the recorded one, otherwise taken apart and
 * written anew with the same meaning.
 */
import { familyOf, IPV4, type Family } from '../base/family.ts';
import { ATTR } from '../rib/attrs/codes.ts';
import { HEADER_LENGTH } from '../speaker/wire/iana.ts';
import type { BatchBuilder } from './batch.ts';
import { convertPathIds, countPrefixes } from './nlri-field.ts';
import { needsRecoding, recodeAttributes } from './recode.ts';
import type { Target } from './target.ts';
import { readAttributes, viewMpReach, viewMpUnreach, viewUpdate, type RawAttribute } from './update-view.ts';
import { writeAnnouncements, writeWithdrawals } from './update-writer.ts';

/** How the UPDATE was recorded. */
export interface Recorded {
  readonly as4: boolean;
  readonly addPath: boolean;
}

export const SKIP = {
  malformed: 'malformed UPDATE',
  malformedPath: 'UPDATE whose AS path or aggregator cannot be converted',
  family: 'routes of a family that the neighbour did not agree to',
  otherFamily: 'routes of a family that Catbird does not carry',
  extendedNextHop: 'IPv4 routes with an IPv6 next hop, which the neighbour does not understand',
  noNextHop: 'routes without a usable next hop',
  tooLong: 'routes whose attributes do not fit into a message',
} as const;

export type SkipReason = (typeof SKIP)[keyof typeof SKIP];

/** Some routes of a message, all announced with the same next hop or all withdrawn. */
interface Part {
  /** Undefined: one that Catbird does not carry, with routes that cannot be counted. */
  readonly family: Family | undefined;
  readonly nlri: Uint8Array;
  readonly routes: number;
  readonly announced: boolean;
  /** In MP_REACH_NLRI: its next hop. */
  readonly nextHop: Uint8Array | undefined;
}

/** A part that goes out. */
type SendablePart = Part & { readonly family: Family };

/**
 * Adds the UPDATE `bytes[start, end)`, header included, to `out`, encoded for `target`.
 * @param skip told what was left out, and how many routes
 */
export function replayUpdate(
  bytes: Uint8Array,
  start: number,
  end: number,
  recorded: Recorded,
  target: Target,
  out: BatchBuilder,
  skip: (reason: SkipReason, count: number) => void,
): void {
  const view = viewUpdate(bytes, start + HEADER_LENGTH, end);
  const attributes = view && readAttributes(bytes, view.attributesAt, view.attributesEnd);
  const withdrawn = view && bytes.subarray(view.withdrawnAt, view.withdrawnEnd);
  const nlri = view && bytes.subarray(view.nlriAt, view.nlriEnd);
  const parts = attributes && partsOf(withdrawn!, attributes, nlri!, recorded.addPath);
  if (!parts) {
    skip(SKIP.malformed, 1);
    return;
  }
  const sendable = parts.filter((part): part is SendablePart => isSendable(part, target, skip));
  const sum = (announced: boolean): number =>
    sendable.reduce((total, part) => (part.announced === announced ? total + part.routes : total), 0);
  const asRecorded =
    sendable.length === parts.length &&
    end - start <= target.maxLength &&
    sendable.every(({ family }) => target.families[family.index]!.addPath === recorded.addPath) &&
    !(sum(true) > 0 && needsRecoding(attributes, recorded.as4, target));
  if (asRecorded) out.addMessage(bytes.subarray(start, end), sum(true), sum(false));
  else writeParts(sendable, attributes, recorded, target, out, skip);
}

/** The routes of a message, withdrawn ones first; undefined where a field is malformed. */
function partsOf(
  withdrawn: Uint8Array,
  attributes: readonly RawAttribute[],
  nlri: Uint8Array,
  addPath: boolean,
): Part[] | undefined {
  const parts: (Part | undefined)[] = [];
  const add = (
    family: Family | undefined,
    field: Uint8Array,
    announced: boolean,
    nextHop?: Uint8Array,
  ): void => {
    const routes = family ? countPrefixes(field, family, addPath) : 1;
    parts.push(routes === undefined ? undefined : { family, nlri: field, routes, announced, nextHop });
  };
  if (withdrawn.length > 0) add(IPV4, withdrawn, false);
  for (const { code, value } of attributes) {
    if (code === ATTR.mpUnreach) {
      const unreach = viewMpUnreach(value);
      if (!unreach) return undefined;
      add(familyOf(unreach.afi, unreach.safi), unreach.nlri, false);
    } else if (code === ATTR.mpReach) {
      const reach = viewMpReach(value);
      if (!reach) return undefined;
      add(familyOf(reach.afi, reach.safi), reach.nlri, true, reach.nextHop);
    }
  }
  // An UPDATE with nothing in it is the End-of-RIB of IPv4 (RFC 4724 section 2).
  const isEmpty = parts.length === 0 && attributes.length === 0;
  if (nlri.length > 0) add(IPV4, nlri, true);
  else if (isEmpty) add(IPV4, nlri, false);
  const sound = parts.filter((part) => part !== undefined);
  return sound.length === parts.length ? sound : undefined;
}

function isSendable(part: Part, target: Target, skip: (reason: SkipReason, count: number) => void): boolean {
  const { family, nextHop, routes, nlri } = part;
  const agreed = family && target.families[family.index];
  const wide = family === IPV4 && nextHop !== undefined && nextHop.length > 4;
  let reason: SkipReason | undefined;
  if (!family) reason = SKIP.otherFamily;
  else if (!agreed) reason = SKIP.family;
  else if (wide && !agreed.extendedNextHop) reason = SKIP.extendedNextHop;
  // An End-of-RIB that is not wanted is no loss.
  if (reason && nlri.length > 0) skip(reason, routes);
  return reason === undefined;
}

function writeParts(
  parts: readonly SendablePart[],
  attributes: readonly RawAttribute[],
  recorded: Recorded,
  target: Target,
  out: BatchBuilder,
  skip: (reason: SkipReason, count: number) => void,
): void {
  const announces = parts.some(({ announced }) => announced);
  const encoded = announces ? recodeAttributes(attributes, recorded.as4, target) : undefined;
  for (const { family, nlri, routes, announced, nextHop } of parts) {
    const { addPath } = target.families[family.index]!;
    const field = convertPathIds(nlri, recorded.addPath, addPath);
    if (!announced) writeWithdrawals(out, family, field, addPath, target.maxLength);
    else if (!encoded) skip(SKIP.malformedPath, routes);
    else {
      const { forcedNextHop } = target;
      const forced = nextHop && forcedNextHop?.length === 16 ? forcedNextHop : nextHop;
      const block = { mpNextHop: forced, attributes: encoded };
      const fits = writeAnnouncements(out, family, block, field, addPath, target.maxLength);
      if (!fits) skip(SKIP.tooLong, routes);
    }
  }
}

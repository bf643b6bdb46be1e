/** Fields of encoded prefixes: counted, and their path identifiers (RFC 7911) put in or taken out. */
import type { Family } from '../base/family.ts';
import { nlriEnd } from './update-writer.ts';

const PATH_ID_LENGTH = 4;

/** How many prefixes a field has, or undefined where it is malformed. */
export function countPrefixes(nlri: Uint8Array, family: Family, addPath: boolean): number | undefined {
  let count = 0;
  let at = 0;
  while (at < nlri.length) {
    const bits = nlri[at + (addPath ? PATH_ID_LENGTH : 0)];
    if (bits === undefined || bits > family.bits) return undefined;
    at = nlriEnd(nlri, at, addPath);
    count++;
  }
  return at === nlri.length ? count : undefined;
}

/**
 * The field in the other form: without its path identifiers, or with the identifier 0 for each prefix.
 * @param nlri a field that `countPrefixes` found sound
 */
export function convertPathIds(nlri: Uint8Array, from: boolean, to: boolean): Uint8Array {
  if (from === to) return nlri;
  const out: number[] = [];
  for (let at = 0; at < nlri.length;) {
    const end = nlriEnd(nlri, at, from);
    if (to) out.push(0, 0, 0, 0);
    for (let i = from ? at + PATH_ID_LENGTH : at; i < end; i++) out.push(nlri[i]!);
    at = end;
  }
  return Uint8Array.from(out);
}

/** A prefix without an identifier, with one in front where the session wants it. */
export function withPathId(nlri: Uint8Array, pathId: number | undefined): Uint8Array {
  if (pathId === undefined) return nlri;
  const out = new Uint8Array(PATH_ID_LENGTH + nlri.length);
  new DataView(out.buffer).setUint32(0, pathId);
  out.set(nlri, PATH_ID_LENGTH);
  return out;
}

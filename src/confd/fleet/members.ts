/** The members of a fleet, from keys that others have written: whatever is there is looked at before it is believed. */
import { jsonObject, objectAt } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Snapshot } from '../store.ts';
import { parseFleetKey } from './keys.ts';

export interface FleetMember {
  readonly name: string;
  /** As they are in the store; undefined where a key is missing or no JSON object. */
  readonly member: JsonObject | undefined;
  readonly summary: JsonObject | undefined;
  readonly sessions: readonly JsonObject[];
}

/** By name. A state without a member is one that is being written or has just gone, and is left out. */
export function fleetMembers({ entries }: Snapshot): FleetMember[] {
  const members = new Map<
    string,
    { member: JsonObject | undefined; summary: JsonObject | undefined; sessions: JsonObject[] }
  >();
  const keys = [...entries].flatMap(([key, { value }]) => {
    const about = parseFleetKey(key);
    return about ? [{ about, value: jsonObject(value) }] : [];
  });
  for (const { about, value } of keys)
    if (about.kind === 'member') members.set(about.name, { member: value, summary: undefined, sessions: [] });
  for (const { about, value } of keys) {
    const found = members.get(about.name);
    if (!found) continue;
    if (about.kind === 'summary') found.summary = value;
    else if (about.kind === 'session' && value) found.sessions.push(value);
  }
  return Array.from(members, ([name, found]) => ({ name, ...found })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

/** Whether what the keys say is what the member runs with. */
export function isCurrent({ summary }: FleetMember): boolean {
  return objectAt(summary, 'configuration')?.['state'] === 'current';
}

/** The members of a fleet, from keys that others have written: whatever is there is looked at before it is believed. */
import type { Snapshot } from '../store.ts';
import { parseFleetKey } from './keys.ts';

type Json = Readonly<Record<string, unknown>>;

export interface FleetMember {
  readonly name: string;
  /** As they are in the store; undefined where a key is missing or no JSON object. */
  readonly member: Json | undefined;
  readonly summary: Json | undefined;
  readonly sessions: readonly Json[];
}

/** By name. A state without a member is one that is being written or has just gone, and is left out. */
export function fleetMembers({ entries }: Snapshot): FleetMember[] {
  const members = new Map<
    string,
    { member: Json | undefined; summary: Json | undefined; sessions: Json[] }
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

function jsonObject(text: string): Json | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function objectAt(json: Json | undefined, name: string): Json | undefined {
  return asObject(json?.[name]);
}

/** Text of one line; undefined where it is neither text nor a number. */
export function textAt(json: Json | undefined, name: string): string | undefined {
  return asText(json?.[name]);
}

export function textsAt(json: Json | undefined, name: string): string[] {
  const list = json?.[name];
  return Array.isArray(list) ? list.flatMap((one) => asText(one) ?? []) : [];
}

export function numberAt(json: Json | undefined, name: string): number | undefined {
  const value = json?.[name];
  return typeof value === 'number' ? value : undefined;
}

function asText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? plainText(value) : undefined;
}

/** What is not to be printed at a terminal becomes a blank. */
export function plainText(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

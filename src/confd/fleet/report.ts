/** What a reflector tells its fleet, and the keys and values that it becomes. Bounded, whatever the daemon has. */
import { memberKey, sessionKey, summaryKey } from './keys.ts';

/** Who registers. */
export interface Registration {
  readonly name: string;
  /** Of this process and no other. */
  readonly id: string;
  readonly host: string;
  readonly version: string;
  /** Wall-clock milliseconds. */
  readonly startedMs: number;
  readonly ttlS: number;
}

/** A session that is configured, enabled, and not up. */
export interface SessionTrouble {
  readonly name: string;
  readonly neighbor: string;
  readonly as: number | string;
  /** Wall-clock milliseconds. */
  readonly sinceMs: number;
  readonly lastError?: string;
}

/**
 * `current`: what the keys give is in force. `starting`: nothing is yet. `refused`: what the keys give is wrong, and the
 * configuration before it is in force. `held`: renderings wait for somebody. `last good`: the store could not be read at the
 * start. `unread`: the store cannot be read now.
 */
export type ConfigurationState = 'current' | 'starting' | 'refused' | 'held' | 'last good' | 'unread';

export interface ConfigurationReport {
  readonly state: ConfigurationState;
  /** Of the store, when what is in force was rendered; absent where that did not come from keys. */
  readonly revision?: string;
  /** Of the last rendering, taken or not. */
  readonly seen: string;
  readonly refused?: {
    readonly revision: string;
    /** Without secrets. */
    readonly reason: string;
    readonly keys: readonly string[];
    readonly keyCount: number;
    readonly sinceMs: number;
  };
  readonly lost?: { readonly reason: string; readonly sinceMs: number };
  readonly held?: string;
}

export interface FleetReport {
  readonly routerId?: string;
  readonly as: readonly number[];
  readonly addresses: readonly string[];
  readonly clusterIds: readonly string[];
  readonly sessions: {
    /** Enabled, without those of ranges. */
    readonly configured: number;
    readonly up: number;
    readonly disabled: number;
    /** Sessions of ranges that are up. */
    readonly dynamic: number;
    /** Some of those that are not up. */
    readonly troubles: readonly SessionTrouble[];
  };
  readonly networks: number;
  readonly routes: number;
  readonly configuration: ConfigurationReport;
}

/** Sessions that have keys of their own. */
export const MAX_TROUBLES = 64;
/** Addresses, numbers of autonomous systems, cluster IDs, names of keys. */
export const MAX_LIST = 8;
const MAX_TEXT = 400;

/** All keys of a member with their values. There are never more than `MAX_TROUBLES` and two. */
export function entriesOf(who: Registration, report: FleetReport): Map<string, string> {
  const { name } = who;
  const { configured, up, disabled, dynamic, troubles } = report.sessions;
  const { state, revision, seen, refused, lost, held } = report.configuration;
  const shown = troubles.slice(0, MAX_TROUBLES);
  const entries = new Map([
    [
      memberKey(name),
      JSON.stringify({
        name,
        id: who.id,
        host: clip(who.host),
        version: who.version,
        started: time(who.startedMs),
        ttl: who.ttlS,
        router_id: report.routerId,
        as: report.as.slice(0, MAX_LIST),
        addresses: report.addresses.slice(0, MAX_LIST),
        cluster_ids: report.clusterIds.slice(0, MAX_LIST),
      }),
    ],
    [
      summaryKey(name),
      JSON.stringify({
        sessions: { configured, up, disabled, dynamic, shown: shown.length },
        networks: report.networks,
        routes: report.routes,
        configuration: {
          state,
          revision,
          seen,
          refused: refused && {
            revision: refused.revision,
            reason: clip(refused.reason),
            keys: refused.keys.slice(0, MAX_LIST).map(clip),
            key_count: refused.keyCount,
            since: time(refused.sinceMs),
          },
          lost: lost && { reason: clip(lost.reason), since: time(lost.sinceMs) },
          held: held === undefined ? undefined : clip(held),
        },
      }),
    ],
  ]);
  for (const trouble of shown) {
    entries.set(
      sessionKey(name, trouble.name),
      JSON.stringify({
        name: clip(trouble.name),
        neighbor: trouble.neighbor,
        as: trouble.as,
        since: time(trouble.sinceMs),
        last_error: trouble.lastError === undefined ? undefined : clip(trouble.lastError),
      }),
    );
  }
  return entries;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

/** Lone surrogates, which stand for bytes that are no text, and control characters would not be good for whoever reads it. */
function clip(text: string): string {
  const plain = text.toWellFormed().replace(/[\x00-\x1f\x7f]+/g, ' ');
  return plain.length > MAX_TEXT ? `${plain.slice(0, MAX_TEXT).toWellFormed()}…` : plain;
}

/**
 * The reason why a template failed, without values of keys: Go's errors repeat what a function was given, and that may be a
 * password.
 */
export function withoutValues(reason: string): string {
  return reason
    .replace(/error calling [\s\S]*/, (text) => text.replace(/"(?:[^"\\]|\\.)*"?|`[^`]*`?/g, '***'))
    .replace(/((?:iterate over|non-comparable type|not comparable|invalid character) )[\s\S]*/, '$1***');
}

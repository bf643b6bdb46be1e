/** What a running daemon says of its protocols on its control socket, for `catbird diff`. */
import type { FamilyIndex } from './base/family.ts';
import { jsonObject, numberAt, objectAt, objectsAt, textAt, textsAt } from './base/json.ts';
import type { JsonObject } from './base/json.ts';
import { JSON_WORD } from './birdcl-compat/cli/json-word.ts';
import { JsonAnswer } from './birdcl-compat/client/json-answer.ts';
import { ControlConnection } from './birdcl-compat/io/connection.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import type { RunningProtocols } from './daemon-plan.ts';

/** A daemon that has not answered until then does not. */
const ANSWER_MS = 30_000;
/** Protocols that are named in one remark. */
const MAX_NAMES = 5;
/** BIRD's names of families, as capabilities list them. */
const FAMILY_NAMES = ['ipv4', 'ipv6'] as const;

/** A session, or a protocol without one. */
export interface RunningProtocol {
  readonly name: string;
  /** As BIRD names them: `up`, `start`, `down`, … */
  readonly state: string;
  /** Of a session: `Established`, `Active`, …; of a range `Passive`; absent for other protocols. */
  readonly bgpState: string | undefined;
  /** It waits for neighbours of a range, and is no session itself. */
  readonly isRange: boolean;
  /** Milliseconds since the state is what it is. */
  readonly forMs: number;
  /** Imported, of all channels. */
  readonly routes: number;
  readonly channels: ReadonlySet<string>;
  readonly canRefresh: boolean;
  /** Seconds that the neighbour wants its stale routes kept (RFC 9494), by the name of the family. */
  readonly staleTimes: ReadonlyMap<string, number>;
}

export interface RunningDaemon {
  readonly socket: string;
  /** Revision that the configuration in force was rendered from; undefined where it was not. */
  readonly inForce: string | undefined;
  /** Why the daemon may not take over what the keys say, in words. */
  readonly remarks: readonly string[];
  readonly protocols: readonly RunningProtocol[];
}

/** Asks a daemon. Rejects with an error for people, where there is none or one that is not Catbird's. */
export async function askDaemon(socket: string): Promise<RunningDaemon> {
  const connection = await ControlConnection.open(socket, false, () => undefined);
  const timer = setTimeout(() => {
    connection.close();
  }, ANSWER_MS);
  try {
    const [status] = await objects(connection, socket, 'show status');
    const protocols = await objects(connection, socket, 'show protocols all');
    const nowMs = Date.parse(textAt(status, 'time') ?? '');
    const rendered = objectAt(status, 'rendered');
    return {
      socket,
      inForce: textAt(rendered, 'in_force'),
      remarks: remarksOf(rendered),
      protocols: protocols.map((one) => runningProtocol(one, nowMs)),
    };
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

async function objects(
  connection: ControlConnection,
  socket: string,
  command: string,
): Promise<JsonObject[]> {
  const answer = new JsonAnswer();
  const values: JsonObject[] = [];
  await connection.ask(`${JSON_WORD} ${command}`, (line) => {
    const value = jsonObject(answer.take(line) ?? '');
    if (value) values.push(value);
  });
  if (answer.notUnderstood)
    throw new Error(
      `${socket} is the socket of a daemon without JSON, such as BIRD: what it runs cannot be told (-s takes Catbird's)`,
    );
  if (answer.error) throw new Error(`${socket}: ${answer.error.text}`);
  return values;
}

function remarksOf(rendered: JsonObject | undefined): string[] {
  if (!rendered) return ['its configuration is not rendered from templates'];
  const remarks: string[] = [];
  const held = textAt(objectAt(rendered, 'held'), 'because');
  if (held !== undefined) remarks.push(`new renderings are held, ${held}`);
  const refused = objectAt(rendered, 'refused');
  const [revision, reason] = [textAt(refused, 'revision'), textAt(refused, 'reason')];
  if (refused) remarks.push(`it has refused revision ${revision ?? '?'}: ${reason ?? '?'}`);
  const lost = textAt(objectAt(rendered, 'lost'), 'reason');
  if (lost !== undefined) remarks.push(`it cannot read the keys: ${lost}`);
  return remarks;
}

function runningProtocol(json: JsonObject, nowMs: number): RunningProtocol {
  const bgp = objectAt(json, 'bgp');
  const session = objectAt(bgp, 'session');
  const channels = objectsAt(json, 'channels');
  const local = objectAt(session, 'local_capabilities');
  const neighbor = objectAt(session, 'neighbor_capabilities');
  const stale = objectAt(neighbor, 'long_lived_graceful_restart');
  const since = Date.parse(textAt(json, 'since') ?? '');
  return {
    name: textAt(json, 'name') ?? '',
    state: textAt(json, 'state') ?? '',
    bgpState: textAt(bgp, 'state'),
    isRange: textAt(bgp, 'neighbor_range') !== undefined,
    forMs: Math.max(0, nowMs - since) || 0,
    routes: channels.reduce((sum, channel) => sum + (numberAt(channel, 'imported') ?? 0), 0),
    channels: new Set(
      channels.filter((one) => textAt(one, 'state') === 'up').map((one) => textAt(one, 'name') ?? ''),
    ),
    canRefresh: local?.['route_refresh'] === true && neighbor?.['route_refresh'] === true,
    staleTimes: new Map(
      textsAt(stale, 'supported').map((family) => [family, numberAt(stale, 'time_s') ?? 0]),
    ),
  };
}

/** In what a daemon runs and a configuration differ, in words; empty where they have the same protocols. */
export function protocolRemarks(config: DaemonConfig, protocols: readonly RunningProtocol[]): string[] {
  const running = sessionsByProtocol(config, protocols);
  const configured = new Set(config.protocols.map(({ name }) => name));
  const missing = [...configured].filter((name) => !running.has(name));
  const extra = [...running.keys()].filter((name) => !configured.has(name));
  return [
    ...(missing.length > 0 ? [`it does not run ${someOf(missing)}, as the keys would have it`] : []),
    ...(extra.length > 0 ? [`it runs ${someOf(extra)}, which the keys do not have`] : []),
  ];
}

function someOf(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(', ')}${more > 0 ? ` and ${more} more protocols` : ''}`;
}

/** The sessions of each protocol of a configuration, as they run: those of a range follow it. */
export function sessionsByProtocol(
  config: DaemonConfig,
  protocols: readonly RunningProtocol[],
): Map<string, RunningProtocol[]> {
  const configured = new Set(config.protocols.map(({ name }) => name));
  const found = new Map<string, RunningProtocol[]>();
  let range: RunningProtocol[] | undefined;
  for (const protocol of protocols) {
    if (protocol.isRange) found.set(protocol.name, (range = []));
    else if (configured.has(protocol.name) || !range || protocol.bgpState === undefined) {
      range = undefined;
      found.set(protocol.name, protocol.bgpState === undefined ? [] : [protocol]);
    } else range.push(protocol);
  }
  return found;
}

/** What a plan has to know; protocols that the daemon does not have are as configured, and down. */
export function runningProtocols(config: DaemonConfig, running: RunningDaemon): RunningProtocols {
  const sessions = sessionsByProtocol(config, running.protocols);
  const states = new Map(running.protocols.map(({ name, state }) => [name, state]));
  const disabled = new Set(config.protocols.filter((one) => one.disabled).map(({ name }) => name));
  const established = (name: string): RunningProtocol[] =>
    (sessions.get(name) ?? []).filter(({ bgpState }) => bgpState === 'Established');
  const nameOf = (family: FamilyIndex): string => FAMILY_NAMES[family];
  return {
    isEnabled: (name) => {
      const state = states.get(name);
      return state === undefined ? !disabled.has(name) : state !== 'down';
    },
    isUp: (name, family) => established(name).some(({ channels }) => channels.has(nameOf(family))),
    staleTimesFit: (name, family, minS, maxS) =>
      established(name).every(({ staleTimes }) => {
        const staleTimeS = staleTimes.get(nameOf(family)) ?? 0;
        return staleTimeS === 0 || (minS <= staleTimeS && staleTimeS <= maxS);
      }),
    canRefresh: (name) => established(name).every(({ canRefresh }) => canRefresh),
  };
}

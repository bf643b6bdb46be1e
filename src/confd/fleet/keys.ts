/** Where members of a fleet are in a store. Nothing of Calico's is below it, nor anything that built-in templates read. */

export const FLEET = '/catbird_fleet';
/** One key a member: who it is. Changes only with its configuration, so that templates may read it. */
export const MEMBERS = `${FLEET}/member`;
/** How members are. Changes all the time, and is kept from the templates of reflectors. */
export const STATES = `${FLEET}/state`;

/** Names are host names or Calico's node names, but may be anything. */
const MAX_NAME = 253;

export function memberKey(name: string): string {
  return `${MEMBERS}/${encodeURIComponent(name)}`;
}

export function summaryKey(name: string): string {
  return `${STATES}/${encodeURIComponent(name)}/summary`;
}

export function sessionKey(name: string, session: string): string {
  return `${STATES}/${encodeURIComponent(name)}/session/${encodeURIComponent(session)}`;
}

/** What is wrong with a name; undefined where nothing is. */
export function wrongName(name: string): string | undefined {
  if (name === '') return 'the name of a member cannot be empty';
  if (!name.isWellFormed()) return 'the name of a member is to be Unicode text';
  return name.length > MAX_NAME ? `the name of a member has ${MAX_NAME} characters at most` : undefined;
}

export type FleetKey =
  | { readonly kind: 'member' | 'summary'; readonly name: string }
  | { readonly kind: 'session'; readonly name: string; readonly session: string };

/** What a key is about; undefined for those that no release of Catbird writes. */
export function parseFleetKey(key: string): FleetKey | undefined {
  try {
    const [, member] = /^\/catbird_fleet\/member\/([^/]+)$/.exec(key) ?? [];
    if (member !== undefined) return { kind: 'member', name: decodeURIComponent(member) };
    const [, name, session] =
      /^\/catbird_fleet\/state\/([^/]+)\/(?:summary|session\/([^/]+))$/.exec(key) ?? [];
    if (name === undefined) return undefined;
    if (session === undefined) return { kind: 'summary', name: decodeURIComponent(name) };
    return { kind: 'session', name: decodeURIComponent(name), session: decodeURIComponent(session) };
  } catch {
    return undefined;
  }
}

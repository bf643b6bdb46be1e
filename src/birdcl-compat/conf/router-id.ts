/** The router ID where the configuration gives none: chosen from the host's addresses, as BIRD does. */
import type { IpAddress } from '../../base/ip.ts';
import { prefixContains } from '../filter/values.ts';
import type { InterfacePattern } from './lowered.ts';

/** What a configuration may ask of the host. */
export interface HostFacts {
  readonly hostname: string;
  readonly interfaces: readonly { readonly name: string; readonly address: IpAddress }[];
}

/** Whether a shell pattern with `*` and `?` matches all of `text`. */
export function matchesPattern(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}

/** Whether an address of an interface is meant: the first pattern that matches tells, and all are where there is none. */
export function isChosen(
  patterns: readonly InterfacePattern[],
  name: string,
  address: IpAddress | undefined,
): boolean {
  if (patterns.length === 0) return true;
  for (const { negative, pattern, prefix } of patterns) {
    if (pattern !== undefined && !matchesPattern(pattern, name)) continue;
    if (prefix && !(address && prefixContains(prefix, address))) continue;
    return !negative;
  }
  return false;
}

/** The lowest IPv4 address that is not of the loopback network, or undefined. */
export function chooseRouterId(patterns: readonly InterfacePattern[], host: HostFacts): number | undefined {
  const candidates = host.interfaces
    .filter(({ name, address }) => address.version === 4 && isChosen(patterns, name, address))
    .map(({ address }) => address.words[0]!)
    .filter((word) => word >>> 24 !== 127 && word !== 0);
  return candidates.length === 0 ? undefined : Math.min(...candidates);
}

/** What a control socket speaks: which version of BIRD its clients expect, and what of the daemon it shows. */
import type { FamilyIndex } from '../../base/family.ts';

export interface SocketDialect {
  /** BIRD 1.6, 2 or 3. */
  readonly version: 1 | 2 | 3;
  /** Only protocols, tables and routes of this family, as one of the two daemons of BIRD 1.6 has them. */
  readonly family?: FamilyIndex;
  /** Every connection is as after `restrict`. */
  readonly restricted: boolean;
  /** BIRD 3's names of attributes (`bgp_path`), whatever the version. */
  readonly newNames: boolean;
}

export const DEFAULT_DIALECT: SocketDialect = { version: 2, restricted: false, newNames: false };

/** The version that a socket says it is; some programs read it. Calico wants the `v`. */
export const VERSION_TEXT = { 1: 'v1.6.8', 2: '2.0.12', 3: '3.3.2' } as const;

/** Words behind the path of a socket on the command line. */
const WORDS: Readonly<Record<string, (dialect: SocketDialect) => SocketDialect>> = {
  bird1: (dialect) => ({ ...dialect, version: 1 }),
  bird2: (dialect) => ({ ...dialect, version: 2 }),
  bird3: (dialect) => ({ ...dialect, version: 3, newNames: true }),
  ipv4: (dialect) => ({ ...dialect, family: 0 }),
  ipv6: (dialect) => ({ ...dialect, family: 1 }),
  restrict: (dialect) => ({ ...dialect, restricted: true }),
};

export interface SocketSpec {
  readonly path: string;
  readonly dialect: SocketDialect;
}

/**
 * `PATH[:WORD[,WORD]…]`, such as `/run/bird6.ctl:bird1,ipv6`. A colon with other words behind it is part of the path.
 * @param fallback the dialect of a socket that names neither a version nor a family
 */
export function parseSocketSpec(text: string, fallback: SocketDialect = DEFAULT_DIALECT): SocketSpec {
  const colon = text.lastIndexOf(':');
  const words = colon < 0 ? [] : text.slice(colon + 1).split(',');
  const known = words.length > 0 && words.every((word) => Object.hasOwn(WORDS, word));
  if (!known) return { path: text, dialect: fallback };
  const chosen = words.some((word) => word !== 'restrict');
  let dialect = chosen ? DEFAULT_DIALECT : fallback;
  for (const word of words) dialect = WORDS[word]!(dialect);
  return { path: text.slice(0, colon), dialect };
}

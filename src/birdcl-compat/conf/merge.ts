/**
 * Several configurations as one: the pair of a `bird` and a `bird6` of BIRD 1.6, which a node of Calico runs side by
 * side, in one daemon.
 */
import type { AnyProtocolConfig, BgpProtocolConfig, DaemonConfig } from './lowered.ts';
import { Scope } from './scope.ts';

/** Names that clash get this behind them, and a number. */
const SUFFIX = '_';

/**
 * The configurations together. Global options are those of the first one; logs are those of all.
 * @param configs at least one; their filters must have places in one list of tokens
 * @param warn called with a notice for each protocol that gets another name
 */
export function mergeConfigs(
  configs: readonly DaemonConfig[],
  warn: (message: string) => void,
): DaemonConfig {
  const [first, ...rest] = configs as [DaemonConfig, ...DaemonConfig[]];
  if (rest.length === 0) return first;
  const tables = new Map(configs.flatMap((config) => config.tables.map((table) => [table.name, table])));
  const merged = mergeProtocols(configs, warn);
  return {
    ...first,
    ...mergeDumpFiles(configs, warn),
    log: distinct(configs.flatMap(({ log }) => log)),
    cli: configs.flatMap(({ cli }) => cli),
    tables: [...tables.values()],
    protocols: [...merged.values()].map(({ protocol }) => protocol),
    placeOf: (name) => {
      const found = merged.get(name);
      return found?.config.placeOf(found.writtenAs);
    },
    symbols: mergeScopes(configs.map(({ symbols }) => symbols)),
  };
}

/** One file takes what is dumped of all sessions. */
function mergeDumpFiles(
  configs: readonly DaemonConfig[],
  warn: (message: string) => void,
): Pick<DaemonConfig, 'mrtdumpFile'> {
  const named = configs.filter(({ mrtdumpFile }) => mrtdumpFile !== undefined);
  const [first] = named;
  if (!first) return {};
  for (const { path, mrtdumpFile } of named)
    if (mrtdumpFile !== first.mrtdumpFile)
      warn(
        `'mrtdump "${mrtdumpFile}"' of ${path} has no effect: sessions are dumped into ${first.mrtdumpFile}`,
      );
  return { mrtdumpFile: first.mrtdumpFile! };
}

/** The first of each of the values that have the same content. */
function distinct(logs: DaemonConfig['log']): DaemonConfig['log'] {
  const seen = new Map(
    logs.map((target) => [JSON.stringify({ ...target, classes: [...target.classes] }), target]),
  );
  return [...seen.values()];
}

function freeName(name: string, isTaken: (name: string) => boolean): string {
  for (let number = 2; ; number++) {
    const candidate = `${name}${SUFFIX}${number}`;
    if (!isTaken(candidate)) return candidate;
  }
}

interface Merged {
  readonly protocol: AnyProtocolConfig;
  /** The configuration that it is from, and what it is called there. */
  readonly config: DaemonConfig;
  readonly writtenAs: string;
}

/** By the name that protocols have here. */
function mergeProtocols(
  configs: readonly DaemonConfig[],
  warn: (message: string) => void,
): ReadonlyMap<string, Merged> {
  const merged = new Map<string, Merged>();
  for (const config of configs) {
    for (const protocol of config.protocols) {
      const { name: writtenAs } = protocol;
      if (!merged.has(writtenAs)) {
        merged.set(writtenAs, { protocol, config, writtenAs });
        continue;
      }
      const name = freeName(writtenAs, (candidate) => merged.has(candidate));
      warn(`protocol '${writtenAs}' of ${config.path} is called '${name}' here`);
      merged.set(name, { protocol: renamed(protocol, name), config, writtenAs });
    }
  }
  return merged;
}

function renamed(protocol: AnyProtocolConfig, name: string): AnyProtocolConfig {
  return protocol.kind === 'bgp' ? renamedBgp(protocol, name) : { ...protocol, name };
}

function renamedBgp(protocol: BgpProtocolConfig, name: string): BgpProtocolConfig {
  const { session } = protocol;
  return {
    ...protocol,
    name,
    session:
      session.kind === 'single'
        ? { kind: 'single', config: { ...session.config, name } }
        : { kind: 'range', config: { ...session.config, name } },
  };
}

/** All names; one that the scopes before have already gets a number. */
function mergeScopes(scopes: readonly Scope[]): Scope {
  const merged = new Scope();
  for (const scope of scopes) {
    for (const [name, symbol] of scope.entries()) {
      const isTaken = (candidate: string): boolean => merged.get(candidate) !== undefined;
      const known = merged.get(name);
      if (known?.kind === 'table' && symbol.kind === 'table' && known.table === symbol.table) continue;
      merged.define(isTaken(name) ? freeName(name, isTaken) : name, 0, symbol);
    }
  }
  return merged;
}

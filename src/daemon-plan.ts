/** What another configuration changes, protocol by protocol. */
import type { AnyProtocolConfig, BgpProtocolConfig, DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import type { FilterProgram } from './birdcl-compat/filter/program.ts';
import { FilterComparer } from './birdcl-compat/filter/same.ts';

/** `reconfigured`: in place, without touching the session. */
export type ProtocolChange = 'unchanged' | 'added' | 'removed' | 'reconfigured' | 'restarted';

export interface ReconfigurationPlan {
  readonly changes: ReadonlyMap<string, ProtocolChange>;
}

/** Fields that hold filters, which are compared by meaning. */
const FILTERS: ReadonlySet<string> = new Set(['importFilter', 'exportFilter', 'attributes']);

/** Compares two configurations; what means the same is unchanged, however it is written. */
export function planChanges(before: DaemonConfig, next: DaemonConfig): ReconfigurationPlan {
  const comparer = new FilterComparer();
  const changes = new Map<string, ProtocolChange>();
  const old = new Map(before.protocols.map((protocol) => [protocol.name, protocol]));
  for (const protocol of next.protocols) {
    const known = old.get(protocol.name);
    old.delete(protocol.name);
    changes.set(protocol.name, known ? compare(known, protocol, comparer) : 'added');
  }
  for (const name of old.keys()) changes.set(name, 'removed');
  return { changes };
}

function compare(a: AnyProtocolConfig, b: AnyProtocolConfig, comparer: FilterComparer): ProtocolChange {
  if (isSame(a, b, comparer)) return 'unchanged';
  if (a.kind === 'bgp' && b.kind === 'bgp' && isSame(inPlace(a, b), b, comparer)) return 'reconfigured';
  return 'restarted';
}

/** `a` with what a running session takes over from `b`. */
function inPlace(a: BgpProtocolConfig, b: BgpProtocolConfig): BgpProtocolConfig {
  const { description: _old, ...rest } = a;
  return {
    ...rest,
    ...(b.description !== undefined && { description: b.description }),
    debug: b.debug,
    channels: a.channels.map((channel, i) => {
      const other = b.channels[i];
      if (!other) return channel;
      const { importFilter, preference, importKeepFiltered } = other;
      return { ...channel, importFilter, preference, importKeepFiltered };
    }),
  };
}

function isSame(a: unknown, b: unknown, comparer: FilterComparer, key = ''): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (FILTERS.has(key)) return comparer.same(a as FilterProgram, b as FilterProgram);
  if (a instanceof Set)
    return b instanceof Set && isSame([...(a as Set<unknown>)], [...(b as Set<unknown>)], comparer);
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i], comparer));
  }
  const [x, y] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  const keys = Object.keys(x);
  return (
    keys.length === Object.keys(y).length && keys.every((name) => isSame(x[name], y[name], comparer, name))
  );
}

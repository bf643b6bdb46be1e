/** What `dump` writes into the log. */
import { FAMILIES } from './base/family.ts';
import { formatIp } from './base/ip.ts';
import type { DumpKind, MemoryRow, ProtocolView } from './birdcl-compat/cli/daemon-view.ts';
import type { Daemon } from './daemon.ts';

export interface DumpFacts {
  readonly daemon: Daemon;
  readonly memory: () => readonly MemoryRow[];
  readonly protocols: () => Iterable<ProtocolView>;
}

type Lines = Iterable<string | undefined>;

function* resources({ memory }: DumpFacts): Lines {
  for (const { name, effectiveBytes } of memory()) yield `${name} ${effectiveBytes} bytes`;
}

function* sockets({ daemon }: DumpFacts): Lines {
  for (const { name, local, state, config } of daemon.speaker.sessions()) {
    const from = local ? `${formatIp(local.address)} port ${local.port}` : 'not connected';
    yield `${name}: ${from}, to ${formatIp(config.remoteAddress)} port ${config.remotePort}, ${state}`;
  }
}

/** Work that is waiting. */
function* events({ daemon }: DumpFacts): Lines {
  const { reflector } = daemon;
  for (const [name, table] of reflector.tables) yield `table ${name}: ${table.pending} networks to decide`;
  let number = 0;
  for (const group of reflector.groups.values()) {
    number++;
    yield `update group ${number} of table ${group.table.name}: ${group.pending} networks to encode`;
    for (const { source, lagBytes, walking } of group.members) {
      const { protocol } = group.table.sources.info(source);
      if (lagBytes > 0 || walking)
        yield `  ${protocol}: ${lagBytes} bytes behind${walking ? ', walking the table' : ''}`;
    }
  }
}

function* interfaces({ daemon }: DumpFacts): Lines {
  for (const { name, config } of daemon.speaker.sessions()) {
    yield `${name}: ${config.interface ?? 'any interface'}`;
  }
}

function* neighbors({ protocols }: DumpFacts): Lines {
  for (const { name, state, bgp } of protocols()) {
    if (bgp?.neighborAddress)
      yield `${name}: ${formatIp(bgp.neighborAddress)}, AS ${bgp.neighborAs}, ${state}, ${bgp.state}`;
  }
}

function* attributes({ daemon }: DumpFacts): Lines {
  const { store } = daemon.reflector;
  yield `attribute sets: ${store.size}, ${store.memoryBytes} bytes`;
}

function* routes({ daemon }: DumpFacts): Lines {
  for (const [name, table] of daemon.reflector.tables) {
    const family = FAMILIES[table.family.index].name;
    yield `table ${name} (${family}): ${table.accepted} routes, ${table.routes} networks, ${table.memoryBytes} bytes`;
  }
}

function* protocolLines({ protocols }: DumpFacts): Lines {
  for (const { name, kind, state, channels } of protocols()) {
    const counts = channels.map(
      ({ name: channel, stats }) => ` ${channel} ${stats.imported} imported, ${stats.exported} exported`,
    );
    yield `${name}: ${kind}, ${state}${counts.join(';')}`;
    yield undefined;
  }
}

function* filters({ daemon }: DumpFacts): Lines {
  const { symbols, locate } = daemon.config;
  for (const [name, symbol] of symbols.entries()) {
    if (symbol.kind === 'filter' && symbol.filter.kind === 'filter') {
      const place = locate(symbol.filter.body[0]?.at ?? 0);
      yield `filter ${name}: ${symbol.filter.body.length} statements from ${place.file}:${place.line}`;
    } else if (symbol.kind === 'function') {
      const place = locate(symbol.function.node.at);
      yield `function ${name}: ${place.file}:${place.line}, returns ${symbol.function.returns}`;
    }
    yield undefined;
  }
}

const DUMPS: Readonly<Record<DumpKind, (facts: DumpFacts) => Lines>> = {
  resources,
  sockets,
  events,
  interfaces,
  neighbors,
  attributes,
  routes,
  protocols: protocolLines,
  'filter all': filters,
};

/** Lines about one subject; undefined between them is a place to pause. */
export function dumpLines(kind: DumpKind, facts: DumpFacts): Lines {
  return DUMPS[kind](facts);
}

/**
 * A routing table as TABLE_DUMP_V2 records (RFC 6396 section 4.3, RFC 8050 section 4), a slice at a time. What is
 * written is what was in the table when the walk began and still is when it comes by: numbers of networks are given
 * out again, so without that a network that goes and comes back might be written twice.
 */
import type { Subscription } from 'rxjs';
import type { IpAddress } from '../base/ip.ts';
import { ATTR, FLAG } from '../rib/attrs/codes.ts';
import { HAS } from '../rib/attrs/store.ts';
import { NO_ATTRS, type Policy, type PolicyContext } from '../rib/policy.ts';
import { SOURCE_KIND } from '../rib/source-registry.ts';
import type { RoutingTable } from '../rib/table.ts';
import { MRT, TABLE_DUMP_V2 } from './codes.ts';
import type { RecordWriter } from './record-writer.ts';

/** A neighbour in the PEER_INDEX_TABLE. */
export interface DumpedPeer {
  /** Name of its session, by which its routes are found. */
  readonly name: string;
  /** 0 until it has told. */
  readonly routerId: number;
  readonly as: number;
  /** Undefined for a range of neighbours. */
  readonly address: IpAddress | undefined;
}

export interface TableWalkOptions {
  readonly table: RoutingTable;
  /** The name that the file gives the table. */
  readonly viewName: string;
  /** Who keeps the table: its BGP identifier. */
  readonly routerId: number;
  readonly peers: readonly DumpedPeer[];
  /** Routes that it rejects are left out; what it changes is written as changed. Absent: all. */
  readonly policy?: Policy;
  /** Path identifiers even for routes that have none. */
  readonly alwaysAddPath: boolean;
  /** Wall-clock seconds now, and of a path's `changedAt`. */
  readonly seconds: () => number;
  readonly changedSeconds: (changedAt: number) => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** A slice ends when it has made this many bytes, or has taken this long. */
const SLICE_BYTES = 1 << 17;
const SLICE_MS = 3;
/** Sets made by the filter that are freed at once. */
const SWEEP_SETS = 4096;
/** Networks between two looks at the time. */
const LOOK_EVERY = 64;

/** Bits of a peer's type (RFC 6396 section 4.3.1). */
const PEER_TYPE = { ipv6: 1, as4: 2 } as const;
/** Peer indices and numbers of entries are 16 bits. */
const MOST = 0xffff;
const UNSPECIFIED: IpAddress = { version: 6, words: [0, 0, 0, 0] };
/** Peer 0 stands for all that did not come from a neighbour. */
const NO_PEER: DumpedPeer = { name: '', routerId: 0, as: 0, address: undefined };

const SUBTYPES = [
  [TABLE_DUMP_V2.ribIpv4Unicast, TABLE_DUMP_V2.ribIpv4UnicastAddPath],
  [TABLE_DUMP_V2.ribIpv6Unicast, TABLE_DUMP_V2.ribIpv6UnicastAddPath],
] as const;

export class TableWalk {
  readonly #options: TableWalkOptions;
  /** A bit for each network that was there at the start and has not gone since. */
  readonly #present: Uint8Array;
  readonly #end: number;
  readonly #subscription: Subscription;
  readonly #peers = new Map<string, number>();
  /** Peer index of each source, one more than it is; and the source's generation then. */
  #peerOf = new Uint32Array(64);
  #generationOf = new Uint32Array(64);
  readonly #context: PolicyContext;
  #net = 1;
  #sequence = 0;
  #entries = 0;
  #entriesAt = 0;

  constructor(options: TableWalkOptions) {
    this.#options = options;
    const { table } = options;
    const { nets } = table;
    this.#end = nets.end;
    this.#present = nets.usedBits();
    this.#subscription = table.changes.subscribe(({ nets: changed, count }) => {
      for (let i = 0; i < count; i++) {
        const net = changed[i]!;
        if (table.firstPath[net] === 0 && net < this.#end) this.#present[net >> 3]! &= ~(1 << (net & 7));
      }
    });
    this.#context = {
      family: table.family.index,
      netWords: nets.words,
      netAt: 0,
      netLength: 0,
      source: { protocol: '', kind: 'static', internal: true },
    };
  }

  /** Writes the list of peers, which comes before all routes. */
  begin(out: RecordWriter): void {
    const { viewName, routerId, peers, seconds } = this.#options;
    const name = new TextEncoder().encode(viewName).subarray(0, MOST);
    const listed = [NO_PEER, ...peers.slice(0, MOST - 1)];
    out.begin(MRT.tableDumpV2, TABLE_DUMP_V2.peerIndexTable, seconds());
    out.reserve(8 + listed.length * 25);
    out.u32(routerId);
    out.u16(name.length);
    out.copy(name, 0, name.length);
    out.reserve(2 + listed.length * 25);
    out.u16(listed.length);
    for (const [index, { name: session, routerId: id, as, address = UNSPECIFIED }] of listed.entries()) {
      out.u8(PEER_TYPE.as4 | (address.version === 6 ? PEER_TYPE.ipv6 : 0));
      out.u32(id);
      for (const word of address.words) out.u32(word);
      out.u32(as);
      if (index > 0) this.#peers.set(session, index);
    }
    out.end();
  }

  /** Writes the next networks: a few milliseconds' work. Returns whether there are more. */
  step(out: RecordWriter): boolean {
    const { table, now } = this.#options;
    // Sets that the filter has made for the last slice have been written.
    if (this.#options.policy && table.store.unused > SWEEP_SETS) table.store.sweep();
    const deadline = now() + SLICE_MS;
    let look = LOOK_EVERY;
    while (this.#net < this.#end && out.length < SLICE_BYTES) {
      if (--look === 0) {
        look = LOOK_EVERY;
        if (now() >= deadline) break;
      }
      const net = this.#net++;
      if (this.#present[net >> 3]! & (1 << (net & 7)) && table.firstPath[net] !== 0) this.#network(out, net);
    }
    return this.#net < this.#end;
  }

  /** To be called when the walk is over, or given up. */
  close(): void {
    this.#subscription.unsubscribe();
  }

  #network(out: RecordWriter, net: number): void {
    const { table, alwaysAddPath } = this.#options;
    const { paths, firstPath } = table;
    if (alwaysAddPath) {
      this.#record(out, net, true, isAny);
      return;
    }
    let plain = false;
    let identified = false;
    for (let row = firstPath[net]!; row !== 0; row = paths.next[row]!) {
      if (paths.attrs[row] === NO_ATTRS) continue;
      if (paths.pathId[row] === 0) plain = true;
      else identified = true;
    }
    if (plain) this.#record(out, net, false, isPlain);
    if (identified) this.#record(out, net, true, isIdentified);
  }

  /** One record with the paths that are `wanted`, the best one first; none where no path is left. */
  #record(out: RecordWriter, net: number, addPath: boolean, wanted: (pathId: number) => boolean): void {
    const { table } = this.#options;
    const { paths, firstPath } = table;
    const best = table.best[net]!;
    this.#head(out, net, addPath);
    for (let row = firstPath[net]!; row !== 0; row = paths.next[row]!)
      if (row === best && wanted(paths.pathId[row]!)) this.#entry(out, net, row, addPath);
    for (let row = firstPath[net]!; row !== 0; row = paths.next[row]!)
      if (row !== best && wanted(paths.pathId[row]!)) this.#entry(out, net, row, addPath);
    this.#tail(out);
  }

  #head(out: RecordWriter, net: number, addPath: boolean): void {
    const { table, seconds } = this.#options;
    const { family, nets } = table;
    const length = nets.length[net]!;
    const octets = (length + 7) >> 3;
    out.begin(MRT.tableDumpV2, SUBTYPES[family.index][addPath ? 1 : 0], seconds());
    out.reserve(23);
    out.u32(this.#sequence);
    out.u8(length);
    for (let i = 0; i < octets; i++)
      out.u8(nets.words[net * family.words + (i >> 2)]! >>> (24 - (i & 3) * 8));
    this.#entries = 0;
    this.#entriesAt = out.length;
    out.u16(0);
  }

  #tail(out: RecordWriter): void {
    if (this.#entries === 0) {
      out.cancel();
      return;
    }
    out.putU16(this.#entriesAt, this.#entries);
    out.end();
    this.#sequence = (this.#sequence + 1) >>> 0;
  }

  #entry(out: RecordWriter, net: number, row: number, addPath: boolean): void {
    const { table, policy, changedSeconds } = this.#options;
    const { paths } = table;
    const source = paths.source[row]!;
    let attrs = paths.attrs[row]!;
    if (attrs !== NO_ATTRS && policy) attrs = policy.evaluate(attrs, this.#contextOf(net, source));
    if (attrs === NO_ATTRS) return;
    if (this.#entries === MOST) {
      this.#tail(out);
      this.#head(out, net, addPath);
    }
    this.#entries++;
    out.reserve(12);
    out.u16(this.#peerIndex(source));
    out.u32(changedSeconds(paths.changedAt[row]!));
    if (addPath) out.u32(paths.pathId[row]!);
    const lengthAt = out.length;
    out.u16(0);
    this.#attributes(out, attrs, table.sources.kind[source] === SOURCE_KIND.local);
    out.putU16(lengthAt, out.length - lengthAt - 2);
  }

  #contextOf(net: number, source: number): PolicyContext {
    const { table } = this.#options;
    const context = this.#context;
    context.netWords = table.nets.words;
    context.netAt = net * table.family.words;
    context.netLength = table.nets.length[net]!;
    context.source = table.sources.info(source);
    return context;
  }

  /**
   * Path attributes as they stand, with the next hop of an IPv6 route behind all others, as the short MP_REACH_NLRI of
   * RFC 6396 section 4.3.4. Next hops of local routes are no attributes of BGP, and IPv4 routes have no IPv6 ones there.
   */
  #attributes(out: RecordWriter, attrs: number, isLocal: boolean): void {
    const { table } = this.#options;
    const { store, family } = table;
    const { bytes } = store;
    const start = store.at[attrs]!;
    const end = start + store.wireLength[attrs]!;
    if (!isLocal && family.index === 0 && !(store.flags[attrs]! & HAS.nextHop6)) {
      out.copy(bytes, start, end);
      return;
    }
    let hopAt = -1;
    let hopLength = 0;
    for (let at = start; at < end;) {
      const code = bytes[at + 1]!;
      const isLong = (bytes[at]! & FLAG.extendedLength) !== 0;
      const value = at + (isLong ? 4 : 3);
      const length = isLong ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
      const next = value + length;
      const isDropped = code === ATTR.mpReach || (code === ATTR.nextHop && (isLocal || family.index === 1));
      if (!isDropped) out.copy(bytes, at, next);
      else if (code === ATTR.mpReach && family.index === 1 && !isLocal) {
        hopAt = value;
        hopLength = length;
      }
      at = next;
    }
    if (hopAt < 0) return;
    out.reserve(4);
    out.u8(FLAG.optional);
    out.u8(ATTR.mpReach);
    out.u8(hopLength + 1);
    out.u8(hopLength);
    out.copy(bytes, hopAt, hopAt + hopLength);
  }

  /** Where a source's neighbour stands in the list of peers; 0 for one that is not there. */
  #peerIndex(source: number): number {
    const { sources } = this.#options.table;
    if (source >= this.#peerOf.length) {
      const wider = (column: Uint32Array): Uint32Array<ArrayBuffer> => {
        const grown = new Uint32Array(Math.max(sources.end, column.length * 2));
        grown.set(column);
        return grown;
      };
      this.#peerOf = wider(this.#peerOf);
      this.#generationOf = wider(this.#generationOf);
    }
    const generation = sources.generation[source]!;
    if (this.#peerOf[source] === 0 || this.#generationOf[source] !== generation) {
      const { kind, protocol } = sources.info(source);
      this.#peerOf[source] = 1 + (kind === 'bgp' ? (this.#peers.get(protocol) ?? 0) : 0);
      this.#generationOf[source] = generation;
    }
    return this.#peerOf[source]! - 1;
  }
}

function isAny(): boolean {
  return true;
}

function isPlain(pathId: number): boolean {
  return pathId === 0;
}

function isIdentified(pathId: number): boolean {
  return pathId !== 0;
}

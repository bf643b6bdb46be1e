/** The routes of an MRT recording: a table dump of one of the collector's peers, or the UPDATEs of its sessions. */
import { FAMILIES, IPV4, type FamilyIndex } from '../base/family.ts';
import { formatIp, sameIp, type IpAddress } from '../base/ip.ts';
import { BatchBuilder, type Batch, type BatchLimits } from './batch.ts';
import { decodeBgp4mp } from './bgp4mp.ts';
import { MRT } from '../mrt/codes.ts';
import { RecordCutter, type MrtRecord } from './mrt.ts';
import { replayUpdate } from './replay.ts';
import { Skipped } from './skipped.ts';
import { FeedError, type RouteSource } from './source.ts';
import {
  decodePeerIndex,
  decodeV1Route,
  forEachV2Route,
  isPeerIndex,
  type CollectorPeer,
  type TableRoute,
} from './table-dump.ts';
import { TablePacker } from './table-packer.ts';
import type { Target } from './target.ts';

/** The bytes of a recording, unpacked. */
export interface ChunkSource {
  /** For messages to people. */
  readonly name: string;
  /** `chunks` may be called again. */
  readonly rereadable: boolean;
  /** Bytes before unpacking; undefined where that cannot be known. */
  readonly total: number | undefined;
  /** Bytes read so far, of those that `total` counts. */
  readonly position: number;
  /** From the start. Throws a `FeedError` where they cannot be read or unpacked. */
  chunks(): AsyncGenerator<Uint8Array>;
}

/** What the session has to offer so that the recording can go through it. */
export interface OfferedFamily {
  readonly family: FamilyIndex;
  readonly addPathSend: boolean;
  readonly extendedNextHop: boolean;
}

/** Peers named in a message that says which ones there are. */
const PEERS_LISTED = 10;

const OTHER_RECORD = 'record without unicast routes';
const BAD_TABLE_RECORD = 'malformed table record';
const UNKNOWN_PEER = 'route of a peer that is not in the peer index';
const TABLE_AMONG_UPDATES = 'table record in a recording of UPDATEs';

export class MrtSource implements RouteSource {
  readonly #skipped: Skipped;
  readonly #input: ChunkSource;
  readonly #notice: (text: string) => void;
  readonly #wantedAddress: IpAddress | undefined;
  /** The one whose table is played; undefined in a recording of UPDATEs. */
  #chosen: CollectorPeer | undefined;
  #addPath = false;
  /** What `prepare` has read of an input that can be read only once. */
  #ahead: { readonly chunks: Uint8Array[]; readonly rest: AsyncGenerator<Uint8Array> } | undefined;

  /**
   * @param peer the collector's peer to take; undefined: the best one of a table, all of UPDATEs
   * @param notice told what is left out, and what the user might not expect
   */
  constructor(input: ChunkSource, peer: IpAddress | undefined, notice: (text: string) => void) {
    this.#input = input;
    this.#wantedAddress = peer;
    this.#notice = notice;
    this.#skipped = new Skipped(notice);
  }

  get total(): number | undefined {
    return this.#input.total;
  }

  get position(): number {
    return this.#input.position;
  }

  get leftOut(): readonly (readonly [reason: string, count: number])[] {
    return this.#skipped.counts;
  }

  /**
   * Finds out what is in the recording: a table is read once to its end, of UPDATEs the first one is enough.
   * @param progress called now and then
   * @returns the families to offer
   */
  async prepare(progress: () => void): Promise<readonly OfferedFamily[]> {
    const survey = new Survey();
    const cutter = new RecordCutter();
    const chunks = this.#input.chunks();
    const kept: Uint8Array[] = [];
    const once = !this.#input.rereadable;
    let ended = false;
    while (!survey.isUpdates && !(once && survey.peers.size > 0)) {
      const next = await chunks.next();
      if (next.done === true) {
        ended = true;
        break;
      }
      if (once) kept.push(next.value);
      cutter.push(next.value);
      for (let record = cutter.next(); record && !survey.isUpdates; record = cutter.next()) {
        survey.take(record);
      }
      progress();
    }
    if (once) this.#ahead = { chunks: kept, rest: chunks };
    else await chunks.return(undefined);
    if (ended && survey.peers.size === 0) {
      cutter.finish();
      throw new FeedError(`there are no routes in ${this.#input.name}`);
    }
    this.#addPath = survey.addPath;
    if (!survey.isUpdates) this.#chosen = this.#choose(survey, once);
    return FAMILIES.map(({ index }) => ({
      family: index,
      addPathSend: this.#addPath,
      extendedNextHop: index === IPV4.index,
    }));
  }

  /** `prepare` has been called. */
  async *batches(target: Target, limits: BatchLimits): AsyncGenerator<Batch> {
    const out = new BatchBuilder(limits);
    const cutter = new RecordCutter();
    this.#skipped.clear();
    const player = new RecordPlayer(this.#chosen, this.#wantedAddress, target, out, limits, this.#skipped);
    for await (const chunk of this.#chunks()) {
      cutter.push(chunk);
      for (let record = cutter.next(); record; record = cutter.next()) {
        player.take(record);
        if (out.isFull) yield out.take();
      }
    }
    player.flush();
    if (!out.isEmpty) yield out.take();
    cutter.finish();
    if (player.matched === 0 && this.#wantedAddress) {
      const wanted = formatIp(this.#wantedAddress);
      throw new FeedError(`there is nothing from peer ${wanted} in ${this.#input.name}${player.seenText()}`);
    }
    if (!this.#chosen && !this.#wantedAddress && player.seen.size > 1) {
      this.#notice(`UPDATEs of ${player.seen.size} peers were mixed; --peer takes those of one`);
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    const ahead = this.#ahead;
    if (!ahead) {
      yield* this.#input.chunks();
      return;
    }
    yield* ahead.chunks;
    ahead.chunks.length = 0;
    yield* ahead.rest;
  }

  #choose({ peers }: Survey, once: boolean): CollectorPeer {
    const wanted = this.#wantedAddress;
    const found = [...peers.values()].filter(({ peer }) => !wanted || sameIp(peer.address, wanted));
    const list = peerList([...peers.keys()]);
    if (found.length === 0) {
      throw new FeedError(`${this.#input.name} has no peer ${formatIp(wanted!)}; it has ${list}`);
    }
    if (once && found.length > 1) {
      throw new FeedError(
        `${this.#input.name} has the tables of ${found.length} peers (${list}): choose one with --peer, as it can be read only once`,
      );
    }
    const best = found.reduce((most, entry) => (entry.routes > most.routes ? entry : most));
    if (!wanted && peers.size > 1) {
      this.#notice(`taking the ${best.routes} routes of ${peerName(best.peer)}, of ${peers.size} peers`);
    }
    return best.peer;
  }
}

/** What is in a recording. */
class Survey {
  /** By name, with how many routes they have. */
  readonly peers = new Map<string, { readonly peer: CollectorPeer; routes: number }>();
  addPath = false;
  /** The first routes are in BGP4MP records. */
  isUpdates = false;
  #index: readonly CollectorPeer[] = [];

  take(record: MrtRecord): void {
    switch (record.type) {
      case MRT.tableDump: {
        const route = decodeV1Route(record);
        if (typeof route !== 'string') this.#count(route.peer);
        break;
      }
      case MRT.tableDumpV2:
        if (isPeerIndex(record)) {
          this.#index = decodePeerIndex(record) ?? [];
          for (const peer of this.#index) this.#note(peer);
          break;
        }
        forEachV2Route(record, (peerIndex, route) => {
          const peer = this.#index[peerIndex];
          if (peer) this.#count(peer);
          if (route.pathId !== undefined) this.addPath = true;
        });
        break;
      case MRT.bgp4mp:
      case MRT.bgp4mpEt: {
        const message = decodeBgp4mp(record);
        if (message.kind !== 'update' || this.peers.size > 0) break;
        this.isUpdates = true;
        this.addPath = message.addPath;
        break;
      }
    }
  }

  #note(peer: CollectorPeer): { routes: number } {
    const name = peerName(peer);
    const entry = this.peers.get(name) ?? { peer, routes: 0 };
    this.peers.set(name, entry);
    return entry;
  }

  #count(peer: CollectorPeer): void {
    this.#note(peer).routes++;
  }
}

/** Turns records into messages. */
class RecordPlayer {
  /** Routes and UPDATEs of the peers that were wanted. */
  matched = 0;
  /** Names of the peers that UPDATEs are from. */
  readonly seen = new Set<string>();
  readonly #chosen: CollectorPeer | undefined;
  readonly #wantedAddress: IpAddress | undefined;
  readonly #target: Target;
  readonly #out: BatchBuilder;
  readonly #skipped: Skipped;
  readonly #packer: TablePacker;
  /** For each number in the peer index, whether it is the chosen one. */
  #isChosen: readonly boolean[] = [];

  constructor(
    chosen: CollectorPeer | undefined,
    wantedAddress: IpAddress | undefined,
    target: Target,
    out: BatchBuilder,
    limits: BatchLimits,
    skipped: Skipped,
  ) {
    this.#chosen = chosen;
    this.#wantedAddress = wantedAddress;
    this.#target = target;
    this.#out = out;
    this.#skipped = skipped;
    this.#packer = new TablePacker(target, out, limits.routes, (reason, offset, count) => {
      skipped.note(reason, offset, count);
    });
  }

  take(record: MrtRecord): void {
    switch (record.type) {
      case MRT.tableDump:
        this.#takeV1(record);
        break;
      case MRT.tableDumpV2:
        this.#takeV2(record);
        break;
      case MRT.bgp4mp:
      case MRT.bgp4mpEt:
        this.#takeBgp4mp(record);
        break;
      default:
        this.#skipped.note(OTHER_RECORD, record.offset);
    }
  }

  flush(): void {
    this.#packer.flush();
  }

  seenText(): string {
    return this.seen.size === 0 ? '' : `; it has UPDATEs of ${peerList([...this.seen])}`;
  }

  #takeV1(record: MrtRecord): void {
    const decoded = decodeV1Route(record);
    if (typeof decoded === 'string') {
      this.#skipped.note(decoded === 'other' ? OTHER_RECORD : BAD_TABLE_RECORD, record.offset);
    } else if (!this.#chosen) this.#skipped.note(TABLE_AMONG_UPDATES, record.offset);
    else if (isSamePeer(decoded.peer, this.#chosen)) this.#add(decoded.route, record.offset);
  }

  #takeV2(record: MrtRecord): void {
    const { offset } = record;
    const chosen = this.#chosen;
    if (!chosen) {
      this.#skipped.note(TABLE_AMONG_UPDATES, offset);
      return;
    }
    if (isPeerIndex(record)) {
      const peers = decodePeerIndex(record);
      if (!peers) this.#skipped.note(BAD_TABLE_RECORD, offset);
      this.#isChosen = (peers ?? []).map((peer) => isSamePeer(peer, chosen));
      return;
    }
    const outcome = forEachV2Route(record, (peerIndex, route) => {
      const isChosen = this.#isChosen[peerIndex];
      if (isChosen) this.#add(route, offset);
      else if (isChosen === undefined) this.#skipped.note(UNKNOWN_PEER, offset);
    });
    if (outcome === 'other') this.#skipped.note(OTHER_RECORD, offset);
    else if (outcome === 'malformed') this.#skipped.note(BAD_TABLE_RECORD, offset);
  }

  #add(route: TableRoute, offset: number): void {
    this.matched++;
    this.#packer.add(route, offset);
  }

  #takeBgp4mp(record: MrtRecord): void {
    const message = decodeBgp4mp(record);
    if (message.kind === 'malformed') this.#skipped.note(message.text, record.offset);
    if (message.kind !== 'update') return;
    const peer = { address: message.peer, as: message.peerAs };
    this.seen.add(peerName(peer));
    const wanted = this.#chosen
      ? isSamePeer(peer, this.#chosen)
      : !this.#wantedAddress || sameIp(peer.address, this.#wantedAddress);
    if (!wanted) return;
    this.matched++;
    // UPDATEs that follow a table change what is in it.
    this.#packer.flush();
    const { bytes, offset } = record;
    replayUpdate(bytes, message.start, message.end, message, this.#target, this.#out, (reason, count) => {
      this.#skipped.note(reason, offset, count);
    });
  }
}

function isSamePeer(a: CollectorPeer, b: CollectorPeer): boolean {
  return a.as === b.as && sameIp(a.address, b.address);
}

function peerName({ address, as }: CollectorPeer): string {
  return `${formatIp(address)} (AS ${as})`;
}

function peerList(names: readonly string[]): string {
  const shown = names.slice(0, PEERS_LISTED).join(', ');
  return names.length > PEERS_LISTED ? `${shown} and ${names.length - PEERS_LISTED} more` : shown;
}

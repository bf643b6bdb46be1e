/**
 * The reflector: tables, neighbours and update groups, and the one flush per turn that moves changes from the
 * former to the latter.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { FAMILIES, IPV4, type Family } from '../base/family.ts';
import { AttrStore } from '../rib/attrs/store.ts';
import type { AdjRibIn } from '../rib/adj-rib-in.ts';
import { NlriBatch } from '../rib/nlri-batch.ts';
import { SourceRegistry } from '../rib/source-registry.ts';
import { Pipes } from '../rib/sources/pipes.ts';
import type { RouteTracer } from '../rib/route-tracer.ts';
import { RoutingTable } from '../rib/table.ts';
import type { EstablishedSession, RouteReceiver, SessionEvents } from '../speaker/session-port.ts';
import { ArrivalTimes } from './batch-times.ts';
import { GroupRegistry } from './group-registry.ts';
import type { KeptAdjRibIn, Restarting } from './kept.ts';
import { Peer, type PeerChannel } from './peer.ts';
import type { PeerPolicy } from './peer-policy.ts';

export interface ReflectorOptions {
  readonly clock: Clock;
  /** The policy of a neighbour, by its protocol's name. */
  readonly policyOf: (name: string) => PeerPolicy;
  /** Who takes lines about single routes of a neighbour's channel; undefined: nobody. */
  readonly tracerOf?: (peer: string, table: RoutingTable) => RouteTracer | undefined;
  /** A line for the log about what a neighbour sent. */
  readonly report: (peer: string, text: string) => void;
  /** Of hash tables, so that nobody outside can choose what collides. */
  readonly hashSeed?: number;
  /** See `UpdateGroupOptions.windowBytes`. */
  readonly windowBytes?: number;
  readonly segmentBytes?: number;
  /** Told how long each batch of changes took from its arrival to each neighbour's socket, in milliseconds. */
  readonly observeBatch?: (elapsedMs: number) => void;
}

/** Networks that one turn decides and encodes, and rows that one turn of background work looks at. */
const FLUSH_NETWORKS = 32_768;
const BACKGROUND_ROWS = 50_000;
/** Routes that one turn takes through pipes. */
const PIPE_ROUTES = 8192;
/**
 * What is withdrawn and unused is given back when nothing has happened for so long, and now and then if something always
 * happens; so many withdrawn slots at a time. More unused sets than this do not wait.
 */
const RECLAIM_AFTER_MS = 100;
const RECLAIM_LIMIT_MS = 2000;
const RECLAIM_SLOTS = 20_000;
const UNUSED_SETS = 1 << 20;
/** Idle groups forget what they no longer need this often. */
const HOUSEKEEPING_MS = 5000;

/** Work that goes on in slices; returns whether it is over. */
type BackgroundTask = (rows: number) => boolean;

export class Reflector implements SessionEvents {
  readonly clock: Clock;
  readonly store: AttrStore;
  readonly sources = new SourceRegistry();
  readonly batch = new NlriBatch();
  readonly tables = new Map<string, RoutingTable>();
  /** Established neighbours by protocol name. */
  readonly peers = new Map<string, Peer>();
  readonly groups: GroupRegistry;
  readonly pipes: Pipes;
  readonly #options: ReflectorOptions;
  /** Tables that are no longer configured, while they have routes. */
  readonly #leaving = new Set<RoutingTable>();
  /** When changes arrived, by table; none where nobody measures. */
  readonly #arrivals = new Map<RoutingTable, ArrivalTimes>();
  readonly #restarting = new Map<string, Restarting>();
  /** Neighbours with an export limit. */
  readonly #limited = new Set<Peer>();
  readonly #tasks: BackgroundTask[] = [];
  #tablesMade = 0;
  #scheduled = false;
  #housekeeping: Timer | undefined;
  /** Who waits for `releaseExport`. */
  #deferred: { readonly peer: Peer; readonly channel: PeerChannel }[] | undefined;
  #reclaiming: Timer | undefined;
  /** When something to give back was first left for later. */
  #waitingSince: number | undefined;
  /** Turns so far: whether anything happened lately. */
  #turns = 0;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.store = new AttrStore(options.hashSeed);
    const { observeBatch: observe } = options;
    const now = (): number => this.clock.now();
    this.groups = new GroupRegistry({
      ...(observe && {
        timesOf: (table) => ({ now, observe, sinceMs: () => this.#arrivals.get(table)?.sinceMs ?? now() }),
      }),
      wake: () => {
        this.#schedule();
      },
      report: options.report,
      ...(options.windowBytes !== undefined && { windowBytes: options.windowBytes }),
      ...(options.segmentBytes !== undefined && { segmentBytes: options.segmentBytes }),
    });
    this.pipes = new Pipes(() => {
      this.#schedule();
    });
    for (const family of FAMILIES) this.addTable(family === IPV4 ? 'master4' : 'master6', family);
  }

  /** Adds a routing table; the tables `master4` and `master6` are always there. */
  addTable(name: string, family: Family): RoutingTable {
    const known = this.tables.get(name);
    if (known) return known;
    const { hashSeed, observeBatch } = this.#options;
    const arrivals = observeBatch && new ArrivalTimes(() => this.clock.now());
    const table = new RoutingTable({
      name,
      number: ++this.#tablesMade,
      family,
      store: this.store,
      sources: this.sources,
      seconds: () => Math.floor(this.clock.now() / 1000),
      changed: () => {
        arrivals?.begin();
        this.#schedule();
      },
      ...(hashSeed === undefined ? {} : { hashSeed }),
    });
    this.tables.set(name, table);
    if (arrivals) this.#arrivals.set(table, arrivals);
    return table;
  }

  /** Takes a table out that no protocol uses any more; it goes when what is left in it has been withdrawn. */
  removeTable(name: string): void {
    const table = this.tables.get(name);
    if (!table) return;
    this.tables.delete(name);
    this.#leaving.add(table);
    for (const [peer, { kept }] of this.#restarting) {
      if (kept.some(({ adjRibIn }) => adjRibIn.table === table)) this.#dropRestarting(peer);
    }
    this.#schedule();
  }

  /** Resolves when all routes that are to go by now are out of the tables, whoever has been told. */
  async whenWithdrawn(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.background(() => {
        this.#whenFlushed.push(resolve);
        return true;
      });
    });
  }

  /** The table of that name. Throws where the configuration did not make it. */
  table(name: string): RoutingTable {
    const table = this.tables.get(name);
    if (!table) throw new Error(`routing table ${name} does not exist`);
    return table;
  }

  established(session: EstablishedSession): RouteReceiver {
    const { name } = session.config;
    const restarting = this.#restarting.get(name);
    if (restarting) this.#stopTimers(restarting);
    this.#restarting.delete(name);
    const peer = new Peer(this, session, this.#options.policyOf(name), restarting?.kept ?? []);
    for (const { adjRibIn } of restarting?.kept ?? []) {
      if (!peer.channels.some((channel) => channel?.adjRibIn === adjRibIn)) this.discard(adjRibIn);
    }
    this.peers.set(name, peer);
    this.watchLimits(peer);
    return peer;
  }

  /** Who wants lines about routes of a neighbour that are in a table. */
  tracer(peer: string, table: RoutingTable): RouteTracer | undefined {
    return this.#options.tracerOf?.(peer, table);
  }

  /** Asks anew who wants lines about routes. */
  retrace(): void {
    for (const peer of this.peers.values()) peer.retrace();
  }

  /** Has the export limits of a neighbour checked every turn, where it has any. */
  watchLimits(peer: Peer): void {
    if (peer.hasExportLimit) this.#limited.add(peer);
    else this.#limited.delete(peer);
  }

  /**
   * A neighbour's session is over.
   * @param restartTimeS how long its routes stay for a graceful restart; undefined: they go now
   */
  peerEnded(peer: Peer, restartTimeS: number | undefined): void {
    if (this.peers.get(peer.name) === peer) this.peers.delete(peer.name);
    this.#limited.delete(peer);
    this.#deferred = this.#deferred?.filter((waiting) => waiting.peer !== peer);
    const kept: KeptAdjRibIn[] = [];
    for (const channel of peer.channels) {
      if (!channel) continue;
      const { adjRibIn, longLivedUntil } = channel;
      const { family } = channel.policy;
      const agreed = peer.negotiatedFamily(family);
      const { staleTimeS = 0 } = agreed ?? {};
      // A neighbour may list a family for the long-lived period alone, and then give it no time at all.
      const isKept = agreed?.gracefulRestart === true || staleTimeS > 0;
      if (restartTimeS === undefined || !isKept) {
        this.discard(adjRibIn);
        continue;
      }
      if (channel.staleTimer && longLivedUntil === undefined) {
        adjRibIn.markStaleAgain();
        this.backgroundPass(adjRibIn, (rows) => adjRibIn.sweepLeaving(rows));
      } else adjRibIn.markStale();
      kept.push({ family, adjRibIn, staleTimeS, longLivedUntil, staleTimer: undefined });
    }
    if (kept.length === 0 || restartTimeS === undefined) return;
    this.#dropRestarting(peer.name);
    const until = this.clock.now() + restartTimeS * 1000;
    const isLongLived = peer.session.negotiated.families.some(({ longLived }) => longLived !== undefined);
    const restarting: Restarting = {
      kept,
      until,
      timer: this.clock.setTimer(restartTimeS * 1000, () => {
        restarting.timer = undefined;
        this.#restartTimeIsOver(peer.name, restarting, isLongLived);
      }),
    };
    this.#restarting.set(peer.name, restarting);
    // RFC 9494 section 4.2: a neighbour that is lost again does not get another period; what came since becomes stale too.
    for (const entry of kept) if (entry.longLivedUntil !== undefined) this.#makeLongLived(peer.name, entry);
  }

  #restartTimeIsOver(peer: string, restarting: Restarting, isLongLived: boolean): void {
    const text = 'neighbour did not come back within its restart time: routes';
    if (!isLongLived || restarting.kept.every(({ staleTimeS }) => staleTimeS === 0)) {
      this.#options.report(peer, `${text} removed`);
      this.#dropRestarting(peer);
      return;
    }
    this.#options.report(peer, `${text} are long-lived stale`);
    for (const entry of [...restarting.kept]) {
      if (entry.longLivedUntil !== undefined) continue;
      entry.longLivedUntil = this.clock.now() + entry.staleTimeS * 1000;
      if (entry.staleTimeS > 0) this.#makeLongLived(peer, entry);
      else this.#staleTimeIsOver(peer, entry);
    }
  }

  #makeLongLived(peer: string, entry: KeptAdjRibIn): void {
    const { adjRibIn, longLivedUntil } = entry;
    this.backgroundPass(adjRibIn, (rows) => adjRibIn.makeLongLived(rows));
    const waitMs = Math.max(0, longLivedUntil! - this.clock.now());
    entry.staleTimer = this.clock.setTimer(waitMs, () => {
      this.#options.report(peer, 'long-lived stale time is over: routes removed');
      this.#staleTimeIsOver(peer, entry);
    });
  }

  #staleTimeIsOver(peer: string, entry: KeptAdjRibIn): void {
    const restarting = this.#restarting.get(peer);
    if (!restarting) return;
    restarting.kept.splice(restarting.kept.indexOf(entry), 1);
    this.discard(entry.adjRibIn);
    if (restarting.kept.length === 0) this.#dropRestarting(peer);
  }

  /** What is kept of a neighbour that is expected back; undefined where nothing is. */
  restartOf(name: string): Restarting | undefined {
    return this.#restarting.get(name);
  }

  /** Whether a neighbour's routes are kept for its graceful restart. */
  isRestarting(name: string): boolean {
    return this.#restarting.has(name);
  }

  /** A neighbour is no longer configured: routes kept for its restart go. */
  forget(name: string): void {
    this.#dropRestarting(name);
  }

  /** Removes all routes of an Adj-RIB-In, in slices, then its source. */
  discard(adjRibIn: AdjRibIn): void {
    this.backgroundPass(adjRibIn, (rows) => {
      if (!adjRibIn.clear(rows)) return false;
      this.retire(adjRibIn.source);
      return true;
    });
  }

  /** Forgets a source whose last route has been removed, when groups and pipes have seen it go. */
  retire(source: number): void {
    this.#afterFlush.push(() => {
      this.sources.remove(source);
    });
    this.#schedule();
  }

  readonly #afterFlush: (() => void)[] = [];
  readonly #whenFlushed: (() => void)[] = [];

  /** Does work in slices, between everything else. */
  background(task: BackgroundTask): void {
    this.#tasks.push(task);
    this.#schedule();
  }

  /**
   * A pass over the routes of an Adj-RIB-In in slices. It starts with the first route whatever passes over the same
   * one were under way or waiting when it was asked for.
   */
  backgroundPass(adjRibIn: AdjRibIn, task: BackgroundTask): void {
    let started = false;
    this.background((rows) => {
      if (!started) adjRibIn.rewind();
      started = true;
      return task(rows);
    });
  }

  /**
   * RFC 4724 section 4.1: after a restart of our own nothing is sent before the routes are back, so that neighbours
   * do not give up what they kept for us. Call before the first session comes up.
   */
  deferExport(): void {
    this.#deferred = [];
  }

  /** Starts sending; all neighbours get what there is by now, then End-of-RIB. */
  releaseExport(): void {
    const deferred = this.#deferred ?? [];
    this.#deferred = undefined;
    for (const { peer, channel } of deferred) this.enroll(peer, channel);
  }

  /** Whether `deferExport` holds. */
  get exportIsDeferred(): boolean {
    return this.#deferred !== undefined;
  }

  /** Makes a neighbour a member of its group, now or when sending starts. */
  enroll(peer: Peer, channel: PeerChannel): void {
    if (this.#deferred) this.#deferred.push({ peer, channel });
    else {
      channel.member = this.groups.join(peer, channel);
      this.#keepHouse();
    }
  }

  reportFaults(name: string, texts: readonly string[]): void {
    for (const text of texts) this.#options.report(name, text);
  }

  /** Runs one turn now: background work, decisions, encoding, sending. Tests and the daemon's end use it. */
  turn(): void {
    this.#scheduled = false;
    this.#turns++;
    this.groups.moveMembers();
    let more = this.#runTasks();
    this.pipes.run(PIPE_ROUTES);
    let flushed = true;
    for (const table of [...this.tables.values(), ...this.#leaving]) {
      if (table.pending > 0) this.#arrivals.get(table)?.flushing(table.pending, FLUSH_NETWORKS);
      if (table.flush(FLUSH_NETWORKS)) flushed = false;
      else if (table.paths.size === 0 && this.#leaving.delete(table)) this.#arrivals.delete(table);
    }
    // What was flushed may be on its way into another table.
    if (!this.pipes.isIdle) flushed = false;
    if (!flushed) more = true;
    for (const peer of [...this.#limited]) peer.checkExportLimits();
    if (this.groups.run(FLUSH_NETWORKS)) more = true;
    if (flushed && this.groups.pending === 0) {
      for (const done of this.#afterFlush.splice(0)) done();
    }
    if (flushed) for (const done of this.#whenFlushed.splice(0)) done();
    if (this.#afterFlush.length > 0 || this.#whenFlushed.length > 0) more = true;
    if (this.store.unused > UNUSED_SETS) this.store.sweep();
    if (more) this.#schedule();
    else this.#reclaimLater();
  }

  /** Gives back what is no longer needed once there has been nothing else to do for a while. */
  #reclaimLater(): void {
    if (this.#reclaiming) return;
    const turns = this.#turns;
    const since = (this.#waitingSince ??= this.clock.now());
    this.#reclaiming = this.clock.setTimer(RECLAIM_AFTER_MS, () => {
      this.#reclaiming = undefined;
      if (this.#turns !== turns && this.clock.now() - since < RECLAIM_LIMIT_MS) this.#reclaimLater();
      else this.#reclaim();
    });
  }

  #reclaim(): void {
    this.store.sweep();
    let more = false;
    for (const group of this.groups.values()) {
      group.trim();
      if (group.reclaim(RECLAIM_SLOTS)) more = true;
    }
    this.#waitingSince = undefined;
    if (!more) return;
    this.clock.soon(() => {
      this.#reclaim();
    });
  }

  #runTasks(): boolean {
    const task = this.#tasks[0];
    if (!task) return false;
    if (task(BACKGROUND_ROWS)) this.#tasks.shift();
    return this.#tasks.length > 0;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.clock.soon(() => {
      this.turn();
    });
  }

  #dropRestarting(name: string): void {
    const restarting = this.#restarting.get(name);
    if (!restarting) return;
    this.#stopTimers(restarting);
    this.#restarting.delete(name);
    for (const { adjRibIn } of restarting.kept) this.discard(adjRibIn);
  }

  #stopTimers({ kept, timer }: Restarting): void {
    timer?.cancel();
    for (const { staleTimer } of kept) staleTimer?.cancel();
  }

  #keepHouse(): void {
    this.#housekeeping ??= this.clock.setTimer(HOUSEKEEPING_MS, () => {
      this.#housekeeping = undefined;
      this.#reclaim();
      if (this.groups.size > 0) this.#keepHouse();
    });
  }
}

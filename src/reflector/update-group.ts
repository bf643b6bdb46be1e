/**
 * An update group: neighbours that are sent the same bytes. It keeps one Adj-RIB-Out, encodes each change once
 * into one bounded log, and moves its members along that log. Members that are new, or fell out of the log, are
 * brought up to date by a walk over the Adj-RIB-Out (`table-walk.ts`) and then join the log.
 */
import type { Family } from '../base/family.ts';
import { NO_ATTRS } from '../rib/attrs/store.ts';
import { PATH } from '../rib/paths.ts';
import type { RouteTracer } from '../rib/route-tracer.ts';
import { SOURCE_KIND } from '../rib/source-registry.ts';
import type { RoutingTable } from '../rib/table.ts';
import type { Reflection } from '../speaker/wire/update-encode.ts';
import { AdjRibOut } from './adj-rib-out.ts';
import { BatchMarks, type BatchTimes } from './batch-times.ts';
import type { Buckets } from './buckets.ts';
import { PackScratch } from './pack-scratch.ts';
import { ExportRules, type ExportTarget } from './export.ts';
import { EVERYONE, GroupLog } from './group-log.ts';
import { GroupMember, type MemberPort } from './group-member.ts';
import { Packer, type Encoding } from './packer.ts';
import { TableWalk } from './table-walk.ts';

export interface UpdateGroupOptions {
  readonly table: RoutingTable;
  readonly target: ExportTarget;
  readonly encoding: Encoding;
  /** For a group of one: how many routes it may be sent. */
  readonly limit?: ExportLimit;
  /** Called where the group has work that somebody should call `drain` for soon. */
  readonly wake: (group: UpdateGroup) => void;
  /** One line for the log, rate-limited by the receiver. */
  readonly report: (text: string) => void;
  /** Shared by the groups of a reflector; a group makes its own where none is given. */
  readonly scratch?: PackScratch;
  /** Bytes of the log that members may lag behind before they are brought up to date by a walk. */
  readonly windowBytes?: number;
  /** Size of the log's segments; at least the longest message. */
  readonly segmentBytes?: number;
  /** Measures how long batches take; absent where nobody wants to know. */
  readonly times?: BatchTimes;
}

/** Members that lag by more than this are resynchronised. */
export const DEFAULT_WINDOW_BYTES = 16 * 1024 * 1024;
/** While more is being encoded, members are not written less than this: a write costs as much as encoding 50 routes. */
const WORTHWHILE_BYTES = 128 * 1024;
/** Withdrawn slots that may be remembered for members that fell behind, besides as many as there are routes. */
const TOMBSTONE_LIMIT = 1_000_000;

/** BIRD `export limit … action block`: routes of others that the one member of a group may hold. */
export interface ExportLimit {
  readonly count: number;
  /** The member's own source: its own routes do not count. */
  readonly source: number;
  /** A route was left out. */
  readonly reached: () => void;
}

/** Counts for `show protocols all`, per route and for the whole group. */
export interface ExportCounters {
  announced: number;
  withdrawn: number;
  /** Members that fell out of the log and were brought up to date from the table. */
  resyncs: number;
}

export class UpdateGroup {
  readonly table: RoutingTable;
  readonly encoding: Encoding;
  readonly adjRibOut: AdjRibOut;
  readonly log: GroupLog;
  readonly members = new Set<GroupMember>();
  readonly counters: ExportCounters = { announced: 0, withdrawn: 0, resyncs: 0 };
  #rules: ExportRules;
  #limit: ExportLimit | undefined;
  #stale = false;
  readonly #bySource = new Map<number, GroupMember>();
  readonly #packer: Packer;
  readonly #scratch: PackScratch;
  readonly #options: UpdateGroupOptions;
  readonly #window: number;
  /** Where batches end in the log; absent where nobody measures. */
  readonly marks: BatchMarks | undefined;
  /** When the oldest change that was kept back arrived. */
  #pendingSinceMs = 0;
  /** Networks that changed while the group was held back by its members. */
  #pending = new Uint32Array(1 << 10);
  #isPending = new Uint8Array(1 << 10);
  #pendingCount = 0;
  /** The oldest log segment of which some member may not know all withdrawals. */
  #remembered = 0;
  #lastTail = 0;
  /** The walk that newcomers join. */
  #walk: TableWalk | undefined;
  #closed = false;
  #growing = false;
  /** The next network that the group has not looked at since it was made; past the end once all are known. */
  #loadNext = 1;
  /** Position in the log at which everything that was there when the group was made had been sent. */
  loadedAt = Number.POSITIVE_INFINITY;

  /** @param parent a group that this one begins as a copy of, without its members */
  constructor(options: UpdateGroupOptions, parent?: UpdateGroup) {
    this.#options = options;
    this.table = options.table;
    this.log = parent?.log.fork() ?? new GroupLog(options.segmentBytes);
    this.encoding = options.encoding;
    this.#rules = new ExportRules(options.table, options.target);
    this.#limit = options.limit;
    this.adjRibOut = parent?.adjRibOut.fork() ?? new AdjRibOut(options.table, options.encoding.addPath);
    this.#scratch = options.scratch ?? new PackScratch();
    this.#packer = new Packer(options.encoding, options.table.store, options.table.nets);
    this.#window = options.windowBytes ?? DEFAULT_WINDOW_BYTES;
    this.marks = options.times && new BatchMarks(options.times);
    if (!parent) return;
    Object.assign(this.counters, parent.counters);
    this.#stale = parent.#stale;
    this.#loadNext = parent.#loadNext;
    this.loadedAt = parent.loadedAt;
    this.#remembered = parent.#remembered;
    this.#keepBack(parent.#pending, parent.#pendingCount);
  }

  /** What members are, as far as it decides what they are sent. */
  get target(): ExportTarget {
    return this.#rules.target;
  }

  get rules(): ExportRules {
    return this.#rules;
  }

  /** Members hold routes that the rules of now would not send, or lack some: `retarget` without `reload`. */
  get stale(): boolean {
    return this.#stale;
  }

  /** Everything that the table had at its last flush has been compared with what was sent. */
  get settled(): boolean {
    return this.#pendingCount === 0 && this.loadedAt !== Number.POSITIVE_INFINITY;
  }

  get family(): Family {
    return this.table.family;
  }

  /** BIRD `export limit … action block` counts for the one member. */
  get isLimited(): boolean {
    return this.#limit !== undefined;
  }

  /** Whether the export limit, if there is one, leaves a slot to a route of this source. */
  hasRoomFor(slot: number, source: number): boolean {
    if (!this.#limit) return true;
    const room = new Room({ ...this.#limit, reached: () => undefined }, this.adjRibOut);
    return room.take(this.adjRibOut.source[slot] ?? 0, source);
  }

  /** Whether a change of the network waits to be encoded. */
  isPending(net: number): boolean {
    return this.loadedAt === Number.POSITIVE_INFINITY || this.#isPending[net] === 1;
  }

  /** Changed networks that were not encoded yet. */
  get pending(): number {
    return this.#pendingCount;
  }

  get memoryBytes(): number {
    return (
      this.adjRibOut.memoryBytes + this.log.heldBytes + this.#pending.byteLength + this.#isPending.byteLength
    );
  }

  /**
   * Adds a neighbour; it is sent everything, then End-of-RIB, then what changes.
   * @param source the neighbour's own route source in this table, whose routes it is not sent
   */
  join(port: MemberPort, source: number): GroupMember {
    const walk = this.walkSince(0);
    const member = new GroupMember(this, port, source, this.log.cursor());
    this.members.add(member);
    if (source !== EVERYONE) this.#bySource.set(source, member);
    member.startWalk(walk);
    this.wake();
    return member;
  }

  /**
   * Members are to be sent what other rules say. What they hold already is known: they are sent the difference.
   * @param reload look at all networks again; without it the rules count for those that change from now on
   */
  retarget(target: ExportTarget, limit: ExportLimit | undefined, reload: boolean): void {
    this.#rules = new ExportRules(this.table, target);
    this.#limit = limit;
    this.#stale = !reload;
    if (reload) this.reload();
  }

  /** Compares all networks with what was sent once more. */
  reload(): void {
    this.#loadNext = 1;
    this.loadedAt = Number.POSITIVE_INFINITY;
    this.wake();
  }

  /** Lets members go on in another group, that was made as a copy of this one or has come to the same state. */
  handOver(members: Iterable<GroupMember>, to: UpdateGroup): void {
    for (const member of members) {
      this.members.delete(member);
      if (this.#bySource.get(member.source) === member) this.#bySource.delete(member.source);
      to.members.add(member);
      if (member.source !== EVERYONE) to.#bySource.set(member.source, member);
      member.moveTo(to);
    }
    to.wake();
  }

  /** The walk that tells members what changed since a log segment, or everything (0): that one is shared. */
  walkSince(since: number): TableWalk {
    return since === 0 ? (this.#walk ??= new TableWalk(this, 0)) : new TableWalk(this, since);
  }

  /** Sends a member everything again, between BoRR and EoRR where it understands them (RFC 7313). */
  refresh(member: GroupMember): void {
    if (!this.members.has(member)) return;
    member.restartWalk(this.walkSince(0));
  }

  leave(member: GroupMember): void {
    if (!this.members.delete(member)) return;
    member.stop();
    if (this.#bySource.get(member.source) === member) this.#bySource.delete(member.source);
    this.trim();
  }

  /** The group's walk is over: the next newcomer starts another. */
  walkEnded(walk: TableWalk): void {
    if (this.#walk === walk) this.#walk = undefined;
  }

  /** Lets go of all that the group holds. It has no members any more. */
  close(): void {
    this.#closed = true;
    this.adjRibOut.clear();
  }

  /** Takes changed networks: encodes them, or keeps them for later where most members are far behind. */
  apply(nets: Uint32Array, count: number): void {
    if (this.#pendingCount === 0 && !this.congested) {
      this.#encode(nets, count);
      this.marks?.add(this.log.end, this.marks.sinceMs);
      return;
    }
    if (this.#pendingCount === 0 && this.marks) this.#pendingSinceMs = this.marks.sinceMs;
    this.#keepBack(nets, count);
  }

  #keepBack(nets: Uint32Array, count: number): void {
    if (this.#isPending.length < this.table.nets.capacity) {
      const grown = new Uint8Array(this.table.nets.capacity);
      grown.set(this.#isPending);
      this.#isPending = grown;
    }
    for (let i = 0; i < count; i++) {
      const net = nets[i]!;
      if (this.#isPending[net]) continue;
      this.#isPending[net] = 1;
      // The network keeps its number until the group has told its members.
      this.table.holdNet(net);
      if (this.#pendingCount === this.#pending.length) {
        const grown = new Uint32Array(this.#pending.length * 2);
        grown.set(this.#pending);
        this.#pending = grown;
      }
      this.#pending[this.#pendingCount++] = net;
    }
  }

  /**
   * Encodes up to `limit` networks that the group has not looked at yet or that were kept back, and sends.
   * @returns whether it should be called again soon
   */
  drain(limit: number): boolean {
    if (this.#closed) return false;
    let more = false;
    if (!this.congested) {
      if (this.loadedAt === Number.POSITIVE_INFINITY) more = this.#load(limit);
      else if (this.#pendingCount > 0) more = this.#drainPending(limit);
    }
    this.pump(more);
    return more;
  }

  /** Goes on with the first pass over the table. */
  #load(limit: number): boolean {
    const { nets, best, paths } = this.table;
    const end = nets.end;
    const batch = new Uint32Array(limit);
    let count = 0;
    let net = this.#loadNext;
    for (; net < end && count < limit; net++) {
      const row = best[net]!;
      // A path that is gone since the last flush: the next one tells.
      if (row !== 0 && paths.net[row] === net && paths.attrs[row] !== NO_ATTRS) batch[count++] = net;
    }
    this.#loadNext = net;
    this.#encode(batch, count);
    if (net < end) return true;
    this.loadedAt = this.log.end;
    return this.#pendingCount > 0;
  }

  #drainPending(limit: number): boolean {
    const count = Math.min(limit, this.#pendingCount);
    const nets = this.#pending.slice(0, count);
    this.#pending.copyWithin(0, count, this.#pendingCount);
    this.#pendingCount -= count;
    for (let i = 0; i < count; i++) this.#isPending[nets[i]!] = 0;
    this.#encode(nets, count);
    this.marks?.add(this.log.end, this.#pendingSinceMs);
    for (let i = 0; i < count; i++) this.table.releaseNet(nets[i]!);
    return this.#pendingCount > 0;
  }

  /** Forgets what was kept back; used before the group closes. */
  dropPending(): void {
    for (let i = 0; i < this.#pendingCount; i++) {
      const net = this.#pending[i]!;
      this.#isPending[net] = 0;
      this.table.releaseNet(net);
    }
    this.#pendingCount = 0;
  }

  /**
   * Most members that follow the log are half a window behind: encoding more would only push them out of it, while
   * changes that wait are joined. One slow member holds nobody back.
   */
  get congested(): boolean {
    const limit = this.log.end - this.#window / 2;
    if (limit <= 0) return false;
    let following = 0;
    let behind = 0;
    for (const member of this.members) {
      if (member.walking) continue;
      following++;
      if (this.log.position(member.cursor) < limit) behind++;
    }
    return behind * 2 > following;
  }

  /**
   * Sends to every member that is not waiting for a write to finish.
   * @param growing more changes are about to be encoded, and this is called again after them: members wait until there is
   * enough for a write that is worth its system call
   */
  pump(growing: boolean): void {
    this.#growing = growing;
    for (const member of this.members) member.pump();
  }

  /** Whether a member that follows the log and lags behind by so many bytes is to be sent them now. */
  isWorthWriting(lagBytes: number): boolean {
    return !this.#growing || lagBytes >= WORTHWHILE_BYTES;
  }

  /** A member's write finished. */
  written(): void {
    if (this.#pendingCount > 0 || this.loadedAt === Number.POSITIVE_INFINITY) this.#options.wake(this);
  }

  /** Asks for a `pump` soon, for members whose walk can go on. */
  wake(): void {
    this.#options.wake(this);
  }

  /** Drops what every member has passed, and what is older than the window. */
  trim(): void {
    const { log } = this;
    let needed = log.tail.id;
    let remembered = needed;
    for (const member of this.members) {
      remembered = Math.min(remembered, member.needsSince);
      if (!member.fallen) needed = Math.min(needed, member.cursor.segment);
    }
    const excess = Math.floor((log.heldBytes - this.#window) / log.segmentBytes);
    if (excess > 0) needed = Math.max(needed, log.firstSegment + excess);
    log.trim(needed);
    this.#remembered = remembered;
    if (this.adjRibOut.tombstones <= TOMBSTONE_LIMIT + this.adjRibOut.routes) return;
    this.reclaim(Number.MAX_SAFE_INTEGER);
    if (this.adjRibOut.tombstones > TOMBSTONE_LIMIT + this.adjRibOut.routes) this.#endLaggard();
  }

  /**
   * Forgets withdrawn slots that every member has been told of, about `limit` of them. Not urgent: done when there is
   * nothing to send.
   * @returns whether there is more of it
   */
  reclaim(limit: number): boolean {
    const before = this.#allCaughtUp() ? Number.POSITIVE_INFINITY : this.#remembered;
    return this.adjRibOut.forgetWithdrawn(before, limit);
  }

  #allCaughtUp(): boolean {
    for (const member of this.members) if (member.walking || member.lagBytes > 0) return false;
    return true;
  }

  /** Encodes the state of slots into `log` for a walk: announcements, and withdrawals of slots that are gone. */
  encodeSlots(log: GroupLog, from: number, to: number, since: number): void {
    const { adjRibOut } = this;
    const buckets = this.#scratch.buckets;
    buckets.clear();
    const stop = Math.min(to, adjRibOut.end);
    for (let slot = from; slot < stop; slot++) {
      const segment = adjRibOut.segment[slot]!;
      if (segment === 0 || segment < since) continue;
      const attrs = adjRibOut.attrs[slot]!;
      if (attrs !== 0 || since > 0) buckets.add(slot, attrs, adjRibOut.source[slot]!);
    }
    this.#pack(log, buckets, EVERYONE);
    if (since > 0) this.#packOwnWithdrawals(log, from, stop, since);
  }

  /** What a member that fell behind may hold although the route is its own by now. */
  #packOwnWithdrawals(log: GroupLog, from: number, to: number, since: number): void {
    const { adjRibOut } = this;
    if (adjRibOut.addPath) return;
    const targeted = this.#scratch.targeted;
    targeted.clear();
    for (let slot = from; slot < to; slot++) {
      const source = adjRibOut.source[slot]!;
      if (adjRibOut.segment[slot]! < since || adjRibOut.attrs[slot] === 0 || !this.#bySource.has(source))
        continue;
      targeted.add(slot, NO_ATTRS, source);
    }
    this.#packTargeted(log, targeted);
  }

  #encode(nets: Uint32Array, count: number): void {
    if (this.members.size === 0) return;
    this.adjRibOut.fit();
    for (const { port, source } of this.members)
      if (port.tracer) this.#trace(port.tracer, source, nets, count);
    this.#scratch.buckets.clear();
    this.#scratch.targeted.clear();
    if (this.encoding.addPath) this.#collectPaths(nets, count);
    else this.#collectBest(nets, count);
    this.#pack(this.log, this.#scratch.buckets, EVERYONE);
    this.#packTargeted(this.log, this.#scratch.targeted);
    if (this.log.tail.id !== this.#lastTail) {
      this.#lastTail = this.log.tail.id;
      this.trim();
    }
  }

  /** Compares the best path of each network with what was sent; the Adj-RIB-Out is brought up to date. */
  #collectBest(nets: Uint32Array, count: number): void {
    const { table, adjRibOut, rules } = this;
    const { best, paths } = table;
    const buckets = this.#scratch.buckets;
    const room = this.#limit && new Room(this.#limit, adjRibOut);
    for (let i = 0; i < count; i++) {
      const net = nets[i]!;
      const row = best[net]!;
      let attrs = row === 0 ? NO_ATTRS : rules.evaluate(row);
      let source = attrs === NO_ATTRS ? 0 : paths.source[row]!;
      const oldAttrs = adjRibOut.attrs[net]!;
      const oldSource = adjRibOut.source[net]!;
      if (room && !room.take(oldSource, source)) attrs = source = NO_ATTRS;
      if (attrs === oldAttrs && source === oldSource) continue;
      if (oldAttrs !== NO_ATTRS && source !== oldSource && this.#bySource.has(source)) {
        // The route is the member's own from now on; what it was sent before must go.
        this.#scratch.targeted.add(net, NO_ATTRS, source);
      }
      buckets.add(net, attrs, source);
    }
  }

  /** RFC 7911: the same for each path of each network; a path's row is its identifier. */
  #collectPaths(nets: Uint32Array, count: number): void {
    const { table, adjRibOut, rules } = this;
    const { paths, firstPath } = table;
    const buckets = this.#scratch.buckets;
    const room = this.#limit && new Room(this.#limit, adjRibOut);
    for (let i = 0; i < count; i++) {
      const net = nets[i]!;
      adjRibOut.forEachRow(net, (row) => {
        const gone = (paths.flags[row]! & PATH.dead) !== 0;
        if (!gone || adjRibOut.attrs[row] === NO_ATTRS) return;
        room?.take(adjRibOut.source[row]!, 0);
        buckets.add(row, NO_ATTRS, 0);
      });
      for (let row = firstPath[net]!; row !== 0; row = paths.next[row]!) {
        let attrs = paths.attrs[row] === NO_ATTRS ? NO_ATTRS : rules.evaluate(row);
        const source = attrs === NO_ATTRS ? 0 : paths.source[row]!;
        if (room && !room.take(adjRibOut.source[row]!, source)) attrs = NO_ATTRS;
        if (attrs !== adjRibOut.attrs[row]) buckets.add(row, attrs, attrs === NO_ATTRS ? 0 : source);
      }
    }
  }

  /** Says of the routes of some networks what becomes of them for a member, before it does. */
  #trace(tracer: RouteTracer, member: number, nets: Uint32Array, count: number): void {
    const { table, adjRibOut, rules } = this;
    const { paths, best, firstPath } = table;
    const room = this.#limit && new Room({ ...this.#limit, reached: () => undefined }, adjRibOut);
    const traceRow = (net: number, slot: number, row: number): void => {
      const oldSource = adjRibOut.source[slot]!;
      const held = adjRibOut.attrs[slot] !== NO_ATTRS && oldSource !== member;
      const source = row === 0 ? 0 : paths.source[row]!;
      let attrs = row === 0 || paths.attrs[row] === NO_ATTRS ? NO_ATTRS : rules.evaluate(row);
      if (row !== 0 && paths.attrs[row] !== NO_ATTRS) {
        const reason =
          source === member || (attrs === NO_ATTRS && rules.gate !== 'export policy')
            ? 'rejected by protocol'
            : attrs === NO_ATTRS
              ? 'filtered out'
              : room && !room.take(oldSource, source)
                ? 'rejected [limit]'
                : undefined;
        if (reason) {
          tracer.exported(reason, net, row, source, paths.attrs[row]!);
          attrs = NO_ATTRS;
        }
      }
      if (attrs === NO_ATTRS) {
        if (held) tracer.exported('removed', net, row, oldSource, adjRibOut.attrs[slot]!);
      } else if (attrs !== adjRibOut.attrs[slot] || source !== oldSource) {
        tracer.exported(held ? 'replaced' : 'added', net, row, source, attrs);
      }
    };
    for (let i = 0; i < count; i++) {
      const net = nets[i]!;
      if (!this.encoding.addPath) {
        traceRow(net, net, best[net]!);
        continue;
      }
      adjRibOut.forEachRow(net, (row) => {
        if ((paths.flags[row]! & PATH.dead) !== 0) traceRow(net, row, 0);
      });
      for (let row = firstPath[net]!; row !== 0; row = paths.next[row]!) traceRow(net, row, row);
    }
  }

  /** Writes buckets as messages. In the group's own log that is what the Adj-RIB-Out then holds. */
  #pack(log: GroupLog, buckets: Buckets, only: number): void {
    for (let bucket = 0; bucket < buckets.count; bucket++) {
      const attrs = buckets.attrs[bucket]!;
      const source = buckets.source[bucket]!;
      if (attrs === NO_ATTRS) {
        this.#packWithdrawals(log, buckets, bucket, only);
      } else if (this.#packer.announce(log, attrs, source, this.#reflection(source))) {
        this.#packAnnouncements(log, buckets, bucket);
      } else {
        this.#options.report(
          `attributes too long for a message of ${this.encoding.maxLength} bytes: routes withdrawn`,
        );
        this.#packWithdrawals(log, buckets, bucket, only);
      }
    }
  }

  #packAnnouncements(log: GroupLog, buckets: Buckets, bucket: number): void {
    const { adjRibOut } = this;
    const own = log === this.log;
    const attrs = buckets.attrs[bucket]!;
    const source = buckets.source[bucket]!;
    const count = this.#unchain(buckets, bucket, false);
    for (let at = 0; at < count;) {
      const next = this.#packer.fill(this.#scratch.nets, this.#scratch.slots, at, count);
      // The message may have opened a segment.
      const segment = log.tail.id;
      if (own)
        for (let i = at; i < next; i++) adjRibOut.announce(this.#scratch.slots[i]!, attrs, source, segment);
      at = next;
    }
    if (own) this.counters.announced += count;
  }

  #packWithdrawals(log: GroupLog, buckets: Buckets, bucket: number, only: number): void {
    const { adjRibOut } = this;
    const own = log === this.log;
    const count = this.#unchain(buckets, bucket, own);
    this.#packer.withdraw(log, only);
    for (let at = 0; at < count;) {
      const next = this.#packer.fill(this.#scratch.nets, this.#scratch.slots, at, count);
      const segment = log.tail.id;
      if (own) for (let i = at; i < next; i++) adjRibOut.withdraw(this.#scratch.slots[i]!, segment);
      at = next;
    }
    if (own) this.counters.withdrawn += count;
  }

  #packTargeted(log: GroupLog, targeted: Buckets): void {
    for (let bucket = 0; bucket < targeted.count; bucket++) {
      const count = this.#unchain(targeted, bucket, false);
      this.#packer.withdraw(log, targeted.source[bucket]!);
      for (let at = 0; at < count;)
        at = this.#packer.fill(this.#scratch.nets, this.#scratch.slots, at, count);
    }
  }

  /**
   * Lists the slots of a bucket and their networks for the packer.
   * @param announced only those that the Adj-RIB-Out has as announced
   * @returns how many there are
   */
  #unchain(buckets: Buckets, bucket: number, announced: boolean): number {
    const { adjRibOut } = this;
    const { slot, next } = buckets;
    const scratch = this.#scratch;
    scratch.fit(slot.length);
    let count = 0;
    for (let entry = buckets.head[bucket]!; entry !== 0; entry = next[entry]!) {
      const known = slot[entry]!;
      if (announced && adjRibOut.attrs[known] === NO_ATTRS) continue;
      scratch.slots[count] = known;
      scratch.nets[count++] = adjRibOut.netOf(known);
    }
    return count;
  }

  /** RFC 4456 section 8, with BIRD's second cluster ID where source and target are in different clusters. */
  #reflection(source: number): Reflection | undefined {
    const { sources } = this.table;
    if (this.target.kind < SOURCE_KIND.nonClient || sources.kind[source]! < SOURCE_KIND.nonClient)
      return undefined;
    const from = sources.clusterId[source]!;
    const to = this.target.clusterId;
    return {
      originatorId: sources.routerId[source]!,
      cluster: to !== 0 && to !== from ? to : from,
      innerCluster: to !== 0 && to !== from ? from : 0,
    };
  }

  /** The member that has been out of the log for longest keeps too much alive: its session ends. */
  #endLaggard(): void {
    let worst: GroupMember | undefined;
    for (const member of this.members) if (!worst || member.needsSince < worst.needsSince) worst = member;
    if (worst && worst.needsSince < this.log.firstSegment) worst.port.outOfResources();
  }
}

/** What an export limit leaves room for, while a batch is compared with what was sent. */
class Room {
  readonly #limit: ExportLimit;
  #held: number;

  constructor(limit: ExportLimit, adjRibOut: AdjRibOut) {
    this.#limit = limit;
    this.#held = adjRibOut.routes - (adjRibOut.bySource[limit.source] ?? 0);
  }

  /** Counts a slot that goes from a route of one source to one of another (0: none); false where there is no room. */
  take(from: number, to: number): boolean {
    const { source, count, reached } = this.#limit;
    const before = from !== 0 && from !== source;
    const after = to !== 0 && to !== source;
    if (before === after) return true;
    if (after && this.#held >= count) {
      reached();
      return false;
    }
    this.#held += after ? 1 : -1;
    return true;
  }
}

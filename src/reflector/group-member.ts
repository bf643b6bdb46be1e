/** One neighbour in an update group: a cursor into the group's log, or a place in a walk over its table. */
import type { RouteTracer } from '../rib/route-tracer.ts';
import { endOfRib } from '../speaker/wire/update-encode.ts';
import { nothingGathered, type LogCursor, type Segment } from './group-log.ts';
import { TableWalk, type WalkCursor } from './table-walk.ts';
import type { UpdateGroup } from './update-group.ts';

/** The session as its group sees it. */
export interface MemberPort {
  /** Sends whole messages, which must not change before `written` is called. One call at a time. */
  write(chunks: readonly Uint8Array[], messages: number, written: () => void): void;
  /** RFC 7313 BoRR and EoRR for the group's family; undefined where the neighbour does not understand them. */
  readonly refreshMarker: ((subtype: 1 | 2) => Uint8Array) | undefined;
  /** Takes a line about each route that the neighbour is sent or not; undefined where nobody wants to know. */
  readonly tracer?: RouteTracer | undefined;
  /** End-of-RIB is wanted (RFC 4724). */
  readonly endOfRib: boolean;
  /** The neighbour takes too little for too long: end the session (Cease, Out of Resources). */
  outOfResources(): void;
}

/** Bytes handed to a session at once. */
const WRITE_BYTES = 1024 * 1024;

export class GroupMember {
  readonly port: MemberPort;
  readonly source: number;
  readonly cursor: LogCursor;
  #group: UpdateGroup;
  #walk: TableWalk | undefined;
  #walkCursor: WalkCursor | undefined;
  /** End-of-RIB is still to be sent, once the member has all that the group had when it was loaded. */
  #endOfRibDue: boolean;
  /** EoRR, sent when the walk is over. */
  #closing: Uint8Array | undefined;
  /** Sent before anything else. */
  #opening: Uint8Array | undefined;
  #writing = false;
  /** Position in the group's log up to which batches have been measured. */
  #measured: number;
  #stopped = false;

  constructor(group: UpdateGroup, port: MemberPort, source: number, cursor: LogCursor) {
    this.#group = group;
    this.port = port;
    this.source = source;
    this.cursor = cursor;
    this.#endOfRibDue = port.endOfRib;
    this.#measured = group.log.position(cursor);
  }

  /** The group that the member follows now. */
  get group(): UpdateGroup {
    return this.#group;
  }

  /** Whether the member has been handed everything that its group has, and the marker behind it. */
  get caughtUp(): boolean {
    return !this.walking && !this.#opening && !this.#endOfRibDue && this.lagBytes === 0;
  }

  /**
   * Goes on in another group, whose log says the same up to the member's cursor, and whose Adj-RIB-Out what it was sent
   * until there. A walk begins anew, in the other group's table.
   */
  moveTo(group: UpdateGroup): void {
    const walk = this.#walk;
    this.#walk = undefined;
    walk?.leave(this);
    this.#group = group;
    this.#measured = group.log.position(this.cursor);
    if (walk) this.startWalk(group.walkSince(walk.since));
  }

  /** Whether the member is being brought up to date by a walk. */
  get walking(): boolean {
    return this.#walk !== undefined;
  }

  /** Whether the log no longer has what comes next. */
  get fallen(): boolean {
    return this.cursor.segment < this.group.log.firstSegment;
  }

  /** The oldest log segment of which the member may not know all withdrawals. */
  get needsSince(): number {
    const walkSince = this.#walk && this.#walk.since > 0 ? this.#walk.since : Number.MAX_SAFE_INTEGER;
    return Math.min(this.cursor.segment, walkSince);
  }

  /** Bytes of the log that the member has not been handed yet. */
  get lagBytes(): number {
    return this.group.log.end - this.group.log.position(this.cursor);
  }

  startWalk(walk: TableWalk): void {
    this.#walk = walk;
    this.#walkCursor = walk.join(this);
  }

  /** RFC 7313: everything again. */
  restartWalk(walk: TableWalk): void {
    const marker = this.port.refreshMarker;
    this.#walk?.leave(this);
    this.startWalk(walk);
    this.#opening = marker?.(1);
    this.#closing = marker?.(2);
    this.pump();
  }

  continueWalk(walk: TableWalk, cursor: WalkCursor): void {
    this.#walk = walk;
    this.#walkCursor = cursor;
  }

  stop(): void {
    this.#stopped = true;
    const walk = this.#walk;
    this.#walk = undefined;
    walk?.leave(this);
  }

  /** Sends what comes next, unless a write is on its way. */
  pump(): void {
    if (this.#writing || this.#stopped) return;
    const gathered = nothingGathered();
    const { group } = this;
    if (this.#opening) {
      gathered.chunks.push(this.#opening);
      gathered.messages++;
      this.#opening = undefined;
    }
    let log = group.log;
    if (!this.#walk && this.fallen) this.#resynchronise();
    if (this.#walk) {
      const walk = this.#walk;
      const cursor = this.#walkCursor!;
      log = walk.log;
      log.gather(cursor, this.source, WRITE_BYTES, gathered);
      if (gathered.chunks.length === 0) {
        log.release(gathered.pinned);
        gathered.pinned.length = 0;
        if (walk.covered(cursor)) return this.#finishWalk();
        walk.advance();
        // Slots that hold nothing for this member encode to nothing; go on soon rather than in a loop.
        if (this.#walk !== walk) return this.group.wake();
        log.gather(cursor, this.source, WRITE_BYTES, gathered);
        if (gathered.chunks.length === 0) {
          log.release(gathered.pinned);
          return group.wake();
        }
      }
    } else {
      if (gathered.chunks.length === 0 && !group.isWorthWriting(this.lagBytes)) return;
      log.gather(this.cursor, this.source, WRITE_BYTES, gathered);
      if (this.#endOfRibDue && group.loadedAt <= log.position(this.cursor)) {
        this.#endOfRibDue = false;
        gathered.chunks.push(endOfRib(group.family));
        gathered.messages++;
      }
      if (gathered.chunks.length === 0) {
        log.release(gathered.pinned);
        return;
      }
    }
    this.#send(log, gathered.chunks, gathered.messages, gathered.pinned);
  }

  #resynchronise(): void {
    const walk = new TableWalk(this.group, this.cursor.segment);
    Object.assign(this.cursor, this.group.log.cursor());
    this.#measured = this.group.log.position(this.cursor);
    this.group.counters.resyncs++;
    this.startWalk(walk);
  }

  #finishWalk(): void {
    const walk = this.#walk!;
    this.#walk = undefined;
    this.#walkCursor = undefined;
    walk.leave(this);
    const closing = this.#closing;
    this.#closing = undefined;
    if (closing) this.#send(this.group.log, [closing], 1, []);
    else this.pump();
  }

  #send(
    log: UpdateGroup['log'],
    chunks: readonly Uint8Array[],
    messages: number,
    pinned: readonly Segment[],
  ): void {
    this.#writing = true;
    const { group } = this;
    const position = group.marks && !this.#walk ? group.log.position(this.cursor) : 0;
    this.port.write(chunks, messages, () => {
      log.release(pinned);
      this.#writing = false;
      if (this.#stopped) return;
      if (position > this.#measured && group === this.#group) {
        group.marks?.passed(this.#measured, position);
        this.#measured = position;
      }
      this.group.written();
      this.pump();
    });
  }
}

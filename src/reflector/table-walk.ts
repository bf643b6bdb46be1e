/**
 * A walk over a group's Adj-RIB-Out for members that have to be told all of it, or all that changed since they fell
 * out of the log. Members that walk together share the encoded bytes. A walk goes round: who joins in the middle is
 * done when it comes by again. A member that cannot keep up goes on alone, from where it is.
 */
import type { LogCursor } from './group-log.ts';
import { GroupLog } from './group-log.ts';
import type { GroupMember } from './group-member.ts';
import type { UpdateGroup } from './update-group.ts';

/** Slots that are encoded in one go: a few milliseconds' work at most. */
const SLICE = 4096;
/** Segments that the slowest member of a walk may be behind its head. */
const WINDOW_SEGMENTS = 16;
/** Encoding goes on while the fastest member has less than this many segments to send. */
const AHEAD_SEGMENTS = 2;

/** Where a member stands in a walk, and where it is done. */
export interface WalkCursor extends LogCursor {
  /** Slots since the walk began, all rounds counted, after which the member has seen everything. */
  readonly doneAt: { lap: number; slot: number };
}

export class TableWalk {
  /** Only slots that changed in this log segment or later; 0 for all that is announced. */
  readonly since: number;
  readonly #group: UpdateGroup;
  readonly #log: GroupLog;
  readonly #members = new Map<GroupMember, WalkCursor>();
  /** The next slot, and how often the walk has been round. */
  #slot = 1;
  #lap = 0;
  /** Where each segment that is still there began, by segment number. */
  readonly #starts = new Map<number, { slot: number; lap: number }>();

  constructor(group: UpdateGroup, since: number, slot = 1) {
    this.#group = group;
    this.#log = new GroupLog(group.log.segmentBytes);
    this.since = since;
    this.#slot = slot;
  }

  /** Adds a member at the walk's head. */
  join(member: GroupMember): WalkCursor {
    const cursor: WalkCursor = { ...this.#log.cursor(), doneAt: { lap: this.#lap + 1, slot: this.#slot } };
    this.#members.set(member, cursor);
    return cursor;
  }

  leave(member: GroupMember): void {
    this.#members.delete(member);
    if (this.#members.size === 0) this.#group.walkEnded(this);
    else this.#trim();
  }

  get log(): GroupLog {
    return this.#log;
  }

  /** Whether everything that the member needs has been encoded. */
  covered(cursor: WalkCursor): boolean {
    const { lap, slot } = cursor.doneAt;
    return this.#lap > lap || (this.#lap === lap && this.#slot >= slot);
  }

  /** Encodes on, unless the fastest member has enough to send; members that fell too far behind go their own way. */
  advance(): void {
    let fastest = 0;
    for (const cursor of this.#members.values()) fastest = Math.max(fastest, cursor.segment);
    if (this.#log.tail.id - fastest >= AHEAD_SEGMENTS) return;
    const before = this.#log.tail.id;
    this.#starts.set(before, this.#starts.get(before) ?? { slot: this.#slot, lap: this.#lap });
    const { adjRibOut } = this.#group;
    const end = Math.min(this.#slot + SLICE, Math.max(adjRibOut.end, 1));
    const from = this.#slot;
    this.#group.encodeSlots(this.#log, from, end, this.since);
    for (let id = before + 1; id <= this.#log.tail.id; id++)
      this.#starts.set(id, { slot: from, lap: this.#lap });
    this.#slot = end;
    if (this.#slot >= adjRibOut.end) {
      this.#slot = 1;
      this.#lap++;
    }
    if (this.#log.tail.id !== before) this.#trim();
  }

  #trim(): void {
    const tail = this.#log.tail.id;
    let needed = tail;
    for (const [member, cursor] of this.#members) {
      if (tail - cursor.segment > WINDOW_SEGMENTS && this.#members.size > 1) this.#splitOff(member, cursor);
      else needed = Math.min(needed, cursor.segment);
    }
    for (const segment of this.#log.trim(needed)) this.#starts.delete(segment.id);
  }

  /** Gives a slow member a walk of its own that starts where its next segment did. */
  #splitOff(member: GroupMember, cursor: WalkCursor): void {
    this.#members.delete(member);
    const start = this.#starts.get(cursor.segment) ?? { slot: 1, lap: 0 };
    const walk = new TableWalk(this.#group, this.since, start.slot);
    const lapsLeft = cursor.doneAt.lap - start.lap;
    member.continueWalk(walk, walk.#adopt(member, { lap: lapsLeft, slot: cursor.doneAt.slot }));
  }

  #adopt(member: GroupMember, doneAt: WalkCursor['doneAt']): WalkCursor {
    const cursor: WalkCursor = { ...this.#log.cursor(), doneAt };
    this.#members.set(member, cursor);
    return cursor;
  }
}

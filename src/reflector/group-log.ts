/**
 * The log of encoded messages that an update group's members share. It grows by segments; each member is a cursor
 * into it. A message may leave out one member (the source of its routes) or be for one member alone; runs of
 * messages with the same audience are kept beside the bytes, so that most members send a segment as one piece.
 */

/** Large enough to make few writes of a full table, small enough to start sending early. */
export const SEGMENT_BYTES = 256 * 1024;
/** Ranges shorter than this are joined by copying: a system call's worth of vectors costs more. */
const COPY_BELOW = 2048;
/** Buffers kept for new segments. */
const POOL = 8;
/** Everybody, where a member's source is expected. */
export const EVERYONE = 0;

export class Segment {
  readonly id: number;
  /** Position of the segment's first byte in the log, counted from its beginning. */
  readonly base: number;
  readonly bytes: Uint8Array;
  used = 0;
  messages = 0;
  /** End of each run in `bytes`, the source it is not for, and the one it is only for (`EVERYONE` where all). */
  readonly runEnd: number[] = [];
  readonly runSkip: number[] = [];
  readonly runOnly: number[] = [];
  readonly runMessages: number[] = [];
  /** Sources that some run names: for all others the segment is one piece. */
  readonly named = new Set<number>();
  /** Writes that still use `bytes`. */
  pins = 0;
  /** Another log has the same `bytes`: they are not written again. */
  shared = false;

  constructor(id: number, base: number, bytes: Uint8Array) {
    this.id = id;
    this.base = base;
    this.bytes = bytes;
  }

  /** The segment as it is now, over the same bytes. */
  frozen(): Segment {
    const copy = new Segment(this.id, this.base, this.bytes);
    copy.used = this.used;
    copy.messages = this.messages;
    copy.runEnd.push(...this.runEnd);
    copy.runSkip.push(...this.runSkip);
    copy.runOnly.push(...this.runOnly);
    copy.runMessages.push(...this.runMessages);
    for (const source of this.named) copy.named.add(source);
    copy.shared = true;
    return copy;
  }
}

/** Where a member stands: everything before it has been handed to its session. */
export interface LogCursor {
  segment: number;
  offset: number;
  run: number;
  /** Messages of the run at `run - 1` that were counted already: runs grow. */
  counted: number;
}

/** What `gather` collected for one write. */
export interface Gathered {
  readonly chunks: Uint8Array[];
  readonly pinned: Segment[];
  bytes: number;
  messages: number;
}

export class GroupLog {
  #segments: Segment[] = [];
  #tail: Segment | undefined;
  #pool: Uint8Array[] = [];
  #nextId = 1;
  #base = 0;
  readonly #segmentBytes: number;

  /** @param segmentBytes size of segments; at least the longest message */
  constructor(segmentBytes = SEGMENT_BYTES) {
    this.#segmentBytes = segmentBytes;
  }

  get segmentBytes(): number {
    return this.#segmentBytes;
  }

  /**
   * A log with the same messages so far, whose cursors are good for both, and that goes on by itself. The bytes are
   * shared.
   */
  fork(): GroupLog {
    const made = new GroupLog(this.#segmentBytes);
    const { tail } = this;
    // This log goes on behind what its tail has now; the other one begins a segment of its own.
    made.#segments = [...this.#segments.slice(0, -1), tail.frozen()];
    for (const segment of this.#segments) segment.shared = true;
    made.#nextId = tail.id + 1;
    made.#base = tail.base + tail.used;
    made.#open();
    return made;
  }

  /** Bytes that the log holds now. */
  get heldBytes(): number {
    return this.#segments.length * this.#segmentBytes;
  }

  /** Position of the end of the log, counted from its beginning. */
  get end(): number {
    const tail = this.#tail;
    return tail ? tail.base + tail.used : this.#base;
  }

  /** The oldest segment that is still there; one past the newest where there is none. */
  get firstSegment(): number {
    return this.#segments[0]?.id ?? this.#nextId;
  }

  /** The segment that messages are written to now. */
  get tail(): Segment {
    return this.#tail ?? this.#open();
  }

  /** A cursor at the end of the log. */
  cursor(): LogCursor {
    const tail = this.tail;
    return {
      segment: tail.id,
      offset: tail.used,
      run: tail.runEnd.length,
      counted: tail.runMessages.at(-1) ?? 0,
    };
  }

  /** Position of a cursor, counted from the log's beginning; of the oldest byte where it fell out of the log. */
  position(cursor: LogCursor): number {
    const segment = this.#segment(cursor.segment);
    return segment ? segment.base + cursor.offset : (this.#segments[0]?.base ?? this.#base);
  }

  /** Makes room for a message of at most `length` bytes; it is to be written at `tail.used` of `tail.bytes`. */
  reserve(length: number): Segment {
    const tail = this.tail;
    return tail.bytes.length - tail.used >= length ? tail : this.#open();
  }

  /** Ends the message that was written at `tail.used`. */
  commit(length: number, skip: number, only: number): void {
    const tail = this.tail;
    tail.used += length;
    tail.messages++;
    const last = tail.runEnd.length - 1;
    if (last >= 0 && tail.runSkip[last] === skip && tail.runOnly[last] === only) {
      tail.runEnd[last] = tail.used;
      tail.runMessages[last]!++;
      return;
    }
    tail.runEnd.push(tail.used);
    tail.runSkip.push(skip);
    tail.runOnly.push(only);
    tail.runMessages.push(1);
    if (skip !== EVERYONE) tail.named.add(skip);
    if (only !== EVERYONE) tail.named.add(only);
  }

  /**
   * Collects what a member is to be sent next, at most about `limit` bytes, and moves its cursor. The segments are
   * pinned: `release` them when the write is over. The cursor must not have fallen out of the log.
   * @param member the member's source, `EVERYONE` for one that announces nothing
   */
  gather(cursor: LogCursor, member: number, limit: number, gathered: Gathered): void {
    let index = cursor.segment - this.firstSegment;
    while (gathered.bytes < limit) {
      const segment = this.#segments[index];
      if (!segment) return;
      if (cursor.offset < segment.used) this.#gatherSegment(segment, cursor, member, gathered);
      // The tail may still grow; a cursor at the end of an older segment goes on to the next one.
      if (++index >= this.#segments.length) return;
      cursor.segment = this.#segments[index]!.id;
      cursor.offset = 0;
      cursor.run = 0;
      cursor.counted = 0;
    }
  }

  /** Lets go of the segments of a finished write. */
  release(pinned: readonly Segment[]): void {
    for (const segment of pinned) segment.pins--;
  }

  /** Drops segments older than `segment`; returns them, oldest first. */
  trim(segment: number): Segment[] {
    const count = Math.min(this.#segments.length - 1, segment - this.firstSegment);
    if (count <= 0) return [];
    const dropped = this.#segments.splice(0, count);
    for (const { pins, shared, bytes } of dropped) {
      if (pins === 0 && !shared && this.#pool.length < POOL) this.#pool.push(bytes);
    }
    return dropped;
  }

  #segment(id: number): Segment | undefined {
    return this.#segments[id - this.firstSegment];
  }

  #open(): Segment {
    const base = this.end;
    const bytes = this.#pool.pop() ?? new Uint8Array(new ArrayBuffer(this.#segmentBytes));
    const segment = new Segment(this.#nextId++, base, bytes);
    this.#segments.push(segment);
    this.#tail = segment;
    return segment;
  }

  #gatherSegment(segment: Segment, cursor: LogCursor, member: number, gathered: Gathered): void {
    segment.pins++;
    gathered.pinned.push(segment);
    const { runEnd, runSkip, runOnly, runMessages } = segment;
    const whole = member === EVERYONE || !segment.named.has(member);
    let from = cursor.offset;
    let run = cursor.run;
    // A run may have grown since the cursor passed its former end.
    let messages = 0;
    if (run > 0 && runEnd[run - 1]! > from) {
      run--;
      messages = -cursor.counted;
    }
    let start = from;
    const flush = (end: number): void => {
      if (end > start) this.#addRange(segment, start, end, gathered);
    };
    let skipped = messages;
    for (; run < runEnd.length; run++, skipped = 0) {
      const end = runEnd[run]!;
      const only = runOnly[run]!;
      const wanted = whole
        ? only === EVERYONE
        : runSkip[run] !== member && (only === EVERYONE || only === member);
      if (wanted) messages += runMessages[run]!;
      else {
        messages -= skipped;
        flush(from);
        start = end;
      }
      from = end;
    }
    flush(from);
    cursor.offset = segment.used;
    cursor.run = runEnd.length;
    cursor.counted = runMessages.at(-1) ?? 0;
    gathered.messages += messages;
  }

  #addRange(segment: Segment, start: number, end: number, gathered: Gathered): void {
    const range = segment.bytes.subarray(start, end);
    gathered.bytes += range.length;
    const last = gathered.chunks.at(-1);
    if (range.length < COPY_BELOW && last !== undefined && last.length < COPY_BELOW * 8) {
      const joined = new Uint8Array(last.length + range.length);
      joined.set(last);
      joined.set(range, last.length);
      gathered.chunks[gathered.chunks.length - 1] = joined;
      return;
    }
    gathered.chunks.push(range);
  }
}

export function nothingGathered(): Gathered {
  return { chunks: [], pinned: [], bytes: 0, messages: 0 };
}

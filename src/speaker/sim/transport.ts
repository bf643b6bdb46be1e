/** One end of a simulated connection. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { AcceptedTransport, Endpoint } from '../transport.ts';
import type { LinkFaults } from './network.ts';

/** The link, as an end of a connection sees it. */
interface Link {
  readonly faults: Readonly<LinkFaults>;
  join(transport: SimTransport): void;
  leave(transport: SimTransport): void;
}

interface Write {
  readonly chunks: readonly Uint8Array[];
  chunk: number;
  at: number;
  readonly done: (() => void) | undefined;
}

/** A piece of the stream, or its end. */
type Piece = Uint8Array | 'end';

export class SimTransport implements AcceptedTransport {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  onData: (bytes: Uint8Array) => void = () => undefined;
  onClose: (error?: Error) => void = () => undefined;
  pendingBytes = 0;
  /** What `setTtl` was last given. */
  ttl: { ttl?: number; minTtl?: number } = {};
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #link: Link;
  #peer!: SimTransport;
  #writes: Write[] = [];
  /** Bytes that the network took and the other side has not read. */
  #underWay = 0;
  #lastArrival = 0;
  /** Pieces that have arrived and were not read: by a pause, or held back by the stalled link. */
  #inbox: Piece[] = [];
  #paused = false;
  #discarding = false;
  #ending = false;
  #endSent = false;
  #endReceived = false;
  #closed = false;
  #vanished = false;

  constructor(clock: Clock, random: Random, link: Link, local: Endpoint, remote: Endpoint) {
    this.#clock = clock;
    this.#random = random;
    this.#link = link;
    this.local = local;
    this.remote = remote;
  }

  /** Makes this and `peer` the two ends of a connection. */
  join(peer: SimTransport): void {
    this.#peer = peer;
    peer.#peer = this;
    this.#link.join(this);
    this.#link.join(peer);
  }

  setTtl(options: { ttl?: number; minTtl?: number }): void {
    this.ttl = options;
  }

  write(chunks: readonly Uint8Array[], done?: () => void): void {
    if (this.#closed || this.#ending) return;
    this.#writes.push({ chunks, chunk: 0, at: 0, done });
    for (const chunk of chunks) this.pendingBytes += chunk.length;
    this.#pump();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#clock.soon(() => this.#read());
  }

  end(): void {
    if (this.#closed) return;
    this.#discarding = true;
    this.resume();
    this.#finish();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#writes = [];
    this.pendingBytes = 0;
    if (!this.#endSent) this.#send('end');
    this.#close();
  }

  /** The connection breaks, and both ends learn it. */
  breakWith(error: Error): void {
    this.#peer.#close(error);
    this.#close(error);
  }

  /** This end is gone; the other one is not told. */
  vanish(): void {
    this.#vanished = true;
    this.#close(new Error('Host lost'));
  }

  /** The link's faults were changed. */
  linkChanged(): void {
    this.#clock.soon(() => {
      this.#read();
      this.#pump();
    });
  }

  #close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#link.leave(this);
    this.#writes = [];
    this.#inbox = [];
    this.#clock.soon(() => this.onClose(error));
  }

  #finish(): void {
    this.#ending = true;
    this.#pump();
  }

  /** Moves what was written into the network, as far as there is room. */
  #pump(): void {
    const { windowBytes, maxChunk } = this.#link.faults;
    while (!this.#closed && this.#writes.length > 0) {
      const write = this.#writes[0]!;
      if (write.chunk === write.chunks.length) {
        this.#writes.shift();
        const { done } = write;
        if (done) this.#clock.soon(() => !this.#closed && done());
        continue;
      }
      const chunk = write.chunks[write.chunk]!;
      const room = Math.min(chunk.length - write.at, windowBytes - this.#underWay);
      if (room <= 0 && chunk.length > 0) return;
      const length = room <= maxChunk ? room : 1 + this.#random.below(maxChunk);
      this.#send(chunk.slice(write.at, write.at + length));
      this.#underWay += length;
      this.pendingBytes -= length;
      write.at += length;
      if (write.at === chunk.length) {
        write.chunk++;
        write.at = 0;
      }
    }
    if (this.#ending && !this.#endSent && !this.#closed) {
      this.#endSent = true;
      this.#send('end');
      this.#closeWhenBothEnded();
    }
  }

  #send(piece: Piece): void {
    const [least, most] = this.#link.faults.delayMs;
    const delay = least + (most - least) * this.#random.float();
    this.#lastArrival = Math.max(this.#lastArrival, this.#clock.now() + delay);
    this.#clock.setTimer(this.#lastArrival - this.#clock.now(), () => this.#peer.#arrive(piece));
  }

  #arrive(piece: Piece): void {
    if (this.#closed) {
      // A host that is there answers data for a connection that is not with a reset.
      if (!this.#vanished && piece !== 'end') this.#peer.#close(resetError());
      return;
    }
    this.#inbox.push(piece);
    this.#read();
  }

  #read(): void {
    while (!this.#closed && !this.#paused && !this.#link.faults.stalled && this.#inbox.length > 0) {
      const piece = this.#inbox.shift()!;
      if (piece === 'end') {
        this.#endReceived = true;
        this.#finish();
        this.#closeWhenBothEnded();
        return;
      }
      if (!this.#discarding) this.onData(piece);
      this.#peer.#underWay -= piece.length;
      this.#peer.#pump();
    }
  }

  #closeWhenBothEnded(): void {
    if (this.#endSent && this.#endReceived) this.#close();
  }
}

function resetError(): Error {
  return Object.assign(new Error('Connection reset by peer (ECONNRESET)'), { code: 'ECONNRESET' });
}

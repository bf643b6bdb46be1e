/** The other ends of the sessions: each connects when it can, and counts how its sessions ended. */
import { KEEPALIVE, message, open, RawPeer } from '../daemon/raw-peer.ts';
import { after } from './cluster.ts';
import { announcedBy, PEERS, type PeerName } from './subject.ts';

const HOLD_TIME = 30;
const KEEPALIVE_MS = 8000;
const RETRY_MS = 500;
/** IPv4 unicast, route refresh, 4-octet AS 65000. */
const PARAMETERS = [2, 6, 1, 4, 0, 1, 0, 1, 2, 2, 2, 0, 2, 6, 65, 4, 0, 0, 0xfd, 0xe8];

const OPEN = 1;
const ROUTE_REFRESH = 5;

export interface Sessions {
  readonly peer: PeerName;
  /** So many were up. */
  established: number;
  /** Why sessions that were up ended: codes of a NOTIFICATION, `6.3`, or `nothing said`. */
  readonly ends: string[];
}

export class Fleet {
  readonly sessions: readonly Sessions[];
  readonly #port: number;
  readonly #peers = new Set<RawPeer>();
  #isOver = false;

  constructor(port: number) {
    this.#port = port;
    this.sessions = PEERS.map((peer) => ({ peer, established: 0, ends: [] }));
  }

  /** Connects all, and again whenever a session has ended, until `stop`. */
  start(): void {
    for (const [i, one] of this.sessions.entries()) void this.#keepUp(one, i);
  }

  /** Sessions that are up. */
  get up(): number {
    return this.sessions.filter(({ established, ends }) => established > ends.length).length;
  }

  stop(): void {
    this.#isOver = true;
    for (const peer of this.#peers) peer.destroy();
  }

  async #keepUp(sessions: Sessions, i: number): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#session(sessions, i);
      } catch {
        // Nobody there who knows this neighbour: later, perhaps.
      }
      await after(RETRY_MS);
    }
  }

  async #session(sessions: Sessions, i: number): Promise<void> {
    const peer = await RawPeer.connect(this.#port, sessions.peer.address);
    this.#peers.add(peer);
    try {
      await peer.until(() => peer.received.some((bytes) => bytes[18] === OPEN));
      peer.send(open(0x0aff0100 + i, { holdTime: HOLD_TIME, parameters: PARAMETERS }));
      peer.send(KEEPALIVE);
      await peer.until(() => peer.received.some((bytes) => bytes[18] === 4));
      const announce = (): void => {
        for (const network of announcedBy(i)) peer.send(update(i, network));
      };
      peer.onMessage = (bytes) => {
        if (bytes[18] === ROUTE_REFRESH) announce();
      };
      sessions.established++;
      announce();
      const keepalives = setInterval(() => {
        peer.send(KEEPALIVE);
      }, KEEPALIVE_MS);
      await peer.ended;
      clearInterval(keepalives);
      if (!this.#isOver) sessions.ends.push(peer.notification?.join('.') ?? 'nothing said');
    } finally {
      peer.destroy();
      this.#peers.delete(peer);
    }
  }
}

/** 10.0.N.0/24 by way of the peer. */
function update(i: number, network: number): Uint8Array {
  const attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 127, 0, 1, i + 1, 0x40, 5, 4, 0, 0, 0, 100];
  return message(2, [0, 0, 0, attributes.length, ...attributes, 24, 10, 0, network]);
}

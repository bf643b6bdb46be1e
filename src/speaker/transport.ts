/**
 * What the speaker needs of a network: reliable, ordered byte streams. `io/tcp.ts` makes them of real TCP,
 * `sim/network.ts` of simulated time; both pass the contract suite in `transport.contract.ts`.
 */
import type { IpAddress } from '../base/ip.ts';

export interface Endpoint {
  readonly address: IpAddress;
  readonly port: number;
  /** Interface of a link-local address. */
  readonly zone?: string;
}

/** Options of one TCP connection. */
export interface ConnectOptions {
  readonly remote: Endpoint;
  /** `source address`; the system chooses where it is absent. */
  readonly localAddress?: IpAddress;
  /** RFC 2385 key. */
  readonly password?: string;
  /** IP TTL or hop limit of what is sent: 1 for a direct peer, 255 with GTSM, else the number of hops. */
  readonly ttl?: number;
  /** RFC 5082: packets that arrive with a smaller TTL or hop limit are dropped by the kernel. */
  readonly minTtl?: number;
  /** Bind to this interface (SO_BINDTODEVICE). */
  readonly device?: string;
}

export interface Transport {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /**
   * Called with each piece of the stream. The bytes are valid during the call only; who keeps them copies.
   * Set before anything else is done with a new transport.
   */
  onData: (bytes: Uint8Array) => void;
  /** Called once, when the other side closed, the connection broke or `destroy` was called. */
  onClose: (error?: Error) => void;
  /**
   * Sends chunks in order, as one write. They must not change until `done` is called, which happens when the
   * kernel has taken them all (never synchronously), or never, where the connection ends first.
   */
  write(chunks: readonly Uint8Array[], done?: () => void): void;
  /** Bytes handed to `write` that the kernel has not taken yet. */
  readonly pendingBytes: number;
  /** Stops and resumes `onData`; what arrives meanwhile waits in the kernel. */
  pause(): void;
  resume(): void;
  /**
   * Sends what is pending, then closes the sending side. What still arrives is thrown away; `onClose` follows when the
   * other side closes as well. Whoever calls this destroys the transport if that takes too long.
   */
  end(): void;
  /** Closes at once; what is pending is lost. */
  destroy(): void;
}

export interface ConnectAttempt {
  /** Gives up. Neither callback is called afterwards. */
  cancel(): void;
}

export interface ListenOptions {
  readonly local: Endpoint;
  /** Told when a connection could not be accepted, for want of descriptors for example; the listener goes on. */
  readonly acceptFailed?: (error: Error) => void;
}

/** What a listener does for a peer address before a connection from it may exist. */
export interface ListenerPeer {
  readonly address: IpAddress;
  /** Prefix length in bits; the address's full width for a single peer. */
  readonly prefixLength: number;
  readonly password?: string;
}

export interface Listener {
  readonly local: Endpoint;
  /** Installs or removes the MD5 key of a peer or range (Linux TCP_MD5SIG_EXT). */
  setPeer(peer: ListenerPeer): void;
  removePeer(peer: ListenerPeer): void;
  close(): void;
}

export interface Network {
  /** Opens a connection; exactly one of the callbacks is called, never synchronously. */
  connect(
    options: ConnectOptions,
    connected: (transport: Transport) => void,
    failed: (error: Error) => void,
  ): ConnectAttempt;
  /**
   * Accepts connections. `accepted` gets each; it may call `setTtl` on it before data flows.
   * Rejects where the address cannot be bound, with a message that names it and the cause.
   */
  listen(options: ListenOptions, accepted: (transport: AcceptedTransport) => void): Promise<Listener>;
}

/** A connection from a listener; TTL options depend on which peer it turns out to be. */
export interface AcceptedTransport extends Transport {
  setTtl(options: { ttl?: number; minTtl?: number }): void;
}

/**
 * A simulated network: hosts with addresses, and between each two hosts a link whose faults can be changed while it
 * runs. Connections are reliable and ordered as TCP's are; what varies is delay, where the stream is cut, how much is
 * under way, and how it ends.
 */
import type { Clock } from '../../base/clock.ts';
import { formatIp, parseIp, sameIp, type IpAddress } from '../../base/ip.ts';
import type { Random } from '../../base/random.ts';
import { longestMatch } from '../peer-match.ts';
import type {
  AcceptedTransport,
  ConnectAttempt,
  ConnectOptions,
  Endpoint,
  Listener,
  ListenerPeer,
  ListenOptions,
  Network,
  Transport,
} from '../transport.ts';
import { SimTransport } from './transport.ts';

/** What a link does to the streams on it. All of it may be changed at any time. */
export interface LinkFaults {
  /** Bounds of the delay of each piece, in milliseconds; order is kept. */
  delayMs: readonly [number, number];
  /** Pieces are at most this long, and cut at random lengths up to it. */
  maxChunk: number;
  /** Bytes that the sender's kernel and the network take before the receiver has read any. */
  windowBytes: number;
  /** Nothing is delivered, and no connection is made, while this is set. */
  stalled: boolean;
  /** Connection attempts are answered with a reset. */
  refuse: boolean;
}

export const NO_FAULTS: Readonly<LinkFaults> = {
  delayMs: [0, 0],
  maxChunk: 65_536,
  windowBytes: 65_536,
  stalled: false,
  refuse: false,
};

/** How often a connection attempt is repeated while nothing answers, and when it is given up (Linux's defaults). */
const SYN_RETRY_MS = 1000;
const SYN_TIMEOUT_MS = 127_000;

const FIRST_EPHEMERAL_PORT = 32_768;

/** An error as the operating system reports it. */
export function systemError(code: string, text: string): Error {
  return Object.assign(new Error(`${text} (${code})`), { code });
}

export class SimLink {
  readonly faults: LinkFaults = { ...NO_FAULTS };
  readonly #transports = new Set<SimTransport>();

  /** Changes some faults; what was held back by a stall is delivered when it ends. */
  set(faults: Partial<LinkFaults>): void {
    Object.assign(this.faults, faults);
    for (const transport of this.#transports) transport.linkChanged();
  }

  /** Takes all faults away. */
  heal(): void {
    this.set(NO_FAULTS);
  }

  /** Breaks all connections with a reset that both sides see. */
  reset(): void {
    for (const transport of [...this.#transports]) {
      transport.breakWith(systemError('ECONNRESET', 'Connection reset by peer'));
    }
  }

  /** The connections' ends on `host` are gone without a word, as after a loss of power; the other side is not told. */
  vanish(host: SimHost): void {
    for (const transport of [...this.#transports]) {
      if (host.owns(transport.local.address)) transport.vanish();
    }
  }

  /** Connections that are not closed on both ends. */
  get connections(): number {
    return this.#transports.size / 2;
  }

  /** For transports. */
  join(transport: SimTransport): void {
    this.#transports.add(transport);
  }

  /** For transports. */
  leave(transport: SimTransport): void {
    this.#transports.delete(transport);
  }
}

export class SimNetwork {
  readonly clock: Clock;
  readonly random: Random;
  readonly #hosts: SimHost[] = [];
  readonly #links = new Map<string, SimLink>();

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  /** A new host with the given addresses, in text; the first of a family is the source of its connections. */
  host(...addresses: readonly string[]): SimHost {
    const parsed = addresses.map((text) => {
      const address = parseIp(text);
      if (!address) throw new Error(`Not an address: ${text}`);
      return address;
    });
    const host = new SimHost(this, this.#hosts.length, parsed);
    this.#hosts.push(host);
    return host;
  }

  /** The link between two hosts, the same whichever comes first. */
  link(a: SimHost, b: SimHost): SimLink {
    const key = a.index < b.index ? `${a.index}-${b.index}` : `${b.index}-${a.index}`;
    let link = this.#links.get(key);
    if (!link) this.#links.set(key, (link = new SimLink()));
    return link;
  }

  /** The links that have been used or asked for. */
  get links(): Iterable<SimLink> {
    return this.#links.values();
  }

  /** For hosts. */
  owner(address: IpAddress): SimHost | undefined {
    return this.#hosts.find((host) => host.owns(address));
  }
}

class SimListener implements Listener {
  readonly local: Endpoint;
  readonly accepted: (transport: AcceptedTransport) => void;
  readonly #keys = new Map<string, { prefix: { address: IpAddress; length: number }; password: string }>();
  readonly #closed: () => void;

  constructor(local: Endpoint, accepted: (transport: AcceptedTransport) => void, closed: () => void) {
    this.local = local;
    this.accepted = accepted;
    this.#closed = closed;
  }

  setPeer({ address, prefixLength, password }: ListenerPeer): void {
    if (password === undefined) return;
    const prefix = { address, length: prefixLength };
    this.#keys.set(`${formatIp(address)}/${prefixLength}`, { prefix, password });
  }

  removePeer({ address, prefixLength }: ListenerPeer): void {
    this.#keys.delete(`${formatIp(address)}/${prefixLength}`);
  }

  /** The key that a connection from this address must bring. */
  keyFor(address: IpAddress): string | undefined {
    return longestMatch(this.#keys.values(), address)?.password;
  }

  close(): void {
    this.#closed();
  }
}

export class SimHost implements Network {
  readonly index: number;
  readonly addresses: readonly IpAddress[];
  readonly #network: SimNetwork;
  readonly #listeners = new Set<SimListener>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  constructor(network: SimNetwork, index: number, addresses: readonly IpAddress[]) {
    this.#network = network;
    this.index = index;
    this.addresses = addresses;
  }

  owns(address: IpAddress): boolean {
    return this.addresses.some((own) => sameIp(own, address));
  }

  connect(
    options: ConnectOptions,
    connected: (transport: Transport) => void,
    failed: (error: Error) => void,
  ): ConnectAttempt {
    const { clock } = this.#network;
    const deadline = clock.now() + SYN_TIMEOUT_MS;
    let cancelled = false;
    const attempt = (): void => {
      if (cancelled) return;
      const answer = this.#syn(options);
      if (answer === 'silence') {
        if (clock.now() >= deadline) failed(systemError('ETIMEDOUT', 'Connection timed out'));
        else clock.setTimer(SYN_RETRY_MS, attempt);
      } else if (answer instanceof Error) failed(answer);
      else {
        connected(answer.own);
        answer.arrive();
      }
    };
    const target = this.#network.owner(options.remote.address);
    clock.setTimer(target ? this.#delay(target) : 0, attempt);
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  listen(options: ListenOptions, accepted: (transport: AcceptedTransport) => void): Promise<Listener> {
    const { local } = options;
    if (!this.owns(local.address) && !isUnspecified(local.address)) {
      const text = `Cannot listen on ${formatIp(local.address)} port ${local.port}: not an address of this host`;
      return Promise.reject(systemError('EADDRNOTAVAIL', text));
    }
    if (
      [...this.#listeners].some((other) => other.local.port === local.port && covers(other, local.address))
    ) {
      const text = `Cannot listen on ${formatIp(local.address)} port ${local.port}: it is in use`;
      return Promise.reject(systemError('EADDRINUSE', text));
    }
    const port = local.port === 0 ? this.#nextPort++ : local.port;
    const listener: SimListener = new SimListener({ ...local, port }, accepted, () =>
      this.#listeners.delete(listener),
    );
    this.#listeners.add(listener);
    return Promise.resolve(listener);
  }

  /** For hosts: the listener for a connection to one of this host's addresses. */
  listenerFor(address: IpAddress, port: number): SimListener | undefined {
    return [...this.#listeners].find((listener) => listener.local.port === port && covers(listener, address));
  }

  #delay(target: SimHost): number {
    const [least, most] = this.#network.link(this, target).faults.delayMs;
    return least + (most - least) * this.#network.random.float();
  }

  /** What a connection request meets: nothing, a refusal, or both ends of a connection. */
  #syn(options: ConnectOptions): 'silence' | Error | { own: SimTransport; arrive: () => void } {
    const { address, port } = options.remote;
    const source =
      options.localAddress ??
      this.addresses.find((own) => own.version === address.version) ??
      this.addresses[0]!;
    if (!this.owns(source)) return systemError('EADDRNOTAVAIL', 'Cannot assign requested address');
    const target = this.#network.owner(address);
    if (!target) return systemError('EHOSTUNREACH', 'No route to host');
    const link = this.#network.link(this, target);
    if (link.faults.stalled) return 'silence';
    const listener = target.listenerFor(address, port);
    if (link.faults.refuse || !listener) return systemError('ECONNREFUSED', 'Connection refused');
    // The kernel drops segments whose signature is missing, wrong or not expected.
    if (listener.keyFor(source) !== options.password) return 'silence';
    const local: Endpoint = { address: source, port: this.#nextPort++ };
    const remote: Endpoint = { address, port };
    const { clock, random } = this.#network;
    const own = new SimTransport(clock, random, link, local, remote);
    const other = new SimTransport(clock, random, link, remote, local);
    own.join(other);
    return { own, arrive: () => listener.accepted(other) };
  }
}

function isUnspecified(address: IpAddress): boolean {
  return address.words.every((word) => word === 0);
}

function covers(listener: SimListener, address: IpAddress): boolean {
  const own = listener.local.address;
  return sameIp(own, address) || (isUnspecified(own) && own.version === address.version);
}

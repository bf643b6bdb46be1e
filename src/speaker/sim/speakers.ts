/** Speakers on a simulated network, for tests: worlds of a few lines. */
import { parseIp, parseIpv4, type IpAddress } from '../../base/ip.ts';
import { seededRandom, type Random } from '../../base/random.ts';
import type { FamilyConfig, SessionConfig } from '../config.ts';
import type { EstablishedSession, RouteReceiver, SessionEnd } from '../session-port.ts';
import type { SessionStatus } from '../session-status.ts';
import { Speaker, type SpeakerOptions } from '../speaker.ts';
import type { SpeakerEvent } from '../speaker-event.ts';
import { SimClock } from './clock.ts';
import { SimNetwork, type SimHost } from './network.ts';

/** An address from its text; throws where it is none. */
export function addressOf(text: string): IpAddress {
  const address = parseIp(text);
  if (!address) throw new Error(`Not an address: ${text}`);
  return address;
}

/** A family with every option off. */
export function familyConfig(family: 0 | 1, options: Partial<FamilyConfig> = {}): FamilyConfig {
  return {
    family,
    addPathReceive: false,
    addPathSend: false,
    extendedNextHop: false,
    gracefulRestart: false,
    mandatory: false,
    ...options,
  };
}

/** An internal neighbour with BIRD's defaults. */
export function sessionConfig(
  options: Partial<SessionConfig> & Pick<SessionConfig, 'name' | 'remoteAddress'>,
): SessionConfig {
  return {
    routerId: parseIpv4('192.0.2.1')!,
    localAs: 65000,
    remoteAs: 65000,
    remotePort: 179,
    passive: false,
    multihop: 64,
    ttlSecurity: false,
    holdTimeS: 240,
    startupHoldTimeS: 240,
    connectRetryTimeS: 120,
    connectDelayTimeS: 5,
    errorWaitTimeS: [60, 300],
    errorForgetTimeS: 300,
    disableAfterError: false,
    sendHoldTimeS: 480,
    families: [familyConfig(0), familyConfig(1)],
    capabilities: true,
    as4: true,
    routeRefresh: true,
    enhancedRouteRefresh: true,
    extendedMessages: false,
    gracefulRestart: 'aware',
    gracefulRestartTimeS: 120,
    ...options,
  };
}

/** One end of an Established session, recording what it is told. */
export class RecordingReceiver implements RouteReceiver {
  readonly session: EstablishedSession;
  readonly updates: Uint8Array[] = [];
  readonly refreshes: (readonly [number, number])[] = [];
  reads = 0;
  end: SessionEnd | undefined;
  /** Called for each UPDATE after it was recorded. */
  onUpdate: RouteReceiver['update'] = () => undefined;

  constructor(session: EstablishedSession) {
    this.session = session;
  }

  update(bytes: Uint8Array, start: number, end: number): ReturnType<RouteReceiver['update']> {
    this.updates.push(bytes.slice(start, end));
    return this.onUpdate(bytes, start, end);
  }

  routeRefresh(family: number, subtype: number): void {
    this.refreshes.push([family, subtype]);
  }

  readComplete(): void {
    this.reads++;
  }

  ended(end: SessionEnd): void {
    this.end = end;
  }
}

/** A speaker on its own host, with what it reported. */
export class SimSpeaker {
  readonly host: SimHost;
  readonly speaker: Speaker;
  readonly events: SpeakerEvent[] = [];
  /** Every session that was ever Established, in order. */
  readonly receivers: RecordingReceiver[] = [];

  constructor(clock: SimClock, random: Random, host: SimHost, options: Partial<SpeakerOptions>) {
    this.host = host;
    this.speaker = new Speaker({
      clock,
      random,
      network: host,
      events: {
        established: (session) => {
          const receiver = new RecordingReceiver(session);
          this.receivers.push(receiver);
          return receiver;
        },
      },
      ...options,
    });
    this.speaker.happenings.subscribe((event) => this.events.push(event));
  }

  status(name: string): SessionStatus {
    const status = this.speaker.session(name);
    if (!status) throw new Error(`No session ${name}`);
    return status;
  }

  state(name: string): string {
    return this.status(name).state;
  }

  /** The receiver of the latest session. */
  get latest(): RecordingReceiver {
    return this.receivers.at(-1)!;
  }

  /** The events of one type. */
  all<T extends SpeakerEvent['type']>(type: T): Extract<SpeakerEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<SpeakerEvent, { type: T }> => event.type === type);
  }
}

export class SimWorld {
  readonly clock = new SimClock();
  readonly random: Random;
  readonly network: SimNetwork;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.network = new SimNetwork(this.clock, this.random);
  }

  /** A speaker that listens on port 179 of all its addresses. */
  async speaker(addresses: readonly string[], options: Partial<SpeakerOptions> = {}): Promise<SimSpeaker> {
    const host = this.network.host(...addresses);
    const speaker = new SimSpeaker(this.clock, this.random, host, options);
    for (const address of host.addresses) await speaker.speaker.listen({ address, port: 179 });
    return speaker;
  }

  /** Speakers 10.0.0.1 with a neighbour `b` and 10.0.0.2 with a neighbour `a`, configured with options on top. */
  async pair(
    a: Partial<SessionConfig> = {},
    b: Partial<SessionConfig> = {},
  ): Promise<[SimSpeaker, SimSpeaker]> {
    const first = await this.speaker(['10.0.0.1']);
    const second = await this.speaker(['10.0.0.2']);
    const ids = { first: parseIpv4('10.0.0.1')!, second: parseIpv4('10.0.0.2')! };
    const toSecond = { name: 'b', remoteAddress: addressOf('10.0.0.2'), routerId: ids.first };
    const toFirst = { name: 'a', remoteAddress: addressOf('10.0.0.1'), routerId: ids.second };
    first.speaker.addSession(sessionConfig({ ...toSecond, ...a }));
    second.speaker.addSession(sessionConfig({ ...toFirst, ...b }));
    return [first, second];
  }
}

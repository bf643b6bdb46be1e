/** A complete router on the simulated network: speaker, tables, reflector, and routes of its own. */
import { parseIpv4 } from '../../base/ip.ts';
import { parsePrefix } from '../../base/prefix.ts';
import { FAMILIES, type FamilyIndex } from '../../base/family.ts';
import { ACCEPT } from '../../rib/policy.ts';
import { DEFAULT_DECISION } from '../../rib/source-registry.ts';
import { StaticRoutes } from '../../rib/sources/static.ts';
import type { SessionConfig } from '../../speaker/config.ts';
import { addressOf, familyConfig, sessionConfig, type SimWorld } from '../../speaker/sim/speakers.ts';
import type { SimHost } from '../../speaker/sim/network.ts';
import { Speaker } from '../../speaker/speaker.ts';
import type { ChannelPolicy, PeerPolicy } from '../peer-policy.ts';
import { Reflector, type ReflectorOptions } from '../reflector.ts';

/** A channel that takes and gives everything. */
export function openChannel(family: FamilyIndex, options: Partial<ChannelPolicy> = {}): ChannelPolicy {
  return {
    family,
    table: family === 0 ? 'master4' : 'master6',
    importPolicy: ACCEPT,
    exportPolicy: ACCEPT,
    nextHopSelf: 'no',
    nextHopKeep: 'no',
    ...options,
  };
}

/** A plain neighbour with BIRD's defaults. */
export function openPolicy(options: Partial<PeerPolicy> = {}): PeerPolicy {
  return {
    routeReflectorClient: false,
    clusterId: 0,
    routeServerClient: false,
    allowLocalAs: 0,
    allowLocalPref: false,
    allowAsSets: true,
    enforceFirstAs: true,
    interpretCommunities: true,
    defaultLocalPref: 100,
    decision: DEFAULT_DECISION,
    channels: [openChannel(0)],
    ...options,
  };
}

export interface SimRouterOptions {
  readonly address: string;
  /** Dotted. */
  readonly routerId: string;
  readonly as?: number;
  readonly policyOf?: (neighbor: string) => PeerPolicy;
  readonly limits?: Pick<ReflectorOptions, 'windowBytes' | 'segmentBytes'>;
}

export class SimRouter {
  readonly address: string;
  readonly routerId: number;
  readonly as: number;
  readonly host: SimHost;
  readonly speaker: Speaker;
  readonly reflector: Reflector;
  /** Own routes, by family. */
  readonly routes: readonly StaticRoutes[];
  /** What the reflector reported, `peer: text`. */
  readonly reports: string[] = [];
  /** Policies of neighbours that `policyOf` says nothing about. */
  readonly policies = new Map<string, PeerPolicy>();

  constructor(sim: SimWorld, options: SimRouterOptions) {
    this.address = options.address;
    this.routerId = parseIpv4(options.routerId)!;
    this.as = options.as ?? 65000;
    this.host = sim.network.host(options.address);
    this.reflector = new Reflector({
      clock: sim.clock,
      policyOf: (name) => options.policyOf?.(name) ?? this.policies.get(name) ?? openPolicy(),
      report: (peer, text) => this.reports.push(`${peer}: ${text}`),
      ...options.limits,
    });
    this.speaker = new Speaker({
      clock: sim.clock,
      random: sim.random,
      network: this.host,
      events: this.reflector,
    });
    this.routes = FAMILIES.map(
      (family) =>
        new StaticRoutes(this.reflector.table(family.index === 0 ? 'master4' : 'master6'), 'static1'),
    );
  }

  async listen(): Promise<void> {
    await this.speaker.listen({ address: addressOf(this.address), port: 179 });
  }

  /** Configures a neighbour, by default an internal one with short timers. */
  addNeighbor(name: string, neighbor: SimRouter, options: Partial<SessionConfig> = {}): void {
    this.speaker.addSession(
      sessionConfig({
        name,
        remoteAddress: addressOf(neighbor.address),
        routerId: this.routerId,
        localAs: this.as,
        remoteAs: neighbor.as,
        families: [familyConfig(0)],
        holdTimeS: 9,
        connectRetryTimeS: 5,
        connectDelayTimeS: 1,
        errorWaitTimeS: [2, 10],
        ...options,
      }),
    );
  }

  /** Sets (or, without attributes, removes) a route of the router's own. */
  setRoute(prefix: string, attrs: number | undefined): void {
    const { family, words, length } = parsePrefix(prefix)!;
    const routes = this.routes[family.index]!;
    if (attrs === undefined) routes.remove(words, length);
    else routes.set(words, length, attrs);
  }
}

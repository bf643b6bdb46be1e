/**
 * One neighbour while its session is Established: its UPDATEs go into Adj-RIB-Ins, and it is a member of an update
 * group for each family. Over a graceful restart its Adj-RIB-Ins outlive the session (RFC 4724 section 4.2).
 */
import type { Timer } from '../base/clock.ts';
import { FAMILIES, type FamilyIndex } from '../base/family.ts';
import { formatIp } from '../base/ip.ts';
import { asAt, countAs, hasAsSet } from '../rib/attrs/as-path.ts';
import { ATTR } from '../rib/attrs/codes.ts';
import { HAS, NO_ATTRS } from '../rib/attrs/store.ts';
import { AdjRibIn } from '../rib/adj-rib-in.ts';
import type { NlriBatch } from '../rib/nlri-batch.ts';
import { SOURCE_KIND, type SourceKind } from '../rib/source-registry.ts';
import type { Negotiated } from '../speaker/negotiated.ts';
import type { EstablishedSession, RouteReceiver, SessionEnd } from '../speaker/session-port.ts';
import { bgpError, CEASE, ERROR, type BgpError } from '../speaker/wire/errors.ts';
import { UpdateDecoder, type UpdateSink } from '../speaker/wire/update.ts';
import { clusterListHas } from './export.ts';
import type { GroupMember } from './group-member.ts';
import { staysKept, type KeptAdjRibIn } from './kept.ts';
import { OnlyToCustomer } from './only-to-customer.ts';
import type { ChannelPolicy, PeerPolicy } from './peer-policy.ts';
import type { Reflector } from './reflector.ts';

/** RFC 4724 section 4.2: routes of a neighbour that came back are dropped if End-of-RIB takes longer than this. */
const STALE_TIME_MS = 360_000;

/** One family of a neighbour, as `show protocols all` counts it. */
export interface PeerChannel {
  policy: ChannelPolicy;
  readonly adjRibIn: AdjRibIn;
  member: GroupMember | undefined;
  /** The neighbour sent End-of-RIB. */
  endOfRib: boolean;
  /** Runs while routes from before a restart of the neighbour wait to be announced again. */
  staleTimer: Timer | undefined;
  /** Monotonic time at which these are dropped, where they are long-lived stale ones (RFC 9494). */
  longLivedUntil: number | undefined;
  /** Limits that were reached; those of actions `warn` and `block` until there is room again. */
  readonly limitsHit: Set<LimitKind>;
  /** Called where `export limit … action block` leaves a route out. */
  readonly exportBlocked: () => void;
}

export type LimitKind = 'receive' | 'import' | 'export';

const LIMIT_OF = { receive: 'receiveLimit', import: 'importLimit', export: 'exportLimit' } as const;

export class Peer implements RouteReceiver, UpdateSink {
  readonly session: EstablishedSession;
  policy: PeerPolicy;
  /** By family index. */
  readonly channels: (PeerChannel | undefined)[] = FAMILIES.map(() => undefined);
  readonly #reflector: Reflector;
  #decoder: UpdateDecoder;
  /** Routes that were refused: loops (RFC 4271 section 9.1.2, RFC 4456 section 8) and paths that are not allowed. */
  refused = 0;
  #limitReached = false;
  #ended = false;
  readonly #onlyToCustomer: OnlyToCustomer | undefined;

  constructor(
    reflector: Reflector,
    session: EstablishedSession,
    policy: PeerPolicy,
    kept: readonly KeptAdjRibIn[],
  ) {
    this.#reflector = reflector;
    this.session = session;
    this.policy = policy;
    this.#decoder = this.#newDecoder();
    const { role } = policy;
    if (role !== undefined)
      this.#onlyToCustomer = new OnlyToCustomer(reflector.store, role, session.negotiated.remoteAs);
    for (const channel of policy.channels) {
      if (session.negotiated.families.some((family) => family.family === channel.family))
        this.#open(channel, kept);
    }
  }

  get name(): string {
    return this.session.config.name;
  }

  /** RFC 4456 section 2: what the neighbour is to this reflector. */
  get kind(): Exclude<SourceKind, 0> {
    const { internal, confederationMember } = this.session.negotiated;
    if (!internal) return confederationMember ? SOURCE_KIND.confederation : SOURCE_KIND.external;
    return this.policy.routeReflectorClient ? SOURCE_KIND.client : SOURCE_KIND.nonClient;
  }

  update(bytes: Uint8Array, start: number, end: number): BgpError | undefined {
    return this.#decoder.decode(bytes, start, end);
  }

  readComplete(): void {
    // Changes are flushed once per turn, whatever the number of sessions that had something to say.
  }

  announce(family: FamilyIndex, batch: NlriBatch, attrs: number): void {
    const channel = this.channels[family];
    if (!channel) return;
    if (this.#isRefused(attrs)) {
      this.refused += batch.count;
      channel.adjRibIn.withdraw(batch);
      return;
    }
    const marked = this.#onlyToCustomer === undefined ? attrs : this.#onlyToCustomer.received(attrs);
    if (marked === NO_ATTRS) {
      this.refused += batch.count;
      this.faults([this.#onlyToCustomer!.describeLeak(attrs)]);
      channel.adjRibIn.withdraw(batch);
      return;
    }
    channel.adjRibIn.announce(batch, marked);
  }

  withdraw(family: FamilyIndex, batch: NlriBatch): void {
    const channel = this.channels[family];
    if (!channel) return;
    const { adjRibIn, limitsHit, policy } = channel;
    adjRibIn.withdraw(batch);
    if (limitsHit.size === 0) return;
    if (adjRibIn.received < (policy.receiveLimit?.count ?? 0)) limitsHit.delete('receive');
    if (adjRibIn.imported < (policy.importLimit?.count ?? 0)) limitsHit.delete('import');
  }

  endOfRib(family: FamilyIndex): void {
    const channel = this.channels[family];
    if (!channel) return;
    channel.endOfRib = true;
    this.#sweep(channel);
  }

  faults(texts: readonly string[]): void {
    this.#reflector.reportFaults(this.name, texts);
  }

  /** RFC 2918 request, RFC 7313 section 4 markers. */
  routeRefresh(family: FamilyIndex, subtype: 0 | 1 | 2): void {
    const channel = this.channels[family];
    if (!channel) return;
    if (subtype === 0) this.#reflector.groups.refresh(this, channel);
    else if (subtype === 1) channel.adjRibIn.markStale();
    else if (subtype === 2) this.#sweep(channel);
  }

  ended(end: SessionEnd): void {
    this.#ended = true;
    const restart = this.session.negotiated.gracefulRestart;
    for (const channel of this.channels) {
      if (!channel) continue;
      channel.staleTimer?.cancel();
      this.#reflector.groups.leave(channel);
    }
    this.#reflector.peerEnded(this, end.gracefulRestart ? restart?.restartTimeS : undefined);
  }

  /** The negotiated details of a family. */
  negotiatedFamily(family: FamilyIndex): Negotiated['families'][number] | undefined {
    return this.session.negotiated.families.find((candidate) => candidate.family === family);
  }

  /**
   * Takes another policy; the session stays. Only what is said about channels may differ. Routes of channels whose
   * import policy is another are looked at again, in slices; where the export policy is another, the neighbour is sent
   * the difference.
   * @param soft the policy counts for routes that come from now on; `reload` does the rest
   */
  reconfigure(policy: PeerPolicy, soft = false): void {
    const usedAigp = this.#usesAigp;
    this.policy = policy;
    const askAgain = usedAigp !== this.#usesAigp;
    if (askAgain) this.#decoder = this.#newDecoder();
    for (const own of policy.channels) {
      const channel = this.channels[own.family];
      if (!channel) continue;
      const before = channel.policy;
      channel.policy = own;
      this.#takeLimits(channel);
      this.#verifyLimits(channel);
      // A limit that more routes are above may have ended the session: what it had is on its way out.
      if (this.#ended) return;
      if (channel.adjRibIn.policy !== own.importPolicy) {
        channel.adjRibIn.setPolicy(own.importPolicy);
        if (!soft) this.reapplyImport(channel);
      }
      // What the decoder left out is not in the Adj-RIB-In.
      if (askAgain && !soft) this.session.requestRefresh(own.family);
      if (!sameExport(before, own)) this.#reflector.groups.regroup(this, channel, !soft);
    }
    this.#reflector.watchLimits(this);
  }

  /** Asks anew who wants lines about single routes. */
  retrace(): void {
    for (const channel of this.channels) {
      if (channel) channel.adjRibIn.tracer = this.#reflector.tracer(this.name, channel.adjRibIn.table);
    }
  }

  /** BIRD's `reload`: policies are asked again, and the neighbour is sent everything. */
  reload(direction: 'in' | 'out' | 'both'): void {
    for (const channel of this.channels) {
      if (!channel) continue;
      if (direction !== 'out') this.reapplyImport(channel);
      if (direction !== 'in') this.#reflector.groups.refresh(this, channel);
    }
  }

  /** Evaluates the import policy again for all routes, in slices. */
  reapplyImport({ adjRibIn, limitsHit }: PeerChannel): void {
    limitsHit.delete('import');
    this.#reflector.backgroundPass(adjRibIn, (rows) => adjRibIn.reapply(rows));
  }

  #open(policy: ChannelPolicy, kept: readonly KeptAdjRibIn[]): void {
    const reflector = this.#reflector;
    const table = reflector.table(policy.table);
    const agreed = this.negotiatedFamily(policy.family)!;
    const known = kept.find((candidate) => candidate.adjRibIn.table === table);
    const old = known && staysKept(known, agreed) ? known.adjRibIn : undefined;
    // One that is in no channel afterwards is discarded by whoever kept it.
    const adjRibIn =
      old ??
      new AdjRibIn({
        table,
        source: reflector.sources.add({
          info: {
            protocol: this.name,
            kind: 'bgp',
            address: this.session.remote.address,
            internal: this.session.negotiated.internal,
          },
          kind: this.kind,
          routerId: this.session.negotiated.remoteRouterId,
          address: this.session.remote.address,
          clusterId: this.policy.routeReflectorClient ? this.policy.clusterId : 0,
          decision: this.policy.decision,
          home: table.number,
          ...(this.policy.defaultMed !== undefined && { defaultMed: this.policy.defaultMed }),
        }),
        policy: policy.importPolicy,
      });
    const policyChanged = adjRibIn.policy !== policy.importPolicy;
    if (policyChanged) adjRibIn.setPolicy(policy.importPolicy);
    const channel: PeerChannel = {
      policy,
      adjRibIn,
      member: undefined,
      endOfRib: false,
      staleTimer: undefined,
      longLivedUntil: undefined,
      limitsHit: new Set(),
      exportBlocked: () => {
        this.#limitHit(channel, 'export');
      },
    };
    this.channels[policy.family] = channel;
    this.#takeLimits(channel);
    adjRibIn.tracer = reflector.tracer(this.name, table);
    // Kept over a restart of the neighbour, while the configuration changed.
    if (policyChanged) this.reapplyImport(channel);
    if (old) {
      // RFC 9494 section 4.2: the long-lived stale time goes on until End-of-RIB.
      channel.longLivedUntil = known?.longLivedUntil;
      const { clock } = reflector;
      const waitMs =
        channel.longLivedUntil === undefined ? STALE_TIME_MS : channel.longLivedUntil - clock.now();
      channel.staleTimer = clock.setTimer(Math.max(0, waitMs), () => {
        this.#sweep(channel);
      });
    }
    reflector.enroll(this, channel);
  }

  /** Routes of a family that the neighbour is sent: those of its group but its own. */
  exported({ adjRibIn, member }: PeerChannel): number {
    const group = member?.group;
    return group ? group.adjRibOut.routes - (group.adjRibOut.bySource[adjRibIn.source] ?? 0) : 0;
  }

  /** Whether `checkExportLimits` has something to check. */
  get hasExportLimit(): boolean {
    return this.policy.channels.some(({ exportLimit }) => exportLimit !== undefined);
  }

  /**
   * BIRD `export limit`. Where one is exceeded the action follows, once until there is room again: a warning, or the
   * end of the session, before what the group has packed since the last turn is sent.
   */
  checkExportLimits(): void {
    for (const channel of this.channels) {
      const limit = channel?.policy.exportLimit;
      if (!channel || !limit) continue;
      const exported = this.exported(channel);
      // The group itself sees to it that nothing is sent above a limit that blocks.
      const over = exported > limit.count && limit.action !== 'block';
      const hit = channel.limitsHit.has('export');
      if (over && !hit) this.#limitHit(channel, 'export');
      else if (hit && (limit.action === 'block' ? exported < limit.count : !over)) {
        channel.limitsHit.delete('export');
      }
    }
  }

  get #usesAigp(): boolean {
    const { internal, confederationMember = false } = this.session.negotiated;
    return this.policy.channels.some((channel) => channel.aigp ?? (internal || confederationMember));
  }

  #newDecoder(): UpdateDecoder {
    const { store, batch } = this.#reflector;
    const { negotiated, config } = this.session;
    const { allowLocalPref, defaultLocalPref, confederation = false } = this.policy;
    const extendedNextHop = config.families.some((family) => family.extendedNextHop);
    const aigp = this.#usesAigp;
    return new UpdateDecoder(
      { store, negotiated, batch, allowLocalPref, aigp, defaultLocalPref, extendedNextHop, confederation },
      this,
    );
  }

  /** The limits of the channel's policy count from now on. */
  #takeLimits(channel: PeerChannel): void {
    const { adjRibIn, policy, limitsHit } = channel;
    const { receiveLimit, importLimit } = policy;
    limitsHit.clear();
    adjRibIn.setLimits({
      ...(receiveLimit && { receiveLimit: receiveLimit.count }),
      ...(importLimit && { importLimit: importLimit.count }),
      limitHit: (which) => this.#limitHit(channel, which),
    });
  }

  /** Does what limits say where more is held already. */
  #verifyLimits(channel: PeerChannel): void {
    const { adjRibIn, policy } = channel;
    const { receiveLimit, importLimit } = policy;
    if (receiveLimit && adjRibIn.received > receiveLimit.count) this.#limitHit(channel, 'receive');
    if (importLimit && adjRibIn.imported > importLimit.count) this.#limitHit(channel, 'import');
  }

  #sweep(channel: PeerChannel): void {
    channel.staleTimer?.cancel();
    channel.staleTimer = undefined;
    channel.longLivedUntil = undefined;
    this.#reflector.backgroundPass(channel.adjRibIn, (rows) => channel.adjRibIn.sweepStale(rows));
  }

  #isRefused(attrs: number): boolean {
    const { store } = this.#reflector;
    const { negotiated } = this.session;
    const path = store.valueAt(attrs, ATTR.asPath);
    if (path >= 0) {
      const length = store.foundLength;
      const { allowLocalAs } = this.policy;
      if (countAs(store.bytes, path, length, negotiated.localAs) > allowLocalAs) return true;
      // RFC 5065 section 4: the confederation's own AS in a path from outside is a loop as well.
      const { publicAs } = negotiated;
      if (publicAs !== undefined && countAs(store.bytes, path, length, publicAs) > allowLocalAs) return true;
      if (!this.policy.allowAsSets && hasAsSet(store.bytes, path, length)) return true;
    }
    const { enforceFirstAs } = this.policy;
    if (!negotiated.internal && enforceFirstAs && !this.#startsWithNeighbor(attrs)) return true;
    if (!negotiated.internal) return false;
    const flags = store.flags[attrs]!;
    if (flags & HAS.originatorId && store.originatorId[attrs] === negotiated.localRouterId) return true;
    return (
      this.policy.routeReflectorClient &&
      (flags & HAS.clusterList) !== 0 &&
      clusterListHas(store, attrs, this.policy.clusterId)
    );
  }

  /** RFC 4271 section 6.3; RFC 5065 section 5: within a confederation the first segment is one of those. */
  #startsWithNeighbor(attrs: number): boolean {
    const { store } = this.#reflector;
    const { remoteAs, confederationMember } = this.session.negotiated;
    if (!confederationMember) return store.neighborAs[attrs] === remoteAs;
    const path = store.valueAt(attrs, ATTR.asPath);
    return path >= 0 && store.foundLength >= 6 && asAt(store.bytes, path + 2) === remoteAs;
  }

  /** Returns whether the route that exceeds the limit is taken all the same. */
  #limitHit({ limitsHit, policy }: PeerChannel, which: LimitKind): boolean {
    const limit = policy[LIMIT_OF[which]]!;
    if (!limitsHit.has(which)) {
      this.#reflector.reportFaults(this.name, [
        `${which} limit of ${limit.count} routes reached: ${limit.action}`,
      ]);
    }
    limitsHit.add(which);
    if (limit.action === 'warn') return true;
    if (limit.action !== 'block' && !this.#limitReached) {
      this.#limitReached = true;
      const stayDown = limit.action === 'disable';
      this.session.fail(bgpError(ERROR.cease, CEASE.maximumPrefixes), 'Route limit exceeded', stayDown);
    }
    return false;
  }
}

/** Whether a neighbour is sent the same under both. */
function sameExport(a: ChannelPolicy, b: ChannelPolicy): boolean {
  const block = ({ exportLimit }: ChannelPolicy): number | undefined =>
    exportLimit?.action === 'block' ? exportLimit.count : undefined;
  return (
    a.exportPolicy === b.exportPolicy &&
    a.nextHopSelf === b.nextHopSelf &&
    a.nextHopKeep === b.nextHopKeep &&
    a.aigp === b.aigp &&
    a.aigpOriginate === b.aigpOriginate &&
    (a.nextHopAddress && formatIp(a.nextHopAddress)) === (b.nextHopAddress && formatIp(b.nextHopAddress)) &&
    block(a) === block(b)
  );
}

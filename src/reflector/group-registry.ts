/**
 * The update groups of a reflector: which neighbours share one, and how a neighbour gets into another one when its
 * configuration changes. It takes along what it was sent: a group whose members all change is given other rules; where
 * some stay, the others leave with a copy of the group. Either way the group compares all routes with what was sent and
 * sends the difference. A copy whose state is the same as that of a group that was there is merged into it.
 */
import { FAMILIES, IPV4 } from '../base/family.ts';
import { SOURCE_KIND } from '../rib/source-registry.ts';
import { bgpError, CEASE, ERROR } from '../speaker/wire/errors.ts';
import { encodeRouteRefresh } from '../speaker/wire/message.ts';
import type { RoutingTable } from '../rib/table.ts';
import type { BatchTimes } from './batch-times.ts';
import type { ExportTarget } from './export.ts';
import type { GroupMember, MemberPort } from './group-member.ts';
import { PackScratch } from './pack-scratch.ts';
import type { Encoding } from './packer.ts';
import type { Peer, PeerChannel } from './peer.ts';
import { UpdateGroup, type ExportLimit, type UpdateGroupOptions } from './update-group.ts';
import type { Subscription } from 'rxjs';

export interface GroupRegistryOptions extends Pick<UpdateGroupOptions, 'windowBytes' | 'segmentBytes'> {
  /** Some group has work that `run` should be called for soon. */
  readonly wake: () => void;
  /** Measures how long batches of a table take; absent where nobody wants to know. */
  readonly timesOf?: (table: RoutingTable) => BatchTimes;
  /** A line for the log about what a neighbour is sent. */
  readonly report: (peer: string, text: string) => void;
}

/** What a neighbour is to be sent; those with equal keys are sent the same bytes. */
interface Wanted {
  readonly key: string;
  readonly target: ExportTarget;
  readonly encoding: Encoding;
  readonly limit: ExportLimit | undefined;
}

interface Entry {
  /** What the group's members want. */
  key: string;
  readonly subscription: Subscription;
  /** Where the ends of both logs were when the group was last found to differ from the one that it could merge into. */
  comparedAt: string;
}

interface Move {
  readonly peer: Peer;
  readonly channel: PeerChannel;
  reload: boolean;
}

export class GroupRegistry {
  readonly #options: GroupRegistryOptions;
  readonly #groups = new Map<UpdateGroup, Entry>();
  /** Groups that newcomers join. Others are on their way to one of these, or `stale`. */
  readonly #open = new Map<string, UpdateGroup>();
  /** Groups that have the key of an open one, and become part of it when their state is the same. */
  readonly #merging = new Set<UpdateGroup>();
  readonly #awake = new Set<UpdateGroup>();
  readonly #scratch = new PackScratch();
  readonly #moves = new Map<PeerChannel, Move>();
  /** Numbers for policies, so that the same compiled filter gives the same key. */
  readonly #policyNumbers = new WeakMap<object, number>();
  #nextPolicyNumber = 1;

  constructor(options: GroupRegistryOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#groups.size;
  }

  values(): Iterable<UpdateGroup> {
    return this.#groups.keys();
  }

  /** Changed networks that groups keep back. */
  get pending(): number {
    let count = 0;
    for (const group of this.#groups.keys()) count += group.pending;
    return count;
  }

  /** Makes a neighbour a member of the group of those that are sent the same bytes; it is sent everything. */
  join(peer: Peer, channel: PeerChannel): GroupMember {
    const wanted = this.#wantedBy(peer, channel);
    let group = this.#open.get(wanted.key);
    if (!group) {
      group = this.#make(peer, channel, wanted);
      this.#open.set(wanted.key, group);
    }
    return group.join(this.#portOf(peer, channel, wanted.encoding), channel.adjRibIn.source);
  }

  /**
   * Has a neighbour be sent what its policy says now, at the next `run`; routes that were sent already and stay the same
   * are not sent again.
   * @param reload false: the policy counts for routes that change from now on (BIRD's `configure soft`)
   */
  regroup(peer: Peer, channel: PeerChannel, reload: boolean): void {
    const known = this.#moves.get(channel);
    if (known) known.reload ||= reload;
    else this.#moves.set(channel, { peer, channel, reload });
    this.#options.wake();
  }

  /** Sends a neighbour everything again. */
  refresh(peer: Peer, channel: PeerChannel): void {
    const { member } = channel;
    if (!member) return;
    // Those who share the group asked for nothing: they keep what they have.
    if (member.group.stale) this.regroup(peer, channel, true);
    if (channel.policy.exportLimit?.action === 'block') member.group.reload();
    member.group.refresh(member);
  }

  /** Takes a neighbour out that is gone. */
  leave(channel: PeerChannel): void {
    this.#moves.delete(channel);
    const { member } = channel;
    channel.member = undefined;
    if (!member) return;
    member.group.leave(member);
    this.#closeIfEmpty(member.group);
  }

  /** Members whose policy changed go into other groups, or take their group along. */
  moveMembers(): void {
    if (this.#moves.size === 0) return;
    const together = new Map<string, { from: UpdateGroup; wanted: Wanted; moves: Move[] }>();
    const ids = new Map<UpdateGroup, number>();
    for (const move of this.#moves.values()) {
      const from = move.channel.member?.group;
      if (!from) continue;
      const wanted = this.#wantedBy(move.peer, move.channel);
      if (this.#groups.get(from)!.key === wanted.key && !(move.reload && from.stale)) continue;
      if (!ids.has(from)) ids.set(from, ids.size);
      const id = `${ids.get(from)!} ${move.reload} ${wanted.key}`;
      const known = together.get(id);
      if (known) known.moves.push(move);
      else together.set(id, { from, wanted, moves: [move] });
    }
    this.#moves.clear();
    for (const { from, wanted, moves } of together.values()) this.#moveTogether(from, wanted, moves);
  }

  #moveTogether(from: UpdateGroup, wanted: Wanted, moves: readonly Move[]): void {
    const [{ peer, channel, reload }] = moves as [Move];
    let group = from;
    if (moves.length < from.members.size) {
      group = this.#make(peer, channel, wanted, from);
      from.handOver(
        moves.map((move) => move.channel.member!),
        group,
      );
    }
    const entry = this.#groups.get(group)!;
    if (this.#open.get(entry.key) === group) this.#open.delete(entry.key);
    entry.key = wanted.key;
    entry.comparedAt = '';
    group.retarget(wanted.target, wanted.limit, reload);
    if (reload) this.#merging.add(group);
    else this.#merging.delete(group);
    this.#openOrphans();
  }

  /** Groups that there is nothing to merge into are joined by newcomers. */
  #openOrphans(): void {
    for (const group of this.#merging) {
      const { key } = this.#groups.get(group)!;
      if (this.#open.has(key)) continue;
      this.#merging.delete(group);
      this.#open.set(key, group);
    }
  }

  /**
   * Has groups encode and send.
   * @param limit networks that each group may encode
   * @returns whether it should be called again soon
   */
  run(limit: number): boolean {
    const awake = [...this.#awake];
    this.#awake.clear();
    for (const group of this.#groups.keys()) group.pump(group.table.pending > 0);
    for (const group of awake) if (group.drain(limit)) this.#awake.add(group);
    for (const group of this.#merging) this.#merge(group);
    return this.#awake.size > 0;
  }

  /** Members of a group that has come to the same state as the open one with its key join that one. */
  #merge(group: UpdateGroup): void {
    const entry = this.#groups.get(group)!;
    const other = this.#open.get(entry.key)!;
    if (!group.settled || !other.settled || group.table.pending > 0) return;
    const ready = [...group.members].filter((member) => member.caughtUp);
    const comparedAt = `${group.log.end} ${other.log.end}`;
    if (ready.length === 0 || entry.comparedAt === comparedAt) return;
    entry.comparedAt = comparedAt;
    if (!group.adjRibOut.equals(other.adjRibOut)) return;
    entry.comparedAt = '';
    for (const member of ready) Object.assign(member.cursor, other.log.cursor());
    group.handOver(ready, other);
    this.#closeIfEmpty(group);
  }

  #make(peer: Peer, channel: PeerChannel, wanted: Wanted, parent?: UpdateGroup): UpdateGroup {
    const { windowBytes, segmentBytes, wake, report, timesOf } = this.#options;
    const { table } = channel.adjRibIn;
    const { target, encoding, limit } = wanted;
    const group = new UpdateGroup(
      {
        table,
        target,
        encoding,
        ...(limit && { limit }),
        wake: (awake) => {
          this.#awake.add(awake);
          wake();
        },
        report: (text) => {
          report(peer.name, text);
        },
        scratch: this.#scratch,
        ...(timesOf && { times: timesOf(table) }),
        ...(windowBytes !== undefined && { windowBytes }),
        ...(segmentBytes !== undefined && { segmentBytes }),
      },
      parent,
    );
    const subscription = table.changes.subscribe(({ nets, count }) => {
      group.apply(nets, count);
    });
    this.#groups.set(group, { key: wanted.key, subscription, comparedAt: '' });
    return group;
  }

  #closeIfEmpty(group: UpdateGroup): void {
    const entry = this.#groups.get(group);
    if (!entry || group.members.size > 0) return;
    this.#groups.delete(group);
    this.#awake.delete(group);
    this.#merging.delete(group);
    if (this.#open.get(entry.key) === group) this.#open.delete(entry.key);
    entry.subscription.unsubscribe();
    group.dropPending();
    group.close();
    this.#openOrphans();
  }

  #portOf({ session }: Peer, channel: PeerChannel, encoding: Encoding): MemberPort {
    return {
      get tracer() {
        return channel.adjRibIn.tracer;
      },
      write: (chunks, messages, written) => {
        session.write(chunks, messages, () => {
          written();
          if (this.#merging.size > 0) this.#options.wake();
        });
      },
      refreshMarker: session.negotiated.enhancedRouteRefresh
        ? (subtype) => encodeRouteRefresh(encoding.family.index, subtype)
        : undefined,
      endOfRib: true,
      outOfResources: () => {
        session.fail(bgpError(ERROR.cease, CEASE.outOfResources), 'Neighbor takes updates too slowly');
      },
    };
  }

  #wantedBy(peer: Peer, channel: PeerChannel): Wanted {
    const { policy } = channel;
    const encoding = encodingOf(peer, channel);
    const target = targetOf(peer, channel);
    const limit = limitOf(channel);
    const { policy: exportPolicy, ...rest } = target;
    let number = this.#policyNumbers.get(exportPolicy);
    if (number === undefined) this.#policyNumbers.set(exportPolicy, (number = this.#nextPolicyNumber++));
    const key = JSON.stringify([
      policy.table,
      number,
      rest,
      { ...encoding, family: encoding.family.name },
      // What a limit leaves out is another thing for each neighbour.
      limit && [peer.name, limit.count],
    ]);
    return { key, target, encoding, limit };
  }
}

function targetOf(peer: Peer, { policy }: PeerChannel): ExportTarget {
  const { negotiated, local } = peer.session;
  const agreed = peer.negotiatedFamily(policy.family)!;
  const own = policy.nextHopAddress ?? local.address;
  const usable = (own.version === 4) === (FAMILIES[policy.family] === IPV4) || agreed.extendedNextHop;
  return {
    kind: peer.kind,
    localAs: negotiated.localAs,
    clusterId: peer.kind === SOURCE_KIND.client ? peer.policy.clusterId : 0,
    policy: policy.exportPolicy,
    nextHopSelf: policy.nextHopSelf,
    nextHopKeep: policy.nextHopKeep,
    localNextHop: usable ? own : undefined,
    extendedNextHop: agreed.extendedNextHop,
    interpretCommunities: peer.policy.interpretCommunities,
    aigp: policy.aigp ?? (negotiated.internal || negotiated.confederationMember === true),
    ...(policy.aigpOriginate && { aigpOriginate: true }),
    defaultLocalPref: peer.policy.defaultLocalPref,
    allowLocalPref: peer.policy.allowLocalPref,
    allowMed: peer.policy.allowMed ?? false,
    routeServerClient: peer.policy.routeServerClient,
    publicAs: negotiated.publicAs ?? negotiated.localAs,
    confederation: peer.policy.confederation ?? false,
    longLivedAware: negotiated.longLivedAware ?? false,
    ...(peer.policy.role !== undefined && { role: peer.policy.role }),
  };
}

function encodingOf(peer: Peer, { policy }: PeerChannel): Encoding {
  const { negotiated } = peer.session;
  const agreed = peer.negotiatedFamily(policy.family)!;
  return {
    family: FAMILIES[policy.family],
    as4: negotiated.as4,
    addPath: agreed.addPathSend,
    extendedNextHop: agreed.extendedNextHop,
    maxLength: negotiated.maxSendLength,
  };
}

function limitOf(channel: PeerChannel): ExportLimit | undefined {
  const { exportLimit } = channel.policy;
  if (exportLimit?.action !== 'block') return undefined;
  const { source } = channel.adjRibIn;
  return { count: exportLimit.count, source, reached: channel.exportBlocked };
}

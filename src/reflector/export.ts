/**
 * What a path becomes on its way to a kind of neighbour: the reflection rules of RFC 4456, well-known communities,
 * export policy, and the changes that an AS border asks for. Each way to be stopped is a gate with a name, so
 * that people can be told where a route stopped.
 */
import { IPV4, type FamilyIndex } from '../base/family.ts';
import { ipToBytes, type IpAddress } from '../base/ip.ts';
import { asAt, prependAs, stripConfed } from '../rib/attrs/as-path.ts';
import { aigpValue } from '../rib/attrs/aigp.ts';
import { ATTR, FLAG, LOCAL_ATTR, ORIGIN, SEGMENT, WELL_KNOWN_COMMUNITY } from '../rib/attrs/codes.ts';
import { transitiveExtendedCommunities, hasCommunity } from '../rib/attrs/communities.ts';
import { AttrEditor, u32Bytes } from '../rib/attrs/edit.ts';
import { HAS, NO_ATTRS, type AttrStore } from '../rib/attrs/store.ts';
import { IGP_METRIC_UNKNOWN } from '../rib/decide.ts';
import { ACCEPT, type Policy, type PolicyContext } from '../rib/policy.ts';
import { SOURCE_KIND, type SourceKind } from '../rib/source-registry.ts';
import type { RoutingTable } from '../rib/table.ts';
import type { Role } from '../speaker/wire/iana.ts';
import { ROLE_RULES, setOnlyToCustomer, type RoleRules } from './only-to-customer.ts';

/** Why a path is not sent; `sent` where it is. */
export type ExportGate =
  | 'sent'
  | 'no best path'
  | 'not reflected between non-clients'
  | 'cluster loop'
  | 'well-known community'
  | 'only to customers'
  | 'export policy'
  | 'no usable next hop';

/** Sources that an option is about. */
export type SourceScope = 'no' | 'all' | 'ibgp' | 'ebgp';

/** The neighbours of an update group, as far as what they are sent depends on them. */
export interface ExportTarget {
  readonly kind: Exclude<SourceKind, 0>;
  readonly localAs: number;
  /** RFC 4456 section 7: the cluster of clients; 0 for others. */
  readonly clusterId: number;
  readonly policy: Policy;
  /** BIRD `next hop self`: routes of these sources are sent with the own address as next hop. */
  readonly nextHopSelf: SourceScope;
  /** BIRD `next hop keep`: routes of these sources keep theirs. Without either, internal neighbours are sent it as is. */
  readonly nextHopKeep: SourceScope;
  /** Set as next hop where it is not kept. */
  readonly localNextHop: IpAddress | undefined;
  /** IPv4 routes may carry an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop: boolean;
  readonly interpretCommunities: boolean;
  /** RFC 7311 AIGP may be sent. */
  readonly aigp: boolean;
  /** RFC 7311 section 3.4: own routes whose metric is known are given it. Absent: no. */
  readonly aigpOriginate?: boolean;
  readonly defaultLocalPref: number;
  /** LOCAL_PREF goes to external neighbours as well (BIRD `allow bgp_local_pref`). */
  readonly allowLocalPref: boolean;
  /** External neighbours are sent the MED that came with a route (BIRD `allow bgp_med`). Absent: no. */
  readonly allowMed?: boolean;
  /** Route server client: neither AS path nor next hop are changed (BIRD `rs client`). */
  readonly routeServerClient: boolean;
  /** RFC 5065: the AS that neighbours outside of the confederation see. Absent: `localAs`. */
  readonly publicAs?: number;
  /** The own AS is part of a confederation: its members see the segments of paths that say so. Absent: no. */
  readonly confederation?: boolean;
  /** RFC 9494: the neighbour is sent routes that are long-lived stale. Absent: no. */
  readonly longLivedAware?: boolean;
  /** RFC 9234: what this side is to the neighbour. Absent: no role. */
  readonly role?: Role;
}

/** Remembered results, by attribute set, for one kind of source. */
interface Memo {
  result: Uint32Array;
  generation: Uint32Array;
  resultGeneration: Uint32Array;
}

export class ExportRules {
  readonly target: ExportTarget;
  readonly #table: RoutingTable;
  readonly #store: AttrStore;
  readonly #editor: AttrEditor;
  readonly #context: PolicyContext;
  readonly #memo: Memo[] = [];
  readonly #role: RoleRules | undefined;
  readonly #remember: boolean;
  /** Everything passes unchanged: then nothing needs to be remembered. */
  readonly #transparent: boolean;
  /** `HAS` bits of sets that need a look even then. */
  readonly #lookAt: number;
  /** Where the last path that `evaluate` was asked about stopped. */
  gate: ExportGate = 'sent';

  constructor(table: RoutingTable, target: ExportTarget) {
    this.target = target;
    this.#table = table;
    this.#store = table.store;
    this.#editor = new AttrEditor(table.store);
    this.#role = target.role === undefined ? undefined : ROLE_RULES[target.role];
    this.#remember = !target.policy.readsNetwork && !target.policy.readsSource && !target.aigpOriginate;
    this.#transparent = target.policy === ACCEPT && !inScope(target.nextHopSelf, SOURCE_KIND.client);
    const foreignNextHop = table.family.index === IPV4.index && !target.extendedNextHop ? HAS.nextHop6 : 0;
    const foreignPath = target.confederation ? 0 : HAS.confederationPath;
    this.#lookAt = HAS.wellKnownCommunity | HAS.aigp | foreignNextHop | foreignPath;
    this.#context = {
      family: table.family.index satisfies FamilyIndex,
      netWords: table.nets.words,
      netAt: 0,
      netLength: 0,
      source: { protocol: '', kind: 'bgp', internal: true },
    };
  }

  /** The attributes that the path in `row` is sent with, `NO_ATTRS` where it is not sent; `gate` says why. */
  evaluate(row: number): number {
    const { paths, sources } = this.#table;
    const { target } = this;
    const source = paths.source[row]!;
    const attrs = paths.attrs[row]!;
    const kind = sources.kind[source]! as SourceKind;
    const store = this.#store;
    const internal = target.kind >= SOURCE_KIND.nonClient;
    this.gate = 'sent';
    if (internal && kind >= SOURCE_KIND.nonClient) {
      // RFC 4456 section 6: routes of a non-client go to clients only.
      if (kind === SOURCE_KIND.nonClient && target.kind === SOURCE_KIND.nonClient) {
        return this.#stop('not reflected between non-clients');
      }
      const flags = store.flags[attrs]!;
      if (
        target.clusterId !== 0 &&
        flags & HAS.clusterList &&
        clusterListHas(store, attrs, target.clusterId)
      ) {
        return this.#stop('cluster loop');
      }
      // Between internal neighbours attributes stay as they are (RFC 4456 section 10).
      if (this.#transparent && (flags & this.#lookAt) === 0) return attrs;
    }
    if (!this.#remember) return this.#compute(row, attrs, kind, source);
    const memo = (this.#memo[kind] ??= {
      result: new Uint32Array(store.generation.length),
      generation: new Uint32Array(store.generation.length).fill(0xffffffff),
      resultGeneration: new Uint32Array(store.generation.length),
    });
    if (attrs >= memo.result.length) growMemo(memo, store.generation.length);
    const known = memo.result[attrs]!;
    if (memo.generation[attrs] === store.generation[attrs]) {
      if (known !== NO_ATTRS && memo.resultGeneration[attrs] === store.generation[known]) return known;
      if (known === NO_ATTRS) return this.#stop('export policy');
    }
    const result = this.#compute(row, attrs, kind, source);
    memo.result[attrs] = result;
    memo.generation[attrs] = store.generation[attrs]!;
    memo.resultGeneration[attrs] = store.generation[result]!;
    return result;
  }

  /** Like `evaluate`, for one question from a person: the gate is exact even where results are remembered. */
  explain(row: number): { gate: ExportGate; attrs: number } {
    for (const memo of this.#memo) memo?.generation.fill(0xffffffff);
    const attrs = this.evaluate(row);
    return { gate: this.gate, attrs };
  }

  #compute(row: number, attrs: number, kind: SourceKind, source: number): number {
    const { target } = this;
    const store = this.#store;
    if (
      target.interpretCommunities &&
      store.flags[attrs]! & HAS.wellKnownCommunity &&
      this.#communityStops(attrs)
    ) {
      return this.#stop('well-known community');
    }
    if (this.#role?.keepsBack && store.flags[attrs]! & HAS.onlyToCustomer)
      return this.#stop('only to customers');
    const { paths, nets, sources } = this.#table;
    const context = this.#context;
    const net = paths.net[row]!;
    context.netWords = nets.words;
    context.netAt = net * nets.family.words;
    context.netLength = nets.length[net]!;
    context.source = sources.info(source);
    const filtered = target.policy.evaluate(attrs, context);
    if (filtered === NO_ATTRS) return this.#stop('export policy');
    return this.#adapt(filtered, attrs, kind);
  }

  /** RFC 1997, and RFC 9494 section 4.3 as BIRD has it: neighbours that do not know stale routes are sent none. */
  #communityStops(attrs: number): boolean {
    const store = this.#store;
    const at = store.valueAt(attrs, ATTR.communities);
    const length = store.foundLength;
    const has = (community: number): boolean => hasCommunity(store.bytes, at, length, community);
    const { kind, longLivedAware } = this.target;
    if (has(WELL_KNOWN_COMMUNITY.noAdvertise)) return true;
    if (!longLivedAware && store.flags[attrs]! & HAS.longLivedStale) return true;
    if (kind >= SOURCE_KIND.nonClient) return false;
    if (has(WELL_KNOWN_COMMUNITY.noExportSubconfed)) return true;
    return kind === SOURCE_KIND.external && has(WELL_KNOWN_COMMUNITY.noExport);
  }

  /** What the kind of session asks for, beyond ORIGINATOR_ID and CLUSTER_LIST, which are put in while encoding. */
  #adapt(attrs: number, received: number, kind: SourceKind): number {
    const { target } = this;
    const store = this.#store;
    const flags = store.flags[attrs]!;
    const external = target.kind === SOURCE_KIND.external;
    const internal = target.kind >= SOURCE_KIND.nonClient;
    const nextHopKept = this.#keepsNextHop(kind, flags);
    const complete = HAS.origin | HAS.asPath | HAS.localPref;
    const foreign = (target.aigp ? 0 : HAS.aigp) | (target.confederation ? 0 : HAS.confederationPath);
    if (internal && nextHopKept && (flags & (complete | foreign)) === complete) return attrs;
    const editor = this.#editor.edit(attrs);
    if (!(flags & HAS.origin)) {
      const origin = kind === SOURCE_KIND.local ? ORIGIN.igp : ORIGIN.incomplete;
      editor.set(ATTR.origin, FLAG.transitive, Uint8Array.of(origin));
    }
    const whole = editor.get(ATTR.asPath) ?? new Uint8Array(0);
    // RFC 5065 section 4.1: segments of a confederation stay in it.
    const path = external || !target.confederation ? stripConfed(whole, 0, whole.length) : whole;
    if (target.kind === SOURCE_KIND.confederation) {
      const own = prependAs(path, target.localAs, 1, SEGMENT.confedSequence);
      editor.set(ATTR.asPath, FLAG.transitive, own);
    } else if (external && !target.routeServerClient) {
      editor.set(ATTR.asPath, FLAG.transitive, prependAs(path, target.publicAs ?? target.localAs));
      // RFC 4271 section 5.1.4: MED goes no further than the neighbouring AS, unless policy set it.
      const own = store.flags[received]! & HAS.med ? store.med[received]! : -1;
      if (!target.allowMed && flags & HAS.med && store.med[attrs] === own) editor.remove(ATTR.med);
    } else if (path.length !== whole.length || !(flags & HAS.asPath))
      editor.set(ATTR.asPath, FLAG.transitive, path);
    if (!internal) editor.remove(ATTR.originatorId).remove(ATTR.clusterList);
    if (external) {
      if (!target.allowLocalPref) editor.remove(ATTR.localPref);
      const communities = editor.get(ATTR.extendedCommunities);
      if (communities) {
        const kept = transitiveExtendedCommunities(communities, 0, communities.length);
        if (kept.length === 0) editor.remove(ATTR.extendedCommunities);
        else editor.set(ATTR.extendedCommunities, FLAG.optional | FLAG.transitive, kept);
      }
    } else if (!(flags & HAS.localPref)) {
      editor.set(ATTR.localPref, FLAG.transitive, u32Bytes(target.defaultLocalPref));
    }
    if (!target.aigp) editor.remove(ATTR.aigp);
    if (this.#role?.marksSent && !(flags & HAS.onlyToCustomer))
      setOnlyToCustomer(editor, target.publicAs ?? target.localAs);
    if (!nextHopKept) {
      const own = target.localNextHop;
      if (!own) return this.#stop('no usable next hop');
      editor.remove(ATTR.nextHop).remove(ATTR.mpReach);
      if (target.aigpOriginate && kind === SOURCE_KIND.local && !(flags & HAS.aigp)) {
        const metric = this.#ownMetric(attrs);
        if (metric !== undefined) editor.set(ATTR.aigp, FLAG.optional, aigpValue(metric));
      }
      if (own.version === 4) editor.set(ATTR.nextHop, FLAG.transitive, ipToBytes(own));
      else editor.set(ATTR.mpReach, FLAG.optional, ipToBytes(own));
    }
    return editor.commit();
  }

  /** The metric of a route of this daemon's own: what a filter set, 0 for a network of its links; else unknown. */
  #ownMetric(attrs: number): number | undefined {
    const at = this.#store.valueAt(attrs, LOCAL_ATTR.igpMetric);
    const metric = at < 0 ? undefined : asAt(this.#store.bytes, at);
    if (metric === undefined) return this.#context.source.kind === 'direct' ? 0 : undefined;
    return metric < IGP_METRIC_UNKNOWN ? metric : undefined;
  }

  /** RFC 4271 section 5.1.3 and BIRD's `next hop` options. */
  #keepsNextHop(kind: SourceKind, flags: number): boolean {
    if ((flags & (HAS.nextHop | HAS.nextHop6)) === 0) return false;
    const { nextHopSelf, nextHopKeep, kind: target, routeServerClient, extendedNextHop } = this.target;
    if (flags & HAS.nextHop6 && this.#table.family.index === IPV4.index && !extendedNextHop) return false;
    if (inScope(nextHopSelf, kind)) return false;
    return inScope(nextHopKeep, kind) || target !== SOURCE_KIND.external || routeServerClient;
  }

  #stop(gate: ExportGate): number {
    this.gate = gate;
    return NO_ATTRS;
  }
}

function inScope(scope: SourceScope, kind: SourceKind): boolean {
  if (scope === 'ibgp') return kind >= SOURCE_KIND.nonClient;
  if (scope === 'ebgp') return kind === SOURCE_KIND.external || kind === SOURCE_KIND.confederation;
  return scope === 'all';
}

/** RFC 4456 section 8: whether a CLUSTER_LIST names a cluster. */
export function clusterListHas(store: AttrStore, attrs: number, clusterId: number): boolean {
  let at = store.valueAt(attrs, ATTR.clusterList);
  if (at < 0) return false;
  for (const end = at + store.foundLength; at < end; at += 4)
    if (asAt(store.bytes, at) === clusterId) return true;
  return false;
}

function growMemo(memo: Memo, length: number): void {
  const result = new Uint32Array(length);
  result.set(memo.result);
  memo.result = result;
  const generation = new Uint32Array(length).fill(0xffffffff);
  generation.set(memo.generation);
  memo.generation = generation;
  const resultGeneration = new Uint32Array(length);
  resultGeneration.set(memo.resultGeneration);
  memo.resultGeneration = resultGeneration;
}

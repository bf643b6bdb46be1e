/**
 * What a filter compiles to. A policy is a pure function of an attribute set and the context below; it reads
 * attributes through `AttrStore` and answers with an attribute number.
 */
import type { FamilyIndex } from '../base/family.ts';
import type { IpAddress } from '../base/ip.ts';

/** The attribute number that means "rejected" or "no route". */
export const NO_ATTRS = 0;

/** Facts about the protocol that a route came from, as filters see them (`from`, `proto`, `source`). */
export interface SourceInfo {
  readonly protocol: string;
  readonly kind: 'bgp' | 'static' | 'direct';
  /** The neighbour's address (`from`); absent for static and direct. */
  readonly address?: IpAddress;
  readonly internal: boolean;
}

/** One mutable context serves all routes of a batch: nothing is made per route. */
export interface PolicyContext {
  family: FamilyIndex;
  /** The network's address words (one for IPv4, four for IPv6), starting at `netAt` of `netWords`. */
  netWords: Uint32Array;
  netAt: number;
  /** Prefix length in bits. */
  netLength: number;
  source: SourceInfo;
}

export interface Policy {
  /** The filter's name as `show protocols all` prints it: `ACCEPT`, `REJECT`, `(unnamed)` or its name. */
  readonly name: string;
  /** Whether the answer depends on the network; where not, it is remembered per attribute set and source. */
  readonly readsNetwork: boolean;
  /** Whether the answer depends on `context.source`. */
  readonly readsSource: boolean;
  /**
   * Returns `NO_ATTRS` to reject, `attrs` to accept unchanged, or another set, interned by the policy.
   * Never throws; run-time errors reject and are reported through the store's `reportFilterError`.
   */
  evaluate(attrs: number, context: PolicyContext): number;
}

export const ACCEPT: Policy = {
  name: 'ACCEPT',
  readsNetwork: false,
  readsSource: false,
  evaluate: (attrs) => attrs,
};

export const REJECT: Policy = {
  name: 'REJECT',
  readsNetwork: false,
  readsSource: false,
  evaluate: () => NO_ATTRS,
};

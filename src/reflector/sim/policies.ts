/** Policies of simulated routers: descriptions for the oracle, and what a router makes of them. */
import type { Random } from '../../base/random.ts';
import { ATTR, FLAG, WELL_KNOWN_COMMUNITY } from '../../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../../rib/attrs/edit.ts';
import { HAS, type AttrStore } from '../../rib/attrs/store.ts';
import { ACCEPT, NO_ATTRS, REJECT, type Policy } from '../../rib/policy.ts';

/**
 * `without`: prefixes whose third octet has this remainder by three are rejected. `tag`: communities are replaced by
 * this one. Neither has a say in which path is best, so that the network settles.
 */
export type SimFilter =
  | 'all'
  | 'none'
  | { readonly kind: 'without'; readonly remainder: number }
  | { readonly kind: 'tag'; readonly community: number };

/** What a router is configured with for a neighbour. */
export interface SimFilters {
  readonly importFilter: SimFilter;
  readonly exportFilter: SimFilter;
  readonly nextHopSelf: boolean;
}

export const NO_FILTERS: SimFilters = { importFilter: 'all', exportFilter: 'all', nextHopSelf: false };

/** Filters for a neighbour; few enough that neighbours often have the same. */
export function randomFilters(random: Random): SimFilters {
  return {
    importFilter: random.chance(0.6) ? 'all' : randomFilter(random),
    exportFilter: randomFilter(random),
    nextHopSelf: random.chance(0.2),
  };
}

function randomFilter(random: Random): SimFilter {
  switch (random.below(5)) {
    case 0:
      return 'none';
    case 1:
      return { kind: 'without', remainder: random.below(3) };
    case 2:
      return { kind: 'tag', community: (65001 << 16) + random.below(3) };
    default:
      return 'all';
  }
}

/** The policies of one router: the same description gives the same policy. */
export class SimPolicies {
  readonly #store: AttrStore;
  readonly #editor: AttrEditor;
  readonly #policies = new Map<string, Policy>();

  constructor(store: AttrStore) {
    this.#store = store;
    this.#editor = new AttrEditor(store);
  }

  policy(filter: SimFilter): Policy {
    if (filter === 'all') return ACCEPT;
    if (filter === 'none') return REJECT;
    const name = JSON.stringify(filter);
    const known = this.#policies.get(name);
    if (known) return known;
    const made =
      filter.kind === 'without' ? without(filter.remainder, name) : this.#tag(filter.community, name);
    this.#policies.set(name, made);
    return made;
  }

  #tag(community: number, name: string): Policy {
    const value = u32Bytes(community >>> 0);
    // RFC 9494 section 4.3: LLGR_STALE must not be removed. Whoever did would prefer a stale route that comes back to
    // the one that it stands for, and withdraw it by that, for ever.
    const staleValue = Uint8Array.of(...value, ...u32Bytes(WELL_KNOWN_COMMUNITY.llgrStale));
    const store = this.#store;
    return {
      name,
      readsNetwork: false,
      readsSource: false,
      evaluate: (attrs) =>
        this.#editor
          .edit(attrs)
          .set(
            ATTR.communities,
            FLAG.optional | FLAG.transitive,
            store.flags[attrs]! & HAS.longLivedStale ? staleValue : value,
          )
          .commit(),
    };
  }
}

function without(remainder: number, name: string): Policy {
  return {
    name,
    readsNetwork: true,
    readsSource: false,
    evaluate: (attrs, { netWords, netAt }) =>
      ((netWords[netAt]! >>> 8) & 255) % 3 === remainder ? NO_ATTRS : attrs,
  };
}

/** A route in one shape, whichever daemon holds it: what cases compare, attribute by attribute. */

export interface LabRoute {
  readonly prefix: string;
  readonly nextHop: string;
  /** AS numbers as text, sets in braces. */
  readonly asPath: string;
  readonly origin: 'igp' | 'egp' | 'incomplete';
  readonly localPref: number;
  /** 0 where the route has none: daemons do not tell the two apart. */
  readonly med: number;
  /** `high:low`, sorted. */
  readonly communities: readonly string[];
  /** `a:b:c`, sorted. */
  readonly largeCommunities: readonly string[];
  /** Empty where the route has none. */
  readonly originatorId: string;
  readonly clusterList: readonly string[];
}

/** Routes in the order of their prefixes and next hops. */
export function sorted(routes: readonly LabRoute[]): LabRoute[] {
  const key = (route: LabRoute): string => `${route.prefix} ${route.nextHop}`;
  return [...routes].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** A route with everything that is not given at its default. */
export function route(prefix: string, nextHop: string, rest: Partial<LabRoute> = {}): LabRoute {
  return {
    prefix,
    nextHop,
    asPath: '',
    origin: 'igp',
    localPref: 100,
    med: 0,
    communities: [],
    largeCommunities: [],
    originatorId: '',
    clusterList: [],
    ...rest,
  };
}

/** What announcers say in the cases: plain, loaded with every attribute, and with somebody else's next hop. */
import { route } from '../lab/route.ts';
import type { Announcement, SubjectKind } from '../lab/subject.ts';

/** Each announcer has prefixes of its own. */
const BLOCKS = { witness: 1, subject: 2, behind: 3 } as const;

/**
 * The routes of one announcer, IPv4 first.
 * @param address the announcer's address, next hop of the plain route
 */
export function routesOf(
  who: keyof typeof BLOCKS,
  address: string,
  kind: Pick<SubjectKind, 'announcesAsPaths' | 'families'>,
): Announcement[] {
  const block = BLOCKS[who];
  const asPath = kind.announcesAsPaths ? '64501 4200000001 64501' : '';
  const loaded = {
    asPath,
    origin: 'incomplete',
    localPref: 250,
    med: 77,
    communities: ['64501:1', '64501:20', '64502:3'],
    largeCommunities: ['4200000001:5:6', '64501:1:2'],
  } as const;
  const ipv4 = [
    route(`10.${block}.1.0/24`, address),
    route(`10.${block}.2.128/25`, '10.88.77.7', loaded),
    route(`10.${block}.4.0/22`, '10.88.77.8', { med: 4_000_000_000 }),
  ];
  const ipv6 = [
    route(`2001:db8:${block}::/48`, '2001:db8:88::7'),
    route(`2001:db8:${block}:1:8000::/65`, '2001:db8:88::8', loaded),
  ];
  return [...(kind.families.includes(4) ? ipv4 : []), ...(kind.families.includes(6) ? ipv6 : [])].map(
    ({ originatorId: _o, clusterList: _c, ...rest }) => rest,
  );
}

/** The same prefixes with other attributes. */
export function changed(routes: readonly Announcement[]): Announcement[] {
  return routes.map((each) => ({
    ...each,
    med: each.med === 77 ? 0 : 78,
    localPref: each.localPref + 7,
    communities: each.communities.length > 0 ? [] : ['64501:9'],
  }));
}

/** BIRD's configuration and `show route all`, as far as versions 1.6 and 2 share them. */
import type { LabRoute } from '../route.ts';
import type { Announcement } from '../subject.ts';

const ORIGINS = { igp: 'ORIGIN_IGP', egp: 'ORIGIN_EGP', incomplete: 'ORIGIN_INCOMPLETE' } as const;

/** A filter that gives each announced prefix its attributes and rejects static routes that are not announced. */
export function announceFilter(name: string, routes: readonly Announcement[]): string {
  const branches = routes.map((route) => {
    const path = route.asPath.split(' ').filter((as) => as !== '');
    return [
      `  if net = ${route.prefix} then {`,
      `    bgp_next_hop = ${route.nextHop};`,
      `    bgp_origin = ${ORIGINS[route.origin]};`,
      `    bgp_local_pref = ${route.localPref};`,
      route.med > 0 ? `    bgp_med = ${route.med};` : '',
      ...path.reverse().map((as) => `    bgp_path.prepend(${as});`),
      ...route.communities.map((text) => `    bgp_community.add((${text.replace(':', ', ')}));`),
      ...route.largeCommunities.map(
        (text) => `    bgp_large_community.add((${text.replaceAll(':', ', ')}));`,
      ),
      '    accept;',
      '  }',
    ].join('\n');
  });
  return `filter ${name} {
  if source = RTS_BGP then accept;
${branches.join('\n')}
  reject;
}
`;
}

const ORIGIN_NAMES: Readonly<Record<string, LabRoute['origin']>> = {
  IGP: 'igp',
  EGP: 'egp',
  Incomplete: 'incomplete',
};

/** Pairs and triples as `show route all` prints them, `(1,2) (3,4)`, with colons, sorted. */
function parseCommunities(text: string): string[] {
  return Array.from(text.matchAll(/\(([^)]*)\)/g), (match) =>
    match[1]!
      .split(',')
      .map((part) => part.trim())
      .join(':'),
  ).sort();
}

/** The BGP routes in the answer to `show route all`; a line that starts with a blank goes on with the last prefix. */
export function parseShowRoute(text: string): LabRoute[] {
  const routes: LabRoute[] = [];
  let prefix = '';
  let fields: Map<string, string> | undefined;
  const finish = (): void => {
    if (!fields?.has('origin')) return;
    const field = (name: string): string => fields?.get(name) ?? '';
    routes.push({
      prefix,
      // IPv6 next hops may have a link-local one behind.
      nextHop: field('next_hop').split(' ')[0]!,
      asPath: field('as_path'),
      origin: ORIGIN_NAMES[field('origin')] ?? 'incomplete',
      localPref: Number(field('local_pref')),
      med: Number(field('med')),
      communities: parseCommunities(field('community')),
      largeCommunities: parseCommunities(field('large_community')),
      originatorId: field('originator_id'),
      clusterList: field('cluster_list')
        .split(' ')
        .filter((id) => id !== ''),
    });
  };
  for (const line of text.split('\n')) {
    const head = /^(\S+\/\d+)?\s+\S.*\[[^\]]+\]/.exec(line);
    const attribute = /^\s+BGP\.(\w+):\s*(.*?)\s*$/.exec(line);
    if (attribute) {
      fields?.set(attribute[1]!, attribute[2]!);
    } else if (head && !/^\t/.test(line)) {
      finish();
      prefix = head[1] ?? prefix;
      fields = new Map();
    }
  }
  finish();
  return routes;
}

/** FRR's bgpd alone, without zebra; its routes come from `network` statements and one outbound route-map. */
import type { LabRoute } from '../route.ts';
import {
  AS,
  isIpv6,
  type Announcement,
  type Subject,
  type SubjectKind,
  type SubjectOptions,
} from '../subject.ts';

export const FRR: SubjectKind = {
  key: 'frr',
  title: 'FRR',
  announcesAsPaths: true,
  families: [4, 6],
  transport: 4,
  reflects: true,
  sharesCluster: true,
  refreshes: true,
  restartsGracefully: true,
  addPaths: true,
  make: (options) => new Frr(options),
};

const FAMILIES = ['ipv4', 'ipv6'] as const;
type Family = (typeof FAMILIES)[number];
const familyOf = (prefix: string): Family => (isIpv6(prefix) ? 'ipv6' : 'ipv4');
const ip = (family: Family): string => (family === 'ipv4' ? 'ip' : 'ipv6');

/** What `show bgp <family> unicast <prefix> json` says of a path. */
interface Path {
  readonly aspath: { readonly string: string };
  readonly origin: string;
  readonly metric?: number;
  readonly locPrf?: number;
  readonly community?: { readonly list: readonly string[] };
  readonly largeCommunity?: { readonly list: readonly string[] };
  readonly originatorId?: string;
  readonly clusterList?: { readonly list: readonly string[] };
  readonly nexthops: readonly { readonly ip: string; readonly scope?: string }[];
  readonly peer: { readonly peerId: string };
}

function toRoute(prefix: string, path: Path): LabRoute {
  return {
    prefix,
    nextHop: path.nexthops.find(({ scope }) => scope !== 'link-local')?.ip ?? '',
    asPath: path.aspath.string === 'Local' ? '' : path.aspath.string,
    origin: path.origin.toLowerCase() as LabRoute['origin'],
    localPref: path.locPrf ?? 0,
    med: path.metric ?? 0,
    communities: [...(path.community?.list ?? [])].sort(),
    largeCommunities: [...(path.largeCommunity?.list ?? [])].sort(),
    originatorId: path.originatorId ?? '',
    clusterList: path.clusterList?.list ?? [],
  };
}

class Frr implements Subject {
  readonly options: SubjectOptions;
  #routes: readonly Announcement[] = [];

  constructor(options: SubjectOptions) {
    this.options = options;
  }

  async start(routes = this.#routes): Promise<void> {
    this.#routes = routes;
    const { container } = this.options;
    container.write('bgpd.conf', `${this.#sessions()}\n${announce([], this.#routes)}`);
    await container.exec('mkdir -p /run/frr');
    await container.spawn(
      'bgpd',
      '/usr/lib/frr/bgpd -n -Z -S -f /lab/bgpd.conf -i /lab/frr.pid --vty_socket /run/frr',
    );
  }

  async kill(): Promise<void> {
    await this.options.container.kill('bgpd');
  }

  async announce(routes: readonly Announcement[]): Promise<void> {
    const { container } = this.options;
    container.write('change.conf', announce(this.#routes, routes));
    this.#routes = routes;
    await container.exec(
      'vtysh -d bgpd -f /lab/change.conf && vtysh -d bgpd -c "clear bgp ipv4 unicast * soft out" -c "clear bgp ipv6 unicast * soft out"',
    );
  }

  async held(neighbour = this.options.reflector): Promise<LabRoute[]> {
    const routes: LabRoute[] = [];
    for (const family of FAMILIES) {
      const show = `show bgp ${family} unicast`;
      const table = JSON.parse(await this.#ask([`${show} json`])) as { routes?: Record<string, unknown> };
      const prefixes = Object.keys(table.routes ?? {});
      const details = await Promise.all(prefixes.map((prefix) => this.#ask([`${show} ${prefix} json`])));
      details.forEach((text, i) => {
        const { paths } = JSON.parse(text) as { paths?: readonly Path[] };
        routes.push(
          ...(paths ?? [])
            .filter(({ peer }) => peer.peerId === neighbour)
            .map((path) => toRoute(prefixes[i]!, path)),
        );
      });
    }
    return routes;
  }

  async refresh(): Promise<void> {
    const { reflector } = this.options;
    await this.#ask(FAMILIES.map((family) => `clear bgp ${family} unicast ${reflector} soft in`));
  }

  async #ask(commands: readonly string[]): Promise<string> {
    const words = commands.map((command) => `-c '${command}'`).join(' ');
    return await this.options.container.exec(`vtysh -d bgpd ${words}`);
  }

  #sessions(): string {
    const { reflector, routerId, cluster, gracefulRestart } = this.options;
    const neighbours = [reflector, ...(cluster ? [cluster.client] : [])];
    const families = FAMILIES.map(
      (family) => ` address-family ${family} unicast
${neighbours.map((each) => `  neighbor ${each} activate\n  neighbor ${each} route-map announced-${family} out`).join('\n')}
${cluster ? `  neighbor ${cluster.client} route-reflector-client` : ''}
 exit-address-family
`,
    );
    // A reflector's routes pass an outbound route-map untouched only by a term that matches them.
    return `bgp route-map delay-timer 0
router bgp ${AS}
 bgp router-id ${routerId}
 ${cluster ? `bgp cluster-id ${cluster.id}` : ''}
 ${gracefulRestart ? 'bgp graceful-restart\n bgp graceful-restart preserve-fw-state\n bgp graceful-restart restart-time 30' : ''}
 no bgp network import-check
 no bgp default ipv4-unicast
${neighbours.map((each) => ` neighbor ${each} remote-as ${AS}\n neighbor ${each} timers connect 1\n neighbor ${each} advertisement-interval 0`).join('\n')}
${families.join('')}`;
  }
}

/** Commands that turn one set of announced routes into another. */
function announce(before: readonly Announcement[], after: readonly Announcement[]): string {
  const networks = FAMILIES.map((family) => {
    const of = (routes: readonly Announcement[], no: string): string[] =>
      routes
        .filter(({ prefix }) => familyOf(prefix) === family)
        .map(({ prefix }) => `  ${no}network ${prefix}`);
    return [
      ` address-family ${family} unicast`,
      ...of(before, 'no '),
      ...of(after, ''),
      ' exit-address-family',
    ].join('\n');
  });
  const terms = after.flatMap((route, i) => {
    const family = familyOf(route.prefix);
    const list = `announced-${i}`;
    return [
      `no ${ip(family)} prefix-list ${list}`,
      `${ip(family)} prefix-list ${list} permit ${route.prefix}`,
      `route-map announced-${family} permit ${i + 1}`,
      ` match ${ip(family)} address prefix-list ${list}`,
      family === 'ipv4' ? ` set ip next-hop ${route.nextHop}` : ` set ipv6 next-hop global ${route.nextHop}`,
      ` set origin ${route.origin}`,
      ` set local-preference ${route.localPref}`,
      ` set metric ${route.med}`,
      route.asPath === '' ? '' : ` set as-path prepend ${route.asPath}`,
      route.communities.length > 0 ? ` set community ${route.communities.join(' ')}` : '',
      route.largeCommunities.length > 0 ? ` set large-community ${route.largeCommunities.join(' ')}` : '',
      'exit',
    ];
  });
  return [
    ...FAMILIES.map((family) => `no route-map announced-${family}`),
    ...terms,
    ...FAMILIES.map((family) => `route-map announced-${family} permit 1000\nexit`),
    `router bgp ${AS}`,
    ...networks,
    'exit',
    '',
  ].join('\n');
}

/** OpenBGPD: everything is in its configuration, reloaded for each change. */
import type { LabRoute } from '../route.ts';
import { AS, type Announcement, type Subject, type SubjectKind, type SubjectOptions } from '../subject.ts';

export const OPENBGPD: SubjectKind = {
  key: 'openbgpd',
  title: 'OpenBGPD',
  announcesAsPaths: false,
  families: [4, 6],
  transport: 4,
  reflects: true,
  sharesCluster: true,
  refreshes: true,
  restartsGracefully: false,
  addPaths: true,
  make: (options) => new OpenBgpd(options),
};

/** A path in the answer to `bgpctl -j show rib detail`. */
interface Path {
  readonly prefix: string;
  readonly aspath: string;
  readonly exit_nexthop: string;
  readonly origin: string;
  readonly metric: number;
  readonly localpref: number;
  readonly communities?: readonly string[];
  readonly large_communities?: readonly string[];
  /** The attributes that have no field of their own. */
  readonly attributes?: readonly {
    readonly originator?: string;
    readonly cluster_list?: readonly string[];
  }[];
}

function toRoute(path: Path): LabRoute {
  return {
    prefix: path.prefix,
    nextHop: path.exit_nexthop,
    asPath: path.aspath,
    origin: path.origin.toLowerCase() as LabRoute['origin'],
    localPref: path.localpref,
    med: path.metric,
    communities: [...(path.communities ?? [])].sort(),
    largeCommunities: [...(path.large_communities ?? [])].sort(),
    originatorId: path.attributes?.find(({ originator }) => originator)?.originator ?? '',
    clusterList: path.attributes?.find((each) => each.cluster_list)?.cluster_list ?? [],
  };
}

class OpenBgpd implements Subject {
  readonly options: SubjectOptions;
  #routes: readonly Announcement[] = [];

  constructor(options: SubjectOptions) {
    this.options = options;
  }

  async start(routes = this.#routes): Promise<void> {
    this.#routes = routes;
    const { container } = this.options;
    container.write('openbgpd.conf', this.#config());
    // IPv6 next hops need a route that leads to them before they count as reachable.
    await container.exec(
      'mkdir -p /run/openbgpd; sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; ip -6 addr replace 2001:db8:88::1/64 dev eth0 nodad; true',
    );
    await container.spawn('openbgpd', 'bgpd -d -f /lab/openbgpd.conf');
  }

  async kill(): Promise<void> {
    await this.options.container.kill('openbgpd');
  }

  async announce(routes: readonly Announcement[]): Promise<void> {
    this.#routes = routes;
    this.options.container.write('openbgpd.conf', this.#config());
    await this.options.container.exec('bgpctl -s /lab/openbgpd.ctl reload');
  }

  async held(neighbour = this.options.reflector): Promise<LabRoute[]> {
    const text = await this.options.container.exec(
      `bgpctl -s /lab/openbgpd.ctl -j show rib detail in neighbor ${neighbour}`,
    );
    const { rib } = JSON.parse(text) as { rib?: readonly Path[] };
    return (rib ?? []).map(toRoute);
  }

  async refresh(): Promise<void> {
    await this.options.container.exec(
      `bgpctl -s /lab/openbgpd.ctl neighbor ${this.options.reflector} refresh`,
    );
  }

  #config(): string {
    const { reflector, routerId, cluster, addPaths } = this.options;
    const networks = this.#routes.map((route) => {
      const set = [
        `nexthop ${route.nextHop}`,
        `origin ${route.origin}`,
        `localpref ${route.localPref}`,
        route.med > 0 ? `med ${route.med}` : '',
        ...route.communities.map((text) => `community ${text}`),
        ...route.largeCommunities.map((text) => `large-community ${text}`),
      ];
      return `network ${route.prefix} set { ${set.join(' ')} }\n`;
    });
    const session = (address: string, extra: string): string => `neighbor ${address} {
  remote-as ${AS}
  announce IPv4 unicast
  announce IPv6 unicast
  ${extra}
}
`;
    return `AS ${AS}
router-id ${routerId}
socket "/lab/openbgpd.ctl"
fib-update no
nexthop qualify via default
${networks.join('')}
${session(reflector, addPaths ? 'announce add-path recv yes' : '')}
${cluster ? session(cluster.client, `passive\n  route-reflector ${cluster.id}`) : ''}
allow from any
allow to any
`;
  }
}

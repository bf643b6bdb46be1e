/** GoBGP: routes come and go over its API, by its own command line client. */
import type { LabRoute } from '../route.ts';
import {
  AS,
  isIpv6,
  type Announcement,
  type Subject,
  type SubjectKind,
  type SubjectOptions,
} from '../subject.ts';

export const GOBGP: SubjectKind = {
  key: 'gobgp',
  title: 'GoBGP',
  announcesAsPaths: true,
  families: [4, 6],
  transport: 4,
  reflects: true,
  sharesCluster: false,
  // `softresetin` goes through its own Adj-RIB-In again: it never sends a ROUTE-REFRESH.
  refreshes: false,
  restartsGracefully: true,
  addPaths: true,
  make: (options) => new GoBgp(options),
};

const ORIGINS = ['igp', 'egp', 'incomplete'] as const;
const FAMILIES = ['ipv4', 'ipv6'] as const;

/** One path attribute in the daemon's JSON; which fields are there depends on `type`, the attribute's code. */
interface Attribute {
  readonly type: number;
  readonly value?: unknown;
  readonly nexthop?: string;
  readonly metric?: number;
  readonly as_paths?: readonly { readonly asns: readonly number[] }[];
  readonly communities?: readonly number[];
}

interface LargeCommunity {
  readonly ASN: number;
  readonly LocalData1: number;
  readonly LocalData2: number;
}

type Rib = Readonly<Record<string, readonly { readonly attrs: readonly Attribute[] }[]>>;

function toRoute(prefix: string, attributes: readonly Attribute[]): LabRoute {
  const of = new Map(attributes.map((attribute) => [attribute.type, attribute]));
  const large = (of.get(32)?.value ?? []) as readonly LargeCommunity[];
  return {
    prefix,
    nextHop: of.get(3)?.nexthop ?? of.get(14)?.nexthop ?? '',
    asPath: (of.get(2)?.as_paths ?? []).flatMap(({ asns }) => asns).join(' '),
    origin: ORIGINS[of.get(1)?.value as number] ?? 'incomplete',
    localPref: Number(of.get(5)?.value),
    med: of.get(4)?.metric ?? 0,
    communities: (of.get(8)?.communities ?? []).map((value) => `${value >>> 16}:${value & 0xffff}`).sort(),
    largeCommunities: large
      .map(({ ASN, LocalData1, LocalData2 }) => `${ASN}:${LocalData1}:${LocalData2}`)
      .sort(),
    originatorId: (of.get(9)?.value as string | undefined) ?? '',
    clusterList: (of.get(10)?.value as readonly string[] | undefined) ?? [],
  };
}

class GoBgp implements Subject {
  readonly options: SubjectOptions;
  #routes: readonly Announcement[] = [];
  #restarting = false;

  constructor(options: SubjectOptions) {
    this.options = options;
  }

  async start(routes = this.#routes): Promise<void> {
    this.#routes = routes;
    const { container, gracefulRestart } = this.options;
    container.write('gobgpd.toml', this.#config());
    const recovery = this.#restarting && gracefulRestart ? '-r' : '';
    await container.spawn('gobgpd', `gobgpd -f /lab/gobgpd.toml ${recovery} --pprof-disable -l info`);
    this.#restarting = true;
    await container.exec(
      'for i in $(seq 100); do gobgp neighbor >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1',
    );
    await this.#add(this.#routes);
  }

  async kill(): Promise<void> {
    await this.options.container.kill('gobgpd');
  }

  async announce(routes: readonly Announcement[]): Promise<void> {
    const gone = this.#routes.filter(({ prefix }) => !routes.some((route) => route.prefix === prefix));
    this.#routes = routes;
    for (const { prefix } of gone) {
      await this.options.container.exec(
        `gobgp global rib del -a ${isIpv6(prefix) ? 'ipv6' : 'ipv4'} ${prefix}`,
      );
    }
    await this.#add(routes);
  }

  async held(neighbour = this.options.reflector): Promise<LabRoute[]> {
    const routes: LabRoute[] = [];
    for (const family of FAMILIES) {
      const text = await this.options.container.exec(`gobgp neighbor ${neighbour} adj-in -a ${family} -j`);
      const rib = JSON.parse(text) as Rib;
      for (const [key, paths] of Object.entries(rib)) {
        // With ADD-PATH the key is `<path identifier>:<prefix>` in some versions.
        const prefix = /[0-9a-f.:]+\/\d+$/.exec(key)?.[0] ?? key;
        routes.push(...paths.map(({ attrs }) => toRoute(prefix, attrs)));
      }
    }
    return routes;
  }

  async refresh(): Promise<void> {
    await this.options.container.exec(`gobgp neighbor ${this.options.reflector} softresetin`);
  }

  async #add(routes: readonly Announcement[]): Promise<void> {
    for (const route of routes) {
      const words = [
        `-a ${isIpv6(route.prefix) ? 'ipv6' : 'ipv4'} ${route.prefix}`,
        `nexthop ${route.nextHop} origin ${route.origin} local-pref ${route.localPref}`,
        route.asPath === '' ? '' : `aspath "${route.asPath}"`,
        route.med > 0 ? `med ${route.med}` : '',
        route.communities.length > 0 ? `community ${route.communities.join(',')}` : '',
        route.largeCommunities.length > 0 ? `large-community ${route.largeCommunities.join(',')}` : '',
      ];
      await this.options.container.exec(`gobgp global rib add ${words.join(' ')}`);
    }
  }

  #config(): string {
    const { reflector, routerId, cluster, gracefulRestart, addPaths } = this.options;
    const families = FAMILIES.map(
      (family) => `[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "${family}-unicast"
${addPaths ? '[neighbors.afi-safis.add-paths.config]\nreceive = true\n' : ''}
${gracefulRestart ? '[neighbors.afi-safis.mp-graceful-restart.config]\nenabled = true\n' : ''}`,
    ).join('');
    const session = (address: string, extra: string): string => `[[neighbors]]
[neighbors.config]
neighbor-address = "${address}"
peer-as = ${AS}
[neighbors.timers.config]
connect-retry = 1
idle-hold-time-after-reset = 1
${extra}
${families}`;
    const restart = gracefulRestart
      ? '[neighbors.graceful-restart.config]\nenabled = true\nrestart-time = 30\ndeferral-time = 3\n'
      : '';
    // GoBGP adds ORIGINATOR_ID and CLUSTER_LIST only towards its own clients: as a reflector it has Catbird for one.
    const client = cluster
      ? `[neighbors.route-reflector.config]
route-reflector-client = true
route-reflector-cluster-id = "${cluster.id}"
`
      : '';
    const passive = '[neighbors.transport.config]\npassive-mode = true\n';
    return `[global.config]
as = ${AS}
router-id = "${routerId}"
${session(reflector, restart + client)}
${cluster ? session(cluster.client, client + passive) : ''}`;
  }
}

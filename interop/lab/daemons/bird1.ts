/** BIRD 1.6, the IPv4 daemon. `bird6` speaks to IPv6 neighbours alone, and Catbird listens on an IPv4 address here. */
import { announceFilter, parseShowRoute } from './bird-config.ts';
import type { LabRoute } from '../route.ts';
import { AS, type Announcement, type Subject, type SubjectKind, type SubjectOptions } from '../subject.ts';

const PROGRAMS = '/opt/bird1/usr/sbin';

export const BIRD1: SubjectKind = {
  key: 'bird1',
  title: 'BIRD 1.6',
  announcesAsPaths: true,
  ipv6: false,
  reflects: true,
  sharesCluster: true,
  refreshes: true,
  restartsGracefully: false,
  addPaths: false,
  make: (options) => new Bird1(options),
};

class Bird1 implements Subject {
  readonly options: SubjectOptions;
  #routes: readonly Announcement[] = [];

  constructor(options: SubjectOptions) {
    this.options = options;
  }

  async start(routes = this.#routes): Promise<void> {
    this.#routes = routes;
    this.options.container.write('bird1.conf', this.#config());
    await this.options.container.spawn('bird1', `${PROGRAMS}/bird -f -c /lab/bird1.conf -s /lab/bird1.ctl`);
  }

  async kill(): Promise<void> {
    await this.options.container.kill('bird1');
  }

  async announce(routes: readonly Announcement[]): Promise<void> {
    this.#routes = routes;
    this.options.container.write('bird1.conf', this.#config());
    await this.#ask('configure');
  }

  async held(neighbour = this.options.reflector): Promise<LabRoute[]> {
    const protocol = neighbour === this.options.reflector ? 'catbird' : 'behind';
    return parseShowRoute(await this.#ask(`show route all protocol ${protocol}`));
  }

  async refresh(): Promise<void> {
    await this.#ask('reload in catbird');
  }

  async #ask(command: string): Promise<string> {
    return await this.options.container.exec(`${PROGRAMS}/birdc -s /lab/bird1.ctl '${command}'`);
  }

  #config(): string {
    const { reflector, routerId, cluster } = this.options;
    const session = (name: string, neighbour: string, extra: string): string => `
protocol bgp ${name} {
  local as ${AS};
  neighbor ${neighbour} as ${AS};
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  ${extra}
  import all;
  export filter announced;
}
`;
    const statics = this.#routes.map(({ prefix }) => `  route ${prefix} blackhole;\n`).join('');
    return `log stderr all;
router id ${routerId};
protocol device {}
protocol direct {}
${announceFilter('announced', this.#routes)}
protocol static {
${statics}}
${session('catbird', reflector, '')}
${cluster ? session('behind', cluster.client, `rr client; rr cluster id ${cluster.id};`) : ''}`;
  }
}

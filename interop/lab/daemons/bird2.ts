/** BIRD 2: both families in one daemon; the partner of every other daemon's cases too. */
import { parseShowRoute, announceFilter } from './bird-config.ts';
import type { LabRoute } from '../route.ts';
import {
  AS,
  isIpv6,
  type Announcement,
  type Subject,
  type SubjectKind,
  type SubjectOptions,
} from '../subject.ts';

export const BIRD2: SubjectKind = {
  key: 'bird2',
  title: 'BIRD 2',
  announcesAsPaths: true,
  families: [4, 6],
  transport: 4,
  reflects: true,
  sharesCluster: true,
  refreshes: true,
  restartsGracefully: true,
  addPaths: true,
  make: (options) => new Bird2(options),
};

class Bird2 implements Subject {
  readonly options: SubjectOptions;
  #routes: readonly Announcement[] = [];
  #restarting = false;

  constructor(options: SubjectOptions) {
    this.options = options;
  }

  async start(routes = this.#routes): Promise<void> {
    this.#routes = routes;
    this.options.container.write('bird.conf', this.#config());
    const recovery = this.#restarting && this.options.gracefulRestart ? '-R' : '';
    await this.options.container.spawn('bird', `bird -f ${recovery} -c /lab/bird.conf -s /lab/bird.ctl`);
    this.#restarting = true;
  }

  async kill(): Promise<void> {
    await this.options.container.kill('bird');
  }

  async announce(routes: readonly Announcement[]): Promise<void> {
    this.#routes = routes;
    this.options.container.write('bird.conf', this.#config());
    await this.#ask('configure');
  }

  async held(neighbour = this.options.reflector): Promise<LabRoute[]> {
    return parseShowRoute(await this.#ask(`show route all protocol ${this.#protocol(neighbour)}`));
  }

  async refresh(): Promise<void> {
    await this.#ask('reload in catbird');
  }

  async #ask(command: string): Promise<string> {
    return await this.options.container.exec(`birdc -s /lab/bird.ctl '${command}'`);
  }

  #protocol(neighbour: string): string {
    return neighbour === this.options.reflector ? 'catbird' : 'behind';
  }

  #config(): string {
    const { reflector, routerId, cluster, gracefulRestart, addPaths } = this.options;
    const statics = (family: 'ipv4' | 'ipv6'): string =>
      this.#routes
        .filter(({ prefix }) => isIpv6(prefix) === (family === 'ipv6'))
        .map(({ prefix }) => `  route ${prefix} blackhole;\n`)
        .join('');
    const session = (name: string, neighbour: string, extra: string): string => `
protocol bgp ${name} {
  local as ${AS};
  neighbor ${neighbour} as ${AS};
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  ${extra}
  ipv4 { import all; export filter announced; ${addPaths ? 'add paths rx;' : ''} };
  ipv6 { import all; export filter announced; next hop address 2001:db8:88::1; ${addPaths ? 'add paths rx;' : ''} };
}
`;
    const restart = gracefulRestart ? 'graceful restart on; graceful restart time 30;' : '';
    return `log stderr all;
router id ${routerId};
protocol device {}
protocol direct { ipv4; }
${announceFilter('announced', this.#routes)}
protocol static { ipv4;
${statics('ipv4')}}
protocol static { ipv6;
${statics('ipv6')}}
${session('catbird', reflector, restart)}
${cluster ? session('behind', cluster.client, `rr client; rr cluster id ${cluster.id};`) : ''}`;
  }
}

/** BIRD 1.6: one daemon for each address family, which its sessions use too. */
import { announceFilter, parseShowRoute } from './bird-config.ts';
import type { LabRoute } from '../route.ts';
import { AS, type Announcement, type Subject, type SubjectKind, type SubjectOptions } from '../subject.ts';

const PROGRAMS = '/opt/bird1/usr/sbin';

const KIND: Omit<SubjectKind, 'key' | 'title' | 'families' | 'transport' | 'make'> = {
  announcesAsPaths: true,
  reflects: true,
  sharesCluster: true,
  refreshes: true,
  restartsGracefully: true,
  addPaths: true,
};

export const BIRD1: SubjectKind = {
  ...KIND,
  key: 'bird1',
  title: 'BIRD 1.6',
  families: [4],
  transport: 4,
  make: (options) => new Bird1('bird', options),
};

export const BIRD1_IPV6: SubjectKind = {
  ...KIND,
  key: 'bird6',
  title: 'BIRD 1.6 for IPv6',
  families: [6],
  transport: 6,
  make: (options) => new Bird1('bird6', options),
};

class Bird1 implements Subject {
  readonly options: SubjectOptions;
  #routes: readonly Announcement[] = [];
  #restarting = false;

  readonly #program: 'bird' | 'bird6';

  constructor(program: 'bird' | 'bird6', options: SubjectOptions) {
    this.#program = program;
    this.options = options;
  }

  async start(routes = this.#routes): Promise<void> {
    this.#routes = routes;
    this.options.container.write('bird1.conf', this.#config());
    const recovery = this.#restarting && this.options.gracefulRestart ? '-R' : '';
    await this.options.container.spawn(
      'bird1',
      `${PROGRAMS}/${this.#program} -f ${recovery} -c /lab/bird1.conf -s /lab/bird1.ctl`,
    );
    this.#restarting = true;
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
    return await this.options.container.exec(
      `${PROGRAMS}/${this.#program === 'bird' ? 'birdc' : 'birdc6'} -s /lab/bird1.ctl '${command}'`,
    );
  }

  #config(): string {
    const { reflector, routerId, cluster, gracefulRestart, addPaths } = this.options;
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
    const restart = gracefulRestart ? 'graceful restart on; graceful restart time 30;' : '';
    const statics = this.#routes.map(({ prefix }) => `  route ${prefix} blackhole;\n`).join('');
    return `log stderr all;
router id ${routerId};
protocol device {}
protocol direct {}
${announceFilter('announced', this.#routes)}
protocol static {
${statics}}
${session('catbird', reflector, `${restart} ${addPaths ? 'add paths rx;' : ''}`)}
${cluster ? session('behind', cluster.client, `rr client; rr cluster id ${cluster.id};`) : ''}`;
  }
}

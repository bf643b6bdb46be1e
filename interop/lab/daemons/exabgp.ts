/** ExaBGP: a process of its API reads commands from a file that grows and writes what happens to another. */
import type { LabRoute } from '../route.ts';
import { AS, type Announcement, type Subject, type SubjectKind, type SubjectOptions } from '../subject.ts';

export const EXABGP: SubjectKind = {
  key: 'exabgp',
  title: 'ExaBGP',
  announcesAsPaths: true,
  families: [4, 6],
  transport: 4,
  reflects: false,
  sharesCluster: false,
  refreshes: true,
  restartsGracefully: true,
  addPaths: true,
  make: (options) => new ExaBgp(options),
};

interface Attributes {
  readonly origin?: LabRoute['origin'];
  readonly 'as-path'?: readonly (number | readonly number[])[];
  readonly med?: number;
  readonly 'local-preference'?: number;
  readonly community?: readonly (readonly number[])[];
  readonly 'large-community'?: readonly (readonly number[])[];
  readonly 'originator-id'?: string;
  readonly 'cluster-list'?: readonly string[];
}

interface Nlri {
  readonly nlri: string;
  readonly 'path-information'?: string;
}

/** One line that the API writes. */
interface Event {
  readonly type: string;
  readonly neighbor?: {
    readonly state?: string;
    readonly message?: {
      readonly update?: {
        readonly attribute?: Attributes;
        readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly Nlri[]>>>>;
        readonly withdraw?: Readonly<Record<string, readonly Nlri[]>>;
      };
    };
  };
}

const keyOf = (nlri: Nlri): string => `${nlri.nlri} ${nlri['path-information'] ?? ''}`;
const joined = (lists: readonly (readonly number[])[] = []): string[] =>
  lists.map((parts) => parts.join(':')).sort();

function toRoute(prefix: string, nextHop: string, attributes: Attributes): LabRoute {
  return {
    prefix,
    nextHop,
    asPath: (attributes['as-path'] ?? []).flat().join(' '),
    origin: attributes.origin ?? 'incomplete',
    localPref: attributes['local-preference'] ?? 0,
    med: attributes.med ?? 0,
    communities: joined(attributes.community),
    largeCommunities: joined(attributes['large-community']),
    originatorId: attributes['originator-id'] ?? '',
    clusterList: attributes['cluster-list'] ?? [],
  };
}

/** What the neighbour's messages come to. */
function replay(lines: readonly string[]): LabRoute[] {
  const held = new Map<string, LabRoute>();
  for (const line of lines) {
    const event = JSON.parse(line) as Event;
    if (event.type === 'state' && event.neighbor?.state !== 'connected') held.clear();
    const update = event.neighbor?.message?.update;
    if (!update) continue;
    for (const nlris of Object.values(update.withdraw ?? {})) {
      for (const nlri of nlris) held.delete(keyOf(nlri));
    }
    for (const hops of Object.values(update.announce ?? {})) {
      for (const [nextHop, nlris] of Object.entries(hops)) {
        for (const nlri of nlris) held.set(keyOf(nlri), toRoute(nlri.nlri, nextHop, update.attribute ?? {}));
      }
    }
  }
  return [...held.values()];
}

const FILES = { commands: 'exabgp.commands', events: 'exabgp.events' } as const;

class ExaBgp implements Subject {
  readonly options: SubjectOptions;
  #routes: readonly Announcement[] = [];

  constructor(options: SubjectOptions) {
    this.options = options;
  }

  async start(routes = this.#routes): Promise<void> {
    this.#routes = routes;
    const { container } = this.options;
    container.write('exabgp.conf', this.#config());
    container.write('exabgp.sh', `tail -n +1 -f /lab/${FILES.commands} &\nexec cat >>/lab/${FILES.events}\n`);
    container.write(FILES.events, '');
    container.write(FILES.commands, this.#routes.map(announceCommand).join(''));
    const environment =
      'env exabgp.daemon.user=root exabgp.api.cli=false exabgp.api.ack=false exabgp.tcp.delay=0 exabgp.log.level=INFO';
    await container.spawn('exabgp', `${environment} exabgp /lab/exabgp.conf`);
  }

  async kill(): Promise<void> {
    await this.options.container.kill('exabgp');
  }

  announce(routes: readonly Announcement[]): Promise<void> {
    const gone = this.#routes.filter(({ prefix }) => !routes.some((route) => route.prefix === prefix));
    this.#routes = routes;
    const withdrawals = gone.map((route) => `withdraw route ${route.prefix} next-hop ${route.nextHop}\n`);
    this.options.container.append(FILES.commands, [...withdrawals, ...routes.map(announceCommand)].join(''));
    return Promise.resolve();
  }

  held(): Promise<LabRoute[]> {
    // The last line may be half written.
    const lines = this.options.container.read(FILES.events).split('\n').slice(0, -1);
    return Promise.resolve(replay(lines));
  }

  refresh(): Promise<void> {
    this.options.container.append(FILES.commands, 'announce route-refresh ipv4 unicast\n');
    return Promise.resolve();
  }

  #config(): string {
    const { container, reflector, routerId, addPaths, gracefulRestart } = this.options;
    return `process api {
  run /bin/sh /lab/exabgp.sh;
  encoder json;
}
neighbor ${reflector} {
  router-id ${routerId};
  local-address ${container.address};
  local-as ${AS};
  peer-as ${AS};
  capability {
    route-refresh enable;
    ${addPaths ? 'add-path receive;' : ''}
    ${gracefulRestart ? 'graceful-restart 30;' : ''}
  }
  family {
    ipv4 unicast;
    ipv6 unicast;
  }
  api {
    processes [ api ];
    neighbor-changes;
    receive {
      parsed;
      update;
    }
  }
}
`;
  }
}

function announceCommand(route: Announcement): string {
  const words = [
    `announce route ${route.prefix} next-hop ${route.nextHop} origin ${route.origin}`,
    `local-preference ${route.localPref}`,
    route.med > 0 ? `med ${route.med}` : '',
    route.asPath === '' ? '' : `as-path [ ${route.asPath} ]`,
    route.communities.length > 0 ? `community [ ${route.communities.join(' ')} ]` : '',
    route.largeCommunities.length > 0 ? `large-community [ ${route.largeCommunities.join(' ')} ]` : '',
  ];
  return `${words.filter((word) => word !== '').join(' ')}\n`;
}

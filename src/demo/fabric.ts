/** The network of `npm run demo` on paper: two reflectors, their clients, and what each client does. */

export const DEMO_AS = 65000;
/** All of it is on loopback addresses that nothing else uses. */
export const REFLECTORS = [
  { name: 'rr1', address: '127.77.0.1' },
  { name: 'rr2', address: '127.77.0.2' },
] as const;

export const MOST_CLIENTS = 2000;

/** `routes`: withdraws and announces all of its routes, over and over. `session`: goes away and comes back. */
export type Behaviour = 'steady' | 'routes' | 'session';

export interface Client {
  readonly name: string;
  readonly description: string;
  /** Its sessions come from here. */
  readonly address: string;
  readonly nextHop: string;
  /** Number of its first made-up network. */
  readonly firstNetwork: number;
  readonly routes: number;
  readonly behaviour: Behaviour;
  /** Routes a second, where its routes come and go. */
  readonly rate?: number;
}

/** Of 25 clients one is a border with many routes; the others are leaves. */
const BORDER_EVERY = 25;
const ROUTES = { border: 1500, leaf: 40 } as const;
/** Which leaves do what, by number modulo the period. */
const PERIOD = 16;
const FLAPPING: Readonly<Record<number, Behaviour>> = { 5: 'session', 7: 'routes', 12: 'routes' };

/** @param count of clients, from 1 to `MOST_CLIENTS` */
export function demoClients(count: number): Client[] {
  const clients: Client[] = [];
  let firstNetwork = 0;
  let borders = 0;
  let leaves = 0;
  for (let i = 0; i < count; i++) {
    const isBorder = i % BORDER_EVERY === BORDER_EVERY - 1;
    const behaviour = isBorder ? 'steady' : (FLAPPING[i % PERIOD] ?? 'steady');
    const routes = isBorder ? ROUTES.border : ROUTES.leaf;
    const host = `${1 + Math.floor(i / 250)}.${1 + (i % 250)}`;
    clients.push({
      name: isBorder ? `border${++borders}` : `leaf${String(++leaves).padStart(2, '0')}`,
      description: isBorder ? 'many routes' : DESCRIPTIONS[behaviour],
      address: `127.77.${host}`,
      nextHop: `10.77.${host}`,
      firstNetwork,
      routes,
      behaviour,
      ...(behaviour === 'routes' && { rate: 4 + (i % 5) * 4 }),
    });
    firstNetwork += routes;
  }
  return clients;
}

const DESCRIPTIONS: Readonly<Record<Behaviour, string>> = {
  steady: 'a rack',
  routes: 'a rack whose routes come and go',
  session: 'a rack that restarts',
};

/**
 * The configuration of one reflector.
 * @param port that both listen on
 */
export function reflectorConfig(
  index: 0 | 1,
  port: number,
  clients: readonly Client[],
  logFile: string,
): string {
  const own = REFLECTORS[index];
  const other = REFLECTORS[1 - index]!;
  return `log "${logFile}" all;
router id ${own.address};
hostname "${own.name}";

filter to_leaves {
  # Leaves need no routes to single hosts.
  if net.len = 32 then reject;
  accept;
}

template bgp fabric {
  local ${own.address} port ${port} as ${DEMO_AS};
  strict bind;
  multihop;
  rr cluster id 127.77.0.0;
}
template bgp leaves from fabric { rr client; passive; ipv4 { import all; export filter to_leaves; }; }
template bgp borders from fabric { rr client; passive; ipv4 { import all; export all; }; }

protocol bgp ${other.name} from fabric {
  description "the other reflector";
  neighbor ${other.address} port ${port} as ${DEMO_AS};
  ipv4 { import all; export all; };
}

${clients.map(clientProtocol).join('\n')}
`;
}

function clientProtocol({ name, description, address }: Client): string {
  const template = name.startsWith('border') ? 'borders' : 'leaves';
  return `protocol bgp ${name} from ${template} { description "${description}"; neighbor ${address} as ${DEMO_AS}; }`;
}

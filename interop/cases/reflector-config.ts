/** Catbird's configuration in the lab. */
import { AS } from '../lab/subject.ts';

export interface Neighbour {
  readonly name: string;
  readonly address: string;
  /** Catbird's own address towards it. */
  readonly local: string;
  readonly isClient: boolean;
  readonly addPaths?: boolean;
}

/**
 * A reflector that waits for its neighbours on the bridge.
 * @param id router ID and cluster ID
 */
export function reflectorConfig(id: string, neighbours: readonly Neighbour[]): string {
  const protocols = neighbours.map(({ name, address, local, isClient, addPaths }) => {
    const channel = `{ import all; export all; ${addPaths ? 'add paths tx; ' : ''}}`;
    return `
protocol bgp ${name} {
  local ${local} port 179 as ${AS};
  neighbor ${address} as ${AS};
  strict bind;
  passive;
  error wait time 1, 2;
  rr cluster id ${id};
  ${isClient ? 'rr client;' : ''}
  ipv4 ${channel};
  ipv6 ${channel};
}
`;
  });
  return `router id ${id};
protocol device { }
${protocols.join('')}`;
}

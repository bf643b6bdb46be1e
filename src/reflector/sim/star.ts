/** Scenarios for tests: a reflector and the neighbours around it. */
import { formatIp, ipFromBytes, ipToBytes, parseIp } from '../../base/ip.ts';
import { ATTR, FLAG, LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../../rib/attrs/edit.ts';
import type { SessionConfig } from '../../speaker/config.ts';
import type { SimWorld } from '../../speaker/sim/speakers.ts';
import type { PeerPolicy } from '../peer-policy.ts';
import { openPolicy, SimRouter, type SimRouterOptions } from './router.ts';

export const CLIENT: Partial<PeerPolicy> = { routeReflectorClient: true, clusterId: 0x0a0a0a0a };

/** How a router and the reflector see each other. */
export interface Join {
  /** The reflector's policy for it; by default it is a client. */
  readonly policy?: Partial<PeerPolicy>;
  readonly session?: Partial<SessionConfig>;
  readonly ownPolicy?: Partial<PeerPolicy>;
  readonly as?: number;
}

/** A router that takes connections. */
export async function listeningRouter(sim: SimWorld, options: SimRouterOptions): Promise<SimRouter> {
  const made = new SimRouter(sim, options);
  await made.listen();
  return made;
}

/** A router at 10.0.0.`number` that is the reflector's neighbour under its own name; it calls the reflector `rr`. */
export async function joinReflector(
  sim: SimWorld,
  rr: SimRouter,
  name: string,
  number: number,
  { policy = CLIENT, session = {}, ownPolicy = {}, as }: Join = {},
): Promise<SimRouter> {
  const made = await listeningRouter(sim, {
    address: `10.0.0.${number}`,
    routerId: `1.1.1.${number}`,
    ...(as !== undefined && { as }),
  });
  made.policies.set('rr', openPolicy(ownPolicy));
  rr.policies.set(name, openPolicy(policy));
  rr.addNeighbor(name, made, session);
  made.addNeighbor('rr', rr, session);
  return made;
}

/** Attributes of an own route. */
export function attrs(of: SimRouter, change: (editor: AttrEditor) => void = () => undefined): number {
  const editor = new AttrEditor(of.reflector.store)
    .edit(0)
    .set(ATTR.origin, FLAG.transitive, Uint8Array.of(0))
    .set(ATTR.asPath, FLAG.transitive, new Uint8Array(0))
    .set(ATTR.nextHop, FLAG.transitive, ipToBytes(parseIp(of.address)!))
    .set(LOCAL_ATTR.preference, 0, u32Bytes(200));
  change(editor);
  return editor.commit();
}

/** `prefix via next hop` of all paths that a router has from a neighbour. */
export function heard(of: SimRouter, from: string, table = 'master4'): string[] {
  const { paths, nets, store, sources } = of.reflector.table(table);
  const lines: string[] = [];
  for (let row = 1; row < paths.end; row++) {
    const set = paths.attrs[row]!;
    if (set === 0 || sources.info(paths.source[row]!).protocol !== from) continue;
    const v6 = store.value(set, ATTR.mpReach);
    const hop = v6 ?? store.value(set, ATTR.nextHop)!;
    lines.push(`${nets.format(paths.net[row]!)} via ${formatIp(ipFromBytes(hop, 0, hop.length))}`);
  }
  return lines.sort();
}

export function established(of: SimRouter, neighbor: string): boolean {
  return of.reflector.peers.has(neighbor);
}

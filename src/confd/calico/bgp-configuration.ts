/** `BGPConfiguration`: that of the cluster, `default`, and those of nodes, `node.NAME`. */
import { inKey, networkOf, versionOf } from './addresses.ts';
import type { Fields } from './fields.ts';
import type { SecretRef } from './secrets.ts';
import { secretRef } from './secrets.ts';

export const DEFAULT_AS = 64512;

/** What is there whatever resources say, below `/calico/bgp/v1/global`. */
export const GLOBAL_DEFAULTS: Readonly<Record<string, string>> = {
  as_num: String(DEFAULT_AS),
  node_mesh: '{"enabled": true}',
  loglevel: 'info',
};

export interface BgpConfiguration {
  /** Names below `/calico/bgp/v1/global` or the host, with their values. */
  readonly keys: Readonly<Record<string, string | undefined>>;
  readonly listenPort: number;
  readonly asNumber: number | undefined;
  readonly meshPassword: SecretRef | undefined;
  /** Networks of services. */
  readonly clusterIps: readonly string[];
  readonly externalIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
}

/** Which node a configuration is of: `global` for all. Undefined where its name means nothing. */
export function scopeOf(name: string): { readonly node: string | undefined } | undefined {
  if (name === 'default') return { node: undefined };
  return /^node\../.test(name) ? { node: name.slice('node.'.length) } : undefined;
}

/** Throws an error that says what is wrong. */
export function readBgpConfiguration(resource: Fields, isGlobal: boolean): BgpConfiguration {
  const spec = resource.object('spec');
  const listenPort = spec?.number('listenPort', 65535) ?? 0;
  const clusterIps = networks(spec, 'serviceClusterIPs');
  const externalIps = networks(spec, 'serviceExternalIPs');
  const loadBalancerIps = networks(spec, 'serviceLoadBalancerIPs');
  const asNumber = spec?.asNumber('asNumber');
  const mesh = spec?.flag('nodeToNodeMeshEnabled');
  const both = {
    ...advertisements(spec),
    listen_port: listenPort === 0 ? undefined : String(listenPort),
    loglevel: logLevel(spec?.text('logSeverityScreen') ?? ''),
  };
  const global = {
    as_num: asNumber?.toString(),
    bind_mode: spec?.text('bindMode') || undefined,
    node_mesh: mesh === undefined ? undefined : `{"enabled":${mesh}}`,
    node_mesh_restart_time: spec?.seconds('nodeMeshMaxRestartTime')?.toString(),
    ignored_interfaces: spec?.texts('ignoredInterfaces')?.join(','),
    svc_cluster_ips: clusterIps.join(',') || undefined,
    svc_external_ips: externalIps.join(',') || undefined,
    svc_loadbalancer_ips: loadBalancerIps.join(',') || undefined,
  };
  return {
    keys: isGlobal ? { ...both, ...global } : both,
    listenPort,
    asNumber,
    meshPassword: secretRef(spec?.object('nodeMeshPassword')),
    clusterIps,
    externalIps,
    loadBalancerIps,
  };
}

/** BIRD's templates know these only. */
function logLevel(text: string): string | undefined {
  if (text === '') return undefined;
  const level = text.toLowerCase();
  return level === 'debug' || level === 'info' ? level : 'none';
}

function networks(spec: Fields | undefined, name: string): string[] {
  return (spec?.objects(name) ?? []).flatMap((block, i) => {
    const cidr = block.text('cidr');
    if (cidr === '') return [];
    if (networkOf(cidr) === undefined) throw new Error(`spec.${name}[${i}].cidr is to be a network`);
    return [cidr];
  });
}

/** A community, or a large one. */
const COMMUNITY = /^\d{1,10}(?::\d{1,10}){1,2}$/;

function advertisements(spec: Fields | undefined): Readonly<Record<string, string>> {
  const list = spec?.objects('prefixAdvertisements');
  if (!list) return {};
  const named = new Map<string, string>();
  for (const community of spec?.objects('communities') ?? []) {
    const name = community.text('name');
    const value = community.text('value');
    if (!COMMUNITY.test(value)) throw new Error(`spec.communities: ${name} is to be like 65000:100`);
    if (!named.has(name)) named.set(name, value);
  }
  const found = list.map((one) => {
    const communities = new Set<string>();
    for (const community of one.texts('communities') ?? []) {
      const value = COMMUNITY.test(community) ? community : named.get(community);
      if (value !== undefined) communities.add(value);
    }
    return { cidr: one.text('cidr'), communities: [...communities].sort() };
  });
  const json = (version: 4 | 6): string => {
    const some = found.filter(({ cidr }) => versionOf(cidr) === version);
    return some.length === 0 ? 'null' : JSON.stringify(some);
  };
  return { 'prefix_advertisements/ip_v4': json(4), 'prefix_advertisements/ip_v6': json(6) };
}

/** Node label that keeps a node from advertising services. */
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';

/**
 * Keys of the static routes and reject rules for the networks of services. Single addresses are advertised by the nodes
 * that have the service, which is not known here.
 */
export function serviceKeys(
  { clusterIps, externalIps, loadBalancerIps }: BgpConfiguration,
  labels: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  const wide = [...externalIps, ...loadBalancerIps].filter(
    (cidr) => !cidr.endsWith(versionOf(cidr) === 4 ? '/32' : '/128'),
  );
  const isExcluded = labels?.get(EXCLUDED) === 'true';
  const keys = new Map<string, string>();
  for (const cidr of [...clusterIps, ...wide]) {
    const suffix = versionOf(cidr) === 4 ? '' : 'v6';
    keys.set(`/calico/rejectcidrs${suffix}/${inKey(cidr)}`, cidr);
    if (!isExcluded) keys.set(`/calico/staticroutes${suffix}/${inKey(cidr)}`, cidr);
  }
  return keys;
}

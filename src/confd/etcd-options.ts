/** How to reach etcd, from options and from the variables that Calico uses. */

export interface EtcdSettings {
  /** `http://` or `https://`, host and port. */
  readonly endpoints: readonly string[];
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export interface EtcdChoice {
  readonly nodes: readonly string[];
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** Variables with parts of certificates in them, which Calico knows too. */
const INLINE = ['ETCD_CA_CERT', 'ETCD_CERT', 'ETCD_KEY'] as const;
const DEFAULT_ENDPOINT = '127.0.0.1:2379';

/**
 * What is chosen goes before the environment. Throws an error where the two make no sense.
 * @param environment `ETCD_ENDPOINTS`, or `ETCD_AUTHORITY` and `ETCD_SCHEME`; `ETCD_CA_CERT_FILE`, `ETCD_CERT_FILE`,
 *   `ETCD_KEY_FILE`, `ETCD_USERNAME`, `ETCD_PASSWORD`
 */
export function etcdSettings(
  choice: EtcdChoice,
  environment: (name: string) => string | undefined,
): EtcdSettings {
  const from = (chosen: string | undefined, variable: string): string | undefined =>
    chosen || environment(variable) || undefined;
  for (const name of INLINE) {
    if (environment(name))
      throw new Error(
        `${name} is not supported: put the PEM text into a file, and its path into ${name}_FILE`,
      );
  }
  const caFile = from(choice.caFile, 'ETCD_CA_CERT_FILE');
  const certFile = from(choice.certFile, 'ETCD_CERT_FILE');
  const keyFile = from(choice.keyFile, 'ETCD_KEY_FILE');
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new Error('a client certificate needs both its certificate file and its key file');
  }
  const username = from(choice.username, 'ETCD_USERNAME');
  const password = from(choice.password, 'ETCD_PASSWORD');
  if (username !== undefined && password === undefined)
    throw new Error(`etcd's user ${username} has no password`);
  const nodes = choice.nodes.length > 0 ? choice.nodes : environmentNodes(environment);
  const isTls = [caFile, certFile].some((file) => file !== undefined);
  const endpoints = nodes.map((node) => endpoint(node, isTls));
  if (new Set(endpoints.map((one) => one.split(':')[0])).size > 1) {
    throw new Error(`some of etcd's endpoints are http and some https: ${endpoints.join(', ')}`);
  }
  return { endpoints, caFile, certFile, keyFile, username, password };
}

function environmentNodes(environment: (name: string) => string | undefined): string[] {
  const endpoints = environment('ETCD_ENDPOINTS');
  if (endpoints)
    return endpoints
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const authority = environment('ETCD_AUTHORITY');
  if (authority) return [`${environment('ETCD_SCHEME') || 'http'}://${authority}`];
  if (environment('ETCD_DISCOVERY_SRV')) {
    throw new Error('ETCD_DISCOVERY_SRV is not supported: name the endpoints in ETCD_ENDPOINTS');
  }
  return [DEFAULT_ENDPOINT];
}

function endpoint(node: string, isTls: boolean): string {
  const match = /^(?:(https?):\/\/)?([^/\s]+?)\/?$/.exec(node);
  if (!match)
    throw new Error(`'${node}' is no endpoint of etcd: write http://HOST:PORT or https://HOST:PORT`);
  const scheme = match[1] ?? (isTls ? 'https' : 'http');
  const host = match[2]!;
  return `${scheme}://${/:\d+$/.test(host) ? host : `${host}:2379`}`;
}

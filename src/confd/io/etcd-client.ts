/** Connections to etcd: what the library leaves to do. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { checkServerIdentity, rootCertificates } from 'node:tls';
import type { IOptions } from 'etcd3';
import { Etcd3, GRPCResourceExhastedError, isRecoverableError } from 'etcd3';
import type { EtcdSettings } from '../etcd-options.ts';

const MAX_MESSAGE = 64 * 1024 * 1024;
const FIRST_RECONNECT_MS = 100;
const LONGEST_RECONNECT_MS = 1000;
/** Sent for the server's name where there is only an address. */
const NAMELESS = 'etcd';

type FaultHandling = NonNullable<IOptions['faultHandling']>;
type Policy = NonNullable<FaultHandling['global']>;
type Work = Parameters<Policy['execute']>[0];

/** A policy that only runs what it is given, by way of `run`. */
function policy(run: (work: () => Promise<unknown>) => Promise<unknown>): Policy {
  const never = (): { dispose: () => void } => ({ dispose: () => undefined });
  const { signal } = new AbortController();
  const execute = (work: Work): Promise<unknown> => run(async () => await work({ signal }));
  return { onSuccess: never, onFailure: never, execute } as unknown as Policy;
}

/** The library's own policies shut an endpoint out for seconds after three failures: we ask another one, and go on. */
function faultHandling(endpoints: number): FaultHandling {
  return {
    host: () => policy((work) => work()),
    global: policy(async (work) => {
      for (let left = endpoints - 1; ; left--) {
        try {
          return await work();
        } catch (error) {
          const isOther = error instanceof Error && isRecoverableError(error);
          if (left === 0 || !isOther || error instanceof GRPCResourceExhastedError) throw error;
        }
      }
    }),
  };
}

/**
 * Throws where files of certificates cannot be read.
 * @param requestMs how long a request may take
 */
export function etcdClientOptions(settings: EtcdSettings, requestMs: number): IOptions {
  const { endpoints, caFile, certFile, keyFile, username, password } = settings;
  const isTls = endpoints.some((endpoint) => endpoint.startsWith('https:'));
  const file = (path: string | undefined): Buffer | undefined =>
    path === undefined ? undefined : readFileSync(path);
  const privateKey = file(keyFile);
  const certChain = file(certFile);
  const deadline = (): { deadline: number } => ({ deadline: Date.now() + requestMs });
  return {
    hosts: [...endpoints],
    grpcOptions: {
      'grpc.max_receive_message_length': MAX_MESSAGE,
      // Else each connection waits as long as those before it, of other clients, have taught it: up to two minutes.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': FIRST_RECONNECT_MS,
      'grpc.max_reconnect_backoff_ms': LONGEST_RECONNECT_MS,
    },
    defaultCallOptions: ({ isStream }) => (isStream ? {} : deadline()),
    faultHandling: faultHandling(endpoints.length),
    ...(isTls && {
      credentials: {
        rootCertificate: file(caFile) ?? Buffer.from(rootCertificates.join('\n')),
        ...(privateKey && { privateKey }),
        ...(certChain && { certChain }),
      },
    }),
    ...(username !== undefined && { auth: { username, password: password ?? '', callOptions: deadline } }),
  };
}

/** What is used of the library's credentials. */
interface Credentials {
  readonly verifyOptions?: object;
  _createSecureConnector(target: { readonly path: string }, options: object, call: unknown): unknown;
}

interface Internals {
  readonly pool: { readonly hosts: readonly { readonly channelCredentials: Credentials }[] };
}

export function connectEtcd(options: IOptions): Etcd3 {
  const client = new Etcd3(options);
  if (options.credentials) {
    // All hosts of a client have the same credentials.
    const [host] = (client as unknown as Internals).pool.hosts;
    acceptAddresses(host!.channelCredentials);
  }
  return client;
}

/**
 * Lets an endpoint be an address. The library gives the address for a server's name, which Node refuses: a name is given
 * instead, and the certificate is compared with the address.
 */
function acceptAddresses(credentials: Credentials): void {
  const create = credentials._createSecureConnector.bind(credentials);
  const original = credentials._createSecureConnector;
  credentials._createSecureConnector = (target, options, call) => {
    const host = target.path.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) === 0) return create(target, options, call);
    const verifyOptions = {
      ...credentials.verifyOptions,
      checkServerIdentity: (_: string, certificate: PeerCertificate) =>
        checkServerIdentity(host, certificate),
    };
    const own = Object.create(credentials, { verifyOptions: { value: verifyOptions } }) as Credentials;
    return original.call(own, target, { ...options, 'grpc.ssl_target_name_override': NAMELESS }, call);
  };
}

/** The store that options choose, with Calico's resources in it translated. */
import { hostname } from 'node:os';
import { CalicoStore } from '../calico/store.ts';
import { etcdSettings } from '../etcd-options.ts';
import type { ConfdOptions } from '../options.ts';
import type { LeaseStore, Store } from '../store.ts';
import { EnvironmentStore } from './environment.ts';
import { FileStore } from './files.ts';
import { SecretFolder } from './secrets.ts';

export type StoreOptions = Pick<
  ConfdOptions,
  'backend' | 'nodes' | 'files' | 'filter' | 'caFile' | 'certFile' | 'keyFile' | 'username' | 'password'
> & {
  /** Files that are not there have no keys. */
  readonly optionalFiles?: boolean;
};

type Environment = (name: string) => string | undefined;

/**
 * Throws an error that says what is wrong with the options, or why files of certificates cannot be read.
 * @param warn is told of resources that are left out
 */
export async function openStore(
  options: StoreOptions,
  environment: Environment,
  warn: (text: string) => void,
): Promise<CalicoStore> {
  const secrets = environment('CATBIRD_CALICO_SECRETS');
  return new CalicoStore(await openPlainStore(options, environment), {
    nodeName: environment('NODENAME') ?? hostname(),
    ...(secrets !== undefined && { secrets: new SecretFolder(secrets) }),
    pause: () => new Promise((settle) => setImmediate(settle)),
    warn,
  });
}

async function openPlainStore(options: StoreOptions, environment: Environment): Promise<Store> {
  const { backend, files: paths, filter, optionalFiles: optional = false } = options;
  switch (backend) {
    case 'env':
      return new EnvironmentStore();
    case 'tree':
      return new FileStore({ paths, layout: 'tree', optional });
    case 'file':
      return new FileStore({ paths, layout: 'documents', filter });
    case 'etcdv3': {
      // The library takes memory that files need not spend.
      const { EtcdStore } = await import('./etcd.ts');
      return new EtcdStore(etcdSettings(options, environment));
    }
  }
}

/** Where a reflector registers: etcd alone has leases. Throws as `openStore` does. */
export async function openLeases(options: StoreOptions, environment: Environment): Promise<LeaseStore> {
  const { EtcdLeases } = await import('./etcd-lease.ts');
  return new EtcdLeases(etcdSettings(options, environment));
}

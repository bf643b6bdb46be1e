/** The store that options choose. */
import { etcdSettings } from '../etcd-options.ts';
import type { ConfdOptions } from '../options.ts';
import type { Store } from '../store.ts';
import { EnvironmentStore } from './environment.ts';
import { FileStore } from './files.ts';

export type StoreOptions = Pick<
  ConfdOptions,
  'backend' | 'nodes' | 'files' | 'filter' | 'caFile' | 'certFile' | 'keyFile' | 'username' | 'password'
> & {
  /** Files that are not there have no keys. */
  readonly optionalFiles?: boolean;
};

/** Throws an error that says what is wrong with the options, or why files of certificates cannot be read. */
export async function openStore(
  options: StoreOptions,
  environment: (name: string) => string | undefined,
): Promise<Store> {
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

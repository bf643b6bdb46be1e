/** Leases of etcd v3, one request at a time, each with an end. */
import type { Etcd3, IOptions } from 'etcd3';
import { EtcdLeaseInvalidError } from 'etcd3';
import type { EtcdSettings } from '../etcd-options.ts';
import type { KeyLease, LeaseStore } from '../store.ts';
import { decodeText } from '../template/text.ts';
import { connectEtcd, etcdClientOptions } from './etcd-client.ts';

const REQUEST_MS = 5000;

export class EtcdLeases implements LeaseStore {
  readonly name: string;
  readonly #options: IOptions;
  readonly #requestMs: number;
  /** Made for the first lease, and anew for each: a connection that has gone wrong goes with it. */
  #client: Etcd3 | undefined;

  /** Throws where files of certificates cannot be read. */
  constructor(settings: EtcdSettings, { requestMs = REQUEST_MS } = {}) {
    this.name = `etcd at ${settings.endpoints.join(', ')}`;
    this.#options = etcdClientOptions(settings, requestMs);
    this.#requestMs = requestMs;
  }

  async grant(ttlS: number): Promise<KeyLease> {
    this.#client?.close();
    const client = (this.#client = connectEtcd(this.#options));
    const { ID } = await client.leaseClient.leaseGrant({ TTL: ttlS });
    return new EtcdLease(client, ID, this.#requestMs);
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

class EtcdLease implements KeyLease {
  readonly #client: Etcd3;
  readonly #id: string;
  readonly #requestMs: number;

  constructor(client: Etcd3, id: string, requestMs: number) {
    this.#client = client;
    this.#id = id;
    this.#requestMs = requestMs;
  }

  async claim(key: string, value: string, isOwn: (value: string) => boolean): Promise<string | undefined> {
    const client = this.#client;
    const put = client.put(key).value(value).lease(this.#id);
    // Whoever was there may go, or come, between two requests.
    for (;;) {
      const first = await client.if(key, 'Create', '==', 0).then(put).else(client.get(key)).commit();
      if (first.succeeded) return undefined;
      const [found] = first.responses[0]?.response_range?.kvs ?? [];
      if (!found) continue;
      const there = decodeText(found.value);
      if (!isOwn(there)) return there;
      const second = await client.if(key, 'Mod', '==', Number(found.mod_revision)).then(put).commit();
      if (second.succeeded) return undefined;
    }
  }

  async renew(claimed: string): Promise<boolean> {
    if (!(await this.#keepAlive())) return false;
    return await this.write(claimed, new Map(), []);
  }

  async write(
    claimed: string,
    puts: ReadonlyMap<string, string>,
    removals: readonly string[],
  ): Promise<boolean> {
    const client = this.#client;
    const operations = [
      ...Array.from(puts, ([key, value]) => client.put(key).value(value).lease(this.#id)),
      ...removals.map((key) => client.delete().key(key)),
    ];
    try {
      const { succeeded } = await client
        .if(claimed, 'Lease', '==', this.#id)
        .then(...operations)
        .commit();
      return succeeded;
    } catch (error) {
      if (error instanceof EtcdLeaseInvalidError) return false;
      throw error;
    }
  }

  async revoke(): Promise<void> {
    try {
      await this.#client.leaseClient.leaseRevoke({ ID: this.#id });
    } catch (error) {
      if (!(error instanceof EtcdLeaseInvalidError)) throw error;
    }
  }

  /** False where the lease is gone. The stream is for this one renewal: it has an end even where nobody answers. */
  async #keepAlive(): Promise<boolean> {
    const stream = await this.#client.leaseClient.leaseKeepAlive({ deadline: Date.now() + this.#requestMs });
    try {
      const { TTL } = await new Promise<{ TTL: string }>((settle, fail) => {
        stream.on('data', settle);
        stream.on('error', fail);
        stream.on('end', () => {
          fail(new Error('the renewal of the lease got no answer'));
        });
        stream.write({ ID: this.#id });
      });
      return TTL !== '0';
    } finally {
      stream.end();
    }
  }
}

/** Registration in a real etcd. */
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Etcd3 } from 'etcd3';
import { SystemClock } from '../../speaker/io/system-clock.ts';
import type { EtcdSettings } from '../etcd-options.ts';
import { FLEET, memberKey, summaryKey } from '../fleet/keys.ts';
import { FleetPublisher } from '../fleet/publisher.ts';
import type { FleetReport } from '../fleet/report.ts';
import { EtcdLeases } from './etcd-lease.ts';
import { etcdMissing, TestEtcd } from './etcd-test-support.ts';

const missing = etcdMissing();
const TTL_S = 2;

const settings = (endpoint: string, more: Partial<EtcdSettings> = {}): EtcdSettings => ({
  endpoints: [endpoint],
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  username: undefined,
  password: undefined,
  ...more,
});

function report(routes: number): FleetReport {
  return {
    ...{ as: [], addresses: [], clusterIds: [], networks: 0, routes },
    sessions: { configured: 0, up: 0, disabled: 0, dynamic: 0, troubles: [] },
    configuration: { state: 'current', seen: '1' },
  };
}

describe.skipIf(missing !== undefined)(
  `a member in etcd${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let etcd: TestEtcd;
    let client: Etcd3;
    let log: string[];
    const running: FleetPublisher[] = [];

    beforeEach(async () => {
      etcd = await TestEtcd.start();
      client = etcd.client();
      log = [];
    });
    afterEach(async () => {
      await Promise.all(running.splice(0).map((one) => one.stop()));
      client.close();
      await etcd.close();
    });

    function member(
      id: string,
      store = new EtcdLeases(settings(etcd.endpoint), { requestMs: 1000 }),
    ): FleetPublisher {
      const made = new FleetPublisher({
        store,
        clock: new SystemClock(),
        who: { name: 'rr1', id, host: id, version: '1', startedMs: 0, ttlS: TTL_S },
        log: (level, text) => void log.push(`${level}: ${text}`),
      });
      running.push(made);
      return made;
    }

    const keys = async (): Promise<string[]> => (await client.getAll().prefix(FLEET).keys()).sort();
    const BOTH = [memberKey('rr1'), summaryKey('rr1')];
    async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
      while (!(await isSo())) await new Promise((settle) => setTimeout(settle, 20));
    }
    const has = (wanted: readonly string[]): Promise<void> =>
      until(async () => (await keys().catch(() => [''])).join() === wanted.join());
    const routes = async (): Promise<unknown> => {
      const value = await client.get(summaryKey('rr1')).string();
      return value === null ? undefined : (JSON.parse(value) as { routes: unknown }).routes;
    };
    const leaseOf = async (key: string): Promise<string | undefined> =>
      (await client.get(key).exec()).kvs[0]?.lease;

    test('is there with all its keys under one lease, longer than that lasts, and gone at once at the end', async () => {
      const one = member('a');
      one.report(report(1));
      await has(BOTH);
      const lease = await leaseOf(BOTH[0]!);
      expect(lease).not.toBe('0');
      expect(await leaseOf(BOTH[1]!)).toBe(lease);
      await new Promise((settle) => setTimeout(settle, TTL_S * 2500));
      expect(await leaseOf(BOTH[0]!)).toBe(lease);
      await one.stop();
      expect(await keys()).toEqual([]);
    });

    test('is made anew when its lease was revoked, or its keys were removed', async () => {
      member('a').report(report(2));
      await has(BOTH);
      const lease = (await leaseOf(BOTH[0]!))!;
      await client.leaseClient.leaseRevoke({ ID: lease });
      await has(BOTH);
      expect(await leaseOf(BOTH[0]!)).not.toBe(lease);
      await client.delete().prefix(FLEET);
      await has(BOTH);
      expect(await routes()).toBe(2);
    });

    test('outlives an etcd that is away for longer than its lease, and is compacted', async () => {
      const one = member('a');
      one.report(report(3));
      await has(BOTH);
      await etcd.kill();
      one.report(report(4));
      await until(() => log.some((line) => line.startsWith('warning')));
      await new Promise((settle) => setTimeout(settle, TTL_S * 1500));
      one.report(report(5));
      await etcd.run();
      client.close();
      client = etcd.client();
      await until(async () => (await routes().catch(() => undefined)) === 5);
      const { header } = await client.put('/x').value('1').exec();
      await client.kv.compact({ revision: header.revision, physical: true });
      one.report(report(6));
      await until(async () => (await routes()) === 6);
      expect(log.filter((line) => line.startsWith('warning'))).toHaveLength(1);
    });

    test('of the same name twice: one is there, the other warns, and follows when the first is gone', async () => {
      const first = member('a');
      first.report(report(1));
      await has(BOTH);
      const second = member('b');
      second.report(report(2));
      await until(() =>
        log.some((line) => line.includes('Another reflector is in the fleet as rr1 (on host a')),
      );
      expect(await routes()).toBe(1);
      await first.stop();
      await until(async () => (await routes()) === 2);
    });

    test('of a user who may not write says so once', async () => {
      await client.role('root').create();
      const root = await client.user('root').create('secret');
      await root.addRole('root');
      const reader = await client.role('reader').create();
      await reader.grant({ permission: 'Read', range: client.range({ prefix: '/' }) });
      await (await client.user('reader').create('secret')).addRole('reader');
      await client.auth.authEnable();
      const as = { username: 'reader', password: 'secret' };
      member('a', new EtcdLeases(settings(etcd.endpoint, as))).report(report(1));
      await until(() => log.length > 0);
      await new Promise((settle) => setTimeout(settle, 1500));
      expect(log).toEqual([expect.stringMatching(/^warning: The fleet cannot be told.*permission denied/)]);
      client.close();
      client = etcd.client();
    });

    test('an etcd that says nothing is not waited for', async () => {
      const sockets = new Set<Socket>();
      const silent = createServer((socket) => sockets.add(socket));
      await new Promise<void>((settle) => {
        silent.listen(0, '127.0.0.1', settle);
      });
      const endpoint = `http://127.0.0.1:${(silent.address() as { port: number }).port}`;
      const store = new EtcdLeases(settings(endpoint), { requestMs: 300 });
      await expect(store.grant(5)).rejects.toThrow(/deadline/i);
      store.close();
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
  },
);

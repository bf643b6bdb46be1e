import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { EtcdSettings } from '../etcd-options.ts';
import { describeStore, Follower } from '../store.contract.ts';
import { makeAuthority, makeCertificate } from './certificates-test-support.ts';
import { etcdMissing, TestEtcd } from './etcd-test-support.ts';
import { EtcdStore } from './etcd.ts';

const missing = etcdMissing();

function settings(endpoint: string, more: Partial<EtcdSettings> = {}): EtcdSettings {
  const none = {
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
    username: undefined,
    password: undefined,
  };
  return { endpoints: [endpoint], ...none, ...more };
}

describe.skipIf(missing !== undefined)(`etcd${missing === undefined ? '' : ` (${missing})`}`, () => {
  let etcd: TestEtcd;
  let follower: Follower | undefined;
  beforeAll(async () => {
    etcd = await TestEtcd.start();
  });
  afterEach(async () => {
    follower?.stop();
    follower = undefined;
    const client = etcd.client();
    await client.delete().all();
    client.close();
  });
  afterAll(async () => {
    await etcd.close();
  });

  describeStore('etcd', () => {
    const client = etcd.client();
    return Promise.resolve({
      store: new EtcdStore(settings(etcd.endpoint)),
      put: async (key, value) => {
        await client.put(key).value(value);
      },
      remove: async (key) => {
        await client.delete().key(key);
      },
      close: async () => {
        await client.delete().all();
        client.close();
      },
    });
  });

  test('more keys than one page, and values that are no text, arrive whole', async () => {
    const client = etcd.client();
    for (let i = 0; i < 9000; i += 100) {
      const puts = Array.from({ length: 100 }, (_, n) => client.put(`/many/${i + n}`).value(`v${i + n}`));
      await Promise.all(puts.map((put) => put.exec()));
    }
    await client.put('/many/bytes').value(Buffer.from([0xff, 0, 0x61]));
    client.close();
    const { entries } = await new EtcdStore(settings(etcd.endpoint)).read(['/many']);
    expect(entries.size).toBe(9001);
    expect(entries.get('/many/1234')?.value).toBe('v1234');
    expect(entries.get('/many/bytes')?.value).toBe('\udcff\0a');
  });

  test('values that do not fit one answer together come in smaller ones', async () => {
    const client = etcd.client();
    const value = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 70; i++) await client.put(`/large/${i}`).value(value);
    client.close();
    const { entries } = await new EtcdStore(settings(etcd.endpoint)).read(['/large']);
    expect(entries.size).toBe(70);
  });

  test('a restart ends in a reading that has what was missed', async () => {
    const own = await TestEtcd.start();
    const client = own.client();
    await client.put('/k').value('1');
    await client.put('/gone').value('1');
    client.close();
    follower = new Follower(new EtcdStore(settings(own.endpoint)), ['/']);
    await follower.untilValue('/k', '1');
    await own.kill();
    await follower.until(({ events }) => events.at(-1)!.kind === 'lost');
    expect(follower.values()).toEqual({ '/gone': '1', '/k': '1' });
    await own.run();
    const again = own.client();
    await again.put('/k').value('2');
    await again.delete().key('/gone');
    again.close();
    await follower.untilValue('/k', '2');
    await follower.untilValue('/gone', undefined);
    expect(follower.events.filter(({ kind }) => kind === 'snapshot').length).toBeGreaterThan(1);
    follower.stop();
    await own.close();
  });

  test('keys that were compacted away while nobody watched are read anew', async () => {
    const own = await TestEtcd.start();
    const client = own.client();
    await client.put('/k').value('1');
    follower = new Follower(new EtcdStore(settings(own.endpoint)), ['/']);
    await follower.untilValue('/k', '1');
    await own.kill();
    await follower.until(({ events }) => events.at(-1)!.kind === 'lost');
    await own.run();
    const again = own.client();
    for (let i = 2; i < 20; i++) await again.put('/k').value(String(i));
    const { header } = await again.put('/k').value('20').exec();
    await again.kv.compact({ revision: header.revision, physical: true });
    await follower.untilValue('/k', '20');
    again.close();
    client.close();
    follower.stop();
    await own.close();
  });

  test('an etcd that is not there is waited for', async () => {
    const own = await TestEtcd.start();
    await own.kill();
    const store = new EtcdStore(settings(own.endpoint));
    follower = new Follower(store, ['/']);
    await follower.until(({ events }) => events.length > 0);
    expect(follower.events[0]).toMatchObject({ kind: 'lost', reason: expect.stringContaining(own.endpoint) });
    await expect(store.read(['/'])).rejects.toThrow(own.endpoint);
    await own.run();
    await follower.until(({ events }) => events.at(-1)!.kind === 'snapshot');
    follower.stop();
    await own.close();
  });

  test('an etcd that falls silent is left for another reading', async () => {
    const { port } = new URL(etcd.endpoint);
    const silent = new Set<Socket>();
    let isSilent = false;
    const proxy = createServer((near) => {
      const far = connect(Number(port), '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        silent.add(from);
        from.on('data', (chunk) => {
          if (!isSilent) to.write(chunk);
        });
        from.on('error', () => undefined);
        from.on('close', () => to.destroy());
      }
    });
    await new Promise<void>((settle) => {
      proxy.listen(0, '127.0.0.1', settle);
    });
    const client = etcd.client();
    await client.put('/k').value('1');
    const endpoint = `http://127.0.0.1:${(proxy.address() as { port: number }).port}`;
    const store = new EtcdStore(settings(endpoint), { auditMs: 100, requestMs: 300 });
    follower = new Follower(store, ['/']);
    await follower.untilValue('/k', '1');
    isSilent = true;
    await client.put('/k').value('2');
    await follower.until(({ events }) => events.at(-1)!.kind === 'lost');
    expect(follower.values()).toEqual({ '/k': '1' });
    isSilent = false;
    for (const socket of silent) socket.destroy();
    await follower.untilValue('/k', '2');
    follower.stop();
    client.close();
    for (const socket of silent) socket.destroy();
    await new Promise((settle) => proxy.close(settle));
  });

  test('audits of a watch that is well change nothing', async () => {
    const client = etcd.client();
    for (const key of ['/k', '/k/a', '/k/b/c', '/k-neighbour', '/k.neighbour', '/l'])
      await client.put(key).value('1');
    await client.delete().key('/k/a');
    client.close();
    follower = new Follower(new EtcdStore(settings(etcd.endpoint), { auditMs: 5 }), ['/k']);
    await follower.untilValue('/k/b/c', '1');
    await new Promise((settle) => setTimeout(settle, 300));
    expect(follower.events.map(({ kind }) => kind)).toEqual(['snapshot']);
  });

  test('a user with a password, and one with a wrong one', async () => {
    const own = await TestEtcd.start();
    const client = own.client();
    await client.put('/k').value('1');
    const role = client.role('root');
    await role.create();
    const user = client.user('root');
    await user.create('secret');
    await user.addRole('root');
    await client.auth.authEnable();
    client.close();
    const as = (password: string): EtcdStore =>
      new EtcdStore(settings(own.endpoint, { username: 'root', password }));
    expect((await as('secret').read(['/'])).entries.get('/k')?.value).toBe('1');
    await expect(as('wrong').read(['/'])).rejects.toThrow(/authentication failed/);
    await expect(new EtcdStore(settings(own.endpoint)).read(['/'])).rejects.toThrow(/user name is empty/);
    await own.close();
  });
});

describe.skipIf(missing !== undefined)('etcd over TLS', () => {
  let folder: string;
  let etcd: TestEtcd;
  const file = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'catbird-tls-'));
    for (const ca of ['ca', 'stranger']) makeAuthority(folder, ca);
    makeCertificate(folder, 'server', 'ca');
    makeCertificate(folder, 'client', 'ca');
    etcd = await TestEtcd.start({ ca: file('ca.pem'), cert: file('server.pem'), key: file('server.key') });
  });
  afterAll(async () => {
    await etcd.close();
    rmSync(folder, { recursive: true });
  });
  const read = (more: Partial<EtcdSettings>): Promise<unknown> =>
    new EtcdStore(settings(etcd.endpoint, more)).read(['/']);

  test('with a client certificate', async () => {
    const keys = { certFile: file('client.pem'), keyFile: file('client.key') };
    await expect(read({ caFile: file('ca.pem'), ...keys })).resolves.toMatchObject({ entries: new Map() });
  });

  test('without one, or with another CA, the error names the endpoint', async () => {
    const keys = { certFile: file('client.pem'), keyFile: file('client.key') };
    await expect(read({ caFile: file('ca.pem') })).rejects.toThrow(etcd.endpoint);
    await expect(read({ caFile: file('stranger.pem'), ...keys })).rejects.toThrow(etcd.endpoint);
  });

  test("a server whose certificate is another address's is refused", async () => {
    const keys = { certFile: file('client.pem'), keyFile: file('client.key') };
    makeCertificate(folder, 'elsewhere', 'ca', '127.0.0.9');
    const other = await TestEtcd.start({
      ca: file('ca.pem'),
      cert: file('elsewhere.pem'),
      key: file('elsewhere.key'),
    });
    const store = new EtcdStore(settings(other.endpoint, { caFile: file('ca.pem'), ...keys }));
    await expect(store.read(['/'])).rejects.toThrow(/127\.0\.0\.1 is not in the cert's list: 127\.0\.0\.9/);
    await other.close();
  });

  test('a file that is not there says which', () => {
    expect(() => new EtcdStore(settings(etcd.endpoint, { caFile: '/none.pem' }))).toThrow('/none.pem');
  });
});

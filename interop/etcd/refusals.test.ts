/**
 * What can be wrong with resources, templates, keys and etcd itself, through `catbird reflector` and a real etcd: each time a
 * clear message, the old configuration in force, the daemon alive, and all well again when it is put right.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Etcd3 } from 'etcd3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeAuthority, makeCertificate } from '../../src/confd/io/certificates-test-support.ts';
import { connectEtcd, etcdClientOptions } from '../../src/confd/io/etcd-client.ts';
import { etcdMissing, TestEtcd } from '../../src/confd/io/etcd-test-support.ts';
import { freePort } from '../daemon/process.ts';
import { Run } from '../daemon/run.ts';
import { SlowProxy } from './slow-proxy.ts';

const CATBIRD = resolve(import.meta.dirname, '../../bin/catbird');
const missing = etcdMissing();
const RESOURCE = '[template]\nsrc = "bird"\ndest = "bird.cfg"\nkeys = ["/app"]\n';
const LARGE = 10 * 1024 * 1024;

let folder: string;
let running: Run[];

const put = (path: string, text: string): void => {
  writeFileSync(join(folder, path), text);
};
const text = (path: string): string => readFileSync(join(folder, path), 'utf8');

const template = (port: number): string => `router id {{getv "/app/id"}};
{{range gets "/app/peers/*"}}protocol bgp {{base .Key}} {
  local 127.0.0.1 port ${port} as 65000; strict bind; multihop; passive; neighbor {{.Value}} as 65000; ipv4;
}
{{end}}`;

async function makeFolder(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'catbird-refusals-'));
  running = [];
  for (const part of ['conf.d', 'templates']) mkdirSync(join(folder, part));
  put('conf.d/bird.toml', RESOURCE);
  put('templates/bird', template(await freePort()));
}

async function removeFolder(): Promise<void> {
  for (const run of running) await run.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

function start(endpoint: string, ...more: string[]): Run {
  const args = ['--confdir', '.', '--node', endpoint, '--state', 'state', ...more];
  const run = new Run(folder, args, { NODENAME: 'rr1' });
  running.push(run);
  return run;
}

async function fill(client: Etcd3): Promise<void> {
  await client.put('/app/id').value('1.1.1.1');
  await client.put('/app/peers/a').value('127.0.0.2');
}

const protocols = async (run: Run): Promise<string[]> =>
  Array.from((await run.ask('show protocols')).matchAll(/^(\S+) +BGP /gm), (match) => match[1]!);

describe.skipIf(missing !== undefined)(`with etcd${missing === undefined ? '' : ` (${missing})`}`, () => {
  let etcd: TestEtcd;
  let client: Etcd3;
  beforeAll(async () => {
    etcd = await TestEtcd.start(undefined, ['--max-request-bytes', '33554432']);
    client = etcd.client();
  });
  afterAll(async () => {
    client.close();
    await etcd.close();
  });
  beforeEach(async () => {
    await makeFolder();
    await client.delete().all();
    await fill(client);
  });
  afterEach(removeFolder);

  interface Fault {
    readonly what: string;
    readonly make: () => unknown;
    /** In the log. */
    readonly message: string;
    /** Where it is asked for by `configure`: templates and resources are read then. */
    readonly asked: boolean;
  }

  const changed = (from: string, to: string) => (): void => {
    put('templates/bird', text('templates/bird').replace(from, to));
  };
  const FAULTS: readonly Fault[] = [
    {
      what: 'wrong TOML',
      make: () => put('conf.d/bird.toml', '[template]\nsrc = bird\n'),
      message: 'Cannot process template resource',
      asked: true,
    },
    {
      what: 'a resource without a destination',
      make: () => put('conf.d/bird.toml', '[template]\nsrc = "bird"\nkeys = ["/"]\n'),
      message: 'empty dest: where is the text to go?',
      asked: true,
    },
    {
      what: 'a template that is not there',
      make: () => rmSync(join(folder, 'templates/bird')),
      message: 'Missing template: templates/bird',
      asked: true,
    },
    {
      what: 'a template that is none',
      make: changed('{{end}}', ''),
      message: 'template: bird:5: unexpected EOF',
      asked: true,
    },
    {
      what: 'a function that there is not',
      make: changed('base .Key', 'bass .Key'),
      message: 'template: bird:2: function \\"bass\\" not defined',
      asked: true,
    },
    {
      what: 'a template that calls itself without an end',
      make: changed('router', '{{define "x"}}{{template "x"}}{{end}}{{template "x"}}router'),
      message: 'exceeded maximum template depth',
      asked: true,
    },
    {
      what: 'a text that includes itself without an end',
      make: changed('router', 'include "bird.cfg";\nrouter'),
      message: 'Max include depth reached',
      asked: true,
    },
    {
      what: 'a text without an end',
      make: changed('router', '{{range seq 1 1000000000}}x{{end}}router'),
      message: 'a sequence of more than 1000000 numbers',
      asked: true,
    },
    {
      what: 'a template that does not end',
      make: changed('router', '{{range seq 1 100000}}{{range seq 1 100000}}{{end}}{{end}}router'),
      message: 'loops more than 10000000 times',
      asked: true,
    },
    {
      what: 'a key that is gone',
      make: async () => await client.delete().key('/app/id'),
      message: 'key does not exist: /app/id',
      asked: false,
    },
    {
      what: 'a value that makes no configuration',
      make: async () => await client.put('/app/peers/b').value('not at all'),
      message: 'bird.cfg:6:',
      asked: false,
    },
    {
      what: 'a value of ten megabytes',
      make: async () => await client.put('/app/peers/b').value('x'.repeat(LARGE)),
      message: 'bird.cfg:6:',
      asked: false,
    },
    {
      what: 'a number of ten megabytes',
      make: changed('{{getv "/app/id"}}', '{{atoi (printf "%010485760d" 1)}}x'),
      message: 'atoi',
      asked: true,
    },
    {
      what: 'a value of ten megabytes with quotes and line ends',
      make: async () => await client.put('/app/peers/b').value('"{;\n'.repeat(LARGE / 4)),
      message: 'bird.cfg:',
      asked: false,
    },
  ];

  test.each(FAULTS)('$what: the old configuration stays', async ({ make, message, asked }) => {
    const metrics = await freePort();
    const row = async (name: string): Promise<string | undefined> =>
      new RegExp(`^catbird_${name} (\\S+)$`, 'm').exec(
        await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(),
      )?.[1];
    const run = start(etcd.endpoint, '--metrics', String(metrics), '--no-register');
    await run.logged('started with');
    expect(await row('template_last_rendering_refused')).toBe('0');
    expect(await row('template_renderings_total{result="refused"}')).toBe('0');
    expect(Number(await row('store_revision'))).toBeGreaterThan(1);

    await make();
    if (asked) expect(await run.ask('configure')).not.toContain('Reconfigured');
    await run.logged(' is refused');
    await run.logged(message);
    expect(run.log.length).toBeLessThan(10_000);
    const status = await run.ask('show status');
    expect(status).toMatch(/Rendering refused since /);
    expect(status).toContain('Daemon is up and running');
    expect(status.length).toBeLessThan(6000);
    expect(await protocols(run)).toEqual(['a']);
    expect(await row('template_last_rendering_refused')).toBe('1');
    expect(Number(await row('template_renderings_total{result="refused"}'))).toBeGreaterThan(0);
    expect(await row('store_connected')).toBe('1');

    run.forget();
    put('conf.d/bird.toml', RESOURCE);
    put('templates/bird', template(await freePort()));
    await client.put('/app/id').value('1.1.1.1');
    await client.put('/app/peers/b').value('127.0.0.3');
    await run.ask('configure');
    await run.logged('is good again');
    expect(await protocols(run)).toEqual(['a', 'b']);
    expect(await row('template_last_rendering_refused')).toBe('0');
    expect(await run.end('SIGTERM')).toBe(0);
  });

  test('values that are too much altogether: the keys count as not readable, and the configuration stays', async () => {
    const run = start(etcd.endpoint, '--no-register');
    await run.logged('started with');
    const value = 'x'.repeat(LARGE);
    for (let i = 0; i < 27; i++) await client.put(`/app/large/${i}`).value(value);
    // A watch has them one by one; one that begins reads them all.
    await run.end('SIGTERM');
    const again = start(etcd.endpoint, '--no-register');
    await again.logged('the values below /app are more than 268435456 bytes');
    await again.logged('Starting with the last good configuration');
    await again.logged('started with');
    expect(await protocols(again)).toEqual(['a']);
    expect(await again.ask('show status')).toMatch(/Keys cannot be read since .*more than 268435456 bytes/);
    await client.delete().prefix('/app/large');
    await again.logged('Keys can be read again');
    await client.put('/app/peers/b').value('127.0.0.3');
    await again.logged('Adding protocol b');
    expect(await again.end('SIGTERM')).toBe(0);
  });

  test('an etcd that answers slowly, then not at all, and then again', async () => {
    const proxy = await SlowProxy.open(Number(new URL(etcd.endpoint).port));
    try {
      proxy.delayMs = 200;
      const run = start(proxy.endpoint, '--no-register');
      await run.logged('started with');
      await client.put('/app/peers/b').value('127.0.0.3');
      await run.logged('Adding protocol b');
      proxy.delayMs = undefined;
      await client.put('/app/peers/c').value('127.0.0.4');
      await run.logged('Keys cannot be read: ');
      expect(run.log).toContain('the configuration stays in force');
      expect(await protocols(run)).toEqual(['a', 'b']);
      expect(await run.ask('show status')).toMatch(/Keys cannot be read since /);
      // Somebody who asks is told, and does not wait for ever.
      await run.ask('configure check');
      proxy.delayMs = 0;
      await run.logged('Adding protocol c');
      expect(await run.ask('show status')).not.toContain('Keys cannot be read');
      expect(await run.end('SIGTERM')).toBe(0);
    } finally {
      await proxy.close();
    }
  });

  test('resources that are rendered themselves come and go with their keys', async () => {
    put('conf.d/more.toml', '[template]\nsrc = "more"\ndest = "conf.d/other.toml"\nkeys = ["/other"]\n');
    put(
      'templates/more',
      `[template]\nsrc = "other"\ndest = "other.cfg"\nprefix = "{{getv "/other/prefix" "/none"}}"\nkeys = ["/"]\n`,
    );
    put('templates/other', '{{range gets "/names/*"}}define {{base .Key}} = {{.Value}};\n{{end}}');
    put('templates/bird', `include "other.cfg";\n${text('templates/bird')}`);
    const run = start(etcd.endpoint, '--no-register');
    await run.logged('started with');
    await client.put('/x/names/one').value('1');
    await client.put('/other/prefix').value('/x');
    const symbol = async (name: string, kind: string): Promise<void> => {
      for (let i = 0; !(await run.ask(`show symbols ${name}`)).includes(kind); i++) {
        if (i > 400) throw new Error(`${name} is no ${kind}:\n${run.log}`);
        await new Promise((next) => setTimeout(next, 25));
      }
    };
    await symbol('one', 'constant');
    // Its keys are watched now.
    await client.put('/x/names/two').value('2');
    await symbol('two', 'constant');
    await client.put('/other/prefix').value('"oops');
    await run.logged('Cannot process template resource');
    await symbol('two', 'constant');
    await client.delete().key('/other/prefix');
    await symbol('one', 'undefined');
    expect(await protocols(run)).toEqual(['a']);
    expect(await run.end('SIGTERM')).toBe(0);
  });
});

describe.skipIf(missing !== undefined)('over TLS', () => {
  let etcd: TestEtcd;
  let certificates: string;
  const file = (name: string): string => join(certificates, name);
  const flags = (ca: string, who: string | undefined, dash = '--'): string[] => [
    ...[`${dash}client-ca-keys`, file(`${ca}.pem`)],
    ...(who === undefined
      ? []
      : [`${dash}client-cert`, file(`${who}.pem`), `${dash}client-key`, file(`${who}.key`)]),
  ];
  const catbird = (...args: string[]): Promise<{ out: string; errors: string }> =>
    new Promise((settle) => {
      execFile(CATBIRD, args, { cwd: folder }, (_, out, errors) => {
        settle({ out, errors });
      });
    });

  beforeAll(async () => {
    certificates = mkdtempSync(join(tmpdir(), 'catbird-certificates-'));
    for (const name of ['ca', 'stranger']) makeAuthority(certificates, name);
    makeCertificate(certificates, 'server', 'ca');
    makeCertificate(certificates, 'client', 'ca');
    makeCertificate(certificates, 'intruder', 'stranger');
    etcd = await TestEtcd.start({ ca: file('ca.pem'), cert: file('server.pem'), key: file('server.key') });
  });
  afterAll(async () => {
    await etcd.close();
    rmSync(certificates, { recursive: true });
  });
  beforeEach(makeFolder);
  afterEach(removeFolder);

  async function putKey(key: string, value: string): Promise<void> {
    const credentials = { caFile: file('ca.pem'), certFile: file('client.pem'), keyFile: file('client.key') };
    const none = { username: undefined, password: undefined };
    const client = connectEtcd(
      etcdClientOptions({ endpoints: [etcd.endpoint], ...credentials, ...none }, 5000),
    );
    await client.put(key).value(value);
    client.close();
  }

  test('keys are read and the reflector registers with a client certificate', async () => {
    await putKey('/app/id', '1.1.1.1');
    await putKey('/app/peers/a', '127.0.0.2');
    const run = start(etcd.endpoint, ...flags('ca', 'client'));
    await Promise.all([run.logged('started with'), run.logged('Registered in the fleet')]);
    expect(await protocols(run)).toEqual(['a']);
    const { out } = await catbird('fleet', '-node', etcd.endpoint, ...flags('ca', 'client', '-'));
    expect(out).toMatch(/^rr1 /m);
    expect(await run.end('SIGTERM')).toBe(0);
    const after = await catbird('fleet', '-node', etcd.endpoint, ...flags('ca', 'client', '-'));
    expect(after.errors).toContain('no reflector has registered');
  });

  test.each([
    ['without a client certificate', 'ca', undefined],
    ["with a stranger's certificate", 'ca', 'intruder'],
    ['where the server is not of the authority that is trusted', 'stranger', 'client'],
  ])('%s the last good configuration is in force, and the log says why', async (_what, ca, who) => {
    await putKey('/app/id', '1.1.1.1');
    await putKey('/app/peers/a', '127.0.0.2');
    const good = start(etcd.endpoint, ...flags('ca', 'client'), '--no-register');
    await good.logged('started with');
    while (!(await good.ask('show protocols all')).includes('Rendered by:'))
      await new Promise((next) => setTimeout(next, 50));
    expect(await good.end('SIGTERM')).toBe(0);
    const run = start(etcd.endpoint, ...flags(ca, who));
    await run.logged('Keys cannot be read: ');
    await run.logged('Starting with the last good configuration');
    await run.logged('started with');
    expect(run.log).toMatch(/Keys cannot be read: .*(certificate|self-signed|TLS|SSL|handshake|connection)/i);
    expect(await protocols(run)).toEqual(['a']);
    expect(await run.end('SIGTERM')).toBe(0);
  });
});

/**
 * Calico's own templates on `projectcalico.org/v3` resources in a real etcd: every file as Calico's confd makes it.
 *
 * Neither is part of the project. The resources are looked for in `../shared/data/calico/v3-resources`, or below where
 * CATBIRD_CALICO_DATA says; the templates (`etc/calico/confd` of projectcalico/confd, tag v3.21.0-0.dev) in
 * the folder that CATBIRD_CALICO_V3_TEMPLATES names. Skipped without them, and without etcd.
 * CATBIRD_CALICO_V3_TESTS names the folder `tests` of a release of Calico: then all of its scenarios are tried.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isResource, keysOfResource } from '../calico/resource.ts';
import { CalicoStore } from '../calico/store.ts';
import { etcdSettings } from '../etcd-options.ts';
import { readResourceDocuments } from '../yaml-keys.ts';
import { etcdMissing, TestEtcd } from './etcd-test-support.ts';
import { EtcdStore } from './etcd.ts';
import { Processor } from './processor.ts';
import { systemWorld } from './world.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const DATA = process.env['CATBIRD_CALICO_DATA'] ?? resolve(ROOT, '../shared/data/calico');
const TESTS = process.env['CATBIRD_CALICO_V3_TESTS'];
const TEMPLATES = process.env['CATBIRD_CALICO_V3_TEMPLATES'] ?? '';
const INPUT = TESTS ? join(TESTS, 'mock_data/calicoctl') : join(DATA, 'v3-resources/input');
const EXPECTED = TESTS ? join(TESTS, 'compiled_templates') : join(DATA, 'v3-resources/expected');
const NODE = 'kube-master';
const HOME = '/etc/calico/confd';

/**
 * All bytes but empty lines. Those of the expected files are not what the templates write: Calico's own script compares
 * with `diff --ignore-blank-lines`, and nobody has kept them. Of 3.21.0's and 3.30's templates with the keys of all scenarios
 * (114 and 162 texts), Go's `text/template` writes what is written here, byte for byte.
 */
function comparable(text: string): string {
  return text.replace(/^\n+/, '').replace(/\n{2,}/g, '\n');
}

/** Blocks of addresses, which Calico's test puts into etcd itself, beside resources. */
const BLOCKS: readonly [network: string, value: string][] = [
  ['192.168.221.192-26', '{}'],
  ['192.168.221.0-26', '{"state":"pending"}'],
  ['192.168.221.64-26', '{"state":"confirmed"}'],
  ['10.0.0.0-30', '{}'],
  ['10.1.0.0-24', '{}'],
  ['10.2.0.1-32', '{}'],
];
/** What Calico's test sets for a scenario. */
const ROUTER_IDS: Readonly<Record<string, string>> = {
  'mesh/hash': 'hash',
  'mesh/static-routes-no-ipv4-address': '10.10.10.10',
};

/** Routes to single services of Kubernetes, whose resources are not in etcd: put there as keys, for the first step. */
const SERVICES: Readonly<Record<string, readonly [key: string, value: string][]>> = {
  'mesh/static-routes': [
    ['/calico/staticroutes/10.101.0.101-32', '10.101.0.101/32'],
    ['/calico/staticroutesv6/fd00:96::28-128', 'fd00:96::28/128'],
  ],
  'mesh/static-routes-no-ipv4-address': [['/calico/staticroutes/10.101.0.101-32', '10.101.0.101/32']],
};

const missing =
  etcdMissing() ??
  (existsSync(INPUT) ? undefined : 'needs the resources') ??
  (existsSync(TEMPLATES) ? undefined : "needs Calico's templates");

const scenarios =
  missing === undefined
    ? readdirSync(INPUT).flatMap((group) => readdirSync(join(INPUT, group)).map((name) => `${group}/${name}`))
    : [];

function keysOf(path: string): [string, string][] {
  return readResourceDocuments(readFileSync(path, 'utf8')).flatMap((document) =>
    isResource(document) ? keysOfResource(document) : [],
  );
}

describe.skipIf(missing !== undefined)(`Calico 3${missing === undefined ? '' : ` (${missing})`}`, () => {
  let etcd: TestEtcd;
  beforeAll(async () => {
    etcd = await TestEtcd.start();
  });
  afterAll(async () => {
    await etcd.close();
  });

  test.each(scenarios)('%s', async (scenario) => {
    const client = etcd.client();
    await client.delete().all();
    for (const [network, value] of BLOCKS) {
      await client.put(`/calico/ipam/v2/host/${NODE}/ipv4/block/${network}`).value(value);
    }
    const folder = mkdtempSync(join(tmpdir(), 'catbird-calico-'));
    for (const part of ['conf.d', 'templates', 'config']) {
      cpSync(join(TEMPLATES, part), join(folder, part), { recursive: true });
    }
    for (const name of readdirSync(join(folder, 'conf.d'))) {
      const path = join(folder, 'conf.d', name);
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll(HOME, folder));
    }
    const variables: Readonly<Record<string, string | undefined>> = {
      NODENAME: NODE,
      CALICO_ROUTER_ID: ROUTER_IDS[scenario],
      BGP_LOGSEVERITYSCREEN: 'debug',
    };
    const log: string[] = [];
    const processor = new Processor(
      {
        confDir: folder,
        prefix: '',
        nodeName: NODE,
        noop: false,
        keepStageFile: false,
        syncOnly: true,
      },
      { ...systemWorld, environment: (name: string) => variables[name] },
      (level, message) => {
        if (level === 'error') log.push(message);
      },
    );
    const store = new CalicoStore(new EtcdStore(etcdSettings({ nodes: [etcd.endpoint] }, () => undefined)), {
      nodeName: NODE,
      pause: () => new Promise((settle) => setImmediate(settle)),
      warn: (message) => log.push(message),
    });
    const different: string[] = [];
    for (const step of ['', 'step2']) {
      const input = join(INPUT, scenario, step, 'input.yaml');
      const wanted = join(EXPECTED, scenario, step);
      if (!existsSync(input) || !existsSync(wanted)) continue;
      for (const [key, value] of keysOf(input)) await client.put(key).value(value);
      for (const [key, value] of SERVICES[scenario] ?? []) {
        if (step === '') await client.put(key).value(value);
        else await client.delete().key(key);
      }
      const { resources } = await processor.load();
      await processor.process(resources, await store.read(resources.flatMap(({ paths }) => paths)));
      for (const name of readdirSync(wanted).filter((one) => one.endsWith('.cfg'))) {
        const expected = readFileSync(join(wanted, name), 'utf8');
        const path = join(folder, 'config', name);
        const actual = existsSync(path) ? readFileSync(path, 'utf8') : '(none)';
        if (comparable(actual) !== comparable(expected))
          different.push(`${step}${name}:\n${actual}\n--- expected\n${expected}`);
      }
    }
    client.close();
    expect(different.join('\n')).toBe('');
    expect(log).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

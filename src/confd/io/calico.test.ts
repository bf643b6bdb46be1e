/**
 * Calico 2.6.12's own templates on dumps of its keys in a real etcd: every file as Calico's confd makes it.
 *
 * Neither is part of the project. The dumps are looked for in `../shared/data/calico`, or where the variable
 * CATBIRD_CALICO_DATA says; the templates (`calico_node/filesystem/etc/calico/confd` of projectcalico/calico, tag v2.6.12)
 * where CATBIRD_CALICO_TEMPLATES says. Skipped without them, and without etcd.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { etcdSettings } from '../etcd-options.ts';
import { etcdMissing, TestEtcd } from './etcd-test-support.ts';
import { EtcdStore } from './etcd.ts';
import { Processor } from './processor.ts';
import { systemWorld } from './world.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const DATA = process.env['CATBIRD_CALICO_DATA'] ?? resolve(ROOT, '../shared/data/calico');
const TEMPLATES = process.env['CATBIRD_CALICO_TEMPLATES'] ?? '';
const INPUT = join(DATA, 'v2-etcd-keys/input');
const EXPECTED = join(DATA, 'v2-etcd-keys/expected');
const NODE = 'kube-master';
const HOME = '/etc/calico/confd';

const SCENARIOS = [
  'explicit_peering/global',
  'explicit_peering/specific_node',
  'mesh/ipip-always',
  'mesh/ipip-cross-subnet',
  'mesh/ipip-off',
];

const missing =
  etcdMissing() ??
  (existsSync(INPUT) ? undefined : 'needs the dumps of keys') ??
  (existsSync(TEMPLATES) ? undefined : "needs Calico's templates");

/** Keys and values of a scenario. */
function keysOf(scenario: string): [key: string, value: string][] {
  const lines = (name: string): string[] =>
    readFileSync(join(INPUT, scenario, name), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
  const full = lines('etcd_data').map((line): [string, string] => {
    const [, key, value] = /^(\S+)\s+(.*)$/.exec(line)!;
    return [key!, value!];
  });
  const empty = lines('etcd_empty_data').map((line): [string, string] => [
    /etcdctl set (\S+) ""/.exec(line)![1]!,
    '',
  ]);
  return [...full, ...empty];
}

/** Calico's folder, at another place, with the resources that its start script writes for the node. */
function install(folder: string): void {
  for (const part of ['conf.d', 'templates', 'config'])
    cpSync(join(TEMPLATES, part), join(folder, part), { recursive: true });
  const moved = (path: string): string =>
    readFileSync(path, 'utf8').replaceAll(HOME, folder).replaceAll('/tmp/tunl-ip', join(folder, 'tunl-ip'));
  for (const name of readdirSync(join(folder, 'conf.d'))) {
    const path = join(folder, 'conf.d', name);
    writeFileSync(path, moved(path));
  }
  for (const name of readdirSync(join(folder, 'templates')).filter((one) => one.endsWith('.toml.template'))) {
    const path = join(folder, 'templates', name);
    if (/_(?:aggr|ipam)\.toml/.test(name)) {
      writeFileSync(
        join(folder, 'conf.d', name.replace('.template', '')),
        moved(path).replaceAll('NODENAME', NODE),
      );
    } else {
      writeFileSync(path, moved(path));
    }
  }
}

describe.skipIf(missing !== undefined)(`Calico 2.6${missing === undefined ? '' : ` (${missing})`}`, () => {
  let etcd: TestEtcd;
  beforeAll(async () => {
    etcd = await TestEtcd.start();
  });
  afterAll(async () => {
    await etcd.close();
  });

  test.each(SCENARIOS)('%s', async (scenario) => {
    const client = etcd.client();
    await client.delete().all();
    for (const [key, value] of keysOf(scenario)) await client.put(key).value(value);
    client.close();
    const folder = mkdtempSync(join(tmpdir(), 'catbird-calico-'));
    install(folder);
    const world = { ...systemWorld, environment: (name: string) => (name === 'NODENAME' ? NODE : undefined) };
    const log: string[] = [];
    const options = {
      confDir: folder,
      prefix: '',
      nodeName: undefined,
      noop: false,
      keepStageFile: false,
      syncOnly: true,
    };
    const processor = new Processor(options, world, (level, message) => {
      if (level === 'error') log.push(message);
    });
    const store = new EtcdStore(etcdSettings({ nodes: [etcd.endpoint] }, () => undefined));
    // The first round writes resources, which the second one reads.
    for (let round = 0; round < 2; round++) {
      const { resources } = await processor.load();
      await processor.process(resources, await store.read(resources.flatMap(({ paths }) => paths)));
    }
    const different: string[] = [];
    for (const name of readdirSync(join(EXPECTED, scenario))) {
      const expected = readFileSync(join(EXPECTED, scenario, name), 'utf8');
      const path = join(folder, 'config', name);
      const actual = existsSync(path) ? readFileSync(path, 'utf8') : '(none)';
      // These lines depend on empty folders, which etcd v3 does not have.
      const comparable = (text: string): string =>
        name === 'bird.cfg'
          ? text.replace(/^# No .* peers configured\.\n/gm, '').replace(/\n{2,}/g, '\n')
          : text;
      if (comparable(actual) !== comparable(expected))
        different.push(`${name}:\n${actual}\n--- expected\n${expected}`);
    }
    expect(different.join('\n')).toBe('');
    expect(log).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

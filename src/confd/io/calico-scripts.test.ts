/**
 * The scripted tests of Calico's confd, run on a watch of `CalicoStore`: each file, after each step, as Calico's own
 * expected files have it, but for empty lines (see `calico-v3.test.ts`), and as a reading afresh gives it.
 *
 * Neither script nor templates are part of the project. CATBIRD_CALICO_V3_TESTS names the folder `confd/tests` of a release of
 * Calico, CATBIRD_CALICO_V3_TEMPLATES `confd/etc/calico/confd` of the same release. Skipped without them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { isResource, KINDS, keysOfResource, RESOURCES } from '../calico/resource.ts';
import type { Secrets } from '../calico/secrets.ts';
import { CalicoStore } from '../calico/store.ts';
import { MemoryStore } from '../memory-store-test-support.ts';
import type { RenderWorld } from '../render.ts';
import { renderText, ResourceKeys } from '../render.ts';
import { parseResource } from '../resource.ts';
import { KeyView } from '../store.ts';
import { readResourceDocuments } from '../yaml-keys.ts';
import type { ScriptedTest } from './calico-script-test-support.ts';
import { readScript } from './calico-script-test-support.ts';
import { systemWorld } from './world.ts';

const TESTS = process.env['CATBIRD_CALICO_V3_TESTS'] ?? '';
const TEMPLATES = process.env['CATBIRD_CALICO_V3_TEMPLATES'] ?? '';
const SCRIPT = join(TESTS, 'test_suite_common.sh');

/** What is not known here, or comes from Kubernetes alone. */
const LEFT_OUT = ['test_bgp_password_deadlock', 'test_bgp_local_bgp_peer'];

const missing =
  (TESTS !== '' && TESTS !== '' && TESTS !== '' && existsSync(SCRIPT)
    ? undefined
    : "needs Calico's script") ?? (existsSync(TEMPLATES) ? undefined : "needs Calico's templates");
const scripted =
  missing === undefined
    ? readScript(readFileSync(SCRIPT, 'utf8')).filter(({ name }) => !LEFT_OUT.includes(name))
    : [];

const withoutEmptyLines = (text: string): string => text.replace(/^\n+/, '').replace(/\n{2,}/g, '\n');

class SecretTable implements Secrets {
  readonly changes = new Subject<void>();
  readonly #texts = new Map<string, Readonly<Record<string, string>>>();

  get({ name, key }: { name: string; key: string }): string | undefined {
    return this.#texts.get(name)?.[key];
  }

  set(name: string, texts: Readonly<Record<string, string>> | undefined): void {
    if (texts) this.#texts.set(name, texts);
    else this.#texts.delete(name);
    this.changes.next();
  }
}

/** Calico's confd, in memory: a store, and the files that its templates give for one node. */
class Confd {
  readonly store = new MemoryStore();
  readonly secrets = new SecretTable();
  #nodeName = '';
  #view = new KeyView();
  #stop: () => void = () => undefined;

  constructor() {
    const lines = readFileSync(join(TESTS, 'mock_data/etcd/block'), 'utf8').trim().split('\n');
    this.store.set(lines.map((line) => line.split(' ') as [string, string]));
  }

  start(nodeName: string): void {
    this.stop();
    this.#nodeName = nodeName;
    this.#view = new KeyView();
    const watched = this.#calico().watch(this.#resources().flatMap(({ paths }) => paths));
    const subscription = watched.subscribe((event) => this.#view.apply(event));
    this.#stop = () => {
      subscription.unsubscribe();
    };
  }

  stop(): void {
    this.#stop();
  }

  apply(yaml: string): void {
    for (const document of readResourceDocuments(yaml)) {
      const value = document as { kind: string; metadata: { name: string } };
      if (value.kind === 'Secret') {
        const { stringData } = value as unknown as { stringData: Record<string, string> };
        this.secrets.set(value.metadata.name, stringData);
      } else if (isResource(value)) {
        this.store.set(keysOfResource(value));
      }
    }
  }

  delete(resource: string, name: string): void {
    if (resource === 'secret') {
      this.secrets.set(name, undefined);
      return;
    }
    const folder = Object.values(KINDS).find((one) => one === `${resource}s`)!;
    this.store.set([[`${RESOURCES}/${folder}/${name}`, undefined]]);
  }

  /** Files by name, as the watch has them; they must be those of a reading afresh. */
  async files(): Promise<Map<string, string>> {
    // Nothing waits for anything but promises that are settled.
    await new Promise((settle) => setImmediate(settle));
    const resources = this.#resources();
    const afresh = await this.#calico().read(resources.flatMap(({ paths }) => paths));
    const watched = this.#view.snapshot;
    expect(new Map([...watched.entries].sort())).toEqual(new Map([...afresh.entries].sort()));
    const variables: Readonly<Record<string, string>> = {
      NODENAME: this.#nodeName,
      BGP_LOGSEVERITYSCREEN: 'debug',
    };
    const world: RenderWorld = { ...systemWorld, environment: (name) => variables[name] };
    const files = new Map<string, string>();
    for (const resource of resources) {
      const text = readFileSync(join(TEMPLATES, 'templates', resource.src), 'latin1');
      const keys = new ResourceKeys(resource).of(watched);
      files.set(basename(resource.dest), await renderText({ name: resource.src, text }, keys, world));
    }
    return files;
  }

  #calico(): CalicoStore {
    return new CalicoStore(this.store, {
      nodeName: this.#nodeName,
      secrets: this.secrets,
      pause: () => Promise.resolve(),
      warn: () => undefined,
    });
  }

  #resources(): ReturnType<typeof parseResource>['resource'][] {
    const folder = join(TEMPLATES, 'conf.d');
    const options = { prefix: '', nodeName: this.#nodeName };
    return readdirSync(folder).map(
      (name) => parseResource(name, readFileSync(join(folder, name), 'utf8'), options).resource,
    );
  }
}

/** What is other than Calico has it. */
async function run({ steps }: ScriptedTest): Promise<string[]> {
  const confd = new Confd();
  const different: string[] = [];
  for (const step of steps) {
    switch (step.kind) {
      case 'node':
        confd.start(step.name);
        break;
      case 'apply':
        confd.apply(step.yaml);
        break;
      case 'delete':
        confd.delete(step.resource, step.name);
        break;
      case 'peerings': {
        const text = (await confd.files()).get('bird.cfg')!;
        const { length } = text.match(/protocol bgp/g) ?? [];
        if (length !== step.count) different.push(`${length} neighbours, not ${step.count}:\n${text}`);
        break;
      }
      case 'compare': {
        const files = await confd.files();
        const folder = join(TESTS, 'compiled_templates', step.folder);
        for (const name of readdirSync(folder).filter((one) => one.endsWith('.cfg'))) {
          const expected = readFileSync(join(folder, name), 'utf8');
          const actual = files.get(name) ?? '(none)';
          if (withoutEmptyLines(actual) !== withoutEmptyLines(expected))
            different.push(`${step.folder}/${name}:\n${actual}\n--- expected\n${expected}`);
        }
      }
    }
  }
  confd.stop();
  return different;
}

describe.skipIf(missing !== undefined)(
  `Calico's script${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    test.each(scripted)('$name', async (one) => {
      expect((await run(one)).join('\n')).toBe('');
    });
  },
);

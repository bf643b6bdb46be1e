/** Template resources brought up to date on disk: loaded, rendered, and their files brought up to date. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReadyTemplates, renderText, ResourceKeys } from '../render.ts';
import type { RenderWorld } from '../render.ts';
import type { ResourceOptions, TemplateResource } from '../resource.ts';
import { parseResource } from '../resource.ts';
import type { Snapshot } from '../store.ts';
import { syncFile } from './file-sync.ts';
import type { SyncOptions, WriteLog } from './file-sync.ts';
import { readTemplate, resourcePaths } from './resources.ts';

export type { Level, WriteLog } from './file-sync.ts';

export interface ProcessorOptions extends ResourceOptions, SyncOptions {
  readonly confDir: string;
}

export class Processor {
  readonly #options: ProcessorOptions;
  readonly #world: RenderWorld;
  readonly #log: WriteLog;
  readonly #ready = new ReadyTemplates();
  readonly #keys = new WeakMap<TemplateResource, ResourceKeys>();

  constructor(options: ProcessorOptions, world: RenderWorld, log: WriteLog) {
    this.#options = options;
    this.#world = world;
    this.#log = log;
  }

  /** The resources in `conf.d`, and what is wrong with others, which has been logged. */
  async load(): Promise<{ resources: TemplateResource[]; errors: number }> {
    const { confDir } = this.#options;
    this.#log('debug', `Loading template resources from confdir ${confDir}`);
    if (!(await exists(confDir))) {
      this.#log('warning', `Cannot load template resources: confdir '${confDir}' does not exist`);
      return { resources: [], errors: 0 };
    }
    const paths = await resourcePaths(confDir);
    if (paths.length === 0) this.#log('warning', 'Found no templates');
    const resources: TemplateResource[] = [];
    let errors = 0;
    for (const path of paths) {
      this.#log('debug', `Found template: ${path}`);
      try {
        const { resource, warnings } = parseResource(path, await readFile(path, 'utf8'), this.#options);
        for (const warning of warnings) this.#log('warning', warning);
        resources.push(resource);
      } catch (error) {
        errors++;
        this.#log('error', messageOf(error));
      }
    }
    return { resources, errors };
  }

  /** Brings all up to date. Returns how many could not be. */
  async process(resources: readonly TemplateResource[], snapshot: Snapshot): Promise<number> {
    let errors = 0;
    for (const resource of resources) {
      try {
        await this.#one(resource, snapshot);
      } catch (error) {
        errors++;
        this.#log('error', messageOf(error));
      }
    }
    return errors;
  }

  async #one(resource: TemplateResource, snapshot: Snapshot): Promise<void> {
    this.#log('debug', `Key prefix set to ${resource.prefix}`);
    await syncFile(resource, await this.#render(resource, snapshot), this.#options, this.#log);
  }

  async #render(resource: TemplateResource, snapshot: Snapshot): Promise<string> {
    this.#log('debug', `Using source template ${join(this.#options.confDir, 'templates', resource.src)}`);
    const template = await readTemplate(this.#options.confDir, resource);
    let keys = this.#keys.get(resource);
    if (!keys) this.#keys.set(resource, (keys = new ResourceKeys(resource)));
    return await renderText(template, keys.of(snapshot), this.#world, this.#ready);
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

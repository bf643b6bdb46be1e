/** Template resources brought up to date on disk: load, render, stage, check, move into place, reload. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReadyTemplates, renderText, ResourceKeys } from '../render.ts';
import type { RenderWorld } from '../render.ts';
import type { ResourceOptions, TemplateResource } from '../resource.ts';
import { parseResource } from '../resource.ts';
import type { Snapshot } from '../store.ts';
import { TemplateSet } from '../template/exec.ts';
import { encodeText } from '../template/text.ts';
import { fromPlain } from '../template/values.ts';
import { runCommand } from './commands.ts';
import { readTemplate, resourcePaths } from './resources.ts';
import { differences, moveIntoPlace, removeFile, stageFile, wantedOwnership } from './destination.ts';

export type Level = 'debug' | 'info' | 'warning' | 'error';
export type WriteLog = (level: Level, message: string) => void;

export interface ProcessorOptions extends ResourceOptions {
  readonly confDir: string;
  readonly noop: boolean;
  readonly keepStageFile: boolean;
  /** Neither check nor reload. */
  readonly syncOnly: boolean;
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
    const { dest } = resource;
    const ownership = await wantedOwnership(dest, resource.mode, resource.uid, resource.gid);
    this.#log('debug', `Key prefix set to ${resource.prefix}`);
    const text = await this.#render(resource, snapshot);
    const staged = await stageFile(dest, encodeText(text), ownership);
    try {
      await this.#sync(resource, staged, () => moveIntoPlace(staged, dest, ownership));
    } finally {
      if (this.#options.keepStageFile) this.#log('info', `Keeping staged file: ${staged}`);
      else await removeFile(staged);
    }
  }

  async #render(resource: TemplateResource, snapshot: Snapshot): Promise<string> {
    this.#log('debug', `Using source template ${join(this.#options.confDir, 'templates', resource.src)}`);
    const template = await readTemplate(this.#options.confDir, resource);
    let keys = this.#keys.get(resource);
    if (!keys) this.#keys.set(resource, (keys = new ResourceKeys(resource)));
    return await renderText(template, keys.of(snapshot), this.#world, this.#ready);
  }

  async #sync(resource: TemplateResource, staged: string, move: () => Promise<void>): Promise<void> {
    const { dest, checkCommand, reloadCommand } = resource;
    const { noop, syncOnly } = this.#options;
    this.#log('debug', `Comparing candidate config to ${dest}`);
    const differing = await differences(staged, dest);
    for (const line of differing) this.#log('info', line);
    if (noop) {
      this.#log('warning', `Noop mode enabled. ${dest} will not be modified`);
      return;
    }
    if (differing.length === 0) {
      this.#log('debug', `Target config ${dest} in sync`);
      return;
    }
    this.#log('info', `Target config ${dest} out of sync`);
    if (!syncOnly && checkCommand !== '') {
      const failure = await this.#run(checkText(checkCommand, staged));
      if (failure !== undefined) throw new Error(`Config check failed: ${failure}`);
    }
    this.#log('debug', `Overwriting target config ${dest}`);
    await move();
    if (!syncOnly && reloadCommand !== '') {
      const failure = await this.#run(reloadCommand);
      if (failure !== undefined)
        throw new Error(`${dest} has been updated, but its reload_cmd failed: ${failure}`);
    }
    this.#log('info', `Target config ${dest} has been updated`);
  }

  /** Why a command failed; undefined where it did not. */
  async #run(command: string): Promise<string | undefined> {
    this.#log('debug', `Running ${command}`);
    const { code, output } = await runCommand(command);
    if (code === 0) this.#log('debug', JSON.stringify(output));
    else if (output !== '') this.#log('error', JSON.stringify(output));
    return code === 0 ? undefined : `exit status ${code}`;
  }
}

/** `{{.src}}` in a check is the staged file. */
function checkText(command: string, staged: string): string {
  const set = new TemplateSet();
  set.parse('checkcmd', command);
  return set.render('checkcmd', fromPlain({ src: staged }));
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
